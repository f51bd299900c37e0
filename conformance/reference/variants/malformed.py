"""Endpoints that read what is not well-formed XML (REQ-04)."""

from __future__ import annotations

import codecs
import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from conformance.reference.answer import ACTION
from conformance.reference.request import Asked, Document, UnusableError, read_document
from conformance.reference.variants.edits import malformed, sent, set_text
from conformance.reference.variants.variant import correct, mutant, reading, refusal, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change


def _repaired(repair: Callable[[bytes], bytes]) -> Change:
    """Reads what is not well-formed after a repair."""

    def read_again(call: Call, asked: Asked) -> Asked:
        document = sent(call)
        if asked.action is not None or not document or not malformed(document):
            return asked
        try:
            return Asked(asked.binding, read_document(Document(repair(document))))
        except UnusableError:
            return asked

    return reading(read_again)


def _by_pattern(call: Call, asked: Asked) -> Asked:
    found = re.search(rb"<action>\s*get_list_callback", sent(call), re.IGNORECASE)
    return Asked(asked.binding, ACTION) if found and malformed(sent(call)) else asked


class _Html(HTMLParser):
    """The text of the last element of that name, as a reader of HTML finds it."""

    def __init__(self) -> None:
        super().__init__()
        self.tag, self.found = "", ""

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tag = tag

    def handle_data(self, data: str) -> None:
        if self.tag == "action":
            self.found, self.tag = data.strip(), ""


def _as_html(call: Call, asked: Asked) -> Asked:
    document = sent(call)
    if asked.action is not None or not document or not malformed(document):
        return asked
    reader = _Html()
    reader.feed(document.decode("latin-1"))
    return Asked(asked.binding, reader.found)


def _unreadable(call: Call) -> bool:
    return refusal(call) and bool(sent(call)) and malformed(sent(call))


REPAIRS: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("root_end_supplied", "A missing end of the root is supplied.", lambda text: text + b"</clickatellsdk>"),
    (
        "action_end_supplied",
        "A missing end of the action is supplied.",
        lambda text: re.sub(rb"(<action>[a-z_]+)(?=\s*</clickatellsdk)", rb"\1</action>", text),
    ),
    (
        "rest_behind_root_ignored",
        "What follows the root is ignored.",
        lambda text: text.partition(b"</clickatellsdk>")[0] + b"</clickatellsdk>",
    ),
    (
        "rest_before_root_ignored",
        "What comes before the root is ignored.",
        lambda text: b"<clickatellsdk" + text.partition(b"<clickatellsdk")[2],
    ),
    (
        "tags_compared_in_any_case",
        "Start and end tags may differ in case.",
        lambda text: re.sub(rb"</?\w+", lambda tag: tag[0].lower(), text),
    ),
    (
        "crossed_tags_uncrossed",
        "Overlapping elements are taken apart.",
        lambda text: text.replace(b"</clickatellsdk></action>", b"</action></clickatellsdk>"),
    ),
    (
        "bare_ampersands_dropped",
        "Ampersands that are not escaped are dropped.",
        lambda text: re.sub(rb"&(?!#?\w+;)", b"", text),
    ),
    (
        "unknown_entities_dropped",
        "Entities that nobody declared are dropped.",
        lambda text: re.sub(rb"&\w+;", b"", text),
    ),
    (
        "control_characters_dropped",
        "Control characters are dropped.",
        lambda text: re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(x0?|0?)[0-8];", b"", text),
    ),
    ("space_before_declaration_skipped", "White space before the XML declaration is skipped.", bytes.lstrip),
    (
        "declaration_known_in_upper_case",
        "The XML declaration may be in upper case.",
        lambda text: text.replace(b"<?XML", b"<?xml"),
    ),
    (
        "declaration_known_without_version",
        "The XML declaration may lack the version.",
        lambda text: re.sub(rb"^<\?xml(?! version)[^?]*\?>", b"", text),
    ),
    (
        "entities_of_html_known",
        "The entities of HTML are known, as white space here.",
        lambda text: text.replace(b"&nbsp;", b" "),
    ),
    (
        "references_ended",
        "A character reference may lack its semicolon.",
        lambda text: re.sub(rb"&#(\d+)(?![\d;])", rb"&#\1;", text),
    ),
    (
        "no_characters_dropped",
        "References to what is no character are dropped.",
        lambda text: re.sub(rb"&#xFFF[EF];", b"", text),
    ),
    (
        "root_end_compared_in_any_case",
        "The root's end tag may differ in case.",
        lambda text: re.sub(rb"</clickatellsdk", b"</clickatellsdk", text, flags=re.IGNORECASE),
    ),
    ("last_bracket_supplied", "A missing last bracket is supplied.", lambda text: text + b">"),
    ("root_start_supplied", "A missing start of the root is supplied.", lambda text: b"<clickatellsdk>" + text),
    (
        "space_before_tag_name_skipped",
        "White space before a tag's name is skipped.",
        lambda text: re.sub(rb"<\s+", b"<", text),
    ),
    (
        "end_tag_attributes_ignored",
        "Attributes in end tags are ignored.",
        lambda text: re.sub(rb"(</\w+)\s[^>]*", rb"\1", text),
    ),
    (
        "less_than_in_attribute_ignored",
        "An attribute that holds a less-than sign is ignored.",
        lambda text: re.sub(rb"""\s\w+=(["'])[^"']*<[^"']*\1""", b"", text),
    ),
    ("cdata_end_dropped", "The end of no CDATA section is dropped.", lambda text: text.replace(b"]]>", b"")),
    (
        "second_copy_ignored",
        "The same document once more is ignored.",
        lambda text: text[: len(text) // 2] if text[: len(text) // 2] * 2 == text else text,
    ),
    ("semicolon_behind_root_ignored", "A semicolon behind the root is ignored.", lambda text: text.removesuffix(b";")),
    (
        "markup_unescaped",
        "A document whose own markup is escaped is unescaped.",
        lambda text: unescape(text.decode("latin-1")).encode("latin-1", "ignore"),
    ),
    ("percent_decoded_again", "A document is percent-decoded once more.", unquote_to_bytes),
    (
        "nameless_end_tags_taken",
        "An end tag without a name ends the last element.",
        lambda text: re.sub(rb"<(\w+)>([^<]*)</>", rb"<\1>\2</\1>", text),
    ),
    ("nuls_dropped", "A NUL is dropped.", lambda text: text.replace(b"\0", b"")),
    ("noncharacters_dropped", "U+FFFE and U+FFFF are dropped.", lambda text: re.sub(rb"\xef\xbf[\xbe\xbf]", b"", text)),
    (
        "surrogates_dropped",
        "Halves of surrogate pairs are dropped.",
        lambda text: re.sub(rb"\xed[\xa0-\xbf][\x80-\xbf]", b"", text),
    ),
    ("overlong_decoded", "Overlong UTF-8 is decoded.", lambda text: text.replace(b"\xc0\xbc", b"<")),
    (
        "references_in_upper_case_known",
        "A hexadecimal reference may begin with a capital X.",
        lambda text: text.replace(b"&#X", b"&#x"),
    ),
    (
        "attributes_without_value_dropped",
        "An attribute without a value is dropped, as in HTML.",
        lambda text: re.sub(rb"<(\w+)( \w+)+>", rb"<\1>", text),
    ),
    (
        "doctype_of_html_skipped",
        "A document type declaration in lower case is skipped, as in HTML.",
        lambda text: re.sub(rb"<!doctype[^>]*>", b"", text),
    ),
    (
        "declarations_skipped_anywhere",
        "An XML declaration is skipped wherever it stands.",
        lambda text: re.sub(rb"<\?xml[^>]*>", b"", text),
    ),
    ("marks_skipped", "Any number of byte order marks is skipped.", lambda text: text.replace(codecs.BOM_UTF8, b"")),
    (
        "open_comment_behind_root_ignored",
        "A comment behind the root need not end.",
        lambda text: re.sub(rb"(?<=</clickatellsdk>)<!--((?!-->).)*\Z", b"", text, flags=re.DOTALL),
    ),
)


VARIANTS = (
    mutant(
        "malformed_read_by_pattern", "The action is found in any text by a pattern.", "REQ-04", reading(_by_pattern)
    ),
    mutant(
        "malformed_read_as_html",
        "What is not well-formed is read as HTML is.",
        "REQ-04",
        reading(_as_html),
        also="REQ-07 REQ-06",
    ),
    mutant(
        "white_space_taken",
        "A document of nothing but white space is answered with the list.",
        "REQ-04",
        reading(lambda call, asked: Asked(asked.binding, ACTION) if sent(call).isspace() else asked),
    ),
    *(mutant(name, title, "REQ-04", _repaired(repair), also="REQ-07 REQ-06") for name, title, repair in REPAIRS),
    mutant(
        "bad_bytes_dropped",
        "Bytes that are no UTF-8 are dropped.",
        "REQ-04",
        _repaired(lambda text: text.decode("utf-8", "ignore").encode()),
        also="REQ-07 REQ-06",
    ),
    correct(
        "document_ends_at_nul",
        "A NUL ends the document, as libxml2 has it.",
        _repaired(lambda text: text.partition(b"\0")[0]),
    ),
    mutant(
        "malformed_says_success",
        "What is not well-formed is answered with Success and no list.",
        "REQ-04",
        tree(lambda _, root: set_text(root, "Result", "Success"), _unreadable),
        also="ERR-ANY",
    ),
)
