"""Serves the reference endpoint over HTTPS and HTTP on loopback, from one background thread."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
import socket
import tempfile
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from conformance.reference.app import ACTIVATION
from conformance.reference.transport import NAMES, Transport, certified

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from conformance.reference.app import Application
    from conformance.reference.raw import Speak

BACKLOG = 512
KEEP_ALIVE = 60  # seconds; longer than a test run pauses, so that no kept connection closes under a client
HANDSHAKE = 10
ACCEPT_AGAIN = 0.05
TEARDOWN_TURNS = 4  # of the loop: an aborted TLS connection is lost below first, then above
REQUEST_HEAD = 1024 * 1024  # beyond the application's own limit, so that it is the one to refuse

Factory = Callable[[], asyncio.Protocol]


class Listener(NamedTuple):
    """A bound socket, and what is spoken on it."""

    sock: socket.socket
    factory: Factory
    tls: ssl.SSLContext | None = None
    either: bool = False


class Running:
    """A started endpoint; a context manager. Made by start()."""

    def __init__(
        self, application: Application, *, transport: Transport, speak: Speak | None, host: str, ports: tuple[int, int]
    ) -> None:
        self.service = application.service
        self.token = self.service.token = secrets.token_hex(16)
        self._behaviour = application.behaviour
        self._loop = asyncio.new_event_loop()
        name = _name(host)
        with contextlib.ExitStack() as undo:
            undo.callback(self._loop.close)
            folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="connect-reference-")))
            self.ca_file = folder / "ca.pem"
            tls = certified(transport, self.ca_file, () if name == "localhost" else (host,))
            factory = _greeting(_protocol(application, speak, self._loop), transport.greeting)
            https = undo.enter_context(_bound(host, ports[0]))
            http = undo.enter_context(_bound(host, ports[1], listening=transport.plain_http))
            self._undo = undo.pop_all()
        self.https_url = f"https://{name}:{https.getsockname()[1]}/{self.token}"
        self.activation_url = f"https://{name}:{https.getsockname()[1]}{ACTIVATION}"
        self.http_url = f"http://{name}:{http.getsockname()[1]}/"
        listeners = [Listener(https, factory, tls if transport.encrypted else None, transport.either)]
        if transport.plain_http:
            listeners.append(Listener(http, factory))
        self._serving = self._loop.create_task(_serve(listeners))
        self._thread = threading.Thread(target=self._run, name="connect-reference", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._serving)

    def set_state(self, state: str | None) -> None:
        """Puts the endpoint into a state of the error table, or out of it; holds from the next call on."""
        self._behaviour.state = state

    def close(self) -> None:
        """Ends connections, thread and listeners; removes the folder. Closing twice is closing once."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._serving.cancel)
            self._thread.join()
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _name(host: str) -> str:
    if host in {*NAMES, "0.0.0.0", "::", ""}:  # noqa: S104  (a comparison)
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _bound(host: str, port: int, *, listening: bool = True) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With IPPROTO_TCP: asyncio sets TCP_NODELAY only on sockets that say so.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        if listening:
            sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _protocol(application: Application, speak: Speak | None, loop: asyncio.AbstractEventLoop) -> Factory:
    if speak is not None:
        from conformance.reference.raw import raw_protocol  # noqa: PLC0415

        return raw_protocol(application, speak, loop)
    from uvicorn.config import Config  # noqa: PLC0415
    from uvicorn.protocols.http.h11_impl import H11Protocol  # noqa: PLC0415
    from uvicorn.server import ServerState  # noqa: PLC0415

    config = Config(
        application,
        http=H11Protocol,  # takes the raw < and > that clients of 2012 put into a request target
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,  # a header never makes a call an HTTPS call
        server_header=False,
        date_header=False,  # the application's, from the clock that made the Timestamp
        timeout_keep_alive=KEEP_ALIVE,
        h11_max_incomplete_event_size=REQUEST_HEAD,
    )
    config.load()
    shared = ServerState()
    return lambda: H11Protocol(config, shared, {}, loop)


def _greeting(factory: Factory, greeting: bytes) -> Factory:
    """The same protocols, each of which says this when its connection is made."""
    if not greeting:
        return factory

    def made() -> asyncio.Protocol:
        protocol = factory()
        begin = protocol.connection_made

        def connection_made(transport: asyncio.BaseTransport) -> None:
            cast("asyncio.Transport", transport).write(greeting)
            begin(transport)

        protocol.connection_made = connection_made  # type: ignore[method-assign]
        return protocol

    return made


async def _serve(listeners: list[Listener]) -> None:
    """Accepts until cancelled, then ends every connection, also those in mid-handshake or kept alive."""
    transports: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
    try:
        await asyncio.gather(*(_accept(listener, transports) for listener in listeners))
    finally:
        for transport in transports:
            with contextlib.suppress(AttributeError):  # Python 3.11.2, where a transport was closed twice
                transport.abort()
        for _ in range(TEARDOWN_TURNS):
            await asyncio.sleep(0)
        remaining = asyncio.all_tasks() - {asyncio.current_task()}
        for task in remaining:
            task.cancel()
        await asyncio.gather(*remaining, return_exceptions=True)


async def _accept(listener: Listener, transports: weakref.WeakSet[asyncio.Transport]) -> None:
    loop = asyncio.get_running_loop()
    handshakes: set[asyncio.Task[None]] = set()
    while True:
        # Not `sock_accept`: cancelled while somebody connects, it prints a traceback.
        await _readable(listener.sock)
        try:
            sock, _ = listener.sock.accept()
            sock.setblocking(False)
        except BlockingIOError:
            continue
        except OSError:  # a client that is gone already, or no descriptor left
            await asyncio.sleep(ACCEPT_AGAIN)
            continue
        handshake = loop.create_task(_connect(listener, sock, transports))
        handshakes.add(handshake)
        handshake.add_done_callback(handshakes.discard)
        handshake.add_done_callback(functools.partial(_drop, sock))


def _drop(sock: socket.socket, handshake: asyncio.Task[None]) -> None:
    if handshake.cancelled():  # perhaps before its first step, while nobody else owned the socket
        sock.close()


async def _connect(listener: Listener, sock: socket.socket, transports: weakref.WeakSet[asyncio.Transport]) -> None:
    with contextlib.suppress(OSError):  # a handshake that fails is the client's business; SSLError is an OSError
        tls = None if listener.either and not await _begins_with_tls(sock) else listener.tls
        timeout = HANDSHAKE if tls else None
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
            listener.factory, sock, ssl=tls, ssl_handshake_timeout=timeout
        )
        transports.add(transport)


async def _begins_with_tls(sock: socket.socket) -> bool:
    """Whether the first octet that a client sends is that of a handshake (RFC 8446 section 5.1)."""
    await _readable(sock)
    return sock.recv(1, socket.MSG_PEEK) == b"\x16"


async def _readable(sock: socket.socket) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock)
