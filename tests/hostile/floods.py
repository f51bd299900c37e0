"""Answers without end, and answers that grow when they are unpacked."""

import functools
import gzip
import itertools
import zlib
from collections.abc import Callable, Iterator

from .honest import PAIRS, answer, body, chunked, envelope, head, http, success
from .registry import CLOSE, Step, behaves, behaves_each
from .stage import Ask

ENDLESS = "Answers without end"
PACKED = "Compressed answers"
MEBIBYTE = 1 << 20
OPENING = b'<?xml version="1.0"?>\n<ClICKATELLSDK><Action>get_list_callback</Action>'


@behaves(ENDLESS)
def endless_headers(ask: Ask) -> Iterator[Step]:
    """Sends header lines without end."""
    yield b"HTTP/1.1 200 OK\r\n"
    for number in itertools.count():
        yield b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(number * 1000, number * 1000 + 1000))


@behaves(ENDLESS)
def endless_header_line(ask: Ask) -> Iterator[Step]:
    """Sends one header line without end."""
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    while True:
        yield b"a" * 65536


@behaves(ENDLESS, alone=False)
def endless_header_name(ask: Ask) -> Iterator[Step]:
    """Sends one header name without end."""
    yield b"HTTP/1.1 200 OK\r\nX"
    while True:
        yield b"-x" * 32768


@behaves(ENDLESS)
def ten_thousand_headers(ask: Ask) -> Iterator[Step]:
    """Sends ten thousand header lines, then an honest body."""
    yield http(body(ask), *(f"X-{number}: {number}" for number in range(10_000)))


@behaves(ENDLESS)
def status_line_of_a_mebibyte(ask: Ask) -> Iterator[Step]:
    """Sends a reason phrase of a mebibyte, then an honest answer."""
    yield http(body(ask), status=b"200 " + b"O" * MEBIBYTE)


@behaves(ENDLESS, alone=False)
def endless_status_line(ask: Ask) -> Iterator[Step]:
    """Sends a reason phrase without end."""
    yield b"HTTP/1.1 200 O"
    while True:
        yield b"K" * 65536


@behaves(ENDLESS)
def endless_empty_lines(ask: Ask) -> Iterator[Step]:
    """Sends empty lines without end where the status line belongs."""
    while True:
        yield b"\r\n" * 32768


@behaves_each(
    ENDLESS,
    {
        "100": b"HTTP/1.1 100 Continue\r\n\r\n",
        "103": b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
    },
    alone=True,
)
def endless_interim_answers(ask: Ask, case: bytes) -> Iterator[Step]:
    """Sends {} interim answers without end."""
    while True:
        yield case * 500


@behaves(ENDLESS, alone=False)
def interim_answers_then_honest(ask: Ask) -> Iterator[Step]:
    """Sends three interim answers, then an honest one."""
    yield b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3
    yield from answer(ask)


@behaves(ENDLESS)
def endless_body_in_chunks(ask: Ask) -> Iterator[Step]:
    """Sends a chunked body without end."""
    yield head("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (len(OPENING), OPENING)
    while True:
        yield b"10000\r\n" + b" " * 65536 + b"\r\n"


@behaves(ENDLESS)
def endless_body_in_tiny_chunks(ask: Ask) -> Iterator[Step]:
    """Sends a chunked body without end, a byte in each chunk."""
    yield head("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (len(OPENING), OPENING)
    while True:
        yield b"1\r\n \r\n" * 10_000


@behaves(ENDLESS)
def endless_body_until_close(ask: Ask) -> Iterator[Step]:
    """Sends a body that would last until the connection closes, which it never does."""
    yield head("Connection: close") + OPENING
    while True:
        yield b" " * 65536


@behaves(ENDLESS, alone=False)
def endless_body_of_stated_length(ask: Ask) -> Iterator[Step]:
    """States a length of an exbibyte and begins to send it."""
    yield head(f"Content-Length: {1 << 60}") + OPENING
    while True:
        yield b" " * 65536


@behaves(ENDLESS)
def endless_values(ask: Ask) -> Iterator[Step]:
    """Sends `Value` elements without end."""
    yield head("Transfer-Encoding: chunked")
    yield from chunked([OPENING + b"<Result>Success</Result><Values>"], end=b"")
    for number in itertools.count():
        piece = b"".join(
            b"<Value><callback_type_id>%d</callback_type_id><callback_type>T %d</callback_type></Value>" % (n, n)
            for n in range(number * 1000, number * 1000 + 1000)
        )
        yield from chunked([piece], end=b"")


@behaves(ENDLESS)
def endless_chunk_extension(ask: Ask) -> Iterator[Step]:
    """Sends one chunk extension without end."""
    yield head("Transfer-Encoding: chunked") + b"5;a="
    while True:
        yield b"b" * 65536


@behaves(ENDLESS)
def endless_chunk_extensions(ask: Ask) -> Iterator[Step]:
    """Sends one-byte chunks without end, each with an extension of 8 kilobytes."""
    yield head("Transfer-Encoding: chunked")
    while True:
        yield b"1;a=" + b"b" * 8192 + b"\r\n \r\n"


@behaves(ENDLESS, alone=False)
def chunk_size_without_end(ask: Ask) -> Iterator[Step]:
    """Sends the digits of a chunk's size without end."""
    yield head("Transfer-Encoding: chunked")
    while True:
        yield b"0" * 65536


@behaves(ENDLESS)
def endless_trailers(ask: Ask) -> Iterator[Step]:
    """Sends trailer fields without end after a good chunked body."""
    yield head("Transfer-Encoding: chunked")
    yield from chunked([body(ask)], end=b"0\r\n")
    for number in itertools.count():
        yield b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(number * 1000, number * 1000 + 1000))


@behaves(ENDLESS)
def endless_junk_after_the_answer(ask: Ask) -> Iterator[Step]:
    """Sends an honest answer, and then bytes without end."""
    yield from answer(ask)
    while True:
        yield b"junk" * 16384


class _Bomb:
    """A mebibyte of spaces as a piece of a deflate stream that may be repeated at will."""

    @functools.cached_property
    def piece(self) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(b" " * MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH)

    @functools.cached_property
    def opening(self) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(OPENING) + packer.flush(zlib.Z_FULL_FLUSH)

    def gzip(self, mebibytes: int) -> Iterator[bytes]:
        yield bytes.fromhex("1f8b 08 00 00000000 02 ff") + self.opening
        for _ in range(mebibytes):
            yield self.piece
        yield b"\x03\x00" + bytes(8)  # the last block; nobody gets as far as the checksum

    def zlib(self, mebibytes: int) -> Iterator[bytes]:
        yield b"\x78\xda" + self.opening
        for _ in range(mebibytes):
            yield self.piece
        yield b"\x03\x00" + bytes(4)


BOMB = _Bomb()
PACKINGS = {
    "gzip_gibibyte": ("gzip", lambda: BOMB.gzip(1024)),
    "gzip_without_end": ("gzip", lambda: BOMB.gzip(1 << 40)),
    "x_gzip_gibibyte": ("x-gzip", lambda: BOMB.gzip(1024)),
    "deflate_gibibyte": ("deflate", lambda: BOMB.zlib(1024)),
}


@behaves_each(PACKED, PACKINGS, alone={"gzip_gibibyte", "gzip_without_end"})
def bomb(ask: Ask, case: tuple[str, Callable[[], Iterator[bytes]]]) -> Iterator[Step]:
    """Unpacks to a gibibyte or more: {}."""
    coding, pieces = case
    yield head(f"Content-Encoding: {coding}", "Transfer-Encoding: chunked")
    yield from chunked(pieces())


@behaves(PACKED)
def gzip_in_gzip(ask: Ask) -> Iterator[Step]:
    """Packs a gibibyte twice: `Content-Encoding: gzip, gzip`, six kilobytes on the wire."""
    yield http(gzip_twice(), "Content-Encoding: gzip, gzip")


@behaves(PACKED, alone=False)
def gzip_in_gzip_in_two_headers(ask: Ask) -> Iterator[Step]:
    """Packs a gibibyte twice, and says so in two header lines."""
    yield http(gzip_twice(), "Content-Encoding: gzip", "Content-Encoding: gzip")


@functools.cache
def gzip_twice() -> bytes:
    return gzip.compress(b"".join(BOMB.gzip(1024)))


@behaves(PACKED, alone=False)
def transfer_encoding_gzip(ask: Ask) -> Iterator[Step]:
    """Packs a gibibyte as `Transfer-Encoding: gzip, chunked`."""
    yield head("Transfer-Encoding: gzip, chunked")
    yield from chunked(BOMB.gzip(1024))


@behaves(PACKED, alone=False)
def content_codings_by_the_thousand(ask: Ask) -> Iterator[Step]:
    """Names gzip a thousand times as the content coding of a small body."""
    yield http(gzip.compress(body(ask)), "Content-Encoding: " + ", ".join(["gzip"] * 1000))


@behaves(PACKED)
def empty_gzip_members_without_end(ask: Ask) -> Iterator[Step]:
    """Sends empty gzip members without end: much to read and nothing to show."""
    yield head("Content-Encoding: gzip", "Transfer-Encoding: chunked")
    member = gzip.compress(b"")
    while True:
        yield from chunked([member * 2000], end=b"")


SMALL_PACKINGS = {
    "gzip_unasked": lambda content: ("gzip", gzip.compress(content)),
    "gzip_cut_short": lambda content: ("gzip", gzip.compress(content)[:-20]),
    "gzip_with_a_wrong_checksum": lambda content: ("gzip", gzip.compress(content)[:-8] + b"\0" * 8),
    "gzip_followed_by_junk": lambda content: ("gzip", gzip.compress(content) + b"junk" * 1000),
    "gzip_that_is_not": lambda content: ("gzip", content),
    "raw_deflate": lambda content: ("deflate", zlib.compress(content)[2:-4]),
    "brotli_that_is_not": lambda content: ("br", content),
    "an_unknown_coding": lambda content: ("rot13", content),
    "compress": lambda content: ("compress", b"\x1f\x9d\x90" + content),
}


@behaves_each(PACKED, SMALL_PACKINGS)
def packed_as(ask: Ask, case: Callable[[bytes], tuple[str, bytes]]) -> Iterator[Step]:
    """Packs an honest body in an odd way: {}."""
    coding, content = case(body(ask))
    yield http(content, f"Content-Encoding: {coding}")


def _values(size: int) -> bytes:
    pairs = [*PAIRS, *((str(number), f"HTTP GET {number}") for number in range(7, 7 + size // 100))]
    return success(pairs=pairs)


SIZES = {"a_quarter_mebibyte": MEBIBYTE // 4, "a_mebibyte": MEBIBYTE, "four_mebibytes": 4 * MEBIBYTE}


@behaves_each(ENDLESS, SIZES, alone={"a_quarter_mebibyte", "a_mebibyte"})
def every_answer_is(ask: Ask, case: int) -> Iterator[Step]:
    """Fills {} with good values, in every answer."""
    yield http(_values(case) if ask.secure else body(ask))


@behaves_each(ENDLESS, SIZES, alone={"a_mebibyte"})
def every_answer_is_wrong_throughout(ask: Ask, case: int) -> Iterator[Step]:
    """Fills {} with values that are each wrong in several ways, in every answer."""
    yield http(_large_and_wrong(case))


@functools.cache
def _large_and_wrong(size: int) -> bytes:
    swapped = "<callback_type> A  B </callback_type><callback_type_id>+00</callback_type_id>"
    wrong = f'<Value x="1">{swapped}<y/>z</Value>'
    return envelope("<Values>" + wrong * (size // len(wrong)) + "</Values>")


@behaves(ENDLESS, alone=False)
def body_of_nothing(ask: Ask) -> Iterator[Step]:
    """Answers with an empty body."""
    yield http(b"")


@behaves(ENDLESS, alone=False)
def closes_and_lasts_until_close(ask: Ask) -> Iterator[Step]:
    """Ends an honest body by closing the connection, as HTTP/1.0 did."""
    yield head("Connection: close") + body(ask)
    yield CLOSE
