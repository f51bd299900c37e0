"""Starts a stack on loopback ports, in a folder of its own, and stops all of it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import trustme

from .stack import HERE, Stack, program

STARTS_S = 60.0  # of a stack, until all of its ports are open
PREPARES_S = 300.0
STOPS_S = 5.0  # of a process, until it is killed
LOOPBACK = "127.0.0.1"


class StartError(Exception):
    """The stack could not be brought up; the message ends with what its processes said."""


@contextmanager
def started(stack: Stack, folder: Path) -> Iterator[dict[str, str]]:
    """The stack, running; yields its settings, which every process finds in its environment too."""
    settings = {**_ports(["https", "http", *stack.ports]), **_certificates(folder / "tls")}
    settings |= {
        "SPARE_TOKEN": secrets.token_hex(16),  # for stacks that have a token to throw away
        "DIR": str(folder / "app"),
        "PYTHON": sys.executable,
        "TOKEN": filled(stack.token, {"HEX": secrets.token_hex(16), "NOW": str(int(time.time()))}),
        "NODE_PATH": str(HERE / "node_modules"),
    }
    _fill(HERE / stack.name, folder / "app", settings)
    with ExitStack() as running:
        running.callback(_wait_until_closed, settings)
        for number, words in enumerate(stack.prepare):
            _prepare(words, folder / f"prepare-{number}.log", settings)
        logs = [folder / f"process-{number}.log" for number in range(len(stack.processes))]
        processes = [
            running.enter_context(_process(words, log, settings))
            for words, log in zip(stack.processes, logs, strict=True)
        ]
        _wait_for_ports(stack.processes, processes, logs, settings)
        yield settings


def _ports(names: list[str]) -> dict[str, str]:
    """Free ports by name, all of them held until the last is found, so that no two are the same."""
    with ExitStack() as held:
        taken = {}
        for name in names:
            listener = held.enter_context(socket.socket())
            listener.bind((LOOPBACK, 0))
            taken[f"{name.upper()}_PORT"] = str(listener.getsockname()[1])
        return taken


def _certificates(folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True)
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", LOOPBACK)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(folder / "cert.pem", append=True)
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    client = authority.issue_cert("client@example.com")
    client.cert_chain_pems[0].write_to_path(folder / "client.pem")
    client.private_key_pem.write_to_path(folder / "client-key.pem")
    return {
        "CA": str(folder / "ca.pem"),
        "CERT": str(folder / "cert.pem"),
        "KEY": str(folder / "key.pem"),
        "CERT_AND_KEY": str(folder / "both.pem"),
        "CLIENT_CERT": str(folder / "client.pem"),
        "CLIENT_KEY": str(folder / "client-key.pem"),
    }


def filled(text: str, settings: dict[str, str]) -> str:
    """The text, with @NAME@ replaced by the setting of that name."""
    for name, value in settings.items():
        text = text.replace(f"@{name}@", value)
    return text


def _fill(source: Path, folder: Path, settings: dict[str, str]) -> None:
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "run").mkdir()
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_text(filled(file.read_text(encoding="utf-8"), settings), encoding="utf-8")
    (folder / "run").chmod(0o777)  # servers that root starts give up root


def _prepare(words: list[str], log: Path, settings: dict[str, str]) -> None:
    with log.open("wb") as output:
        ended = subprocess.run(
            _command(words, settings),
            cwd=settings["DIR"],
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=PREPARES_S,
            check=False,
        )
    if ended.returncode:
        raise StartError(f"{words[0]} ended with {ended.returncode}{_said([log])}")


def _command(words: list[str], settings: dict[str, str]) -> list[str]:
    first, *others = (filled(word, settings) for word in words)
    return [program(first) or first, *others]


@contextmanager
def _process(words: list[str], log: Path, settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """One server in the foreground, in a process group of its own; the group ends with the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(words, settings),
            cwd=settings["DIR"],
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOPS_S)
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], which: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # whoever is left of the group, also where its leader has ended
        os.killpg(process.pid, which)


def _wait_for_ports(
    commands: list[list[str]],
    processes: list[subprocess.Popen[bytes]],
    logs: list[Path],
    settings: dict[str, str],
) -> None:
    until = time.monotonic() + STARTS_S
    for name in [name for name in settings if name.endswith("_PORT")]:
        while not _listens(int(settings[name])):
            for words, process, log in zip(commands, processes, logs, strict=True):
                if process.poll() is not None:
                    raise StartError(f"{words[0]} ended with {process.returncode}{_said([log])}")
            if time.monotonic() > until:
                raise StartError(f"{name} is not open after {STARTS_S:.0f} s{_said(logs)}")
            time.sleep(0.05)  # between two looks, never instead of one


def _wait_until_closed(settings: dict[str, str]) -> None:
    """Killed processes close their ports a moment after they were killed."""
    until = time.monotonic() + STOPS_S
    while any(_listens(int(v)) for k, v in settings.items() if k.endswith("_PORT")):
        if time.monotonic() > until:
            return
        time.sleep(0.02)  # between two looks


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((LOOPBACK, port)) == 0


def _said(logs: list[Path]) -> str:
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()[-8:]]
    return "".join(f"\n    {line}" for line in lines)
