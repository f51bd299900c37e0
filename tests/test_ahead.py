"""What goes beside the first call: connections that are opened ahead; and controls that only an answer calls for."""

from __future__ import annotations

import contextlib
import ssl
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from socket import socket

import pytest
import trustme

from conformance.contract.load import documented
from conformance.contract.purpose import Kind, Purpose
from conformance.contract.xsd import schema
from conformance.pytest_plugin.session import prepare
from tests.answering import HOST, Call, Endpoint, Script, http, served, session, verdict
from tests.evidence_factory import error

ACTIONS = frozenset({Purpose(Kind.ACTION)})
PLAIN = frozenset({Purpose(Kind.STATE, state="009")})


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    return served(authority.issue_cert(HOST))


def answering(call: Call) -> bytes:
    return http() if "get_list_callback%3C" in call.head else http(error("999"))


@dataclass
class Watched(Endpoint):
    """Tells when a further connection was made beside the first, which is kept waiting for it where `is_slow`."""

    further: threading.Event = field(default_factory=threading.Event)
    seen: list[bool] = field(default_factory=list)
    is_slow: bool = False

    def _serve(self, sock: socket, connection: int) -> None:
        if connection > 1:
            self.further.set()
        elif self.is_slow:
            self.seen.append(self.further.wait(4))
        super()._serve(sock, connection)


def test_connections_are_opened_while_the_first_answer_is_waited_for(tls: ssl.SSLContext, ca_file: Path) -> None:
    def first_waits(call: Call) -> bytes:
        if not endpoint.seen:
            endpoint.seen.append(endpoint.further.wait(4))
        return answering(call)

    endpoint = Watched(first_waits, tls=tls)
    with endpoint:
        evidence, report = session(endpoint, ca_file=ca_file, wishes=ACTIONS)
    assert endpoint.seen == [True]
    assert verdict(report, "REQ-01") == "pass"
    beside = [e for e in evidence.exchanges[1:] if not e.reused][:2]
    assert {e.connection for e in beside} == {2, 3}, "those that were opened are those that are used"


def test_they_are_opened_while_the_first_one_agrees_on_tls(tls: ssl.SSLContext, ca_file: Path) -> None:
    endpoint = Watched(answering, tls=tls, is_slow=True)
    with endpoint:
        report = session(endpoint, ca_file=ca_file, wishes=ACTIONS)[1]
    assert endpoint.seen == [True]
    assert verdict(report, "REQ-01") == "pass"


@pytest.mark.parametrize("concurrency", [1, 2, 8])
def test_the_last_request_is_begun_after_all_others(concurrency: int, tls: ssl.SSLContext, ca_file: Path) -> None:
    """What the others leave behind shows in its answer."""
    with Endpoint(answering, tls=tls) as secure, Endpoint(lambda _: http(error("009"))) as plain:
        wishes, where = ACTIONS | PLAIN, f"http://{HOST}:{plain.port}/"
        evidence, _ = session(
            secure,
            ca_file=ca_file,
            wishes=wishes,
            http_endpoint=where,
            concurrency=concurrency,
            plan=lambda plan: replace(plan, smoke=1, late=()),  # nothing waits for the time to advance
        )
    last = max(evidence.exchanges, key=lambda e: e.started)
    assert (last.probe, last.connection) == ("documented-last-1", 1)


@dataclass
class OneAtATime(Endpoint):
    """Serves a connection to its end before it looks at the next one."""

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                self._connections += 1
                self._serve(sock, self._connections)


def test_they_are_closed_where_the_first_call_is_lost(tls: ssl.SSLContext, ca_file: Path) -> None:
    """Else they would be in the way of the second try."""
    lost: list[Call] = []

    def first_is_dropped(call: Call) -> bytes:
        if not lost:
            lost.append(call)
            raise ValueError("gone")
        return answering(call)

    with OneAtATime(first_is_dropped, tls=tls) as endpoint:
        evidence, _ = session(endpoint, ca_file=ca_file, wishes=ACTIONS, timeout=2.0)
    assert [(e.probe, e.loss and e.loss.kind, e.retried) for e in evidence.exchanges[:2]] == [
        ("documented-1", "closed", False),
        ("documented-1", None, True),
    ]
    assert evidence.exchanges[1].answer


PAGE = http(b"<html>no such token</html>", status="404 Not Found")


@pytest.mark.parametrize(("script", "times"), [(lambda _: http(error("009")), 0), (lambda _: PAGE, 1)])
def test_a_control_is_sent_once_where_an_answer_calls_for_it(
    script: Script, times: int, tls: ssl.SSLContext, ca_file: Path
) -> None:
    with Endpoint(tls=tls) as secure, Endpoint(script) as plain:
        evidence = session(secure, ca_file=ca_file, wishes=PLAIN, http_endpoint=f"http://{HOST}:{plain.port}/")[0]
    asked = {e.control for e in evidence.exchanges if e.request.url.startswith("http:")}
    assert len(asked) == 6
    assert sorted(e.probe for e in evidence.of(Kind.STAND_IN)) == sorted(asked) * times


def test_a_control_is_sent_for_what_was_put_off_at_first(tls: ssl.SSLContext, ca_file: Path) -> None:
    seen: set[str] = set()

    def script(call: Call) -> bytes:
        if call.head in seen:
            return PAGE
        seen.add(call.head)
        return http(b"busy", status="503 Busy")

    with Endpoint(tls=tls) as secure, Endpoint(script) as plain:
        evidence = session(secure, ca_file=ca_file, wishes=PLAIN, http_endpoint=f"http://{HOST}:{plain.port}/")[0]
    asked = {e.control for e in evidence.exchanges if e.request.url.startswith("http:")}
    assert {e.probe for e in evidence.of(Kind.STAND_IN)} == asked


def test_what_judging_needs_is_built_before(monkeypatch: pytest.MonkeyPatch) -> None:
    schema.cache_clear()
    call = documented().call
    prepare([call])
    monkeypatch.setattr("xmlschema.XMLSchema10", None)
    assert schema(call.response_schema).components
