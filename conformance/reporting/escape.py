"""Strangers' text made harmless and still recognisable, for each medium that shows it.

What cannot be seen, moves the cursor or turns the direction of writing is shown as an escape (`\\x1b`,
`\\u202e`): a reader sees what was sent, and a terminal, browser or editor does not act on it.
"""

from __future__ import annotations

import re
import unicodedata

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What Unicode counts as printable and what leaves nothing on the screen: fillers, selectors, joiners.
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")
# What build servers take for a command in a log: GitHub's `::name::`, and `##name[` of Azure and TeamCity.
_COMMAND = re.compile(r"::(?=[A-Za-z].*::)|##(?=[\w.-]*\[)")
_STACK = 2  # marks set over one letter; more of them climb over the lines around it


def visible(text: str, *, keep: str = "") -> str:
    """The text with every character that does not show itself as an escape, except those in `keep`."""
    rest = text.translate(dict.fromkeys(map(ord, keep))) if keep else text
    if rest.isascii() and rest.isprintable():
        return text
    shown: list[str] = []
    marks = _STACK
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        seen = character.isprintable() and not _BLANK.match(character) and marks <= _STACK
        shown.append(character if seen or character in keep else _escape(character))
    return "".join(shown)


def _escape(character: str) -> str:
    return _NAMED.get(character) or _coded(character)


def _coded(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shorten(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with an ellipsis as the last of them."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def terminal(text: str, *, limit: int = 400) -> str:
    """For a terminal or a build server's log: one line, nothing that either would act on."""
    return shorten(no_command(visible(text[: limit + 1])), limit)


def log(text: str) -> str:
    """The same for a text of several lines, uncut; fit for XML, too."""
    return no_command(xml(text))


def no_command(text: str, style: str = "") -> str:
    """The text, in which a build server finds no command. style: `json` or `html`, which mean the same as before."""
    coded = {"json": _numbered, "html": _referenced}.get(style, _coded)
    return _COMMAND.sub(lambda found: coded(found[0][0]) + found[0][1], text)


def markdown(text: str, *, limit: int = 400, cell: bool = False) -> str:
    """For Markdown: a code span, in which no markup, link, mention, formula or HTML is read.

    cell: inside a table a pipe must be escaped, in code spans too (GitHub Flavored Markdown, section 4.10).
    """
    shown = terminal(text, limit=limit)
    if not shown:
        return ""
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return fence + pad + (shown.replace("|", "\\|") if cell else shown) + pad + fence


def xml(text: str) -> str:
    """For XML 1.0, which forbids most control characters even as references; new lines and tabs stay."""
    return visible(text, keep="\n\t")


def json(text: str) -> str:
    """A JSON document whose strings hold what does not show itself as its number, which means the same (RFC 8259)."""
    return _NOT_ASCII.sub(lambda found: _json_escape(found[0]), text)


def ascii_json(text: str) -> str:
    """A JSON document in ASCII, for streams that may have no other characters."""
    return _BEYOND_ASCII.sub(lambda found: _numbered(found[0]), text)


def _json_escape(character: str) -> str:
    if character.isprintable() and not _BLANK.match(character):
        return character
    return _numbered(character)


def _referenced(character: str) -> str:
    return f"&#{ord(character)};"


def _numbered(character: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in _units(character))


def _units(character: str) -> list[int]:
    code = ord(character)
    return [code] if code <= 0xFFFF else [0xD800 + (code - 0x10000 >> 10), 0xDC00 + (code - 0x10000 & 0x3FF)]
