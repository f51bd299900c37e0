"""Tunnels through a forward proxy, and whether it leaves alone what goes through them.

A proxy may open TLS, or answer by itself, on behalf of any host. What such a tunnel shows is no fact about the
endpoint, so it is taken for one only where the proxy was seen to pass bytes on as they are.
"""

from __future__ import annotations

import contextlib
import secrets
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import certifi
import h11
import httpcore
from anyio.abc import SocketAttribute

from conformance.contract.quoting import clip
from conformance.sending.failure import LineFailed
from conformance.sending.tls import context

if TYPE_CHECKING:
    from anyio.abc import SocketStream

OPENED = "the proxy opens what goes through its tunnels, or answers there itself"
_WITHIN_S = 2.0  # for each thing that is tried
_UNSEEN = "the suite could not see whether the proxy changes what goes through its tunnels"
_TO_DO = (
    "what is seen there of TLS, and of plain HTTP on the port of HTTPS, may be its own;"
    " judge once from where no proxy is needed (`explain limits` says why)"
)
NO_LINE = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    OSError,
)  # why there is none, of httpcore


class Tunnels(httpcore.AsyncNetworkBackend):
    """Has a proxy connect (CONNECT, RFC 9110 section 9.3.6); what is spoken then is the caller's matter."""

    def __init__(
        self,
        proxy: httpcore.Proxy,
        inner: httpcore.AsyncNetworkBackend,
        connected: Callable[[], object] = lambda: None,
    ) -> None:
        """inner: dials the proxy. connected: told where a tunnel stands."""
        self.proxy, self.inner, self.connected = proxy, inner, connected

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  a whole exchange has one deadline
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A stream to the host. Raises LineFailed where the proxy makes none."""
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        origin = self.proxy.url.origin
        asking = httpcore.AsyncHTTPConnection(
            origin=origin,
            ssl_context=self.proxy.ssl_context,
            local_address=local_address,
            network_backend=self.inner,
            socket_options=socket_options,
        )
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=place)
        fields = [(b"Host", place.encode()), (b"Accept", b"*/*"), *self.proxy.headers]
        who = f"the proxy {origin.host.decode()}:{origin.port}"
        try:
            response = await asking.handle_async_request(httpcore.Request("CONNECT", url, headers=fields))
        except NO_LINE:
            raise LineFailed("proxy", f"{who} ends the connection, or does not speak HTTP") from None
        if not 200 <= response.status < 300:
            await asking.aclose()
            reason = response.extensions.get("reason_phrase", b"").decode("ascii", "ignore")
            raise LineFailed("proxy", f"{who} does not connect: it answers {response.status} {clip(reason)}".rstrip())
        self.connected()
        stream: httpcore.AsyncNetworkStream = response.extensions["network_stream"]
        return stream


async def doubt(tunnels: Tunnels, host: str, port: int, source: str = "") -> str:
    """Why what a tunnel to the host shows may be the proxy's own; "" where it was seen to leave tunnels alone.

    Bytes that come out of a tunnel to this machine as they went in show it. Where the proxy makes none, the host's
    certificate does, if a public CA has signed it: no proxy has one of those.
    """
    try:
        with anyio.fail_after(_WITHIN_S):
            line = await tunnels.connect_tcp(host, port, local_address=source or None)
    except (TimeoutError, LineFailed, *NO_LINE) as error:
        return f"{_UNSEEN} ({clip(str(error)) or 'it takes too long'}); {_TO_DO}"
    ours = source or line.get_extra_info("client_addr")[0]
    untouched: list[bool | None] = []
    is_public: list[bool] = []

    async def try_out(sent: bytes) -> None:
        untouched.append(await _comes_through(tunnels, ours, sent))

    async with anyio.create_task_group() as tasks:
        for sent in (_client_hello(host), _request(ours)):
            tasks.start_soon(try_out, sent)
        is_public.append(await _is_public(line, host))
    if False in untouched:
        return f"{OPENED}; {_TO_DO}"
    if None in untouched and True not in is_public:
        why = "(it does not connect to this machine, and no public CA signed the certificate)"
        return f"{_UNSEEN} {why}; let it do so (CONNECT, any port); {_TO_DO}"
    return ""


def public_authorities() -> str:
    """The file of public CAs; "" where a distribution has certifi name this machine's own, which may hold another."""
    file = Path(certifi.where()).resolve()
    return str(file) if file.is_relative_to(Path(certifi.__file__).resolve().parent) else ""


async def _is_public(line: httpcore.AsyncNetworkStream, host: str) -> bool:
    """Whether the certificate that is shown is one of those that everybody trusts."""
    try:
        if not (authorities := public_authorities()):
            return False
        with anyio.fail_after(_WITHIN_S):
            line = await line.start_tls(context(authorities), host)
    except (TimeoutError, LineFailed, *NO_LINE):
        return False
    finally:
        await line.aclose()
    return True


async def _comes_through(tunnels: Tunnels, ours: str, sent: bytes) -> bool | None:
    """Whether bytes go through a tunnel to a listener of ours unchanged, both ways; None where none of them arrives."""
    answer, heard, back = secrets.token_bytes(32), bytearray(), bytearray()

    async def listen(caller: SocketStream) -> None:
        async with caller:
            while len(heard) < len(sent):
                heard.extend(await caller.receive())
            await caller.send(answer)

    with anyio.move_on_after(_WITHIN_S):
        try:
            async with await anyio.create_tcp_listener(local_host=ours) as listener, anyio.create_task_group() as tasks:
                tasks.start_soon(listener.serve, listen)
                port: int = listener.extra(SocketAttribute.local_port)  # noqa: S610  no database
                line = await tunnels.connect_tcp(ours, port)
                try:
                    await line.write(sent)
                    while len(back) < len(answer) and (more := await line.read(65_536)):
                        back.extend(more)
                finally:
                    await line.aclose()
                    tasks.cancel_scope.cancel()
        except* (LineFailed, *NO_LINE, anyio.EndOfStream, anyio.BrokenResourceError):
            pass
    if not heard and not back:
        return None
    return heard == sent and back == answer


def _client_hello(host: str) -> bytes:
    """What a client of TLS says first."""
    said = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), said, server_hostname=host)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return said.read()


def _request(host: str) -> bytes:
    """What a client of plain HTTP says."""
    client = h11.Connection(h11.CLIENT)
    return (client.send(h11.Request(method="GET", target="/", headers=[("Host", host)])) or b"") + (
        client.send(h11.EndOfMessage()) or b""
    )
