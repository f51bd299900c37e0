"""Names and addresses: resolved once, within a bound, and dialled so that a dead address holds nobody up."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.from_thread
import anyio.lowlevel

from conformance.sending.failure import LineFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD_START_S = 0.25  # before the next address is tried beside the one before (RFC 8305 section 5)

T = TypeVar("T")
Resolver = Callable[[str, int], "list[str]"]


def system(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine resolves it. Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Names:
    """The addresses of names: each is looked up once in a session."""

    def __init__(self, resolver: Resolver = system) -> None:
        self._resolver = resolver
        self._known: dict[str, list[str]] = {}

    def known(self, host: str) -> tuple[str, ...]:
        """The addresses that the name was found to have, the one that answered last first."""
        return tuple(self._known.get(host, ()))

    def prefer(self, host: str, address: str) -> None:
        """The address that answered is tried first from now on."""
        self._known[host] = [address, *(a for a in self._known.get(host, []) if a != address)]

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a name. A resolver that hangs holds a thread of its own, never the run."""
        if host not in self._known:
            self._known[host] = await _looked_up(self._resolver, host, port)
        return self._known[host]


async def _looked_up(resolver: Resolver, host: str, port: int) -> list[str]:
    answer: list[list[str] | str] = []
    done = anyio.Event()
    token = anyio.lowlevel.current_token()

    def look_up() -> None:
        try:
            answer.append(resolver(host, port))
        except (OSError, UnicodeError) as error:
            answer.append(getattr(error, "strerror", None) or "unknown name")
        with contextlib.suppress(RuntimeError):  # the run has ended in the meantime
            anyio.from_thread.run_sync(done.set, token=token)

    threading.Thread(target=look_up, daemon=True, name="resolver").start()
    await done.wait()
    if isinstance(answer[0], str):
        raise LineFailed("dns", f"the name {host} does not resolve: {answer[0]}")
    return answer[0]


async def first_to_connect(
    addresses: Sequence[str], connect: Callable[[str], Awaitable[T]], give_up: Callable[[T], Awaitable[None]]
) -> tuple[str, T]:
    """The first of the addresses that connects, in their order, each with a head start over the next (RFC 8305).

    Raises what the first of them raised, where none connects.
    """
    winner: list[tuple[str, T]] = []
    failed: dict[str, Exception] = {}

    async def attempt(address: str, over: anyio.Event) -> None:
        try:
            made = await connect(address)
        except Exception as error:  # noqa: BLE001  told to the caller, where no other address connects
            failed[address] = error
        else:
            if winner:
                with anyio.CancelScope(shield=True):
                    await give_up(made)
            else:
                winner.append((address, made))
                tasks.cancel_scope.cancel()
        over.set()

    async with anyio.create_task_group() as tasks:
        for address in addresses:
            over = anyio.Event()
            tasks.start_soon(attempt, address, over)
            with anyio.move_on_after(_HEAD_START_S):
                await over.wait()
    if winner:
        return winner[0]
    raise failed[addresses[0]]
