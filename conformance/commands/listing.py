"""`run --list`: what would be sent and judged, in the order it would happen. Sends nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from conformance.checks.catalogue import Case, Check, check_id, chosen_checks, wishes_of
from conformance.checks.extension import Extension
from conformance.contract.model import Contract
from conformance.contract.purpose import LEFT_OUT, Kind, is_wanted
from conformance.contract.worth import Worth
from conformance.probes import plan as plans
from conformance.probes.plan import Plan
from conformance.probes.probe import Probe
from conformance.sending.allowance import most
from conformance.target.target import Target
from conformance.verdicts.terms import Terms, selected


def listing(
    contract: Contract,
    target: Target,
    terms: Terms,
    seed: int = 1,
    extensions: tuple[Extension, ...] = (),
    *,
    smoke: int = 0,
) -> str:
    """Requests and checks of a run against `target`, as text. smoke: of how many requests alone."""
    chosen = chosen_checks(contract, selected(contract, terms, target.calls), target.calls)
    everyone = [*chosen, *(one for own in extensions for one in own.chosen(target.calls))]
    plan = plans.plan(contract, target, wishes_of(everyone), seed, smoke=smoke)
    lines = [f"Would send to {target.shown_endpoint} ({target.binding}), and over plain HTTP to {_plain(target)}:", ""]
    lines += [line for p in plan.probes for line in (_request(p), *([_there_for(p, chosen, plan)] if smoke else ()))]
    lines += [
        "",
        *(f"Sent where an answer calls for it: {probe.title}" for probe in plan.asides.values()),
        *(f"Changes something: {text}" for text in effects(plan, contract)),
        *(f"Not sent: {reason}" for reason in dict.fromkeys(plan.gaps.values()) if reason != LEFT_OUT),
        *(f"Not sent: {text}" for text, _ in unsent(contract, target)),
        "",
        "Would judge:",
        "",
    ]
    lines += [_judged(check, case, target, contract) for check, case in chosen]
    if smoke:
        finds = Worth(target.binding).finds([probe.id for probe in plan.probes], terms.level)
        lines += ["", f"Finds {finds} % of the known faults at level {terms.level}; says of nothing that it is kept."]
    for own in extensions:
        lines += ["", f"Would judge, of the extension {own.name}:", ""]
        lines += [_judged(check, case, target, contract) for check, case in own.chosen(target.calls)]
    lines += ["", cost(plan, target, len(everyone))]
    return "\n".join(lines) + "\n"


def _there_for(probe: Probe, chosen: Sequence[tuple[Check, Case]], plan: Plan) -> str:
    """What a request of a smoke run is there for."""
    of = [probe.id] + [p.id for p in plan.probes if p.control == probe.id]
    shows = {case.requirement: None for check, case in chosen if is_wanted(probe.purpose, check.wishes(case))}
    control = f"; the control of {', '.join(of[1:])}" if len(of) > 1 else ""
    return f"        for {', '.join(shows) or 'what it lets the others show'}{control}"


def _judged(check: Check, case: Case, target: Target, contract: Contract) -> str:
    return f"  {case.requirement:<17} {check_id(check, target.binding, case, contract)}"


def effects(plan: Plan, contract: Contract) -> tuple[str, ...]:
    """What will be changed, a sentence for each call."""
    sent = Counter((p.purpose.call, p.kind is Kind.DOCUMENTED) for p in plan.effects)
    calls = [call for call in dict.fromkeys(p.purpose.call for p in plan.effects) if contract.calls[call].changes]
    return tuple(
        f"{name}, sent {'twice' if sent[name, True] > 1 else 'once'},"
        f" and {sent[name, False]} times so that it must be refused: {contract.calls[name].row.changes}"
        for name in calls
    )


def unsent(contract: Contract, target: Target) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Which calls are not sent as they change something, with the lines that would have them sent."""
    calls = [call for call in contract.calls.values() if call.changes and call.name not in target.calls]
    if not calls or len(target.calls) == 1:
        return  # whoever asks one call has no need of others
    names = ", ".join(call.name for call in calls)
    allowed = [call.name for call in contract.calls.values() if call.changes]
    wanted = (p.name for call in calls for p in call.parameters if p.required and p.source == "target")
    lines = (
        f"[targets.{target.name}]",
        f"allow_effects = {json.dumps(allowed)}",
        f"[targets.{target.name}.values]",
        *(f'{name} = "..."' for name in dict.fromkeys(wanted)),
    )
    yield (f"{names}: they change something; `allow_effects` and a test account in `values` have them sent", lines)


def cost(plan: Plan, target: Target, judged: int) -> str:
    """What a run costs the endpoint: requests, bytes at most, seconds at best."""
    count, width = len(plan.probes), target.concurrency
    received = most(target.max_body, count, width) / (1 << 20)
    kinds = Counter(probe.channel for probe in plan.probes)
    return (
        f"{count} requests ({kinds['https']} over HTTPS, {kinds['http']} over plain HTTP), {judged} checks; at most"
        f" {received:.0f} MiB to receive; at best {plans.LATER_S:g} s, or {plan.rounds(width)} round trips where those"
        " take longer"
    )


def _plain(target: Target) -> str:
    return target.secrets.shown(target.http_endpoint) + (
        " with `http_token`" if target.http_token else " with a random token"
    )


def _request(probe: Probe) -> str:
    return f"  {probe.channel:<5} {probe.binding:<12} {probe.id:<48} {probe.title}"
