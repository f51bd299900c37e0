"""Whether a Timestamp is the time of its answer, and how far off it is."""

from __future__ import annotations

from datetime import UTC, datetime

from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach
from conformance.evidence.envelope import Envelope
from conformance.evidence.exchange import Exchange

_COUNTED_S = 900  # up to here seconds are told, as the tolerance is


def _shown(seconds: float) -> str:
    return f"{seconds:.0f} ({datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _apart(seconds: float, *, exactly: bool) -> str:
    """How far before or after another a time is; not exactly: in the largest unit that it has two or more of."""
    side, many = ("before", -seconds) if seconds < 0 else ("after", seconds)
    for unit, size in (("years", 31_556_952), ("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if many >= max(2 * size, _COUNTED_S) and not exactly:
            return f"{many / size:.0f} {unit} {side}"
    return f"{many:.0f} s {side}"


def on_time(exchange: Exchange, envelope: Envelope, judging: Judging) -> None:
    """Breach when the Timestamp is not the time of the answer."""
    seconds = judging.seconds(envelope)
    if judging.is_timely(exchange, seconds):
        return
    offset, leaf = judging.evidence.offset_at(exchange), envelope.timestamp
    clock = f"; the server's Date is {offset:+.0f} s from our clock" if offset else ""
    raise Breach(
        f"Timestamp is {_apart(seconds - exchange.finished, exactly=bool(offset))} the time of the answer"
        f" (tolerance {judging.evidence.clock_tolerance:g} s){clock}",
        expected=_shown(exchange.finished + offset),
        observed=_shown(seconds),
        where=leaf.where if leaf else "",
    )
