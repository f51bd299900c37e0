"""Components of a schema that stand for requirements, the places that break them, and how places are named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from conformance.contract.content import Child, Content, Text


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

    @property
    def where(self) -> str:
        return f"{self.xpath}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Key:
    """No two of the items that `items` selects have the same values in `fields`. The paths are the schema's own."""

    items: str
    fields: tuple[str, ...]
    component: Component


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """What a schema declares of one element, in one place.

    label: as `Component.element`. model: which children it may have; below: their declarations by name. leaf: it holds
    text alone, of this type. mixed: text may stand between its children.
    """

    label: str
    path: tuple[str, ...]
    model: Content
    below: Mapping[str, Declaration]
    leaf: bool
    mixed: bool
    type: Text
    content: Component
    text: Component
    keys: tuple[Key, ...]

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def children(self) -> tuple[Child, ...]:
        return self.model.children

    @property
    def allowed(self) -> str:
        """Which texts its type accepts, in words."""
        return self.type.allowed

    def accepts(self, text: str) -> bool:
        """Whether its type accepts a text."""
        return self.type.accepts(text)

    def fits(self, names: list[str]) -> bool:
        """Whether the names of its children are as its content model says."""
        return self.model.fits(names)

    @property
    def order(self) -> list[str]:
        return [child.name for child in self.children]

    def places(self, root: etree._Element) -> Iterator[etree._Element]:
        """The elements of a document that stand where this one is declared."""
        yield from root.iterfind("/".join(self.path[1:]) or ".")


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What one schema declares, from its root down.

    name: the component of the root's name. anything: the one for: nothing else is documented. claimed: a note says so.
    """

    root: Declaration
    name: Component
    anything: Component
    claimed: bool


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
