"""report.json read back, strictly: from this run, another night, another machine. Refused in one line."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from conformance.contract.given import ConfigError, read_file
from conformance.contract.quoting import cut
from conformance.verdicts.verdict import Report

FORMAT = 1
_Read = TypeVar("_Read")


class _Head(msgspec.Struct, frozen=True):
    format: int


def read_report(place: Path) -> Report:
    """The report in a file, or in a folder that holds a report.json. Raises ConfigError."""
    file = place / "report.json" if place.is_dir() else place
    return _checked(file, read_as(file, Report, "report"))


def report_of(file: Path, data: bytes) -> Report:
    """The report in bytes that were read from a file; of what it says twice nobody knows which counts.

    Raises ConfigError.
    """
    with suppress(json.JSONDecodeError, UnicodeDecodeError, RecursionError):  # what is no JSON is refused below
        json.loads(data, object_pairs_hook=partial(_once, file))
    return _checked(file, _decoded(file, data, Report, "report"))


def _once(file: Path, pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise _unusable(file, "report", "it says something twice")
    return dict(pairs)


def _checked(file: Path, report: Report) -> Report:
    """The report, if it names each requirement once. Raises ConfigError."""
    ids = [requirement.address for requirement in report.requirements]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise _unusable(file, "report", f"it holds the requirement {twice} twice")
    return report


def read_as(file: Path, kind: type[_Read], what: str) -> _Read:
    """A JSON file of format 1 as this kind of record. Raises ConfigError."""
    return _decoded(file, read_bytes(file, what), kind, what)


def read_bytes(file: Path, what: str = "report") -> bytes:
    """What a file holds, within bounds. Raises ConfigError."""
    try:
        return read_file(file)
    except OSError as error:
        raise _unusable(file, what, error.strerror or "it cannot be read") from None


def _decoded(file: Path, data: bytes, kind: type[_Read], what: str) -> _Read:
    try:
        number = msgspec.json.decode(data, type=_Head).format
        if number != FORMAT:
            raise _unusable(file, what, f"it has format {number}, and this version reads format {FORMAT}")
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(file, what, str(error)) from None


def _unusable(file: Path, what: str, why: str) -> ConfigError:
    allowed = f"a {what}.json that a run wrote, or the folder that holds it"
    return ConfigError(f"{file} is no usable {what}: {cut(why, 600)}; allowed: {allowed}")
