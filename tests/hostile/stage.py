"""The stage: listeners that play a behaviour, a canary that nobody may call, and their certificates."""

import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_plus

import trustme

from . import honest
from .registry import At, Behaviour, Ending, Step

HELD = 65536


class Authority:
    """A certificate authority for one test session."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.tls = self.context(self.ca.issue_cert("localhost", "127.0.0.1"))

    @staticmethod
    def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(made)
        return made

    def write(self, folder: Path) -> Path:
        self.ca.cert_pem.write_to_path(str(folder / "ca.pem"))
        return folder / "ca.pem"


@dataclass
class Ask:
    """One request, or (with an empty head) one connection, as the server saw it."""

    number: int
    secure: bool
    server: "Server"
    sock: socket.socket
    head: bytes = b""
    body: bytes = b""

    @property
    def target(self) -> str:
        words = self.head.split(b"\r\n", 1)[0].split(b" ")
        return words[1].decode("latin-1") if len(words) > 1 else ""

    @property
    def token(self) -> str:
        return self.server.token

    @property
    def text(self) -> str:
        """What is asked for, wherever a binding puts it."""
        return unquote_plus(self.target + "\n" + self.body.decode("utf-8", "replace"))

    def header(self, name: str) -> str | None:
        found = re.search(rb"(?im)^" + name.encode() + rb":[ \t]*(.*?)\r?$", self.head)
        return found[1].decode("latin-1") if found else None


@dataclass
class Record:
    """What of an `Ask` outlives its connection."""

    secure: bool
    head: bytes
    body: bytes


class _Listener:
    """Accepts on loopback, a thread for each connection, until closed."""

    def __init__(self, serve: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self._serve, self._tls = serve, tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._sock = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._sock.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._sock.accept()
            except OSError:
                return
            try:
                if self._tls:
                    sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            except OSError:  # gone already
                sock.close()
                continue
            with self._lock:
                self._open.add(sock)
                thread = threading.Thread(target=self._run, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _run(self, sock: socket.socket) -> None:
        try:
            self._serve(sock)
        finally:
            with self._lock:
                self._open.discard(sock)
                sock.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._sock.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


class Canary:
    """Nobody has a reason to connect here; who does, followed something that an answer said."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self._listener = _Listener(self._note)
        self.url = f"http://127.0.0.1:{self._listener.port}/canary"

    def _note(self, sock: socket.socket) -> None:
        self.calls.append(b"")
        with contextlib.suppress(OSError):
            sock.settimeout(1)
            self.calls[-1] = sock.recv(4096)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary")

    def close(self) -> None:
        self._listener.close()


@dataclass
class Server:
    """One behaviour on two ports, HTTPS and plain HTTP."""

    behaviour: Behaviour
    authority: Authority
    canary: Canary
    token: str
    bait: Path  # a file whose content must turn up nowhere
    on_ask: Callable[[Ask], None] = lambda _ask: None
    records: list[Record] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)  # mistakes of a behaviour, not of its victim

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._tls = self.authority.tls
        if self.behaviour.certificate:
            self._tls = self.behaviour.certificate(self.authority)
        tls = None if self.behaviour.at is At.ACCEPT else self._tls
        self._https = _Listener(lambda sock: self._serve(sock, secure=True), tls)
        self._http = _Listener(lambda sock: self._serve(sock, secure=False))
        self.endpoint = f"https://localhost:{self._https.port}/{self.token}"
        self.http_endpoint = f"http://localhost:{self._http.port}/"

    @property
    def tls(self) -> ssl.SSLContext:
        return self._tls

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._https.close()
        self._http.close()

    def _serve(self, sock: socket.socket, *, secure: bool) -> None:
        try:
            self._converse(sock, secure=secure)
        except OSError:  # the other side has gone; ssl.SSLError is one too
            pass
        except Exception as fault:  # noqa: BLE001  reported by the test that owns this server
            self.faults.append(fault)

    def _converse(self, sock: socket.socket, *, secure: bool) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.behaviour.at is At.ACCEPT:
            self._play(self.behaviour.script, self._ask(sock, secure))
            return
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        if self.behaviour.at is At.TLS:
            self._play(self.behaviour.script, self._ask(sock, secure))
            return
        rest = b""
        while True:
            head, body, rest = _read_request(sock, rest)
            ask = self._ask(sock, secure, head, body)
            self.on_ask(ask)
            is_honest = self.behaviour.at is At.PLAIN and secure
            if self._play(honest.answer if is_honest else self.behaviour.script, ask) is not None:
                return

    def _ask(self, sock: socket.socket, secure: bool, head: bytes = b"", body: bytes = b"") -> Ask:
        with self._lock:
            self.records.append(Record(secure, head[:HELD], body[:HELD]))
            return Ask(len(self.records), secure, self, sock, head, body)

    def _play(self, script: Callable[[Ask], Iterator[Step]], ask: Ask) -> Ending | None:
        for step in script(ask):
            if isinstance(step, bytes):
                ask.sock.sendall(step)
            elif isinstance(step, Ending):
                self._end(ask.sock, step)
                return step
            elif self._stopped.wait(step):
                return Ending.CLOSE
        return None

    @staticmethod
    def _end(sock: socket.socket, ending: Ending) -> None:
        if ending is Ending.RESET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif ending is Ending.HOLD:
            while sock.recv(HELD):
                pass
        elif ending is Ending.CLOSE and isinstance(sock, ssl.SSLSocket):
            sock.settimeout(1)
            sock.unwrap()


def _read_request(sock: socket.socket, rest: bytes) -> tuple[bytes, bytes, bytes]:
    """The next request's head and body, and what was read beyond them."""
    while b"\r\n\r\n" not in rest:
        rest += _more(sock)
    head, _, rest = rest.partition(b"\r\n\r\n")
    if re.search(rb"(?im)^transfer-encoding:.*chunked", head):
        while not rest.endswith(b"0\r\n\r\n"):
            rest += _more(sock)
        return head, rest, b""
    stated = re.search(rb"(?im)^content-length:[ \t]*(\d+)", head)
    length = int(stated[1]) if stated else 0
    pieces, held = [rest], len(rest)
    while held < length:
        pieces.append(_more(sock))
        held += len(pieces[-1])
    rest = b"".join(pieces)
    return head, rest[:length], rest[length:]


def _more(sock: socket.socket) -> bytes:
    data = sock.recv(HELD)
    if not data:
        raise ConnectionError("the client has gone")
    return data
