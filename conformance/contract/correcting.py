"""The edits that would make what a document says right: its texts, its keys, the rules of its call, code and message.

They are proposals: those that the answer passes without are left out again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lxml import etree

from conformance.contract import draft as made
from conformance.contract.alignment import Aligning
from conformance.contract.draft import NOW, Draft, Edit, Key, Text
from conformance.contract.nearest import nearest, squashed
from conformance.contract.quoting import clip

if TYPE_CHECKING:
    from conformance.contract.components import Declaration
    from conformance.contract.model import ServiceCall
    from conformance.contract.rows import Rule

_SHOWN = 40
_ITEMS = 300  # items of a list whose content is looked at


def texts(aligning: Aligning) -> list[Edit]:
    """Texts that the schema does not accept, and keys given twice."""
    found: dict[Declaration, dict[Key, Text]] = defaultdict(dict)
    draft = aligning.draft
    for leaf, declared in aligning.leaves():
        if not declared.accepts(leaf.text or ""):
            found[declared][draft.keys[leaf]] = _right(leaf, declared, aligning)
    edits = [_said(declared.name, draft, those) for declared, those in found.items()]
    return edits or [edit for place in aligning.places() for edit in _keys(place.element, place.declared, aligning)]


def _said(name: str, draft: Draft, those: dict[Key, Text]) -> Edit:
    """The edit that gives elements of one name other texts."""
    first, text = next(iter(those.items()))
    old = draft.element(first).text or ""
    new = "the time of the answer" if text is NOW else repr(clip(str(text), _SHOWN))
    kind = "case" if text is not NOW and old.lower() == str(text).lower() else "text"
    more = f", and {len(those) - 1} more likewise" if len(those) > 1 else ""
    where = f"{name}{_beside(draft.element(first))}"
    return made.saying(kind, f"let {where} say {new}, not {clip(old, _SHOWN)!r}{more}", those)


def _beside(leaf: etree._Element) -> str:
    """What the item of a leaf says otherwise, where there may be several items."""
    item = leaf.getparent()
    holder = item.getparent() if item is not None else None
    texts = [e.text for e in item if e is not leaf and e.text] if item is not None and holder is not None else []
    return f" of {clip(texts[0], _SHOWN)}" if texts and holder is not None and len(holder) > 1 else ""


def _right(leaf: etree._Element, declared: Declaration, aligning: Aligning) -> Text:
    """What a text was meant to say; else what the documented example says there."""
    if (found := nearest(leaf.text or "", declared)) is not None:
        return found
    if declared.name == "Timestamp":
        return NOW
    item = leaf.getparent()
    examples = list(declared.places(aligning.sample))
    beside = {e.text for e in item if e is not leaf and e.text} if item is not None else set()
    alike = [e for e in examples if (up := e.getparent()) is not None and beside & {c.text for c in up}]
    told = [e.text for e in (*alike, *examples) if e.text]
    return told[0] if told else declared.allowed.split(" or ")[0]


def _keys(element: etree._Element, declared: Declaration, aligning: Aligning) -> Iterator[Edit]:
    """Items with the key of another one: the same item again goes, another one gets a key of its own."""
    draft = aligning.draft
    for key in declared.keys:
        seen: dict[tuple[str, ...], str] = {}
        same, other, contents = [], dict[Key, Text](), set[str]()
        field = key.fields[0]
        items = [i for path in key.items.split("|") for i in element.iterfind(path.strip())]
        taken = {i.findtext(field) or "" for i in items}
        for item in items:
            values, whole = tuple(item.findtext(f) or "" for f in key.fields), _content(item)
            if seen.setdefault(values, whole) != whole:
                leaf = item.find(field)
                if leaf is not None:
                    other[draft.keys[leaf]] = _free(item, field, aligning, taken)
            elif whole in contents:
                same.append(draft.keys[item])
            contents.add(whole)
        if same:
            yield made.removing(f"have no item of {declared.name} twice", same)
        if other:
            yield _said(field, draft, other)


def _content(item: etree._Element) -> str:
    return "\0".join((child.text or "").strip() for child in item)


def _free(item: etree._Element, field: str, aligning: Aligning, taken: set[str]) -> str:
    """A key that no item has: the one of the documented example where it has such an item."""
    beside = {child.text for child in item if child.tag != field}
    example = next((i for i in aligning.sample.iter(str(item.tag)) if beside & {c.text for c in i}), None)
    numbers = (str(number) for number in range(len(taken) + 1))
    candidates = [(example.findtext(field) or "") if example is not None else "", *numbers]
    found = next((c for c in candidates if c and c not in taken), "0")
    taken.add(found)
    return found


class Rules:
    """What a call states beyond its schema, of the items of a list."""

    def __init__(self, call: ServiceCall, aligning: Aligning) -> None:
        self.call, self.aligning, self.draft = call, aligning, aligning.draft
        place = call.items
        self.holder = self.draft.root.find(place.container) if place else None
        found = self.holder.findall(place.item) if self.holder is not None and place else []
        self.items: Sequence[etree._Element] = found if len(found) <= _ITEMS else ()
        self.samples: list[Any] = list(aligning.sample.iterfind(f"{place.container}/{place.item}")) if place else []

    def next(self) -> list[Edit]:
        """The edits of the first rule that asks for any."""
        kinds: dict[str, Callable[[Rule], Iterator[Edit]]] = {
            "offers": self._offers,
            "holds": self._offers,
            "words": self._words,
            "unique": self._unique,
            "distinct": self._distinct,
            "ascending": self._ascending,
        }
        if not self.items:
            return []
        rules = [rule for kind in kinds for rule in self.call.rules(kind)]
        return next((found for rule in rules if (found := list(kinds[rule.kind](rule)))), [])

    def _offers(self, rule: Rule) -> Iterator[Edit]:
        """An item that says the documented texts; of several fields the first is its key."""
        wanted = rule.fields
        if any(all(item.findtext(f) == text for f, text in wanted.items()) for item in self.items):
            return
        offered = {tuple(r.fields.values()) for r in self.call.rules("offers")}
        for near in (lambda one, other: one == other, lambda one, other: squashed(one) == squashed(other)):
            for field in wanted:
                for item in self.items:
                    texts = {f: item.findtext(f) or "" for f in wanted}
                    if near(texts[field], wanted[field]) and tuple(texts.values()) not in offered:
                        wrong = {f: item.find(f) for f, text in wanted.items() if texts[f] != text}
                        for name, leaf in wrong.items():
                            if leaf is not None:
                                yield _said(name, self.draft, {self.draft.keys[leaf]: wanted[name]})
                        return
        yield from self._another(wanted)

    def _another(self, wanted: dict[str, str]) -> Iterator[Edit]:
        """One item more, in its place by its key."""
        assert self.holder is not None
        assert self.call.items
        example = next((i for i in self.samples if all(i.findtext(f) == t for f, t in wanted.items())), None)
        template = etree.fromstring(etree.tostring(example if example is not None else self.samples[0]))
        for field, text in wanted.items():
            for leaf in template.iterfind(field):
                leaf.text = text
        key = self.call.items.key
        taken = {item.findtext(key) or "" for item in self.items}
        (leaf,) = template.findall(key)
        if key not in wanted and leaf.text in taken:
            leaf.text = _free(template, key, self.aligning, taken)
        number = _number(leaf.text or "")
        before = [item for item in self.items if _number(item.findtext(key) or "") < number]
        at = self.holder.index(before[-1]) + 1 if before else 0
        shown = " = ".join(child.text or "" for child in template)
        yield made.adding(f"add the item {clip(shown, _SHOWN)}", [(self.draft.keys[self.holder], at, template)])

    def _words(self, rule: Rule) -> Iterator[Edit]:
        for item in self.items:
            leaf = item.find(rule.field)
            words = (leaf.text or "").split() if leaf is not None else []
            if leaf is None or set(words) & set(rule.words):
                continue
            cased = {word.upper(): word for word in rule.words}
            text = " ".join(cased.get(word.upper(), word) for word in words)
            if not set(text.split()) & set(rule.words):
                text = self._example(item, rule.field) or f"{text} {rule.words[-1]}"
            yield _said(rule.field, self.draft, {self.draft.keys[leaf]: text})

    def _example(self, item: etree._Element, field: str) -> str:
        """What the documented example says in a field of the item with the same key."""
        assert self.call.items
        key = self.call.items.key
        alike = (i for i in self.samples if i.findtext(key) == item.findtext(key))
        taken = {other.findtext(field) for other in self.items if other is not item}
        found = next((i.findtext(field) or "" for i in alike), "")
        return "" if found in taken else found

    def _unique(self, rule: Rule) -> Iterator[Edit]:
        seen: dict[str, list[etree._Element]] = defaultdict(list)
        for item in self.items:
            seen[item.findtext(rule.field) or ""].append(item)
        for text, items in seen.items():
            if not text or len(items) < 2:
                continue
            right = [i for i in items if any(_content(s) == _content(i) for s in self.samples)] or items
            for item in items:
                leaf, own = item.find(rule.field), self._example(item, rule.field)
                if item is right[0] or leaf is None:
                    continue
                if own and own != text:
                    yield _said(rule.field, self.draft, {self.draft.keys[leaf]: own})
                else:
                    shown = clip(_content(item).replace("\0", " = "), _SHOWN)
                    yield made.removing(f"take out the item {shown}", [self.draft.keys[item]])

    def _distinct(self, rule: Rule) -> Iterator[Edit]:
        seen: set[tuple[str, ...]] = set()
        again = []
        for item in self.items:
            values = tuple(item.findtext(field) or "" for field in rule.key)
            again += [self.draft.keys[item]] if values in seen else []
            seen.add(values)
        if again:
            yield made.removing("have no item twice", again)

    def _ascending(self, rule: Rule) -> Iterator[Edit]:
        assert self.holder is not None
        sort = sorted(self.items, key=lambda item: _number(item.findtext(rule.field) or ""))
        if sort != list(self.items):
            order = [self.draft.keys[item] for item in sort]
            told = f"put the items into the order of {rule.field}"
            yield made.ordering(told, {self.draft.keys[self.holder]: order})


def _number(text: str) -> tuple[int, str]:
    return len(text), text


def time_of_the_answer(draft: Draft) -> list[Edit]:
    """The Timestamp as the time of the answer."""
    leaves = [leaf for leaf in draft.root.findall("Timestamp") if leaf.text != draft.now]
    found: dict[Key, Text] = dict.fromkeys((draft.keys[leaf] for leaf in leaves), NOW)
    return [made.saying("text", "let Timestamp say the time of the answer", found)] if found else []


def stamped(draft: Draft, sample: etree._Element) -> list[Edit]:
    """A Timestamp, where there is none and the schema lets it be left out."""
    example = sample.find("Timestamp")
    if example is None or draft.root.find("Timestamp") is not None:
        return []
    return [made.adding("add Timestamp", [(draft.keys[draft.root], len(draft.root), example)])]


def error(draft: Draft, names: tuple[str, str], code: str, message: str) -> list[Edit]:
    """Code and message of an error envelope; of several errors, of the one that has the code, else the first."""
    codes, messages = (draft.root.findall(name) for name in names)
    if not codes or not messages:
        return []
    at = next((n for n, leaf in enumerate(codes) if leaf.text == code), 0)
    wanted = ((codes[at], names[0], code, "code"), (messages[min(at, len(messages) - 1)], names[1], message, "message"))
    return [
        made.saying(kind, f"let {name} say {text!r}, not {clip(leaf.text or '', _SHOWN)!r}", {draft.keys[leaf]: text})
        for leaf, name, text, kind in wanted
        if leaf.text != text
    ]
