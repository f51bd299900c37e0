"""Forward proxies on loopback: an honest one, and those that open, refuse, stall or answer in an endpoint's place."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import h11
import trustme

_GONE = (OSError, h11.RemoteProtocolError, h11.LocalProtocolError)


@dataclass
class Proxy:
    """Listens until it is left; connects tunnels (CONNECT) and forwards requests, one a connection."""

    credentials: str = ""  # user:password
    ports: tuple[int, ...] = ()  # to which it makes tunnels; any where there are none
    finds_nobody: bool = False  # behind it
    closes_at_once: bool = False  # as what is no proxy does
    closes: bool = False  # every tunnel, as soon as it stands
    says: bytes = b""  # in every tunnel, in place of the other side
    opens: ssl.SSLContext | None = None  # whose certificate it shows in place of the endpoint's, over and back to TLS
    tls: ssl.SSLContext | None = None  # its own
    stalls: bool = False  # says nothing to any request
    hangs: tuple[int, ...] = ()  # says nothing where it is to make a tunnel to these ports
    forwards: bytes | None = None  # says this in place of forwarding a request
    asked: list[str] = field(default_factory=list)  # method and target of each request

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        self._open: set[socket.socket] = {self._listening}
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        self._listening.close()

    @property
    def url(self) -> str:
        return (
            f"http{'s' if self.tls else ''}://{self.credentials}{'@' if self.credentials else ''}127.0.0.1:{self.port}"
        )

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._listening.accept()[0],), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        self._open.add(sock)
        with contextlib.suppress(*_GONE), sock:
            ours = self.tls.wrap_socket(sock, server_side=True) if self.tls else sock
            with ours:
                self._answer(ours)
        self._open.discard(sock)

    def _answer(self, sock: socket.socket) -> None:
        if self.closes_at_once:
            return
        client = h11.Connection(h11.SERVER)
        request = _event(client, sock)
        assert isinstance(request, h11.Request)
        place = request.target.decode()
        self.asked.append(f"{request.method.decode()} {place}")
        connects = request.method == b"CONNECT"
        there = urlsplit(f"//{place}" if connects else place)
        port = there.port or 80
        if self.stalls or (connects and port in self.hangs):
            sock.recv(1)
            return
        if self.forwards is not None and not connects:
            sock.sendall(self.forwards)
            return
        wanted = b"Basic " + base64.b64encode(self.credentials.encode())
        if self.credentials and dict(request.headers).get(b"proxy-authorization") != wanted:
            _refuse(client, sock, 407, "Proxy Authentication Required")
            return
        if connects and self.ports and port not in self.ports:
            _refuse(client, sock, 403, "Forbidden")
            return
        try:
            if self.finds_nobody:
                raise ConnectionRefusedError
            other = socket.create_connection((there.hostname or "", port), timeout=10)
        except OSError:
            _refuse(client, sock, 503, "Service Unavailable")
            return
        self._open.add(other)
        with other:
            if connects:
                sock.sendall(client.send(h11.Response(status_code=200, headers=[])) or b"")
                self._tunnel(sock, other)
            else:
                _forward(client, request, sock, other)
        self._open.discard(other)

    def _tunnel(self, sock: socket.socket, other: socket.socket) -> None:
        if self.closes or self.says:
            sock.sendall(self.says)
            return
        if self.opens:
            is_tls = sock.recv(1, socket.MSG_PEEK) == b"\x16"
            blind = ssl.create_default_context()
            blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
            with contextlib.ExitStack() as stack:
                sock = stack.enter_context(self.opens.wrap_socket(sock, server_side=True)) if is_tls else sock
                _pass_on(sock, stack.enter_context(blind.wrap_socket(other)))
        else:
            _pass_on(sock, other)


def opening(host: str, authority: trustme.CA) -> ssl.SSLContext:
    """What a proxy that opens TLS shows: a certificate for the host by an authority of its own, down to TLS 1.0."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(made)
    made.set_ciphers("ALL:@SECLEVEL=0")
    made.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return made


def _event(connection: h11.Connection, sock: socket.socket) -> h11.Event | type[h11.PAUSED]:
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(sock.recv(65_536))
    return event  # type: ignore[return-value]


def _refuse(client: h11.Connection, sock: socket.socket, status: int, reason: str) -> None:
    fields = [("Connection", "close"), ("Content-Length", "0")]
    sock.sendall(client.send(h11.Response(status_code=status, reason=reason.encode(), headers=fields)) or b"")


def _forward(client: h11.Connection, request: h11.Request, sock: socket.socket, other: socket.socket) -> None:
    """The request in origin form, and the answer, after which the connection is closed."""
    server = h11.Connection(h11.CLIENT)
    parts = urlsplit(request.target.decode())
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    fields = [(name, value) for name, value in request.headers if not name.startswith(b"proxy-")]
    sent = server.send(h11.Request(method=request.method, target=target, headers=fields)) or b""
    while isinstance(event := _event(client, sock), h11.Data | h11.EndOfMessage):
        sent += server.send(event) or b""
        if isinstance(event, h11.EndOfMessage):
            break
    other.sendall(sent)
    while isinstance(event := _event(server, other), h11.Response | h11.Data | h11.EndOfMessage):
        if isinstance(event, h11.Response):
            kept = [(name, value) for name, value in event.headers if name != b"connection"]
            event = h11.Response(
                status_code=event.status_code, reason=event.reason, headers=[*kept, (b"Connection", b"close")]
            )
        sock.sendall(client.send(event) or b"")
        if isinstance(event, h11.EndOfMessage):
            return


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Bytes, both ways, until either side is done."""
    to = {one: other, other: one}
    while True:
        waiting = [s for s in to if isinstance(s, ssl.SSLSocket) and s.pending()] or select.select(list(to), [], [])[0]
        for sock in waiting:
            sock.settimeout(0)
            try:
                data = sock.recv(65_536)
            except ssl.SSLWantReadError:  # what came was TLS's own
                continue
            finally:
                sock.settimeout(10)
            if not data:
                return
            to[sock].sendall(data)
