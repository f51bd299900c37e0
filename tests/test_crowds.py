"""An endpoint that serves few connections at a time is judged whole, however it keeps the others out."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Self

import pytest
import trustme

from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.exchange import Evidence
from conformance.probes.plan import Plan
from tests.answering import HOST, Call, Endpoint, http, served, session, verdict

ASKED = frozenset({Purpose(Kind.BINDINGS), Purpose(Kind.SPELLING)})
NOTE = "the endpoint serves few connections at a time: the rest of the run used one"


@dataclass
class Few(Endpoint):
    """Serves `most` connections at a time; others wait, are reset or closed, or are answered with a status."""

    most: int = 1
    others: str = "wait"
    _free: threading.Semaphore = field(init=False)

    def __enter__(self) -> Self:
        self._free = threading.Semaphore(self.most)
        super().__enter__()
        return self

    def _serve(self, sock: socket.socket, connection: int) -> None:
        if not self._free.acquire(blocking=self.others == "wait"):
            return self._keep_out(sock)
        try:
            return super()._serve(sock, connection)
        finally:
            self._free.release()

    def _keep_out(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.others == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif self.others != "close" and self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
                sock.recv(65_536)
                sock.sendall(http(b"busy", "Connection: close", status=self.others))
        sock.close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    authority, file = trustme.CA(), tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return served(authority.issue_cert(HOST)), file


def unanswered(evidence: Evidence) -> list[str]:
    """Requests that got no answer in the end, over HTTPS."""
    last = {e.probe: e for e in evidence.exchanges if e.request.url.startswith("https:")}
    last.pop("documented-1-again", None)
    return [name for name, e in last.items() if not e.answer or not e.answer.envelope.recognised]


@pytest.mark.parametrize("others", ["wait", "reset", "close", "503 Busy", "429 Too Many"])
@pytest.mark.parametrize(("most", "concurrency"), [(1, 1), (1, 4), (2, 4)])
def test_who_serves_few_connections_is_judged(
    others: str, most: int, concurrency: int, tls: tuple[ssl.SSLContext, Path]
) -> None:
    with Few(tls=tls[0], most=most, others=others) as endpoint:
        evidence, report = session(endpoint, ca_file=tls[1], wishes=ASKED, concurrency=concurrency, timeout=0.5)
    assert [n for n in evidence.notes if "few connections" in n] == [NOTE]
    assert unanswered(evidence) == []
    assert verdict(report, "REQ-01") == verdict(report, "CBK-09") == "pass"
    assert not report.obstacle
    assert verdict(report, "HYG-10") == "pass"


def test_a_plain_port_that_never_answers_makes_no_crowd(tls: tuple[ssl.SSLContext, Path]) -> None:
    """As behind a firewall: each call that is tried there costs a whole deadline."""
    wishes = frozenset({*ASKED, Purpose(Kind.STATE, state="009"), Purpose(Kind.CLAIM)})
    with Endpoint(tls=tls[0]) as endpoint, socket.create_server(("127.0.0.1", 0)) as silent:
        plain = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        evidence, report = session(
            endpoint, ca_file=tls[1], wishes=wishes, concurrency=4, timeout=0.5, http_endpoint=plain
        )
    asked = [e for e in evidence.exchanges if e.request.url.startswith("http:")]
    assert [e.kind for e in asked][-1] is Kind.CHECK
    assert len(asked) <= 4 + 1
    assert NOTE not in evidence.notes
    assert unanswered(evidence) == []
    assert verdict(report, "REQ-01") == "pass"
    assert verdict(report, "TLS-02") == "inconclusive"


@contextlib.contextmanager
def dropping() -> Iterator[str]:
    """A URL whose port lets no connection come about, as a firewall does that drops packets: its queue is full."""
    with contextlib.ExitStack() as stack:
        queue = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(contextlib.closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(queue.getsockname())
        yield f"http://{HOST}:{queue.getsockname()[1]}/"


def test_a_plain_port_that_never_connects_is_given_up_soon(
    tls: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for as an answer is, where the port beside it has connected; two calls show it."""
    monkeypatch.setattr("conformance.sending.connect._ONE_OF_MORE_S", 0.2)
    wishes = frozenset({*ASKED, Purpose(Kind.STATE, state="009"), Purpose(Kind.CLAIM)})
    with Endpoint(tls=tls[0]) as endpoint, dropping() as plain:
        evidence, report = session(
            endpoint, ca_file=tls[1], wishes=wishes, concurrency=4, timeout=60, http_endpoint=plain
        )
    asked = [e for e in evidence.exchanges if e.request.url.startswith("http:")]
    assert {e.loss and e.loss.kind for e in asked} == {"unreachable"}
    assert 2 <= len(asked) <= 4
    assert unanswered(evidence) == []
    assert (NOTE in evidence.notes, verdict(report, "REQ-01"), verdict(report, "TLS-01")) == (
        False,
        "pass",
        "inconclusive",
    )


def test_a_port_of_tls_that_never_answers_is_not_waited_for_once_more() -> None:
    """Plain HTTP to it would wait in vain, too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = Endpoint(port=silent.getsockname()[1])
        evidence, _ = session(endpoint, wishes=frozenset({Purpose(Kind.PORT)}), timeout=0.2)
    assert [e.probe for e in evidence.exchanges] == ["documented-1", "documented-1"]
    (why,) = (gap for label, gap in evidence.gaps.items() if label.startswith(Kind.PORT))
    assert "the first call got no answer" in why


@pytest.mark.parametrize("what", ["reset", "put off"])
def test_a_call_that_fails_for_what_it_asks_makes_no_crowd(what: str, tls: tuple[ssl.SSLContext, Path]) -> None:
    def script(call: Call) -> bytes:
        if "CDATA" not in call.head:
            return http()
        if what == "put off":
            return http(b"slowly", status="429 Too Many Requests")
        raise OSError

    with Endpoint(script, tls=tls[0]) as endpoint:
        evidence, _ = session(endpoint, ca_file=tls[1], wishes=ASKED, concurrency=4)
    assert NOTE not in evidence.notes


@pytest.mark.parametrize("times", [1, 2])
def test_the_last_request_is_sent_until_it_is_answered(times: int, tls: tuple[ssl.SSLContext, Path]) -> None:
    """Closed, over the first connection and over a new one, it goes out once more."""
    left = times

    def script(call: Call) -> bytes:
        nonlocal left
        if left and (left < times or call.connection == 1 < call.number):
            left -= 1
            raise OSError
        return http()

    with Endpoint(script, tls=tls[0]) as endpoint:
        evidence, _ = session(endpoint, ca_file=tls[1], wishes=ASKED, plan=lambda plan: replace(plan, late=()))
    assert not left
    assert [bool(e.loss) for e in evidence.exchanges if e.probe == "documented-last-1"] == [*[True] * times, False]


def test_who_ends_each_connection_has_the_time_to_let_it_go(tls: tuple[ssl.SSLContext, Path]) -> None:
    """Else the next one is turned away, as the last one is still served."""

    def some(plan: Plan) -> Plan:
        return replace(plan, together=plan.together[:12], cases={})

    with Few(lambda _: http(b"", "Connection: close"), tls=tls[0], others="reset") as endpoint:
        evidence, report = session(endpoint, ca_file=tls[1], wishes=ASKED, concurrency=4, plan=some)
    assert unanswered(evidence) == []
    assert verdict(report, "HYG-10") == "pass"
    one_by_one = [e for e in evidence.exchanges if e.answer][2:]
    assert len(one_by_one) >= 12
    assert all(after.started - e.finished > 0.09 for e, after in pairwise(one_by_one))


@dataclass
class Losing(Few):
    """Closes every second new connection, too, from some call on, each of which ends its connection."""

    after: int = 10
    lost: int = 0

    def _serve(self, sock: socket.socket, connection: int) -> None:
        if len(self.calls) > self.after and connection % 2:
            self.lost += 1
            return sock.close()
        return super()._serve(sock, connection)

    def answer(self, _: Call) -> bytes:
        return http(b"", *["Connection: close"] * (len(self.calls) > self.after))


def test_who_loses_connections_that_nothing_was_in_the_way_of_is_told(tls: tuple[ssl.SSLContext, Path]) -> None:
    with Losing(tls=tls[0]) as endpoint:
        endpoint.script = endpoint.answer
        evidence, report = session(endpoint, ca_file=tls[1], wishes=ASKED, concurrency=4, timeout=0.5)
    assert endpoint.lost
    assert NOTE in evidence.notes
    assert unanswered(evidence) == []
    assert verdict(report, "HYG-10") == "fail"
