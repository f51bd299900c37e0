"""What the judgements of a report come to, counted again: what a file says of itself in short is not believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from conformance.verdicts.claim import claim, comes_to, exit_code, with_extensions
from conformance.verdicts.naming import addressed
from conformance.verdicts.result import Verdict, worst
from conformance.verdicts.verdict import Claim, ExitCode, ExtensionResult, Report, RequirementResult, count

_OPEN_ENDED = {ExitCode.INTERNAL_ERROR, ExitCode.INTERRUPTED}  # may be said of a run whose judgements show nothing


def recounted(report: Report) -> Report:
    """The report as its judgements have it: verdicts by its checks, waivers by their dates, and what follows."""
    requirements = tuple(_judged(one, report.started) for one in report.requirements)
    extensions = tuple(_extension(one, report) for one in report.extensions)
    verdict = claim(requirements, report.level, interrupted=report.interrupted)
    code = exit_code(requirements, report.level, interrupted=report.interrupted)
    if report.scope.smoke is not None:
        verdict, code = comes_to(verdict, code, report.scope.smoke)
    if report.policy and report.policy.shortfalls and code is ExitCode.CONFORMING:
        verdict, code = Claim.INCONCLUSIVE, ExitCode.INCONCLUSIVE
    if report.exit_code in _OPEN_ENDED and verdict is Claim.CONFORMING:  # how a run broke down is its own word
        verdict, code = Claim.INCONCLUSIVE, ExitCode(report.exit_code)
    made = msgspec.structs.replace(
        report,
        requirements=requirements,
        verdict=verdict,
        exit_code=int(code),
        counts=count(r.verdict for r in requirements),
        scope=msgspec.structs.replace(
            report.scope,
            narrowed=report.scope.narrowed or not all(r.selected for r in requirements),
            judged=sum(r.selected and r.verdict in {Verdict.PASS, Verdict.FAIL} for r in requirements),
            requirements=len(requirements),
        ),
    )
    ends = [with_extensions(made, extensions, counted=counted) for counted in (False, True)]
    return next((one for one in ends if one.exit_code == report.exit_code), ends[0])


def unfounded(said: Report, made: Report) -> Iterator[str]:
    """What a report says in short and its judgements do not. made: the same, counted again."""
    for one, other in zip(said.everything, made.everything, strict=True):
        if one.name not in {"", one.id, addressed(one.id, one.call)}:
            yield f"{one.address} is the name of {addressed(one.id, one.call)}"
        if one.verdict is not other.verdict:
            yield f"{one.address} is {one.verdict.value} by its own word, and {other.verdict.value} by its checks"
        elif one.waiver and not other.waiver:
            yield f"{one.address} is waived until {one.waiver.expires}, before the run"
    if said.verdict is not made.verdict:
        yield f"it says {said.verdict.value}, and its judgements come to {made.verdict.value}"
    elif said.exit_code != made.exit_code and said.exit_code not in _OPEN_ENDED:
        yield f"it says exit code {said.exit_code}, and its judgements come to {made.exit_code}"
    elif said.counts != made.counts:
        yield "its counts are not those of its judgements"


def _judged(one: RequirementResult, started: str) -> RequirementResult:
    verdict = worst(check.verdict for check in one.checks) if one.selected else Verdict.NOT_APPLICABLE
    telling = next((check for check in one.checks if check.verdict is verdict), None)
    reason = one.reason if verdict is one.verdict else telling.reason if telling else "no check shows it"
    waiver = one.waiver if one.waiver and verdict is Verdict.FAIL and _holds(one.waiver.expires, started) else None
    return msgspec.structs.replace(one, verdict=verdict, reason=reason, waiver=waiver)


def _holds(expires: str, started: str) -> bool:
    """Whether a waiver ends no earlier than on the day of the run, wherever that day had begun."""
    try:
        return date.fromisoformat(expires) >= date.fromisoformat(started[:10]) - timedelta(days=1)
    except (ValueError, OverflowError):
        return False


def _extension(own: ExtensionResult, report: Report) -> ExtensionResult:
    requirements = tuple(_judged(one, report.started) for one in own.requirements)
    return msgspec.structs.replace(
        own,
        requirements=requirements,
        verdict=claim(requirements, report.level, interrupted=report.interrupted),
        counts=count(r.verdict for r in requirements),
    )
