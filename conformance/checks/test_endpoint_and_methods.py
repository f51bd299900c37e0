"""Endpoint and methods: the documented call, and the restricted value of its parameter."""

from __future__ import annotations

from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, clip
from conformance.contract.purpose import Kind
from conformance.evidence.classify import Meaning
from conformance.evidence.envelope import Envelope
from conformance.evidence.exchange import Exchange


def _described(exchange: Exchange) -> str:
    answer = exchange.answer
    assert answer
    what = answer.media_type or "no media type"
    return f"HTTP {answer.status} with {len(answer.body)} bytes of {what}"


@requirement("REQ-01")
@uses(Kind.DOCUMENTED)
def test_the_documented_request_is_answered_with_an_envelope(exchange: Exchange, judging: Judging) -> None:
    """A GET carrying the documented request is answered with a Connect API envelope."""
    answer = judging.answer(exchange)
    if answer.envelope.recognised:
        judging.envelope(exchange)  # not well-formed: whether it is an envelope cannot be said
        return
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    redirect = f", redirecting to {clip(answer.redirect)}" if answer.redirect else ""
    raise Breach(
        "the documented request is not answered with an envelope of the Connect API",
        expected="an envelope: ClICKATELLSDK with Action, Result, Values, Timestamp",
        observed=_described(exchange) + redirect,
    )


@requirement("REQ-01")
@uses(Kind.DOCUMENTED)
def test_every_documented_request_is_answered(exchanges: tuple[Exchange, ...]) -> None:
    """Every documented request of the run is answered."""
    unanswered = {e.probe: e for e in exchanges if e.answer is None}
    for exchange in exchanges:
        if exchange.answer is not None:
            unanswered.pop(exchange.probe, None)  # lost once and answered when sent again
    if unanswered:
        lost = next(iter(unanswered.values()))
        probes = len({e.probe for e in exchanges})
        raise Inconclusive(
            f"{len(unanswered)} of {probes} documented requests got no answer: "
            + (lost.loss.reason if lost.loss else "no reason was recorded")
        )


@requirement("REQ-02")
@uses(Kind.DOCUMENTED)
def test_the_action_selects_the_service_call(exchange: Exchange, judging: Judging) -> None:
    """The action of the service call is answered with its success envelope."""
    envelope = judging.envelope(exchange)
    meaning = judging.meaning(judging.answer(exchange))
    if meaning is Meaning.SUCCESS or envelope.document.deep:
        return
    if judging.call.changes:
        for code in (e.code.text for e in judging.reported(envelope) if e.code):
            error = judging.call.reports.get(code)
            if error and error.remedy:
                needed = f"it needs {error.remedy} (`values` of the target)"
                raise Inconclusive(f"{judging.call.name} is answered with {code}, {error.message}: {needed}")
    codes = ", ".join(e.code.text for e in judging.reported(envelope) if e.code)
    raise Breach(
        "the documented request is not answered with the success envelope",
        expected=f"the success envelope of {judging.call.name}",
        observed=f"an error envelope with code {codes}" if codes else _told(envelope, meaning),
        where=envelope.result.where if envelope.result else "",
    )


def _told(envelope: Envelope, meaning: Meaning) -> str:
    if meaning is Meaning.ANOTHER_CALL and envelope.action:
        return f"the answer of {clip(envelope.action.text)}"
    return "an envelope that says neither Success nor any value"


@requirement("REQ-03")
@uses(Kind.ACTION, everywhere=True)
def test_another_action_does_not_get_the_answer_of_the_call(exchange: Exchange, judging: Judging) -> None:
    """A request with another action, an empty one or none is not answered as the service call is."""
    judging.whole.control_of_binding(exchange)
    answer = judging.answer(exchange)
    judging.whole.control(exchange)
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    if judging.offers(answer.envelope) and not judging.is_of_another(answer.envelope):
        subject = judging.call.subject
        raise Breach(
            f"{exchange.title} is answered with {subject}",
            expected=f"an error envelope, or anything but {subject}",
            observed=subject,
        )
