"""`history`: what runs came to over time. `add` appends them to a file, which the other verbs read."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from conformance.contract.given import ConfigError
from conformance.contract.spelling import counted, meant
from conformance.reporting import escape
from conformance.reporting.folder import is_ours
from conformance.reporting.history import shown, troubles
from conformance.reporting.output import has_colors, say
from conformance.reporting.parquet import write_parquet
from conformance.reporting.prune import delete, fates
from conformance.reporting.write import refused, replace
from conformance.verdicts.history.file import append, check
from conformance.verdicts.history.from_report import folders, read_run
from conformance.verdicts.history.index import Index, opened
from conformance.verdicts.history.line import Line
from conformance.verdicts.history.targets import TargetHistory, histories, targets


def run(options: argparse.Namespace) -> int:
    """Do what was asked for; returns the exit code."""
    return _VERBS[options.verb](options)


def _add(options: argparse.Namespace) -> int:
    check(options.history)
    made = [read_run(folder) for place in options.folders for folder in folders(place)]
    notes = "".join(f"{escape.terminal(note, limit=4_096)}\n" for _, those in made for note in those)
    new = _append(options.history, [line for line, _ in made])
    known = len(made) - len(new)
    before = f"; {known} {'was' if known == 1 else 'were'} there already" if known else ""
    say(f"{notes}{counted(len(new), 'run')} added to {options.history}{before}\n")
    return 0


def _show(options: argparse.Namespace) -> int:
    with closing(opened(options.history)) as index:
        found = _asked(options, index)
        width = min(shutil.get_terminal_size((100, 24)).columns, 120)
        say(shown(index, found, width=width, color=has_colors(sys.stdout), whole=bool(options.requirement)))
    return 0


def _html(options: argparse.Namespace) -> int:
    with closing(opened(options.history)) as index:
        from conformance.reporting.history_page import history_page  # noqa: PLC0415  only where a page is asked for

        made = history_page(index, _asked(options, index, every=True))
    if options.output.exists() and not is_ours(options.output):
        raise ConfigError(f"--output: {options.output} is no page of this suite and is left alone; allowed: a new file")
    try:
        replace(options.output, made.encode("utf-8"))
    except OSError as error:
        raise refused(f"--output: cannot write {options.output}", error, "a file that can be written") from None
    say(f"HISTORY  {options.output}\n")
    return 0


def _prune(options: argparse.Namespace) -> int:
    kept = gone = 0
    with closing(opened(options.history)) as index:
        say("".join(f"NOTE  {escape.terminal(line)}\n" for line in troubles(index.state)))
        for fate in list(fates(index, options.reports, options.keep)):
            left = [] if fate.spared or options.dry_run else delete(fate.folder)
            verb = "kept" if fate.spared else "would delete" if options.dry_run else "deleted"
            why = fate.spared or (f"but for {', '.join(left)}" if left else "")
            said = "; ".join(filter(None, (f"{verb} {fate.folder}", fate.run, why)))
            say(f"{escape.terminal(said, limit=4_096)}\n")
            kept, gone = kept + bool(fate.spared), gone + (not fate.spared)
    deleted = "would be deleted" if options.dry_run else "deleted"
    say(f"{counted(gone, 'report folder')} {deleted}, {kept} kept; the history keeps all its lines\n")
    return 0


def _export(options: argparse.Namespace) -> int:
    with closing(opened(options.history)) as index:
        runs, months = write_parquet(index, options.folder)
    say(f"{counted(runs, 'run')} of {counted(months, 'month')} written to {options.folder}\n")
    return 0


def _asked(options: argparse.Namespace, index: Index, *, every: bool = False) -> list[TargetHistory]:
    """What the history says of the targets and requirements that were asked for. Raises ConfigError."""
    glob = options.requirement
    found = histories(index, options.target, glob or "*", every=every or bool(glob), past=bool(glob) and not every)
    known = targets(index)
    if known and not found:
        hint, allowed = meant(options.target, known), ", ".join(known[:20])
        raise ConfigError(f"--target: no target of {index.file} is named {options.target!r}{hint}; allowed: {allowed}")
    if found and glob and not any(one.standings for one in found):
        raise ConfigError(
            f"--requirement: {glob!r} names none in {index.file}; allowed: an id or a glob such as 'ENV-*'"
        )
    return found


def _append(file: Path, lines: Collection[Line]) -> list[Line]:
    try:
        return append(file, lines, once=True)
    except OSError as error:
        raise refused(f"--history: cannot write {file}", error, "a history that can be written") from None


_VERBS = {"add": _add, "show": _show, "html": _html, "prune": _prune, "export": _export}
