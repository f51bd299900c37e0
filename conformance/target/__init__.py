"""Whom we judge, and on which terms.

`settings` is the table of all that can be set; `configuration` and `options` read it from file and command line, and
`from_options` makes a `target` of both. `values`, `hiding` and `secrets` see to it that nothing secret is seen.
"""
