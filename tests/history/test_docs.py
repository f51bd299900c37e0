"""docs/history.md is true: its commands run, in their order, and its table has every field."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec

from conformance.verdicts.history.line import Line
from tests.command import ROOT, run

PAGE = (ROOT / "docs/history.md").read_text(encoding="utf-8")


def test_every_command_runs(tmp_path: Path) -> None:
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)).splitlines()
    assert commands
    for command in commands:
        name, *words = shlex.split(command, comments=True)
        done = run(*words, cwd=tmp_path)
        assert (name, done.returncode, done.stderr) == ("connect-conformance", 0, ""), command


def test_every_field_of_a_line_is_named() -> None:
    for field in msgspec.structs.fields(Line):
        assert f"`{field.encode_name}`" in PAGE
