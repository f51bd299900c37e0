"""What a request that is right, and said otherwise than the documented one, is answered with."""

from __future__ import annotations

from conformance.checks import urls
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, NotApplicable, breach_of, clip
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Answer, Exchange

_LONG_URL = 2_000  # characters; the least that servers in use take without being told to


def answered(exchange: Exchange, judging: Judging) -> None:
    """Breach unless a request that is right is answered with Success."""
    judging.control_of_binding(exchange)
    answer = judging.answer(exchange)
    judging.control(exchange)
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    if not judging.is_success(exchange):
        raise unanswered(exchange, answer, expected="Success")


def same_content(exchange: Exchange, judging: Judging) -> None:
    """Breach unless it is answered with what the documented request is answered with."""
    answered(exchange, judging)
    documented = _documented(judging)
    if not judging.can_be_compared(exchange):
        raise Inconclusive("the answer cannot be read, so there is nothing to compare")
    if judging.contents(exchange) not in {judging.contents(e) for e in documented}:
        raise Breach(
            f"{exchange.title} is answered with other {judging.call.what}",
            expected=f"the {judging.call.what} of the documented request",
            observed=f"other {judging.call.what}",
        )


def _is_too_long(exchange: Exchange, answer: Answer) -> bool:
    """Whether a server took a long request for too long a one (RFC 9110 sections 15.5.14 and 15.5.15)."""
    if answer.envelope.recognised:
        return False
    long = len(exchange.request.url) > _LONG_URL and 400 <= answer.status < 500  # some say 400 or 404 of it
    return long or answer.status in {413, 414, 431}


def comparable(exchange: Exchange, judging: Judging) -> Answer:
    """The answer to a request that means the same as the documented one, where it shows anything."""
    judging.control_of_binding(exchange)
    if why := urls.refused(exchange, judging):
        raise NotApplicable(f"{exchange.title}: {why}")
    answer = judging.answer(exchange)
    judging.control(exchange)
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    if _is_too_long(exchange, answer):
        raise NotApplicable(f"{exchange.title}: the server takes no request of that length")
    return answer


def unanswered(exchange: Exchange, answer: Answer, expected: str = "the answer to the documented request") -> Breach:
    """What is said of a request that is right and was refused."""
    return Breach(
        f"{exchange.title} is not answered with Success",
        expected=expected,
        observed=f"HTTP {answer.status}, "
        + ("an error envelope" if answer.meaning.reports_error else "no success envelope"),
    )


def _documented(judging: Judging, control: str = "") -> list[Exchange]:
    """The documented requests whose answers can be compared with, the control in another binding too."""
    asked = [*judging.evidence.of(Kind.DOCUMENTED), *judging.evidence.of(Kind.BINDINGS)]
    usual = (e for e in asked if e.kind is Kind.DOCUMENTED or e.probe == control)
    documented = [e for e in usual if judging.can_be_compared(e)]
    if not documented:
        raise Inconclusive("no answer to the documented request can be read, so there is nothing to compare with")
    return documented


def _untimely(exchange: Exchange, judging: Judging) -> bool:
    """Whether the Timestamp is not the time of the answer; one that cannot be read is the schema's matter."""
    try:
        return not judging.is_timely(exchange, judging.seconds(judging.success(exchange)))
    except Inconclusive:
        return False


def answered_alike(exchange: Exchange, judging: Judging) -> None:
    """Breach unless a request that means the same as the documented one gets the answer of that one."""
    if judging.is_success(exchange) and judging.ordinary and not judging.successes:
        raise Breach(
            f"{exchange.title} is answered with Success, the documented request without is not",
            expected="the same answer to both",
            observed="Success, to one of them",
        )
    answer = comparable(exchange, judging)
    if not judging.is_success(exchange):
        judging.control_of_spelling(exchange)
        raise unanswered(exchange, answer)
    documented = _documented(judging, exchange.control)
    if answer.envelope.root is None:
        raise Breach(
            f"{exchange.title} is answered with a body that is not well-formed",
            expected="the answer to the documented request",
            observed=answer.document.fault or answer.document.unreadable,
        )
    listed = {judging.contents(e) for e in documented}
    if judging.contents(exchange) not in listed:
        if len(listed) > 1:
            what = judging.call.what
            raise Inconclusive(f"the documented request is answered with other {what} from time to time, too")
        raise Breach(
            f"{exchange.title} is answered with other {judging.call.what}",
            expected=f"the {judging.call.what} of the documented request",
            observed=f"{len(judging.contents(exchange))} {judging.call.what}, not the same ones",
        )
    _same_envelope(exchange, judging, answer, documented)


def _same_envelope(exchange: Exchange, judging: Judging, answer: Answer, documented: list[Exchange]) -> None:
    """Breach where an answer of the right content has a fault that those to the documented request have not."""
    usual = {d.component for e in documented for d in judging.deviations(e)}
    other = next((d for d in judging.deviations(exchange) if d.component not in usual), None)
    if other:
        raise breach_of(other, f"{exchange.title} is answered with another envelope: {other.reason}")
    if _untimely(exchange, judging) and not any(_untimely(e, judging) for e in documented):
        timestamp = answer.envelope.timestamp
        raise Breach(
            f"{exchange.title} is answered with a Timestamp that is not the time of the answer",
            expected="the time of the answer, as to the documented request",
            observed=clip(timestamp.text) if timestamp else "",
            where=timestamp.where if timestamp else "",
        )
    referring = answer.document.references
    if referring and not any(e.answer and e.answer.document.references for e in documented):
        raise Breach(
            f"{exchange.title} is answered with a document that refers elsewhere: {clip(referring[0])}",
            expected="the answer to the documented request, which does not",
            observed=clip(referring[0]),
        )
