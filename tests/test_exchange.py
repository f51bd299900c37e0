"""What was recorded, and the little that is worked out from it: header fields, redirects, clocks, what was read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import MISSING, FrozenInstanceError, fields, is_dataclass, replace
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks import catalogue
from conformance.contract import model as contract
from conformance.evidence import exchange, trees
from conformance.evidence.exchange import Answer, Evidence, Exchange
from tests.evidence_factory import BEGAN, SUCCESS, conforming

FIRST = conforming().exchanges[0]


def answered(*headers: tuple[str, str], status: int = 200, body: bytes = b"<a/>") -> Answer:
    return Answer(status, "OK", "HTTP/1.1", headers, body)


RECORDS = [
    record
    for module in (catalogue, contract, exchange)
    for record in vars(module).values()
    if is_dataclass(record) and record.__module__ == module.__name__
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_what_was_recorded_stays_as_it_is(record: type) -> None:
    made: Any = object.__new__(record)
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(record)[0].name, "otherwise")


# Header fields


def test_values_of_one_field_are_joined_and_letter_case_is_no_matter() -> None:
    answer = answered(("Vary", "a"), ("X-Other", "b"), ("VARY", "c"))
    assert answer.header("vary") == "a, c"
    assert answer.header("x-none") == ""


@pytest.mark.parametrize(
    ("field", "media_type", "charset"),
    [
        ("Text/XML; Charset=UTF-8", "text/xml", "UTF-8"),
        ('text/xml ;a=b; charset = "utf-8"', "text/xml", "utf-8"),
        ("text/xml", "text/xml", ""),
        ("", "", ""),
    ],
)
def test_the_content_type_has_two_parts(field: str, media_type: str, charset: str) -> None:
    answer = answered(("Content-Type", field))
    assert (answer.media_type, answer.charset) == (media_type, charset)


@pytest.mark.parametrize(
    ("status", "location", "told"),
    [
        (200, "https://x/", ""),
        (299, "https://x/", ""),
        (300, "https://x/", "https://x/"),
        (301, "", "nowhere"),
        (303, "https://x/", "https://x/"),
        (304, "https://x/", ""),
        (305, "https://x/", "https://x/"),
        (399, "https://x/", "https://x/"),
        (400, "https://x/", ""),
    ],
)
def test_what_is_a_redirect(status: int, location: str, told: str) -> None:
    assert answered(("Location", location), status=status).redirect == told


# Clocks


@pytest.mark.parametrize("field", ["", "soon", "0", "Thu, 99 Jan 2026 00:00:00 GMT"])
def test_a_date_that_cannot_be_read_is_none(field: str) -> None:
    assert answered(("Date", field)).date is None
    assert answered().date is None


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def _somewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_somewhere")
@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000", ""])
def test_a_date_means_the_same_wherever_the_suite_runs(zone: str) -> None:
    assert answered(("Date", f"Thu, 01 Jan 2026 00:00:00 {zone}")).date == BEGAN


def dated(*facts: tuple[float, float, str]) -> Evidence:
    """Answers that begin at a time, with a Date some seconds ahead of it, and an Age."""
    return replace(
        conforming(),
        exchanges=tuple(
            replace(
                FIRST,
                started=BEGAN + at,
                finished=BEGAN + at,
                answer=answered(("Date", formatdate(BEGAN + at + ahead, usegmt=True)), ("Age", age)),
            )
            for at, ahead, age in facts
        ),
    )


@pytest.mark.parametrize(
    ("facts", "offset"),
    [
        ([], 0.0),
        ([(0, 7, "")], 7.0),
        ([(0, -7, "0")], -7.0),
        ([(0, 2, "")], 0.0),
        ([(0, -2, "")], 0.0),
        ([(0, 3, "")], 3.0),
        ([(0, 7, " 0 "), (5, 9, ""), (9, 100, "")], 9.0),
        ([(0, 7, "60")], 0.0),
        ([(0, 7, "60"), (5, 11, "")], 11.0),
        ([(0, 7, ""), (5, 2, "")], 0.0),  # the Date stands still
        ([(0, 7, ""), (1, 6, "")], 6.5),  # too soon to say so
        ([(0, 7, ""), (2, 5, ""), (3, 5, "")], 5.0),
    ],
)
def test_how_far_the_clocks_are_apart(facts: list[tuple[float, float, str]], offset: float) -> None:
    assert dated(*facts).clock_offset == offset


@pytest.mark.parametrize(("took", "offset"), [(1.5, 9.25), (1.51, 0.0)])
def test_a_date_stands_still_after_a_second_and_a_half(took: float, offset: float) -> None:
    first, second = dated((0, 10, ""), (0, 10, "")).exchanges
    later = replace(second, started=BEGAN + took, finished=BEGAN + took)
    assert replace(conforming(), exchanges=(first, later)).clock_offset == offset


def test_the_middle_of_a_call_is_when_it_was_answered() -> None:
    exchanges = (replace(dated((0, 10, "")).exchanges[0], finished=BEGAN + 6),)
    assert replace(conforming(), exchanges=exchanges).clock_offset == 7.0
    assert exchanges[0].elapsed == 6.0


def test_a_call_without_an_answer_has_no_clock() -> None:
    lost: Exchange = replace(FIRST, answer=None)
    assert replace(conforming(), exchanges=(lost, *dated((0, 7, "")).exchanges)).clock_offset == 7.0


# What was read


def test_the_same_bytes_are_read_once() -> None:
    one, other = answered(body=SUCCESS), answered(("X", "y"), body=SUCCESS)
    assert one.envelope is other.envelope
    assert one.envelope.document is one.document


def test_the_same_bytes_under_another_charset_are_read_otherwise() -> None:
    body = "<a>É</a>".encode()
    latin = answered(("Content-Type", "text/xml; charset=iso-8859-1"), body=body)
    assert [answered(body=body).document.text, latin.document.text] == ["<a>É</a>", "<a>Ã\x89</a>"]


def test_what_was_not_received_whole_is_not_read() -> None:
    document = replace(answered(body=SUCCESS), unread="cut short").document
    assert (document.root, document.unreadable, document.fault) == (None, "cut short", "")
    assert "callback_type" in document.text
    document = replace(answered(body=SUCCESS), broken="gzip ends early").document
    assert (document.root, document.unreadable, document.fault) == (None, "", "gzip ends early")


def test_trees_are_kept_within_a_bound_and_the_largest_and_the_last_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trees, "_trees", trees.Trees(20))
    large = answered(body=b"<a" + b" " * 30 + b"/>")
    assert large.envelope is large.envelope, "the only one stays, however large"
    kept = large.envelope
    first, second, third = (answered(body=f"<{name}{' ' * 6}/>".encode()) for name in "abc")
    was = first.envelope
    assert second.envelope is second.envelope
    assert first.envelope is was, "ten and ten octets are twenty"
    assert third.envelope is third.envelope
    assert list(trees._trees) == [large.reading, first.reading, third.reading]
    assert large.envelope is kept, "small ones do not drive it out"
    larger = answered(body=b"<a" + b" " * 40 + b"/>")
    assert larger.envelope is larger.envelope
    assert list(trees._trees) == [larger.reading], "a larger one does"


@given(st.lists(st.integers(0, 40)))
def test_what_is_counted_as_it_comes_and_goes_is_what_is_kept(sizes: list[int]) -> None:
    made, counted = trees.Trees(50), list[trees.Reading]()
    for number, size in enumerate(sizes):
        reading = b" " * size, str(number), ""
        made.add(reading, FIRST.answer.envelope)
        counted.append(reading)
        largest = max(counted, key=lambda one: len(one[0]))
        while sum(len(body) for body, _, _ in counted) - len(largest[0]) > 50:
            counted.remove(next(one for one in counted if one != largest))
        assert list(made) == counted


@pytest.mark.parametrize("record", RECORDS)
def test_what_was_not_recorded_is_nothing(record: type) -> None:
    """A recording that leaves a field out says nothing by it; two limits and two names have documented defaults."""
    documented = {"clock_tolerance": 300.0, "answer_budget": 2.0, "error_elements": ("Error", "Description")}
    defaults = {f.name: f.default for f in fields(record) if f.default is not MISSING}
    said = {name: value for name, value in defaults.items() if value}
    assert said == ({} if record is not Evidence else documented)
