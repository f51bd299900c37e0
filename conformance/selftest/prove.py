"""`prove`: the suite shows that it can fail, and that it accuses nobody without cause.

Every variant of the reference endpoint is judged as any endpoint would be. A mutant must be accused by the
requirement it breaks and by no unrelated one at must level; a correct variant by none.
"""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.pool
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from multiprocessing import resource_tracker

import anyio

from conformance.checks.catalogue import checks
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.evidence.redaction import Redaction
from conformance.selftest.answers import evidence_on
from conformance.selftest.trials import Trial, trials
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import Verdict
from conformance.verdicts.suggestions import with_suggestions
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, Report, RequirementResult

ROLL_UP = "ENV-02"
_AT_ONCE = 16  # variants in flight in one process: their waits overlap


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one trial. trouble: why it does not count as a success, "" when it does."""

    id: str
    call: str
    kind: str
    title: str
    breaks: tuple[str, ...]
    accused: tuple[str, ...]
    seconds: float
    trouble: str


async def report_on(trial: Trial, contract: Contract) -> Report:
    """Judge one variant; whether a change is suggested is looked at of a correct one alone."""
    evidence = await evidence_on(trial, contract)
    report = judge_evidence(evidence, contract, Terms())
    return report if trial.kind == "mutant" else with_suggestions(report, Redaction(evidence).shown, contract)


async def _outcome(trial: Trial, contract: Contract) -> Outcome:
    began = time.monotonic()
    accused: tuple[str, ...]
    try:
        report = await report_on(trial, contract)
    except Exception as error:  # noqa: BLE001  a crash is not a kill
        accused = ()
        trouble = f"the suite crashed: {type(error).__name__}: {str(error)[:120]}"
    else:
        rows = [r for r in report.requirements if r.call in {"", trial.call}]
        accused = tuple(r.id for r in rows if r.verdict is Verdict.FAIL)
        trouble = _trouble(trial, report, rows, frozenset(accused))
    took = time.monotonic() - began
    return Outcome(trial.id, trial.call, trial.kind, trial.title, trial.breaks, accused, took, trouble)


def _trouble(trial: Trial, report: Report, rows: Sequence[RequirementResult], accused: frozenset[str]) -> str:
    others = [r.name for r in report.requirements if r not in rows and r.verdict is Verdict.FAIL]
    if others:
        return f"another call is accused: {', '.join(others)}"
    level = {r.id: r.level for r in rows}
    broken = [r.id for r in report.requirements if r.verdict is Verdict.ERROR]
    if broken:
        return f"the suite's own checks failed: {', '.join(broken)}"
    if trial.kind == "mutant":
        missing = [name for name in trial.breaks if name not in accused]
        allowed = {*trial.breaks, *trial.also, ROLL_UP}
        stray = [name for name in accused if level[name] == "must" and name not in allowed]
        told = [f"lives: {', '.join(missing)} does not accuse it"] if missing else []
        return "; ".join(told + ([f"unrelated: {', '.join(stray)}"] if stray else []))
    stray = [name for name in accused if level[name] != "advisory" and name not in trial.also]
    changed = any(check.suggestion for row in rows for check in row.checks)
    if stray or changed:
        return f"accused without cause by {', '.join(stray)}" if stray else "a change of it is suggested"
    unsure = [r for r in rows if r.level == "must" and r.verdict is Verdict.INCONCLUSIVE]
    left = [r.id for r in unsure if r.id not in trial.also and not _is_spared(r, trial)]
    if report.verdict is not Claim.CONFORMING and left:
        return f"not found conforming: {', '.join(left)} inconclusive"
    return ""


def _is_spared(result: RequirementResult, trial: Trial) -> bool:
    """Whether what is open is judged with the page's call, as what it looks at reads every request alike."""
    contract = documented()
    if trial.call == contract.call.name:
        return False
    first = {check.place for check in checks() if check.first}
    unseen = {c.id.partition("[")[0] for c in result.checks if c.verdict is Verdict.INCONCLUSIVE}
    return contract.requirements[result.id].scope == "endpoint" or unseen <= first


def _work(names: list[str]) -> list[Outcome]:
    """Judge the variants named, several at a time, in one event loop."""
    contract = documented()
    by_name = {trial.id: trial for trial in trials()}
    done: list[Outcome] = []

    async def everything() -> None:
        room = anyio.CapacityLimiter(_AT_ONCE)

        async def one(trial: Trial) -> None:
            async with room:
                done.append(await _outcome(trial, contract))

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(one, by_name[name])

    anyio.run(everything)
    return done


def pool(jobs: int) -> multiprocessing.pool.Pool:
    """Processes that a terminal's Ctrl-C does not reach: this one ends them.

    Spawned, not forked: the event loops and threads of this process are not for sharing.
    """
    resource_tracker.ensure_running()  # when it starts, it changes which signals are blocked
    ours = {signal.SIGINT, *({signal.SIGHUP} if hasattr(signal, "SIGHUP") else ())}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ours)  # which processes inherit
    try:
        return multiprocessing.get_context("spawn").Pool(jobs, gc.set_threshold, (100_000,))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def prove(
    only: Sequence[str] = (),
    jobs: int = 2,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    calls: Sequence[str] = (),
) -> list[Outcome]:
    """Judge every variant that the globs name; outcomes in the order of the registry."""
    names = [trial.id for trial in trials(only, calls)]
    size = 2 * _AT_ONCE
    batches = [names[i : i + size] for i in range(0, len(names), size)]
    done: dict[str, Outcome] = {}
    tally = count(1)

    def note(outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            done[outcome.id] = outcome
            progress(next(tally), len(names))

    if jobs == 1 or len(batches) <= 1:
        for batch in batches:
            note(_work(batch))
    else:
        with pool(jobs) as processes:
            for outcomes in processes.imap_unordered(_work, batches):
                note(outcomes)
    return [done[name] for name in names]
