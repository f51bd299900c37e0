"""`history prune` and `history export`: what is deleted and what never is, and the data set that others read."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conformance import __version__
from conformance.commands.cli import main
from conformance.contract.load import documented
from conformance.evidence.exchange import Evidence
from conformance.evidence.to_har import to_har
from conformance.reporting.json import to_json
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.terms import Terms
from tests.evidence_factory import BEGAN, conforming, swap
from tests.history.nights import DAY, forty, kept

Said = Callable[..., str]


@cache
def recorded(good: bool) -> Evidence:
    whole = conforming()
    broken = swap("<Result>Success</Result>", "<Result>Success</Result><More/>")(whole)
    few = [e for e in (whole if good else broken).exchanges if e.purpose.label == "documented"]
    return replace(whole, exchanges=tuple(few))


def left(folder: Path, day: int, *, good: bool = True) -> Path:
    """What a run on a day leaves."""
    evidence = recorded(good)
    evidence = replace(evidence, started=BEGAN + day * DAY, finished=BEGAN + day * DAY + 2)
    report = judge_evidence(evidence, documented(), Terms(select=("ENV-0[1-8]",)))
    folder.mkdir(parents=True)
    (folder / "report.json").write_bytes(to_json(report))
    (folder / "evidence.har").write_bytes(to_har(evidence, creator_version=__version__))
    (folder / "summary.md").write_text("# CONFORMING\n\nconnect-conformance\n", encoding="utf-8")
    return folder


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """Runs a verb in the folder; what it prints."""
    monkeypatch.chdir(tmp_path)

    def ran(*words: str, code: int = 0) -> str:
        assert main(["history", *words]) == code
        captured = capsys.readouterr()
        assert code == 0 or captured.err.count("\n") == 1
        return captured.err if code else captured.out

    return ran


def names(folder: Path) -> list[str]:
    return sorted(place.name for place in folder.iterdir())


def test_what_is_old_goes_but_for_the_turns(tmp_path: Path, said: Said) -> None:
    days = [left(tmp_path / f"reports/{day:02}", day, good=day not in {4, 5}) for day in range(12)]
    said("add", *map(str, days))
    before = (tmp_path / "history.jsonl").read_bytes()
    told = said("prune", "--keep=2", "--dry-run")
    assert told.count("would delete reports/") == 8
    assert len(names(tmp_path / "reports")) == 12
    told = said("prune", "--keep=2")
    assert names(tmp_path / "reports") == ["03", "04", "10", "11"]
    assert "kept reports/03; staging 2026-01-04T00:00:00Z; last good run before a failure\n" in told
    assert "kept reports/04; staging 2026-01-05T00:00:00Z; first bad run of a failure\n" in told
    assert "deleted reports/00; staging 2026-01-01T00:00:00Z\n" in told
    assert told.endswith("8 report folders deleted, 4 kept; the history keeps all its lines\n")
    assert (tmp_path / "history.jsonl").read_bytes() == before


def test_only_reports_that_the_history_tells_of_are_deleted(tmp_path: Path, said: Said) -> None:
    """What is somebody else's, runs that no line tells of, what a link leads to, other files in a folder: they stay."""
    days = [left(tmp_path / f"reports/{day:02}", day) for day in range(6)]
    said("add", *map(str, days[1:]))
    (days[1] / "notes.txt").write_text("mine", encoding="utf-8")
    (days[2] / "junit.xml").write_text("<testsuite>of another tool</testsuite>", encoding="utf-8")
    (days[3] / "evidence.har").write_bytes((days[3] / "evidence.har").read_bytes() + b" ")
    (tmp_path / "reports/other").mkdir()
    (tmp_path / "reports/other/evidence.har").write_text("{}", encoding="utf-8")
    (tmp_path / "reports/pipe").mkdir()
    os.mkfifo(tmp_path / "reports/pipe/evidence.har")
    elsewhere = left(tmp_path / "elsewhere", 20)
    (tmp_path / "reports/link").symlink_to(elsewhere, target_is_directory=True)
    told = said("prune", "--keep=1")
    assert names(days[0]) == names(days[3]) == names(days[5]) == ["evidence.har", "report.json", "summary.md"]
    assert names(days[1]) == ["notes.txt"]
    assert names(days[2]) == ["junit.xml"]
    assert not days[4].exists()
    assert "deleted reports/01; staging 2026-01-02T00:00:00Z; but for notes.txt\n" in told
    assert "kept reports/00; staging 2026-01-01T00:00:00Z; no line of the history tells of it\n" in told
    for name in ("other", "pipe"):
        assert f"kept reports/{name}; it is no whole report of this suite\n" in told
    assert names(elsewhere) == ["evidence.har", "report.json", "summary.md"]


@pytest.mark.parametrize("words", [("--keep=0",), ("--keep=x",), ("--reports=none",), ("--history=none",)])
def test_what_cannot_be_pruned_is_refused(words: tuple[str, ...], tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "history.jsonl", forty())
    said("prune", *words, code=4)


def test_a_page_over_somebody_elses_file_is_refused(tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "history.jsonl", forty())
    (tmp_path / "mine.html").write_text("mine", encoding="utf-8")
    assert "is no page of this suite" in said("html", "--output=mine.html", code=4)
    said("html")
    said("html")


def test_others_read_the_data_set(tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "history.jsonl", forty())
    assert said("export", "--format=parquet", "set") == "40 runs of 2 months written to set\n"
    assert names(tmp_path / "set") == ["month=2026-01", "month=2026-02"]
    with duckdb.connect() as database:
        read = f"FROM read_parquet('{tmp_path}/set/**/*.parquet', hive_partitioning = true)"
        asked = "min(started) FILTER (verdicts['ENV-03'] = 'fail'), max(started) FILTER (verdicts['ENV-03'] = 'pass')"
        bad, good = database.execute(f"SELECT {asked} {read}").fetchall()[0]
        assert (bad.strftime("%d"), good.strftime("%d")) == ("21", "20")
        counted = database.execute(f"SELECT month, count(*), count(median_ms) {read} GROUP BY 1 ORDER BY 1")
        assert counted.fetchall() == [("2026-01", 31, 28), ("2026-02", 9, 9)]
        labels = database.execute(f"SELECT labels['release'] {read} WHERE obstacle LIKE 'port:%' ORDER BY started")
        assert labels.fetchall() == [("4.7",), ("4.8",), ("4.9",)]
    assert "is not empty and is left alone" in said("export", "--format=parquet", "set", code=4)


def test_without_the_extra_one_line_says_so(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(tmp_path / "history.jsonl", forty())
    imported = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return imported(name, *rest, **more)

    for name in [name for name in sys.modules if name.startswith("pyarrow")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    assert "with the extra `parquet`" in said("export", "--format=parquet", "set", code=4)
    assert not (tmp_path / "set").exists()
    said("export", "--format=csv", "set", code=4)
