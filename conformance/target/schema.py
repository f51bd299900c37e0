"""The JSON Schema of the configuration file, by which editors complete and check it; made from the table of settings.

It is kept to draft 4, which is what editors' plug-ins for TOML know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from conformance.target.settings import Place, Setting, placed

NAME = "connect-conformance.schema.json"


def schema(codes: Iterable[str]) -> str:
    """The schema as text. codes: of the errors whose states can be described."""
    state = _table("state")
    target = _table("target")
    target["properties"]["states"]["properties"] = {code: {"$ref": "#/definitions/state"} for code in codes}
    targets = {"type": "object", "additionalProperties": {"$ref": "#/definitions/target"}}
    whole = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "The configuration file of connect-conformance",
        "type": "object",
        "properties": {"targets": targets, "extensions": _table("extensions")},
        "required": ["targets"],
        "additionalProperties": False,
        "definitions": {"target": target, "state": state},
    }
    return json.dumps(whole, indent=2) + "\n"


def _table(place: Place) -> dict[str, Any]:
    rows = placed(place)
    made: dict[str, Any] = {"type": "object", "properties": {key: _value(row) for key, row in rows.items()}}
    required = [key for key, row in rows.items() if row.required]
    return made | ({"required": required} if required else {}) | {"additionalProperties": False}


def _value(row: Setting) -> dict[str, Any]:
    types = {"number": "number", "whole": "integer", "flag": "boolean", "list": "array", "table": "object"}
    made: dict[str, Any] = {"type": types.get(row.kind, "string"), "description": row.sentences}
    if row.kind == "states":
        return made | {"type": "object", "additionalProperties": False}
    if row.choices:
        made["enum"] = list(row.choices)
    if row.kind in {"number", "whole"}:
        made |= {"minimum": row.low, "maximum": row.high}
    if row.kind in {"list", "table"}:
        made["items" if row.kind == "list" else "additionalProperties"] = {"type": "string"}
    return made | ({"default": row.default} if row.default is not None else {})
