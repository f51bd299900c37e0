"""A lenient reading of an answer: where its subjects are, also when something around them is wrong.

Whether the envelope is right is for the schemas and the checks to say; this module only finds things.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import groupby

from lxml import etree

from conformance.contract.components import attributes, local, path
from conformance.contract.document import Document
from conformance.contract.load import documented

_RESULT = re.compile(r"<(?:\w+:)?result\b[^>]*>\s*(?:<!\[CDATA\[)?\s*success\b", re.IGNORECASE)


@cache
def _parts() -> frozenset[str]:
    """The names, in lower case, of the fields of the items of every documented service call.

    Those with an underscore: a `name` or a `prefix` may stand in any document.
    """
    names = (name.lower() for call in documented().calls.values() for name in call.fields)
    return frozenset(name for name in names if "_" in name)


@cache
def _places() -> frozenset[tuple[str, str]]:
    """The names, in lower case, of the lists of every documented service call and of what they hold."""
    items = [call.items for call in documented().calls.values() if call.items]
    return frozenset((item.container.lower(), item.item.lower()) for item in items)


@cache
def _items() -> frozenset[str]:
    """The names, in lower case, of everything that an item of a list is made of."""
    return _parts() | {item for _, item in _places()}


def _tags(names: frozenset[str]) -> re.Pattern[str]:
    """What finds a start tag with one of these names in a text that is no document."""
    return re.compile(rf"<(?:\w+:)?(?:{'|'.join(sorted(names))})[\s>/]", re.IGNORECASE)


@lru_cache(maxsize=1024)
def _lower(tag: str) -> str:
    """The name of an element without its namespace, in lower case."""
    return tag.rpartition("}")[2].lower()


class Leaf:
    """The text of an element or an attribute, and where it stands; the place is worked out when it is asked for."""

    __slots__ = ("_attribute", "_element", "text", "whole")

    def __init__(self, element: etree._Element, text: str | None = None, attribute: str = "") -> None:
        self._element, self._attribute = element, attribute
        if text is None:
            text = (element.text or "") + "".join(child.tail or "" for child in element)
        self.text = text
        self.whole = len(element) == 0 or bool(attribute)  # nothing but text is in it

    @property
    def where(self) -> str:
        """XPath and line."""
        attribute = f"/@{self._attribute}" if self._attribute else ""
        return f"{path(self._element)}{attribute}, line {self._element.sourceline}"


Fields = tuple[Leaf | None, ...]  # an item as it was read, field by field; None where one is missing


@dataclass(frozen=True, slots=True)
class Reported:
    """A code and its message as an error envelope gives them."""

    code: Leaf | None
    message: Leaf | None


class Envelope:
    """The subjects of one answer: action, result, timestamp, pairs, errors; None or empty where there is none.

    action, result, timestamp: the `Leaf` of that element, wherever it stands. document, root: as XML; no root where
    it cannot be read.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.root = document.root
        self._items: dict[tuple[str, ...], tuple[Fields, ...]] = {}
        self._offers: dict[tuple[tuple[str, ...], bool], bool] = {}
        self._errors: dict[tuple[str, str], tuple[Reported, ...]] = {}

    @cached_property
    def _first(self) -> dict[str, etree._Element]:
        """The first element of every name, as it is written and in lower case: one walk for all questions."""
        first: dict[str, etree._Element] = {}
        seen: set[str] = set()
        for element in self.root.iter() if self.root is not None else ():
            if element.tag in seen:  # of a hundred thousand elements, most are called alike
                continue
            seen.add(str(element.tag))
            name = local(element)
            if name not in first:
                first[name] = element
                first.setdefault(name.lower(), element)
        for child in reversed(self.root if self.root is not None else ()):
            first[local(child)] = child
        return first

    def _find(self, name: str) -> etree._Element | None:
        """By its exact name under the root, else by that name anywhere, else in any letter case."""
        return self._first.get(name, self._first.get(name.lower()))

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of all elements, in lower case."""
        return frozenset(name.lower() for name in self._first)

    def leaf(self, name: str) -> Leaf | None:
        """The text of the element `name`."""
        element = self._find(name)
        return None if element is None else Leaf(element)

    def leaf_at(self, path: tuple[str, ...]) -> Leaf | None:
        """The text of the first element at a path from the root, else of any with the last name of the path."""
        place = self.root.find("/".join(path[1:]) or ".") if self.root is not None else None
        return self.leaf(path[-1]) if place is None else Leaf(place)

    @cached_property
    def action(self) -> Leaf | None:
        return self.leaf("Action")

    @cached_property
    def result(self) -> Leaf | None:
        return self.leaf("Result")

    @cached_property
    def timestamp(self) -> Leaf | None:
        return self.leaf("Timestamp")

    def items(self, fields: tuple[str, ...]) -> tuple[Fields, ...]:
        """Every place that holds any of these fields of an item, in the order of the document."""
        if fields in self._items:
            return self._items[fields]
        names = [name.lower() for name in fields]
        found: list[dict[str, etree._Element]] = []
        last: dict[etree._Element, dict[str, etree._Element]] = {}
        for element in self.root.iter() if self.root is not None else ():
            name = _lower(str(element.tag))
            if name not in names or (holder := element.getparent()) is None:
                continue
            if holder not in last or name in last[holder]:  # a second id in one place begins a second item
                last[holder] = {}
                found.append(last[holder])
            last[holder][name] = element
        items = tuple(tuple(Leaf(parts[name]) if name in parts else None for name in names) for parts in found)
        self._items[fields] = items
        return items

    @property
    def values(self) -> tuple[tuple[str, str], ...]:
        """Every text below `Values`, with the name of its element, in the order of the document."""
        place = self._find("Values")
        below = place.iter() if place is not None else ()
        return tuple((local(element), (element.text or "").strip()) for element in below)

    @cached_property
    def says_success(self) -> bool:
        """Whether it would pass for Success in a lenient client's eyes, also when the body is not well-formed."""
        if self.root is None:
            return bool(_RESULT.search(self.document.text))
        return self.result is not None and self.result.text.strip().lower() == "success"

    @cached_property
    def carries_success(self) -> bool:
        """Whether any result in it, however many there are, says Success."""
        elements = self.root.iter() if self.root is not None else ()
        return self.says_success or any(
            _lower(str(element.tag)) == "result" and Leaf(element).text.strip().lower() == "success"
            for element in elements
        )

    @cached_property
    def has_values(self) -> bool:
        """Whether anything is in it that is called like an item of a list."""
        if self.root is None:
            return bool(_tags(_items()).search(self.document.text))
        return bool(self._names & _items())

    @cached_property
    def has_list(self) -> bool:
        """Whether a list or a piece of one is in it; a `Value` alone, in some detail of an error, is none."""
        if self.root is None or not self.has_values:
            return self.has_values
        for element in self.root.iter():
            holder = element.getparent()
            place = ("" if holder is None else _lower(str(holder.tag)), _lower(str(element.tag)))
            if place in _places() or place[1] in _parts():
                return True
        return False

    def offers(self, fields: tuple[str, ...], *, every: bool = False) -> bool:
        """Whether any (or every) one of these names of a service call's content is in it."""
        enough = all if every else any
        names = [name.lower() for name in fields]
        if self.root is not None:
            return enough(name in self._names for name in names)
        if (fields, every) not in self._offers:
            text = self.document.text.lower()
            self._offers[fields, every] = enough(name in text for name in names)
        return self._offers[fields, every]

    @cached_property
    def recognised(self) -> bool:
        """Whether it is an envelope of the Connect API at all, whatever else is wrong with it."""
        if self.root is None:
            return bool(_tags(frozenset({"ClICKATELLSDK", "Result"}) | _items() - {"value"}).search(self.document.text))
        names = self._names & {"action", "result", "values", "timestamp", "error"}
        if local(self.root).lower() == "clickatellsdk" and names - {"action"}:
            return True
        # The request's own root differs only in case: a request sent back is no envelope.
        return local(self.root) in {"ClICKATELLSDK", "CLICKATELLSDK"} or len(names) > 1

    def errors(self, code: str = "Error", message: str = "Description") -> tuple[Reported, ...]:
        """The reported errors: by the names of the error envelope wherever they stand; each code with its message."""
        key = code.lower(), message.lower()
        if key not in self._errors:
            self._errors[key] = self._reported(*key)
        return self._errors[key]

    def _reported(self, code: str, message: str) -> tuple[Reported, ...]:
        if self.root is None:
            return ()
        named = ((_lower(str(element.tag)), element) for element in self.root.iter())
        told = [(n == code, Leaf(e)) for n, e in named if n == message or (n == code and len(e) == 0)]
        found: list[Reported] = []
        codes: list[Leaf] = []  # those right before, which wait for their messages
        for is_code, run in groupby(told, key=lambda entry: entry[0]):
            leaves = [leaf for _, leaf in run]
            if is_code:
                codes = leaves
                continue
            if len(codes) != len(leaves):
                # Nobody can say whose they are: the last code has the first message.
                found += [Reported(one, None) for one in codes[:-1]]
                codes = codes[-1:]
            found += [Reported(one, leaf) for one, leaf in zip(codes, leaves, strict=False)]
            found += [Reported(None, leaf) for leaf in leaves[len(codes) :]]
            codes = []
        return (*found, *(Reported(one, None) for one in codes))

    def loose_texts(self) -> Iterator[Leaf]:
        """Every text and attribute that could be a code or a message, for envelopes of another shape."""
        for element in self.root.iter() if self.root is not None else ():
            for name, text in attributes(element):
                yield Leaf(element, text, etree.QName(name).localname)
            if _lower(str(element.tag)) in {"action", "result", "timestamp"} | _parts():
                continue  # an id of the list is no code
            leaf = Leaf(element)
            if leaf.whole:
                yield leaf
            elif leaf.text.strip():  # between elements, white space is layout
                yield Leaf(element, leaf.text.strip())
