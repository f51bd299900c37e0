"""The options of `connect-conformance run` that say what is judged, as pytest takes them beside everybody else's."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import pytest

from conformance.target.options import attributes
from conformance.target.settings import Setting, taken_by


def _names(row: Setting) -> tuple[str, str]:
    """An option's name that nobody else has, and its usual one."""
    return f"--connect-{row.flag[2:]}", row.flag


def without_ours(args: list[str]) -> list[str]:
    """The command line without our options, whose values pytest would take for places of tests."""
    ours = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for row in taken_by("pytest"):
        given = attributes(row)
        ours.add_argument(*_names(row), **{key: given[key] for key in ("action", "nargs") if key in given})
    try:
        return ours.parse_known_args(args)[1]
    except argparse.ArgumentError:  # a value is missing, as pytest will say
        return args


def add_options(parser: pytest.Parser) -> None:
    """The options of `connect-conformance run` that say what is judged; one whose name is taken has its long one."""
    group = parser.getgroup("connect-conformance", "judge an endpoint of the Connect API")
    for row in () if group.options else taken_by("pytest"):
        given = {key: value for key, value in attributes(row).items() if key != "choices"}
        given["dest"] = dest(row.key)
        if "action" not in given or given["action"] == "append":
            given["type"] = partial(_value, row)
        own, usual = _names(row)
        try:
            group.addoption(own, usual, **given)
        except (ValueError, argparse.ArgumentError):  # pytest-timeout has --timeout
            group.addoption(own, **given)


def dest(key: str) -> str:
    """The name under which pytest keeps what an option says."""
    return f"connect_{key}"


def options_of(line: argparse.Namespace) -> argparse.Namespace:
    """What pytest's command line says of ours, under the names that a run has for it."""
    return argparse.Namespace(**{row.key: getattr(line, dest(row.key)) for row in taken_by("pytest")})


def _value(row: Setting, text: str) -> Any:
    """What an option says. Refused in one line, where argparse would print its usage too."""
    try:
        return row.value(text)
    except argparse.ArgumentTypeError as error:
        raise pytest.UsageError(f"{row.flag}: {error}") from None


def asks_for_an_endpoint(config: pytest.Config) -> bool:
    """Whether the command line names something to judge."""
    return bool(config.getoption(dest("endpoint")) or config.getoption(dest("target")))
