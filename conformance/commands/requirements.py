"""The catalogue, as people and programs read it: every requirement with the checks that cover it."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase

import msgspec

from conformance.checks.catalogue import checks
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.contract.spelling import counted
from conformance.reporting.output import say
from conformance.reporting.screen import here


def run(options: argparse.Namespace) -> int:
    """Print the catalogue. Raises ConfigError for a glob that names no call."""
    say(catalogue(options.format, _calls(options.call)), options.format)
    return 0


def _calls(globs: list[str]) -> tuple[str, ...]:
    known = documented().calls
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in known):
            allowed = ", ".join(known)
            raise ConfigError(f"requirements --call: no call is named {glob!r}; allowed: {allowed}, or a glob")
    return tuple(name for name in known if not globs or any(fnmatchcase(name, glob) for glob in globs))


def coverage(contract: Contract) -> dict[str, list[str]]:
    """The checks of each requirement, as `file::function[case]` without the binding."""
    found: dict[str, list[str]] = {name: [] for name in contract.requirements}
    for check in checks():
        for case in check.cases_of(contract, tuple(contract.calls), every=True):
            name = f"{check.module.rsplit('.', 1)[-1]}.py::{check.name}"
            named = name + (f"[{case.id}]" if case.id else "")
            if named not in found[case.requirement]:
                found[case.requirement].append(named)
    return found


def catalogue(style: str, calls: tuple[str, ...] = ()) -> str:
    """The catalogue of these calls (default: of all) as `table`, `json` or `markdown`."""
    contract = documented()
    covered = coverage(contract)
    rows_of = [r for r in contract.requirements.values() if r.of(calls or tuple(contract.calls))]
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
            for r in rows_of
        ]
        return (
            msgspec.json.format(msgspec.json.encode({"contract": contract.name, "requirements": rows})).decode() + "\n"
        )
    if style == "markdown":
        lines = ["| id | level | requirement | rests on | checks |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {r.id} | {r.level} | {r.statement} | {r.source} | {len(covered[r.id])} |" for r in rows_of]
        return "\n".join(lines) + "\n"
    screen = here()
    for r in rows_of:
        screen.whole(f"{r.id:<17} {r.level:<9} {counted(len(covered[r.id]), 'check')}")
        screen.say(r.statement, "    ", limit=1_000)
    screen.whole(f"{len(rows_of)} requirements")
    return str(screen)
