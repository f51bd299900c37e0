"""What is sent: plain data, made before the first byte leaves.

`plan` has all of it in its order. A `probe` has a purpose; its document comes from the `template` of a call: one of
the `fixed` ones (`documents`), of `parameters`, `plain_http` or `effects`, or one drawn by `generated` (`edits`,
`breaks`).
"""
