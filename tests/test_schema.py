"""Attribution: every schema error is told once, under the requirement that it breaks, where it stands."""

from __future__ import annotations

import re

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from conformance.contract.components import Component, Deviation, path
from conformance.contract.document import read
from conformance.contract.load import documented, folder
from conformance.contract.violations import deviations
from conformance.contract.xsd import Schema, schema

CALL = documented().call
RESPONSE, REQUEST, ERROR = (
    schema(CALL.response_schema),
    schema(CALL.request_schema),
    schema(CALL.error_schema, CALL.name),
)
SAMPLES = folder("schemas") / "samples"
SUCCESS = CALL.response_sample.read_text(encoding="utf-8").split("-->\n", 1)[1]
ASKED = CALL.request_sample.read_text(encoding="utf-8")
FAILED = (SAMPLES / "error-004.xml").read_text(encoding="utf-8").split("-->\n", 1)[1]


def tree(text: str) -> etree._Element:
    root = read(text.encode()).root
    assert root is not None
    return root


def edited(text: str, *edits: tuple[str, str]) -> etree._Element:
    """The document with each text replaced throughout; what is replaced must be there."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return tree(text)


def named(deviations: tuple[Deviation, ...]) -> set[str]:
    return {deviation.component.requirement for deviation in deviations}


# One row per fault: the edits, and the requirements that the deviations name.
ID3, TYPE3 = "<callback_type_id>3</callback_type_id>", "<callback_type>XML GET</callback_type>"
STAMP = "<Timestamp>1316512313</Timestamp>"
ROOT, XSI = "ClICKATELLSDK", "http://www.w3.org/2001/XMLSchema-instance"
SUCCESS_FAULTS: dict[str, tuple[list[tuple[str, str]], str]] = {
    # the root
    "root in capitals": ([(ROOT, "CLICKATELLSDK")], "ENV-03"),
    "root of another name": ([(ROOT, "response")], "ENV-03"),
    "default namespace": ([(f"<{ROOT}>", f'<{ROOT} xmlns="urn:x">')], "ENV-03"),
    "prefixed root": ([(f"<{ROOT}>", f'<p:{ROOT} xmlns:p="urn:x">'), (f"</{ROOT}", f"</p:{ROOT}")], "ENV-03"),
    "root and a leaf": ([(ROOT, "CLICKATELLSDK"), (STAMP, "<Timestamp>now</Timestamp>")], "ENV-03 TIM-01"),
    # its children
    "no Timestamp": ([(STAMP, "")], "ENV-04"),
    "no Action": ([("<Action>get_list_callback</Action>", "")], "ENV-04"),
    "no Result": ([("<Result>Success</Result>", "")], "ENV-04"),
    "Timestamp twice": ([(STAMP, STAMP * 2)], "ENV-04"),
    "Values twice": ([("</Values>", f"</Values><Values><Value>{ID3}{TYPE3}</Value></Values>")], "ENV-04"),
    "Timestamp first": ([(STAMP, ""), ("<Action>", f"{STAMP}<Action>")], "ENV-04"),
    "Timestamp in another case": ([("Timestamp>", "TimeStamp>")], "ENV-04"),
    "Timestamp under another name": ([("Timestamp>", "Time>")], "ENV-04"),
    "Values under another name": ([("Values>", "Items>")], "ENV-04"),
    "nothing at all": ([(SUCCESS[SUCCESS.index("<Action") : SUCCESS.index(f"</{ROOT}")], "")], "ENV-04"),
    "Timestamp inside Values": ([(STAMP, ""), ("</Values>", f"{STAMP}</Values>")], "ENV-04"),
    # their texts
    "another action": ([("<Action>get_list_callback", "<Action>get_list")], "ENV-05"),
    "an empty action": ([("<Action>get_list_callback", "<Action>")], "ENV-05"),
    "a padded action": ([("get_list_callback</Action", "get_list_callback\n</Action")], "ENV-05"),
    "another result": ([("Success", "success")], "ENV-06"),
    # the list
    "no Value": ([(SUCCESS[SUCCESS.index("<Value>") : SUCCESS.index("</Values")], "")], "ENV-07"),
    "Value under another name": ([("Value>", "Item>")], "ENV-07"),
    "no type": ([(TYPE3, "")], "ENV-07"),
    "no id": ([(ID3, "")], "ENV-07"),
    "an empty Value": ([(ID3, ""), (TYPE3, "")], "ENV-07"),
    "type before id": ([(ID3, "<X/>"), (TYPE3, f"{TYPE3}{ID3}"), ("<X/>", "")], "ENV-07"),
    "type twice": ([(TYPE3, TYPE3 * 2)], "ENV-07"),
    "id under another name": ([("callback_type_id>", "id>")], "ENV-07"),
    "type in another case": ([("callback_type>", "Callback_Type>")], "ENV-07"),
    # nothing else
    "another child": ([(STAMP, f"<More/>{STAMP}")], "ENV-08"),
    "another child of a Value": ([(TYPE3, f"{TYPE3}<more>1</more>")], "ENV-08"),
    "a child of a leaf": ([("XML GET", "XML <b>GET</b>")], "ENV-08"),
    "an attribute": ([("<Values>", '<Values n="6">')], "ENV-08"),
    "an attribute of a leaf": ([("<Result>", '<Result lang="en">')], "ENV-08"),
    "xml:lang": ([("<Values>", '<Values xml:lang="en">')], "ENV-08"),
    "xsi:nil": ([("<Values>", f'<Values xmlns:xsi="{XSI}" xsi:nil="false">')], "ENV-08"),
    "text in the root": ([("<Values>", "text<Values>")], "ENV-08"),
    "text in Values": ([("<Values>", "<Values>text")], "ENV-08"),
    "text in a Value": ([(ID3, f"{ID3}text")], "ENV-08"),
    "a no-break space between elements": ([("<Values>", "<Values>\u00a0")], "ENV-08"),
    "an element of a foreign namespace": ([(STAMP, f'{STAMP}<x:y xmlns:x="urn:x"/>')], "ENV-08"),
    # ids, types, time
    "a padded id": ([(ID3, ID3.replace("3", "03"))], "CBK-01"),
    "a spaced id": ([(ID3, ID3.replace("3", " 3"))], "CBK-01"),
    "an empty id": ([(ID3, ID3.replace("3", ""))], "CBK-01"),
    "an id of other digits": ([(ID3, ID3.replace("3", "３"))], "CBK-01"),
    "one id for two": ([(ID3, ID3.replace("3", "2"))], "CBK-02"),
    "one id for three": ([(ID3, ID3.replace("3", "2")), ("_id>5<", "_id>2<")], "CBK-02"),
    "an empty type": ([("XML GET", "")], "CBK-05"),
    "a doubled space": ([("XML GET", "XML  GET")], "CBK-05"),
    "a trailing no-break space": ([("XML GET", "XML GET\u00a0")], "CBK-05"),
    "milliseconds": ([("1316512313", "1316512313000")], "TIM-01"),
    "a sign": ([("1316512313", "+1316512313")], "TIM-01"),
    # two at once, each under its own
    "id and type": ([(ID3, ID3.replace("3", "x")), ("XML GET", " ")], "CBK-01 CBK-05"),
    "attribute and time": ([("<Values>", '<Values n="6">'), ("1316512313", "now")], "ENV-08 TIM-01"),
    "order and result": ([(STAMP, ""), ("<Action>", f"{STAMP}<Action>"), ("Success", "OK")], "ENV-04 ENV-06"),
}  # fmt: skip
ERROR_FAULTS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "no Timestamp": ([(STAMP, "")], ""),
    "two errors": ([(STAMP, f"<Error>007</Error><Description>Command not allowed</Description>{STAMP}")], ""),
    "a code of two digits": ([("004", "04")], "ERR-NNN-code"),
    "a code in words": ([("004", "blocked")], "ERR-NNN-code"),
    "an empty message": ([("Source IP address blocked", "")], "ERR-NNN-message"),
    "milliseconds": ([("1316512313", "1316512313000")], "TIM-05"),
    "another result": ([("<Result>Error", "<Result>Failed")], "ERR-NNN-envelope"),
    "another action": ([("get_list_callback", "x")], "ERR-NNN-envelope"),
    "no Result": ([("<Result>Error</Result>", "")], "ERR-NNN-envelope"),
    "message before code": ([("<Error>004</Error>", ""), (STAMP, f"<Error>004</Error>{STAMP}")], "ERR-NNN-envelope"),
    "an attribute": ([("<Error>", '<Error n="1">')], "ERR-NNN-envelope"),
    "another element": ([(STAMP, f"<More/>{STAMP}")], "ERR-NNN-envelope"),
    "root in capitals": ([(ROOT, "CLICKATELLSDK")], "ERR-NNN-envelope"),
}  # fmt: skip
REQUEST_FAULTS: dict[str, tuple[list[tuple[str, str]], str]] = {
    "another action": ([("get_list_callback", "get_list")], "REQ-03"),
    "no action": ([("<action>get_list_callback</action>", "")], "REQ-06"),
    "another root": ([("clickatellsdk", "request")], "REQ-06"),
    "an attribute": ([("<clickatellsdk>", '<clickatellsdk v="1">')], "REQ-06"),
    "another child": ([("</action>", "</action><x/>")], "REQ-06"),
    "Action": ([("action>", "Action>")], "REQ-06"),
}
ALL = [
    pytest.param(which, text, edits, requirements, id=f"{kind}: {name}")
    for kind, which, text, table in (
        ("success", RESPONSE, SUCCESS, SUCCESS_FAULTS),
        ("error", ERROR, FAILED, ERROR_FAULTS),
        ("request", REQUEST, ASKED, REQUEST_FAULTS),
    )
    for name, (edits, requirements) in table.items()
]


@pytest.mark.parametrize(("which", "text", "edits", "requirements"), ALL)
def test_a_fault_is_told_under_its_requirement(
    which: Schema, text: str, edits: list[tuple[str, str]], requirements: str
) -> None:
    found = deviations(which, edited(text, *edits))
    assert named(found) == set(requirements.split())
    assert len(set(found)) == len(found), "told once"
    for deviation in found:
        assert deviation.component in which.components
        assert deviation.reason
        assert deviation.expected
        assert deviation.observed
        assert deviation.xpath.startswith("/")
        assert deviation.line >= 1


@pytest.mark.parametrize(("which", "text"), [(RESPONSE, SUCCESS), (ERROR, FAILED), (REQUEST, ASKED)])
def test_a_valid_document_has_no_deviation(which: Schema, text: str) -> None:
    assert deviations(which, tree(text)) == ()
    assert which.accepts(tree(text))


def test_every_component_of_the_response_is_seen_broken() -> None:
    broken = {
        d.component for edits, _ in SUCCESS_FAULTS.values() for d in deviations(RESPONSE, edited(SUCCESS, *edits))
    }
    assert broken == set(RESPONSE.components)


def test_an_accepted_root_is_no_deviation() -> None:
    root = edited(SUCCESS, (ROOT, "CLICKATELLSDK"))
    assert deviations(RESPONSE, root, ("CLICKATELLSDK",)) == ()
    assert named(deviations(RESPONSE, edited(SUCCESS, (ROOT, "Clickatellsdk")), ("CLICKATELLSDK",))) == {"ENV-03"}
    hidden = edited(SUCCESS, (ROOT, "CLICKATELLSDK"), ("Success", "OK"))
    assert named(deviations(RESPONSE, hidden, ("CLICKATELLSDK",))) == {"ENV-06"}


def test_a_deviation_says_where() -> None:
    (found,) = deviations(RESPONSE, edited(SUCCESS, (ID3, ID3.replace("3", "x"))))
    assert found.xpath == "/ClICKATELLSDK/Values/Value[4]/callback_type_id"
    assert found.line == 1 + SUCCESS[: SUCCESS.index(ID3)].count("\n")
    assert found.observed == "x"
    assert found.component == Component("CBK-01", "callback_type_id", "text")


def test_a_namespace_does_not_hide_where() -> None:
    root = edited(SUCCESS, (f"<{ROOT}>", f'<{ROOT} xmlns="urn:x">'), ("Success", "OK"))
    found = deviations(RESPONSE, root)
    assert named(found) == {"ENV-03", "ENV-06"}
    assert [d.line for d in found if d.component.requirement == "ENV-06"] == [3]
    assert all("{" not in d.xpath for d in found)


def test_judging_leaves_the_document_as_it_was() -> None:
    root = edited(SUCCESS, (f"<{ROOT}>", f'<{ROOT} xmlns="urn:x" a="b">'))
    before = etree.tostring(root)
    deviations(RESPONSE, root)
    assert etree.tostring(root) == before


# Many, large, long


def items(
    count: int,
    row: str = "<Value><callback_type_id>{n}</callback_type_id><callback_type>A GET</callback_type></Value>",
) -> str:
    head, tail = SUCCESS[: SUCCESS.index("<Value>")], SUCCESS[SUCCESS.index("</Values") :]
    return head + "\n".join(row.format(n=n) for n in range(count)) + tail


def test_errors_are_listed_up_to_a_bound() -> None:
    row = "<Value><callback_type_id>x{n}</callback_type_id><callback_type>A GET</callback_type></Value>"
    found = deviations(RESPONSE, tree(items(5_000, row)))
    assert 0 < len(found) <= 50
    assert named(found) == {"CBK-01"}


def test_a_large_valid_document_has_no_deviation() -> None:
    assert deviations(RESPONSE, tree(items(5_000))) == ()


@pytest.mark.parametrize("place", [3, 2_500, 4_999])
def test_one_error_in_a_large_document_is_found(place: int) -> None:
    text = items(5_000).replace(f"_id>{place}<", f"_id>0{place}<")
    found = deviations(RESPONSE, tree(text))
    assert named(found) == {"CBK-01"}
    (deviation,) = found
    assert deviation.observed == f"0{place}"
    assert deviation.line == 5 + place


def test_a_late_duplicate_in_a_large_document_is_found() -> None:
    text = items(5_000).replace("_id>4000<", "_id>17<")
    assert named(deviations(RESPONSE, tree(text))) == {"CBK-02"}


def test_a_long_text_is_quoted_in_short() -> None:
    (found,) = deviations(RESPONSE, edited(SUCCESS, ("Success", "x" * 100_000)))
    assert len(found.reason) < 200


def test_a_path_counts_only_where_there_are_several() -> None:
    root = tree("<a><b/><c/><b><d/></b></a>")
    assert [path(element) for element in root.iter()] == ["/a", "/a/b[1]", "/a/c", "/a/b[2]", "/a/b[2]/d"]


# Both engines


ENGINES = {
    which: (etree.XMLSchema(etree.parse(which.file)), xmlschema.XMLSchema10(which.file)) for which in (RESPONSE, ERROR)
}
# Letters that engines disagree about: digits of other scripts, white space of all kinds, signs, separators.
TRICKY = st.text(st.sampled_from("0123456789٣３߁+-._eE \t\n\u00a0\u2003\u3000\u200bxX"), max_size=12)


@given(st.sampled_from([ID3, TYPE3, STAMP, "<Result>Success</Result>"]), TRICKY)
def test_engines_agree_on_every_text(leaf: str, text: str) -> None:
    root = tree(SUCCESS.replace(leaf, re.sub(">.*<", f">{text}<", leaf)))
    quick, explaining = ENGINES[RESPONSE]
    assert quick.validate(root) == explaining.is_valid(root) == (deviations(RESPONSE, root) == ())  # type: ignore[arg-type]  # lxml's, which it takes


NAMES = st.sampled_from(["Action", "Result", "Values", "Value", "callback_type_id", "callback_type", "Timestamp", "X"])


@given(st.lists(NAMES, max_size=6), st.integers(0, 3))
def test_engines_agree_on_every_order_and_nothing_invalid_goes_untold(names: list[str], depth: int) -> None:
    root = tree(SUCCESS)
    place = root
    for _ in range(depth):
        place = next((child for child in place if len(child)), place)
    place[:] = [etree.Element(name) for name in names]
    quick, explaining = ENGINES[RESPONSE]
    assert quick.validate(root) == explaining.is_valid(root)  # type: ignore[arg-type]  # lxml's, which it takes
    found = deviations(RESPONSE, root)
    assert (found == ()) == quick.validate(root)
    assert named(found) <= {c.requirement for c in RESPONSE.components}
