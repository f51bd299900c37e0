"""Correct variants: the same documents, written as XML 1.0 also allows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.reference.answer import ROOT
from conformance.reference.variants.variant import always, correct, document

if TYPE_CHECKING:
    from collections.abc import Callable

DECLARATION = b'<?xml version="1.0"?>\n'
LEAF = re.compile(rb">([^<>\n]+)</")


def _leaves(edit: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda whole: LEAF.sub(lambda leaf: b">" + edit(leaf[1]) + b"</", whole)


def _behind_tags(piece: bytes) -> Callable[[bytes], bytes]:
    """Behind every tag that a line ends with, so between elements."""
    return lambda whole: re.sub(rb">\n(?=.)", b">" + piece + b"\n", whole.removeprefix(DECLARATION))


def _halved(join: bytes) -> Callable[[bytes], bytes]:
    return _leaves(lambda text: text[: len(text) // 2] + join + text[len(text) // 2 :])


def _compact(whole: bytes) -> bytes:
    return re.sub(rb">\s+<", b"><", whole).rstrip()


def _references(form: str) -> Callable[[bytes], bytes]:
    return _leaves(lambda text: b"".join(form.format(byte).encode() for byte in text))


WRITTEN: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("on_one_line", "No white space stands between elements.", _compact),
    ("no_line_end_at_the_end", "No line end ends the document.", bytes.rstrip),
    ("blank_lines_at_the_end", "Blank lines end the document.", lambda whole: whole + b"\n \t\n\r\n"),
    (
        "blank_lines_first",
        "Blank lines begin a document without declaration.",
        lambda whole: b"\n\n  " + whole.removeprefix(DECLARATION),
    ),
    ("line_ends_cr_lf", "Lines end in CR LF.", lambda whole: whole.replace(b"\n", b"\r\n")),
    ("line_ends_cr", "Lines end in CR.", lambda whole: whole.replace(b"\n", b"\r")),
    ("indented_with_tabs", "Elements are indented with tabs.", lambda whole: whole.replace(b"  ", b"\t")),
    (
        "indented_far",
        "Elements are indented by hundreds of spaces.",
        lambda whole: whole.replace(b"\n  ", b"\n" + b" " * 400),
    ),
    ("spaces_in_tags", "White space ends the names in tags.", lambda whole: re.sub(rb"<(/?\w+)>", rb"<\1 \n>", whole)),
    ("texts_in_cdata", "Every text is a CDATA section.", _leaves(lambda text: b"<![CDATA[" + text + b"]]>")),
    (
        "texts_half_in_cdata",
        "Every text is half a CDATA section.",
        _leaves(lambda text: text[:1] + b"<![CDATA[" + text[1:] + b"]]>"),
    ),
    (
        "texts_in_two_cdata",
        "Every text is two CDATA sections.",
        _leaves(lambda text: b"<![CDATA[" + text[:1] + b"]]><![CDATA[" + text[1:] + b"]]>"),
    ),
    ("texts_with_empty_cdata", "An empty CDATA section ends every text.", _leaves(lambda text: text + b"<![CDATA[]]>")),
    ("texts_in_decimal_references", "Every character is a decimal reference.", _references("&#{};")),
    ("texts_in_hexadecimal_references", "Every character is a hexadecimal reference.", _references("&#x{:X};")),
    ("texts_in_padded_references", "Character references are padded with zeros.", _references("&#x0000{:x};")),
    ("comments_in_texts", "A comment divides every text.", _halved(b"<!-- here -->")),
    ("empty_comments_in_texts", "An empty comment divides every text.", _halved(b"<!---->")),
    ("comments_between_elements", "Comments stand between elements.", _behind_tags(b"<!-- <Value> & more -->")),
    (
        "comments_around_the_root",
        "Comments stand before and behind the root.",
        lambda whole: DECLARATION + b"<!-- before -->" + whole.removeprefix(DECLARATION) + b"<!-- served in 3 ms -->\n",
    ),
    (
        "comment_of_ten_kilobytes",
        "A long comment comes first.",
        lambda whole: DECLARATION + b"<!--" + b" licence" * 1250 + b" -->" + whole.removeprefix(DECLARATION),
    ),
    ("instructions_in_texts", "A processing instruction divides every text.", _halved(b"<?php?>")),
    ("instructions_between_elements", "Processing instructions stand between elements.", _behind_tags(b"<?cache no?>")),
    (
        "instructions_around_the_root",
        "Processing instructions stand before and behind the root.",
        lambda whole: DECLARATION + b"<?node 3?>" + whole.removeprefix(DECLARATION) + b"<?end?>",
    ),
    (
        "namespace_declared_unused",
        "The root declares a prefix that nobody uses.",
        lambda whole: whole.replace(
            f"<{ROOT}>".encode(), f'<{ROOT} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'.encode(), 1
        ),
    ),
    (
        "namespace_undeclared_again",
        "The root says that it is in no namespace.",
        lambda whole: whole.replace(f"<{ROOT}>".encode(), f'<{ROOT} xmlns="">'.encode(), 1),
    ),
)

VARIANTS = tuple(correct(name, title, document(edit, always)) for name, title, edit in WRITTEN)
