"""Being asked to stop: what a signal means where, and that once is enough."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from conformance.sending import signals


@pytest.fixture(autouse=True)
def nothing_changes() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_it_interrupts_once(number: signal.Signals) -> None:
    with signals.obeyed():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.raise_signal(signal.SIGTERM)  # asked again, nothing more happens
        assert signals.came()
    with signals.obeyed():
        assert not signals.came()


def test_what_is_at_work_says_what_it_means() -> None:
    told: list[str] = []
    with signals.obeyed(), signals.held(), signals.meaning(lambda: told.append("inner")):
        signal.raise_signal(signal.SIGHUP)
    assert told == ["inner"]


def test_what_is_held_is_noted() -> None:
    with signals.obeyed(), signals.held():
        signal.raise_signal(signal.SIGHUP)
        assert signals.came()


def test_one_that_was_ignored_still_is() -> None:
    """`nohup connect-conformance ...` outlives its terminal, `connect-conformance ... &` its shell's Ctrl-C."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.obeyed():
            signal.raise_signal(signal.SIGHUP)
            assert not signals.came()
    finally:
        signal.signal(signal.SIGHUP, before)
