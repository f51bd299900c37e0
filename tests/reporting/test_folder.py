"""The reports folder: exactly the one asked for, nothing of anybody's overwritten, no two runs in one."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import conformance
from conformance.commands.cli import main
from conformance.pytest_plugin import session
from conformance.reporting.folder import EARLIER, REPORTS, reports_folder
from tests.command import ROOT, run

RECORDING = ROOT / "docs" / "recording-2013.har"
FLEET = """
[targets.a]
endpoint = "https://127.0.0.1:1/"
http_endpoint = "http://127.0.0.1:1/"
[targets.b]
endpoint = "https://127.0.0.1:1/"
http_endpoint = "http://127.0.0.1:1/"
"""


def replayed(folder: Path) -> int:
    return main(["replay", str(RECORDING), f"--reports={folder}", "--quiet"])


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def started(folder: Path) -> str:
    said: str = json.loads((folder / "report.json").read_bytes())["started"]
    return said.replace("-", "").replace(":", "")


def earlier(folder: Path) -> list[str]:
    return sorted(place.name for place in (folder / EARLIER).iterdir())


def test_what_an_earlier_run_left_is_moved_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three runs of one start: three places."""
    code, start = replayed(tmp_path), started(tmp_path)
    before = contents(tmp_path)
    capsys.readouterr()
    assert replayed(tmp_path) == code
    assert contents(tmp_path / EARLIER / start) == before
    assert str(tmp_path / EARLIER / start) in capsys.readouterr().err
    assert contents(tmp_path).keys() == before.keys()
    assert replayed(tmp_path) == code
    assert earlier(tmp_path) == [start, f"{start}-2"]
    assert contents(tmp_path / EARLIER / start) == before


def test_a_folder_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    replayed(Path("out"))
    replayed(Path("out"))
    assert earlier(tmp_path / "out") == [started(tmp_path / "out")]


def test_a_link_to_the_latest_run_leads_into_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    main(["replay", str(RECORDING), "--quiet"])
    replayed(Path("reports/latest"))
    (made,) = (place for place in Path("reports").iterdir() if not place.is_symlink())
    assert earlier(made) == [started(made)]


def test_a_folder_of_another_kind_named_latest_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("reports/latest").mkdir(parents=True)
    Path("reports/latest/notes.txt").write_text("mine", encoding="utf-8")
    assert reports_folder(None).is_dir()
    assert Path("reports/latest/notes.txt").read_text(encoding="utf-8") == "mine"
    assert len(list(Path("reports").iterdir())) == 2


def test_a_folder_of_somebody_elses_named_earlier_keeps_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / EARLIER).mkdir()
    (tmp_path / EARLIER / "notes.txt").write_text("mine", encoding="utf-8")
    replayed(tmp_path)
    replayed(tmp_path)
    assert earlier(tmp_path) == [started(tmp_path), "notes.txt"]


def test_a_file_named_earlier_is_refused_once_it_is_in_the_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / EARLIER).write_text("mine", encoding="utf-8")
    code = replayed(tmp_path)
    before = contents(tmp_path)
    assert code != 4
    capsys.readouterr()
    assert replayed(tmp_path) == 4
    assert contents(tmp_path) == before
    told = capsys.readouterr().err
    assert (told.count("\n"), EARLIER in told) == (1, True)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("data", [b"", b"mine", b"{}", b"<html>mine</html>", b"\xff\x00" * 80_000])
def test_a_file_that_is_no_report_is_left_alone_and_refused(
    tmp_path: Path, name: str, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(data)
    assert replayed(tmp_path) == 4
    assert contents(tmp_path) == {name: data}
    assert os.listdir(tmp_path) == [name]
    told = capsys.readouterr().err
    assert (told.count("\n"), name in told) == (1, True)


def test_beside_reports_of_ours_it_is_refused_too(tmp_path: Path) -> None:
    replayed(tmp_path)
    (tmp_path / "junit.xml").write_bytes(b"mine")
    before = contents(tmp_path)
    assert replayed(tmp_path) == 4
    assert contents(tmp_path) == before


KINDS: dict[str, Callable[[Path], object]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a broken link": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    KINDS[kind](tmp_path / "report.html")
    assert replayed(tmp_path) == 4
    assert os.listdir(tmp_path) == ["report.html"]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    replayed(tmp_path)
    replayed(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["summary.md", "junit.xml", "report.html", "evidence.har", "report.json"])
def test_what_is_left_of_a_run_that_was_cut_short_is_known(tmp_path: Path, name: str) -> None:
    replayed(tmp_path)
    for file in list(tmp_path.iterdir()):
        if file.name != name:
            file.unlink()
    reports_folder(tmp_path)
    (place,) = (tmp_path / EARLIER).iterdir()
    assert re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", place.name)
    assert [file.name for file in place.iterdir()] == [name]


def test_a_run_that_ended_while_another_was_at_work_in_its_folder_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before: list[dict[str, bytes]] = []

    def overtaken(*arguments: Any, **named: Any) -> Any:
        if not before:
            before.append({})
            replayed(tmp_path)
            before[0] = contents(tmp_path)
        return judging(*arguments, **named)

    judging = session._pytest
    monkeypatch.setattr(session, "_pytest", overtaken)
    replayed(tmp_path)
    assert contents(tmp_path / EARLIER / started(tmp_path)) == before[0]


def test_several_targets_keep_what_stood_there_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An overview and the reports that it links to stay together; one of another kind is refused at the start."""
    file, out = tmp_path / "fleet.toml", tmp_path / "out"
    file.write_text(FLEET, encoding="utf-8")
    words = ["run", "--all-targets", f"--config={file}", f"--reports={out}", "--select=REQ-01", "--quiet"]
    assert main(words) == 10
    before = [contents(out), contents(out / "a"), contents(out / "b")]
    capsys.readouterr()
    assert main(words) == 10
    assert capsys.readouterr().err.count("\n") == 1
    (place,) = (out / EARLIER).iterdir()
    assert [contents(place), contents(place / "a"), contents(place / "b")] == before
    assert not (out / "a" / EARLIER).exists()
    (out / "b" / "summary.md").write_bytes(b"mine")
    assert main(words) == 4
    assert earlier(out) == [place.name]
    assert main(["compare", "--overview", str(place), f"--reports={place}"]) == 10
    assert contents(place / EARLIER / place.name).keys() == before[0].keys()


def test_pytest_keeps_them_too(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pytest", "-p", "conformance.pytest_plugin", "--endpoint=reference"]
    words += [f"--reports={tmp_path / 'out'}", "--pyargs", "conformance.checks", "-q", "-k", "root"]
    first = run(cwd=tmp_path, command=words)
    before = contents(tmp_path / "out")
    assert {
        "report.json",
        "report.html",
        "junit.xml",
        "summary.md",
        "evidence.har",
        "checks.html",
    } == before.keys(), first.stdout
    run(cwd=tmp_path, command=words)
    (place,) = (tmp_path / "out" / EARLIER).iterdir()
    assert contents(place) == before
    (tmp_path / "out" / "summary.md").write_bytes(b"mine")
    refused = run(cwd=tmp_path, command=words)
    assert refused.returncode == 4
    assert len(refused.stderr.split("\n\n")[0].splitlines()) == 1


def test_runs_of_one_second_and_one_process_id_share_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: reports_folder(None), range(24)))
    assert len(set(made)) == 24
    assert (tmp_path / "reports" / "latest").resolve() in {path.resolve() for path in made}
    assert not [path for path in (tmp_path / "reports").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", ["py[3.11]", "a::b x", "[", "ü%20#;", "*?'"])
def test_an_installation_under_any_name_works(name: str, tmp_path: Path) -> None:
    home = tmp_path / name
    shutil.copytree(Path(conformance.__file__).parent, home / "conformance", ignore=shutil.ignore_patterns("_*_"))
    for part in ("schemas", "reports"):
        shutil.copytree(ROOT / part, home / part, ignore=shutil.ignore_patterns("2*", "latest"))
    out = tmp_path / f"out {name}"
    done = run(
        *("replay", RECORDING, f"--reports={out}", "--quiet"),
        cwd=tmp_path,
        command=[sys.executable, "-m", "conformance"],
        PYTHONPATH=str(home),
    )
    assert done.returncode in {1, 10}, done.stderr
    made = json.loads((out / "report.json").read_bytes())
    ids = {check["id"] for requirement in made["requirements"] for check in requirement["checks"]}
    assert all(each.startswith("conformance/checks/test_") for each in ids)
