"""The kill matrix: requirement by variant, as people and programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from conformance.contract.model import Contract
from conformance.selftest.prove import ROLL_UP, Outcome
from conformance.verdicts.sensitivity import FILE, sensitivities
from conformance.verdicts.verdict import Sensitivity


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement: how many mutants break it, and how many of them it accused."""

    id: str
    level: str
    mutants: int
    killed: int


@dataclass(frozen=True, slots=True)
class OfCall:
    """The variants of one call: mutants and killed ones, correct ones and accused ones."""

    call: str
    mutants: int
    killed: int
    correct: int
    accused: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """What came of all variants. stale: the requirements of which the shipped numbers are others."""

    rows: tuple[Row, ...]
    outcomes: tuple[Outcome, ...]
    unaimed: tuple[str, ...]
    stale: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[OfCall, ...]:
        """What came of the variants, call by call."""
        found = []
        for call in dict.fromkeys(o.call for o in self.outcomes):
            own = [o for o in self.outcomes if o.call == call]
            bad = [o for o in own if o.kind == "mutant"]
            good = [o for o in own if o.kind == "correct"]
            killed, accused = sum(not o.trouble for o in bad), sum(bool(o.trouble) for o in good)
            found.append(OfCall(call, len(bad), killed, len(good), accused))
        return tuple(found)

    @property
    def mutants(self) -> int:
        return sum(o.kind == "mutant" for o in self.outcomes)

    @property
    def killed(self) -> int:
        return sum(o.kind == "mutant" and not o.trouble for o in self.outcomes)

    @property
    def accused(self) -> int:
        return sum(o.kind == "correct" and bool(o.trouble) for o in self.outcomes)

    @property
    def proved(self) -> bool:
        """Every mutant killed by the right requirement, no correct variant accused, no requirement without one."""
        whole = not self.unaimed and not self.stale
        return bool(self.outcomes) and whole and not any(o.trouble for o in self.outcomes)

    @property
    def sentence(self) -> str:
        correct = len(self.outcomes) - self.mutants
        bare = f"; without a mutant: {', '.join(self.unaimed)}" if self.unaimed else ""
        bare += f"; reports/{FILE} is not current: {', '.join(self.stale)}" if self.stale else ""
        return (
            f"{self.killed} of {self.mutants} mutants killed by the requirement they break;"
            f" {self.accused} of {correct} correct variants accused{bare}"
        )


def matrix(outcomes: Sequence[Outcome], contract: Contract, *, partial: bool) -> Matrix:
    """The matrix of outcomes; of a part of the variants, requirements without a mutant are no fault."""
    rows = []
    for requirement in contract.requirements.values():
        aimed = [o for o in outcomes if o.kind == "mutant" and _aims(o, requirement.id, contract)]
        killed = sum(requirement.id in o.accused for o in aimed)
        rows.append(Row(requirement.id, requirement.level, len(aimed), killed))
    bare = [r.id for r in rows if r.level != "advisory" and not r.mutants]
    unaimed = () if partial else tuple(bare)
    made = Matrix(tuple(rows), tuple(outcomes), unaimed)
    known, now = sensitivities(), sensitivity(made)
    stale = () if partial else tuple(n for n in contract.requirements if known.get(n) != now.get(n))
    return replace(made, stale=stale)


def sensitivity(of: Matrix) -> dict[str, Sensitivity]:
    """The numbers that ship with the suite."""
    return {r.id: Sensitivity(killed=r.killed, known=r.mutants) for r in of.rows if r.mutants}


def _aims(outcome: Outcome, requirement: str, contract: Contract) -> bool:
    """Whether a mutant breaks a requirement; what breaks a response schema at must breaks the roll-up, ENV-02."""
    name, _, rest = outcome.id.partition(".")
    of_a_schema = name in contract.calls and not rest.startswith("error.")
    stated = any(contract.requirements[broken].level == "must" for broken in outcome.breaks)
    return (requirement == ROLL_UP and of_a_schema and stated) or requirement in outcome.breaks


def table(of: Matrix) -> str:
    """For a terminal: requirements, then whatever went wrong."""
    lines = [f"{'requirement':<18} {'level':<9} {'mutants':>7} {'killed':>7}"]
    lines += [f"{r.id:<18} {r.level:<9} {r.mutants:>7} {r.killed:>7}{_mark(r)}" for r in of.rows if r.mutants]
    if len(of.calls) > 1:
        lines += ["", f"{'call':<26} {'mutants':>9} {'killed':>7} {'correct':>8} {'accused':>8}"]
        lines += [f"{c.call:<26} {c.mutants:>9} {c.killed:>7} {c.correct:>8} {c.accused:>8}" for c in of.calls]
    wrong = [o for o in of.outcomes if o.trouble]
    if wrong:
        lines += ["", *(f"{o.kind.upper():<8} {o.id}: {o.title} {o.trouble}" for o in wrong)]
    return "\n".join([*lines, "", of.sentence]) + "\n"


def _mark(row: Row) -> str:
    return "" if row.killed == row.mutants else "   LOST ITS TEETH"


def markdown(of: Matrix) -> str:
    """For a page: one row per requirement, and what went wrong."""
    lines = ["| requirement | level | mutants | killed |", "| --- | --- | ---: | ---: |"]
    lines += [f"| {r.id} | {r.level} | {r.mutants} | {r.killed} |" for r in of.rows if r.mutants]
    if len(of.calls) > 1:
        lines += ["", "| call | mutants | killed | correct variants | accused |"]
        lines += ["| --- | ---: | ---: | ---: | ---: |"]
        lines += [f"| {c.call} | {c.mutants} | {c.killed} | {c.correct} | {c.accused} |" for c in of.calls]
    wrong = [f"- `{o.id}`: {o.trouble}" for o in of.outcomes if o.trouble]
    return "\n".join([*lines, "", *wrong, *([""] if wrong else []), f"{of.sentence}."]) + "\n"


def as_json(of: Matrix) -> str:
    """For programs: rows, outcomes, and whether it is proved."""
    data = {
        "proved": of.proved,
        "sentence": of.sentence,
        "requirements": of.rows,
        "without_mutant": of.unaimed,
        "variants": of.outcomes,
    }
    return msgspec.json.format(msgspec.json.encode(data)).decode() + "\n"


def grid(of: Matrix) -> dict[str, Any]:
    """What a page without scripts shows: exceptions, the grid, then every variant with what accused it."""
    mutants = [o for o in of.outcomes if o.kind == "mutant"]
    families = list(dict.fromkeys(name.split("-")[0] for o in mutants for name in o.breaks[:1]))
    groups = [("Correct", [o for o in of.outcomes if o.kind == "correct"])]
    groups += [(f"Mutants that break {family}", _breaking(mutants, family)) for family in families]
    return {
        "sentence": of.sentence,
        "wrong": [o for o in of.outcomes if o.trouble],
        "families": families,
        "rows": [
            {
                "id": row.id,
                "level": row.level,
                "mutants": row.mutants,
                "killed": row.killed,
                "cells": [sum(row.id in o.accused for o in _breaking(mutants, family)) for family in families],
            }
            for row in of.rows
            if row.mutants
        ],
        "groups": [{"name": name, "outcomes": outcomes} for name, outcomes in groups if outcomes],
    }


def _breaking(mutants: Sequence[Outcome], family: str) -> list[Outcome]:
    """The mutants that break a requirement of a family before all."""
    return [o for o in mutants if o.breaks and o.breaks[0].split("-")[0] == family]
