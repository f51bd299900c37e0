"""The console command. Whatever is heavy is imported by the command that needs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from conformance import __version__
from conformance.commands.guard import guarded
from conformance.commands.help import Parser, add_output, sentence, whole
from conformance.commands.history_verbs import add_verbs
from conformance.contract.spelling import meant
from conformance.sending.signals import obeyed
from conformance.target.options import add_options, settle
from conformance.verdicts.differences import ALLOWABLE


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = Parser(
        prog="connect-conformance",
        description="Says, requirement by requirement, whether an endpoint keeps the documented contract of the"
        " Connect API.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    add_options(_add(commands, "run", "judge a target, or several, and write the reports"), "run")
    _add_serve(commands)
    replay = _add(commands, "replay", "judge recorded exchanges again, with no network")
    replay.add_argument("evidence", type=Path, metavar="EVIDENCE", help="an evidence.har of a run, or of somebody else")
    add_options(replay, "replay")
    _add_prove(commands)
    listing = _add(commands, "requirements", "print the catalogue and the checks that cover it")
    _add_format(listing, "table", "json", "markdown")
    _add_list(listing, "--call", "GLOB", "only what these calls are held to (repeatable; default: all)")
    explain = _add(commands, "explain", "say what a requirement, interpretation, exit code, setting or variant is")
    explain.add_argument("name", metavar="ID", help="the name of any of these; `limits` says what the suite cannot see")
    add_options(explain, "explain")
    completion = _add(commands, "completion", "print what lets a shell complete commands, options and names")
    completion.add_argument(
        "what", choices=("bash", "zsh", "fish", "targets"), help="the shell; targets prints those of the configuration"
    )
    _add_compare(commands)
    add_options(_add(commands, "doctor", "say whether a target can be reached and what a run would cost"), "doctor")
    _add_challenge(commands)
    _add_package(commands)
    _add_verify(commands)
    add_verbs(_add(commands, "history", "keep and show what runs came to over time"))
    init = _add(commands, "init", "write a commented configuration file")
    add_options(init, "init")
    init.add_argument("--policy", action="store_true", help="write rules for a run that counts instead (run --policy)")
    init.add_argument("--force", action="store_true", help="overwrite a file that exists")
    waivers = _add(commands, "waivers", "write a file of waivers to begin with, from what failed in a run")
    waivers.add_argument("action", choices=("init",), help="write the file")
    waivers.add_argument("reports", type=Path, metavar="REPORTS", help="the folder of a run, or its report.json")
    add_output(waivers, "waivers.toml")
    return top


# What several commands have


def _add(commands: Any, name: str, said: str) -> Parser:
    """A command. said: what it does, in a line."""
    made: Parser = commands.add_parser(name, help=said, description=sentence(said))
    return made


def _add_format(command: argparse.ArgumentParser, *forms: str) -> None:
    command.add_argument("--format", choices=forms, default=forms[0], help="how to print it (default: %(default)s)")


def _add_list(command: argparse.ArgumentParser, option: str, metavar: str, said: str, **more: Any) -> None:
    """An option that may be given several times."""
    command.add_argument(option, action="append", default=[], metavar=metavar, help=said, **more)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ledger",
        type=Path,
        metavar="FILE",
        help="where challenges and their answers are noted (default: connect-conformance-challenges.jsonl)",
    )


# What one command has


def _add_serve(commands: Any) -> None:
    serve = _add(commands, "serve", "run the reference endpoint for people who build clients")
    serve.add_argument("--state", metavar="NNN", help="answer every call with this error code, such as 004")
    serve.add_argument("--mutant", metavar="ID", help="be broken, or unusual, in one way: a variant of `prove`")
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: %(default)s)")
    for name in ("https", "http"):
        serve.add_argument(
            f"--{name}-port",
            type=whole(0, 65_535),
            default=0,
            metavar="PORT",
            help=f"port of {name.upper()} (default: any free one)",
        )


def _add_prove(commands: Any) -> None:
    prove = _add(commands, "prove", "judge every broken and every unusual variant of the reference endpoint")
    _add_format(prove, "table", "json", "markdown", "html")
    _add_list(prove, "--only", "GLOB", "only variants of these names (repeatable)")
    _add_list(prove, "--call", "GLOB", "only variants of these calls (repeatable; default: of all)")
    prove.add_argument(
        "--jobs", type=whole(1, 64), default=2, metavar="N", help="processes side by side (default: %(default)s)"
    )


def _add_compare(commands: Any) -> None:
    compare = _add(commands, "compare", "show what changed between two or more results")
    compare.add_argument(
        "results",
        type=Path,
        nargs="+",
        metavar="RESULT",
        help="a report.json, a folder of a run, or a package; as the first also a history, for the run before",
    )
    _add_format(compare, "table", "json", "markdown", "html")
    compare.add_argument(
        "--overview",
        action="store_true",
        help="targets side by side, as after `run --all-targets`: merges what several runs or shards left;"
        " the exit code is that of the worst target",
    )
    compare.add_argument("--reports", type=Path, metavar="DIR", help="with --overview: write it into this folder too")
    compare.add_argument(
        "--fail-on-regression",
        action="store_true",
        help="exit 1 if a must or should requirement is worse than in the first result, or less is known of it",
    )
    help_text = "with --fail-on-regression: what may be less known than by the first result (repeatable): "
    _add_list(compare, "--allow", "WHAT", help_text + ", ".join(ALLOWABLE), choices=ALLOWABLE)
    compare.add_argument(
        "--fail-on-extension", action="store_true", help="with --fail-on-regression: one of an extension, too"
    )


def _add_challenge(commands: Any) -> None:
    challenge = _add(commands, "challenge", "write a challenge that a partner answers with a run")
    challenge.add_argument("--for", dest="name", required=True, metavar="NAME", help="who is to answer it")
    challenge.add_argument(
        "--endpoint-host",
        action="append",
        required=True,
        metavar="HOST",
        help="the host of the endpoint, perhaps with :PORT (repeatable: of states, of plain HTTP)",
    )
    challenge.add_argument(
        "--valid", default="72h", metavar="TIME", help="minutes, hours or days (default: %(default)s)"
    )
    challenge.add_argument("--policy", type=Path, metavar="FILE", help="rules that the run is held to")
    challenge.add_argument("--key", type=Path, metavar="PEM", help="an Ed25519 key that signs it")
    add_output(challenge, "challenge.json")
    _add_ledger(challenge)


def _add_package(commands: Any) -> None:
    package = _add(commands, "package", "put what a run left into one file that can be verified")
    package.add_argument("reports", type=Path, metavar="REPORTS", help="the folder of a run")
    package.add_argument("--challenge", type=Path, metavar="FILE", help="the challenge that the run was run with")
    package.add_argument("--key", type=Path, metavar="PEM", help="an Ed25519 key that signs it")
    package.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the package to write")


def _add_verify(commands: Any) -> None:
    verify = _add(commands, "verify", "say what can be established of a package, one line a check")
    verify.add_argument("package", type=Path, metavar="FILE", help="a package, as `package` writes it")
    verify.add_argument(
        "--policy", type=Path, metavar="FILE", help="rules that it is held to (default: those of the challenge)"
    )
    help_text = "a public key that may have signed the package or the challenge (repeatable)"
    _add_list(verify, "--trust", "PEM", help_text, type=Path)
    verify.add_argument(
        "--live", metavar="TARGET", help="a target of the configuration file: send it some of the requests again"
    )
    verify.add_argument("--config", type=Path, metavar="FILE", help="the configuration file, with --live")
    verify.add_argument(
        "--sample",
        type=whole(1, 1_000),
        metavar="N",
        help="how many of them, with --live (default: 20)",
    )
    verify.add_argument("--quiet", action="store_true", help="leave out what is in order")
    _add_ledger(verify)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, whatever happens."""
    with obeyed():
        return guarded(lambda: _main(arguments))


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """The options of a command, what the environment says among them. Raises ConfigError."""
    top = parser()
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
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
