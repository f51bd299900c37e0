"""A listener that nobody has a reason to call: who connects was told the address by a hostile request."""

from __future__ import annotations

import contextlib
import ipaddress
import socket

import anyio
import anyio.abc

NOWHERE = "http://canary.invalid/"  # RFC 2606: a name that never resolves


class Canary:
    """Counts the connections to a port of this machine."""

    def __init__(self, listener: anyio.abc.Listener[anyio.abc.SocketStream], url: str) -> None:
        self.listener, self.url, self.seen = listener, url, 0

    async def watch(self) -> None:
        """Accept connections until cancelled."""
        await self.listener.serve(self._count)

    async def close(self) -> None:
        """Stop listening; a connection that still waits to be accepted is seen."""
        with anyio.move_on_after(0.05):
            await self.watch()
        await self.listener.aclose()

    async def _count(self, stream: anyio.abc.SocketStream) -> None:
        self.seen += 1
        with contextlib.suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            await stream.aclose()  # whoever called may have hung up already


async def listen(host: str) -> Canary | None:
    """A canary that the endpoint `host` can reach: only an endpoint on this machine surely can. None otherwise."""
    if not _is_loopback(host):
        return None
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", family=socket.AF_INET)
    port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610  not Django's
    return Canary(listener, f"http://127.0.0.1:{port}/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
