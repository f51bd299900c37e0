"""What was recorded, and how it is read.

`exchange` has the records, `envelope` reads a body, `classify` what it amounts to, `between` who spoke instead.
`to_har` writes a HAR, `from_har` reads one, `foreign` and `recorders` those of others; `redaction` is what is shown.
"""
