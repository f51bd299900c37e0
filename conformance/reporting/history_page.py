"""history.html: what nights of runs came to, one page without a script. Long histories show their latest runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from conformance.reporting.history import headline, troubles
from conformance.reporting.pages import SIGNS, page
from conformance.verdicts.history.index import Index
from conformance.verdicts.history.line import CONCLUSIVE, WORDS
from conformance.verdicts.history.targets import Standing, TargetHistory, labelled, when
from conformance.verdicts.verdict import Claim

_RUNS, _ROWS, _TARGETS, _CARDS = 60, 30, 25, 20  # shown; what is more is counted
_TICK = 7  # runs between dates
_CLAIMS = tuple(Claim)
_AS_LETTER = {Claim.CONFORMING: "p", Claim.NONCONFORMING: "f", Claim.INCONCLUSIVE: "i"}
_PLAIN = frozenset("pn-")
_WIDE, _TALL, _TOP = 1000, 130, 20


class Piece(NamedTuple):
    """Runs beside each other that say the same: as signs, one each, and the word that colours them."""

    signs: str
    word: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One judgement, run by run. said: the same in words.

    kept: whether it passed, or had no subject, in every run in which anything could be judged.
    """

    name: str
    level: str
    pieces: list[Piece]
    said: str
    told: str = ""
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Latency:
    """Medians and 95th percentiles as paths of points, and where suite or contract changed."""

    medians: str
    p95: str
    turns: list[float]
    top: str
    said: str


class _Run(NamedTuple):
    at: int
    kind: int
    letters: str
    verdict: int
    p50: float | None
    p95: float | None
    place: int


def history_page(index: Index, found: list[TargetHistory]) -> str:
    """The page of what was asked for."""
    regressions = [(one, alike) for one in found for alike in _by_turn(one.regressions)]
    flaky = [(one, standing) for one in found for standing in one.standings if standing.flaky]
    return page(
        "history.html.jinja",
        title="History - connect-conformance",
        headline=headline(index, found),
        troubles=list(troubles(index.state)),
        regressions=regressions[:_CARDS],
        more=regressions[_CARDS:],
        flaky=sorted(flaky, key=lambda pair: -pair[1].course.flips / pair[1].course.trials)[: 2 * _CARDS],
        dark=[one for one in found if one.dark],
        slower=[one for one in found if one.slower],
        targets=[_target(index, one) for one in found[:_TARGETS]],
        others=found[_TARGETS:],
        alone=len({one.target for one in found}) == len(found),
        labelled=labelled,
        when=when,
        shown=_RUNS,
    )


def _by_turn(standings: Iterable[Standing]) -> list[list[Standing]]:
    """Those that broke in one and the same run, after the same good one, together."""
    turns: dict[object, list[Standing]] = {}
    for one in standings:
        said = one.broke and (labelled(one.broke.bad), labelled(one.broke.good), one.broke.meanwhile)
        turns.setdefault(said, []).append(one)
    return list(turns.values())


def _target(index: Index, one: TargetHistory) -> dict[str, object]:
    rows = index.database.execute(
        "SELECT at, kind, said, verdict, p50, p95, place FROM runs JOIN letters ON letters.id = runs.letters"
        " WHERE series=? ORDER BY at DESC, run DESC LIMIT ?",
        (one.key, _RUNS),
    )
    runs = [_Run(*row) for row in rows][::-1]
    strips = list(_strips(index, one, runs))
    exceptions = [strip for strip in strips if not strip.kept]
    turns = [n for n in range(1, len(runs)) if index.kinds[runs[n].kind].judge != index.kinds[runs[n - 1].kind].judge]
    return {
        "told": one,
        "runs": len(runs),
        "dates": "".join(f"{when(index.line_at(run.place))[5:10]:{_TICK}}" for run in runs[::_TICK])[
            : max(len(runs), 5)
        ].rstrip(),
        "turns": "".join("|" if n in turns else " " for n in range(len(runs))).rstrip(),
        "verdicts": _verdicts(runs),
        "strips": exceptions[:_ROWS],
        "folded": exceptions[_ROWS:],
        "kept": [strip.name for strip in strips if strip not in exceptions],
        "latency": _latency(runs, turns),
    }


def _strips(index: Index, one: TargetHistory, runs: Sequence[_Run]) -> Iterator[Strip]:
    places = {run.kind: {name: n for n, name in enumerate(index.kinds[run.kind].names)} for run in runs}
    for standing in one.standings:
        letters = [
            run.letters[place] if (place := places[run.kind].get(standing.name)) is not None else "-" for run in runs
        ]
        counted = {word: letters.count(letter) for letter, word in WORDS.items() if letter in letters}
        said = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in counted.items())
        broke = standing.broke
        if broke:
            told = f"first bad {labelled(broke.bad)}, last good {labelled(broke.good)}"
        elif standing.since:
            told = f"failing since {labelled(standing.since)}, the first run that judged it"
        else:
            told = f"changed {standing.course.flips} times, {standing.rate}" if standing.flaky else ""
        judged = [letter for letter, run in zip(letters, runs, strict=True) if not CONCLUSIVE.isdisjoint(run.letters)]
        said = f"{len(runs)} runs: {said or 'not asked for'}"
        yield Strip(standing.name, standing.level, list(_pieces(letters)), said, told, _PLAIN.issuperset(judged))


def _verdicts(runs: Sequence[_Run]) -> Strip:
    """What each run came to."""
    found = [_CLAIMS[run.verdict] for run in runs]
    said = ", ".join(f"{found.count(claim)} {claim.value}" for claim in Claim if claim in found)
    return Strip("Verdicts", "", list(_pieces([_AS_LETTER[claim] for claim in found])), said)


def _pieces(letters: Sequence[str]) -> Iterator[Piece]:
    for letter, alike in groupby(letters):
        word = WORDS.get(letter, "")
        yield Piece((SIGNS[word] if word else " ") * len(list(alike)), word)


def _latency(runs: Sequence[_Run], turns: Sequence[int]) -> Latency | None:
    """The drawing; None where fewer than two runs have times."""
    timed = [(n, run.p50, run.p95) for n, run in enumerate(runs) if run.p50 is not None and run.p95 is not None]
    if len(timed) < 2:
        return None
    top = max(*(p95 for _, _, p95 in timed), 1.0)
    step = _WIDE / max(len(runs) - 1, 1)

    def path(points: Iterator[tuple[int, float]]) -> str:
        return "".join(f"M{n * step:.0f} {_TALL - said / top * (_TALL - _TOP):.0f}h0" for n, said in points)

    first, last = timed[0], timed[-1]
    return Latency(
        medians=path((n, p50) for n, p50, _ in timed),
        p95=path((n, p95) for n, _, p95 in timed),
        turns=[round(n * step, 1) for n in turns],
        top=f"{top:.0f} ms",
        said=f"Median {first[1]:.0f} ms in the first run shown, {last[1]:.0f} ms in the last; 95th percentile"
        f" {first[2]:.0f} and {last[2]:.0f} ms",
    )
