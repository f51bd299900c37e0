"""The pace that is found by itself, against limits as servers really set them, by a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from conformance.sending.throttle import Throttle, retry_after

Limit = Callable[[float], bool]  # whether a call at that moment is served


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def bucket(rate: float, burst: int) -> Limit:
    """nginx's limit_req with nodelay."""
    state = {"excess": 0.0, "last": 0.0}

    def served(now: float) -> bool:
        excess = max(0.0, state["excess"] - (now - state["last"]) * rate + 1) if state["last"] else 0.0
        if excess > burst:
            return False
        state["excess"], state["last"] = excess, now
        return True

    return served


def window(calls: int, seconds: float) -> Limit:
    """So many calls in each window, from the first call on."""
    state = {"from": -1e9, "count": 0.0}

    def served(now: float) -> bool:
        if now - state["from"] >= seconds:
            state["from"], state["count"] = now, 0
        state["count"] += 1
        return state["count"] <= calls

    return served


def chance(every: int) -> Limit:
    """A server behind a load balancer that is down: every so many calls fail, whenever they come."""
    state = {"count": 0}

    def served(_: float) -> bool:
        state["count"] += 1
        return state["count"] % every != 0

    return served


def run(limit: Limit, calls: int = 200, rate: float = 0.0) -> tuple[Throttle, float, int]:
    """So many calls, each asked until it is answered: the throttle, the seconds it took, how often one was put off."""
    clock = Clock()
    throttle, vain, began = Throttle(rate, clock), 0, clock.now
    for _ in range(calls):
        while not throttle.is_hopeless:
            clock.now += throttle.wait
            throttle.take()
            clock.now += 0.002
            if limit(clock.now):
                throttle.answered()
                break
            vain += 1
            throttle.put_off(None, clock.now - 0.001)
    return throttle, clock.now - began, vain


@pytest.mark.parametrize(
    ("limit", "seconds", "most"),
    [
        (bucket(5, 5), 40, 60),
        (bucket(10, 5), 20, 60),
        (bucket(10, 0), 20, 60),
        (bucket(50, 20), 4, 4),
        (bucket(2, 0), 100, 60),
        (bucket(1, 3), 200, 400),
        (window(60, 60), 240, 400),
        (window(100, 10), 20, 400),
    ],
    ids=["5/s", "10/s", "10/s, no burst", "50/s", "2/s", "1/s", "60 a minute", "100 in ten seconds"],
)
def test_a_pace_is_found_in_less_than_twice_the_time_that_the_limit_takes(
    limit: Limit, seconds: float, most: int
) -> None:
    throttle, took, vain = run(limit)
    assert not throttle.is_hopeless
    assert took < 2 * seconds
    assert vain <= max(most, 80)
    assert throttle.is_slow


@pytest.mark.parametrize("every", [5, 20])
def test_chance_slows_nothing_down(every: int) -> None:
    throttle, took, vain = run(chance(every))
    assert not throttle.is_slow
    assert took < 2
    assert vain >= 200 // every


def test_whoever_answers_nothing_is_given_up_soon_and_whoever_did_after_a_minute() -> None:
    _, took, _ = run(lambda _: False, 1)
    assert 25 < took < 31
    state = {"left": 10}

    def first_ten(_: float) -> bool:
        state["left"] -= 1
        return state["left"] >= 0

    _, took, _ = run(first_ten, 11)
    assert 60 < took < 66


def test_a_wait_that_is_asked_for_is_waited_and_one_too_long_gives_up_at_once() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    throttle.put_off(3.0, clock.now)
    assert throttle.wait == 3.0
    assert not throttle.is_hopeless
    clock.now += 3
    assert throttle.wait == 0
    throttle.put_off(3600.0, clock.now)
    assert throttle.is_asked_too_much
    assert throttle.wait == 0


def test_calls_that_were_on_their_way_together_are_put_off_together() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    for _ in range(8):
        clock.now += 0.001
        throttle.put_off(None, 99.9)
    assert throttle.in_vain == 1
    assert throttle.wait == 0.0


def test_what_was_put_off_for_what_it_asks_leaves_no_trace() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    for _ in range(4):
        clock.now += 1
        throttle.put_off(None, clock.now)
    throttle.answered()
    throttle.excuse()
    assert (throttle.interval, throttle.is_slow, throttle.rate) == (0.0, False, 0.0)


def test_a_rate_that_was_asked_for_is_kept_whatever_happens() -> None:
    throttle, took, _ = run(lambda _: True, 100, rate=10.0)
    assert 9.8 < took < 10.2
    assert throttle.interval == 0.1


def test_the_rate_is_told_once_it_shows() -> None:
    throttle, _, _ = run(bucket(5, 5))
    assert 4 < throttle.rate < 6
    assert Throttle().rate == 0.0


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 7 ", 7.0),
        ("31536000", 31536000.0),
        ("9" * 1000, 999999999999.0),
        (format_datetime(NOW.replace(second=5), usegmt=True), 5.0),
        ("Thu, 01 Jan 2026 00:00:05", 5.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 251635075199.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("nan", None),
        ("٣", None),
    ],
)
def test_retry_after_in_both_forms(text: str, seconds: float | None) -> None:
    assert retry_after(text, NOW.timestamp()) == seconds
