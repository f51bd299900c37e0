"""The listener that nobody has a reason to call."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import pytest

from conformance.sending.canary import NOWHERE, listen


def called(url: str) -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=5)


@pytest.mark.parametrize("calls", [0, 1, 3])
def test_every_connection_is_seen_also_one_that_says_nothing(calls: int) -> None:
    async def session() -> int:
        canary = listen("127.0.0.1")
        assert canary
        lines = [called(canary.url) for _ in range(calls)]
        canary.close()
        for line in lines:
            line.close()
        return canary.seen

    assert anyio.run(session) == calls


def test_a_connection_that_was_closed_at_once_is_seen() -> None:
    async def session() -> int:
        canary = listen("localhost")
        assert canary
        called(canary.url).close()
        canary.close()
        return canary.seen

    assert anyio.run(session) == 1


def test_who_calls_is_hung_up_on_at_once() -> None:
    async def session() -> bytes:
        canary = listen("127.0.0.1")
        assert canary
        with called(canary.url) as line:
            heard = await anyio.to_thread.run_sync(line.recv, 1)
        canary.close()
        assert canary.seen == 1
        return heard

    assert anyio.run(session) == b""


def test_nobody_is_listening_afterwards() -> None:
    async def session() -> str:
        canary = listen("127.0.0.1")
        assert canary
        canary.close()
        return canary.url

    url = anyio.run(session)
    with pytest.raises(ConnectionRefusedError):
        called(url)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "api.localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_an_endpoint_on_this_machine_can_reach_it(host: str) -> None:
    async def session() -> str:
        canary = listen(host)
        assert canary
        canary.close()
        return canary.url

    assert anyio.run(session).startswith("http://127.0.0.1:")


@pytest.mark.parametrize("host", ["", "example.com", "192.0.2.1", "2001:db8::1", "localhost.example.com", "0.0.0.0"])
def test_an_endpoint_elsewhere_surely_cannot(host: str) -> None:
    assert listen(host) is None


def test_the_stand_in_never_resolves() -> None:
    assert (urlsplit(NOWHERE).hostname or "").endswith(".invalid")
