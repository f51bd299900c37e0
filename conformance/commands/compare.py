"""`compare`: two or more results side by side. What changed, requirement by requirement, since the first of them."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from conformance.checks.outcome import Verdict
from conformance.reporting import inert
from conformance.reporting.output import say
from conformance.reporting.write import write
from conformance.target.configuration import ConfigError
from conformance.verdicts.findings import standing, why
from conformance.verdicts.reading import read_report
from conformance.verdicts.verdict import ExitCode, Report, RequirementResult

# The lattice of verdicts. To have passed and to have no subject are equally good: neither is worse than the other.
_RANK = {
    Verdict.ERROR: 3,
    Verdict.FAIL: 2,
    Verdict.INCONCLUSIVE: 1,
    Verdict.PASS: 0,
    Verdict.NOT_APPLICABLE: 0,
}
_COUNTED = {"must", "should"}


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement: its result in every report (None where it is absent), and how each differs from the first.

    changes: worse, better, changed (verdict or reason), new, gone, not compared (selected in one only), or "".
    extension: whose requirement it is, where it is a user's own.
    """

    id: str
    level: str
    title: str
    results: tuple[RequirementResult | None, ...]
    changes: tuple[str, ...]
    extension: str = ""

    @property
    def regressed(self) -> bool:
        return self.level in _COUNTED and "worse" in self.changes


@dataclass(frozen=True)
class Comparison:
    """Reports, the first of which is what the others are held against."""

    files: tuple[Path, ...]
    reports: tuple[Report, ...]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every requirement that differs anywhere, in the order of the catalogue."""
        return _differing([{r.address: r for r in _judged(report)} for report in self.reports])

    @cached_property
    def own(self) -> tuple[Row, ...]:
        """The same of the users' own requirements."""
        names = dict.fromkeys(own.name for report in self.reports for own in report.extensions)
        return tuple(row for name in names for row in _differing(list(_theirs(self.reports, name)), name))

    @property
    def everything(self) -> tuple[Row, ...]:
        return (*self.rows, *self.own)

    def regressions(self, *, extensions: bool = False) -> tuple[Row, ...]:
        """What got worse and counts: of the contract, and of extensions where that is asked for."""
        return tuple(row for row in (self.everything if extensions else self.rows) if row.regressed)

    @property
    def notes(self) -> tuple[str, ...]:
        """What makes the reports less than comparable."""
        return tuple(
            f"[{n}] {note}"
            for n, report in enumerate(self.reports[1:], 2)
            for note in _differences(self.reports[0], report)
        ) + tuple(
            f"[{n}] was interrupted before its end" for n, r in enumerate(self.reports, 1) if r.interrupted
        )

    @property
    def sentence(self) -> str:
        """What it comes to."""
        said = _sentence(self.rows) if self.rows else "Nothing changed."
        return said + (f" Of extensions, {_sentence(self.own)}" if self.own else "")


def run(options: argparse.Namespace) -> int:
    """Print the comparison; returns 1 for a regression, if asked to."""
    if options.fail_on_extension and not options.fail_on_regression:
        raise ConfigError("--fail-on-extension is allowed with --fail-on-regression, which it widens")
    if options.overview:
        return _overview(options)
    if options.reports:
        raise ConfigError("--reports is allowed with --overview only; a comparison is printed")
    if len(options.results) < 2:
        raise ConfigError("compare needs two results or more; allowed: report.json files or folders of runs")
    found = Comparison(tuple(options.results), tuple(map(read_report, options.results)))
    say(FORMATS[options.format](found), options.format)
    regressed = options.fail_on_regression and found.regressions(extensions=options.fail_on_extension)
    return ExitCode.NONCONFORMING if regressed else ExitCode.CONFORMING


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
        say(lines if options.format == "table" else "")
    return made.exit_code


def _judged(report: Report) -> Iterator[RequirementResult]:
    """The results of a report; what it judged in part only is as unknown as what it left out."""
    for result in report.requirements:
        in_part = result.address in report.scope.in_part and result.verdict is not Verdict.FAIL
        yield msgspec.structs.replace(result, selected=False) if in_part else result


def _theirs(reports: Sequence[Report], name: str) -> Iterator[dict[str, RequirementResult]]:
    """What each report says of an extension."""
    for report in reports:
        yield {r.address: r for own in report.extensions if own.name == name for r in own.requirements}


def _differing(by_id: Sequence[dict[str, RequirementResult]], extension: str = "") -> tuple[Row, ...]:
    """The requirements that are not alike in all reports."""
    names = dict.fromkeys(name for results in by_id for name in results)
    rows = (_row([results.get(name) for results in by_id], extension) for name in names)
    return tuple(row for row in rows if any(row.changes))


def _sentence(rows: Sequence[Row]) -> str:
    worse = [row for row in rows if "worse" in row.changes]
    better = sum("better" in row.changes for row in rows)
    below = sum(not row.regressed for row in worse)
    apart = f" ({below} of them advisory, which is no regression)" if below else ""
    return f"{len(rows)} requirements differ: {len(worse)} got worse{apart}, {better} got better."


def _row(results: Sequence[RequirementResult | None], extension: str) -> Row:
    known = next(r for r in reversed(results) if r)
    changes = ("", *(_change(results[0], result) for result in results[1:]))
    return Row(known.address, known.level, known.title, tuple(results), changes, extension)


def _change(before: RequirementResult | None, after: RequirementResult | None) -> str:
    if before is None or after is None:
        return "new" if after else "gone" if before else ""
    if not (before.selected and after.selected):
        return "not compared" if before.selected or after.selected else ""
    if _rank(before) != _rank(after):
        return "worse" if _rank(after) > _rank(before) else "better"
    same = (before.verdict, bool(before.waiver)) == (after.verdict, bool(after.waiver))
    # What passed may say how fast or how often; that differs every night.
    return "" if same and (after.verdict is Verdict.PASS or why(before) == why(after)) else "changed"


def _rank(result: RequirementResult) -> int:
    """A waived failure is excused, so it is nobody's regression until the waiver ends."""
    return 0 if result.verdict is Verdict.FAIL and result.waiver else _RANK[result.verdict]


def _differences(first: Report, other: Report) -> Iterator[str]:
    """Of what is judged and how, not of what was found."""
    pairs = {
        "contract": (first.suite.contract, other.suite.contract),
        "version of the suite": (first.suite.version, other.suite.version),
        "level": (first.level, other.level),
        "binding": (first.target.binding, other.target.binding),
        "accepted interpretations": (_accepted(first), _accepted(other)),
    }
    for what, (here, there) in pairs.items():
        if here != there:
            yield f"has another {what} than [1]: {there}, not {here}"


def _accepted(report: Report) -> str:
    return " ".join(report.target.accept) or "none"


def _column(report: Report) -> str:
    target = report.target
    return f"{target.name} at {target.endpoint}, {report.started}: {standing(report)}"


def _cell(result: RequirementResult | None, change: str = "") -> str:
    if result is None:
        return "absent"
    word = result.verdict.value.replace("_", " ") if result.selected else "not selected"
    extra = ", ".join(filter(None, ("waived" if result.waiver else "", change)))
    return f"{word} ({extra})" if extra else word


def _reasons(row: Row) -> Iterator[tuple[int, str]]:
    """The reasons that belong to a row's differences: of the first report, and of those that differ from it."""
    for n, (result, change) in enumerate(zip(row.results, row.changes, strict=True), 1):
        if result and result.selected and (change or n == 1) and (said := why(result)):
            yield n, said


def table(found: Comparison) -> str:
    """As text for a terminal."""
    lines = [
        inert.terminal(f"[{n}] {file}: {_column(report)}")
        for n, (file, report) in enumerate(zip(found.files, found.reports, strict=True), 1)
    ]
    lines += [inert.terminal(f"Note: {note}") for note in found.notes]
    cells = [[row.id, row.level, *map(_cell, row.results, row.changes)] for row in found.everything]
    head = ["requirement", "level", *(f"[{n}]" for n in range(1, len(found.reports) + 1))]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    if cells:
        lines += ["", _aligned(head, widths)]
    for row, words in zip(found.everything, cells, strict=True):
        lines.append(_aligned(words, widths))
        lines += [f"    [{n}] {inert.terminal(said, limit=300)}" for n, said in _reasons(row)]
    return "\n".join([*lines, "", found.sentence]) + "\n"


def _aligned(words: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        f"{inert.terminal(w, limit=60):{min(size, 60)}}" for w, size in zip(words, widths, strict=True)
    ).rstrip()


def markdown(found: Comparison) -> str:
    """In GitHub Flavored Markdown, strangers' text in code spans only."""
    lines = [f"**{found.sentence}**", ""]
    for n, (file, report) in enumerate(zip(found.files, found.reports, strict=True), 1):
        lines.append(f"- [{n}] {inert.markdown(str(file))}: {inert.markdown(_column(report))}")
    lines += [f"- note: {inert.markdown(note)}" for note in found.notes]
    if found.everything:
        numbers = "".join(f" [{n}] |" for n in range(1, len(found.reports) + 1))
        lines += ["", f"| Requirement | Level |{numbers} Reasons |", "|---" * (len(found.reports) + 3) + "|"]
    for row in found.everything:
        cells = " | ".join(map(_cell, row.results, row.changes))
        said = "<br>".join(f"[{n}] {inert.markdown(text, limit=200, cell=True)}" for n, text in _reasons(row))
        lines.append(f"| {inert.markdown(row.id, cell=True)} | {row.level} | {cells} | {said} |")
    return "\n".join(lines) + "\n"


def as_json(found: Comparison) -> str:
    """For programs: the rows that differ, with the verdicts and reasons of every report."""
    made = {
        "format": 1,
        "reports": [
            {
                "file": str(file),
                "target": r.target.name,
                "endpoint": r.target.endpoint,
                "started": r.started,
                "contract": r.suite.contract,
                "verdict": r.verdict.value,
                "exit_code": r.exit_code,
            }
            for file, r in zip(found.files, found.reports, strict=True)
        ],
        "notes": found.notes,
        "regressions": [row.id for row in found.regressions()],
        "requirements": [_as_data(row) for row in found.rows],
        "extensions": [{"extension": row.extension} | _as_data(row) for row in found.own],
    }
    return inert.json(json.dumps(made, ensure_ascii=False, indent=2)) + "\n"


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


FORMATS = {"table": table, "json": as_json, "markdown": markdown}
