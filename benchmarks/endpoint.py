"""The reference endpoint, as far away as asked: `python -m benchmarks.endpoint --latency 0.2`.

Serves until its standard input ends. Distance is made by a relay: what passes takes half the latency in each
direction, and a new connection takes a whole one more before anything passes, as TCP's handshake would.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from conformance.reference import start

_CHUNK = 1 << 16
Piece = tuple[float, bytes]


async def relay(port: int, latency: float) -> int:
    """Listens on a free port for connections to another one; returns the free port."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened = asyncio.get_running_loop().time() + latency
        with suppress(OSError, asyncio.CancelledError):  # the process ends, which asyncio would log for each
            there, thither = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(
                _carry(reader, thither, latency / 2, opened), _carry(there, writer, latency / 2, opened)
            )

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512)
    bound: int = server.sockets[0].getsockname()[1]
    return bound


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, opened: float) -> None:
    """What is read is written, in order, `delay` later; so is the end."""
    clock = asyncio.get_running_loop().time
    waiting: asyncio.Queue[Piece] = asyncio.Queue()

    async def arrive() -> None:
        chunk = b" "
        with suppress(ConnectionError):
            while chunk:
                chunk = await reader.read(_CHUNK)
                waiting.put_nowait((max(clock(), opened) + delay, chunk))
        if chunk:
            waiting.put_nowait((clock() + delay, b""))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(arrive())
        while True:
            due, chunk = await waiting.get()
            await asyncio.sleep(due - clock())
            if not chunk:
                break
            with suppress(ConnectionError):
                writer.write(chunk)
                await writer.drain()
        writer.close()


def enlarged(document: bytes, pairs: int) -> bytes:
    """An answer whose list has that many pairs: the documented ones, then others in ascending order."""
    listed = document.count(b"<Value>")
    more = "".join(
        f"<Value><callback_type_id>{n}</callback_type_id><callback_type>{kind(n)}</callback_type></Value>"
        for n in range(1_000, 1_000 + pairs - listed)
    )
    return re.sub(b"\\s*</Values>", more.encode() + b"</Values>", document, count=1)


def kind(number: int) -> str:
    """A callback type that no other number has."""
    return f"TYPE{number} {'POST' if number % 2 else 'GET'}"


async def _serve(options: argparse.Namespace) -> None:
    rewrite = (lambda document: enlarged(document, options.pairs)) if options.pairs else None
    with start(rewrite=rewrite) as running:
        urls = {"https": running.https_url, "http": running.http_url}
        if options.latency:
            for name, url in urls.items():
                parts = urlsplit(url)
                port = await relay(parts.port or 0, options.latency)
                urls[name] = urlunsplit(parts._replace(netloc=f"{parts.hostname}:{port}"))
        print(json.dumps(urls | {"ca": str(running.ca_file), "token": running.token}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Parse the options and serve."""
    parser = argparse.ArgumentParser(description="the reference endpoint, at a distance")
    parser.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds there and back")
    parser.add_argument("--pairs", type=int, default=0, metavar="N", help="so many pairs in the list")
    asyncio.run(_serve(parser.parse_args()))


def configuration(folder: Path, served: dict[str, str], targets: int = 1, **settings: object) -> Path:
    """A configuration file in which the served endpoint is one target, or several, with every state provisioned."""
    lines = []
    for number in range(1, targets + 1):
        name = f"target-{number:03}"
        lines += [
            f"[targets.{name}]",
            f'endpoint = "{served["https"]}"',
            f'http_endpoint = "{served["http"]}"',
            f'ca_file = "{served["ca"]}"',
            "allow_hostile_requests = true",
            *(f"{key} = {json.dumps(value)}" for key, value in settings.items()),
        ]
        for code in ("004", "007", "008", "999"):
            lines += [f"[targets.{name}.states.{code}]", f'headers = {{ "X-Reference-State" = "{code}" }}']
    file = folder / "connect-conformance.toml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    main()
