"""What each request finds: measured on the deliberately broken variants of the reference endpoint, shipped as data.

`python -m tests.worth` measures it anew. Half of the variants say which requests are worth most; what
these find is counted on the other half, which took no part in the choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from conformance.contract.levels import LEVELS, Level

FILE = Path(__file__).with_name("worth.json")


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """Faults that the same requests show. shown: level -> those that show it there, as bits, in hexadecimal.

    chosen: ids of the variants that the choice is made by; counted: of those that took no part in it.
    """

    shown: dict[Level, str]
    chosen: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()


class Measured(msgspec.Struct, frozen=True):
    """The file. contract: what was judged by. requests: by their general names, in the order of what each adds.

    faults: what they show.
    """

    contract: str
    requests: tuple[str, ...]
    faults: tuple[Fault, ...]


@cache
def measured() -> Measured:
    """What was measured."""
    return msgspec.json.decode(FILE.read_bytes(), type=Measured)


def general(probe: str, binding: str) -> str:
    """The name of a request, whatever the binding of the target is."""
    return probe.removesuffix(f"-{binding}") + "-*" if probe.endswith(f"-{binding}") else probe


class Worth:
    """What requests are worth to a target, by its binding."""

    def __init__(self, binding: str) -> None:
        self.binding = binding
        self._places = {name: place for place, name in enumerate(measured().requests)}

    def finds(self, probes: Iterable[str], level: Level) -> int:
        """Of 100 faults that are known at a level, how many these requests find; of those that nobody chose by."""
        names = {general(probe, self.binding) for probe in probes}
        sent = sum(1 << place for name, place in self._places.items() if name in names)
        known = found = 0
        for fault in measured().faults:
            masks = [int(mask, 16) for one, mask in fault.shown.items() if one in LEVELS[: LEVELS.index(level) + 1]]
            known += len(fault.counted) if masks else 0
            found += len(fault.counted) if any(mask & sent for mask in masks) else 0
        return 100 * found // known if known else 0

    def place(self, probe: str) -> int:
        """Where a request stands in the order of what each adds to those before it."""
        return self._places.get(general(probe.partition("@")[0], self.binding), len(self._places))
