"""What a check says of what it saw, and what one check comes to."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from conformance.contract.quoting import clip as clip  # noqa: PLC0414  what a Breach quotes

if TYPE_CHECKING:
    from conformance.evidence.exchange import Exchange


class Verdict(StrEnum):
    """What one check, or one requirement, comes to."""

    ERROR = "error"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"  # noqa: S105  a verdict, not a password
    NOT_APPLICABLE = "not_applicable"


class Breach(Exception):  # noqa: N818  the word of the field
    """A check saw the answer break its requirement."""

    def __init__(
        self,
        reason: str,
        *,
        expected: str = "",
        observed: str = "",
        where: str = "",
        exchanges: tuple[Exchange, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.reason, self.expected, self.observed, self.where = reason, expected, observed, where
        self.exchanges = exchanges


class Inconclusive(Exception):  # noqa: N818
    """A check could not observe its subject: the verdict is inconclusive, for this reason."""


class Unsettled(Inconclusive):
    """The same for a whole check: what its other answers show does not settle it."""


class NotApplicable(Exception):  # noqa: N818
    """The requirement has no subject at this target."""


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
