"""A target with states and their commands, and a server that knows them: the ground of several tests."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import honest
from .registry import Behaviour, Script
from .stage import Ask, Authority, Canary, Server
from .trial import Outcome, Process, conformance, environment, folders

TOKEN = "77aa88bb99cc00dd11ee22ff33445566"
STATES = ("004", "007")

PYTHON = [sys.executable, "-I", "-S", "-c"]
NOTES = "import sys; open(sys.argv[1], 'a').write('x')"


def noting(path: Path) -> list[str]:
    """A command that notes that it ran."""
    return [*PYTHON, NOTES, str(path)]


@dataclass
class Ground:
    """One target, ready to be judged."""

    folder: Path
    server: Server
    canary: Canary
    config: Path
    options: list[str] = field(default_factory=list)

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    def ran(self, command: str, state: str) -> int:
        """How often a state's command ran."""
        path = self.folder.parent / f"{state}.{command}"
        return len(path.read_text()) if path.exists() else 0

    def start(self, *more: str | Path, env: dict[str, str] | None = None, **other: object) -> Process:
        target = ("--config", self.config, "--target", "partner", "--no-color")
        command = conformance("run", *target, "--reports", self.reports, *self.options, *more)
        around = environment(self.folder, self.canary, **(env or {}))
        return Process(command, self.folder, env=around, **other)  # type: ignore[arg-type]

    def run(self, *more: str | Path, env: dict[str, str] | None = None) -> Outcome:
        return self.start(*more, env=env).wait()


@contextlib.contextmanager
def ground(
    authority: Authority,
    folder: Path,
    *,
    script: Script = honest.answer,
    commands: Callable[[Path, str], dict[str, list[str]]] | None = None,
    on_ask: Callable[[Ask], None] = lambda _ask: None,
    token: str = TOKEN,
) -> Iterator[Ground]:
    """A server that answers by `script`, and a configuration with two states that have commands."""
    folder.mkdir(parents=True, exist_ok=True)
    run = folders(folder / "run")
    behaviour = Behaviour("ground", "Ground", "Answers honestly.", script)
    with contextlib.closing(Canary()) as canary:
        with Server(behaviour, authority, canary, token, folder / "bait", on_ask=on_ask) as server:
            config = folder / "partner.toml"
            config.write_text(_configuration(server, authority.write(folder), folder, commands or _noting))
            yield Ground(run, server, canary, config)
        assert server.faults == []


def _noting(folder: Path, state: str) -> dict[str, list[str]]:
    return {name: noting(folder / f"{state}.{name}") for name in ("setup", "teardown")}


def _configuration(
    server: Server, ca: Path, folder: Path, commands: Callable[[Path, str], dict[str, list[str]]]
) -> str:
    lines = [
        "[targets.partner]",
        f"endpoint = '{server.endpoint}'",
        f"http_endpoint = '{server.http_endpoint}'",
        f"ca_file = '{ca}'",
        "timeout = 3",
    ]
    for state in STATES:
        lines += [
            f"[targets.partner.states.{state}]",
            f"headers = {{ X-Test-State = '{state}' }}",
            "timeout = 3",
        ]
        for name, words in commands(folder, state).items():
            lines.append(f"{name} = [{', '.join(map(json.dumps, words))}]")
    return "\n".join(lines) + "\n"
