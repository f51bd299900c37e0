"""Judging a tree against an XSD, and attributing every error to the requirement that it breaks.

Two engines: libxml2 says quickly whether there is anything to explain; xmlschema explains it, component by
component, and the component's annotation names the requirement. xmlschema is imported only when it is needed.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    import xmlschema

_XS = "{http://www.w3.org/2001/XMLSchema}"
_REQUIREMENT = "urn:connect-conformance:requirement"
_NOTHING_ELSE = "urn:connect-conformance:nothing-else"
_MOST = 20  # deviations listed of one document; the first few tell the story
_LARGE = 2_000  # children; a longer list is judged piece by piece


Origins = dict[etree._Element, etree._Element]


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


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


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


@dataclass(frozen=True, slots=True)
class _Declaration:
    """What a schema declares of one element: the names of its children, in order, and how many of each."""

    name: str
    children: tuple[tuple[str, int, int | None], ...]

    @property
    def order(self) -> list[str]:
        return [name for name, _, _ in self.children]


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
        return self._anything

    @cached_property
    def _anything(self) -> Component:
        named = [c for c in self.components if c.aspect == "anything"]
        # A schema without the note (error.xsd's sequence speaks for everything) falls back to its root.
        return (
            named[0]
            if named
            else Component(self.component(self.root, "name").requirement, "document", "anything")
        )

    @cached_property
    def declarations(self) -> dict[str, _Declaration]:
        """Every declared element by name, with its children."""
        found = {}
        for part in self._parts:
            for element in part.iter(f"{_XS}element"):
                name = str(element.get("name"))
                found[name] = _Declaration(name, tuple(self._children(element)))
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
    def _quick(self) -> etree.XMLSchema:
        return etree.XMLSchema(self._tree)

    @cached_property
    def engine(self) -> xmlschema.XMLSchema10:
        """The schema as xmlschema sees it: explanations, and components to derive documents from."""
        import xmlschema  # noqa: PLC0415  130 ms that only an invalid document costs

        return xmlschema.XMLSchema10(str(self.file))

    def deviations(self, root: etree._Element, roots: tuple[str, ...] = ()) -> tuple[Deviation, ...]:
        """Every deviation of the document `root` (at most 50), `roots` being further accepted names of the root.

        The root's name and namespace are judged apart from the rest, so that a wrong one does not hide the rest.
        """
        found = list(self._root_deviations(root, roots))
        found += self._attributes(root)
        plain = self._normal(root)
        for part, origins in self._pieces(plain):
            if not self._quick.validate(part):
                found += self._explain(part, origins, plain)
            if len(found) >= _MOST:
                break
        found += islice(self._duplicates(plain), _MOST)
        return tuple(list(dict.fromkeys(found))[:_MOST])

    def accepts(self, root: etree._Element) -> bool:
        """Whether libxml2 finds the tree valid, attributes of XML Schema's own namespace apart."""
        return bool(self._quick.validate(root))

    def _root_deviations(self, root: etree._Element, roots: tuple[str, ...]) -> Iterator[Deviation]:
        if root.tag in {self.root, *roots}:
            return
        name = etree.QName(root)
        namespace = f" in the namespace {name.namespace}" if name.namespace else ""
        yield Deviation(
            self.component(self.root, "name"),
            f"the root element is {name.localname}{namespace}, documented: {self.root} in no namespace",
            self.root,
            f"{name.localname}{namespace}",
            "/" + name.localname,
            root.sourceline or 0,
        )

    def _normal(self, root: etree._Element) -> etree._Element:
        """The tree with the documented root and without attributes: what is wrong with those is judged apart.

        An envelope wrapped in something else is judged from its own root on.
        """
        if root.tag != self.root:
            root = next((e for e in root.iter() if e.tag == self.root), root)
        elif not any(True for element in root.iter() if element.attrib):
            return root
        namespace = etree.QName(root).namespace
        lines = [element.sourceline for element in root.iter()]
        plain = copy.deepcopy(root)
        plain.tail = None
        for element, line in zip(plain.iter(), lines, strict=True):
            element.sourceline = line  # type: ignore[misc]
            element.attrib.clear()
            if namespace and etree.QName(element).namespace == namespace:
                element.tag = local(element)
        plain.tag = self.root
        return plain

    def _explain(self, part: etree._Element, origins: Origins, root: etree._Element) -> list[Deviation]:
        """What is wrong with a piece of the document `root`, told as of the whole."""
        errors = [
            e for e in islice(self._quick.error_log, _MOST) if e.type != etree.ErrorTypes.SCHEMAV_CVC_IDC
        ]
        if not errors:
            return []  # doubled keys are looked for in the whole document
        found = [*self._stray_text(root)]
        for error in islice(self.engine.iter_errors(part), _MOST):  # type: ignore[arg-type]
            found += self._attribute(error, origins.get(error.elem, error.elem), root)  # type: ignore[call-overload]
        found += self._moved_leaves(root)
        return found or [self._unexplained(root, errors[0].message)]

    def _pieces(self, root: etree._Element) -> Iterator[tuple[etree._Element, Origins]]:
        """The document; one with a very long list piece by piece, each with some of the list and all of the rest.

        An engine that has something to say of each of a hundred thousand items takes minutes over the whole. With
        a piece comes where each of its elements stands in the document.
        """
        longest = max(root.iter(), key=len)
        if len(longest) < _LARGE:
            yield root, {}
            return
        for start in range(0, len(longest), _LARGE):
            origins: Origins = {}
            piece = etree.Element(root.tag)
            self._copy(root, piece, longest, slice(start, start + _LARGE), origins)
            yield piece, origins

    def _copy(
        self,
        original: etree._Element,
        twin: etree._Element,
        longest: etree._Element,
        some: slice,
        origins: Origins,
    ) -> None:
        origins[twin] = original
        twin.text, twin.tail = original.text, original.tail
        for child in original[some] if original is longest else original:
            self._copy(child, etree.SubElement(twin, child.tag), longest, some, origins)

    def _unexplained(self, root: etree._Element, message: str) -> Deviation:
        return Deviation(
            self._anything, message, "a valid document", message, path(root), root.sourceline or 0
        )

    def _attributes(self, root: etree._Element) -> Iterator[Deviation]:
        # XSD lets xsi:* attributes through everywhere; the page documents no attribute at all.
        for element in root.iter():
            for name in islice(element.attrib, 3):  # all values at once take quadratic time
                plain = etree.QName(name).localname
                yield Deviation(
                    self._anything,
                    f"the attribute {plain} is not documented",
                    "no attribute",
                    f'{plain}="{(element.get(name) or "")[:60]}"',
                    f"{path(element)}/@{plain}",
                    element.sourceline or 0,
                )

    def _stray_text(self, root: etree._Element) -> Iterator[Deviation]:
        for element in root.iter():
            declared = self.declarations.get(str(element.tag))
            if declared is None or not declared.children:
                continue
            for text in (element.text, *(child.tail for child in element)):
                if text and text.strip(" \t\r\n"):
                    yield Deviation(
                        self._anything,
                        f"text between the elements of {local(element)}",
                        "white space only",
                        text.strip(" \t\r\n")[:60],
                        f"{path(element)}/text()",
                        element.sourceline or 0,
                    )
                    break

    def _attribute(self, error: Any, place: etree._Element | None, root: etree._Element) -> list[Deviation]:
        """The requirement that one error of xmlschema breaks."""
        import xmlschema  # noqa: PLC0415

        element = root if place is None else place
        if isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
            return list(islice(self._children_deviations(element, root), _MOST))
        kind = type(error.validator).__name__
        reason = str(error.reason)
        if kind == "XsdAttributeGroup" or "character data" in reason:
            return []  # told by _attributes and _stray_text, for every engine alike
        if "duplicated value" in reason:
            return []  # told by _duplicates, for the whole document
        if "can't have child elements" in reason:
            return list(self._elements_in_text(element, root))
        if len(element):
            return []  # the text of an element with children in it is not the answer's text
        return [self._text_deviation(element, str(element.tag))]

    def _text_deviation(self, element: etree._Element, declared: str) -> Deviation:
        component = self.component(declared, "text")
        allowed = self.allowed(declared)
        text = element.text or ""
        return Deviation(
            component,
            f"{local(element)} is {_shown(text)}, documented: {allowed}",
            allowed,
            text or "no text",
            path(element),
            element.sourceline or 0,
        )

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

    def _duplicates(self, root: etree._Element) -> Iterator[Deviation]:
        """Keys given more than once, by the schema's identity constraints."""
        for unique in self._tree.iter(f"{_XS}unique"):
            holder = str(next(unique.iterancestors(f"{_XS}element")).get("name"))
            selector, field = (
                str(next(unique.iter(f"{_XS}{part}")).get("xpath")) for part in ("selector", "field")
            )
            for place in root.iter(holder):
                seen: set[str] = set()
                for item in place.iterfind(selector):
                    key = item.findtext(field)
                    if key is not None and key in seen:
                        yield self._duplicate(holder, item, key)
                    seen.add(key or "")

    def _duplicate(self, holder: str, item: etree._Element, key: str) -> Deviation:
        reason = f"the id {_shown(key)} is given to more than one item"
        component = self.component(holder, "unique")
        return Deviation(component, reason, "every id once", key[:60], path(item), item.sourceline or 0)

    def _elements_in_text(self, element: etree._Element, root: etree._Element) -> Iterator[Deviation]:
        for child in element:
            if local(child) in self.declarations and self._missing_at_home(local(child), root):
                continue  # it has moved: its own place reports it
            yield self._undocumented(child)

    def _undocumented(self, element: etree._Element) -> Deviation:
        return Deviation(
            self._anything,
            f"the element {local(element)} is not documented",
            "documented elements only",
            f"<{local(element)}>",
            path(element),
            element.sourceline or 0,
        )

    def _missing_at_home(self, name: str, root: etree._Element) -> bool:
        """Whether some element that must hold `name` does not."""
        homes = [d.name for d in self.declarations.values() if name in d.order]
        places = [e for e in root.iter() if e.tag in homes]
        return not places or any(all(child.tag != name for child in place) for place in places)

    def _children_deviations(  # noqa: C901
        self, element: etree._Element, root: etree._Element
    ) -> Iterator[Deviation]:
        """Why the children of an element are not the documented ones, each reason under its requirement."""
        declared = self.declarations[str(element.tag)]
        component = self.component(declared.name, "content")
        names = [str(child.tag) for child in element]
        missing = [name for name, least, _ in declared.children if least and name not in names]
        renamed = self._renamed(element, declared, missing)
        expected = ", ".join(declared.order)
        observed = ", ".join(map(_bare, names[:12])) or "nothing"
        deviation = Deviation(component, "", expected, observed, path(element), element.sourceline or 0)
        for name in missing:
            if name not in renamed.values():
                yield replace(deviation, reason=f"{declared.name} has no {name}")
        for name, _, most in declared.children:
            if most is not None and names.count(name) > most and len(declared.children) > 0:
                yield replace(
                    deviation, reason=f"{declared.name} has {names.count(name)} {name}, documented: {most}"
                )
        known = [name for name in names if name in declared.order]
        if (
            not missing
            and len(set(known)) == len(known)
            and known != [n for n in declared.order if n in known]
        ):
            yield replace(
                deviation, reason=f"the children of {declared.name} are not in the documented order"
            )
        for child in element:
            name = str(child.tag)
            if name in declared.order:
                continue
            if child in renamed:
                yield replace(
                    deviation,
                    reason=f"{_bare(name)} stands where {renamed[child]} is documented",
                    xpath=path(child),
                    line=child.sourceline or 0,
                )
            elif name not in self.declarations:
                yield self._undocumented(child)
            elif not self._missing_at_home(name, root):
                yield replace(
                    deviation, reason=f"{name} is not documented inside {declared.name}", xpath=path(child)
                )

    def _renamed(
        self, element: etree._Element, declared: _Declaration, missing: list[str]
    ) -> dict[etree._Element, str]:
        """Children that stand for a documented one under another name."""
        found: dict[etree._Element, str] = {}
        strangers = [child for child in element if child.tag not in self.declarations]
        for child in strangers:
            name = local(child)
            alike = [n for n in declared.order if n.lower() == name.lower() or self._looks_like(child, n)]
            if alike:
                found[child] = alike[0]
        names = [str(child.tag) for child in element]
        matcher = difflib.SequenceMatcher(a=declared.order, b=names, autojunk=False)
        for kind, a1, a2, b1, b2 in matcher.get_opcodes() if missing else ():
            if kind == "replace":
                for name, child in zip(declared.order[a1:a2], element[b1:b2], strict=False):
                    if name in missing and child in strangers:
                        found.setdefault(child, name)
        return found

    def _looks_like(self, element: etree._Element, name: str) -> bool:
        wanted = self.declarations[name].order
        return bool(wanted) and [child.tag for child in element] == wanted

    def _moved_leaves(self, root: etree._Element) -> Iterator[Deviation]:
        """Simple elements that stand in the wrong place: their text is judged all the same."""
        homes = {name: d.name for d in self.declarations.values() for name in d.order}
        for element in islice(root.iter(), 20 * _LARGE):
            name, parent = str(element.tag), element.getparent()
            declared = self.declarations.get(name)
            if (
                declared is None
                or declared.children
                or parent is None
                or parent.tag == homes.get(name)
                or len(element)
            ):
                continue
            if not self.text_is_valid(name, element.text or ""):
                yield self._text_deviation(element, name)

    def text_is_valid(self, name: str, text: str) -> bool:
        """Whether the schema accepts `text` in the element `name`."""
        for component in self.engine.iter_components():
            if getattr(component, "local_name", "") == name and hasattr(component, "type"):
                return bool(component.type.is_valid(text))
        return True


def _bare(tag: str) -> str:
    return etree.QName(tag).localname


def _shown(text: str, most: int = 60) -> str:
    """A short quotation of somebody's text."""
    return repr(text if len(text) <= most else text[: most - 1] + "…")


@cache
def schema(file: Path) -> Schema:
    """The schema in `file`, built once per process."""
    return Schema(file)
