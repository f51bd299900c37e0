"""What one file of the contract says of another, and is not so: each link, checked when the contract is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from conformance.contract.model import ERROR_PARTS, Contract, Parameter, Rule, ServiceCall

_NOTED = re.compile(r'source="urn:connect-conformance:[a-z-]+">([^<]*)<')


def broken_links(contract: Contract, schemas: Path) -> Iterator[str]:
    """A sentence for each, which begins with the file and the row."""
    yield from _of_requirements(contract)
    yield from _of_errors(contract)
    yield from _of_schemas(contract, schemas)
    for call in contract.calls.values():
        yield from (f"calls/{call.name}/call.toml{wrong}" for wrong in _of_call(call, contract))


def _of_requirements(contract: Contract) -> Iterator[str]:
    for requirement in contract.requirements.values():
        where = f"requirements.toml, {requirement.id}"
        for name in requirement.interpretation:
            if name not in contract.interpretations:
                yield f"{where}: interpretations.toml has no {name}"
        for name in requirement.calls:
            if name not in contract.calls:
                yield f"{where}: calls/ has no {name}"
        if requirement.quote not in contract.page:
            yield f"{where}: connect-api.md has no words {requirement.quote!r}"


def _of_errors(contract: Contract) -> Iterator[str]:
    for code in contract.errors:
        for name in (f"ERR-{code}-{part}" for part in ERROR_PARTS):
            if name not in contract.requirements:
                yield f"errors.toml, {code}: requirements.toml has no {name}"
    for name, interpretation in contract.interpretations.items():
        for code, _ in interpretation.messages:
            if code not in contract.errors:
                yield f"interpretations.toml, {name}: errors.toml has no {code}"


def _of_schemas(contract: Contract, schemas: Path) -> Iterator[str]:
    """Requirements that components of the schemas stand for; NNN is any code."""
    known = {*contract.requirements, *(f"ERR-NNN-{part}" for part in ERROR_PARTS)}
    for schema in sorted(schemas.rglob("*.xsd")):
        for name in _NOTED.findall(schema.read_text(encoding="utf-8")):
            if name not in known:
                yield f"{schema.relative_to(schemas).as_posix()}: requirements.toml has no {name}"


def _of_call(call: ServiceCall, contract: Contract) -> Iterator[str]:
    if (call.row.answer == "list") != (call.items is not None):
        yield f": [items] says where a list keeps its items; the answer is {call.row.answer}"
    if call.items is not None and not call.items.fields:
        yield ", items: an item has at least one field"
    yield from (
        f", error {code}: errors.toml has no such code"
        for code in sorted(set(call.errors) - set(contract.errors))
    )
    for parameter in call.parameters:
        yield from (f", parameter {parameter.name}: {wrong}" for wrong in _of_parameter(parameter, call))
    seen = set[tuple[str, str]]()
    for rule in call.row.rule:
        here = f", rule {rule.requirement} {rule.kind}: "
        if (rule.requirement, rule.kind) in seen:
            yield f"{here}it is there twice"
        seen.add((rule.requirement, rule.kind))
        yield from (here + wrong for wrong in _of_rule(rule, call, contract))


def _of_parameter(parameter: Parameter, call: ServiceCall) -> Iterator[str]:
    if parameter.error not in call.errors:
        yield f"errors.toml has no {parameter.error}"
    if parameter.values and parameter.example not in parameter.values:
        yield "the example is none of its values"


def _of_rule(rule: Rule, call: ServiceCall, contract: Contract) -> Iterator[str]:
    requirement = contract.requirements.get(rule.requirement)
    if requirement is None:
        yield f"requirements.toml has no {rule.requirement}"
    elif call.name not in requirement.calls:
        yield f"requirements.toml does not name {call.name} among its calls"
    if rule.kind == "same":
        return
    if rule.kind in {"offers", "holds"}:
        if not rule.fields:
            yield "it names no field (fields = { NAME = TEXT })"
        yield from (f"no field is called {name}" for name in rule.fields if name not in call.fields)
    elif rule.field not in call.fields:
        yield f"no field is called {rule.field!r}"
    if rule.kind == "words" and not rule.words:
        yield "it names no word"
