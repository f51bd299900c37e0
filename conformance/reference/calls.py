"""The service calls that the reference endpoint serves: read from the contract's data, by code of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from conformance.reference.forms import FORMS

PAGE = "page"  # the edition that is normative


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter beside the action, as its row has it.

    default: also right where it is on no list. group: one of its parameters is enough, and the first one given decides.
    needed_where: the values of others that make it required. origin: where a list of values stands: call and element.
    error: the code for a wrong value; missing: for none.
    """

    name: str
    required: bool
    values: tuple[str, ...]
    error: str
    form: str = "text"
    min_length: int = 0
    max_length: int = 0
    default: str = ""
    group: str = ""
    needed_where: tuple[tuple[str, str], ...] = ()
    origin: str = ""
    missing: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Parameter:
        """From a row of call.toml."""
        error = row.get("error", "999")
        return cls(
            name=row["name"],
            required=row.get("required", False),
            values=tuple(row.get("values", ())),
            error=error,
            form=row.get("form", "text"),
            min_length=row.get("min_length", 0),
            max_length=row.get("max_length", 0),
            default=row.get("default", ""),
            group=row.get("group", ""),
            needed_where=tuple(row.get("needed_where", {}).items()),
            origin=row.get("from", ""),
            missing=row.get("missing", "") or error,
        )

    def is_needed(self, given: Mapping[str, str]) -> bool:
        """Whether it must be there, beside what is given."""
        conditional = self.needed_where and all(given.get(n) == value for n, value in self.needed_where)
        return self.required or bool(conditional)

    def allows(self, value: str) -> bool:
        """Whether a value that is there may be; lists of other calls left aside."""
        if self.max_length and len(value) > self.max_length:
            return False
        listed = not self.values or value in self.values
        return bool(value) and len(value) >= self.min_length and listed and FORMS[self.form](value)


@dataclass(frozen=True, slots=True)
class Served:
    """One service call: its parameters, and the answer to whoever asks for it rightly.

    edition: the document that states it.
    """

    name: str
    parameters: tuple[Parameter, ...]
    sample: str
    edition: str = PAGE

    def success(self) -> ET.Element:
        """The success envelope of the sample, with the sample's own time."""
        return ET.fromstring(self.sample)  # noqa: S314  the contract's own

    @property
    def names(self) -> frozenset[str]:
        """Of its parameters."""
        return frozenset(parameter.name for parameter in self.parameters)

    def listed(self, field: str) -> frozenset[str]:
        """What its answer says in an element of that name."""
        return frozenset(element.text or "" for element in self.success().iter(field))

    def refused(
        self, given: Mapping[str, str], calls: Mapping[str, Served], names: frozenset[str] | None = None
    ) -> str:
        """The code of the first parameter that is wrong, or missing; "" where all is right.

        names: the only ones that are looked at.
        """
        for parameter in self.parameters:
            looked_at = names is None or parameter.name in names
            if looked_at and (code := self._refused(parameter, given, calls)):
                return code
        return ""

    def _refused(self, parameter: Parameter, given: Mapping[str, str], calls: Mapping[str, Served]) -> str:
        group = [one.name for one in self._group(parameter)]
        decides = next((name for name in group if name in given), "")
        if decides not in {"", parameter.name}:
            return ""
        value = given.get(parameter.name)
        if value is None:
            none = bool(group) and not decides and parameter.name == group[-1]
            return parameter.missing if none or parameter.is_needed(given) else ""
        if not value:
            return parameter.missing
        if not parameter.allows(value):
            return parameter.error
        call, _, field = parameter.origin.partition(".")
        listed = call not in calls or value == parameter.default or value in calls[call].listed(field)
        return "" if listed else parameter.error

    def _group(self, parameter: Parameter) -> Iterator[Parameter]:
        return (one for one in self.parameters if parameter.group and one.group == parameter.group)


Calls = Mapping[str, Served]


def read_calls(schemas: Path) -> Calls:
    """Every call of a contract's folder, by name. Raises OSError, KeyError and ET.ParseError for a broken folder."""
    found = {}
    for file in sorted((schemas / "calls").glob("*/call.toml")):
        row = tomllib.loads(file.read_text(encoding="utf-8"))
        parameters = tuple(map(Parameter.of, row.get("parameter", ())))
        sample = (file.parent / "samples" / "response.xml").read_text(encoding="utf-8")
        found[row["name"]] = Served(row["name"], parameters, sample, row.get("edition", PAGE))
    return found


def shipped() -> Path:
    """The folder of the contract that ships with the suite; in the wheel it is folded into the package."""
    package = Path(__file__).parents[1]
    folded = package / "_folded" / "schemas"
    return folded if folded.is_dir() else package.parent / "schemas"


@cache
def documented_calls() -> Calls:
    """The calls of that contract."""
    return read_calls(shipped())
