"""Variants that need real sockets: each is started, called, and differs as its name says."""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import ssl
import threading
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

import h11
import pytest

from conformance.reference import Running, start
from conformance.reference.registry import VARIANTS

QUERY = "?XML=" + quote("<clickatellsdk><action>get_list_callback</action></clickatellsdk>")
STAMP = re.compile(rb"<Timestamp>\d+</Timestamp>")
WIRE = [variant for variant in VARIANTS.values() if variant.wire]
CORRECT = [v.id for v in WIRE if v.kind == "correct" and not v.id.startswith("plain_http")]
CERTIFICATES = [v.id for v in WIRE if v.breaks == ("TLS-03",)]
SLOW = {"answered_late", "answered_in_drips"}
OTHERS = {
    "pairs_differ_by_connection",
    "timestamp_of_the_connection",
    "tls_1_0_accepted",
    "certificate_about_to_expire",
    "same_answer_behind_each",
}
FRAMING = [
    v.id for v in WIRE if v.kind == "mutant" and v.breaks != ("TLS-01",) and v.id not in {*SLOW, *OTHERS, *CERTIFICATES}
]


class Caller:
    """A client that keeps its connection while the server does, and says what went wrong."""

    def __init__(self, running: Running, secure: bool = True) -> None:
        url = urlsplit(running.https_url if secure else running.http_url)
        self.port = url.port
        self.context = ssl.create_default_context(cafile=running.ca_file) if secure else None
        if self.context:
            self.context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            self.context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # which Python 3.13 sets
        self.sock: socket.socket | None = None

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.sock:
            self.sock.close()
        self.sock = None

    def connect(self) -> socket.socket:
        self.sock = sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.http = h11.Connection(h11.CLIENT)
        if self.context:
            try:
                self.sock = self.context.wrap_socket(sock, server_hostname="127.0.0.1")
            except OSError:
                self.close()
                raise
        return self.sock

    def send(self, query: str = QUERY) -> None:
        sock = self.sock or self.connect()
        request = h11.Request(method="GET", target=f"/token{query}", headers=[("Host", "localhost")])
        sock.sendall(self.http.send(request) + self.http.send(h11.EndOfMessage()))

    def receive(self) -> bytes:
        assert self.sock is not None
        body = b""
        while not isinstance(event := self.http.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                self.http.receive_data(self.sock.recv(65536))
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionError("no answer")
        is_over = self.http.trailing_data[1]  # the body ended with its connection
        if self.http.our_state is h11.DONE and self.http.their_state is h11.DONE and not is_over:
            self.http.start_next_cycle()
        else:
            self.close()
        return body

    def call(self, query: str = QUERY) -> Any:
        """The body without its time, or the name of what went wrong."""
        try:
            self.send(query)
            return STAMP.sub(b"", self.receive())
        except (h11.ProtocolError, OSError) as error:
            self.close()
            return type(error).__name__

    def calls(self, count: int) -> Any:
        return [self.call() for _ in range(count)]


@pytest.fixture(scope="module")
def expected(running: Running) -> Any:
    with Caller(running) as https, Caller(running, secure=False) as plain:
        return https.call(), plain.call()


@pytest.mark.parametrize("name", CORRECT)
def test_correct_variants_are_understood(name: str, expected: Any) -> None:
    with start(variant=name) as running:
        with Caller(running) as https:
            assert https.calls(5) == [expected[0]] * 5
        with Caller(running, secure=False) as plain:
            assert plain.calls(2) == [expected[1]] * 2


@pytest.mark.parametrize(
    ("name", "outcome"), [("plain_http_refused", "ConnectionRefusedError"), ("plain_http_hung_up", "")]
)
def test_plain_http_gets_no_answer(name: str, outcome: str, expected: Any) -> None:
    with start(variant=name) as running:
        with Caller(running) as https:
            assert https.call() == expected[0]
        with Caller(running, secure=False) as plain:
            assert isinstance(lost := plain.call(), str)
            assert outcome in lost


@pytest.mark.parametrize("name", FRAMING)
def test_mutants_of_framing_lose_or_break_some_answer(name: str, expected: Any) -> None:
    with start(variant=name) as running, Caller(running) as https:
        found = https.calls(13)
        assert any(one != expected[0] for one in found)
        if VARIANTS[name].breaks == ("HYG-10",) and not name.startswith(("connections_closed", "greeted_in")):
            assert expected[0] in found


@pytest.mark.parametrize("name", sorted(SLOW))
def test_slow_answers_are_right_and_slow(name: str, expected: Any) -> None:
    with start(variant=name) as running, Caller(running) as https:
        began = time.monotonic()
        assert https.call() == expected[0]
        first = time.monotonic() - began
        assert https.call() == expected[0]
        assert first > 2.5 > time.monotonic() - began - first


@pytest.mark.parametrize("name", [name for name in CERTIFICATES if name.startswith("certificate")])
def test_certificates_do_not_verify(name: str) -> None:
    nodes = 3 if "one_node" in name else 1
    with start(variant=name) as running, contextlib.ExitStack() as stack:
        said = [stack.enter_context(Caller(running)).call() for _ in range(nodes)]
    assert said.count("SSLCertVerificationError") == 1


def test_https_port_speaks_http() -> None:
    with start(variant="https_port_speaks_http") as running, Caller(running) as https:
        assert https.call() == "SSLError"


def test_certificate_about_to_expire() -> None:
    with start(variant="certificate_about_to_expire") as running, Caller(running) as https:
        https.connect()
        ends = ssl.cert_time_to_seconds(https.sock.getpeercert()["notAfter"])
        assert 0 < ends - datetime.now(UTC).timestamp() < 86400


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("name", "version", "accepted"),
    [
        ("tls_1_0_accepted", "TLSv1", True),
        ("tls_1_2_only", "TLSv1_2", True),
        ("tls_1_2_only", "TLSv1_3", False),
        ("tls_1_3_only", "TLSv1_3", True),
        ("tls_1_3_only", "TLSv1_2", False),
    ],
)
def test_versions_of_tls(name: str, version: str, accepted: bool) -> None:
    with start(variant=name) as running, Caller(running) as https:
        https.context.set_ciphers("ALL:@SECLEVEL=0")
        https.context.minimum_version = https.context.maximum_version = ssl.TLSVersion[version]
        with contextlib.suppress(OSError):
            https.connect()
        assert (https.sock is not None) is accepted


def test_pairs_differ_by_connection() -> None:
    variant = "pairs_differ_by_connection"
    with start(variant=variant) as running, Caller(running) as one, Caller(running) as other:
        roots = [ET.fromstring(caller.call()) for caller in (one, other, one)]
    assert [len(root.findall("Values/Value")) for root in roots] == [6, 5, 6]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        (
            "external_entity_fetched",
            '<!DOCTYPE clickatellsdk [<!ENTITY e SYSTEM "http://127.0.0.1:{}/e">]><clickatellsdk/>',
        ),
        (
            "external_subset_fetched",
            '<!DOCTYPE clickatellsdk SYSTEM "http://127.0.0.1:{}/e"><clickatellsdk/>',
        ),
    ],
)
def test_external_references_are_fetched(name: str, document: str) -> None:
    fetched = threading.Event()

    class Canary(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            fetched.set()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Canary) as canary, start(variant=name) as running:
        threading.Thread(target=canary.serve_forever, kwargs={"poll_interval": 0.01}).start()
        with Caller(running) as https:
            query = "?XML=" + quote(document.format(canary.server_port))
            assert b"<Error>999</Error>" in https.call(query)
        assert fetched.wait(5)
        canary.shutdown()


def test_bodies_are_rewritten() -> None:
    with start(rewrite=lambda body: body.replace(b"GET", b"PUT"), rewrite_errors=bytes.lower) as running:
        with Caller(running) as https:
            assert b"<callback_type>HTTP PUT" in https.call()
        with Caller(running, secure=False) as plain:
            assert b"<error>009</error>" in plain.call()


def test_a_raw_server_ends_promptly_too() -> None:
    running = start(variant="answered_in_drips")
    url = urlsplit(running.https_url)
    silent = socket.create_connection(("127.0.0.1", url.port))
    with Caller(running) as https:
        https.send()
        began = time.monotonic()
        running.close()
        assert time.monotonic() - began < 1
    silent.close()
