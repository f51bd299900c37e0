"""The end of a run: what is written, what is withheld, what is said."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from conformance.evidence.exchange import Evidence, Loss
from conformance.evidence.redaction import Redaction
from conformance.reporting.publish import publish
from conformance.target.secrets import Secrets
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.verdict import ExitCode, Report

SECRET = "5ecret0fee1dead5ecret0fee1dead00"
OPTIONS = argparse.Namespace(quiet=False, no_color=True)


@pytest.fixture
def secrets() -> Secrets:
    made = Secrets()
    made.hide(SECRET)
    return made


def test_what_holds_a_secret_is_withheld_and_named(
    report: Report, evidence: Evidence, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last guard: nobody took the secret out, and still it is in no file and on no terminal."""
    checks = (CheckResult(id="x", title="x", verdict=Verdict.FAIL, reason=f"it said {SECRET}"),)
    told = msgspec.structs.replace(report.requirements[0], checks=checks)
    report = msgspec.structs.replace(report, requirements=(told, *report.requirements[1:]))
    lost = replace(evidence.exchanges[0], loss=Loss("malformed", f"not HTTP: {SECRET}"))
    evidence = replace(evidence, exchanges=(lost, *evidence.exchanges[1:]))
    redaction = Redaction(replace(evidence, secrets=secrets))
    assert redaction.said
    redaction.__dict__["shown"] = evidence
    code = publish(report, redaction, tmp_path, tmp_path, OPTIONS, unwritten="no room")
    said = capsys.readouterr()
    assert (code, said.out, list(tmp_path.iterdir())) == (ExitCode.INTERNAL_ERROR, "", [])
    assert SECRET[:8] not in said.err
    for name in ("report.json", "report.html", "junit.xml", "evidence.har", "summary.md", "the summary"):
        assert f"a secret was found in {name}" in said.err


def test_what_could_not_be_made_is_named_and_the_rest_is_written(
    report: Report, evidence: Evidence, secrets: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    redaction = Redaction(replace(evidence, secrets=secrets))
    code = publish(report, redaction, tmp_path, tmp_path, OPTIONS, unwritten="no room")
    said = capsys.readouterr()
    assert code == ExitCode.INTERNAL_ERROR
    assert said.err == "connect-conformance: checks.html could not be made: no room\n"
    assert json.loads((tmp_path / "report.json").read_bytes())["verdict"] == report.verdict.value
    assert {path.name for path in tmp_path.iterdir()} == {
        "report.json",
        "report.html",
        "junit.xml",
        "evidence.har",
        "summary.md",
    }
    assert "REPORTS" in said.out
