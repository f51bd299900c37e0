"""Excuses for known failures, in a file, with reasons, that expire."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from conformance.contract.model import Contract
from conformance.target.configuration import ConfigError, read_toml
from conformance.verdicts.naming import addressed


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    requirement: str
    reason: str
    expires: date
    call: str = ""
    target: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    waiver: list[_Row]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A failure of `requirement` is excused until the end of the day `expires`, for `reason`.

    call, target: globs; only for these service calls, and at targets of these names. "" is any.
    """

    requirement: str
    reason: str
    expires: date
    call: str = ""
    target: str = ""

    @property
    def address(self) -> str:
        """What it excuses, in words."""
        return addressed(self.requirement, self.call) + (f" at {self.target}" if self.target else "")

    def holds(self, today: date) -> bool:
        return today <= self.expires

    def is_for(self, target: str) -> bool:
        """Whether it speaks of a target."""
        return fnmatchcase(target, self.target or "*")

    def names(self, requirement: str, call: str) -> bool:
        """Whether it speaks of a judgement."""
        return requirement == self.requirement and fnmatchcase(call, self.call or "*")


def digest(waivers: Mapping[str, Waiver]) -> str:
    """SHA-256 of what a file of waivers says, however it is written; "" where there is none."""
    rows = sorted(map(msgspec.to_builtins, waivers.values()), key=str)
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest() if rows else ""


def waiver_of(
    waivers: Mapping[str, Waiver], requirement: str, call: str, target: str, today: date
) -> Waiver | None:
    """The waiver that excuses a failure of this judgement today, if any does."""
    found = (one for one in waivers.values() if one.names(requirement, call) and one.is_for(target))
    return next((one for one in found if one.holds(today)), None)


def read_waivers(file: Path, contract: Contract) -> Mapping[str, Waiver]:
    """The waivers of a TOML file, by what they excuse: tables `[[waiver]]`. Raises ConfigError."""
    try:
        rows = msgspec.convert(read_toml(file, "the file of waivers"), _File).waiver
    except msgspec.ValidationError as error:
        allowed = (
            "tables [[waiver]] with requirement, reason and expires = YYYY-MM-DD, perhaps call and target"
        )
        raise ConfigError(f"the waivers {file} are not usable: {error}; allowed: {allowed}") from None
    found: dict[str, Waiver] = {}
    for row in rows:
        waiver = Waiver(row.requirement, row.reason, row.expires, row.call, row.target)
        if waiver.address in found:
            raise ConfigError(f"the waivers {file} name {waiver.address} twice; allowed: one waiver for each")
        if row.requirement not in contract.requirements:
            raise ConfigError(
                f"the waivers {file} name the unknown requirement {row.requirement!r}; see `requirements`"
            )
        if not row.reason.strip():
            raise ConfigError(
                f"the waiver of {waiver.address} in {file} gives no reason; allowed: a sentence"
            )
        calls = contract.requirements[row.requirement].of(tuple(contract.calls))
        if row.call and not any(fnmatchcase(call, row.call) for call in calls if call):
            allowed = ", ".join(filter(None, calls)) or "no call, as it is judged once for all of them"
            raise ConfigError(f"the waivers {file} name no judgement: {waiver.address}; allowed: {allowed}")
        found[waiver.address] = waiver
    return found
