"""What a sending session brought home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    canary_url: str = ""
    stand_ins: Mapping[str, str] = field(default_factory=dict)  # for secrets, by placeholder
