"""Sends one request at a time and records what comes back, within one deadline over everything, and a size.

The stream swaps placeholders for the secrets in the bytes that leave; answers are recorded as
they came.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Self
from urllib.parse import urlsplit

import anyio
import httpcore
import httpx

from conformance.contract.purpose import Kind
from conformance.evidence.between import ORDINARY, Obstacle, puts_off
from conformance.evidence.exchange import Answer, Exchange, Loss, Request, Tls
from conformance.probes.probe import FIRST, Probe
from conformance.sending.failure import LineFailed
from conformance.sending.line import Meter
from conformance.sending.looks import Look
from conformance.sending.receiving import HEAD, protocol_loss, received
from conformance.sending.session import Session
from conformance.sending.tls import WRONG_PURPOSE
from conformance.sending.transport import Transport
from conformance.target.target import State

_OF_TLS = frozenset({"certificate", "purpose", "no-tls", "tls", "closed"})  # kinds of loss as a handshake may end
_FORWARDED = frozenset({"closed", "malformed", "timeout", "too-large", "http2"})  # which may be a proxy's own doing
_WATCH_S = 0.03  # behind the first answer of a run


class Caller:
    """Sends over connections of its own."""

    def __init__(self, wire: Session, address: str = "") -> None:
        """To one `address` of the host, where it is given."""
        self.wire, self.address = wire, address
        self.meter = Meter(cap=wire.target.max_body + 2 * HEAD)
        # By proxy, source address, and whether the proxy forwards requests.
        self._transports: dict[tuple[str, str, bool], Transport] = {}
        self.channel = ""  # of the last call
        self.is_busy = self.gave_way = self.is_shut = False

    async def __aenter__(self) -> Self:
        self.wire.holders.append(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.wire.holders.remove(self)
        await self.drop()

    @property
    def is_open(self) -> bool:
        """Whether it may hold a connection."""
        return bool(self._transports)

    async def drop(self) -> None:
        """Close the connections; the next call opens new ones."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            self.wire.closed_at = self.wire.now()  # others are to wait for it from now on
            with anyio.move_on_after(1, shield=True):
                await transport.aclose()
            self.wire.closed_at = self.wire.now()

    async def connect(self, channel: str) -> None:
        """Have a connection stand for the first call; where none can be had, that call finds out why."""
        target = self.wire.target
        url = urlsplit(target.endpoint if channel == "https" else target.http_endpoint)
        with contextlib.suppress(LineFailed, httpcore.NetworkError, httpcore.TimeoutException, OSError):
            await self._open(None, forwarded=False).connect(url.scheme, url.hostname or "", url.port)

    async def watch(self) -> None:
        """See whether more comes behind the first answer than was asked for."""
        await self.meter.watch(_WATCH_S)
        if self.meter.surplus:
            self.wire.note_strays()
            await self.drop()

    def _route(self, state: State | None) -> tuple[str, str]:
        """The proxy and the source address of a call, as far as there are any."""
        target = self.wire.target
        return (state and state.proxy) or target.proxy, (state and state.source_address) or target.source_address

    async def _is_forwarded(self, probe: Probe, state: State | None) -> bool:
        """Whether a proxy forwards a call as a request of its own.

        Here, too, it is found out what the proxy of a state does to TLS: calls are kept in the order in which they
        end, so that none may wait for it afterwards.
        """
        proxy, _ = self._route(state)
        if state and state.proxy:
            await self.wire.dialer.doubt(proxy, state.endpoint, state.source_address)
        is_plain = probe.channel == "http" and not probe.form.https_port
        return bool(proxy) and is_plain and not await self.wire.dialer.tunnels_plain(proxy)

    def _open(self, state: State | None, *, forwarded: bool) -> Transport:
        """httpx without its client: that would keep cookies, log URLs and stumble over odd redirects.

        forwarded: whether a proxy passes requests on and not bytes.
        """
        proxy, source = self._route(state)
        key = proxy, source, forwarded
        if key not in self._transports:
            self._transports[key] = self.wire.dialer.transport(
                self.meter, proxy=proxy, source_address=source, address=self.address, forwarded=forwarded
            )
        return self._transports[key]

    async def recorded(self, probe: Probe, *, retried: bool) -> Exchange:
        if not self.wire.is_narrow:
            return await self._sent(probe, retried=retried)
        async with self.wire.lock:
            await self.wire.clear(self)
            exchange = await self._sent(probe, retried=retried)
            ends = exchange.answer and exchange.answer.header("connection").lower() == "close"
            if ends and self.wire.turns_away:
                await self.drop()  # the next one comes when the server has let this one go
            return exchange

    async def _sent(self, probe: Probe, *, retried: bool) -> Exchange:
        self.is_busy, self.is_shut = True, False
        try:
            return await self._exchange(probe, retried=retried)
        finally:
            self.is_busy = False

    async def _exchange(self, probe: Probe, *, retried: bool) -> Exchange:
        if (
            (probe.fresh and self.channel)
            or self.wire.strays
            or (self.wire.is_narrow and probe.channel != self.channel)
        ):
            await self.drop()  # where connections stand in each other's way, one of the other port does, too
        if self.wire.is_narrow and not self.is_open:
            await self.wire.let_go()
        self.channel = probe.channel
        state = self.wire.target.states.get(probe.state)
        forwarded = await self._is_forwarded(probe, state)
        request = self.wire.request(probe)
        self.meter.begin()
        self.meter.http_version = request.http_version
        # The wall clock is read once: one that jumps during the run bends no time and no duration.
        started = self.wire.now()
        answer, loss = await self._answered(state, request, forwarded=forwarded)
        finished = self.wire.now()
        if loss is not None and loss.kind in {"closed", "certificate"}:
            loss = await self._told(loss, request, state) or loss
        if loss is not None and forwarded and loss.kind in _FORWARDED:
            loss = Loss("proxy", f"{loss.reason}, while a proxy forwarded it")
        loss, tls = await self._without_the_proxys(loss, state)
        kind = probe.kind
        if self.meter.surplus:
            self.wire.note_strays()
            if self.meter.reused:
                kind = Kind.STRAY  # it may be what the call before left behind
        closed = probe.channel == "http" and loss is not None and loss.kind == "refused"
        unreached = bool(self.address) and loss is not None and not self.meter.address and not closed
        if unreached and loss is not None:
            kind = Kind.UNREACHED
            self.wire.note_unreached(self.address, loss)
        turned_away = (
            not unreached
            and not probe.form.https_port
            and probe.id != FIRST
            and not self.meter.reused
            and self._is_turned_away(probe, answer, loss, retried=retried)
        )
        self.gave_way = turned_away and await self.wire.give_way(self, started)
        if self.gave_way and loss is not None and probe.kind is not Kind.CHECK:
            kind = Kind.CROWDED
        exchange = Exchange(
            number=0,
            probe=probe.id,
            purpose=probe.purpose if kind is probe.kind else probe.sent_for(kind),
            title=probe.title,
            binding=probe.binding,
            request=self.wire.composer.shown(request),
            started=started,
            finished=finished,
            answer=answer,
            loss=loss,
            tls=tls,
            control=probe.control,
            state=probe.state,
            connection=self.meter.connection,
            address=self.meter.address,
            reused=self.meter.reused,
            connecting=self.meter.connecting,
            retried=retried,
            reproduce=self.wire.composer.curl(request, probe.state),
        )
        if probe.form.version == "1.0" or loss or self.meter.surplus or (answer and answer.unread):
            await self.drop()
        return self.wire.record(exchange, probe.channel)

    def _is_turned_away(self, probe: Probe, answer: Answer | None, loss: Loss | None, *, retried: bool) -> bool:
        """Whether a call over a new connection fared as where somebody serves few connections at a time.

        One that waits in vain shows it; so does one that is put off, where it is put off once more. What is closed may
        be so for what it asks, unless that is the documented request, twice.
        """
        if loss is None:
            return retried and puts_off(answer) is Obstacle.LIMIT
        if self.meter.received:
            return False
        self.is_shut = probe.channel == "https" and loss.kind in {"closed", "refused"}
        return loss.kind == "timeout" or (self.is_shut and retried and probe.kind in ORDINARY)

    async def _answered(
        self, state: State | None, request: Request, *, forwarded: bool
    ) -> tuple[Answer | None, Loss | None]:
        timeout = self.wire.target.timeout
        try:
            with anyio.fail_after(timeout):
                return await self._call(state, request, forwarded=forwarded), None
        except TimeoutError:
            if "the proxy" in self.meter.stage:  # by which nobody knows of the endpoint
                return None, Loss("proxy", f"no answer within {timeout:g} s ({self.meter.stage})")
            return None, Loss("timeout", f"no complete answer within {timeout:g} s ({self.meter.stage})")
        except LineFailed as failed:
            return None, Loss(failed.kind, str(failed))
        except httpcore.RemoteProtocolError as error:
            return None, protocol_loss(str(error), self.meter)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError, OSError):
            return None, Loss("closed", f"the connection was lost ({self.meter.stage})")

    async def _told(self, loss: Loss, request: Request, state: State | None) -> Loss | None:
        """What another connection tells of a certificate, where this one does not.

        A server that refuses one ends TLS 1.3 when the handshake is over, so that its word may be lost with the request
        on its way; where anything was ever answered, it is not that.
        """
        parts, failed = urlsplit(request.url), None
        there = parts.hostname or "", parts.port or 443, self.meter.address
        look = Look(self.wire.dialer, *there, *self._route(state))
        if loss.kind == "certificate" and loss.reason.endswith(WRONG_PURPOSE):
            failed = await look.any_purpose()
        ended = loss.kind == "closed" and self.meter.tls is not None and self.meter.tls.version == "TLSv1.3"
        if ended and not self.meter.received and not any(e.answer for e in self.wire.exchanges):
            failed = await look.refusal()
        return Loss(failed.kind, str(failed)) if failed else None

    async def _without_the_proxys(self, loss: Loss | None, state: State | None) -> tuple[Loss | None, Tls | None]:
        """What was seen of TLS, as far as it is the endpoint's and not a proxy's that may have opened it."""
        tls, (proxy, _) = self.meter.tls, self._route(state)
        failed = loss is not None and loss.kind in _OF_TLS and tls is None
        if not (proxy and (tls or failed)) or not (doubt := await self.wire.dialer.doubt(proxy)):
            return loss, tls
        self.wire.note(doubt)
        return Loss("proxy", f"{loss.reason}; {doubt}") if loss and failed else loss, None

    async def _call(self, state: State | None, request: Request, *, forwarded: bool) -> Answer:
        # Its length is told before it is written, so it has its secrets already.
        told = replace(request, body=self.wire.secrets.reveal(request.body))
        response = await self._open(state, forwarded=forwarded).send(told)
        answer = await received(response, self.meter, self.wire.allowance)
        if forwarded and answer.surplus:  # what a proxy sends behind an answer is no doing of the endpoint's
            self.meter.surplus, answer = 0, replace(answer, surplus=0)
        if forwarded and not answer.envelope.recognised and not answer.meaning.is_success:
            said = f"HTTP {answer.status} and no envelope over plain HTTP, which may be the proxy's own answer"
            raise LineFailed("proxy", said)
        return answer
