"""Requests that a call must refuse though each of their values is a right one: a captcha used before, a wrong password.

Of the calls of the Connect API User Guide of 9 November 2011 that change something.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.catalogue import Case, each, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import NotApplicable
from conformance.checks.refusals import refused
from conformance.contract.model import Contract, ServiceCall
from conformance.contract.rows import Refusal
from conformance.evidence.exchange import Exchange
from conformance.probes.purpose import Kind, told


def _rows(_: Contract, call: ServiceCall) -> Iterator[Case]:
    return (Case(row.key, row.requirement, row) for row in call.row.refusal)


@each("row", _rows)
@uses(Kind.REFUSAL)
def test_it_is_refused(exchange: Exchange, judging: Judging, row: Refusal) -> None:
    """A request that the call refuses by what it states is not answered with Success."""
    if told(exchange.probe)[1] != row.key:
        raise NotApplicable(f"{exchange.title} is another one")
    refused(exchange, judging)
