"""Looks at what a call does not show, over further connections on which no request is sent."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from conformance.sending.failure import LineFailed
from conformance.sending.tls import for_any_purpose, unverified
from conformance.sending.tunnel import NO_LINE

if TYPE_CHECKING:
    import httpcore

    from conformance.sending.connect import Dialer

_SECONDS = 5.0  # for a name, a tunnel and a handshake, be they far away
_REFUSAL_S = 1.0  # for what a server says by itself, or never


@dataclass(frozen=True, slots=True)
class Look:
    """To where a call went: the host, one address of it, through the call's proxy, from its source address."""

    dialer: Dialer
    host: str
    port: int
    address: str
    proxy: str
    source: str

    async def _line(self) -> httpcore.AsyncNetworkStream:
        return await self.dialer.line(self.host, self.port, self.address, proxy=self.proxy, source=self.source)

    async def any_purpose(self) -> LineFailed | None:
        """What to say of a certificate whose purpose this machine's TLS refuses, where others take it; else None."""
        with anyio.move_on_after(min(self.dialer.target.timeout, _SECONDS)), contextlib.suppress(LineFailed, *NO_LINE):
            line = await self._line()
            line = await line.start_tls(unverified(), self.host)
            try:
                return for_any_purpose(line.get_extra_info("ssl_object"))
            finally:
                await line.aclose()
        return None

    async def refusal(self) -> LineFailed | None:
        """What the server says by itself after a handshake, where nothing is sent; None where it says nothing."""
        if not self.address:
            return None
        with anyio.move_on_after(_REFUSAL_S):
            try:
                line = await self._line()
                try:
                    await (await line.start_tls(self.dialer.trust.context, self.host)).read(1)
                finally:
                    await line.aclose()
            except LineFailed as failed:
                return failed
            except NO_LINE:
                return None
        return None
