"""Whole sessions against a correct endpoint with somebody in between: what is asked again, found out, left open."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, quote
from xml.etree import ElementTree

import anyio
import anyio.lowlevel
import pytest

from conformance.contract.load import documented
from conformance.evidence.between import Obstacle, between
from conformance.evidence.exchange import Evidence
from conformance.probes import layouts
from conformance.probes import plan as plans
from conformance.probes.template import Template
from conformance.reference import application
from conformance.selftest.answers import InProcess
from conformance.sending.pace import Limits, Pace
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.target.target import target
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, Report

CONTRACT = documented()
Scope = Any
# None: the call is let through; else the status and header fields of a page.
Says = Callable[[int, Scope], Awaitable[tuple[int, dict[str, str]] | None]]


class Front:
    """Stands before the reference endpoint, and counts the calls."""

    def __init__(self, says: Says) -> None:
        self.says, self.app, self.calls = says, application(), 0

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        self.calls += 1
        page = await self.says(self.calls, scope)
        if page is None:
            await self.app(scope, receive, send)
            return
        status, fields = page
        headers = [(b"content-type", b"text/html"), *((k.encode(), v.encode()) for k, v in fields.items())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"<!DOCTYPE html><p>Sorry<br></p>"})


class Clock:
    """Time that passes when calls are held back, and with every look at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.0005
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await anyio.lowlevel.checkpoint()


DOCUMENTED = quote(layouts.on_one_line(Template(CONTRACT.call)), safe="").encode()


def session(says: Says, clock: Clock | None = None, **limits: Any) -> tuple[Report, Evidence, Front, Clock]:
    """A run against the front, by a clock that need not be waited for: its own, or one that the front reads, too."""
    front, clock = Front(says), clock or Clock()
    states = {code: {"headers": {"X-Reference-State": code}} for code in ("004", "007", "008", "999")}
    config = {
        "endpoint": "https://localhost/0123456789abcdef0123456789abcdef",
        "http_endpoint": "http://localhost/",
        "states": states,
        "allow_hostile_requests": True,
    }
    subject = target("fronted", config, CONTRACT, environment={})
    wire = Wire(subject, Limits(**limits), dialer=InProcess(front, subject))
    wire.pace = Pace(wire.limits, clock=clock, sleep=clock.sleep)
    recording = anyio.run(wire.session, plans.plan(CONTRACT, subject, plans.EVERYTHING))
    evidence = evidence_of(subject, recording, seed=1, started=time.time())
    return judge_evidence(evidence, CONTRACT, Terms()), evidence, front, clock


def failed(report: Report) -> list[str]:
    return [r.id for r in report.requirements if r.verdict is Verdict.FAIL and r.level != "advisory"]


def reasons(report: Report) -> set[str]:
    return {r.reason for r in report.requirements if r.verdict is Verdict.INCONCLUSIVE and r.level == "must"}


def is_documented(scope: Scope) -> bool:
    return scope["scheme"] == "https" and DOCUMENTED in scope["query_string"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("every", [3, 20])
def test_a_call_in_so_many_that_fails_by_chance_is_asked_again(status: int, every: int) -> None:
    async def says(n: int, _: Scope) -> tuple[int, dict[str, str]] | None:
        return (status, {}) if n % every == 0 else None

    report, evidence, *_ = session(says)
    assert not failed(report)
    assert report.verdict is Claim.CONFORMING
    assert any(e.retried for e in evidence.exchanges)


@pytest.mark.parametrize(
    "fields",
    [
        {"retry-after": "2"},
        {"retry-after": "Thu, 01 Jan 2026 00:00:02 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"},
    ],
)
def test_a_wait_is_waited_in_either_form(fields: dict[str, str]) -> None:
    async def says(n: int, _: Scope) -> tuple[int, dict[str, str]] | None:
        return (429, fields) if n % 50 in {10, 11} else None

    report, _, _, clock = session(says)
    assert report.verdict is Claim.CONFORMING
    assert clock.now > 4


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_whoever_puts_everything_off_is_given_up_and_not_judged(status: int) -> None:
    async def says(_: int, __: Scope) -> tuple[int, dict[str, str]] | None:
        return status, {}

    report, _, front, clock = session(says)
    assert not failed(report)
    assert report.verdict is Claim.INCONCLUSIVE
    assert front.calls < 40
    assert clock.now < 90
    assert any(f"HTTP {status}" in reason for reason in reasons(report))


def test_a_wait_longer_than_patience_is_left_open_with_the_remedy() -> None:
    async def says(n: int, _: Scope) -> tuple[int, dict[str, str]] | None:
        return (429, {"retry-after": "86400"}) if n > 30 else None

    report, _, front, clock = session(says)
    assert not failed(report)
    assert report.verdict is Claim.INCONCLUSIVE
    assert front.calls < 60
    assert clock.now < 30
    assert any("--rate" in reason for reason in reasons(report))


@pytest.mark.parametrize("status", [401, 403, 404, 407])
def test_whoever_lets_nobody_in_is_not_judged(status: int) -> None:
    async def says(_: int, __: Scope) -> tuple[int, dict[str, str]] | None:
        return status, {}

    report, *_ = session(says)
    assert not failed(report)
    assert report.verdict is Claim.INCONCLUSIVE


@pytest.mark.parametrize("status", [400, 500])
def test_whoever_answers_no_call_with_an_envelope_is_judged(status: int) -> None:
    async def says(_: int, __: Scope) -> tuple[int, dict[str, str]] | None:
        return status, {}

    report, *_ = session(says)
    assert "REQ-01" in failed(report)


@pytest.mark.parametrize("status", [403, 404, 429, 503])
def test_a_ban_in_the_middle_ends_the_run_and_is_told(status: int) -> None:
    async def says(n: int, _: Scope) -> tuple[int, dict[str, str]] | None:
        return (status, {}) if n > 90 else None

    report, evidence, front, _ = session(says)
    assert not failed(report)
    assert report.verdict is Claim.INCONCLUSIVE
    assert front.calls < 170
    assert {i.kind for i in between(evidence.exchanges).values()} <= {Obstacle.BAN, Obstacle.LIMIT}
    open_ones = {r.id for r in report.requirements if r.verdict is Verdict.INCONCLUSIVE}
    assert {"REQ-01", "REQ-04", "TLS-01"} <= open_ones
    assert any("allow-list" in reason for reason in reasons(report))


def test_a_page_that_comes_on_one_connection_only_is_no_ban() -> None:
    served: dict[object, int] = {}

    async def says(_: int, scope: Scope) -> tuple[int, dict[str, str]] | None:
        served[scope["client"]] = served.get(scope["client"], 0) + 1
        return (200, {}) if served[scope["client"]] >= 4 and is_documented(scope) else None

    report, *_ = session(says)
    assert "REQ-01" in failed(report)


@pytest.mark.parametrize("every", [3, 4, 5, 7])
def test_a_documented_call_in_so_many_that_fails_is_a_breach(every: int) -> None:
    """Which of the requirements about it shows that is a matter of the order in which they are asked."""
    seen = {"documented": 0}

    async def says(_: int, scope: Scope) -> tuple[int, dict[str, str]] | None:
        seen["documented"] += is_documented(scope)
        return (500, {}) if is_documented(scope) and seen["documented"] % every == 0 else None

    report, *_ = session(says)
    assert {"REQ-01", "REQ-05"} & set(failed(report))


@pytest.mark.parametrize("status", [403, 503])
def test_a_firewall_that_refuses_one_kind_of_request_is_part_of_the_endpoint(status: int) -> None:
    async def says(_: int, scope: Scope) -> tuple[int, dict[str, str]] | None:
        return (status, {}) if b"DOCTYPE" in scope["query_string"] and scope["scheme"] == "https" else None

    report, *_ = session(says)
    assert report.verdict is Claim.CONFORMING
    assert set(failed(report)) <= {"REQ-07"}


def is_refused(scope: Scope) -> bool:
    """Whether a document in the URL is not this call's, as this test sees it; documents that are posted are."""
    document = parse_qs(scope["query_string"].decode("latin-1"), encoding="latin-1").get("XML", [""])[0]
    try:
        texts = [text.strip() for text in ElementTree.fromstring(document.encode("latin-1")).itertext()]
    except (ElementTree.ParseError, LookupError, ValueError):
        return bool(document)
    return "".join(texts) != "get_list_callback"


@pytest.mark.parametrize("status", [502, 503])
def test_whoever_refuses_in_the_words_of_a_gateway_is_not_waited_for_each_time(status: int) -> None:
    async def says(_: int, scope: Scope) -> tuple[int, dict[str, str]] | None:
        return (status, {}) if scope["scheme"] == "https" and is_refused(scope) else None

    report, _, _, clock = session(says)
    assert set(failed(report)) <= {"REQ-07"}
    assert clock.now < 100


def test_an_endpoint_that_is_still_starting_is_asked_at_full_pace_once_it_has() -> None:
    clock = Clock()

    async def says(_: int, __: Scope) -> tuple[int, dict[str, str]] | None:
        return (503, {}) if clock.now < 2 else None

    report, *_ = session(says, clock)
    assert report.verdict is Claim.CONFORMING
    assert clock.now < 30


def test_a_limit_by_time_is_found_out_and_everything_is_judged() -> None:
    clock = Clock()
    state = {"tokens": 5.0, "at": 0.0}

    async def says(_: int, __: Scope) -> tuple[int, dict[str, str]] | None:
        now = clock.now
        state["tokens"] = min(5.0, state["tokens"] + (now - state["at"]) * 5)
        state["at"] = now
        if state["tokens"] < 1:
            return 503, {}
        state["tokens"] -= 1
        return None

    report, evidence, front, _ = session(says, clock)
    assert report.verdict is Claim.CONFORMING
    assert not failed(report)
    assert front.calls < 400
    assert clock.now < 90
    assert any("--rate" in note for note in evidence.notes)


@pytest.mark.parametrize("length", [3, 30])
def test_a_spelling_is_not_blamed_for_what_every_call_of_the_moment_gets(length: int) -> None:
    async def says(_: int, __: Scope) -> tuple[int, dict[str, str]] | None:
        return None

    class Moody(Front):
        async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
            if 100 <= self.calls < 100 + length and scope["scheme"] == "https":
                scope["headers"] = [*scope["headers"], (b"x-reference-state", b"007")]
            await super().__call__(scope, receive, send)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{__name__}.Front", Moody)
        report, *_ = session(says)
    assert "REQ-05" not in failed(report)
    assert ("REQ-02" in failed(report)) is (length > 3)


def test_the_call_beside_a_spelling_that_fails_is_asked_again_where_it_is_put_off() -> None:
    refused = {"cdata": False, "beside": 0}

    async def says(_: int, scope: Scope) -> tuple[int, dict[str, str]] | None:
        put_off = refused["cdata"] and is_documented(scope)
        refused["cdata"] = b"CDATA" in scope["query_string"] and scope["scheme"] == "https"
        refused["beside"] += put_off
        return (503, {}) if put_off else None

    class Strict(Front):
        async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
            if b"CDATA" in scope["query_string"] and scope["scheme"] == "https":
                scope["headers"] = [*scope["headers"], (b"x-reference-state", b"999")]
            await super().__call__(scope, receive, send)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{__name__}.Front", Strict)
        report, *_ = session(says, concurrency=1)
    assert refused["beside"] > 1
    assert failed(report) == ["REQ-05"]
    assert not reasons(report)


def test_the_run_ends_at_its_deadline_and_says_so() -> None:
    async def says(_: int, __: Scope) -> tuple[int, dict[str, str]] | None:
        await anyio.sleep(0.05)
        return None

    began = time.monotonic()
    report, evidence, *_ = session(says, run_seconds=0.4)
    assert time.monotonic() - began < 5
    assert not failed(report)
    assert report.verdict is Claim.INCONCLUSIVE
    assert any("--deadline" in note for note in evidence.notes)
    assert any("--deadline" in reason for reason in reasons(report))
