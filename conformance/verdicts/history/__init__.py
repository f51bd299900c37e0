"""History: what runs came to over time, a line each, and what can be told from it.

`from_report` makes a `line`, `file` keeps the lines, `index` is made of them (`loading`, `course`); `targets` says what
people ask.
"""
