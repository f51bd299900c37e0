"""docs/history.md is true: its commands run, in their order, and its table has every field."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import duckdb
import msgspec

from conformance.verdicts.history.line import Line
from tests.command import ROOT, run
from tests.history.nights import forty, kept

PAGE = (ROOT / "docs/history.md").read_text(encoding="utf-8")


def test_every_command_runs(tmp_path: Path) -> None:
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)).splitlines()
    assert commands
    for command in commands:
        name, *words = shlex.split(command, comments=True)
        done = run(*words, cwd=tmp_path)
        assert (name, done.returncode, done.stderr) == ("connect-conformance", 0, ""), command


def test_the_query_finds_what_it_says(tmp_path: Path) -> None:
    kept(tmp_path / "history.jsonl", forty())
    assert run("history", "export", "--format=parquet", "runs-by-month", cwd=tmp_path).returncode == 0
    (query,) = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    with duckdb.connect() as database:
        database.execute(f"SET file_search_path = '{tmp_path}'")
        ((target, since),) = database.execute(query).fetchall()
    assert (target, f"{since:%Y-%m-%d}") == ("staging", "2026-01-21")


def test_every_field_of_a_line_is_named() -> None:
    for field in msgspec.structs.fields(Line):
        assert f"`{field.encode_name}`" in PAGE
