"""What one check comes to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """What one check, or one requirement, comes to; the worst first."""

    ERROR = "error"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"  # noqa: S105  a verdict, not a password
    NOT_APPLICABLE = "not_applicable"


_WORST_FIRST = tuple(Verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of the verdicts; of none, `inconclusive`: what nobody judged has not passed."""
    return min(verdicts, key=_WORST_FIRST.index, default=Verdict.INCONCLUSIVE)


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest change with which an answer would pass.

    exchange: its number. edits: what to change, in words. diff: the lines that change. passes: the requirements that
    pass then. accept: the interpretations under which the answer passes as it is.
    """

    exchange: int
    edits: tuple[str, ...]
    diff: str
    passes: tuple[str, ...]
    accept: tuple[str, ...] = ()


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one check: one requirement, judged over the exchanges it names."""

    id: str
    title: str
    verdict: Verdict
    reason: str = ""
    expected: str = ""
    observed: str = ""
    where: str = ""
    exchanges: tuple[int, ...] = ()
    reproduce: str = ""
    interpretations: tuple[str, ...] = ()
    suggestion: Suggestion | None = None
