"""A history on a terminal: a paragraph a target, what matters first."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.contract.spelling import counted
from conformance.reporting import escape
from conformance.reporting.screen import Screen
from conformance.verdicts.history.index import Index
from conformance.verdicts.history.loading import State
from conformance.verdicts.history.targets import Standing, TargetHistory, labelled, when

_TARGETS, _LINES, _TROUBLES, _NAMES = 40, 12, 10, 8  # shown before "and N more"


def headline(index: Index, found: list[TargetHistory]) -> str:
    """What there is, in one line."""
    runs = sum(one.series.runs for one in found)
    targets = len({one.target for one in found})
    if not found:
        return f"{index.file}: no run"
    first, last = min(one.first.when for one in found), max(one.last.when for one in found)
    broken = sum(len(one.regressions) for one in found)
    told = counted(broken, "regression") if broken else "no regression"
    days = first[:10] if first[:10] == last[:10] else f"{first[:10]} to {last[:10]}"
    return f"{told}: {counted(runs, 'run')} of {counted(targets, 'target')}, {days}"


def troubles(state: State) -> Iterator[str]:
    """What of the file is not told: lines that cannot be read, and runs that are in it more than once."""
    for number, why in state.troubles[:_TROUBLES]:
        yield f"line {number} is left out: {why}"
    if (more := state.troubled - _TROUBLES) > 0:
        yield f"{counted(more, 'more line')} left out"
    if twice := state.told - state.runs:
        yield f"{counted(twice, 'line')} of runs that another line tells, too: counted once"


def shown(index: Index, found: list[TargetHistory], *, width: int, color: bool = False, whole: bool = False) -> str:
    """The answers. whole: with every past turn of the judgements, as for one requirement."""
    screen = Screen(width, color=color)
    screen.say(headline(index, found), "HISTORY  ", style="bold")
    for line in troubles(index.state):
        screen.say(line, "  NOTE  ", style="yellow")
    alike = {one.target for one in found if sum(other.target == one.target for other in found) == 1}
    for one in found[:_TARGETS]:
        way = "" if one.target in alike else f" [{one.settings}]"
        dark = f", {one.series.unjudged} of them not judged" if one.series.unjudged else ""
        said = f"{one.last.verdict.value} {labelled(one.last)}; {counted(one.series.runs, 'run')}{dark}"
        screen.say(
            f"{way} {said}".lstrip() if way else said,
            f"{escape.terminal(one.target, limit=60)}  ",
            hanging=4,
            style="bold",
        )
        lines = list(_lines(one, whole=whole))
        for word, text in lines[: None if whole else _LINES]:
            screen.say(text, f"  {word:11}", style=_STYLES.get(word, ""), limit=600)
        if not whole and len(lines) > _LINES:
            screen.say(f"and {len(lines) - _LINES} more", "             ")
    if len(found) > _TARGETS:
        screen.say(f"... and {len(found) - _TARGETS} more; --target GLOB chooses")
    return str(screen)


_STYLES = {"REGRESSED": "bold red", "FAILING": "red", "WAIVED": "yellow", "FLAKY": "yellow", "NOT JUDGED": "yellow"}


def _lines(one: TargetHistory, *, whole: bool) -> Iterator[tuple[str, str]]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for standing in one.standings:
        for word, text in _of(standing, whole=whole):
            alike.setdefault((word, standing.level, text, standing.name if whole else ""), []).append(standing.name)
    for (word, level, text, _), names in alike.items():
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        yield word, f"{', '.join(names[:_NAMES])}{more} ({level}): {text}"
    if one.dark:
        last = one.dark[-1]
        why = f": {last.obstacle}" if last.obstacle else ""
        yield "NOT JUDGED", f"{counted(one.series.unjudged, 'run')}, the last {when(last)}{why}"
    if one.slower:
        was, now = one.slower
        unlike = "; what is sent may have changed, too" if one.unlike else ""
        word = "SLOWER" if now > was else "FASTER"
        times = f"answers take {now:.0f} ms by the median of the latest runs, {was:.0f} ms in those before"
        yield word, f"{times}{unlike} (advisory)"
    for line, what in one.changes[-3:]:
        yield "CHANGED", f"{when(line)}: {what}"


def _of(one: Standing, *, whole: bool) -> Iterator[tuple[str, str]]:
    if one.broke:
        meanwhile = f"; meanwhile {one.broke.meanwhile}" if one.broke.meanwhile else ""
        word = "REGRESSED" if one.regressed else "WAIVED" if one.course.letter == "w" else "FAILING"
        yield (word, f"first bad {labelled(one.broke.bad)}, last good {labelled(one.broke.good)}{meanwhile}")
    elif one.since:
        yield "FAILING", f"in every run that judged it, since {labelled(one.since)}"
    elif whole:
        yield (
            "KEPT" if one.course.good else "OPEN",
            f"passed or failed in {counted(one.course.judged, 'run')}",
        )
    if one.flaky:
        yield "FLAKY", f"changed {one.course.flips} times in {one.course.trials} runs, {one.rate}"
    for turn in one.turns[::-1] if whole else ():
        if turn.mended:
            meanwhile = f"; meanwhile {turn.meanwhile}" if turn.meanwhile else ""
            runs = f"first bad {labelled(turn.bad)}, last good {labelled(turn.good)}"
            yield "MENDED", f"{runs}{meanwhile}; passed again {labelled(turn.mended)}"
