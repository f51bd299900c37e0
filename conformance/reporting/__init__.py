"""What people and programs read, all of it made from one report.

`publish` is the end of a run: `folder` says where, `write` writes. A module for each file (`report_page`, `json`,
`junit`, `summary`, `checks_page`, `overview`, `history_page`) and for the `terminal`; `escape` escapes strangers' text.
"""
