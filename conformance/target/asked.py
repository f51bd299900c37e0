"""What a target is asked: which service calls, and what their parameters say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from conformance.contract.rows import PAGE
from conformance.contract.spelling import meant
from conformance.target.hiding import VARIABLE
from conformance.target.places import is_secret_name

if TYPE_CHECKING:
    from conformance.contract.model import Contract, ServiceCall
    from conformance.contract.rows import Parameter
    from conformance.target.values import Values

_NOT_XML = re.compile(r"[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def chosen(values: Values, globs: list[str], allowed: list[str], contract: Contract) -> tuple[str, ...]:
    """The calls that the globs name; of those that change something, the ones that are allowed, at the end.

    The first of them is asked most: one that only reads, the page's before others. Without a glob it is the call that
    the page documents. Raises ConfigError.
    """
    known = contract.calls
    changing = [name for name, call in known.items() if call.changes]
    for glob in allowed:
        if not fnmatches(changing, [glob]):
            what = f"no call that changes something is named {glob!r}{meant(glob, changing)}"
            raise values.wrong("allow_effects", what, ", ".join(changing) or "nothing, as no call does")
    kept = [name for name in changing if name not in fnmatches(changing, allowed)]
    found: set[str] = set()
    for glob in globs or [contract.call.name]:
        named = fnmatches(known, [glob])
        if not named:
            raise values.wrong("calls", f"no call is named {glob!r}{meant(glob, known)}", ", ".join(known))
        if glob in kept:
            raise values.wrong("calls", *_not_allowed(known[glob], contract))
        found |= named - set(kept)
    if found and all(known[name].changes for name in found):
        what = f"{', '.join(sorted(found))} would be all that is sent, and something has to be asked before"
        raise values.wrong("calls", what, "with one that changes nothing beside, such as " + contract.call.name)
    return tuple(sorted(found, key=lambda name: _rank(known[name])))


def only_allowed(globs: list[str], calls: tuple[str, ...], contract: Contract) -> list[str]:
    """The globs that allow calls of which none is asked for."""
    asked = [name for name in calls if contract.calls[name].changes]
    return [glob for glob in globs if not fnmatches(asked, [glob])]


def fnmatches(names: Iterable[str], globs: list[str]) -> set[str]:
    """The names that one of the globs names."""
    return {name for name in names if any(fnmatchcase(name, glob) for glob in globs)}


def _not_allowed(call: ServiceCall, contract: Contract) -> tuple[str, str]:
    reading = ", ".join(name for name, other in contract.calls.items() if not other.changes)
    what = f"{call.name} changes something, so it is not sent: {call.row.changes}"
    return what, f'{reading}; this one with the line allow_effects = ["{call.name}"]'


def _rank(call: ServiceCall) -> tuple[int, bool, int, str]:
    effect = ("read", "ephemeral", "changes").index(call.row.effect)
    return effect, call.row.edition != PAGE, call.row.turn, call.name


def left_out(globs: object, calls: tuple[str, ...], contract: Contract) -> tuple[str, ...]:
    """The calls that a configuration names and that are not among those to be judged."""
    named = [glob for glob in globs if isinstance(glob, str)] if isinstance(globs, list) else []
    known = [name for name, call in contract.calls.items() if not call.changes]
    wanted = fnmatches(known, named or [contract.call.name])
    return tuple(name for name in known if name in wanted and name not in calls)


def filled(values: Values, said: dict[str, str], calls: tuple[str, ...], contract: Contract) -> dict[str, str]:
    """What the parameters of the calls say, by name, or by CALL.NAME; secret ones as placeholders.

    Raises ConfigError.
    """
    every = [(call.name, parameter) for call in contract.calls.values() for parameter in call.parameters]
    known = {p.name: p for _, p in every} | {f"{call}.{p.name}": p for call, p in every}
    for name in said:
        if name not in known:
            allowed = ", ".join(dict.fromkeys(p.name for _, p in every))
            what = f"no call has a parameter {name!r}{meant(name, known)}"
            raise values.wrong("values", what, allowed or "none, as no call has parameters")
    for call, parameter in every:
        if call not in calls or not parameter.required or (parameter.source != "target" and not parameter.once):
            continue
        if parameter.once and parameter.origin.partition(".")[0] in calls:
            continue
        if not said.get(parameter.name) and not said.get(f"{call}.{parameter.name}"):
            what = f"{parameter.name} is missing: only you know one that the endpoint accepts"
            line = f'a line {parameter.name} = "..." in that table'
            if parameter.once:
                line = f"{parameter.origin.partition('.')[0]} among the calls, whose own are used then, or {line}"
            if contract.calls[call].changes:
                what, line = f"{what} for {call}", f'{line}, or "{call}.{parameter.name}" for it alone'
            raise values.wrong("values", what, line)
    asked = [contract.calls[name] for name in calls]
    return {name: _value(values, name, known[name], text, asked) for name, text in said.items()}


def _value(values: Values, name: str, parameter: Parameter, text: str, asked: list[ServiceCall]) -> str:
    key = f"values.{name}"
    found = values.filled(text, key)
    if _NOT_XML.search(found):
        raise values.wrong(key, "it has characters that XML does not have", "printable text")
    if parameter.values and found not in parameter.values:
        raise values.wrong(key, f"{found!r} is none of its values", ", ".join(parameter.values))
    for call in asked:
        if name in {parameter.name, f"{call.name}.{parameter.name}"} and not parameter.once:
            _check(values, key, parameter, found, call)
    if parameter.secret or any(is_secret_name(name) for name in VARIABLE.findall(text)):
        shell = values.secrets.variable(parameter.name)
        return values.secrets.hide(found, f"[{parameter.name}]", place=key, shell=shell)
    return found


def _check(values: Values, key: str, parameter: Parameter, found: str, call: ServiceCall) -> None:
    """Raises ConfigError for a value that the request schema of a call refuses; an endpoint would do so rightly."""
    from conformance.contract.xsd import schema  # noqa: PLC0415  who says no values needs no parser

    for declared in schema(call.request_schema).named.get(parameter.name, ()):
        if found and not declared.accepts(found):
            shown = "it" if parameter.secret else repr(found)
            raise values.wrong(key, f"{shown} is nothing that {call.name} may be asked with", declared.allowed)
