"""From runs to lines: what is kept of a run is what its judgements come to."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from conformance import __version__
from conformance.commands.cli import main
from conformance.contract.load import documented
from conformance.evidence.exchange import Evidence
from conformance.evidence.to_har import to_har
from conformance.reporting.json import to_json
from conformance.verdicts.history.file import lines
from conformance.verdicts.history.from_report import line_of, read_run
from conformance.verdicts.history.line import Line, Terms
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.terms import Terms as Asked
from conformance.verdicts.verdict import Claim, Report
from tests.command import COMMAND, ROOT, run
from tests.evidence_factory import conforming as recorded_run

RECORDING = str(ROOT / "docs/recording-2013.har")


def read(file: Path) -> list[Line]:
    with file.open("rb") as source:
        return [one.line for one in lines(source)]


@pytest.fixture(scope="module")
def conforming() -> tuple[Report, Evidence]:
    made = recorded_run()
    return judge_evidence(made, documented(), Asked()), made


def written(folder: Path, report: Report, recorded: Evidence) -> Path:
    folder.mkdir()
    (folder / "report.json").write_bytes(to_json(report))
    (folder / "evidence.har").write_bytes(to_har(recorded, creator_version=__version__))
    return folder


def edited(folder: Path, **changes: object) -> None:
    """Another report.json, at the top and in its first requirement."""
    file = folder / "report.json"
    said = json.loads(file.read_bytes())
    for name, value in changes.items():
        place = said["requirements"][0] if name in said["requirements"][0] else said
        place[name] = value
    file.write_text(json.dumps(said), encoding="utf-8")


def test_every_judgement_has_a_letter(conforming: tuple[Report, Evidence], tmp_path: Path) -> None:
    line, notes = read_run(written(tmp_path / "run", *conforming))
    assert line.terms.names.split(" ") == [one.address for one in conforming[0].requirements]
    assert (set(line.judged), notes) == ({"p"}, [])
    assert (line.verdict, line.exit, line.editions, line.live) == (Claim.CONFORMING, 0, ("page",), True)
    assert len(line.evidence) == 64
    assert line.ms is not None
    assert line.ms[0] <= line.ms[1]


def test_a_summary_that_lies_is_not_believed(conforming: tuple[Report, Evidence], tmp_path: Path) -> None:
    folder = written(tmp_path / "run", *conforming)
    report = json.loads((folder / "report.json").read_bytes())
    checks = [check | {"verdict": "fail"} for check in report["requirements"][0]["checks"]]
    edited(folder, checks=checks)
    line, notes = read_run(folder)
    assert (line.judged[:2], line.verdict, line.exit) == ("fp", Claim.NONCONFORMING, 1)
    assert notes[0].endswith("come to nonconforming, exit code 1, which is what is kept")
    edited(folder, verdict="fail", exit_code=1)
    assert read_run(folder)[0].judged == line.judged


def test_what_was_left_out_is_neither_kept_nor_broken(conforming: tuple[Report, Evidence]) -> None:
    _, recorded = conforming
    whole = line_of(judge_evidence(recorded, documented(), Asked()), recorded)
    part = line_of(judge_evidence(recorded, documented(), Asked(select=("ENV-*",))), recorded)
    assert set(part.judged) == {"p", "-"}
    assert part.judged.count("p") == 9
    assert part.settings != whole.settings
    assert part.terms.names == whole.terms.names


def test_a_policy_that_is_not_kept_leaves_it_open(conforming: tuple[Report, Evidence], tmp_path: Path) -> None:
    report, recorded = conforming
    policy = {"sha256": 64 * "0", "shortfalls": ["calls: get_list_country was not judged"]}
    folder = written(tmp_path / "run", report, recorded)
    edited(folder, policy=policy, exit_code=10)
    line, _ = read_run(folder)
    assert (line.verdict, line.exit, set(line.judged)) == (Claim.INCONCLUSIVE, 10, {"p"})


def test_evidence_of_another_run_is_refused(
    conforming: tuple[Report, Evidence], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path / "run", *conforming)
    edited(folder, started="2025-01-01T00:00:00Z")
    assert main(["history", "add", str(folder), f"--history={tmp_path / 'h'}"]) == 4
    assert "evidence.har is of another run" in capsys.readouterr().err
    (folder / "evidence.har").write_text("{}", encoding="utf-8")
    assert main(["history", "add", str(folder), f"--history={tmp_path / 'h'}"]) == 4
    (folder / "evidence.har").unlink()
    assert main(["history", "add", str(folder), f"--history={tmp_path / 'h'}"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0].endswith("has no evidence.har: how long answers took is unknown")
    assert said.out.splitlines()[1] == f"1 run added to {tmp_path / 'h'}"
    assert (read(tmp_path / "h")[0].ms, read(tmp_path / "h")[0].evidence) == (None, "")


def test_a_replay_is_told_from_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", RECORDING, f"--reports={tmp_path / 'run'}", "--quiet"]) == 1
    assert main(["history", "add", str(tmp_path / "run"), f"--history={tmp_path / 'h'}"]) == 0
    (line,) = read(tmp_path / "h")
    assert (line.live, line.exit, line.verdict) == (False, 1, Claim.NONCONFORMING)
    assert capsys.readouterr().err == ""


CONFIG = """\
[targets.a]
endpoint = "https://127.0.0.1:1/${TOKEN}"
http_endpoint = "http://127.0.0.1:1/"
headers = { "Authorization" = "Bearer ${KEY}" }
[targets.a.labels]
release = "4.2.0"
[targets.b]
endpoint = "https://127.0.0.1:1/${TOKEN}"
http_endpoint = "http://127.0.0.1:1/"
"""


def test_a_run_and_each_target_of_a_fleet_is_appended(tmp_path: Path) -> None:
    """What `run --history` appends is what `history add` would: it is there already. Nothing in it is a secret."""
    (tmp_path / "connect-conformance.toml").write_text(CONFIG, encoding="utf-8")
    secret = {"TOKEN": "5up3r-s3cr3t-t0k3n", "KEY": "0ther-s3cret"}

    def ran(*words: str, history: str = "h") -> subprocess.CompletedProcess[str]:
        told = ("run", f"--history={history}", "--select=REQ-01", "--quiet", *words)
        return run(*told, cwd=tmp_path, command=COMMAND, **secret)

    assert ran("--target=a", "--reports=one").returncode == 10
    assert ran("--all-targets", "--reports=all").returncode == 10
    found = read(tmp_path / "h")
    assert sorted(line.target for line in found) == ["a", "a", "b"]
    assert found[0].labels == {"release": "4.2.0"}
    assert found[0].obstacle.startswith("127.0.0.1 refuses connections")
    text = (tmp_path / "h").read_text(encoding="utf-8")
    assert not any(value in text for value in secret.values())
    assert isinstance(found[0].terms, Terms)
    done = run("history", "add", "one", "all", "--history=h", cwd=tmp_path)
    assert done.stdout == "0 runs added to h; 3 were there already\n"
    refused = ran("--all-targets", "--reports=no", history="none/h")
    assert (refused.returncode, refused.stderr.count("\n")) == (4, 1)
