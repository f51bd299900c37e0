"""Options and variables, made from the table of settings, for argparse and for pytest.

Options beat variables, which beat the file. Here "not given" is None, until `settle` has filled it in.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from conformance.contract.given import ConfigError
from conformance.contract.spelling import meant
from conformance.target.settings import PREFIX, Setting, taken_by, variables

# The titles that options stand under, in this order, and what is said there.
GROUPS = {
    "to begin with": "Every option can also be an environment variable: {variable} is {flag}.",
    "target": None,
    "several targets": "Each is judged in a process of its own and writes into a folder of its name; an overview"
    " shows all.",
    "limits": None,
    "judging": None,
    "output": None,
}
# Those that say what is judged exclude each other: one that is given silences the variables of the others.
_WHOM = {"endpoint", "target", "all_targets"}
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def add_options(parser: argparse.ArgumentParser, command: str) -> None:
    """Add the options that a command takes."""
    rows = taken_by(command)
    for title, said in GROUPS.items():
        of_it = [row for row in rows if row.group == title]
        if not of_it:
            continue
        about = said and said.format(variable=of_it[0].variable, flag=of_it[0].flag)
        group = parser.add_argument_group(title, None if command == "init" else about)
        for row in of_it:
            group.add_argument(row.flag, **attributes(row, command))


def attributes(row: Setting, command: str = "") -> dict[str, Any]:
    """What argparse is to know of an option; pytest asks for the same."""
    several = row.repeatable and (row.key != "target" or command == "run")
    usual = "repeatable" if several else row.usual not in {"", "none"} and f"default: {row.usual}"
    said = "; ".join(filter(None, (row.help, row.tip)))
    made: dict[str, Any] = {"dest": row.key, "default": None, "help": f"{said} ({usual})" if usual else said}
    if row.kind == "flag":
        return made | {"action": "store_true"}
    if row.repeatable:
        made["action"] = "append"
    if row.alone is not None:
        made |= {"nargs": "?", "const": row.alone}
    return made | ({"choices": row.choices} if row.choices else {"type": row.value, "metavar": row.metavar})


def settle(options: argparse.Namespace, command: str, environment: Mapping[str, str]) -> None:
    """Fill in what the options do not say: from the environment, else the usual. Raises ConfigError.

    What the file may say stays None; lists and tables are empty.
    """
    rows = taken_by(command)
    if rows:
        _check_names(environment)
    given = {row.key for row in rows if getattr(options, row.key) is not None}
    silent = given | (_WHOM if given & _WHOM else set()) | ({"shard"} if "endpoint" in given else set())
    for row in rows:
        text = environment.get(row.variable, "")
        if row.key not in silent and text:
            setattr(options, row.key, _said(row, text))
        elif row.key not in given and (row.place != "target" or row.repeatable):
            setattr(options, row.key, None if row.fallback == "" else row.fallback)
        if row.kind == "table":
            setattr(options, row.key, dict(getattr(options, row.key)))


def _said(row: Setting, text: str) -> Any:
    """What a variable says."""
    if row.kind == "flag":
        said = text.strip().lower()
        if said not in _TRUE + _FALSE:
            allowed = "1, yes, true, 0, no, false"
            raise ConfigError(f"{row.variable} is neither true nor false; allowed: {allowed}")
        return said in _TRUE
    try:
        words = text.replace(",", " ").split() or [text]
        return [row.value(one) for one in words] if row.repeatable else row.value(text)
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f"{row.variable}: {error}") from None


def _check_names(environment: Mapping[str, str]) -> None:
    """Refuse variables that no option has, in the order of their names."""
    known = variables()
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name not in known:
            hint = meant(name, known)
            short = ", ".join(one.removeprefix(PREFIX) for one in known)
            raise ConfigError(f"the variable {name} is unknown{hint}; allowed: {PREFIX} with one of {short}")
