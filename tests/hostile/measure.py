"""Runs the suite against every behaviour with a run of its own; writes what it said to docs/hostile.md.

python -m tests.hostile.measure [--jobs N] [--only NAME-GLOB]... [--output FILE]
"""

import argparse
import fnmatch
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from . import trial
from .catalogue import ALONE
from .registry import BEHAVIOURS, Behaviour
from .stage import Authority
from .test_bounds import MEGABYTES
from .trial import CHECKOUT, SECONDS, TIMEOUT, Trial

PAGE = CHECKOUT / "docs" / "hostile.md"
INTRODUCTION = """\
# Hostile endpoints

The suite talks to servers of strangers. Each row below is a server on real sockets that misbehaves in one way, what
the suite said of it, and the exit code. {count} servers were judged with `--timeout {timeout}`, with the command line
that a user has. The tests in `tests/hostile/` hold that every run ends within {seconds} seconds and takes less than
{megabytes} MB, that none of these servers makes the suite fetch, open, execute or send back anything, and that the
token is in none of the files.

A *medley* behaves differently with each answer, two of three times hostile; its row lists what it is made of.

Made by `python -m tests.hostile.measure`.
"""


@dataclass(frozen=True)
class Row:
    """One behaviour, judged."""

    behaviour: Behaviour
    says: str
    exit_code: int


def says(ended: Trial) -> str:
    """The verdict, and the reason that a reader sees first."""
    try:
        report = ended.report()
    except (OSError, ValueError):
        return f"no report, exit code {ended.outcome.exit_code}"
    failed = [r for r in report["requirements"] if r["verdict"] == "fail" and r["level"] == "must"]
    told = failed or [r for r in report["requirements"] if r["verdict"] in {"inconclusive", "error"}]
    verdict = "fail" if failed else told[0]["verdict"]
    reason = next(check["reason"] for check in told[0]["checks"] if check["verdict"] == verdict)
    others = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    where = f"{told[0]['id']}{others}: " if failed else ""
    return f"{report['verdict']}. {where}{reason}"


def measured(chosen: list[Behaviour], folder: Path, jobs: int) -> Iterator[Row]:
    authority = Authority()

    def row(behaviour: Behaviour) -> Row:
        ended = trial.run(behaviour, authority, folder / behaviour.name)
        made = Row(behaviour, says(ended), ended.outcome.exit_code)
        shutil.rmtree(folder / behaviour.name)
        return made

    with ThreadPoolExecutor(jobs) as pool:
        for number, made in enumerate(pool.map(row, chosen), 1):
            print(f"{number}/{len(chosen)} {made.behaviour.name}", file=sys.stderr, flush=True)
            yield made


def page(rows: list[Row]) -> str:
    lines = [
        INTRODUCTION.format(count=len(rows), timeout=TIMEOUT, seconds=SECONDS, megabytes=MEGABYTES),
    ]
    by_subject = sorted(rows, key=lambda row: list(BEHAVIOURS).index(row.behaviour.name))
    by_subject.sort(key=lambda row: list(_subjects()).index(row.behaviour.subject))
    for subject, group in groupby(by_subject, key=lambda row: row.behaviour.subject):
        lines += [f"\n## {subject}\n", "| server | what the suite says | exit |", "|---|---|--:|"]
        lines += [
            f"| {_story(row.behaviour)} <br> `{row.behaviour.name}` | {_cell(row.says)} | {row.exit_code} |"
            for row in group
        ]
    return "\n".join(lines) + "\n"


def _story(behaviour: Behaviour) -> str:
    parts = ", ".join(f"`{name}`" for name in behaviour.parts)
    return f"{_cell(behaviour.story)} {parts}".strip()


def _subjects() -> dict[str, None]:
    return dict.fromkeys(behaviour.subject for behaviour in BEHAVIOURS.values())


def _cell(text: str, limit: int = 200) -> str:
    """A stranger's text in a table: one line, no markup."""
    line = " ".join(text.split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    for sign in "\\|<>*_[]`~":
        line = line.replace(sign, "\\" + sign)
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, metavar="N", default=1, help="runs side by side (default: 1)")
    parser.add_argument("--only", action="append", metavar="NAME-GLOB", default=[])
    parser.add_argument("--output", type=Path, default=PAGE)
    options = parser.parse_args()
    wanted = options.only or ["*"]
    chosen = [b for name, b in ALONE.items() if any(fnmatch.fnmatch(name, glob) for glob in wanted)]
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measured(chosen, Path(folder), options.jobs))
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
