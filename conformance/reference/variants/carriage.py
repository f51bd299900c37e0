"""Correct variants: the same answers, carried otherwise over HTTP and TLS."""

from __future__ import annotations

import asyncio
import gzip
import re
import ssl
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.reference.transport import Transport
from conformance.reference.variants.edits import headed, with_body
from conformance.reference.variants.variant import always, answer, correct

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.raw import Speak, Wire
    from conformance.reference.variants.variant import Change

LENGTH = re.compile(rb"content-length: \d+")
UNHEARD = "TLS-02 ERR-009-*"  # what cannot be judged where plain HTTP gives no answer
END = b"0\r\n\r\n"


def _coded(coding: str, compress: Callable[[bytes], bytes]) -> Change:
    return answer(lambda _, whole: with_body(whole, compress(whole.body), content_encoding=coding), always)


def _header(**headers: str | None) -> Change:
    return answer(lambda _, whole: headed(whole, **headers), always)


def _spelt(spell: Callable[[str], str]) -> Change:
    return answer(
        lambda _, whole: replace(whole, headers=tuple((spell(name), value) for name, value in whole.headers)), always
    )


def _many(count: int, size: int) -> Change:
    extra = tuple((f"x-filler-{index}", "x" * size) for index in range(count))
    return answer(lambda _, whole: replace(whole, headers=extra + whole.headers), always)


def _chunks(size: int, *, extension: bytes = b"", end: bytes = END, head: bytes = b"") -> Speak:
    async def speak(wire: Wire) -> None:
        coded = LENGTH.sub(b"transfer-encoding: chunked" + head, wire.head)
        parts = [wire.body[index : index + size] for index in range(0, len(wire.body), size)]
        chunks = [b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts]
        await wire.send(coded, *chunks, end if wire.body else b"")

    return speak


def _first_line(line: bytes) -> Speak:
    """Another status line where the status is 200."""

    async def speak(wire: Wire) -> None:
        await wire.send(wire.head.replace(b"HTTP/1.1 200 OK", line, 1), wire.body)

    return speak


def _announced(*lines: bytes) -> Speak:
    """Interim answers before the answer."""

    async def speak(wire: Wire) -> None:
        await wire.send(b"".join(b"HTTP/1.1 %b\r\n\r\n" % line for line in lines) + wire.head, wire.body)

    return speak


def _rewritten(edit: Callable[[bytes], bytes]) -> Speak:
    """Another spelling of the head."""

    async def speak(wire: Wire) -> None:
        await wire.send(edit(wire.head), wire.body)

    return speak


async def _in_octets(wire: Wire) -> None:
    for byte in wire.head + wire.body:
        await wire.send(bytes([byte]))


async def _in_two(wire: Wire) -> None:
    await wire.send(wire.head + wire.body[:100])
    await asyncio.sleep(0.02)
    await wire.send(wire.body[100:])


async def _after_a_pause(wire: Wire) -> None:
    await asyncio.sleep(0.1)
    await wire.send(wire.head, wire.body)


async def _until_the_end(wire: Wire) -> None:
    await wire.send(LENGTH.sub(b"connection: close", wire.head), wire.body)
    wire.close()


async def _until_it_just_ends(wire: Wire) -> None:
    await wire.send(re.sub(rb"content-length: \d+\r\n", b"", wire.head), wire.body)
    wire.close()


async def _posts_unknown(wire: Wire) -> None:
    if wire.request.method == "POST":
        await wire.send(b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        wire.close()
    else:
        await wire.send(wire.head, wire.body)


async def _http_1_0(wire: Wire) -> None:
    await wire.send(LENGTH.sub(b"connection: close", wire.head.replace(b"HTTP/1.1", b"HTTP/1.0", 1)), wire.body)
    wire.close()


async def _http_1_0_kept(wire: Wire) -> None:
    head = wire.head.replace(b"HTTP/1.1", b"HTTP/1.0", 1).replace(b"\r\n", b"\r\nConnection: keep-alive\r\n", 1)
    await wire.send(head, wire.body)


async def _plain_hung_up(wire: Wire) -> None:
    if wire.request.scheme == "http":
        wire.abort()
    else:
        await wire.send(wire.head, wire.body)


HEADERS: tuple[tuple[str, str, Change, str], ...] = (
    ("gzip_unasked", "Bodies are compressed with gzip, also unasked.", _coded("gzip", gzip.compress), ""),
    ("deflate_unasked", "Bodies are compressed with deflate, also unasked.", _coded("deflate", zlib.compress), ""),
    ("identity_named", "The content coding is named identity.", _header(content_encoding="identity"), ""),
    ("connections_closed", "Every answer announces that it ends the connection.", _header(connection="close"), ""),
    (
        "media_type_application",
        "Answers are application/xml.",
        _header(content_type="application/xml; charset=utf-8"),
        "",
    ),
    (
        "media_type_of_vendor",
        "Answers have a media type of their own.",
        _header(content_type="application/vnd.clickatell.sdk+xml"),
        "",
    ),
    (
        "media_type_in_capitals",
        "The media type is in capitals, its charset quoted.",
        _header(content_type='TEXT/XML;Charset="UTF-8"'),
        "",
    ),
    ("charset_not_named", "The header names no charset.", _header(content_type="text/xml"), ""),
    ("names_in_title_case", "Header names are in title case.", _spelt(str.title), ""),
    ("names_in_capitals", "Header names are in capitals.", _spelt(str.upper), ""),
    ("hundred_headers", "There are a hundred more header fields.", _many(90, 20), ""),
    ("long_headers", "A header field is eight thousand characters long.", _many(1, 8000), ""),
    ("proxied", "Headers tell of a proxy.", _header(via="1.1 cache-7", age="0", x_cache="MISS"), ""),
    (
        "not_stored_in_words",
        "Caching is forbidden in many words.",
        _header(cache_control="no-cache, no-store, must-revalidate, max-age=0", pragma="no-cache", expires="0"),
        "",
    ),
    (
        "expired_long_ago",
        "Answers expired long ago.",
        _header(cache_control="private, max-age=0", expires="Thu, 01 Jan 1970 00:00:00 GMT"),
        "HYG-07",
    ),
    (
        "success_with_203",
        "A success has status 203.",
        answer(lambda call, whole: replace(whole, status=203) if call.success else whole, always),
        "",
    ),
)

SPOKEN: tuple[tuple[str, str, Speak], ...] = (
    ("chunked", "Bodies come in one chunk.", _chunks(100_000)),
    ("chunked_finely", "Bodies come in chunks of seven octets.", _chunks(7)),
    ("chunked_with_extension", "Chunks have extensions.", _chunks(200, extension=b";part=one")),
    (
        "chunked_with_trailer",
        "A trailer field ends the chunks.",
        _chunks(200, end=b"0\r\nX-Checksum: 17\r\n\r\n", head=b"\r\ntrailer: X-Checksum"),
    ),
    ("until_the_connection_ends", "The end of the connection ends the body.", _until_the_end),
    ("until_it_just_ends", "The end of a connection that nothing announced ends the body.", _until_it_just_ends),
    ("http_1_0", "Answers are HTTP/1.0.", _http_1_0),
    ("http_1_0_kept", "Answers are HTTP/1.0 and keep the connection.", _http_1_0_kept),
    ("reason_empty", "The reason phrase is empty.", _first_line(b"HTTP/1.1 200 ")),
    ("reason_in_other_words", "The reason phrase is in other words.", _first_line(b"HTTP/1.1 200 Everything fine: 6")),
    ("reason_not_ascii", "The reason phrase has an umlaut.", _first_line("HTTP/1.1 200 Schön".encode())),
    (
        "early_hints",
        "An interim answer 103 comes first.",
        _announced(b"103 Early Hints\r\nLink: </a.css>; rel=preload"),
    ),
    ("continued_unasked", "Two interim answers 100 come first.", _announced(b"100 Continue", b"100 Continue")),
    ("processing", "An interim answer 102 comes first.", _announced(b"102 Processing")),
    (
        "no_space_behind_colons",
        "No space follows the colon of a header field.",
        _rewritten(lambda head: head.replace(b": ", b":")),
    ),
    (
        "space_behind_values",
        "White space follows the value of a header field.",
        _rewritten(lambda head: re.sub(rb"(?<=[^\n])\r\n(?=[a-z])", b" \t\r\n", head, count=0) if head else head),
    ),
    ("in_single_octets", "Answers come octet by octet.", _in_octets),
    ("in_two_parts", "Answers come in two parts.", _in_two),
    ("after_a_pause", "Answers come after a tenth of a second.", _after_a_pause),
)

TRANSPORTS = (
    ("tls_1_2_only", "Only TLS 1.2 is spoken.", Transport(maximum=ssl.TLSVersion.TLSv1_2)),
    ("tls_1_3_only", "Only TLS 1.3 is spoken.", Transport(minimum=ssl.TLSVersion.TLSv1_3)),
    ("certificate_rsa", "The certificate has an RSA key.", Transport(rsa=True)),
    ("certificate_with_intermediate", "An intermediate certificate is sent.", Transport(intermediate="sent")),
    (
        "intermediate_trusted",
        "Of the chain, an intermediate certificate is trusted, and not the root.",
        Transport(intermediate="sent", anchored="intermediate"),
    ),
    (
        "certificate_without_key_identifiers",
        "A private CA and its certificate have no key identifiers.",
        Transport(handmade="named"),
    ),
)

VARIANTS = (
    *(correct(name, title, how, also=also) for name, title, how, also in HEADERS),
    *(correct(name, title, speak=speak) for name, title, speak in SPOKEN),
    *(correct(name, title, transport) for name, title, transport in TRANSPORTS),
    correct("method_post_unknown", "A POST is answered with 501.", speak=_posts_unknown),
    correct("plain_http_hung_up", "Plain HTTP gets no answer.", speak=_plain_hung_up, also=UNHEARD),
    correct("plain_http_refused", "Nobody listens on the plain HTTP port.", Transport(plain_http=False), also=UNHEARD),
)
