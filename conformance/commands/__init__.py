"""Options in, exit code out: a module is named as its command.

`cli` has the options of all of them (`history_verbs` those of `history`), `extensions` reads those that options name,
`guard` is how each ends. `run` over several targets is `fleet`, `run --list` is `listing`.
"""
