"""`run --list`: what would be sent and judged, in the order it would happen. Sends nothing."""

from __future__ import annotations

from collections import Counter

from conformance.checks.catalogue import Case, Check, check_id, chosen_checks, wishes_of
from conformance.checks.extension import Extension
from conformance.contract.model import Contract
from conformance.probes import plan as plans
from conformance.probes.plan import Plan
from conformance.probes.probe import Probe
from conformance.sending.allowance import most
from conformance.target.target import Target
from conformance.verdicts.terms import Terms, selected


def listing(
    contract: Contract, target: Target, terms: Terms, seed: int = 1, extensions: tuple[Extension, ...] = ()
) -> str:
    """Requests and checks of a run against `target`, as text."""
    chosen = chosen_checks(contract, selected(contract, terms, target.calls), target.calls)
    everyone = [*chosen, *(one for own in extensions for one in own.chosen(target.calls))]
    plan = plans.plan(contract, target, wishes_of(everyone), seed)
    lines = [
        f"Would send to {target.shown_endpoint} ({target.binding}), and over plain HTTP to {_plain(target)}:",
        "",
    ]
    lines += [_request(probe) for probe in plan.probes]
    lines += [
        "",
        *(f"Not sent: {reason}" for reason in dict.fromkeys(plan.gaps.values())),
        "",
        "Would judge:",
        "",
    ]
    lines += [_judged(check, case, target, contract) for check, case in chosen]
    for own in extensions:
        lines += ["", f"Would judge, of the extension {own.name}:", ""]
        lines += [_judged(check, case, target, contract) for check, case in own.chosen(target.calls)]
    lines += ["", cost(plan, target, len(everyone))]
    return "\n".join(lines) + "\n"


def _judged(check: Check, case: Case, target: Target, contract: Contract) -> str:
    return f"  {case.requirement:<17} {check_id(check, target.binding, case, contract)}"


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
