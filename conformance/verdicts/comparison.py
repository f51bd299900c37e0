"""Two or more reports side by side: what changed, requirement by requirement, since the first of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from conformance.contract.levels import LEVELS
from conformance.verdicts.differences import Difference, differences, fewer_requests
from conformance.verdicts.findings import folded
from conformance.verdicts.likeness import is_alike
from conformance.verdicts.recount import recounted, unfounded
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Report, RequirementResult

# What became of a requirement, by what it was in the first report (rows) and what it is in another one (columns). Who
# was not asked, or judged in part, is `unasked`; a failure that is excused is `waived`.
_AFTER = ("pass", "fail", "waived", "inconclusive", "not_applicable", "error", "unasked", "absent")
_TABLE = {
    before: dict(zip(_AFTER, row, strict=True))
    for before, row in {
        "pass": ("", "worse", "excused", "less known", "less known", "worse", "less known", "less known"),
        "fail": ("better", "", "excused", "hidden", "hidden", "worse", "hidden", "hidden"),
        "waived": ("better", "worse", "", "hidden", "hidden", "worse", "hidden", "hidden"),
        "inconclusive": ("better", "worse", "excused", "", "changed", "worse", "not compared", "gone"),
        "not_applicable": ("changed", "worse", "excused", "less known", "", "worse", "not compared", "gone"),
        "error": ("better", "worse", "excused", "changed", "changed", "", "not compared", "gone"),
        "unasked": (*["not compared", "new failure", "excused"], *["not compared"] * 3, "", ""),
        "absent": (*["new", "new failure", "excused"], *["new"] * 3, "", ""),
    }.items()
}
_LESS = {"less known", "hidden"}
_ALLOWED_BY = {"inconclusive": "inconclusive", "not_applicable": "inapplicable", "unasked": "deselect"}
_SAID = {
    "inconclusive": "cannot judge what [1] could",
    "inapplicable": "has no subject for what [1] judged",
    "deselect": "was not asked for what [1] judged",
    "calls": "has no calls for what [1] judged",
    "requirements": "does not have what [1] judged",
    "waiver": "waives failures",
    "new": "fails what [1] did not judge",
    "checks": "rests on fewer checks than [1]",
}
_COUNTED = {"must", "should"}
_NAMED = 6  # requirements named of one difference


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement: its result in every report (None where it is absent), and how each differs from the first.

    changes: worse, hidden (failed, and cannot be judged any more), less known (the same of what passed), excused
    (waived), better, changed (verdict or reason), new, new failure, gone, not compared (asked for in one only), or "".
    words: what `--allow` calls that change, where it shows less. extension: whose requirement it is, where it is a
    user's own.
    """

    id: str
    level: str
    title: str
    results: tuple[RequirementResult | None, ...]
    changes: tuple[str, ...]
    words: tuple[str, ...]
    extension: str = ""

    @property
    def counts(self) -> bool:
        return self.level in _COUNTED

    @property
    def regressed(self) -> bool:
        return self.counts and "worse" in self.changes


@dataclass(frozen=True)
class Comparison:
    """Reports, the first of which is what the others are held against. What they say in short is not believed.

    names: of the reports, in their order. allow: words of `ALLOWABLE`, for what may be less known. extensions: whether
    what is a user's own counts.
    """

    names: tuple[str, ...]
    given: tuple[Report, ...]
    allow: frozenset[str] = frozenset()
    extensions: bool = False

    @cached_property
    def reports(self) -> tuple[Report, ...]:
        """The reports as their judgements have them."""
        return tuple(map(recounted, self.given))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every requirement that differs anywhere, in the order of the catalogue."""
        return _differing([{r.address: r for r in report.requirements} for report in self.reports], self.reports)

    @cached_property
    def own(self) -> tuple[Row, ...]:
        """The same of the users' own requirements."""
        names = dict.fromkeys(own.name for report in self.reports for own in report.extensions)
        each = (_differing(list(_theirs(self.reports, name)), self.reports, name) for name in names)
        return tuple(row for rows in each for row in rows)

    @property
    def everything(self) -> tuple[Row, ...]:
        return (*self.rows, *self.own)

    @property
    def regressions(self) -> tuple[Row, ...]:
        """What got worse and counts."""
        return tuple(row for row in (self.everything if self.extensions else self.rows) if row.regressed)

    @cached_property
    def unlike(self) -> tuple[tuple[int, Difference], ...]:
        """In what each report, by its number, is not like the first, apart from what its requirements came to."""
        first, *others = self.reports
        found = [(n, one) for n, other in enumerate(others, 2) for one in self._unlike(first, other, n)]
        return (*([(1, Difference("was interrupted before its end"))] if first.interrupted else []), *found)

    def _unlike(self, first: Report, other: Report, number: int) -> Iterator[Difference]:
        known = list(differences(first, other))
        by_word: dict[str, list[str]] = {}
        for row in self.everything if self.extensions else self.rows:
            if row.counts and (word := row.words[number - 1]):
                by_word.setdefault(word, []).append(row.id)
        for here in first.requirements:
            there = next((r for r in other.requirements if r.address == here.address), here)
            if there.selected and len({c.id for c in there.checks}) < len({c.id for c in here.checks}):
                by_word.setdefault("checks", []).append(here.address)
        every = [r.address for r in first.everything]
        known += [Difference(_told(word, ids, every), word) for word, ids in by_word.items()]
        smaller = {one.word for one in known} & {"calls", "deselect", "states", "requirements", "binding"}
        yield from (*known, *([] if smaller else fewer_requests(first, other)))

    @property
    def less(self) -> tuple[tuple[int, Difference], ...]:
        """What shows less than the first report and is not allowed to."""
        return tuple((n, one) for n, one in self.unlike if one.word and one.word not in self.allow)

    @cached_property
    def unfounded(self) -> tuple[str, ...]:
        """What reports say in short that their judgements do not: somebody has edited them."""
        pairs = enumerate(zip(self.given, self.reports, strict=True), 1)
        return tuple(f"[{n}] {said}" for n, (given, made) in pairs for said in unfounded(given, made))

    @property
    def notes(self) -> tuple[str, ...]:
        """What makes the reports less than comparable."""
        return (*self.unfounded, *(f"[{n}] {one.said}{self._allowed(one)}" for n, one in self.unlike))

    def _allowed(self, one: Difference) -> str:
        allowed = "allowed" if one.word in self.allow else f"--allow {one.word}"
        return f" (less is known; {allowed})" if one.word else ""

    @property
    def fails(self) -> tuple[str, ...]:
        """Why `--fail-on-regression` ends with 1; nothing where all is as good and as much is known."""
        words = dict.fromkeys(one.word for _, one in self.less)
        return (
            *([f"{len(self.regressions)} got worse"] if self.regressions else []),
            *([f"less is known ({', '.join(words)})"] if words else []),
            *(["a report was edited"] if self.unfounded else []),
        )

    @property
    def sentence(self) -> str:
        """What it comes to."""
        said = _sentence(self.rows) if self.rows else "Nothing changed."
        return said + (f" Of extensions, {_sentence(self.own)}" if self.own else "")


def _theirs(reports: Sequence[Report], name: str) -> Iterator[dict[str, RequirementResult]]:
    """What each report says of an extension."""
    for report in reports:
        yield {r.address: r for own in report.extensions if own.name == name for r in own.requirements}


def _differing(
    by_id: Sequence[dict[str, RequirementResult]], reports: Sequence[Report], extension: str = ""
) -> tuple[Row, ...]:
    """The requirements that are not alike in all reports."""
    names = dict.fromkeys(name for results in by_id for name in results)
    rows = (_row([results.get(name) for results in by_id], reports, extension) for name in names)
    return tuple(row for row in rows if any(row.changes))


def _sentence(rows: Sequence[Row]) -> str:
    worse = [row for row in rows if "worse" in row.changes]
    below = sum(not row.regressed for row in worse)
    apart = f" ({below} of them advisory, which is no regression)" if below else ""
    told = {
        "got better": "better",
        "failed and can no longer be judged": "hidden",
        "passed and can no longer be judged": "less known",
        "are excused": "excused",
        "fail and were not judged before": "new failure",
    }
    counts = {what: sum(word in row.changes for row in rows) for what, word in told.items()}
    more = "".join(f", {n} {what}" for what, n in counts.items() if n or what == "got better")
    return f"{len(rows)} requirements differ: {len(worse)} got worse{apart}{more}."


def _row(results: Sequence[RequirementResult | None], reports: Sequence[Report], extension: str) -> Row:
    known = [r for r in results if r]
    level = min((r.level for r in known), key=LEVELS.index)  # who calls a must advice has not made it one
    pairs = list(zip(results, reports, strict=True))
    changes = ("", *(_change(pairs[0], pair) for pair in pairs[1:]))
    words = ("", *(_word(change, pairs[0][0], *pair) for change, pair in zip(changes[1:], pairs[1:], strict=True)))
    return Row(known[-1].address, level, known[-1].title, tuple(results), changes, words, extension)


def _change(first: tuple[RequirementResult | None, Report], other: tuple[RequirementResult | None, Report]) -> str:
    before, after = _standing(*first), _standing(*other)
    if before != after or not first[0] or not other[0] or after in {"pass", "unasked"}:
        return _TABLE[before][after]
    return "" if is_alike(first[0], other[0]) else "changed"


def _standing(result: RequirementResult | None, report: Report) -> str:
    if result is None:
        return "absent"
    in_part = result.address in report.scope.in_part and result.verdict is not Verdict.FAIL
    if in_part or not result.selected:
        return "unasked"
    return "waived" if result.waiver else result.verdict.value


def _word(change: str, before: RequirementResult | None, result: RequirementResult | None, report: Report) -> str:
    """What `--allow` calls a change; "" where it shows no less."""
    if change in _LESS:
        call = before.call if before else ""
        gone = "calls" if call and call not in report.target.calls else "requirements"
        return _ALLOWED_BY.get(_standing(result, report), gone)
    return {"excused": "waiver", "new failure": "new"}.get(change, "")


def _told(word: str, ids: Sequence[str], every: Sequence[str]) -> str:
    names = folded(ids, every)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{_SAID[word]}: {', '.join(names[:_NAMED])}{more}"
