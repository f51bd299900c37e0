"""A listener that nobody has a reason to call: who connects was told the address by a hostile request."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

NOWHERE = "http://canary.invalid/"  # RFC 2606: a name that never resolves


class Canary:
    """Counts the connections to a port of this machine, from its making to `close`.

    Needs a running event loop, and nothing else of it than word that somebody is there: whoever calls is counted
    and hung up on at once, without a task that could outlive the run.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        asyncio.get_running_loop().add_reader(self._listener, self._count)

    def close(self) -> None:
        """Stop listening; a connection that still waits to be accepted is seen."""
        self._count()
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()

    def _count(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:  # called, and gone before it was answered
                self.seen += 1
            else:
                self.seen += 1
                caller.close()


def listen(host: str) -> Canary | None:
    """A canary that the endpoint `host` can reach: only an endpoint on this machine surely can. None otherwise."""
    return Canary() if _is_loopback(host) else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")
