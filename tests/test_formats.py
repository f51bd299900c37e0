"""docs/formats.md names every field that a program may read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.evidence import har
from conformance.evidence.exchange import Handshake, Loss, Tls
from conformance.reporting.folder import OVERVIEW, REPORTS
from conformance.reporting.junit import case_properties, suite_properties
from conformance.verdicts.reading import read_report
from conformance.verdicts.result import Verdict

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "reports/report.schema.json").read_text(encoding="utf-8"))


def fields_of_the_suite() -> Iterator[str]:
    """What HAR does not have: names that begin with `_`, and what stands below them."""
    for struct in vars(har).values():
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
            yield from (f.encode_name for f in msgspec.structs.fields(struct) if f.encode_name[0] == "_")
    for struct in (har.Run, har.Probe):
        yield from struct.__struct_fields__
    described: Any
    for record in (Handshake, Loss, Tls):
        described = msgspec.inspect.type_info(record)
        yield from (f.encode_name for f in described.fields)


def named(name: str) -> bool:
    """Whether the page has it as code, alone or in a list."""
    return f"`{name}`" in PAGE


@pytest.mark.parametrize("name", sorted({"_run", "_probe", *fields_of_the_suite()}))
def test_every_field_of_the_evidence_is_named(name: str) -> None:
    assert named(name), f"docs/formats.md has to say what {name} is in evidence.har"


@pytest.mark.parametrize("name", sorted(SCHEMA["properties"]))
def test_every_field_of_the_report_is_named(name: str) -> None:
    assert named(name), f"docs/formats.md has to say what {name} is in report.json"


@pytest.mark.parametrize("name", ["id", *SCHEMA["$defs"]["requirement"]["properties"]])
def test_every_field_of_a_requirement_is_named(name: str) -> None:
    assert named(name), f"docs/formats.md has to say what {name} of a requirement is in report.json"


def test_every_property_of_junit_is_named() -> None:
    report = read_report(ROOT / "reports/sample")
    cases = case_properties("ENV-03", "get_list_callback", "must", Verdict.PASS)
    for name, _ in [*suite_properties(report), *cases]:
        assert named(name), f"docs/formats.md has to say what the property {name} is in junit.xml"


@pytest.mark.parametrize("name", sorted({*REPORTS, *OVERVIEW}))
def test_every_file_is_named(name: str) -> None:
    assert named(name), f"docs/formats.md has to say what {name} is"


def test_what_is_missing_would_be_found() -> None:
    assert {"_surplus", "_encoding", "left_out", "group", "expires"} <= set(fields_of_the_suite())
    assert not named("_no_such_field")
