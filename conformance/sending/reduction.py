"""Which generated requests have shown what no fixed one did, so that a smaller one is worth a try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from conformance.contract.purpose import Kind
from conformance.evidence.between import puts_off

if TYPE_CHECKING:
    from conformance.evidence.exchange import Answer, Exchange
    from conformance.probes.generated import Case
    from conformance.probes.plan import Plan
    from conformance.probes.probe import Probe


def findings(plan: Plan, exchanges: Sequence[Exchange]) -> Iterator[tuple[Probe, Case]]:
    """What only generated requests have shown, the shortest of each kind: the fixed ones are small already."""
    sent = {probe.id: probe for probe in plan.together}
    for kind in {case.kind: None for case in plan.cases.values()}:
        some = next(case for case in plan.cases.values() if case.kind is kind)
        about = (e for e in exchanges if e.kind is kind and e.purpose.call == some.call.name)
        telling = {e.probe for e in about if shows(some, e.answer)}
        if telling and telling <= set(plan.cases):
            found = min(telling, key=lambda name: (len(plan.cases[name].document), name))
            yield sent[found], plan.cases[found]


def is_pending(plan: Plan, exchanges: Sequence[Exchange]) -> bool:
    """Whether a generated request may still be made smaller: it has shown something, or has no answer yet."""
    answered = {e.probe for e in exchanges if e.answer and not puts_off(e.answer)}
    return not plan.cases.keys() <= answered or any(findings(plan, exchanges))


def shows(case: Case, answer: Answer | None) -> bool:
    """Whether an answer is not what a request of this kind gets."""
    if answer is None or answer.document.unreadable:
        return False
    envelope = answer.envelope
    if case.kind is Kind.SPELLING:
        return not answer.meaning.is_success
    return envelope.offers(case.call.fields) or (envelope.says_success and case.kind is not Kind.ACTION)
