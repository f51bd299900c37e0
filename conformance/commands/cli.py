"""The console command. Whatever is heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from conformance import __version__
from conformance.commands.guard import guarded
from conformance.commands.history_verbs import add_verbs
from conformance.contract.spelling import meant
from conformance.reporting.output import complain, say
from conformance.sending.signals import obeyed
from conformance.target.options import add_options, settle
from conformance.target.settings import Setting
from conformance.verdicts.less import ALLOWABLE

USAGE = 4
# A misplaced URL or token is quoted by the parser's messages, and whoever is asked for help gets to see them.
_TOKEN = re.compile(r"(?<=://)[^\s'\"]+|[0-9A-Fa-f]{16,}")


class _Parser(argparse.ArgumentParser):
    """Refuses in one line, with the documented exit code."""

    def error(self, message: str) -> NoReturn:
        if found := re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message):
            message += meant(found[1], re.findall(r"[\w.-]+", found[2]))
        complain(f"{_TOKEN.sub('...', message)} (see `{self.prog} --help`)")
        self.exit(USAGE)

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002  help and version alone
        say(message)


def _whole(low: int, high: int) -> Callable[[str], Any]:
    """Reads a number that is no setting."""
    return Setting("", "whole", "command", "", low=low, high=high).value


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
        "run",
        help="judge a target, or several, and write the reports",
        usage="%(prog)s\n       [OPTION ...]",
        allow_abbrev=False,
    )
    add_options(run, "run")
    serve = commands.add_parser(
        "serve", help="run the reference endpoint for people who build clients", allow_abbrev=False
    )
    serve.add_argument("--state", metavar="NNN", help="answer as in the state of an error code")
    serve.add_argument("--mutant", metavar="ID", help="answer as one of the variants")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    for name in ("--https-port", "--http-port"):
        serve.add_argument(
            name, type=_whole(0, 65_535), default=0, metavar="PORT", help="default: any free one"
        )
    replay = commands.add_parser(
        "replay",
        help="judge recorded exchanges again, with no network",
        usage="%(prog)s\n       [OPTION ...] EVIDENCE",
        allow_abbrev=False,
    )
    replay.add_argument(
        "evidence", type=Path, metavar="EVIDENCE", help="an evidence.har of a run, or of somebody else"
    )
    add_options(replay, "replay")
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
        "--call",
        action="append",
        default=[],
        metavar="GLOB",
        help="variants of these calls alone (repeatable; default: of all)",
    )
    prove.add_argument(
        "--jobs", type=_whole(1, 64), default=2, metavar="N", help="processes (default: %(default)s)"
    )
    listing = commands.add_parser(
        "requirements", help="print the catalogue and the checks that cover it", allow_abbrev=False
    )
    listing.add_argument("--format", choices=("table", "json", "markdown"), default="table")
    listing.add_argument(
        "--call",
        action="append",
        default=[],
        metavar="GLOB",
        help="what these calls are held to alone (repeatable; default: all)",
    )
    explain = commands.add_parser(
        "explain",
        help="say what a requirement, interpretation, exit code, setting or variant is",
        allow_abbrev=False,
    )
    explain.add_argument("name", metavar="ID", help="such as ENV-03, I-09, 10, timeout or root_in_upper_case")
    add_options(explain, "explain")
    completion = commands.add_parser(
        "completion", help="print what lets a shell complete commands, options and names", allow_abbrev=False
    )
    completion.add_argument(
        "what",
        choices=("bash", "zsh", "fish", "targets"),
        help="the shell; targets prints those of the configuration",
    )
    compare = commands.add_parser(
        "compare", help="show what changed between two or more results", allow_abbrev=False
    )
    compare.add_argument(
        "results",
        type=Path,
        nargs="+",
        metavar="RESULT",
        help="a report.json, a folder of a run, or a package; as the first also a history, for the run before",
    )
    compare.add_argument("--format", choices=("table", "json", "markdown", "html"), default="table")
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
        help="exit 1 if a must or should requirement is worse than in the first result, or less is known of it",
    )
    compare.add_argument(
        "--allow",
        action="append",
        default=[],
        choices=ALLOWABLE,
        metavar="WHAT",
        help="with --fail-on-regression: what may be less known than by the first result (repeatable): "
        + ", ".join(ALLOWABLE),
    )
    compare.add_argument(
        "--fail-on-extension", action="store_true", help="with --fail-on-regression: one of an extension, too"
    )
    doctor = commands.add_parser(
        "doctor", help="say whether a target can be reached and what a run would cost", allow_abbrev=False
    )
    add_options(doctor, "doctor")
    _add_submissions(commands)
    init = commands.add_parser("init", help="write a commented configuration file", allow_abbrev=False)
    add_options(init, "init")
    init.add_argument(
        "--policy", action="store_true", help="write rules for a run that counts instead (run --policy)"
    )
    init.add_argument("--force", action="store_true", help="overwrite a file that exists")
    waivers = commands.add_parser(
        "waivers", help="write a file of waivers to begin with, from what failed in a run", allow_abbrev=False
    )
    waivers.add_argument("action", choices=("init",), help="what to do")
    waivers.add_argument(
        "reports", type=Path, metavar="REPORTS", help="the folder of a run, or its report.json"
    )
    waivers.add_argument(
        "-o", "--output", type=Path, default="waivers.toml", metavar="FILE", help="default: %(default)s"
    )
    return top


def _add_submissions(commands: Any) -> None:
    """Evidence that changes hands: docs/submissions.md."""
    challenge = commands.add_parser(
        "challenge", help="write a challenge that a partner answers with a run", allow_abbrev=False
    )
    challenge.add_argument("--for", dest="name", required=True, metavar="NAME", help="who is to answer it")
    challenge.add_argument(
        "--endpoint-host",
        action="append",
        required=True,
        metavar="HOST",
        help="the host of the endpoint, perhaps with :PORT (repeatable: of states, of plain HTTP)",
    )
    challenge.add_argument(
        "--valid",
        default="72h",
        metavar="TIME",
        help="minutes, hours or days (default: %(default)s)",
    )
    challenge.add_argument("--policy", type=Path, metavar="FILE", help="rules that the run is held to")
    challenge.add_argument("--key", type=Path, metavar="PEM", help="an Ed25519 key that signs it")
    challenge.add_argument(
        "-o", "--output", type=Path, default="challenge.json", metavar="FILE", help="default: %(default)s"
    )
    _add_ledger(challenge)
    package = commands.add_parser(
        "package", help="put what a run left into one file that can be verified", allow_abbrev=False
    )
    package.add_argument("reports", type=Path, metavar="REPORTS", help="the folder of a run")
    package.add_argument(
        "--challenge", type=Path, metavar="FILE", help="the challenge that the run was run with"
    )
    package.add_argument("--key", type=Path, metavar="PEM", help="an Ed25519 key that signs it")
    package.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the package to write"
    )
    verify = commands.add_parser(
        "verify", help="say what can be established of a package, one line a check", allow_abbrev=False
    )
    verify.add_argument("package", type=Path, metavar="FILE", help="a package, as `package` writes it")
    verify.add_argument("--policy", type=Path, metavar="FILE", help="rules; default: those of the challenge")
    verify.add_argument(
        "--trust",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="a public key that may have signed the package or the challenge (repeatable)",
    )
    verify.add_argument(
        "--live",
        metavar="TARGET",
        help="a target of the configuration file: send it some of the requests again",
    )
    verify.add_argument("--config", type=Path, metavar="FILE", help="the configuration file, with --live")
    verify.add_argument(
        "--sample", type=_whole(1, 1_000), default=20, metavar="N", help="of them (default: %(default)s)"
    )
    verify.add_argument("--quiet", action="store_true", help="leave out what is in order")
    _add_ledger(verify)
    history = commands.add_parser(
        "history", help="keep and show what runs came to over time", allow_abbrev=False
    )
    add_verbs(history)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ledger",
        type=Path,
        default="connect-conformance-challenges.jsonl",
        metavar="FILE",
        help="where challenges and their answers are noted (default: %(default)s)",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, whatever happens."""
    with obeyed():
        return guarded(lambda: _main(arguments))


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The options of a command, what the environment says among them. Raises ConfigError."""
    top = parser()
    options, unknown = top.parse_known_args(words)
    if unknown:
        _refuse(top, [options.command, *filter(None, [getattr(options, "verb", "")])], unknown)
    settle(options, options.command, os.environ)
    return options


def _refuse(command: argparse.ArgumentParser, names: list[str], unknown: list[str]) -> NoReturn:
    """Name what a command, or a verb of one, does not take, and what may have been meant."""
    for name in names:
        (below,) = [action for action in command._actions if isinstance(action, argparse._SubParsersAction)]
        command = below.choices[name]
    wrong = next((word for word in unknown if word.startswith("-")), unknown[0]).partition("=")[0]
    known = [flag for action in command._actions for flag in action.option_strings]
    hint = meant(wrong, known) if wrong.startswith("-") else ""
    command.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")


def _main(arguments: Sequence[str] | None) -> int:
    options = parsed(list(sys.argv[1:] if arguments is None else arguments))
    module = {"replay": "run"}.get(options.command, options.command)
    if options.command == "run" and (options.all_targets or options.shard or len(options.target) > 1):
        module = "fleet"
    command = import_module(f"conformance.commands.{module}")
    return int((command.replay if options.command == "replay" else command.run)(options))
