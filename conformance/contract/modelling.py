"""What xmlschema knows of a schema, as data: what it declares, and the requirements that its annotations name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import xmlschema
from xmlschema.validators import XsdEnumerationFacets, XsdMaxLengthFacet, XsdMinLengthFacet, XsdPatternFacets

from conformance.contract.components import Component, Declaration, Key, Model
from conformance.contract.content import OTHER, Child, Content, Facets, Text, letters

_REQUIREMENT = "urn:connect-conformance:requirement"
_NOTHING_ELSE = "urn:connect-conformance:nothing-else"
_NAMES = {"Unix"}  # words that begin a note and are written with a capital anywhere


def engine(text: str, base_url: str) -> xmlschema.XMLSchema10:
    """A schema as xmlschema sees it. base_url: what its includes are relative to."""
    return xmlschema.XMLSchema10(text, base_url=base_url)


def model(of: xmlschema.XMLSchema10, root: str) -> Model:
    """What a schema declares of documents with this root. Raises ValueError for a type that holds itself."""
    notes = [note for part in (of, *of.includes.values()) for note in part.annotations]
    element = of.elements[root]
    name = Component(_noted(_own(element), _REQUIREMENT), root, "name", (root,))
    claim = _noted(notes, _NOTHING_ELSE)
    anything = Component(claim or name.requirement, "document", "anything")
    paths = list(_paths(element, (root,), ()))
    labels = {path: _label(path, paths) for path in paths}
    return Model(_declared(element, (root,), labels, anything), name, anything, bool(claim))


def _declared(
    element: Any, path: tuple[str, ...], labels: dict[tuple[str, ...], str], anything: Component
) -> Declaration:
    kind, label = element.type, labels[path]
    group = kind.content if kind.is_complex() and not kind.has_simple_content() else None
    text = kind if kind.is_simple() else None if group is not None else kind.content
    own = [] if len(path) == 1 else _own(element)  # the root's own note is about its name

    def component(aspect: str, *annotations: Any) -> Component:
        requirement = _noted([a for several in annotations for a in several], _REQUIREMENT)
        return Component(requirement, label, aspect, path) if requirement else anything

    below = {
        child.local_name: _declared(child, (*path, child.local_name), labels, anything) for child in _elements(group)
    }
    return Declaration(
        label=label,
        path=path,
        model=_content(group),
        below=below,
        leaf=group is None,
        mixed=bool(getattr(kind, "mixed", False)),
        type=_text(text),
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


def _content(group: Any) -> Content:
    """The content model that a group of xmlschema stands for."""
    if group is None:
        return Content()
    found: dict[str, Child] = {}
    for name, least, most in _children(group):
        before = found.get(name, Child(name, 0, 0))
        total = None if before.most is None or most is None else before.most + most
        found[name] = Child(name, before.least + least, total)
    children = tuple(found.values())
    if group.model == "all":
        return Content(children, optional=group.min_occurs == 0)
    return Content(children, _expression(group, letters(children)))


def _children(group: Any) -> Iterator[Child]:
    """The children that a group allows, with the bounds that hold for each alone."""
    least, most = group.min_occurs, group.max_occurs
    if group.model == "choice" and len(group) > 1:
        least = 0
    for particle in group:
        inner = _children(particle) if hasattr(particle, "model") else (_child(particle),)
        for name, fewest, highest in inner:
            if name:
                total = None if most is None or highest is None else most * highest
                yield Child(name, least * fewest, total)


def _child(particle: Any) -> Child:
    return Child(particle.local_name or "", particle.min_occurs, particle.max_occurs)


def _expression(particle: Any, letters: dict[str, str]) -> str:
    if hasattr(particle, "model"):
        parts = [_expression(part, letters) for part in particle]
        inside = "|".join(parts) if particle.model == "choice" else "".join(parts)
    else:
        inside = letters[particle.local_name] if particle.local_name else f"[{OTHER}]"
    most = "" if particle.max_occurs is None else particle.max_occurs
    return f"(?:{inside}){{{particle.min_occurs},{most}}}+"


@dataclass(frozen=True, slots=True)
class _OtherText(Text):
    """A simple type that is more than a restriction of strings: xmlschema alone knows what it accepts."""

    kind: Any = None

    def accepts(self, text: str) -> bool:
        return bool(self.kind.is_valid(text))


def _text(kind: Any) -> Text:
    """A simple type of xmlschema, as the steps of its restriction where it restricts strings."""
    if kind is None:
        return Text()
    allowed, steps, here = _allowed(kind), [], kind
    while getattr(here, "validators", None) is not None and here.base_type is not None:
        steps.append(_facets(here))
        here = here.base_type
    of_strings = getattr(here, "local_name", "") == "string" and kind.white_space in {None, "preserve"}
    if not of_strings or None in steps:
        return _OtherText((), allowed, kind)
    return Text(tuple(step for step in steps if step not in {None, Facets()}), allowed)


def _facets(kind: Any) -> Facets | None:
    """The facets of one step; None where one of them is of another kind."""
    listed: tuple[str, ...] = ()
    least, most = 0, None
    for facet in kind.validators:
        if isinstance(facet, XsdEnumerationFacets):
            listed = tuple(map(str, facet.enumeration))
        elif isinstance(facet, XsdMinLengthFacet):
            least = facet.value
        elif isinstance(facet, XsdMaxLengthFacet):
            most = facet.value
        elif not isinstance(facet, XsdPatternFacets):
            return None
    return Facets(listed, tuple(p.pattern for p in kind.patterns.patterns) if kind.patterns else (), least, most)


def _elements(group: Any) -> Iterator[Any]:
    """The elements of a content model, each name once; what a wildcard lets in is nobody's."""
    named = {e.local_name: e for e in (group.iter_elements() if group is not None else ()) if e.local_name}
    yield from named.values()


def _paths(element: Any, path: tuple[str, ...], within: tuple[Any, ...]) -> Iterator[tuple[str, ...]]:
    """The path of every declared element."""
    kind = element.type
    if kind in within:
        raise ValueError(f"the type of {'/'.join(path)} holds itself: a schema of the contract has a bounded depth")
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
    notes = (info for annotation in annotations for info in annotation.appinfo if info.get("source") == source)
    return next(((note.text or "").strip() for note in notes), "")


def _allowed(kind: Any) -> str:
    """What a simple type allows, in words."""
    if kind is None:
        return ""
    if kind.enumeration:
        return " or ".join(map(str, kind.enumeration))
    notes = [_phrase((note.text or "").strip()) for a in _own(kind) for note in a.documentation]
    patterns = getattr(kind, "patterns", None)
    return notes[0] if notes else f"text like {patterns.regexps[0]}" if patterns else "text"


def _phrase(sentence: str) -> str:
    """A sentence of a schema as the end of another one: no full stop, and no capital but that of a name."""
    first = sentence.partition(" ")[0]
    lowered = sentence[:1].lower() if first.istitle() and first not in _NAMES else sentence[:1]
    return f"{lowered}{sentence[1:]}".removesuffix(".")
