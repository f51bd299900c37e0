"""Possible errors: those of the guide that any caller of one of its calls brings about."""

from __future__ import annotations

from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Inconclusive, NotApplicable
from conformance.checks.refusals import refused, refused_with
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Exchange

_CLOSED = {401, 403, 404}
_NO_CALL = ("action-unknown", "action-longer")  # probes whose action might be a call's, and is none's


@requirement("ERR-005")
@uses(Kind.WRONG_TOKEN)
def test_a_wrong_token_is_answered_with_005(exchange: Exchange, judging: Judging) -> None:
    """A call with a token of nobody is answered with 005 and its message."""
    refused(exchange, judging)
    answer = judging.answer(exchange)
    if answer.status in _CLOSED and not answer.envelope.recognised:
        raise Inconclusive(f"HTTP {answer.status} without an envelope: what stands before the service may say so")
    refused_with(exchange, judging, ("005",))


@requirement("ERR-430")
@uses(Kind.ACTION)
def test_an_unknown_action_is_answered_with_430(exchange: Exchange, judging: Judging) -> None:
    """A request for an action that no call has is answered with 430 and its message."""
    if not exchange.probe.startswith(_NO_CALL):
        raise NotApplicable("what is asked for is no name of an action")
    refused_with(exchange, judging, ("430",))
