"""Being asked to stop: SIGTERM does what Ctrl-C does, so that reports are written and teardown commands run."""

from __future__ import annotations

import signal


def stop_like_interrupt() -> None:
    """From here on SIGTERM interrupts.

    A shell script starts `command &` with SIGINT ignored; raised all the same, it would be lost, and SIGTERM with it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
