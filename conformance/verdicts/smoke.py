"""What a smoke run may say: what it found, and how many of the known faults requests like its own find. Never more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from conformance.contract.levels import Level
from conformance.contract.purpose import Kind
from conformance.contract.worth import Worth
from conformance.evidence.between import between
from conformance.evidence.exchange import Evidence
from conformance.verdicts.claim import comes_to
from conformance.verdicts.result import CheckResult, Verdict, worst
from conformance.verdicts.verdict import Report, Smoke

_JUDGED = {Verdict.FAIL, Verdict.ERROR, Verdict.PASS}
_SAYS = "what it has not found is not judged"
Key = TypeVar("Key")


def judged(found: Mapping[Key, tuple[CheckResult, ...]]) -> dict[Key, tuple[CheckResult, ...]]:
    """What was judged: a requirement in which nothing was found, and of which not all was sent, was not."""
    return {key: checks for key, checks in found.items() if worst(c.verdict for c in checks) in _JUDGED}


def promise(evidence: Evidence, level: Level) -> Smoke:
    """What the requests that the endpoint answered find."""
    instead = between(evidence.exchanges)
    answered = [e for e in evidence.exchanges if e.answer and e.number not in instead]
    ordinary = [e.number for e in answered if e.kind is Kind.DOCUMENTED]
    # What must be refused shows nothing without a documented request before and after it.
    seen = {e.probe for e in answered if not e.control or min(ordinary, default=e.number) < e.number < max(ordinary)}
    return Smoke(requests=len({e.probe for e in answered}), finds=Worth(evidence.binding).finds(seen, level))


def narrowed(report: Report, evidence: Evidence) -> Report:
    """The report of a smoke run."""
    smoke = promise(evidence, report.level)
    verdict, code = comes_to(report.verdict, report.exit_code, smoke)
    said = f"a smoke run finds {smoke.finds} % of the faults known at level {report.level}: {_SAYS}"
    return msgspec.structs.replace(
        report,
        scope=msgspec.structs.replace(report.scope, narrowed=True, smoke=smoke),
        verdict=verdict,
        exit_code=int(code),
        notes=(*report.notes, said),
    )
