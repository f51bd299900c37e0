"""Request example: documents that attack the XML processor are not this request."""

from __future__ import annotations

from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive
from conformance.checks.refusals import answer_to, refused
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Exchange


@requirement("REQ-07")
@uses(Kind.HOSTILE)
def test_a_hostile_request_is_answered_in_time(exchange: Exchange, judging: Judging) -> None:
    """A hostile request is answered within the time that every call has."""
    judging.control_of_binding(exchange)
    if exchange.answer is None and exchange.loss and exchange.loss.kind == "timeout":
        judging.control(exchange)
        if not judging.was_answered(exchange):
            raise Breach(
                f"{exchange.title} keeps the endpoint from answering",
                expected="any answer, as the documented request gets",
                observed=exchange.loss.reason,
            )
    judging.answer(exchange)


@requirement("REQ-07")
@uses(Kind.HOSTILE)
def test_a_hostile_request_gets_no_server_error(exchange: Exchange, judging: Judging) -> None:
    """A hostile request is not answered with a 5xx status."""
    answer = answer_to(exchange, judging)
    if answer.status >= 500:
        raise Breach(
            f"{exchange.title} is answered with a server error",
            expected="a status below 500",
            observed=f"HTTP {answer.status}",
        )


@requirement("REQ-07")
@uses(Kind.HOSTILE)
def test_a_hostile_request_is_told_no_internals(exchange: Exchange, judging: Judging) -> None:
    """The answer to a hostile request shows no internals of the server, and nothing that it read elsewhere."""
    internals = judging.internals(answer_to(exchange, judging))
    if internals:
        raise Breach(f"{exchange.title} is answered with internals of the server", expected="none", observed=internals)


@requirement("REQ-07")
@uses(Kind.HOSTILE)
def test_a_hostile_request_makes_the_server_fetch_nothing(exchanges: tuple[Exchange, ...], judging: Judging) -> None:
    """A reference inside a hostile request is not fetched."""
    canary = judging.evidence.canary
    if canary:
        raise Breach(
            "the server fetched what a request referred to", expected="no connection", observed=f"{canary} connections"
        )
    for exchange in exchanges:
        judging.control_of_binding(exchange)
    if canary is None:
        raise Inconclusive("the endpoint cannot reach a listener of this machine, so a fetch would not be seen")
    answered = {exchange.probe for exchange in exchanges if exchange.answer}
    for exchange in exchanges:
        judging.control(exchange)
        if exchange.probe not in answered and exchange.loss and exchange.loss.kind != "closed":
            raise Inconclusive(f"{exchange.title} got no answer: {exchange.loss.reason}")


@requirement("HYG-12")
@uses(Kind.HOSTILE)
def test_a_hostile_request_is_refused(exchange: Exchange, judging: Judging) -> None:
    """A hostile request is refused: it is not answered with Success."""
    refused(exchange, judging)
