"""The owner's policy: read strictly; what a run does not keep of it is named, and keeps the run from conforming."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from conformance import __version__
from conformance.commands.cli import main
from conformance.commands.init import POLICY_NAME, POLICY_SCHEMA
from conformance.contract.given import ConfigError
from conformance.contract.load import documented, folder
from conformance.evidence.exchange import Evidence
from conformance.reporting.json import to_json
from conformance.verdicts.assemble import assemble
from conformance.verdicts.findings import headline
from conformance.verdicts.policy import Policy, policy_of, read_policy
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, Report
from conformance.verdicts.waivers import Waiver
from tests.command import run
from tests.evidence_factory import conforming, judgements, swap

CONTRACT = documented()
OF_ERRORS = ["ERR-004-data", "ERR-004-code"]
CBK_04 = {"CBK-04": Waiver("CBK-04", "ticket 311", date(2027, 6, 30))}
TODAY = date(2027, 1, 1)


def judged(policy: Policy | None, evidence: Evidence | None = None, **terms: Any) -> Report:
    evidence = evidence or conforming()
    made = Terms(policy=policy, today=TODAY, **terms)
    return assemble(judgements(evidence), evidence, CONTRACT, made)


def policy(**said: Any) -> Policy:
    return policy_of(said, "the policy", CONTRACT)


def without_a_state(evidence: Evidence) -> Evidence:
    kept = tuple(e for e in evidence.exchanges if not e.purpose.label.endswith("-004"))
    return replace(evidence, exchanges=kept, gaps={"state-004": "the state of 004 is not provisioned"})


WITHOUT_SOAP = swap("SOAP POST", "SOAP PUT")
SHORT: dict[str, tuple[dict[str, Any], dict[str, Any], Callable[[Evidence], Evidence], str]] = {
    "the level": (
        {"level": "should"},
        {},
        lambda e: e,
        "level: the run was judged at must, the policy asks for should",
    ),
    "a call": (
        {"calls": ["get_list_callback"]},
        {},
        lambda e: replace(e, calls=()),
        "calls: get_list_callback was not judged",
    ),
    "a state": (
        {"require": ["ERR-004-code"]},
        {"deselect": ("ERR-004-*",)},
        lambda e: e,
        "require: ERR-004-code was not selected",
    ),
    "whatever the level asks for": (
        {},
        {"deselect": ("ENV-03",)},
        lambda e: e,
        "require: ENV-03 was not selected",
    ),
    "an interpretation": (
        {},
        {},
        lambda e: replace(e, accept=("I-04",)),
        "accept: I-04 is accepted, the policy allows none",
    ),
    "another interpretation": (
        {"accept": ["I-01"]},
        {},
        lambda e: replace(e, accept=("I-01", "I-04")),
        "accept: I-04 is accepted, the policy allows I-01",
    ),
    "a waiver": ({}, {"waivers": CBK_04}, WITHOUT_SOAP, "waivers: CBK-04 is waived, the policy allows none"),
    "another waiver": (
        {"waivers": ["CBK-03"]},
        {"waivers": CBK_04},
        WITHOUT_SOAP,
        "waivers: CBK-04 is waived, the policy allows CBK-03",
    ),
    "the tolerance": (
        {},
        {},
        lambda e: replace(e, clock_tolerance=86_400.0),
        "clock_tolerance: 86400 s, the policy allows 300 s at most",
    ),
    "the suite": (
        {"minimum_suite": "99.1"},
        {},
        lambda e: e,
        f"minimum_suite: version {__version__} judged, the policy asks for 99.1 or newer",
    ),
    "the contract": (
        {"contract": "0" * 64},
        {},
        lambda e: e,
        f"contract: judged against {CONTRACT.name}, the policy asks for {'0' * 64}",
    ),
}


@pytest.mark.parametrize("what", SHORT)
def test_what_falls_short_is_named_and_leaves_the_run_inconclusive(what: str) -> None:
    said, terms, change, line = SHORT[what]
    evidence = change(conforming())
    assert judged(None, evidence, **terms).verdict is Claim.CONFORMING, "without the policy it conforms"
    report = judged(policy(**said), evidence, **terms)
    assert report.policy
    assert report.policy.shortfalls == (line,)
    assert (report.verdict, report.exit_code) == (Claim.INCONCLUSIVE, 10)
    assert f"policy: {line}" in report.notes
    assert headline(report) == f"nothing failed, but the policy is not kept: {line}"
    schema = json.loads((folder("reports") / "report.schema.json").read_bytes())
    jsonschema.validate(json.loads(to_json(report)), schema)


KEPT: dict[str, tuple[dict[str, Any], dict[str, Any], Callable[[Evidence], Evidence]]] = {
    "nothing asked for": ({}, {}, lambda e: e),
    "a stricter level": ({"level": "must"}, {"level": "should"}, lambda e: e),
    "what is named alone": ({"require": ["ENV-*"]}, {"deselect": ("CBK-*",)}, lambda e: e),
    "an interpretation": ({"accept": ["I-04"]}, {}, lambda e: replace(e, accept=("I-04",))),
    "a waiver": ({"waivers": ["CBK-*@get_list_callback"]}, {"waivers": CBK_04}, WITHOUT_SOAP),
    "the tolerance": ({"clock_tolerance": 900}, {}, lambda e: replace(e, clock_tolerance=900.0)),
    "the suite": ({"minimum_suite": __version__}, {}, lambda e: e),
    "the contract": ({"contract": CONTRACT.name}, {}, lambda e: e),
    "its digest": ({"contract": CONTRACT.name.rpartition("@")[2]}, {}, lambda e: e),
}


@pytest.mark.parametrize("what", KEPT)
def test_a_policy_that_is_kept_changes_nothing(what: str) -> None:
    said, terms, change = KEPT[what]
    report, plain = (
        judged(policy(**said), change(conforming()), **terms),
        judged(None, change(conforming()), **terms),
    )
    assert report.policy
    assert report.policy.shortfalls == ()
    assert msgspec.structs.replace(report, policy=None) == plain
    assert report.verdict is Claim.CONFORMING


def test_every_open_judgement_has_a_line_with_its_reason() -> None:
    report = judged(policy(require=["ERR-004-*"]), without_a_state(conforming()))
    assert report.policy
    lines = report.policy.shortfalls
    assert len(lines) == 5
    assert all(
        re.fullmatch(r"require: ERR-004-\w+ is inconclusive: the state of 004 is not .*", line) for line in lines
    )


def test_a_failure_stays_a_failure() -> None:
    report = judged(policy(minimum_suite="99"), WITHOUT_SOAP(conforming()))
    assert (report.verdict, report.exit_code) == (Claim.NONCONFORMING, 1)
    assert report.policy
    assert len(report.policy.shortfalls) == 1


WRONG = {
    "no TOML": ("level", "is not TOML"),
    "an unknown key": ('levels = "must"', "levels"),
    "another level": (
        'level = "all"',
        "there is no 'all' at `level`; allowed: the keys level (must, should or advisory)",
    ),
    "a text for a list": ('waivers = "ENV-*"', "expected a list, got a string at `waivers`"),
    "a call that is not there": ('calls = ["get_nothing"]', "get_nothing"),
    "a requirement that is not there": ('require = ["ENV-99"]', "ENV-99"),
    "a waiver of one that is not there": ('waivers = ["XYZ-*"]', "XYZ-"),
    "an interpretation that nobody may accept": ('accept = ["I-02"]', "I-02"),
    "a tolerance below nothing": ("clock_tolerance = -1", "clock_tolerance"),
    "a tolerance that is no number": ("clock_tolerance = nan", "clock_tolerance"),
    "no version": ('minimum_suite = "new"', "new"),
    "no contract": ('contract = "the page"', "the page"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_policy_is_refused_in_one_line(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, named = WRONG[what]
    file = tmp_path / "policy.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_policy(file, CONTRACT)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)
    assert main(["run", "--endpoint=https://nobody.invalid/", f"--policy={file}"]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_init_writes_one_with_every_key_that_its_schema_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--policy"]) == 0
    assert main(["init", "--policy"]) == 4, "one that exists is left alone"
    assert main(["init", "--policy", "--force"]) == 0
    text = (tmp_path / POLICY_NAME).read_text(encoding="utf-8")
    assert read_policy(tmp_path / POLICY_NAME, CONTRACT) == Policy()
    schema = json.loads((tmp_path / POLICY_SCHEMA).read_bytes())
    said = tomllib.loads(re.sub(r"^# ([a-z_]+ = )", r"\1", text, flags=re.MULTILINE))
    jsonschema.validate(said, schema)
    assert set(said) == set(schema["properties"]) == set(Policy.__struct_fields__)
    assert policy_of(said, "the policy", CONTRACT)
    assert schema["properties"]["clock_tolerance"]["default"] == Policy().clock_tolerance


def test_run_holds_the_reference_endpoint_to_a_policy(tmp_path: Path) -> None:
    (tmp_path / "strict.toml").write_text('level = "advisory"\n', encoding="utf-8")
    (tmp_path / "usual.toml").write_text("", encoding="utf-8")
    words = ("run", "--endpoint=reference", "--select=ENV-*", "--policy")
    short = run(*words, "strict.toml", "--reports=strict", cwd=tmp_path)
    assert short.returncode == 10, short.stdout
    assert "level: the run was judged at must, the policy asks for advisory" in short.stdout
    assert "require: CBK-03 was not selected" in (tmp_path / "strict/summary.md").read_text(encoding="utf-8")
    whole = run("run", "--endpoint=reference", "--policy", "usual.toml", "--reports=usual", cwd=tmp_path)
    assert whole.returncode == 0, whole.stdout
    assert json.loads((tmp_path / "usual/report.json").read_bytes())["policy"]["shortfalls"] == []
