"""The errors of the guide of 2011, read from the contract's data; those of the page stand in answer.py."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache

from conformance.reference.calls import PAGE, shipped


@cache
def guide_errors() -> Mapping[str, str]:
    """Message by code."""
    rows = tomllib.loads((shipped() / "errors.toml").read_text(encoding="utf-8"))["error"]
    return {row["code"]: row["message"] for row in rows if row.get("edition", PAGE) != PAGE}
