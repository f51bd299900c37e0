"""What users give: files, read within bounds, and names; what is wrong with them is refused in one line."""

from __future__ import annotations

import codecs
import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from conformance.contract.spelling import meant

_MOST = 16 << 20  # octets of a file that is read at all
# What msgspec says of a table that is not as it should be, and how it is told.
_SAID = {
    "Object missing required field": "missing key",
    "Object contains unknown field": "unknown key",
    " - at `$.": " at `",
    "Expected": "expected",
    "Invalid enum value": "there is no",
    "`array`": "a list",
    "`object`": "a table",
    "`str`": "a string",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`date`": "a date",
    "`datetime`": "a date and time",
}


class ConfigError(ValueError):
    """Something in the options or the configuration is wrong: one line for the user."""


def suggestion(name: str, allowed: Iterable[str]) -> str:
    """What may have been meant, and what is allowed."""
    names = list(allowed)
    return f"{meant(name, names, '`')}; allowed: {', '.join(names)}"


def read_file(file: Path, most: int = 256 << 20) -> bytes:
    """What a file holds, which may be a device without an end. Raises OSError, also for more octets than `most`."""
    with file.open("rb") as source:
        data = source.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB")
    return data


def read_toml(file: Path, what: str = "") -> dict[str, Any]:
    """A TOML file of the user's, with a byte order mark or without. `what` names it. Raises ConfigError."""
    import tomllib  # noqa: PLC0415  not every command reads a file

    named = f"{what} {file}".strip()
    try:
        return tomllib.loads(read_file(file, _MOST).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(_unreadable(named, error)) from None


def in_words(error: Exception) -> str:
    """What is wrong with a table, by msgspec, in words of TOML."""
    said = str(error)
    for words, told in _SAID.items():
        said = said.replace(words, told)
    return said


def _unreadable(named: str, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot read {named}: {error.strerror}; allowed: a TOML file"
    if isinstance(error, UnicodeDecodeError):
        utf16 = error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in error.object
        return f"{named} is not UTF-8 text{', but UTF-16 as it seems' if utf16 else ''}; allowed: TOML in UTF-8"
    if isinstance(error, RecursionError):
        return f"{named} is not TOML that can be read: it is nested too deeply"
    return f"{named} is not TOML: {str(error) or 'it cannot be read'}"
