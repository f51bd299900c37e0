"""Answers that are nobody's verdict on the endpoint: who spoke instead, and what is left open for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.between import ANSWERED_407, Obstacle, between, obstacle, puts_off, shuts_out
from conformance.evidence.exchange import Answer, Evidence, Exchange, Loss
from conformance.verdicts.result import Verdict
from tests.evidence_factory import SUCCESS, conforming, each, error, judged, named, purpose, verdicts

PAGE = b"<!DOCTYPE html><html><body><h1>Sorry</h1></body></html>"


def page(status: int, *headers: tuple[str, str]) -> Answer:
    return Answer(status, "", "HTTP/1.1", (("Content-Type", "text/html"), *headers), PAGE, len(PAGE))


def says(answer: Answer | None, loss: Loss | None = None) -> Callable[[Exchange], Exchange]:
    return lambda exchange: replace(exchange, answer=answer, loss=loss)


def kinds(evidence: Evidence) -> dict[str, Obstacle]:
    """Who spoke instead, by probe."""
    found = between(evidence.exchanges)
    return {e.probe: found[e.number].kind for e in evidence.exchanges if e.number in found}


def musts(evidence: Evidence) -> dict[str, Verdict]:
    return {name: verdict for name, verdict in verdicts(evidence).items() if not name.startswith("HYG")}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (page(429), Obstacle.LIMIT),
        (page(503), Obstacle.LIMIT),
        (page(502), Obstacle.GATEWAY),
        (page(504), Obstacle.GATEWAY),
        (page(407), Obstacle.PROXY),
        (page(522), Obstacle.GATEWAY),
        (page(403, ("Retry-After", "30")), Obstacle.LIMIT),
        (page(529, ("Retry-After", "Fri, 27 Nov 2026 21:00:00 GMT")), Obstacle.LIMIT),
        (page(302, ("Retry-After", "30")), None),
        (page(500, ("Retry-After", "30")), None),
        (page(529), None),
        (page(403, ("X-Squid-Error", "ERR_ACCESS_DENIED 0")), Obstacle.PROXY),
        (page(500, ("Proxy-Status", "edge; error=connection_refused")), Obstacle.PROXY),
        (page(200), None),
        (page(401), None),
        (page(403), None),
        (page(404), None),
        (page(500), None),
        (page(501), None),
        (replace(page(503), body=error("008")), None),
        (replace(page(429), body=SUCCESS), None),
        (None, None),
    ],
)
def test_an_answer_by_itself(answer: Answer | None, kind: Obstacle | None) -> None:
    assert puts_off(answer) is kind


@pytest.mark.parametrize(
    ("answer", "shut"),
    [
        (page(403), True),
        (page(429), True),
        (page(503), True),
        (page(302), True),
        (page(200), True),
        (replace(page(200), headers=()), False),
        (page(500), False),
        (replace(page(403), body=error("004")), False),
    ],
)
def test_an_answer_that_looks_like_a_ban(answer: Answer, shut: bool) -> None:
    assert shuts_out(answer) is shut


def test_a_conforming_run_has_nobody_in_between() -> None:
    assert kinds(conforming()) == {}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_the_documented_call_put_off_for_good_is_left_open(status: int) -> None:
    left = musts(each(says(page(status)), "documented", "bindings", "control")(conforming()))
    assert not named(left, Verdict.FAIL)
    assert {"REQ-01", "REQ-02", "ENV-01", "CBK-03", "TIM-02", "TLS-03"} <= named(left, Verdict.INCONCLUSIVE)


def test_one_of_twenty_that_was_asked_again_is_not_seen() -> None:
    evidence = conforming()
    (fifth,) = [e for e in evidence.exchanges if e.probe == "documented-5"]
    first = replace(fifth, number=900, answer=page(502))
    assert not named(musts(replace(evidence, exchanges=(*evidence.exchanges, first))), Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(("number", "stays"), [(0, False), (900, True)])
def test_whether_anybody_is_answered_is_asked_again_by_the_documented_request(number: int, stays: bool) -> None:
    evidence = conforming()
    first = next(e for e in evidence.exchanges if e.probe == "documented-1")
    look = replace(first, number=number, probe="documented-1-again", purpose=Purpose(Kind.CHECK), answer=page(503))
    exchanges = (*evidence.exchanges, look)
    assert bool(obstacle(exchanges)) is stays


def test_one_of_twenty_that_was_not_answered_at_last_leaves_open() -> None:
    left = judged(each(says(page(502)), probe="documented-5")(conforming()))["REQ-01"]
    assert {r.verdict for r in left} == {Verdict.INCONCLUSIVE}
    assert left[0].reason.startswith("1 of 15 requests: a gateway answers")


@pytest.mark.parametrize("status", [500, 404, 403])
def test_the_endpoint_s_own_word_is_judged(status: int) -> None:
    left = musts(each(says(page(status)), probe="documented-5")(conforming()))
    assert "REQ-01" in named(left, Verdict.FAIL)


EVERYTHING = sorted({e.purpose.label for e in conforming().exchanges} - {"documented"})


@pytest.mark.parametrize("status", [401, 403, 404, 407, 502, 503])
def test_where_nobody_is_let_in_nothing_is_judged(status: int) -> None:
    left = musts(each(says(page(status)), "documented", *EVERYTHING)(conforming()))
    assert not named(left, Verdict.FAIL)
    assert {"REQ-01", "REQ-03", "REQ-04", "TLS-01", "TLS-02", "ERR-007-code"} <= named(left, Verdict.INCONCLUSIVE)


def test_407_is_no_sign_that_a_proxy_is_configured() -> None:
    """Where an endpoint says it by itself, there are no credentials to correct."""
    found = between(each(says(page(407)), "documented", *EVERYTHING)(conforming()).exchanges)
    assert {one.reason.partition("; ")[2] for one in found.values()} == {ANSWERED_407}
    assert ANSWERED_407.startswith("if a proxy is in use, give its user and password")


@pytest.mark.parametrize("status", [400, 500, 200, 302, 405])
def test_what_is_no_door_is_judged(status: int) -> None:
    left = musts(each(says(page(status)), "documented", *EVERYTHING)(conforming()))
    assert "REQ-01" in named(left, Verdict.FAIL)


@pytest.mark.parametrize(("status", "own"), [(401, True), (403, True), (404, True), (407, True), (500, True),
                                             (502, False), (503, False), (504, False)])  # fmt: skip
def test_in_a_state_only_a_gateway_s_word_is_nobody_s(status: int, own: bool) -> None:
    left = musts(each(says(page(status)), "state-007")(conforming()))
    assert ("ERR-007-code" in named(left, Verdict.FAIL)) is own
    assert ("ERR-007-code" in named(left, Verdict.INCONCLUSIVE)) is not own


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("asked_back", [page(403, ("Retry-After", "1")), page(522)])
def test_in_a_state_whoever_asks_to_come_again_is_believed_once_it_is_answered(
    asked_back: Answer, answered: bool
) -> None:
    evidence = conforming()
    calls = [replace(e, number=900 + n) for n, e in enumerate(evidence.exchanges) if e.state == "007"]
    put_off = each(says(asked_back), "state-007")(evidence)
    left = musts(replace(put_off, exchanges=(*put_off.exchanges, *calls)) if answered else put_off)
    assert ("ERR-007-code" in named(left, Verdict.FAIL)) is not answered


@pytest.mark.parametrize("group", ["malformed", "action", "schema"])
def test_a_firewall_may_refuse_one_kind_of_request(group: str) -> None:
    assert not kinds(each(says(page(403)), group)(conforming()))


def asked_again(evidence: Evidence, answer: Answer, probe: str, times: int, *, rest: float = 1.0) -> Evidence:
    """The probe answered so each time and asked more often, last after a rest, the documented call right after it."""
    found: list[Exchange] = []
    (documented,) = [e for e in evidence.exchanges if e.probe == "documented-1"]
    now = documented.started
    for exchange in evidence.exchanges:
        again = exchange.probe == probe
        for n in range(times if again else 1):
            now += rest if again and n == times - 1 else 0.02
            found.append(
                replace(exchange, started=now, finished=now + 0.01, answer=answer if again else exchange.answer)
            )
        if again:
            now += 0.02
            found.append(replace(documented, probe="check", purpose=purpose("check"), started=now, finished=now + 0.01))
    return replace(evidence, exchanges=tuple(replace(e, number=n) for n, e in enumerate(found, 1)))


@pytest.mark.parametrize(
    ("times", "rest", "is_refusal"), [(1, 1.0, False), (2, 1.0, False), (3, 1.0, True), (3, 0.015, False)]
)
def test_what_is_put_off_whenever_it_is_asked_is_refused_at_last(times: int, rest: float, is_refusal: bool) -> None:
    evidence = asked_again(conforming(), page(503), "malformed-cut-short", times, rest=rest)
    assert bool(kinds(evidence)) is not is_refusal
    verdict = verdicts(evidence)["REQ-04"]
    assert verdict is (Verdict.PASS if is_refusal else Verdict.INCONCLUSIVE)


def test_a_documented_call_is_never_refused_in_these_words() -> None:
    assert kinds(asked_again(conforming(), page(503), "documented-5", 5)) == {"documented-5": Obstacle.LIMIT}


def banned(evidence: Evidence, number: int, how: Callable[[Exchange], Exchange]) -> Evidence:
    """Nobody is let in from this exchange on."""
    return replace(evidence, exchanges=tuple(how(e) if e.number >= number else e for e in evidence.exchanges))


WAYS = {
    "a page for 403": says(page(403)),
    "a page": says(page(200)),
    "a redirect": says(page(302, ("Location", "/blocked"))),
    "a limit": says(page(429)),
    "resets": says(None, Loss("closed", "the connection was closed without an answer")),
    "refused connections": says(None, Loss("refused", "h refuses connections on port 443")),
    "silence": says(None, Loss("timeout", "no complete answer within 3 s")),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_ban_in_the_middle_leaves_the_rest_open(way: str) -> None:
    evidence = banned(conforming(), 60, WAYS[way])
    left = musts(evidence)
    assert not named(left, Verdict.FAIL)
    assert {"REQ-01", "REQ-04", "REQ-06", "TLS-01", "TLS-02"} <= named(left, Verdict.INCONCLUSIVE)
    reasons = {r.reason for r in judged(evidence)["REQ-01"]}
    assert any("from exchange 60 on" in reason and "allow-list" in reason for reason in reasons)


def test_a_breach_before_a_ban_stays_one() -> None:
    wrong = each(says(replace(page(200), body=SUCCESS.replace(b"Timestamp", b"Time"))), probe="documented-2")
    left = musts(banned(wrong(conforming()), 60, WAYS["a page for 403"]))
    assert "ENV-04" in named(left, Verdict.FAIL)


def test_an_endpoint_that_fails_from_some_moment_on_is_judged() -> None:
    assert "REQ-01" in named(musts(banned(conforming(), 60, says(page(500)))), Verdict.FAIL)


def test_a_ban_that_ends_is_none() -> None:
    evidence = conforming()
    ordinary = evidence.of(Kind.DOCUMENTED)[4].number  # a call of the middle, with those around it
    middle = tuple(replace(e, answer=page(403)) if abs(e.number - ordinary) <= 10 else e for e in evidence.exchanges)
    assert "REQ-01" in named(musts(replace(evidence, exchanges=middle)), Verdict.FAIL)


def test_what_was_not_sent_has_not_passed() -> None:
    gapped = replace(conforming(), gaps={"malformed": "the run ended before it was sent"})
    assert verdicts(gapped)["REQ-04"] is Verdict.INCONCLUSIVE
