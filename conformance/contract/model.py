"""The documented contract as records: requirements, interpretations, error codes, service calls."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from conformance.contract.levels import Level
from conformance.contract.rows import PAGE, CallRow, ErrorCode, Items, Parameter, Rule

FAILED_LOGINS = frozenset({"404", "405", "440"})  # the codes of the guide
ERROR_PARTS = ("code", "message", "data", "envelope", "stable")  # what is required of the answer in a state

Having = Literal["", "parameters", "required", "values", "forms", "groups", "defaults", "origins", "spellings", "guide"]


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One requirement: what must hold, how strongly, what it rests on, and how a failure is mended.

    scope: whether it is judged once (`endpoint`), or for each call (`call`). calls: the only ones that it speaks of;
    having: what those have that it speaks of, from which the calls follow when the contract is loaded.
    """

    id: str
    level: Level
    statement: str
    section: str
    quote: str
    standard: str
    interpretation: tuple[str, ...]
    mend: str = ""
    scope: Literal["endpoint", "call"] = "call"
    calls: tuple[str, ...] = ()
    having: Having = ""

    @property
    def source(self) -> str:
        """Where it comes from, in a few words: the section of the page, the standard, the interpretations."""
        return "; ".join(filter(None, (self.section, self.standard, ", ".join(self.interpretation))))

    @property
    def family(self) -> str:
        return self.id.split("-", 1)[0]

    def of(self, calls: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the calls that it is judged for; ("",) where it is judged once for all of them."""
        if self.scope == "endpoint":
            return ("",)
        everywhere = not self.calls and not self.having
        return tuple(call for call in calls if everywhere or call in self.calls)


class Accepts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What accepting an interpretation allows.

    root: further names of the root. messages, codes: by code, others in their place. type_spellings: of words in types.
    relaxes: requirements whose breach in an envelope no longer counts. error_without, error_with: elements that an
    error envelope may lack, and have. calls: the only ones for which it can be accepted; empty: all.
    """

    root: tuple[str, ...] = ()
    messages: dict[str, tuple[str, ...]] = {}
    type_spellings: dict[str, str] = {}
    codes: dict[str, tuple[str, ...]] = {}
    relaxes: tuple[str, ...] = ()
    error_without: tuple[str, ...] = ()
    error_with: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()


class Interpretation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an ambiguity of a document is decided, and which alternative a target may accept by name."""

    id: str
    page: str
    decision: str
    acceptable: bool
    alternative: str
    accepts: Accepts = Accepts()


@dataclass(frozen=True, slots=True, eq=False)
class ServiceCall:
    """One service call of the API: a folder of `schemas/calls/`.

    errors: the codes whose states are judged, the page's. reports: every code that it may report, with those of its
    edition's table.
    """

    row: CallRow
    request_schema: Path
    response_schema: Path
    error_schema: Path
    request_sample: Path
    response_sample: Path
    errors: dict[str, ErrorCode]
    reports: dict[str, ErrorCode]

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def request_root(self) -> str:
        return self.row.request_root

    @property
    def action_element(self) -> str:
        return self.row.action_element

    @property
    def subject(self) -> str:
        return self.row.subject

    @property
    def what(self) -> str:
        """What its answer holds several of, in sentences."""
        return "values" if self.items is None else "pairs" if len(self.fields) == 2 else "items"

    @property
    def items(self) -> Items | None:
        return self.row.items

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields of a list's items."""
        return self.row.items.fields if self.row.items else ()

    @property
    def changes(self) -> bool:
        """Whether it changes something: then it is sent only where a target allows it by name, once."""
        return self.row.effect == "changes"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return self.row.parameter

    @property
    def has(self) -> frozenset[str]:
        """What requirements may speak of by `having`."""
        those = self.parameters
        found = {
            "parameters": bool(those),
            "required": any(p.required for p in those),
            "values": any(p.values for p in those),
            "forms": any(p.form != "text" or p.min_length or p.max_length for p in those),
            "groups": any(p.group for p in those),
            "defaults": any(p.default for p in those),
            "origins": any(p.origin for p in those),
            "spellings": bool(self.row.also_spelled),
            "guide": self.row.edition != PAGE,
        }
        return frozenset(name for name, there in found.items() if there)

    def tried(self, parameter: Parameter) -> frozenset[str]:
        """How a parameter is wrong in requests of a call that changes something, in the words of their kinds.

        What a login goes by is only left out: wrong ones are counted, and lock.
        """
        if parameter.harmless or (parameter.locked and not parameter.required):
            return frozenset()
        found = {"parameter-missing"} if parameter.required else set()
        logs_in = any(FAILED_LOGINS & set(p.errors) for p in self.parameters)
        if parameter.values:
            found.add("parameter-listed")
        elif parameter.origin:
            found.add("value")
        elif (parameter.form != "text" or parameter.max_length) and not (
            logs_in and parameter.required and parameter.source == "target"
        ):
            found.add("parameter-form")
        return frozenset(found)

    @property
    def shown(self) -> frozenset[str]:
        """What is sent of it where it changes something, in the words of the kinds of requests."""
        found = frozenset({"documented"}).union(*map(self.tried, self.parameters))
        found |= {"default", "allowed", "value"} if any(p.harmless for p in self.parameters) else set()
        return found | ({"refusal"} if self.row.refusal else set())

    def rules(self, kind: str) -> tuple[Rule, ...]:
        """The rules of one kind."""
        return tuple(rule for rule in self.row.rule if rule.kind == kind)


@dataclass(frozen=True, slots=True)
class Contract:
    """Everything the page states, as data. tables: the error tables of all editions, by edition and code."""

    requirements: dict[str, Requirement]
    interpretations: dict[str, Interpretation]
    errors: dict[str, ErrorCode]
    tables: dict[str, dict[str, ErrorCode]]
    calls: dict[str, ServiceCall]
    page: str
    sha256: str

    @property
    def name(self) -> str:
        """The contract's name in reports: the normative page, pinned by its SHA-256."""
        return f"connect-api@{self.sha256}"

    @property
    def catalogue(self) -> str:
        """SHA-256 of its requirements: which there are, what each says, how strongly, of which calls."""
        return hashlib.sha256(msgspec.json.encode(list(self.requirements.values()))).hexdigest()

    @property
    def call(self) -> ServiceCall:
        """The service call that the normative page documents."""
        calls = self.calls.values()
        return next((call for call in calls if call.row.edition == PAGE), next(iter(calls)))
