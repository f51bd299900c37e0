"""What people ask a history of each target: what is broken, since when; what is flaky, not judged, slower."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property, partial

import msgspec

from conformance.contract.levels import LEVELS, Level
from conformance.contract.spelling import counted
from conformance.verdicts.history.course import Conditions, Course, Series
from conformance.verdicts.history.index import Index, all_series
from conformance.verdicts.history.line import LEVEL_OF, WAIVED, Line, Terms
from conformance.verdicts.history.measures import moved, wilson
from conformance.verdicts.naming import names

_FLAKY = 3  # changes; a failure that came and was mended is two
_MEDIANS = 40
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
_TOLD = ("build", "build_url")  # labels that only repeat what others say


@dataclass(frozen=True)
class Turn:
    """A judgement that failed after it had passed: the runs, and what else changed between them."""

    good: Line
    bad: Line
    mended: Line | None
    meanwhile: str


@dataclass(frozen=True)
class Standing:
    """How one judgement of a target stands. Where it fails, `since` is the first run that said so."""

    name: str
    level: Level
    course: Course
    since: Line | None
    turns: tuple[Turn, ...]

    @property
    def regressed(self) -> bool:
        """Whether a must requirement that passed before fails, and nobody excused it."""
        return bool(self.level == "must" and self.broke and self.course.letter != WAIVED)

    @property
    def broke(self) -> Turn | None:
        """The turn since which it fails; None where it passes, or always failed."""
        return self.turns[-1] if self.turns and not self.turns[-1].mended else None

    @property
    def flaky(self) -> bool:
        return self.course.flips >= _FLAKY

    @property
    def rate(self) -> str:
        """How often it changes, with the interval in which the rate lies with 95 %."""
        low, high = wilson(self.course.flips, self.course.trials)
        rate = self.course.flips / max(self.course.trials, 1)
        return f"{rate:.0%} (95 %: {low:.0%} to {high:.0%})".replace("%", " %").replace("95  %", "95 %")

    @property
    def weight(self) -> tuple[bool, bool, bool, int]:
        """What comes first."""
        return not self.regressed, not self.since, not self.flaky, LEVELS.index(self.level)


@dataclass(frozen=True)
class TargetHistory:
    """What is to be said of one target, judged in one way. settings: that way, in words.

    slower: the median of the answer times as it was, and as it is, where it moved. unlike: whether suite, contract or
    states changed meanwhile, so that other requests may have been sent.
    """

    key: int
    target: str
    settings: str
    series: Series
    first: Line
    last: Line
    standings: tuple[Standing, ...]
    changes: tuple[tuple[Line, str], ...]
    dark: tuple[Line, ...]
    slower: tuple[float, float] | None
    unlike: bool

    @cached_property
    def regressions(self) -> tuple[Standing, ...]:
        return tuple(one for one in self.standings if one.regressed)

    @property
    def weight(self) -> tuple[int, int, str, str]:
        """Worst first."""
        failing = sum(one.since is not None for one in self.standings)
        return -len(self.regressions), -failing, self.target, self.settings


def histories(
    index: Index, target: str = "*", requirement: str = "*", *, every: bool = False, past: bool = False
) -> list[TargetHistory]:
    """What is to be said of the targets that a glob names, worst first; of the requirements that another one names.

    every: of all of them, and not only of those that are not kept all the time. past: with every turn of theirs, and
    not only the last.
    """
    chosen = [one for one in all_series(index) if fnmatchcase(one[1], target)]
    made = [
        _history(index, key, name, series, partial(_standings, index, requirement, every=every, past=past))
        for key, name, series in chosen
    ]
    return sorted(made, key=lambda one: one.weight)


def targets(index: Index) -> list[str]:
    """The names of all targets."""
    return [name for (name,) in index.database.execute("SELECT DISTINCT target FROM series ORDER BY target")]


_Judgements = Callable[[Series, Conditions], Iterator[Standing]]


def _history(index: Index, key: int, target: str, series: Series, judgements: _Judgements) -> TargetHistory:
    assert series.last
    last, kind = index.line(series.last), index.kinds[series.last.kind]
    rows = index.database.execute
    timed = rows(
        "SELECT at, p50 FROM runs WHERE series=? AND live AND p50 IS NOT NULL ORDER BY at DESC, run DESC LIMIT ?",
        (key, _MEDIANS),
    ).fetchall()[::-1]
    (place,) = rows("SELECT place FROM runs WHERE series=? ORDER BY at, run LIMIT 1", (key,)).fetchone()
    return TargetHistory(
        key=key,
        target=target,
        settings=_settings(index, last),
        series=series,
        first=index.line_at(place),
        last=last,
        standings=tuple(sorted(judgements(series, kind), key=lambda one: one.weight)),
        changes=tuple(_changes(index, key, series)),
        dark=tuple(map(index.line, series.dark)),
        slower=moved([number for _, number in timed]),
        unlike=any(mark.at >= timed[0][0] for mark in series.turns) if timed else False,
    )


def _settings(index: Index, line: Line) -> str:
    """How a target was judged, in words."""
    (said,) = index.database.execute("SELECT said FROM terms WHERE id=?", (line.terms_id,)).fetchone()
    terms = msgspec.msgpack.decode(said, type=Terms)
    parts = [terms.binding, " ".join(terms.calls)]
    parts += [f"accepting {' '.join(terms.accept)}"] if terms.accept else []
    parts += [f"clocks within {terms.clock_tolerance:g} s"] if terms.clock_tolerance != 300.0 else []
    parts += [] if terms.whole else [f"in part, {len(line.judged) - line.judged.count('-')} judgements"]
    return ", ".join(filter(None, parts))


def _standings(
    index: Index, requirement: str, series: Series, kind: Conditions, *, every: bool, past: bool
) -> Iterator[Standing]:
    for name in kind.names:
        course = series.courses[name]
        bare, _, call = name.partition("@")
        if not names(requirement, bare, call) or not (every or course.bad or course.broken):
            continue
        turns = [
            Turn(
                index.line(one.good),
                index.line(one.bad),
                index.line(one.mended) if one.mended else None,
                between(index.kinds[one.good.kind], index.kinds[one.bad.kind]),
            )
            for one in (course.breaks if past else course.breaks[-1:])
        ]
        yield Standing(
            name, LEVEL_OF[course.level], course, index.line(course.bad) if course.bad else None, tuple(turns)
        )


def _changes(index: Index, key: int, series: Series) -> Iterator[tuple[Line, str]]:
    """The first run after each change of suite or contract, and the change."""
    for mark in series.turns:
        (before,) = index.database.execute(
            "SELECT kind FROM runs WHERE series=? AND (at, run) < (?, ?) ORDER BY at DESC, run DESC LIMIT 1",
            (key, mark.at, mark.run),
        ).fetchone()
        yield index.line(mark), between(index.kinds[before], index.kinds[mark.kind])


def between(one: Conditions, other: Conditions) -> str:
    """In what two kinds of runs differ, in words."""
    said: list[str] = []
    parts: dict[str, Callable[[Conditions], str]] = {
        "suite": lambda kind: kind.suite,
        "contract": lambda kind: kind.contract[:24],
        "documents": lambda kind: " ".join(kind.editions),
        "level": lambda kind: kind.level,
        "states": lambda kind: " ".join(kind.states) or "none",
        "hostile requests": lambda kind: "sent" if kind.hostile else "not sent",
    }
    for what, part in parts.items():
        if part(one) != part(other):
            said.append(f"{what} {part(one)}, then {part(other)}")
    new, gone = (len(set(a.names) - set(b.names)) for a, b in ((other, one), (one, other)))
    said += [f"{counted(number, 'judgement')} {way}" for number, way in ((new, "more"), (gone, "fewer")) if number]
    return "; ".join(said)


def when(line: Line) -> str:
    """The time of a run, to the minute."""
    return datetime.fromtimestamp(line.at, UTC).strftime("%Y-%m-%d %H:%M")


def _short(found: re.Match[str]) -> str:
    return found[0][:12]


def labelled(line: Line) -> str:
    """A run by its time and its labels, without those that only repeat others."""
    labels = " ".join(
        f"{name} {_HASH.sub(_short, said)[:40]}" for name, said in line.labels.items() if name not in _TOLD
    )
    return f"{when(line)}{f' ({labels})' if labels else ''}"
