"""Sends one probe, and again what was lost, put off or has to be compared, as the tables of `policy` have it."""

from __future__ import annotations

from dataclasses import replace

from conformance.contract.purpose import Kind
from conformance.evidence.between import puts_off
from conformance.evidence.exchange import Exchange
from conformance.probes.probe import Channel, Probe
from conformance.sending.caller import Caller
from conformance.sending.policy import AFTER, PUT_OFF, TRIES, Action, Came, Waiting, aside, next_action

_AWAY_S = (1.0, 2.0)  # in which an endpoint that is started anew, or that was asked too often, may be back
_AWAY = {"closed", "refused"}  # what it costs no time to see


class Worker(Caller):
    """Sends probes, one at a time, until it is known what became of each."""

    async def settle(self, probe: Probe, rest: float = 0.0) -> None:
        """One exchange, and what follows; again, after a rest, if it was lost, or other connections were in its way."""
        if await self.exchange_with_retry(probe):
            await self.wire.pace.pause(rest)
            await self.exchange_with_retry(probe)

    async def exchange_with_retry(self, probe: Probe) -> bool:
        """One exchange; sent once more where a connection was lost, or where the endpoint asked to wait.

        True when it has to be sent again later: it was closed twice, or other connections of ours were in its way.
        """
        if self.wire.has_to_be_looked_for(probe.channel):  # before each call waits in vain
            await self._look_for_somebody(probe.channel)
        if not await self.wire.pace.admitted(probe):
            return False
        exchange = await self.asked(probe)
        shut = self.is_shut  # which a look for somebody forgets
        action = next_action(AFTER, Came(probe, exchange))
        if action is Action.LATER:
            return True
        if self.wire.is_suspect(probe.channel) and await self._look_for_somebody(probe.channel):
            return True
        if action is Action.AGAIN and await self.wire.pace.admitted(probe):
            exchange = await self.asked(probe, retried=True)
            shut = self.is_shut
        if self.gave_way or (shut and await self._is_crowded_out(probe, exchange)):
            return True
        return await self._follow(probe, exchange)

    async def _follow(self, probe: Probe, exchange: Exchange) -> bool:
        """Do what came of a call calls for; True when it has to be sent again later."""
        if (action := self._after(probe, exchange)) is Action.WAIT:
            answered = await self.ask_again(probe, exchange)
            if answered is None:
                return True
            action = self._after(probe, answered)
        match action:
            case Action.LATE:
                self.wire.late.add(probe.id)
                return True
            case Action.KNOCK:
                await self._knock_again(probe)
            case Action.COMPARE:
                await self._compare(probe)
        if beside := self.wire.asides.pop(aside(action, probe), None):
            await self.settle(beside, rest=_AWAY_S[0])  # others rest on it
        return False

    def _after(self, probe: Probe, exchange: Exchange) -> Action:
        shut_out = self.wire.pace.is_shut_out(exchange)
        return next_action(
            AFTER, Came(probe, exchange, resent=True, late=probe.id in self.wire.late, shut_out=shut_out)
        )

    async def _is_crowded_out(self, probe: Probe, exchange: Exchange) -> bool:
        """Whether other connections were in the way of a call that was closed, or it is so for what it asks."""
        beside = self.wire.is_beside(self) and await self._look_for_somebody(probe.channel)
        return beside or self.wire.was_wide(exchange.started)

    async def _look_for_somebody(self, channel: Channel) -> bool:
        """Whether anybody answers at all; True when other connections of ours were in the way."""
        check = self.wire.documented and _check(self.wire.documented, channel)
        if not check or not await self.wire.pace.admitted(check):
            return False
        checked = await self.asked(check, retried=True)
        for seconds in _AWAY_S:
            if channel == "http" or self.gave_way or checked.loss is None or checked.loss.kind not in _AWAY:
                break
            await self.wire.pace.pause(seconds)
            if not await self.wire.pace.admitted(check):
                return False
            checked = await self.asked(check, retried=True)
        self.wire.note_check(channel, checked, gave_way=self.gave_way)
        return self.gave_way

    async def ask_again(self, probe: Probe, exchange: Exchange) -> Exchange | None:
        """Send what was put off until it is answered, nobody waits any longer, or it is what it asks that matters.

        The last exchange; None when other connections of ours were in its way.
        """
        pace, channel = self.wire.pace, probe.channel
        action, check, tries = Action.WAIT, None, 0
        while True:
            shut = self.is_shut and await self._is_crowded_out(probe, exchange)
            if self.gave_way or shut or (puts_off(exchange.answer) and self.wire.was_wide(exchange.started)):
                return None
            tries += 1
            waiting = Waiting(
                tries,
                documented=probe.kind is Kind.DOCUMENTED,
                answered=not puts_off(exchange.answer),
                compared=action is Action.BESIDE,
                others_are_served=check is not None and check.answer is not None and not puts_off(check.answer),
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
                    exchange = await self.asked(probe, retried=True)
                    continue
                case Action.EXCUSE:
                    pace.excuse()
                case Action.GIVE_UP:
                    pace.gives_up(exchange, channel)
            return exchange

    async def _beside_the_documented(self, probe: Probe, last: Exchange) -> tuple[Exchange, Exchange | None]:
        """A call after a rest, and the documented one right after it, which has no better moment."""
        async with self.wire.pace.alone():
            if self.wire.pace.silent.get(probe.channel):
                return last, None
            asked = await self.recorded(probe, retried=True)
            if self.gave_way or not self.wire.documented or not puts_off(asked.answer):
                return asked, None
            check = _check(self.wire.documented, probe.channel)
            return asked, await self.recorded(replace(check, fresh=probe.fresh), retried=True)

    async def _knock_again(self, probe: Probe) -> None:
        """Whether the documented call is shut out for good: over new connections, after a little while."""
        pace = self.wire.pace
        for _ in range(TRIES - 1):
            pace.throttle.put_off(None, pace.throttle.clock())
            if not await pace.admitted(probe):
                return
            exchange = await self.asked(replace(probe, fresh=True), retried=True)
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
        await self.settle(beside)
        if await self.wire.pace.admitted(probe):
            again = await self.asked(probe, retried=True)
            if puts_off(again.answer):
                await self.ask_again(probe, again)

    async def exchange(self, probe: Probe, *, retried: bool = False) -> Exchange:
        await self.wire.pace.admitted(probe)
        return await self.asked(probe, retried=retried)

    async def asked(self, probe: Probe, *, retried: bool = False) -> Exchange:
        if not self.wire.pace.throttle.is_slow:
            return await self.recorded(probe, retried=retried)
        async with self.wire.pace.turn:
            return await self.recorded(probe, retried=retried)


def _check(documented: Probe, channel: Channel) -> Probe:
    """The documented call on a port, to see whether others are answered there."""
    purpose = documented.sent_for(Kind.CHECK)
    return replace(documented, id=f"{documented.id}-again", purpose=purpose, channel=channel, fresh=True)
