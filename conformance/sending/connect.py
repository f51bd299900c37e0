"""Dials: to the addresses of a name, with what a target trusts, for one worker after the other."""

from __future__ import annotations

import contextlib
import logging
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httpcore
import httpx

from conformance.evidence.exchange import Handshake
from conformance.sending.failure import LineFailed
from conformance.sending.line import Line, Meter, Port
from conformance.sending.receiving import HEAD
from conformance.sending.resolve import Names, Resolver, first_to_connect, system
from conformance.sending.tls import Trust, context, old
from conformance.sending.transport import Transport
from conformance.sending.tunnel import NO_LINE, Tunnels, doubt

if TYPE_CHECKING:
    from conformance.target.secrets import Secrets
    from conformance.target.target import Target

# It logs heads as they were received, with whatever an endpoint says back, for everybody who listens to all logs.
logging.getLogger("httpcore").setLevel(logging.CRITICAL)

_PLAIN_S = 2.0  # for a proxy to make a tunnel to the port of plain HTTP
_OLD = {"TLS 1.0": ssl.TLSVersion.TLSv1, "TLS 1.1": ssl.TLSVersion.TLSv1_1}
_NOT_HERE = "this machine does not speak it"
_LOCAL = ("no protocols available", "no ciphers")  # what OpenSSL says where it is this machine that cannot
_ONE_OF_MORE_S = 3.0  # for one of several addresses of a host to connect, or for a port where another one has


class _Backend(httpcore.AsyncNetworkBackend):
    """Dials for one worker, to one address of the host where one is given."""

    def __init__(self, dialer: Dialer, meter: Meter, address: str, proxy: str = "", *, forwards: bool = False) -> None:
        """proxy: the one that it dials in the endpoint's place; forwards: whether without a tunnel."""
        parts = urlsplit(proxy)
        self.dialer, self.meter, self.address, self.forwards = dialer, meter, address, forwards
        self.proxy, self.speaks_tls = parts.netloc.rpartition("@")[2], parts.scheme == "https"  # without who uses it
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
        if self.proxy:
            return await self._to_the_proxy(host, port, local_address)
        if kept is None:
            return await self._dial(host, port, timeout, local_address, socket_options)
        if kept[0] == port and await kept[1].is_quiet():
            self.meter.reused = False
            self.meter.connected()
            return kept[1]
        await kept[1].aclose()
        return await self._dial(host, port, timeout, local_address, socket_options)

    async def _to_the_proxy(self, host: str, port: int, local_address: str | None) -> Line:
        try:
            line = await self._dial(host, port, None, local_address)
        except LineFailed as failed:
            raise LineFailed("proxy", f"the proxy {self.proxy} cannot be reached: {failed}") from None
        if not self.forwards:
            self.meter.stage = f"waiting for the proxy {self.proxy} to connect"
        line.proxy = self.proxy if self.speaks_tls else ""
        return line

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
        self.meter.stage = f"resolving the name of the proxy {self.proxy}" if self.proxy else "resolving the name"
        addresses = [self.address] if self.address else await self.dialer.names.resolve(host, port)
        self.meter.stage = f"connecting to the proxy {self.proxy}" if self.proxy else "connecting"

        took: dict[str, float] = {}

        async def connect(address: str) -> httpcore.AsyncNetworkStream:
            began = time.monotonic()
            made = await self.inner.connect_tcp(address, port, timeout, local_address, socket_options)
            took[address] = time.monotonic() - began
            return made

        try:
            is_one_of_more = self.address or self.dialer.has_another(host, port)
            with anyio.fail_after(_ONE_OF_MORE_S if is_one_of_more else None):
                address, line = await first_to_connect(addresses, connect, lambda made: made.aclose())
        except TimeoutError:
            raise LineFailed("unreachable", f"it does not connect within {_ONE_OF_MORE_S:g} s") from None
        except (httpcore.ConnectError, OSError) as error:
            raise _no_connection(error, host, port, local_address) from None
        if not self.address:
            self.dialer.names.prefer(host, address)
        self.dialer.connected.add((host, port))
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
        self.connected: set[tuple[str, int]] = set()  # hosts and ports
        # What is known of proxies, and who is finding it out.
        self._doubts: dict[str, str] = {}
        self._plain: dict[str, bool] = {}
        self._doubting, self._trying_plain = anyio.Lock(), anyio.Lock()
        self.ports: defaultdict[tuple[str, int], tuple[Port, Port]] = defaultdict(lambda: (Port(), Port()))

    @cached_property
    def trust(self) -> Trust:
        """One for the session: building its context costs 20 ms."""
        return self._trust()

    @cached_property
    def _to_proxies(self) -> ssl.SSLContext:
        """The same for proxies that speak TLS: they are shown no certificate."""
        return context(self.trust.ca_file)

    def has_another(self, host: str, port: int) -> bool:
        """Whether another port of the host has connected, and this one never: a firewall may drop what goes to it."""
        return (host, port) not in self.connected and any(host == other for other, _ in self.connected)

    def number(self) -> int:
        self._connections += 1
        return self._connections

    def transport(
        self, meter: Meter, *, proxy: str = "", source_address: str = "", address: str = "", forwarded: bool = False
    ) -> Transport:
        """A transport over connections of its own; to one `address` of the host, where it is given.

        proxy: which connects to the host, or is asked to forward each request.
        """
        backend = _Backend(self, meter, address, proxy, forwards=forwarded)
        common: dict[str, Any] = {
            "ssl_context": self.trust.context,
            "network_backend": Tunnels(self.proxy(proxy), backend, meter.connected)
            if proxy and not forwarded
            else backend,
            "local_address": source_address or None,
            "max_connections": 4,  # one for each channel, and for states with an endpoint of their own
            "http2": False,
            "proxy": self.proxy(proxy) if proxy and forwarded else None,
        }
        made = Transport(httpcore.AsyncConnectionPool(**common), meter)
        made.opener = None if proxy or source_address else backend
        return made

    def proxy(self, url: str) -> httpcore.Proxy:
        """A proxy, with its credentials as what stands for them."""
        parts = httpx.URL(url)
        plain = str(parts.copy_with(username=None, password=None))
        headers = [(b"Proxy-Authorization", b"Basic " + parts.userinfo)] if parts.userinfo else []
        own = self._to_proxies if parts.scheme == "https" else None
        return httpcore.Proxy(plain, headers=headers, ssl_context=own)

    async def doubt(self, proxy: str = "", url: str = "", source: str = "") -> str:
        """Why what is seen of TLS may be the proxy's and not the endpoint's; "" where it is the endpoint's.

        proxy: the one of a state that has its own. url, source: that state's own endpoint and source address.
        """
        proxy = proxy or self.target.proxy
        if proxy and proxy not in self._doubts:
            async with self._doubting:
                way = self._way("", proxy)
                if proxy not in self._doubts and isinstance(way, Tunnels):
                    parts, source = urlsplit(url or self.target.endpoint), source or self.target.source_address
                    self._doubts[proxy] = await doubt(way, parts.hostname or "", parts.port or 443, source)
        return self._doubts.get(proxy, "")

    async def tunnels_plain(self, proxy: str = "") -> bool:
        """Whether plain HTTP goes through a tunnel, too; otherwise the proxy is asked to forward each request."""
        proxy = proxy or self.target.proxy
        if not proxy or await self.doubt(proxy):
            return False
        async with self._trying_plain:
            if proxy not in self._plain:
                parts = urlsplit(self.target.http_endpoint)
                self._plain[proxy] = False
                with contextlib.suppress(TimeoutError, LineFailed, *NO_LINE):
                    with anyio.fail_after(min(self.target.timeout, _PLAIN_S)):
                        line = await self.line(parts.hostname or "", parts.port or 80, proxy=proxy)
                    await line.aclose()
                    self._plain[proxy] = True
        return self._plain[proxy]

    def _way(self, address: str, proxy: str) -> httpcore.AsyncNetworkBackend:
        """What dials for it."""
        backend = _Backend(self, Meter(cap=HEAD), "" if proxy else address, proxy)
        return Tunnels(self.proxy(proxy), backend) if proxy else backend

    async def line(
        self, host: str, port: int, address: str = "", *, proxy: str = "", source: str = ""
    ) -> httpcore.AsyncNetworkStream:
        """A connection of its own, as the target's calls have theirs. Raises LineFailed, and those of NO_LINE."""
        way = self._way(address, proxy or self.target.proxy)
        return await way.connect_tcp(host, port, local_address=source or self.target.source_address or None)

    async def handshakes(self) -> list[Handshake]:
        """Whether the endpoint agrees to old TLS versions: one of both, which most refuse, and if so, to which."""
        agreed, how = await self._old_tls(*_OLD.values())
        if agreed or how == _NOT_HERE:
            return [Handshake(name, *await self._old_tls(version, version)) for name, version in _OLD.items()]
        return [Handshake(name, agreed, how) for name in _OLD]

    async def _old_tls(self, lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> tuple[bool | None, str]:
        """Whether it agrees to one of them, and how it says no. A local failure says nothing about the endpoint."""
        parts = urlsplit(self.target.endpoint)
        host, port = parts.hostname or "", parts.port or 443
        try:
            offer = old(lowest, highest)
        except (ssl.SSLError, ValueError):
            return None, _NOT_HERE
        if why := await self.doubt():
            return None, why
        try:
            with anyio.fail_after(min(self.target.timeout, 5.0)):
                return await _agreed(await self.line(host, port), offer, host)
        except (TimeoutError, LineFailed, *NO_LINE):
            return None, "no answer to the handshake"


async def _agreed(line: httpcore.AsyncNetworkStream, offer: ssl.SSLContext, host: str) -> tuple[bool | None, str]:
    """Whether the other side of a new connection agrees to what a context offers, and how it says no."""
    try:
        await (await line.start_tls(offer, host)).aclose()
    except LineFailed as failed:
        if any(words in str(failed) for words in _LOCAL):
            return None, _NOT_HERE
        return False, "refused: the connection was closed" if failed.kind == "closed" else "refused"
    return True, ""
