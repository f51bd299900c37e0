"""The console command. Whatever is heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from conformance import __version__
from conformance.commands.guard import guarded
from conformance.commands.variables import commands_of, from_environment
from conformance.reporting.output import complain, say
from conformance.sending.signals import obeyed
from conformance.target.environment import PREFIX

USAGE = 4
BINDINGS = ("query-xml", "form-xml", "body-xml", "query-params")
LEVELS = ("must", "should", "advisory")


# A misplaced URL or token is quoted by the parser's messages, and whoever is asked for help gets to see them.
_TOKEN = re.compile(r"(?<=://)[^\s'\"]+|[0-9A-Fa-f]{16,}")


class _Parser(argparse.ArgumentParser):
    """Refuses in one line, with the documented exit code."""

    def error(self, message: str) -> NoReturn:
        complain(f"{_TOKEN.sub('...', message)} (see `{self.prog} --help`)")
        self.exit(USAGE)

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002  help and version alone
        say(message)


def _number(low: float, high: float, *, whole: bool = True) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            raise argparse.ArgumentTypeError(f"{text!r} is not {kind} from {low:g} to {high:g}")
        return value

    return number


def _rate(text: str) -> float:
    return _number(0.01, 10_000, whole=False)(text.removesuffix("/s"))


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N with K from 1 to N, such as 2/5")
    return int(found[1]), int(found[2])


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _Parser(
        prog="connect-conformance",
        description="Says, requirement by requirement, whether an endpoint keeps the documented contract of the"
        " Connect API.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    run = commands.add_parser(
        "run", help="judge a target, or several, and write the reports", allow_abbrev=False
    )
    add_target_options(run, several=True)
    _add_fleet_options(run)
    _add_run_options(run)
    serve = commands.add_parser(
        "serve", help="run the reference endpoint for people who build clients", allow_abbrev=False
    )
    serve.add_argument("--state", metavar="NNN", help="answer as in the state of an error code")
    serve.add_argument("--mutant", metavar="ID", help="answer as one of the variants")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument(
        "--https-port", type=_number(0, 65_535), default=0, metavar="PORT", help="default: any free one"
    )
    serve.add_argument(
        "--http-port", type=_number(0, 65_535), default=0, metavar="PORT", help="default: any free one"
    )
    replay = commands.add_parser(
        "replay", help="judge recorded exchanges again, with no network", allow_abbrev=False
    )
    replay.add_argument(
        "evidence", type=Path, metavar="EVIDENCE", help="an evidence.har of a run, or of somebody else"
    )
    _add_terms(replay)
    replay.add_argument(
        "--accept", action="append", default=[], metavar="I-NN", help="accept an interpretation (repeatable)"
    )
    _add_output(replay)
    prove = commands.add_parser(
        "prove",
        help="judge every broken and every unusual variant of the reference endpoint",
        allow_abbrev=False,
    )
    prove.add_argument("--format", choices=("table", "json", "markdown", "html"), default="table")
    prove.add_argument(
        "--only", action="append", default=[], metavar="GLOB", help="these variants alone (repeatable)"
    )
    prove.add_argument(
        "--jobs", type=_number(1, 64), default=2, metavar="N", help="processes (default: %(default)s)"
    )
    listing = commands.add_parser(
        "requirements", help="print the catalogue and the checks that cover it", allow_abbrev=False
    )
    listing.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    explain = commands.add_parser(
        "explain", help="say what a requirement, interpretation, exit code or variant is", allow_abbrev=False
    )
    explain.add_argument("name", metavar="ID", help="such as ENV-03, I-09, 10 or root_in_upper_case")
    compare = commands.add_parser(
        "compare", help="show what changed between two or more results", allow_abbrev=False
    )
    compare.add_argument(
        "results", type=Path, nargs="+", metavar="RESULT", help="a report.json, or a folder of a run"
    )
    compare.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    compare.add_argument(
        "--overview",
        action="store_true",
        help="targets side by side, as after `run --all-targets`: merges what several runs or shards left;"
        " the exit code is that of the worst target",
    )
    compare.add_argument(
        "--reports", type=Path, metavar="DIR", help="with --overview: write it into this folder too"
    )
    compare.add_argument(
        "--fail-on-regression",
        action="store_true",
        help="exit 1 if a must or should requirement is worse than in the first result",
    )
    doctor = commands.add_parser(
        "doctor", help="say whether a target can be reached and what a run would cost", allow_abbrev=False
    )
    add_target_options(doctor)
    _add_concurrency(doctor)
    _add_selection(doctor)
    init = commands.add_parser("init", help="write a commented configuration file", allow_abbrev=False)
    init.add_argument(
        "--config", type=Path, metavar="FILE", help="where to (default: connect-conformance.toml, here)"
    )
    init.add_argument("--force", action="store_true", help="overwrite a file that exists")
    return top


def add_target_options(command: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Options that say what is judged; each can also stand in the environment."""
    group = command.add_argument_group(
        "target", f"Each also as an environment variable, e.g. {PREFIX}ENDPOINT."
    )
    group.add_argument(
        "--endpoint", metavar="URL", help="the endpoint, token included; `reference` for the embedded one"
    )
    group.add_argument(
        "--http-endpoint", metavar="URL", help="where plain HTTP is tried (default: endpoint on port 80)"
    )
    if several:
        group.add_argument(
            "--target",
            action="append",
            default=[],
            metavar="NAME",
            help="a target of the configuration file (repeatable)",
        )
    else:
        group.add_argument("--target", metavar="NAME", help="a target of the configuration file")
    group.add_argument(
        "--config", type=Path, metavar="FILE", help="default: connect-conformance.toml, from here upwards"
    )
    group.add_argument("--binding", choices=BINDINGS, help="how the request travels (default: query-xml)")
    group.add_argument("--ca-file", metavar="PEM", help="CA certificates to trust (default: the system's)")
    group.add_argument(
        "--client-cert", metavar="PEM", help="certificate to show where the server demands one (mutual TLS)"
    )
    group.add_argument("--client-key", metavar="PEM", help="its key (default: in the file of --client-cert)")
    group.add_argument("--proxy", metavar="URL", help="HTTP proxy to go through (default: none)")
    group.add_argument(
        "--timeout", type=_number(0.05, 3_600, whole=False), metavar="S", help="seconds for one exchange"
    )
    group.add_argument(
        "--accept", action="append", default=[], metavar="I-NN", help="accept an interpretation (repeatable)"
    )


def _add_fleet_options(run: argparse.ArgumentParser) -> None:
    fleet = run.add_argument_group(
        "several targets",
        "Each is judged in a process of its own and writes into a folder of its name; an overview shows all.",
    )
    fleet.add_argument("--all-targets", action="store_true", help="every target of the configuration file")
    fleet.add_argument(
        "--jobs", type=_number(1, 64), default=4, metavar="N", help="targets at a time (default: %(default)s)"
    )
    fleet.add_argument(
        "--shard", type=_shard, metavar="K/N", help="the K-th of N parts of the targets, by name"
    )


def _add_run_options(run: argparse.ArgumentParser) -> None:
    limits = run.add_argument_group("limits")
    _add_concurrency(limits)
    limits.add_argument(
        "--max-requests", type=_number(1, 100_000), default=1_000, metavar="N", help="default: %(default)s"
    )
    limits.add_argument(
        "--rate", type=_rate, default=0.0, metavar="N/s", help="requests a second (default: no limit)"
    )
    limits.add_argument(
        "--deadline",
        type=_number(1, 86_400, whole=False),
        default=600.0,
        metavar="S",
        help="seconds that the whole run may take; what was not sent by then is left open (default: %(default)g)",
    )
    limits.add_argument(
        "--seed",
        type=_number(0, 2**32 - 1),
        default=1,
        metavar="N",
        help="makes the generated requests, the same for the same seed (default: %(default)s)",
    )
    _add_terms(run)
    _add_output(run)
    run.add_argument("--list", action="store_true", help="show what would be sent and judged; send nothing")


def _add_concurrency(options: argparse._ActionsContainer) -> None:
    options.add_argument(
        "--concurrency", type=_number(1, 32), metavar="N", help="requests side by side (default: 8)"
    )


def _add_selection(options: argparse._ActionsContainer) -> None:
    options.add_argument(
        "--select", action="append", default=[], metavar="ID-GLOB", help="judge only these (repeatable)"
    )
    options.add_argument(
        "--deselect", action="append", default=[], metavar="ID-GLOB", help="leave these out (repeatable)"
    )


def _add_terms(command: argparse.ArgumentParser) -> None:
    terms = command.add_argument_group("judging")
    terms.add_argument(
        "--level", choices=LEVELS, default="must", help="what may fail the run (default: %(default)s)"
    )
    _add_selection(terms)
    terms.add_argument(
        "--waivers", type=Path, metavar="FILE", help="excused failures, with reasons and dates"
    )


def _add_output(command: argparse.ArgumentParser) -> None:
    output = command.add_argument_group("output")
    output.add_argument("--reports", type=Path, metavar="DIR", help="default: a new folder under reports/")
    output.add_argument("--quiet", action="store_true", help="print the verdict alone")
    output.add_argument("--no-color", action="store_true", help="no colours (also by NO_COLOR)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, whatever happens."""
    with obeyed():
        return guarded(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    made = parser()
    if words:
        words[1:1] = from_environment(commands_of(made), words[0], words[1:])
    options = made.parse_args(words)
    from conformance.commands.execute import execute  # noqa: PLC0415  --help and --version stay light

    return execute(options)
