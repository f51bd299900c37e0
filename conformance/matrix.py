"""The kill matrix: requirement by variant, as people and programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from markupsafe import escape

from conformance.contract import Contract
from conformance.prove import Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement: how many mutants break it, and how many of them it accused."""

    id: str
    level: str
    mutants: int
    killed: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """What came of all variants."""

    rows: tuple[Row, ...]
    outcomes: tuple[Outcome, ...]
    naked: tuple[str, ...]

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
        return bool(self.outcomes) and not self.naked and not any(o.trouble for o in self.outcomes)

    @property
    def sentence(self) -> str:
        correct = len(self.outcomes) - self.mutants
        bare = f"; without a mutant: {', '.join(self.naked)}" if self.naked else ""
        return (
            f"{self.killed} of {self.mutants} mutants killed by the requirement they break;"
            f" {self.accused} of {correct} correct variants accused{bare}"
        )


def matrix(outcomes: Sequence[Outcome], contract: Contract, *, partial: bool) -> Matrix:
    """The matrix of outcomes; of a part of the variants, requirements without a mutant are no fault."""
    rows = []
    for requirement in contract.requirements.values():
        aimed = [o for o in outcomes if o.kind == "mutant" and requirement.id in o.breaks]
        killed = sum(requirement.id in o.accused for o in aimed)
        rows.append(Row(requirement.id, requirement.level, len(aimed), killed))
    naked = () if partial else tuple(r.id for r in rows if r.level != "advisory" and not r.mutants)
    return Matrix(tuple(rows), tuple(outcomes), naked)


def table(of: Matrix) -> str:
    """For a terminal: requirements, then whatever went wrong."""
    lines = [f"{'requirement':<18} {'level':<9} {'mutants':>7} {'killed':>7}"]
    lines += [f"{r.id:<18} {r.level:<9} {r.mutants:>7} {r.killed:>7}{_mark(r)}" for r in of.rows if r.mutants]
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
    wrong = [f"- `{o.id}`: {o.trouble}" for o in of.outcomes if o.trouble]
    return "\n".join([*lines, "", *wrong, *([""] if wrong else []), f"{of.sentence}."]) + "\n"


def as_json(of: Matrix) -> str:
    """For programs: rows, outcomes, and whether it is proved."""
    data = {
        "proved": of.proved,
        "sentence": of.sentence,
        "requirements": of.rows,
        "without_mutant": of.naked,
        "variants": of.outcomes,
    }
    return msgspec.json.format(msgspec.json.encode(data)).decode() + "\n"


def html(of: Matrix) -> str:
    """A page of its own, without scripts: requirements, then every variant with what accused it."""
    rows = "".join(
        f"<tr><th scope=row>{escape(r.id)}<td>{escape(r.level)}<td>{r.mutants}<td>{r.killed}"
        for r in of.rows
        if r.mutants
    )
    variants = "".join(
        f"<tr><th scope=row>{escape(o.id)}<td>{escape(o.kind)}<td>{escape(o.title)}<td>{escape(', '.join(o.breaks))}"
        f"<td>{escape(', '.join(o.accused))}<td>{escape(o.trouble or 'as it should be')}"
        for o in of.outcomes
    )
    headings = ("variant", "kind", "what is different", "breaks", "accused by", "outcome")
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Kill matrix</title>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style><main><h1>Kill matrix</h1><p>{escape(of.sentence)}.<h2>Requirements</h2>"
        f"{_html_table(('requirement', 'level', 'mutants', 'killed'), rows)}<h2>Variants</h2>"
        f"{_html_table(headings, variants)}</main>\n"
    )


_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse}.wide{overflow-x:auto}"
    "th,td{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #bbb;vertical-align:top}"
)


def _html_table(headings: Sequence[str], rows: str) -> str:
    head = "".join(f"<th scope=col>{heading}" for heading in headings)
    return f"<div class=wide tabindex=0><table><thead><tr>{head}<tbody>{rows}</table></div>"


FORMATS = {"table": table, "json": as_json, "markdown": markdown, "html": html}
