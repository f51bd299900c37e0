"""Looks for a secret in what was written, whichever way it is written there."""

import base64
import hashlib
import html
import re
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

FRAGMENT = 8  # so many characters of a secret in a row are a leak
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{11,}")
_ESCAPES = re.compile(rb"\\u00([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})|\\u\{([0-9a-fA-F]{2})\}")
_NULS = re.compile(rb"\\x00|\\u0000|&#0;|&#x0;|%00|\x00")
_TAGS = re.compile(rb"<[^<>]{0,200}>")
_BASE32 = re.compile(rb"[A-Z2-7]{16,}")
_SPACED_HEX = re.compile(rb"(?i)(?:\b[0-9a-f]{2}[ :-]){7}[0-9a-f]{2}\b")


def leaks(secret: str, data: bytes) -> list[str]:
    """The ways in which the secret, or a fragment of it, stands in the data."""
    return sorted({f"{way}: {found}" for way, view in _views(data) for found in _found(secret, view)})


def _found(secret: str, view: bytes) -> Iterator[str]:
    view = view.lower()
    for name, form in (
        ("characters", secret.lower()),
        ("hexadecimal of characters", secret.lower().encode().hex()),
    ):
        each = len(form) // len(secret)  # characters of the form for one of the secret's
        # Whatever fragment stands there, one of every fourth character's stands there, half as long.
        if not any(form[at : at + 4 * each].encode() in view for at in range(0, len(form) - 3 * each, 4 * each)):
            continue
        for place in range(len(secret) - FRAGMENT + 1):
            if form[place * each : (place + FRAGMENT) * each].encode() in view:
                yield f"{name} {place} to {place + FRAGMENT}"
                return


def _views(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The data, and what its lines say to a reader who decodes them once or twice; nothing is shown twice."""
    yield "as it is", data
    lines = b"\n".join(dict.fromkeys(data.split(b"\n")))
    seen = {hashlib.blake2b(data).digest()}
    for name, inside in (("as it is", lines), *_embedded(lines)):
        for way, view in _decoded(name, inside, depth=2):
            if (digest := hashlib.blake2b(view).digest()) not in seen:
                seen.add(digest)
                yield way, view


def _decoded(given: str, data: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    yield given, data
    for name, (sign, decode) in DECODERS.items():
        if depth and sign.search(data) and (said := decode(data)) != data:
            yield from _decoded(f"{given}, {name}", said, depth - 1)


def _embedded(data: bytes, depth: int = 2) -> Iterator[tuple[str, bytes]]:
    """What base64 in the data decodes to, unpacked where it is packed."""
    decoded = [list[bytes]() for _ in range(4)]
    for run in _BASE64.findall(_unreferenced(data)):
        for shift, into in enumerate(decoded):
            part = run[shift:].translate(bytes.maketrans(b"-_", b"+/"))
            part = part[:-1] if len(part) % 4 == 1 else part
            into.append(base64.b64decode(part + b"=" * (-len(part) % 4)))
    for blob in set(decoded[0]):
        yield from _unpacked(blob)
    for blobs in decoded:
        joined = b"\n".join(blobs)
        yield "base64", joined
        yield "base64 of EBCDIC", joined.decode("cp037").encode("latin-1", "replace")
        if depth > 1 and len(joined) < 1 << 22:
            for name, inside in _embedded(joined, depth - 1):
                yield f"base64 in {name}", inside


def _unpacked(blob: bytes) -> Iterator[tuple[str, bytes]]:
    if not blob.startswith((b"\x1f\x8b", b"\x78")):
        return
    try:
        yield "gzip in base64", zlib.decompressobj(47).decompress(blob, 1 << 22)
    except zlib.error:
        return


def _unreferenced(data: bytes) -> bytes:
    return html.unescape(data.decode("latin-1")).encode("latin-1", "replace")


def _unescape(data: bytes) -> bytes:
    return _ESCAPES.sub(lambda found: bytes([int(found[1] or found[2] or found[3], 16)]), data)


def _base32(found: re.Match[bytes]) -> bytes:
    """What a run decodes to, wherever in it the secret begins."""
    shifted = (found[0][shift:] for shift in range(8))
    return b"\n".join(base64.b32decode(run[: len(run) // 8 * 8]) for run in shifted)


DECODERS: dict[str, tuple[re.Pattern[bytes], Callable[[bytes], bytes]]] = {  # each with what it acts on
    "percent-decoded": (re.compile(b"%"), unquote_to_bytes),
    "without character references": (re.compile(b"&"), _unreferenced),
    "without backslash escapes": (_ESCAPES, _unescape),
    "without NULs": (_NULS, lambda data: _NULS.sub(b"", data)),
    "base32": (_BASE32, lambda data: _BASE32.sub(_base32, data)),
    "without separators": (
        _SPACED_HEX,
        lambda data: re.sub(rb"(?i)(?<=\b[0-9a-f]{2})[ :-](?=[0-9a-f]{2})", b"", data),
    ),
    "without tags": (_TAGS, lambda data: _TAGS.sub(b"", data)),
}
