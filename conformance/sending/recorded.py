"""What a sending session brought home."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.evidence.exchange import Exchange, Handshake


@dataclass(frozen=True)
class Recording:
    """What a sending session brought home."""

    exchanges: tuple[Exchange, ...]
    handshakes: tuple[Handshake, ...]
    gaps: dict[str, str]
    notes: tuple[str, ...]
    canary: int | None
    interrupted: bool
