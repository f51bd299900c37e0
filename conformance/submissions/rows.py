"""What is said of a package: one row a check, with what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What a check comes to."""

    OK = "ok"
    SHOWN = "shown"  # no matter of right or wrong: what the partner chose, or what nobody asked for
    OPEN = "cannot be established"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """One check of a package. check: its name, which docs/submissions.md explains."""

    check: str
    standing: Standing
    said: str


def row(check: str, fine: str, problems: Iterable[str], standing: Standing = Standing.FAILED) -> Row:
    """The row of a check that has found these problems; `fine` is said where there is none."""
    found = list(problems)
    if not found:
        return Row(check, Standing.OK, fine)
    others = f"; and {len(found) - 1} more of the kind" if len(found) > 1 else ""
    return Row(check, standing, found[0] + others)
