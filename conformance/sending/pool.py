"""Sends what may go side by side: never more at a time than a run may have out, in turn only what follows on itself.

Of several workers, each goes on with what its connection serves, over HTTPS or plain HTTP, as long as there is any:
each of the two has its share of the workers, so that few connections are opened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import anyio

from conformance.probes.probe import Probe
from conformance.sending.session import Session
from conformance.sending.worker import Worker

Row = tuple[Probe, ...]  # in turn, over the connections of one worker
Errand = Callable[
    [Worker], Awaitable[bool]
]  # what takes one worker's turn; True where it has to be run later


async def side_by_side(session: Session, units: Iterable[Row | Errand]) -> None:
    """Send them all, the first ones first."""
    queue = deque(units)

    async def work(channel: str) -> None:
        async with Worker(session) as worker:
            while queue and session.lane in {None, worker}:
                mine = next((one for one in queue if _channel(one) in {"", channel}), queue[0])
                unit = mine if channel else queue[0]
                queue.remove(unit)
                channel = channel and (_channel(unit) or channel)
                if callable(unit):
                    queue.extend([unit] if await unit(worker) else ())
                elif left := await _in_turn(unit, worker):
                    queue.append(left)
            session.lane = None if session.lane is worker and not queue else session.lane

    async with anyio.create_task_group() as tasks:
        for channel in _shares(queue, session.limits.concurrency):
            tasks.start_soon(work, channel)
    if queue:  # sent back by a worker that gave way when the last one was through
        session.lane = None
        await work("")


async def _in_turn(row: Row, worker: Worker) -> Row:
    """What is left of a row that has to be sent later, as other connections of ours were in its way."""
    for place, probe in enumerate(row):
        if await worker.exchange_with_retry(probe):
            return row[place:]
    return ()


def _channel(unit: Row | Errand) -> str:
    return "" if callable(unit) else unit[0].channel


def _shares(queue: Iterable[Row | Errand], most: int) -> list[str]:
    """The channel that each worker begins with; none for one that is alone, which has both."""
    channels = [_channel(unit) for unit in queue]
    wide, plain = min(most, len(channels)), channels.count("http")
    if wide < 2:
        return [""] * wide
    few = max(1, min(round(wide * plain / len(channels)), wide - 1)) if plain else 0
    return ["https"] * (wide - few) + ["http"] * few
