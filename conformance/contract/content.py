"""Content models: which children an element may have, and whether the children it has are such.

XML Schema lets no content model be ambiguous (unique particle attribution), so a regular expression over the names
that never goes back says in one pass what the model says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from conformance.contract.components import Child

_OTHER = "\0"


def children(group: Any) -> tuple[Child, ...]:
    """The children that a group of xmlschema allows, each name once, with the bounds that hold for it alone."""
    found: dict[str, Child] = {}
    for name, least, most in _children(group) if group is not None else ():
        before = found.get(name, Child(name, 0, 0))
        total = None if before.most is None or most is None else before.most + most
        found[name] = Child(name, before.least + least, total)
    return tuple(found.values())


def _children(group: Any) -> Iterator[Child]:
    least, most = group.min_occurs, group.max_occurs
    if group.model == "choice" and len(group) > 1:
        least = 0
    for particle in group:
        inner = _children(particle) if hasattr(particle, "model") else (_child(particle),)
        for name, fewest, highest in inner:
            if name:
                total = None if most is None or highest is None else most * highest
                yield Child(name, least * fewest, total)


def _child(particle: Any) -> Child:
    return Child(particle.local_name or "", particle.min_occurs, particle.max_occurs)


def fitting(group: Any) -> Callable[[list[str]], bool]:
    """Whether the names of an element's children, in their order, are as a group of xmlschema says."""
    if group is None:
        return lambda names: not names
    bounds = children(group)
    letters = {child.name: chr(0xE000 + number) for number, child in enumerate(bounds)}
    if group.model == "all":
        return lambda names: _fits_all(names, bounds, optional=group.min_occurs == 0)
    pattern = re.compile(_expression(group, letters), re.DOTALL)
    return lambda names: bool(pattern.fullmatch("".join(letters.get(name, _OTHER) for name in names)))


def _fits_all(names: list[str], bounds: tuple[Child, ...], *, optional: bool) -> bool:
    counts = Counter(names)
    within = all(c.least <= counts[c.name] and (c.most is None or counts[c.name] <= c.most) for c in bounds)
    return (optional and not names) or (within and set(names) <= {c.name for c in bounds})


def _expression(particle: Any, letters: dict[str, str]) -> str:
    if hasattr(particle, "model"):
        parts = [_expression(part, letters) for part in particle]
        inside = "|".join(parts) if particle.model == "choice" else "".join(parts)
    else:
        inside = letters[particle.local_name] if particle.local_name else f"[{_OTHER}]"
    most = "" if particle.max_occurs is None else particle.max_occurs
    return f"(?:{inside}){{{particle.min_occurs},{most}}}+"
