"""The floor, `python -m benchmarks.bare FILE CONCURRENCY`: a run's requests, sent by a client that does nothing else.

The file holds what a run has sent, in the run's order: the first call before all others, most of the rest side by
side, the last ones not before the pause that an advancing timestamp needs. One client per worker is what httpx is
fastest with.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import httpx

Call = dict[str, Any]


class Worker:
    """Sends one request at a time, over a connection that it keeps."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.client = self._new()
        self.sent = self.received = 0

    def _new(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=self.context, trust_env=False, timeout=30, headers={})

    async def send(self, call: Call) -> None:
        """One request; where the run opened a connection of its own for it, so does this."""
        if call["fresh"]:
            await self.client.aclose()
            self.client = self._new()
        self.sent += 1
        try:
            answer = await self.client.request(
                call["method"],
                call["url"],
                headers=call["headers"],
                content=base64.b64decode(call["body"]) or None,
            )
        except httpx.RemoteProtocolError:  # plain HTTP on the HTTPS port is hung up on, and so was the run
            return
        self.received += len(answer.content)

    async def close(self) -> None:
        await self.client.aclose()


async def send(plan: dict[str, Any], concurrency: int) -> dict[str, float]:
    """Everything, in its order."""
    context = ssl.create_default_context(cafile=plan["ca"])
    first = Worker(context)
    workers = [Worker(context) for _ in range(concurrency)]
    queue = deque(plan["together"])

    async def work(worker: Worker) -> None:
        while queue:
            await worker.send(queue.popleft())

    started = time.time()
    for call in plan["first"]:
        await first.send(call)
    answered = time.time()
    async with asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(work(worker))
    for call in plan["middle"]:
        await first.send(call)
    await asyncio.sleep(answered + plan["pause"] - time.time())
    for call in plan["last"]:
        await first.send(call)
    ended = time.time()
    for worker in (first, *workers):
        await worker.close()
    return {
        "started": started,
        "ended": ended,
        "sent": sum(worker.sent for worker in (first, *workers)),
        "received": sum(worker.received for worker in (first, *workers)),
    }


if __name__ == "__main__":
    made = asyncio.run(send(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), int(sys.argv[2])))
    print(json.dumps(made))
