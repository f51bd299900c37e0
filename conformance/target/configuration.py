"""The configuration file: read and held against the table of settings; one line for whatever is wrong with it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.contract.given import ConfigError, read_toml, suggestion
from conformance.target.settings import Place, Setting, placed

CONFIG_NAME = "connect-conformance.toml"
Settings = Mapping[str, Any]  # by key, as a table of the file has them

_TABLES = ("targets", "extensions")
_CALLED = {
    bool: "true or false",
    str: "a string",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
    datetime.datetime: "a date and time",
    datetime.date: "a date",
    datetime.time: "a time",
}
_TAKES: dict[str, tuple[type, ...]] = {
    "file": (str, Path),
    "number": (int, float),
    "whole": (int,),
    "flag": (bool,),
    "list": (list, tuple),
    "table": (dict,),
    "states": (dict,),
}


def find_config(start: Path) -> Path | None:
    """`connect-conformance.toml` in `start` or the nearest folder above it."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return None


def read_config(file: Path, only: str | None = None) -> dict[str, Settings]:
    """What a configuration file says of its targets, or of one, whatever the others are like. Raises ConfigError."""
    raw = read_toml(file)
    try:
        for key in raw:
            if key not in _TABLES:
                raise ConfigError(f"unknown key `{key}`{suggestion(key, _TABLES)}")
        if "targets" not in raw:
            raise ConfigError("there is no [targets.NAME] table; allowed: such a table for each target")
        if "extensions" in raw:
            complete(raw["extensions"], "extensions", "extensions")
        targets = _table(raw["targets"], "targets")
        chosen = targets if only is None else {only: targets[only]} if only in targets else {}
        for name, table in chosen.items():
            _refuse_empty(complete(table, "target", f"targets.{name}"), table, "target", f"targets.{name}")
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None
    return chosen


def own_checks(file: Path) -> tuple[Path, Path] | None:
    """The file of requirements and the folder of checks that [extensions] names, if it is there. Raises ConfigError."""
    raw = read_toml(file)
    if "extensions" not in raw:
        return None
    said = complete(raw["extensions"], "extensions", "extensions")
    return file.parent / said["requirements"], file.parent / said["checks"]


def target_names(file: Path) -> list[str]:
    """The names of the targets, none of which is looked into. Raises ConfigError."""
    targets = read_toml(file).get("targets")
    return list(targets) if isinstance(targets, dict) else []


def complete(table: object, place: Place, where: str) -> dict[str, Any]:
    """The values of a table, with the usual ones for what it does not say. Raises ConfigError."""
    rows, said = placed(place), _table(table, where)
    for key in said:
        if key not in rows:
            raise ConfigError(f"unknown key `{key}` at `{where}`{suggestion(f'{key}', rows)}")
    for key, row in rows.items():
        if row.required and key not in said:
            raise ConfigError(f"missing key `{key}` at `{where}`; allowed: a value for it")
    return {key: _value(row, said[key], f"{where}.{key}") if key in said else row.fallback for key, row in rows.items()}


def _refuse_empty(said: dict[str, Any], written: Mapping[str, Any], place: Place, where: str) -> None:
    """Refuse what a file says and leaves empty, such as a variable that nobody put in. Raises ConfigError."""
    for key, row in placed(place).items():
        if key in written and ((row.filled and not said[key]) or (_is_text(row) and not said[key].strip())):
            what = "an empty list" if row.filled else "an empty string"
            raise ConfigError(f"{what} stands at `{where}.{key}`; allowed: a value, or to leave the key out")
        if key in written and row.kind == "states":
            for code, state in said[key].items():
                _refuse_empty(state, written[key][code], "state", f"{where}.{key}.{code}")


def _is_text(row: Setting) -> bool:
    return row.kind in {"text", "file"}


def _value(row: Setting, value: Any, where: str) -> Any:
    """A value that its row allows."""
    if not _is_of_its_kind(row, value):
        raise _stands(value, where, row.type)
    if row.kind in {"number", "whole"} and not row.low <= value <= row.high:
        raise ConfigError(f"a number out of range stands at `{where}`; allowed: {row.allowed}")
    if row.choices and value not in row.choices:
        raise ConfigError(f"another value stands at `{where}`; allowed: {row.allowed}")
    if row.kind == "states":
        return {code: complete(state, "state", f"{where}.{code}") for code, state in value.items()}
    if row.kind == "table":
        return {_text(name, where): _text(one, f"{where}.{name}") for name, one in value.items()}
    if row.kind == "list":
        return [_text(one, f"{where}[{number}]") for number, one in enumerate(value)]
    if row.kind == "file":
        return str(value)
    return float(value) if row.kind == "number" else value


def _is_of_its_kind(row: Setting, value: Any) -> bool:
    fits = isinstance(value, _TAKES.get(row.kind, (str,)))
    return fits and (row.kind == "flag" or not isinstance(value, bool))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _stands(value, where, "a string")
    return value


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _stands(value, where, "a table")
    return dict(value)


def _stands(value: object, where: str, allowed: str) -> ConfigError:
    return ConfigError(f"{_CALLED.get(type(value), 'another value')} stands at `{where}`; allowed: {allowed}")
