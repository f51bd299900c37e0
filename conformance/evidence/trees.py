"""Bodies as they were read: many answers share one, and a tree is read again rather than kept without a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import RLock

from conformance.contract.document import Document
from conformance.evidence.envelope import Envelope

Reading = tuple[bytes, str, str]  # body, charset, and why it cannot be read: all that a tree depends on


class Trees(OrderedDict[Reading, Envelope]):
    """Envelopes by their readings, the one used last at the end; within a bound, beside the largest.

    The largest stays: every check looks at it again, and small ones cost little. What is kept is counted as it comes
    and goes: there may be thousands, and every answer brings another.
    """

    def __init__(self, bound: int) -> None:
        super().__init__()
        self.bound, self.octets = bound, 0  # of bodies; a tree takes some thirty times as much
        self.largest: Reading = b"", "", ""

    def add(self, reading: Reading, envelope: Envelope) -> None:
        self[reading] = envelope
        self.octets += len(reading[0])
        self.largest = max(self.largest, reading, key=lambda one: len(one[0]))
        while self.octets - len(self.largest[0]) > self.bound:
            oldest = next(one for one in self if one != self.largest)
            del self[oldest]
            self.octets -= len(oldest[0])


_trees = Trees(4 << 20)
_lock = RLock()  # answers are judged in a thread beside the one that records them (--stop-on-failure)


def kept(reading: Reading, parsed: Callable[[], Document]) -> Envelope:
    """The envelope of a reading; parsed makes its document where it is not at hand."""
    with _lock:
        envelope = _trees.get(reading)
        if envelope is None:
            envelope = Envelope(parsed())
            _trees.add(reading, envelope)
        else:
            _trees.move_to_end(reading)
        return envelope
