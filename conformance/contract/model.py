"""The documented contract as records: requirements, interpretations, error codes, service calls."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["must", "should", "advisory"]
LEVELS: tuple[Level, ...] = ("must", "should", "advisory")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement: what must hold, how strongly, what it rests on, and how a failure is mended."""

    id: str
    level: Level
    statement: str
    section: str
    quote: str
    standard: str
    interpretation: tuple[str, ...]
    mend: str = ""

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
    """One service call of the API: a folder of `schemas/calls/`."""

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
