"""A request that must not succeed: what its answer shows, and when that is a breach."""

from __future__ import annotations

from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, clip
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


def refused_with(exchange: Exchange, judging: Judging, codes: tuple[str, ...]) -> None:
    """Breach unless the answer reports an error with one of the codes, and with a documented message of it."""
    envelope = answer_to(exchange, judging).envelope
    if envelope.carries_success or judging.of(exchange).offers(envelope):
        raise Inconclusive("it is not refused at all, which is another requirement's matter")
    expected = " or ".join(codes)
    said = [leaf for leaf in judging.codes(envelope) if leaf.text in codes]
    if not said:
        other = next((f"the code {clip(leaf.text)!r}" for leaf in judging.codes(envelope)), "no code")
        raise Breach(f"{exchange.title} is answered with {other}", expected=expected, observed=other)
    allowed = {message for code in codes for message in judging.messages(code)}
    told = [e.message for e in judging.reported(envelope) if e.message and e.code and e.code.text in codes]
    if not any(leaf.text in allowed for leaf in told):
        observed = clip(told[0].text) if told else "no message"
        raise Breach(
            f"{exchange.title} is answered with {said[0].text} and another message: {observed!r}",
            expected=" or ".join(sorted(allowed)),
            observed=observed,
            where=said[0].where,
        )
