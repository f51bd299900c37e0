"""Attributing what is wrong with a document to the components of its schema, and so to requirements.

XSD engines stop at the first surprise of a content model, and speak of grammar; a reader wants every fault once, under
the requirement that it breaks. So each error is only the pointer to a place, and what is wrong there is told from what
the schema declares.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from lxml import etree

from conformance.contract.components import Declaration, Deviation, bare, local, path
from conformance.contract.quoting import clip, cut

if TYPE_CHECKING:
    from conformance.contract.xsd import Schema

_MOST = 20  # deviations listed of one document; the first few tell the story
_MOST_TEXT = 60  # characters quoted of a text
_LARGE = 2_000  # children; a longer list is judged piece by piece
_BLANK = " \t\r\n"

Origins = dict[etree._Element, etree._Element]


class Attribution:
    """What is wrong with one document, by one schema."""

    def __init__(self, schema: Schema, document: etree._Element) -> None:
        self.schema, self.document = schema, document

    def deviations(self, roots: tuple[str, ...] = ()) -> tuple[Deviation, ...]:
        """The first of them, `roots` being further accepted names of the root."""
        found = list(self._root(roots))
        found += self._attributes()
        for piece, origins in self._pieces():
            if not self.schema.quick.validate(piece):
                found += self._explained(piece, origins)
            if len(found) >= _MOST:
                break
        found += islice(self._doubled_keys(), _MOST)
        return tuple(list(dict.fromkeys(found))[:_MOST])

    @cached_property
    def plain(self) -> etree._Element:
        """The tree with the documented root and without attributes: what is wrong with those is told apart.

        An envelope wrapped in something else is judged from its own root on.
        """
        root, documented = self.document, self.schema.root
        if root.tag != documented:
            root = next((e for e in root.iter() if e.tag == documented), root)
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
        plain.tag = documented
        return plain

    # A very long list, piece by piece

    def _pieces(self) -> Iterator[tuple[etree._Element, Origins]]:
        """The document; one with a very long list piece by piece, each with some of the list and all of the rest.

        An engine that has something to say of each of a hundred thousand items takes minutes over the whole. With
        a piece comes where each of its elements stands in the document.
        """
        longest = max(self.plain.iter(), key=len)
        if len(longest) < _LARGE:
            yield self.plain, {}
            return
        for start in range(0, len(longest), _LARGE):
            origins: Origins = {}
            piece = etree.Element(self.plain.tag)
            _copy(self.plain, piece, longest, slice(start, start + _LARGE), origins)
            yield piece, origins

    # What an engine points at

    def _explained(self, piece: etree._Element, origins: Origins) -> list[Deviation]:
        """What is wrong with a piece of the document, told as of the whole."""
        errors = [
            e
            for e in islice(self.schema.quick.error_log, _MOST)
            if e.type != etree.ErrorTypes.SCHEMAV_CVC_IDC
        ]
        if not errors:
            return []  # doubled keys are looked for in the whole document
        found = [*self._stray_text()]
        for error in islice(self.schema.engine.iter_errors(piece), _MOST):  # type: ignore[arg-type]
            place = origins.get(error.elem, error.elem)  # type: ignore[call-overload]
            found += self._pointed_at(error, self.plain if place is None else place)
        found += self._moved_leaves()
        return found or [self._at(self.plain, errors[0].message, "a valid document", errors[0].message)]

    def _pointed_at(self, error: Any, element: etree._Element) -> list[Deviation]:
        """What is wrong where one error of xmlschema points."""
        import xmlschema  # noqa: PLC0415

        if isinstance(error, xmlschema.XMLSchemaChildrenValidationError):
            return list(islice(self._children(element), _MOST))
        reason = str(error.reason)
        if type(error.validator).__name__ == "XsdAttributeGroup" or "character data" in reason:
            return []  # told by _attributes and _stray_text, for every engine alike
        if "duplicated value" in reason:
            return []  # told by _doubled_keys, for the whole document
        if "can't have child elements" in reason:
            return list(self._elements_in_text(element))
        if len(element):
            return []  # the text of an element with children in it is not the answer's text
        return [self._text(element)]

    def _at(self, element: etree._Element, reason: str, expected: str, observed: str) -> Deviation:
        """Something at an element that no component but the one for everything else speaks of."""
        return Deviation(
            self.schema.anything, reason, expected, observed, path(element), element.sourceline or 0
        )

    # The root, attributes and text

    def _root(self, roots: tuple[str, ...]) -> Iterator[Deviation]:
        root, documented = self.document, self.schema.root
        if root.tag in {documented, *roots}:
            return
        name = etree.QName(root)
        observed = name.localname + (f" in the namespace {name.namespace}" if name.namespace else "")
        yield Deviation(
            self.schema.component(documented, "name"),
            f"the root element is {observed}, documented: {documented} in no namespace",
            documented,
            observed,
            "/" + name.localname,
            root.sourceline or 0,
        )

    def _attributes(self) -> Iterator[Deviation]:
        # XSD lets xsi:* attributes through everywhere; the page documents no attribute at all.
        for element in self.document.iter():
            for name in islice(element.attrib, 3):  # all values at once take quadratic time
                found = self._at(
                    element,
                    f"the attribute {bare(str(name))} is not documented",
                    "no attribute",
                    f'{bare(str(name))}="{clip(element.get(name) or "", _MOST_TEXT)}"',
                )
                yield replace(found, xpath=f"{found.xpath}/@{bare(str(name))}")

    def _stray_text(self) -> Iterator[Deviation]:
        for element in self.plain.iter():
            declared = self.schema.declarations.get(str(element.tag))
            if declared is None or not declared.children:
                continue
            texts = (element.text, *(child.tail for child in element))
            stray = next((text for text in texts if text and text.strip(_BLANK)), None)
            if stray:
                told = f"text between the elements of {local(element)}"
                found = self._at(element, told, "white space only", clip(stray.strip(_BLANK), _MOST_TEXT))
                yield replace(found, xpath=f"{found.xpath}/text()")

    def _text(self, element: etree._Element) -> Deviation:
        name, text = str(element.tag), element.text or ""
        allowed = self.schema.allowed(name)
        return Deviation(
            self.schema.component(name, "text"),
            f"{local(element)} is {_shown(text)}, documented: {allowed}",
            allowed,
            text or "no text",
            path(element),
            element.sourceline or 0,
        )

    def _moved_leaves(self) -> Iterator[Deviation]:
        """Simple elements that stand in the wrong place: their text is judged all the same."""
        homes = {
            name: declared.name for declared in self.schema.declarations.values() for name in declared.order
        }
        for element in islice(self.plain.iter(), 20 * _LARGE):
            name, parent = str(element.tag), element.getparent()
            declared = self.schema.declarations.get(name)
            if declared is None or declared.children or len(element):
                continue
            if parent is None or parent.tag == homes.get(name):
                continue
            if not self.schema.text_is_valid(name, element.text or ""):
                yield self._text(element)

    def _doubled_keys(self) -> Iterator[Deviation]:
        """Keys given more than once, by the schema's identity constraints."""
        for holder, selector, field in self.schema.keys:
            for place in self.plain.iter(holder):
                seen: set[str] = set()
                for item in place.iterfind(selector):
                    key = item.findtext(field)
                    if key is not None and key in seen:
                        yield self._doubled_key(holder, item, key)
                    seen.add(key or "")

    def _doubled_key(self, holder: str, item: etree._Element, key: str) -> Deviation:
        reason = f"the id {_shown(key)} is given to more than one item"
        component = self.schema.component(holder, "unique")
        return Deviation(
            component, reason, "every id once", clip(key, _MOST_TEXT), path(item), item.sourceline or 0
        )

    # Elements

    def _elements_in_text(self, element: etree._Element) -> Iterator[Deviation]:
        for child in element:
            if local(child) in self.schema.declarations and self._missing_at_home(local(child)):
                continue  # it has moved: its own place reports it
            yield self._undocumented(child)

    def _undocumented(self, element: etree._Element) -> Deviation:
        name = local(element)
        return self._at(
            element, f"the element {name} is not documented", "documented elements only", f"<{name}>"
        )

    def _missing_at_home(self, name: str) -> bool:
        """Whether some element that must hold `name` does not."""
        homes = [d.name for d in self.schema.declarations.values() if name in d.order]
        places = [e for e in self.plain.iter() if e.tag in homes]
        return not places or any(all(child.tag != name for child in place) for place in places)

    def _children(self, element: etree._Element) -> Iterator[Deviation]:
        """Why the children of an element are not the documented ones, each reason under its requirement."""
        declared = self.schema.declarations[str(element.tag)]
        names = [str(child.tag) for child in element]
        missing = [name for name, least, _ in declared.children if least and name not in names]
        renamed = self._renamed(element, declared, missing)
        deviation = Deviation(
            self.schema.component(declared.name, "content"),
            "",
            ", ".join(declared.order),
            ", ".join(map(bare, names[:12])) or "nothing",
            path(element),
            element.sourceline or 0,
        )
        reasons = [f"{declared.name} has no {name}" for name in missing if name not in renamed.values()]
        reasons += _doubled(declared, names)
        if not missing and _is_shuffled(declared, names):
            reasons.append(f"the children of {declared.name} are not in the documented order")
        for reason in reasons:
            yield replace(deviation, reason=reason)
        yield from self._strangers(element, declared, renamed, deviation)

    def _strangers(
        self,
        element: etree._Element,
        declared: Declaration,
        renamed: dict[etree._Element, str],
        deviation: Deviation,
    ) -> Iterator[Deviation]:
        """The children that have no place there."""
        for child in element:
            name = str(child.tag)
            if name in declared.order:
                continue
            there = replace(deviation, xpath=path(child), line=child.sourceline or 0)
            if child in renamed:
                yield replace(there, reason=f"{bare(name)} stands where {renamed[child]} is documented")
            elif name not in self.schema.declarations:
                yield self._undocumented(child)
            elif not self._missing_at_home(name):
                yield replace(there, reason=f"{name} is not documented inside {declared.name}")

    def _renamed(
        self, element: etree._Element, declared: Declaration, missing: list[str]
    ) -> dict[etree._Element, str]:
        """Children that stand for a documented one under another name."""
        found: dict[etree._Element, str] = {}
        strangers = [child for child in element if child.tag not in self.schema.declarations]
        for child in strangers:
            name = local(child).lower()
            alike = [n for n in declared.order if n.lower() == name or self._looks_like(child, n)]
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
        wanted = self.schema.declarations[name].order
        return bool(wanted) and [child.tag for child in element] == wanted


def _copy(
    original: etree._Element, twin: etree._Element, longest: etree._Element, some: slice, origins: Origins
) -> None:
    """Copy a tree, of the `longest` list only `some`."""
    origins[twin] = original
    twin.text, twin.tail = original.text, original.tail
    for child in original[some] if original is longest else original:
        _copy(child, etree.SubElement(twin, child.tag), longest, some, origins)


def _doubled(declared: Declaration, names: list[str]) -> Iterator[str]:
    for name, _, most in declared.children:
        if most is not None and names.count(name) > most:
            yield f"{declared.name} has {names.count(name)} {name}, documented: {most}"


def _is_shuffled(declared: Declaration, names: list[str]) -> bool:
    known = [name for name in names if name in declared.order]
    return len(set(known)) == len(known) and known != [n for n in declared.order if n in known]


def _shown(text: str) -> str:
    """A short quotation of somebody's text."""
    return repr(cut(text, _MOST_TEXT))
