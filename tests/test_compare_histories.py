"""`compare history.jsonl REPORTS`: a run held against the last one of its target that a history tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.commands.cli import main
from conformance.reporting.json import to_json
from conformance.verdicts.history.from_report import line_of
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Report
from tests.test_compare_fooled import FAILS, STATES, WAIVERS, both, judged, of, told


def night(day: int, *, wrong: bool = False, terms: Terms | None = None, **changes: Any) -> Report:
    made = told(started=f"2026-01-0{day}T00:00:00Z")(judged(wrong=wrong, terms=terms))
    return msgspec.structs.replace(made, **changes)


def kept(folder: Path, *nights: Report, before: bytes = b"", behind: bytes = b"") -> Path:
    file = folder / "history.jsonl"
    file.write_bytes(before + b"".join(line_of(one).written(whole=True) for one in nights) + behind)
    return file


def compared(
    capsys: pytest.CaptureFixture[str], history: Path, tonight: Report, *words: str
) -> tuple[int, dict[str, Any]]:
    place = history.with_name("tonight.json")
    place.write_bytes(to_json(tonight))
    code = main(["compare", "--format=json", "--fail-on-regression", *words, str(history), str(place)])
    return code, json.loads(capsys.readouterr().out)


def test_a_night_is_held_against_the_one_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tonight = night(9)
    history = kept(tmp_path, night(3), night(2, wrong=True), tonight)
    code, said = compared(capsys, history, tonight)
    assert (code, said["requirements"], said["notes"]) == (0, [], [])
    assert "the run of 2026-01-03T00:00:00Z" in said["reports"][0]["file"], "by its time, not by its place"
    code, said = compared(capsys, history, night(9, wrong=True))
    assert (code, said["regressions"]) == (1, [FAILS])
    code, said = compared(capsys, kept(tmp_path, night(2, wrong=True)), night(9, wrong=True))
    assert (code, said["requirements"]) == (0, []), "it fails as it did"


def test_lines_that_cannot_be_read_are_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = line_of(night(5, wrong=True)).written(whole=True)[:-40]
    lying = line_of(night(4, wrong=True)).written(whole=True).replace(b'"nonconforming"', b'"conforming"')
    other = night(6, wrong=True, target=msgspec.structs.replace(judged().target, name="other"))
    history = kept(tmp_path, night(3), other, before=b"<<<<<<< HEAD\n" + lying, behind=torn)
    code, said = compared(capsys, history, night(9))
    assert (code, said["requirements"]) == (0, [])
    assert "2026-01-03" in said["reports"][0]["file"]


@pytest.mark.parametrize(
    ("nights", "words"),
    [
        (lambda: (night(2), night(9, terms=Terms(deselect=(FAILS,)))), {"deselect"}),
        (lambda: (night(2, terms=Terms(deselect=(FAILS,))), night(9, wrong=True)), {"new"}),
        (lambda: (night(2, wrong=True), night(9, wrong=True, terms=Terms(waivers=WAIVERS))), {"waiver"}),
        (lambda: (night(2, terms=Terms(level="should")), night(9)), {"level"}),
        (lambda: (night(2), both(of("settings", states={"004": STATES["004"]}))(night(9))), {"states"}),
        (lambda: (night(2), both(of("settings", clock_tolerance=9_000.0))(night(9))), {"tolerance"}),
        (lambda: (night(2), both(of("target", accept=("I-04",)))(night(9))), {"accept"}),
        (lambda: (night(2), both(of("target", binding="form-xml"))(night(9))), {"binding"}),
        (lambda: (night(2), both(of("suite", version="9.9.9"))(night(9))), {"suite"}),
        (lambda: (night(2), both(of("suite", contract="connect-api@" + "0" * 64))(night(9))), {"contract"}),
        (lambda: (night(2), both(of("settings", hostile=False))(night(9))), {"exchanges"}),
        (
            lambda: (night(2), night(9, interrupted=True, verdict="inconclusive", exit_code=2)),
            {"interrupted"},
        ),
    ],
)
def test_what_is_less_than_in_the_history_is_named(
    nights: Callable[[], tuple[Report, Report]],
    words: set[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    earlier, tonight = nights()
    code, said = compared(capsys, kept(tmp_path, earlier), tonight)
    assert (code, {one["word"] for one in said["less"]}) == (1, words)
    assert compared(capsys, kept(tmp_path, earlier), tonight, *(f"--allow={w}" for w in words))[0] == 0


def test_a_history_without_an_earlier_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "tonight.json"
    place.write_bytes(to_json(night(2)))
    for history, says in (
        (kept(tmp_path, night(2), night(3)), f"has no run of the target '{judged().target.name}' before"),
        (tmp_path / "none.jsonl", "No such file"),
    ):
        assert main(["compare", str(history), str(place)]) == 4
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert says in said.err
    assert main(["compare", str(place), str(tmp_path / "history.jsonl")]) == 4
    assert "allowed: as the first result" in capsys.readouterr().err
