"""Refusals: what a call must refuse though each value is a right one, and the envelope in which it refuses.

Of the calls of the Connect API User Guide of 9 November 2011.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.catalogue import Case, each, requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Inconclusive, NotApplicable, breach_of
from conformance.checks.refusals import answer_to, refused
from conformance.contract.model import Contract, ServiceCall
from conformance.contract.purpose import Kind, parameter_of
from conformance.contract.rows import Refusal
from conformance.evidence.exchange import Exchange


def _rows(_: Contract, call: ServiceCall) -> Iterator[Case]:
    return (Case(row.key, row.requirement, row) for row in call.row.refusal)


@each("row", _rows)
@uses(Kind.REFUSAL)
def test_it_is_refused(exchange: Exchange, judging: Judging, row: Refusal) -> None:
    """A request that the call refuses by what it states is not answered with Success."""
    if parameter_of(exchange.probe)[1] != row.key:
        raise NotApplicable(f"{exchange.title} is another one")
    refused(exchange, judging)


@requirement("PRM-09")
@uses(Kind.PARAMETER_LISTED, Kind.PARAMETER_MISSING, Kind.PARAMETER_FORM, Kind.VALUE, Kind.REFUSAL)
def test_a_refusal_is_an_error_envelope(exchange: Exchange, judging: Judging) -> None:
    """A refused value is answered in an error envelope valid against the error schema, echoing the action."""
    answer = answer_to(exchange, judging)
    if judging.is_success(exchange):
        raise NotApplicable(f"{exchange.title} is not refused")
    if answer.envelope.says_success:
        raise Inconclusive("the answer says Success, which is another requirement's matter")
    judging.envelope(exchange)
    found = judging.error_deviations(exchange)
    first = next((d for d in found if d.component.requirement == "ERR-NNN-envelope"), None)
    if first:
        raise breach_of(first, f"{exchange.title}, the error envelope: {first.reason}")
