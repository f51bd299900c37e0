"""What a run is asked to say: which requirements, at which level, with which excuses."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase

from conformance.contract.model import Contract, Level
from conformance.target.configuration import ConfigError
from conformance.verdicts.waivers import Waiver, read_waivers


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run is asked to say: which requirements, at which level, with which excuses."""

    level: Level = "must"
    select: tuple[str, ...] = ()
    deselect: tuple[str, ...] = ()
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())


def selected(contract: Contract, terms: Terms) -> frozenset[str]:
    """The ids that the globs leave. Raises ConfigError for a glob that names no requirement."""
    ids = list(contract.requirements)
    for glob in (*terms.select, *terms.deselect):
        if not any(fnmatchcase(name, glob) for name in ids):
            families = ", ".join(dict.fromkeys(f"{r.family}-*" for r in contract.requirements.values()))
            raise ConfigError(
                f"no requirement is named {glob!r}; allowed: an id or a glob such as {families}"
            )
    chosen = [n for n in ids if not terms.select or any(fnmatchcase(n, g) for g in terms.select)]
    return frozenset(n for n in chosen if not any(fnmatchcase(n, g) for g in terms.deselect))


def terms(options: argparse.Namespace, contract: Contract) -> Terms:
    """What the options ask a run to say. Raises ConfigError."""
    made = Terms(
        level=options.level,
        select=tuple(options.select),
        deselect=tuple(options.deselect),
        waivers=read_waivers(options.waivers, contract) if options.waivers else {},
    )
    selected(contract, made)
    return made
