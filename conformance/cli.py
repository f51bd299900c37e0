"""The console command. Whatever is heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from conformance import __version__

USAGE = 4
ENVIRONMENT = "CONNECT_CONFORMANCE_"
BINDINGS = ("query-xml", "form-xml", "body-xml", "query-params")
LEVELS = ("must", "should", "advisory")


class _Parser(argparse.ArgumentParser):
    """Refuses in one line, with the documented exit code."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


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
    run = commands.add_parser("run", help="judge one target and write the reports", allow_abbrev=False)
    add_target_options(run)
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
    return top


def add_target_options(command: argparse.ArgumentParser) -> None:
    """Options that say what is judged; each can also stand in the environment."""
    group = command.add_argument_group(
        "target", f"Each also as an environment variable, e.g. {ENVIRONMENT}ENDPOINT."
    )
    group.add_argument(
        "--endpoint", metavar="URL", help="the endpoint, token included; `reference` for the embedded one"
    )
    group.add_argument(
        "--http-endpoint", metavar="URL", help="where plain HTTP is tried (default: endpoint on port 80)"
    )
    group.add_argument("--target", metavar="NAME", help="a target of the configuration file")
    group.add_argument(
        "--config", type=Path, metavar="FILE", help="default: connect-conformance.toml, from here upwards"
    )
    group.add_argument("--binding", choices=BINDINGS, help="how the request travels (default: query-xml)")
    group.add_argument("--ca-file", metavar="PEM", help="CA certificates to trust (default: the system's)")
    group.add_argument(
        "--timeout", type=_number(0.05, 3_600, whole=False), metavar="S", help="seconds for one exchange"
    )
    group.add_argument(
        "--accept", action="append", default=[], metavar="I-NN", help="accept an interpretation (repeatable)"
    )


def _add_run_options(run: argparse.ArgumentParser) -> None:
    limits = run.add_argument_group("limits")
    limits.add_argument(
        "--concurrency", type=_number(1, 32), metavar="N", help="requests side by side (default: 8)"
    )
    limits.add_argument(
        "--max-requests", type=_number(1, 100_000), default=1_000, metavar="N", help="default: %(default)s"
    )
    limits.add_argument(
        "--rate", type=_rate, default=0.0, metavar="N/s", help="requests a second (default: no limit)"
    )
    limits.add_argument(
        "--seed", type=_number(0, 2**32 - 1), default=1, metavar="N", help="default: %(default)s"
    )
    _add_terms(run)
    _add_output(run)
    run.add_argument("--list", action="store_true", help="show what would be sent and judged; send nothing")


def _add_terms(command: argparse.ArgumentParser) -> None:
    terms = command.add_argument_group("judging")
    terms.add_argument(
        "--level", choices=LEVELS, default="must", help="what may fail the run (default: %(default)s)"
    )
    terms.add_argument(
        "--select", action="append", default=[], metavar="ID-GLOB", help="judge only these (repeatable)"
    )
    terms.add_argument(
        "--deselect", action="append", default=[], metavar="ID-GLOB", help="leave these out (repeatable)"
    )
    terms.add_argument(
        "--waivers", type=Path, metavar="FILE", help="excused failures, with reasons and dates"
    )


def _add_output(command: argparse.ArgumentParser) -> None:
    output = command.add_argument_group("output")
    output.add_argument("--reports", type=Path, metavar="DIR", help="default: a new folder under reports/")
    output.add_argument("--quiet", action="store_true", help="print the verdict alone")
    output.add_argument("--no-color", action="store_true", help="no colours (also by NO_COLOR)")


def _from_environment(arguments: list[str]) -> list[str]:
    """Options that the environment sets, put before the ones of the command line, which beat them."""
    names = (
        "endpoint",
        "http-endpoint",
        "target",
        "config",
        "binding",
        "ca-file",
        "timeout",
        "level",
        "waivers",
        "reports",
    )
    found = []
    for name in (*names, "concurrency", "max-requests", "rate", "seed"):
        value = os.environ.get(ENVIRONMENT + name.replace("-", "_").upper())
        if value:
            found.append(f"--{name}={value}")
    accepted = os.environ.get(f"{ENVIRONMENT}ACCEPT", "").replace(",", " ").split()
    found += [f"--accept={value}" for value in accepted]
    # An endpoint and a target exclude each other; the command line's choice silences the environment's.
    given = {word.split("=")[0] for word in arguments}
    if given & {"--endpoint", "--target"}:
        found = [word for word in found if not word.startswith(("--endpoint=", "--target="))]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["run"]:
        words = ["run", *_from_environment(words[1:]), *words[1:]]
    options = parser().parse_args(words)
    from conformance import commands  # noqa: PLC0415  --help and --version stay light

    return commands.execute(options)
