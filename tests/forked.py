"""`python -m conformance` and `-m pytest`, forked from a process that has imported them: nothing is imported again.

A process of its own all the same, with its own words, folder, environment, streams and signals. What is imported and
read at a start is tested cold, by whoever starts another command. The parent ends at once, and the process that tests
gets the orphan, which Linux alone can do.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
_LONGEST = 1 << 17  # bytes of words and environment
_ROOT = str(Path(__file__).parents[1])
# Read while Python or a library starts; what sets one of them starts cold.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "SSL", "OPENSSL")
# Imported when a run comes to it.
_LATER = (
    *("anyio._backends._asyncio", "cryptography.hazmat.backends.openssl.backend", "trustme"),
    *("uvicorn.lifespan.off", "uvicorn.protocols.http.h11_impl"),
    *("_pytest.junitxml", "pytest_html.plugin", "pytest_metadata.plugin"),
)
# Imported anew by whoever starts: what is run, and the plug-ins that pytest wants to read itself.
_ANEW = {
    "conformance": ("conformance.__main__",),
    "pytest": ("pytest.__main__", "conformance.pytest_plugin", "pytest_html", "pytest_metadata"),
}


def can_fork(command: list[str], values: dict[str, str]) -> bool:
    """Whether a command with these variables does the same forked as started."""
    usual = command[:2] == [sys.executable, "-m"] and command[2] in _ANEW
    return sys.platform == "linux" and usual and not any(name.startswith(_READ_AT_START) for name in values)


class Forked(subprocess.Popen[str]):
    """A command that is forked where others are started."""

    def _execute_child(self, *given: Any) -> None:
        words, cwd, env, ends = given[0][2:], given[5], given[6], (given[10], given[13], given[15])
        _, asked = _warm()
        request = json.dumps([words, str(cwd), env]).encode()
        socket.send_fds(asked, [request], list(ends))
        self.pid = int(asked.recv(32))
        self._child_created = True
        self._close_pipe_fds(*given[10:16])  # type: ignore[attr-defined]


@functools.cache
def _warm() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The process that forks, and where to ask it; it ends when this one does."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    code = "from tests.forked import serve; serve()"
    with there:
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=_ROOT, stdin=there.fileno(), stdout=subprocess.DEVNULL
        )
    return process, here


def serve() -> None:
    """Fork for each request on standard input, until it ends; answer with the number of the process."""
    _import_all()
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as asked:
        while True:
            request, streams, *_ = socket.recv_fds(asked, _LONGEST, 3)
            if not request:
                return
            asked.send(_orphan(request, streams))
            for number in streams:
                os.close(number)


def _import_all() -> None:
    """What the commands import, and what they make of the contract whatever they are asked."""
    import conformance  # noqa: PLC0415  not in the process that tests

    for name in (*(module.name for module in pkgutil.walk_packages(conformance.__path__, "conformance.")), *_LATER):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from conformance.contract.load import documented  # noqa: PLC0415
    from conformance.pytest_plugin.session import prepare  # noqa: PLC0415

    prepare([documented().call])


def _orphan(request: bytes, streams: list[int]) -> bytes:
    """The number of a process whose parent has ended."""
    reading, writing = os.pipe()
    if not (parent := os.fork()):
        if child := os.fork():
            os.write(writing, str(child).encode())
            os._exit(0)
        _become(request, streams)
    os.waitpid(parent, 0)
    os.close(writing)
    with open(reading, "rb") as told:
        return told.read()


def _become(request: bytes, streams: list[int]) -> NoReturn:
    (module, *words), folder, env = json.loads(request)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 256)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    silenced = ["-W", "ignore:Module already imported"] if module == "pytest" else []  # of anyio, a plug-in as well
    sys.argv = [module, *silenced, *words]
    sys.path[:1] = [folder, _ROOT]
    tempfile.tempdir = None
    for name in [name for name in sys.modules if name.startswith(_ANEW[module])]:
        del sys.modules[name]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        sys.stdout.flush()
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    os._exit(1)
