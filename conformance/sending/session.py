"""What the workers of a session share: the target, the limits, what was recorded, and what is known of the endpoint."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import anyio

from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.exchange import Exchange, Handshake, Loss, Request
from conformance.probes.probe import Probe
from conformance.sending.allowance import Allowance
from conformance.sending.canary import NOWHERE, Canary
from conformance.sending.composing import Composer
from conformance.sending.connect import Dialer
from conformance.sending.pace import Limits, Pace
from conformance.target.target import Target

_MOMENT_S = 0.01
_LET_GO_S = 0.1  # in which a server sees that a connection was closed
_NARROW = "the endpoint serves few connections at a time: the rest of the run used one"
_UNHEARD = {Kind.CROWDED, Kind.STRAY, Kind.UNREACHED, Kind.HOSTILE, Kind.PORT}  # owe nobody an answer


class Connections(Protocol):
    """Who holds connections to the endpoint. is_open: whether there are any; is_busy: a call is under way."""

    is_busy: bool

    @property
    def is_open(self) -> bool: ...

    async def drop(self) -> None:
        """Close them."""


class Session:
    """What the workers of a session share."""

    def __init__(
        self,
        target: Target,
        limits: Limits,
        seed: int = 0,
        dialer: Dialer | None = None,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> None:
        self.target, self.limits, self.progress = target, limits, progress
        self.secrets = target.secrets
        self.environment = dict(os.environ)  # of the commands of states
        self.pace = Pace(limits)
        self.allowance = Allowance(target.max_body)
        self.exchanges: list[Exchange] = []
        self.gaps: dict[str, str] = {}
        self.notes: list[str] = []
        self.handshakes: list[Handshake] = []
        self.dialer = dialer or Dialer(target)
        self._numbers = itertools.count(1)
        self.composer = Composer(target, seed)
        self.total = 0
        self.documented: Probe | None = None
        self.documented_of: dict[str, Probe] = {}  # by call
        self.asides: dict[str, Probe] = {}  # what an answer may still call for, by id
        self.holders: list[Connections] = []  # whoever may hold connections
        self.lock = anyio.Lock()  # held by whoever sends, where there may be one connection at a time
        self.lane: Connections | None = None  # the one worker that goes on, once connections stood in each other's way
        self.closed_at = 0.0  # when a connection was last closed by this side
        self._narrowed_at: float | None = None
        self.late: set[str] = set()  # probes that were lost twice, and are sent once more after the others
        self.strays = False  # data that nobody asked for was seen: each call gets a connection of its own
        self.canary: Canary | None = None
        self.heard = anyio.Event()  # set with each exchange that is kept
        self._epoch = time.time() - time.monotonic()

    def request(self, probe: Probe) -> Request:
        """The request of a probe, secrets as placeholders."""
        return self.composer.request(probe, self.canary.url if self.canary else NOWHERE)

    def now(self) -> float:
        """Unix time by the clock of this machine as it was when the session began."""
        return self._epoch + time.monotonic()

    def record(self, exchange: Exchange, channel: str) -> Exchange:
        """Keep an exchange, numbered; the pace learns from it."""
        exchange = replace(exchange, number=next(self._numbers))
        self.exchanges.append(exchange)
        self.heard.set()
        self.progress(len(self.exchanges), self.total)
        kept = exchange.loss and exchange.loss.kind == "closed" and exchange.reused
        # What is sent again does not count as lost, nor what may well be hung up on. Nor does a call to a closed port
        # of plain HTTP, which may be closed: it costs no time, and each call shows it.
        lost = exchange.loss.kind if exchange.loss and exchange.elapsed < self.target.timeout / 2 else ""
        closed = channel == "http" and lost in {"refused", "closed", "proxy"}
        unheard = exchange.kind in _UNHEARD
        self.pace.note(exchange, channel, counts=not (unheard or kept or closed))
        return exchange

    def kept(self) -> tuple[Exchange, ...]:
        """What was recorded; without blame for what a server of few connections kept out, and answered later.

        Once there is one connection at a time, nothing is in the way of another any more.
        """
        told, answered, is_served = [], set(), False
        for exchange in sorted(self.exchanges, key=lambda e: -e.number):
            later = exchange.probe in answered or (exchange.kind is Kind.CHECK and is_served)
            lost = exchange.loss.kind if exchange.loss and not exchange.reused else ""
            if self.was_wide(exchange.started) and lost in {"closed", "refused"} and later:
                told.append(replace(exchange, purpose=Purpose(Kind.CROWDED, exchange.purpose.call)))
            else:
                told.append(exchange)
            if exchange.answer:
                answered.add(exchange.probe)
                is_served = is_served or exchange.kind is Kind.DOCUMENTED
        return tuple(reversed(told))

    def note_strays(self) -> None:
        """Data came behind an answer: what is left on a connection must not be taken for the next answer."""
        if not self.strays:
            self.strays = True
            self.notes.append(
                "the endpoint sends data behind its answers that nobody asked for: it was dropped"
                " (RFC 9112 section 9.2), and from then on each call had a connection of its own"
            )

    def is_suspect(self, channel: str) -> bool:
        """Whether so many calls in a row got no answer that the endpoint may have gone."""
        return self.pace.is_suspect(channel, alone=self.is_narrow)

    def has_to_be_looked_for(self, channel: str) -> bool:
        """Whether a port has never answered, and no connection of ours is in the way any more."""
        return self.is_narrow and channel not in self.pace.silent and self.pace.is_mute(channel)

    def note_check(self, channel: str, check: Exchange, *, gave_way: bool) -> None:
        """Say what a documented call shows of a port that may be silent.

        A plain port that never answered is no sign that connections were in each other's way: that note is taken back.
        """
        self.pace.note_check(channel, check, gave_way=gave_way)
        if channel == "http" and channel in self.pace.silent and self.pace.is_mute(channel):
            self.notes = [note for note in self.notes if note != _NARROW]

    @property
    def is_narrow(self) -> bool:
        """Whether connections have stood in each other's way, so that there is to be one at a time."""
        return self._narrowed_at is not None

    @property
    def turns_away(self) -> bool:
        """Whether connections were turned away at once, where there were several."""
        lost = (e.loss.kind for e in self.exchanges if e.loss and self.was_wide(e.started))
        return not {"closed", "refused"}.isdisjoint(lost)

    def note_unreached(self, address: str, loss: Loss) -> None:
        """An address of the host is left open, and named."""
        self.note(f"the address {address} of the host was not judged: {loss.reason}")

    def note(self, text: str) -> None:
        """What a reader is to know of the run, once."""
        if text not in self.notes:
            self.notes.append(text)

    def is_beside(self, worker: Connections) -> bool:
        """Whether others hold connections, too."""
        return any(other.is_open for other in self.holders if other is not worker)

    async def clear(self, worker: Connections) -> None:
        """Close what others hold open, once they do not use it any more."""
        others = [other for other in self.holders if other is not worker]
        for other in sorted(others, key=lambda other: other.is_busy):  # what is idle may be what the others wait for
            while other.is_busy:
                await anyio.sleep(_MOMENT_S)
            await other.drop()

    async def let_go(self) -> None:
        """Leave the server the time to see that the connection before was closed."""
        while (rest := self.closed_at + _LET_GO_S - self.now()) > 0:
            await anyio.sleep(rest)

    def was_wide(self, moment: float) -> bool:
        """Whether there were several connections at that moment, as there must not be."""
        return self._narrowed_at is not None and moment <= self._narrowed_at

    async def give_way(self, worker: Connections, began: float) -> bool:
        """Whether a call was not served because other connections of ours are in the way.

        An endpoint that serves few connections at a time keeps the rest waiting, or turns them away, as long as one
        is open. From then on one worker alone goes on, over one connection.
        """
        if self._narrowed_at is not None:
            return self.was_wide(began) or self.lane not in {None, worker}
        if not self.is_beside(worker):
            return False
        self._narrowed_at, self.lane = self.now(), worker
        self.notes.append(_NARROW)
        return True
