"""`verify --live`: a sample of the recorded requests is sent to the endpoint, and what it does is compared."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from conformance.contract.given import ConfigError
from conformance.contract.purpose import Purpose
from conformance.evidence.between import puts_off
from conformance.evidence.exchange import Evidence, Exchange
from conformance.probes import plan as plans
from conformance.submissions.behaviour import behaviour, differences
from conformance.submissions.derived import NotDerivedError
from conformance.submissions.rows import Row, Standing, row
from conformance.submissions.sampling import candidates, drawn, small_groups
from conformance.target.target import Target

if TYPE_CHECKING:
    from conformance.contract.model import Contract
    from conformance.sending.connect import Dialer


def own_target(target: Target, evidence: Evidence) -> Target:
    """The owner's target, asked what the partner's was. Raises ConfigError where it is another endpoint."""
    here, there = urlsplit(target.shown_endpoint), urlsplit(evidence.endpoint)
    if (here.hostname, here.port) != (there.hostname, there.port):
        raise ConfigError(f"--live: {target.name} is at {here.netloc}, and the package is about {there.netloc}")
    return msgspec.structs.replace(target, calls=evidence.calls, binding=evidence.binding, allow_hostile_requests=False)


def sample(evidence: Evidence, target: Target, contract: Contract, count: int, random: Random) -> list[Exchange]:
    """The exchanges to be repeated, of those that this target can repeat; none that has changed something."""
    harmless = [e for e in evidence.exchanges if not _changes(e, contract)]
    able = [e for e in candidates(harmless) if _is_able(e, target)]
    return drawn(able, small_groups(able, contract, evidence.calls), count, random)


def _changes(exchange: Exchange, contract: Contract) -> bool:
    call = contract.calls.get(exchange.purpose.call)
    return call is not None and call.changes


def _is_able(exchange: Exchange, target: Target) -> bool:
    """Whether the plan has its request, and the target reaches its state by requests alone."""
    if exchange.probe.startswith("reduced-"):
        return False
    state = target.states.get(exchange.state)
    return not exchange.state or (state is not None and not (state.setup or state.teardown))


def repeated(
    chosen: Sequence[Exchange], evidence: Evidence, target: Target, contract: Contract, *, dialer: Dialer | None = None
) -> dict[str, Exchange]:
    """What the endpoint answers now, by probe; the documented request goes first."""
    from conformance.sending.pace import Limits  # noqa: PLC0415  only who sends needs it
    from conformance.sending.wire import Wire  # noqa: PLC0415

    assert evidence.described
    wishes = frozenset(Purpose.of(label, call) for label, call in evidence.described.wishes)
    try:
        whole = plans.plan(contract, target, wishes, evidence.seed)
    except (ValueError, KeyError) as error:
        raise NotDerivedError(f"the plan cannot be made for {target.name}: {error}") from None
    asked = {exchange.probe for exchange in chosen}
    may = (p for p in whole.probes if p.id in asked and not p.origin and p not in whole.effects)
    probes = tuple(p for p in may if p.id != whole.first.id)
    few = whole.bare(together=probes)  # without effects, which nobody has allowed here
    wire = Wire(target, Limits(), evidence.seed, dialer)
    wire.run(few)
    return {exchange.probe: exchange for exchange in wire.exchanges}


def compared(chosen: Sequence[Exchange], now: dict[str, Exchange], names: tuple[str, str]) -> Iterator[Row]:
    """What the comparison comes to: what differs, and what could not be asked."""
    pairs = [(one, now.get(one.probe)) for one in chosen]
    came = [(one, other) for one, other in pairs if one.answer and other and _came(other)]
    said = [(one, _differs(one, other, names)) for one, other in came]
    differing = [f"exchange {one.number} ({one.probe}): {', '.join(what)} differ" for one, what in said if what]
    when = {True: "now", False: "when it was recorded, and gets one"}
    unanswered = [
        f"exchange {one.number} ({one.probe}) got no answer {when[one.answer is not None]}"
        for one, other in pairs
        if (one.answer is not None) != (other is not None and _came(other))
    ]
    yield row("live", f"{len(chosen) - len(unanswered)} requests are answered as they were recorded", differing)
    if unanswered:
        yield row("live, all of it", "", unanswered, Standing.OPEN)


def _came(exchange: Exchange) -> bool:
    return exchange.answer is not None and not puts_off(exchange.answer)


def _differs(one: Exchange, other: Exchange, names: tuple[str, str]) -> list[str]:
    recorded, found = behaviour(one, names), behaviour(other, names)
    return [] if recorded is None or found is None else differences(recorded, found)


def live(evidence: Evidence, target: Target, contract: Contract, count: int, random: Random) -> list[Row]:
    """Draw, send, compare. Raises ConfigError."""
    judged = own_target(target, evidence)
    if evidence.described is None:
        return [Row("live", Standing.OPEN, "the recording does not say how its run was set up")]
    chosen, began = sample(evidence, judged, contract, count, random), time.monotonic()
    try:
        now = repeated(chosen, evidence, judged, contract)
    except NotDerivedError as error:
        return [Row("live", Standing.OPEN, str(error))]
    took = time.monotonic() - began
    asked = f"{len(chosen)} of {len(evidence.exchanges)} requests, drawn here, in {took:.1f} s"
    return [Row("drawn", Standing.SHOWN, asked), *compared(chosen, now, evidence.error_elements)]
