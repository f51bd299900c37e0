"""The README and docs/usage.md are true: every command runs, every screen is what is printed, every name exists."""

from __future__ import annotations

import json
import os
import re
import shlex
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from conformance.contract.load import documented
from conformance.reference import Running
from conformance.reference import start as reference
from conformance.selftest.matrix import markdown, matrix, sensitivity
from conformance.selftest.prove import ROLL_UP, Outcome
from conformance.selftest.trials import trials
from conformance.verdicts.result import Verdict
from conformance.verdicts.sensitivity import FILE
from conformance.verdicts.verdict import ExitCode
from tests.command import ROOT, Switch, run, switch_command

README = (ROOT / "README.md").read_text(encoding="utf-8")
ENDS = {  # the commands that do not end with 0, and why
    "connect-conformance run --target staging": 10,  # nothing says how 999 is reached
    "connect-conformance run --target staging --reports known-good": 10,
    "connect-conformance run --target staging --reports candidate": 10,
    "connect-conformance run --target staging --history history.jsonl": 10,
    "connect-conformance verify candidate.zip": 10,  # the same, and nobody signed it
    "connect-conformance replay docs/recording-2013.har --select 'ENV-*' --select 'CBK-*'": 1,
}


class Block(NamedTuple):
    """A fenced block of the README."""

    kind: str
    text: str

    @property
    def commands(self) -> list[str]:
        return self.text.strip().splitlines()


USAGE = (ROOT / "docs/usage.md").read_text(encoding="utf-8")
BLOCKS = [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", README + USAGE, re.MULTILINE | re.DOTALL)]
SET_UP = [command for block in BLOCKS for command in block.commands if block.kind == "sh" and "venv" in command]
IN_CI = [
    line.split("run: ", 1)[1] for block in BLOCKS for line in block.commands if block.kind == "yaml" and "run: " in line
]


def screens() -> list[tuple[str, str]]:
    """Each command that a screen follows, and the screen."""
    pairs = pairwise(BLOCKS)
    return [(block.commands[-1], screen.text) for block, screen in pairs if screen.kind == "text"]


def steady(text: str) -> str:
    """Output without what differs from run to run: port, time, folder."""
    text = re.sub(r"localhost:\d+", "localhost:PORT", text)
    text = re.sub(r"\d+\.\d s\b", "N s", text)
    return re.sub(r"\d{8}-\d{6}-\d+", "FOLDER", text)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with reference() as started:
        yield started


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, running: Running) -> Iterator[Shell]:
    with ExitStack() as stack:
        yield Shell(tmp_path_factory.mktemp("clone"), running, stack)


class Shell:
    """A folder in which the README's commands work: its configuration, made to point at the reference endpoint."""

    def __init__(self, folder: Path, running: Running, stack: ExitStack) -> None:
        self.folder, self.running = folder, running
        (folder / "docs").symlink_to(ROOT / "docs")
        self._script("connect-conformance", f'exec {shlex.quote(sys.executable)} -m conformance "$@"')
        self._script("pytest", f'cd {ROOT} && exec {shlex.quote(sys.executable)} -m pytest -p no:cacheprovider "$@"')
        server = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Switch))
        server.daemon_threads = True
        server.running, server.switched = running, []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        turn = shlex.join(switch_command(server, "$CODE")).replace("'$CODE'", '"$CODE"')
        self._script("disable-the-api", f"CODE=${{1/on/008}}\nexec {turn}", folder)
        target, states, waivers = (block.text for block in BLOCKS if block.kind == "toml")
        (folder / "connect-conformance.toml").write_text(self.pointed(target + states), encoding="utf-8")
        (folder / "waivers.toml").write_text(waivers, encoding="utf-8")

    def _script(self, name: str, line: str, folder: Path | None = None) -> None:
        file = (folder or self.folder / "bin") / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/usr/bin/env bash\n{line}\n", encoding="utf-8")
        file.chmod(0o755)

    def pointed(self, text: str) -> str:
        """The configuration with the reference endpoint where the README has staging.example.com."""
        base = self.running.https_url.rpartition("/")[0]
        changes = {
            "https://staging.example.com/blocked/": f"{base}/state-004/",
            "https://staging.example.com": base,
            "http://staging.example.com/": self.running.http_url,
            '# ca_file = "ca.pem"': f'ca_file = "{self.running.ca_file}"',
            '"X-Test-State" = "command-disabled"': '"X-Reference-State" = "007"',
        }
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def run(self, command: str, *, github: bool = False) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        told = {"CONNECT_TOKEN": self.running.token}
        if github:
            told |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.folder / "step.md")}
        return run("-euc", command, cwd=self.folder, command=["bash"], PATH=path, **told)


def test_every_command_runs(shell: Shell) -> None:
    """In the order of the pages."""
    for block in BLOCKS:
        for command in block.commands if block.kind == "sh" else IN_CI if block.kind == "yaml" else ():
            if command in SET_UP:
                continue
            done = shell.run(command, github=block.kind == "yaml")
            expected = 10 if command == IN_CI[0] else ENDS.get(command, 0)
            assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
        if block.kind == "yaml":
            assert (shell.folder / "step.md").read_text(encoding="utf-8").startswith("# INCONCLUSIVE")
    assert not ENDS.keys() - {command for block in BLOCKS for command in block.commands}


@pytest.mark.parametrize(("command", "screen"), screens(), ids=[command[-40:] for command, _ in screens()])
def test_every_screen_is_what_is_printed(shell: Shell, command: str, screen: str) -> None:
    plain = command.rpartition("&& ")[2].removeprefix(".venv/bin/")
    assert steady(shell.run(plain).stdout).startswith(steady(screen))


def test_the_states_of_the_readme_are_reached(shell: Shell) -> None:
    shell.run("connect-conformance run --target staging --reports states --quiet")
    told = json.loads((shell.folder / "states/report.json").read_text(encoding="utf-8"))["requirements"]
    found = {r["id"]: r["verdict"] for r in told}
    for code in ("004", "007", "008"):
        assert found[f"ERR-{code}-code"] == found[f"ERR-{code}-stable"] == "pass"
    assert found["ERR-999-code"] == "inconclusive"


# In an empty clone


def test_ci_runs_the_set_up_commands_as_they_are_written() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"grep '(.*)' README\.md", script)
    assert [line for line in README.splitlines() if re.search(pattern, line)] == SET_UP


def test_there_are_two_set_up_commands() -> None:
    assert len(SET_UP) == 2
    assert all(command.startswith("python3 -m venv .venv && .venv/bin/pip install --quiet ") for command in SET_UP)


def test_contributing_sets_up_in_the_same_way() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"\n{SET_UP[1]}\n" in text


# The kill matrix


def test_the_kill_matrix_is_current() -> None:
    """CI runs `prove`, which fails unless every mutant is killed; so this is what it prints."""
    every = [Outcome(t.id, t.call, t.kind, t.title, t.breaks, (*t.breaks, ROLL_UP), 0.0, "") for t in trials()]
    made = matrix(every, documented(), partial=False)
    current, numbers = markdown(replace(made, stale=())), ROOT / "reports" / FILE
    page = ROOT / "docs/kill-matrix.md"
    text = page.read_text(encoding="utf-8")
    shown = re.search(r"(?<=<!-- kill matrix -->\n\n).*?(?=\n<!-- end of)", text, re.DOTALL)
    assert shown
    if os.environ.get("UPDATE_SNAPSHOTS"):
        page.write_text(text[: shown.start()] + current + text[shown.end() :], encoding="utf-8")
        numbers.write_bytes(msgspec.json.format(msgspec.json.encode(sensitivity(made)), indent=1) + b"\n")
        return
    assert shown[0] == current
    assert made.stale == ()


# Names and numbers


def rows(heading: str) -> list[list[str]]:
    """The rows of the table that follows a heading."""
    part = (README + USAGE).split(f"\n{heading}\n", 1)[1]
    lines = [line for line in part.splitlines() if line.startswith("|") or not line][1:]
    table = "\n".join(lines).strip().split("\n\n")[0]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_table_of_commands_is_whole(tmp_path: Path) -> None:
    told = run("--help", cwd=tmp_path).stdout
    commands = re.findall(r"^  ([a-z]+)(?:  |$)", told, re.MULTILINE)
    assert sorted(row[0] for row in rows("## Commands")) == sorted(commands)


def test_the_table_of_exit_codes_is_whole() -> None:
    assert [int(row[0]) for row in rows("## Read a verdict")] == [int(code) for code in ExitCode]


def test_the_table_of_verdicts_is_whole() -> None:
    table = USAGE.split("| verdict | means |", 1)[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {verdict.value for verdict in Verdict}


def test_the_table_of_files_is_whole(shell: Shell) -> None:
    shell.run("connect-conformance replay docs/recording-2013.har --reports five --quiet")
    assert sorted(row[0] for row in rows("## What a run leaves")) == sorted(os.listdir(shell.folder / "five"))


def test_numbers_are_right(tmp_path: Path) -> None:
    contract = documented()
    of_the_page = [r for r in contract.requirements.values() if r.of((contract.call.name,))]
    assert f"into {len(of_the_page)}\nrequirements" in README
    listed = run("run", "--endpoint", "reference", "--list", cwd=tmp_path).stdout
    sent = int(re.findall(r"^(\d+) requests", listed, re.MULTILINE)[0])
    said = int(re.findall(r"some (\d+) requests", README)[0])
    assert abs(sent - said) <= 10


def test_options_exist(tmp_path: Path) -> None:
    told = "".join(
        run(*words, "--help", cwd=tmp_path).stdout
        for words in ([], ["run"], ["compare"], ["prove"], ["replay"], ["package"])
    )
    outside = "".join(block.text for block in BLOCKS if "venv" in block.text)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (README + USAGE).replace(outside, "")))
    named -= {"--quiet", "--help"}
    assert named
    assert not [option for option in named if option not in told]


def test_keys_of_the_configuration_exist() -> None:
    from conformance.target.settings import placed  # noqa: PLC0415

    keys = {*placed("target"), *placed("state")}
    for block in BLOCKS:
        if block.kind == "toml" and "waiver" not in block.text:
            assert set(re.findall(r"^(?:# )?(\w+) = ", block.text, re.MULTILINE)) <= keys


PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "schemas/README.md"]
PAGES += sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / page).parent.joinpath(target).exists() or target.startswith(("https://", "http://")), target


@pytest.mark.parametrize("page", PAGES)
def test_modules_that_are_named_exist(page: str) -> None:
    """By their folder in `conformance/`, or from the root of the project."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for name in re.findall(r"`(\w[\w/]*/\w+\.py)`", text):
        assert any((folder / name).is_file() for folder in (ROOT, ROOT / "conformance")), name
