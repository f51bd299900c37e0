"""One connection: bytes counted and capped, secrets put in at the last moment, nothing unasked taken for an answer."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import httpcore

from conformance.contract.quoting import clip
from conformance.evidence.exchange import WAITING, Tls
from conformance.sending.failure import LineFailed
from conformance.sending.tls import Trust, facts, no_http_1

if TYPE_CHECKING:
    from conformance.target.secrets import Secrets

_MOMENT_S = 0.05  # what has arrived below TLS is read within this, or is no answer's data
_GLANCE_S = 0.01  # the same of a connection that nobody has used yet
_LISTEN_S = 0.1  # before the first request to a port; what follows a handshake may wait for an ACK, 40 ms
_FAR_S = 0.02  # the same where a connection takes longer than that: what a server says then comes with the answer
_SETTINGS = 4  # the type of the frame that a server's side of HTTP/2 begins with (RFC 9113 section 3.4)


class Meter:
    """What happens on one worker's connections during one exchange. Mutable, one task's own."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.connection = 0
        self.address = ""
        self.tls: Tls | None = None
        self.line: Line | None = None  # that the last request was written on
        self.standing: Callable[[], object] = lambda: None  # told of each connection that stands
        self.begin()

    def begin(self) -> None:
        """A new exchange begins; the connection may be the one before."""
        self.received = 0
        self.surplus = 0  # octets behind the answer, which no request asked for
        self.exceeded = False
        self.reused = True
        self.stage = WAITING
        self.http_version = ""
        self.connecting = 0.0  # seconds until its connection stood; none where it stood before
        self._began = time.monotonic()

    def connected(self) -> None:
        """The connection stands: what comes next is the request."""
        self.stage = WAITING
        self.connecting = time.monotonic() - self._began
        self.standing()

    def count(self, size: int) -> None:
        self.received += size
        self.stage = "reading the head" if self.stage == WAITING else self.stage
        if self.received > self.cap:
            self.exceeded = True
            raise LineFailed("too-large", f"the answer is larger than {self.cap} bytes on the wire")

    async def watch(self, seconds: float) -> None:
        """Wait whether anything comes on the connection that has just been used, which nobody asked for."""
        await anyio.sleep(seconds)
        if self.line is not None:
            self.surplus += await self.line.unasked()


class Port:
    """A port of one address, as what is spoken on it: whether it waits to be asked. Its connections share it."""

    def __init__(self) -> None:
        self.waits: bool | None = None  # None while no connection has shown it

    async def listen(self, line: Line) -> None:
        """Hear a new connection out before anything is asked, where it is not known that nothing comes.

        RFC 9112 section 9.2: what comes while no request is open is no answer. Raises LineFailed where it does.
        """
        if self.waits:
            return
        said, seconds = b"", _LISTEN_S if line.distance < _LISTEN_S else _FAR_S
        for _ in range(2):  # where this machine was busy until the first was over, the second finds what came
            with anyio.move_on_after(seconds / 2):
                said = said or await line.read(65_536)
        self.waits = not said
        if said:
            shown = clip(said[:60].decode("latin-1"))
            raise LineFailed("malformed", f"the server speaks before it is asked, which is no answer: {shown}")


class Line(httpcore.AsyncNetworkStream):
    """A stream that counts what comes and puts the secrets into what goes."""

    def __init__(
        self,
        inner: httpcore.AsyncNetworkStream,
        trust: Trust,
        secrets: Secrets,
        meter: Meter,
        ports: tuple[Port, Port],
        *,
        distance: float,
    ) -> None:
        """ports: what is spoken on the port as it is, and what within TLS. distance: seconds to the host and back."""
        self.inner, self.trust, self.secrets, self.meter, self.ports = inner, trust, secrets, meter, ports
        self.distance = distance
        self._is_of = meter.connection, meter.address, meter.tls
        self._asked = False
        self._begun = False
        self._over = False
        self.stands = False  # within TLS already, though nobody has asked for that yet
        self.proxy = ""  # whose own TLS comes first on it

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = await self.inner.read(max_bytes, timeout)
        except OSError as error:  # an alert, by which a server refuses a certificate after the handshake
            raise self.trust.failed(error, "") or error from None
        self.meter.count(len(data))
        if not self._begun and len(data) >= 9 and data[3] == _SETTINGS and not any(data[5:9]):
            raise no_http_1("the server answers HTTP/1.1 with a frame of HTTP/2")
        self._begun = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.meter.line = self
        # A worker keeps a connection to either port: the one that it opened last need not be this one.
        self.meter.connection, self.meter.address, self.meter.tls = self._is_of
        await self.hear()
        if self.meter.http_version == "HTTP/1.0":  # h11 writes its own version only
            buffer = buffer.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
        await self.inner.write(self.secrets.reveal(buffer), timeout)

    async def hear(self) -> None:
        """Hear it out, once. Raises LineFailed."""
        if not self._asked:
            self._asked = True
            await self.ports[0].listen(self)

    async def is_quiet(self) -> bool:
        """Whether nobody has closed it, or said anything on it, since it was opened; TLS itself may have."""
        return await self.unasked(_GLANCE_S) == 0 and not self._over

    async def unasked(self, within: float = _MOMENT_S) -> int:
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
            with anyio.move_on_after(within):
                try:
                    data = await self.inner.read(65_536)
                    self._over = True  # at its end, or with something on it that nobody asked for
                except (httpcore.NetworkError, OSError):
                    self._over = True
        self._over = self._over or bool(data)
        return surplus(data)

    def retire(self) -> None:
        """See to it that the connection is not used again."""
        self._over = True

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Line:
        if self.stands:
            self.stands = False
            return self
        before = self.meter.stage
        self.meter.stage = f"the TLS handshake with the proxy {self.proxy}" if self.proxy else "the TLS handshake"
        host, began = undotted(server_hostname or ""), time.monotonic()
        try:
            inner = await self.inner.start_tls(ssl_context, host, timeout)
        except BaseException as error:
            # Also when the deadline cuts a handshake short: nobody else knows of this connection yet.
            with anyio.move_on_after(0.5, shield=True):
                await self.inner.aclose()
            if isinstance(error, httpcore.ConnectError | OSError):
                closed = LineFailed("closed", "the connection was closed during the TLS handshake")
                failed = self.trust.failed(error, host) or closed
                raise (
                    LineFailed("proxy", f"the proxy {self.proxy}: {failed} (the proxy speaks TLS)")
                    if self.proxy
                    else failed
                ) from None
            raise
        if self.proxy:
            self.meter.stage = before
            return Line(inner, self.trust, self.secrets, self.meter, self.ports[::-1], distance=self.distance)
        self.meter.connected()
        self.meter.tls = facts(inner.get_extra_info("ssl_object"))
        distance = (self.distance + time.monotonic() - began) / 2  # TCP and TLS take one round trip each
        return Line(inner, self.trust, self.secrets, self.meter, self.ports[::-1], distance=distance)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._over:
            return True  # which tells the pool not to use it again
        return self.inner.get_extra_info(info)


def undotted(host: str) -> str:
    """A host name without the dot of the root: TLS, its certificate and `Host` name it so (RFC 6066 section 3)."""
    return host.removesuffix(".")


def surplus(data: bytes) -> int:
    """How many octets of these nobody asked for; a 408 is the farewell of a server that has waited in vain."""
    return 0 if data.startswith((b"HTTP/1.1 408", b"HTTP/1.0 408")) else len(data)
