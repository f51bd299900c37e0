"""What is sent: plain data, made before the first byte leaves.

`plan` has all of it in its order. A `probe` has a purpose; its document comes from the `template` of a call: a fixed
one of `documents`, `parameters`, `plain_http` or `effects`, or a drawn one of `generated` (`edits`, `breaks`).
"""
