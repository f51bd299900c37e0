"""What a run is asked to say: which requirements, at which level, with which excuses."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from conformance.checks.catalogue import Check, Judgement, chosen_checks, judgements, wishes_of
from conformance.contract.given import ConfigError
from conformance.contract.levels import Level
from conformance.contract.model import Contract
from conformance.contract.purpose import Wishes
from conformance.contract.spelling import meant
from conformance.verdicts.naming import names
from conformance.verdicts.policy import Policy, read_policy
from conformance.verdicts.waivers import Waiver, read_waivers


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run is asked to say: which requirements, at which level, with which excuses, by whose rules.

    fail_on_extension: whether requirements of a user's own count for the exit code as those of the contract do.
    suggestions: whether the smallest change is looked for with which a failing answer would pass.
    """

    level: Level = "must"
    select: tuple[str, ...] = ()
    deselect: tuple[str, ...] = ()
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    policy: Policy | None = None
    fail_on_extension: bool = False
    suggestions: bool = True
    today: date = field(default_factory=lambda: datetime.now(UTC).date())


def selected(
    contract: Contract, terms: Terms, calls: tuple[str, ...] = (), checks: Sequence[Check] | None = None
) -> frozenset[Judgement]:
    """The judgements about these calls that the globs leave (default: the call that the page documents).

    checks: the catalogue, where it is not the suite's.
    Raises ConfigError for a glob that names none.
    """
    for name in calls:
        if name not in contract.calls:
            raise ConfigError(
                f"the contract has no call {name!r}{meant(name, contract.calls)}; allowed: {', '.join(contract.calls)}"
            )
    rows = contract.requirements.values()
    every = judgements(contract, calls or (contract.call.name,), checks)
    for glob in (*terms.select, *terms.deselect):
        if not any(names(glob, *one) for one in every):
            if glob.upper().startswith("X-"):
                raise ConfigError(
                    f"no requirement of the contract is named {glob!r}, and an extension is always judged whole;"
                    " allowed: --extension DIR, without a glob for it"
                )
            families = ", ".join(dict.fromkeys(f"{row.family}-*" for row in rows))
            raise ConfigError(
                f"no requirement is named {glob!r}{meant(glob, contract.requirements)}; allowed: an id or a glob such"
                f" as {families}"
            )
    chosen = [one for one in every if not terms.select or any(names(g, *one) for g in terms.select)]
    return frozenset(one for one in chosen if not any(names(g, *one) for g in terms.deselect))


def wishes(contract: Contract, terms: Terms, calls: tuple[str, ...]) -> Wishes:
    """What has to be sent for what the terms ask. Raises ConfigError for a glob that names nothing."""
    return wishes_of(chosen_checks(contract, selected(contract, terms, calls), calls))


def terms(options: argparse.Namespace, contract: Contract) -> Terms:
    """What the options ask a run to say. Raises ConfigError."""
    made = Terms(
        level=options.level,
        select=tuple(options.select),
        deselect=tuple(options.deselect),
        waivers=read_waivers(options.waivers, contract) if options.waivers else {},
        policy=read_policy(options.policy, contract) if options.policy else None,
        fail_on_extension=options.fail_on_extension,
        suggestions=not options.no_suggestions,
    )
    if made.select or made.deselect:  # each must name something
        selected(contract, made, tuple(contract.calls))
    return made
