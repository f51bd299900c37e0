"""Labels: who and what was judged stands in every output, CI says it by itself, and no secret comes out that way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.target.labels import of_ci
from conformance.target.target import Target, target
from tests.command import run

TOKEN = "0123456789abcdef0123456789abcdef"
URL = {"endpoint": f"https://localhost/{TOKEN}"}
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SHA": "c0ffee",
    "GITHUB_REF_NAME": "main",
    "GITHUB_RUN_ID": "7",
    "GITHUB_SERVER_URL": "https://ci.example",
    "GITHUB_REPOSITORY": "team/api",
}


def labelled(labels: dict[str, str], **environment: str) -> Target:
    return target("t", URL | {"labels": labels}, documented(), environment=environment)


def test_ci_is_known_by_its_variables() -> None:
    assert of_ci(GITHUB) == {
        "commit": "c0ffee",
        "branch": "main",
        "build": "7",
        "build_url": "https://ci.example/team/api/actions/runs/7",
    }
    assert of_ci({"JENKINS_URL": "https://ci.example/", "GIT_COMMIT": "c0ffee"}) == {"commit": "c0ffee"}
    assert of_ci({"GITHUB_SHA": "c0ffee"}) == {}


def test_what_the_user_says_is_stronger() -> None:
    found = labelled({"branch": "mine", "release": "${RELEASE}"}, RELEASE="4.2.0", **GITHUB).labels
    assert (found["branch"], found["release"], found["commit"]) == ("mine", "4.2.0", "c0ffee")


def test_no_secret_becomes_a_label() -> None:
    found = labelled({"key": "${API_KEY}", "where": f"at {TOKEN}"}, API_KEY="hunter2hunter2").labels
    assert not {"hunter2hunter2", TOKEN} & set(" ".join(found.values()).split())


@pytest.mark.parametrize(
    "labels",
    [{"9": "x"}, {"a b": "x"}, {"a" * 41: "x"}, {"a": ""}, {"a": " "}, {"a": "x" * 201}, {"a": "\x1b[1m"}],
)
def test_a_wrong_label_is_refused(labels: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"labels.*; allowed: "):
        labelled(labels)


def test_they_stand_in_every_output(tmp_path: Path) -> None:
    words = ("--endpoint=reference", "--select=ENV-03", "--label=release=4.2.0", "--label=env=staging")
    first = run("run", *words, "--reports=out", cwd=tmp_path)
    again = run("replay", "out/evidence.har", "--select=ENV-03", "--reports=again", cwd=tmp_path)
    assert (first.returncode, again.returncode) == (0, 0)
    for folder, said in (("out", first.stdout), ("again", again.stdout)):
        assert "env staging, release 4.2.0" in said or "release 4.2.0, env staging" in said
        report = json.loads((tmp_path / folder / "report.json").read_bytes())
        assert report["target"]["labels"] == {"release": "4.2.0", "env": "staging"}
        assert "4.2.0" in (tmp_path / folder / "summary.md").read_text(encoding="utf-8")
