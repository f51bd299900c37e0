"""Response example and schema: the Timestamp. Its form is the schema's matter (TIM-01); here it is a time."""

from __future__ import annotations

import re

from conformance.checks.catalogue import requirement, uses
from conformance.checks.envelopes import is_any_error, is_any_success
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, clip
from conformance.checks.times import on_time
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Exchange

_ADVANCE_S = 1.1  # the page counts whole seconds: calls this far apart cannot share one


@requirement("TIM-02")
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_it_is_the_time_of_the_answer(exchange: Exchange, judging: Judging) -> None:
    """Timestamp is the time of the answer, within the tolerance, by our clock or by the server's Date."""
    on_time(exchange, judging.success(exchange), judging)


def _sequence(exchanges: tuple[Exchange, ...], judging: Judging) -> list[tuple[Exchange, int]]:
    timed = []
    for exchange in exchanges:
        try:
            timed.append((exchange, judging.seconds(judging.success(exchange))))
        except Inconclusive:
            continue
    if len(timed) < 2:
        raise Inconclusive("fewer than two answers carry a readable Timestamp")
    return sorted(timed, key=lambda entry: entry[0].started)


@requirement("TIM-03")
@uses(Kind.DOCUMENTED)
def test_it_never_goes_backwards(exchanges: tuple[Exchange, ...], judging: Judging) -> None:
    """Timestamp never goes backwards from one call to a later one."""
    timed = _sequence(exchanges, judging)
    compared = False
    for later, seconds in timed:
        earlier = [(e, s) for e, s in timed if e.finished <= later.started]
        compared = compared or bool(earlier)
        most = max(earlier, key=lambda entry: entry[1], default=None)
        if most and seconds < most[1]:
            raise Breach(
                f"Timestamp goes back by {most[1] - seconds} s"
                f" from exchange {most[0].number} to exchange {later.number}",
                expected=f"{most[1]} or later",
                observed=str(seconds),
                exchanges=(later, most[0]),
            )
    if not compared:
        raise Inconclusive("no two calls followed each other")


@requirement("TIM-04")
@uses(Kind.DOCUMENTED)
def test_it_advances(exchanges: tuple[Exchange, ...], judging: Judging) -> None:
    """Two calls more than one second apart do not carry the same Timestamp."""
    timed = _sequence(exchanges, judging)
    apart = [(a, b, s, t) for a, s in timed for b, t in timed if b.started - a.finished >= _ADVANCE_S]
    if not apart:
        raise Inconclusive(f"no two calls were {_ADVANCE_S} s apart")
    for first, second, seconds, other in apart:
        if seconds == other:
            raise Breach(
                f"Timestamp is the same in two answers {second.started - first.finished:.1f} s apart",
                expected=f"later than {seconds}",
                observed=str(other),
                exchanges=(second, first),
            )


@requirement("TIM-05")
@uses(also=is_any_error)
def test_error_envelopes_carry_one_too(exchanges: tuple[Exchange, ...]) -> None:
    """Every error envelope carries a Timestamp in the same form."""
    for exchange in exchanges:
        assert exchange.answer
        leaf = exchange.answer.envelope.timestamp
        if leaf is None or not re.fullmatch(r"[1-9][0-9]{9}", leaf.text):
            raise Breach(
                f"the error envelope that answers {exchange.title} has no Timestamp in the documented form",
                expected="ten digits of Unix time",
                observed=clip(leaf.text) if leaf else "no Timestamp",
                where=leaf.where if leaf else "",
                exchanges=(exchange,),
            )


@requirement("TIM-06")
@uses(also=is_any_error)
def test_it_is_the_time_of_an_error_too(exchange: Exchange, judging: Judging) -> None:
    """The Timestamp of every error envelope is the time of the answer."""
    on_time(exchange, judging.envelope(exchange), judging)
