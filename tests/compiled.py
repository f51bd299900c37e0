"""The models of the schemas that come with the suite, made by xmlschema once: `compiled.json` of the contract.

`python -m tests.compiled` makes them anew; a run that finds a schema changed models it in memory.
"""

from __future__ import annotations

import msgspec

from conformance.contract.load import documented
from conformance.contract.modelling import model
from conformance.contract.xsd import COMPILED, Schema, schema


def made() -> bytes:
    """The file: each model under the digest of its schema."""
    models = {of.digest: model(of.engine, of.root) for of in _schemas()}
    return msgspec.json.encode(dict(sorted(models.items()))) + b"\n"


def _schemas() -> list[Schema]:
    calls = documented().calls.values()
    own = [schema(file) for call in calls for file in (call.request_schema, call.response_schema)]
    return own + [schema(call.error_schema, call.name) for call in calls]


if __name__ == "__main__":
    COMPILED.write_bytes(made())
