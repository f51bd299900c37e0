"""How each judgement of one target went, run by run: what it was last, since when, and how often it changed.

Runs come in the order of their times. What stays the same costs nothing: a judgement is looked at when its letter is
another than in the run before.
"""

from __future__ import annotations

import msgspec

from conformance.verdicts.history.line import CONCLUSIVE

_KEPT = 50  # of the latest changes, breaks and open nights; all are counted


class Mark(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A run: when it began (Unix seconds), a number that tells it apart, where its line is, which kind of run it is."""

    at: int
    run: int
    place: int
    kind: int


class Conditions(msgspec.Struct, frozen=True, array_like=True):
    """What runs have in common: who judged against what, the judgements in the order of their letters, the states."""

    contract: str
    editions: tuple[str, ...]
    suite: str
    level: str
    names: tuple[str, ...]
    levels: str
    states: tuple[str, ...]
    hostile: bool

    @property
    def judge(self) -> tuple[object, ...]:
        """What has to be the same for a change to be the endpoint's doing alone."""
        return self.contract, self.suite, self.states, self.hostile


class Break(msgspec.Struct, array_like=True):
    """A judgement that passed, and then failed: the last good run, the first bad one, and the one that passed again."""

    good: Mark
    bad: Mark
    mended: Mark | None = None


class Course(msgspec.Struct, array_like=True):
    """One judgement. letter: its latest. good: when it last passed; bad: since when it fails, if it does.

    judged: runs in which it passed or failed. trials: how often such a run came behind another by the same suite and
    contract; flips: how often it then said the opposite. broken: how often it failed after it had passed.
    """

    level: str
    letter: str = ""
    since: int = 0  # runs of the series before the first one with this letter
    good: Mark | None = None
    bad: Mark | None = None
    before: str = ""
    judged: int = 0
    trials: int = 0
    flips: int = 0
    broken: int = 0
    breaks: list[Break] = []

    def begin(self, letter: str, mark: Mark, since: int) -> None:
        """A run says something else than the run before."""
        self.letter, self.since = letter, since
        if letter == "p" and self.bad:
            if self.good:
                self.breaks[-1].mended = mark
            self.bad = None
        elif letter in {"f", "w"} and not self.bad:
            self.bad = mark
            if self.good:
                self.broken += 1
                self.breaks = [*self.breaks[1 - _KEPT :], Break(self.good, mark)]

    def end(self, last: Mark, runs: int) -> None:
        """The run before the next was the last that said so. runs: how many there have been by then."""
        if self.letter not in CONCLUSIVE or runs == self.since:
            return
        many, said = runs - self.since, "p" if self.letter == "p" else "f"
        self.judged += many
        self.trials += many if self.before else many - 1
        self.flips += bool(self.before) and self.before != said
        self.before, self.since = said, runs
        if said == "p":
            self.good = last


class Series(msgspec.Struct, array_like=True):
    """All runs of a target that can be compared, as far as they have been taken in.

    unjudged: runs in which nothing could be judged, the latest of them in `dark`. turns: runs before which suite or
    contract changed, the latest.
    """

    runs: int = 0
    last: Mark | None = None
    letters: str = ""
    courses: dict[str, Course] = {}
    unjudged: int = 0
    dark: list[Mark] = []
    turns: list[Mark] = []

    def add(self, mark: Mark, letters: str, kinds: dict[int, Conditions]) -> None:
        """The next run."""
        last, before = self.last, self.letters
        if last is None or mark.kind != last.kind:
            self._turn(mark, letters, kinds)
        elif letters != before:
            names = kinds[mark.kind].names
            for place, letter in enumerate(letters):
                if letter != before[place]:
                    course = self.courses[names[place]]
                    course.end(last, self.runs)
                    course.begin(letter, mark, self.runs)
        if CONCLUSIVE.isdisjoint(letters):
            self.unjudged += 1
            self.dark = [*self.dark[1 - _KEPT :], mark]
        self.runs, self.last, self.letters = self.runs + 1, mark, letters

    def _turn(self, mark: Mark, letters: str, kinds: dict[int, Conditions]) -> None:
        """A run of another kind: its judgements may be others, in another order."""
        kind = kinds[mark.kind]
        if self.last:
            for course in self.courses.values():
                course.end(self.last, self.runs)
                course.letter = ""
            if kind.judge != kinds[self.last.kind].judge:
                self.turns = [*self.turns[1 - _KEPT :], mark]
                for course in self.courses.values():
                    course.before = ""
        for name, level, letter in zip(kind.names, kind.levels, letters, strict=True):
            course = self.courses.setdefault(name, Course(level))
            course.level = level
            course.begin(letter, mark, self.runs)

    def close(self) -> Series:
        """Take in what is still going on; for looking at it, not for going on."""
        for course in self.courses.values():
            if self.last:
                course.end(self.last, self.runs)
        return self
