"""Completeness: a requirement of which any check did not run has not passed, whoever left that check out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.checks.catalogue import Check, Judgement, check_id, chosen_checks
from conformance.contract.model import Contract
from conformance.evidence.exchange import Evidence
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.verdict import RequirementResult, Scope

Results = Mapping[Judgement, Sequence[CheckResult]]


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the judging was to go, and how far it came.

    wanted: ids of the checks that were to run; None for every check of what is selected.
    trouble: how the suite itself broke down, in one line; "" where it did not.
    """

    wanted: Collection[str] | None = None
    interrupted: bool = False
    trouble: str = ""

    def asks_for(self, check: str) -> bool:
        """Whether a check was to run."""
        return self.wanted is None or check in self.wanted

    def without(self, check: str, title: str) -> CheckResult:
        """What stands for a check that did not run."""
        name = check.rpartition("::")[2]
        if not self.asks_for(check):
            reason = f"{name} was left out of this run (-k, -m, --deselect or a path)"
        elif self.trouble:
            return CheckResult(id=check, title=title, verdict=Verdict.ERROR, reason=self.trouble)
        else:
            reason = f"the run {'was interrupted' if self.interrupted else 'ended'} before {name}"
        return CheckResult(id=check, title=title, verdict=Verdict.INCONCLUSIVE, reason=reason)


def completed(
    results: Results,
    contract: Contract,
    evidence: Evidence,
    selected: frozenset[Judgement],
    extent: Extent,
    *,
    checks: Sequence[Check] | None = None,
) -> dict[Judgement, tuple[CheckResult, ...]]:
    """The results of each judgement that was to be made, with one for every check of the catalogue.

    checks: the catalogue, where it is not the suite's.
    One of which no check was wanted is left out: nobody asked for it.
    """
    made: dict[Judgement, tuple[CheckResult, ...]] = {}
    catalogue: dict[Judgement, dict[str, str]] = {}
    for check, case in chosen_checks(contract, selected, evidence.calls, checks):
        name = check_id(check, evidence.binding, case, contract)
        catalogue.setdefault((case.requirement, case.call), {})[name] = check.title
    for judgement in selected:
        found, known = tuple(results.get(judgement, ())), catalogue.get(judgement, {})
        if not found and not any(map(extent.asks_for, known)):
            continue
        ran = {check.id for check in found}
        made[judgement] = (*found, *(extent.without(c, title) for c, title in known.items() if c not in ran))
    return made


def scope(requirements: Iterable[RequirementResult], extent: Extent, left_out: tuple[str, ...] = ()) -> Scope:
    """How much of the catalogue of its calls a run was asked to judge, and how much it did."""
    of = list(requirements)
    in_part = tuple(r.address for r in of if not all(extent.asks_for(check.id) for check in r.checks))
    judged = sum(r.selected and r.verdict in {Verdict.PASS, Verdict.FAIL} for r in of)
    narrowed = bool(in_part or left_out) or not all(r.selected for r in of)
    return Scope(narrowed=narrowed, judged=judged, requirements=len(of), in_part=in_part)
