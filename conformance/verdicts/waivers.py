"""Excuses for known failures, in a file, with reasons, that expire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from conformance.contract.model import Contract
from conformance.target.configuration import ConfigError, read_toml


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    requirement: str
    reason: str
    expires: date


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    waiver: list[_Row]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A failure of `requirement` is excused until the end of the day `expires`, for `reason`."""

    requirement: str
    reason: str
    expires: date

    def holds(self, today: date) -> bool:
        return today <= self.expires


def read_waivers(file: Path, contract: Contract) -> Mapping[str, Waiver]:
    """The waivers of a TOML file: tables `[[waiver]]` with requirement, reason, expires. Raises ConfigError."""
    try:
        rows = msgspec.convert(read_toml(file, "the file of waivers"), _File).waiver
    except msgspec.ValidationError as error:
        allowed = "tables [[waiver]] with requirement, reason and expires = YYYY-MM-DD"
        raise ConfigError(f"the waivers {file} are not usable: {error}; allowed: {allowed}") from None
    for place, row in enumerate(rows):
        if row.requirement in {other.requirement for other in rows[:place]}:
            raise ConfigError(
                f"the waivers {file} name {row.requirement} twice; allowed: one waiver for each"
            )
        if row.requirement not in contract.requirements:
            raise ConfigError(
                f"the waivers {file} name the unknown requirement {row.requirement!r}; see `requirements`"
            )
        if not row.reason.strip():
            raise ConfigError(
                f"the waiver of {row.requirement} in {file} gives no reason; allowed: a sentence"
            )
    return {row.requirement: Waiver(row.requirement, row.reason, row.expires) for row in rows}
