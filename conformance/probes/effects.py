"""What is sent of a call that changes something: the documented request once, and around it what must be refused.

Each wrong request is sent once, and is wrong in one thing, so that a right endpoint changes nothing for it. Where the
call has a value with which it changes nothing at all, each of them says that, and so does what must be accepted. One
whose login is meant to fail goes between two that succeed, as failures in a row are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from conformance.contract.model import FAILED_LOGINS, ServiceCall
from conformance.contract.purpose import Kind, Wishes, is_wanted
from conformance.contract.rows import Parameter, Refusal
from conformance.probes import fixed, parameters
from conformance.probes.probe import FIRST, Probe
from conformance.probes.template import SPENT, Given, Template
from conformance.target.target import Target

_AGAIN = "documented-2"
Templates = Mapping[str, Template]  # by call, of all that are asked


def in_turn(templates: Templates, target: Target, wishes: Wishes) -> Iterator[Probe]:
    """Everything that is sent of such calls, one after the other."""
    users: set[str] = set()
    for of in templates.values():
        if not of.call.changes:
            continue
        base, user = once(of, target), dict(of.given).get("user", "")
        own = [p for p in _around(of, base, target) if p is base or is_wanted(p.purpose, wishes)]
        own = [p for p in own if p.id == base.id or not p.risky or user in users or base in own[: own.index(p)]]
        if len(own) > 1 or is_wanted(base.purpose, wishes):  # it is the control of the others
            for probe in own:
                yield from _with_what_it_spends(probe, templates, target)
        if base.failed_login:
            users.add(user)


def gaps(templates: Templates) -> Iterator[tuple[str, str]]:
    """Why some of it is not sent: the label of a purpose, with its call, and the reason."""
    for of in templates.values():
        given, once_each = dict(of.given), [p for p in of.call.parameters if p.once]
        if of.call.changes and any(given.get(p.name) != SPENT for p in once_each):
            name = once_each[0].origin.partition(".")[0]
            why = (
                f"{of.name} uses a value of {name} up with each request: leave {once_each[0].name} out of `values`,"
                f" name {name} among the calls, and say there what solves whichever it gives"
            )
            for kind in sorted(of.call.shown - {Kind.DOCUMENTED}):
                yield f"{kind}@{of.name}", why


def once(of: Template, target: Target) -> Probe:
    """The documented request, in a binding in which it may be sent."""
    allowed = of.call.row.bindings
    binding = target.binding if not allowed or target.binding in allowed else allowed[0]
    base = replace(fixed.documented(of, binding), id=f"{FIRST}@{of.name}")
    codes = {code for p in of.call.parameters for code in p.locked}
    if codes:  # what has no such state logs nobody in
        codes |= {code for p in of.call.parameters if p.secret and p.required for code in p.errors}
    title = f"{of.name}: the documented request, the only one"
    return _saying(of, base, of.given, title=title, failed_login=frozenset(codes), fresh=True)


def _around(of: Template, base: Probe, target: Target) -> Iterator[Probe]:
    """The documented request with what goes before and behind it; one that may count as a failure goes next to it."""
    before = [*_wrong(of, base), *_right(of, base)]
    refusals = [(row, probe) for row in of.call.row.refusal for probe in _refused(of, base, row, target)]
    before += [probe for row, probe in refusals if not (row.after or row.between)]
    yield from sorted(before, key=lambda probe: probe.risky)
    yield base
    for row, probe in refusals:
        if row.after or row.between:
            yield probe
        if row.between:
            yield replace(base, id=f"{_AGAIN}@{of.name}", title=f"{of.name}: the documented request, after that")


def _saying(of: Template, base: Probe, given: Given, **changes: object) -> Probe:
    """The documented request with other parameters."""
    spent = next((p.origin for p in of.call.parameters if (p.name, SPENT) in given), "")
    made = replace(base, document=of.saying(given), parameters=given, spends=spent, fresh=False)
    return replace(made, **changes)  # type: ignore[arg-type]


def _harmless(of: Template) -> Given:
    """What the documented request says, with the value with which the call changes nothing."""
    instead = {p.name: p.harmless for p in of.call.parameters if p.harmless}
    given = tuple(pair for pair in of.given if pair[0] not in instead)
    return (*instead.items(), *given)


def _is_harmless(call: ServiceCall) -> bool:
    return any(p.harmless for p in call.parameters)


def _is_open(of: Template) -> bool:
    """Whether what is good once can be had for each request."""
    return all((p.name, SPENT) in of.given for p in of.call.parameters if p.once)


def _wrongs(call: ServiceCall, parameter: Parameter) -> parameters.Wrongs:
    """Of each kind one way in which a parameter is wrong; beside a list of values, next to it; and too short."""
    found: dict[str, tuple[Kind, str, str | None]] = {}
    for kind, how, value in parameters.wrongs(parameter):
        key = how if how == "too-short" else kind
        if how not in {"empty", "padded-with-zero"} and (key not in found or how == "above"):
            found[key] = kind, how, value
    unlisted = parameter.example if parameter.once else parameters.HOLE
    found[Kind.VALUE] = Kind.VALUE, "unlisted", unlisted
    tried = call.tried(parameter)
    yield from (wrong for wrong in found.values() if wrong[0] in tried)


def _wrong(of: Template, base: Probe) -> Iterator[Probe]:
    usual = _harmless(of)
    for parameter in of.call.parameters:
        others = tuple(pair for pair in usual if pair[0] != parameter.name)
        if not _is_open(of) and not parameter.once:
            continue
        for kind, how, value in _wrongs(of.call, parameter):
            given = others if value is None else (*others, (parameter.name, value))
            said = "without" if value is None else "with a wrong"
            probe = _saying(
                of,
                base,
                given,
                id=f"{'value' if kind is Kind.VALUE else 'parameter'}-{parameter.name}-{how}@{of.name}",
                purpose=base.sent_for(kind),
                title=f"{of.name}: the request {said} {parameter.name}",
                control=base.id,
                origin=parameter.origin if value == parameters.HOLE else "",
            )
            if "user" not in dict(given):  # nobody's login fails
                probe = replace(probe, failed_login=frozenset())
            elif FAILED_LOGINS & set(parameter.errors):
                probe = replace(probe, risky=bool(base.failed_login))
            yield probe


def _right(of: Template, base: Probe) -> Iterator[Probe]:
    """What must be accepted, where that changes nothing: all defaults, other listed values, those of other calls."""
    if not _is_harmless(of.call) or not _is_open(of):
        return
    usual, parameters_of = dict(_harmless(of)), of.call.parameters
    defaults = {p.name: p.default for p in parameters_of if p.default}
    listed = {p.name: value for p in parameters_of for value in parameters.others_allowed(of, p)}
    made = [
        (Kind.DEFAULT, "all", "that says every default", defaults | usual, parameters_of[0]),
        (Kind.ALLOWED, "all", "with other values that are listed", usual | listed, parameters_of[0]),
    ]
    for p in parameters_of:
        if p.origin and not p.once:
            call, given = p.origin.partition(".")[0], usual | {p.name: parameters.HOLE}
            made.append((Kind.VALUE, f"{p.name}-listed", f"with a {p.name} that {call} lists", given, p))
    for kind, name, said, given, about in made:
        yield _saying(
            of,
            base,
            tuple(given.items()),
            id=f"{kind}-{name}@{of.name}",
            purpose=base.sent_for(kind),
            title=f"{of.name}: the request {said}",
            control=base.id,
            origin=about.origin if kind is Kind.VALUE else "",
            other_than=usual.get(about.name, ""),
        )


def _refused(of: Template, base: Probe, row: Refusal, target: Target) -> Iterator[Probe]:
    elsewhere = {name: _said(origin, target) for name, origin in row.as_in.items()}
    if not all(elsewhere.values()) or not (row.after or _is_open(of)):
        return
    said = dict(_harmless(of)) | row.says | elsewhere
    yield _saying(
        of,
        base,
        tuple(said.items()),
        id=f"refusal-of-{row.key}@{of.name}",
        purpose=base.sent_for(Kind.REFUSAL),
        title=f"{of.name}: {row.what}",
        control=base.id,
        risky=row.between,
    )


def _said(origin: str, target: Target) -> str:
    """What this target says for a parameter of another call, whether that is asked or not; "" where it says nothing."""
    return target.values.get(origin) or target.values.get(origin.partition(".")[2], "")


def _with_what_it_spends(probe: Probe, templates: Templates, target: Target) -> Iterator[Probe]:
    """A probe behind the request that gives what it uses up; one that uses it again needs none."""
    call = probe.spends.partition(".")[0]
    row = next(
        (r for of in templates.values() for r in of.call.row.refusal if f"refusal-of-{r.key}@{of.name}" == probe.id),
        None,
    )
    if call in templates and not (row and row.after):
        asked = fixed.documented(templates[call], target.binding)
        title = f"{call}: the documented request, for what comes next"
        yield replace(asked, id=f"{FIRST}-for-{probe.id}", title=title)
    yield probe
