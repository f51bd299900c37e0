"""Options that the environment sets: those of `run`, for every command that has them too and judges or configures."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping

from conformance.target.environment import check_names, truth, variable, words

# Those that say what is judged: the command line's choice silences the environment's, as they exclude each other.
_SUBJECT = ("endpoint", "target", "all-targets")
_READERS = ("run", "doctor", "replay", "init")
Options = Mapping[str, argparse.Action]


def commands_of(parser: argparse.ArgumentParser) -> dict[str, Options]:
    """The options of every command, by their names without the dashes."""
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return {name: _options(command) for name, command in commands.choices.items()}


def _options(command: argparse.ArgumentParser) -> Options:
    named = ((action.option_strings[-1][2:], action) for action in command._actions if action.option_strings)
    return {name: action for name, action in named if name != "help"}


def from_environment(commands: Mapping[str, Options], command: str, given: list[str]) -> list[str]:
    """The words that variables stand for, without the options that the command line gives. Raises ConfigError."""
    if command not in _READERS:
        return []
    check_names(os.environ)
    silent = {word.split("=")[0].removeprefix("--") for word in given if word.startswith("--")}
    if silent & set(_SUBJECT):
        silent.update(_SUBJECT, ["shard"] if "endpoint" in silent else [])
    found: list[str] = []
    for name, action in commands[command].items():
        value = os.environ.get(variable(name), "")
        if value and name in commands["run"] and name not in silent:
            found += _words(name, action, value)
    return found


def _words(name: str, action: argparse.Action, value: str) -> Iterator[str]:
    from conformance.target.configuration import ConfigError  # noqa: PLC0415  --help and --version stay light

    if action.nargs == 0:
        said = truth(value)
        if said is None:
            raise ConfigError(
                f"{variable(name)} is neither true nor false; allowed: 1, yes, true, 0, no, false"
            )
        yield from [f"--{name}"] * said
        return
    for one in words(value) if isinstance(action.default, list) else [value]:
        try:
            if callable(action.type):
                action.type(one)
        except argparse.ArgumentTypeError as error:
            raise ConfigError(f"{variable(name)}: {error}") from None
        if action.choices and one not in action.choices:
            raise ConfigError(
                f"{variable(name)}: {one!r} is none of those; allowed: {', '.join(action.choices)}"
            )
        yield f"--{name}={one}"
