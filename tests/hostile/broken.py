"""Connections that break, and connections that speak something else."""

import random
from collections.abc import Iterator

from .honest import answer, body, http
from .registry import CLOSE, CUT, HOLD, INCONCLUSIVE, RESET, At, Ending, Step, behaves, behaves_each
from .stage import Ask

BROKEN = "Broken connections"
FOREIGN = "Other protocols"
NOTHING_SEEN = frozenset({INCONCLUSIVE})
ENDINGS = {"closes": CLOSE, "resets": RESET}
CUTS = {"cuts": CUT, "resets": RESET}


@behaves_each(BROKEN, ENDINGS, alone=True, at=At.ACCEPT, exits=NOTHING_SEEN)
def after_accept(ask: Ask, case: Ending) -> Iterator[Step]:
    """Accepts, then {} the connection."""
    yield case


@behaves_each(BROKEN, ENDINGS, alone=True, at=At.TLS, exits=NOTHING_SEEN)
def after_tls(ask: Ask, case: Ending) -> Iterator[Step]:
    """Completes the TLS handshake, then {} the connection."""
    yield case


@behaves_each(BROKEN, ENDINGS, alone=True, exits=NOTHING_SEEN)
def after_request(ask: Ask, case: Ending) -> Iterator[Step]:
    """Reads the request, then {} the connection."""
    yield case


@behaves_each(BROKEN, CUTS, alone=True, exits=NOTHING_SEEN)
def mid_head(ask: Ask, case: Ending) -> Iterator[Step]:
    """In the middle of the head it {} the connection."""
    yield b"HTTP/1.1 200 OK\r\nContent-Ty"
    yield case


@behaves_each(BROKEN, CUTS, alone=True, exits=NOTHING_SEEN)
def mid_body(ask: Ask, case: Ending) -> Iterator[Step]:
    """In the middle of a body of stated length it {} the connection."""
    whole = http(body(ask))
    yield whole[: len(whole) - 60]
    yield case


@behaves(BROKEN)
def body_without_a_stated_end(ask: Ask) -> Iterator[Step]:
    """Sends half of a body that lasts until the connection closes, and drops it without TLS's goodbye."""
    content = body(ask)
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n"
    yield content[: len(content) // 2]
    yield CUT


@behaves(BROKEN)
def one_answer_in_five_is_reset(ask: Ask) -> Iterator[Step]:
    """Answers, but resets every fifth connection instead."""
    if ask.number % 5 == 0:
        yield RESET
    yield from answer(ask)


@behaves(BROKEN)
def one_answer_in_five_is_wrong(ask: Ask) -> Iterator[Step]:
    """Answers, but every fifth answer over HTTPS is an HTML page."""
    if ask.secure and ask.number % 5 == 0:
        yield http(b"<html><body>Down for maintenance</body></html>", kind="text/html")
    else:
        yield from answer(ask)


@behaves(BROKEN)
def one_answer_in_five_is_a_gateway(ask: Ask) -> Iterator[Step]:
    """Answers, but a gateway in front of it says HTTP 502 for every fifth answer over HTTPS."""
    if ask.secure and ask.number % 5 == 0:
        yield http(b"<html><body>Bad gateway</body></html>", status="502 Bad Gateway", kind="text/html")
    else:
        yield from answer(ask)


@behaves(BROKEN)
def keeps_alive_and_closes(ask: Ask) -> Iterator[Step]:
    """Promises `Connection: keep-alive` and closes after every answer."""
    yield http(body(ask), "Connection: keep-alive", "Keep-Alive: timeout=600, max=1000")
    yield CLOSE


@behaves(FOREIGN, at=At.ACCEPT)
def plain_http_for_tls(ask: Ask) -> Iterator[Step]:
    """Answers the TLS handshake with a plain HTTP answer."""
    page = b"<h1>400 The plain HTTP request was sent to HTTPS port</h1>"
    yield http(page, status="400 Bad Request", kind="text/html")
    yield CUT


@behaves(FOREIGN, at=At.ACCEPT)
def random_bytes_for_tls(ask: Ask) -> Iterator[Step]:
    """Answers the TLS handshake with random bytes, without end."""
    chance = random.Random(ask.number)
    while True:
        yield chance.randbytes(4096)


@behaves(FOREIGN, at=At.ACCEPT)
def endless_tls_alerts(ask: Ask) -> Iterator[Step]:
    """Answers the TLS handshake with warning alerts, without end."""
    while True:
        yield bytes.fromhex("15 0303 0002 01 70") * 100


@behaves(FOREIGN, alone=False)
def random_bytes_for_an_answer(ask: Ask) -> Iterator[Step]:
    """Answers a request with random bytes."""
    yield random.Random(ask.number).randbytes(65536)
    yield CLOSE


@behaves(FOREIGN)
def endless_random_bytes(ask: Ask) -> Iterator[Step]:
    """Answers a request with random bytes, without end."""
    chance = random.Random(ask.number)
    while True:
        yield chance.randbytes(65536)


@behaves(FOREIGN)
def http_0_9(ask: Ask) -> Iterator[Step]:
    """Answers in HTTP/0.9: the body, with no head."""
    yield body(ask)
    yield CLOSE


@behaves(FOREIGN)
def http_2_preface(ask: Ask) -> Iterator[Step]:
    """Answers with HTTP/2 SETTINGS and GOAWAY frames."""
    yield bytes.fromhex("000012 04 00 00000000 0003 00000064 0004 00100000 0005 00004000")
    yield bytes.fromhex("000008 07 00 00000000 00000000 00000001")
    yield CLOSE


GREETINGS = {
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "smtp": b"220 mail.example.com ESMTP ready\r\n",
    "ftp": b"220 (vsFTPd 3.0.5)\r\n",
    "redis": b"-ERR unknown command 'GET'\r\n",
    "rtsp": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
    "sip": b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "icy": b"ICY 200 OK\r\nicy-name: radio\r\n\r\n",
}


@behaves_each(FOREIGN, GREETINGS, alone={"ssh"})
def greets_as(ask: Ask, case: bytes) -> Iterator[Step]:
    """Answers as a server of another protocol, {}, and waits."""
    yield case
    yield HOLD


@behaves(FOREIGN, alone=False)
def another_protocol_in_the_body(ask: Ask) -> Iterator[Step]:
    """Puts another protocol's greeting into the body of a good HTTP answer."""
    yield http(GREETINGS["smtp"] + b"250-SIZE 10240000\r\n250 STARTTLS\r\n")
