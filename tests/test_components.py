"""Components are told apart by their path: names that repeat, types that are named and shared, choices, options."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from conformance.contract import violations
from conformance.contract.components import Component, attributes
from conformance.contract.load import documented
from conformance.contract.violations import deviations
from conformance.contract.xsd import COMPILED, Schema, schema
from conformance.selftest.mutants import edits
from tests import compiled

NOTE = '<xs:annotation><xs:appinfo source="urn:connect-conformance:{}">{}</xs:appinfo></xs:annotation>'


def note(requirement: str, source: str = "requirement") -> str:
    return NOTE.format(source, requirement)


def leaf(name: str, requirement: str, pattern: str, more: str = "") -> str:
    return (
        f'<xs:element name="{name}" {more}><xs:simpleType>{note(requirement)}<xs:restriction base="xs:string">'
        f'<xs:pattern value="{pattern}"/></xs:restriction></xs:simpleType></xs:element>'
    )


OPTIONAL, TWICE = " minOccurs='0'", " maxOccurs='2'"
HEAD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">' + note("REST", "nothing-else")
ROOT = f'<xs:element name="R">{note("ROOT")}<xs:complexType>'
# Value in Value, with a Name of another form in each.
NESTED = (
    f"{HEAD}{ROOT}<xs:sequence>{note('TOP')}"
    f'<xs:element name="Value" maxOccurs="unbounded"><xs:complexType><xs:sequence>{note("OUTER")}'
    f"{leaf('Name', 'OUTER-NAME', '[A-Z]')}"
    f'<xs:element name="Value" minOccurs="0"><xs:complexType><xs:sequence>{note("INNER")}'
    f"{leaf('Name', 'INNER-NAME', '[0-9]')}"
    "</xs:sequence></xs:complexType></xs:element>"
    "</xs:sequence></xs:complexType></xs:element>"
    "</xs:sequence></xs:complexType></xs:element></xs:schema>"
)
# One named type of two elements, and a type that extends another.
SHARED = (
    f"{HEAD}{ROOT}<xs:sequence>{note('TOP')}"
    '<xs:element name="Home" type="Address"/><xs:element name="Work" type="Longer" minOccurs="0"/>'
    "</xs:sequence></xs:complexType></xs:element>"
    f'<xs:complexType name="Address"><xs:sequence>{note("ADDRESS")}'
    f'<xs:element name="Zip" type="Digits"/></xs:sequence></xs:complexType>'
    '<xs:complexType name="Longer"><xs:complexContent><xs:extension base="Address"><xs:sequence>'
    f"{leaf('Door', 'DOOR', '[a-z]')}</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
    f'<xs:simpleType name="Digits">{note("DIGITS")}<xs:restriction base="xs:string">'
    '<xs:pattern value="[0-9]+"/></xs:restriction></xs:simpleType></xs:schema>'
)
CHOICE = (
    f"{HEAD}{ROOT}<xs:sequence>{note('TOP')}"
    f"<xs:choice>{leaf('A', 'A', 'a')}{leaf('B', 'B', 'b')}</xs:choice>"
    f"{leaf('C', 'C', 'c', OPTIONAL + TWICE)}"
    "</xs:sequence></xs:complexType></xs:element></xs:schema>"
)
EVERY = (
    f"{HEAD}{ROOT}<xs:all>{note('TOP')}{leaf('A', 'A', 'a')}{leaf('B', 'B', 'b', OPTIONAL)}</xs:all>"
    "</xs:complexType></xs:element></xs:schema>"
)
GROUP = (
    f"{HEAD}{ROOT}<xs:sequence>{note('TOP')}<xs:group ref='Pair' maxOccurs='unbounded'/></xs:sequence>"
    f"</xs:complexType></xs:element><xs:group name='Pair'><xs:sequence>{leaf('A', 'A', 'a')}<xs:element ref='B'/>"
    f"</xs:sequence></xs:group>{leaf('B', 'B', 'b')}</xs:schema>"
)
SCHEMAS = {"nested": NESTED, "shared": SHARED, "choice": CHOICE, "all": EVERY, "group": GROUP}
SAMPLES = {
    "nested": "<R><Value><Name>X</Name><Value><Name>1</Name></Value></Value><Value><Name>Y</Name></Value></R>",
    "shared": "<R><Home><Zip>1</Zip></Home><Work><Zip>2</Zip><Door>d</Door></Work></R>",
    "choice": "<R><B>b</B><C>c</C></R>",
    "all": "<R><B>b</B><A>a</A></R>",
    "group": "<R><A>a</A><B>b</B><A>a</A><B>b</B></R>",
}


@pytest.fixture(params=SCHEMAS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(tmp_path: Path, text: str) -> Schema:
    file = tmp_path / "made.xsd"
    file.write_text(text, encoding="utf-8")
    return Schema(file)


def found(of: Schema, text: str) -> set[tuple[str, str]]:
    return {(d.component.requirement, d.xpath) for d in deviations(of, etree.fromstring(text))}


def test_components_have_ids_of_their_own(tmp_path: Path, kind: str) -> None:
    of = made(tmp_path, SCHEMAS[kind])
    assert len({c.id for c in of.components}) == len(of.components)
    assert of.components[0] == Component("ROOT", "R", "name")
    assert of.components[-1] == Component("REST", "document", "anything")


def test_a_sample_is_valid(tmp_path: Path, kind: str) -> None:
    assert found(made(tmp_path, SCHEMAS[kind]), SAMPLES[kind]) == set()


@pytest.mark.parametrize(
    ("kind", "text", "broken"),
    [
        ("nested", "<R><Value><Name>1</Name></Value></R>", "OUTER-NAME /R/Value/Name"),
        (
            "nested",
            "<R><Value><Name>X</Name><Value><Name>X</Name></Value></Value></R>",
            "INNER-NAME /R/Value/Value/Name",
        ),
        ("nested", "<R><Value><Name>X</Name><Value/></Value></R>", "INNER /R/Value/Value"),
        ("nested", "<R><Value/></R>", "OUTER /R/Value"),
        (
            "nested",
            "<R><Value><Name>X</Name><Value><Name>1</Name><Value/></Value></Value></R>",
            "INNER /R/Value/Value/Value",
        ),
        ("nested", "<R/>", "TOP /R"),
        ("nested", "<R><Value><Name>X</Name><Value><Name>1</Name>x</Value></Value></R>", "REST /R/Value/Value/text()"),
        ("shared", "<R><Home><Zip>x</Zip></Home></R>", "DIGITS /R/Home/Zip"),
        ("shared", "<R><Home><Zip>1</Zip></Home><Work><Zip>x</Zip><Door>d</Door></Work></R>", "DIGITS /R/Work/Zip"),
        ("shared", "<R><Home/></R>", "ADDRESS /R/Home"),
        ("shared", "<R><Work><Zip>1</Zip><Door>d</Door></Work></R>", "TOP /R"),
        ("shared", "<R><Home><Zip>1</Zip></Home><Work><Zip>1</Zip><Door>D</Door></Work></R>", "DOOR /R/Work/Door"),
        ("choice", "<R><A>a</A><B>b</B></R>", "TOP /R"),
        ("choice", "<R><C>c</C></R>", "TOP /R"),
        ("choice", "<R><A>a</A><C>c</C><C>c</C><C>c</C></R>", "TOP /R"),
        ("choice", "<R><A>a</A><C>x</C></R>", "C /R/C"),
        ("choice", "<R><A>b</A></R>", "A /R/A"),
        ("all", "<R><B>b</B></R>", "TOP /R"),
        ("all", "<R><A>a</A><B>b</B><B>b</B></R>", "TOP /R"),
        ("all", "<R><A>a</A><D/></R>", "REST /R/D"),
        ("group", "<R><A>a</A><A>a</A><B>b</B></R>", "TOP /R"),
        ("group", "<R><A>a</A><B>x</B></R>", "B /R/B"),
    ],
)  # fmt: skip
def test_a_fault_is_put_down_to_the_component_of_its_place(tmp_path: Path, kind: str, text: str, broken: str) -> None:
    of = made(tmp_path, SCHEMAS[kind])
    assert not of.accepts(etree.fromstring(text))
    assert found(of, text) == {tuple(broken.split(" "))}


def test_every_derived_mutant_breaks_what_it_names(tmp_path: Path, kind: str) -> None:
    of = made(tmp_path, SCHEMAS[kind])
    sample = etree.fromstring(SAMPLES[kind])
    made_of = list(edits(of, sample))
    assert len({name for name, *_ in made_of}) == len(made_of)
    for name, _, component, edit in made_of:
        root = etree.fromstring(SAMPLES[kind])
        edit(root)
        if of.accepts(root) and not any(e.attrib for e in root.iter()):
            continue  # of a choice the other side, of `all` another order
        assert component in {d.component for d in deviations(of, root)}, name


def test_a_type_that_holds_itself_is_refused(tmp_path: Path) -> None:
    text = (
        f"{HEAD}<xs:element name='R' type='T'/><xs:complexType name='T'><xs:sequence>"
        "<xs:element name='S' type='T' minOccurs='0'/></xs:sequence></xs:complexType></xs:schema>"
    )
    with pytest.raises(ValueError, match="the type of R/S holds itself"):
        _ = made(tmp_path, text).declarations


@pytest.mark.parametrize("flood", ['<u a="1" b="2"/>', '<Value a="1"/>', "x<Timestamp>now</Timestamp>"])
@pytest.mark.parametrize("before", ["<Timestamp>", "</Values>"])
def test_a_flood_of_faults_is_judged_in_linear_time(monkeypatch: pytest.MonkeyPatch, flood: str, before: str) -> None:
    """Places are worked out for what is listed alone, and libxml2, which works out each one, is not asked."""
    of, worked_out = schema(documented().call.response_schema), 0
    sample = documented().call.response_sample.read_text(encoding="utf-8")

    def counted(element: etree._Element) -> str:
        nonlocal worked_out
        worked_out += 1
        return f"/{worked_out}"

    def asked(_: object, root: object) -> bool:
        raise AssertionError(f"libxml2 was asked about {root}")

    monkeypatch.setattr(violations, "path", counted)
    monkeypatch.setattr(Schema, "accepts", asked)
    body = sample.replace(before, flood * 3_000 + before).encode()
    assert deviations(of, etree.fromstring(body))
    assert worked_out <= 20 * len(of.components) + 3


def test_a_fault_behind_a_flood_is_told() -> None:
    call = documented().call
    sample = call.response_sample.read_text(encoding="utf-8")
    text = sample.replace("<Timestamp>", "<u a='1'/>" * 3_000 + "<Timestamp>+").replace("Success", "OK")
    told = {d.component.requirement for d in deviations(schema(call.response_schema), etree.fromstring(text.encode()))}
    assert told == {"ENV-06", "ENV-08", "TIM-01"}


def test_attributes_are_read_as_lxml_reads_them() -> None:
    text = '<a b="1" c="" xmlns:n="urn:n" n:b="&lt;2" xml:lang="en"/>'
    element = etree.fromstring(text)
    assert attributes(element) == list(element.attrib.items())
    assert attributes(etree.fromstring("<a/>")) == []


def test_the_compiled_models_are_those_of_the_schemas() -> None:
    """Where this fails, `python -m tests.compiled` makes them anew."""
    assert COMPILED.read_bytes() == compiled.made()
