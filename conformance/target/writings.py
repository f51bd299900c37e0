"""The ways in which a secret may be written, found in what came from outside.

Found are whole secrets: as they are, in any letter case, percent-encoded (also doubled), as character references,
with backslash escapes, in hexadecimal (also with separators), in base64 and base32 at any alignment, in UTF-16.
docs/limits.md says which writings are not.
"""

from __future__ import annotations

import base64
import re
from functools import cache, cached_property
from http import HTTPStatus
from urllib.parse import unquote, unquote_plus

from conformance.contract.load import folder

SHORTEST = 4  # characters; a shorter text stands in any answer by chance
_PREFIX = 4  # characters at the end of a body that was cut: what may have been the beginning of a secret
_CODED_PREFIX = 8
_LONGEST = 12  # characters of an escape
_ROUNDS = 3  # times that escapes are undone: `%2561`, `&amp;#97;`
_ESCAPE = re.compile(
    rb"%(?:25)*([0-9a-fA-F]{2})|&(?:amp;)*#[xX]0*([0-9a-fA-F]{1,6});?|&(?:amp;)*#0*([0-9]{1,7});?"
    rb"|&(amp|lt|gt|quot|apos);|\\u\{?0*([0-9a-fA-F]{1,6})\}|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})"
    rb"|\\([0-7]{3})|\\([\"'/\\])"
)
_NAMED = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_BETWEEN = b" \t\r\n:-_.,;"  # what separates pairs of hexadecimal digits
_BLANK = b" \t\r\n"
_ONE_ALPHABET = bytes.maketrans(b"-_", b"+/")

# What answers consist of by themselves: nobody can tell a secret that is one of these words from the word.
_HTTP = """
Accept-Ranges: bytes Age Allow Cache-Control: no-cache, no-store, must-revalidate, private, public, max-age
Connection: keep-alive, close, upgrade Content-Disposition: attachment, inline Content-Encoding: identity, gzip, deflate
Content-Language Content-Length Content-Location Content-Range Content-Security-Policy: default-src
Content-Type: text/xml, text/html, text/plain, application/xml, application/json, charset=utf-8, iso-8859-1, us-ascii
Date: Mon, Tue, Wed, Thu, Fri, Sat, Sun, Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec GMT ETag Expires Last-Modified
Location Pragma Referrer-Policy Retry-After Server Set-Cookie: path, domain, secure, httponly, samesite
Strict-Transport-Security: includeSubDomains, preload Transfer-Encoding: chunked Upgrade Vary: Accept-Encoding Via
WWW-Authenticate: Basic, Bearer, realm X-Content-Type-Options: nosniff X-Frame-Options: SAMEORIGIN, DENY X-Powered-By
<?xml version="1.0" encoding="UTF-8" standalone="yes"?> <!DOCTYPE html> <html> <head> <title> <body>
localhost reference error errors result response request values description
"""


@cache
def _usual() -> str:
    """The words of the contract and of HTTP, in lower case."""
    page = (folder("schemas") / "connect-api.md").read_text(encoding="utf-8")
    phrases = " ".join(status.phrase for status in HTTPStatus)
    return "\n".join((page, _HTTP, phrases)).lower()


class Views:
    """Data as a reader could decode it; each view is made when a writing asks for it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def lower(self) -> bytes:
        return _lower(self.data)

    @cached_property
    def _read(self) -> bytes:
        data = self.data
        for _ in range(_ROUNDS):
            read = _ESCAPE.sub(_character, data) if any(sign in data for sign in (b"%", b"&", b"\\")) else data
            if read == data:
                break
            data = read
        return data.replace(b"\0", b"")

    @cached_property
    def read(self) -> bytes:
        """Without escapes and without NUL, which UTF-16 has in every second place."""
        return self.lower if self._read is self.data else _lower(self._read)

    @cached_property
    def squeezed(self) -> bytes:
        """Without what separates hexadecimal digits."""
        return self.read.translate(None, _BETWEEN).replace(b"0x", b"")

    @cached_property
    def coded(self) -> bytes:
        """In one of base64's alphabets, on one line."""
        return self._read.translate(_ONE_ALPHABET, _BLANK)

    @cached_property
    def coded_lower(self) -> bytes:
        return self.coded.lower()


def _lower(data: bytes) -> bytes:
    return (
        data.lower()
        if data.isascii()
        else data.decode("utf-8", "surrogateescape").lower().encode("utf-8", "surrogateescape")
    )


def _character(escape: re.Match[bytes]) -> bytes:
    percent, hexa, decimal, named, braced, unicode, byte, octal, char = escape.groups()
    if named:
        return _NAMED[named]
    if char:
        return char
    if percent or byte:
        return bytes((int(percent or byte, 16),))
    if octal:
        return bytes((int(octal, 8) & 0xFF,))
    code = int(decimal) if decimal else int(hexa or braced or unicode, 16)
    return chr(min(code, 0x10FFFF)).encode("utf-8", "surrogatepass")


class Writings:
    """One secret in all its writings."""

    def __init__(self, secret: str) -> None:
        spellings = {secret, unquote(secret), unquote_plus(secret), secret.replace(" ", "+")}
        peculiar = _is_peculiar(secret) and _is_peculiar(unquote(secret))
        self.spellings = sorted(spellings if peculiar else (), key=len, reverse=True)

    @property
    def can_be_found(self) -> bool:
        """Whether it is long enough, and no word that answers consist of anyway."""
        return bool(self.spellings)

    def found_in(self, views: Views) -> bool:
        """Whether it stands there in any writing."""
        return (
            any(p in views.lower or p in views.read for p in self._plain)
            or any(p in views.squeezed for p in self._hexadecimal)
            or any(p in views.coded for p in self._base64)
            or any(p in views.coded_lower for p in self._base32)
        )

    def replaced(self, data: bytes, label: bytes) -> bytes:
        """The data with the label where it stands as it is, in any letter case, or percent-encoded."""
        return self._pattern.sub(lambda _: label, data)

    def begins_at_the_end(self, views: Views) -> tuple[int, bool]:
        """Of data that was cut: octets at its end that may be a plain beginning; whether a coded one stands there."""
        lower, most = views.lower, 0
        for pattern in self._plain:
            some = range(min(len(pattern) - 1, len(lower)), _PREFIX - 1, -1)
            most = max(most, next((k for k in some if lower.endswith(pattern[:k])), 0))
        tail = views.data[-64 * max(map(len, self.spellings), default=1) :]
        # The last escape may be cut, too.
        return most, any(self._coded_beginning(Views(tail[: len(tail) - n]), plain=bool(most)) for n in range(_LONGEST))

    def _coded_beginning(self, tail: Views, *, plain: bool) -> bool:
        coded = (
            (tail.read, () if plain else self._plain, _PREFIX),
            (tail.squeezed, self._hexadecimal, _CODED_PREFIX),
            (tail.coded, self._base64, _CODED_PREFIX),
            (tail.coded_lower, self._base32, _CODED_PREFIX),
        )
        return any(
            view.endswith(pattern[:k])
            for view, patterns, least in coded
            for pattern in patterns
            for k in range(least, len(pattern))
        )

    @cached_property
    def _plain(self) -> tuple[bytes, ...]:
        utf8 = [s.lower().encode("utf-8", "surrogatepass") for s in self.spellings]
        wide = [s.lower() for s in self.spellings if not s.isascii() and _is_latin(s.lower())]
        latin = [s.encode("latin-1") for s in (*wide, *map(_capital, wide)) if _is_latin(s)]
        return tuple(dict.fromkeys((*utf8, *latin)))

    @cached_property
    def _hexadecimal(self) -> tuple[bytes, ...]:
        forms = (form for s in self.spellings for form in (s, s.lower(), s.upper()))
        return tuple(dict.fromkeys(_octets(form).hex().encode() for form in forms))

    @cached_property
    def _base64(self) -> tuple[bytes, ...]:
        return tuple(
            dict.fromkeys(
                base64.b64encode(b"\0" * shift + _octets(s))[-(-8 * shift // 6) : 8 * (shift + len(_octets(s))) // 6]
                for s in self.spellings
                for shift in range(3)
            )
        )

    @cached_property
    def _base32(self) -> tuple[bytes, ...]:
        return tuple(
            dict.fromkeys(
                base64.b32encode(b"\0" * shift + _octets(s))[
                    -(-8 * shift // 5) : 8 * (shift + len(_octets(s))) // 5
                ].lower()
                for s in self.spellings
                for shift in range(5)
            )
        )

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        forms = [b"".join(_either(octet) for octet in _octets(s)) for s in self.spellings]
        forms += [re.escape(p) for p in self._plain]
        return re.compile(b"|".join(forms), re.IGNORECASE)


def _is_peculiar(text: str) -> bool:
    return len(text) >= SHORTEST and text.lower() not in _usual()


def _capital(text: str) -> str:
    """In Latin-1, letters beyond ASCII stay capitals where the rest is taken for lower case."""
    return "".join(c if c.isascii() else c.upper() for c in text)


def _is_latin(text: str) -> bool:
    return all(ord(character) < 256 for character in text)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@cache
def _either(octet: int) -> bytes:
    """An octet as it is or percent-encoded, in either letter case."""
    forms = dict.fromkeys((octet, *bytes((octet,)).lower(), *bytes((octet,)).upper()))
    coded = b"|".join(b"%02x" % form for form in forms)
    return b"(?:%s|%%(?:25)*(?:%s))" % (re.escape(bytes((octet,))), coded)
