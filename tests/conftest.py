"""Settings that all tests share."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")
