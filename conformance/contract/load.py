"""Loads the contract from the files of `schemas/`."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from conformance.contract.model import (
    Contract,
    DocumentedPair,
    ErrorCode,
    Interpretation,
    Item,
    Requirement,
    ServiceCall,
)


@cache
def folder(name: str) -> Path:
    """A folder that ships beside the package: `schemas` or `reports`; in the wheel they are folded into it."""
    folded = Path(__file__).parents[1] / "_folded" / name
    return folded if folded.is_dir() else Path(__file__).parents[2] / name


def _rows(path: Path, key: str) -> list[dict[str, Any]]:
    rows = tomllib.loads(path.read_text(encoding="utf-8"))[key]
    assert isinstance(rows, list)
    return rows


def _interpretation(row: dict[str, Any]) -> Interpretation:
    accepts = row.get("accepts", {})
    return Interpretation(
        id=row["id"],
        page=row["page"],
        decision=row["decision"],
        acceptable=row["acceptable"],
        alternative=row["alternative"],
        roots=tuple(accepts.get("root", ())),
        messages=tuple((code, text) for code, texts in accepts.get("messages", {}).items() for text in texts),
        type_spellings=tuple(accepts.get("type_spellings", {}).items()),
    )


def _service_call(folder: Path) -> ServiceCall:
    row = tomllib.loads((folder / "call.toml").read_text(encoding="utf-8"))
    return ServiceCall(
        name=row["name"],
        method=row["method"],
        request_root=row["request_root"],
        action_element=row["action_element"],
        request_schema=folder / "request.xsd",
        response_schema=folder / "response.xsd",
        error_schema=folder.parents[1] / "error.xsd",
        request_sample=folder / "samples" / "request.xml",
        response_sample=folder / "samples" / "response.xml",
        item=Item(**row["item"]),
        pairs=tuple(DocumentedPair(**pair) for pair in row.get("documented_pair", ())),
    )


def load(schemas: Path | None = None) -> Contract:
    """The contract in `schemas` (default: the one that ships with the suite)."""
    schemas = schemas or folder("schemas")
    page = (schemas / "connect-api.md").read_text(encoding="utf-8")
    requirements = [
        Requirement(**{**row, "interpretation": tuple(row["interpretation"])})
        for row in _rows(schemas / "requirements.toml", "requirement")
    ]
    interpretations = map(_interpretation, _rows(schemas / "interpretations.toml", "interpretation"))
    errors = [ErrorCode(**row) for row in _rows(schemas / "errors.toml", "error")]
    calls = [_service_call(file.parent) for file in sorted((schemas / "calls").glob("*/call.toml"))]
    return Contract(
        requirements={row.id: row for row in requirements},
        interpretations={row.id: row for row in interpretations},
        errors={row.code: row for row in errors},
        calls={row.name: row for row in calls},
        page=page,
        sha256=hashlib.sha256(page.encode()).hexdigest(),
    )


@cache
def documented() -> Contract:
    """The contract that ships with the suite, loaded once."""
    return load()
