"""`completion`: real shells complete commands, options, values and names; and a wrong name is told what was meant."""

from __future__ import annotations

import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance.commands.cli import main, parser
from conformance.commands.completion import script
from tests.command import environment

TOML = '[targets.staging]\nendpoint = "https://h/${T}"\n[targets.production]\nendpoint = "https://h/${T}"\n'
ASKED = {  # what is typed: what is offered, in any order; the last word is completed
    "run --lev": {"--level"},
    "run --level ": {"must", "should", "advisory"},
    "run --target ": {"staging", "production"},
    "expl": {"explain"},
    "explain CBK-1": {"CBK-10"},
    "explain timeo": {"timeout"},
    "run --select TLS-": {f"TLS-0{n}" for n in range(1, 6)},
    "run --call get_list_callb": {"get_list_callback"},
    "replay --accept I-09": {"I-09"},
    "serve --mutant root_in_t": {"root_in_title_case"},
    "run --config connect-conf": {"connect-conformance.toml"},
}
BASH = """
source ./script
words=($1); [[ $1 == *" " ]] && words+=("")
COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1)) COMP_LINE=$1 COMP_POINT=${#1}
function=$(complete -p connect-conformance | sed 's/.*-F \\([^ ]*\\).*/\\1/')
$function connect-conformance "${words[COMP_CWORD]}" "${words[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


ZSH = (
    'autoload -U compinit && compinit -u -D && eval "$(<script)"; connect-conformance() {'
    ' [[ $1 == completion ]] && command connect-conformance "$@" || print -r -- "<$*>" }'
)


def shell(name: str) -> str:
    return shutil.which(name) or pytest.skip(f"there is no {name} here")


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    return {name: script(name) for name in ("bash", "zsh", "fish")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "connect-conformance.toml").write_text(TOML, encoding="utf-8")
    command = tmp_path / "bin/connect-conformance"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m conformance "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return tmp_path


def told(folder: Path, *words: str) -> set[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(PATH=path, HOME=str(folder)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return {line.split("\t")[0] for line in done.stdout.split("\n")} - {""}


@pytest.mark.parametrize("typed", ASKED)
def test_bash_completes(typed: str, folder: Path, scripts: dict[str, str]) -> None:
    (folder / "script").write_text(scripts["bash"], encoding="utf-8")
    words = (shell("bash"), "--norc", "-c", BASH, "bash", f"connect-conformance {typed}")
    assert told(folder, *words) == ASKED[typed]


@pytest.mark.parametrize("typed", ASKED)
def test_fish_completes(typed: str, folder: Path, scripts: dict[str, str]) -> None:
    (folder / "script").write_text(scripts["fish"], encoding="utf-8")
    line = f"source ./script; complete -C {shlex.quote(f'connect-conformance {typed}')}"
    assert told(folder, shell("fish"), "--no-config", "-c", line) == ASKED[typed]


@pytest.mark.parametrize("typed", ["run --lev", "explain CBK-1", "run --call get_list_callb", "run --target stag"])
def test_zsh_completes(typed: str, folder: Path, scripts: dict[str, str]) -> None:
    """On a terminal of its own: the line that is completed is printed by what it calls."""
    (folder / "script").write_text(scripts["zsh"], encoding="utf-8")
    zsh = shell("zsh")
    assert told(folder, zsh, "-f", "-n", "script") == set()
    wanted = {"run --target stag": "staging"}.get(typed) or next(iter(ASKED[typed]))
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    child, terminal = pty.fork()
    if not child:
        os.chdir(folder)
        os.execve(zsh, ["zsh", "-f", "-i"], environment(PATH=path, HOME=str(folder), TERM="dumb", PS1="% "))
    try:
        os.write(terminal, f"{ZSH}; echo re''ady\n".encode())
        assert "ready" in until("\nready", terminal)
        os.write(terminal, f"connect-conformance {typed}\t\n".encode())
        said = until(">\r\n", terminal)
        assert f"{wanted}>" in said.replace(" >", ">"), said
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def until(mark: str, terminal: int) -> str:
    said, deadline = "", time.monotonic() + 60
    while mark not in said and time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            said += os.read(terminal, 4096).decode(errors="replace")
    return said


def test_every_command_and_option_is_completed(scripts: dict[str, str]) -> None:
    commands = next(action for action in parser()._actions if action.dest == "command").choices
    for name, command in commands.items():
        for action in command._actions:
            for flag in action.option_strings:
                for text in scripts.values():
                    assert flag.lstrip("-") in text, (name, flag)


def test_without_a_configuration_there_are_no_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["completion", "targets"]) == 0
    assert capsys.readouterr().out == ""


# Wrong names

WRONG = {
    "rnu": "did you mean run?",
    "run --tagret=a": "did you mean --target?",
    "run --level shuld": "did you mean should?",
    "run --target stagign": "did you mean staging?",
    "run --target staging --target prodction": "did you mean production?",
    "run --endpoint reference --select EMV-03": "did you mean ENV-03?",
    "run --endpoint reference --call get_list_calback": "did you mean get_list_callback?",
    "run --endpoint reference --accept I_09": "did you mean I-09?",
    "prove --only root_all_capital": "did you mean root_all_capitals?",
    "serve --mutant root_all_capital": "did you mean root_all_capitals?",
    "doctor --target stagin": "did you mean staging?",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_name_is_told_what_was_meant(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("T", "T0KEN")
    (tmp_path / "connect-conformance.toml").write_text(TOML, encoding="utf-8")
    assert main(words.split()) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert WRONG[words] in said.err


@pytest.mark.parametrize("words", ["zzzzz", "run --zzzzz", "run --level zzzzz", "prove --only zzzzz"])
def test_nothing_is_guessed_where_nothing_is_near(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 4
    assert "did you mean" not in capsys.readouterr().err


def test_a_token_in_the_wrong_place_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--endpont=https://h/0123456789abcdef0123456789abcdef"]) == 4
    said = capsys.readouterr().err
    assert "did you mean --endpoint?" in said
    assert "0123456789abcdef" not in said
