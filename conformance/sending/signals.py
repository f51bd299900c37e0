"""Being asked to stop, by Ctrl-C, SIGTERM or SIGHUP alike. Once is enough: asked again, nothing more happens.

What a signal means is said by what is at work: sending is ended, a child is told, a report is written to its end.
Where nothing is said, it interrupts.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

_NUMBERS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class _Asked:
    """Whether a signal came since somebody listens, and what it means at the moment."""

    def __init__(self) -> None:
        self.came = False
        self.depth = 0
        self.meanings: list[Callable[[], None]] = []


_asked = _Asked()


def interrupt() -> None:
    """Raise KeyboardInterrupt."""
    raise KeyboardInterrupt


def came() -> bool:
    """Whether a signal asked to stop."""
    return bool(_asked.depth) and _asked.came


def _on(*_: object) -> None:
    if not _asked.came:
        _asked.came = True
        (_asked.meanings[-1] if _asked.meanings else interrupt)()


@contextlib.contextmanager
def obeyed() -> Iterator[None]:
    """Inside, the signals ask to stop; those that were ignored before (`nohup`, `command &`) still are."""
    before = {}
    if not _asked.depth:
        _asked.came = False
    _asked.depth += 1
    for number in _NUMBERS:
        if signal.getsignal(number) not in {signal.SIG_IGN, None}:
            with contextlib.suppress(ValueError):  # a thread hears no signals
                before[number] = signal.signal(number, _on)
    try:
        yield
    finally:
        _asked.depth -= 1
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def meaning(act: Callable[[], None]) -> Iterator[None]:
    """Inside, being asked to stop means to do this, in the main thread, between any two steps of it."""
    _asked.meanings.append(act)
    try:
        yield
    finally:
        _asked.meanings.pop()


def held() -> contextlib.AbstractContextManager[None]:
    """Inside, a signal is noted and ends nothing: what would be lost is about to be judged and written."""
    return meaning(lambda: None)
