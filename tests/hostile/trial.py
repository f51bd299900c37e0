"""One run of the suite against one server, and all that it left behind."""

import contextlib
import json
import os
import pty
import secrets
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .registry import Behaviour
from .stage import Authority, Canary, Record, Server

CHECKOUT = Path(__file__).resolve().parents[2]
REPORTS = ("report.html", "checks.html", "report.json", "junit.xml", "summary.md", "evidence.har")
TIMEOUT = 3
SIDE_BY_SIDE = int(os.environ.get("HOSTILE_CONCURRENCY", "8"))  # calls that a run has under way
SECONDS = 75 * max(1, 8 // SIDE_BY_SIDE)  # a run's bound counts rounds of answers: fewer at a time, more of them
PATIENCE = 1.5 * SECONDS  # when a run is ended from outside
BAIT = "bait-file-content-7c41"


@dataclass
class Outcome:
    """How a process ended, and what it said."""

    exit_code: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    output: bytes


@dataclass
class Trial:
    """A run, from outside."""

    behaviour: str
    folder: Path
    token: str
    outcome: Outcome
    canary_calls: list[bytes] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def output(self) -> str:
        return self.outcome.output.decode("utf-8", "backslashreplace")

    def read(self, name: str) -> str:
        return (self.reports / name).read_text(encoding="utf-8")

    def report(self) -> Any:
        return json.loads(self.read("report.json"))

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Everything in the run's folders (reports, work, home, temporary files), and its output."""
        yield "output", self.outcome.output
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(self.folder)), path.read_bytes()


class Process:
    """The suite as a child, which can be sent a signal while it runs."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        env: dict[str, str],
        limit: int | None = None,
        terminal: bool = False,
        output: Path | None = None,
    ) -> None:
        """`terminal`: it speaks to a pseudo-terminal. `output`: it speaks to that file, which is not read."""
        read, write = os.pipe()
        options = [] if limit is None else ["--file-limit", str(limit)]
        launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py"))]
        self._out, self._pump = folder / "output.txt", None
        with contextlib.ExitStack() as opened:
            out: Any = opened.enter_context((output or self._out).open("wb"))
            if terminal:
                mine, theirs = pty.openpty()
                out = opened.enter_context(os.fdopen(theirs, "wb"))
                self._pump = threading.Thread(target=_pump, args=(mine, self._out))
                self._pump.start()
            self._launcher = subprocess.Popen(
                [*launcher, str(write), *options, "--", *command],
                cwd=folder / "cwd",
                env=env if limit is None else env | {"PYTHONDONTWRITEBYTECODE": "1"},  # half a module stays
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=[write],
                start_new_session=True,
            )
        os.close(write)
        self._report = os.fdopen(read, "rb", buffering=0)
        self.pid = int(self._report.readline())

    def send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, patience: float = PATIENCE) -> Outcome:
        ready, _, _ = select.select([self._report], [], [], patience)
        if not ready:
            os.killpg(self._launcher.pid, signal.SIGKILL)
        line = self._report.readline()
        self._report.close()
        self._launcher.wait()
        if self._pump:
            self._pump.join()
        output = self._out.read_bytes() if self._out.exists() else b""
        self._out.unlink(missing_ok=True)
        if not line:
            return Outcome(-signal.SIGKILL, patience, 0.0, 0.0, output)
        return Outcome(**json.loads(line), output=output)


def _pump(terminal: int, into: Path) -> None:
    with into.open("wb") as file, contextlib.suppress(OSError):  # how a terminal says that all have left
        while data := os.read(terminal, 65536):
            file.write(data)
    os.close(terminal)


def folders(folder: Path) -> Path:
    for name in ("cwd", "home", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return folder


def environment(folder: Path, canary: Canary, **more: str) -> dict[str, str]:
    """An environment that would lead astray: proxies and a netrc that nobody configured."""
    (folder / "home" / ".netrc").write_text("default login netrc-login password netrc-password-3d8a\n")
    proxies = {f"{kind}_PROXY": canary.url for kind in ("HTTP", "HTTPS", "ALL")}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(CHECKOUT),
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        **more,
    }


def conformance(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "conformance", *map(str, arguments)]


def judging(server: Server, ca: Path, reports: Path, *more: str | Path) -> list[str]:
    """The command line that judges a server."""
    where = ("--endpoint", server.endpoint, "--http-endpoint", server.http_endpoint, "--ca-file", ca)
    at_once = ("--concurrency", str(SIDE_BY_SIDE)) if SIDE_BY_SIDE != 8 else ()
    # Whoever is asked to wait does so, for as long as a run may take: here, for less than the tests have.
    names = (server.behaviour.name, *server.behaviour.parts)
    waits = any("retry_after" in name for name in names)
    patience = ("--deadline", str(SECONDS * 3 // 4)) if waits else ()
    return conformance(
        "run",
        "--no-color",
        *where,
        *at_once,
        *patience,
        "--timeout",
        str(TIMEOUT),
        "--reports",
        reports,
        *more,
    )


@contextlib.contextmanager
def stage(behaviour: Behaviour, authority: Authority, canary: Canary, folder: Path) -> Iterator[Server]:
    """A server with a fresh token, and a bait file."""
    bait = folder.parent / f"{folder.name}-bait.txt"
    bait.write_text(BAIT)
    with Server(behaviour, authority, canary, token=secrets.token_hex(16), bait=bait) as server:
        yield server


def run(behaviour: Behaviour, authority: Authority, folder: Path, *more: str | Path, **env: str) -> Trial:
    """One whole run against one behaviour."""
    folders(folder)
    ca = authority.write(folder)
    with contextlib.closing(Canary()) as canary, stage(behaviour, authority, canary, folder) as server:
        command = judging(server, ca, folder / "reports", *more)
        outcome = Process(command, folder, env=environment(folder, canary, **env)).wait()
        ca.unlink()
        (folder / "home" / ".netrc").unlink()
    return Trial(
        behaviour=behaviour.name,
        folder=folder,
        token=server.token,
        outcome=outcome,
        canary_calls=canary.calls,
        records=server.records,
        faults=[repr(fault) for fault in server.faults],
    )
