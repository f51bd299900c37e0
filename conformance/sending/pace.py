"""How much is sent and how quickly: the budget of requests, the rate, and the losses after which a port is silent."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import anyio

from conformance.contract.purpose import REFUSED
from conformance.evidence.between import REMEDY, Obstacle, asks_to_wait, puts_off, shuts_out
from conformance.evidence.exchange import Exchange
from conformance.probes.probe import Probe
from conformance.sending.throttle import Throttle, retry_after

_EXCUSED = 3  # calls refused in the words of a limit, after which others of their kind say nothing of the pace
_STREAK = 4  # losses in a row after which an endpoint counts as silent
CHANNELS = ("https", "http")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may cost the endpoint."""

    concurrency: int = 8
    max_requests: int = 1_000
    rate: float = 0.0  # requests a second; 0: no limit
    run_seconds: float = 600.0
    reductions: int = 20  # requests spent on making what a generated one has shown smaller


class Pace:
    """Admits requests one by one.

    gaps: group -> why some of its probes were not admitted. silent: channel -> why nothing more is sent there.
    planned: how many probes there are. turn: who holds it sends alone. hold_back: told of seconds in
    which calls are held back, which are not the endpoint's doing.
    """

    def __init__(
        self,
        limits: Limits,
        planned: int = 0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.limits, self.planned = limits, planned
        self.gaps: dict[str, str] = {}
        self.silent: dict[str, str] = {}
        self.throttle = Throttle(limits.rate, clock)
        self.hold_back: Callable[[float], None] = lambda _seconds: None
        self.turn, self._gate = anyio.Lock(), anyio.Lock()
        self._sleep, self._clock = sleep, clock
        self._ends = clock() + limits.run_seconds
        self._sent = 0
        self._begun: set[str] = set()
        self._streaks: dict[str, int] = {}
        self._excused = 0
        self._heard: set[str] = set()
        self._timed_out: set[str] = set()
        self._was_let_in = False

    @property
    def is_spent(self) -> bool:
        """Whether the request budget is spent."""
        return self._sent >= self.limits.max_requests

    async def admitted(self, probe: Probe) -> bool:
        """Wait for a slot; False when the budget is spent, the endpoint has gone silent, or time will not do."""
        self._look_ahead()
        if self.silent.get(probe.channel):
            return False
        if self.is_spent:
            self.gaps.setdefault(
                probe.purpose.label, f"the request budget of {self.limits.max_requests} is spent (--max-requests)"
            )
            return False
        self._sent += 1
        self._begun.add(probe.id)
        async with self._gate:
            while (wait := self.throttle.wait) > 0 and not self.silent.get(probe.channel):
                self.hold_back(wait)
                await self._sleep(wait)
            self.throttle.take()
        return not self.silent.get(probe.channel)

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody else sends, and the first call that does comes after a rest."""
        async with self._gate, self.turn:
            rest = max(self.throttle.wait, self.throttle.rest)
            self.hold_back(rest)
            await self._sleep(rest)
            self._sent += 2
            yield

    def excuse(self) -> None:
        """A call was put off for what it asks, not for how quickly it came."""
        self._excused += 1
        self.throttle.excuse()

    async def pause(self, seconds: float) -> None:
        """Let some time pass without a call, which is not the endpoint's doing."""
        if seconds:
            self.hold_back(seconds)
            await self._sleep(seconds)

    def _look_ahead(self) -> None:
        """Stop early where the endpoint allows so few calls that the rest of the run would not fit."""
        rate, left = self.throttle.rate, self._ends - self._clock()
        needed = (self.planned - len(self._begun)) / rate if rate else 0.0
        if needed > left:
            self.stop(
                f"the endpoint limits calls to about {rate:.2g} a second: the rest of the run would take"
                f" {needed:.0f} s, and it may take {max(left, 0):.0f} s; raise --deadline, or judge less with --select"
            )

    def stop(self, reason: str) -> None:
        """Send nothing more."""
        for channel in CHANNELS:
            self.silent.setdefault(channel, reason)

    def note(self, exchange: Exchange, channel: str, *, counts: bool = True) -> None:
        """Learn from an exchange: losses in a row (where they count), and how quickly the endpoint is to be asked."""
        if counts:
            self._streaks[channel] = self._streaks.get(channel, 0) + 1 if exchange.loss else 0
        answer = exchange.answer
        if answer is None:
            if exchange.loss and exchange.loss.kind == "timeout":
                self._timed_out.add(channel)
            is_never_there = channel not in self._heard and self._streaks.get(channel, 0) >= _STREAK // 2
            if exchange.loss and exchange.loss.kind == "unreachable" and is_never_there:
                self.silent.setdefault(channel, f"nothing has ever answered there ({exchange.loss.reason})")
            return
        self._heard.add(channel)
        if asks_to_wait(answer):
            if exchange.kind in REFUSED and self._excused >= _EXCUSED:
                return
            after = retry_after(answer.header("retry-after"), answer.date or exchange.finished)
            self.throttle.put_off(after, self._clock() - exchange.elapsed)
            return
        self.throttle.answered()
        self._was_let_in = self._was_let_in or (channel == "https" and answer.envelope.recognised)

    def gives_up(self, exchange: Exchange, channel: str) -> bool:
        """Send nothing more where every call is put off for longer than anybody waits; whether that is so."""
        kind = puts_off(exchange.answer)
        if not kind or not (self.throttle.is_hopeless or self.throttle.is_asked_too_much):
            return False
        answer = exchange.answer
        assert answer
        after = answer.header("retry-after")
        asked = f", Retry-After: {after[:40]}" if after else ""
        self.silent.setdefault(
            channel,
            f"every call is put off (HTTP {answer.status}{asked}), for longer than the"
            f" {self.throttle.patience:.0f} s that are waited; {REMEDY[kind]}",
        )
        return True

    def is_shut_out(self, exchange: Exchange) -> bool:
        """Whether a call that was served before is answered as if nobody were let in any more."""
        return self._was_let_in and shuts_out(exchange.answer) and not asks_to_wait(exchange.answer)

    def shut_out(self, exchange: Exchange) -> None:
        """So it was, each time it was asked again: nothing more is sent."""
        assert exchange.answer
        self.stop(
            f"the documented request, served before, is answered with HTTP {exchange.answer.status} and no envelope"
            f" each time it is asked again, as after a ban; {REMEDY[Obstacle.BAN]}"
        )

    @property
    def found(self) -> str:
        """The pace that was found, in words; "" where none had to be."""
        rate = self.throttle.rate
        if not rate or self.limits.rate:
            return ""
        return (
            f"the endpoint limits calls: {rate:.2g} a second were used, one at a time;"
            f" --rate {rate:.2g} saves the search"
        )

    def is_suspect(self, channel: str, *, alone: bool) -> bool:
        """Whether so many calls in a row got no answer that the endpoint may have gone; fewer, sent `alone`."""
        most = _STREAK // 2 if alone else _STREAK
        return channel not in self.silent and self._streaks.get(channel, 0) >= most

    def is_mute(self, channel: str) -> bool:
        """Whether nothing has ever answered there, and calls have waited in vain."""
        return channel in self._timed_out and channel not in self._heard

    def note_check(self, channel: str, check: Exchange, *, gave_way: bool = False) -> None:
        """A documented call, sent to a suspect: answered, or given way to, all is well; else it was the last."""
        self._streaks[channel] = 0
        if check.loss and not gave_way:
            what = "the endpoint stopped answering" if channel in self._heard else "nothing has ever answered there"
            self.silent[channel] = f"{what} ({check.loss.reason})"


def stopped(bound: float, *, at_deadline: bool) -> str:
    """Why a run was stopped before its end."""
    if at_deadline:
        return "the run was stopped at its deadline (--deadline)"
    return (
        f"the run was stopped after {bound:.0f} s, its bound: the endpoint takes too long for its answers,"
        " loses too many or asks to wait too often (`timeout`, `concurrency` and --rate have a part in it)"
    )
