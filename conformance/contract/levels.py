"""How strongly a requirement is meant, the strongest first. Apart from the records, so that options cost no import."""

from __future__ import annotations

from typing import Literal

Level = Literal["must", "should", "advisory"]
LEVELS: tuple[Level, ...] = ("must", "should", "advisory")
