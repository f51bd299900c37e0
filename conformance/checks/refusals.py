"""A request that must not succeed: what its answer shows, and when that is a breach."""

from __future__ import annotations

from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive
from conformance.evidence.exchange import Answer, Exchange


def answer_to(exchange: Exchange, judging: Judging) -> Answer:
    """The answer to a document that is not the documented one; Inconclusive where it shows nothing."""
    judging.control_of_binding(exchange)
    answer = judging.answer(exchange)
    judging.control(exchange)
    if exchange.binding == "form-xml" and exchange.binding not in judging.served_bindings:
        raise Inconclusive("this binding is not served")
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    return answer


def refused(exchange: Exchange, judging: Judging) -> None:
    """Breach unless the answer to a document that must not succeed says anything but Success."""
    envelope = answer_to(exchange, judging).envelope
    if envelope.carries_success or judging.of(exchange).offers(envelope):
        raise Breach(
            f"{exchange.title} is answered with Success",
            expected="an error envelope, or anything but Success",
            observed="Success" if envelope.carries_success else judging.of(exchange).call.subject,
        )
