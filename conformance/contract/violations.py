"""What is wrong with a document by its schema: every fault once, where it stands, under the requirement it breaks.

XSD engines stop at the first surprise of a content model, speak of grammar, and take quadratic time over many errors.
So the document is walked beside the declarations, once; libxml2 is asked about what the walk finds nothing in.
"""

from __future__ import annotations

import copy
import difflib
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import chain, islice

from lxml import etree

from conformance.contract.components import Component, Declaration, Deviation, Key, bare, local, path
from conformance.contract.quoting import clip, cut
from conformance.contract.xsd import Schema

_MOST = 20  # deviations listed of one component; the first few tell the story
_MOST_TEXT = 60  # characters quoted of a text
_MANY = 200  # children; among more, nobody guesses which stands for which
_BLANK = " \t\r\n"

Told = tuple[str, str, str]  # the reason, what was expected, what is there


def deviations(schema: Schema, document: etree._Element, roots: tuple[str, ...] = ()) -> tuple[Deviation, ...]:
    """The first deviations of a document from each component of its schema.

    roots: further accepted names of the root. Its name and namespace are judged apart from the rest, so that a wrong
    one does not hide the rest.
    """
    return _Attribution(schema, document).all(roots)


class _Attribution:
    """What is wrong with one document, by one schema."""

    def __init__(self, schema: Schema, document: etree._Element) -> None:
        self.schema, self.document = schema, document
        # An envelope wrapped in something else is judged from its own root on.
        inner = next((e for e in document.iter() if e.tag == schema.root), document)
        self.root = document if document.tag == schema.root else inner
        self.namespace = etree.QName(self.root).namespace
        self._found: defaultdict[Component, dict[Deviation, None]] = defaultdict(dict)

    def all(self, roots: tuple[str, ...]) -> tuple[Deviation, ...]:
        """Every component's first deviations, in the order in which they were found."""
        self._name(roots)
        for element in self.document.iter():
            if element.attrib:
                self._attributes(element)
        self._judge(self.root, self.schema.declarations[self.schema.root])
        if not self._found:
            self._last_word()
        return tuple(chain.from_iterable(self._found.values()))

    def _last_word(self) -> None:
        """Where the walk found nothing, libxml2 may."""
        root = self.root
        if root.tag != self.schema.root:
            root = copy.deepcopy(root)
            for element in root.iter():
                element.tag = self._tag(element)
            root.tag = self.schema.root
        if not self.schema.accepts(root) and not self.schema.accepts(self._without_blanks(root)):
            said = self.schema.quick.error_log[0].message
            self._add(self.schema.anything, self.root, (said, "a valid document", said))

    def _without_blanks(self, root: etree._Element) -> etree._Element:
        """The same without white space in empty containers: XSD takes none there, and it stands between tags alone."""
        twin = copy.deepcopy(root)
        for element in twin.iter():
            known = self.schema.named.get(str(element.tag), ())
            if len(element) == 0 and known and not any(declared.leaf for declared in known):
                element.text = (element.text or "").strip(_BLANK) or None
        return twin

    def _add(self, component: Component, element: etree._Element, told: Told, suffix: str = "") -> None:
        """Note a deviation; of a flood, the places are not worked out."""
        noted = self._found[component]
        if len(noted) < _MOST:
            place = f"{path(element)}{suffix}"
            noted[Deviation(component, *told, place, element.sourceline or 0)] = None

    def _full(self, component: Component) -> bool:
        return len(self._found.get(component, ())) >= _MOST

    def _tag(self, element: etree._Element) -> str:
        """An element's name; the root's namespace is told once, at the root."""
        tag = str(element.tag)
        return tag.removeprefix(f"{{{self.namespace}}}") if self.namespace else tag

    # The root and attributes

    def _name(self, roots: tuple[str, ...]) -> None:
        root, documented = self.document, self.schema.root
        if root.tag in {documented, *roots}:
            return
        name = etree.QName(root)
        observed = name.localname + (f" in the namespace {name.namespace}" if name.namespace else "")
        reason = f"the root element is {observed}, documented: {documented} in no namespace"
        self._add(self.schema.model.name, root, (reason, documented, observed))

    def _attributes(self, element: etree._Element) -> None:
        """XSD lets xsi:* attributes through everywhere; the page documents no attribute at all."""
        if self._full(self.schema.anything):
            return
        for name in map(str, islice(element.attrib, 3)):  # all values at once take quadratic time
            reason = f"the attribute {bare(name)} is not documented"
            observed = f'{bare(name)}="{clip(element.get(name) or "", _MOST_TEXT)}"'
            self._add(self.schema.anything, element, (reason, "no attribute", observed), f"/@{bare(name)}")

    # Elements, one beside its declaration

    def _judge(self, element: etree._Element, declared: Declaration) -> None:
        if declared.leaf:
            self._leaf(element, declared)
            return
        if not declared.mixed:
            self._stray_text(element)
        names = [self._tag(child) for child in element]
        renamed: dict[etree._Element, str] = {}
        if not declared.fits(names):
            renamed = self._children(element, declared, names)
        for child, name in zip(element, names, strict=True):
            known = declared.below.get(renamed.get(child, name))
            if known is not None:
                self._judge(child, known)
            else:
                self._moved_leaves(child)
        for key in declared.keys:
            self._doubled_keys(element, key)

    def _leaf(self, element: etree._Element, declared: Declaration) -> None:
        if len(element) == 0:
            self._text(element, declared)
            return
        for child in element:  # a text with elements in it is not the answer's text
            if self._tag(child) not in self.schema.named or not self._missing_at_home(self._tag(child)):
                self._undocumented(child)  # else it has moved: its own place reports it
            self._moved_leaves(child)

    def _text(self, element: etree._Element, declared: Declaration) -> None:
        text = element.text or ""
        if declared.accepts(text) or self._full(declared.text):
            return
        reason = f"{local(element)} is {_shown(text)}, documented: {declared.allowed}"
        self._add(declared.text, element, (reason, declared.allowed, text or "no text"))

    def _stray_text(self, element: etree._Element) -> None:
        texts = chain((element.text,), (child.tail for child in element))
        stray = next((text for text in texts if text and text.strip(_BLANK)), None)
        if stray and not self._full(self.schema.anything):
            reason = f"text between the elements of {local(element)}"
            observed = clip(stray.strip(_BLANK), _MOST_TEXT)
            self._add(self.schema.anything, element, (reason, "white space only", observed), "/text()")

    def _moved_leaves(self, element: etree._Element) -> None:
        """Simple elements that stand in a wrong place: their text is judged all the same."""
        for part in element.iter():
            homes = self.schema.named.get(self._tag(part), ())
            if len(homes) == 1 and homes[0].leaf and len(part) == 0:
                self._text(part, homes[0])

    def _doubled_keys(self, element: etree._Element, key: Key) -> None:
        """Keys given more than once."""
        seen: set[tuple[str, ...]] = set()
        for item in (one for items in key.items.split("|") for one in element.iterfind(self._here(items))):
            found = [_value(item, self._here(field)) for field in key.fields]
            values = tuple(value for value in found if value is not None)
            if len(values) < len(found):
                continue  # an item without its key is the content model's matter
            if values in seen and not self._full(key.component):
                shown = " ".join(values)
                reason = f"the id {_shown(shown)} is given to more than one item"
                self._add(key.component, item, (reason, "every id once", clip(shown, _MOST_TEXT)))
            seen.add(values)

    def _here(self, selector: str) -> str:
        """A path of the schema in the namespace that the document is in."""
        steps = selector.strip().split("/")
        plain = {"", ".", "*"}
        if not self.namespace:
            return "/".join(steps)
        return "/".join(s if s in plain or s.startswith("@") else f"{{{self.namespace}}}{s}" for s in steps)

    # Children that are not the documented ones

    def _children(self, element: etree._Element, declared: Declaration, names: list[str]) -> dict[etree._Element, str]:
        """Say why, each reason under its requirement; returns the children that stand for a documented one."""
        there = set(names)
        missing = [name for name, least, _ in declared.children if least and name not in there]
        renamed = self._renamed(element, declared, names, missing)
        reasons = [f"{declared.name} has no {name}" for name in missing if name not in renamed.values()]
        reasons += _doubled(declared, names)
        strangers = [child for child, name in zip(element, names, strict=True) if name not in declared.below]
        known = [name for name in names if name in declared.below]
        shuffled = not missing and not reasons and not declared.fits(known)
        if shuffled or (not missing and _is_shuffled(declared, known)):
            told = "in the documented order" if set(known) >= set(declared.order) else "the documented ones"
            reasons.append(f"the children of {declared.name} are not {told}")
        expected, observed = ", ".join(declared.order), ", ".join(map(bare, names[:12])) or "nothing"
        for reason in reasons:
            self._add(declared.content, element, (reason, expected, observed))
        for child in strangers:
            name = self._tag(child)
            if child in renamed:
                space = etree.QName(name).namespace if bare(name) == renamed[child] else ""
                told = f"{bare(name)} in the namespace {space}" if space else bare(name)
                reason = f"{told} stands where {renamed[child]} is documented"
                self._add(declared.content, child, (reason, expected, observed))
            elif name not in self.schema.named:
                self._undocumented(child)
            elif not self._missing_at_home(name):
                reason = f"{name} is not documented inside {declared.name}"
                self._add(declared.content, child, (reason, expected, observed))
        return renamed

    def _undocumented(self, element: etree._Element) -> None:
        name = local(element)
        reason = f"the element {name} is not documented"
        self._add(self.schema.anything, element, (reason, "documented elements only", f"<{name}>"))

    def _missing_at_home(self, name: str) -> bool:
        """Whether some element that must hold `name` does not: then this one has moved, and is told there."""
        return name in self._missed

    @cached_property
    def _missed(self) -> frozenset[str]:
        """The names that have no place of theirs in the document, or are missing in one."""
        homeless, missed = set(self.schema.named), set[str]()

        def visit(element: etree._Element, declared: Declaration) -> None:
            held = {self._tag(child) for child in element}
            homeless.difference_update(declared.below)
            missed.update(child.name for child in declared.children if child.least and child.name not in held)
            for child in element:
                known = declared.below.get(self._tag(child))
                if known is not None:
                    visit(child, known)

        visit(self.root, self.schema.declarations[self.schema.root])
        return frozenset(missed | homeless)

    def _renamed(
        self, element: etree._Element, declared: Declaration, names: list[str], missing: list[str]
    ) -> dict[etree._Element, str]:
        """Children that stand for a documented one under another name."""
        found: dict[etree._Element, str] = {}
        strangers = [c for c, name in zip(element, names, strict=True) if name not in self.schema.named]
        for child in strangers:
            name = local(child).lower()
            for n in declared.order:
                if n.lower() == name or self._looks_like(child, declared.below[n]):
                    found.setdefault(child, n)
        if not missing or len(names) > _MANY:
            return found
        matcher = difflib.SequenceMatcher(a=declared.order, b=names, autojunk=False)
        for kind, a1, a2, b1, b2 in matcher.get_opcodes():
            if kind == "replace":
                for name, child in zip(declared.order[a1:a2], element[b1:b2], strict=False):
                    if name in missing and child in strangers:
                        found.setdefault(child, name)
        return found

    def _looks_like(self, element: etree._Element, declared: Declaration) -> bool:
        return bool(declared.children) and [self._tag(child) for child in element] == declared.order


def _value(item: etree._Element, field: str) -> str | None:
    """What a field selects: the text of an element, or an attribute."""
    where, _, attribute = field.rpartition("@")
    place = item.find(where.rstrip("/") or ".") if attribute and "@" in field else item.find(field)
    if place is None:
        return None
    return place.get(attribute) if "@" in field else place.text or ""


def _doubled(declared: Declaration, names: list[str]) -> Iterator[str]:
    for name, _, most in declared.children:
        if most is not None and names.count(name) > most:
            yield f"{declared.name} has {names.count(name)} {name}, documented: {most}"


def _is_shuffled(declared: Declaration, known: list[str]) -> bool:
    return len(set(known)) == len(known) and known != [n for n in declared.order if n in known]


def _shown(text: str) -> str:
    """A short quotation of somebody's text."""
    return repr(cut(text, _MOST_TEXT))
