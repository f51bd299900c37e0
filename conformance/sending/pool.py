"""Sends side by side what may go so: as many requests at a time as the run allows. Only the
requests of a row are sent one after the other.

HTTPS and plain HTTP share the workers in proportion to their requests, and a worker goes on with what its connection
serves as long as there is any, so that few connections are opened. The first connection of each worker is opened while
the first call of the run is waited for.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from math import ceil

import anyio

from conformance.probes.probe import Probe
from conformance.sending.session import Session
from conformance.sending.worker import Worker

_ROUNDS = 3  # that the first call over a new connection takes

Row = tuple[Probe, ...]  # in turn, over the connections of one worker
Errand = Callable[[Worker], Awaitable[bool]]  # what takes one worker's turn; True where it has to be run later


class Lanes:
    """The workers of what goes side by side, each with the channel that it begins with."""

    def __init__(self, session: Session, units: Iterable[Row | Errand]) -> None:
        channels = _shares(list(units), session.limits.concurrency)
        self.workers = [(channel, Worker(session)) for channel in channels]

    async def open(self) -> None:
        """Have a connection stand for each of several, before it is needed."""
        async with anyio.create_task_group() as tasks:
            for channel, worker in self.workers if len(self.workers) > 1 else ():
                tasks.start_soon(worker.connect, channel)

    async def close(self) -> None:
        for _, worker in self.workers:
            await worker.drop()


async def side_by_side(
    session: Session, units: Iterable[Row | Errand], lanes: Lanes | None = None, end: Iterable[Errand] = ()
) -> None:
    """Send them all, the first ones first. lanes: of workers that have their connections already. end: what is begun
    when all others were."""
    queue, ends = deque(units), deque(end)
    serving: Counter[str] = Counter()  # how many workers, by channel

    async def work(channel: str, worker: Worker) -> None:
        async with worker:
            while (queue or ends) and session.lane in {None, worker}:
                if session.lane is None and _is_not_worth_it(queue, channel, serving):
                    break
                unit = _taken(queue, channel) if queue else ends.popleft()
                serving[channel] -= 1
                channel = channel and (_channel(unit) or channel)
                serving[channel] += 1
                if callable(unit):
                    queue.extend([unit] if await unit(worker) else ())
                elif left := await _in_turn(unit, worker):
                    queue.append(left)
                serving[channel] -= 1
                channel = channel and (worker.channel or channel)  # of an errand, too
                serving[channel] += 1
            serving[channel] -= 1
            session.lane = None if session.lane is worker and not queue else session.lane

    async with anyio.create_task_group() as tasks:
        for channel, worker in (lanes or Lanes(session, queue)).workers:
            serving[channel] += 1
            tasks.start_soon(work, channel, worker)
    if queue or ends:  # sent back by a worker that gave way when the last one was through
        session.lane = None
        await work("", Worker(session))


def _taken(queue: deque[Row | Errand], channel: str) -> Row | Errand:
    """What a worker goes on with: what its connection serves, else what has a connection of its own anyway."""
    if not channel or callable(queue[0]):
        return queue.popleft()
    mine = next((one for one in queue if _channel(one) == channel), None)
    unit = mine or next((one for one in queue if callable(one)), queue[0])
    queue.remove(unit)
    return unit


def _is_not_worth_it(queue: deque[Row | Errand], channel: str, serving: Counter[str]) -> bool:
    """Whether the others are through with what is left before a worker has opened a connection for it."""
    if len(queue) > _ROUNDS * serving.total():
        return False
    left = {_channel(unit) for unit in queue}
    return len(left) == 1 and not left & {"", channel} and len(queue) <= _ROUNDS * sum(serving[one] for one in left)


async def _in_turn(row: Row, worker: Worker) -> Row:
    """What is left of a row that has to be sent later, as other connections of ours were in its way."""
    for place, probe in enumerate(row):
        if await worker.exchange_with_retry(probe):
            return row[place:]
    return ()


def _channel(unit: Row | Errand) -> str:
    return "" if callable(unit) else unit[0].channel


def _shares(queue: Sequence[Row | Errand], most: int) -> list[str]:
    """The channel that each worker begins with; none for one that is alone, which has both."""
    channels = [_channel(unit) for unit in queue]
    wide, plain = min(most, len(channels)), channels.count("http")
    if wide < 2:
        return [""] * wide
    few = min(ceil(wide * plain / len(channels)), wide - 1)  # several of plain HTTP need connections of their own
    return ["https"] * (wide - few) + ["http"] * few
