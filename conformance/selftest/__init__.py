"""The suite shows that it can fail: every variant of the reference endpoint, judged."""
