"""Report files on disk: each one whole, or absent."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from conformance.contract.given import ConfigError
from conformance.reporting import escape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# What is wrong with a disk; whatever else keeps a file from being written is wrong with the place that was named.
_DISK = {getattr(errno, name, errno.EIO) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO")}


class ReportsError(Exception):
    """A file, or some of them, could not be written; says in one line which, where and why. Exit code 3."""


def refused(what: str, error: OSError, allowed: str) -> ConfigError | ReportsError:
    """Why a place cannot be written: named wrongly (exit code 4), or a full or broken disk (3), in every command."""
    line = f"{what}: {error.strerror or error}"
    return ReportsError(line) if error.errno in _DISK else ConfigError(f"{line}; allowed: {allowed}")


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files into the folder, making it where it is missing.

    Each file is written aside and then renamed, so that nobody reads half of one. When one cannot be written,
    the others still are; an older file of its name is removed, so that it is not taken for this run's.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportsError(_line("the folder", folder, error)) from None
    failed: dict[str, OSError] = {}
    for name, data in files.items():
        try:
            replace(folder / name, data)
        except OSError as error:
            failed[name] = error
            with suppress(OSError):
                (folder / name).unlink()
    if failed:
        raise ReportsError(_line(", ".join(failed), folder, next(iter(failed.values()))))


def check_new(file: Path) -> None:
    """Raises ConfigError where what `-o` names is there already."""
    if os.path.lexists(file):
        raise ConfigError(f"-o: {file} exists and is left as it is; allowed: another name")


def write_new(file: Path, data: bytes) -> None:
    """Write what `-o` names, where nothing is yet. Raises ConfigError and ReportsError."""
    check_new(file)
    try:
        replace(file.resolve(), data)
    except OSError as error:
        raise refused(f"-o: cannot write {file}", error, "a file in a folder that exists") from None


def replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with aside.open("xb") as file:
            file.write(data)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _line(what: str, folder: Path, error: OSError) -> str:
    return escape.terminal(f"could not write {what} in {folder}: {error.strerror or error}")
