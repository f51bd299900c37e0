"""The checks: ordinary pytest tests, in files named for sections of the page. They judge what was recorded only."""
