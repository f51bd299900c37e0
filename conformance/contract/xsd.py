"""One XSD of the contract: what it declares, and which requirement each annotated component stands for.

Two engines: libxml2 says quickly whether there is anything to explain; xmlschema explains it, component by
component, and is imported only when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from conformance.contract.components import Component, Declaration, Deviation, local
from conformance.contract.violations import Attribution

if TYPE_CHECKING:
    import xmlschema

_XS = "{http://www.w3.org/2001/XMLSchema}"
_REQUIREMENT = "urn:connect-conformance:requirement"
_NOTHING_ELSE = "urn:connect-conformance:nothing-else"


class Schema:
    """One XSD 1.0 schema of the contract, with one global element: the document's root."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._tree = etree.parse(file)
        self._parts = [self._tree.getroot(), *self._included()]

    def _included(self) -> Iterator[etree._Element]:
        for include in self._tree.iter(f"{_XS}include"):
            yield etree.parse(self.file.parent / str(include.get("schemaLocation"))).getroot()

    @cached_property
    def root(self) -> str:
        """The documented name of the root element, in no namespace."""
        return str(next(self._tree.iter(f"{_XS}element")).get("name"))

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Every annotated component, in the order of the schema."""
        found: dict[Component, None] = {}
        for part in self._parts:
            for info in part.iter(f"{_XS}appinfo"):
                if info.get("source") in {_REQUIREMENT, _NOTHING_ELSE}:
                    found[self._component(info)] = None
        return tuple(found)

    def _component(self, info: etree._Element) -> Component:
        requirement = (info.text or "").strip()
        if info.get("source") == _NOTHING_ELSE:
            return Component(requirement, "document", "anything")
        annotated = info.getparent().getparent()  # type: ignore[union-attr]
        assert annotated is not None
        kind = local(annotated)
        element = annotated
        while local(element) != "element":
            element = next(element.iterancestors())
        name = str(element.get("name"))
        if kind == "element":
            parent = element.getparent()
            aspect = "name" if parent is not None and local(parent) == "schema" else "text"
        else:
            aspect = {"sequence": "content", "all": "content", "choice": "content", "unique": "unique"}.get(
                kind, "text"
            )
        return Component(requirement, name, aspect)

    def component(self, element: str, aspect: str) -> Component:
        """The component that stands for an aspect of an element; what no component claims is undocumented."""
        for component in self.components:
            if component.element == element and component.aspect == aspect:
                return component
        return self.anything

    @cached_property
    def anything(self) -> Component:
        """The component that stands for: nothing else is documented."""
        named = [c for c in self.components if c.aspect == "anything"]
        # A schema without the note (error.xsd's sequence speaks for everything) falls back to its root.
        return (
            named[0]
            if named
            else Component(self.component(self.root, "name").requirement, "document", "anything")
        )

    @cached_property
    def declarations(self) -> dict[str, Declaration]:
        """Every declared element by name, with its children."""
        found = {}
        for part in self._parts:
            for element in part.iter(f"{_XS}element"):
                name = str(element.get("name"))
                found[name] = Declaration(name, tuple(self._children(element)))
        return found

    def _children(self, element: etree._Element) -> Iterator[tuple[str, int, int | None]]:
        for child in element.iterfind(f"{_XS}complexType//{_XS}element"):
            holder = next(child.iterancestors(f"{_XS}element"))
            if holder is not element:
                continue
            groups = [
                g
                for g in child.iterancestors(f"{_XS}sequence", f"{_XS}choice", f"{_XS}all")
                if element in g.iterancestors()
            ]
            most = [str(part.get("maxOccurs", "1")) for part in (child, *groups)]
            least = min(int(part.get("minOccurs", "1")) for part in (child, *groups))
            yield str(child.get("name")), least, None if "unbounded" in most else max(map(int, most))

    @cached_property
    def quick(self) -> etree.XMLSchema:
        """The schema as libxml2 sees it."""
        return etree.XMLSchema(self._tree)

    @cached_property
    def engine(self) -> xmlschema.XMLSchema10:
        """The schema as xmlschema sees it: explanations, and components to derive documents from."""
        import xmlschema  # noqa: PLC0415  130 ms that only an invalid document costs

        return xmlschema.XMLSchema10(str(self.file))

    def allowed(self, name: str) -> str:
        """What the schema allows as the text of an element, in words."""
        declared = self.engine.maps.elements.get(name) or next(
            (
                e
                for e in self.engine.iter_components()
                if getattr(e, "local_name", "") == name and hasattr(e, "type")
            ),
            None,
        )
        simple = declared.type if declared is not None else None
        values = getattr(simple, "enumeration", None)
        if values:
            return " or ".join(map(str, values))
        notes = [
            (note.text or "").strip()
            for part in self._parts
            for note in part.iterfind(
                f"{_XS}simpleType[@name='{getattr(simple, 'local_name', '')}']/{_XS}annotation/{_XS}documentation"
            )
        ]
        patterns = getattr(simple, "patterns", None)
        return notes[0] if notes else f"text like {patterns.regexps[0]}" if patterns is not None else "text"

    def text_is_valid(self, name: str, text: str) -> bool:
        """Whether the schema accepts `text` in the element `name`."""
        for component in self.engine.iter_components():
            if getattr(component, "local_name", "") == name and hasattr(component, "type"):
                return bool(component.type.is_valid(text))
        return True

    @cached_property
    def keys(self) -> tuple[tuple[str, str, str], ...]:
        """Identity constraints: in each element so named, every item that the path selects has another key."""
        found = []
        for unique in self._tree.iter(f"{_XS}unique"):
            holder = str(next(unique.iterancestors(f"{_XS}element")).get("name"))
            selector, field = (
                str(next(unique.iter(f"{_XS}{part}")).get("xpath")) for part in ("selector", "field")
            )
            found.append((holder, selector, field))
        return tuple(found)

    def deviations(self, root: etree._Element, roots: tuple[str, ...] = ()) -> tuple[Deviation, ...]:
        """The first deviations of the document `root`, `roots` being further accepted names of the root.

        The root's name and namespace are judged apart from the rest, so that a wrong one does not hide the rest.
        """
        return Attribution(self, root).deviations(roots)

    def accepts(self, root: etree._Element) -> bool:
        """Whether libxml2 finds the tree valid, attributes of XML Schema's own namespace apart."""
        return bool(self.quick.validate(root))


@cache
def schema(file: Path) -> Schema:
    """The schema in `file`, built once per process."""
    return Schema(file)
