"""Everything that a run will send, in the order in which it has to happen, known before the first byte leaves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from math import ceil
from typing import TYPE_CHECKING, Any

from conformance.contract.model import Contract
from conformance.contract.purpose import EVERYTHING as EVERYTHING  # noqa: PLC0414  a plan may be of all of it
from conformance.contract.purpose import LEFT_OUT, OF_DOCUMENTS, PLAIN_HTTP, Kind, Purpose, Wishes, is_wanted
from conformance.contract.rows import ErrorCode
from conformance.contract.worth import Worth
from conformance.probes import effects, fixed, parameters, plain_http
from conformance.probes.further import OF_A_FURTHER_CALL
from conformance.probes.order import ordered
from conformance.probes.probe import FIRST, Probe
from conformance.probes.smoke import chosen
from conformance.probes.template import Template, template
from conformance.target.target import Target

if TYPE_CHECKING:
    from conformance.probes.generated import Case

LATER_S = 1.53  # seconds between the first documented call and the last ones: more than TIM-04's 1.5
_PLAIN_HTTP = frozenset({Kind.CLAIM, Kind.FORM, Kind.PORT, Kind.STAND_IN})


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run will send, in the order in which it has to happen.

    first: the documented request, before anything else. together: side by side, what finds most before the rest; calls
    in states that each request brings along are among them. in_a_row: beside those, in turn over one connection. late:
    beside those, not before LATER_S. middle: then, to see whether the endpoint still answers, before anything is done
    to it for others, and what says a value that another call has listed. states: by code, in sequence, each between
    its setup and its teardown. last: after LATER_S, the first of them at the very end. documented: the documented
    request of each call that may be sent again. gaps: label of a purpose -> why it is not sent. handshakes: whether
    old versions of TLS are tried as well. cases: what the generated probes among them were made of, by id. effects:
    the requests of each call that changes something, in turn, before any state is brought about. asides: requests that
    are sent beside others where an answer calls for them, by id. smoke: of how many requests a smoke run was to be.
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
    late: tuple[Probe, ...] = ()
    asides: dict[str, Probe] = field(default_factory=dict)
    smoke: int = 0

    @property
    def ends_beside(self) -> bool:
        """Whether the last request is begun beside the others, as none of them changes what it is answered."""
        return not (self.middle or self.effects or self.states)

    @property
    def probes(self) -> tuple[Probe, ...]:
        return (
            self.first,
            *self.together,
            *self.in_a_row,
            *self.late,
            *self.middle,
            *self.effects,
            *(p for group in self.states.values() for p in group),
            *self.last[1:],
            *self.last[:1],
        )

    def rounds(self, side_by_side: int) -> int:
        """How many answers are waited for one after the other, where that many calls are out at a time."""
        together = len(self.together) + len(self.in_a_row) + len(self.late)
        rounds = [max(ceil(together / side_by_side), len(self.in_a_row))]
        told = [probe for probe in self.middle if probe.origin]
        rounds += [ceil(len(some) / side_by_side) for some in (told, self.last[1:])]
        in_turn = [self.effects, *self.states.values(), self.last[:1]]
        return 1 + sum(rounds) + len(self.middle) - len(told) + sum(map(len, in_turn))

    def narrowed(self, most: int, binding: str) -> Plan:
        """So many of its requests, those that find most: those of `probes/smoke.py`.

        States that commands bring about, and whatever has to be waited for, are left out. Raises ConfigError.
        """
        doing = tuple(p for p in self.effects if p.kind is Kind.DOCUMENTED)
        first = (self.first, *(p for p in self.together if p.id.startswith(f"{FIRST}@")), *doing)
        others = (p for p in self.together if "@" not in p.id and p.id not in self.cases)
        kept = chosen((*first, *self.last[:1]), others, most, binding)
        return self.bare(
            together=tuple(p for p in self.together if p.id in kept),
            effects=doing,
            last=self.last[:1],
            asides=self.asides,
            gaps={p.purpose.label: LEFT_OUT for p in self.probes if p.id not in kept} | self.gaps,
            smoke=most,
        )

    def bare(self, **changes: Any) -> Plan:
        """The first request alone, and what `changes` say."""
        empty: Any = dict.fromkeys(("together", "in_a_row", "middle", "last", "late", "effects"), ())
        return replace(
            self, **empty | {"states": {}, "gaps": {}, "cases": {}, "asides": {}, "handshakes": False} | changes
        )


def plan(
    contract: Contract, target: Target, wishes: Wishes, seed: int = 1, *, sparing: bool = False, smoke: int = 0
) -> Plan:
    """What will be sent to `target` for the checks that look at what `wishes` says. What nobody wishes is not sent.

    sparing: no more of the first call than of a further one; a call that leaves something behind is always spared.
    smoke: so many requests alone, those that find most. Raises ConfigError where they are too few.
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
    doing = tuple(effects.in_turn(by_call, target, wishes))
    whole = replace(
        first,
        together=ordered(first.together, Worth(target.binding).place),
        gaps=first.gaps | dict(effects.gaps(by_call)),
        effects=doing,
        middle=tuple(p for p in first.middle if p.origin or first.states or doing),
    )
    return whole.narrowed(smoke, target.binding) if smoke else whole


def _of_call(contract: Contract, of: Template, target: Target, wishes: Wishes, seed: int) -> Plan:
    """What will be sent of one call."""
    base = fixed.documented(of, target.binding)
    first = replace(base, id=FIRST, fresh=True, title="the documented request, for the first time")
    about_parameters = tuple(p for p in parameters.about(of, base, target) if is_wanted(p.purpose, wishes))
    anytime = (*fixed.independent(of, target, base), *plain_http.probes(of, base, target))
    controls = is_wanted(base.sent_for(Kind.CONTROL), wishes)
    together = [p for p in anytime if is_wanted(p.purpose, wishes) or (controls and p.id in fixed.CONTROLS)]
    beside = (fixed.spaced(of, base), *plain_http.stand_ins(of, base, target))
    together += [p for p in about_parameters if not p.origin]
    further = of.name != target.calls[0]
    generated = _generated(of, base, wishes, seed, further=further)
    together += generated
    states, gaps = _states(contract, of, target, base, wishes)
    needed = {p.control for p in (*together, *(call for calls in states.values() for call in calls))}
    together += [p for p in anytime if p.kind is Kind.BINDINGS and p.id in needed and p not in together]
    last = tuple(
        replace(base, id=f"documented-last-{n}", fresh=n == 2, title=f"the documented request, at the end, over {how}")
        for n, how in ((1, "the first connection"), (2, "a new connection"))
    )
    if not target.allow_hostile_requests:
        together = [p for p in together if p.kind is not Kind.HOSTILE]
        gaps[Kind.HOSTILE] = (
            "hostile requests are off; the line `allow_hostile_requests = true` in the target sends them"
        )
    canary = replace(base, id="documented-middle", title="the documented request, before any state is brought about")
    together += [p for p in fixed.repeats(base) if is_wanted(p.purpose, wishes)]
    free = [p for code, calls in states.items() if not _takes_turns(target, code) for p in calls]
    together += [replace(p, fresh=False) for p in free]  # other workers have other connections
    states = {code: calls for code, calls in states.items() if _takes_turns(target, code)}
    in_a_row = tuple(p for p in plain_http.in_a_row(base, target) if is_wanted(p.purpose, wishes))
    return Plan(
        first,
        tuple(together),
        in_a_row,
        states,
        (canary, *(p for p in about_parameters if p.origin)),
        last[:1],
        {of.name: first},
        gaps,
        late=last[1:],
        cases={p.id: c for p, c in generated.items()},
        asides={p.id: p for p in beside if is_wanted(p.purpose, wishes)},
    )


def _generated(of: Template, base: Probe, wishes: Wishes, seed: int, *, further: bool) -> dict[Probe, Case]:
    from conformance.probes import generated  # noqa: PLC0415  the catalogue of requirements needs no parser

    counts = generated.COUNTS_OF_A_FURTHER_CALL if further else generated.COUNTS
    return dict(generated.explored(of, base, wishes, seed, counts))


def _spared(of: Plan, target: Target) -> Plan:
    """A plan without what reads every request alike."""
    chosen = (*OF_A_FURTHER_CALL, f"plain-{target.binding}", f"{Kind.STAND_IN}-{target.binding}")

    def kept(those: tuple[Probe, ...]) -> tuple[Probe, ...]:
        return tuple(p for p in those if any(fnmatchcase(p.id, glob) for glob in chosen))

    return replace(
        of,
        together=kept((*of.together, *of.in_a_row)),
        in_a_row=(),
        states={code: kept(calls) for code, calls in of.states.items()},
        asides={p.id: p for p in kept(tuple(of.asides.values()))},
        last=kept(of.last),
        late=(),
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
        asides={probe.id: probe for probe in map(named, spared.asides.values())},
        documented={call: named(probe) for call, probe in of.documented.items()},
    )


def _joined(one: Plan, other: Plan) -> Plan:
    """Two plans as one that begins as the first does."""
    return replace(
        one,
        together=(*one.together, other.first, *other.together),
        middle=(*one.middle, *other.middle),
        states={code: (*calls, *other.states.get(code, ())) for code, calls in one.states.items()},
        last=(*one.last, *other.last),
        asides=one.asides | other.asides,
        documented=one.documented | other.documented,
    )


def _takes_turns(target: Target, code: str) -> bool:
    """Whether a state is brought about for everybody, by commands, so that nothing else may run meanwhile."""
    return bool(target.states[code].setup or target.states[code].teardown)


def in_state(error: ErrorCode, of: Template, base: Probe, target: Target) -> tuple[Probe, ...]:
    """The documented request in the state of an error: of plain HTTP, or of another endpoint, as it is configured."""
    one_way = error.provoked == "plain-http" or bool(target.states[error.code].endpoint)
    calls = tuple(fixed.in_state(of, base, target, error.code, one_way=one_way))
    return plain_http.in_state(base, target, error.code, calls) if error.provoked == "plain-http" else calls


def _states(
    contract: Contract, of: Template, target: Target, base: Probe, wishes: Wishes
) -> tuple[dict[str, tuple[Probe, ...]], dict[str, str]]:
    states: dict[str, tuple[Probe, ...]] = {}
    gaps: dict[str, str] = {}
    for error in contract.errors.values():
        purpose = base.sent_for(Kind.STATE, error.code)
        if not is_wanted(purpose, wishes):
            continue
        if error.code in target.states:
            states[error.code] = in_state(error, of, base, target)
        elif error.provoked == "provisioned":
            file = "connect-conformance.toml" if target.name != "endpoint" else "a file that `init` writes"
            gaps[purpose.label] = (
                f"the state of {error.code} is not provisioned; "
                f"say in [targets.{target.name}.states.{error.code}] of {file} how it is reached: "
                "endpoint, headers, source_address, proxy, or setup and teardown commands"
            )
    return states, gaps
