"""Hygiene: what the page does not ask for and a release manager wants to see (I-10), but for the headers. Advisory."""

from __future__ import annotations

from conformance.checks.catalogue import requirement, uses
from conformance.checks.disclosure import versions
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, NotApplicable, clip
from conformance.contract.purpose import REFUSED, Kind
from conformance.evidence.exchange import Exchange


@requirement("HYG-01")
@uses(Kind.DOCUMENTED)
def test_success_has_a_2xx_status(exchange: Exchange, judging: Judging) -> None:
    """Success comes with a 2xx status."""
    answer = judging.answer(exchange)
    if not judging.is_success(exchange):
        raise Inconclusive("the answer is not the success envelope")
    if not 200 <= answer.status < 300:
        raise Breach(f"Success comes with HTTP {answer.status}", expected="2xx", observed=str(answer.status))


@requirement("HYG-02")
@uses()
def test_no_answer_is_a_server_error(exchange: Exchange, judging: Judging) -> None:
    """No answer of the run has a 5xx status, but for 501 to another method than GET."""
    status = judging.answer(exchange).status
    unknown = status == 501 and exchange.request.method != "GET"  # RFC 9110 section 15.6.2
    if status >= 500 and not unknown:
        raise Breach(f"{exchange.title} is answered with HTTP {status}", expected="no 5xx", observed=str(status))


@requirement("HYG-05")
@uses()
def test_no_internals_are_shown(exchange: Exchange, judging: Judging) -> None:
    """No answer shows a stack trace or other internals of the server."""
    answer = judging.answer(exchange)
    found = judging.internals(answer) or versions(answer)
    if found:
        raise Breach(f"{exchange.title} is answered with internals of the server", expected="none", observed=found)


@requirement("HYG-08")
@uses(Kind.DOCUMENTED)
def test_answers_come_within_the_budget(exchange: Exchange, judging: Judging) -> None:
    """The answer comes within the target's budget of time."""
    judging.answer(exchange)
    budget = judging.evidence.answer_budget
    if exchange.elapsed > budget:
        raise Breach(
            f"the answer took {exchange.elapsed:.2f} s",
            expected=f"{budget:g} s or less",
            observed=f"{exchange.elapsed:.2f} s",
        )


@requirement("HYG-10")
@uses()
def test_no_call_is_lost(exchange: Exchange, judging: Judging) -> None:
    """No connection is lost before its answer is complete (RFC 9112)."""
    if exchange.kind is Kind.PORT:
        raise NotApplicable("the port of HTTPS owes plain HTTP no answer")
    if exchange.kind is Kind.CROWDED:
        raise NotApplicable("other connections of ours were in its way")
    if exchange.loss and exchange.loss.kind in {"closed", "malformed"}:
        raise Breach(
            f"{exchange.title}: {exchange.loss.reason}", expected="a complete answer", observed=exchange.loss.reason
        )
    answer = judging.answer(exchange)
    if "cut short" in answer.unread or answer.broken:
        raise Breach(
            f"{exchange.title}: {answer.unread or answer.broken}",
            expected="a complete body",
            observed=answer.unread or answer.broken,
        )
    if answer.surplus:
        raise Breach(
            f"{exchange.title}: {answer.surplus} bytes behind the answer, unasked (RFC 9112 section 9.2)",
            expected="nothing behind the answer",
            observed=f"{answer.surplus} bytes",
        )


@requirement("HYG-11")
@uses(Kind.DOCUMENTED, Kind.BINDINGS, Kind.SPELLING, *REFUSED)
def test_no_answer_is_a_redirect(exchange: Exchange, judging: Judging) -> None:
    """No answer over HTTPS is a redirect; the suite follows none."""
    answer = judging.answer(exchange)
    to = answer.redirect or answer.header("refresh")
    if to:
        raise Breach(
            f"{exchange.title} is redirected to {clip(to)}", expected="an answer", observed=f"HTTP {answer.status}"
        )
