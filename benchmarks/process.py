"""Processes as they are measured: whole ones, from the outside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_LAUNCHER = Path(__file__).with_name("launcher.py")
_LOOK_S = 0.1  # between looks at the memory of a family of processes


@dataclass(frozen=True)
class Used:
    """What one process took. Times in seconds, memory in bytes; started and ended by the clock on the wall.

    family: the most memory that the process and its descendants held at one time; 0 where nobody looked.
    """

    started: float
    ended: float
    cpu: float
    peak: int
    code: int
    said: str
    family: int = 0

    @property
    def wall(self) -> float:
        return self.ended - self.started


class FailedError(RuntimeError):
    """A command that is measured ended as it should not have."""


class LateError(FailedError):
    """It did not end in time, and was ended."""


def environment(**values: str) -> dict[str, str]:
    """This process's environment without what tunes pytest or the suite, and with this checkout on the path."""
    kept = {k: v for k, v in os.environ.items() if not re.match("PYTEST|CONNECT_|NO_COLOR|COLUMNS|COV_", k)}
    return kept | {"PYTHONPATH": str(ROOT)} | values


def measured(
    command: Sequence[str | Path],
    *,
    allowed: Sequence[int] = (0,),
    family: bool = False,
    seconds: float = 900.0,
    cwd: Path | None = None,
    values: dict[str, str] | None = None,
) -> Used:
    """Run a command to its end. Raises FailedError for an exit code that is not allowed."""
    with tempfile.TemporaryDirectory(prefix="connect-benchmark-") as folder:
        result = Path(folder) / "used.json"
        words = [sys.executable, "-I", "-S", str(_LAUNCHER), str(result), *map(str, command)]
        with subprocess.Popen(
            words,
            cwd=cwd or folder,
            env=environment(**values or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            memory = Memory(process.pid) if family else None
            try:
                said, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                raise LateError(f"{_short(command)} did not end within {seconds:g} s") from None
            finally:
                most = memory.stop() if memory else 0
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        used = Used(said=said, family=most, **json.loads(result.read_text(encoding="utf-8")))
    if used.code not in allowed:
        raise FailedError(f"{_short(command)} ended with {used.code}: {said[-2000:]}")
    return used


def _short(command: Sequence[str | Path]) -> str:
    return " ".join(Path(word).name for word in command[:6])


class Memory:
    """Watches the memory of a process and its descendants. Where there is no /proc, it sees nothing."""

    def __init__(self, pid: int) -> None:
        self.pid, self.most = pid, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_S):
            self.most = max(self.most, sum(resident for resident in _family(self.pid)))

    def stop(self) -> int:
        """The most that was seen, in bytes."""
        self._over.set()
        self._thread.join()
        return self.most


def _family(pid: int) -> Iterator[int]:
    """The resident memory of each of the descendants: pages that they share count for each."""
    parents: dict[int, int] = {}
    resident: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        parents[int(entry.parent.name)] = int(fields[1])
        resident[int(entry.parent.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    for one in parents:
        here = one
        while here in parents and here != pid:
            here = parents[here]
        if here == pid and one != pid:
            yield resident[one]


@contextmanager
def serving(*words: str) -> Iterator[dict[str, str]]:
    """A process of ours that serves until the block ends: `python -m benchmarks.endpoint`; yields what it says."""
    command = [sys.executable, "-m", "benchmarks.endpoint", *words]
    with subprocess.Popen(
        command, env=environment(), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            if not line:
                raise FailedError(f"{_short(command)} did not start")
            yield json.loads(line)
        finally:
            process.communicate(timeout=30)  # it stops when nobody writes to it any more


def python(*words: object) -> list[str]:
    """This interpreter, with arguments."""
    return [sys.executable, *map(str, words)]


def pause() -> None:
    """Let what has just ended settle: its connections, its memory."""
    time.sleep(0.2)
