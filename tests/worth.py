"""Which request shows which fault, measured on every variant: `python -m tests.worth` writes the data.

Takes as long as `prove` does. Half of the mutants, drawn by their ids, are those that requests are chosen by.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from conformance.checks.catalogue import Case, Check, checks
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach
from conformance.contract.levels import LEVELS, Level
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.contract.worth import FILE, Fault, Measured, general
from conformance.evidence.exchange import Evidence, Exchange
from conformance.probes import plan as plans
from conformance.probes.plan import Plan
from conformance.probes.probe import Probe
from conformance.probes.smoke import with_controls
from conformance.selftest.answers import evidence_on, ready
from conformance.selftest.prove import pool
from conformance.selftest.trials import trials
from conformance.verdicts.judge import _findings, _seen, takes_one

Shown = Mapping[Level, frozenset[str]]  # the requests that show a fault, at each level
_WEIGHTS = dict(zip(LEVELS, (4, 2, 1), strict=True))  # of a fault, by the level at which it is shown
_AT_ONCE = 16


def shown(evidence: Evidence, contract: Contract) -> Shown:
    """Which requests of a recording show a fault, by what fails."""
    found: dict[Level, set[str]] = defaultdict(set)
    judging = Judging(evidence, contract)
    for check in checks():
        for case in check.cases_of(contract, judging.evidence.calls):
            level = contract.requirements[case.requirement].level
            found[level] |= {exchange.probe for exchange in breaching(check, case, judging)}
    return {level: frozenset(probes) for level, probes in found.items() if probes}


def breaching(check: Check, case: Case, judging: Judging) -> tuple[Exchange, ...]:
    """All the exchanges that a check finds at fault."""
    of = judging.about(case.call)
    own = tuple(e for e in _seen(check, case, of) if e.number not in of.between)
    findings = _findings(check, case, of, own)
    if len(findings) == len(own) and takes_one(check):
        return tuple(e for e, f in zip(own, findings, strict=True) if isinstance(f, Breach))
    return tuple(e for f in findings if isinstance(f, Breach) for e in f.exchanges or own[:1])


def was_chosen(mutant: str) -> bool:
    """Whether requests are chosen by what shows this mutant; else it is what the choice is measured on."""
    return hashlib.sha256(mutant.encode()).digest()[0] % 2 == 0


def made(of: Mapping[str, Shown], plan: Plan, binding: str, contract: Contract) -> Measured:
    """The data: requests in the order of their worth, and the mutants that the same requests show."""
    probes = {probe.id: probe for probe in plan.probes}
    order = worth_most([levels for mutant, levels in of.items() if was_chosen(mutant)], probes, plan.first.id)
    place = {name: 1 << number for number, name in enumerate(order)}
    alike: dict[tuple[tuple[Level, str], ...], list[str]] = defaultdict(list)
    for mutant, levels in sorted(of.items()):
        masks = [(level, sum(place.get(name, 0) for name in levels.get(level, ()))) for level in LEVELS]
        alike[tuple((level, f"{mask:x}") for level, mask in masks if mask)].append(mutant)
    faults = tuple(
        Fault(
            dict(key),
            tuple(name for name in mutants if was_chosen(name)),
            tuple(name for name in mutants if not was_chosen(name)),
        )
        for key, mutants in alike.items()
    )
    return Measured(contract.name, tuple(general(name, binding) for name in order), faults)


def fixed(plan: Plan) -> Plan:
    """What a smoke run may send: nothing that another seed or host makes otherwise, or that has to be waited for."""
    alike = (p for p in plan.together if p.id not in plan.cases and not p.id.startswith("plain-host-"))
    return plan.bare(together=tuple(alike), last=plan.last[:1])


def worth_most(faults: Sequence[Shown], probes: Mapping[str, Probe], first: str) -> list[str]:
    """All requests, each in the place of what it adds to those before it, by what it costs with its controls."""
    bits = {name: 1 << place for place, name in enumerate(probes)}
    masks = [[(_WEIGHTS[level], sum(bits.get(n, 0) for n in those)) for level, those in one.items()] for one in faults]
    needed = {name: with_controls(name, probes)[::-1] for name in probes}
    taken, sent = [first], bits[first]
    while True:
        left = [(one, so_far) for one in masks if (so_far := _value(one, sent)) < _value(one, -1)]
        best, most = "", 0.0
        for name in (name for name in probes if not bits[name] & sent):
            new = [one for one in needed[name] if not bits[one] & sent]
            more = sum(bits[one] for one in new)
            gain = sum(max(0, _value(one, more) - so_far) for one, so_far in left) / len(new)
            best, most = (name, gain) if gain > most else (best, most)
        if not best:
            return [*taken, *(name for name in probes if not bits[name] & sent)]
        new = [one for one in needed[best] if not bits[one] & sent]
        taken += new
        sent |= sum(bits[one] for one in new)


def _value(masks: Sequence[tuple[int, int]], sent: int) -> int:
    return max((weight for weight, mask in masks if mask & sent), default=0)


def _batch(names: list[str]) -> list[tuple[str, Shown]]:
    """What shows each of these variants, from a run against it; several at a time, as their waits overlap."""
    contract, by_id = documented(), {trial.id: trial for trial in trials()}
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(name: str) -> tuple[str, Shown]:
        async with room:
            return name, shown(await evidence_on(by_id[name], contract), contract)

    async def everything() -> list[tuple[str, Shown]]:
        return await asyncio.gather(*map(one, names))

    return asyncio.run(everything())


def main() -> None:
    """Measure the mutants of the page's call, and write the file."""
    contract = documented()
    every = [trial for trial in trials(calls=(contract.call.name,)) if trial.kind == "mutant"]
    names = [trial.id for trial in every if trial.binding == "query-xml"]
    with pool(2) as processes:
        found = processes.imap_unordered(_batch, [names[n : n + 32] for n in range(0, len(names), 32)])
        of = dict(pair for batch in found for pair in batch)
    with ready(every[0], contract) as (subject, _):
        plan = plans.plan(contract, subject, plans.EVERYTHING)
        data = made(of, fixed(plan), subject.binding, contract)
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(data), indent=1) + b"\n")


if __name__ == "__main__":
    main()
