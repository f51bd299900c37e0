"""`--shard auto` asks the CI server which of how many jobs this is; what it cannot make out is refused in one line."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from conformance.commands.cli import main, parsed
from conformance.commands.fleet import _names
from conformance.target.shards import SERVERS, found, read_shard


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_every_job_of_a_server_has_a_part_of_its_own(server: tuple[str, str, str, int]) -> None:
    _, number, total, first = server
    parts = [found({number: str(n), total: "3"}) for n in range(first, first + 3)]
    assert parts == [(1, 3), (2, 3), (3, 3)]
    for wrong in (str(first - 1), str(first + 3), "x", "1.0", "-1", "١"):
        with pytest.raises(argparse.ArgumentTypeError, match=f"auto finds {number}="):
            found({number: wrong, total: "3"})
    with pytest.raises(argparse.ArgumentTypeError, match=f"but not {total}"):
        found({number: str(first)})


@pytest.mark.parametrize("total", ["0", "", "x", "1e1"])
def test_a_wrong_total_is_refused(total: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        found({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": total})


def test_a_job_of_gitlab_alone_is_the_whole() -> None:
    assert found({"GITLAB_CI": "true", "CI_NODE_TOTAL": "1"}) == (1, 1)


def test_one_way_stays_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_shard("2/5") == (2, 5)
    for server in SERVERS:
        monkeypatch.delenv(server.number, raising=False)
    with pytest.raises(argparse.ArgumentTypeError, match="CI_NODE_INDEX with CI_NODE_TOTAL"):
        read_shard("auto")


def test_the_jobs_split_the_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "connect-conformance.toml"
    file.write_text("".join(f'[targets.t{n}]\nendpoint = "https://h/${{T}}"\n' for n in range(7)), encoding="utf-8")
    parts = []
    for number in range(3):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", str(number))
        monkeypatch.setenv("JOB_COMPLETIONS", "3")
        parts += _names(parsed(["run", "--all-targets", "--shard=auto"]), file)
    assert sorted(parts) == [f"t{n}" for n in range(7)]


def test_nothing_is_sent_where_it_cannot_be_made_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CI_NODE_INDEX", "5")
    monkeypatch.setenv("CI_NODE_TOTAL", "4")
    assert main(["run", "--all-targets", "--shard", "auto"]) == 4
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "CI_NODE_INDEX='5' and CI_NODE_TOTAL='4'" in told
    assert "from 1 to CI_NODE_TOTAL" in told
