"""docs/guides.md is true: its commands run, section by section, and its table has every word of `--allow`."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.contract.load import documented
from conformance.reference import Running, start
from conformance.target.from_options import provisioned
from conformance.verdicts.differences import ALLOWABLE
from tests.command import ROOT, run
from tests.generated import current, placed, table

PAGE = ROOT / "docs/guides.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = {
    head: [block.splitlines() for block in re.findall(r"^```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL)]
    for head, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
}


class Staging:
    """A folder whose target `staging` is a reference endpoint that can be broken."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.broken = folder, False
        tool = folder / "bin/connect-conformance"
        tool.parent.mkdir()
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m conformance "$@"\n', encoding="utf-8")
        tool.chmod(0o755)

    def answered(self, body: bytes) -> bytes:
        return body.replace(b"SOAP POST", b"SOPA POST") if self.broken else body

    def configured(self, running: Running) -> None:
        settings = provisioned(running, documented())
        lines = [
            "[targets.staging]",
            *(f'{key} = "{settings[key]}"' for key in ("endpoint", "http_endpoint", "ca_file")),
        ]
        lines.append("allow_hostile_requests = true")
        for code, state in settings["states"].items():
            (header,) = state["headers"].items()
            lines += [f"[targets.staging.states.{code}]", f'headers = {{ "{header[0]}" = "{header[1]}" }}']
        (self.folder / "connect-conformance.toml").write_text("\n".join(lines), encoding="utf-8")

    def run(self, command: str, code: int = 0) -> str:
        """Run a command of the page, whose host is the one that there is here."""
        line = command.replace("staging.example.com", "localhost")
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        done = run("-c", line, cwd=self.folder, command=["sh"], PATH=path)
        assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        file = self.folder / name
        text = file.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[Staging]:
    made = Staging(tmp_path)
    with start(rewrite=made.answered) as running:
        made.configured(running)
        yield made


def test_the_gate_lets_through_what_is_as_good_and_nothing_else(staging: Staging) -> None:
    gate, allowing, waiving = SECTIONS["A gate before a release"]
    *_, judge, compare = gate
    for command in gate:
        said = staging.run(command)
    assert "Nothing changed." in said
    for command in allowing:
        staging.run(command)
    staging.broken = True
    assert "CBK-04" in staging.run(judge, 1)
    assert "exit code 1, by --fail-on-regression: 1 got worse" in staging.run(compare, 1)
    init, excused = waiving
    assert "1 failure" in staging.run(init)
    staging.edit("waivers.toml", ('reason = ""', 'reason = "ticket 311"'), ('"YYYY-MM-DD"', "2099-12-31"))
    assert "with 1 must requirement waived" in staging.run(excused)
    assert "less is known (policy, waiver)" in staging.run(compare, 1), "an excuse is no way around the gate"


def test_the_nights_are_kept(staging: Staging) -> None:
    (judge, *shown), (compare,), (add,) = SECTIONS["Every night"]
    for _ in range(2):
        staging.run(judge)
    assert "Nothing changed." in staging.run(compare)
    staging.broken = True
    staging.run(judge, 1)
    assert "1 got worse" in staging.run(compare, 1)
    told = [staging.run(command) for command in shown]
    assert "REGRESSED" in told[0]
    assert "CBK-04" in told[0]
    assert (staging.folder / "history.html").is_file()
    assert "there already" in staging.run(add)


def test_the_partner_answers_the_owner(staging: Staging) -> None:
    staging.run("connect-conformance init --policy")
    staging.run("connect-conformance run --target staging --reports candidate")
    asked, answered, looked_at, compared = SECTIONS["A partner and the owner"]
    for command in (*asked, *answered, *looked_at, *compared):
        said = staging.run(command)
        if "verify" in command:
            assert said.splitlines()[-1].startswith("ACCEPTED")


def test_every_command_is_run() -> None:
    assert list(SECTIONS) == ["A gate before a release", "Every night", "A partner and the owner"]
    for blocks in SECTIONS.values():
        for line in (line for block in blocks for line in block):
            assert shlex.split(line)[0] in {"connect-conformance", "openssl"}


def test_the_table_of_what_is_allowed_is_up_to_date() -> None:
    rows = [(f"`{word}`", said) for word, said in ALLOWABLE.items()]
    heads = ("`--allow`", "what may be less, or otherwise, than in the first run")
    current(PAGE, placed(TEXT, "allow", table(heads, *rows)))
