"""What a report says of its run beside the verdicts."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate

import pytest

from conformance.evidence.exchange import Evidence, Exchange
from conformance.verdicts.assemble import assemble
from conformance.verdicts.completeness import Extent
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, ExitCode
from tests.evidence_factory import CONTRACT, conforming, judgements

EVIDENCE = conforming()
RESULTS = judgements(EVIDENCE)


@pytest.mark.parametrize(("recording", "pytest_saw_it"), [(True, False), (False, True), (True, True)])
def test_an_interruption_is_told_whoever_saw_it(recording: bool, pytest_saw_it: bool) -> None:
    evidence = replace(EVIDENCE, interrupted=recording)
    report = assemble(RESULTS, evidence, CONTRACT, Terms(), extent=Extent(interrupted=pytest_saw_it))
    assert report.interrupted
    assert (report.verdict, report.exit_code) == (Claim.INCONCLUSIVE, ExitCode.INTERRUPTED)


def dated(exchange: Exchange, ahead: int) -> Exchange:
    if exchange.answer is None:
        return exchange
    date = formatdate(int(exchange.started) + ahead, usegmt=True)
    headers = tuple((name, date if name == "Date" else value) for name, value in exchange.answer.headers)
    return replace(exchange, answer=replace(exchange.answer, headers=headers))


def of_a_clock(ahead: int) -> Evidence:
    return replace(EVIDENCE, exchanges=tuple(dated(one, ahead) for one in EVIDENCE.exchanges))


@pytest.mark.parametrize(("ahead", "way"), [(600, "600 s ahead of"), (-600, "600 s behind")])
def test_a_clock_that_differs_is_told(ahead: int, way: str) -> None:
    told = assemble(RESULTS, of_a_clock(ahead), CONTRACT, Terms()).notes
    assert told == (f"the endpoint's clock is {way} this machine's, by its Date header",)


def test_a_clock_that_agrees_is_not_told() -> None:
    assert assemble(RESULTS, of_a_clock(0), CONTRACT, Terms()).notes == ()
