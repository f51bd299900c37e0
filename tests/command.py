"""The console command as its users start it: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import re
import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.forked import Forked, can_fork

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "conformance"]


def environment(**values: str) -> dict[str, str]:
    """This process's environment without what tunes pytest or the suite, and with this checkout on the path.

    Bytecode is kept, as where the suite is installed: compiling all of it takes a fifth of a second each time.
    """
    tuning = "PYTEST|CONNECT_|NO_COLOR|COLUMNS|COV_|PYTHONDONTWRITEBYTECODE"
    kept = {k: v for k, v in os.environ.items() if not re.match(tuning, k)}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | values


@contextmanager
def started(*words: object, cwd: Path, command: list[str] = COMMAND, **values: str) -> Iterator[subprocess.Popen[str]]:
    """The command, started, its output piped; ended with the block, whatever happens in it."""
    start = Forked if can_fork(command, values) else subprocess.Popen[str]
    process = start(
        [*command, *map(str, words)],
        cwd=cwd,
        env=environment(**values),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(*words: object, cwd: Path, command: list[str] = COMMAND, **values: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    with started(*words, cwd=cwd, command=command, **values) as process:
        out, err = process.communicate(timeout=300)
    assert "Traceback" not in out + err, out + err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


# A state of the reference endpoint that commands set and reset

_SWITCHING = (
    "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1])));"
    "s.sendall(sys.argv[2].encode()); sys.exit(s.recv(4) != b'done' or int(sys.argv[3]))"
)


class Switch(socketserver.BaseRequestHandler):
    """Puts the server's `running` endpoint into the state that it is told, and notes it in `switched`."""

    def handle(self) -> None:
        code = self.request.recv(16).decode()
        self.server.running.set_state(None if code == "off" else code)  # type: ignore[attr-defined]
        self.server.switched.append(code)  # type: ignore[attr-defined]
        self.request.sendall(b"done")


def switch_command(server: socketserver.TCPServer, code: str, status: int = 0) -> list[str]:
    """The command that turns the switch to a code, or "off", and ends with a status."""
    return [sys.executable, "-c", _SWITCHING, str(server.server_address[1]), code, str(status)]
