"""The contract page, line by line, with the requirements that rest on each line."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.contract.load import documented
from conformance.verdicts.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.verdicts.verdict import RequirementResult

_WORST_FIRST = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of the page; verdict: the worst of its requirements, "" where none rests on it."""

    text: str
    requirements: tuple[RequirementResult, ...] = ()

    @property
    def verdict(self) -> str:
        judged = [r.verdict for r in self.requirements]
        return min(judged, key=_WORST_FIRST.index).value if judged else ""


def contract_text(requirements: Sequence[RequirementResult]) -> tuple[list[TextLine], list[RequirementResult]]:
    """The page, and what rests on none of its lines. Of its own call alone: other documents state the others."""
    lines, own = documented().page.splitlines(), {"", documented().call.name}
    at: defaultdict[int, list[RequirementResult]] = defaultdict(list)
    rest = []
    for requirement in (r for r in requirements if r.call in own):
        place = _place(requirement, lines)
        if place is None:
            rest.append(requirement)
        else:
            at[place].append(requirement)
    made = [TextLine(line, tuple(at[number])) for number, line in enumerate(lines)]
    return list(_without_gaps(made)), rest


def _place(requirement: RequirementResult, lines: Sequence[str]) -> int | None:
    """The line under its section that has its quote in it, or the heading where it quotes nothing."""
    row = documented().requirements.get(requirement.id)
    if row is None or not row.section:
        return None
    headings = [n for n, line in enumerate(lines) if line.lstrip("#* ").startswith(row.section)]
    begin = headings[0] if headings else 0
    if not row.quote:
        return begin
    found = [n for n, line in enumerate(lines) if row.quote in line]
    return next((n for n in found if n >= begin), found[0] if found else begin)


def _without_gaps(lines: Iterable[TextLine]) -> Iterable[TextLine]:
    """The lines without the empty ones, which the page has many of."""
    return (line for line in lines if line.text.strip() or line.requirements)
