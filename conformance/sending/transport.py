"""Sends each request exactly as it was composed, over connections that one worker has for itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import httpcore
import httpx

from conformance.evidence.exchange import Request
from conformance.sending.line import Meter, surplus, undotted

PORTS = {"https": 443, "http": 80}
_UNSAFE = re.compile(r'[^\x21-\x7e]|["<>`{}]')  # no part of a URL as it travels (RFC 3986 section 2)


class Opener(Protocol):
    """Dials, and may have a connection in hand before it is asked for."""

    async def ahead(self, host: str, port: int, *, tls: bool) -> None:
        """Open one."""

    async def forget(self) -> None:
        """Close it."""


class Transport:
    """Sends requests as they stand over a pool with a network backend of ours (httpx's own transport takes none)."""

    opener: Opener | None = None  # what dials for the pool, where connections can be had ahead of calls

    def __init__(self, pool: httpcore.AsyncConnectionPool, meter: Meter) -> None:
        self.pool, self.meter = pool, meter

    async def connect(self, scheme: str, host: str, port: int | None) -> None:
        """Have a connection stand for the next call. Raises what httpcore raises, OSError, and LineFailed."""
        if self.opener is not None:
            await self.opener.ahead(host, port or PORTS[scheme], tls=scheme == "https")

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
        if self.opener is not None:
            await self.opener.forget()


def complete(request: Request) -> list[tuple[bytes, bytes]]:
    """The header fields of a request with those that HTTP itself needs: Host, and the length of what is posted."""
    given = {name.lower() for name, _ in request.headers}
    parts = urlsplit(request.url)
    place = undotted(parts.hostname or "")
    place = f"[{place}]" if ":" in place else place
    if parts.port not in {None, PORTS.get(parts.scheme)}:
        place += f":{parts.port}"
    host = [] if "host" in given else [("Host", place)]
    posted = request.method == "POST" or request.body
    length = [("Content-Length", str(len(request.body)))] if posted and "content-length" not in given else []
    return [(name.encode("ascii"), value.encode("utf-8")) for name, value in (*host, *request.headers, *length)]


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response, meter: Meter) -> None:
        self.response, self.meter = response, meter

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.response.aiter_stream():
            yield chunk
        if self.response.status == 101:  # what follows is in the protocol that was asked for (RFC 9110 section 7.8)
            return
        behind, is_over = _behind(self.response)
        self.meter.surplus = surplus(behind)
        if (behind or is_over) and self.meter.line is not None:
            self.meter.line.retire()
        elif self.meter.line is not None:
            self.meter.surplus = await self.meter.line.unasked()

    async def aclose(self) -> None:
        await self.response.aclose()


def _behind(response: httpcore.Response) -> tuple[bytes, bool]:
    """What was read behind the end of an answer, and whether that was the end of the connection.

    httpcore would take the first for the answer to the next request, and send it over a connection that is at its end
    where an answer said so by its end alone (RFC 9112 section 6.3).
    """
    connection: Any = response.stream
    for name in ("_stream", "_connection"):  # from the pool's stream to the connection's, and to the connection
        connection = getattr(connection, name)
    behind: tuple[bytes, bool] = connection._h11_state.trailing_data
    return behind
