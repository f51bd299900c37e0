"""What a target is asked: which service calls, and what their parameters say."""

from __future__ import annotations

import re
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


def chosen(values: Values, globs: list[str], contract: Contract) -> tuple[str, ...]:
    """The calls that the globs name; of those that change something, none.

    The first of them is asked most: one that only reads, the page's before others. Without a glob it is the call that
    the page documents. Raises ConfigError.
    """
    known = contract.calls
    changing = {name for name, call in known.items() if call.row.effect == "changes"}
    found: set[str] = set()
    for glob in globs or [contract.call.name]:
        named = {name for name in known if fnmatchcase(name, glob)}
        if not named:
            raise values.wrong("calls", f"no call is named {glob!r}{meant(glob, known)}", ", ".join(known))
        if glob in changing:
            allowed = ", ".join(name for name in known if name not in changing)
            raise values.wrong("calls", f"{glob} changes something, so it is not sent", allowed)
        found |= named - changing
    return tuple(sorted(found, key=lambda name: _rank(known[name])))


def _rank(call: ServiceCall) -> tuple[bool, bool, str]:
    return call.row.effect != "read", call.row.edition != PAGE, call.name


def left_out(globs: object, calls: tuple[str, ...], contract: Contract) -> tuple[str, ...]:
    """The calls that a configuration names and that are not among those to be judged."""
    named = [glob for glob in globs if isinstance(glob, str)] if isinstance(globs, list) else []
    known = [n for n, call in contract.calls.items() if call.row.effect != "changes"]
    wanted = [n for n in known if any(fnmatchcase(n, glob) for glob in named or [contract.call.name])]
    return tuple(name for name in wanted if name not in calls)


def filled(
    values: Values, said: dict[str, str], calls: tuple[str, ...], contract: Contract
) -> dict[str, str]:
    """What the parameters of the calls say, by name; secret ones as placeholders. Raises ConfigError."""
    known = {p.name: p for call in contract.calls.values() for p in call.parameters}
    for name in said:
        if name not in known:
            allowed = ", ".join(known) or "none, as no call has parameters"
            raise values.wrong("values", f"no call has a parameter {name}{meant(name, known)}", allowed)
    for parameter in (p for name in calls for p in contract.calls[name].parameters):
        if parameter.required and parameter.source == "target" and not said.get(parameter.name):
            what = f"{parameter.name} is missing: only you know one that the endpoint accepts"
            raise values.wrong("values", what, f'a line {parameter.name} = "..." in that table')
    return {name: _value(values, known[name], text) for name, text in said.items()}


def _value(values: Values, parameter: Parameter, text: str) -> str:
    key = f"values.{parameter.name}"
    found = values.filled(text, key)
    if _NOT_XML.search(found):
        raise values.wrong(key, "it has characters that XML does not have", "printable text")
    if parameter.values and found not in parameter.values:
        raise values.wrong(key, f"{found!r} is none of its values", ", ".join(parameter.values))
    if parameter.secret or any(is_secret_name(name) for name in VARIABLE.findall(text)):
        shell = values.secrets.variable(parameter.name)
        return values.secrets.hide(found, f"[{parameter.name}]", place=key, shell=shell)
    return found
