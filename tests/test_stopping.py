"""A run that ends at its first failure: little is sent, the reports are whole, and what counts alone ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance import Terms, judge, record, reference
from conformance.contract.levels import Level
from conformance.evidence.exchange import Evidence
from conformance.reporting.folder import REPORTS
from conformance.verdicts.verdict import Claim, Report
from conformance.verdicts.waivers import Waiver
from tests.command import run
from tests.test_api import at

NEXT_YEAR = (datetime.now(UTC) + timedelta(days=365)).date()


def stopped(variant: str | None = None, terms: Terms | None = None) -> tuple[Evidence, Report]:
    with reference.start(variant=variant) as running:
        evidence = record(at(running), terms=terms, stop_on_failure=True)
    return evidence, judge(evidence, terms=terms)


def was_ended(evidence: Evidence) -> bool:
    return any("--stop-on-failure" in note for note in evidence.notes)


def test_the_first_failure_ends_it() -> None:
    evidence, report = stopped("root_all_capitals")
    assert was_ended(evidence)
    assert len(evidence.exchanges) < 150, "a run sends more than 200"
    assert report.verdict is Claim.NONCONFORMING
    assert report.exit_code == 1
    assert any("--stop-on-failure" in reason for reason in evidence.gaps.values())
    assert not report.interrupted


def test_without_a_failure_all_is_sent() -> None:
    evidence, report = stopped()
    assert not was_ended(evidence)
    assert not evidence.gaps
    assert report.verdict is Claim.CONFORMING


@pytest.mark.parametrize(("level", "ends"), [("must", False), ("should", True)])
def test_what_does_not_fail_the_run_does_not_end_it(level: Level, ends: bool) -> None:
    terms = Terms(level=level)
    evidence, _ = stopped("doctype_bare", terms)
    assert was_ended(evidence) is ends


def test_a_waived_failure_does_not_end_it() -> None:
    waivers = {name: Waiver(name, "known", NEXT_YEAR) for name in ("ENV-02", "ENV-03")}
    evidence, report = stopped("root_all_capitals", Terms(waivers=waivers))
    assert not was_ended(evidence)
    assert report.exit_code == 0


def test_the_command_writes_every_report(tmp_path: Path) -> None:
    with reference.start(variant="root_all_capitals") as running:
        done = run(
            *("run", "--endpoint", running.https_url, "--http-endpoint", running.http_url),
            *("--ca-file", running.ca_file, "--reports", tmp_path / "out", "--stop-on-failure"),
            cwd=tmp_path,
        )
    assert done.returncode == 1, done.stderr
    assert "--stop-on-failure" in done.stdout
    assert {name for name in REPORTS if (tmp_path / "out" / name).is_file()} == set(REPORTS)
    again = run("replay", tmp_path / "out" / "evidence.har", "--reports", tmp_path / "again", cwd=tmp_path)
    assert again.returncode == 1
