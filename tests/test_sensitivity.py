"""What a pass is worth: what of a run carries it, and how many known faults of its kind the suite finds."""

from __future__ import annotations

from dataclasses import replace

from conformance.contract.load import documented
from conformance.contract.purpose import Kind
from conformance.selftest.matrix import matrix
from conformance.selftest.prove import ROLL_UP, Outcome
from conformance.selftest.trials import trials
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import Verdict
from conformance.verdicts.sensitivity import sensitivities
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Carried, RequirementResult
from tests.evidence_factory import SUCCESS, answer, conforming, each

CONTRACT = documented()
RUN = conforming()


def judged(evidence: object = RUN) -> dict[str, RequirementResult]:
    assert isinstance(evidence, type(RUN))
    return {r.id: r for r in judge_evidence(evidence, CONTRACT, Terms()).requirements}


def test_a_pass_says_what_of_the_run_carries_it() -> None:
    found = judged()
    successes = [e for e in RUN.exchanges if e.answer and e.answer.meaning.is_success]
    connections = {e.connection for e in successes}
    carried = found["ENV-03"].carried
    assert carried == Carried(answers=len(successes), bindings=4, connections=len(connections), states=0)
    assert str(carried) == f"{len(successes)} answers, 4 bindings, {len(connections)} connections"
    state = found["ERR-004-code"].carried
    assert state
    assert state.states == 1
    assert str(state).endswith(", 1 state")


def test_answers_that_a_check_could_not_judge_carry_nothing() -> None:
    page = each(lambda e: replace(e, answer=answer(b"<html/>")), probe=RUN.of(Kind.BINDINGS)[0].probe)(RUN)
    before, after = judged()["ENV-04"].carried, judged(page)["ENV-04"].carried
    assert before
    assert after
    assert after.answers == before.answers - 1


def test_only_a_pass_is_carried() -> None:
    broken = SUCCESS.replace(b"ClICKATELLSDK", b"Response")
    found = judged(each(lambda e: replace(e, answer=answer(broken)), "documented")(RUN))
    assert found["ENV-03"].verdict is Verdict.FAIL
    assert found["ENV-03"].carried is None
    assert found["ENV-03"].sensitivity == sensitivities()["ENV-03"]


def test_a_report_names_a_few_exchanges_of_many() -> None:
    checks = [check for r in judged().values() for check in r.checks]
    assert max(len(check.exchanges) for check in checks) == 20


def outcomes() -> list[Outcome]:
    return [Outcome(t.id, t.call, t.kind, t.title, t.breaks, (*t.breaks, ROLL_UP), 0.0, "") for t in trials()]


def test_prove_fails_where_the_shipped_numbers_are_not_current() -> None:
    assert matrix(outcomes(), CONTRACT, partial=False).proved
    fewer = [o for o in outcomes() if o.id != "root_all_capitals"]
    stale = matrix(fewer, CONTRACT, partial=False)
    assert stale.stale == ("ENV-03",)
    assert not stale.proved
    assert stale.sentence.endswith("; reports/sensitivity.json is not current: ENV-03")
    assert matrix(fewer, CONTRACT, partial=True).proved


def test_every_requirement_that_may_fail_a_run_has_a_known_fault() -> None:
    calls = [name for name, call in CONTRACT.calls.items() if call.row.effect != "changes"]
    judged = [r for r in CONTRACT.requirements.values() if r.level != "advisory" and r.of(tuple(calls))]
    assert [r.id for r in judged if r.id not in sensitivities()] == []
