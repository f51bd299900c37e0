"""The one holder of secrets: the token, secret header values, credentials.

Everything else sees placeholders. The wire swaps them for the secret in the bytes that leave, and takes the
secret out of whatever comes back, in every encoding an endpoint may echo it in. Nothing here prints or compares
by value, so that no traceback or representation can show it.
"""

from __future__ import annotations

import base64
import codecs
import re
import string
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, lru_cache
from itertools import pairwise
from urllib.parse import unquote, unquote_plus

TOKEN, REDACTED = "[token]", "[redacted]"
_WINDOW = 8  # characters; a shorter piece of a token tells nobody the token
_CODED = 11  # the same in base64, rounded up
_PIECE = 1 << 20  # octets that are searched at a time
_OVERLAP = 4 << 10  # more than a window takes in any writing
_ESCAPE = re.compile(
    r"%(?:25)*([0-9a-f]{2})|&(?:amp;)*#x0*([0-9a-f]{1,6});|&(?:amp;)*#0*([0-9]{1,7});|\\u00([0-9a-f]{2})|\\x([0-9a-f]{2})",
    re.IGNORECASE,
)
_ASCII_LOWER = {ord(letter): letter.lower() for letter in string.ascii_uppercase}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11,}={0,2}")


class Secrets:
    """Placeholders for secrets, and the ways to put them in and to take them out."""

    def __init__(self) -> None:
        self._values: list[tuple[str, str, str]] = []  # placeholder, secret, what a reader sees
        self._spellings: dict[
            str, str
        ] = {}  # of secrets, decoded as an endpoint may echo them; what a reader sees

    def __repr__(self) -> str:
        return f"<{len(self._values)} secrets>"

    def hide(self, secret: str, shown: str = REDACTED) -> str:
        """Keep `secret`; the placeholder to use in its place (safe in a URL path, a query and a header)."""
        for placeholder, value, _ in self._values:
            if value == secret:
                return placeholder
        placeholder = f"secret-{len(self._values)}-of-the-target"
        self._values.append((placeholder, secret, shown))
        for spelling in (secret, unquote(secret), unquote_plus(secret)):
            if _speaks(spelling):
                self._spellings.setdefault(spelling, shown)
        return placeholder

    def reveal(self, data: bytes) -> bytes:
        """The bytes that leave, with the secrets in them."""
        for placeholder, secret, _ in reversed(self._values):
            data = data.replace(placeholder.encode(), secret.encode())
        return data

    def shown(self, text: str) -> str:
        """What a reader sees of a text with placeholders."""
        for placeholder, _, label in reversed(self._values):
            text = text.replace(placeholder, label)
        return text

    def is_secret(self, text: str) -> bool:
        """Whether a text with placeholders carries a secret."""
        return any(placeholder in text for placeholder, _, _ in self._values)

    def redact(self, text: str) -> str:
        """Text from outside with every trace of a secret of eight characters or more taken out."""
        for secret, label in self._spellings.items():
            text = _without(text, secret, label)
        return text

    def redact_bytes(self, data: bytes, encoding: str = "") -> bytes:
        """The same for a body: as text where it is UTF-16 or UTF-8, byte by byte elsewhere.

        encoding: what it will be decoded with, for encodings that write ASCII in bytes of their own.
        """
        if self._values and encoding not in {"", "utf-8", "ascii"}:
            with suppress(UnicodeError):
                text = data.decode(encoding)
                if not self.leaks(data) and self.leaks(text.encode("utf-8", "replace")):
                    return self.redact(text).encode(encoding)
        if not self._values or not self.leaks(data):
            return data
        for codec in _codecs(data):
            try:
                redacted = self.redact(data.decode(codec)).encode(codec.removesuffix("-sig"))
            except UnicodeDecodeError:
                continue
            if not self.leaks(redacted):  # bytes can be text in an encoding that nobody meant
                return redacted
        if b"\0" in data:
            return _mask(data, list(self._spellings))
        return self.redact(data.decode("latin-1")).encode("latin-1", "replace")

    def leaks(self, data: bytes) -> bool:
        """Whether any trace of a secret is in `data`: the last guard before a file is written."""
        return any(_found(form, secret) for form in _forms(data) for secret in self._spellings)


def _forms(data: bytes) -> Iterator[str]:
    """Its characters, and what they are without NUL, piece by piece: a recording may have many megabytes."""
    for at in range(0, len(data) or 1, _PIECE):
        text = data[at : at + _PIECE + _OVERLAP].decode("latin-1")
        yield text
        if "\0" in text:
            yield text.replace("\0", "")


def _lower(text: str) -> str:
    """ASCII letters in lower case, and no character longer or shorter than before."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


@cache
def _speaks(secret: str) -> bool:
    """Whether a text is peculiar enough to be looked for: no plain word, and long enough."""
    return len(secret) >= 6 and not re.fullmatch(r"[a-z]{1,12}|[A-Za-z][a-z]{1,11}", secret)


def _runs(text: str, length: int) -> Iterator[tuple[str, str]]:
    """Every run of so many characters, with a part of it that it shares with its neighbours.

    Any run holds one of the parts that begin at multiples of half its length: a text without these parts has none
    of the runs, and there are far fewer of them to look for.
    """
    half = (length + 1) // 2
    for at in range(max(1, len(text) - length + 1)):
        run = text[at : at + length]
        part = -(-at // half) * half
        yield run, text[part : part + half] if len(run) == length else run


@cache
def _plain_runs(secret: str) -> dict[str, str]:
    """Runs of eight characters of the secret, in lower case; a shorter secret is its own run."""
    lower = secret.lower()
    found = {run: part for run, part in _runs(lower, _WINDOW) if not re.fullmatch(r"[a-z_]+", run)}
    return found or {lower: lower}


@cache
def _coded_runs(secret: str) -> dict[str, str]:
    """Runs of its base64 form, in the three alignments and both alphabets: where to look closer."""
    found: dict[str, str] = {}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        coded = coded[shift + 1 if shift else 0 :].rstrip("=")
        coded = coded[:-1] if len(coded) > 12 else coded
        for form in {coded, coded.replace("+", "-").replace("/", "_")}:
            found |= _runs(form, _CODED)
    return found


@cache
def _pieces(secret: str) -> dict[str, str]:
    """What gives a secret away as text: its runs, and those of its hexadecimal form."""
    return _plain_runs(secret) | _plain_runs(secret.encode().hex())


def _any(text: str, runs: dict[str, str]) -> bool:
    there = {part for part in set(runs.values()) if part in text}
    return bool(there) and any(part in there and run in text for run, part in runs.items())


@lru_cache(1 << 12)  # a file has thousands of escapes, and few different ones
def _character(written: str) -> str:
    escape = _ESCAPE.fullmatch(written)
    assert escape
    percent, hexa, decimal, unicode, byte = escape.groups()
    code = int(decimal) if decimal else int(percent or hexa or unicode or byte, 16)
    return chr(min(code, 0x10FFFF))


def _unescaped(text: str) -> str:
    """The text as a browser, a parser or a program would decode it: percent, character references, backslashes."""
    return _ESCAPE.sub(lambda escape: _character(escape[0]), text)


def _found(text: str, secret: str) -> bool:
    if any(_any(form, _pieces(secret)) for form in {_lower(text), _lower(_unescaped(text))}):
        return True
    return next(_coded_places(text, secret), None) is not None


def _without(text: str, secret: str, label: str) -> str:
    if not _found(text, secret):
        return text
    text = re.sub(f"(?:{re.escape(secret)})+", lambda _: label, text, flags=re.IGNORECASE | re.ASCII)
    plain, origin = _unescaped_with_origin(text)
    spans = [
        (origin(at), origin(at + len(piece)))
        for piece in _pieces(secret)
        for at in _places(_lower(plain), piece)
    ]
    raw = _lower(text)  # a secret that looks like an escape itself is not to be found once that is decoded
    spans += [(at, at + len(piece)) for piece in _pieces(secret) for at in _places(raw, piece)]
    spans += _coded_places(text, secret)
    return _cut(text, spans, label)


def _unescaped_with_origin(text: str) -> tuple[str, Callable[[int], int]]:
    """The decoded text, and where in the text each of its characters began."""
    parts: list[str] = []
    plain_at, text_at = [0], [0]
    length = end = 0
    for escape in _ESCAPE.finditer(text):
        parts += (text[end : escape.start()], _character(escape[0]))
        length += escape.start() - end
        plain_at += (length, length + 1)
        text_at += (escape.start(), escape.end())
        length, end = length + 1, escape.end()
    parts.append(text[end:])

    def origin(at: int) -> int:
        known = bisect_right(plain_at, at) - 1
        return text_at[known] + at - plain_at[known]

    return "".join(parts), origin


def _coded_places(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Where the text is base64 that says a run of the secret: one of its words may look alike, coded."""
    runs = _coded_runs(secret)
    if not _any(text, runs):
        return
    for word in _BASE64.finditer(text):
        if _any(word[0], runs) and any(_any(said, _plain_runs(secret)) for said in _decoded(word[0])):
            yield word.span()


def _decoded(word: str) -> Iterator[str]:
    """What base64 says, wherever its beginning may be cut off, in lower case."""
    bare = word.rstrip("=").replace("-", "+").replace("_", "/")
    for start in range(4):
        piece = bare[start:]
        piece = piece[:-1] if len(piece) % 4 == 1 else piece
        yield _lower(base64.b64decode(piece + "=" * (-len(piece) % 4)).decode("latin-1"))


def _places(text: str, piece: str) -> Iterator[int]:
    at = text.find(piece)
    while at >= 0:
        yield at
        at = text.find(piece, at + 1)


def _cut(text: str, spans: Iterable[tuple[int, int]], label: str) -> str:
    """The text with the spans, joined where they touch, replaced by the label."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    edges = [0, *(edge for span in joined for edge in span), len(text)]
    kept = [text[a:b] for a, b in list(pairwise(edges))[::2]]
    return label.join(kept)


def _codecs(data: bytes) -> list[str]:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return []
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ["utf-16-le" if data.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"]
    if b"\0" in data:
        return ["utf-16-le", "utf-16-be"] if len(data) % 2 == 0 and data[:2].count(0) == 1 else []
    return ["utf-8"]


def _mask(data: bytes, secrets: list[str]) -> bytes:
    """Wide encodings that are not text throughout: every byte of a piece is overwritten in place."""
    for secret in secrets:
        for piece in _plain_runs(secret):
            pattern = rb"\0*".join(re.escape(bytes([byte])) for byte in piece.encode())
            data = re.sub(pattern, lambda m: re.sub(rb"[^\0]", b"*", m[0]), data, flags=re.IGNORECASE)
    return data
