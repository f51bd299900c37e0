"""Mutants that read request documents wrongly: malformed, equivalent, different (REQ-04 to REQ-06)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.reference.answer import ACTION
from conformance.reference.request import Asked, Document, UnusableError, read_document
from conformance.reference.variants.edits import malformed, sent, set_text
from conformance.reference.variants.requests import refused
from conformance.reference.variants.variant import document, mutant, reading, refusal, success, tree

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


def _unreadable(call: Call) -> bool:
    return refusal(call) and bool(sent(call)) and malformed(sent(call))


def _lacking(pattern: bytes) -> Change:
    """Refuses good documents in which something stands."""
    return refused(lambda call: re.search(pattern, sent(call)) is not None)


def _accepting(find: Callable[[ET.Element], str | None]) -> Change:
    """Finds the action in documents of another shape; not in those with a document type declaration."""

    def read_again(call: Call, asked: Asked) -> Asked:
        document = sent(call)
        if asked.action is not None or b"<!DOCTYPE" in document or not document or malformed(document):
            return asked
        root = ET.fromstring(document)  # noqa: S314  (no document type here)
        return Asked(asked.binding, ACTION) if find(root) == ACTION else asked

    return reading(read_again)


def _strangers(root: ET.Element) -> bool:
    return any(child.tag not in {"action", "Action"} for child in root)


def _attributes(root: ET.Element) -> bool:
    return any(element.attrib for element in root.iter())


def _text_beside(root: ET.Element) -> bool:
    return any((text or "").strip() for text in (root.text, *(child.tail for child in root)))


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
    (
        "root_start_supplied",
        "A missing start of the root is supplied.",
        lambda text: b"<clickatellsdk>" + text,
    ),
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
    (
        "semicolon_behind_root_ignored",
        "A semicolon behind the root is ignored.",
        lambda text: text.removesuffix(b";"),
    ),
    (
        "open_comment_behind_root_ignored",
        "A comment behind the root need not end.",
        lambda text: re.sub(rb"(?<=</clickatellsdk>)<!--((?!-->).)*\Z", b"", text, flags=re.DOTALL),
    ),
)


LACKS: tuple[tuple[str, str, bytes], ...] = (
    ("declaration_not_understood", "A request with an XML declaration is refused.", rb"^\s*<\?xml\s"),
    ("encoding_not_understood", "A request that declares its encoding is refused.", rb"^<\?xml[^>]*encoding"),
    ("standalone_not_understood", "A request that is not standalone is refused.", rb"standalone=.no"),
    (
        "long_declaration_not_understood",
        "A declaration of two lines is refused.",
        rb"^<\?xml[^>]*\n[^>]*\?>",
    ),
    ("much_white_space_refused", "A kilobyte of white space is refused.", rb"\s{1000}"),
    ("line_ends_not_understood", "A request with CR LF line ends is refused.", rb"\r\n"),
    ("space_in_tag_not_understood", "A request with white space in a tag is refused.", rb"<[^!?>]*\s+>"),
    ("comment_not_understood", "A request with a comment is refused.", rb"<!--"),
    ("comment_in_text_not_understood", "A comment inside the action ends it.", rb"action>[^<]+<!--"),
    (
        "comment_first_not_understood",
        "A request that begins with a comment is refused.",
        rb"^\s*(<\?.*?\?>)?\s*<!--",
    ),
    ("cdata_not_understood", "A request with a CDATA section is refused.", rb"<!\[CDATA"),
    (
        "cdata_in_part_not_understood",
        "A CDATA section inside the action's text is dropped.",
        rb"(\w<!\[CDATA|\]>\w)",
    ),
    ("references_not_understood", "A request with a character reference is refused.", rb"&#"),
    ("hexadecimal_reference_not_understood", "Hexadecimal character references are not known.", rb"&#x"),
)

ACCEPTS: tuple[tuple[str, str, Callable[[ET.Element], str | None]], ...] = (
    (
        "any_root_taken",
        "Any root is taken.",
        lambda root: (
            root.findtext("action") if root.tag.lower() != "clickatellsdk" and len(root) == 1 else None
        ),
    ),
    (
        "root_taken_in_any_case",
        "The root is compared without regard to case.",
        lambda root: (
            root.findtext("action")
            if root.tag.lower() == "clickatellsdk"
            and len(root) == 1
            and not _strangers(root)
            and not _attributes(root)
            and not _text_beside(root)
            else None
        ),
    ),
    (
        "namespace_ignored",
        "Namespaces are ignored.",
        lambda root: root.findtext("{*}action") if root.tag.startswith("{") else None,
    ),
    (
        "first_of_two_actions_taken",
        "Of two actions the first is taken.",
        lambda root: root.findtext("action") if len(root) == 2 and not _strangers(root) else None,
    ),
    (
        "last_of_two_actions_taken",
        "Of two actions the last is taken.",
        lambda root: root[-1].text if len(root) == 2 and not _strangers(root) else None,
    ),
    (
        "unknown_child_ignored",
        "Unknown children are ignored.",
        lambda root: root.findtext("action") if _strangers(root) else None,
    ),
    (
        "attributes_ignored",
        "Attributes are ignored.",
        lambda root: root.findtext("action") if _attributes(root) else None,
    ),
    (
        "text_beside_ignored",
        "Text beside the action is ignored.",
        lambda root: root.findtext("action") if _text_beside(root) else None,
    ),
    (
        "text_behind_ignored",
        "Text behind the action is ignored, before it not.",
        lambda root: (
            root.findtext("action") if _text_beside(root) and not (root.text or "").strip() else None
        ),
    ),
    (
        "empty_action_ignored",
        "An empty action beside another is ignored.",
        lambda root: (
            root.findtext("action") if [bool(child.text) for child in root] == [True, False] else None
        ),
    ),
    (
        "attributes_of_xml_ignored",
        "Attributes that XML itself names are ignored.",
        lambda root: root.findtext("action") if any("/XML/1998/" in name for name in root.attrib) else None,
    ),
    (
        "prefix_of_root_ignored",
        "A prefix before the root is ignored.",
        lambda root: root.findtext("action") if root.tag.endswith("}clickatellsdk") else None,
    ),
    (
        "action_found_deeper",
        "The action is found at any depth.",
        lambda root: (
            next((e.text for e in root.iterfind(".//action") if e.text), None)
            if root.find("*/action") is not None
            else None
        ),
    ),
    (
        "action_as_attribute_taken",
        "The action is taken from an attribute too.",
        lambda root: root.get("action"),
    ),
)

VARIANTS = (
    mutant(
        "malformed_read_by_pattern",
        "The action is found in any text by a pattern.",
        "REQ-04",
        reading(_by_pattern),
    ),
    *(
        mutant(name, title, "REQ-04", _repaired(repair), also="REQ-07 REQ-06")
        for name, title, repair in REPAIRS
    ),
    mutant(
        "bad_bytes_dropped",
        "Bytes that are no UTF-8 are dropped.",
        "REQ-04",
        _repaired(lambda text: text.decode("utf-8", "ignore").encode()),
        also="REQ-07 REQ-06",
    ),
    mutant(
        "malformed_says_success",
        "What is not well-formed is answered with Success and no list.",
        "REQ-04",
        tree(lambda _, root: set_text(root, "Result", "Success"), _unreadable),
        also="ERR-ANY",
    ),
    *(
        mutant(name, title, "REQ-05", _lacking(pattern), also="REQ-02 REQ-01")
        for name, title, pattern in LACKS
    ),
    mutant(
        "byte_order_mark_not_understood",
        "A request that begins with a byte order mark is refused.",
        "REQ-05",
        _lacking(rb"^\xef\xbb\xbf"),
    ),
    mutant(
        "utf_16_not_understood",
        "A request in UTF-16 is refused.",
        "REQ-05",
        _lacking(rb"^(\xff\xfe|\xfe\xff)"),
        binding="body-xml",
    ),
    mutant(
        "white_space_not_understood",
        "A request with white space between its elements, as printed, is refused.",
        "REQ-02",
        _lacking(rb">\s+<"),
        also="REQ-05 REQ-01 TLS-03",
    ),
    mutant(
        "comment_shortens_the_list",
        "A request with a comment gets a shorter list.",
        "REQ-05",
        tree(lambda call, root: root[2].remove(root[2][3]) if b"<!--" in sent(call) else None),
        also="CBK-09",
    ),
    mutant(
        "comment_gets_a_stale_answer",
        "A request with a comment gets the answer of an hour ago.",
        "TIM-02",
        tree(
            lambda call, root: set_text(root, "Timestamp", str(int(call.now) - 3600)),
            lambda call: success(call) and b"<!--" in sent(call),
        ),
        also="REQ-05 TIM-03",
    ),
    mutant(
        "comment_gets_a_doctype",
        "A request with a comment gets an answer with a document type declaration.",
        "REQ-05",
        document(
            lambda whole: whole.replace(b"<ClICK", b"<!DOCTYPE ClICKATELLSDK>\n<ClICK", 1),
            lambda call: success(call) and b"<!--" in sent(call),
        ),
    ),
    *(mutant(name, title, "REQ-06", _accepting(find)) for name, title, find in ACCEPTS),
)
