"""What a pass is worth: what of a run it rests on, and how many known faults of its kind the suite finds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

import msgspec

from conformance.checks.catalogue import checks
from conformance.contract.levels import Level
from conformance.contract.load import folder
from conformance.contract.model import Contract
from conformance.contract.purpose import Wishes
from conformance.evidence.exchange import Evidence
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.verdict import Carried, Sensitivity

FILE = "sensitivity.json"


@cache
def sensitivities() -> dict[str, Sensitivity]:
    """By requirement, how many of its mutants `prove` has accused by it; `prove` fails where this is not current."""
    data = (folder("reports") / FILE).read_bytes()
    return msgspec.json.decode(data, type=dict[str, Sensitivity])


def looked_at(contract: Contract, calls: tuple[str, ...], levels: Collection[Level]) -> list[Wishes]:
    """What each check of requirements of these levels looks at, where that is not every exchange."""
    return [
        frozenset(check.wishes(case))
        for check in checks()
        for case in check.cases_of(contract, calls)
        if check.kinds and contract.requirements[case.requirement].level in levels
    ]


def carried(checks: Sequence[CheckResult], evidence: Evidence) -> Carried:
    """What the checks that passed have looked at."""
    seen = {n for check in checks if check.verdict is Verdict.PASS for n in check.exchanges}
    answered = [e for e in evidence.exchanges if e.number in seen and e.answer]
    return Carried(
        answers=len(answered),
        bindings=len({e.binding for e in answered}),
        connections=len({e.connection for e in answered}),
        states=len({e.state for e in answered} - {""}),
    )
