"""Which encoding a document is in: the table, row by row."""

from __future__ import annotations

import codecs

import pytest

from conformance.contract.encoding import RULES, Fault, Rule, Unreadable, decided, signs_of


def declared(encoding: str, codec: str = "ascii", version: str = "1.0") -> bytes:
    return f'<?xml version="{version}" encoding="{encoding}"?><a/>'.encode(codec)


# For each row, in its order: a body, what the transport says, and the encoding or the words of the fault.
ROWS = (
    (b" \n", "utf-8", "the body is empty"),
    (declared("UTF-8", version="1.1"), "", "XML version 1.1"),
    ("<a/>".encode("utf-16-le"), "utf-8", "without a byte order mark"),
    ("<a/>".encode("utf-16-be"), "utf-16", "utf-16-be"),
    (b"<a/>", "iso-8859-1", "iso8859-1"),
    (b"<a/>", "utf-16", "utf-8"),
    (declared("IBM037"), "", "the bytes are not in it"),
    (declared("UTF-8", "utf-16"), "", "the bytes are UTF-16"),
    (declared("UTF-16"), "utf-16", "the bytes are not in it"),
    (codecs.BOM_UTF8 + declared("ISO-8859-1"), "", "the byte order mark of UTF-8"),
    (declared("UTF-16LE", "utf-16-le"), "", "utf-16-le"),
    (declared("ISO-8859-1"), "utf-8", "iso8859-1"),
)


@pytest.mark.parametrize(
    ("rule", "row"), list(zip(RULES, ROWS, strict=True)), ids=[rule.seen.replace(" ", "-") for rule in RULES]
)
def test_the_row_decides(rule: Rule, row: tuple[bytes, str, str]) -> None:
    body, charset, outcome = row
    signs = signs_of(body, charset)
    assert next(one for one in RULES if one.holds(signs)) is rule
    if rule.fault:
        with pytest.raises(Fault, match=outcome):
            decided(signs)
    else:
        assert decided(signs) == outcome


@pytest.mark.parametrize(
    ("name", "codec"),
    [("Windows-31J", "cp932"), ("latin-9", "iso8859-15"), ("csISOLatin1", "iso8859-1"), ("csUTF8", "utf-8")],
)
def test_a_registered_name_that_python_lacks_is_read(name: str, codec: str) -> None:
    assert decided(signs_of(declared(name))) == codec


@pytest.mark.parametrize("name", ["IBM870", "IBM01147", "x-user-defined", "windows-949", "csVISCII", "ISO-8859-8-I"])
def test_a_registered_or_private_name_that_the_suite_does_not_read_is_no_fault(name: str) -> None:
    with pytest.raises(Unreadable):
        decided(signs_of(declared(name), ""))


@pytest.mark.parametrize("name", ["klingon-8", "utf-9", "ISO-8859-12", "windows-1259", "utf_8x"])
def test_a_name_that_nobody_has_registered_is_a_fault(name: str) -> None:
    with pytest.raises(Fault, match="nobody has registered"):
        decided(signs_of(declared(name)))
