"""Finds how quickly an endpoint wants to be asked, from the answers that put a call off.

One such answer may be chance: it is asked again at once. After two in a row everybody waits, each time longer, and
calls leave one at a time and no quicker than they were answered; whenever many were answered in a row, a little
quicker again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

_FIRST_S, _LONGEST_S = 0.1, 5.0  # pauses that nobody asked for: they double from the first to the longest
_CLEAN = 12  # answers in a row after which it may go a little quicker
_QUICKER = 0.75
_LAST, _TOO_MANY = 8, 0.3  # of so many last calls, which part may be put off
_PATIENCE_S = 30.0  # seconds without any answer, where nothing was ever answered
_WINDOW_S = 65.0  # the same where something was: limits are often counted by the minute
_TELLING = 5  # answers after which the pace can be told


class Throttle:
    """When the next call may leave.

    interval: seconds between two calls. is_slow: whether calls leave one at a time. in_vain: calls put off in a row.
    """

    def __init__(self, rate: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._least = 1 / rate if rate else 0.0
        self.interval = self._least
        self.is_slow = False
        self._began = clock()
        self._next = 0.0
        self._hold, self._was_asked = 0.0, False
        self.in_vain = 0
        self._since = 0.0  # when the first of those was
        self._decided = 0.0  # when all were held back for the last time
        self._last: deque[bool] = deque(maxlen=_LAST)
        self._clean = 0
        self._answered = 0
        self._slow_since, self._slow_answered = 0.0, 0
        self._before = (self.interval, False)

    @property
    def wait(self) -> float:
        """Seconds until the next call may leave."""
        return max(0.0, self._next - self.clock())

    def take(self) -> None:
        """A call leaves; the one after it leaves later."""
        self._hold_until(self.clock() + self.interval)

    def _hold_until(self, moment: float) -> None:
        self._next = max(self._next, moment)

    def answered(self) -> None:
        """A call was answered."""
        self._answered += 1
        self._slow_answered += self.is_slow
        # Who asks for a wait counts for itself, and who put off the very first call did so at no pace of ours.
        if self.in_vain > 1 and not self._was_asked and self._answered > 1:
            self._slow_down(self._hold)
        self.in_vain = 0
        self._note(put_off=False)
        self._clean += 1
        if self._clean >= _CLEAN:
            self._clean = 0
            self.interval = max(self._least, self.interval * _QUICKER)

    def put_off(self, after: float | None, began: float) -> None:
        """A call that began then was put off, for so many seconds where it was said."""
        now = self.clock()
        self._clean = 0
        self._note(put_off=True)
        if began < self._decided:
            return  # it left before the others were held back for the same reason
        self._decided = now
        self.in_vain += 1
        if self.in_vain == 1:
            self._since = now
            self._before = (self.interval, self.is_slow)
        elif not self.is_slow:
            self.is_slow, self._slow_since = True, now
        self._was_asked = after is not None
        self._hold = after if after is not None else self._pause()
        if self._hold <= self.patience:
            self._hold_until(now + self._hold)

    def _note(self, *, put_off: bool) -> None:
        """Too many of the last calls put off, though not in a row: it is asked a little too quickly."""
        self._last.append(put_off)
        if self.is_slow and sum(self._last) > _TOO_MANY * _LAST:
            self._last.clear()
            self._slow_down(1.5 * max(self.interval, _FIRST_S))

    def _slow_down(self, interval: float) -> None:
        """Leave so many seconds between calls, but not many more than there were between answers so far."""
        mean = (self.clock() - self._began) / max(1, self._answered)
        self.interval = max(self.interval, min(interval, 1.5 * mean))

    def _pause(self) -> float:
        doublings = min(self.in_vain - 2, 10)
        return min(_FIRST_S * 2.0**doublings, _LONGEST_S) if doublings >= 0 else 0.0

    @property
    def rest(self) -> float:
        """Seconds after which a call comes as rested as any before it."""
        return max(0.0 if self.is_asked_too_much else self._hold, self.interval, 2 * _FIRST_S)

    def excuse(self) -> None:
        """The last calls were put off for what they ask, not for how quickly they came."""
        self.interval, self.is_slow = self._before
        self.in_vain, self._hold = 0, 0.0

    @property
    def patience(self) -> float:
        """Seconds for which one may go on without any answer."""
        return _WINDOW_S if self._answered else _PATIENCE_S

    @property
    def is_hopeless(self) -> bool:
        """Whether every call was put off for so long, or will be, that nobody waits any longer."""
        return self.in_vain > 0 and max(self._next, self.clock()) - self._since > self.patience

    @property
    def is_asked_too_much(self) -> bool:
        """Whether the last call was put off for longer than anybody waits."""
        return self.in_vain > 0 and self._hold > self.patience

    @property
    def rate(self) -> float:
        """Calls a second that were answered since they had to be slower; 0.0 where that cannot be told."""
        took = self.clock() - self._slow_since
        return self._slow_answered / took if self.is_slow and took > 0 and self._slow_answered >= _TELLING else 0.0


def retry_after(text: str, now: float) -> float | None:
    """Seconds that a `Retry-After` asks to wait, in either of its forms (RFC 9110 section 10.2.3); now: Unix time."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        when = parsedate_to_datetime(text)
        moment = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return max(0.0, moment - now)
