"""How much of what an endpoint sends is read: a bound for one body, and one for all bodies of a run.

What is recorded is held in memory, judged by every check, and written to a file: a bound for one body alone
would let an endpoint fill all three, a little below it with each answer.
"""

from __future__ import annotations

RUN = 26 << 20  # octets of all bodies of a run, inflated: 250 answers of 100 kB each, and a run's memory below 400 MB
SMALL = 32 << 10  # a body of this size is read all the same, so that nothing usual is lost to a flood elsewhere
KEPT = 64 << 10  # of a body that is too large to be judged, this much shows what it is


def most(body: int, answers: int, side_by_side: int) -> int:
    """Octets of bodies that a run reads at most; those side by side each begin before the others are counted."""
    return min(answers * body, RUN + side_by_side * body + answers * SMALL)


class Allowance:
    """What a run may still read."""

    def __init__(self, body: int, run: int = RUN) -> None:
        self._body, self._run, self._left = body, run, run

    @property
    def cap(self) -> int:
        """Octets that the next body may have."""
        return min(self._body, max(SMALL, self._left))

    def spend(self, octets: int) -> None:
        self._left -= octets

    def refused(self, octets: int, cap: int) -> str:
        """Why a body of this many octets is not read, under a cap as it was when the body began; "" when it is."""
        if octets <= cap:
            return ""
        if cap == self._body:
            return f"the body is larger than {cap} bytes (max_body)"
        return (
            f"the answers of this run are larger than {self._run >> 20} MiB in all, the most that the suite reads;"
            f" this one is more than {cap} bytes, which is what was left"
        )
