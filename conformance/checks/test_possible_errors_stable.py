"""Possible errors: an answer lasts as long as its state."""

from __future__ import annotations

from conformance.checks.catalogue import each, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, NotApplicable, Unsettled
from conformance.checks.states import answer_in_state, codes
from conformance.contract.purpose import PLAIN_HTTP, Kind, Purpose
from conformance.evidence.exchange import Exchange


def _is_said_over_http(judging: Judging, code: str) -> bool:
    """Whether any call over plain HTTP is answered with its code, in whatever form it was asked."""
    over_http = [e for e in judging.evidence.exchanges if e.request.url.startswith("http:")]
    leaves = [judging.said(e.answer.envelope, code) for e in over_http if e.answer]
    return code == PLAIN_HTTP and any(leaf is not None and judging.is_code(leaf.text, code) for leaf in leaves)


def _comes_back(after: list[Exchange], judging: Judging, code: str) -> None:
    """Where the suite itself sets and resets the state, success comes back after it."""
    good = judging.successes
    if after and not any(number < after[0].number for number in good):
        raise Inconclusive("the documented request did not succeed before the state either (REQ-02)")
    for exchange in after:
        if exchange.answer and not judging.is_success(exchange):
            raise Breach(
                f"success does not come back after the state of {code}",
                expected="Success",
                observed="an error envelope" if exchange.answer.meaning.reports_error else "no success envelope",
                exchanges=(exchange,),
            )
    left_out = judging.evidence.gaps.get(Purpose(Kind.AFTER, state=code).label)
    if left_out:
        raise Inconclusive(left_out)
    if after and not any(e.answer for e in after):
        raise Inconclusive(f"no call after the state of {code} was answered, so nothing shows that success comes back")


@each("code", codes("stable"))
@uses(Kind.STATE, Kind.AFTER)
def test_the_answer_lasts_as_long_as_the_state(exchanges: tuple[Exchange, ...], judging: Judging, code: str) -> None:
    """Every call in the state is answered with the code, and success comes back after it."""
    said = []
    for exchange in (e for e in exchanges if e.kind is Kind.STATE):
        try:
            answer = answer_in_state(exchange, judging, code)
        except Unsettled:
            raise
        except (Inconclusive, NotApplicable):
            continue
        if not answer.document.unreadable:  # a page, or what is no XML, does not say the code either
            leaf = judging.said(answer.envelope, code)
            said.append((exchange, leaf is not None and judging.is_code(leaf.text, code)))
    if len(said) < 2 or not (any(right for _, right in said) or _is_said_over_http(judging, code)):
        raise Inconclusive(f"the code was not said in two calls, so nothing shows that {code} lasts")
    wrong = [e for e, right in said if not right]
    if wrong:
        raise Breach(
            f"{len(wrong)} of {len(said)} calls in the state of {code} do not say the code",
            expected=f"{code} at every call",
            observed=f"{code} at {len(said) - len(wrong)} of {len(said)} calls",
            exchanges=tuple(wrong),
        )
    _comes_back([e for e in exchanges if e.kind is Kind.AFTER], judging, code)
