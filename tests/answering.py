"""A small endpoint on loopback that says, byte by byte, what a test wants; and one whole session against it."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme

from conformance.contract.load import documented
from conformance.contract.purpose import Wishes
from conformance.evidence.exchange import Evidence
from conformance.probes import plan as plans
from conformance.probes.plan import Plan
from conformance.sending.connect import Dialer
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.target.target import target
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Report
from tests.evidence_factory import SUCCESS

CONTRACT = documented()
TOKEN = "5ecre7f00dcafe5ecre7f00dcafe1234"
HOST = "host.example"
Script = Callable[["Call"], bytes]


@dataclass
class Call:
    """One request: its bytes, its number on its connection, and the connection."""

    head: str
    number: int
    connection: int
    sock: socket.socket

    @property
    def host(self) -> str:
        found = re.search(r"(?im)^host:[ \t]*(.*?)\r?$", self.head)
        return found[1] if found else ""


def http(body: bytes = b"", *lines: str, status: str = "200 OK") -> bytes:
    """A whole answer with an honest length; the Timestamp of the documented success is the time."""
    body = body or SUCCESS
    body = re.sub(rb"<Timestamp>\d+", b"<Timestamp>%d" % int(time.time()), body)
    head = (
        f"HTTP/1.1 {status}",
        "Content-Type: text/xml; charset=utf-8",
        f"Content-Length: {len(body)}",
        *lines,
    )
    return "\r\n".join([*head, "", ""]).encode() + body


def honest(_: Call) -> bytes:
    return http()


@dataclass
class Endpoint:
    """Listens until it is left."""

    script: Script = honest
    address: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    greeting: bytes = b""  # what is said before anything is asked
    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> Endpoint:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        self._listening = socket.create_server((self.address, self.port), family=family, backlog=64)
        self.port = self._listening.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._connections = 0
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (self._listening, *list(self._open)):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                self._connections += 1
                threading.Thread(target=self._serve, args=(sock, self._connections), daemon=True).start()

    def _serve(self, sock: socket.socket, connection: int) -> None:
        self._open.add(sock)
        with contextlib.suppress(OSError, ValueError), sock:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            with sock:
                if self.greeting:
                    sock.sendall(self.greeting)
                for number, head in enumerate(_requests(sock), 1):
                    call = Call(head, number, connection, sock)
                    self.calls.append(call)
                    sock.sendall(self.script(call))
        self._open.discard(sock)


def _requests(sock: socket.socket) -> Iterator[str]:
    rest = b""
    while True:
        while b"\r\n\r\n" not in rest:
            data = sock.recv(65_536)
            if not data:
                return
            rest += data
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length:[ \t]*(\d+)", head)
        while length and len(rest) < int(length[1]):
            rest += sock.recv(65_536)
        rest = rest[int(length[1]) :] if length else rest
        yield head.decode("latin-1")


def served(certificate: trustme.LeafCert, chain: int | None = None) -> ssl.SSLContext:
    """A server's context that sends so many certificates of the chain, all by default."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pems = b"".join(pem.bytes() for pem in certificate.cert_chain_pems[:chain])
    with trustme.Blob(certificate.private_key_pem.bytes() + pems).tempfile() as file:
        made.load_cert_chain(file)
    return made


def session(
    endpoint: Endpoint,
    *,
    ca_file: Path | str = "",
    addresses: Sequence[str] = ("127.0.0.1",),
    host: str = HOST,
    wishes: Wishes = frozenset(),
    plan: Callable[[Plan], Plan] = lambda plan: plan,
    concurrency: int = 2,
    **values: Any,
) -> tuple[Evidence, Report]:
    """Record and judge the endpoint: the first documented call, and what `wishes` asks for beside it."""
    config = dict(
        endpoint=f"https://{host}:{endpoint.port}/{TOKEN}",
        ca_file=str(ca_file),
        **({"timeout": 5.0, "http_endpoint": "http://127.0.0.1:9/"} | values),
    )
    subject = target("line", config, CONTRACT, environment={})
    made = plan(plans.plan(CONTRACT, subject, wishes))
    asked = (urlsplit(subject.endpoint).hostname or "").removesuffix(".")  # in lower case, and as DNS has it
    dialer = Dialer(subject, lambda name, _: list(addresses) if name.removesuffix(".") == asked else [name])
    began = time.time()
    recording = Wire(subject, Limits(concurrency=concurrency), 1, dialer).run(made)
    evidence = evidence_of(subject, recording, seed=1, started=began)
    return evidence, judge_evidence(evidence, CONTRACT, Terms())


def verdict(report: Report, requirement: str) -> str:
    return next(str(r.verdict) for r in report.requirements if r.id == requirement)


def reason(report: Report, requirement: str) -> str:
    return next(r.reason or r.checks[0].reason for r in report.requirements if r.id == requirement)
