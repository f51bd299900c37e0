"""Every variant that is judged: written by hand beside the reference endpoint, and derived from the schemas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, cast

from conformance.contract.load import documented
from conformance.contract.purpose import Kind
from conformance.reference.registry import VARIANTS
from conformance.selftest.mutants import Rewrite, derived
from conformance.target.settings import Binding

# What shows the derived mutants of a further call, of which there are many.
_FEW = frozenset({Kind.DOCUMENTED, Kind.BINDINGS, Kind.STATE, Kind.ACTION})
_ONCE = frozenset({Kind.DOCUMENTED})  # the same of one that is sent once


@dataclass(frozen=True, slots=True)
class Trial:
    """One variant to be judged. breaks: what must accuse it; also: what may. http_token: as in `Variant`.

    call: whose answers are different. kinds: the only requests that are needed to see it; empty: all.
    """

    id: str
    call: str
    kind: Literal["mutant", "correct"]
    title: str
    breaks: tuple[str, ...]
    also: tuple[str, ...]
    wire: bool
    binding: Binding = "query-xml"
    http_token: bool = False
    rewrite: Rewrite | None = None
    rewrite_errors: Rewrite | None = None
    kinds: frozenset[Kind] = frozenset()


def trials(only: Sequence[str] = (), calls: Sequence[str] = ()) -> list[Trial]:
    """Every variant, written by hand and derived from the schemas, whose id, and whose call, match one of the globs."""
    named = [
        Trial(v.id, v.call, v.kind, v.title, v.breaks, v.also, v.wire, cast("Binding", v.binding), v.http_token)
        for v in VARIANTS.values()
    ]
    walked = [
        Trial(
            m.id,
            m.call,
            "mutant",
            m.title,
            m.breaks,
            m.also,
            False,
            rewrite=m.rewrite,
            rewrite_errors=m.rewrite_errors,
            kinds=_kinds(m.call),
        )
        for m in derived()
    ]
    found = [t for t in (*named, *walked) if not only or any(fnmatchcase(t.id, glob) for glob in only)]
    return [t for t in found if not calls or any(fnmatchcase(t.call, glob) for glob in calls)]


def _kinds(call: str) -> frozenset[Kind]:
    """The requests that show the derived mutants of a call."""
    contract = documented()
    if call == contract.call.name:
        return frozenset()
    return _ONCE if contract.calls[call].changes else _FEW
