"""What a run may cost the endpoint: budget, requests to wait, losses in a row."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from conformance.evidence.exchange import Answer, Exchange, Loss, Request
from conformance.probes.probe import Probe
from conformance.sending.pace import Limits, Pace

PROBE = Probe("documented-1", "documented", "the documented request")
LOST = Exchange(
    1, "documented-1", "documented", "", "query-xml", Request("GET", "https://h.example/"), 0.0, 1.0,
    loss=Loss("timeout", "no complete answer within 3 s"),
)  # fmt: skip


def busy(after: str, status: int = 429) -> Answer:
    headers = (("Retry-After", after),) if after else ()
    return Answer(status, "", "HTTP/1.1", headers, b"busy")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", ["0", "1", "10"])
def test_a_short_wait_is_granted(status: int, after: str) -> None:
    assert Pace(Limits()).asks_to_wait(busy(after, status))


@pytest.mark.parametrize(
    "answer", [busy("11"), busy(""), busy("soon"), busy("-1"), busy("1", 200), busy("1", 500), busy("٣")]
)
def test_what_is_no_short_wait_is_an_answer(answer: Answer) -> None:
    pace = Pace(Limits())
    assert not pace.asks_to_wait(answer)
    assert not pace.is_impatient


def test_patience_ends() -> None:
    pace = Pace(Limits())
    asked = 0
    while not pace.is_impatient:
        assert pace.asks_to_wait(busy("10"))
        pace._next_slot = 0.0  # as if it had been waited
        asked += 1
    assert asked == 3
    assert pace.asks_to_wait(busy("10")), "still no answer, but nobody waits for it"
    assert pace._next_slot == 0.0


def test_those_who_are_asked_at_once_wait_together() -> None:
    pace = Pace(Limits())
    for _ in range(100):
        assert pace.asks_to_wait(busy("5"))
    assert not pace.is_impatient


def test_a_spent_budget_admits_nothing_and_says_so() -> None:
    async def admit() -> tuple[list[bool], dict[str, str]]:
        pace = Pace(Limits(max_requests=2))
        return [await pace.admitted(PROBE) for _ in range(3)], pace.gaps

    admitted, gaps = anyio.run(admit)
    assert admitted == [True, True, False]
    assert "budget of 2" in gaps["documented"]


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
    pace.settle("https", replace(LOST, loss=None))
    assert not pace.silent
    pace.settle("https", LOST)
    assert "no complete answer within 3 s" in pace.silent["https"]
    assert not pace.is_suspect("https", alone=alone), "once is enough"
