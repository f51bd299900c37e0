"""The contract as data says what the page says, whole and letter by letter."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from lxml import etree

from conformance.checks.catalogue import checks
from conformance.commands.requirements import coverage
from conformance.contract.levels import LEVELS
from conformance.contract.load import documented, folder
from conformance.contract.model import Accepts
from conformance.contract.xsd import Schema

SCHEMAS = folder("schemas")
CALL = SCHEMAS / "calls" / "get_list_callback"
CONTRACT = documented()
REQUIREMENTS = CONTRACT.requirements.values()
PAGE = (SCHEMAS / "connect-api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```[^\n]*\n(.*?\n)```$", PAGE, re.MULTILINE | re.DOTALL)

# Requirements that no check can cover, each with the reason.
EXCUSED: dict[str, str] = {}


def test_a_requirement_says_where_it_belongs_and_what_it_rests_on() -> None:
    stable = CONTRACT.requirements["ERR-004-stable"]
    assert (stable.family, stable.source.split("; ")[0]) == ("ERR", stable.section)
    assert CONTRACT.requirements["ENV-03"].source.endswith("I-01")
    assert re.fullmatch("connect-api@[0-9a-f]{64}", CONTRACT.name)
    assert documented() is CONTRACT


def rows(file: str, key: str) -> list[dict[str, object]]:
    found = tomllib.loads((SCHEMAS / file).read_text(encoding="utf-8"))[key]
    assert isinstance(found, list)
    return found


def section(heading: str) -> list[str]:
    """The lines below a heading of the page, up to the next one of its rank; bold words alone are a heading too."""
    lines = PAGE.splitlines()
    start = next(n for n, line in enumerate(lines) if line.strip("#* ") == heading and line[:1] in {"#", "*"})
    rank = len(lines[start]) - len(lines[start].lstrip("#")) or 9
    rest = lines[start:]
    end = next(
        (n for n, line in enumerate(rest[1:], 1) if line.startswith("#") and len(line.split()[0]) <= rank),
        None,
    )
    return rest[:end]


# Requirements


@pytest.mark.parametrize("name", CONTRACT.requirements)
def test_every_requirement_is_covered_or_excused(name: str) -> None:
    covered = coverage(CONTRACT)[name]
    assert bool(covered) != bool(EXCUSED.get(name)), "covered by checks, or else excused with a reason"


def test_only_known_requirements_are_excused() -> None:
    assert set(EXCUSED) <= set(CONTRACT.requirements)


def test_every_case_of_a_check_names_a_known_requirement() -> None:
    cases = [case for check in checks() for case in check.cases_of(CONTRACT)]
    assert len(cases) > len(checks()) > 30
    assert {case.requirement for case in cases} <= set(CONTRACT.requirements)


def test_every_check_has_cases_with_names_of_their_own() -> None:
    for check in checks():
        found = check.cases_of(CONTRACT, tuple(CONTRACT.calls), every=True)
        names = [(case.id, case.call) for case in found]
        assert names, check.name
        assert len(set(names)) == len(names), check.name


@pytest.mark.parametrize(
    ("file", "key", "name"),
    [
        ("requirements.toml", "requirement", "id"),
        ("interpretations.toml", "interpretation", "id"),
        ("errors.toml", "error", "code"),
    ],
)
def test_ids_are_unique(file: str, key: str, name: str) -> None:
    ids = Counter((row.get("edition", ""), row[name]) for row in rows(file, key))
    assert ids
    assert set(ids.values()) == {1}


@pytest.mark.parametrize("name", CONTRACT.requirements)
def test_a_requirement_says_what_it_rests_on(name: str) -> None:
    requirement = CONTRACT.requirements[name]
    assert requirement.level in LEVELS
    assert re.fullmatch(r"[A-Z]{3}-([0-9]{2}|[0-9]{3}(-[a-z]+)?|ANY)", name)
    assert re.fullmatch(r"\S.*[^.]\.", requirement.statement)
    assert requirement.section or requirement.standard or requirement.interpretation
    if requirement.level == "must":
        printed = requirement.standard.startswith("Connect API User Guide of 9 November 2011, ")
        assert requirement.quote or printed, "what must hold stands on the page, or is printed in the guide"


@pytest.mark.parametrize("name", [r.id for r in REQUIREMENTS if r.quote])
def test_a_quote_stands_on_the_page_under_its_heading(name: str) -> None:
    requirement = CONTRACT.requirements[name]
    assert any(requirement.quote in line for line in section(requirement.section))


@pytest.mark.parametrize("name", [r.id for r in REQUIREMENTS if r.section])
def test_a_section_is_a_heading_of_the_page(name: str) -> None:
    assert section(CONTRACT.requirements[name].section)


@pytest.mark.parametrize("name", CONTRACT.requirements)
def test_interpretations_cited_exist(name: str) -> None:
    assert set(CONTRACT.requirements[name].interpretation) <= set(CONTRACT.interpretations)


@pytest.mark.parametrize("name", CONTRACT.interpretations)
def test_an_interpretation_is_cited_and_complete(name: str) -> None:
    interpretation = CONTRACT.interpretations[name]
    assert any(name in r.interpretation for r in REQUIREMENTS)
    assert interpretation.page
    assert interpretation.decision
    allows = msgspec.structs.replace(interpretation.accepts, calls=()) != Accepts()
    assert allows == interpretation.acceptable == bool(interpretation.alternative)


def test_an_error_has_five_requirements_of_its_own() -> None:
    for code in CONTRACT.errors:
        parts = {r.id.split("-", 2)[2] for r in REQUIREMENTS if r.id.startswith(f"ERR-{code}-")}
        assert parts == {"code", "message", "data", "envelope", "stable"}


def test_the_message_in_a_requirement_is_the_documented_one() -> None:
    for code, error in CONTRACT.errors.items():
        assert f"'{error.message}'" in CONTRACT.requirements[f"ERR-{code}-message"].statement


# The page


def table(*heads: str) -> list[list[str]]:
    """The rows of the page's Markdown table with these heads."""
    grid = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines()]
    start = grid.index(list(heads))
    body = grid[start + 2 :]
    return body[: next(n for n, cells in enumerate(body) if len(cells) != len(heads))]


def test_the_errors_are_the_rows_of_the_page() -> None:
    printed = table("Error Code", "Message", "Description")
    assert printed == [[e.code, e.message, e.description] for e in CONTRACT.errors.values()]
    assert len(printed) == 5


def test_the_service_call_is_the_row_of_the_page() -> None:
    assert table("Name", "Parameter", "Restricted Value(s)") == [
        ["Action", CONTRACT.call.action_element, CONTRACT.call.name]
    ]
    assert f"**Endpoint**: {CONTRACT.call.name}" in PAGE
    assert f"**Method**: {CONTRACT.call.row.method}" in PAGE


def test_the_documented_pairs_are_the_printed_ones() -> None:
    key, value = CONTRACT.call.fields
    printed = re.findall(rf"<{key}>(.*?)</{key}>\s*<{value}>(.*?)</{value}>", BLOCKS[1])
    assert printed == [tuple(rule.fields.values()) for rule in CONTRACT.call.rules("offers")]
    assert len(printed) == 2


@pytest.mark.parametrize(
    ("number", "file"),
    [(0, "request.xml"), (1, "response.as-printed.txt")],
)
def test_the_page_examples_are_the_samples(number: int, file: str) -> None:
    assert len(BLOCKS) == 2
    assert (CALL / "samples" / file).read_text(encoding="utf-8") == BLOCKS[number]


def test_the_completed_example_is_the_printed_one_but_for_the_elided_pairs() -> None:
    completed = (CALL / "samples/response.xml").read_text(encoding="utf-8")
    before, after = BLOCKS[1].split("    ...\n")
    assert completed.split("-->\n", 1)[1].startswith(before)
    assert completed.endswith(after)


# Schemas and samples

REQUEST, RESPONSE, ERROR = CALL / "request.xsd", CALL / "response.xsd", SCHEMAS / "error.xsd"
SAMPLES = {
    CALL / "samples/request.xml": (REQUEST, True),
    CALL / "samples/response.xml": (RESPONSE, True),
    CALL / "samples/response.as-printed.txt": (RESPONSE, False),
    **{SCHEMAS / f"samples/error-{code}.xml": (ERROR, True) for code in CONTRACT.errors},
    **{
        folder / f"samples/{name}.xml": (folder / f"{name}.xsd", True)
        for folder in sorted((SCHEMAS / "calls").iterdir())
        for name in ("request", "response")
    },
    **{
        file: (file.parents[1] / "response.xsd", False)  # its root is spelled otherwise (I-01)
        for file in sorted((SCHEMAS / "calls").glob("*/samples/recording-2013*.xml"))
    },
}


def test_every_sample_is_judged() -> None:
    assert set(SCHEMAS.glob("**/samples/*")) == set(SAMPLES)


@pytest.mark.parametrize(
    ("file", "schema", "valid"),
    [(f, *rest) for f, rest in SAMPLES.items()],
    ids=lambda value: getattr(value, "name", ""),
)
def test_both_engines_agree_on_the_samples(file: Path, schema: Path, valid: bool) -> None:
    tree, of = etree.parse(file, etree.XMLParser(remove_comments=True)), Schema(schema, CONTRACT.call.name)
    assert of.quick.validate(tree) is valid
    assert of.engine.is_valid(tree.getroot()) is valid  # type: ignore[arg-type]  # lxml's, which it takes


def test_the_recording_differs_in_its_root_alone_as_the_schema_sees_it() -> None:
    root = etree.parse(CALL / "samples/recording-2013.xml").getroot()
    assert root.tag in CONTRACT.interpretations["I-01"].accepts.root
    root.tag = "ClICKATELLSDK"
    assert etree.XMLSchema(etree.parse(RESPONSE)).validate(root)


@pytest.mark.parametrize("code", CONTRACT.errors)
def test_the_samples_of_errors_say_the_documented_words(code: str) -> None:
    root = etree.parse(SCHEMAS / f"samples/error-{code}.xml").getroot()
    assert (root.findtext("Error"), root.findtext("Description")) == (code, CONTRACT.errors[code].message)


@pytest.mark.parametrize("file", sorted(SCHEMAS.rglob("*.xsd")), ids=lambda file: file.name)
def test_a_schema_names_known_requirements(file: Path) -> None:
    named = [
        (info.text or "").replace("NNN", code)
        for info in etree.parse(file).iter("{http://www.w3.org/2001/XMLSchema}appinfo")
        for code in CONTRACT.errors
    ]
    declares = "<xs:element" in file.read_text(encoding="utf-8")
    assert named or not declares, "a file of types alone stands for nothing by itself"
    assert set(named) <= set(CONTRACT.requirements)


@pytest.mark.parametrize("file", [REQUEST, RESPONSE, ERROR])
def test_every_component_of_a_schema_is_found(file: str) -> None:
    """The annotated components that the suite derives checks from are the ones in the file and what it includes."""
    schema = Schema(SCHEMAS / file)
    parts = [
        SCHEMAS / file,
        *([SCHEMAS / "envelope.xsd"] if "envelope.xsd" in (SCHEMAS / file).read_text() else []),
    ]
    annotated = {
        info.text for part in parts for info in etree.parse(part).iter("{http://www.w3.org/2001/XMLSchema}appinfo")
    }
    if schema.file == ERROR:
        annotated -= {"ENV-08"}  # what speaks of the rest in envelope.xsd gives way to the file's own note
    assert {component.requirement for component in schema.components} == annotated
    assert len({component.id for component in schema.components}) == len(schema.components)


def test_every_digit_of_a_schema_is_an_ascii_digit() -> None:
    for file in SCHEMAS.rglob("*.xsd"):
        patterns = [p.get("value", "") for p in etree.parse(file).iter("{http://www.w3.org/2001/XMLSchema}pattern")]
        assert not [p for p in patterns if r"\d" in p or r"\w" in p]
