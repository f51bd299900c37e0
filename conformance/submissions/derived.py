"""The plan of a run, made again from what the run says of itself: each request that had to be sent, byte for byte."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from conformance.contract.purpose import SPELLED, Kind, Purpose
from conformance.evidence.exchange import Evidence, Exchange, Request
from conformance.probes import generated, plain_http
from conformance.probes import plan as plans
from conformance.probes.plan import Plan
from conformance.probes.probe import Probe, after_state
from conformance.sending.canary import NOWHERE
from conformance.sending.composing import Composer, drawn_for
from conformance.sending.flows import filled
from conformance.sending.policy import AFTER, Came, aside, next_action
from conformance.target.described import Described, restored
from conformance.target.secrets import is_drawn

if TYPE_CHECKING:
    from conformance.contract.model import Contract

_ADDRESS = re.compile(r"(.+)-address-([0-9]{1,2})")
_FEW = 4_096  # documents that one generated request can be reduced to, at most


class NotDerivedError(ValueError):
    """The plan cannot be made again; says in one line why."""


ANY_TIME = -1
_REDUCING = 2  # the phase in which generated requests are made smaller


@dataclass(frozen=True, slots=True)
class Step:
    """A request that may be in a recording. phase: its place in the order of a run; ANY_TIME where it has none.

    owed: it has to be there; a request that is made only because of an answer (a check, a smaller one) is not.
    """

    probe: Probe
    phase: int
    owed: bool


class Derived:
    """What a run had to send."""

    def __init__(self, evidence: Evidence, contract: Contract) -> None:
        """Raises NotDerivedError."""
        if evidence.described is None:
            raise NotDerivedError("the recording does not say how its run was set up: it was made by another version")
        self.evidence, self.described, self.contract = evidence, evidence.described, contract
        try:
            self.target = restored(self.described)
            unknown = [name for name in self.target.calls if name not in contract.calls]
            if unknown or not self.target.calls:
                raise NotDerivedError(f"the contract has no call {unknown[0] if unknown else ''!r}")
            self.plan = plans.plan(
                contract, self.target, _wishes(self.described), evidence.seed, smoke=self.described.smoke
            )
            self.composer = Composer(self.target, evidence.seed, _stand_ins(self.described))
            self.steps = {step.probe.id: step for step in self._steps()}
        except NotDerivedError:
            raise
        except (msgspec.ValidationError, ValueError, KeyError, IndexError) as error:
            raise NotDerivedError(f"its settings are none of a run: {type(error).__name__}") from None

    @property
    def undrawn(self) -> list[str]:
        """The stand-ins for secrets that do not follow from the seed."""
        return [
            note.stand_in
            for number, note in enumerate(self.described.secrets)
            if note.stand_in and not is_drawn(note.stand_in, drawn_for(_placeholder(number), self.evidence.seed))
        ]

    def _steps(self) -> Iterator[Step]:
        """Every request of the plan, in the phases of a run (`sending/wire.py`)."""
        plan = self.plan
        alone = [(probe,) for probe in plan.middle if not probe.origin]
        told = tuple(probe for probe in plan.middle if probe.origin)
        phases = [(plan.first,), (*plan.together, *plan.in_a_row, *plan.late), (), *alone, told]
        for phase, probes in enumerate(phases):
            yield from (Step(probe, phase, owed=self._can_be_asked(probe)) for probe in probes)
        for phase, probe in enumerate(plan.effects, len(phases)):
            gap = f"{probe.purpose.label}@{probe.purpose.call}"  # behind a login that failed
            yield Step(probe, phase, owed=gap not in self.evidence.gaps)
        phase = len(phases) + len(plan.effects)
        for code, probes in plan.states.items():
            after = [after_state(one, code) for one in plan.documented.values()]
            for probe in (*probes, *(after if self.target.states[code].setup else ())):
                yield Step(probe, phase, owed=True)
                phase += 1
        called = set(self._called_for(plan))
        yield from (Step(probe, ANY_TIME, owed=name in called) for name, probe in plan.asides.items())
        yield from (Step(probe, phase, owed=True) for probe in plan.last[1:])
        yield from (Step(probe, ANY_TIME if plan.ends_beside else phase + 1, owed=True) for probe in plan.last[:1])

    def _called_for(self, plan: Plan) -> Iterator[str]:
        """Ids of what the answers of the recording call for (`sending/policy.py`)."""
        planned = {probe.id: probe for probe in plan.probes}
        for exchange in self.evidence.exchanges:
            if (probe := planned.get(exchange.probe)) is not None:
                yield aside(next_action(AFTER, Came(probe, exchange, resent=True)), probe)

    def step(self, exchange: Exchange) -> Step | None:
        """The step that an exchange was, planned or made because of an answer; None where it is neither."""
        if exchange.probe in self.steps:
            return self._with_its_value(self.steps[exchange.probe], exchange)
        return (
            self._checked(exchange) or self._beside(exchange) or self._at_address(exchange) or self._reduced(exchange)
        )

    def _can_be_asked(self, probe: Probe) -> bool:
        """Whether another call has listed the value that it says, where it says one."""
        return not _is_filled(probe) or not isinstance(self._filled(probe, self.evidence.exchanges), str)

    def _filled(self, probe: Probe, exchanges: Sequence[Exchange]) -> Probe | str:
        return filled(probe, exchanges, self.target.secrets)

    def _with_its_value(self, step: Step, exchange: Exchange) -> Step | None:
        """A planned step; one whose value another call lists says what was listed before it."""
        if not _is_filled(step.probe):
            return step
        before = [e for e in self.evidence.exchanges if e.number < exchange.number]
        whole = self._filled(step.probe, before)
        return None if isinstance(whole, str) else replace(step, probe=whole)

    def _checked(self, exchange: Exchange) -> Step | None:
        """The documented request, to see whether anybody is still there."""
        first = self.steps.get(exchange.probe.removesuffix("-again"))
        documented = first and first.probe in self.plan.documented.values()
        if not first or not documented or not exchange.probe.endswith("-again"):
            return None
        purpose = first.probe.sent_for(Kind.CHECK)
        made = replace(first.probe, id=exchange.probe, purpose=purpose, fresh=True)
        if exchange.request.url.startswith("http:"):
            made = replace(made, channel="http")
        return Step(made, ANY_TIME, owed=False)

    def _beside(self, exchange: Exchange) -> Step | None:
        """The documented request beside one in another spelling that did not succeed."""
        of = self.steps.get(exchange.probe.removeprefix("documented-beside-"))
        if not of or not exchange.probe.startswith("documented-beside-") or of.probe.kind not in SPELLED:
            return None
        documented = self.plan.documented.get(of.probe.purpose.call)
        if documented is None:
            return None
        title = f"the documented request, beside {of.probe.title}"
        return Step(replace(documented, id=exchange.probe, title=title, fresh=False), of.phase, owed=False)

    def _at_address(self, exchange: Exchange) -> Step | None:
        """A request to a further address of the host, which the recording alone knows."""
        found = _ADDRESS.fullmatch(exchange.probe)
        if not found:
            return None
        number, address = int(found[2]), _address_of(exchange)
        if found[1] == "documented":
            title = f"the documented request, to {address}, another address of the host"
            return Step(replace(self.plan.first, id=exchange.probe, title=title), 1, owed=False)
        for probe in plain_http.at_address(self.plan.together, number, address):
            if probe.id == exchange.probe:
                return Step(probe, 1, owed=False)
        return None

    def _reduced(self, exchange: Exchange) -> Step | None:
        """A smaller request than a generated one that has shown something."""
        found = re.fullmatch(r"reduced-([a-z-]+)-([0-9]{1,3})", exchange.probe)
        if not found:
            return None
        for name, case in self.plan.cases.items():
            base = self.steps[name].probe
            if str(base.kind) != found[1] or base.purpose != exchange.purpose:
                continue
            for document in _documents(case):
                probe = generated.reduced(base, int(found[2]), document)
                if probe.title == exchange.title and self.request(probe) == exchange.request:
                    return Step(probe, _REDUCING, owed=False)
        return None

    def request(self, probe: Probe) -> Request:
        """The request of a probe as a recording shows it."""
        return self.composer.shown(self._composed(probe))

    def reproduce(self, probe: Probe) -> str:
        """The line of a shell that sends it."""
        return self.composer.curl(self._composed(probe), probe.state)

    def _composed(self, probe: Probe) -> Request:
        return self.composer.request(probe, self.described.canary or NOWHERE)


def _is_filled(probe: Probe) -> bool:
    """Whether it says what another call has answered."""
    return bool(probe.origin or probe.spends)


def _documents(case: generated.Case) -> Iterator[bytes]:
    """What a generated request may be made smaller to."""
    choices = itertools.product(*(change.choices for change in case.changes))
    return (case.filled(chosen) for chosen in itertools.islice(choices, _FEW))


def _address_of(exchange: Exchange) -> str:
    """The address that an exchange was sent to: of its connection, else of its title."""
    found = re.search(r", to ([0-9A-Fa-f:.%]+), another address of the host$", exchange.title)
    return exchange.address or (found[1] if found else "")


def _wishes(described: Described) -> frozenset[Purpose]:
    return frozenset(Purpose.of(label, call) for label, call in described.wishes)


def _stand_ins(described: Described) -> dict[str, str]:
    notes = enumerate(described.secrets)
    return {_placeholder(number): note.stand_in for number, note in notes if note.stand_in}


def _placeholder(number: int) -> str:
    return f"secret-{number}-of-the-target"
