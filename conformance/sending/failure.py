"""Why there is no answer: raised wherever a connection fails, told in the exchange."""

from __future__ import annotations


class LineFailed(Exception):  # noqa: N818
    """No usable connection. kind: as in `Loss`."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
