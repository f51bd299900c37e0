"""What a check says of what it saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.contract.quoting import clip as clip  # noqa: PLC0414  what a Breach quotes

if TYPE_CHECKING:
    from conformance.contract.components import Deviation
    from conformance.evidence.exchange import Exchange


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


def breach_of(deviation: Deviation, reason: str) -> Breach:
    """What a check says of a deviation from a schema, for this reason."""
    return Breach(reason, expected=deviation.expected, observed=deviation.observed, where=deviation.where)


class Inconclusive(Exception):  # noqa: N818
    """A check could not observe its subject: the verdict is inconclusive, for this reason."""


class Unsettled(Inconclusive):
    """The same for a whole check: what its other answers show does not settle it."""


class NotApplicable(Exception):  # noqa: N818
    """The requirement has no subject at this target."""
