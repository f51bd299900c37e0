"""What differs between two short texts, and which characters are not what they look like."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from conformance.reporting import escape

_LONGEST = 200  # characters of texts that are compared
_ALIKE = 0.5  # how alike two texts are whose difference is worth showing
_NAMED = 8  # characters whose code points are told


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. differs: whether the other text has something else there."""

    text: str
    differs: bool = False


def marked(expected: str, observed: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces, what differs marked; whole where they have too little in common."""
    here, there = escape.visible(expected), escape.visible(observed)
    matcher = difflib.SequenceMatcher(None, here, there, autojunk=False)
    if max(len(here), len(there)) > _LONGEST or here == there or matcher.ratio() < _ALIKE:
        return _whole(here), _whole(there)
    codes = matcher.get_opcodes()
    return (
        tuple(_pieces(here, [(a, b, kind != "equal") for kind, a, b, _, _ in codes])),
        tuple(_pieces(there, [(a, b, kind != "equal") for kind, _, _, a, b in codes])),
    )


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text),) if text else ()


def _pieces(text: str, spans: list[tuple[int, int, bool]]) -> Iterator[Piece]:
    return (Piece(text[begin:end], differs) for begin, end, differs in spans if begin < end)


def code_points(text: str) -> tuple[str, ...]:
    """What stands in a text beside printable ASCII, each character once: `U+0421 CYRILLIC CAPITAL LETTER ES`."""
    strange = dict.fromkeys(c for c in text if not (c.isascii() and c.isprintable()) and c != "…")
    named = [f"U+{ord(c):04X} {unicodedata.name(c, 'a control character')}" for c in strange]
    return (*named[:_NAMED], *([f"and {len(named) - _NAMED} more"] if len(named) > _NAMED else []))
