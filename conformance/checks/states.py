"""The documented codes, and what is answered in the state of one."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.catalogue import Case, Cases
from conformance.checks.judging import Judging
from conformance.checks.outcome import Inconclusive
from conformance.checks.plain_http import Became, seen
from conformance.contract.model import Contract, ServiceCall
from conformance.contract.purpose import PLAIN_HTTP
from conformance.evidence.envelope import Envelope
from conformance.evidence.exchange import Answer, Exchange


def codes(part: str) -> Cases:
    """Every documented code, for one part of what its answer must say."""

    def cases(_: Contract, call: ServiceCall) -> Iterator[Case]:
        for code in call.errors:
            yield Case(code, f"ERR-{code}-{part}", code, state=code)

    return cases


def answer_in_state(exchange: Exchange, judging: Judging, code: str) -> Answer:
    """The answer in the state, or Inconclusive where it says nothing of the state."""
    if code == PLAIN_HTTP and seen(exchange, judging).kind is Became.CLOSED:
        raise Inconclusive("the HTTP endpoint refuses connections or hangs up, so no answer can say 009")
    if code != PLAIN_HTTP:
        judging.control_of_binding(exchange)
    return judging.answer(exchange)


def envelope_in_state(exchange: Exchange, judging: Judging, code: str) -> Envelope:
    """The envelope answered in the state, or Inconclusive; over plain HTTP what is no envelope is TLS-02's matter."""
    answer, told = (answer_in_state(exchange, judging, code), "TLS-02" if code == PLAIN_HTTP else f"ERR-{code}-code")
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    if not answer.envelope.recognised:
        raise Inconclusive(f"the answer is no envelope ({told})")
    if answer.document.root is None:
        raise Inconclusive(f"the answer is not well-formed ({told})")
    return answer.envelope
