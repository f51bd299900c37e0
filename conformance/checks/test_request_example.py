"""Request example: which well-formed documents are this request, and which are not."""

from __future__ import annotations

from conformance.checks.alike import answered_alike, comparable, unanswered
from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.refusals import refused
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Exchange


def is_printed(judging: Judging, exchange: Exchange) -> bool:
    """Whether an earlier version of the suite, which had no request of this kind, sent an ordinary one as printed."""
    if judging.evidence.of(Kind.PRINTED):
        return False
    sent = exchange.request.body + exchange.request.url.upper().replace("%0A", "\n").encode()
    return exchange.kind is Kind.DOCUMENTED and b"\n" in sent


@requirement("REQ-02")
@uses(Kind.PRINTED, also=is_printed, first=True)
def test_the_request_as_printed_selects_the_service_call(exchange: Exchange, judging: Judging) -> None:
    """The request is answered with this call's success as the page prints it, over several lines, too."""
    answer = comparable(exchange, judging)
    if not judging.is_success(exchange):
        judging.control_of_spelling(exchange)
        raise unanswered(exchange, answer)


@requirement("REQ-05")
@uses(Kind.SPELLING)
def test_the_same_request_spelled_otherwise_gets_the_same_answer(exchange: Exchange, judging: Judging) -> None:
    """A request that means the same to an XML processor gets the same answer."""
    answered_alike(exchange, judging)


@requirement("REQ-05")
@uses(Kind.PRINTED, also=is_printed, first=True)
def test_the_request_as_printed_gets_the_same_answer(exchange: Exchange, judging: Judging) -> None:
    """The request as the page prints it, over several lines, gets the same answer as on one line."""
    answered_alike(exchange, judging)


@requirement("REQ-06")
@uses(Kind.SCHEMA)
def test_a_request_that_breaks_the_schema_does_not_succeed(exchange: Exchange, judging: Judging) -> None:
    """A request that breaks the request schema in any other way is not answered with Success."""
    refused(exchange, judging)
