"""The configuration file: what its keys are, and one line for whatever is wrong with it."""

from __future__ import annotations

import codecs
import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

Binding = Literal["query-xml", "form-xml", "body-xml", "query-params"]
BINDINGS: tuple[Binding, ...] = get_args(Binding)
CONFIG_NAME = "connect-conformance.toml"

_MOST = 16 << 20  # bytes of a file that is read at all
_KINDS = {
    "str": "a string",
    "array": "a list",
    "object": "a table",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time",
}

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class ConfigError(ValueError):
    """Something in the options or the configuration is wrong: one line for the user."""


class StateConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the state of an error code is reached; any mix of these."""

    endpoint: str = ""
    headers: dict[str, str] = {}
    source_address: str = ""
    proxy: str = ""
    setup: list[str] = []
    teardown: list[str] = []
    timeout: Seconds = 30.0


class TargetConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A target as the configuration file says it."""

    endpoint: str
    http_endpoint: str = ""
    http_token: str = ""
    binding: Binding = "query-xml"
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    timeout: Seconds = 10.0
    headers: dict[str, str] = {}
    clock_tolerance: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 300.0
    answer_budget: Seconds = 2.0
    accept: list[str] = []
    proxy: str = ""
    source_address: str = ""
    secrets: list[str] = []
    allow_hostile_requests: bool = False
    max_body: Annotated[int, msgspec.Meta(ge=1_024, le=1 << 30)] = 2 << 20
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=32)] = 8
    error_element: str = "Error"
    description_element: str = "Description"
    states: dict[str, StateConfig] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    targets: dict[str, TargetConfig]


def find_config(start: Path) -> Path | None:
    """`connect-conformance.toml` in `start` or the nearest folder above it."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return None


def read_config(file: Path, only: str | None = None) -> dict[str, TargetConfig]:
    """The targets of a configuration file, or one of them, whatever the others are like. Raises ConfigError."""
    raw = _toml(file)
    if only is not None:
        raw["targets"] = {only: raw["targets"][only]} if only in target_names(file) else {}
    try:
        return msgspec.convert(raw, _File).targets
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {_explained(str(error), raw)}") from None


def made(settings: dict[str, object], name: str) -> TargetConfig:
    """A target's settings, given as a table of the file would have them. Raises ConfigError."""
    raw = {"targets": {name: settings}}
    try:
        return msgspec.convert(raw, _File).targets[name]
    except msgspec.ValidationError as error:
        raise ConfigError(f"target {name}: {_explained(str(error), raw)}") from None


def target_names(file: Path) -> list[str]:
    """The names of the targets, none of which is looked into. Raises ConfigError."""
    targets = _toml(file).get("targets")
    return list(targets) if isinstance(targets, dict) else []


def _toml(file: Path) -> dict[str, Any]:
    return read_toml(file, "")


def read_toml(file: Path, what: str) -> dict[str, Any]:
    """A TOML file of the user's, with a byte order mark or without. `what` names it. Raises ConfigError."""
    named = f"{what} {file}".strip()
    try:
        with file.open("rb") as source:
            data = source.read(_MOST + 1)
        if len(data) > _MOST:
            raise ConfigError(f"{named} is larger than {_MOST >> 20} MiB; allowed: a TOML file")
        return tomllib.loads(data.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(_unreadable(named, error)) from None


def _unreadable(named: str, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot read {named}: {error.strerror}; allowed: a TOML file"
    if isinstance(error, UnicodeDecodeError):
        utf16 = error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in error.object
        return (
            f"{named} is not UTF-8 text{', but UTF-16 as it seems' if utf16 else ''}; allowed: TOML in UTF-8"
        )
    if isinstance(error, RecursionError):
        return f"{named} is not TOML that can be read: it is nested too deeply"
    return f"{named} is not TOML: {str(error) or 'it cannot be read'}"


def _explained(message: str, raw: dict[str, Any]) -> str:
    """msgspec's sentence in words of TOML, with what is allowed there."""
    what, _, place = message.partition(" - at `$")
    where = place.strip("`.")
    said = f" at {_named(where, raw)}" if where else ""
    if "unknown field" in message:
        kind = StateConfig if ".states" in where else TargetConfig if where.startswith("targets") else _File
        name = message.split("`")[1]
        return f"unknown key `{name}`{said}{_hint(name, kind.__struct_fields__)}"
    if "required field" in message and not raw.get("targets"):
        return "there is no [targets.NAME] table; allowed: such a table for each target"
    if "required field" in message:
        return (
            f"{what.replace('Object missing required field', 'missing key')}{said}; allowed: a value for it"
        )
    if "Invalid enum value" in message and "binding" in message:
        return f"{what}{said}; allowed: {', '.join(BINDINGS)}"
    return _retold(what, said)


def _retold(what: str, said: str) -> str:
    if found := re.fullmatch(r"Expected `(\w+)`, got `(\w+)`", what):
        return f"{_KINDS.get(found[2], found[2])} stands{said}; allowed: {_KINDS.get(found[1], found[1])}"
    if found := re.fullmatch(r"Expected `(\w+)` ([<>]=?) (\S+)", what):
        return f"a number out of range stands{said}; allowed: {_KINDS[found[1]]} {found[2]} {found[3]}"
    return f"{what}{said}"


def _named(where: str, raw: dict[str, Any]) -> str:
    """The place as the file writes it. msgspec leaves out the keys of tables that anybody may name."""
    parts: list[str] = []
    here: Any = raw
    for part in where.replace("[...]", ".*").split("."):
        only = isinstance(here, dict) and len(here) == 1
        parts.append(next(iter(here)) if part == "*" and only else "NAME" if part == "*" else part)
        here = here.get(parts[-1]) if isinstance(here, dict) else None
    return f"`{'.'.join(parts)}`"


def _hint(name: str, allowed: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(allowed), 1)
    return "".join(f" (did you mean `{one}`?)" for one in close) + f"; allowed: {', '.join(allowed)}"
