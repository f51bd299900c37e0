"""Dials: to the addresses of a name, with what a target trusts, for one worker after the other."""

from __future__ import annotations

import logging
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.streams.tls
import httpcore
import httpx

from conformance.evidence.exchange import Handshake
from conformance.sending.failure import LineFailed
from conformance.sending.line import Line, Meter, Port, undotted
from conformance.sending.resolve import Names, Resolver, first_to_connect, system
from conformance.sending.tls import Trust, old
from conformance.sending.transport import Transport

if TYPE_CHECKING:
    from conformance.target.secrets import Secrets
    from conformance.target.target import Target

# It logs heads as they were received, with whatever an endpoint says back, for everybody who listens to all logs.
logging.getLogger("httpcore").setLevel(logging.CRITICAL)

_REFUSAL_S = 1.0
_ONE_ADDRESS_S = 3.0  # for one of several addresses of a host to connect


class _Backend(httpcore.AsyncNetworkBackend):
    """Dials for one worker, to one address of the host where one is given."""

    def __init__(self, dialer: Dialer, meter: Meter, address: str) -> None:
        self.dialer, self.meter, self.address = dialer, meter, address
        self.inner = httpcore.AnyIOBackend()
        self._ahead: tuple[int, Line] | None = None  # a connection that nobody uses yet, and its port

    async def ahead(self, host: str, port: int, *, tls: bool) -> None:
        """Open a connection for whoever asks for the next one. Raises LineFailed."""
        line = await self._dial(host, port)
        try:
            if tls:
                line = await line.start_tls(self.dialer.trust.context, host)
                line.stands = True
            else:
                await line.hear()
        except BaseException:  # also when nobody waits for it any longer
            with anyio.move_on_after(0.5, shield=True):
                await line.aclose()
            raise
        self._ahead = port, line

    async def forget(self) -> None:
        """Close it, where nobody took it."""
        kept, self._ahead = self._ahead, None
        if kept:
            await kept[1].aclose()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        kept, self._ahead = self._ahead, None
        if kept is None:
            return await self._dial(host, port, timeout, local_address, socket_options)
        if kept[0] == port and await kept[1].is_quiet():
            self.meter.reused = False
            self.meter.connected()
            return kept[1]
        await kept[1].aclose()
        return await self._dial(host, port, timeout, local_address, socket_options)

    async def _dial(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Line:
        self.meter.reused, self.meter.tls, self.meter.address = False, None, ""
        self.meter.connection = self.dialer.number()
        self.meter.stage = "resolving the name"
        addresses = [self.address] if self.address else await self.dialer.names.resolve(host, port)
        self.meter.stage = "connecting"

        took: dict[str, float] = {}

        async def connect(address: str) -> httpcore.AsyncNetworkStream:
            began = time.monotonic()
            made = await self.inner.connect_tcp(address, port, timeout, local_address, socket_options)
            took[address] = time.monotonic() - began
            return made

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
        self.meter.connected()
        ports = self.dialer.ports[address, port]
        return Line(line, self.dialer.trust, self.dialer.secrets, self.meter, ports, distance=took[address])

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
        return LineFailed("unreachable", f"no connection to {host} port {port} from the address {local_address}")
    return LineFailed(
        "unreachable", f"no connection to {host} port {port}: {getattr(cause, 'strerror', None) or 'unreachable'}"
    )


class Dialer:
    """Makes transports; keeps the addresses of names and the numbers of connections."""

    def __init__(self, target: Target, resolver: Resolver = system, trust: Callable[[], Trust] | None = None) -> None:
        """trust: gives what the target's connections trust, where somebody has begun to build it."""
        self.target, self._trust = target, trust or partial(Trust, target)
        self.secrets: Secrets = target.secrets
        self.names = Names(resolver)
        self._connections = 0
        self.ports: defaultdict[tuple[str, int], tuple[Port, Port]] = defaultdict(lambda: (Port(), Port()))

    @cached_property
    def trust(self) -> Trust:
        """One for the session: building its context costs 20 ms."""
        return self._trust()

    def number(self) -> int:
        self._connections += 1
        return self._connections

    def transport(self, meter: Meter, *, proxy: str = "", source_address: str = "", address: str = "") -> Transport:
        """A transport over connections of its own; to one `address` of the host, where it is given."""
        common: dict[str, Any] = {
            "ssl_context": self.trust.context,
            "network_backend": _Backend(self, meter, address),
            "local_address": source_address or None,
            "max_connections": 4,  # one for each channel, and for states with an endpoint of their own
            "http2": False,
        }
        pool = _proxied(proxy, common) if proxy else httpcore.AsyncConnectionPool(**common)
        made = Transport(pool, meter)
        made.opener = None if proxy or source_address else common["network_backend"]
        return made

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
                    await anyio.streams.tls.TLSStream.wrap(stream, hostname=undotted(host), ssl_context=context)
                return Handshake(name, True)
        except ssl.SSLError as error:
            local = "no protocols available" in str(error).lower() or "no ciphers" in str(error).lower()
            return Handshake(name, None if local else False, "this machine does not speak it" if local else "refused")
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


def _proxied(proxy: str, common: dict[str, Any]) -> httpcore.AsyncConnectionPool:
    url = httpx.URL(proxy)
    plain = str(url.copy_with(username=None, password=None))
    headers = []
    if url.userinfo:
        headers.append((b"Proxy-Authorization", b"Basic " + url.userinfo))
    return httpcore.AsyncHTTPProxy(proxy_url=plain, proxy_headers=headers or None, **common)
