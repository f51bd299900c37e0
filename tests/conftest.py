"""Settings that all tests share."""

from __future__ import annotations

import signal

from hypothesis import settings

# How long an example takes says how busy the machine is.
settings.register_profile("suite", deadline=None, max_examples=50)
settings.load_profile("suite")

# Who starts the tests in the background may ignore these (nohup, a shell's &), and whatever the tests start would, too.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)
