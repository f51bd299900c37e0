"""Excuses for known failures, in a file, with reasons, that expire."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from conformance.contract.given import ConfigError, in_words, read_toml
from conformance.contract.model import Contract
from conformance.verdicts.likeness import signature
from conformance.verdicts.naming import addressed


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    requirement: str
    reason: str
    expires: date
    call: str = ""
    target: str = ""
    failure: str | list[str] | UnsetType = UNSET


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    waiver: list[_Row]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A failure of `requirement` is excused until the end of the day `expires`, for `reason`.

    call, target: globs; only for these service calls, and at targets of these names. "" is any. failures: the only
    reasons of failing checks that it excuses, as reports have them; none: any.
    """

    requirement: str
    reason: str
    expires: date
    call: str = ""
    target: str = ""
    failures: tuple[str, ...] = ()

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

    def excuses(self, reasons: Iterable[str]) -> bool:
        """Whether it speaks of a failure for these reasons, all of them; examples and numbers may be others."""
        known = {signature(told) for told in self.failures}
        return not known or all(signature(told) in known for told in reasons)


def digest(waivers: Mapping[str, Waiver]) -> str:
    """SHA-256 of what a file of waivers says, however it is written; "" where there is none."""
    rows = sorted(map(msgspec.to_builtins, waivers.values()), key=str)
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest() if rows else ""


def waiver_of(
    waivers: Mapping[str, Waiver], requirement: str, call: str, failures: Iterable[str], *, target: str, today: date
) -> Waiver | None:
    """The waiver that excuses a failure of this judgement today, if any does. failures: reasons of failing checks."""
    told = tuple(failures)
    found = (one for one in waivers.values() if one.names(requirement, call) and one.is_for(target))
    return next((one for one in found if one.holds(today) and one.excuses(told)), None)


def read_waivers(file: Path, contract: Contract) -> Mapping[str, Waiver]:
    """The waivers of a TOML file, by what they excuse: tables `[[waiver]]`. Raises ConfigError."""
    try:
        rows = msgspec.convert(read_toml(file, "the file of waivers"), _File).waiver
    except msgspec.ValidationError as error:
        needed = "tables [[waiver]] with requirement, reason and expires = YYYY-MM-DD"
        allowed = f"{needed}, perhaps call, target and failure"
        raise ConfigError(f"the waivers {file} are not usable: {in_words(error)}; allowed: {allowed}") from None
    found: dict[str, Waiver] = {}
    for row in rows:
        told = [row.failure] if isinstance(row.failure, str) else row.failure or []
        waiver = Waiver(row.requirement, row.reason, row.expires, row.call, row.target, tuple(told))
        if waiver.address in found:
            raise ConfigError(f"the waivers {file} name {waiver.address} twice; allowed: one waiver for each")
        if row.requirement not in contract.requirements:
            raise ConfigError(
                f"the waivers {file} name the unknown requirement {row.requirement!r}; see `requirements`"
            )
        if not row.reason.strip():
            raise ConfigError(f"the waiver of {waiver.address} in {file} gives no reason; allowed: a sentence")
        if row.failure is not UNSET and not (told and all(map(str.strip, told))):
            raise ConfigError(
                f"the waiver of {waiver.address} in {file} names no failure; allowed: reasons as a report has"
                " them, or no failure at all, for any"
            )
        calls = contract.requirements[row.requirement].of(tuple(contract.calls))
        if row.call and not any(fnmatchcase(call, row.call) for call in calls if call):
            allowed = ", ".join(filter(None, calls)) or "no call, as it is judged once for all of them"
            raise ConfigError(f"the waivers {file} name no judgement: {waiver.address}; allowed: {allowed}")
        found[waiver.address] = waiver
    return found
