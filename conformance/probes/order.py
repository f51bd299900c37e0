"""In which order requests go side by side: what finds most first, and few connections are opened twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from conformance.contract.purpose import Kind
from conformance.probes.probe import FIRST, Probe


def ordered(probes: Iterable[Probe], place: Callable[[str], int]) -> tuple[Probe, ...]:
    """Documented requests of further calls first, those that need a connection of their own while all are new.

    Those behind which a connection is closed come last, the other documented ones evenly among the rest. place: where
    a request stands by what it finds, by its id; the first has the least.
    """
    groups: tuple[list[Probe], ...] = ([], [], [], [], [])
    for probe in probes:
        groups[_group(probe)].append(probe)
    first, fresh, repeats, rest, closing = groups
    return (
        *first,
        *fresh,
        *_interleaved(repeats, sorted(rest, key=lambda probe: place(probe.id))),
        *sorted(closing, key=_lasts),
    )


def _lasts(probe: Probe) -> bool:
    """What takes several round trips goes before what does not, so that all end together."""
    return not probe.fresh


def _group(probe: Probe) -> int:
    if probe.id.startswith(f"{FIRST}@"):
        return 0
    if ("Connection", "close") in probe.headers or probe.form.version == "1.0" or probe.form.https_port:
        return 4
    if probe.fresh:
        return 1
    return 2 if probe.kind is Kind.DOCUMENTED else 3


def _interleaved(repeats: list[Probe], others: list[Probe]) -> Iterator[Probe]:
    """What an answer does to the next one, and an outage of thirty calls, show where documented ones are in between."""
    every = max(1, len(others) // (len(repeats) + 1))
    for place, probe in enumerate(others, 1):
        yield probe
        if repeats and place % every == 0:
            yield repeats.pop(0)
    yield from repeats
