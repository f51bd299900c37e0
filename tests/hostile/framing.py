"""Answers that lie about themselves: where they end, what they are, when they were made."""

import time
from collections.abc import Iterator
from email.utils import formatdate

from .honest import answer, body, chunked, head, http
from .registry import CLOSE, CUT, HOLD, INCONCLUSIVE, At, Step, behaves, behaves_each
from .stage import Ask

LENGTHS = "Lengths that lie"
HEADS = "Odd heads"
STATUSES = "Status codes"
CLOCKS = "Clocks and waits"
NOTHING_SEEN = frozenset({INCONCLUSIVE})


@behaves(LENGTHS)
def length_too_short(ask: Ask) -> Iterator[Step]:
    """States a length ten bytes short of the body."""
    content = body(ask)
    yield head(f"Content-Length: {len(content) - 10}") + content


@behaves(LENGTHS, exits=NOTHING_SEEN)
def length_too_long_then_close(ask: Ask) -> Iterator[Step]:
    """States a length ten bytes beyond the body, and closes."""
    content = body(ask)
    yield head(f"Content-Length: {len(content) + 10}") + content
    yield CLOSE


@behaves(LENGTHS, exits=NOTHING_SEEN)
def length_too_long_then_silence(ask: Ask) -> Iterator[Step]:
    """States a length ten bytes beyond the body, and waits."""
    content = body(ask)
    yield head(f"Content-Length: {len(content) + 10}") + content
    yield HOLD


STATED = {
    "negative": "-1",
    "not_a_number": "many",
    "signed": "+300",
    "hexadecimal": "0x12c",
    "empty": "",
    "zero": "0",
    "of_arabic_digits": "٣٠٠",
    "of_ten_thousand_digits": "9" * 10_000,
    "beyond_64_bits": str(1 << 65),
    "given_as_a_list": "300, 300",
    "given_as_differing": "300, 301",
}


@behaves_each(LENGTHS, STATED, alone={"negative", "not_a_number", "of_ten_thousand_digits"})
def length(ask: Ask, case: str) -> Iterator[Step]:
    """States a length that is {}."""
    yield head(f"Content-Length: {case}") + body(ask)
    yield CLOSE


@behaves(LENGTHS)
def two_lengths_that_differ(ask: Ask) -> Iterator[Step]:
    """States two lengths, the right one and another, in two header lines."""
    content = body(ask)
    yield head(f"Content-Length: {len(content)}", f"Content-Length: {len(content) + 5}") + content
    yield CLOSE


@behaves(LENGTHS)
def length_and_chunks(ask: Ask) -> Iterator[Step]:
    """States a length and sends chunks."""
    yield head("Content-Length: 5", "Transfer-Encoding: chunked")
    yield from chunked([body(ask)])
    yield CLOSE


CHUNKS = {
    "negative_size": b"-1\r\n<a/>\r\n0\r\n\r\n",
    "size_that_is_no_number": b"zz\r\n<a/>\r\n0\r\n\r\n",
    "size_beyond_64_bits": b"fffffffffffffffff\r\n<a/>\r\n0\r\n\r\n",
    "size_smaller_than_its_chunk": b"2\r\n<a/>\r\n0\r\n\r\n",
    "no_last_chunk": b"4\r\n<a/>\r\n",
}


@behaves_each(LENGTHS, CHUNKS)
def chunks_with(ask: Ask, case: bytes) -> Iterator[Step]:
    """Sends chunks with {}, and closes."""
    yield head("Transfer-Encoding: chunked") + case
    yield CUT


@behaves(LENGTHS)
def an_unknown_transfer_encoding(ask: Ask) -> Iterator[Step]:
    """Names a transfer encoding that nobody knows."""
    yield head("Transfer-Encoding: braille") + body(ask)
    yield CLOSE


@behaves(LENGTHS)
def two_answers_for_one_request(ask: Ask) -> Iterator[Step]:
    """Sends a wrong answer right behind each honest one, for the next request to find."""
    yield http(body(ask)) + http(b"<ClICKATELLSDK><Action>other</Action></ClICKATELLSDK>")


@behaves(LENGTHS, at=At.TLS)
def answers_before_it_is_asked(ask: Ask) -> Iterator[Step]:
    """Sends a Success as soon as the connection is there, before any request, also over plain HTTP."""
    ask.secure = True
    ask.head = b"GET /?action=get_list_callback HTTP/1.1"
    yield from answer(ask)
    yield HOLD


LINES = {
    "a_header_without_a_colon": b"HTTP/1.1 200 OK\r\nContent-Type text/xml\r\n\r\n<a/>",
    "a_space_before_the_colon": b"HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\n<a/>",
    "folded_headers": b"HTTP/1.1 200 OK\r\nContent-Type: text/xml;\r\n x=y\r\nContent-Length: 4\r\n\r\n<a/>",
    "nul_in_a_header": b"HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 4\r\n\r\n<a/>",
    "escape_in_a_header": b"HTTP/1.1 200 OK\r\nX-Esc: \x1b]0;taken\x07\r\nContent-Length: 4\r\n\r\n<a/>",
    "bytes_above_ascii": b"HTTP/1.1 200 \xff\xfe\r\nX-\xe9: \xff\xfe\r\nContent-Length: 4\r\n\r\n<a/>",
    "bare_line_feeds": b"HTTP/1.1 200 OK\nContent-Length: 4\n\n<a/>",
    "bare_carriage_returns": b"HTTP/1.1 200 OK\rContent-Length: 4\r\r<a/>",
    "an_empty_header_name": b"HTTP/1.1 200 OK\r\n: 4\r\nContent-Length: 4\r\n\r\n<a/>",
    "no_status": b"HTTP/1.1\r\nContent-Length: 4\r\n\r\n<a/>",
    "no_reason": b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\n<a/>",
    "a_status_of_two_digits": b"HTTP/1.1 20 OK\r\nContent-Length: 4\r\n\r\n<a/>",
    "a_status_of_five_digits": b"HTTP/1.1 20000 OK\r\nContent-Length: 4\r\n\r\n<a/>",
    "a_status_of_words": b"HTTP/1.1 fine OK\r\nContent-Length: 4\r\n\r\n<a/>",
    "a_status_of_000": b"HTTP/1.1 000 Nothing\r\nContent-Length: 4\r\n\r\n<a/>",
    "a_status_of_999": b"HTTP/1.1 999 Everything\r\nContent-Length: 4\r\n\r\n<a/>",
    "http_version_3_7": b"HTTP/3.7 200 OK\r\nContent-Length: 4\r\n\r\n<a/>",
    "http_version_1_0": b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n<a/>",
}


@behaves_each(HEADS, LINES, alone={"nul_in_a_header", "a_status_of_words"})
def head_with(ask: Ask, case: bytes) -> Iterator[Step]:
    """Sends a head with {}."""
    yield case
    yield CLOSE


CHARSETS = (
    "utf-7", "utf-16", "utf-32", "cp037", "rot13", "zip", "hex", "base64", "idna", "punycode",
    "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "../../etc/passwd",
    "utf-8; charset=utf-16", "\"utf-8",
)  # fmt: skip


@behaves_each(HEADS, {str(number): name for number, name in enumerate(CHARSETS, 1)})
def odd_charset(ask: Ask, case: str) -> Iterator[Step]:
    """Names an odd charset in Content-Type, one that decoding by its name would stumble over ({})."""
    yield http(body(ask), kind=f"text/xml; charset={case}")


@behaves(HEADS)
def punycode_of_half_a_mebibyte(ask: Ask) -> Iterator[Step]:
    """Names punycode as the charset of half a mebibyte: decoding it takes quadratic time."""
    yield http(body(ask) + b"<!--" + b"a-9" * 170_000 + b"-->", kind="text/xml; charset=punycode")


@behaves(HEADS)
def content_types_that_differ(ask: Ask) -> Iterator[Step]:
    """Names three content types."""
    yield http(body(ask), "Content-Type: application/json", "Content-Type: text/html", kind="text/xml")


PAGES = {
    "html": ("text/html", b"<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>"),
    "json": ("application/json", b'{"Action": "get_list_callback", "Result": "Success"}'),
    "pdf": ("application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    "png": ("image/png", bytes.fromhex("89504e470d0a1a0a0000000d49484452")),
    "zip": ("application/zip", b"PK\x03\x04" + bytes(26)),
    "a_path": ("text/plain", b"/etc/passwd"),
    "an_address": ("text/plain", b"http://127.0.0.1:9/"),
}


@behaves_each(HEADS, PAGES, alone={"html", "a_path"})
def answers_with(ask: Ask, case: tuple[str, bytes]) -> Iterator[Step]:
    """Answers with a body that is no XML: {}."""
    kind, content = case
    yield http(content, kind=kind)


@behaves(STATUSES)
def switching_protocols(ask: Ask) -> Iterator[Step]:
    """Answers 101 Switching Protocols and goes on in another protocol."""
    yield b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    yield b"\x81\x05hello" * 10
    yield HOLD


@behaves_each(
    STATUSES,
    {"204": "204 No Content", "205": "205 Reset Content", "304": "304 Not Modified"},
    alone={"204", "304"},
)
def body_with(ask: Ask, case: str) -> Iterator[Step]:
    """Sends a body with status {}, which has none."""
    yield http(body(ask), status=case)


@behaves_each(
    STATUSES,
    {
        "401": ("401 Unauthorized", 'WWW-Authenticate: Basic realm="lure"'),
        "401_digest": ("401 Unauthorized", 'WWW-Authenticate: Digest realm="lure", nonce="1", qop="auth"'),
        "401_negotiate": ("401 Unauthorized", "WWW-Authenticate: Negotiate"),
        "407": ("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="lure"'),
        "500": ("500 Internal Server Error", "X-Why: none"),
        "418": ("418 I'm a teapot", "X-Why: none"),
        "425": ("425 Too Early", "X-Why: none"),
        "426": ("426 Upgrade Required", "Upgrade: TLS/1.0, HTTP/2.0"),
    },
    alone={"401", "407", "500"},
)
def every_answer_is_status(ask: Ask, case: tuple[str, str]) -> Iterator[Step]:
    """Answers everything with status {}."""
    status, line = case
    yield http(b"<html><body>no</body></html>", line, status=status, kind="text/html")


WAITS = {
    "a_year": "31536000",
    "two_seconds": "2",
    "minus_one": "-1",
    "a_thousand_digits": "9" * 1000,
    "the_year_9999": "Fri, 31 Dec 9999 23:59:59 GMT",
    "nonsense": "soon",
    "nan": "nan",
    "infinity": "inf",
}


@behaves_each(CLOCKS, WAITS, alone={"a_year", "a_thousand_digits", "two_seconds"})
def retry_after(ask: Ask, case: str) -> Iterator[Step]:
    """Answers 503 with `Retry-After`: {}."""
    yield http(b"<busy/>", f"Retry-After: {case}", status="503 Service Unavailable")


@behaves(CLOCKS)
def retry_after_two_seconds_each_time(ask: Ask) -> Iterator[Step]:
    """Answers every other request 429 with `Retry-After: 2`."""
    if ask.number % 2:
        yield http(b"<busy/>", "Retry-After: 2", status="429 Too Many Requests")
    else:
        yield from answer(ask)


DATES = {
    "the_year_9999": "Fri, 31 Dec 9999 23:59:59 GMT",
    "the_year_0": "Sat, 01 Jan 0000 00:00:00 GMT",
    "the_year_100000": "Sat, 01 Jan 100000 00:00:00 GMT",
    "a_thousand_digits": "Sat, 01 Jan " + "9" * 1000 + " 00:00:00 GMT",
    "nonsense": "yesterday",
    "an_odd_zone": "Sat, 01 Jan 2022 00:00:00 +9999",
    "a_huge_zone": "Sat, 01 Jan 2022 00:00:00 +99999999",
    "empty": "",
}


@behaves_each(CLOCKS, DATES, alone={"the_year_9999"})
def date(ask: Ask, case: str) -> Iterator[Step]:
    """Answers honestly, but dated: {}."""
    yield http(body(ask), f"Date: {case}")


@behaves(CLOCKS)
def date_jumps_by_an_hour(ask: Ask) -> Iterator[Step]:
    """Answers honestly, but its Date header jumps an hour to and fro."""
    yield http(body(ask), f"Date: {formatdate(time.time() + 3600 * (ask.number % 3), usegmt=True)}")
