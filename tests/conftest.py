"""Settings that all tests share."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from conformance.pytest_plugin import asks_for_an_endpoint
from conformance.target.labels import SIGNS

# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")

# Who starts the tests in the background may ignore these (nohup, a shell's &), and whatever the tests start would, too.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """What a CI system says of itself becomes labels of targets, and GitHub hears of a run, of no test."""
    if not asks_for_an_endpoint(config):
        for sign in SIGNS:
            os.environ.pop(sign, None)
