"""The variables CONNECT_CONFORMANCE_NAME: one for every option of `run`, named as it. An unknown one is a mistake."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

PREFIX = "CONNECT_CONFORMANCE_"
# The options of `run`; a test compares them with its parser.
OPTIONS = (
    *("endpoint", "http-endpoint", "target", "config", "binding", "ca-file", "timeout", "accept"),
    *("client-cert", "client-key", "proxy"),
    *("all-targets", "jobs", "shard", "concurrency", "max-requests", "rate", "deadline", "seed"),
    *("level", "select", "deselect", "waivers", "reports", "quiet", "no-color", "list"),
)
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def variable(option: str) -> str:
    """The variable of an option such as `ca-file` or `ca_file`."""
    return PREFIX + option.replace("-", "_").upper()


def check_names(environment: Mapping[str, str], options: Iterable[str] = OPTIONS) -> None:
    """Refuse variables that no option has, in the order of their names. Raises ConfigError."""
    known = sorted(map(variable, options))
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name.upper(), known, 1)
            hint = "".join(f" (did you mean {one}?)" for one in close)
            short = ", ".join(one.removeprefix(PREFIX) for one in known)
            from conformance.target.configuration import ConfigError  # noqa: PLC0415  --help and --version stay light

            raise ConfigError(f"the variable {name} is unknown{hint}; allowed: {PREFIX} with one of {short}")


def words(text: str) -> list[str]:
    """The values of a variable whose option can be given several times."""
    return text.replace(",", " ").split()


def truth(text: str) -> bool | None:
    """What the variable of an option without a value says; None where it says neither."""
    said = text.strip().lower()
    return True if said in _TRUE else False if said in _FALSE else None
