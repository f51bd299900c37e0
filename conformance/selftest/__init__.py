"""The suite shows that it can fail: every variant of the reference endpoint, judged.

`trials` lists them, those made from the schemas by `mutants` among them; `answers` brings home what one answers,
`prove` judges it, `matrix` counts.
"""
