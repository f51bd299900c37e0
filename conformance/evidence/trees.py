"""Bodies as they were read: many answers share one, and a tree is read again rather than kept without a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import RLock

from conformance.contract.document import Document
from conformance.evidence.envelope import Envelope

Reading = tuple[bytes, str, str]  # body, charset, and why it cannot be read: all that a tree depends on

# Octets of bodies whose trees are kept, beside the largest; a tree takes some thirty times as much.
_KEPT = 4 << 20
_trees: OrderedDict[Reading, Envelope] = OrderedDict()
_lock = RLock()  # answers are judged in a thread beside the one that records them (--stop-on-failure)


def kept(reading: Reading, parsed: Callable[[], Document]) -> Envelope:
    """The envelope of a reading; parsed makes its document where it is not at hand."""
    with _lock:
        return _kept(reading, parsed)


def _kept(reading: Reading, parsed: Callable[[], Document]) -> Envelope:
    if reading in _trees:
        _trees.move_to_end(reading)
        return _trees[reading]
    _trees[reading] = envelope = Envelope(parsed())
    if sum(len(body) for body, _, _ in _trees) <= _KEPT:
        return envelope
    sizes = {one: len(one[0]) for one in _trees}
    largest = max(sizes, key=sizes.__getitem__)  # every check looks at it again, and small ones cost little
    while len(_trees) > 1 and sum(sizes.values()) - sizes[largest] > _KEPT:
        oldest = next(one for one in _trees if one != largest)
        del _trees[oldest], sizes[oldest]
    return envelope
