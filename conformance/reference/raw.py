"""Speaks HTTP by hand after the same pipeline, for what uvicorn would never say on the wire."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from conformance.reference.request import Request

if TYPE_CHECKING:
    from conformance.reference.answer import Answer
    from conformance.reference.app import Application

REQUEST_HEAD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wire:
    """One answer about to be sent: its head and body, rightly framed, and the connection."""

    request: Request
    answer: Answer
    head: bytes
    body: bytes
    number: int  # of the call, from 1
    writer: asyncio.StreamWriter

    @property
    def success(self) -> bool:
        """Whether the callback list is being sent."""
        return b"<Result>Success" in self.answer.body

    async def send(self, *parts: bytes) -> None:
        """Sends each part on its own."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    def close(self) -> None:
        """Ends the connection in good order, after what was sent."""
        self.writer.close()

    def abort(self) -> None:
        """Ends the connection at once, without TLS's goodbye."""
        self.writer.transport.abort()


Speak = Callable[[Wire], Awaitable[None]]


def raw_protocol(
    application: Application, speak: Speak, loop: asyncio.AbstractEventLoop
) -> Callable[[], asyncio.Protocol]:
    """A factory of protocols that let `speak` send every answer."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled when the endpoint stops; CPython 3.11 would print that as an error of its callback.
        with contextlib.suppress(OSError, h11.ProtocolError, asyncio.CancelledError):
            await _Conversation(application, speak, reader, writer).run()
        writer.close()

    return lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader(loop=loop), converse, loop=loop)


class _Conversation:
    def __init__(
        self, application: Application, speak: Speak, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._application, self._speak, self._reader, self._writer = application, speak, reader, writer
        self._http = h11.Connection(h11.SERVER, REQUEST_HEAD)

    async def run(self) -> None:
        """Answers call after call until one of the two ends it."""
        while request := await self._request():
            answer = self._application.answer(request)
            head, body = self._framed(request, answer)
            await self._speak(Wire(request, answer, head, body, self._application.calls, self._writer))
            if self._writer.is_closing() or self._http.our_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _request(self) -> Request | None:
        head = await self._event()
        if not isinstance(head, h11.Request):
            return None
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
        path, _, query = head.target.partition(b"?")
        return Request.of(
            head.method.decode(),
            "https" if self._writer.get_extra_info("sslcontext") else "http",
            (path, query),
            head.headers,
            bytes(body),
            client=self._writer.get_extra_info("peername")[:2],
            http_version=head.http_version.decode(),
        )

    async def _event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
            self._http.receive_data(await self._reader.read(65536))
        return event

    async def _send(self, event: h11.InformationalResponse) -> None:
        self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()

    def _framed(self, request: Request, answer: Answer) -> tuple[bytes, bytes]:
        http = self._http
        reason = HTTPStatus(answer.status).phrase.encode()
        head = http.send(h11.Response(status_code=answer.status, headers=list(answer.headers), reason=reason))
        body = b"" if request.method == "HEAD" else http.send(h11.Data(data=answer.body))
        return head or b"", (body or b"") + (http.send(h11.EndOfMessage()) or b"")
