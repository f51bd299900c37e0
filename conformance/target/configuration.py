"""The configuration file: what its keys are, and one line for whatever is wrong with it."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec

Binding = Literal["query-xml", "form-xml", "body-xml", "query-params"]
BINDINGS: tuple[Binding, ...] = get_args(Binding)
CONFIG_NAME = "connect-conformance.toml"

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
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}") from None


def _explained(message: str, raw: dict[str, Any]) -> str:
    """msgspec's sentence, with what is allowed there."""
    allowed: Iterable[str] = ()
    if "unknown field" in message:
        where = message.rsplit("$", 1)[-1].strip("`. ")
        kind = StateConfig if ".states" in where else TargetConfig if where.startswith("targets") else _File
        allowed = kind.__struct_fields__
        name = message.split("`")[1]
        close = difflib.get_close_matches(name, allowed, 1)
        hint = f" (did you mean `{close[0]}`?)" if close else ""
        return f"{message.replace('Object contains unknown field', 'unknown key')}{hint}; allowed: {', '.join(allowed)}"
    if "required field" in message and not raw.get("targets"):
        return "there is no [targets.NAME] table"
    if "Invalid enum value" in message and "binding" in message:
        allowed = BINDINGS
    return message.replace("Object missing required field", "missing key") + (
        f"; allowed: {', '.join(allowed)}" if allowed else ""
    )
