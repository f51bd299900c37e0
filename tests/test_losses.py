"""What was lost, and what stood in the way, is said on top of every report."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Evidence, Loss
from conformance.reporting.summary import summary_md
from conformance.reporting.terminal import summary
from conformance.verdicts.assemble import assemble
from conformance.verdicts.findings import headline
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Calls, Report
from tests.evidence_factory import CONTRACT, both, conforming, each, judgements, lost, status, swap


def report(evidence: Evidence) -> Report:
    return assemble(judgements(evidence), evidence, CONTRACT, Terms())


def again(kind: str) -> Evidence:
    """Eight documented calls lost once, and answered when they were sent again."""
    evidence, numbers = conforming(), range(900, 908)
    calls = evidence.of(Kind.DOCUMENTED)[1:9]
    gone = [replace(e, answer=None, loss=Loss(kind, "gone")) for e in calls]
    sent = [replace(e, number=n, retried=True) for n, e in zip(numbers, calls, strict=True)]
    kept = [e for e in evidence.exchanges if e not in calls]
    return replace(evidence, exchanges=(*kept, *gone, *sent))


@pytest.mark.parametrize("kind", ["closed", "timeout"])
def test_a_clean_verdict_says_what_was_lost(kind: str) -> None:
    made = report(again(kind))
    number = len(conforming().exchanges) + 8
    said = f"8 of {number} calls ({8 / number:.0%}) got no answer, 8 were sent again".replace("%)", " %)")
    assert made.calls == Calls(sent=number, lost=8, asked_again=8)
    assert headline(made) == f"the documented contract is kept; {said}"
    assert said in " ".join(summary(made, width=200, color=False, reports=None).split())
    assert f"8 of {number} calls" in summary_md(made)


def test_a_run_without_losses_says_nothing_of_them() -> None:
    made = report(conforming())
    assert (made.calls.lost, made.calls.asked_again, made.obstacle) == (0, 0, "")
    assert headline(made) == "the documented contract is kept"


def test_a_closed_port_loses_no_calls() -> None:
    plain = ("state-009", "claim-009", "form-009", "port-009")
    assert report(lost("closed", "gone", *plain)(conforming())).calls.lost == 0


def test_the_obstacle_and_its_remedy_stand_in_the_headline() -> None:
    everything = {e.purpose.label for e in conforming().exchanges}
    bare = both(
        each(lambda e: replace(e, answer=replace(e.answer, body=b"Sorry") if e.answer else None), *everything),
        status(429, *everything),
    )
    made = report(bare(conforming()))
    assert "could not be judged: the call is put off" in headline(made)
    assert "--rate" in headline(made)


def test_a_run_that_was_stopped_says_why_beside_a_breach() -> None:
    wrong = swap("<Timestamp>", "<x>1</x><Timestamp>")(conforming())
    stopped = replace(wrong, gaps={"documented": "the run was stopped at its deadline (--deadline)"})
    assert "failed; 16 more could" in headline(report(stopped))
    assert "--deadline" in headline(report(stopped))
