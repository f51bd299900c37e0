"""Mutants derived from the schemas: for every annotated component, answers that break exactly that component.

Found by walking the schema, so that the next service call gets its mutants for nothing. Each is a rewrite of a
correct answer's body.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from conformance.contract.components import Component, Declaration
from conformance.contract.load import documented
from conformance.contract.model import Contract, ServiceCall
from conformance.contract.xsd import Schema, schema

Edit = Callable[[etree._Element], None]
Rewrite = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One derived mutant. call: whose answers are wrong. breaks: what must accuse it; also: what may."""

    id: str
    call: str
    title: str
    breaks: tuple[str, ...]
    also: tuple[str, ...]
    rewrite: Rewrite | None = None
    rewrite_errors: Rewrite | None = None


def derived(contract: Contract | None = None) -> Iterator[Mutant]:
    """The mutants of the response schema of every service call; of the error schema for each that is sent unasked."""
    contract = contract or documented()
    for call in contract.calls.values():
        yield from _wrong_answers(call)
    for call in (call for call in contract.calls.values() if not call.changes):
        further = call is not contract.call
        yield from _wrong_errors(call, of=f"{call.name}." if further else "", once=further)


def _wrong_answers(call: ServiceCall) -> Iterator[Mutant]:
    """Those of the success envelope of a call."""
    for name, title, component, edit in edits(schema(call.response_schema), _sample(call.response_sample)):
        accusing, shadows = (component.requirement,), _shadows(component, call)
        yield Mutant(f"{call.name}.{name}", call.name, title, accusing, shadows, rewrite=_rewriting(edit))


def _wrong_errors(call: ServiceCall, of: str, *, once: bool) -> Iterator[Mutant]:
    """Those of the error envelope that echoes a call; once: of a further call one a component, as all share it."""
    seen: set[Component] = set()
    errors = tuple(call.errors)
    failed = _sample(call.error_schema.parent / "samples" / f"error-{errors[0]}.xml")
    for action in failed.iterfind("Action"):
        action.text = call.name
    for name, title, component, edit in edits(schema(call.error_schema, call.name), failed):
        if once and (component in seen or name.endswith(".empty")):  # without a code all errors are alike
            continue
        seen.add(component)
        breaks: tuple[str, ...] = (component.requirement,)
        if component.requirement.startswith("ERR-NNN-"):
            breaks = tuple(component.requirement.replace("NNN", code) for code in errors)
        also = (
            *(f"ERR-{code}-{part}" for code in errors for part in ("code", "message", "envelope", "stable")),
            "TLS-02",
            "TIM-05",
            "ERR-ANY",
        )
        yield Mutant(f"{of}error.{name}", call.name, title, breaks, also, rewrite_errors=_rewriting(edit))


def _shadows(component: Component, call: ServiceCall) -> tuple[str, ...]:
    """What a broken component takes with it: the pair that it damages, where the damage hides what it says."""
    pairs = tuple(rule.requirement for rule in call.rules("offers"))
    return (*pairs, "TIM-02") if component.aspect == "text" else pairs


def _rewriting(edit: Edit) -> Rewrite:
    def rewrite(body: bytes) -> bytes:
        root = etree.fromstring(body)
        edit(root)
        return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")

    return rewrite


Found = tuple[str, str, Component, Edit]


def _sample(file: Path) -> etree._Element:
    return etree.parse(file).getroot()


def edits(of: Schema, sample: etree._Element) -> Iterator[Found]:
    """Every way to break one component of a schema in an answer that has what the sample has."""
    anything = next(c for c in of.components if c.aspect == "anything")
    yield from _root(of, of.model.name)
    there = [declared for declared in of.declarations.values() if any(True for _ in declared.places(sample))]
    for declared in there:
        content = declared.content
        for name, least, most in declared.children:
            if declared.below[name] not in there:
                continue
            yield from _child(
                declared, name, content, optional=least == 0, repeats=most is None, alone=len(declared.children) == 1
            )
        if len(declared.children) > 1 and declared.children[0][1]:
            yield (
                f"{declared.label}.children_reversed",
                f"The children of {declared.label} come in reverse.",
                content,
                _reversed(declared),
            )
        yield from _surplus(declared, anything)
    for declared in there:
        if declared.leaf and declared.text != anything:
            yield from _texts(declared, _plausible(declared, sample))
        for key in declared.keys:
            yield (
                f"{declared.label}.item_doubled",
                f"An item of {declared.label} is there twice.",
                key.component,
                _item_doubled(declared),
            )


def _root(of: Schema, component: Component) -> Iterator[Found]:
    def tagged(tag: str) -> Edit:
        return lambda root: setattr(root, "tag", tag)

    yield "root_renamed", "The root has another name.", component, tagged("Response")
    for name in sorted({of.root.upper(), of.root.lower()} - {of.root}):
        yield f"root_spelled_{name}", f"The root is spelled {name}.", component, tagged(name)
    yield ("root_in_a_namespace", "The root is in a namespace.", component, tagged(f"{{urn:example:connect}}{of.root}"))


def _child(
    parent: Declaration, name: str, content: Component, *, optional: bool, repeats: bool, alone: bool
) -> Iterator[Found]:
    here = f"{parent.label}.{name}"
    if not optional:
        yield f"{here}.missing", f"{parent.label} has no {name}.", content, _each(parent, name, _drop)
        yield (
            f"{here}.renamed",
            f"{name} is called otherwise.",
            content,
            _each(parent, name, lambda e: setattr(e, "tag", f"{name}_")),
        )
        other = name.lower() if name.lower() != name else name.upper()
        yield (
            f"{here}.in_another_case",
            f"{name} is spelled {other}.",
            content,
            _each(parent, name, lambda e: setattr(e, "tag", other)),
        )
        yield (
            f"{here}.namespaced",
            f"{name} is in a namespace.",
            content,
            _each(parent, name, lambda e: setattr(e, "tag", f"{{urn:example:x}}{name}")),
        )
    if not repeats and not alone:
        yield (
            f"{here}.doubled",
            f"{name} is there twice.",
            content,
            _each(parent, name, lambda e: e.addnext(copy.deepcopy(e)), once=True),
        )


def _each(parent: Declaration, name: str, change: Callable[[etree._Element], object], *, once: bool = False) -> Edit:
    def edit(root: etree._Element) -> None:
        for place in list(parent.places(root)):
            for element in place.findall(name)[: 1 if once else None]:
                change(element)

    return edit


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _reversed(parent: Declaration) -> Edit:
    def edit(root: etree._Element) -> None:
        place = next(parent.places(root))
        place[:] = list(reversed(place))

    return edit


def _surplus(declared: Declaration, anything: Component) -> Iterator[Found]:
    name = declared.label

    def attribute(root: etree._Element) -> None:
        next(declared.places(root)).set("version", "1")

    def text(root: etree._Element) -> None:
        place = next(declared.places(root))
        if len(place):
            place[-1].tail = (place[-1].tail or "") + "ok"
        else:
            place.text = (place.text or "") + "ok"

    def element(root: etree._Element) -> None:
        etree.SubElement(next(declared.places(root)), "surplus").text = "1"

    yield f"{name}.attribute_added", f"{name} has an attribute.", anything, attribute
    yield f"{name}.element_added", f"{name} holds an undocumented element.", anything, element
    if not declared.leaf:
        yield f"{name}.text_added", f"There is text beside the children of {name}.", anything, text


def _texts(declared: Declaration, sample: str) -> Iterator[Found]:
    """Each text facet, violated at its boundary: candidates that the schema itself refuses."""
    candidates = {
        "empty": "",
        "led_by_a_space": f" {sample}",
        "trailed_by_a_line_end": f"{sample}\n",
        "doubled": sample * 2,
        "cut_short": sample[:-1],
        "longer_by_one": f"{sample}{sample[-1]}",
        "in_another_case": sample.swapcase(),
        "signed": f"+{sample}",
        "padded_with_a_zero": f"0{sample}",
        "in_arabic_digits": "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in sample),
        "grouped": f"{sample[:1]}_{sample[1:]}",
        "with_a_fraction": f"{sample}.0",
        "with_a_double_space": sample.replace(" ", "  "),
    }
    for key, text in candidates.items():
        if text != sample and not declared.accepts(text):
            yield (f"{declared.label}.{key}", f"{declared.label} is {text!r}.", declared.text, _texted(declared, text))


def _texted(declared: Declaration, text: str) -> Edit:
    def edit(root: etree._Element) -> None:
        for element in declared.places(root):
            element.text = text
            if len(declared.path) > 2:
                break  # of a list, one item is enough

    return edit


def _plausible(declared: Declaration, sample: etree._Element) -> str:
    """A text that the schema accepts for an element: one with every boundary to break, else the example's."""
    general = ("1316512313", "0", "HTTP GET", "004", "Success", "Error", "Unknown error")
    own = next(declared.places(sample)).text
    found = (text for text in (*general, own) if text and declared.accepts(text))
    return next(found, None) or declared.allowed.split(" or ")[0]


def _item_doubled(container: Declaration) -> Edit:
    def edit(root: etree._Element) -> None:
        place = next(container.places(root))
        place.append(copy.deepcopy(place[-1]))

    return edit
