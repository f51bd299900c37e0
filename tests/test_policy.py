"""What a session does after a call: the tables, row by row, without a socket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.exchange import Answer, Exchange, Loss, Request
from conformance.probes.probe import Form, Probe
from conformance.sending.policy import AFTER, PUT_OFF, Action, Came, Waiting, next_action
from tests.evidence_factory import SUCCESS, error


def probe(kind: Kind) -> Probe:
    return Probe("p", Purpose(kind, "get_list_callback"), "the request")


DOCUMENTED, SPELLING, MALFORMED = map(probe, (Kind.DOCUMENTED, Kind.SPELLING, Kind.MALFORMED))
PORT = replace(probe(Kind.PORT), form=Form(https_port=True))
PLAIN = replace(probe(Kind.CLAIM), channel="http")
IN_STATE = replace(DOCUMENTED, state="004")


def came(of: Probe, what: Answer | str, kind: Kind | None = None, **seen: bool) -> Came:
    """A call that got an answer, or was lost so."""
    answer, loss = (None, Loss(what, "gone")) if isinstance(what, str) else (what, None)
    purpose = of.sent_for(kind) if kind else of.purpose
    request = Request("GET", "https://h.example/")
    exchange = Exchange(1, of.id, purpose, "", "query-xml", request, 0, 1, answer=answer, loss=loss)
    return Came(of, exchange, **seen)


def twice(of: Probe, what: str, *, late: bool = False) -> Came:
    """A call that was sent a second time, and lost again."""
    once = came(of, what)
    return replace(once, exchange=replace(once.exchange, retried=True), resent=True, late=late)


def says(status: int, body: bytes = b"<html/>") -> Answer:
    return Answer(status, "", "HTTP/1.1", (), body)


GOOD, FAILED, BUSY, SHUT = says(200, SUCCESS), says(200, error("999")), says(429), says(403)

# For each row of the table, in its order, what it decides.
CAME = (
    (came(SPELLING, "timeout", Kind.CROWDED),),
    tuple(came(DOCUMENTED, kind, first=True) for kind in ("closed", "timeout", "refused", "unreachable", "proxy")),
    (
        came(DOCUMENTED, "closed", first=True, resent=True),
        came(DOCUMENTED, "certificate", first=True),
        came(DOCUMENTED, "dns", first=True),
    ),
    (came(SPELLING, "closed"), came(DOCUMENTED, "proxy"), came(MALFORMED, GOOD, Kind.STRAY)),
    (twice(SPELLING, "closed"), twice(DOCUMENTED, "refused")),
    (
        came(SPELLING, BUSY),
        came(DOCUMENTED, says(503), first=True),
        came(DOCUMENTED, BUSY, shut_out=True),
        came(MALFORMED, says(502), resent=True),
    ),
    (came(DOCUMENTED, SHUT, shut_out=True), came(DOCUMENTED, SHUT, resent=True, shut_out=True)),
    (came(SPELLING, FAILED), came(SPELLING, SHUT, shut_out=True), came(SPELLING, says(500), resent=True)),
    (
        *(came(PLAIN, what) for what in (FAILED, GOOD, SHUT, says(301, error("009")), says(200, b"<r>009</r>"))),
        came(PLAIN, FAILED, resent=True),
    ),
    (
        came(DOCUMENTED, GOOD),
        came(DOCUMENTED, GOOD, first=True),
        came(DOCUMENTED, FAILED),
        came(SPELLING, GOOD),
        came(MALFORMED, SHUT, shut_out=True),
        came(IN_STATE, SHUT, shut_out=True),
        came(DOCUMENTED, SHUT),
        came(DOCUMENTED, says(429, SUCCESS)),
        came(DOCUMENTED, says(407)),  # no waiting brings the credentials
        came(SPELLING, "closed", resent=True),
        *(twice(of, "closed") for of in (PLAIN, MALFORMED)),
        twice(SPELLING, "closed", late=True),
        twice(SPELLING, "timeout"),
        came(SPELLING, "timeout"),
        came(SPELLING, "timeout", Kind.CROWDED, resent=True),
        came(PORT, "closed"),
        came(PLAIN, says(403, error("009"))),
        came(PLAIN, "refused"),
    ),
)


@pytest.mark.parametrize("number", range(len(AFTER)))
def test_what_is_done_after_a_call(number: int) -> None:
    assert len(CAME) == len(AFTER)
    for seen in CAME[number]:
        assert next(row for row in AFTER if row.holds(seen)) is AFTER[number], seen


WAITS = (
    (Waiting(2, answered=True), Waiting(12, answered=True, is_hopeless=True, is_silent=True)),
    (Waiting(3, compared=True, others_are_served=True),
     Waiting(3, compared=True, others_are_served=True, is_too_long=True)),
    (
        Waiting(2, compared=True, others_are_served=True, is_too_long=True),
        Waiting(3, compared=True, is_hopeless=True),
        Waiting(12, compared=True, in_vain=3, is_too_long=True),
    ),
    (Waiting(12, in_vain=3), Waiting(13, documented=True, in_vain=1, is_hopeless=True)),
    (Waiting(is_silent=True), Waiting(is_silent=True, is_hopeless=True)),
    (Waiting(is_hopeless=True), Waiting(documented=True, is_hopeless=True), Waiting(5, in_vain=5, is_hopeless=True)),
    (Waiting(2), Waiting(1, is_too_long=True), Waiting(2, compared=True, others_are_served=True),
     Waiting(12, in_vain=12)),
    (Waiting(documented=True, is_too_long=True),),
    (Waiting(), Waiting(documented=True), Waiting(11, documented=True, in_vain=1)),
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(PUT_OFF)))
def test_what_is_done_with_a_call_that_was_put_off(number: int) -> None:
    assert len(WAITS) == len(PUT_OFF)
    for seen in WAITS[number]:
        assert next(row for row in PUT_OFF if row.holds(seen)) is PUT_OFF[number], seen


def test_every_action_is_the_end_of_some_row() -> None:
    assert {row.action for row in AFTER} | {row.action for row in PUT_OFF} == set(Action)
    assert next_action(AFTER, came(DOCUMENTED, GOOD)) is Action.GO_ON
