"""What a generated request is made of: the documented one cut into slots, and everything that may fill one otherwise.

Noise is what an XML processor does not see; a break is one rule of XML or of the request schema broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeVar

from conformance.contract.document import read
from conformance.probes.purpose import Kind

if TYPE_CHECKING:
    from lxml import etree

    from conformance.probes.template import Template

T = TypeVar("T")
Slots = Mapping[str, str]
_EDITS = 2  # of one action value, at most


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


class Dice:
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


class Request:
    """The documented request of a service call, cut into slots."""

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
_COMMENTS = (
    "",
    " ",
    "in",
    " é ",
    "<b>",
    " & ",
    "a - b",
    "<action>no_such_call</action>",
    "?>",
    "'\"",
    "&amp;",
)


def noise(request: Request, dice: Dice) -> Iterator[Change]:
    """Every kind of noise, each in every slot where it may stand."""
    quote = dice.one("'\"")
    encoding = dice.one(("", f" encoding={quote}UTF-8{quote}", f" encoding={quote}utf-8{quote}"))
    standalone = dice.one(("", f" standalone={quote}yes{quote}", f" standalone={quote}no{quote}"))
    full = f"<?xml version={quote}1.0{quote}{encoding}{standalone}{dice.one(('', ' '))}?>{dice.one(('', *_SPACES))}"
    yield _ladder("a declaration", "declaration", '<?xml version="1.0"?>', full)
    for slot in ("before", "after0", *request.gaps):
        space, comment = dice.one(_SPACES), f"<!--{dice.one(_COMMENTS)}-->"
        yield (
            _ladder("white space", slot, " ", space)
            if slot != "before"
            else _ladder("a comment", slot, "<!---->", f"{comment}{space}")
        )
        yield _ladder(
            "a comment", slot, "<!---->", f"{dice.one(('', space))}{comment}{dice.one(('', space))}"
        )
    for n in request.names:
        yield _ladder("white space in a tag", f"open{n}", " ", dice.one(_SPACES))
        yield _ladder("white space in a tag", f"close{n}", " ", dice.one(_SPACES))
    for n in request.leaves:
        text = request.slots[f"text{n}"]
        for what, spelled in _TEXTS.items():
            at, to = sorted((dice.number(0, len(text) - 1), dice.number(1, len(text))))
            at = min(at, to - 1)
            found = f"{text[:at]}{spelled(text[at:to], dice)}{text[to:]}"
            yield _ladder(what, f"text{n}", f"{spelled(text[:1], dice)}{text[1:]}", found)


def _ladder(what: str, slot: str, simple: str, found: str) -> Change:
    return Change(what, tuple({slot: text} for text in dict.fromkeys((simple, found))))


def _references(text: str, dice: Dice) -> str:
    forms = ("&#{0};", "&#x{0:x};", "&#x{0:X};", "&#x{0:04x};", "&#{0:05};")
    return "".join(dice.one(forms).format(ord(c)) for c in text)


_TEXTS: dict[str, Callable[[str, Dice], str]] = {
    "a CDATA section": lambda text, _: f"<![CDATA[{text}]]>",
    "two CDATA sections": lambda text, _: f"<![CDATA[]]>{text[:1]}<![CDATA[{text[1:]}]]>",
    "character references": _references,
    "a comment in the text": lambda text, dice: f"{text[:1]}<!--{dice.one(_COMMENTS)}-->{text[1:]}",
    "a comment and a CDATA section": lambda text, _: f"<!----><![CDATA[{text}]]>",
}


# Breaks


_SUFFIXES = ("_v2", "2", "_all", ".xml", ".json", "?", "#x", "=1", "()", "_", "*", "/list")
_PREFIXES = ("api.", "/", "_", "v2_", "connect/", "*", "do_", "0")


def other_value(request: Request, dice: Dice) -> tuple[list[Change], str]:
    """REQ-03: a value near the real one. Letters are ASCII: what a server makes of others is doubtful."""
    value = request.call.name
    whats: list[str] = []
    for _ in range(dice.number(1, _EDITS)):
        at = dice.number(0, len(value) - 1)
        edits = {
            "a letter missing": value[:at] + value[at + 1 :],
            "a letter doubled": value[:at] + value[at] + value[at:],
            "letters swapped": value[:at] + value[at : at + 2][::-1] + value[at + 2 :],
            "another letter": value[:at] + dice.one("aeiouxyz_-.019") + value[at + 1 :],
            "a letter in another case": value[:at] + value[at].swapcase() + value[at + 1 :],
            "a suffix": value + dice.one(_SUFFIXES),
            "a prefix": dice.one(_PREFIXES) + value,
            "cut short": value[: max(at, 1)],
            "a word left out": "_".join(dice.some(value.split("_"), 2)),
        }  # fmt: skip
        what = dice.one(list(edits))
        value, whats = edits[what], [*whats, what]
    slot = f"text{request.action}"
    component = request.component(request.call.action_element, "text")
    return [Change(f"the action {value!r} ({' and '.join(whats)})", ({slot: value},), component)], value


# XML 1.0 production [2]: every control but tab and line ends, and the two that are no characters.
_FORBIDDEN = (*(chr(n) for n in range(0x20) if chr(n) not in "\t\n\r"), "\ufffe", "\uffff")


def _malformed(request: Request, dice: Dice) -> Iterator[Change]:
    """REQ-04: one rule of well-formedness (XML 1.0 section 2.1) broken."""

    def broken(what: str, **steps: str) -> Change:
        return Change(
            what, ({slot.replace("_", "-"): text for slot, text in steps.items()},), "well-formedness"
        )

    n, gap = dice.one(list(request.names)), dice.one(request.gaps)
    name = request.names[n]
    for end in (f"{name}s", name[:-1], name.swapcase(), f"x:{name}", ""):
        yield broken("an end tag of another name", **{f"end{n}": f"</{end}"})
    yield broken("no end tag", **{f"end{n}": "", f"end_of_end{n}": ""})
    yield broken("an end tag that does not end", **{f"end_of_end{n}": ""})
    yield broken("a start tag that does not end", **{f"end_of_start{n}": ""})
    for attribute in (
        " a",
        " a=1",
        " a='1' a='1'",
        " a='<'",
        " a='1'b='2'",
        " a='&x;'",
        " a='1",
        " 1='1'",
        " ='1'",
    ):
        yield broken(f"the attribute{attribute}", **{f"open{n}": attribute})
    for text in (
        *(
            "&",
            "&;",
            "&x;",
            "&#;",
            "&#x;",
            "&#0;",
            "&#31;",
            "&#xFFFE;",
            "&#xD800;",
            "&#x110000;",
            "& amp;",
            "&lt",
        ),
        *("<", "<>", "</>", "<1/>", "<!-->", "<!-- -- -->", "<!---", "<![CDATA[", "<![cdata[]]>", "<!x>"),
        *("&LT;", "&#X41;", "&#-1;", "&#x D;", "&\u0661;", "&#", "&"),
        *("]]>", "<?xml version='1.0'?>", "<?XmL a?>", "<??>", "<? x?>", "<?x", "<!--->"),
        *(
            "<!DOCTYPE x>",
            "<![INCLUDE[]]>",
            "<!ENTITY x 'y'>",
            "<-x/>",
            "<.x/>",
            "<x></ x>",
            "<x/ >",
            "< x/>",
        ),
        *_FORBIDDEN,
    ):
        yield broken(f"{text!r} between the elements", **{gap: text})
    for slot, where in (("after0", "after"), ("before", "before")):
        for text in (
            *("x", "&#32;", "<![CDATA[]]>", "&amp;", "<x>", "</x>", "<x/>", "\0", "\ufeff\ufeff", "\u00a0"),
            *("]]>", "-->", "?>", ">", "<!doctype x>", "<!DOCTYPE>", "<!ELEMENT x ANY>", "<![CDATA[", "<?x"),
        ):
            if (slot, text) not in {
                ("before", "<x>"),
                ("after0", "\0"),
            }:  # the latter ends what libxml2 reads
                yield broken(f"{text} {where} the document", **{slot: text})
    for declaration in (
        *("<?xml?>", "<?xml encoding='UTF-8'?>", "<?xml version=1.0?>", "<?xml version='1.0'>", "<?xml version='1.0'"),
        *("<?xml version='1.0' standalone='maybe'?>", "<?xml version='1.0' encoding=''?>", "<?XML version='1.0'?>"),
        *("<?xml version='1.0' version='1.0'?>", "<?xml version='1.0' a='1'?>", "<?xml version='1.0'?>" * 2),
    ):  # fmt: skip
        yield broken(f"the declaration {declaration}", declaration=declaration)


def _structural(request: Request, dice: Dice) -> Iterator[Change]:
    """REQ-06: one rule of the request schema broken. The letter case of names is not judged here (I-02)."""
    anything = request.component("document", "anything")
    n, leaf, gap = dice.one(list(request.names)), dice.one(request.leaves), dice.one(request.gaps)
    name, whole = request.names[n], request.element(leaf)
    root, parent = request.names["0"], request.component(request.names["0"], "content")

    for key, what, of in (("0", "root", request.component(root, "name")), (leaf, "element", parent)):
        tag = request.names[key]
        other = dice.one((f"{tag}s", f"{tag}_", f"x{tag}", tag[:-1], f"{tag}2", tag[::-1]))
        yield Change(
            f"the {what} {other} for {tag}", ({f"start{key}": f"<{other}", f"end{key}": f"</{other}"},), of
        )
    space = dice.one(("urn:example:x", "http://example.com/", root))
    yield Change(
        "the root in a namespace", ({"open0": f' xmlns="{space}"'},), request.component(root, "name")
    )
    prefixed = {"start0": f"<p:{root}", "open0": ' xmlns:p="urn:x"', "end0": f"</p:{root}"}
    yield Change("the root in a namespace, by a prefix", (prefixed,), request.component(root, "name"))
    yield Change(f"a second {request.names[leaf]}", ({f"after{leaf}": whole},), parent)
    yield Change(f"a third {request.names[leaf]}", ({f"after{leaf}": whole * 2},), parent)

    attribute = dice.one(
        ("version", "id", "type", "name", "lang", "class", request.call.action_element, "a.b-c")
    )
    quote = dice.one("'\"")
    found = f" {attribute}={quote}{dice.one(('', ' '))}{dice.one(_WORDS)}{quote}"
    yield Change(f"an attribute of {name}", ({f"open{n}": " a='1'"}, {f"open{n}": found}), anything)
    tag = dice.one(("surplus", "param", "parameters", "user", "x-y", "_", "action2", "Value"))
    element = dice.one(
        (f"<{tag}/>", f"<{tag}></{tag}>", f"<{tag}>{dice.one(_WORDS)}</{tag}>", f"<{tag}><{tag}/></{tag}>")
    )
    yield Change(f"an element {tag} beside {request.names[leaf]}", ({gap: "<x/>"}, {gap: element}), anything)
    text = request.slots[f"text{leaf}"]
    inside = dice.one((text + element, element + text))
    steps = tuple({f"text{leaf}": t} for t in dict.fromkeys((f"{text}<x/>", inside)))
    yield Change(f"an element {tag} in {request.names[leaf]}", steps, anything)
    word = dice.one(_WORDS)
    stray = dice.one((word, f"<![CDATA[{word}]]>", f" {word} ", f"&#{ord(word[0])};", f"\n{word}\n"))
    yield Change(f"the text {word} between the elements", ({gap: "x"}, {gap: stray}), anything)


_WORDS = ("1", "x", "now", "true", "0", "get_list_country", "x y", "é")
BREAKS: dict[Kind, Callable[[Request, Dice], Iterator[Change]]] = {
    Kind.MALFORMED: _malformed,
    Kind.SCHEMA: _structural,
}
