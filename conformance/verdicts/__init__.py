"""What the judging amounts to.

`judge` judges one check (its `result`), or all; `assemble` makes a report (`verdict`) of that, with its `claim`.
`causes`, `findings` and `suggestions` say what it comes to in words; `comparison`, `fleet` and `history` hold several
side by side.
"""
