"""A look before a run, for `doctor`: the few requests that show what is there, in which states, by which other way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.contract.model import Contract
from conformance.contract.purpose import PLAIN_HTTP, Kind, Purpose
from conformance.probes import fixed, layouts
from conformance.probes.plan import Plan, in_state, plan
from conformance.probes.probe import Probe
from conformance.probes.template import Template, template
from conformance.target.target import Target


def preflight(contract: Contract, target: Target) -> Plan:
    """The documented request, once over HTTPS and once over plain HTTP: enough to see what is there."""
    wish = Purpose(Kind.STATE, state=PLAIN_HTTP)
    whole = plan(contract, target, frozenset({wish}))
    plain = next(p for p in whole.together if p.purpose.meets(wish))
    return whole.bare(together=(plain,))


def _base(contract: Contract, target: Target) -> tuple[Template, Probe]:
    """The first call of a target, and its documented request."""
    of = template(contract.calls[target.calls[0]], target)
    return of, fixed.documented(of, target.binding)


def in_states(contract: Contract, target: Target) -> Plan:
    """The documented request once in each state that is provisioned, between its commands."""
    whole, (of, base) = plan(contract, target, frozenset()), _base(contract, target)
    provisioned = [error for code, error in contract.errors.items() if code in target.states]
    states = {error.code: in_state(error, of, base, target)[:1] for error in provisioned}
    return whole.bare(states=states)


def other_ways(contract: Contract, target: Target) -> Iterator[Plan]:
    """The documented request as it may be served where it is not served as it is configured, one plan for each way."""
    whole, (of, base) = plan(contract, target, frozenset()), _base(contract, target)
    how, document = layouts.other(of, target.binding)
    title, printed = f"the documented request {how}", base.sent_for(Kind.PRINTED)
    ways = [replace(base, id="way-relaid", purpose=printed, document=document, title=title)]
    ways += [p for p in fixed.independent(of, target, base) if p.kind is Kind.BINDINGS]
    for way in ways:
        yield whole.bare(first=way)
