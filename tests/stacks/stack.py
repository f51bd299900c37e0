"""What a stack's folder declares, and whether this machine has what the stack is made of."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NotRequired, TypedDict

HERE = Path(__file__).parent
SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"  # where servers are installed, which is not on every user's PATH


class Declared(TypedDict):
    """Why a finding is true of a stack, or why something cannot be judged there."""

    because: str
    answers: NotRequired[list[str]]  # globs of the requests whose answers it rests on; default: any


@dataclass(frozen=True)
class Stack:
    """One endpoint: the folder's files, and its stack.toml as it stands."""

    name: str
    title: str
    processes: list[list[str]]  # commands, started in this order; the first word is looked for on this machine
    prepare: list[list[str]] = field(default_factory=list)  # commands that have to end well before
    ports: list[str] = field(default_factory=list)  # further ports, beside https and http
    needs: list[str] = field(default_factory=list)  # further programs
    files: list[str] = field(default_factory=list)  # globs of files that packages provide
    python: list[str] = field(default_factory=list)  # modules
    npm: list[str] = field(default_factory=list)  # packages below tests/stacks/node_modules
    gems: list[str] = field(default_factory=list)
    host: str = "127.0.0.1"
    token: str = "@HEX@"  # also @NOW@, the Unix time
    target: dict[str, Any] = field(default_factory=dict)  # of the suite's configuration, beside the addresses
    true: dict[str, Declared] = field(default_factory=dict)  # findings that this stack deserves, by id
    open: dict[str, Declared] = field(default_factory=dict)  # must requirements that nobody could judge

    def missing(self) -> str:
        """The first thing that this machine lacks for the stack, or nothing."""
        return next(self._lacks(), "")

    def _lacks(self) -> Iterator[str]:
        commands = [command[0] for command in [*self.processes, *self.prepare] if "@" not in command[0]]
        yield from (f"no {word} is installed" for word in [*commands, *self.needs] if program(word) is None)
        for pattern in self.files:
            if not any(Path("/").glob(pattern.lstrip("/"))):
                yield f"there is no {pattern}"
        for module in self.python:
            if importlib.util.find_spec(module) is None:
                yield f"Python has no module {module} (pip install '.[stacks]')"
        for package in self.npm:
            if not (HERE / "node_modules" / package).is_dir():
                yield f"Node has no package {package} (npm install --prefix tests/stacks)"
        for gem in self.gems:
            if subprocess.run(["ruby", "-e", f"require '{gem}'"], capture_output=True, check=False).returncode:
                yield f"Ruby has no {gem}"


def program(word: str) -> str | None:
    """Where a program is; the word may be a glob, since packages put versions into names."""
    path = f"{os.environ.get('PATH', os.defpath)}:{SYSTEM}"
    if "*" not in word:
        return shutil.which(word, path=path)
    found = (str(file) for folder in path.split(":") for file in sorted(Path(folder).glob(word)))
    return next(found, None)


def stacks() -> list[Stack]:
    """Every folder beside this file that has a stack.toml."""
    return [
        Stack(name=file.parent.name, **tomllib.loads(file.read_text(encoding="utf-8")))
        for file in sorted(HERE.glob("*/stack.toml"))
    ]
