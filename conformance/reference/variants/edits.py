"""Small edits of envelopes, documents and answers, shared by the tables of variants."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.parsers import expat

from conformance.reference.request import Document, UnusableError, locate
from conformance.reference.variants.variant import document, of, success, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change, When

# What may accuse an answer too whose pairs cannot be found.
NO_PAIRS = "ENV-02 ENV-07 REQ-02 CBK-03 CBK-04 CBK-08"


def the(parent: ET.Element, path: str) -> ET.Element:
    """The element at a path, which is there in every envelope that it is asked of."""
    found = parent.find(path)
    if found is None:
        raise LookupError(path)
    return found


def pair(root: ET.Element, number: str) -> ET.Element:
    """The Value of an id."""
    return next(value for value in root.iter("Value") if value.findtext("callback_type_id") == number)


def add_pair(root: ET.Element, number: str, name: str, at: int | None = None) -> ET.Element:
    """Adds a pair, last or at a position."""
    values, value = the(root, "Values"), ET.Element("Value")
    values.insert(len(values) if at is None else at, value)
    ET.SubElement(value, "callback_type_id").text = number
    ET.SubElement(value, "callback_type").text = name
    return value


def drop(root: ET.Element, path: str) -> None:
    """Removes the element at a path."""
    parent, _, _ = path.rpartition("/")
    the(root, parent or ".").remove(the(root, path))


def moved(root: ET.Element, path: str, index: int) -> None:
    """Moves a child of the root to another place among its siblings."""
    child = the(root, path)
    root.remove(child)
    root.insert(index, child)


def edited(call: str, edit: Callable[[ET.Element], object]) -> Change:
    """Edits the values of a call's answer."""
    return tree(lambda _, root: edit(the(root, "Values")), of(call))


def again(values: ET.Element) -> None:
    """Adds the first value once more."""
    values.append(copy.deepcopy(values[0]))


def id_to(text: str, number: str = "3") -> Change:
    """Gives a pair, one of the elided ones unless told otherwise, another id."""
    return tree(lambda _, root: set_text(pair(root, number), "callback_type_id", text))


def type_to(text: str, number: str = "3", when: When = success) -> Change:
    """Gives a pair, one of the elided ones unless told otherwise, another type."""
    return tree(lambda _, root: set_text(pair(root, number), "callback_type", text), when)


def text_to(path: str, text: str, when: When = success) -> Change:
    """Gives an element another text."""
    return tree(lambda _, root: set_text(root, path, text), when)


def text_by(path: str, edit: Callable[[str], str], when: When = success) -> Change:
    """Gives an element another text, made from what it has."""
    return tree(lambda _, root: set_text(root, path, edit(the(root, path).text or "")), when)


def set_text(parent: ET.Element, path: str, text: str) -> None:
    """Sets the text of the element at a path."""
    the(parent, path).text = text


def renamed(path: str, name: str, when: When = success) -> Change:
    """Gives an element, or all of that path, another name."""

    def edit(_: Call, root: ET.Element) -> None:
        for element in root.findall(path):
            element.tag = name

    return tree(edit, when)


def swap(old: str, new: str, when: When = success) -> Change:
    """Replaces the first occurrence of a piece of the document, which must be there."""

    def edit(whole: bytes) -> bytes:
        before, found, rest = whole.partition(old.encode())
        if not found:
            raise LookupError(old)
        return before + new.encode() + rest

    return document(edit, when)


def headed(whole: Answer, **headers: str | None) -> Answer:
    """The answer with other header fields; None removes one."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = [(name, value) for name, value in whole.headers if name not in given]
    added = [(name, value) for name, value in given.items() if value is not None]
    return replace(whole, headers=(*kept, *added))


def with_body(whole: Answer, body: bytes, **headers: str | None) -> Answer:
    """The answer with another body, its length right."""
    return headed(replace(whole, body=body), content_length=str(len(body)), **headers)


def sent(call: Call) -> bytes:
    """The request document as it was sent; nothing where there is none, or too much."""
    if call.request.oversized:
        return b""
    try:
        _, found = locate(call.request)
    except UnusableError:
        return b""
    return found.content if isinstance(found, Document) else b""


def malformed(document: bytes) -> bool:
    """Whether a request document is not well-formed."""
    try:
        expat.ParserCreate().Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError):  # the latter two: an unknown encoding
        return True
    return False
