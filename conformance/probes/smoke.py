"""A smoke run: the few requests that find most. What it finds is true; of what it does not find it says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from conformance.probes.probe import Probe
from conformance.probes.worth import Worth
from conformance.target.configuration import ConfigError


def chosen(given: Sequence[Probe], others: Iterable[Probe], most: int, binding: str) -> frozenset[str]:
    """Ids of the `most` requests that find most: `given`, and of the others those that add most to them.

    Raises ConfigError where the given ones alone are more.
    """
    if len(given) > most:
        raise ConfigError(f"--smoke: {most} is too few; allowed with these calls: {len(given)} or more")
    return Worth(binding).chosen([*given, *others], {probe.id for probe in given}, most)
