"""report.json: the report for programs. Its JSON Schema is `reports/report.schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from conformance.reporting import escape

if TYPE_CHECKING:
    from conformance.verdicts.verdict import Report


def to_json(report: Report) -> bytes:
    """The report as JSON: keys in the order of the documentation, the same report always the same bytes."""
    return escape.json(msgspec.json.format(msgspec.json.encode(report), indent=2).decode()).encode() + b"\n"
