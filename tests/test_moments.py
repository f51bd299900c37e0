"""A signal at each moment of a run: before it, while it judges, while it writes. What was recorded is never lost."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.cli import main
from conformance.pytest_plugin import session
from conformance.reporting import publish
from conformance.sending.wire import Wire
from conformance.verdicts import judge
from tests.command import ROOT

FILES = {"report.html", "checks.html", "report.json", "junit.xml", "summary.md", "evidence.har"}
RUN = ["run", "--endpoint=reference", "--select=ENV-*", "--quiet"]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def signalling(place: object, name: str, number: signal.Signals, patch: pytest.MonkeyPatch) -> None:
    """Have a function send the signal each time that it is called."""
    before: Callable[..., Any] = getattr(place, name)

    def called(*arguments: Any, **named: Any) -> Any:
        signal.raise_signal(number)
        return before(*arguments, **named)

    patch.setattr(place, name, called)


def ended(words: list[str], folder: Path) -> tuple[int, dict[str, Any]]:
    code = main([*words, f"--reports={folder}"])
    assert {path.name for path in folder.iterdir()} >= FILES
    report = json.loads((folder / "report.json").read_bytes())
    assert report["exit_code"] == code
    return code, report


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
@pytest.mark.parametrize(
    ("place", "name"),
    [(Wire, "run"), (Wire, "recording"), (session, "_pytest")],
    ids=["before", "after", "judging"],
)
def test_before_all_is_judged_it_is_an_interruption(
    place: object, name: str, number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signalling(place, name, number, monkeypatch)
    code, report = ended(RUN, tmp_path)
    assert (code, report["interrupted"]) == (2, True)


def test_nothing_is_sent_once_asked_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signalling(Wire, "run", signal.SIGHUP, monkeypatch)
    _, report = ended(RUN, tmp_path)
    assert report["exchanges"] == 0


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
def test_in_the_middle_of_judging_the_rest_is_left_open(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signalling(judge, "_judged", number, monkeypatch)
    code, report = ended(["replay", str(ROOT / "docs/recording-2013.har")], tmp_path)
    assert (code, report["interrupted"]) == (2, True)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda s: s.name)
def test_while_it_is_written_it_changes_nothing(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is judged: the verdict is out, and the reports say the same as the exit code."""
    signalling(publish, "write", number, monkeypatch)
    code, report = ended(RUN, tmp_path)
    assert (code, report["interrupted"]) == (0, False)
