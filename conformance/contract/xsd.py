"""One XSD of the contract: what it declares, and which requirement each annotated component stands for.

Elements are told apart by their path from the root: names may repeat, types may be named and shared. The declarations
are read off xmlschema's component model; libxml2 has the last word on whether a document is valid.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from conformance.contract.components import Component, Declaration, Key
from conformance.contract.content import children, fitting

if TYPE_CHECKING:
    import xmlschema

_XS = "{http://www.w3.org/2001/XMLSchema}"
_REQUIREMENT = "urn:connect-conformance:requirement"
_CALL = "CALL"  # stands for the name of the call, in the schema that all calls share
_NOTHING_ELSE = "urn:connect-conformance:nothing-else"


@contextlib.contextmanager
def _without_key_log() -> Iterator[None]:
    """xmlschema opens its own files by urllib, which prepares for TLS: a key log that cannot be written fails that."""
    file = os.environ.pop("SSLKEYLOGFILE", None)
    try:
        yield
    finally:
        if file is not None:
            os.environ["SSLKEYLOGFILE"] = file


class Schema:
    """One XSD 1.0 schema of the contract; its first global element is the document's root."""

    def __init__(self, file: Path, call: str = "") -> None:
        self.file = file
        self._tree = etree.parse(file)
        for named in self._tree.iterfind(f".//{_XS}enumeration[@value='{_CALL}']"):
            named.set("value", call)

    @cached_property
    def root(self) -> str:
        """The documented name of the root element, in no namespace."""
        return str(next(self._tree.iterfind(f"{_XS}element")).get("name"))

    @cached_property
    def quick(self) -> etree.XMLSchema:
        """The schema as libxml2 sees it."""
        return etree.XMLSchema(self._tree)

    @cached_property
    def engine(self) -> xmlschema.XMLSchema10:
        """The schema as xmlschema sees it."""
        with _without_key_log():
            import xmlschema  # noqa: PLC0415  300 ms that not every command needs

            text = etree.tostring(self._tree, encoding="unicode")
            return xmlschema.XMLSchema10(text, base_url=self.file.absolute().parent.as_uri())

    @cached_property
    def noted(self) -> tuple[str, ...]:
        """The requirements that annotations name, of files that it includes too: without xmlschema, in no time."""
        included = (i.get("schemaLocation", "") for i in self._tree.iterfind(f"{_XS}include"))
        trees = [self._tree, *(etree.parse(self.file.parent / name) for name in included)]
        sources = (_REQUIREMENT, _NOTHING_ELSE)
        found = (
            note
            for tree in trees
            for note in tree.iterfind(f".//{_XS}appinfo")
            if note.get("source") in sources
        )
        return tuple(dict.fromkeys((note.text or "").strip() for note in found))

    # Components

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Every annotated component: the root's name, then from the root downwards, then what speaks of the rest."""
        found: dict[Component, None] = {self.name: None}
        for declared in self.declarations.values():
            for component in (
                declared.text if declared.leaf else declared.content,
                *(key.component for key in declared.keys),
            ):
                found[component] = None
        found.pop(self.anything, None)
        noted = _noted(self._annotations(), _NOTHING_ELSE)
        return (*found, *([self.anything] if noted else []))

    def component(self, element: str, aspect: str) -> Component:
        """The component that stands for an aspect of an element; what no component claims is undocumented."""
        for component in self.components:
            if component.element == element and component.aspect == aspect:
                return component
        return self.anything

    @cached_property
    def name(self) -> Component:
        """The component that stands for the root's name."""
        requirement = _noted(_own(self.engine.elements[self.root]), _REQUIREMENT)
        return Component(requirement, self.root, "name", (self.root,))

    @cached_property
    def anything(self) -> Component:
        """The component that stands for: nothing else is documented. Without a note of its own, the root's."""
        noted = _noted(self._annotations(), _NOTHING_ELSE)
        return Component(noted or self.name.requirement, "document", "anything")

    def _annotations(self) -> list[Any]:
        """What is said of the schema as a whole, and of those that it includes."""
        parts = [self.engine, *self.engine.includes.values()]
        return [annotation for part in parts for annotation in part.annotations]

    # Declarations

    @cached_property
    def declarations(self) -> dict[str, Declaration]:
        """Every declared element by its label, from the root downwards."""
        paths = list(_paths(self.engine.elements[self.root], (self.root,), ()))
        labels = {path: _label(path, paths) for path in paths}
        found: dict[str, Declaration] = {}
        self._declare(self.engine.elements[self.root], (self.root,), labels, found)
        return {labels[path]: found[labels[path]] for path in paths}

    @cached_property
    def named(self) -> dict[str, tuple[Declaration, ...]]:
        """The declarations by the name of the element."""
        names = dict.fromkeys(declared.name for declared in self.declarations.values())
        return {name: tuple(d for d in self.declarations.values() if d.name == name) for name in names}

    def _declare(
        self,
        element: Any,
        path: tuple[str, ...],
        labels: dict[tuple[str, ...], str],
        found: dict[str, Declaration],
    ) -> Declaration:
        kind, label = element.type, labels[path]
        group = kind.content if kind.is_complex() and not kind.has_simple_content() else None
        text = kind if kind.is_simple() else None if group is not None else kind.content
        own = [] if len(path) == 1 else _own(element)  # the root's own note is about its name

        def component(aspect: str, *annotations: Any) -> Component:
            requirement = _noted([a for several in annotations for a in several], _REQUIREMENT)
            return Component(requirement, label, aspect, path) if requirement else self.anything

        below = {
            child.local_name: self._declare(child, (*path, child.local_name), labels, found)
            for child in _elements(group)
        }
        found[label] = Declaration(
            label=label,
            path=path,
            children=children(group),
            below=below,
            leaf=group is None,
            mixed=bool(getattr(kind, "mixed", False)),
            fits=fitting(group),
            accepts=_accepting(text),
            allowed=_allowed(text),
            content=component("content", _own(group), _own(kind), own),
            text=component("text", own, _own(kind), _own(text)),
            keys=tuple(
                Key(
                    identity.selector.path,
                    tuple(field.path for field in identity.fields),
                    component("unique", _own(identity)),
                )
                for identity in element.identities
            ),
        )
        return found[label]

    def accepts(self, root: etree._Element) -> bool:
        """Whether libxml2 finds the tree valid, attributes of XML Schema's own namespace apart."""
        return bool(self.quick.validate(root))


def _elements(group: Any) -> Iterator[Any]:
    """The elements of a content model, each name once; what a wildcard lets in is nobody's."""
    named = {e.local_name: e for e in (group.iter_elements() if group is not None else ()) if e.local_name}
    yield from named.values()


def _paths(element: Any, path: tuple[str, ...], within: tuple[Any, ...]) -> Iterator[tuple[str, ...]]:
    """The path of every declared element."""
    kind = element.type
    if kind in within:
        raise ValueError(
            f"the type of {'/'.join(path)} holds itself: a schema of the contract has a bounded depth"
        )
    yield path
    if kind.is_complex() and not kind.has_simple_content():
        for child in _elements(kind.content):
            yield from _paths(child, (*path, child.local_name), (*within, kind))


def _label(path: tuple[str, ...], paths: list[tuple[str, ...]]) -> str:
    """The shortest ending of a path that no other has."""
    for length in range(1, len(path) + 1):
        ending = path[-length:]
        if sum(other[-length:] == ending for other in paths) == 1:
            return ":".join(ending)
    return "/".join(path)  # the ending of another one as a whole


def _own(component: Any) -> list[Any]:
    annotation = getattr(component, "annotation", None)
    return [annotation] if annotation is not None else []


def _noted(annotations: list[Any], source: str) -> str:
    """What the first note of a kind says."""
    notes = (
        info for annotation in annotations for info in annotation.appinfo if info.get("source") == source
    )
    return next(((note.text or "").strip() for note in notes), "")


def _accepting(kind: Any) -> Callable[[str], bool]:
    """Whether a simple type accepts a text. One that restricts strings is asked for its facets alone: a tenth of
    the time, which counts where a list has a hundred thousand texts."""
    if kind is None:
        return lambda _: True
    facets, here = [], kind
    while getattr(here, "validators", None) is not None and here.base_type is not None:
        facets += [*([here.patterns] if here.patterns else []), *here.validators]
        here = here.base_type
    if getattr(here, "local_name", "") != "string" or kind.white_space not in {None, "preserve"}:
        return lambda text: bool(kind.is_valid(text))

    def accepts(text: str) -> bool:
        import xmlschema  # noqa: PLC0415

        try:
            for facet in facets:
                facet(text)
        except xmlschema.XMLSchemaValidationError:
            return False
        return True

    return accepts


def _allowed(kind: Any) -> str:
    """What a simple type allows, in words."""
    if kind is None:
        return ""
    if kind.enumeration:
        return " or ".join(map(str, kind.enumeration))
    notes = [(note.text or "").strip() for a in _own(kind) for note in a.documentation]
    patterns = getattr(kind, "patterns", None)
    return notes[0] if notes else f"text like {patterns.regexps[0]}" if patterns else "text"


@cache
def schema(file: Path, call: str = "") -> Schema:
    """The schema in `file`, built once per process; of the error envelope, for a call."""
    return Schema(file, call)
