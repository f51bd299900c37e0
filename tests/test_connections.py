"""Connections: every address of the host is asked, and nothing but an answer is taken for one."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import trustme

from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.from_har import from_har
from conformance.evidence.to_har import to_har
from conformance.probes.plan import Plan
from conformance.sending.line import Line, Port
from tests.answering import HOST, Call, Endpoint, Script, http, reason, served, session, verdict
from tests.evidence_factory import SUCCESS, error

WRONG = SUCCESS.replace(b"Timestamp>", b"Time>")


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    return served(authority.issue_cert(HOST))


# Addresses


def test_every_address_gets_the_documented_call(tls: ssl.SSLContext, ca_file: Path) -> None:
    with Endpoint(tls=tls) as one, Endpoint(tls=tls, address="127.0.0.2", port=one.port) as two:
        evidence, report = session(one, ca_file=ca_file, addresses=["127.0.0.1", "127.0.0.2"])
    assert verdict(report, "REQ-01") == verdict(report, "TLS-03") == "pass"
    assert one.calls
    assert two.calls
    assert {e.address for e in evidence.of(Kind.DOCUMENTED)} == {"127.0.0.1", "127.0.0.2"}
    assert evidence.notes == ()


@pytest.mark.parametrize("wrong", [0, 1])
def test_an_address_that_answers_otherwise_is_judged(wrong: int, tls: ssl.SSLContext, ca_file: Path) -> None:
    scripts: list[Script] = [lambda _: http(), lambda _: http()]
    scripts[wrong] = lambda _: http(WRONG)
    with (
        Endpoint(scripts[0], tls=tls) as one,
        Endpoint(scripts[1], tls=tls, address="127.0.0.2", port=one.port),
    ):
        report = session(one, ca_file=ca_file, addresses=["127.0.0.1", "127.0.0.2"])[1]
    assert verdict(report, "ENV-04") == "fail"


def test_the_certificate_of_every_address_is_verified(tls: ssl.SSLContext, ca_file: Path) -> None:
    stranger = served(trustme.CA().issue_cert(HOST))
    with Endpoint(tls=tls) as one, Endpoint(tls=stranger, address="127.0.0.2", port=one.port):
        report = session(one, ca_file=ca_file, addresses=["127.0.0.1", "127.0.0.2"])[1]
    assert verdict(report, "TLS-03") == "fail"


DEAD = ["127.0.0.9", "::1", "2001:db8::1", "192.0.2.1"]  # refused, refused, without a route, perhaps silent


@pytest.mark.parametrize("dead", DEAD)
@pytest.mark.parametrize("first", [True, False])
def test_an_address_that_does_not_connect_is_named(dead: str, first: bool, tls: ssl.SSLContext, ca_file: Path) -> None:
    addresses = [dead, "127.0.0.1"] if first else ["127.0.0.1", dead]
    with Endpoint(tls=tls) as endpoint:
        evidence, report = session(endpoint, ca_file=ca_file, addresses=addresses)
    assert verdict(report, "REQ-01") == "pass"
    assert len(evidence.notes) == 1
    assert dead in evidence.notes[0]
    assert evidence.exchanges[0].answer


def test_the_address_is_recorded(tls: ssl.SSLContext, ca_file: Path) -> None:
    with Endpoint(tls=tls) as endpoint:
        evidence = session(endpoint, ca_file=ca_file)[0]
    recorded = to_har(evidence, creator_version="0")
    assert {e["serverIPAddress"] for e in json.loads(recorded)["log"]["entries"]} == {"127.0.0.1"}
    assert from_har(recorded) == evidence


PLAIN = frozenset({Purpose(Kind.STATE, state="009"), Purpose(Kind.CLAIM), Purpose(Kind.STAND_IN)})


def refusing(_: Call) -> bytes:
    return http(error("009"))


def serving_claims(call: Call) -> bytes:
    return http() if "x-forwarded-proto: https" in call.head.lower() else refusing(call)


@pytest.mark.parametrize("wrong", [0, 1, 2])
@pytest.mark.parametrize(("script", "accuser"), [(lambda _: http(), "TLS-01"), (serving_claims, "TLS-04")])
def test_plain_http_is_asked_at_every_address(
    script: Script, accuser: str, wrong: int, tls: ssl.SSLContext, ca_file: Path
) -> None:
    addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    scripts: list[Script] = [refusing, refusing, refusing]
    scripts[wrong] = script
    with contextlib.ExitStack() as stack:
        secure = plain = Endpoint()
        for address, answer in zip(addresses, scripts, strict=True):
            secure = stack.enter_context(Endpoint(tls=tls, address=address, port=secure.port))
            plain = stack.enter_context(Endpoint(answer, address=address, port=plain.port))
        evidence, report = session(
            secure,
            ca_file=ca_file,
            addresses=addresses,
            wishes=PLAIN,
            http_endpoint=f"http://{HOST}:{plain.port}/",
        )
    asked = {e.address for e in evidence.exchanges if e.answer and e.request.url.startswith("http:")}
    assert asked == set(addresses)
    assert verdict(report, accuser) == "fail"


def test_plain_http_on_another_host_is_asked_there_alone(tls: ssl.SSLContext, ca_file: Path) -> None:
    """What listens on the same port of another address of the HTTPS host is somebody else."""
    with (
        Endpoint(tls=tls) as one,
        Endpoint(tls=tls, address="127.0.0.2", port=one.port),
        Endpoint(refusing) as plain,
        Endpoint(address="127.0.0.2", port=plain.port) as stranger,
    ):
        session(
            one,
            ca_file=ca_file,
            addresses=["127.0.0.1", "127.0.0.2"],
            wishes=PLAIN,
            http_endpoint=f"http://127.0.0.1:{plain.port}/",
        )
    assert plain.calls
    assert not stranger.calls


# What nobody asked for


def documented_calls(number: int) -> Callable[[Plan], Plan]:
    """The plan's documented call, so many times more."""

    def edit(plan: Plan) -> Plan:
        more = [replace(plan.first, id=f"documented-{n}", fresh=False) for n in range(2, number + 2)]
        return replace(plan, middle=tuple(more), last=(), late=(), handshakes=False)

    return edit


def twice(call: Call) -> bytes:
    return http() + http(WRONG)


def twice_in_two_records(call: Call) -> bytes:
    call.sock.sendall(http())
    return http(WRONG)


def late(call: Call) -> bytes:
    call.sock.sendall(http())
    time.sleep(0.01)
    return http(WRONG)


def longer_than_stated(call: Call) -> bytes:
    return http() + b"\n<!-- more -->\n"


LEFT = {
    "at once": twice,
    "in another record": twice_in_two_records,
    "late": late,
    "no answer": longer_than_stated,
}


@pytest.mark.parametrize("script", LEFT.values(), ids=LEFT)
def test_what_is_left_behind_an_answer_is_no_answer(script: Script, tls: ssl.SSLContext, ca_file: Path) -> None:
    with Endpoint(script, tls=tls) as endpoint:
        evidence, report = session(endpoint, ca_file=ca_file, plan=documented_calls(6))
    assert verdict(report, "ENV-04") == verdict(report, "REQ-01") == "pass"
    assert not any(e.answer and WRONG in e.answer.body for e in evidence.exchanges)
    assert len({e.connection for e in evidence.exchanges}) == len(evidence.exchanges)
    assert "nobody asked for" in evidence.notes[0]


def test_what_follows_a_switch_of_protocols_was_asked_for(tls: ssl.SSLContext, ca_file: Path) -> None:
    switched = (
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
    )

    def plain(call: Call) -> bytes:
        return switched if "upgrade: h2c" in call.head.lower() else refusing(call)

    with Endpoint(tls=tls) as endpoint, Endpoint(plain) as clear:
        at = f"http://{HOST}:{clear.port}/"
        wishes = frozenset({Purpose(Kind.FORM), Purpose(Kind.STAND_IN)})
        evidence, report = session(endpoint, ca_file=ca_file, wishes=wishes, http_endpoint=at)
    assert any(e.answer and e.answer.status == 101 and not e.answer.surplus for e in evidence.exchanges)
    assert evidence.notes == ()
    assert verdict(report, "HYG-10") != "fail"


def test_a_friendlier_leftover_passes_nothing(tls: ssl.SSLContext, ca_file: Path) -> None:
    """What is right in a leftover does not stand for the answer that is wrong."""
    with Endpoint(lambda c: http(WRONG) + http(), tls=tls) as endpoint:
        report = session(endpoint, ca_file=ca_file, plan=documented_calls(3))[1]
    assert verdict(report, "ENV-04") == "fail"


def test_a_farewell_on_an_idle_connection_is_no_answer(tls: ssl.SSLContext, ca_file: Path) -> None:
    farewell = http(b"<late/>", "Connection: close", status="408 Request Timeout")
    with Endpoint(lambda c: http() + farewell, tls=tls) as endpoint:
        evidence, report = session(endpoint, ca_file=ca_file, plan=documented_calls(3))
    assert verdict(report, "REQ-01") == "pass"
    assert evidence.notes == ()


def test_a_farewell_on_a_new_connection_is_no_answer(tls: ssl.SSLContext, ca_file: Path) -> None:
    farewell = http(b"<late/>", "Connection: close", status="408 Request Timeout")
    with Endpoint(lambda c: farewell if c.connection == 1 else http(), tls=tls) as endpoint:
        report = session(endpoint, ca_file=ca_file, plan=documented_calls(3))[1]
    assert verdict(report, "REQ-01") == "pass"


def test_an_envelope_with_the_status_of_a_farewell_is_judged(tls: ssl.SSLContext, ca_file: Path) -> None:
    def script(call: Call) -> bytes:
        return http(WRONG, status="408 Request Timeout") if call.number == 2 else http()

    with Endpoint(script, tls=tls) as endpoint:
        report = session(endpoint, ca_file=ca_file, plan=documented_calls(3))[1]
    assert verdict(report, "ENV-04") == "fail"


def test_the_end_of_a_connection_may_end_a_body_unannounced(tls: ssl.SSLContext, ca_file: Path) -> None:
    """RFC 9112 section 6.3. The server waits for the other side's end of TLS before it ends TCP."""

    def script(call: Call) -> bytes:
        call.sock.sendall(re.sub(rb"Content-Length: \d+\r\n", b"", http()))
        call.sock.settimeout(2)
        assert isinstance(call.sock, ssl.SSLSocket)
        call.sock.unwrap()
        raise OSError

    with Endpoint(script, tls=tls) as endpoint:
        evidence, report = session(endpoint, ca_file=ca_file, plan=documented_calls(3))
    assert verdict(report, "REQ-01") == "pass"
    assert all(e.answer and not e.retried for e in evidence.exchanges)


def test_a_call_that_was_closed_twice_is_sent_once_more_later(tls: ssl.SSLContext, ca_file: Path) -> None:
    closed: list[str] = []

    def script(call: Call) -> bytes:
        if "%5BCDATA" in call.head and len(closed) < 2:
            closed.append(call.head)
            raise OSError
        return http()

    with Endpoint(script, tls=tls) as endpoint:
        wishes = frozenset({Purpose(Kind.SPELLING)})
        evidence, _ = session(endpoint, ca_file=ca_file, wishes=wishes, concurrency=1)
    answered = {e.probe: e.answer is not None for e in evidence.exchanges}
    assert len(closed) == 2
    assert all(answered.values())


def test_an_endpoint_that_is_away_for_a_moment_is_asked_again(
    tls: ssl.SSLContext, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it is started anew: two calls and a look at it are lost, each more than once."""
    monkeypatch.setattr("conformance.sending.worker._AWAY_S", (0.01, 0.01))
    asked = itertools.count()

    def script(_: Call) -> bytes:
        if 3 < next(asked) < 10:
            raise OSError
        return http()

    with Endpoint(script, tls=tls) as endpoint:
        evidence, report = session(endpoint, ca_file=ca_file, plan=documented_calls(9), concurrency=1)
    assert {e.probe for e in evidence.exchanges if e.answer} >= {f"documented-{n}" for n in range(8, 11)}
    assert not report.obstacle


INTERIM = (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3)


@pytest.mark.parametrize("before", INTERIM)
def test_interim_answers_are_legal(before: bytes, tls: ssl.SSLContext, ca_file: Path) -> None:
    with Endpoint(lambda c: before + http(), tls=tls) as endpoint:
        evidence, report = session(endpoint, ca_file=ca_file, plan=documented_calls(2))
    assert verdict(report, "REQ-01") == "pass"
    assert evidence.notes == ()


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_a_body_where_there_is_none_is_no_answer(status: str, tls: ssl.SSLContext, ca_file: Path) -> None:
    with Endpoint(lambda c: http(status=status if c.connection == 1 else "200 OK"), tls=tls) as endpoint:
        evidence, _ = session(endpoint, ca_file=ca_file, plan=documented_calls(2))
    assert next(e.answer.body for e in evidence.exchanges if e.answer) == b""
    assert all(e.answer for e in evidence.exchanges)


# The suite's own limits


def test_a_head_that_is_too_long_is_a_limit_of_the_suite(tls: ssl.SSLContext, ca_file: Path) -> None:
    fields = [f"X-{n}: 1" for n in range(20_000)]
    with Endpoint(lambda c: http(b"", *fields), tls=tls) as endpoint:
        evidence, report = session(endpoint, ca_file=ca_file)
    assert evidence.exchanges[0].loss
    assert evidence.exchanges[0].loss.kind == "too-large"
    assert re.search(r"head.*100 KiB, the most that the suite reads", reason(report, "REQ-01"))
    assert verdict(report, "REQ-01") == "inconclusive"
    assert verdict(report, "HYG-10") != "fail"


def test_a_chunk_that_is_none_is_named(tls: ssl.SSLContext, ca_file: Path) -> None:
    broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"
    with Endpoint(lambda c: broken, tls=tls) as endpoint:
        evidence = session(endpoint, ca_file=ca_file)[0]
    assert evidence.exchanges[0].answer
    assert "not framed as HTTP/1.1" in evidence.exchanges[0].answer.unread


def test_what_httpcore_looks_for_at_each_request_is_not_searched_for() -> None:
    """Where it is not installed, to look through all folders each time takes a third of the time of sending."""
    assert "sniffio" in sys.modules or find_spec("sniffio")


# What comes before anything is asked

GREETINGS = {
    "a whole answer": http(),
    "an interim answer": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "a farewell": b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a line end": b"\r\n",
}


@pytest.mark.parametrize("greeting", GREETINGS.values(), ids=GREETINGS)
def test_what_comes_before_the_first_request_is_no_answer(greeting: bytes, tls: ssl.SSLContext, ca_file: Path) -> None:
    with Endpoint(lambda _: http(WRONG), tls=tls, greeting=greeting) as endpoint:
        evidence, report = session(endpoint, ca_file=ca_file, plan=documented_calls(3))
    assert not any(e.answer for e in evidence.exchanges)
    assert {e.loss.kind for e in evidence.exchanges if e.loss} == {"malformed"}
    assert verdict(report, "ENV-04") == verdict(report, "REQ-01") == "inconclusive"
    assert "speaks before it is asked" in reason(report, "REQ-01")


def test_so_it_is_where_an_endpoint_is_far(tls: ssl.SSLContext, ca_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a connection takes as long as it would be heard out, what came with it is all that can be heard."""
    monkeypatch.setattr("conformance.sending.line._LISTEN_S", 0.0)
    monkeypatch.setattr("conformance.sending.line._FAR_S", 1.0)
    with Endpoint(lambda _: http(WRONG), tls=tls, greeting=http()) as endpoint:
        report = session(endpoint, ca_file=ca_file, plan=documented_calls(3))[1]
    assert "speaks before it is asked" in reason(report, "REQ-01")


def test_a_frame_of_http_2_before_the_first_request_is_named(tls: ssl.SSLContext, ca_file: Path) -> None:
    settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    with Endpoint(tls=tls, greeting=settings) as endpoint:
        evidence = session(endpoint, ca_file=ca_file)[0]
    assert {e.loss.kind for e in evidence.exchanges if e.loss} == {"http2"}


def test_a_port_that_waits_is_heard_out_once(
    tls: ssl.SSLContext, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of a second for every connection would add up."""
    heard = []
    listen = Port.listen

    async def counted(port: Port, on: Line) -> None:
        heard.append(port.waits)
        await listen(port, on)

    monkeypatch.setattr(Port, "listen", counted)
    with Endpoint(lambda _: http(WRONG, "Connection: close"), tls=tls) as endpoint:
        session(endpoint, ca_file=ca_file, plan=documented_calls(3))
    assert heard == [None, True, True, True]
