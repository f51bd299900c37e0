"""What a run may cost the endpoint: budget, requests to wait, losses in a row."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.exchange import Answer, Exchange, Loss, Request
from conformance.probes.probe import Channel, Probe
from conformance.sending.pace import Limits, Pace
from tests.evidence_factory import SUCCESS

PURPOSE = Purpose(Kind.DOCUMENTED, "get_list_callback")
PROBE = Probe("documented-1", PURPOSE, "the documented request")
LOST = Exchange(
    1, "documented-1", PURPOSE, "", "query-xml", Request("GET", "https://h.example/"), 0.0, 1.0,
    loss=Loss("timeout", "no complete answer within 3 s"),
)  # fmt: skip


def busy(after: str, status: int = 429) -> Answer:
    headers = (("Retry-After", after),) if after else ()
    return Answer(status, "", "HTTP/1.1", headers, b"busy")


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


def paced(limits: Limits | None = None, planned: int = 0) -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace(limits or Limits(), planned, clock, clock.sleep), clock


def answered(answer: Answer) -> Exchange:
    return replace(LOST, loss=None, answer=answer, started=0.0, finished=0.01)


def admit(pace: Pace, times: int = 1, channel: Channel = "https") -> list[bool]:
    async def each() -> list[bool]:
        return [await pace.admitted(replace(PROBE, id=f"documented-{n}", channel=channel)) for n in range(times)]

    return anyio.run(each)


GOOD = Answer(200, "", "HTTP/1.1", (), SUCCESS)
SHUT = Answer(403, "", "HTTP/1.1", (), b"<html>no</html>")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("after", ["1", "10", "60"])
def test_a_wait_that_is_asked_for_is_waited(status: int, after: str) -> None:
    pace, clock = paced()
    pace.note(answered(GOOD), "https")
    pace.note(answered(busy(after, status)), "https")
    assert not pace.gives_up(answered(busy(after, status)), "https")
    assert admit(pace) == [True]
    assert clock.slept == pytest.approx(int(after))


def test_a_date_is_reckoned_by_the_server_s_own_clock() -> None:
    pace, clock = paced()
    date = ("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
    put_off = busy("Thu, 01 Jan 2026 00:00:05 GMT")
    pace.note(answered(replace(put_off, headers=(*put_off.headers, date))), "https")
    admit(pace)
    assert clock.slept == pytest.approx(5)


def test_a_wait_too_long_is_not_begun_and_its_remedy_is_said() -> None:
    pace, clock = paced()
    far = answered(busy("3600"))
    pace.note(far, "https")
    assert pace.gives_up(far, "https")
    assert admit(pace) == [False]
    assert clock.slept == 0
    assert "Retry-After: 3600" in pace.silent["https"]
    assert "--rate" in pace.silent["https"]
    assert admit(pace, channel="http") == [True]


@pytest.mark.parametrize("answer", [GOOD, busy("1", 200), busy("1", 500), SHUT, replace(GOOD, status=503)])
def test_what_puts_nothing_off_is_an_answer(answer: Answer) -> None:
    pace, clock = paced()
    pace.note(answered(answer), "https")
    assert admit(pace, 3) == [True] * 3
    assert clock.slept == 0


def test_time_in_which_calls_are_held_back_is_told() -> None:
    pace, _ = paced()
    told: list[float] = []
    pace.hold_back = told.append
    pace.note(answered(busy("7")), "https")
    admit(pace)
    assert sum(told) == pytest.approx(7)


def test_a_limit_for_which_time_will_not_do_stops_the_run_early() -> None:
    pace, clock = paced(Limits(run_seconds=100), planned=200)
    for _ in range(3):
        clock.now += 1
        pace.note(answered(busy("")), "https")
    for _ in range(12):
        clock.now += 3
        pace.note(answered(GOOD), "https")
    assert admit(pace) == [False]
    assert "raise --deadline" in pace.silent["https"] == pace.silent["http"]


def test_the_pace_that_was_found_is_told_unless_it_was_given() -> None:
    for limits, told in ((Limits(), True), (Limits(rate=1.0), False)):
        pace, clock = paced(limits)
        assert pace.found == ""
        for answer in [busy("")] * 3 + [GOOD] * 20:
            clock.now += 0.25
            pace.note(answered(answer), "https")
        assert ("--rate 3.8" in pace.found) is told


def test_whoever_was_let_in_before_may_be_shut_out() -> None:
    pace, _ = paced()
    shut = answered(SHUT)
    pace.note(shut, "https")
    assert not pace.is_shut_out(shut), "nobody was let in yet"
    pace.note(answered(GOOD), "http")
    assert not pace.is_shut_out(shut), "plain HTTP is another matter"
    pace.note(answered(GOOD), "https")
    assert pace.is_shut_out(shut)
    assert not pace.is_shut_out(answered(busy(""))), "it may come again"
    pace.shut_out(shut)
    assert admit(pace) == [False] == admit(pace, channel="http")
    assert "allow-list" in pace.silent["https"]


def test_a_spent_budget_admits_nothing_and_says_so() -> None:
    pace, _ = paced(Limits(max_requests=2))
    assert admit(pace, 3) == [True, True, False]
    assert "budget of 2" in pace.gaps["documented"]


@pytest.mark.parametrize(("alone", "most"), [(False, 4), (True, 2)])
def test_losses_in_a_row_make_a_suspect_and_a_lost_check_makes_it_silent(alone: bool, most: int) -> None:
    pace = Pace(Limits())
    for _ in range(most - 1):
        pace.note(LOST, "https")
        assert not pace.is_suspect("https", alone=alone)
    pace.note(replace(LOST, loss=None), "https")
    for _ in range(most):
        assert not pace.is_suspect("https", alone=alone), "an answer ends the row"
        pace.note(LOST, "https")
    assert pace.is_suspect("https", alone=alone)
    assert not pace.is_suspect("http", alone=alone)
    pace.note_check("https", replace(LOST, loss=None))
    assert not pace.silent
    pace.note_check("https", LOST)
    assert "no complete answer within 3 s" in pace.silent["https"]
    assert not pace.is_suspect("https", alone=alone), "once is enough"
