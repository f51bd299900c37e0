"""Several targets: each for itself, one overview, one exit code; shards that merge to the same."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lxml import html

from conformance.commands.cli import main, parsed
from conformance.commands.fleet import _folders, _names
from conformance.contract.load import folder
from conformance.reference import start
from conformance.reporting import overview as shown
from conformance.verdicts.causes import causes, in_short
from conformance.verdicts.fleet import Member, of_report, overview, rows_of, unjudged
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Report

ROOT = Path(__file__).parents[1]
TOKEN = "5ecret0fee1dead5ecret0fee1dead00"
SAMPLE = msgspec.json.decode((folder("reports") / "sample" / "report.json").read_bytes(), type=Report)
CLOSED = f'endpoint = "https://127.0.0.1:1/{TOKEN}"\nhttp_endpoint = "http://127.0.0.1:1/"\n'


@pytest.fixture(scope="module")
def reference() -> Iterator[str]:
    with start() as running:
        yield (
            f'endpoint = "{running.https_url}"\nhttp_endpoint = "{running.http_url}"\nca_file = "{running.ca_file}"\n'
        )


def configured(place: Path, **targets: str) -> Path:
    file = place / "connect-conformance.toml"
    file.write_text("".join(f"[targets.{n}]\n{t}" for n, t in targets.items()), encoding="utf-8")
    return file


def overview_in(place: Path) -> dict[str, Any]:
    made = json.loads((place / "overview.json").read_text(encoding="utf-8"))
    assert isinstance(made, dict)
    return made


def member(name: str, exit_code: int = 0, **changes: Any) -> Member:
    return msgspec.structs.replace(of_report(SAMPLE, name, exit_code=exit_code), name=name, **changes)


def test_no_target_ends_the_run_of_another(reference: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One good, one that nobody answers for, one whose table is wrong, one whose token is missing."""
    missing = 'endpoint = "https://127.0.0.1:1/${NO_SUCH_TOKEN}"\n'
    file = configured(tmp_path, good=reference, closed=CLOSED, broken='endpoint = "x"\ntimeot = 3\n', tokenless=missing)
    reports = tmp_path / "out"
    words = ["run", "--all-targets", f"--config={file}", f"--reports={reports}", "--select=ENV-0[13]"]
    assert main(words) == 4
    made = overview_in(reports)
    assert {t["name"]: (t["verdict"], t["exit_code"]) for t in made["targets"]} == {
        "broken": ("not judged", 4),
        "tokenless": ("not judged", 4),
        "closed": ("unreachable", 10),
        "good": ("conforming in part", 0),
    }
    assert [t["name"] for t in made["targets"]][-2:] == ["closed", "good"]
    errors = {t["name"]: t["error"] for t in made["targets"]}
    assert "timeot" in errors["broken"]
    assert "NO_SUCH_TOKEN" in errors["tokenless"]
    assert (reports / "good" / "report.html").is_file()
    assert (reports / "closed" / "evidence.har").is_file()
    told = "".join(capfd.readouterr()) + "".join(p.read_text() for p in reports.glob("overview.*"))
    assert "refuses connections on port 1" in told
    assert TOKEN[:8] not in told


def test_one_of_several_that_is_wrong_does_not_hinder_a_single_one(reference: str, tmp_path: Path) -> None:
    file = configured(tmp_path, good=reference, broken="timeot = 3\n")
    words = ["run", f"--config={file}", f"--reports={tmp_path / 'out'}", "--select=ENV-01", "--quiet"]
    assert main([*words, "--target=good"]) == 0
    assert (tmp_path / "out" / "report.json").is_file()
    assert main([*words, "--target=broken"]) == 4


def asked(*words: str) -> Any:
    return parsed(["run", *words])


def test_shards_split_the_targets_and_lose_none(tmp_path: Path) -> None:
    names = [f"t{n:02}" for n in range(11)]
    file = configured(tmp_path, **dict.fromkeys(reversed(names), CLOSED))
    parts = [_names(asked("--all-targets", f"--shard={k}/4"), file) for k in range(1, 5)]
    assert sorted(name for part in parts for name in part) == names
    assert {len(part) for part in parts} == {2, 3}
    assert parts[0] == ["t00", "t04", "t08"]
    assert _names(asked("--target=t03", "--target=t01", "--target=t03"), file) == ["t01", "t03"]


def test_an_empty_shard_is_nothing_selected(tmp_path: Path) -> None:
    file = configured(tmp_path, only=CLOSED)
    words = ["run", "--all-targets", f"--config={file}", "--shard=2/2", f"--reports={tmp_path / 'out'}"]
    assert main(words) == 5
    assert overview_in(tmp_path / "out")["targets"] == []


@pytest.mark.parametrize(
    "words",
    [
        ["--all-targets", "--target=a"],
        ["--all-targets", "--endpoint=reference"],
        ["--target=a", "--target=nobody"],
        ["--all-targets", "--shard=0/2"],
        ["--all-targets", "--shard=3/2"],
        ["--all-targets", "--shard=1"],
        ["--shard=1/2"],
        ["--all-targets", "--jobs=0"],
        ["--all-targets", "--select=NO-*"],
        ["--all-targets", "--accept=I-99"],
        ["--all-targets", "--ca-file=no-such.pem"],
        ["--all-targets", "--waivers=no-such.toml"],
        ["--all-targets", "--config=no-such.toml"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_is_refused_before_anything_is_sent(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(tmp_path, a=CLOSED, b=CLOSED)
    monkeypatch.chdir(tmp_path)
    try:
        code = main(["run", *words])
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    assert code == 4
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "reports").exists()


def test_the_command_line_silences_the_environments_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(tmp_path, a=CLOSED, b=CLOSED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECT_CONFORMANCE_TARGET", "nobody")
    monkeypatch.setenv("CONNECT_CONFORMANCE_SHARD", "2/2")
    assert main(["run", "--all-targets", "--list", "--select=ENV-01"]) == 0
    assert capsys.readouterr().out.count("Would send to") == 1


def test_folders_hold_on_every_file_system() -> None:
    names = ["eu.staging", "Staging", "staging", "../x", "a/b", "overview.json", "", "CON é", "x" * 200]
    made = list(_folders(names))
    assert made[:2] == ["eu.staging", "Staging"]
    assert len({name.lower() for name in made}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,95}", name) for name in made)
    assert "overview.json" not in made


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ((0, 0), 0),
        ((0, 10), 10),
        ((10, 1, 0), 1),
        ((1, 3, 10), 3),
        ((0, 4), 4),
        ((4, 1), 4),
        ((5, 0), 5),
        ((), 5),
        ((2, 1), 2),
    ],
)
def test_the_worst_target_is_the_exit_code(codes: tuple[int, ...], worst: int) -> None:
    assert overview([member(f"t{n}", code) for n, code in enumerate(codes)], ()).exit_code == worst


def test_requirements_stand_worst_first() -> None:
    made = overview([member("a"), member("b")], rows_of(SAMPLE))
    troubles = [(-r.counts.error, -r.counts.fail, -r.counts.inconclusive) for r in made.requirements]
    assert troubles == sorted(troubles)
    assert sum(r.counts.fail for r in made.requirements) == 2 * SAMPLE.counts.fail


def test_shards_merge_to_what_one_run_would_have_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = [member("a"), member("b", 1), unjudged("c", "c", 4, "target c: no token")]
    for n, part in enumerate((whole[:1], whole[1:])):
        place = tmp_path / "shards" / f"{n}"
        place.mkdir(parents=True)
        for name, data in shown.files(overview(part, rows_of(SAMPLE))).items():
            (place / name).write_bytes(data)
    out = tmp_path / "out"
    assert main(["compare", "--overview", str(tmp_path / "shards"), f"--reports={out}"]) == 4
    assert capsys.readouterr().out.startswith("3 targets: 1 not judged, ")
    made, expected = overview_in(out), json.loads(shown.as_json(overview(whole, rows_of(SAMPLE))))
    assert made["requirements"] == expected["requirements"]
    folders = [t.pop("folder") for t in made["targets"]]
    assert [{k: v for k, v in t.items() if k != "folder"} for t in expected["targets"]] == made["targets"]
    assert folders == ["../shards/1/c", "../shards/1/b", "../shards/0/a"]


def test_reports_of_single_runs_merge_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = str(folder("reports") / "sample")
    assert main(["compare", "--overview", "--format=markdown", sample]) == SAMPLE.exit_code
    assert SAMPLE.target.name in capsys.readouterr().out
    assert main(["compare", "--overview", sample, sample]) == 4
    assert main(["compare", "--overview", str(tmp_path)]) == 4
    (tmp_path / "overview.json").write_text('{"format": 1, "exit_code": "0"}', encoding="utf-8")
    assert main(["compare", "--overview", str(tmp_path)]) == 4
    assert capsys.readouterr().err.count("\n") == 3


def test_what_failed_is_told_and_what_stayed_open_is_counted() -> None:
    verdicts = dict.fromkeys([r.id for r in SAMPLE.requirements], Verdict.PASS)
    verdicts |= {"REQ-01": Verdict.INCONCLUSIVE, "ENV-03": Verdict.FAIL}
    reasons = {"REQ-01": "no answer", "ENV-03": "another root"}
    given = member("a", 1, verdicts=verdicts, reasons=reasons, waived=[], cause="")
    line = shown.terminal(overview([given], rows_of(SAMPLE))).splitlines()[1]
    assert line.endswith("ENV-03: another root; 1 could not be judged")
    open_ = member("a", 10, verdicts=verdicts | {"ENV-03": Verdict.PASS}, reasons=reasons, waived=[], cause="")
    line = shown.terminal(overview([open_], rows_of(SAMPLE))).splitlines()[1]
    assert line.endswith("  REQ-01: no answer")


def test_an_overview_says_who_was_judged_and_on_which_terms() -> None:
    labelled = msgspec.structs.replace(SAMPLE.target, labels={"release": "<4.2>"})
    made = of_report(msgspec.structs.replace(SAMPLE, target=labelled), "staging")
    assert (made.labels, made.suite) == ({"release": "<4.2>"}, SAMPLE.suite.version)
    assert made.settings["clock tolerance"] == "300 s"
    page = html.document_fromstring(shown.html(overview([made], rows_of(SAMPLE))))
    assert "release <4.2>" in page.text_content()


def test_a_target_is_told_by_its_cause() -> None:
    given = of_report(SAMPLE, "staging")
    assert given.cause == in_short(causes(SAMPLE))
    assert f": {given.cause}" in shown.terminal(overview([given], rows_of(SAMPLE)))


def test_the_page_leads_from_each_cell_to_the_requirement_of_its_target() -> None:
    page = html.document_fromstring(shown.html(overview([of_report(SAMPLE, "my staging")], rows_of(SAMPLE))))
    assert "./my%20staging/report.html#ENV-03" in page.xpath("//td[@class='fail']/a/@href")
    assert [h.text for h in page.xpath("//section[2]/h3")][:2] == ["ENV: the envelope", "TIM: the Timestamp"]
    assert not page.xpath("//script | //@style")


@pytest.mark.parametrize("form", ["html", "markdown", "terminal", "as_json"])
def test_strangers_texts_are_inert(form: str) -> None:
    hostile = "\x1b[31m\u202e<script>alert(1)</script>|`\n# forged\"'><img src=x onerror=alert(1)>"
    bad = dict.fromkeys([r.id for r in SAMPLE.requirements], hostile)
    given = member(hostile, 1, endpoint=hostile, verdict=hostile, error=hostile, folder=hostile, reasons=bad)
    rows = [msgspec.structs.replace(row, title=hostile) for row in rows_of(SAMPLE)]
    made: str = getattr(shown, form)(overview([given], rows))
    for live in ("\x1b", "\u202e", "\n# forged"):
        assert live not in made
    if form == "html":
        assert "<script" not in made
        assert "<img" not in made
        assert "script-src" not in made
        assert "default-src 'none'" in made


def test_an_interruption_reaches_every_target_and_is_reported(tmp_path: Path) -> None:
    """Two targets that never answer, one that waits for its turn; started as a script starts `command &`."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        url = f'endpoint = "https://127.0.0.1:{silent.getsockname()[1]}/{TOKEN}"\n{CLOSED.splitlines()[1]}\n'
        file = configured(tmp_path, a=url, b=url, c=url)
        words = ["run", "--all-targets", "--jobs=2", f"--config={file}", f"--reports={tmp_path / 'out'}"]
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process started now inherits it
        fleet = subprocess.Popen(
            [sys.executable, "-m", "conformance", *words],
            cwd=ROOT,
            env=os.environ,
            stderr=subprocess.DEVNULL,
        )
        signal.signal(signal.SIGINT, before)
        kept = [silent.accept()[0] for _ in range(2)]  # both are waiting for an answer now
        time.sleep(0.2)
        fleet.send_signal(signal.SIGTERM)
        assert fleet.wait(60) == 2
        for connection in kept:
            connection.close()
    made = overview_in(tmp_path / "out")
    assert made["exit_code"] == 2
    assert {t["name"]: t["exit_code"] for t in made["targets"]} == {"a": 2, "b": 2, "c": 2}
    assert (tmp_path / "out" / "a" / "report.json").is_file()
