"""Everything that may be wrong with a generated request: one rule of XML or of the request schema, or its action."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.contract.purpose import Kind
from conformance.probes.edits import Change, Seeded, Skeleton

_EDITS = 2  # of one action value, at most
_SUFFIXES = ("_v2", "2", "_all", ".xml", ".json", "?", "#x", "=1", "()", "_", "*", "/list")
_PREFIXES = ("api.", "/", "_", "v2_", "connect/", "*", "do_", "0")


def other_value(request: Skeleton, seeded: Seeded) -> tuple[list[Change], str]:
    """REQ-03: a value near the real one. Letters are ASCII: what a server makes of others is doubtful."""
    value = request.call.name
    whats: list[str] = []
    for _ in range(seeded.number(1, _EDITS)):
        at = seeded.number(0, len(value) - 1)
        edits = {
            "a letter missing": value[:at] + value[at + 1 :],
            "a letter doubled": value[:at] + value[at] + value[at:],
            "letters swapped": value[:at] + value[at : at + 2][::-1] + value[at + 2 :],
            "another letter": value[:at] + seeded.one("aeiouxyz_-.019") + value[at + 1 :],
            "a letter in another case": value[:at] + value[at].swapcase() + value[at + 1 :],
            "a suffix": value + seeded.one(_SUFFIXES),
            "a prefix": seeded.one(_PREFIXES) + value,
            "cut short": value[: max(at, 1)],
            "a word left out": "_".join(seeded.some(value.split("_"), 2)),
        }  # fmt: skip
        what = seeded.one(list(edits))
        value, whats = edits[what], [*whats, what]
    slot = f"text{request.action}"
    component = request.component(request.call.action_element, "text")
    return [Change(f"the action {value!r} ({' and '.join(whats)})", ({slot: value},), component)], value


# XML 1.0 production [2]: every control but tab and line ends, and the two that are no characters.
_FORBIDDEN = (*(chr(n) for n in range(0x20) if chr(n) not in "\t\n\r"), "\ufffe", "\uffff")

# fmt: off
_ATTRIBUTES = (" a", " a=1", " a='1' a='1'", " a='<'", " a='1'b='2'", " a='&x;'", " a='1", " 1='1'", " ='1'")
_BETWEEN = (
    "&", "&;", "&x;", "&#;", "&#x;", "&#0;", "&#31;", "&#xFFFE;", "&#xD800;", "&#x110000;", "& amp;", "&lt",
    "<", "<>", "</>", "<1/>", "<!-->", "<!-- -- -->", "<!---", "<![CDATA[", "<![cdata[]]>", "<!x>",
    "&LT;", "&#X41;", "&#-1;", "&#x D;", "&\u0661;", "&#", "&",
    "]]>", "<?xml version='1.0'?>", "<?XmL a?>", "<??>", "<? x?>", "<?x", "<!--->",
    "<!DOCTYPE x>", "<![INCLUDE[]]>", "<!ENTITY x 'y'>", "<-x/>", "<.x/>", "<x></ x>", "<x/ >", "< x/>",
)
_OUTSIDE = (
    "x", "&#32;", "<![CDATA[]]>", "&amp;", "<x>", "</x>", "<x/>", "\0", "\ufeff\ufeff", "\u00a0",
    "]]>", "-->", "?>", ">", "<!doctype x>", "<!DOCTYPE>", "<!ELEMENT x ANY>", "<![CDATA[", "<?x",
)
_HARMLESS = {("before", "<x>"), ("after0", "\0")}  # the latter ends what libxml2 reads
_DECLARATIONS = (
    "<?xml?>", "<?xml encoding='UTF-8'?>", "<?xml version=1.0?>", "<?xml version='1.0'>", "<?xml version='1.0'",
    "<?xml version='1.0' standalone='maybe'?>", "<?xml version='1.0' encoding=''?>", "<?XML version='1.0'?>",
    "<?xml version='1.0' version='1.0'?>", "<?xml version='1.0' a='1'?>", "<?xml version='1.0'?>" * 2,
)
# fmt: on


def _malformed(request: Skeleton, seeded: Seeded) -> Iterator[Change]:
    """REQ-04: one rule of well-formedness (XML 1.0 section 2.1) broken."""

    def broken(what: str, **steps: str) -> Change:
        return Change(what, ({slot.replace("_", "-"): text for slot, text in steps.items()},), "well-formedness")

    n, gap = seeded.one(list(request.names)), seeded.one(request.gaps)
    name = request.names[n]
    for end in (f"{name}s", name[:-1], name.swapcase(), f"x:{name}", ""):
        yield broken("an end tag of another name", **{f"end{n}": f"</{end}"})
    yield broken("no end tag", **{f"end{n}": "", f"end_of_end{n}": ""})
    yield broken("an end tag that does not end", **{f"end_of_end{n}": ""})
    yield broken("a start tag that does not end", **{f"end_of_start{n}": ""})
    for attribute in _ATTRIBUTES:
        yield broken(f"the attribute{attribute}", **{f"open{n}": attribute})
    for text in (*_BETWEEN, *_FORBIDDEN):
        yield broken(f"{text!r} between the elements", **{gap: text})
    for slot, where in (("after0", "after"), ("before", "before")):
        for text in _OUTSIDE:
            if (slot, text) not in _HARMLESS:
                yield broken(f"{text} {where} the document", **{slot: text})
    for declaration in _DECLARATIONS:
        yield broken(f"the declaration {declaration}", declaration=declaration)


def _structural(request: Skeleton, seeded: Seeded) -> Iterator[Change]:
    """REQ-06: one rule of the request schema broken. The letter case of names is not judged here (I-02)."""
    anything = request.component("document", "anything")
    n, leaf, gap = seeded.one(list(request.names)), seeded.one(request.leaves), seeded.one(request.gaps)
    name, whole = request.names[n], request.element(leaf)
    root, parent = request.names["0"], request.component(request.names["0"], "content")

    for key, what, of in (("0", "root", request.component(root, "name")), (leaf, "element", parent)):
        tag = request.names[key]
        other = seeded.one((f"{tag}s", f"{tag}_", f"x{tag}", tag[:-1], f"{tag}2", tag[::-1]))
        yield Change(f"the {what} {other} for {tag}", ({f"start{key}": f"<{other}", f"end{key}": f"</{other}"},), of)
    space = seeded.one(("urn:example:x", "http://example.com/", root))
    yield Change("the root in a namespace", ({"open0": f' xmlns="{space}"'},), request.component(root, "name"))
    prefixed = {"start0": f"<p:{root}", "open0": ' xmlns:p="urn:x"', "end0": f"</p:{root}"}
    yield Change("the root in a namespace, by a prefix", (prefixed,), request.component(root, "name"))
    yield Change(f"a second {request.names[leaf]}", ({f"after{leaf}": whole},), parent)
    yield Change(f"a third {request.names[leaf]}", ({f"after{leaf}": whole * 2},), parent)

    attribute = seeded.one(("version", "id", "type", "name", "lang", "class", request.call.action_element, "a.b-c"))
    quote = seeded.one("'\"")
    found = f" {attribute}={quote}{seeded.one(('', ' '))}{seeded.one(_WORDS)}{quote}"
    yield Change(f"an attribute of {name}", ({f"open{n}": " a='1'"}, {f"open{n}": found}), anything)
    tag = seeded.one(("surplus", "param", "parameters", "user", "x-y", "_", "action2", "Value"))
    element = seeded.one(
        (f"<{tag}/>", f"<{tag}></{tag}>", f"<{tag}>{seeded.one(_WORDS)}</{tag}>", f"<{tag}><{tag}/></{tag}>")
    )
    yield Change(f"an element {tag} beside {request.names[leaf]}", ({gap: "<x/>"}, {gap: element}), anything)
    text = request.slots[f"text{leaf}"]
    inside = seeded.one((text + element, element + text))
    steps = tuple({f"text{leaf}": t} for t in dict.fromkeys((f"{text}<x/>", inside)))
    yield Change(f"an element {tag} in {request.names[leaf]}", steps, anything)
    word = seeded.one(_WORDS)
    stray = seeded.one((word, f"<![CDATA[{word}]]>", f" {word} ", f"&#{ord(word[0])};", f"\n{word}\n"))
    yield Change(f"the text {word} between the elements", ({gap: "x"}, {gap: stray}), anything)


_WORDS = ("1", "x", "now", "true", "0", "get_list_country", "x y", "é")
BREAKS: dict[Kind, Callable[[Skeleton, Seeded], Iterator[Change]]] = {
    Kind.MALFORMED: _malformed,
    Kind.SCHEMA: _structural,
}
