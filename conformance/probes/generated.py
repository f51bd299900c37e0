"""Generated requests: spelled in ways that nobody thought of, or wrong in exactly one way that nobody thought of.

A case is the documented request, cut into slots, with some slots filled otherwise: by noise that an XML processor does
not see, and, where the request is to be refused, by one break. Cases come from the seed alone, whatever the machine
and the versions installed. What a case shows is reduced with hypothesis, which is imported only then.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from conformance.contract.document import read
from conformance.contract.purpose import Kind, Wishes, is_wanted
from conformance.probes.breaks import BREAKS, other_value
from conformance.probes.documents import PUBLISHED
from conformance.probes.edits import Change, Seeded, Skeleton, Slots, noise
from conformance.probes.fixed import TITLES, carrier
from conformance.probes.probe import FIRST, Probe
from conformance.probes.template import Template

if TYPE_CHECKING:
    from conformance.contract.model import ServiceCall

# Cases of each kind in one run.
COUNTS = {Kind.SPELLING: 2, Kind.ACTION: 2, Kind.MALFORMED: 3, Kind.SCHEMA: 3}
COUNTS_OF_A_FURTHER_CALL = {Kind.MALFORMED: 1}  # the other kinds have fixed requests that show the same
_NOISE = {Kind.SPELLING: (3, 5), Kind.ACTION: (0, 1), Kind.MALFORMED: (0, 2), Kind.SCHEMA: (0, 2)}


@dataclass(frozen=True)
class Case:
    """One generated request. value: the action that it asks for."""

    call: ServiceCall
    kind: Kind
    skeleton: Slots
    changes: tuple[Change, ...]
    value: str

    @property
    def what(self) -> str:
        """What is unusual or wrong about it, the break first."""
        broken = [c.what for c in self.changes if c.component]
        noise = list(dict.fromkeys(c.what for c in self.changes if not c.component))
        return ", with ".join(filter(None, (" and ".join(broken), " and ".join(noise))))

    @property
    def component(self) -> str:
        return next((c.component for c in self.changes if c.component), "")

    def filled(self, chosen: Iterable[Slots]) -> bytes:
        slots = dict(self.skeleton)
        for step in chosen:
            slots |= step
        return "".join(slots.values()).encode()

    @cached_property
    def document(self) -> bytes:
        return self.filled(change.choices[-1] for change in self.changes)


def corpus(template: Template, seed: int, counts: Mapping[Kind, int] = COUNTS) -> Iterator[Case]:
    """The cases that follow from a seed, kind by kind."""
    request = Skeleton(template)
    for kind, count in counts.items():
        seeded = Seeded(f"{seed} {kind}")
        seen: set[bytes] = set()
        for _ in range(20 * count):
            if len(seen) == count:
                break
            case = _case(request, kind, seeded)
            if case.document not in seen and _is_meant(case, request):
                seen.add(case.document)
                yield case


def _case(request: Skeleton, kind: Kind, seeded: Seeded) -> Case:
    breaks: list[Change] = []
    value = request.call.name
    if kind is Kind.ACTION:
        breaks, value = other_value(request, seeded)
    elif kind in BREAKS:
        breaks = [seeded.one(list(BREAKS[kind](request, seeded)))]
    taken = {slot for change in breaks for slot in change.slots}
    if breaks:  # who looks for the action in the text, without reading XML, is to find it
        taken |= {f"text{n}" for n in request.leaves}
    least, most = _NOISE[kind]
    chosen = []
    for change in seeded.some(list(noise(request, seeded)), seeded.number(least, most)):
        if not change.slots & taken:
            taken |= change.slots
            chosen.append(change)
    return Case(request.call, kind, request.slots, (*breaks, *chosen), value)


def _is_meant(case: Case, request: Skeleton) -> bool:
    """Whether a case is what its kind says, also where noise and break met in a way that nobody foresaw."""
    if case.kind is Kind.ACTION:
        return " ".join(case.value.split()) not in PUBLISHED | {request.call.name}
    return (read(case.document).root is None) == (case.kind is Kind.MALFORMED)


# Probes


def explored(
    template: Template, base: Probe, wishes: Wishes, seed: int, counts: Mapping[Kind, int] = COUNTS
) -> Iterator[tuple[Probe, Case]]:
    """Requests that the seed makes; only those of them that a selected check looks at are made at all."""
    counts = {kind: count for kind, count in counts.items() if is_wanted(base.sent_for(kind), wishes)}
    numbers: Counter[Kind] = Counter()
    for case in corpus(template, seed, counts) if counts else ():
        kind = case.kind
        numbers[kind] += 1
        probe = replace(
            base if kind is Kind.ACTION else carrier(base),
            id=f"explored-{kind}-{numbers[kind]}",
            purpose=base.sent_for(kind),
            title=f"{TITLES[kind]}, generated from seed {seed}: {case.what}",
            document=case.document,
            actions=(case.value,),
        )
        yield replace(probe, control=probe.control or FIRST), case


def reduced(probe: Probe, number: int, document: bytes) -> Probe:
    """A smaller request than a generated one, to see whether it still shows the same."""
    told = probe.title.partition(": ")[0].replace("generated from", f"reduced from {probe.id} of")
    return replace(probe, id=f"reduced-{probe.kind}-{number}", title=told, document=document)


def reduce(case: Case, shows: Callable[[bytes], bool], most: int) -> bytes:
    """The smallest document that still shows what `case` showed.

    shows: sends a document and says whether the answer shows it. At most `most` are sent.
    """
    alone = "hypothesis" not in sys.modules
    from hypothesis import HealthCheck, Phase, Verbosity, configuration, find, settings  # noqa: PLC0415  200 ms
    from hypothesis import strategies as st  # noqa: PLC0415
    from hypothesis.errors import HypothesisException  # noqa: PLC0415

    if alone:  # it would keep notes in the folder that a run is started from; where it cannot, it does without
        configuration.set_hypothesis_home_dir(Path(os.devnull) / "none")
    plain = case.filled(())
    known: dict[bytes, bool] = {plain: False, case.document: True}
    left = most

    def holds(chosen: tuple[Slots, ...]) -> bool:
        nonlocal left
        document = case.filled(chosen)
        if document not in known and left > 0:
            left -= 1
            known[document] = shows(document)
        return known.get(document, False)

    # As generated is the likeliest choice, so that the first examples show something; the simplest comes first.
    choices = st.tuples(*(st.sampled_from((*c.choices, *(c.choices[-1],) * 4)) for c in case.changes))
    bounds = settings(
        max_examples=100,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    with contextlib.suppress(HypothesisException):  # what was found then stands as it was found
        find(choices, holds, settings=bounds, random=Random(1))  # noqa: S311
    return min((document for document, shown in known.items() if shown), key=lambda d: (len(d), d))
