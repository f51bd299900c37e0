"""`completion`: what lets bash, zsh and fish complete commands, options and names, made from the command line itself.

Names that the contract and the suite have stand in the script; the targets of a configuration are asked for each time.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import shtab

from conformance.commands.cli import parser
from conformance.commands.explain import names
from conformance.contract.load import documented
from conformance.reporting.output import say
from conformance.selftest.trials import trials
from conformance.target.configuration import find_config, target_names
from conformance.verdicts.verdict import ExitCode

_TARGETS = "connect-conformance completion targets 2>/dev/null"


def run(options: argparse.Namespace) -> int:
    """Print the script of a shell, or the names of the targets. Raises ConfigError for a wrong configuration."""
    if options.what == "targets":
        file = find_config(Path.cwd())
        say("".join(f"{name}\n" for name in (target_names(file) if file else ())))
    else:
        say(script(options.what))
    return ExitCode.CONFORMING


def script(shell: str) -> str:
    """What the shell is to read."""
    top = parser()
    known = _known()
    for action in _actions(top):
        if action.choices is not None or action.nargs == 0:
            continue
        if action.dest == "target":
            action.complete = shtab.cmd(_TARGETS)  # type: ignore[attr-defined]
        elif action.dest in known:
            action.choices = known[action.dest]
        elif action.metavar == "DIR":
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.type is Path or action.metavar in {"FILE", "PEM"}:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return str(shtab.complete(top, shell)) + "\n"


def _known() -> dict[str, list[str]]:
    """The names that an option takes, by its key."""
    contract, variants = documented(), [trial.id for trial in trials()]
    requirements = list(contract.requirements)
    return {
        "select": requirements,
        "deselect": requirements,
        "accept": [one.id for one in contract.interpretations.values() if one.acceptable],
        "calls": list(contract.calls),
        "state": sorted({code for table in contract.tables.values() for code in table}),
        "mutant": variants,
        "only": variants,
        "name": names(),
    }


def _actions(top: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """What each command takes, and each verb of one."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from command._actions
                yield from _actions(command)
