"""What a text was meant to say: the nearest text that a declaration accepts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import suppress

from conformance.contract.components import Declaration

_LONGEST = 200  # characters of a text that anybody has mistyped
_PER_SECOND = (1_000, 1_000_000, 1_000_000_000)


def squashed(name: str) -> str:
    """A name or text without letter case and what joins its words."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if c.isalnum())


def nearest(text: str, declared: Declaration) -> str | None:
    """The nearest text that the declaration accepts; None where nobody can say."""
    if len(text) > _LONGEST:
        return None
    return next((form for form in _forms(text, declared) if form and declared.accepts(form)), None)


def _forms(text: str, declared: Declaration) -> Iterator[str]:
    visible = "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cf"} or c in "\t\r\n")
    bare = " ".join(visible.split())
    plain = " ".join(unicodedata.normalize("NFKC", bare).split())
    yield from (bare, plain)
    for allowed in declared.allowed.split(" or "):
        if squashed(allowed) == squashed(text):
            yield allowed
    yield from _numbers(plain)


def _numbers(text: str) -> Iterator[str]:
    """The number that a text is another form of, as digits alone."""
    digits = "".join(c for c in text if c.isdecimal())
    found: list[int] = []
    with suppress(ValueError, OverflowError):
        found.append(abs(int(float(text))))
    with suppress(ValueError):
        found.append(abs(int(text, 0)))
    if digits:
        found.append(int(digits))
    for number in found:
        yield str(number)
    for number in found:
        yield from (str(number // unit) for unit in _PER_SECOND)
