"""A smoke run: the few requests that find most. What it finds is true; of what it does not find it says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from conformance.contract.given import ConfigError
from conformance.contract.worth import Worth
from conformance.probes.probe import Probe


def chosen(given: Sequence[Probe], others: Iterable[Probe], most: int, binding: str) -> frozenset[str]:
    """Ids of the `most` requests that find most, with their controls: `given`, and those that add most to them.

    Raises ConfigError where the given ones alone are more.
    """
    if len(given) > most:
        raise ConfigError(f"--smoke: {most} is too few; allowed with these calls: {len(given)} or more")
    by_id = {probe.id: probe for probe in (*given, *others)}
    taken = {probe.id for probe in given}
    for name in sorted(by_id, key=Worth(binding).place):
        needed = {*with_controls(name, by_id)} - taken
        if len(taken) + len(needed) <= most:
            taken |= needed
    return frozenset(taken)


def with_controls(name: str, by_id: Mapping[str, Probe]) -> list[str]:
    """A request, and those without whose success its answer shows nothing, by their ids."""
    found = [name]
    while (control := by_id[found[-1]].control) in by_id:
        found.append(control)
    return found
