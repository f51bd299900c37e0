"""What a generated request is made of: the documented one cut into slots, and what may fill one otherwise.

Here is noise, which an XML processor does not see; `breaks` has what is wrong in one way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeVar

from conformance.contract.document import read

if TYPE_CHECKING:
    from lxml import etree

    from conformance.probes.template import Template

T = TypeVar("T")
Slots = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """What fills some slots otherwise: simplest first, as it was generated last. Noise may also be left out."""

    what: str
    steps: tuple[Slots, ...]
    component: str = ""  # what it breaks; "" for noise

    @property
    def slots(self) -> set[str]:
        return {slot for step in self.steps for slot in step}

    @property
    def choices(self) -> tuple[Slots, ...]:
        return self.steps if self.component else ({}, *self.steps)


class Seeded:
    """Choices that follow from a seed; only `random()` is the same in every version of Python."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311  test cases, no secrets

    def number(self, least: int, most: int) -> int:
        return least + int(self._random.random() * (most - least + 1))

    def one(self, options: Sequence[T]) -> T:
        return options[self.number(0, len(options) - 1)]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        left = list(options)
        return [left.pop(self.number(0, len(left) - 1)) for _ in range(min(count, len(left)))]


class Skeleton:
    """The documented request of a service call, cut into slots, each of which may be filled otherwise."""

    def __init__(self, template: Template) -> None:
        call, root = template.call, read(template.sample).root
        assert root is not None
        self.call = call
        self.slots = {"declaration": "", "before": ""}
        self.leaves: list[str] = []
        self.names = {str(n): str(element.tag) for n, element in enumerate(root.iter())}
        self._numbers = {element: str(n) for n, element in enumerate(root.iter())}
        self._cut(root)
        self.action = next(n for n in self.leaves if self.names[n] == call.action_element)
        self.gaps = [slot for slot in self.slots if slot.startswith(("in", "after")) and slot != "after0"]

    def _cut(self, element: etree._Element) -> None:
        n, name = self._numbers[element], str(element.tag)
        self.slots |= {f"start{n}": f"<{name}", f"open{n}": "", f"end-of-start{n}": ">"}
        if len(element):
            self.slots[f"in{n}"] = ""
            for child in element:
                self._cut(child)
        else:
            self.leaves.append(n)
            self.slots[f"text{n}"] = element.text or ""
        self.slots |= {f"end{n}": f"</{name}", f"close{n}": "", f"end-of-end{n}": ">", f"after{n}": ""}

    def element(self, n: str) -> str:
        """An element as the skeleton has it."""
        keys = list(self.slots)
        inside = keys[keys.index(f"start{n}") : keys.index(f"after{n}")]
        return "".join(self.slots[key] for key in inside)

    @staticmethod
    def component(element: str, aspect: str) -> str:
        """What a change breaks of the request schema: the element and the aspect of `contract.components.Component`."""
        return f"{element}-{aspect}"


# Noise: what an XML processor does not see (XML 1.0 sections 2.4 to 2.8, 3.1 and 4.1)

_SPACES = (" ", "\n", "\t", "\r\n", "\n  ", " \t ")
# fmt: off
_COMMENTS = ("", " ", "in", " é ", "<b>", " & ", "a - b", "<action>no_such_call</action>", "?>", "'\"", "&amp;")
# fmt: on


def noise(request: Skeleton, seeded: Seeded) -> Iterator[Change]:
    """Every kind of noise, each in every slot where it may stand."""
    quote = seeded.one("'\"")
    encoding = seeded.one(("", f" encoding={quote}UTF-8{quote}", f" encoding={quote}utf-8{quote}"))
    standalone = seeded.one(("", f" standalone={quote}yes{quote}", f" standalone={quote}no{quote}"))
    full = f"<?xml version={quote}1.0{quote}{encoding}{standalone}{seeded.one(('', ' '))}?>{seeded.one(('', *_SPACES))}"
    yield _ladder("a declaration", "declaration", '<?xml version="1.0"?>', full)
    for slot in ("before", "after0", *request.gaps):
        space, comment = seeded.one(_SPACES), f"<!--{seeded.one(_COMMENTS)}-->"
        yield (
            _ladder("white space", slot, " ", space)
            if slot != "before"
            else _ladder("a comment", slot, "<!---->", f"{comment}{space}")
        )
        yield _ladder("a comment", slot, "<!---->", f"{seeded.one(('', space))}{comment}{seeded.one(('', space))}")
    for n in request.names:
        yield _ladder("white space in a tag", f"open{n}", " ", seeded.one(_SPACES))
        yield _ladder("white space in a tag", f"close{n}", " ", seeded.one(_SPACES))
    for n in request.leaves:
        text = request.slots[f"text{n}"]
        for what, spelled in _TEXTS.items():
            at, to = sorted((seeded.number(0, len(text) - 1), seeded.number(1, len(text))))
            at = min(at, to - 1)
            found = f"{text[:at]}{spelled(text[at:to], seeded)}{text[to:]}"
            yield _ladder(what, f"text{n}", f"{spelled(text[:1], seeded)}{text[1:]}", found)


def _ladder(what: str, slot: str, simple: str, found: str) -> Change:
    return Change(what, tuple({slot: text} for text in dict.fromkeys((simple, found))))


def _references(text: str, seeded: Seeded) -> str:
    forms = ("&#{0};", "&#x{0:x};", "&#x{0:X};", "&#x{0:04x};", "&#{0:05};")
    return "".join(seeded.one(forms).format(ord(c)) for c in text)


_TEXTS: dict[str, Callable[[str, Seeded], str]] = {
    "a CDATA section": lambda text, _: f"<![CDATA[{text}]]>",
    "two CDATA sections": lambda text, _: f"<![CDATA[]]>{text[:1]}<![CDATA[{text[1:]}]]>",
    "character references": _references,
    "a comment in the text": lambda text, seeded: f"{text[:1]}<!--{seeded.one(_COMMENTS)}-->{text[1:]}",
    "a comment and a CDATA section": lambda text, _: f"<!----><![CDATA[{text}]]>",
}
