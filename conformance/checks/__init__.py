"""The checks: ordinary pytest tests, one file per section of the page. They judge what was recorded, never send."""
