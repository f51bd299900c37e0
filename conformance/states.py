"""The commands that bring a state about and take it back: lists, never a shell, within a bound, output redacted."""

from __future__ import annotations

import subprocess

import anyio
import anyio.to_thread

from conformance.secrets import Secrets
from conformance.target import State


async def setup(state: State, secrets: Secrets) -> str:
    """Run the setup command; "" when it worked, else why the state cannot be judged."""
    failed = await _run(state.setup, state.timeout, secrets)
    return f"the setup command of state {state.code} {failed}" if failed else ""


async def teardown(state: State, secrets: Secrets) -> str:
    """Run the teardown command, whatever happened before; "" when it worked, else what a reader must know."""
    failed = await _run(state.teardown, state.timeout, secrets)
    return (
        f"the teardown command of state {state.code} {failed}; the state may still be set" if failed else ""
    )


async def _run(command: tuple[str, ...], timeout: float, secrets: Secrets) -> str:
    try:
        with anyio.fail_after(timeout):
            done = await anyio.run_process(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
    except TimeoutError:
        return f"did not end within {timeout:g} s"
    except OSError as error:
        return f"could not be started: {error.strerror or 'no such command'}"
    if done.returncode == 0:
        return ""
    output = secrets.redact(done.stdout.decode("utf-8", "replace")).strip()[-500:]
    return f"ended with exit status {done.returncode}" + (f": {output}" if output else "")
