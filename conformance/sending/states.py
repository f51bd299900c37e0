"""The commands that bring a state about and take it back: lists, never a shell, within a bound, output redacted.

They have the environment that the suite was started with: pytest, which may start beside them, is sheltered from it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping

import anyio
import anyio.abc

from conformance.target.secrets import Secrets
from conformance.target.target import State

_TAIL = 64 << 10  # bytes of output that are kept: the end tells what went wrong, and no secret in it is cut
_GRACE_S = 0.2  # for output that is still on its way when the command has ended


async def setup(state: State, secrets: Secrets, environment: Mapping[str, str]) -> str:
    """Run the setup command; "" when it worked, else why the state cannot be judged."""
    failed = await _run(state.setup, state, secrets, environment, spare=False)
    return f"the setup command of state {state.code} {failed}" if failed else ""


async def teardown(state: State, secrets: Secrets, environment: Mapping[str, str]) -> str:
    """Run the teardown command, whatever happened before; "" when it worked, else what a reader must know."""
    failed = await _run(state.teardown, state, secrets, environment, spare=True)
    return f"the teardown command of state {state.code} {failed}; the state may still be set" if failed else ""


async def _run(
    command: tuple[str, ...], state: State, secrets: Secrets, environment: Mapping[str, str], *, spare: bool
) -> str:
    try:
        process = await anyio.open_process(
            [secrets.reveal(word.encode()).decode() for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=state.folder or None,
            env=environment,
            start_new_session=True,  # a group of its own, so that what it started can be ended with it
        )
    except (OSError, ValueError) as error:
        why = isinstance(error, OSError) and error.strerror
        return f"could not be started: {why or 'no such command'}"
    tail = _Tail()
    done = spare  # a teardown is not stopped by an impatient Ctrl-C, only by its time
    try:
        with anyio.fail_after(state.timeout):
            await tail.until_the_end(process)
        done = True
    except TimeoutError:
        done = False
        return f"did not end within {state.timeout:g} s"
    finally:
        if not done:  # what a command leaves running when it has ended well may be the state itself
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        with anyio.move_on_after(5, shield=True):
            await process.aclose()
    if process.returncode == 0:
        return ""
    output = secrets.redact(tail.text.decode("utf-8", "replace")).strip()[-500:]  # redacted first, then cut
    return f"ended with exit status {process.returncode}" + (f": {output}" if output else "")


class _Tail:
    """The end of what a command prints."""

    def __init__(self) -> None:
        self.text = b""

    async def until_the_end(self, process: anyio.abc.Process) -> None:
        """Read until the command has ended; a child of it may hold its output open for longer."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read, process)
            await process.wait()
            tasks.cancel_scope.deadline = anyio.current_time() + _GRACE_S

    async def _read(self, process: anyio.abc.Process) -> None:
        assert process.stdout
        async for chunk in process.stdout:
            self.text = (self.text + chunk)[-_TAIL:]
