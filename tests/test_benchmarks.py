"""The benchmarks run, and their page shows all of them. What they measure is for people to judge."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.endpoint import enlarged
from benchmarks.page import PAGE, PARTS, PLOTS
from benchmarks.peers.tools import TOOLS, Tool
from benchmarks.table import Table, middle
from conformance.contract.load import documented
from tests.command import ROOT, environment

COLUMNS = {
    "cost": (
        "latency",
        "run / floor",
        "start-up",
        "sending",
        "judging",
        "reporting",
        "peak MB",
        "bare client",
    ),
    "history": ("peak MB", "`show` after that", "bytes a line"),
    "smoke": ("mutants caught", "correct accused", "at 0 ms"),
    "judging": ("µs an exchange", "µs a requirement", "peak MB", "one answer", "1,000"),
}


def benchmarks(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("part", COLUMNS)
def test_a_quick_run_prints_the_columns(part: str) -> None:
    done = benchmarks("--quick", part)
    assert done.returncode == 0, done.stderr
    for column in COLUMNS[part]:
        assert column in done.stdout


@pytest.mark.parametrize("words", [["costs"], ["--quick", "--write", "cost"]])
def test_what_cannot_be_measured_is_refused(words: list[str]) -> None:
    assert benchmarks(*words).returncode == 2


def test_the_page_shows_every_part() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for part in PARTS:
        section = page.partition(f"<!-- {part} -->")[2].partition(f"<!-- end of {part} -->")[0]
        assert section.count("\n|") > 2, f"{part} has no table"
    for file, title in PLOTS.values():
        assert f"![{title}]({file})" in page
        assert f"<title>{title}</title>" in (PAGE.parent / file).read_text(encoding="utf-8").replace("\n", "")


def test_plots_say_nothing_of_when_they_were_drawn() -> None:
    for file, _ in PLOTS.values():
        assert "dc:date" not in (PAGE.parent / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_every_peer_says_what_it_looks_at(tool: Tool) -> None:
    assert 0 < tool.requirements <= len(documented().requirements)
    assert tool.assertions(tool.text) > tool.requirements / 2


def test_a_longer_list_has_as_many_pairs_as_asked() -> None:
    sample = documented().call.response_sample.read_bytes()
    longer = enlarged(sample, 1_000)
    assert longer.count(b"<Value>") == longer.count(b"</Value>") == 1_000


def test_a_table_can_be_read_as_it_is() -> None:
    table = Table("Numbers.", ("name", "seconds"))
    table.add("one", middle([2.0, 1.0, 4.0]))
    assert table.markdown().splitlines() == [
        "| name |          seconds |",
        "|------|-----------------:|",
        "| one  | 2.00 (1.00-4.00) |",
    ]
    assert middle([1.0]) == "1.00"
