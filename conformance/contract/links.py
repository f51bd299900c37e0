"""What one file of the contract says of another, and is not so: each link, checked when the contract is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from conformance.contract.model import ERROR_PARTS, Contract, ServiceCall
from conformance.contract.rows import ErrorCode, Parameter, Refusal, Rule

_ELEMENT = re.compile(r'<xs:element name="([^"]+)"')
_NOTED = re.compile(r'source="urn:connect-conformance:[a-z-]+">([^<]*)<')

# Kinds of rules that name several things: where they stand, and what is said of a rule that names none.
_NAMED = {
    "offers": ("fields", "it names no field (fields = { NAME = TEXT })"),
    "holds": ("fields", "it names no field (fields = { NAME = TEXT })"),
    "distinct": ("key", "it names no field (key = [NAME, ...])"),
    "words": ("words", "it names no word"),
    "keyed": ("words", "it names no word"),
}


def broken_links(contract: Contract, schemas: Path) -> Iterator[str]:
    """A sentence for each, which begins with the file and the row."""
    yield from _of_requirements(contract)
    yield from _of_errors(contract)
    yield from _of_interpretations(contract)
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
    for edition, table in contract.tables.items():
        for error in table.values():
            if error.same_as and error.same_as not in contract.errors:
                yield f"errors.toml, {error.code} of {edition}: the page has no {error.same_as}"


def _of_interpretations(contract: Contract) -> Iterator[str]:
    codes = {code for table in contract.tables.values() for code in table}
    for name, interpretation in contract.interpretations.items():
        where = f"interpretations.toml, {name}"
        accepts = interpretation.accepts
        for code in (*accepts.messages, *accepts.codes):
            if code not in contract.errors:
                yield f"{where}: errors.toml has no {code}"
        others = (code for several in accepts.codes.values() for code in several)
        yield from (f"{where}: errors.toml has no {code}" for code in others if code not in codes)
        for requirement in accepts.relaxes:
            if requirement not in contract.requirements:
                yield f"{where}: requirements.toml has no {requirement}"
        yield from (f"{where}: calls/ has no {c}" for c in accepts.calls if c not in contract.calls)


def _of_schemas(contract: Contract, schemas: Path) -> Iterator[str]:
    """Requirements that components of the schemas stand for; NNN is any code."""
    known = {*contract.requirements, *(f"ERR-NNN-{part}" for part in ERROR_PARTS)}
    for schema in sorted(schemas.rglob("*.xsd")):
        for name in _NOTED.findall(schema.read_text(encoding="utf-8")):
            if name not in known:
                yield f"{schema.relative_to(schemas).as_posix()}: requirements.toml has no {name}"


def _of_call(call: ServiceCall, contract: Contract) -> Iterator[str]:
    row = call.row
    if (row.answer == "list") != (call.items is not None):
        yield f": [items] says where a list keeps its items; the answer is {row.answer}"
    if call.items is not None and not call.items.fields:
        yield ", items: an item has at least one field"
    if row.edition not in contract.tables:
        allowed = ", ".join(contract.tables)
        yield f": errors.toml has no edition {row.edition}; allowed: {allowed}"
    if row.effect == "changes" and not row.changes:
        yield ": what it changes is not said (changes = TEXT)"
    declared = _declared(call)
    for name in row.secret_answers:
        if name not in declared:
            yield f", secret_answers: response.xsd has no {name}"
    yield from (
        f", error {code}: errors.toml has no such code" for code in sorted(set(call.errors) - set(contract.errors))
    )
    table = contract.tables.get(row.edition, {})
    yield from (f", errors: errors.toml has no {c} of {row.edition}" for c in row.errors if c not in table)
    for parameter in call.parameters:
        yield from (f", parameter {parameter.name}: {wrong}" for wrong in _of_parameter(parameter, call, contract))
    yield from _of_rows(call, contract, declared)


def _of_rows(call: ServiceCall, contract: Contract, declared: frozenset[str]) -> Iterator[str]:
    row = call.row
    for refusal in row.refusal:
        yield from (f", refusal {refusal.key}: {wrong}" for wrong in _of_refusal(refusal, call, contract))
    seen = set[tuple[str, str]]()
    for rule in row.rule:
        here = f", rule {rule.requirement} {rule.kind}: "
        if (rule.requirement, rule.kind) in seen:
            yield f"{here}it is there twice"
        seen.add((rule.requirement, rule.kind))
        yield from (here + wrong for wrong in _of_rule(rule, call, contract, declared))


def _declared(call: ServiceCall) -> frozenset[str]:
    """The names of the elements that the response schema declares."""
    return frozenset(_ELEMENT.findall(call.response_schema.read_text(encoding="utf-8")))


def _of_parameter(parameter: Parameter, call: ServiceCall, contract: Contract) -> Iterator[str]:
    yield from _of_codes(parameter, call, contract.tables.get(call.row.edition, {}))
    yield from _of_value(parameter)
    names = [p.name for p in call.parameters]
    if parameter.group and [p.group for p in call.parameters].count(parameter.group) == 1:
        yield f"it is alone in its group {parameter.group}"
    if parameter.group and parameter.required:
        yield "one of its group is needed, so it cannot be required"
    yield from (f"needed_where: no parameter is called {n}" for n in parameter.needed_where if n not in names)
    if (parameter.source == "call") != bool(parameter.origin):
        yield 'source = "call" and from = "CALL.FIELD" go together'
    if parameter.origin:
        yield from _of_origin(parameter.origin, contract)


def _of_codes(parameter: Parameter, call: ServiceCall, table: Mapping[str, ErrorCode]) -> Iterator[str]:
    for code in filter(None, (parameter.error, parameter.missing, *parameter.errors)):
        if code not in call.reports:
            yield f"errors does not name {code}" if code in table else f"errors.toml has no {code}"
    yield from (f"errors.toml has no {code}" for code in parameter.locked if code not in table)


def _of_value(parameter: Parameter) -> Iterator[str]:
    for what, text in (("example", parameter.example), ("default", parameter.default)):
        if parameter.values and text and text not in parameter.values:
            yield f"the {what} is none of its values"
    most = parameter.max_length or len(parameter.example)
    if parameter.example and not parameter.min_length <= len(parameter.example) <= most:
        yield "the example is shorter or longer than it may be"


def _of_origin(origin: str, contract: Contract) -> Iterator[str]:
    """What is wrong with the CALL.FIELD in which values are to be found."""
    name, _, field = origin.partition(".")
    if name not in contract.calls:
        yield f"from: calls/ has no {name}"
    elif field not in _declared(contract.calls[name]):
        yield f"from: calls/{name}/response.xsd has no {field!r}"


def _of_refusal(refusal: Refusal, call: ServiceCall, contract: Contract) -> Iterator[str]:
    if call.name not in getattr(contract.requirements.get(refusal.requirement), "calls", ()):
        yield f"requirements.toml has no {refusal.requirement} that names {call.name} among its calls"
    names = {p.name for p in call.parameters}
    yield from (f"no parameter is called {n}" for n in (*refusal.says, *refusal.as_in) if n not in names)
    known = {f"{other.name}.{p.name}" for other in contract.calls.values() for p in other.parameters}
    yield from (f"as_in: no call has a parameter {o}" for o in refusal.as_in.values() if o not in known)
    yield from (f"errors does not name {code}" for code in refusal.errors if code not in call.reports)


def _of_rule(rule: Rule, call: ServiceCall, contract: Contract, declared: frozenset[str]) -> Iterator[str]:
    requirement = contract.requirements.get(rule.requirement)
    if requirement is None:
        yield f"requirements.toml has no {rule.requirement}"
    elif call.name not in requirement.calls:
        yield f"requirements.toml does not name {call.name} among its calls"
    if rule.kind == "same":
        return
    where, nameless = _NAMED.get(rule.kind, ("kind", ""))
    if not getattr(rule, where):
        yield nameless
    known = call.fields if call.items else declared
    if rule.kind in {"offers", "holds", "distinct"}:
        yield from (f"no field is called {name}" for name in (*rule.fields, *rule.key) if name not in known)
    elif rule.field not in known:
        yield f"no field is called {rule.field!r}"
    if rule.kind == "subset":
        yield from _of_origin(rule.origin, contract)
