"""What every command prints fits any width and any stream, and is no command to a build server."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.contract.load import folder
from conformance.reporting import escape, output

SAMPLE = str(folder("reports") / "sample")
COMMANDS = {
    "help": ["--help"],
    "help of run": ["run", "--help"],
    "help of replay": ["replay", "--help"],
    "explain": ["explain", "ENV-03"],
    "setting": ["explain", "timeout"],
    "requirements": ["requirements", "--call=get_list_callback"],
    "overview": ["compare", "--overview", SAMPLE],
    "compare": ["compare", SAMPLE, SAMPLE],
}
FORGED = ("##vso[task.setvariable x]y", "##teamcity[testFailed]", "::error file=x::y", "##[error]z")


@pytest.mark.parametrize("width", [40, 63, 120, 200])
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_paragraphs_fit_the_terminal(
    words: list[str], width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(output, "is_terminal", lambda _: True)
    monkeypatch.setenv("NO_COLOR", "1")
    main(words)
    said = capsys.readouterr().out
    assert said.isascii()
    assert "\x1b" not in said
    for line in said.splitlines():
        assert len(line) <= width or len(line.split()) <= 3 or "connect-conformance " in line, line


def test_lines_for_programs_are_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    main(COMMANDS["overview"])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_what_github_is_told_is_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.delenv("GITHUB_OUTPUT", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    main([*COMMANDS["overview"], "--reports", str(tmp_path / "out")])
    assert "\n::error title=staging::" in capsys.readouterr().out


@pytest.mark.parametrize("forged", FORGED)
def test_nothing_that_is_said_is_a_command(forged: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.say(f"  {forged}\n")
    output.say(json.dumps({"a": forged}) + "\n", "json")
    output.say(f"<p>{forged}</p>\n", "html")
    output.note(forged)
    out, err = capsys.readouterr()
    assert not escape._COMMAND.search(out + err)
    _, data, page = out.splitlines()
    assert json.loads(data) == {"a": forged}
    assert html.unescape(page) == f"<p>{forged}</p>"
