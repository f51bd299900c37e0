"""A copy of a document that is being changed, edit by edit: its elements keep their numbers, and its layout is kept.

An edit names elements by their numbers, so that it can be made again on another copy, with or without the edits
before it, and on another answer that is built alike.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lxml import etree

from conformance.contract.components import local

NOW = object()  # as a text: the time of the answer
Key = object  # the number of an element of the document, or (edit, number) of one that an edit has brought in
Text = object  # a text, or NOW
Root = etree._Element


class GoneError(LookupError):
    """An edit speaks of an element that is not there: it needs another edit before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One change of a document. kind: which of the kinds that a card knows; told: in words, as what is to be done."""

    kind: str
    told: str
    change: Callable[[Draft, Edit], None]


class Draft:
    """A copy of a document. now: the time that its Timestamp has to say."""

    def __init__(self, root: etree._Element, now: str, edits: Iterable[Edit] = ()) -> None:
        """Raises GoneError for an edit that cannot be made."""
        self.root, self.now = copy.deepcopy(root), now
        self.root.tail = None
        self.elements: dict[Key, etree._Element] = {}
        self.keys: dict[etree._Element, Key] = {}
        for number, element in enumerate(self.root.iter()):
            self._know(element, number)
        for edit in edits:
            self.apply(edit)

    def apply(self, edit: Edit) -> None:
        """Make an edit. Raises GoneError."""
        edit.change(self, edit)
        etree.cleanup_namespaces(self.root)

    def _know(self, element: etree._Element, key: Key) -> None:
        self.elements[key], self.keys[element] = element, key

    def element(self, key: Key) -> etree._Element:
        """The element of a number. Raises GoneError."""
        found = self.elements.get(key)
        if found is None or (found is not self.root and self.root not in found.iterancestors()):
            raise GoneError(key)
        return found

    # Changes that keep the layout

    def remove(self, element: etree._Element) -> None:
        """Take an element out, with the white space behind it, or before it where it is the last."""
        parent, before = element.getparent(), element.getprevious()
        if parent is None:
            raise GoneError(element)
        if element.getnext() is None and before is not None:
            before.tail = element.tail
        element.tail = None
        parent.remove(element)

    def insert(self, parent: etree._Element, at: int, element: etree._Element) -> None:
        """Put an element in as the child of that number, on a line of its own where its siblings have one."""
        if not len(parent):
            around = _gap(parent)
            inside = around + "  " if "\n" in around else None
            parent.text, element.tail = (parent.text or "").rstrip() or inside, around or None
        elif at < len(parent):
            element.tail = _gap(parent[at])
        else:
            element.tail, parent[-1].tail = parent[-1].tail, _gap(parent[-1]) or None
        parent.insert(at, element)

    def add(self, parent: etree._Element, at: int, template: etree._Element, edit: Edit, word: str) -> None:
        """Put in a copy of an element of the documented example. word: tells it from others of the same edit."""
        made = copy.deepcopy(template)
        for number, element in enumerate(made.iter()):
            self._know(element, (edit, word, number))
            if local(element) == "Timestamp":
                element.text = self.now
        made.tail = None
        self.insert(parent, at, made)

    def text(self, *, anew: bool = False) -> str:
        """The document as text, an element a line where it had no lines. anew: laid out anew."""
        shown = copy.deepcopy(self.root)
        if anew or "\n" not in etree.tostring(shown, encoding="unicode"):
            etree.indent(shown)
        return etree.tostring(shown, encoding="unicode")


def _gap(element: etree._Element) -> str:
    """The white space before an element."""
    before, parent = element.getprevious(), element.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else ""
    return text if text and not text.strip() else ""


def written(draft: Draft, encoding: str, *, declared: bool) -> bytes:
    """The document as the octets of an answer. Raises LookupError for an encoding that lxml does not write."""
    return etree.tostring(draft.root, encoding=encoding or "utf-8", xml_declaration=declared)


# Edits


def in_writing(told: str, kind: str = "form") -> Edit:
    """What is mended by writing the document anew."""
    return Edit(kind, told, lambda _draft, _edit: None)


def _each(kind: str, told: str, keys: Sequence[Key], do: Callable[[Draft, etree._Element], object]) -> Edit:
    def change(draft: Draft, _: Edit) -> None:
        for key in keys:
            do(draft, draft.element(key))

    return Edit(kind, told, change)


def renaming(kind: str, told: str, keys: Sequence[Key], tag: str) -> Edit:
    """Call elements otherwise."""
    return _each(kind, told, keys, lambda _, element: setattr(element, "tag", tag))


def removing(told: str, keys: Sequence[Key]) -> Edit:
    """Take elements out."""
    return _each("surplus", told, keys, lambda draft, element: draft.remove(element))


def without_attribute(told: str, keys: Sequence[Key], name: str) -> Edit:
    """Take an attribute away from elements."""
    return _each("surplus", told, keys, lambda _, element: element.attrib.pop(name, None))


def saying(kind: str, told: str, texts: Mapping[Key, Text]) -> Edit:
    """Give elements other texts; what else was in them goes."""

    def change(draft: Draft, _: Edit) -> None:
        for key, text in texts.items():
            element = draft.element(key)
            for child in list(element):
                element.remove(child)
            element.text = draft.now if text is NOW else str(text)

    return Edit(kind, told, change)


def blanking(told: str, keys: Sequence[Key]) -> Edit:
    """Take away the text between the children of elements."""

    def change(draft: Draft, _: Edit) -> None:
        for element in map(draft.element, keys):
            gap = next((t for t in (element.text, *(c.tail for c in element)) if t and not t.strip()), None)
            if element.text and element.text.strip():
                element.text = gap
            for child in element:
                if child.tail and child.tail.strip():
                    child.tail = element.tail if child.getnext() is None else gap

    return Edit("surplus", told, change)


def unwrapping(told: str, keys: Sequence[Key]) -> Edit:
    """Put the children of elements into their place."""

    def change(draft: Draft, _: Edit) -> None:
        for element in map(draft.element, keys):
            parent = element.getparent()
            if parent is None:
                raise GoneError(element)
            at = parent.index(element)
            children = list(element)
            draft.remove(element)
            for place, child in enumerate(children, at):
                draft.remove(child)
                draft.insert(parent, place, child)

    return Edit("root", told, change)


def rooting(told: str, key: Key) -> Edit:
    """Leave an element alone, as the root."""

    def change(draft: Draft, _: Edit) -> None:
        root = draft.element(key)
        parent = root.getparent()
        if parent is not None:
            root.tail = None
            parent.remove(root)
        draft.root = root

    return Edit("root", told, change)


def wrapping(told: str, parent: Key, tag: str, keys: Sequence[Key]) -> Edit:
    """Put children into an element of their own."""

    def change(draft: Draft, edit: Edit) -> None:
        here, inside = draft.element(parent), [draft.element(key) for key in keys]
        at = min(here.index(child) for child in inside)
        draft.add(here, at, etree.Element(tag), edit, tag)
        holder = here[at]
        for child in inside:
            draft.remove(child)
            draft.insert(holder, len(holder), child)

    return Edit("missing", told, change)


def moving(told: str, moves: Sequence[tuple[Key, Key]]) -> Edit:
    """Put elements among the children of others, last."""

    def change(draft: Draft, _: Edit) -> None:
        for key, parent in moves:
            element, here = draft.element(key), draft.element(parent)
            draft.remove(element)
            draft.insert(here, len(here), element)

    return Edit("order", told, change)


def ordering(told: str, orders: Mapping[Key, Sequence[Key]]) -> Edit:
    """Put the children of elements into an order; what it does not name comes last."""

    def change(draft: Draft, _: Edit) -> None:
        for key, order in orders.items():
            element = draft.element(key)
            place = {key: number for number, key in enumerate(order)}
            tails = [child.tail for child in element]
            element[:] = sorted(element, key=lambda child: place.get(draft.keys.get(child), len(place)))
            for child, tail in zip(element, tails, strict=True):
                child.tail = tail

    return Edit("order", told, change)


def adding(told: str, places: Sequence[tuple[Key, int, etree._Element]]) -> Edit:
    """Put copies of elements in: under which element, as the child of which number."""

    def change(draft: Draft, edit: Edit) -> None:
        for number, (key, at, template) in enumerate(places):
            here = draft.element(key)
            draft.add(here, min(at, len(here)), template, edit, str(number))

    return Edit("missing", told, change)


def from_attribute(told: str, name: str, places: Sequence[tuple[Key, str, str]]) -> Edit:
    """Make a child of an attribute: of which element, called how, with which text."""

    def change(draft: Draft, edit: Edit) -> None:
        for key, tag, text in places:
            here = draft.element(key)
            here.attrib.pop(name, None)
            made = etree.Element(tag)
            made.text = text
            draft.add(here, len(here), made, edit, f"{key}{tag}")

    return Edit("form", told, change)


def out_of_namespace(told: str, space: str) -> Edit:
    """Take every element out of a namespace."""

    def change(draft: Draft, _: Edit) -> None:
        for element in draft.root.iter():
            name = etree.QName(element)
            if name.namespace == space:
                element.tag = name.localname

    return Edit("namespace", told, change)


@cache
def example(file: Path, action: str = "") -> etree._Element:
    """A documented example, to be copied from. action: which call it is of, where that is not said."""
    root = etree.parse(file, etree.XMLParser(remove_comments=True)).getroot()
    for element in root.iterfind("Action") if action else ():
        element.text = action
    return root
