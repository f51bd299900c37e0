"""Mutants that only bytes on the wire can show: framing, and connections that end unannounced (HYG-10)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from conformance.reference.transport import Transport
from conformance.reference.variants.variant import mutant

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.raw import Speak, Wire

LOST = "REQ-01 REQ-02 REQ-05 ENV-01 CBK-09 TLS-02 TLS-03"
LENGTH = re.compile(rb"content-length: (\d+)")


def _edited(edit: Callable[[Wire], tuple[bytes, bytes]], *, nth: int = 1, closing: bool = True) -> Speak:
    """Every nth success with another head and body, after which the connection ends."""

    async def speak(wire: Wire) -> None:
        if not wire.success or wire.number % nth:
            await wire.send(wire.head, wire.body)
            return
        await wire.send(*edit(wire))
        if closing:
            wire.close()

    return speak


def _length(wire: Wire, by: int) -> bytes:
    return LENGTH.sub(lambda found: b"content-length: %d" % (int(found[1]) + by), wire.head)


def _chunked(wire: Wire) -> bytes:
    return LENGTH.sub(b"transfer-encoding: chunked", wire.head)


def _chunk(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)


def _headed(wire: Wire, line: bytes) -> bytes:
    return wire.head.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)


async def _hung_up(wire: Wire) -> None:
    if wire.success and wire.number % 4 == 0:
        wire.close()
    else:
        await wire.send(wire.head, wire.body)


async def _reset(wire: Wire) -> None:
    if wire.success and wire.number % 4 == 0:
        await wire.send(wire.head, wire.body[: len(wire.body) // 2])
        wire.abort()
    else:
        await wire.send(wire.head, wire.body)


async def _closing_unannounced(wire: Wire) -> None:
    await wire.send(wire.head, wire.body)
    wire.close()


async def _closing_against_promise(wire: Wire) -> None:
    await wire.send(_headed(wire, b"Connection: keep-alive\r\nKeep-Alive: timeout=60, max=100"), wire.body)
    wire.close()


CUT = (
    ("length_too_large", "Content-Length says more than comes.", lambda wire: (_length(wire, 40), wire.body)),
    (
        "body_cut_in_half",
        "The second half of the body does not come.",
        lambda wire: (wire.head, wire.body[: len(wire.body) // 2]),
    ),
    ("last_chunk_missing", "The last chunk does not come.", lambda wire: (_chunked(wire), _chunk(wire.body))),
    (
        "chunk_cut_short",
        "A chunk is shorter than it says.",
        lambda wire: (_chunked(wire), _chunk(wire.body)[: len(wire.body) // 2]),
    ),
    (
        "chunk_size_no_number",
        "The size of a chunk is no number.",
        lambda wire: (_chunked(wire), b"xyz\r\n" + wire.body),
    ),
    (
        "two_lengths",
        "Two Content-Length fields disagree.",
        lambda wire: (_headed(wire, b"Content-Length: 17"), wire.body),
    ),
    (
        "length_negative",
        "Content-Length is negative.",
        lambda wire: (LENGTH.sub(b"content-length: -1", wire.head), wire.body),
    ),
    ("head_missing", "The body comes without a head.", lambda wire: (b"", wire.body)),
    (
        "status_no_number",
        "The status is no number.",
        lambda wire: (wire.head.replace(b" 200 OK", b" OK 200", 1), wire.body),
    ),
    (
        "field_without_colon",
        "A header field has no colon.",
        lambda wire: (_headed(wire, b"X-Served-By web3"), wire.body),
    ),
    (
        "space_before_colon",
        "A space stands before the colon of a header field.",
        lambda wire: (_headed(wire, b"X-Served-By : web3"), wire.body),
    ),
)


def _followed(by: Callable[[Wire], bytes]) -> Speak:
    """Every answer with more behind it on the connection, which nobody asked for."""

    async def speak(wire: Wire) -> None:
        await wire.send(wire.head + wire.body + by(wire))

    return speak


async def _followed_late(wire: Wire) -> None:
    await wire.send(wire.head, wire.body)
    await asyncio.sleep(0.005)
    await wire.send(_second(wire))


def _second(wire: Wire) -> bytes:
    """A whole second answer, which is wrong."""
    body = wire.body.replace(b"ClICKATELLSDK", b"ANSWER")
    return LENGTH.sub(b"content-length: %d" % len(body), wire.head) + body


# What each connection begins with, before anything is asked: no answer to anything (RFC 9112 section 9.2).
GREETINGS = (
    (
        "greeted_with_a_success",
        "Each connection begins with a whole Success, before it is asked.",
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 324\r\n\r\n"
            b"<ClICKATELLSDK><Action>get_list_callback</Action><Result>Success</Result><Values>"
            b"<Value><callback_type_id>0</callback_type_id><callback_type>HTTP GET</callback_type></Value>"
            b"<Value><callback_type_id>6</callback_type_id><callback_type>SOAP POST</callback_type></Value>"
            b"</Values><Timestamp>1316512313</Timestamp></ClICKATELLSDK>"
        ),
    ),
    (
        "greeted_with_a_farewell",
        "Each connection begins with HTTP 408, before it is asked.",
        b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
    ),
    ("greeted_in_another_protocol", "Each connection begins with the greeting of SSH.", b"SSH-2.0-OpenSSH_9.6\r\n"),
)


VARIANTS = (
    *(mutant(name, title, "HYG-10", Transport(greeting=said)) for name, title, said in GREETINGS),
    mutant(
        "second_answer_behind_each",
        "A second answer, a wrong one, stands behind each.",
        "HYG-10",
        speak=_followed(_second),
    ),
    mutant("same_answer_behind_each", "Each answer comes twice.", "HYG-10", speak=_followed(lambda w: w.head + w.body)),
    mutant(
        "second_answer_a_little_later",
        "A second answer, a wrong one, comes a little after each.",
        "HYG-10",
        speak=_followed_late,
    ),
    mutant(
        "line_ends_behind_each",
        "Text beyond its length follows each body.",
        "HYG-10",
        speak=_followed(lambda _: b"<!-- served in 3 ms -->\r\n"),
    ),
    *(
        mutant(
            name,
            f"In every third success: {title[0].lower()}{title[1:]}",
            "HYG-10",
            speak=_edited(edit, nth=3),
            also=LOST,
        )
        for name, title, edit in CUT
    ),
    mutant(
        "length_too_small",
        "Content-Length says less than comes.",
        "ENV-01",
        speak=_edited(lambda wire: (_length(wire, -40), wire.body)),
        also=f"{LOST} HYG-10 ENV-02",
    ),
    mutant("calls_lost", "Every fourth call gets no answer.", "HYG-10", speak=_hung_up, also=LOST),
    mutant("connections_reset", "Every fourth answer ends in a reset.", "HYG-10", speak=_reset, also=LOST),
    mutant(
        "connections_closed_unannounced",
        "Every answer ends the connection, unannounced.",
        "HYG-10",
        speak=_closing_unannounced,
        also=LOST,
    ),
    mutant(
        "connections_closed_against_promise",
        "Every answer promises to keep the connection, and ends it.",
        "HYG-10",
        speak=_closing_against_promise,
        also=LOST,
    ),
)
