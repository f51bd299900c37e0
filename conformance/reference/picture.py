"""Draws the image of a captcha: a whole PNG with the letters of its code (RFC 2083), 175 by 45 as the guide's."""

from __future__ import annotations

import struct
import zlib

WIDTH, HEIGHT = 175, 45
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREYSCALE = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)  # eight bits a pixel, not interlaced
_PAPER, _INK, _SPECK = 255, 40, 150
_DOT = 5  # pixels on a side of a letter's dot
_LETTER = 5  # dots across a letter, and one between two
_LEFT, _TOP = 10, 5

# Hexadecimal digits, five dots by seven: a number a row, its highest bit on the left.
_LETTERS = {
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
    "A": (14, 17, 17, 31, 17, 17, 17),
    "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14),
    "D": (30, 17, 17, 17, 17, 17, 30),
    "E": (31, 16, 16, 30, 16, 16, 31),
    "F": (31, 16, 16, 30, 16, 16, 16),
}


def png(code: str, specks: bytes) -> bytes:
    """The image of a code of five letters or fewer. specks: where dust lies, two octets each."""
    pixels = [bytearray([_PAPER]) * WIDTH for _ in range(HEIGHT)]
    for across, down in zip(specks[::2], specks[1::2], strict=False):
        pixels[down % HEIGHT][across % WIDTH] = _SPECK
    for place, letter in enumerate(code):
        for row, dots in enumerate(_LETTERS[letter]):
            for column in range(_LETTER):
                if dots & 16 >> column:
                    _dot(pixels, _LEFT + (place * (_LETTER + 1) + column) * _DOT, _TOP + row * _DOT)
    rows = b"".join(b"\0" + bytes(row) for row in pixels)  # each begins with its filter: none
    chunks = ((b"IHDR", _GREYSCALE), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _dot(pixels: list[bytearray], left: int, top: int) -> None:
    for row in pixels[top : top + _DOT]:
        row[left : left + _DOT] = bytes([_INK]) * _DOT


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
