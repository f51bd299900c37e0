"""What `history` can do, and the options of each verb. The command itself is imported when it is asked for."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.commands.help import add_output, sentence, whole


def add_verbs(history: argparse.ArgumentParser) -> None:
    """Add what `history` can do, each with its options."""
    verbs = history.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, said: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=said, description=sentence(said))
        made.add_argument(
            "--history", type=Path, default="history.jsonl", metavar="FILE", help="the history (default: %(default)s)"
        )
        return made

    add = verb("add", "append a line for each run; one that is in the history already is left out")
    add.add_argument(
        "folders", type=Path, nargs="+", metavar="FOLDER", help="the folder of a run, or of several targets"
    )

    show = verb("show", "say what is broken and since when, what is flaky, what could not be judged")
    show.add_argument("--target", default="*", metavar="GLOB", help="these targets alone")
    show.add_argument(
        "--requirement", default="", metavar="ID-GLOB", help="these requirements alone, with all that became of them"
    )
    html = verb("html", "write what `show` says, and runs by requirements, as a page")
    html.add_argument("--target", default="*", metavar="GLOB", help="these targets alone")
    html.add_argument("--requirement", default="*", metavar="ID-GLOB", help="these requirements alone")
    add_output(html, "history.html")

    prune = verb("prune", "delete report folders of old runs, but for last good and first bad ones")
    prune.add_argument(
        "--keep",
        type=whole(1, 1_000_000),
        default=7,
        metavar="N",
        help="how many of each target's latest runs stay (default: %(default)s)",
    )
    prune.add_argument(
        "--reports",
        type=Path,
        default="reports",
        metavar="DIR",
        help="where the folders are (default: %(default)s)",
    )
    prune.add_argument("--dry-run", action="store_true", help="say what would be deleted; delete nothing")
    export = verb("export", "write the runs as a data set")
    export.add_argument(
        "--format", choices=("parquet",), required=True, help="of the files; it needs the extra `parquet`"
    )
    export.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")
