"""Everything that a run will send, in the order in which it has to happen, known before the first byte leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING

from conformance.contract.model import Contract, ErrorCode
from conformance.probes import layouts, plain_http
from conformance.probes import probe as probes
from conformance.probes.documents import malformed
from conformance.probes.probe import FIRST, Probe
from conformance.target.target import Target

if TYPE_CHECKING:
    from conformance.probes.generated import Case

_DOCUMENTS = frozenset(
    {"malformed", layouts.PRINTED, "spelling", "schema", "hostile"}
)  # whose probes carry one
LATER_S = 1.53  # seconds between the first documented call and the last ones: more than TIM-04's 1.5


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run will send, in the order in which it has to happen.

    first: the documented request, before anything else. together: in any order, side by side; calls in states that
    each request brings along are among them. in_a_row: after those, over one connection. middle: then, to see whether
    the endpoint still answers. states: by code, in sequence, each between its setup and its teardown. last: after
    LATER_S. gaps: group -> why it is not sent. handshakes: whether old versions of TLS are tried as well. cases: what
    the generated probes among them were made of, by id.
    """

    first: Probe
    together: tuple[Probe, ...]
    in_a_row: tuple[Probe, ...]
    states: dict[str, tuple[Probe, ...]]
    middle: tuple[Probe, ...]
    last: tuple[Probe, ...]
    gaps: dict[str, str] = field(default_factory=dict)
    handshakes: bool = True
    cases: dict[str, Case] = field(default_factory=dict)

    @property
    def probes(self) -> tuple[Probe, ...]:
        return (
            self.first,
            *self.together,
            *self.in_a_row,
            *self.middle,
            *(p for group in self.states.values() for p in group),
            *self.last,
        )

    def rounds(self, side_by_side: int) -> int:
        """How many answers are waited for one after the other, where that many calls are out at a time."""
        in_turn = 1 + len(self.in_a_row) + len(self.middle) + len(self.last)
        in_turn += sum(map(len, self.states.values()))
        return in_turn + ceil(len(self.together) / side_by_side)


def plan(contract: Contract, target: Target, groups: frozenset[str], seed: int = 1) -> Plan:
    """What will be sent to `target` for the checks that look at `groups`. Unplanned groups get no probe."""
    base = probes.documented(contract.call, target.binding)
    first = replace(base, id=FIRST, fresh=True, title="the documented request, for the first time")
    if {group.partition("-")[0] for group in groups} & _DOCUMENTS:
        groups |= {"control", layouts.PRINTED}
    if groups & plain_http.GROUPS:
        groups |= {"control", layouts.PRINTED, plain_http.STAND_IN}
    fixed = (*probes.independent(contract, target, base), *plain_http.probes(contract.call, base, target))
    together = [p for p in fixed if p.group in groups]
    generated = dict(probes.generated(contract.call, base, groups, seed))
    together += generated
    states, gaps = _states(contract, target, base, groups)
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
        together = [p for p in together if p.group != "hostile"]
        gaps["hostile"] = (
            "hostile requests are off; the line `allow_hostile_requests = true` in the target sends them"
        )
    canary = replace(
        base, id="documented-middle", title="the documented request, before any state is brought about"
    )
    together = _interleaved([p for p in probes.repeats(base) if p.group in groups], together)
    together += [probe for code, calls in states.items() if not _takes_turns(target, code) for probe in calls]
    states = {code: calls for code, calls in states.items() if _takes_turns(target, code)}
    in_a_row = tuple(p for p in plain_http.in_a_row(base, target) if p.group in groups)
    return Plan(
        first,
        tuple(together),
        in_a_row,
        states,
        (canary,),
        last,
        gaps,
        cases={p.id: c for p, c in generated.items()},
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
    whole = plan(contract, target, frozenset({"state-009"}))
    plain = next(p for p in whole.together if p.group == plain_http.STATE)
    return replace(
        whole, together=(plain,), in_a_row=(), states={}, middle=(), last=(), gaps={}, handshakes=False
    )


def in_states(contract: Contract, target: Target) -> Plan:
    """The documented request once in each state that is provisioned, between its commands."""
    whole = plan(contract, target, frozenset())
    base = probes.documented(contract.call, target.binding)
    provisioned = [error for code, error in contract.errors.items() if code in target.states]
    states = {error.code: _in_state(error, base, target)[:1] for error in provisioned}
    return replace(whole, together=(), states=states, middle=(), last=(), gaps={}, handshakes=False)


def other_ways(contract: Contract, target: Target) -> Iterator[Plan]:
    """The documented request as it may be served where it is not served as it is configured, one plan for each way."""
    whole = plan(contract, target, frozenset())
    base = probes.documented(contract.call, target.binding)
    how, document = layouts.other(contract.call, target.binding)
    title = f"the documented request {how}"
    ways = [replace(base, id="way-relaid", group=layouts.PRINTED, document=document, title=title)]
    ways += [p for p in probes.independent(contract, target, base) if p.group == "bindings"]
    for way in ways:
        yield replace(whole, first=way, together=(), states={}, middle=(), last=(), gaps={}, handshakes=False)


def _in_state(error: ErrorCode, base: Probe, target: Target) -> tuple[Probe, ...]:
    calls = tuple(probes.in_state(base, error.code))
    return plain_http.in_state(base, target, error.code, calls) if error.provoked == "plain-http" else calls


def _states(
    contract: Contract, target: Target, base: Probe, groups: frozenset[str]
) -> tuple[dict[str, tuple[Probe, ...]], dict[str, str]]:
    states: dict[str, tuple[Probe, ...]] = {}
    gaps: dict[str, str] = {}
    for error in contract.errors.values():
        group = f"state-{error.code}"
        if group not in groups:
            continue
        if error.code in target.states:
            states[error.code] = _in_state(error, base, target)
        elif error.provoked == "provisioned":
            gaps[group] = (
                f"the state of {error.code} is not provisioned; "
                f"say in [targets.{target.name}.states.{error.code}] how it is reached: "
                "endpoint, headers, source_address, proxy, or setup and teardown commands"
            )
    return states, gaps


def groups(contract: Contract) -> frozenset[str]:
    """Every group of probes there is."""
    fixed = {
        "documented",
        "control",
        "bindings",
        "action",
        "malformed",
        layouts.PRINTED,
        *(f"malformed-{kind}" for kind in malformed(contract.call)),
        "spelling",
        "schema",
        "hostile",
        plain_http.STAND_IN,
        *plain_http.GROUPS,
    }
    return frozenset(
        fixed | {f"state-{code}" for code in contract.errors} | {f"after-{code}" for code in contract.errors}
    )
