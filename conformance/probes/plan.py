"""Everything that a run will send, in the order in which it has to happen, known before the first byte leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from math import ceil
from typing import TYPE_CHECKING

from conformance.contract.model import Contract
from conformance.contract.rows import ErrorCode
from conformance.probes import effects, layouts, parameters, plain_http
from conformance.probes import probe as probes
from conformance.probes.probe import FIRST, Probe
from conformance.probes.purpose import EVERYTHING as EVERYTHING  # noqa: PLC0414  a plan may be of all of it
from conformance.probes.purpose import OF_DOCUMENTS, PLAIN_HTTP, Kind, Purpose, Wishes, is_wanted
from conformance.probes.template import Template, template
from conformance.target.target import Target

if TYPE_CHECKING:
    from conformance.probes.generated import Case

LATER_S = 1.53  # seconds between the first documented call and the last ones: more than TIM-04's 1.5
_PLAIN_HTTP = frozenset({Kind.CLAIM, Kind.FORM, Kind.PORT, Kind.STAND_IN})
# What is sent of a further call: the transport, and what reads every request, are looked at once, with the first one.
_OF_A_FURTHER_CALL = (
    *("documented-[1-4]", "documented-last-1", "binding-*", "control-*", "state-*-[12]", "printed*"),
    "plain-kept-1",
    *(
        "action-unknown",
        "action-longer",
        "action-upper-case",
        "action-wildcard",
        "action-empty",
        "action-none",
    ),
    *("malformed-cut-short", "malformed-attribute-without-quotes", "malformed-unknown-entity"),
    *(
        "explored-malformed-1",
        "malformed-control-character",
        "malformed-two-dashes-in-comment",
        "malformed-text-after",
    ),
    *("spelling-declaration-with-encoding", "spelling-white-space", "spelling-comments", "spelling-cdata"),
    *("spelling-character-references", "schema-wrong-root", "schema-action-twice", "schema-second-action"),
    *("schema-unknown-child", "schema-attribute-on-root", "schema-namespace", "schema-parameter-*"),
    *(
        "parameter-*",
        "default-*",
        "group-*",
        "beside-*",
        "order-*",
        "spelled-action-*",
        "wrong-token",
        "value-*",
    ),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run will send, in the order in which it has to happen.

    first: the documented request, before anything else. together: in any order, side by side; calls in states that
    each request brings along are among them. in_a_row: after those, over one connection. middle: then, to see whether
    the endpoint still answers. states: by code, in sequence, each between its setup and its teardown. last: after
    LATER_S. documented: the documented request of each call that may be sent again. gaps: label of a purpose -> why it
    is not sent. handshakes: whether old versions of TLS are tried as well. cases: what the generated probes among them
    were made of, by id. effects: the requests of each call that changes something, in turn, before any state is
    brought about.
    """

    first: Probe
    together: tuple[Probe, ...]
    in_a_row: tuple[Probe, ...]
    states: dict[str, tuple[Probe, ...]]
    middle: tuple[Probe, ...]
    last: tuple[Probe, ...]
    documented: dict[str, Probe] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    handshakes: bool = True
    cases: dict[str, Case] = field(default_factory=dict)
    effects: tuple[Probe, ...] = ()

    @property
    def probes(self) -> tuple[Probe, ...]:
        return (
            self.first,
            *self.together,
            *self.in_a_row,
            *self.middle,
            *self.effects,
            *(p for group in self.states.values() for p in group),
            *self.last,
        )

    def rounds(self, side_by_side: int) -> int:
        """How many answers are waited for one after the other, where that many calls are out at a time."""
        in_turn = 1 + len(self.in_a_row) + len(self.middle) + len(self.effects) + len(self.last)
        in_turn += sum(map(len, self.states.values()))
        return in_turn + ceil(len(self.together) / side_by_side)


def plan(contract: Contract, target: Target, wishes: Wishes, seed: int = 1, *, sparing: bool = False) -> Plan:
    """What will be sent to `target` for the checks that look at what `wishes` says. What nobody wishes is not sent.

    sparing: no more of the first call than of a further one; a call that leaves something behind is always spared.
    """
    kinds = {wish.kind for wish in wishes}
    over_http = kinds & _PLAIN_HTTP or is_wanted(Purpose(Kind.STATE, state=PLAIN_HTTP), wishes)
    if over_http or kinds & OF_DOCUMENTS:
        wishes |= {Purpose(Kind.CONTROL), Purpose(Kind.PRINTED)}
    if over_http:
        wishes |= {Purpose(Kind.STAND_IN)}
    templates = [template(contract.calls[name], target) for name in target.calls]
    first, *others = (_of_call(contract, of, target, wishes, seed) for of in templates if not of.call.changes)
    if sparing or contract.calls[target.calls[0]].row.effect != "read":
        name = target.calls[0]
        why = f"{name} leaves something behind, so it is asked little; name a call beside it that only reads"
        gaps, few = first.gaps | ({} if sparing else {str(Kind.HOSTILE): why}), _spared(first, target)
        if not sparing:  # over plain HTTP a right endpoint leaves nothing behind
            plain = (p for p in first.together if p.kind in _PLAIN_HTTP and p not in few.together)
            few = replace(few, together=(*few.together, *plain), in_a_row=first.in_a_row)
        first = replace(few, gaps=gaps)
    for other in others:
        first = _joined(first, _further(other, target))
    by_call = {of.name: of for of in templates}
    first = replace(first, gaps=first.gaps | dict(effects.gaps(by_call)))
    return replace(first, effects=tuple(effects.in_turn(by_call, target, wishes)))


def _of_call(contract: Contract, of: Template, target: Target, wishes: Wishes, seed: int) -> Plan:
    """What will be sent of one call."""
    base = probes.documented(of, target.binding)
    first = replace(base, id=FIRST, fresh=True, title="the documented request, for the first time")
    about_parameters = tuple(p for p in parameters.about(of, base, target) if is_wanted(p.purpose, wishes))
    fixed = (*probes.independent(of, target, base), *plain_http.probes(of, base, target))
    together = [p for p in fixed if is_wanted(p.purpose, wishes)]
    together += [p for p in about_parameters if not p.origin]
    further = of.name != target.calls[0]
    generated = _generated(of, base, wishes, seed, further=further)
    together += generated
    states, gaps = _states(contract, target, base, wishes)
    last = tuple(
        replace(
            base,
            id=f"documented-last-{n}",
            fresh=n == 2,
            title=f"the documented request, at the end, over {how}",
        )
        for n, how in ((1, "the first connection"), (2, "a new connection"))
    )
    if not target.allow_hostile_requests:
        together = [p for p in together if p.kind is not Kind.HOSTILE]
        gaps[Kind.HOSTILE] = (
            "hostile requests are off; the line `allow_hostile_requests = true` in the target sends them"
        )
    canary = replace(
        base, id="documented-middle", title="the documented request, before any state is brought about"
    )
    together = _interleaved([p for p in probes.repeats(base) if is_wanted(p.purpose, wishes)], together)
    together += [probe for code, calls in states.items() if not _takes_turns(target, code) for probe in calls]
    states = {code: calls for code, calls in states.items() if _takes_turns(target, code)}
    in_a_row = tuple(p for p in plain_http.in_a_row(base, target) if is_wanted(p.purpose, wishes))
    return Plan(
        first,
        tuple(together),
        in_a_row,
        states,
        (canary, *(p for p in about_parameters if p.origin)),
        last,
        {of.name: first},
        gaps,
        cases={p.id: c for p, c in generated.items()},
    )


def _generated(of: Template, base: Probe, wishes: Wishes, seed: int, *, further: bool) -> dict[Probe, Case]:
    from conformance.probes import generated  # noqa: PLC0415  the catalogue of requirements needs no parser

    counts = generated.COUNTS_OF_A_FURTHER_CALL if further else generated.COUNTS
    return dict(generated.explored(of, base, wishes, seed, counts))


def _spared(of: Plan, target: Target) -> Plan:
    """A plan without what reads every request alike."""
    chosen = (*_OF_A_FURTHER_CALL, f"plain-{target.binding}", f"{Kind.STAND_IN}-{target.binding}")

    def kept(those: tuple[Probe, ...]) -> tuple[Probe, ...]:
        return tuple(p for p in those if any(fnmatchcase(p.id, glob) for glob in chosen))

    return replace(
        of,
        together=kept((*of.together, *of.in_a_row)),
        in_a_row=(),
        states={code: kept(calls) for code, calls in of.states.items()},
        last=kept(of.last),
        handshakes=False,
    )


def _further(of: Plan, target: Target) -> Plan:
    """What is left of a call's plan where another call goes before it; its probes are named for it."""

    def named(probe: Probe) -> Probe:
        call = probe.purpose.call
        control = f"{probe.control}@{call}" if probe.control else ""
        return replace(
            probe, id=f"{probe.id}@{call}", control=control, title=f"{call}: {probe.title}", everywhere=False
        )

    spared = _spared(of, target)
    return replace(
        spared,
        first=named(of.first),
        together=tuple(map(named, spared.together)),
        states={code: tuple(map(named, calls)) for code, calls in spared.states.items()},
        middle=tuple(named(p) for p in of.middle if p.origin),
        last=tuple(map(named, spared.last)),
        documented={call: named(probe) for call, probe in of.documented.items()},
    )


def _joined(one: Plan, other: Plan) -> Plan:
    """Two plans as one that begins as the first does."""
    return replace(
        one,
        together=(other.first, *one.together, *other.together),
        middle=(*one.middle, *other.middle),
        states={code: (*calls, *other.states.get(code, ())) for code, calls in one.states.items()},
        last=(*one.last, *other.last),
        documented=one.documented | other.documented,
    )


def _interleaved(repeats: list[Probe], others: list[Probe]) -> list[Probe]:
    """Half of the documented calls first, the other half among the rest: what an answer does to the next one shows."""
    first, later = repeats[: len(repeats) // 2], repeats[len(repeats) // 2 :]
    every = max(1, len(others) // max(1, len(later)))
    mixed = list(first)
    for place, probe in enumerate(others):
        mixed.append(probe)
        if later and place % every == every - 1:
            mixed.append(later.pop(0))
    return mixed + later


def _takes_turns(target: Target, code: str) -> bool:
    """Whether a state is brought about for everybody, by commands, so that nothing else may run meanwhile."""
    return bool(target.states[code].setup or target.states[code].teardown)


def preflight(contract: Contract, target: Target) -> Plan:
    """The documented request, once over HTTPS and once over plain HTTP: enough to see what is there."""
    wish = Purpose(Kind.STATE, state=PLAIN_HTTP)
    whole = plan(contract, target, frozenset({wish}))
    plain = next(p for p in whole.together if p.purpose.meets(wish))
    return replace(
        whole, together=(plain,), in_a_row=(), states={}, middle=(), last=(), gaps={}, handshakes=False
    )


def _base(contract: Contract, target: Target) -> tuple[Template, Probe]:
    """The first call of a target, and its documented request."""
    of = template(contract.calls[target.calls[0]], target)
    return of, probes.documented(of, target.binding)


def in_states(contract: Contract, target: Target) -> Plan:
    """The documented request once in each state that is provisioned, between its commands."""
    whole, (_, base) = plan(contract, target, frozenset()), _base(contract, target)
    provisioned = [error for code, error in contract.errors.items() if code in target.states]
    states = {error.code: _in_state(error, base, target)[:1] for error in provisioned}
    return replace(whole, together=(), states=states, middle=(), last=(), gaps={}, handshakes=False)


def other_ways(contract: Contract, target: Target) -> Iterator[Plan]:
    """The documented request as it may be served where it is not served as it is configured, one plan for each way."""
    whole, (of, base) = plan(contract, target, frozenset()), _base(contract, target)
    how, document = layouts.other(of, target.binding)
    title, printed = f"the documented request {how}", base.sent_for(Kind.PRINTED)
    ways = [replace(base, id="way-relaid", purpose=printed, document=document, title=title)]
    ways += [p for p in probes.independent(of, target, base) if p.kind is Kind.BINDINGS]
    for way in ways:
        yield replace(whole, first=way, together=(), states={}, middle=(), last=(), gaps={}, handshakes=False)


def _in_state(error: ErrorCode, base: Probe, target: Target) -> tuple[Probe, ...]:
    calls = tuple(probes.in_state(base, error.code))
    return plain_http.in_state(base, target, error.code, calls) if error.provoked == "plain-http" else calls


def _states(
    contract: Contract, target: Target, base: Probe, wishes: Wishes
) -> tuple[dict[str, tuple[Probe, ...]], dict[str, str]]:
    states: dict[str, tuple[Probe, ...]] = {}
    gaps: dict[str, str] = {}
    for error in contract.errors.values():
        purpose = base.sent_for(Kind.STATE, error.code)
        if not is_wanted(purpose, wishes):
            continue
        if error.code in target.states:
            states[error.code] = _in_state(error, base, target)
        elif error.provoked == "provisioned":
            gaps[purpose.label] = (
                f"the state of {error.code} is not provisioned; "
                f"say in [targets.{target.name}.states.{error.code}] of connect-conformance.toml how it is reached: "
                "endpoint, headers, source_address, proxy, or setup and teardown commands"
            )
    return states, gaps
