"""Sends one probe at a time and records what comes back, within one deadline over everything, and a size.

The stream swaps placeholders for the secrets in the bytes that leave; answers are recorded as
they came.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from urllib.parse import urlsplit

import anyio
import httpcore
import httpx

from conformance.contract.quoting import clip
from conformance.evidence.between import puts_off
from conformance.evidence.exchange import Answer, Exchange, Loss, Request
from conformance.probes.probe import FIRST, Channel, Probe
from conformance.probes.purpose import Kind
from conformance.sending.failure import LineFailed
from conformance.sending.line import Meter
from conformance.sending.policy import AFTER, PUT_OFF, TRIES, Action, Came, Waiting, next_action
from conformance.sending.receiving import HEAD, protocol_loss, received
from conformance.sending.session import Session
from conformance.sending.transport import Transport
from conformance.target.target import State

_WATCH_S = 0.03  # behind the first answer of a run


class Worker:
    """Sends one probe at a time over its own connections."""

    def __init__(self, wire: Session, address: str = "") -> None:
        """To one `address` of the host, where it is given."""
        self.wire, self.address = wire, address
        self.meter = Meter(cap=wire.target.max_body + 2 * HEAD)
        self._transports: dict[tuple[str, str], Transport] = {}  # by proxy and source address
        self._channel = ""  # of the last call

    async def __aenter__(self) -> Worker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drop()

    async def drop(self) -> None:
        """Close the connections; the next call opens new ones."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            with anyio.move_on_after(1, shield=True):
                await transport.aclose()

    async def watch(self) -> None:
        """See whether more comes behind the first answer than was asked for."""
        await self.meter.watch(_WATCH_S)
        if self.meter.surplus:
            self.wire.note_strays()
            await self.drop()

    def _open(self, state: State | None) -> Transport:
        """httpx without its client: that would keep cookies, log URLs and stumble over odd redirects."""
        target = self.wire.target
        proxy = (state and state.proxy) or target.proxy
        source = (state and state.source_address) or target.source_address
        if (proxy, source) not in self._transports:
            self._transports[proxy, source] = self.wire.dialer.transport(
                self.meter, proxy=proxy, source_address=source, address=self.address
            )
        return self._transports[proxy, source]

    async def exchange_with_retry(self, probe: Probe) -> bool:
        """One exchange; sent once more where a connection was lost, or where the endpoint asked to wait.

        True when other connections of ours were in its way, so that it has to be sent again later.
        """
        if not await self.wire.pace.admitted(probe):
            return False
        exchange = await self._exchange(probe)
        action = next_action(AFTER, Came(probe, exchange))
        if action is Action.LATER:
            return True
        if self.wire.documented and self.wire.is_suspect(probe.channel):
            check = _check(self.wire.documented, probe.channel)
            if await self.wire.pace.admitted(check):
                self.wire.pace.settle(probe.channel, await self._exchange(check, retried=True))
        if action is Action.AGAIN and await self.wire.pace.admitted(probe):
            exchange = await self._exchange(probe, retried=True)
        shut_out = self.wire.pace.is_shut_out(exchange)
        match next_action(AFTER, Came(probe, exchange, resent=True, shut_out=shut_out)):
            case Action.WAIT:
                await self.ask_again(probe, exchange)
            case Action.KNOCK:
                await self._knock_again(probe)
            case Action.COMPARE:
                await self._compare(probe)
        return False

    async def ask_again(self, probe: Probe, exchange: Exchange) -> None:
        """Send what was put off until it is answered, nobody waits any longer, or it is what it asks that matters."""
        pace, channel = self.wire.pace, probe.channel
        action, check = Action.WAIT, None
        for tries in itertools.count(1):
            waiting = Waiting(
                tries,
                documented=probe.kind is Kind.DOCUMENTED,
                answered=not puts_off(exchange.answer),
                compared=action is Action.BESIDE,
                others_are_served=check is not None
                and check.answer is not None
                and not puts_off(check.answer),
                in_vain=pace.throttle.in_vain,
                is_hopeless=pace.throttle.is_hopeless,
                is_too_long=pace.throttle.is_asked_too_much,
                is_silent=bool(pace.silent.get(channel)),
            )
            action = next_action(PUT_OFF, waiting)
            match action:
                case Action.BESIDE:
                    exchange, check = await self._beside_the_documented(probe, exchange)
                    continue
                case Action.WAIT if await pace.admitted(probe):
                    exchange = await self._exchange(probe, retried=True)
                    continue
                case Action.EXCUSE:
                    pace.throttle.excuse()
                case Action.GIVE_UP:
                    pace.gives_up(exchange, channel)
            return

    async def _beside_the_documented(self, probe: Probe, last: Exchange) -> tuple[Exchange, Exchange | None]:
        """A call after a rest, and the documented one right after it, which has no better moment."""
        async with self.wire.pace.alone():
            if self.wire.pace.silent.get(probe.channel):
                return last, None
            asked = await self._recorded_exchange(probe, retried=True)
            if not self.wire.documented or not puts_off(asked.answer):
                return asked, None
            check = _check(self.wire.documented, probe.channel)
            return asked, await self._recorded_exchange(replace(check, fresh=probe.fresh), retried=True)

    async def _knock_again(self, probe: Probe) -> None:
        """Whether the documented call is shut out for good: over new connections, after a little while."""
        pace = self.wire.pace
        for _ in range(TRIES - 1):
            pace.throttle.put_off(None, pace.throttle.clock())
            if not await pace.admitted(probe):
                return
            exchange = await self._exchange(replace(probe, fresh=True), retried=True)
            if not pace.is_shut_out(exchange):
                return
        pace.shut_out(exchange)

    async def _compare(self, probe: Probe) -> None:
        """The documented request beside one in another spelling that failed, and that one again."""
        documented = self.wire.documented_of.get(probe.purpose.call)
        if documented is None or probe.id.startswith("reduced-"):
            return
        beside = replace(
            documented,
            id=f"documented-beside-{probe.id}",
            title=f"the documented request, beside {probe.title}",
            fresh=False,
        )
        await self.exchange_with_retry(beside)
        if await self.wire.pace.admitted(probe):
            again = await self._exchange(probe, retried=True)
            if puts_off(again.answer):
                await self.ask_again(probe, again)

    async def exchange(self, probe: Probe, *, retried: bool = False) -> Exchange:
        await self.wire.pace.admitted(probe)
        return await self._exchange(probe, retried=retried)

    async def _exchange(self, probe: Probe, *, retried: bool = False) -> Exchange:
        if not self.wire.pace.throttle.is_slow:
            return await self._recorded_exchange(probe, retried=retried)
        async with self.wire.pace.turn:
            return await self._recorded_exchange(probe, retried=retried)

    async def _recorded_exchange(self, probe: Probe, *, retried: bool) -> Exchange:
        if probe.fresh or self.wire.strays or (self.wire.is_narrow and probe.channel != self._channel):
            await self.drop()  # where connections stand in each other's way, one of the other port does, too
        self._channel = probe.channel
        state = self.wire.target.states.get(probe.state)
        request = self.wire.request(probe)
        self.meter.begin()
        self.meter.http_version = request.http_version
        # The wall clock is read once: one that jumps during the run bends no time and no duration.
        started = self.wire.now()
        answer, loss = await self._answered(state, request)
        if loss is not None and loss.kind == "closed":
            loss = await self._refusal(request) or loss
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
        waiting = (
            not unreached
            and not probe.form.https_port
            and loss is not None
            and loss.kind == "timeout"
            and not self.meter.reused
            and not self.meter.received
        )
        if waiting and probe.id != FIRST and await self.wire.give_way(self, started):
            kind = Kind.CROWDED
        exchange = Exchange(
            number=0,
            probe=probe.id,
            purpose=probe.purpose if kind is probe.kind else probe.sent_for(kind),
            title=probe.title,
            binding=probe.binding,
            request=self.wire.composer.shown(request),
            started=started,
            finished=self.wire.now(),
            answer=answer,
            loss=loss,
            tls=self.meter.tls,
            control=probe.control,
            state=probe.state,
            connection=self.meter.connection,
            address=self.meter.address,
            reused=self.meter.reused,
            connecting=self.meter.connecting,
            retried=retried,
            reproduce=self.wire.composer.curl(request),
        )
        if probe.form.version == "1.0" or loss or self.meter.surplus or (answer and answer.unread):
            await self.drop()
        return self.wire.record(exchange, probe.channel)

    async def _answered(self, state: State | None, request: Request) -> tuple[Answer | None, Loss | None]:
        timeout = self.wire.target.timeout
        try:
            with anyio.fail_after(timeout):
                return await self._call(state, request), None
        except TimeoutError:
            return None, Loss("timeout", f"no complete answer within {timeout:g} s ({self.meter.stage})")
        except LineFailed as failed:
            return None, Loss(failed.kind, str(failed))
        except httpcore.RemoteProtocolError as error:
            return None, protocol_loss(str(error), self.meter)
        except httpcore.ProxyError as error:
            return None, Loss(
                "proxy", f"the proxy does not connect: {clip(str(error)) or 'it gives no reason'}"
            )
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError, OSError):
            return None, Loss("closed", f"the connection was lost ({self.meter.stage})")

    async def _refusal(self, request: Request) -> Loss | None:
        """What a server says by which it ended TLS 1.3, before anything was ever answered: about a certificate.

        The handshake is over by then, so that what the server says of it may be lost with the request on its way.
        """
        ended = self.meter.tls is not None and self.meter.tls.version == "TLSv1.3"
        if not ended or self.meter.received or any(e.answer for e in self.wire.exchanges):
            return None
        parts = urlsplit(request.url)
        failed = await self.wire.dialer.refusal(parts.hostname or "", parts.port or 443, self.meter.address)
        return Loss(failed.kind, str(failed)) if failed else None

    async def _call(self, state: State | None, request: Request) -> Answer:
        # Its length is told before it is written, so it has its secrets already.
        told = replace(request, body=self.wire.secrets.reveal(request.body))
        response = await self._open(state).send(told)
        return await received(response, self.meter, self.wire.allowance)


def _check(documented: Probe, channel: Channel) -> Probe:
    """The documented call on a port, to see whether others are answered there."""
    purpose = documented.sent_for(Kind.CHECK)
    return replace(documented, id=f"{documented.id}-again", purpose=purpose, channel=channel, fresh=True)
