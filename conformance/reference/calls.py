"""The service calls that the reference endpoint serves: read from the contract's data, by code of its own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter beside the action. values: what it may say, where that is restricted. error: of a wrong one."""

    name: str
    required: bool
    values: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True)
class Served:
    """One service call: its parameters, and the answer to whoever asks for it rightly."""

    name: str
    parameters: tuple[Parameter, ...]
    sample: str

    def success(self) -> ET.Element:
        """The success envelope of the sample, with the sample's own time."""
        return ET.fromstring(self.sample)  # noqa: S314  the contract's own

    def refused(self, given: Mapping[str, str]) -> str:
        """The code of the first parameter that is wrong, or missing; "" where all is right."""
        for parameter in self.parameters:
            value = given.get(parameter.name)
            if value is None and not parameter.required:
                continue
            if not value or (parameter.values and value not in parameter.values):
                return parameter.error
        return ""


Calls = Mapping[str, Served]


def read_calls(schemas: Path) -> Calls:
    """Every call of a contract's folder, by name. Raises OSError, KeyError and ET.ParseError for a broken folder."""
    found = {}
    for file in sorted((schemas / "calls").glob("*/call.toml")):
        row = tomllib.loads(file.read_text(encoding="utf-8"))
        parameters = tuple(
            Parameter(
                name=parameter["name"],
                required=parameter.get("required", False),
                values=tuple(parameter.get("values", ())),
                error=parameter.get("error", "999"),
            )
            for parameter in row.get("parameter", ())
        )
        sample = (file.parent / "samples" / "response.xml").read_text(encoding="utf-8")
        found[row["name"]] = Served(row["name"], parameters, sample)
    return found


@cache
def documented_calls() -> Calls:
    """The calls of the contract that ships with the suite; in the wheel it is folded into the package."""
    package = Path(__file__).parents[1]
    folded = package / "_folded" / "schemas"
    return read_calls(folded if folded.is_dir() else package.parent / "schemas")
