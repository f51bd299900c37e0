"""Strangers' text is harmless in each medium, and a reader still sees what was sent."""

from __future__ import annotations

import json as stdlib_json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from conformance.reporting import escape

SHOWN = {
    "\x1b[2J": r"\x1b[2J",
    "a\r\nb\tc": r"a\r\nb\tc",
    "\x00\x7f\x9b31m": r"\x00\x7f\x9b31m",
    "\u202eabc\u202c": r"\u202eabc\u202c",
    "\u2066\u2069\u200e\u200f\u061c": r"\u2066\u2069\u200e\u200f\u061c",
    "\u200b\u200c\u200d\u2060\ufeff\u00ad": r"\u200b\u200c\u200d\u2060\ufeff\xad",
    "\u2028\u2029\x85": r"\u2028\u2029\x85",
    "\ufe0f\u115f\u3164\u2800\U000e0041": r"\ufe0f\u115f\u3164\u2800\U000e0041",
    "HTTP\xa0GET": r"HTTP\xa0GET",
    "\udc80": r"\udc80",
    "Grüße, 世界 🙂": "Grüße, 世界 🙂",
    "e\u0301": "e\u0301",
    "z" + "\u0301" * 4: "z\u0301\u0301" + r"\u0301\u0301",
    "\u0301quote": r"\u0301quote",
    "a ::error file=b::c": r"a \x3a:error file=b::c",
    "##vso[a]##[error]##teamcity[b]": r"\x23#vso[a]\x23#[error]\x23#teamcity[b]",
    "https://[2001:db8::face]/ ## [1]": "https://[2001:db8::face]/ ## [1]",
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.items(), ids=map(ascii, SHOWN.values()))
def test_what_does_not_show_itself_is_shown(text: str, shown: str) -> None:
    assert escape.terminal(text) == shown


@given(st.text())
def test_nothing_reaches_a_terminal_that_it_would_act_on(text: str) -> None:
    shown = escape.terminal(text)
    assert shown.isprintable()
    assert not any(unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "LRE", "PDF"} for c in shown)


def test_long_text_is_cut() -> None:
    assert escape.terminal("a" * 500, limit=10) == "a" * 9 + "…"
    assert escape.terminal("a" * 10, limit=10) == "a" * 10


@given(st.text(alphabet=st.sampled_from("a`| \\\n") | st.characters(), min_size=1, max_size=30), st.booleans())
def test_markdown_is_one_code_span(text: str, cell: bool) -> None:
    span = escape.markdown(text, cell=cell)
    fence = re.match("`+", span)
    assert fence is not None
    inner = span[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall("`+", inner)  # CommonMark 6.1: a fence ends at a run of its own length
    assert not inner.startswith("`")
    assert not inner.endswith("`")
    assert "\n" not in span
    if cell:
        assert "|" not in inner.replace("\\|", "")


def test_markdown_of_nothing_is_nothing() -> None:
    assert escape.markdown("") == ""


@given(st.text())
def test_xml_is_well_formed(text: str) -> None:
    element = etree.Element("a")
    element.text = escape.xml(text)
    assert etree.fromstring(etree.tostring(element)).text == (escape.xml(text) or None)


def test_xml_keeps_lines() -> None:
    assert escape.xml("a\n\tb\x00\x1b\r\ufffe") == "a\n\tb\\x00\\x1b\\r\\ufffe"


def test_a_log_has_no_command_and_keeps_its_lines() -> None:
    said = escape.log("a\n##vso[task.x]y\n::error::z\n  ##teamcity[q]\x1b")
    assert said == "a\n\\x23#vso[task.x]y\n\\x3a:error::z\n  \\x23#teamcity[q]\\x1b"


@given(st.text())
def test_json_means_the_same(text: str) -> None:
    written = escape.json(stdlib_json.dumps({"a": text}, ensure_ascii=False, indent=2))
    assert stdlib_json.loads(written) == {"a": text}
    assert written.replace("\n", "").isprintable()
