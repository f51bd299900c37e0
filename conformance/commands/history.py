"""`history`: what runs came to over time. `add` appends them to a file, which the other verbs read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.verdicts.history.answers import Told
    from conformance.verdicts.history.index import Index
    from conformance.verdicts.history.line import Line

_FILE = Path("history.jsonl")


def add_verbs(history: argparse.ArgumentParser) -> None:
    """Add what `history` can do, each with its options."""
    verbs = history.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, said: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=said, allow_abbrev=False)
        made.add_argument(
            "--history", type=Path, default=_FILE, metavar="FILE", help="the history (default: %(default)s)"
        )
        return made

    add = verb("add", "append a line for each run; one that is in the history already is left out")
    add.add_argument(
        "folders", type=Path, nargs="+", metavar="FOLDER", help="the folder of a run, or of several targets"
    )

    show = verb("show", "say what is broken and since when, what is flaky, what could not be judged")
    show.add_argument("--target", default="*", metavar="GLOB", help="these targets alone")
    show.add_argument(
        "--requirement",
        default="",
        metavar="ID-GLOB",
        help="these requirements alone, with all that became of them",
    )
    html = verb("html", "write what `show` says, and runs by requirements, as a page")
    html.add_argument("--target", default="*", metavar="GLOB", help="these targets alone")
    html.add_argument("--requirement", default="*", metavar="ID-GLOB", help="these requirements alone")
    html.add_argument(
        "-o", "--output", type=Path, default=Path("history.html"), metavar="FILE", help="default: %(default)s"
    )


def run(options: argparse.Namespace) -> int:
    """Do what was asked for; returns the exit code."""
    return _VERBS[options.verb](options)


def check_history(file: Path) -> None:
    """Refuse a history that a run could not be appended to. Raises ConfigError."""
    from conformance.verdicts.history.file import check  # noqa: PLC0415  few runs keep one

    check(file)


def _add(options: argparse.Namespace) -> int:
    from conformance.reporting import inert  # noqa: PLC0415
    from conformance.reporting.output import say  # noqa: PLC0415
    from conformance.verdicts.history.told import folders, read_run  # noqa: PLC0415

    check_history(options.history)
    made = [read_run(folder) for place in options.folders for folder in folders(place)]
    told = "".join(f"{inert.terminal(note, limit=4_096)}\n" for _, notes in made for note in notes)
    new = _append(options.history, [line for line, _ in made])
    known = len(made) - len(new)
    before = f"; {known} {'was' if known == 1 else 'were'} there already" if known else ""
    say(f"{told}{len(new)} run{'' if len(new) == 1 else 's'} added to {options.history}{before}\n")
    return 0


def _show(options: argparse.Namespace) -> int:
    import shutil  # noqa: PLC0415
    from contextlib import closing  # noqa: PLC0415

    from conformance.reporting.history import shown  # noqa: PLC0415
    from conformance.reporting.output import has_colors, say  # noqa: PLC0415
    from conformance.verdicts.history.index import opened  # noqa: PLC0415

    with closing(opened(options.history)) as index:
        found = _asked(options, index)
        width = min(shutil.get_terminal_size((100, 24)).columns, 120)
        say(shown(index, found, width=width, color=has_colors(sys.stdout), whole=bool(options.requirement)))
    return 0


def _html(options: argparse.Namespace) -> int:
    from contextlib import closing  # noqa: PLC0415

    from conformance.reporting.history_page import history_page  # noqa: PLC0415
    from conformance.reporting.output import say  # noqa: PLC0415
    from conformance.reporting.write import refused, replace  # noqa: PLC0415
    from conformance.verdicts.history.index import opened  # noqa: PLC0415

    with closing(opened(options.history)) as index:
        made = history_page(index, _asked(options, index, every=True))
    try:
        replace(options.output, made.encode("utf-8"))
    except OSError as error:
        raise refused(
            f"--output: cannot write {options.output}", error, "a file that can be written"
        ) from None
    say(f"HISTORY  {options.output}\n")
    return 0


def _asked(options: argparse.Namespace, index: Index, *, every: bool = False) -> list[Told]:
    """What the history says of the targets and requirements that were asked for. Raises ConfigError."""
    from conformance.contract.spelling import meant  # noqa: PLC0415
    from conformance.target.configuration import ConfigError  # noqa: PLC0415
    from conformance.verdicts.history.answers import targets, told  # noqa: PLC0415

    glob = options.requirement
    found = told(index, options.target, glob or "*", every=every or bool(glob))
    known = targets(index)
    if known and not found:
        hint, allowed = meant(options.target, known), ", ".join(known[:20])
        raise ConfigError(
            f"--target: no target of {index.file} is named {options.target!r}{hint}; allowed: {allowed}"
        )
    if found and glob and not any(one.standings for one in found):
        raise ConfigError(
            f"--requirement: {glob!r} names none in {index.file}; allowed: an id or a glob such as 'ENV-*'"
        )
    return found


def _append(file: Path, lines: Collection[Line]) -> list[Line]:
    from conformance.reporting.write import refused  # noqa: PLC0415
    from conformance.verdicts.history.file import append  # noqa: PLC0415

    try:
        return append(file, lines, once=True)
    except OSError as error:
        raise refused(f"--history: cannot write {file}", error, "a history that can be written") from None


_VERBS = {"add": _add, "show": _show, "html": _html}
