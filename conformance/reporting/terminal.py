"""What a run says at its end, on one screen: the verdict, what failed, what stayed open, where to read on.

The suite's own words are plain ASCII and no verdict is told by colour alone.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from conformance.reporting import escape
from conformance.reporting.cards import allowed
from conformance.reporting.glance import in_brief, named_contract
from conformance.reporting.marking import code_points
from conformance.reporting.screen import Screen, cell_len, fitted
from conformance.reporting.snippet import Row, snippet
from conformance.verdicts import findings
from conformance.verdicts.causes import causes, named
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conformance.evidence.exchange import Evidence
    from conformance.verdicts.causes import Cause
    from conformance.verdicts.result import CheckResult
    from conformance.verdicts.verdict import Counts, Report, RequirementResult

_FAILURES, _GROUPS, _ADVICE, _NOTES, _WAIVERS = (4, 5, 3, 3, 3)  # how many of each are shown before "and N more"
_NAMED = 6  # requirements named of one cause
_CLAIMS = {Claim.CONFORMING: "green", Claim.NONCONFORMING: "red", Claim.INCONCLUSIVE: "yellow"}
_SHORT = ("pass", "fail", "open", "error", "n/a")
_LABEL = 10
_NAMES = 1_000  # characters of names of requirements, which are ours
_SCREENFUL = 24  # lines, of which the last are seen first
_GUTTER = 10  # columns before what a row of an answer says


def summary(
    report: Report,
    *,
    width: int,
    color: bool,
    reports: Path | None,
    evidence: Evidence | None = None,
    links: bool = False,
) -> str:
    """The end of a run in words, for a terminal of `width` columns.

    reports: the page to open. evidence: what the lines around a fault are taken from. links: whether there can be any.
    """
    page = _Page(Screen(width, color=color, links=links), evidence, reports)
    if not findings.asks_for_the_contract(report):
        page.others_alone(report)
        return str(page.screen)
    page.verdict(report)
    if not findings.found_nothing(report):
        page.counts(report)
    page.causes(report)
    page.notes(report)
    page.extensions(report)
    page.glance(report)
    page.reports()
    if page.screen.lines > _SCREENFUL:
        page.heading(*page.told(report, whole=False))
    return str(page.screen)


class _Page:
    """The end of a run, part by part."""

    def __init__(self, screen: Screen, evidence: Evidence | None, page: Path | None) -> None:
        self.screen, self.page = screen, page
        self.exchanges = {e.number: e for e in evidence.exchanges} if evidence else {}

    def add(self, text: str, indent: str = "  ", *, limit: int = 400) -> None:
        """A paragraph of anybody's text."""
        self.screen.say(text, indent, len(indent) + 2, limit=limit)

    def heading(self, word: str, text: str, style: str = "bold", gap: str = "  ") -> None:
        """A word that stands out, and a text beside it."""
        self.screen.say(text, f"{word}{gap}", 2, style=style)

    def field(self, label: str, text: str, link: str = "", *, limit: int = 200) -> None:
        """A labelled text under a failure; nothing where there is no text."""
        if text:
            self.screen.say(text, f"  {label:{_LABEL}}", link=link, limit=limit)

    def link(self, place: str = "") -> str:
        """Where a place of the page can be opened."""
        return f"{self.page.resolve().as_uri()}{place}" if self.page and self.page.suffix else ""

    def rest(self, items: Sequence[object], shown: int, indent: str = "  ") -> None:
        if len(items) > shown:
            self.screen.say(f"... and {len(items) - shown} more, see report.html", indent)

    def verdict(self, report: Report) -> None:
        self.heading(*self.told(report))
        self.run(report)

    def told(self, report: Report, *, whole: bool = True) -> tuple[str, str, str, str]:
        """The verdict, as a heading. whole: with what stood in the way."""
        word, tint = findings.standing(report).upper(), _CLAIMS[report.verdict]
        gap = " " if findings.found_nothing(report) else ": " if " " in word else "  "
        return word, findings.headline(report, whole=whole), f"bold {tint}", gap

    def glance(self, report: Report) -> None:
        """Who mends it, how it is seen again, what was not looked at, how sure it is."""
        for label, text in in_brief(report, causes(report)):
            if label != "again":
                self.field(label, text)
            elif self.page:
                there = quote(str(self.page.parent / "evidence.har"))
                command = text.replace("evidence.har", there)
                self.screen.whole(command, f"  {label:{_LABEL}}", what="with no network:")

    def others_alone(self, report: Report) -> None:
        """The end of a session of pytest's that asked for nothing of the published contract."""
        if not report.extensions:
            self.heading("RECORDED", "for tests of your own; nothing was judged")
        self.extensions(report)
        self.run(report)
        self.notes(report)

    def run(self, report: Report) -> None:
        """Whom, at which level, how long, and the exit code."""
        target, whole = report.target, findings.asks_for_the_contract(report)
        self.add(f"{target.name} at {target.endpoint}, binding {target.binding}")
        if target.labels:
            self.add(findings.labels(report))
        against = f" of {named_contract(report)}" if whole else ""
        self.add(
            (f"level {report.level}{against}: " if whole or report.extensions else "")
            + f"{findings.exchanges(report)} in {report.duration_s:.1f} s"
            + (", interrupted" if report.interrupted else "")
            + f", exit code {report.exit_code}"
        )
        if said := findings.unusual(report):
            self.add("; ".join(f"{name}: {text}" for name, text in said.items()))
        for one in findings.accepted(report):
            self.add(f"accepting {one.name} ({one.use}): {one.allows}")

    def counts(self, report: Report) -> None:
        wide = self.screen.width >= 64
        names = ("pass", "fail", "inconclusive", "error", "not applicable") if wide else _SHORT
        sizes = [max(len(name), 4) + (2 if wide else 1) for name in names]
        heads = "".join(f"{name:>{size}}" for name, size in zip(names, sizes, strict=True))
        self.screen.cut((f"  {'':8}{heads}", ""))
        for level, counts in findings.by_level(report).items():
            row = zip(_numbers(counts), sizes, strict=True)
            self.screen.cut((f"  {level:8}" + "".join(f"{number:>{size}}" for number, size in row), ""))

    def causes(self, report: Report) -> None:
        """Everything to mend or to provide, in the one order that all outputs have."""
        found = causes(report)
        failed = [cause for cause in found if cause.verdict is not Verdict.INCONCLUSIVE and not cause.waived]
        advice = [cause for cause in failed if not cause.counts and cause.level == "advisory"]
        to_mend = [cause for cause in failed if cause not in advice]
        for cause in to_mend[:_FAILURES]:
            self.failed(cause, report)
        self.rest(to_mend, _FAILURES)
        left = [cause for cause in found if cause.verdict is Verdict.INCONCLUSIVE]
        for cause in left[:_GROUPS]:
            self.left_open(cause, report)
        self.rest(left, _GROUPS)
        self.waived(findings.waived(report))
        for cause in advice[:_ADVICE]:
            self.heading("ADVICE", f"{', '.join(r.address for r in cause.requirements)}: {cause.sentence}")
        self.rest(advice, _ADVICE)

    def failed(self, cause: Cause, report: Report) -> None:
        word = "ERROR" if cause.verdict is Verdict.ERROR else "FAIL"
        self.heading(word, cause.sentence, "bold red" if cause.counts else "bold yellow")
        below = "" if cause.counts else "; does not fail this run"
        names = f"{named(cause.requirements, report, _NAMED)}{below}"
        self.field("breaks", names, self.link(f"#{cause.lead.address}"), limit=_NAMES)
        if cause.check:
            self.shown(cause.check, cause.sentence)
        self.field("mend", cause.remedy)
        if cause.check and (change := cause.check.suggestion):
            more = f"; and {len(change.edits) - 2} more, see report.html" if len(change.edits) > 2 else ""
            told = "; ".join(change.edits[:2]) + more
            self.field("change", f"for {', '.join(change.passes)} to pass: {told}")
            self.field("or accept", allowed(change))
        self.field("leaves", f"{named(cause.open, report, _NAMED)} open" if cause.open else "", limit=_NAMES)

    def shown(self, check: CheckResult, sentence: str) -> None:
        """What a check expected and saw, unless its sentence has said so."""
        self.field("expected", "" if _says(sentence, check.expected) else check.expected)
        self.field("observed", "" if _says(sentence, check.observed) else check.observed)
        self.field("letters", ", ".join(code_points(check.observed)))
        at = f"exchange {check.exchanges[0]}" if check.exchanges else ""
        link = self.link(f"#exchange-{check.exchanges[0]}") if check.exchanges else ""
        self.field("where", " in ".join(filter(None, (check.where, at))), link)
        self.rows(check)

    def rows(self, check: CheckResult) -> None:
        """The lines of the answer around the fault, and a caret under it."""
        seen = next((self.exchanges[n] for n in check.exchanges if n in self.exchanges), None)
        found = snippet(seen.answer, check.where, check.observed) if seen and seen.answer else None
        rows = found.rows if found else ()
        place = next((n for n, row in enumerate(rows) if row.faulty), None)
        if place is not None:
            for row in rows[max(place - 1, 0) : place + 2]:
                self.row(row)

    def row(self, row: Row) -> None:
        room = self.screen.width - _GUTTER
        before, mark, behind = (escape.terminal(part, limit=300) for part in (row.before, row.mark, row.behind))
        before = fitted(before, room // 2, end=True) if mark else fitted(before, room)
        mark = fitted(mark, room - cell_len(before))
        gutter = f"{'>' if row.faulty else ' '}{row.label:>{_GUTTER - 4}} | "
        self.screen.cut((gutter, "dim"), (before, ""), (mark, "bold red"), (behind, ""))
        if mark:
            self.screen.cut(
                (" " * (_GUTTER - 2) + "| ", "dim"), (" " * cell_len(before), ""), ("^" * cell_len(mark), "bold red")
            )

    def left_open(self, cause: Cause, report: Report) -> None:
        self.heading("OPEN", cause.sentence, "bold yellow")
        self.field("leaves", f"{named((*cause.requirements, *cause.open), report, _NAMED)} open", limit=_NAMES)
        self.field("mend", cause.remedy)

    def waived(self, every: Sequence[RequirementResult]) -> None:
        excused = sorted(every, key=lambda one: one.waiver.expires if one.waiver else "")
        for requirement in excused[:_WAIVERS]:
            waiver = requirement.waiver
            excuse = f"until {waiver.until}: {waiver.reason}" if waiver else ""
            self.heading("WAIVED", f"{requirement.address} ({requirement.level}) {excuse}")
        self.rest(excused, _WAIVERS)

    def failure(self, word: str, requirement: RequirementResult) -> None:
        """A requirement of the user's own."""
        text = f"{requirement.address} ({requirement.level}) {requirement.title}"
        self.heading(word, text, "bold red")
        check = findings.culprit(requirement)
        reason = findings.why(requirement)
        others = sum(c.verdict is requirement.verdict for c in requirement.checks) - 1
        self.field("reason", reason)
        if check:
            self.shown(check, reason)
        if requirement.verdict is Verdict.FAIL:
            self.field("mend", requirement.mend)
        self.field("also", f"{others} more of its checks" if others > 0 else "")

    def extensions(self, report: Report) -> None:
        """A claim of its own for each, below everything that is said of the published contract."""
        for own in report.extensions:
            self.heading("EXTENSION", findings.extended(own), f"bold {_CLAIMS[own.verdict]}", " ")
            for one in own.requirements:
                if one.verdict is not Verdict.PASS:
                    self.failure(one.verdict.value.replace("_", " ").upper(), one)

    def notes(self, report: Report) -> None:
        for note in report.notes[:_NOTES]:
            self.heading("NOTE", note)
        self.rest(report.notes, _NOTES)

    def reports(self) -> None:
        """Where to read on: never broken, so that it can be copied."""
        if self.page is not None:
            self.screen.whole(str(self.page), "REPORTS  ", style="bold", link=self.link())


def _says(reason: str, words: str) -> bool:
    """Whether the reason has these words in it, so that they need not be said again."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", reason) is not None


def _numbers(counts: Counts) -> tuple[int, ...]:
    return (counts.pass_, counts.fail, counts.inconclusive, counts.error, counts.not_applicable)
