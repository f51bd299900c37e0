"""Silence and slowness."""

import ssl
from collections.abc import Iterator

from .honest import answer, body, drip, head, http
from .registry import HOLD, INCONCLUSIVE, At, Step, behaves, behaves_each
from .stage import Ask

SLOW = "Silence and slowness"
NOTHING_SEEN = frozenset({INCONCLUSIVE})
HANDSHAKE = 22


@behaves(SLOW, at=At.ACCEPT, exits=NOTHING_SEEN)
def silence_after_accept(ask: Ask) -> Iterator[Step]:
    """Accepts a connection and says nothing."""
    yield HOLD


@behaves(SLOW, at=At.TLS, exits=NOTHING_SEEN)
def silence_after_tls(ask: Ask) -> Iterator[Step]:
    """Completes the TLS handshake and says nothing."""
    yield HOLD


@behaves(SLOW, exits=NOTHING_SEEN)
def silence_after_request(ask: Ask) -> Iterator[Step]:
    """Reads the request and says nothing."""
    yield HOLD


def _handshake(ask: Ask) -> Iterator[bytes]:
    """The server's side of the TLS handshake, as data."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ask.server.tls.wrap_bio(incoming, outgoing, server_side=True)
    while ask.secure:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            yield outgoing.read()
            if not (data := ask.sock.recv(65536)):
                return
            incoming.write(data)
        else:
            yield outgoing.read()
            return


@behaves(SLOW, at=At.ACCEPT, exits=NOTHING_SEEN)
def handshake_a_byte_a_second(ask: Ask) -> Iterator[Step]:
    """Sends its side of the TLS handshake a byte a second."""
    for flight in _handshake(ask):
        yield from drip(flight)
    yield HOLD


@behaves(SLOW, at=At.ACCEPT, exits=NOTHING_SEEN)
def half_a_handshake(ask: Ask) -> Iterator[Step]:
    """Sends the first half of its TLS handshake, then nothing."""
    for flight in _handshake(ask):
        if flight:
            yield flight[: len(flight) // 2]
            break
    yield HOLD


@behaves(SLOW, exits=NOTHING_SEEN)
def head_a_byte_a_second(ask: Ask) -> Iterator[Step]:
    """Sends the head of its answer a byte a second."""
    yield from drip(http(body(ask)))


@behaves(SLOW, exits=NOTHING_SEEN)
def body_a_byte_a_second(ask: Ask) -> Iterator[Step]:
    """Sends the head at once and the body a byte a second."""
    content = body(ask)
    yield head(f"Content-Length: {len(content)}")
    yield from drip(content)


@behaves(SLOW, exits=NOTHING_SEEN)
def chunks_a_byte_a_second(ask: Ask) -> Iterator[Step]:
    """Sends a chunked body of one-byte chunks, one a second."""
    yield head("Transfer-Encoding: chunked")
    for byte in body(ask):
        yield b"1\r\n%c\r\n" % byte
        yield 1.0


@behaves(SLOW, exits=NOTHING_SEEN)
def interim_answer_a_second(ask: Ask) -> Iterator[Step]:
    """Sends `102 Processing` once a second and never an answer."""
    while True:
        yield b"HTTP/1.1 102 Processing\r\n\r\n"
        yield 1.0


@behaves(SLOW, exits=NOTHING_SEEN)
def silence_mid_head(ask: Ask) -> Iterator[Step]:
    """Stops in the middle of a header line."""
    yield b"HTTP/1.1 200 OK\r\nContent-Ty"
    yield HOLD


@behaves(SLOW, exits=NOTHING_SEEN)
def silence_mid_body(ask: Ask) -> Iterator[Step]:
    """Stops in the middle of the body."""
    whole = http(body(ask))
    yield whole[: len(whole) - 60]
    yield HOLD


@behaves(SLOW)
def just_in_time(ask: Ask) -> Iterator[Step]:
    """Takes 2.5 seconds over every answer, within a timeout of 3."""
    yield 2.5
    yield from answer(ask)


@behaves(SLOW)
def slow_then_fast(ask: Ask) -> Iterator[Step]:
    """Takes 2.5 seconds over its first four answers, then answers at once."""
    if ask.number <= 4:
        yield 2.5
    yield from answer(ask)


@behaves(SLOW)
def every_other_answer_is_lost(ask: Ask) -> Iterator[Step]:
    """Says nothing to every other request."""
    if ask.number % 2:
        yield HOLD
    yield from answer(ask)


@behaves(SLOW)
def two_of_three_answers_are_lost(ask: Ask) -> Iterator[Step]:
    """Says nothing to two requests of three, so that losses in a row are few."""
    if ask.number % 3:
        yield HOLD
    yield from answer(ask)


@behaves_each(SLOW, {"1": 1, "5": 5, "20": 20}, alone=True)
def silence_after_calls(ask: Ask, case: int) -> Iterator[Step]:
    """Answers {} calls, then never again."""
    if ask.number > case:
        yield HOLD
    yield from answer(ask)
