"""Connections: bytes counted and capped, secrets put in at the last moment, and nothing taken for an answer but one."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import AsyncIterator, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import anyio
import anyio.streams.tls
import httpcore
import httpx

from conformance.evidence.exchange import Handshake, Request, Tls
from conformance.sending.failure import LineFailed
from conformance.sending.resolve import Names, Resolver, first_to_connect, system
from conformance.sending.tls import Trust, facts, no_http_1, old

if TYPE_CHECKING:
    from conformance.target.secrets import Secrets
    from conformance.target.target import Target

# It logs heads as they were received, with whatever an endpoint says back, for everybody who listens to all logs.
logging.getLogger("httpcore").setLevel(logging.CRITICAL)

_REFUSAL_S = 1.0
_ONE_ADDRESS_S = 3.0  # for one of several addresses of a host to connect
_MOMENT_S = 0.05  # what has arrived below TLS is read within this, or is no answer's data
_UNSAFE = re.compile(r'[^\x21-\x7e]|["<>`{}]')  # no part of a URL as it travels (RFC 3986 section 2)
_SETTINGS = 4  # the type of the frame that a server's side of HTTP/2 begins with (RFC 9113 section 3.4)


class Meter:
    """What happens on one worker's connections during one exchange. Mutable, one task's own."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.connection = 0
        self.address = ""
        self.tls: Tls | None = None
        self.line: _Line | None = None  # that the last request was written on
        self.begin()

    def begin(self) -> None:
        """A new exchange begins; the connection may be the one before."""
        self.received = 0
        self.surplus = 0  # octets behind the answer, which no request asked for
        self.exceeded = False
        self.reused = True
        self.stage = "waiting for an answer"
        self.http_version = ""

    def count(self, size: int) -> None:
        self.received += size
        if self.received > self.cap:
            self.exceeded = True
            raise LineFailed("too-large", f"the answer is larger than {self.cap} bytes on the wire")

    async def watch(self, seconds: float) -> None:
        """Wait whether anything comes on the connection that has just been used, which nobody asked for."""
        await anyio.sleep(seconds)
        if self.line is not None:
            self.surplus += await self.line.unasked()


class _Line(httpcore.AsyncNetworkStream):
    """A stream that counts what comes and puts the secrets into what goes."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, dialer: Dialer, meter: Meter) -> None:
        self.inner, self.dialer, self.meter = inner, dialer, meter
        self._begun = False
        self._over = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = await self.inner.read(max_bytes, timeout)
        except OSError as error:  # an alert, by which a server refuses a certificate after the handshake
            raise self.dialer.trust.failed(error, "") or error from None
        self.meter.count(len(data))
        if not self._begun and len(data) >= 9 and data[3] == _SETTINGS and not any(data[5:9]):
            raise no_http_1("the server answers HTTP/1.1 with a frame of HTTP/2")
        self._begun = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.meter.line = self
        if self.meter.http_version == "HTTP/1.0":  # h11 writes its own version only
            buffer = buffer.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
        await self.inner.write(self.dialer.secrets.reveal(buffer), timeout)

    async def unasked(self) -> int:
        """Read what has come since the answer was complete; how many octets.

        RFC 9112 section 9.2: such data is no answer. RFC 9110 section 15.5.9: 408 may end an idle connection.
        """
        data = b""
        tls: ssl.SSLObject | None = self.inner.get_extra_info("ssl_object")
        if tls is not None:
            try:
                data = tls.read(65_536)
            except ssl.SSLError:  # nothing more, so far
                data = b""
        if not data and self.inner.get_extra_info("is_readable"):
            with anyio.move_on_after(_MOMENT_S):
                try:
                    data = await self.inner.read(65_536)
                    self._over = True  # at its end, or with something on it that nobody asked for
                except (httpcore.NetworkError, OSError):
                    self._over = True
        self._over = self._over or bool(data)
        return _surplus(data)

    def retire(self) -> None:
        """See to it that the connection is not used again."""
        self._over = True

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self.meter.stage = "the TLS handshake"
        host = undotted(server_hostname or "")
        try:
            inner = await self.inner.start_tls(ssl_context, host, timeout)
        except BaseException as error:
            # Also when the deadline cuts a handshake short: nobody else knows of this connection yet.
            with anyio.move_on_after(0.5, shield=True):
                await self.inner.aclose()
            if isinstance(error, httpcore.ConnectError | OSError):
                closed = LineFailed("closed", "the connection was closed during the TLS handshake")
                raise self.dialer.trust.failed(error, host) or closed from None
            raise
        self.meter.stage = "waiting for an answer"
        self.meter.tls = facts(inner.get_extra_info("ssl_object"))
        return _Line(inner, self.dialer, self.meter)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._over:
            return True  # which tells the pool not to use it again
        return self.inner.get_extra_info(info)


class _Backend(httpcore.AsyncNetworkBackend):
    """Dials for one worker, to one address of the host where one is given."""

    def __init__(self, dialer: Dialer, meter: Meter, address: str) -> None:
        self.dialer, self.meter, self.address = dialer, meter, address
        self.inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.meter.reused, self.meter.tls, self.meter.address = False, None, ""
        self.meter.connection = self.dialer.number()
        self.meter.stage = "resolving the name"
        addresses = [self.address] if self.address else await self.dialer.names.resolve(host, port)
        self.meter.stage = "connecting"

        async def connect(address: str) -> httpcore.AsyncNetworkStream:
            return await self.inner.connect_tcp(address, port, timeout, local_address, socket_options)

        try:
            with anyio.fail_after(_ONE_ADDRESS_S if self.address else None):
                address, line = await first_to_connect(addresses, connect, lambda made: made.aclose())
        except TimeoutError:
            raise LineFailed("unreachable", f"it does not connect within {_ONE_ADDRESS_S:g} s") from None
        except (httpcore.ConnectError, OSError) as error:
            raise _no_connection(error, host, port, local_address) from None
        if not self.address:
            self.dialer.names.prefer(host, address)
        self.meter.address = address
        self.meter.stage = "waiting for an answer"
        return _Line(line, self.dialer, self.meter)

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


def _no_connection(error: Exception, host: str, port: int, local_address: str | None) -> LineFailed:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ConnectionRefusedError):
        return LineFailed("refused", f"{host} refuses connections on port {port}")
    text = str(cause or error)
    if "refused" in text.lower() or "All connection attempts failed" in text:
        return LineFailed("refused", f"{host} refuses connections on port {port}")
    if local_address:
        return LineFailed(
            "unreachable", f"no connection to {host} port {port} from the address {local_address}"
        )
    return LineFailed(
        "unreachable",
        f"no connection to {host} port {port}: {getattr(cause, 'strerror', None) or 'unreachable'}",
    )


class Dialer:
    """Makes transports; keeps the addresses of names and the numbers of connections."""

    def __init__(self, target: Target, resolver: Resolver = system) -> None:
        self.target = target
        self.secrets: Secrets = target.secrets
        self.names = Names(resolver)
        self._connections = 0

    @cached_property
    def trust(self) -> Trust:
        """One for the session: building its context costs 20 ms."""
        return Trust(self.target)

    def number(self) -> int:
        self._connections += 1
        return self._connections

    def transport(
        self, meter: Meter, *, proxy: str = "", source_address: str = "", address: str = ""
    ) -> Transport:
        """A transport over connections of its own; to one `address` of the host, where it is given."""
        common: dict[str, Any] = {
            "ssl_context": self.trust.context,
            "network_backend": _Backend(self, meter, address),
            "local_address": source_address or None,
            "max_connections": 4,  # one for each channel, and for states with an endpoint of their own
            "http2": False,
        }
        pool = _proxied(proxy, common) if proxy else httpcore.AsyncConnectionPool(**common)
        return Transport(pool, meter)

    async def handshake(self, host: str, port: int, version: ssl.TLSVersion, timeout: float) -> Handshake:
        """Whether the endpoint agrees to an old TLS version. A local failure says nothing about the endpoint."""
        name = version.name.replace("TLSv1_1", "TLS 1.1").replace("TLSv1", "TLS 1.0")
        try:
            context = old(version)
        except (ssl.SSLError, ValueError):
            return Handshake(name, None, "this machine does not speak it")
        try:
            with anyio.fail_after(min(timeout, 5.0)):
                addresses = await self.names.resolve(host, port)
                stream = await anyio.connect_tcp(addresses[0], port)
                async with stream:
                    await anyio.streams.tls.TLSStream.wrap(
                        stream, hostname=undotted(host), ssl_context=context
                    )
                return Handshake(name, True)
        except ssl.SSLError as error:
            local = "no protocols available" in str(error).lower() or "no ciphers" in str(error).lower()
            return Handshake(
                name, None if local else False, "this machine does not speak it" if local else "refused"
            )
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return Handshake(name, False, "refused: the connection was closed")
        except (TimeoutError, OSError, LineFailed):
            return Handshake(name, None, "no answer to the handshake")

    async def refusal(self, host: str, port: int, address: str) -> LineFailed | None:
        """What the server says by itself after a handshake, where nothing is sent; None where it says nothing."""
        if not address:
            return None
        with anyio.move_on_after(_REFUSAL_S):
            try:
                async with await anyio.connect_tcp(address, port) as stream:
                    await (
                        await anyio.streams.tls.TLSStream.wrap(
                            stream, hostname=undotted(host), ssl_context=self.trust.context
                        )
                    ).receive()
            except OSError as error:  # an alert is ssl.SSLError, which is one
                return self.trust.failed(error, host)
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return None
        return None


def undotted(host: str) -> str:
    """A host name without the dot of the root: TLS, its certificate and `Host` name it so (RFC 6066 section 3)."""
    return host.removesuffix(".")


def _proxied(proxy: str, common: dict[str, Any]) -> httpcore.AsyncConnectionPool:
    url = httpx.URL(proxy)
    plain = str(url.copy_with(username=None, password=None))
    headers = []
    if url.userinfo:
        headers.append((b"Proxy-Authorization", b"Basic " + url.userinfo))
    return httpcore.AsyncHTTPProxy(proxy_url=plain, proxy_headers=headers or None, **common)


class Transport:
    """Sends requests as they stand over a pool with a network backend of ours (httpx's own transport takes none)."""

    def __init__(self, pool: httpcore.AsyncConnectionPool, meter: Meter) -> None:
        self.pool, self.meter = pool, meter

    async def send(self, request: Request) -> httpx.Response:
        """The answer, its body still to be read. Raises what httpcore raises, and LineFailed."""
        parts = urlsplit(request.url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        response = await self.pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=parts.scheme,
                    host=parts.hostname or "",
                    port=parts.port,
                    target=_UNSAFE.sub(lambda found: quote(found[0]), request.target or path),
                ),
                headers=complete(request),
                content=request.body,
            )
        )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response, self.meter),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self.pool.aclose()


def complete(request: Request) -> list[tuple[bytes, bytes]]:
    """The header fields of a request with those that HTTP itself needs: Host, and the length of what is posted."""
    given = {name.lower() for name, _ in request.headers}
    parts = urlsplit(request.url)
    place = undotted(parts.hostname or "")
    place = f"[{place}]" if ":" in place else place
    if parts.port not in {None, {"https": 443, "http": 80}.get(parts.scheme)}:
        place += f":{parts.port}"
    host = [] if "host" in given else [("Host", place)]
    posted = request.method == "POST" or request.body
    length = [("Content-Length", str(len(request.body)))] if posted and "content-length" not in given else []
    return [
        (name.encode("ascii"), value.encode("utf-8")) for name, value in (*host, *request.headers, *length)
    ]


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, meter: Meter) -> None:
        self.response, self.meter = response, meter

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.response.aiter_stream():
            yield chunk
        behind = _behind(self.response)
        self.meter.surplus = _surplus(behind)
        if behind and self.meter.line is not None:
            self.meter.line.retire()
        elif self.meter.line is not None:
            self.meter.surplus = await self.meter.line.unasked()

    async def aclose(self) -> None:
        await self.response.aclose()


def _surplus(data: bytes) -> int:
    """How many octets of these nobody asked for; a 408 is the farewell of a server that has waited in vain."""
    return 0 if data.startswith((b"HTTP/1.1 408", b"HTTP/1.0 408")) else len(data)


def _behind(response: httpcore.Response) -> bytes:
    """What was read behind the end of an answer: httpcore would take it for the answer to the next request."""
    connection: Any = response.stream
    for name in (
        "_stream",
        "_connection",
    ):  # from the pool's stream to the connection's, and to the connection
        connection = getattr(connection, name)
    behind: bytes = connection._h11_state.trailing_data[0]
    return behind
