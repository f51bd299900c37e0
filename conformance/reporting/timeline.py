"""Every exchange over time, as the paths of a drawing: when it began, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.contract.spelling import counted
from conformance.verdicts.history.measures import answer_times

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from conformance.evidence.exchange import Evidence, Exchange

_WIDE, _TALL, _TOP = 1000, 150, 20


@dataclass(frozen=True, slots=True)
class Timeline:
    """Two paths of points: those that bear on a failure, and the others. budget: its height, None above the drawing."""

    others: str
    telling: str
    budget: float | None
    slowest: str
    end: str
    told: str


def timeline(evidence: Evidence, telling: Collection[int]) -> Timeline | None:
    """The drawing; None where nothing was answered."""
    seen = [e for e in evidence.exchanges if e.answer]
    if not seen:
        return None
    began = min(e.started for e in seen)
    end = max(max(e.finished for e in seen) - began, 0.001)
    took = [max(e.elapsed, 0.0) for e in seen]
    top = max(*took, 0.001)

    def path(chosen: Sequence[Exchange]) -> str:
        points = {f"M{(e.started - began) / end * _WIDE:.0f} {_height(max(e.elapsed, 0.0), top):.0f}h0" for e in chosen}
        return "".join(sorted(points))

    budget = evidence.answer_budget
    middle, p95 = answer_times(evidence) or (0.0, 0.0)
    over = sum(t > budget for t in took)
    return Timeline(
        others=path([e for e in seen if e.number not in telling]),
        telling=path([e for e in seen if e.number in telling]),
        budget=round(_height(budget, top), 1) if budget <= top else None,
        slowest=_said(top),
        end=_said(end),
        told=f"{counted(len(seen), 'answer')}: median {_said(middle)}, p95 {_said(p95)}, slowest {_said(max(took))};"
        f" {over or 'none'} over the budget of {_said(budget)}; red: bears on a failure",
    )


def _height(seconds: float, top: float) -> float:
    return _TALL - seconds / top * (_TALL - _TOP)


def _said(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
