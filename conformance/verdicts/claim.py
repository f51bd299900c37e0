"""What may be said of a run, and the exit code that says it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from conformance.contract.levels import Level
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, ExitCode, ExtensionResult, Report, RequirementResult, Smoke, required

_WORST_LAST = (ExitCode.CONFORMING, ExitCode.INCONCLUSIVE, ExitCode.NONCONFORMING)  # the codes that are verdicts


def claim(requirements: Sequence[RequirementResult], level: Level, *, interrupted: bool = False) -> Claim:
    """What may be said of the endpoint at `level`: failures first, then whatever was left open.

    A waived failure is excused. Nothing judged at all is no conformance, nor is a suite that failed anywhere.
    """
    counted = [r for r in requirements if r.selected and r.level in required(level)]
    broken = any(r.verdict is Verdict.ERROR for r in requirements if r.selected)
    excused = [r for r in counted if r.verdict is Verdict.FAIL and r.waiver]
    verdicts = {r.verdict for r in counted if r not in excused}
    return amounts_to(verdicts, excused=bool(excused), stopped=interrupted or broken)


def amounts_to(verdicts: Collection[Verdict], *, excused: bool, stopped: bool) -> Claim:
    """The same of the verdicts of what counts. excused: whether a failure, not among them, is waived.

    stopped: whether the run did not come to its end, or broke down.
    """
    if Verdict.FAIL in verdicts:
        return Claim.NONCONFORMING
    judged = excused or set(verdicts) - {Verdict.NOT_APPLICABLE}
    if stopped or not judged or Verdict.INCONCLUSIVE in verdicts:
        return Claim.INCONCLUSIVE
    return Claim.CONFORMING


def with_extensions(report: Report, extensions: tuple[ExtensionResult, ...], *, counted: bool = False) -> Report:
    """The report with what extensions come to, which touches its exit code alone.

    A check of theirs that is in error is an error of the run; where nothing of the contract was asked for, theirs is
    the exit code. counted: whether their failures, and what they leave open, count as those of the contract do.
    """
    theirs = [one for own in extensions for one in own.requirements]
    code, own = ExitCode(report.exit_code), exit_code(theirs, report.level)
    alone = code is ExitCode.NOTHING_SELECTED and bool(theirs)
    worse = counted and {code, own} <= set(_WORST_LAST) and _WORST_LAST.index(own) > _WORST_LAST.index(code)
    stopped = code in {ExitCode.INTERNAL_ERROR, ExitCode.INTERRUPTED}
    if not stopped and (own is ExitCode.INTERNAL_ERROR or alone or worse):
        code = own
    return msgspec.structs.replace(report, extensions=extensions, exit_code=int(code))


def exit_code(
    requirements: Sequence[RequirementResult], level: Level, *, interrupted: bool = False, broken: bool = False
) -> ExitCode:
    """The exit code of a run that ended with these requirements. broken: the suite itself failed."""
    selected = [r for r in requirements if r.selected]
    if broken:
        return ExitCode.INTERNAL_ERROR
    if interrupted:
        return ExitCode.INTERRUPTED
    if not selected:
        return ExitCode.NOTHING_SELECTED
    if any(r.verdict is Verdict.ERROR for r in selected):
        return ExitCode.INTERNAL_ERROR
    return ExitCode[claim(requirements, level).name]


def comes_to(verdict: Claim, code: int, smoke: Smoke) -> tuple[Claim, ExitCode]:
    """The claim and the exit code of a smoke run: no verdict without a failure; no trouble where anything was seen."""
    if verdict is Claim.NONCONFORMING or code in {ExitCode.INTERNAL_ERROR, ExitCode.INTERRUPTED}:
        return verdict if verdict is Claim.NONCONFORMING else Claim.INCONCLUSIVE, ExitCode(code)
    return Claim.INCONCLUSIVE, ExitCode.CONFORMING if smoke.requests else ExitCode.INCONCLUSIVE
