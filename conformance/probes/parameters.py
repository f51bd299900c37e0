"""What is asked about parameters: values that are wrong in one way, and right ones said otherwise.

The id of such a probe names the parameter and what was done to it: `parameter-terms_format-above`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.sax.saxutils import escape

from conformance.contract.purpose import Kind
from conformance.contract.rows import PAGE, Parameter
from conformance.probes.fixed import carrier
from conformance.probes.probe import FIRST, Probe
from conformance.probes.template import Given, Template
from conformance.target.target import Target

# Right and wrong values of each form; a right one stands for a parameter without an example.
RIGHT = {
    "text": "some text",
    "digits": "123",
    "id": "1",
    "hex": "0123456789abcdef",
    "letters-digits": "abc123",
    "ip": "192.0.2.1",
    "ip-list": "192.0.2.1",
    "e-mail": "person@example.com",
    "url": "https://example.com/",
}
WRONG = {
    "digits": {"signed": "+123", "letters": "abc"},
    "id": {"letters": "one", "padded-with-zero": "01"},
    "hex": {"no-digits": "no-such-id"},
    "letters-digits": {"punctuated": "abc 12-3"},
    "ip": {"out-of-range": "999.0.2.1"},
    "ip-list": {"out-of-range": "999.0.2.1"},
    "e-mail": {"without-at": "nobody"},
    "url": {"without-scheme": "nowhere at all"},
}
Wrongs = Iterator[tuple[Kind, str, str | None]]  # what it shows, what was done, the value; None: it is left out


def about(template: Template, base: Probe, target: Target) -> Iterator[Probe]:
    """Every probe about the parameters of a call, and about the order and the spelling of what it is asked with."""
    if target.token and template.call.row.edition != PAGE:
        title = "the documented request with a token that nobody was given"
        purpose = base.sent_for(Kind.WRONG_TOKEN)
        yield replace(base, id="wrong-token", purpose=purpose, title=title, control=FIRST)
    for parameter in template.call.parameters:
        if not parameter.secret:
            yield from _wrong(template, base, parameter)
    yield from _allowed(template, base)
    yield from _defaults(template, base)
    yield from _groups(template, base)
    yield from _values(template, base)
    yield from _spelled(template, base)


def _saying(template: Template, base: Probe, kind: Kind, name: str, given: Given, *, title: str) -> Probe:
    """The documented request with other parameters."""
    key = "parameter" if kind in _WRONG_KINDS else str(kind)
    return replace(
        base,
        id=f"{key}-{name}",
        purpose=base.sent_for(kind),
        title=title,
        document=template.saying(given),
        parameters=given,
        control=FIRST,
    )


_WRONG_KINDS = frozenset({Kind.PARAMETER_LISTED, Kind.PARAMETER_MISSING, Kind.PARAMETER_FORM})


def _wrong(template: Template, base: Probe, parameter: Parameter) -> Iterator[Probe]:
    others = _others(template, parameter)
    for kind, how, value in wrongs(parameter):
        if value is None:
            given, said = others, f"the request without {parameter.name}"
        else:
            given, said = (*others, (parameter.name, value)), f"the request with {parameter.name} {value!r}"
            if len(value) > 2 * len(said):
                said = f"the request with a {parameter.name} of {len(value)} characters"
        yield _saying(template, base, kind, f"{parameter.name}-{how}", given, title=said)


def _others(template: Template, parameter: Parameter) -> Given:
    """What is said of the other parameters; of a group, nothing else decides beside this one."""
    rivals = {p.name for p in template.call.parameters if parameter.group and p.group == parameter.group}
    return tuple(pair for pair in template.given if pair[0] not in {parameter.name, *rivals})


def wrongs(parameter: Parameter) -> Wrongs:
    """Every way in which a parameter can be wrong."""
    right = parameter.example or RIGHT[parameter.form]
    if parameter.required:
        yield Kind.PARAMETER_MISSING, "missing", None
    if parameter.required or (not parameter.group and (parameter.values or parameter.form != "text")):
        yield Kind.PARAMETER_MISSING if parameter.required else Kind.PARAMETER_FORM, "empty", ""
    if parameter.values:
        yield from _beside_the_list(parameter.values)
        right = parameter.values[0]
    for how, value in WRONG.get(parameter.form, {}).items():
        yield Kind.PARAMETER_FORM, how, value
    if parameter.max_length:
        longer = (right * parameter.max_length)[: parameter.max_length + 1]
        yield Kind.PARAMETER_FORM, "too-long", longer
    if parameter.min_length > 1:
        yield Kind.PARAMETER_FORM, "too-short", right[: parameter.min_length - 1]


def _beside_the_list(values: tuple[str, ...]) -> Wrongs:
    first = values[0]
    yield Kind.PARAMETER_LISTED, "no-such", f"{first}_no_such"
    numbers = [int(value) for value in values if value.isascii() and value.isdigit()]
    if len(numbers) == len(values):
        yield Kind.PARAMETER_LISTED, "above", str(max(numbers) + 1)
        yield Kind.PARAMETER_LISTED, "below", str(min(numbers) - 1)
    yield Kind.PARAMETER_FORM, "padded-with-space", f" {first}"
    if first.swapcase() not in values:
        yield Kind.PARAMETER_FORM, "in-another-case", first.swapcase()


def others_allowed(template: Template, parameter: Parameter) -> Iterator[str]:
    """The listed values of a parameter that are neither said nor its default, and that no refusal is about."""
    about = {row.says.get(parameter.name) for row in template.call.row.refusal}
    said = {*about, parameter.default, parameter.harmless, dict(template.given).get(parameter.name)}
    return (value for value in parameter.values if value not in said)


def _allowed(template: Template, base: Probe) -> Iterator[Probe]:
    """Each listed value that no other request says."""
    for parameter in template.call.parameters:
        for value in () if parameter.secret else others_allowed(template, parameter):
            given = (*_others(template, parameter), (parameter.name, value))
            name, title = (f"{parameter.name}-{value}", f"the request with the listed {parameter.name} {value!r}")
            yield _saying(template, base, Kind.ALLOWED, name, given, title=title)


def _defaults(template: Template, base: Probe) -> Iterator[Probe]:
    """Each default written out, where the documented request leaves it out; one of a group beside another of it."""
    given = dict(template.given)
    for parameter in template.call.parameters:
        if not parameter.default or (parameter.name in given and not parameter.group):
            continue
        beside = [p for p in template.call.parameters if p.group == parameter.group and p is not parameter]
        title, name = f"the request that says the default of {parameter.name}", parameter.name
        said: Given = (*_others(template, parameter), (parameter.name, parameter.default))
        if parameter.group:
            other = beside[0]
            said = (*said, (other.name, given.get(other.name) or other.example or RIGHT[other.form]))
            title, name = f"{title} beside {other.name}", f"{parameter.name}-beside"
        yield _saying(template, base, Kind.DEFAULT, name, said, title=title)


def _groups(template: Template, base: Probe) -> Iterator[Probe]:
    """Of each group none, each alone, and the first beside another."""
    groups = dict.fromkeys(p.group for p in template.call.parameters if p.group)
    given = dict(template.given)
    for group in groups:
        members = [p for p in template.call.parameters if p.group == group]
        names = " and ".join(p.name for p in members)
        others = _others(template, members[0])
        title = f"the request without {names}"
        yield _saying(template, base, Kind.GROUP, f"{group}-none", others, title=title)
        pairs = [(p.name, given.get(p.name) or p.example or RIGHT[p.form]) for p in members]
        for name, value in pairs:
            if (*others, (name, value)) != template.given:
                title = f"the request with {name} alone"
                yield _saying(template, base, Kind.GROUP, f"{group}-{name}", (*others, (name, value)), title=title)
        if (*others, pairs[0]) == template.given:  # the documented request is what both are held against
            title = f"the request with {names}"
            yield _saying(template, base, Kind.BESIDE, group, (*others, *pairs), title=title)


def _values(template: Template, base: Probe) -> Iterator[Probe]:
    """Of each parameter whose values another call lists, one that it lists and one that it does not.

    Which ones is known only when that call was answered.
    """
    for parameter in template.call.parameters:
        if not parameter.origin:
            continue
        others = _others(template, parameter)
        for listed in (True, False):
            how = "listed" if listed else "unlisted"
            call = parameter.origin.partition(".")[0]
            said = f"that {call} {'lists' if listed else 'does not list'}"
            title = f"the request with a {parameter.name} {said}"
            given = (*others, (parameter.name, HOLE))
            probe = _saying(template, base, Kind.VALUE, f"{parameter.name}-{how}", given, title=title)
            said = dict(template.given).get(parameter.name, "")
            yield replace(probe, origin=parameter.origin, other_than=said)


HOLE = "VALUE-OF-ANOTHER-CALL"  # stands for a value that another call will list


def with_value(probe: Probe, value: str, hole: str = HOLE) -> Probe:
    """A probe with the value for its hole."""
    parameters = tuple((name, value if text == hole else text) for name, text in probe.parameters)
    document = probe.document.replace(hole.encode(), escape(value).encode())
    return replace(probe, parameters=parameters, document=document)


def _spelled(template: Template, base: Probe) -> Iterator[Probe]:
    """The children in another order, and the action as the document's tables spell it."""
    carried = carrier(base)
    if template.given:
        yield replace(
            carried,
            id="order-reversed",
            purpose=base.sent_for(Kind.ORDER),
            title="the request with its children in reverse",
            document=template.reversed(),
        )
    for leaf in template.call.row.also_spelled:
        yield replace(
            carried,
            id=f"spelled-action-{leaf}",
            purpose=base.sent_for(Kind.SPELLED_ACTION),
            title=f"the request with its action in {leaf}",
            document=template.spelled(leaf),
        )
