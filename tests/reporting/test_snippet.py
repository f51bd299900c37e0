"""The lines around a fault, and the characters that differ, are the ones that a reader looks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.reporting.marking import code_points, marked
from conformance.reporting.snippet import Snippet, snippet
from tests.evidence_factory import SUCCESS as BARE
from tests.evidence_factory import answer

SUCCESS = b"<?xml version='1.0'?>\n" + BARE
ONE_LINE = b"".join(line.strip() for line in SUCCESS.splitlines())


def shown(body: bytes, where: str, observed: str = "") -> Snippet:
    found = snippet(answer(body), where, observed)
    assert found
    return found


@pytest.mark.parametrize(
    ("where", "mark", "label"),
    [
        ("/ClICKATELLSDK, line 2", "<ClICKATELLSDK>", "2"),
        ("/ClICKATELLSDK/Result, line 4", "<Result>Success</Result>", "4"),
        (
            "/ClICKATELLSDK/Values/Value[2]/callback_type_id, line 11",
            "<callback_type_id>1</callback_type_id>",
            "11",
        ),
        ("/ClICKATELLSDK/Values/Value[6], line 26", "<Value>", "26"),
        ("/ClICKATELLSDK/Values/Value[6]/@id, line 26", "<Value>", "26"),
        ("line 3", "", "3"),
        ("/ClICKATELLSDK/NoSuch, line 3", "", "3"),
    ],
)
def test_the_place_is_marked(where: str, mark: str, label: str) -> None:
    (row,) = (row for row in shown(SUCCESS, where).rows if row.faulty)
    assert (row.mark, row.label) == (mark, label)


def test_three_lines_at_least_stand_around_it() -> None:
    found = shown(SUCCESS, "/ClICKATELLSDK/Result, line 4")
    assert [row.line for row in found.rows] == [2, 3, 4, 5, 6]
    assert found.note == "lines 2 to 6 of 32"


def test_one_line_is_broken_for_display_and_its_columns_are_kept() -> None:
    found = shown(ONE_LINE, "/ClICKATELLSDK/Values/Value[6]/callback_type, line 1")
    (row,) = (row for row in found.rows if row.faulty)
    assert row.mark == "<callback_type>SOAP POST</callback_type>"
    assert ONE_LINE.decode()[row.column - 1 :].startswith(row.before + row.mark)
    assert found.note == "line 1 of 1, broken for display"


def test_a_place_is_found_by_what_was_observed() -> None:
    (row,) = (
        row for row in shown(b"<b>Fatal error</b> in /srv/x.php\n" + SUCCESS, "", "/srv/x.php").rows if row.faulty
    )
    assert (row.before, row.mark) == ("<b>Fatal error</b> in ", "/srv/x.php")


def test_a_comment_is_no_element() -> None:
    body = SUCCESS.replace(b"<Result>", b"<!-- <Result> --><Result>")
    (row,) = (row for row in shown(body, "/ClICKATELLSDK/Result, line 4").rows if row.faulty)
    assert row.before.endswith("-->")


def test_without_a_place_it_begins_at_the_beginning() -> None:
    found = shown(SUCCESS, "")
    assert [row.line for row in found.rows] == list(range(1, 9))
    assert not any(row.faulty for row in found.rows)
    assert snippet(answer(b""), "line 1") is None


@given(st.binary(max_size=2_000), st.sampled_from(["", "line 1", "line 9", "/a, line 2", "/a/b[3], line 1"]))
def test_whatever_is_answered_few_short_rows_are_shown(body: bytes, where: str) -> None:
    found = snippet(answer(body), where)
    assert found is None or len(found.rows) <= 8
    assert found is None or all(len(row.before + row.mark + row.behind) <= 264 for row in found.rows)


def test_what_differs_is_marked() -> None:
    here, there = marked("ClICKATELLSDK", "CLICKATELLSDK")
    assert [(p.text, p.differs) for p in here] == [("C", False), ("l", True), ("ICKATELLSDK", False)]
    assert [p.text for p in there if p.differs] == ["L"]
    assert not any(p.differs for p in marked("no attribute", 'onload="x"')[1])


def test_characters_that_deceive_are_named() -> None:
    assert code_points("\u0421lick\u200b\n") == (
        "U+0421 CYRILLIC CAPITAL LETTER ES",
        "U+200B ZERO WIDTH SPACE",
        "U+000A a control character",
    )
    assert code_points("HTTP GET") == ()
    assert code_points("".join(map(chr, range(0x400, 0x420))))[-1] == "and 24 more"
