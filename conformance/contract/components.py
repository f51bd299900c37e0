"""Components of a schema that stand for requirements, the places that break them, and how places are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lxml import etree


@dataclass(frozen=True, slots=True)
class Component:
    """An annotated component of a schema: the requirement it stands for, the element it belongs to, its aspect.

    element: the shortest ending of the element's path that is no other's (`Value`, or `Detail:Value` beside another).
    aspect: name (the root's), content (which children, in which order), text (a simple type), unique, anything.
    path: the names from the root down to the element.
    """

    requirement: str
    element: str
    aspect: str
    path: tuple[str, ...] = field(default=(), compare=False)

    @property
    def id(self) -> str:
        return f"{self.requirement}-{self.element}-{self.aspect}"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where a document breaks one component: what was expected, what is there, where."""

    component: Component
    reason: str
    expected: str
    observed: str
    xpath: str
    line: int


class Child(NamedTuple):
    """A child that an element may have, how often at least and at most (None: without a bound)."""

    name: str
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Key:
    """No two of the items that `items` selects have the same values in `fields`. The paths are the schema's own."""

    items: str
    fields: tuple[str, ...]
    component: Component


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """What a schema declares of one element, in one place.

    label: as `Component.element`. below: the declarations of its children by name. leaf: it holds text alone.
    mixed: text may stand between its children. fits: whether the names of children are as its content model says.
    accepts: whether its type accepts a text; allowed: which it accepts, in words.
    """

    label: str
    path: tuple[str, ...]
    children: tuple[Child, ...]
    below: Mapping[str, Declaration]
    leaf: bool
    mixed: bool
    fits: Callable[[list[str]], bool]
    accepts: Callable[[str], bool]
    allowed: str
    content: Component
    text: Component
    keys: tuple[Key, ...]

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def order(self) -> list[str]:
        return [child.name for child in self.children]

    def places(self, root: etree._Element) -> Iterator[etree._Element]:
        """The elements of a document that stand where this one is declared."""
        yield from root.iterfind("/".join(self.path[1:]) or ".")


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


_ATTRIBUTES = etree.XPath("@*")


def attributes(element: etree._Element) -> list[tuple[str, str]]:
    """Names and values of an element's attributes: `attrib.items()` takes quadratic time, seconds for 10,000."""
    if not element.attrib:
        return []
    return [(str(found.attrname), str(found)) for found in _ATTRIBUTES(element)]


def path(element: etree._Element) -> str:
    """The XPath of an element in its document, by local names, with positions where they matter."""
    steps = []
    here: etree._Element | None = element
    while here is not None:
        parent = here.getparent()
        name = local(here)
        if parent is not None:
            before = sum(1 for _ in here.itersiblings(str(here.tag), preceding=True))
            alone = not before and next(here.itersiblings(str(here.tag)), None) is None
            name += "" if alone else f"[{before + 1}]"
        steps.append(name)
        here = parent
    return "/" + "/".join(reversed(steps))


def bare(tag: str) -> str:
    """A name in Clark notation without its namespace."""
    return etree.QName(tag).localname
