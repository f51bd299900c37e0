"""The console command as its users start it: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "conformance"]


def environment(**values: str) -> dict[str, str]:
    """This process's environment without what tunes pytest or the suite, and with this checkout on the path."""
    kept = {k: v for k, v in os.environ.items() if not re.match("PYTEST|CONNECT_|NO_COLOR|COLUMNS|COV_", k)}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | values


@contextmanager
def started(
    *words: object, cwd: Path, command: list[str] = COMMAND, **values: str
) -> Iterator[subprocess.Popen[str]]:
    """The command, started, its output piped; ended with the block, whatever happens in it."""
    process = subprocess.Popen(
        [*command, *map(str, words)],
        cwd=cwd,
        env=environment(**values),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(
    *words: object, cwd: Path, command: list[str] = COMMAND, **values: str
) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    with started(*words, cwd=cwd, command=command, **values) as process:
        out, err = process.communicate(timeout=300)
    assert "Traceback" not in out + err, out + err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
