"""junit.xml of variants of the reference endpoint: valid, and red exactly where the exit code is not 0.

A mutant of every requirement, every eighth correct variant: others of a kind come to the same report. Each is asked
only what its own requirements look at, in-process; `prove` asks it everything.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict

import anyio
import pytest

from conformance.checks.catalogue import Judgement, chosen_checks, wishes_of
from conformance.checks.judging import Judging
from conformance.contract.levels import Level
from conformance.contract.load import documented
from conformance.probes import plan as plans
from conformance.reporting.junit import junit
from conformance.selftest.answers import ready
from conformance.selftest.trials import Trial, trials
from conformance.sending import wire
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.verdicts.assemble import assemble
from conformance.verdicts.judge import judge
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.terms import Terms, selected
from conformance.verdicts.verdict import Report
from tests.reporting.schemas import validated

CONTRACT = documented()
USUAL = ("ENV-03",)  # what a correct variant is asked


async def report_on(trial: Trial, terms: Terms) -> Report:
    with ready(trial, CONTRACT) as (subject, dialer):
        chosen = chosen_checks(CONTRACT, selected(CONTRACT, terms, subject.calls), subject.calls)
        plan = plans.plan(CONTRACT, subject, wishes_of(chosen))
        began = time.time()
        recording = await Wire(subject, Limits(), seed=1, dialer=dialer).session(plan)
    judging = Judging(evidence_of(subject, recording, seed=1, started=began), CONTRACT)
    results: dict[Judgement, list[CheckResult]] = defaultdict(list)
    for check, case in chosen:
        results[case.requirement, case.call].append(judge(check, case, judging))
    return assemble(results, judging.redaction.shown, CONTRACT, terms)


def some() -> list[Trial]:
    of: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials():
        if not trial.wire:
            of[trial.breaks[0] if trial.breaks else ""].append(trial)
    return [*of.pop("")[::8], *(trial for trials in of.values() for trial in trials[:1])]


def test_a_variant_agrees_with_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LATER_S", 0.0)
    trials = some()
    assert len(trials) > 100
    codes: Counter[int] = Counter()

    async def one(trial: Trial, room: anyio.CapacityLimiter) -> None:
        async with room:
            level: Level = "advisory" if all(CONTRACT.requirements[r].level != "must" for r in trial.breaks) else "must"
            report = await report_on(trial, Terms(level=level, select=trial.breaks[:1] or USUAL))
        root = validated(junit(report))
        (suite,) = root
        bad = {case.get("name", "").split(" ")[0] for kind in ("failure", "error") for case in suite.iter("testcase")
               if case.find(kind) is not None}  # fmt: skip
        assert bool(bad) is (report.exit_code != 0), (trial.id, report.exit_code, bad)
        failed = {r.address for r in report.requirements if r.verdict is Verdict.FAIL and r.selected}
        assert {case.get("name", "").split(" ")[0] for case in suite.iter("testcase") if len(case) == 2} >= failed
        codes[report.exit_code] += 1

    async def everything() -> None:
        room = anyio.CapacityLimiter(16)
        async with anyio.create_task_group() as tasks:
            for trial in trials:
                tasks.start_soon(one, trial, room)

    anyio.run(everything)
    assert codes[0] > 10
    assert codes[1] > 100
