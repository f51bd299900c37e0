"""What an element may hold, as data: which children, or which text.

XML Schema lets no content model be ambiguous (unique particle attribution), so a regular expression over the names
that never goes back says in one pass what the model says.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

OTHER = "\0"  # a name that the model does not know


class Child(NamedTuple):
    """A child that an element may have, how often at least and at most (None: without a bound)."""

    name: str
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Content:
    """A content model.

    pattern: a regular expression over `letters`, one for each child; without one, the children come in any order.
    optional: in any order, or none at all.
    """

    children: tuple[Child, ...] = ()
    pattern: str | None = None
    optional: bool = False

    def fits(self, names: list[str]) -> bool:
        """Whether the names of an element's children, in their order, are as the model says."""
        if self.pattern is None:
            return self._fits_in_any_order(names)
        known = letters(self.children)
        return bool(_compiled(self.pattern).fullmatch("".join(known.get(name, OTHER) for name in names)))

    def _fits_in_any_order(self, names: list[str]) -> bool:
        counts = Counter(names)
        within = all(c.least <= counts[c.name] and (c.most is None or counts[c.name] <= c.most) for c in self.children)
        return (self.optional and not names) or (within and set(names) <= {c.name for c in self.children})


@dataclass(frozen=True, slots=True)
class Facets:
    """One step of a restriction of strings: the texts that it lists, if any; the patterns of which one matches."""

    listed: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None

    def accept(self, text: str) -> bool:
        return (
            (not self.listed or text in self.listed)
            and (not self.patterns or any(_compiled(pattern).match(text) for pattern in self.patterns))
            and self.least <= len(text)
            and (self.most is None or len(text) <= self.most)
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A simple type that restricts strings: each step of its restriction, and in words what it allows."""

    steps: tuple[Facets, ...] = ()
    allowed: str = ""

    def accepts(self, text: str) -> bool:
        return all(step.accept(text) for step in self.steps)


@cache
def letters(children: tuple[Child, ...]) -> dict[str, str]:
    """A letter for each child, from where Unicode keeps none of its own."""
    return {child.name: chr(0xE000 + number) for number, child in enumerate(children)}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
