"""Looks for a secret in what was written, whichever way it is written there."""

import base64
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
        if not any(
            form[at : at + 4 * each].encode() in view for at in range(0, len(form) - 3 * each, 4 * each)
        ):
            continue
        for place in range(len(secret) - FRAGMENT + 1):
            if form[place * each : (place + FRAGMENT) * each].encode() in view:
                yield f"{name} {place} to {place + FRAGMENT}"
                return


def _views(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The data, and what it says to a reader who decodes it once or twice."""
    yield from _decoded("as it is", data)
    for name, inside in _embedded(data):
        yield from _decoded(name, inside)


def _decoded(given: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield given, data
    seen = {data}
    for name, decode in DECODERS.items():
        once = decode(data)
        if once not in seen:
            seen.add(once)
            yield f"{given}, {name}", once
        for other, again in DECODERS.items():
            twice = again(once)
            if twice not in seen:
                seen.add(twice)
                yield f"{given}, {name}, {other}", twice


def _embedded(data: bytes, depth: int = 2) -> Iterator[tuple[str, bytes]]:
    """What base64 in the data decodes to, unpacked where it is packed."""
    decoded = [list[bytes]() for _ in range(4)]
    for run in _BASE64.findall(_unreferenced(data)):
        for shift, into in enumerate(decoded):
            part = run[shift:].translate(bytes.maketrans(b"-_", b"+/"))
            part = part[:-1] if len(part) % 4 == 1 else part
            into.append(base64.b64decode(part + b"=" * (-len(part) % 4)))
    for blob in decoded[0]:
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


DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "percent-decoded": unquote_to_bytes,
    "without character references": _unreferenced,
    "without backslash escapes": _unescape,
    "without NULs": lambda data: _NULS.sub(b"", data),
    "without tags": lambda data: _TAGS.sub(b"", data),
}
