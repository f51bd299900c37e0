"""Images that travel as text: whether one is a whole PNG (RFC 2083)."""

from __future__ import annotations

import re
import struct
import zlib
from urllib.parse import unquote_to_bytes

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CODED = re.compile(r"(?:[A-Za-z0-9_.~*+-]|%[0-9A-Fa-f]{2})+")
_HEAD = 13  # octets of the first chunk
_MOST = 1 << 24  # octets of pixels that are looked at


def decoded(text: str) -> bytes | None:
    """The octets behind a text that is coded as a form is, a plus sign for a space; None where it is not coded so."""
    return unquote_to_bytes(text.replace("+", " ")) if _CODED.fullmatch(text) else None


def flaw(image: bytes) -> str:
    """Why octets are no whole PNG image; "" where they are one."""
    if not image.startswith(_SIGNATURE):
        return "it does not begin as a PNG does"
    kinds, pixels, place = [], b"", len(_SIGNATURE)
    while place < len(image):
        size = int.from_bytes(image[place : place + 4], "big")
        kind, end = image[place + 4 : place + 8], place + 12 + size
        content, checksum = image[place + 8 : end - 4], image[end - 4 : end]
        if len(image) < end:
            return f"it is cut off after {len(image)} octets"
        if zlib.crc32(kind + content) != int.from_bytes(checksum, "big"):
            return f"the checksum of a chunk {kind.decode('latin-1')!r} is wrong"
        pixels += content if kind == b"IDAT" else b""
        kinds.append(kind)
        place = end
        if kind == b"IEND":
            break
    if not kinds or kinds[0] != b"IHDR" or kinds[-1] != b"IEND":
        return "it has no beginning or no end"
    return "octets stand behind its end" if place < len(image) else _pixels(image, pixels)


def _pixels(image: bytes, pixels: bytes) -> str:
    """Whether there are pixels, and whether they can be had."""
    head = image[len(_SIGNATURE) + 8 :][:_HEAD]
    width, height = struct.unpack(">II", head[:8])
    if not width or not height:
        return "it has no pixels"
    reader = zlib.decompressobj()
    try:
        reader.decompress(pixels, _MOST)
    except zlib.error:
        return "its pixels cannot be had"
    return "" if reader.eof or reader.unconsumed_tail else "its pixels are cut off"
