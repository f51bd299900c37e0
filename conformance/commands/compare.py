"""`compare`: two or more results side by side. What changed, requirement by requirement, since the first of them."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from conformance.contract.given import ConfigError
from conformance.reporting import escape
from conformance.reporting.output import command, note, say
from conformance.reporting.screen import here
from conformance.reporting.write import write
from conformance.verdicts.causes import causes, in_short
from conformance.verdicts.comparison import Comparison, Row
from conformance.verdicts.findings import standing, why
from conformance.verdicts.reading import read_bytes, report_of
from conformance.verdicts.verdict import ExitCode, Report, RequirementResult

_ZIP = b"PK\x03\x04"
_HISTORY = ".jsonl"
_ALLOWED = "report.json files, folders of runs, packages, and a history as the first"


def run(options: argparse.Namespace) -> int:
    """Print the comparison; returns 1 for a regression, if asked to."""
    if options.allow and not options.fail_on_regression:
        raise ConfigError("--allow is allowed with --fail-on-regression, which it loosens")
    if options.fail_on_extension and not options.fail_on_regression:
        raise ConfigError("--fail-on-extension is allowed with --fail-on-regression, which it widens")
    if options.overview:
        return _overview(options)
    if options.reports:
        raise ConfigError("--reports is allowed with --overview only; a comparison is printed")
    if len(options.results) < 2:
        raise ConfigError(f"compare needs two results or more; allowed: {_ALLOWED}")
    names, reports = zip(*_results(options.results), strict=True)
    found = Comparison(names, reports, frozenset(options.allow), options.fail_on_extension)
    say(FORMATS[options.format](found), options.format)
    fails = found.fails if options.fail_on_regression else ()
    if fails:
        note(f"exit code 1, by --fail-on-regression: {'; '.join(fails)}")
    return ExitCode.NONCONFORMING if fails else ExitCode.CONFORMING


def _results(places: Sequence[Path]) -> Iterator[tuple[str, Report]]:
    """The reports, each as it is called; a history stands for the last run before the second of them."""
    first, *others = places
    read = [read_result(place) for place in others]
    yield _night_before(first, read[0][1]) if first.suffix == _HISTORY else read_result(first)
    yield from read


def _night_before(file: Path, later: Report) -> tuple[str, Report]:
    from conformance.verdicts.night_before import night_before  # noqa: PLC0415  few results are a history

    return night_before(file, later)


def read_result(place: Path) -> tuple[str, Report]:
    """A report and how it is called: of a folder, a file, or a package, of which nothing is written anywhere."""
    if place.suffix == _HISTORY:
        raise ConfigError(
            f"{place} is a history; allowed: as the first result of compare, for the last run before the second"
        )
    file = place / "report.json" if place.is_dir() else place
    data = read_bytes(file)
    if not data.startswith(_ZIP):
        return str(place), report_of(file, data)
    from conformance.submissions.package import REPORT, read_package  # noqa: PLC0415  few results are one

    return f"{place} (a package, as its maker says: `verify` tells what it is worth)", report_of(
        file, read_package(file).files[REPORT]
    )


def _overview(options: argparse.Namespace) -> int:
    """Merge results of many targets; returns the exit code of the worst."""
    from conformance.reporting import ci  # noqa: PLC0415
    from conformance.reporting import overview as shown  # noqa: PLC0415
    from conformance.reporting.folder import OVERVIEW, reports_folder  # noqa: PLC0415
    from conformance.verdicts.fleet import merged  # noqa: PLC0415

    if options.fail_on_regression:
        raise ConfigError("--fail-on-regression compares; allowed without --overview")
    made = merged(options.results, options.reports or Path.cwd())
    if options.reports:
        write(reports_folder(options.reports, OVERVIEW), shown.files(made))
    say(shown.FORMATS[options.format](made), options.format)
    if options.reports:
        lines = ci.tell(ci.of_fleet(made, options.reports / "overview.html"), os.environ)
        command(lines if options.format == "table" else "")
    return made.exit_code


def _column(report: Report) -> str:
    target = report.target
    return f"{target.name} at {target.endpoint}, {report.started}: {standing(report)}"


def _cell(result: RequirementResult | None, change: str = "") -> str:
    if result is None:
        return "absent"
    word = result.verdict.value.replace("_", " ") if result.selected else "not selected"
    extra = ", ".join(filter(None, (f"waived until {result.waiver.until}" if result.waiver else "", change)))
    return f"{word} ({extra})" if extra else word


def _reasons(row: Row) -> Iterator[tuple[int, str]]:
    """The reasons that belong to a row's differences: of the first report, and of those that differ from it."""
    for n, (result, change) in enumerate(zip(row.results, row.changes, strict=True), 1):
        if result and result.selected and (change or n == 1) and (said := why(result)):
            yield n, said


def table(found: Comparison) -> str:
    """As text for a terminal."""
    screen = here(whole=True, color=False)
    for remark in found.notes:
        screen.say(remark, "Note: ", 2)
    for n, (file, report) in enumerate(zip(found.names, found.reports, strict=True), 1):
        screen.say(f"{file}: {_column(report)}", f"[{n}] ")
        if first := in_short(causes(report)):
            screen.say(first, "    ")
    cells = [[row.id, row.level, *map(_cell, row.results, row.changes)] for row in found.everything]
    head = ["requirement", "level", *(f"[{n}]" for n in range(1, len(found.reports) + 1))]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    if cells:
        screen.whole("")
        screen.whole(_aligned(head, widths))
    last: list[tuple[int, str]] = []
    for row, words in zip(found.everything, cells, strict=True):
        screen.whole(_aligned(words, widths))
        told = list(_reasons(row))
        alike = [(n, re.sub(r"\b[0-9]{3}\b", "NNN", said)) for n, said in told]
        for n, said in told if alike != last else ():
            screen.say(said, f"    [{n}] ", limit=300)
        last = alike
    screen.whole("")
    screen.say(found.sentence)
    return str(screen)


def _aligned(words: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        f"{escape.terminal(w, limit=60):{min(size, 60)}}" for w, size in zip(words, widths, strict=True)
    ).rstrip()


def markdown(found: Comparison) -> str:
    """In GitHub Flavored Markdown, strangers' text in code spans only."""
    lines = [f"**{found.sentence}**", ""]
    lines += [f"- note: {escape.markdown(note)}" for note in found.notes]
    for n, (file, report) in enumerate(zip(found.names, found.reports, strict=True), 1):
        lines.append(f"- [{n}] {escape.markdown(file)}: {escape.markdown(_column(report))}")
        lines += [f"  - {escape.markdown(first)}" for first in [in_short(causes(report))] if first]
    if found.everything:
        numbers = "".join(f" [{n}] |" for n in range(1, len(found.reports) + 1))
        lines += ["", f"| Requirement | Level |{numbers} Reasons |", "|---" * (len(found.reports) + 3) + "|"]
    for row in found.everything:
        cells = " | ".join(map(_cell, row.results, row.changes))
        said = "<br>".join(f"[{n}] {escape.markdown(text, limit=200, cell=True)}" for n, text in _reasons(row))
        lines.append(f"| {escape.markdown(row.id, cell=True)} | {row.level} | {cells} | {said} |")
    return "\n".join(lines) + "\n"


def as_json(found: Comparison) -> str:
    """For programs: the rows that differ, with the verdicts and reasons of every report."""
    made = {
        "format": 1,
        "reports": [
            {
                "file": file,
                "target": r.target.name,
                "endpoint": r.target.endpoint,
                "started": r.started,
                "contract": r.suite.contract,
                "verdict": r.verdict.value,
                "exit_code": r.exit_code,
            }
            for file, r in zip(found.names, found.reports, strict=True)
        ],
        "notes": found.notes,
        "less": [
            {"report": n, "word": one.word, "said": one.said, "allowed": one.word in found.allow}
            for n, one in found.unlike
            if one.word
        ],
        "edited": found.unfounded,
        "fails": found.fails,
        "regressions": [row.id for row in found.regressions],
        "requirements": [_as_data(row) for row in found.rows],
        "extensions": [{"extension": row.extension} | _as_data(row) for row in found.own],
    }
    return escape.json(json.dumps(made, ensure_ascii=False, indent=2)) + "\n"


def _as_data(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "level": row.level,
        "title": row.title,
        "changes": row.changes,
        "verdicts": [r.verdict.value if r else None for r in row.results],
        "selected": [r.selected if r else None for r in row.results],
        "reasons": [why(r) if r else None for r in row.results],
    }


def html(found: Comparison) -> str:
    """One page without scripts: the conclusion, what is not alike, the runs, regressions first."""
    from conformance.reporting.pages import page  # noqa: PLC0415  only where a page is asked for

    told = [cause for report in (found.reports[-1], found.reports[0]) for cause in causes(report)]
    place = {r.address: (n, m) for n, c in enumerate(told) for m, r in enumerate(c.requirements)}
    last = (len(told), 0)
    groups: dict[str, dict[tuple[object, ...], dict[str, Any]]] = {name: {} for name, _ in _GROUPS}
    for row in sorted(found.everything, key=lambda one: place.get(one.id, last)):
        cells = tuple(map(_cell, row.results, row.changes))
        alike = (place[row.id][0] if row.id in place else row.id, cells)
        card = groups[_group(row)].setdefault(alike, _as_card(row, cells))
        card["ids"].append((row.id, row.level))
    runs = enumerate(zip(found.names, found.reports, strict=True), 1)
    return page(
        "comparison.html.jinja",
        title="Comparison - connect-conformance",
        found=found,
        runs=[
            {
                "number": n,
                "file": file,
                "report": report,
                "standing": standing(report),
                "cause": in_short(causes(report)),
            }
            for n, (file, report) in runs
        ],
        groups=[
            {
                "name": name,
                "word": word,
                "rows": list(groups[name].values()),
                "number": sum(len(card["ids"]) for card in groups[name].values()),
            }
            for name, word in _GROUPS
        ],
    )


_REGRESSIONS, _HIDDEN = "Regressions", "Hidden: failed, and cannot be judged any more"
_LESS = "Less is known, or excused"
_WORSE, _BETTER, _OTHER = "Worse, and advisory", "Better", "Changed in another way"
_GROUPS = (
    (_REGRESSIONS, "fail"),
    (_HIDDEN, "inconclusive"),
    (_LESS, "inconclusive"),
    (_WORSE, ""),
    (_BETTER, "pass"),
    (_OTHER, ""),
)


def _group(row: Row) -> str:
    """Under which heading a row stands: the weightiest of its changes."""
    if "worse" in row.changes:
        return _REGRESSIONS if row.regressed else _WORSE
    if "hidden" in row.changes:
        return _HIDDEN
    return _LESS if any(row.words) else _BETTER if "better" in row.changes else _OTHER


def _as_card(row: Row, cells: tuple[str, ...]) -> dict[str, Any]:
    whys = (why(result) if result else "" for result in row.results)
    told = [{"word": word, "why": said} for word, said in zip(cells, whys, strict=True)]
    return {"ids": [], "title": row.title, "cells": told}


FORMATS = {"table": table, "json": as_json, "markdown": markdown, "html": html}
