"""Reading bodies: well-formed or not, in which encoding, and nothing fetched, expanded or guessed."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from conformance.contract.document import Document, read

PLAIN = "<a><b>é</b></a>"


def declared(encoding: str, text: str = PLAIN) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>{text}'


def text_of(document: Document) -> str:
    assert document.root is not None, document.fault or document.unreadable
    return document.root.findtext("b") or ""


READABLE = {
    "utf-8": PLAIN.encode(),
    "utf-8 declared": declared("UTF-8").encode(),
    "utf-8 in another case": declared("utf-8").encode(),
    "utf-8 with a mark": codecs.BOM_UTF8 + PLAIN.encode(),
    "utf-8 with a mark, declared": codecs.BOM_UTF8 + declared("UTF-8").encode(),
    "utf-16 with a mark": PLAIN.encode("utf-16"),
    "utf-16 big-endian with a mark": codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
    "utf-16 declared": declared("UTF-16").encode("utf-16"),
    "utf-16le without a mark": declared("UTF-16LE").encode("utf-16-le"),
    "utf-32": PLAIN.encode("utf-32"),
    "latin-1": declared("ISO-8859-1").encode("latin-1"),
    "windows-1252": declared("windows-1252").encode("cp1252"),
    "white space before the root": b"\n \t\r\n" + PLAIN.encode(),
    "standalone": b"<?xml version='1.0' standalone='yes'?>" + PLAIN.encode(),
}


@pytest.mark.parametrize("body", READABLE.values(), ids=READABLE)
def test_what_is_well_formed_is_read(body: bytes) -> None:
    document = read(body)
    assert text_of(document) == "é"
    assert not document.fault
    assert not document.unreadable


FAULTS = {
    "nothing": (b"", "empty"),
    "white space": (b" \n", "empty"),
    "no xml": (b"hello", ""),
    "json": (b'{"a": 1}', ""),
    "cut short": (b"<a><b>", ""),
    "crossed": (b"<a><b></a></b>", ""),
    "two roots": (b"<a/><b/>", ""),
    "text after": (b"<a/>x", ""),
    "ampersand": (b"<a>&</a>", ""),
    "entity": (b"<a>&nbsp;</a>", ""),
    "control character": (b"<a>\x01</a>", ""),
    "reference to one": (b"<a>&#1;</a>", ""),
    "attribute twice": (b"<a b='1' b='2'/>", ""),
    "prefix without a namespace": (b"<p:a/>", ""),
    "declaration too late": (b"\n<?xml version='1.0'?><a/>", ""),
    "version": (b"<?xml version='1.1'?><a/>", "version 1.1"),
    "not utf-8": (b"<a>\xff</a>", "not UTF-8"),
    "overlong utf-8": (b"<a>\xc0\xaf</a>", "not UTF-8"),
    "surrogate in utf-8": (b"<a>\xed\xa0\x80</a>", "not UTF-8"),
    "not ascii": (declared("US-ASCII").encode(), "not ASCII"),
    "declares utf-16, is not": (declared("UTF-16").encode(), "declares the encoding UTF-16"),
    "declares utf-8, is utf-16": (declared("UTF-8").encode("utf-16"), "declares the encoding UTF-8"),
    "declares latin-1, has a mark": (codecs.BOM_UTF8 + declared("ISO-8859-1").encode(), "byte order mark"),
    "two marks": (codecs.BOM_UTF8 * 2 + PLAIN.encode(), "byte order mark"),
    "an encoding nobody knows": (declared("no-such").encode(), "no-such"),
    "no name of an encoding": (declared("utf 8").encode(), "utf 8"),
    "half a character at the end": ("<a>é</a>".encode("utf-16") + b"\x00", "not UTF-16"),
}


@pytest.mark.parametrize(("body", "says"), FAULTS.values(), ids=FAULTS)
def test_what_is_not_well_formed_is_a_fault(body: bytes, says: str) -> None:
    document = read(body)
    assert document.root is None
    assert document.fault
    assert says in document.fault
    assert "\n" not in document.fault
    assert not document.unreadable
    assert document.line >= 1


def test_a_fault_says_its_line() -> None:
    assert read(b"<a>\n<b>\n</a>").line == 3
    assert read(b"<a>\n\n\xff</a>").line == 3


@pytest.mark.parametrize("name", ["utf-7", "CESU-8", "rot13", "idna", "unicode_escape", "raw_unicode_escape"])
def test_encodings_that_are_none_or_not_ours_accuse_nobody(name: str) -> None:
    """Python knows codecs that are no encodings of text; decoding with one would be reading something else."""
    document = read(declared(name).encode("ascii", "replace"))
    assert document.root is None
    assert document.unreadable
    assert not document.fault


def test_a_body_that_cannot_be_decoded_still_shows_what_it_was_meant_to_be() -> None:
    for body in (
        b"<a>\xff</a>",
        declared("UTF-16", "<a/>").encode(),
        declared("UTF-8", "<a/>").encode("utf-16-le"),
    ):
        assert "<a" in read(body).text


# The transport's word


def test_the_charset_counts_where_the_document_is_silent() -> None:
    latin = PLAIN.encode("latin-1")
    assert text_of(read(latin, "iso-8859-1")) == "é"
    assert read(latin).fault


def test_the_document_beats_the_charset() -> None:
    assert text_of(read(declared("UTF-8").encode(), "iso-8859-1")) == "é"
    assert text_of(read(PLAIN.encode("utf-16"), "utf-8")) == "é"


@pytest.mark.parametrize("charset", ["", "none-such", "utf-16", "utf-32", "us-ascii", "binary", "rot13", "x y", "é"])
@pytest.mark.parametrize("extra", ["", " "])
def test_a_charset_that_cannot_be_right_leaves_utf_8(charset: str, extra: str) -> None:
    """Of either length: a body of an even number of bytes decodes as UTF-16 into noise."""
    document = read((PLAIN + extra).encode(), charset)
    assert text_of(document) == "é"
    assert document.encoding == "utf-8"


# Nothing fetched, nothing expanded


def test_no_entity_is_expanded_and_no_file_read(tmp_path: object) -> None:
    secret = f"{tmp_path}/secret"
    with open(secret, "w", encoding="utf-8") as file:
        file.write("told")
    document = read(f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{secret}">]><a>&e;</a>'.encode())
    assert document.root is None
    assert "entity" in document.unreadable
    assert not document.fault
    assert "told" not in repr(document)


@pytest.mark.parametrize(
    "attributes", [('xml:id="0"', ""), ('xml:id="v"', 'xml:id="v"'), ('xml:id=""', 'xml:id="a b"')]
)
def test_an_identity_is_no_matter_of_well_formedness(attributes: tuple[str, str], tmp_path: Path) -> None:
    """Nor is anything fetched on its account: a subset that was read would give the attribute."""
    (tmp_path / "x.dtd").write_text("<!ATTLIST a given CDATA 'yes'>")
    first, second = attributes
    for before in ("", f"<!DOCTYPE a SYSTEM '{(tmp_path / 'x.dtd').as_uri()}'>", "<?see href='x'?>"):
        document = read(f"{before}<a><b {first}>1</b><b {second}>2</b></a>".encode())
        assert document.root is not None, document.fault
        assert len(document.references) == bool(before)
        assert document.root.get("given") is None
        assert [child.text for child in document.root] == ["1", "2"]


@pytest.mark.parametrize("body", [b'<a xml:id="0">', b'<a xml:id="0">&b;</a>', b'<a xml:id="0" xml:id="1"/>'])
def test_a_fault_beside_an_identity_is_a_fault(body: bytes) -> None:
    assert read(body).fault


def test_internal_entities_are_left_alone() -> None:
    document = read(b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>")
    assert document.root is None
    assert document.unreadable


def test_a_billion_laughs_are_not_laughed() -> None:
    lines = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    document = read(f"<!DOCTYPE a [<!ENTITY l0 'ha'>{lines}]><a>&l9;</a>".encode())
    assert document.root is None


@pytest.mark.parametrize("depth", [300, 100_000])
def test_a_document_too_deep_for_a_parser_is_deep(depth: int) -> None:
    document = read(b"<a>" * depth + b"</a>" * depth)
    assert document.deep
    assert document.unreadable
    assert not document.fault


def test_comments_and_instructions_do_not_split_text() -> None:
    assert text_of(read(b"<a><b>on<!-- x -->e<?y z?>!</b></a>")) == "one!"


REFERENCES = {
    "doctype": (b"<!DOCTYPE a><a/>", 1),
    "doctype with a system id": (b"<!DOCTYPE a SYSTEM 'x.dtd'><a/>", 1),
    "stylesheet": (b"<?xml-stylesheet href='x.xsl'?><a/>", 1),
    "schema of an editor": (b'<?oxygen RNGSchema="c.rng"?><a/>', 1),
    "no reference, though named so": (b"<?app schema of ours?><a/>", 0),
    "model": (b"<?xml-model href='x.rnc'?><a/>", 1),
    "inside": (b"<a><?import src='x'?></a>", 1),
    "after": (b"<a/><?see http://example.com/?>", 1),
    "two": (b"<!DOCTYPE a><?xml-stylesheet href='x'?><a/>", 2),
    "declaration": (b"<?xml version='1.0'?><a/>", 0),
    "plain instruction": (b"<?php?><a/>", 0),
    "in a comment": (b"<!-- <!DOCTYPE a> <?xml-stylesheet href='x'?> --><a/>", 0),
    "in text": (b"<a><![CDATA[<!DOCTYPE a><?xml-stylesheet href='x'?>]]></a>", 0),
}


@pytest.mark.parametrize(("body", "count"), REFERENCES.values(), ids=REFERENCES)
def test_references_are_listed(body: bytes, count: int) -> None:
    document = read(body)
    assert document.root is not None
    assert len(document.references) == count


# Whatever comes


@given(st.binary(max_size=200), st.text(max_size=12))
def test_any_bytes_are_read_or_refused_with_a_reason(body: bytes, charset: str) -> None:
    document = read(body, charset)
    assert (document.root is not None) + bool(document.fault) + bool(document.unreadable) == 1


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@given(TEXT, st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-8-sig"]))
def test_text_survives_every_encoding_letter_by_letter(text: str, codec: str) -> None:
    element = etree.Element("a")
    etree.SubElement(element, "b").text = text
    body = etree.tostring(element, encoding="unicode").encode(codec)
    assert text_of(read(body)) == text
