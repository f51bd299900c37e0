"""The public API: what a release tool or a notebook uses, without a command line and without pytest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import conformance
from conformance import ConfigError, Target, Terms, judge, read_evidence, read_report, record, reference

STATES = {code: {"headers": {"X-Reference-State": code}} for code in ("004", "007", "008", "999")}


def at(running: reference.Running, **settings: Any) -> Target:
    return Target.of(
        running.https_url,
        http_endpoint=running.http_url,
        ca_file=str(running.ca_file),
        states=STATES,
        allow_hostile_requests=True,
        **settings,
    )


def test_a_target_is_recorded_and_judged() -> None:
    with reference.start() as running:
        report = judge(record(at(running)))
    assert report.verdict == "conforming"
    assert report.exit_code == 0
    assert {r.id for r in report.requirements if r.verdict != "pass"} == set()


def test_a_broken_endpoint_is_named_by_its_requirement() -> None:
    with reference.start(variant="root_all_capitals") as running:
        evidence = record(at(running), terms=Terms(select=("ENV-*",)))
    report = judge(evidence, terms=Terms(select=("ENV-*",)))
    assert {r.id for r in report.requirements if r.verdict == "fail"} == {"ENV-02", "ENV-03"}


def test_a_state_holds_for_every_call() -> None:
    with reference.start(state="007") as running:
        report = judge(record(at(running), terms=Terms(select=("REQ-02",))), terms=Terms(select=("REQ-02",)))
    assert report.exit_code == 1


def test_what_a_run_left_is_read_back() -> None:
    folder = Path(__file__).parents[1]
    report = read_report(folder / "reports" / "sample")
    assert report.suite.name == "connect-conformance"
    again = judge(read_evidence(folder / "docs" / "recording-2013.har"), terms=Terms(select=("ENV-*",)))
    assert {r.id for r in again.requirements if r.verdict == "fail"} == {"ENV-02", "ENV-03"}


def test_a_target_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_TOKEN", "0123456789abcdef")
    file = tmp_path / "connect-conformance.toml"
    file.write_text('[targets.staging]\nendpoint = "https://staging.example.com/${CONNECT_TOKEN}"\n')
    assert "0123456789abcdef" not in Target.read(file, "staging").shown_endpoint
    with pytest.raises(ConfigError, match="no target 'production'; allowed: staging"):
        Target.read(file, "production")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"endpoint": "http://x/"}, "the scheme is http"),
        ({"endpoint": "https://x/t", "timeot": 1}, "did you mean `timeout`"),
        ({"endpoint": "https://x/t", "timeout": "1"}, "timeout"),
        ({"endpoint": "https://x/t", "states": {"123": {"setup": ["x"]}}}, "no documented error code"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as refused:
        Target.of(str(settings.pop("endpoint")), **settings)
    assert "\n" not in str(refused.value)


def test_every_public_name_is_there() -> None:
    assert all(getattr(conformance, name) is not None for name in conformance.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        conformance.no_such_name  # type: ignore[attr-defined]  # noqa: B018
