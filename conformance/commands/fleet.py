"""`run` over several targets: a process for each, a few at a time, one overview and one exit code.

A process of its own keeps each target's failures, memory and interpreter to itself; the overview is made from the
report.json that each one leaves behind.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import conformance
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.contract.spelling import meant
from conformance.reporting import ci, escape
from conformance.reporting.folder import OVERVIEW, REPORTS, reports_folder
from conformance.reporting.output import command, complain, note, say
from conformance.reporting.overview import files, terminal
from conformance.reporting.write import write
from conformance.sending.signals import meaning
from conformance.target.configuration import target_names
from conformance.target.from_options import check_overrides, config_file
from conformance.target.settings import PREFIX, taken_by
from conformance.verdicts.fleet import Member, Overview, Row, of_report, overview, rows_of, unjudged
from conformance.verdicts.history.file import check
from conformance.verdicts.reading import read_report
from conformance.verdicts.terms import selected, terms
from conformance.verdicts.verdict import ExitCode

_PAUSE_S = 0.03  # between looks at the processes
_PATIENCE_S = 90.0  # for teardown commands and reports after an interruption
_TAKEN = re.compile(r"overview(\..*)?|latest|earlier", re.IGNORECASE)


def run(options: argparse.Namespace) -> int:
    """Judge every target, write the overview, print it; returns the one exit code."""
    contract = documented()
    if not selected(contract, terms(options, contract)):
        raise ConfigError("--select and --deselect leave no requirement; allowed: globs that leave some")
    file = config_file(options)
    names = _names(options, file)
    check_overrides(options, contract)
    if options.list:
        return _list(options, names)
    if options.history:
        check(options.history)
    members = [f"{folder}/{name}" for folder in _folders(names) for name in REPORTS]
    folder = reports_folder(options.reports, (*OVERVIEW, *members))
    fleet = Fleet(options, file, folder)
    with meaning(fleet.stop):  # once stopped, the overview is written and said to its end
        made = fleet.judge(names)
        write(folder, files(made))
        say(terminal(made).splitlines()[0] + "\n" if options.quiet else terminal(made))
        page = folder / "overview.html"
        say(f"REPORTS  {escape.terminal(str(page), limit=4096)}\n")
        command(ci.tell(ci.of_fleet(made, page), os.environ))
    return made.exit_code


def _names(options: argparse.Namespace, file: Path) -> list[str]:
    """The targets to be judged, in the order of their names, those of one shard."""
    if options.endpoint:
        raise ConfigError("--endpoint is one target; allowed with several: --target NAME, --all-targets")
    if options.all_targets and options.target:
        raise ConfigError("--all-targets and --target exclude each other; allowed: one of them")
    known = target_names(file)
    if not options.all_targets and not options.target:
        raise ConfigError("--shard splits targets; allowed with --all-targets or --target NAME")
    for name in options.target:
        if name not in known:
            raise ConfigError(f"{file} has no target {name!r}{meant(name, known)}; allowed: {', '.join(known)}")
    names = sorted(set(options.target or known))
    place, of = options.shard or (1, 1)
    return names[place - 1 :: of]


def _list(options: argparse.Namespace, names: list[str]) -> int:
    """What would be sent to each, one after the other."""
    from conformance.commands import run as running  # noqa: PLC0415

    worst = 0
    for name in names:
        try:
            worst = max(worst, running.run(argparse.Namespace(**vars(options) | {"target": [name]})))
        except ConfigError as error:
            complain(str(error))
            worst = ExitCode.USAGE
        say("\n")
    return worst if names else ExitCode.NOTHING_SELECTED


@dataclass(frozen=True)
class _Judge:
    """A process that judges one target."""

    name: str
    folder: Path
    process: subprocess.Popen[bytes]
    said: IO[bytes]


class Fleet:
    """Processes side by side, within a limit; what they leave is read as each one ends."""

    def __init__(self, options: argparse.Namespace, file: Path, folder: Path) -> None:
        self.options, self.file, self.folder = options, file, folder
        self.members: list[Member] = []
        self.rows: dict[str, Row] = {}
        self.running: list[_Judge] = []
        self.interrupted = False

    def stop(self) -> None:
        """End it early; the processes are looked at often enough to notice."""
        self.interrupted = True

    def judge(self, names: list[str]) -> Overview:
        """Judge them all. Asked to stop, end the running ones early, with what they have judged."""
        waiting = list(zip(names, _folders(names), strict=True))
        try:
            while (waiting or self.running) and not self.interrupted:
                while waiting and len(self.running) < self.options.jobs and not self.interrupted:
                    self._start(*waiting.pop(0))
                self._collect(len(names))
                time.sleep(_PAUSE_S)
            if self.interrupted:
                self._interrupt(len(names))
        finally:
            for judge in self.running:
                judge.process.kill()
        for name, folder in waiting if self.interrupted else ():
            self.members.append(unjudged(name, folder, ExitCode.INTERRUPTED, "interrupted before its turn"))
        return overview(self.members, self.rows.values(), interrupted=self.interrupted)

    def _start(self, name: str, folder: str) -> None:
        place = self.folder / folder
        said = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        try:
            process = subprocess.Popen(  # noqa: S603  this interpreter, with the options of this process
                self._command(name, place),
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,  # Ctrl-C reaches it through this process alone
            )
        except (OSError, ValueError) as error:
            said.close()
            self.members.append(unjudged(name, folder, ExitCode.INTERNAL_ERROR, f"could not be started: {error}"))
            return
        self.running.append(_Judge(name, place, process, said))

    def _command(self, name: str, place: Path) -> list[str]:
        words = [f"--target={name}", f"--config={self.file}", f"--reports={place}", "--quiet"]
        for row in taken_by("run"):
            value = getattr(self.options, row.key)
            if row.place == "command" or value is None or (row.place == "run" and value == row.fallback):
                continue
            given = value if row.kind == "list" else [value]
            if row.kind == "table":
                given = [f"{name}={one}" for name, one in value.items()]
            words += [row.flag] if row.kind == "flag" else [f"{row.flag}={one}" for one in given]
        return [sys.executable, "-P", "-m", "conformance", "run", *words]

    def _collect(self, of: int) -> None:
        """Take in what has ended."""
        for judge in [judge for judge in self.running if judge.process.poll() is not None]:
            self.running.remove(judge)
            member = self._member(judge)
            self.members.append(member)
            if not self.options.quiet:
                note(f"{len(self.members)} of {of}: {member.name}: {member.verdict}")

    def _member(self, judge: _Judge) -> Member:
        """What a process left behind: its report, or the last line it said."""
        code, folder = judge.process.returncode, judge.folder.name
        with judge.said as said:
            said.seek(max(0, said.seek(0, os.SEEK_END) - 4_096))
            lines = said.read().decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        last = last.removeprefix("connect-conformance: ")
        ended = f"its process ended with {code}" + (f": {last}" if last else "")
        known = code in set(ExitCode)
        try:
            report = read_report(judge.folder)
        except ConfigError:
            told = last if known and last else ended
            return unjudged(judge.name, folder, code if known and code else ExitCode.INTERNAL_ERROR, told)
        self.rows |= {row.id: row for row in rows_of(report)}
        error = "" if code == report.exit_code else last if known and last else ended
        return of_report(report, folder, exit_code=code if known else ExitCode.INTERNAL_ERROR, error=error)

    def _interrupt(self, of: int) -> None:
        """Let every process end in its own way: with its teardown commands run and its reports written."""
        for judge in self.running:
            with contextlib.suppress(OSError):
                judge.process.send_signal(signal.SIGTERM)  # SIGINT may be ignored here (`command &`), so there too
        deadline = time.monotonic() + _PATIENCE_S
        while self.running and time.monotonic() < deadline:
            self._collect(of)
            time.sleep(_PAUSE_S)
        for judge in self.running:
            said = "interrupted, and did not end in time"
            self.members.append(unjudged(judge.name, judge.folder.name, ExitCode.INTERRUPTED, said))


def _folders(names: list[str]) -> Iterator[str]:
    """A folder's name for each target: its own where every file system can hold it and tell it from the others."""
    seen: set[str] = set()
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name).strip(".")[:80]
        if not plain or plain != name or _TAKEN.fullmatch(plain) or plain.lower() in seen:
            plain = f"{plain or 'target'}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
        seen.add(plain.lower())
        yield plain


def _environment() -> dict[str, str]:
    """The tokens, and no option: those are passed on as this process understood them, who alone tells the CI server."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX) and k != ci.ASKED}
    package = str(Path(conformance.__file__).resolve().parents[1])
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, (package, kept.get("PYTHONPATH", ""))))}
