"""Loads the contract from the files of `schemas/`, and checks every link between them."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from conformance.contract.links import broken_links
from conformance.contract.model import Contract, Interpretation, Requirement, ServiceCall
from conformance.contract.rows import PAGE, CallRow, ErrorCode

Row = TypeVar("Row", bound=msgspec.Struct)
_CALL_FILES = ("request.xsd", "response.xsd", "samples/request.xml", "samples/response.xml")


class ContractError(ValueError):
    """The contract's files contradict each other, or one is broken: names the file, the row, and what is wrong."""


@cache
def folder(name: str) -> Path:
    """A folder that ships beside the package: `schemas`, `reports` or `docs`; in the wheel they are folded into it."""
    folded = Path(__file__).parents[1] / "_folded" / name
    return folded if folded.is_dir() else Path(__file__).parents[2] / name


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ContractError(f"{_named(file)}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ContractError(f"{_named(file)}: it is not UTF-8") from None


def _named(file: Path) -> str:
    """A file as people look for it: from the folder of the contract on."""
    parts = file.parts
    start = len(parts) - 1 - parts[::-1].index("calls") if "calls" in parts else len(parts) - 1
    return "/".join(parts[start:])


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{_named(file)}: {error}") from None


def _rows(file: Path, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables of a file, each with the words that say where it stands."""
    rows = _toml(file).get(key, [])
    if not isinstance(rows, list):
        raise ContractError(f"{_named(file)}: {key} is no list of tables [[{key}]]")
    for number, row in enumerate(rows, 1):
        named = row.get("id") or row.get("code") if isinstance(row, dict) else None
        yield f"{_named(file)}, row {number}" + (f" ({named})" if named else ""), row


def _made(kind: type[Row], where: str, row: Any) -> Row:
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        raise ContractError(f"{where}: {error}") from None


def _by_id(kind: type[Row], file: Path, table: str) -> dict[str, Row]:
    """The rows of a file by their id. Raises ContractError where two have the same."""
    found: dict[str, Row] = {}
    for where, row in _rows(file, table):
        made = _made(kind, where, row)
        if (name := row["id"]) in found:
            raise ContractError(f"{where}: {name} is there twice")
        found[name] = made
    return found


class _Own(Requirement, frozen=True, forbid_unknown_fields=True):
    """A requirement of a user's own, which need not rest on anything."""

    section: str = ""
    quote: str = ""
    standard: str = ""
    interpretation: tuple[str, ...] = ()


def _tables(file: Path) -> dict[str, dict[str, ErrorCode]]:
    """The tables of errors by edition, that of the page first. Raises ContractError."""
    found: dict[str, dict[str, ErrorCode]] = {PAGE: {}}
    for where, row in _rows(file, "error"):
        made = _made(ErrorCode, where, row)
        table = found.setdefault(made.edition, {})
        if made.code in table:
            raise ContractError(f"{where}: {made.code} is there twice")
        table[made.code] = made
    return found


def _service_call(folder: Path, tables: dict[str, dict[str, ErrorCode]]) -> ServiceCall:
    file = folder / "call.toml"
    row = _made(CallRow, _named(file), _toml(file))
    for name in _CALL_FILES:
        _text(folder / name)
    if row.name != folder.name:
        raise ContractError(f"{_named(file)}: the name is {row.name}, and the folder's is {folder.name}")
    errors = tables[PAGE] | {error.code: error for error in row.error}
    printed = tables.get(row.edition, {})
    return ServiceCall(
        row=row,
        request_schema=folder / "request.xsd",
        response_schema=folder / "response.xsd",
        error_schema=folder.parents[1] / "error.xsd",
        request_sample=folder / "samples" / "request.xml",
        response_sample=folder / "samples" / "response.xml",
        errors=errors,
        reports=errors | {code: printed[code] for code in row.errors if code in printed},
    )


def _of_calls(row: Requirement, calls: dict[str, ServiceCall]) -> Requirement:
    """A requirement, with the calls that have what it speaks of."""
    if not row.having:
        return row
    return msgspec.structs.replace(row, calls=tuple(n for n, c in calls.items() if row.having in c.has))


def requirements_of(file: Path) -> dict[str, Requirement]:
    """The requirements that a file declares, by id; what they rest on may be left out. Raises ContractError."""
    return dict(_by_id(_Own, file, "requirement"))


def load(schemas: Path | None = None) -> Contract:
    """The contract in `schemas` (default: the one that ships with the suite). Raises ContractError."""
    schemas = schemas or folder("schemas")
    page = _text(schemas / "connect-api.md")
    tables = _tables(schemas / "errors.toml")
    folders = sorted(path for path in (schemas / "calls").glob("*") if path.is_dir())
    if not folders:
        raise ContractError("calls: there is no call")
    calls = {path.name: _service_call(path, tables) for path in folders}
    requirements = _by_id(Requirement, schemas / "requirements.toml", "requirement")
    contract = Contract(
        requirements={name: _of_calls(row, calls) for name, row in requirements.items()},
        interpretations=_by_id(Interpretation, schemas / "interpretations.toml", "interpretation"),
        errors=tables[PAGE],
        tables=tables,
        calls=calls,
        page=page,
        sha256=hashlib.sha256(page.encode()).hexdigest(),
    )
    for wrong in broken_links(contract, schemas):
        raise ContractError(wrong)
    return contract


@cache
def documented() -> Contract:
    """The contract that ships with the suite, loaded once."""
    return load()
