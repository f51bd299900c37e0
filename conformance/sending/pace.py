"""What a run may cost the endpoint, and whether there is still anybody to pay: budget, rate, losses in a row."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

import anyio

from conformance.evidence.exchange import Answer, Exchange
from conformance.probes.probe import Probe

_STREAK = 4  # losses in a row after which an endpoint counts as silent
_PATIENCE_S = 10  # the longest Retry-After that is waited for
_WAITS_S = 30  # the longest that all of them together are


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
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.gaps: dict[str, str] = {}
        self.silent: dict[str, str] = {}
        self._sent = 0
        self._streaks: dict[str, int] = {}
        self._next_slot = 0.0
        self._waited = 0.0

    @property
    def is_spent(self) -> bool:
        """Whether the request budget is spent."""
        return self._sent >= self.limits.max_requests

    async def admitted(self, probe: Probe) -> bool:
        """Wait for a slot; False when the budget is spent or the endpoint has gone silent."""
        if self.silent.get(probe.channel):
            return False
        if self.is_spent:
            self.gaps.setdefault(
                probe.group, f"the request budget of {self.limits.max_requests} is spent (--max-requests)"
            )
            return False
        self._sent += 1
        now = time.monotonic()
        slot = max(now, self._next_slot)
        if self.limits.rate:
            self._next_slot = slot + 1 / self.limits.rate
        if slot > now:
            await anyio.sleep(slot - now)
        return True

    def asks_to_wait(self, answer: Answer) -> bool:
        """Whether the endpoint asks to wait a little (RFC 9110 section 10.2.3); if so, everybody does.

        Not for ever: once all such waits together have taken long, it is asked in vain.
        """
        after = answer.header("retry-after")
        if answer.status not in {429, 503} or not re.fullmatch(r"[0-9]{1,3}", after):
            return False
        seconds = int(after)
        if seconds > _PATIENCE_S:
            return False
        now = time.monotonic()
        more = now + seconds - max(self._next_slot, now)
        if more > 0 and not self.is_impatient:
            self._waited += more
            self._next_slot = now + seconds
        return True

    @property
    def is_impatient(self) -> bool:
        """Whether enough has been waited."""
        return self._waited >= _WAITS_S

    def note(self, exchange: Exchange, channel: str) -> None:
        """Count losses in a row; one answer ends the row."""
        self._streaks[channel] = self._streaks.get(channel, 0) + 1 if exchange.loss else 0

    def is_suspect(self, channel: str, *, alone: bool) -> bool:
        """Whether so many calls in a row got no answer that the endpoint may have gone; fewer, sent `alone`."""
        most = _STREAK // 2 if alone else _STREAK
        return channel not in self.silent and self._streaks.get(channel, 0) >= most

    def settle(self, channel: str, check: Exchange) -> None:
        """A documented call, sent to a suspect: answered, all is well; else nothing more is sent there."""
        self._streaks[channel] = 0
        if check.loss:
            self.silent[channel] = f"the endpoint stopped answering ({check.loss.reason})"
