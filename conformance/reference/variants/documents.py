"""Mutants that read request documents wrongly: equivalent ones and different ones (REQ-05, REQ-06)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.reference.answer import ACTION
from conformance.reference.request import Asked
from conformance.reference.variants.edits import malformed, sent, set_text
from conformance.reference.variants.requests import refused
from conformance.reference.variants.variant import document, mutant, reading, success, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change


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


LACKS: tuple[tuple[str, str, bytes], ...] = (
    ("declaration_not_understood", "A request with an XML declaration is refused.", rb"^\s*<\?xml\s"),
    ("encoding_not_understood", "A request that declares its encoding is refused.", rb"^<\?xml[^>]*encoding"),
    ("standalone_not_understood", "A request that is not standalone is refused.", rb"standalone=.no"),
    ("long_declaration_not_understood", "A declaration of two lines is refused.", rb"^<\?xml[^>]*\n[^>]*\?>"),
    ("much_white_space_refused", "A kilobyte of white space is refused.", rb"\s{1000}"),
    ("line_ends_not_understood", "A request with CR LF line ends is refused.", rb"\r\n"),
    ("space_in_tag_not_understood", "A request with white space in a tag is refused.", rb"<[^!?>]*\s+>"),
    ("comment_not_understood", "A request with a comment is refused.", rb"<!--"),
    ("comment_in_text_not_understood", "A comment inside the action ends it.", rb"action>[^<]+<!--"),
    ("comment_first_not_understood", "A request that begins with a comment is refused.", rb"^\s*(<\?.*?\?>)?\s*<!--"),
    ("cdata_not_understood", "A request with a CDATA section is refused.", rb"<!\[CDATA"),
    ("cdata_in_part_not_understood", "A CDATA section inside the action's text is dropped.", rb"(\w<!\[CDATA|\]>\w)"),
    ("references_not_understood", "A request with a character reference is refused.", rb"&#"),
    ("hexadecimal_reference_not_understood", "Hexadecimal character references are not known.", rb"&#x"),
)

ACCEPTS: tuple[tuple[str, str, Callable[[ET.Element], str | None]], ...] = (
    (
        "any_root_taken",
        "Any root is taken.",
        lambda root: root.findtext("action") if root.tag.lower() != "clickatellsdk" and len(root) == 1 else None,
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
        lambda root: root.findtext("action") if _text_beside(root) and not (root.text or "").strip() else None,
    ),
    (
        "empty_action_ignored",
        "An empty action beside another is ignored.",
        lambda root: root.findtext("action") if [bool(child.text) for child in root] == [True, False] else None,
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
    ("action_as_attribute_taken", "The action is taken from an attribute too.", lambda root: root.get("action")),
)

VARIANTS = (
    *(mutant(name, title, "REQ-05", _lacking(pattern), also="REQ-02 REQ-01") for name, title, pattern in LACKS),
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
