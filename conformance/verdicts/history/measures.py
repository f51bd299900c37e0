"""Numbers that tell a habit from chance: an interval of a rate, and whether a median has moved.

The standard library's normal distribution is enough for both: what has the exact tests, scipy, weighs more than all
that the suite needs to judge, and nights come by the dozen, where the approximations agree with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from math import sqrt
from statistics import NormalDist, median

from conformance.evidence.exchange import Evidence

_LATEST, _BEFORE, _LEAST = (10, 30, 5)  # nights that are held against the nights before; as few as that say nothing
_CHANCE = 0.001  # two hundred targets are looked at every night
_NOTABLE = 0.1  # a smaller change of the median is nobody's business


def answer_times(evidence: Evidence) -> tuple[float, float] | None:
    """The median and the 95th percentile of the seconds that answers took; None where there is none."""
    took = sorted(max(e.elapsed, 0.0) for e in evidence.exchanges if e.answer)
    return (median(took), took[min(len(took) - 1, int(len(took) * 0.95))]) if took else None


def wilson(hits: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a rate, after E. B. Wilson (1927); of nothing, everything is possible."""
    if not of:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rate, z2 = hits / of, z * z
    middle, wide = rate + z2 / (2 * of), z * sqrt(rate * (1 - rate) / of + z2 / (4 * of * of))
    low, high = (middle - wide) / (1 + z2 / of), (middle + wide) / (1 + z2 / of)
    return (low if hits else 0.0), (high if hits < of else 1.0)


def chance(one: Collection[float], other: Collection[float]) -> float:
    """How probable it is that two samples of the same kind lie as far apart (Mann and Whitney 1947, two-sided).

    Normal approximation, corrected for ties and for continuity.
    """
    n, m = len(one), len(other)
    ranks, ties, before = 0.0, 0, 0
    for _, alike in groupby(
        sorted([(value, 1) for value in one] + [(value, 0) for value in other]), lambda pair: pair[0]
    ):
        those = [mine for _, mine in alike]
        ranks += sum(those) * (before + (len(those) + 1) / 2)
        ties += len(those) ** 3 - len(those)
        before += len(those)
    spread = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1))) if n + m > 1 else 0.0
    if spread <= 0:
        return 1.0
    apart = abs(ranks - n * (n + 1) / 2 - n * m / 2)
    return 2 * NormalDist().cdf(-max(apart - 0.5, 0.0) / sqrt(spread))


def moved(medians: Sequence[float]) -> tuple[float, float] | None:
    """What nightly medians were before and are in the latest nights; None where that is no change to speak of."""
    latest, before = medians[-_LATEST:], medians[-_LATEST - _BEFORE : -_LATEST]
    if len(before) < _LEAST or chance(latest, before) >= _CHANCE:
        return None
    was, now = median(before), median(latest)
    return (was, now) if abs(now - was) > _NOTABLE * was else None
