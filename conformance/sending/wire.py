"""A sending session: what goes out in which order, side by side or in turn, within a rate and a request budget."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from urllib.parse import urlsplit

import anyio
import anyio.from_thread
import anyio.to_thread

from conformance.contract.purpose import Kind, Purpose
from conformance.contract.quoting import quoting
from conformance.evidence.between import puts_off
from conformance.probes import generated as explore
from conformance.probes.plan import LATER_S, Plan
from conformance.probes.probe import Probe, after_state
from conformance.sending import signals
from conformance.sending.addresses import further
from conformance.sending.canary import listen
from conformance.sending.effects import send_once
from conformance.sending.flows import filled
from conformance.sending.pace import stopped
from conformance.sending.policy import AFTER, Action, Came, next_action
from conformance.sending.pool import Errand, Lanes, Row, side_by_side
from conformance.sending.recorded import Recording
from conformance.sending.reduction import findings, is_pending, shows
from conformance.sending.session import Session
from conformance.sending.states import setup, teardown
from conformance.sending.worker import Worker
from conformance.target.target import State

_SHARE = 0.55  # of the timeout: what the answers of a whole run may take on an average
_OPENING_S = 0.25  # that further connections may take longer than the first answer
_AT_THE_END = 3  # rounds before the end, in which what takes longer than a call is begun
_LEAST = 6  # timeouts that a short run may take, so that it can find out why nobody answers


class Wire(Session):
    """One sending session to one target."""

    _interrupted = False
    _is_over = False  # the last request was sent, for good
    failing: Callable[[Recording], bool] | None = None  # whether what was recorded so far is enough: the run ends
    _ended = ""  # why the run was stopped before its end
    _lasting = ""  # why the endpoint may still be in a state that was brought about

    def run(self, plan: Plan) -> Recording:
        """Send the plan. Being asked to stop ends it early; what was recorded is kept."""
        try:
            anyio.run(self._until_asked, plan)
        except KeyboardInterrupt:
            self._interrupted = True
        return self.recording(plan)

    async def _until_asked(self, plan: Plan) -> None:
        loop = asyncio.get_running_loop()
        with anyio.CancelScope() as scope:

            def stop() -> None:
                self._interrupted = True
                loop.call_soon_threadsafe(scope.cancel)

            with signals.meaning(stop):
                if signals.came():
                    stop()
                await self.session(plan)

    async def session(self, plan: Plan) -> Recording:
        """The same, inside an event loop of the caller's."""
        self.total = self.pace.planned = len(plan.probes)
        bound, latest = self._bound(plan), anyio.current_time() + self.limits.run_seconds
        with quoting(self.secrets.redact), anyio.move_on_after(bound) as scope:
            self.pace.hold_back = lambda s: setattr(scope, "deadline", min(scope.deadline + s, latest))
            await (self._until_it_fails(plan) if self.failing else self._phases(plan))
        if scope.cancelled_caught:
            self._ended = stopped(bound, at_deadline=scope.deadline >= latest)
            self.notes.append(self._ended)
        self.notes += [self.pace.found] if self.pace.found else []
        return self.recording(plan)

    async def _until_it_fails(self, plan: Plan) -> None:
        """The phases; once what was recorded fails, nothing more is sent."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, plan)
            await self._phases(plan)
            tasks.cancel_scope.cancel()

    async def _watch(self, plan: Plan) -> None:
        assert self.failing
        while not self._ended:
            await self.heard.wait()
            self.heard = anyio.Event()
            recording = self.recording(plan)
            if await anyio.to_thread.run_sync(self.failing, recording, abandon_on_cancel=True):
                self._ended = "the run was ended at its first failure (--stop-on-failure)"
                self.notes.append(self._ended)
                self.pace.stop(self._ended)

    def _bound(self, plan: Plan) -> float:
        """Seconds that the run may take: answers well within the timeout, and what is not the endpoint's doing."""
        answers = max(_SHARE * plan.rounds(self.limits.concurrency), _LEAST) * self.target.timeout
        commanded = (s for s in self.target.states.values() if s.code in plan.states and (s.setup or s.teardown))
        commands = sum(2 * state.timeout for state in commanded)
        rate = len(plan.probes) / self.limits.rate if self.limits.rate else 0.0
        return min(self.limits.run_seconds, LATER_S + answers + commands + rate)

    def recording(self, plan: Plan) -> Recording:
        """What has been recorded so far, with a reason for everything in the plan that was not sent."""
        gaps = plan.gaps | self.pace.gaps | self.gaps
        sent = {e.probe for e in self.exchanges if e.kind is not Kind.CROWDED}
        purposes = {e.purpose for e in self.exchanges}
        why = "the run was interrupted" if self._interrupted else self._ended or "the run ended"
        ended = f"{why} before it was sent"
        for probe in (*plan.probes, *(self.asides.values() if self._interrupted or self._ended else ())):
            if probe.id not in sent and f"{probe.purpose.label}@{probe.purpose.call}" not in gaps:
                # What a state that lasts has kept from being sent is more of what was seen before it.
                lasting = self._lasting if probe.purpose not in purposes else ""
                if reason := self.pace.silent.get(probe.channel) or lasting or (not self._lasting and ended):
                    gaps.setdefault(probe.purpose.label, reason)
        return Recording(
            self.kept(),
            tuple(sorted(self.handshakes, key=lambda h: h.version)),
            gaps,
            tuple(self.notes),
            self.canary.seen if self.canary else None,
            self._interrupted,
            self.canary.url if self.canary else "",
            self.composer.stand_ins,
        )

    async def _phases(self, plan: Plan) -> None:
        self.documented, self.documented_of, self.asides = plan.first, plan.documented, dict(plan.asides)
        if any(probe.kind is Kind.HOSTILE for probe in plan.together):
            self.canary = listen(urlsplit(self.target.endpoint).hostname or "")
        try:
            await self._in_order(plan)
        finally:
            if self.canary:
                self.canary.close()

    async def _in_order(self, plan: Plan) -> None:
        self.progress(0, self.total)
        async with Worker(self) as first:
            lanes = await self._first(plan, first)
            beside = [partial(self._end, plan, first, beside=True)] if plan.ends_beside and plan.last else []
            await side_by_side(self, await self._units(plan), lanes, beside)
            await self._reduce(plan, first)
            for probe in (p for p in plan.middle if not p.origin):
                await first.settle(probe)
            await side_by_side(self, [partial(self._with_its_value, p) for p in plan.middle if p.origin])
            await send_once(self, plan.effects)
            for code, calls in plan.states.items():
                if not self._lasting and not all(call.channel in self.pace.silent for call in calls):
                    await self._state(self.target.states[code], calls)
            if self._lasting:
                return  # what would be said now is said in that state
            await side_by_side(self, [partial(self._late, p) for p in plan.last[1:]])
            await side_by_side(self, (), end=[partial(self._end, plan, first)] if plan.last else [])

    async def _units(self, plan: Plan) -> list[Row | Errand]:
        """What goes side by side: what takes more than one round trip while there is other work beside it."""
        before: list[Row | Errand] = []
        if "https" not in self.pace.silent and not plan.smoke:
            for address, calls in await further(plan, self.target, self.dialer.names, self.notes):
                before.append(partial(self._ask_address, address, calls))
        late: list[Row | Errand] = [partial(self._late, probe) for probe in plan.late]
        if plan.handshakes and "https" not in self.pace.silent:
            late += [self._old_tls]
        late += [plan.in_a_row] if plan.in_a_row else []
        is_known = "http" in self.pace.silent or self.pace.is_mute("https")  # what stands in the way, be it a proxy
        why = self.pace.silent.get("https", "") if is_known else await self.dialer.doubt()
        unseen = {p.purpose.label for p in plan.together if p.form.https_port and why}
        self.gaps |= dict.fromkeys(unseen, why)
        asked = [probe for probe in plan.together if probe.purpose.label not in unseen]
        made, alone = ([(p,) for p in asked if (p.id in plan.cases) is generated] for generated in (True, False))
        most = max(0, len(alone) - _AT_THE_END * self.limits.concurrency)
        return [*before, *alone[:most], *made, *late, *alone[most:]]  # the last request waits for what is made

    async def _late(self, probe: Probe, worker: Worker) -> bool:
        """A request that must not be sent before the time has visibly advanced."""
        if "https" not in self.pace.silent:
            over = (e.finished for e in self.exchanges if e.purpose == probe.purpose)
            await anyio.sleep(max(0.0, next(over, self.now()) + LATER_S - self.now()))
        return await worker.exchange_with_retry(probe)

    async def _end(self, plan: Plan, first: Worker, _: Worker, *, beside: bool = False) -> bool:
        """The last request, over the connection of the first: an endpoint may keep what it answers per connection."""
        if self._is_over or (beside and is_pending(plan, self.exchanges)):
            return False  # it was sent; or it has to succeed after what may be made smaller yet
        send = first.exchange_with_retry if plan.smoke else partial(self._late, worker=first)
        self._is_over = not await send(plan.last[0])
        return not self._is_over

    async def _with_its_value(self, probe: Probe, worker: Worker) -> bool:
        """Send a probe; one whose value another call lists with that value, or not at all where there is none."""
        whole = filled(probe, self.exchanges, self.secrets) if probe.origin else probe
        if isinstance(whole, str):
            self.gaps.setdefault(probe.purpose.label, whole)
            return False
        return await worker.exchange_with_retry(whole)

    async def _reduce(self, plan: Plan, worker: Worker) -> None:
        """Show with a small request, within a budget, what only a generated one has shown."""
        found = list(findings(plan, self.exchanges))
        for probe, case in found:
            numbers = itertools.count(1)
            # The reduction is hypothesis' and has a thread of its own; every request is sent from here.
            shows = partial(self._shows, worker, probe, case, numbers)
            share = self.limits.reductions // len(found)
            await anyio.to_thread.run_sync(explore.reduce, case, partial(anyio.from_thread.run, shows), share)

    async def _shows(
        self, worker: Worker, probe: Probe, case: explore.Case, numbers: Iterator[int], document: bytes
    ) -> bool:
        smaller = explore.reduced(probe, next(numbers), document)
        if not self.pace.is_spent:
            await worker.settle(smaller)
        return any(e.probe == smaller.id and shows(case, e.answer) for e in self.exchanges)

    async def _first(self, plan: Plan, worker: Worker) -> Lanes | None:
        """The first call decides whether there is anybody to talk to.

        What comes next has its connections opened meanwhile, as soon as this one stands, before its TLS does: with an
        endpoint that serves one at a time, none of them is in its way. They are closed again where it has no answer.
        """
        lanes, stands = Lanes(self, [(p,) for p in (*plan.together, *plan.in_a_row)]), anyio.Event()
        worker.meter.standing = stands.set

        async def open_lanes() -> None:
            await stands.wait()
            self.progress(0, self.total)
            await lanes.open()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(open_lanes)
            exchange = await worker.exchange(plan.first)
            patience = max(exchange.connecting, _OPENING_S) if exchange.answer else 0.0
            tasks.cancel_scope.deadline = anyio.current_time() + patience
        if exchange.answer is None or puts_off(exchange.answer):
            await lanes.close()
        action = next_action(AFTER, Came(plan.first, exchange, first=True))
        if action is Action.AGAIN:
            exchange = await worker.exchange(plan.first, retried=True)
            action = next_action(AFTER, Came(plan.first, exchange, first=True, resent=True))
        if action is Action.WAIT:
            await worker.ask_again(plan.first, exchange)
        if action is Action.GIVE_UP and exchange.loss:
            why = f"the first call got no answer: {exchange.loss.reason}"
            self.pace.silent |= dict.fromkeys(["https", *(["http"] if exchange.loss.kind == "proxy" else [])], why)
        else:
            await worker.watch()
        return None if self.strays else lanes

    async def _state(self, state: State, calls: tuple[Probe, ...]) -> None:
        """The calls in one state, between its setup and its teardown, and one after it."""
        label = Purpose(Kind.STATE, state=state.code).label
        try:
            failed = await setup(state, self.secrets, self.environment) if state.setup else ""
            if failed:
                self.gaps[label] = failed
            else:
                async with Worker(self) as worker:
                    for probe in calls:
                        await worker.settle(probe)
        finally:
            if state.teardown:
                with anyio.CancelScope(shield=True):
                    self._lasting = await teardown(state, self.secrets, self.environment)
                    if self._lasting:
                        self.gaps[Purpose(Kind.AFTER, state=state.code).label] = self._lasting
            elif state.setup:
                self._lasting = f"the state {state.code} has a setup command and no teardown, so it may still be set"
            if self._lasting:
                self.notes.append(f"{self._lasting}; nothing was sent after it")
        if state.setup and label not in self.gaps and not self._lasting:
            async with Worker(self) as worker:
                for documented in self.documented_of.values():
                    await worker.settle(after_state(documented, state.code))

    async def _ask_address(self, address: str, calls: Iterable[Probe], _: Worker) -> bool:
        async with Worker(self, address) as worker:
            for probe in calls:
                await worker.settle(probe)
                if any(e.probe == probe.id and e.kind is Kind.UNREACHED for e in self.exchanges):
                    break
        return False

    async def _old_tls(self, worker: Worker) -> bool:
        if self.is_narrow:
            await worker.drop()
        self.handshakes += await self.dialer.handshakes()
        return False
