"""Connections: names resolved within a bound, bytes counted and capped, secrets put in at the last moment."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterable
from functools import cached_property
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.streams.tls
import httpcore
import httpx

from conformance.contract.quoting import clip
from conformance.evidence.exchange import Handshake, Tls
from conformance.target.secrets import Secrets

# It logs heads as they were received, with whatever an endpoint says back, for everybody who listens to all logs.
logging.getLogger("httpcore").setLevel(logging.CRITICAL)


class LineFailed(Exception):  # noqa: N818
    """No usable connection. kind: as in `Loss`."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Meter:
    """What happens on one worker's connections during one exchange. Mutable, one task's own."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.connection = 0
        self.tls: Tls | None = None
        self.begin()

    def begin(self) -> None:
        """A new exchange begins; the connection may be the one before."""
        self.received = 0
        self.exceeded = False
        self.reused = True
        self.stage = "waiting for an answer"

    def count(self, size: int) -> None:
        self.received += size
        if self.received > self.cap:
            self.exceeded = True
            raise LineFailed("too-large", f"the answer is larger than {self.cap} bytes on the wire")


class _Line(httpcore.AsyncNetworkStream):
    """A stream that counts what comes and puts the secrets into what goes."""

    def __init__(self, inner: httpcore.AsyncNetworkStream, meter: Meter, secrets: Secrets) -> None:
        self.inner, self.meter, self.secrets = inner, meter, secrets

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self.inner.read(max_bytes, timeout)
        self.meter.count(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self.inner.write(self.secrets.reveal(buffer), timeout)

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self.meter.stage = "the TLS handshake"
        try:
            inner = await self.inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException as error:
            # Also when the deadline cuts a handshake short: nobody else knows of this connection yet.
            with anyio.move_on_after(0.5, shield=True):
                await self.inner.aclose()
            if isinstance(error, httpcore.ConnectError):
                raise _tls_failure(error) from None
            raise
        self.meter.stage = "waiting for an answer"
        self.meter.tls = _facts(inner.get_extra_info("ssl_object"))
        return _Line(inner, self.meter, self.secrets)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _tls_failure(error: Exception) -> LineFailed:
    """What a failed handshake shows: a wrong certificate, no TLS at all, or nothing certain."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return LineFailed(
            "certificate", f"the certificate does not verify: {clip(cause.verify_message, 400)}"
        )
    reason = getattr(cause, "reason", "") or ""
    if reason in {
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
        "PACKET_LENGTH_TOO_LONG",
        "RECORD_LAYER_FAILURE",
    }:
        return LineFailed("no-tls", "the port does not speak TLS")
    if cause is not None and reason:
        return LineFailed("tls", f"the TLS handshake failed: {reason.replace('_', ' ').lower()}")
    return LineFailed("closed", "the connection was closed during the TLS handshake")


def _facts(tls: ssl.SSLObject | None) -> Tls | None:
    if tls is None:
        return None
    certificate = tls.getpeercert() or {}
    subject: tuple[tuple[tuple[str, str], ...], ...] = certificate.get("subject", ())  # type: ignore[assignment]
    names = [value for entry in subject for key, value in entry if key == "commonName"]
    expires = certificate.get("notAfter")
    return Tls(
        version=tls.version() or "",
        cipher=(tls.cipher() or ("",))[0],
        subject=str(names[0]) if names else "",
        expires=float(ssl.cert_time_to_seconds(str(expires))) if expires else None,
    )


class _Backend(httpcore.AsyncNetworkBackend):
    """Dials for one worker."""

    def __init__(self, dialer: Dialer, meter: Meter) -> None:
        self.dialer, self.meter = dialer, meter
        self.inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.meter.stage = "connecting"
        self.meter.reused, self.meter.tls = False, None
        self.meter.connection = self.dialer.number()
        refused: Exception | None = None
        for address in await self.dialer.resolve(host, port, self.meter):
            try:
                line = await self.inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, OSError) as error:
                refused = error
                continue
            self.dialer.prefer(host, address)
            self.meter.stage = "waiting for an answer"
            return _Line(line, self.meter, self.dialer.secrets)
        raise _no_connection(refused, host, port, local_address)

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


def _no_connection(error: Exception | None, host: str, port: int, local_address: str | None) -> LineFailed:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ConnectionRefusedError):
        return LineFailed("refused", f"{host} refuses connections on port {port}")
    text = str(cause or error or "no address")
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

    def __init__(self, secrets: Secrets, ca_file: str = "") -> None:
        self.secrets, self.ca_file = secrets, ca_file
        self._addresses: dict[str, list[str]] = {}
        self._connections = 0

    @cached_property
    def context(self) -> ssl.SSLContext:
        """One for the session: building it costs 20 ms."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def number(self) -> int:
        self._connections += 1
        return self._connections

    def prefer(self, host: str, address: str) -> None:
        """The address that answered is tried first from now on."""
        known = self._addresses.get(host, [])
        self._addresses[host] = [address, *(a for a in known if a != address)]

    def known(self, host: str) -> tuple[str, ...]:
        """The addresses that the name was found to have."""
        return tuple(self._addresses.get(host, ()))

    async def resolve(self, host: str, port: int, meter: Meter) -> list[str]:
        """The addresses of a name. A resolver that hangs holds a thread of its own, never the run."""
        if host not in self._addresses:
            meter.stage = "resolving the name"
            self._addresses[host] = await _resolved(host, port)
        return self._addresses[host]

    def transport(
        self, meter: Meter, *, proxy: str = "", source_address: str = ""
    ) -> httpx.AsyncBaseTransport:
        """A transport over connections of its own."""
        backend = _Backend(self, meter)
        common: dict[str, Any] = {
            "ssl_context": self.context,
            "network_backend": backend,
            "local_address": source_address or None,
            "max_connections": 4,  # one for each channel, and for states with an endpoint of their own
            "http2": False,
        }
        if proxy:
            return _Transport(_proxied(proxy, common))
        return _Transport(httpcore.AsyncConnectionPool(**common))

    async def handshake(self, host: str, port: int, version: ssl.TLSVersion, timeout: float) -> Handshake:
        """Whether the endpoint agrees to an old TLS version. A local failure says nothing about the endpoint."""
        name = version.name.replace("TLSv1_1", "TLS 1.1").replace("TLSv1", "TLS 1.0")
        try:
            context = _old(version)
        except (ssl.SSLError, ValueError):
            return Handshake(name, None, "this machine does not speak it")
        try:
            with anyio.fail_after(min(timeout, 5.0)):
                address = (await self.resolve(host, port, Meter(1 << 20)))[0]
                stream = await anyio.connect_tcp(address, port)
                async with stream:
                    await anyio.streams.tls.TLSStream.wrap(stream, hostname=host, ssl_context=context)
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


def _old(version: ssl.TLSVersion) -> ssl.SSLContext:
    import warnings  # noqa: PLC0415

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent over this connection
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    return context


def _proxied(proxy: str, common: dict[str, Any]) -> httpcore.AsyncConnectionPool:
    url = httpx.URL(proxy)
    plain = str(url.copy_with(username=None, password=None))
    headers = []
    if url.userinfo:
        headers.append((b"Proxy-Authorization", b"Basic " + url.userinfo))
    return httpcore.AsyncHTTPProxy(proxy_url=plain, proxy_headers=headers or None, **common)


async def _resolved(host: str, port: int) -> list[str]:
    answer: list[list[str] | str] = []
    done = anyio.Event()
    token = anyio.lowlevel.current_token()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.append(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answer.append(getattr(error, "strerror", None) or "unknown name")
        try:
            anyio.from_thread.run_sync(done.set, token=token)
        except RuntimeError:
            return  # the run has ended in the meantime

    threading.Thread(target=look_up, daemon=True, name="resolver").start()
    await done.wait()
    if isinstance(answer[0], str):
        raise LineFailed("dns", f"the name {host} does not resolve: {answer[0]}")
    return answer[0]


class _Transport(httpx.AsyncBaseTransport):
    """httpx over an httpcore pool with a network backend of ours (httpx's own transport takes none)."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self.pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self.pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self.response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.response.aiter_stream():
            yield chunk

    async def aclose(self) -> None:
        await self.response.aclose()
