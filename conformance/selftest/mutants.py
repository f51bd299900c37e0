"""Mutants derived from the schemas: for every annotated component, answers that break exactly that component.

Found by walking the schema, so that the next service call gets its mutants for nothing. Each is a rewrite of a
correct answer's body.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from conformance.contract.components import Component
from conformance.contract.load import documented
from conformance.contract.model import Contract, ServiceCall
from conformance.contract.xsd import Schema, schema

Edit = Callable[[etree._Element], None]
Rewrite = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One derived mutant. breaks: what must accuse it; also: what may; target: the success or the error answer."""

    id: str
    title: str
    breaks: tuple[str, ...]
    also: tuple[str, ...]
    rewrite: Rewrite | None = None
    rewrite_errors: Rewrite | None = None


def derived(contract: Contract | None = None) -> Iterator[Mutant]:
    """The mutants of every service call's response schema, and of the error schema."""
    contract = contract or documented()
    for call in contract.calls.values():
        for name, title, component, edit in _edits(schema(call.response_schema), _sample_texts(call)):
            accusing, shadows = (component.requirement,), _shadows(component, call)
            yield Mutant(f"{call.name}.{name}", title, accusing, shadows, rewrite=_rewriting(edit))
    errors = tuple(contract.errors)
    for name, title, component, edit in _edits(schema(contract.call.error_schema), {}):
        breaks: tuple[str, ...] = (component.requirement,)
        if component.requirement.startswith("ERR-NNN-"):
            breaks = tuple(component.requirement.replace("NNN", code) for code in errors)
        also = (
            *(f"ERR-{code}-{part}" for code in errors for part in ("code", "message", "envelope", "stable")),
            "TLS-02",
            "TIM-05",
            "ERR-ANY",
        )
        yield Mutant(f"error.{name}", title, breaks, also, rewrite_errors=_rewriting(edit))


def _shadows(component: Component, call: ServiceCall) -> tuple[str, ...]:
    """What a broken component takes with it: the pair that it damages, where the damage hides what it says."""
    pairs = tuple(pair.requirement for pair in call.pairs)
    return (*pairs, "TIM-02") if component.aspect == "text" else pairs


def _rewriting(edit: Edit) -> Rewrite:
    def rewrite(body: bytes) -> bytes:
        root = etree.fromstring(body)
        edit(root)
        return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")

    return rewrite


Found = tuple[str, str, Component, Edit]


def _edits(of: Schema, samples: dict[str, str]) -> Iterator[Found]:
    """Every way to break one component, with the component."""
    anything = next(c for c in of.components if c.aspect == "anything")
    yield from _root(of, of.component(of.root, "name"))
    for declared in of.declarations.values():
        content = of.component(declared.name, "content")
        for name, least, most in declared.children:
            yield from _child(
                declared.name,
                name,
                content,
                optional=least == 0,
                repeats=most is None,
                alone=len(declared.children) == 1,
            )
        if len(declared.children) > 1 and declared.children[0][1]:
            yield (
                f"{declared.name}.children_reversed",
                f"The children of {declared.name} come in reverse.",
                content,
                _reversed(declared.name),
            )
        yield from _surplus(declared.name, anything, leaf=not declared.children)
    for component in of.components:
        if component.aspect == "text":
            yield from _texts(of, component, _plausible(of, component.element, samples))
        if component.aspect == "unique":
            yield (
                f"{component.element}.item_doubled",
                f"An item of {component.element} is there twice.",
                component,
                _item_doubled(component.element),
            )


def _root(of: Schema, component: Component) -> Iterator[Found]:
    def tagged(tag: str) -> Edit:
        return lambda root: setattr(root, "tag", tag)

    yield "root_renamed", "The root has another name.", component, tagged("Response")
    for name in sorted({of.root.upper(), of.root.lower()} - {of.root}):
        yield f"root_spelled_{name}", f"The root is spelled {name}.", component, tagged(name)
    yield (
        "root_in_a_namespace",
        "The root is in a namespace.",
        component,
        tagged(f"{{urn:example:connect}}{of.root}"),
    )


def _first(root: etree._Element, name: str) -> etree._Element:
    return next(root.iter(name))


def _child(
    parent: str, name: str, content: Component, *, optional: bool, repeats: bool, alone: bool
) -> Iterator[Found]:
    here = f"{parent}.{name}"
    if not optional:
        yield f"{here}.missing", f"{parent} has no {name}.", content, _each(parent, name, _drop)
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


def _each(parent: str, name: str, change: Callable[[etree._Element], object], *, once: bool = False) -> Edit:
    def edit(root: etree._Element) -> None:
        for place in list(root.iter(parent)):
            for element in place.findall(name)[: 1 if once else None]:
                change(element)

    return edit


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _reversed(parent: str) -> Edit:
    def edit(root: etree._Element) -> None:
        place = _first(root, parent)
        place[:] = list(reversed(place))

    return edit


def _surplus(name: str, anything: Component, *, leaf: bool) -> Iterator[Found]:
    def attribute(root: etree._Element) -> None:
        _first(root, name).set("version", "1")

    def text(root: etree._Element) -> None:
        place = _first(root, name)
        place[-1].tail = (place[-1].tail or "") + "ok"

    def element(root: etree._Element) -> None:
        etree.SubElement(_first(root, name), "surplus").text = "1"

    yield f"{name}.attribute_added", f"{name} has an attribute.", anything, attribute
    yield f"{name}.element_added", f"{name} holds an undocumented element.", anything, element
    if not leaf:
        yield f"{name}.text_added", f"There is text beside the children of {name}.", anything, text


def _texts(of: Schema, component: Component, sample: str) -> Iterator[Found]:
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
        if text != sample and not of.text_is_valid(component.element, text):
            yield (
                f"{component.element}.{key}",
                f"{component.element} is {text!r}.",
                component,
                _texted(of, component.element, text),
            )


def _texted(of: Schema, name: str, text: str) -> Edit:
    def edit(root: etree._Element) -> None:
        for element in root.iter(name):
            element.text = text
            if name not in of.declarations[of.root].order:
                break  # of a list, one item is enough

    return edit


def _sample_texts(call: ServiceCall) -> dict[str, str]:
    """The first text of every element in the service call's own example."""
    texts: dict[str, str] = {}
    for element in etree.parse(call.response_sample).getroot().iter(etree.Element):
        texts.setdefault(str(element.tag), element.text or "")
    return texts


def _plausible(of: Schema, name: str, samples: dict[str, str]) -> str:
    """A text that the schema accepts for an element: one with every boundary to break, else the example's."""
    general = ("1316512313", "0", "HTTP GET", "004", "Success", "Error", "Unknown error")
    found = (text for text in (*general, samples.get(name)) if text and of.text_is_valid(name, text))
    return next(found, None) or of.allowed(name).split(" or ")[0]


def _item_doubled(container: str) -> Edit:
    def edit(root: etree._Element) -> None:
        place = _first(root, container)
        place.append(copy.deepcopy(place[-1]))

    return edit
