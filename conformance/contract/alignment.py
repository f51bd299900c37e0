"""The edits that would make a document keep its schema: what a declaration asks for, beside what is there.

One step after the other, from the root to the texts. A step sees the document as the steps before it have left it, so
each of its edits rests on nothing that a later one changes. Whether an answer passes then is for the suite to say.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from lxml import etree

from conformance.contract import draft as made
from conformance.contract.components import Declaration, attributes, bare, local
from conformance.contract.draft import Draft, Edit, Key
from conformance.contract.nearest import squashed
from conformance.contract.quoting import clip
from conformance.contract.xsd import Schema

_SHOWN = 40  # characters of somebody's name or text in an edit
_MANY = 200  # children; among more, nobody guesses which stands for which
_BLANK = " \t\r\n"


class Place(NamedTuple):
    """An element beside what is declared of it."""

    element: etree._Element
    declared: Declaration

    @property
    def names(self) -> list[str]:
        return [str(child.tag) for child in self.element]

    @property
    def missing(self) -> list[str]:
        """The children that it must have and has not."""
        there = set(self.names)
        return [name for name, least, _ in self.declared.children if least and name not in there]

    @property
    def strangers(self) -> list[etree._Element]:
        return [child for child in self.element if child.tag not in self.declared.below]


class Aligning:
    """What one document needs, by one schema. sample: a document that keeps it; roots: accepted names of the root."""

    def __init__(self, schema: Schema, draft: Draft, sample: etree._Element, roots: tuple[str, ...] = ()) -> None:
        self.schema, self.draft, self.sample, self.roots = schema, draft, sample, (schema.root, *roots)

    def next(self) -> list[Edit]:
        """The edits of the first step that has any; none where the document keeps its schema, its texts apart."""
        steps: Sequence[Callable[[], Iterator[Edit]]] = (
            self._root,
            self._namespaces,
            self._attributes,
            self._names,
            self._holders,
            self._surplus,
            self._moved,
            self._missing,
            self._order,
            self._loose,
        )
        return next((found for step in steps if (found := list(step()))), [])

    def places(self) -> Iterator[Place]:
        """Every element that stands where it is declared and may have children."""
        waiting = [Place(self.draft.root, self.schema.declarations[self.schema.root])]
        while waiting:
            place = waiting.pop()
            yield place
            for child in place.element:
                known = place.declared.below.get(str(child.tag))
                if known is not None and not known.leaf:
                    waiting.append(Place(child, known))

    def leaves(self) -> Iterator[Place]:
        """Every element that stands where it is declared and holds text alone."""
        for element, declared in self.places():
            for child in element:
                known = declared.below.get(str(child.tag))
                if known is not None and known.leaf:
                    yield Place(child, known)

    def _key(self, element: etree._Element) -> Key:
        return self.draft.keys[element]

    # Names and namespaces

    def _root(self) -> Iterator[Edit]:
        root, wanted = self.draft.root, self.schema.root
        if root.tag in self.roots:
            return
        inner = next((e for e in root.iter() if e is not root and squashed(local(e)) == squashed(wanted)), None)
        if inner is not None:
            yield made.rooting(f"take away what stands around {_of(inner)}", self._key(inner))
        elif space := etree.QName(root).namespace:
            yield made.out_of_namespace(f"take the root out of the namespace {_shown(space)}", space)
        else:
            kind = "case" if str(root.tag).lower() == wanted.lower() else "root"
            yield made.renaming(kind, f"call the root {wanted}, not {_of(root)}", [self._key(root)], wanted)

    def _namespaces(self) -> Iterator[Edit]:
        found: dict[str, str] = {}
        for element in self.draft.root.iter():
            if space := etree.QName(element).namespace:
                found.setdefault(space, local(element))
        for space, name in found.items():
            yield made.out_of_namespace(f"take {_shown(name)} out of the namespace {_shown(space)}", space)

    def _attributes(self) -> Iterator[Edit]:
        kept: dict[tuple[str, str], list[tuple[Key, str, str]]] = defaultdict(list)
        taken: dict[str, list[Key]] = defaultdict(list)
        declared = {place.element: place for place in self.places()}
        for element in self.draft.root.iter():
            place = declared.get(element)
            for name, value in attributes(element):
                alike = [n for n in (place.missing if place else ()) if squashed(n) == squashed(bare(name))]
                if alike and place and place.declared.below[alike[0]].leaf:
                    kept[name, alike[0]].append((self._key(element), alike[0], value))
                else:
                    taken[name].append(self._key(element))
        for (name, tag), places in kept.items():
            told = f"make an element {tag} of the attribute {_shown(bare(name))}"
            yield made.from_attribute(told, name, places)
        for name, keys in taken.items():
            yield made.without_attribute(f"take away the attribute {_shown(bare(name))}", keys, name)

    def _names(self) -> Iterator[Edit]:
        found: dict[tuple[str, str], list[Key]] = defaultdict(list)
        for place in self.places():
            for child, name in self._stands_for(place):
                found[str(child.tag), name].append(self._key(child))
        for (old, new), keys in found.items():
            kind = "case" if old.lower() == new.lower() else "rename"
            yield made.renaming(kind, f"call it {new}, not {_shown(old)}", keys, new)

    def _stands_for(self, place: Place) -> Iterator[tuple[etree._Element, str]]:
        """Children that stand for a documented one under another name."""
        element, declared = place.element, place.declared
        strangers, missing = place.strangers, place.missing
        room = {name: most for name, _, most in declared.children}
        known: dict[str, str] = {}
        for child in strangers:
            for name in declared.order:
                if squashed(name) == squashed(str(child.tag)) and (room[name] is None or name in missing):
                    known.setdefault(str(child.tag), name)
        free = [name for name in missing if name not in known.values()]
        if free and len(element) <= _MANY:
            matcher = difflib.SequenceMatcher(a=declared.order, b=place.names, autojunk=False)
            for kind, a1, a2, b1, b2 in matcher.get_opcodes():
                for name, child in zip(declared.order[a1:a2], element[b1:b2], strict=False):
                    if kind == "replace" and name in free and self._may_be(child, declared.below[name]):
                        known.setdefault(str(child.tag), name)
        taken: set[str] = set()
        for child in strangers:
            name = known.get(str(child.tag), "")
            if name and (room[name] is None or name not in taken):
                taken.add(name)
                yield child, name

    def _may_be(self, child: etree._Element, declared: Declaration) -> bool:
        """Whether a stranger may be a documented element under another name: it holds what that one holds."""
        if child.tag in self.schema.named:
            return False
        inside = {squashed(local(e)) for e in child}
        return not inside if declared.leaf else bool(inside & set(map(squashed, declared.order)))

    # What stands around, too much, elsewhere or not at all

    def _holders(self) -> Iterator[Edit]:
        """Elements around what belongs here, and a missing one around what does not."""
        for place in self.places():
            needed = set(place.missing)
            for child in place.strangers:
                if needed & {str(e.tag) for e in child}:
                    told = f"take away {_of(child)} from around {_of(child[0])}"
                    yield made.unwrapping(told, [self._key(child)])
                    return
            for name in needed:
                below = place.declared.below[name]
                inside = [child for child in place.strangers if child.tag in below.below]
                if inside:
                    told = f"put {_of(inside[0])} into an element {name}"
                    yield made.wrapping(told, self._key(place.element), name, [self._key(e) for e in inside])
                    return

    def _surplus(self) -> Iterator[Edit]:
        found: dict[str, list[Key]] = defaultdict(list)
        home = {name for place in self.places() for name in place.missing}
        for element, declared in self.places():
            seen: dict[str, list[etree._Element]] = defaultdict(list)
            for child in element:
                seen[str(child.tag)].append(child)
            room = {name: most for name, _, most in declared.children}
            for name, children in seen.items():
                if name not in room and name not in home:
                    found[f"take {_shown(bare(name))} out of {declared.name}"] += map(self._key, children)
                most = room.get(name)
                if most is not None and len(children) > most:
                    right = [c for c in children if declared.below[name].accepts(c.text or "")]
                    kept = (right or children)[:most]
                    told = f"have {name} {'once' if most == 1 else f'{most} times'} in {declared.name}"
                    found[told] += [self._key(c) for c in children if c not in kept]
        for child, declared in self.leaves():
            if len(child):
                found[f"take {_of(child[0])} out of {declared.name}"] += map(self._key, child)
        for told, keys in found.items():
            yield made.removing(told, keys)

    def _moved(self) -> Iterator[Edit]:
        """What is missing in one place and stands in another one, where nothing of the kind is declared."""
        for place in self.places():
            for name in place.missing:
                away = [
                    e
                    for e in self.draft.root.iter(name)
                    if (up := e.getparent()) is not None and not self._is_declared(up, name)
                ]
                if away:
                    told = f"move {name} into {place.declared.name}"
                    yield made.moving(told, [(self._key(away[0]), self._key(place.element))])
                    return

    def _is_declared(self, parent: etree._Element, name: str) -> bool:
        return any(name in d.below for d in self.schema.named.get(str(parent.tag), ()))

    def _missing(self) -> Iterator[Edit]:
        found: dict[tuple[str, str], list[tuple[Key, int, etree._Element]]] = defaultdict(list)
        for place in self.places():
            for name in place.missing:
                template = self._template(place, name)
                order = place.declared.order
                before = set(order[: order.index(name)])
                at = 1 + max((n for n, child in enumerate(place.names) if child in before), default=-1)
                found[place.declared.name, name].append((self._key(place.element), at, template))
        for (holder, name), places in found.items():
            yield made.adding(f"add {name} to {holder}", places)

    def _template(self, place: Place, name: str) -> etree._Element:
        """What the documented example has there: of an item, the one that says the same otherwise."""
        declared = place.declared.below[name]
        alike = list(place.declared.places(self.sample))
        texts = {child.text for child in place.element if child.text}
        best = next((e for e in alike if texts & {child.text for child in e if child.text}), None)
        for holder in (best, *alike):
            child = holder.find(name) if holder is not None else None
            if child is not None:
                return child
        bare_one = etree.Element(name)
        bare_one.text = declared.allowed.split(" or ")[0] if declared.leaf else None
        return bare_one

    def _order(self) -> Iterator[Edit]:
        orders: dict[str, dict[Key, list[Key]]] = defaultdict(dict)
        for place in self.places():
            element, declared = place
            if declared.fits(place.names):
                continue
            rank = {name: number for number, name in enumerate(declared.order)}
            many = [child.name for child in declared.children if child.most is None]
            turn: dict[str, int] = defaultdict(int)
            weights = {}
            for child in element:  # children that may come several times come in turns
                name = str(child.tag)
                turn[name] += 1
                first = rank.get(many[0], 0) if name in many else rank.get(name, len(rank))
                weights[child] = (first, turn[name] if name in many else 0, rank.get(name, 0))
            sort = sorted(element, key=weights.__getitem__)
            orders[declared.name][self._key(element)] = [self._key(child) for child in sort]
        for name, found in orders.items():
            yield made.ordering(f"put the children of {name} in the documented order", found)

    def _loose(self) -> Iterator[Edit]:
        """Text between elements."""
        found: dict[str, list[Key]] = defaultdict(list)
        for element, declared in self.places():
            texts = (element.text, *(child.tail for child in element))
            if not declared.mixed and any(text and text.strip(_BLANK) for text in texts):
                found[declared.name].append(self._key(element))
        for name, keys in found.items():
            yield made.blanking(f"take away the text between the children of {name}", keys)


def _shown(text: str) -> str:
    return clip(text, _SHOWN)


def _of(element: etree._Element) -> str:
    return _shown(local(element))
