"""The documented contract, loaded from `schemas/`: requirements, interpretations, error codes, service calls."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

Level = Literal["must", "should", "advisory"]
LEVELS: tuple[Level, ...] = ("must", "should", "advisory")


@cache
def folder(name: str) -> Path:
    """A folder that ships beside the package: `schemas` or `reports`; in the wheel they are folded into it."""
    folded = Path(__file__).parents[1] / "_folded" / name
    return folded if folded.is_dir() else Path(__file__).parents[2] / name


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement: what must hold, how strongly, and what it rests on."""

    id: str
    level: Level
    statement: str
    section: str
    quote: str
    standard: str
    interpretation: tuple[str, ...]

    @property
    def source(self) -> str:
        """Where it comes from, in a few words: the section of the page, the standard, the interpretations."""
        return "; ".join(filter(None, (self.section, self.standard, ", ".join(self.interpretation))))

    @property
    def family(self) -> str:
        return self.id.split("-", 1)[0]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """How an ambiguity of the page is decided, and which alternative a target may accept by name."""

    id: str
    page: str
    decision: str
    acceptable: bool
    alternative: str
    roots: tuple[str, ...] = ()
    messages: tuple[tuple[str, str], ...] = ()
    type_spellings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A row of the page's table `Possible errors`."""

    code: str
    message: str
    description: str
    provoked: Literal["plain-http", "provisioned"]


@dataclass(frozen=True, slots=True)
class DocumentedPair:
    """An id and its type, as the page's example prints them."""

    id: str
    type: str
    requirement: str


@dataclass(frozen=True, slots=True)
class Item:
    """Where a list answer keeps its items: element names of container, item, key and value."""

    container: str
    item: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """One service call of the API: a row of `service-calls.toml`."""

    name: str
    method: str
    request_root: str
    action_element: str
    request_schema: Path
    response_schema: Path
    error_schema: Path
    request_sample: Path
    response_sample: Path
    item: Item
    pairs: tuple[DocumentedPair, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything the page states, as data."""

    requirements: dict[str, Requirement]
    interpretations: dict[str, Interpretation]
    errors: dict[str, ErrorCode]
    calls: dict[str, ServiceCall]
    page: str
    sha256: str

    @property
    def name(self) -> str:
        """The contract's name in reports: the normative page, pinned by its SHA-256."""
        return f"connect-api@{self.sha256}"

    @property
    def call(self) -> ServiceCall:
        """The service call that the page documents: the first row of the table."""
        return next(iter(self.calls.values()))


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


def _service_call(row: dict[str, Any], schemas: Path) -> ServiceCall:
    files = {key: schemas / row[key] for key in row if key.endswith(("_schema", "_sample"))}
    return ServiceCall(
        name=row["name"],
        method=row["method"],
        request_root=row["request_root"],
        action_element=row["action_element"],
        item=Item(**row["item"]),
        pairs=tuple(DocumentedPair(**pair) for pair in row.get("documented_pair", ())),
        **files,
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
    calls = [_service_call(row, schemas) for row in _rows(schemas / "service-calls.toml", "service_call")]
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
