"""What a report says of its run beside the verdicts."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from functools import cache

import pytest

from conformance.checks.catalogue import Judgement
from conformance.contract.purpose import LEFT_OUT, Kind
from conformance.evidence.exchange import Evidence, Exchange
from conformance.verdicts.assemble import assemble
from conformance.verdicts.completeness import Extent
from conformance.verdicts.result import CheckResult
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, ExitCode
from tests.evidence_factory import CONTRACT, conforming, judgements

EVIDENCE = conforming()


@cache
def results() -> dict[Judgement, list[CheckResult]]:
    """What every check says of it, found out by whoever runs these tests and not by whoever collects them."""
    return judgements(EVIDENCE)


@pytest.mark.parametrize(("recording", "pytest_saw_it"), [(True, False), (False, True), (True, True)])
def test_an_interruption_is_told_whoever_saw_it(recording: bool, pytest_saw_it: bool) -> None:
    evidence = replace(EVIDENCE, interrupted=recording)
    report = assemble(results(), evidence, CONTRACT, Terms(), extent=Extent(interrupted=pytest_saw_it))
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
    told = assemble(results(), of_a_clock(ahead), CONTRACT, Terms()).notes
    assert told == (f"the endpoint's clock is {way} this machine's, by its Date header",)


def test_a_clock_that_agrees_is_not_told() -> None:
    assert assemble(results(), of_a_clock(0), CONTRACT, Terms()).notes == ()


def as_a_page(exchange: Exchange) -> Exchange:
    assert exchange.answer
    return replace(exchange, answer=replace(exchange.answer, body=b"<html><title>Log in</title></html>"))


def test_what_answers_in_the_place_of_the_endpoint_is_told() -> None:
    """Unless the documented request was served at all."""
    exchanges = [as_a_page(e) if e.kind is Kind.DOCUMENTED else e for e in EVIDENCE.exchanges]
    told = assemble(results(), replace(EVIDENCE, exchanges=tuple(exchanges)), CONTRACT, Terms()).obstacle
    assert "no envelope of the Connect API" in told
    once = [as_a_page(e) if e.probe == "documented-1" else e for e in EVIDENCE.exchanges]
    assert assemble(results(), replace(EVIDENCE, exchanges=tuple(once)), CONTRACT, Terms()).obstacle == ""


@pytest.mark.parametrize(("gap", "told"), [("the budget is spent", "the budget is spent"), (LEFT_OUT, ""), ("", "")])
def test_why_the_documented_request_was_not_sent_is_told(gap: str, told: str) -> None:
    evidence = replace(EVIDENCE, exchanges=(), gaps={Kind.DOCUMENTED: gap} if gap else {})
    assert assemble({}, evidence, CONTRACT, Terms()).obstacle == told
