"""Sends what may go side by side: never more at a time than a run may have out, in turn only what follows on itself.

Of several workers, each goes on with what its connection serves, over HTTPS or plain HTTP, as long as there is any:
each of the two has its share of the workers, so that few connections are opened. Those that each begins with are opened
while the first call of the run is waited for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

import anyio

from conformance.probes.probe import Probe
from conformance.sending.session import Session
from conformance.sending.worker import Worker

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


async def side_by_side(session: Session, units: Iterable[Row | Errand], lanes: Lanes | None = None) -> None:
    """Send them all, the first ones first. lanes: of workers that have their connections already."""
    queue = deque(units)

    async def work(channel: str, worker: Worker) -> None:
        async with worker:
            while queue and session.lane in {None, worker}:
                unit = _next(queue, channel)
                queue.remove(unit)
                channel = channel and (_channel(unit) or channel)
                if callable(unit):
                    queue.extend([unit] if await unit(worker) else ())
                elif left := await _in_turn(unit, worker):
                    queue.append(left)
            session.lane = None if session.lane is worker and not queue else session.lane

    async with anyio.create_task_group() as tasks:
        for channel, worker in (lanes or Lanes(session, queue)).workers:
            tasks.start_soon(work, channel, worker)
    if queue:  # sent back by a worker that gave way when the last one was through
        session.lane = None
        await work("", Worker(session))


def _next(queue: Sequence[Row | Errand], channel: str) -> Row | Errand:
    """What a worker goes on with: what its connection serves, else what has a connection of its own anyway."""
    if not channel or callable(queue[0]):
        return queue[0]
    mine = next((one for one in queue if _channel(one) == channel), None)
    return mine or next((one for one in queue if callable(one)), queue[0])


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
    few = max(1, min(round(wide * plain / len(channels)), wide - 1)) if plain else 0
    return ["https"] * (wide - few) + ["http"] * few
