"""What a request that is right, and said otherwise than the documented one, is answered with."""

from __future__ import annotations

from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive
from conformance.evidence.exchange import Exchange
from conformance.probes.purpose import Kind


def answered(exchange: Exchange, judging: Judging) -> None:
    """Breach unless a request that is right is answered with Success."""
    judging.control_of_binding(exchange)
    answer = judging.answer(exchange)
    judging.control(exchange)
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    if not judging.is_success(exchange):
        what = "an error envelope" if answer.meaning.reports_error else "no success envelope"
        raise Breach(
            f"{exchange.title} is not answered with Success",
            expected="Success",
            observed=f"HTTP {answer.status}, {what}",
        )


def same_content(exchange: Exchange, judging: Judging) -> None:
    """Breach unless it is answered with what the documented request is answered with."""
    answered(exchange, judging)
    documented = [e for e in judging.evidence.of(Kind.DOCUMENTED) if judging.can_be_compared(e)]
    if not documented or not judging.can_be_compared(exchange):
        raise Inconclusive(
            "no answer to the documented request can be read, so there is nothing to compare with"
        )
    if judging.contents(exchange) not in {judging.contents(e) for e in documented}:
        raise Breach(
            f"{exchange.title} is answered with other {judging.call.what}",
            expected=f"the {judging.call.what} of the documented request",
            observed=f"other {judging.call.what}",
        )
