"""Two or more reports side by side: what changed, requirement by requirement, since the first of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from conformance.checks.outcome import Verdict
from conformance.verdicts.findings import why
from conformance.verdicts.verdict import Report, RequirementResult

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

    changes: worse, hidden (failed, and cannot be judged any more), better, changed (verdict or reason), new, gone, not
    compared (selected in one only), or "".
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
    hidden = sum("hidden" in row.changes for row in rows)
    below = sum(not row.regressed for row in worse)
    apart = f" ({below} of them advisory, which is no regression)" if below else ""
    gone = f", {hidden} failed and can no longer be judged" if hidden else ""
    return f"{len(rows)} requirements differ: {len(worse)} got worse{apart}, {better} got better{gone}."


def _row(results: Sequence[RequirementResult | None], extension: str) -> Row:
    known = next(r for r in reversed(results) if r)
    changes = ("", *(_change(results[0], result) for result in results[1:]))
    return Row(known.address, known.level, known.title, tuple(results), changes, extension)


def _change(before: RequirementResult | None, after: RequirementResult | None) -> str:
    if before is None or after is None:
        return "new" if after else "gone" if before else ""
    if not (before.selected and after.selected):
        return "not compared" if before.selected or after.selected else ""
    failed = before.verdict is Verdict.FAIL and not before.waiver
    if failed and after.verdict is Verdict.INCONCLUSIVE:
        return "hidden"
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
        "target": (first.target.name, other.target.name),
        "contract": (first.suite.contract, other.suite.contract),
        "version of the suite": (first.suite.version, other.suite.version),
        "level": (first.level, other.level),
        "binding": (first.target.binding, other.target.binding),
        "accepted interpretations": (_accepted(first), _accepted(other)),
    }
    if _asked(first) != _asked(other):
        yield "was asked for other requirements than [1]"
    for what, (here, there) in pairs.items():
        if here != there:
            yield f"has another {what} than [1]: {there}, not {here}"


def _asked(report: Report) -> set[str]:
    return {r.address for r in report.requirements if r.selected}


def _accepted(report: Report) -> str:
    return " ".join(report.target.accept) or "none"
