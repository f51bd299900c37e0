"""Which recorded requests an owner sends again: drawn with his own randomness, stratified by what requirements look at.

A forgery pays where it decides a requirement, and some rest on very few answers: the four calls of a state. An even
draw rarely meets them. So every small group of requests that are looked at together has one drawn, and the rest is
drawn evenly from all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from conformance.contract.levels import LEVELS
from conformance.contract.model import Contract
from conformance.contract.purpose import Kind, is_wanted
from conformance.evidence.exchange import Exchange
from conformance.verdicts.sensitivity import looked_at

SMALL = 4  # requests of a group that an even draw would miss too often
# What depends on more than the request: on what went before, on commands, on whoever may connect.
_UNASKED = {Kind.CHECK, Kind.CROWDED, Kind.STRAY, Kind.UNREACHED, Kind.AFTER, Kind.OTHER, Kind.HOSTILE}


def candidates(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The exchanges that can be repeated: the last answer to each request, or the last loss where none came."""
    last = {e.probe: e for e in exchanges if e.answer is None}
    last |= {e.probe: e for e in exchanges if e.answer is not None}
    return [e for e in last.values() if e.kind not in _UNASKED]


def small_groups(exchanges: Sequence[Exchange], contract: Contract, calls: tuple[str, ...]) -> list[list[Exchange]]:
    """The few exchanges that some requirement of the levels must and should rests on, each group once."""
    found: dict[tuple[int, ...], list[Exchange]] = {}
    for wishes in looked_at(contract, calls, LEVELS[:2]):
        group = [e for e in exchanges if is_wanted(e.purpose, wishes)]
        if 0 < len(group) <= SMALL:
            found.setdefault(tuple(e.number for e in group), group)
    return list(found.values())


def drawn(
    exchanges: Sequence[Exchange], groups: Sequence[Sequence[Exchange]], count: int, random: Random
) -> list[Exchange]:
    """So many of the exchanges, each once: one of each small group, the rest evenly of the others."""
    taking_turns = random.sample(list(groups), len(groups))
    chosen = {e.number: e for e in (random.choice(list(group)) for group in taking_turns[:count])}
    grouped = {e.number for group in groups for e in group}
    others = [e for e in exchanges if e.number not in grouped]
    chosen |= {e.number: e for e in random.sample(others, min(len(others), count - len(chosen)))}
    return sorted(chosen.values(), key=lambda e: e.number)
