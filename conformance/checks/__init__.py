"""The checks: ordinary pytest tests, in files named for sections of the page. They judge what was recorded only.

`catalogue` says what a check is and which there are, `judging` is what they have at hand, `outcome` what they may say;
`extension` reads those of users.
"""
