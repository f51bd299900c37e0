"""Settings that all tests share."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

from conformance.target.labels import SIGNS

# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")

# Under GitHub Actions a run tells the server what it found; of what the tests run nobody is to hear.
os.environ.pop("GITHUB_ACTIONS", None)

# Who starts the tests in the background may ignore these (nohup, a shell's &), and whatever the tests start would, too.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)

# What a CI system says of itself becomes labels of every target.
for _sign in SIGNS:
    os.environ.pop(_sign, None)
