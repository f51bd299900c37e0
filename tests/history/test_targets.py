"""What a history answers: forty nights, and whatever may have become of the file that holds them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.commands.cli import main
from conformance.contract.given import ConfigError
from conformance.reporting.history import shown
from conformance.reporting.history_page import history_page
from conformance.verdicts.history import index as indices
from conformance.verdicts.history.file import Found, append
from conformance.verdicts.history.index import opened
from conformance.verdicts.history.line import Line
from conformance.verdicts.history.loading import Loader, State
from conformance.verdicts.history.measures import chance, moved, wilson
from conformance.verdicts.history.targets import TargetHistory, histories
from tests.history.nights import DARK, SINCE, forty, kept, night, nights, terms


def answers(file: Path, **asked: str) -> list[TargetHistory]:
    with closing(opened(file)) as index:
        return [replace(one, key=0) for one in histories(index, **asked, every=True, past=True)]


def one(file: Path, **asked: str) -> TargetHistory:
    (found,) = answers(file, **asked)
    return found


def state_of(file: Path) -> State:
    with closing(opened(file)) as index:
        return index.state


def release(line: Line | None) -> str:
    return line.labels["release"] if line else ""


def test_forty_nights(tmp_path: Path) -> None:
    found = one(kept(tmp_path / "h", forty()))
    assert {each.name: release(each.broke.bad) for each in found.regressions} == {
        name: f"4.{since}" for name, since in SINCE.items()
    }
    assert {each.name: release(each.broke.good) for each in found.regressions} == {
        name: f"4.{since - 1}" for name, since in SINCE.items()
    }
    meanwhile = {each.name: each.broke.meanwhile for each in found.regressions}
    assert meanwhile["ENV-03"] == ""
    assert meanwhile["CBK-03"] == "suite 0.1.0, then 0.2.0; 1 judgement more"
    assert meanwhile["TIM-02"] == "contract connect-api@aaaaaaaaaaaa, then connect-api@bbbbbbbbbbbb"
    assert [release(line) for line in found.dark] == [f"4.{number}" for number in DARK]
    assert [release(line) for line, _ in found.changes] == ["4.25", "4.32"]
    (flaky,) = (each for each in found.standings if each.flaky)
    judged = [line.judged[4] for line in forty() if line.judged[4] != "i"]
    changes = sum(a != b for a, b in pairwise(judged))
    assert flaky.name == "CBK-09"
    # What changed together with suite or contract is nobody's habit.
    assert changes - 2 <= flaky.course.flips <= changes
    assert flaky.course.trials == 40 - len(DARK) - 3
    assert found.slower is not None
    assert 110 < found.slower[0] < 130 < found.slower[1] < 160


@pytest.mark.parametrize(
    ("letters", "state"),
    {
        "kept": ("ppp", ""),
        "broken": ("ppff", "since 2 good 1"),
        "seen later": ("ppiiff", "since 4 good 1"),
        "and not judged since": ("ppffii", "since 2 good 1"),
        "mended": ("ppffp", ""),
        "again": ("pfppff", "since 4 good 3"),
        "always": ("ffff", "since 0"),
        "always, as far as it was seen": ("iiff", "since 2"),
        "waived, then not": ("ppwwff", "since 2 good 1"),
        "left out meanwhile": ("pp--nff", "since 5 good 1"),
        "an error is no verdict": ("pepef", "since 4 good 2"),
    }.values(),
)
def test_first_bad_and_last_good(letters: str, state: str, tmp_path: Path) -> None:
    lines = [night(number, f"p{letter}pppp", evidence="") for number, letter in enumerate(letters)]
    (found,) = one(kept(tmp_path / "h", lines), requirement="ENV-03").standings
    said = f"since {release(found.since)[2:]}" if found.since else ""
    said += f" good {release(found.broke.good)[2:]}" if found.broke else ""
    assert said == state
    assert found.regressed == ("good" in state)


def test_a_waived_failure_and_a_lesser_level_are_no_regressions(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", nights(["pppppp", "pwppff"]))
    found = one(file)
    assert [each.name for each in found.standings if each.broke] == ["ENV-03", "CBK-09", "HYG-01"]
    assert not found.regressions


def test_other_settings_are_told_apart_and_other_states_named(tmp_path: Path) -> None:
    """Of a binding or a selection nothing is said that was seen under another one."""
    ways = [terms(), terms(binding="form-xml"), terms(whole=False), terms(states=("004",))]
    letters = ["pppppp", "pfpppp", "pf----", "ffpppp"]
    file = kept(tmp_path / "h", [night(n, a, of=of) for n, (a, of) in enumerate(zip(letters, ways, strict=True))])
    found = answers(file)
    assert sorted((each.series.runs, len(each.regressions)) for each in found) == [(1, 0), (1, 0), (2, 2)]
    assert {each.settings for each in found} == {
        "query-xml, get_list_callback",
        "form-xml, get_list_callback",
        "query-xml, get_list_callback, in part, 2 judgements",
    }
    (changed,) = (each.regressions[0].broke.meanwhile for each in found if each.regressions)
    assert changed == "states none, then 004"


# Whatever became of the file

SPOILT = (
    b"<<<<<<< ours\n",
    b"=======\n",
    b">>>>>>> theirs\n",
    b'{"history":1,"when":"20\n',
    b"\0\0\n",
    b"\xff\n",
)


def said(file: Path) -> tuple[str, str]:
    """All that people are told of a history, but for what is wrong with the file."""
    with closing(opened(file)) as index:
        index.state = State()
        found = histories(index, every=True, past=True)
        return shown(index, found, width=100, whole=True), history_page(index, found)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_merge_of_two_branches_gives_the_same_answers(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Lines of two branches in any order, some twice, rubbish between them, the last line perhaps torn."""
    folder = tmp_path_factory.mktemp("merge")
    lines = forty()[15:40:2] + [night(number, "ppppfp", target="other") for number in range(5)]
    expected = said(kept(folder / "whole", lines))
    cut = data.draw(st.integers(1, len(lines) - 1))
    branches = (lines[:cut], lines[cut - 1 :])
    texts = [kept(folder / f"branch{n}", branch).read_bytes().splitlines(True) for n, branch in enumerate(branches)]
    merged = data.draw(st.permutations([*texts[0], *texts[1]]))
    rubbish = data.draw(st.lists(st.tuples(st.integers(0, len(merged)), st.sampled_from(SPOILT)), max_size=4))
    for place, line in rubbish:
        merged.insert(place, line)
    torn = data.draw(st.sampled_from((b"", merged[0][:50].rstrip(b"\n"))))
    (folder / "merged").write_bytes(b"".join(merged) + torn)
    assert said(folder / "merged") == expected
    with closing(opened(folder / "merged")) as index:
        assert index.state.troubled == len(rubbish) + bool(torn)
        assert index.state.told - index.state.runs == 1


def test_of_two_lines_of_a_run_that_differ_the_live_one_counts(tmp_path: Path) -> None:
    live, again = night(1, "pfpppp"), night(1, "pppppp", live=False)
    for number, lines in enumerate(([live, again], [again, live])):
        found = one(kept(tmp_path / f"h{number}", lines))
        assert (found.series.runs, found.last.judged) == (1, "pfpppp")


def test_of_two_live_lines_of_a_run_always_the_same_counts(tmp_path: Path) -> None:
    """Whichever comes first, and whichever has the terms in full."""
    lines = [night(1, "pfpppp"), night(1, "ppfppp"), night(2)]
    orders = [[lines[place] for place in order] for order in ((0, 1, 2), (1, 0, 2), (2, 0, 1), (2, 1, 0))]
    files = [kept(tmp_path / f"h{number}", order) for number, order in enumerate(orders)]
    assert len({one(file).series.letters + release(one(file).standings[0].since) for file in files}) == 1
    assert len({said(file) for file in files}) == 1


def test_a_line_whose_terms_no_line_has_is_named(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", [night(1), night(2, of=terms(states=("004",))), night(3)])
    file.write_bytes(b"".join(file.read_bytes().splitlines(True)[1:]))
    with closing(opened(file)) as index:
        assert index.state.troubles == [(2, f"no line of the file has its terms, {terms().id}")]
    append(file, [night(4)])
    assert sum(found.series.runs for found in answers(file)) == 3


def test_a_line_that_contradicts_itself_is_left_out(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", [night(1), night(2, "pfpppp"), night(3)])
    file.write_bytes(file.read_bytes().replace(b'"nonconforming"', b'"conforming"'))
    with closing(opened(file)) as index:
        assert index.state.troubles == [(2, "it says conforming, and its letters come to nonconforming")]
        assert index.state.runs == 2


# The index


@pytest.fixture
def kept_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every history counts as a large one."""
    monkeypatch.setattr(indices, "SMALL", -1)


def made_of_another(_: Path, beside: Path) -> None:
    other = kept(beside.with_name("other"), nights(["ffffff"] * 3))
    opened(other).close()
    for end in ("", ".sha256"):
        other.with_name(f"other.index{end}").replace(beside.with_name(f"{beside.name}{end}"))


def rewritten(file: Path, _: Path) -> None:
    """As long as before and said to be as old, but another night."""
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"2026-01-03", b"2026-01-04"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


SPOILS: dict[str, Any] = {
    "empty": lambda _, beside: beside.write_bytes(b""),
    "rubbish": lambda _, beside: beside.write_bytes(b"SQLite format 3\0" + 4_000 * b"x"),
    "cut": lambda _, beside: beside.write_bytes(beside.read_bytes()[:-3_000]),
    "a letter changed": lambda _, beside: beside.write_bytes(beside.read_bytes().replace(b"pfpppp", b"ppfppp")),
    "another's": made_of_another,
    "gone": lambda _, beside: beside.unlink(),
    "rewritten": rewritten,
    "shorter": lambda file, _: file.write_bytes(b"".join(file.read_bytes().splitlines(True)[:-1])),
    "grown": lambda file, _: append(file, [night(9, "fppppp")]),
    "grown at the front": lambda file, _: append(file, [night(0.5, "fppppp")]),
    "merged": lambda file, _: file.write_bytes(night(1.5).written(whole=True) + file.read_bytes()),
    "torn": lambda file, _: file.write_bytes(file.read_bytes() + b'{"history":'),
}


@pytest.mark.usefixtures("kept_beside")
@pytest.mark.parametrize("name", SPOILS)
def test_an_index_that_is_not_of_this_file_is_made_anew(name: str, tmp_path: Path) -> None:
    file, beside = kept(tmp_path / "h", forty()), tmp_path / "h.index"
    opened(file).close()
    SPOILS[name](file, beside)
    found, state = answers(file), state_of(file)
    with closing(opened(file)) as index:
        assert index.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    beside.unlink()
    assert answers(file) == found
    assert state_of(file) == state
    assert not list(tmp_path.glob(".*"))


@pytest.mark.usefixtures("kept_beside")
def test_what_is_new_is_taken_in_and_nothing_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = kept(tmp_path / "h", forty())
    opened(file).close()
    append(file, [night(50), night(51)])
    seen: list[int] = []
    whole = Loader._row

    def noted(self: Loader, found: Found) -> tuple[object, ...] | None:
        seen.append(found.number)
        return whole(self, found)

    monkeypatch.setattr(Loader, "_row", noted)
    assert one(file).series.runs == 42
    assert seen == [41, 42]
    assert one(file).series.runs == 42
    assert seen == [41, 42]


@pytest.mark.usefixtures("kept_beside")
def test_what_was_torn_or_had_no_terms_is_looked_at_again(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", nights(["pppppp"] * 3))
    whole = file.read_bytes()
    file.write_bytes(whole[:-50])
    assert one(file).series.runs == 2
    file.write_bytes(whole)
    assert one(file).series.runs == 3
    other = kept(tmp_path / "i", [night(5, of=terms(states=("004",))), *nights(["pppppp"] * 3)])
    other.write_bytes(b"".join([*other.read_bytes().splitlines(True)[::2]]))
    opened(other).close()
    append(other, [night(7)])
    assert one(other).series.runs == 3


@pytest.mark.usefixtures("kept_beside")
def test_an_index_that_cannot_be_written_is_made_in_memory(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", forty())
    (tmp_path / "h.index").mkdir()
    assert one(file).series.runs == 40
    assert {place.name for place in tmp_path.iterdir()} == {"h", "h.index"}
    (tmp_path / "h.index").rmdir()
    assert one(file).series.runs == 40
    assert {place.name for place in tmp_path.iterdir()} == {"h", "h.index", "h.index.sha256"}


def test_a_small_history_leaves_no_index(tmp_path: Path) -> None:
    assert one(kept(tmp_path / "h", forty())).series.runs == 40
    assert list(tmp_path.iterdir()) == [tmp_path / "h"]


@pytest.mark.parametrize("data", [b"no\n", b"\0" * 100, b"[]\n[]\n", b"<<<<<<< HEAD\n"])
def test_what_is_no_history_is_refused_in_one_line(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "h").write_bytes(data)
    with pytest.raises(ConfigError, match="is no history: line 1: "):
        opened(tmp_path / "h")
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "none", tmp_path / "pipe"):
        with pytest.raises(ConfigError, match="allowed: a history"):
            opened(place)


def test_an_empty_history_has_nothing_to_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "h").touch()
    assert main(["history", "show", f"--history={tmp_path / 'h'}"]) == 0
    assert "no run" in capsys.readouterr().out


# Numbers


def test_intervals_of_rates() -> None:
    """Wilson's own score interval: tabulated values (Newcombe 1998, table I), and its ends."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=1e-4)
    assert wilson(29, 29)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


def exact(one: Sequence[float], other: Sequence[float]) -> float:
    """The same by looking at every way in which the values can be divided."""
    values, n, m = [*one, *other], len(one), len(other)

    def apart(chosen: Sequence[int]) -> float:
        mine = [values[place] for place in chosen]
        rest = [value for place, value in enumerate(values) if place not in chosen]
        return abs(sum((a > b) + (a == b) / 2 for a in mine for b in rest) - n * m / 2)

    far = apart(range(n))
    every = [apart(chosen) for chosen in combinations(range(n + m), n)]
    return sum(one >= far - 1e-9 for one in every) / len(every)


@pytest.mark.parametrize(("seed", "kinds"), [(1, 1_000), (2, 1_000), (3, 1_000), (4, 12), (5, 12), (6, 5)])
def test_chance_is_what_counting_says(seed: int, kinds: int) -> None:
    """kinds: values that there are: few of them make ties."""
    random = Random(seed)
    one, other = ([random.randrange(kinds) + shift for _ in range(7)] for shift in (0, kinds // 4))
    assert chance(one, other) == pytest.approx(exact(one, other), abs=0.02)


def test_only_a_change_that_chance_does_not_explain_is_told() -> None:
    random = Random(1)
    steady = [random.gauss(100, 10) for _ in range(40)]
    assert moved(steady) is None
    assert moved([*steady[:30], *(value * 1.3 for value in steady[30:])]) == (
        median(steady[:30]),
        median(value * 1.3 for value in steady[30:]),
    )
    assert moved([*steady[:30], *(value * 0.7 for value in steady[30:])]) is not None
    assert moved([100.0] * 30 + [104.0] * 10) is None  # certain, and too small to matter
    assert moved([100.0] * 4 + [200.0] * 10) is None
    assert moved([]) is None
