"""The lenient reading: subjects are found where they are, whatever is wrong around them."""

from __future__ import annotations

import pytest

from conformance.contract.document import read
from conformance.evidence.envelope import Envelope, Fields

PAIR = "callback_type_id", "callback_type"


def envelope(text: str) -> Envelope:
    return Envelope(read(text.encode()))


def texts(items: tuple[Fields, ...]) -> list[tuple[str | None, ...]]:
    return [tuple(leaf.text if leaf else None for leaf in item) for item in items]


def test_subjects_are_found_under_the_root_first() -> None:
    found = envelope("<r><Values><Result>inner</Result></Values><Result>outer</Result><Result>later</Result></r>")
    assert found.result
    assert found.result.text == "outer"
    assert found.result.where == "/r/Result[1], line 1"


@pytest.mark.parametrize(
    "text",
    [
        "<r><Timestamp>1</Timestamp></r>",
        "<r>\n<x><Timestamp>1</Timestamp></x></r>",
        "<r><TIMESTAMP>1</TIMESTAMP></r>",
        '<r xmlns="urn:x"><Timestamp>1</Timestamp></r>',
        '<p:r xmlns:p="urn:x"><p:timestamp>1</p:timestamp></p:r>',
        "<Timestamp>1</Timestamp>",
    ],
)
def test_a_subject_is_found_wherever_it_stands(text: str) -> None:
    leaf = envelope(text).timestamp
    assert leaf
    assert leaf.text == "1"
    assert leaf.whole


def test_the_exact_name_is_preferred() -> None:
    leaf = envelope("<r><x><timestamp>1</timestamp><Timestamp>2</Timestamp></x></r>").timestamp
    assert leaf
    assert leaf.text == "2"


def test_a_missing_subject_is_none() -> None:
    found = envelope("<r/>")
    assert (found.action, found.result, found.timestamp) == (None, None, None)
    assert found.leaf("Values") is None
    assert found.items(PAIR) == ()


def test_text_with_elements_in_it_is_not_whole() -> None:
    leaf = envelope("<r><Result>Suc<b>x</b>cess</Result></r>").result
    assert leaf
    assert leaf.text == "Success"
    assert not leaf.whole


def test_text_is_taken_as_it_is() -> None:
    leaf = envelope("<r><Result> Success\n</Result></r>").result
    assert leaf
    assert leaf.text == " Success\n"


def test_pairs_are_read_where_a_parent_holds_them() -> None:
    found = envelope(
        "<r><Values>"
        "<Value><callback_type_id>0</callback_type_id><callback_type>A</callback_type></Value>"
        "<Value><callback_type>B</callback_type><callback_type_id>1</callback_type_id></Value>"
        "<Value><callback_type_id>2</callback_type_id></Value>"
        "<Value><callback_type>C</callback_type></Value>"
        "<Value/>"
        "<x><Callback_Type_Id>3</Callback_Type_Id><CALLBACK_TYPE>D</CALLBACK_TYPE></x>"
        "</Values></r>"
    )
    assert texts(found.items(PAIR)) == [("0", "A"), ("1", "B"), ("2", None), (None, "C"), ("3", "D")]


def test_a_second_id_in_one_place_begins_a_second_pair() -> None:
    flat = envelope("<r><callback_type_id>0</callback_type_id><callback_type_id>1</callback_type_id></r>")
    assert texts(flat.items(PAIR)) == [("0", None), ("1", None)]


ERRORS = {
    "one": ("<r><Error>004</Error><Description>a</Description></r>", [("004", "a")]),
    "two": (
        "<r><Error>004</Error><Description>a</Description><Error>007</Error><Description>b</Description></r>",
        [("004", "a"), ("007", "b")],
    ),
    "all codes first": (
        "<r><Error>004</Error><Error>007</Error><Description>b</Description></r>",
        [("004", None), ("007", "b")],
    ),
    "message alone": ("<r><Description>a</Description></r>", [(None, "a")]),
    "two messages": (
        "<r><Error>004</Error><Description>a</Description><Description>b</Description></r>",
        [("004", "a"), (None, "b")],
    ),
    "codes before messages": (
        "<r><Error>004</Error><Error>007</Error><Description>a</Description><Description>b</Description></r>",
        [("004", "a"), ("007", "b")],
    ),
    "a message before a code": (
        "<r><Description>a</Description><Error>004</Error></r>",
        [(None, "a"), ("004", None)],
    ),
    "in another case": ("<r><error>004</error><DESCRIPTION>a</DESCRIPTION></r>", [("004", "a")]),
    "deeper": ("<r><Errors><Error>004</Error><Description>a</Description></Errors></r>", [("004", "a")]),
    "a container of that name": (
        "<r><Error><Error>004</Error><Description>a</Description></Error></r>",
        [("004", "a")],
    ),
    "none": ("<r><Result>Error</Result></r>", []),
}


@pytest.mark.parametrize(("text", "expected"), ERRORS.values(), ids=ERRORS)
def test_errors_are_paired_with_their_messages(text: str, expected: list[tuple[str | None, str | None]]) -> None:
    found = envelope(text).errors()
    assert [(e.code and e.code.text, e.message and e.message.text) for e in found] == expected


def test_errors_are_found_by_configured_names() -> None:
    (found,) = envelope("<r><Code>004</Code><Text>a</Text></r>").errors("Code", "Text")
    assert found.code
    assert found.message
    assert (found.code.text, found.message.text) == ("004", "a")


def test_loose_texts_are_leaves_and_attributes() -> None:
    found = envelope("<r a='1'><Result>no</Result><x><y b='2'>3</y></x><w> 4 <v/></w></r>")
    assert [leaf.text for leaf in found.loose_texts()] == ["1", "2", "3", "4", ""]
    assert next(iter(found.loose_texts())).where == "/r/@a, line 1"


SUCCESS = "<ClICKATELLSDK><Result>Success</Result></ClICKATELLSDK>"
LIST = "<ClICKATELLSDK><Values><Value><callback_type>A</callback_type></Value></Values></ClICKATELLSDK>"
ERROR = "<ClICKATELLSDK><Result>Error</Result><Error>004</Error></ClICKATELLSDK>"
# Each answer with what is seen in it.
KINDS = {
    "success": (SUCCESS, "recognised says_success carries_success"),
    "success in another case": (
        SUCCESS.replace("Success", " SUCCESS "),
        "recognised says_success carries_success",
    ),
    "a list alone": (LIST, "recognised has_values has_list offers"),
    "an error": (ERROR, "recognised"),
    "an error without a result": (ERROR.replace("<Result>Error</Result>", ""), "recognised"),
    "an error with a list": (
        ERROR.replace("<Error>", "<Values><Value/></Values><Error>"),
        "recognised has_values has_list",
    ),
    "an error with a value of something": (
        ERROR.replace("<Error>", "<Detail><Value>1</Value></Detail><Error>"),
        "recognised has_values",
    ),
    "an error with a later success": (
        ERROR.replace("</ClICK", "<Result> success</Result></ClICK"),
        "recognised carries_success",
    ),
    "success with an error": (
        SUCCESS.replace("</Result>", "</Result><Error>004</Error>"),
        "recognised says_success carries_success",
    ),
    "html": ("<html><body><p>Success</p></body></html>", ""),
    "an rss feed with a result": (
        "<rss><Result>Success</Result></rss>",
        "says_success carries_success",
    ),
    "another root, the same names": (
        "<x><Action/><Result>Success</Result></x>",
        "recognised says_success carries_success",
    ),
    "success cut short": (SUCCESS[:-4], "recognised says_success carries_success"),
    "success in a cdata section, cut short": (
        "<r><Result><![CDATA[Success]]></Result>",
        "recognised says_success carries_success",
    ),
    "a list cut short": (LIST[:-4], "recognised has_values has_list offers"),
    "no xml": ("Success", ""),
}


@pytest.mark.parametrize(("text", "kinds"), KINDS.values(), ids=KINDS)
def test_what_is_seen_in_an_answer(text: str, kinds: str) -> None:
    found = envelope(text)
    names = (
        "recognised",
        "says_success",
        "carries_success",
        "has_values",
        "has_list",
    )
    kinds_found = {name for name in names if getattr(found, name)} | ({"offers"} if found.offers(PAIR) else set())
    assert kinds_found == set(kinds.split())
