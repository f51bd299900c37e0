"""What a run says at its end, on one screen: the verdict, what failed, what stayed open, where to read on.

The suite's own words are plain ASCII and no verdict is told by colour alone.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from conformance.checks.outcome import Verdict
from conformance.reporting import inert
from conformance.verdicts import findings
from conformance.verdicts.causes import causes, named
from conformance.verdicts.verdict import Claim

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from conformance.checks.outcome import CheckResult
    from conformance.verdicts.causes import Cause
    from conformance.verdicts.verdict import Counts, Report, RequirementResult

_FAILURES, _GROUPS, _ADVICE, _NOTES, _WAIVERS = (
    4,
    5,
    3,
    3,
    3,
)  # how many of each are shown before "and N more"
_NAMED = 6  # requirements named of one cause
_TINTS = {"green": "32", "red": "31", "yellow": "33", "bold": "1"}
_CLAIMS = {Claim.CONFORMING: "green", Claim.NONCONFORMING: "red", Claim.INCONCLUSIVE: "yellow"}
_SHORT = ("pass", "fail", "open", "error", "n/a")
_LABEL = 10


def summary(report: Report, *, width: int, color: bool, reports: Path | None) -> str:
    """The end of a run in words, for a terminal of `width` columns. reports: the page to open."""
    page = _Page(max(width, 30), color)
    if not findings.asks_for_the_contract(report):
        page.others_alone(report)
        return "\n".join(page.lines) + "\n"
    page.verdict(report)
    page.counts(report)
    page.causes(report)
    page.notes(report)
    page.extensions(report)
    if reports is not None:
        page.reports(str(reports))
    return "\n".join(page.lines) + "\n"


class _Page:
    """Lines of at most `width` columns."""

    def __init__(self, width: int, color: bool) -> None:
        self.width, self.color = width, color
        self.lines: list[str] = []

    def tint(self, text: str, *tints: str) -> str:
        codes = ";".join(_TINTS[tint] for tint in tints)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.color else text

    def add(self, text: str, indent: str = "", hanging: str | None = None, *, limit: int = 400) -> None:
        """A paragraph of anybody's text; `hanging` indents its further lines."""
        shown = inert.terminal(text, limit=limit)
        self.lines.extend(wrap(shown, self.width, indent, indent + "  " if hanging is None else hanging))

    def heading(self, word: str, text: str, *tints: str, gap: str = "  ") -> None:
        """A word that stands out, and a text beside it."""
        place = len(self.lines)
        self.add(f"{word}{gap}{text}", hanging="  ")
        self.lines[place] = self.lines[place].replace(word, self.tint(word, *(tints or ("bold",))), 1)

    def field(self, label: str, text: str) -> None:
        """A labelled text under a failure; nothing where there is no text."""
        if text:
            self.add(f"{label:{_LABEL}}{text}", "  ", " " * (2 + _LABEL), limit=_LABEL + 200)

    def rest(self, items: Sequence[object], shown: int, indent: str = "  ") -> None:
        if len(items) > shown:
            self.add(f"... and {len(items) - shown} more, see report.html", indent)

    def verdict(self, report: Report) -> None:
        word, tint = findings.standing(report).upper(), _CLAIMS[report.verdict]
        gap = ": " if " " in word else "  "
        self.heading(word, findings.headline(report), "bold", tint, gap=gap)
        self.run(report)

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
        self.add(f"{target.name} at {target.endpoint}, binding {target.binding}", "  ")
        if target.labels:
            self.add(findings.labels(report), "  ")
        left_out = sum(not requirement.selected for requirement in report.requirements)
        self.add(
            ("" if not (whole or report.extensions) else f"judged at level {report.level}: ")
            + f"{findings.exchanges(report)} in {report.duration_s:.1f} s"
            + (", interrupted" if report.interrupted else "")
            + (f", {left_out} not selected" if left_out and whole else "")
            + f", exit code {report.exit_code}",
            "  ",
        )
        for one in findings.accepted(report):
            self.add(f"accepting {one.name} ({one.use}): {one.allows}", "  ")

    def counts(self, report: Report) -> None:
        wide = self.width >= 64
        names = ("pass", "fail", "inconclusive", "error", "not applicable") if wide else _SHORT
        sizes = [max(len(name), 4) + (2 if wide else 1) for name in names]
        self.lines.append(
            "  " + " " * 8 + "".join(f"{name:>{size}}" for name, size in zip(names, sizes, strict=True))
        )
        for level, counts in findings.by_level(report).items():
            row = zip(_numbers(counts), sizes, strict=True)
            self.lines.append(f"  {level:8}" + "".join(f"{number:>{size}}" for number, size in row))

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
        self.waived([cause for cause in found if cause.waived])
        for cause in advice[:_ADVICE]:
            self.heading("ADVICE", f"{', '.join(r.address for r in cause.requirements)}: {cause.sentence}")
        self.rest(advice, _ADVICE)

    def failed(self, cause: Cause, report: Report) -> None:
        word = "ERROR" if cause.verdict is Verdict.ERROR else "FAIL"
        self.heading(word, cause.sentence, "bold", "red" if cause.counts else "yellow")
        below = "" if cause.counts else "; does not fail this run"
        self.field("breaks", f"{named(cause.requirements, report, _NAMED)}{below}")
        if cause.check:
            self.shown(cause.check, cause.sentence)
        self.field("mend", cause.remedy)
        self.field("leaves", f"{named(cause.open, report, _NAMED)} open" if cause.open else "")

    def shown(self, check: CheckResult, sentence: str) -> None:
        """What a check expected and saw, unless its sentence has said so."""
        self.field("expected", "" if _says(sentence, check.expected) else check.expected)
        self.field("observed", "" if _says(sentence, check.observed) else check.observed)
        at = f"exchange {check.exchanges[0]}" if check.exchanges else ""
        self.field("where", " in ".join(filter(None, (check.where, at))))

    def left_open(self, cause: Cause, report: Report) -> None:
        self.heading("OPEN", cause.sentence, "bold", "yellow")
        self.field("leaves", f"{named((*cause.requirements, *cause.open), report, _NAMED)} open")
        self.field("mend", cause.remedy)

    def waived(self, found: Sequence[Cause]) -> None:
        excused = [one for cause in found for one in cause.requirements]
        for requirement in excused[:_WAIVERS]:
            waiver = requirement.waiver
            excuse = f"until {waiver.expires}: {waiver.reason}" if waiver else ""
            self.heading("WAIVED", f"{requirement.address} ({requirement.level}) {excuse}")
        self.rest(excused, _WAIVERS)

    def failure(self, word: str, requirement: RequirementResult) -> None:
        """A requirement of the user's own."""
        text = f"{requirement.address} ({requirement.level}) {requirement.title}"
        self.heading(word, text, "bold", "red")
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
            self.heading("EXTENSION", findings.extended(own), "bold", _CLAIMS[own.verdict], gap=" ")
            for one in own.requirements:
                if one.verdict is not Verdict.PASS:
                    self.failure(one.verdict.value.replace("_", " ").upper(), one)

    def notes(self, report: Report) -> None:
        for note in report.notes[:_NOTES]:
            self.heading("NOTE", note)
        self.rest(report.notes, _NOTES)

    def reports(self, path: str) -> None:
        """Where to read on: never broken, so that it can be copied."""
        shown = inert.terminal(path, limit=4096)
        fits = columns(shown) + 9 <= self.width
        self.lines.extend([f"{self.tint('REPORTS', 'bold')}  {shown}"] if fits else ["REPORTS", f"  {shown}"])


def _says(reason: str, words: str) -> bool:
    """Whether the reason has these words in it, so that they need not be said again."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", reason) is not None


def _numbers(counts: Counts) -> tuple[int, ...]:
    return (counts.pass_, counts.fail, counts.inconclusive, counts.error, counts.not_applicable)


def wrap(text: str, width: int, indent: str = "", hanging: str = "") -> list[str]:
    """The text in lines of at most `width` columns, broken between words where that is possible."""
    lines, line, used, fresh = [], indent, len(indent), True
    for word in _pieces(text.split(" "), width - max(len(indent), len(hanging))):
        size = columns(word)
        if not fresh and used + 1 + size > width:
            lines.append(line)
            line, used, fresh = hanging, len(hanging), True
        line += word if fresh else " " + word
        used, fresh = used + size + (not fresh), False
    return [*lines, line]


def _pieces(words: Iterable[str], room: int) -> Iterator[str]:
    """Words, those too long for a line in pieces."""
    for word in words:
        piece, used = "", 0
        for character in word if columns(word) > room else ():
            size = columns(character)
            if used + size > room:
                yield piece
                piece, used = "", 0
            piece += character
            used += size
        yield piece or word


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: wide characters two, marks over letters none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
