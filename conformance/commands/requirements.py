"""The catalogue, as people and programs read it: every requirement with the checks that cover it."""

from __future__ import annotations

import argparse
import textwrap

import msgspec

from conformance.checks.catalogue import checks
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.reporting.output import say


def run(options: argparse.Namespace) -> int:
    """Print the catalogue."""
    say(catalogue(options.format), options.format)
    return 0


def coverage(contract: Contract) -> dict[str, list[str]]:
    """The checks of each requirement, as `file::function[case]` without the binding."""
    found: dict[str, list[str]] = {name: [] for name in contract.requirements}
    for check in checks():
        for case in check.cases_of(contract, tuple(contract.calls)):
            name = f"{check.module.rsplit('.', 1)[-1]}.py::{check.name}"
            named = name + (f"[{case.id}]" if case.id else "")
            if named not in found[case.requirement]:
                found[case.requirement].append(named)
    return found


def catalogue(style: str) -> str:
    """The catalogue as `table`, `json` or `markdown`."""
    contract = documented()
    covered = coverage(contract)
    if style == "json":
        rows = [
            {
                "id": r.id,
                "level": r.level,
                "title": r.statement,
                "source": r.source,
                "quote": r.quote,
                "checks": covered[r.id],
            }
            for r in contract.requirements.values()
        ]
        return (
            msgspec.json.format(
                msgspec.json.encode({"contract": contract.name, "requirements": rows})
            ).decode()
            + "\n"
        )
    if style == "markdown":
        lines = ["| id | level | requirement | rests on | checks |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| {r.id} | {r.level} | {r.statement} | {r.source} | {len(covered[r.id])} |"
            for r in contract.requirements.values()
        ]
        return "\n".join(lines) + "\n"
    lines = []
    for r in contract.requirements.values():
        checks_ = f"{len(covered[r.id])} check{'s' if len(covered[r.id]) != 1 else ''}"
        body = textwrap.fill(r.statement, 78, initial_indent="    ", subsequent_indent="    ")
        lines.append(f"{r.id:<17} {r.level:<9} {checks_}\n{body}")
    return "\n".join(lines) + f"\n{len(contract.requirements)} requirements\n"
