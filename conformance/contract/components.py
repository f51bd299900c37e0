"""Components of a schema that stand for requirements, the places that break them, and how places are named."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree


@dataclass(frozen=True, slots=True)
class Component:
    """An annotated component of a schema: the requirement it stands for, the element it belongs to, its aspect.

    aspect: name (the root's), content (which children, in which order), text (a simple type), unique, anything.
    """

    requirement: str
    element: str
    aspect: str

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


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a schema declares of one element: the names of its children, in order, and how many of each."""

    name: str
    children: tuple[tuple[str, int, int | None], ...]

    @property
    def order(self) -> list[str]:
        return [name for name, _, _ in self.children]


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


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
