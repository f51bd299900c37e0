"""What `--help` and `help` say: by purpose, with examples that can be typed, at every width."""

from __future__ import annotations

import argparse
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from conformance.commands.cli import main, parser
from conformance.commands.help import EXAMPLES, PURPOSES
from tests.command import run

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices


@pytest.mark.parametrize("words", [[], ["run"], ["history", "prune"]])
def test_help(tmp_path: Path, words: list[str]) -> None:
    done = run(*words, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: {' '.join(['connect-conformance', *words])}")
    assert run("help", *words, cwd=tmp_path).stdout == done.stdout


@pytest.mark.parametrize("width", [60, 80, 120])
def test_help_fits_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines to copy aside; what has no room to be broken is longer."""
    monkeypatch.setenv("COLUMNS", str(width))
    for command in (parser(), *COMMANDS.values()):
        lines = command.format_help().splitlines()
        assert not [
            line
            for line in lines
            if len(line) > width and " " in line.strip()[:width] and "connect-conformance " not in line
        ]


def test_every_command_has_a_purpose_and_an_example_that_can_be_typed() -> None:
    assert sorted(name for names in PURPOSES.values() for name in names) == sorted(COMMANDS)
    assert set(COMMANDS) <= set(EXAMPLES)
    for line in (line for lines in EXAMPLES.values() for line, _ in lines):
        parser().parse_args(shlex.split(line))


def test_help_leads_with_what_people_need_first() -> None:
    said = COMMANDS["run"].format_help()
    assert re.findall(r"^  (--[a-z-]+)", said, re.MULTILINE)[:2] == ["--endpoint", "--target"]
    assert said.index("examples:") < said.index("--endpoint URL") < said.index("--http-endpoint")


def test_what_is_far_from_any_option_is_not_guessed_at(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, hint in (("--nope", ""), ("--levle", " (did you mean --level?)")):
        assert main(["run", wrong]) == 4
        assert f"unrecognized arguments: {wrong}{hint} (see" in capsys.readouterr().err


def test_help_breaks_no_name_and_says_what_the_command_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    for command in COMMANDS.values():
        assert not re.search(r"[a-z]-$", command.format_help(), re.MULTILINE)
    monkeypatch.setenv("COLUMNS", "100")
    assert "a target of the configuration file (repeatable)" in COMMANDS["run"].format_help()
    assert "a target of the configuration file\n" in COMMANDS["doctor"].format_help()
    assert "CONNECT_CONFORMANCE_LEVEL is --level" in COMMANDS["replay"].format_help()
    verbs = next(a for a in COMMANDS["history"]._actions if isinstance(a, argparse._SubParsersAction)).choices
    assert "export --format {parquet} [OPTION ...] DIR" in verbs["export"].format_help()
