"""report.json is what its published JSON Schema says, and the schema says all that is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from conformance.contract.levels import LEVELS
from conformance.contract.load import folder
from conformance.reporting.json import to_json
from conformance.verdicts import verdict as verdicts
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.verdict import Report

SCHEMA = json.loads((folder("reports") / "report.schema.json").read_text(encoding="utf-8"))
SAMPLE = folder("reports") / "sample"
STRUCTS = {
    "target": verdicts.TargetNote,
    "settings": verdicts.SettingsNote,
    "requirement": verdicts.RequirementResult,
    "check": CheckResult,
    "waiver": verdicts.WaiverNote,
    "suite": verdicts.Suite,
    "counts": verdicts.Counts,
    "scope": verdicts.Scope,
    "extension": verdicts.ExtensionResult,
}


def closed(schema: Any) -> Any:
    """The schema with nothing allowed that it does not describe."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    extra = {"additionalProperties": False} if "properties" in schema else {}
    return {key: closed(part) for key, part in schema.items()} | extra


VALIDATOR = Draft202012Validator(closed(SCHEMA))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", STRUCTS)
def test_the_schema_has_the_fields_of_the_report(name: str) -> None:
    described = SCHEMA["$defs"][name]
    assert list(described["properties"]) == list(STRUCTS[name].__struct_encode_fields__)
    assert described["required"] == list(described["properties"])


def test_the_schema_has_the_words_of_the_report() -> None:
    assert list(SCHEMA["properties"]) == list(Report.__struct_encode_fields__) == SCHEMA["required"]
    assert SCHEMA["$defs"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    assert SCHEMA["properties"]["verdict"]["enum"] == [claim.value for claim in verdicts.Claim]
    assert SCHEMA["properties"]["exit_code"]["enum"] == [code.value for code in verdicts.ExitCode]
    assert SCHEMA["$defs"]["level"]["enum"] == list(LEVELS)


def test_everything_is_described() -> None:
    for part in [SCHEMA, *SCHEMA["$defs"].values()]:
        assert part["description"]
        for name, described in part.get("properties", {}).items():
            assert name == "format" or "description" in described or "$ref" in described, name


def test_reports_validate(report: Report, hostile_report: Report) -> None:
    VALIDATOR.validate(json.loads(to_json(report)))
    Draft202012Validator(SCHEMA["$defs"]["counts"]).validate(json.loads(to_json(hostile_report))["counts"])


def test_the_same_report_is_the_same_bytes(report: Report) -> None:
    assert to_json(report) == to_json(report)
    assert msgspec.json.decode(to_json(report), type=Report) == report


def test_hostile_text_is_inert_and_whole(hostile_report: Report) -> None:
    written = to_json(hostile_report)
    assert written.decode().replace("\n", "").isprintable()
    assert msgspec.json.decode(written, type=Report) == hostile_report


def test_the_sample_is_up_to_date(report: Report, matches: Any) -> None:
    matches(Path(SAMPLE / "report.json"), to_json(report).decode())
