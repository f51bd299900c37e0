"""What a card of report.html shows of one cause: the page's words, the difference, the place, how to see it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.contract.load import documented
from conformance.reporting.escape import shorten
from conformance.reporting.marking import code_points, marked
from conformance.reporting.snippet import snippet
from conformance.verdicts.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.evidence.exchange import Exchange
    from conformance.verdicts.causes import Cause
    from conformance.verdicts.result import Suggestion

UNFOLDED, MOST = 20, 40  # cards that stand open; cards in all
_LONG = 300  # characters of what was seen; all of it is in the exchange


def cards(found: Sequence[Cause], exchanges: Mapping[int, Exchange], prefix: str = "") -> list[dict[str, Any]]:
    """The causes that failed or broke down, as cards. prefix: of their ids."""
    return [
        {"id": f"{prefix}{number}"} | _card(number, cause, exchanges) for number, cause in enumerate(found[:MOST], 1)
    ]


def _card(number: int, cause: Cause, exchanges: Mapping[int, Exchange]) -> dict[str, Any]:
    check, lead = cause.check, cause.lead
    seen = next((exchanges[n] for n in check.exchanges if n in exchanges), None) if check else None
    expected, observed = (check.expected, check.observed) if check else ("", "")
    pieces = marked(expected, shorten(observed, _LONG))
    answer = seen.answer if seen else None
    return {
        "number": number,
        "cause": cause,
        "word": "error" if cause.verdict is Verdict.ERROR else "fail" if cause.counts else "below",
        "folded": number > UNFOLDED or (not cause.counts and cause.level == "advisory"),
        "says": "The page says" if lead.id in documented().requirements else "It rests on",
        "quote": "" if lead.quote in lead.source else lead.quote,
        "source": lead.source,
        "expected": pieces[0],
        "observed": pieces[1],
        "points": code_points(observed),
        "where": check.where if check else "",
        "mend": cause.remedy,
        "snippet": snippet(answer, check.where, observed) if check and answer else None,
        "seen": in_short(seen) if seen else None,
        "reproduce": check.reproduce if check else "",
        "change": check.suggestion if check else None,
        "accepting": allowed(check.suggestion) if check and check.suggestion else "",
    }


def allowed(suggestion: Suggestion) -> str:
    """What the target may accept in place of a change: interpretations by id, and what accepting them allows."""
    register = documented().interpretations
    return " ".join(f"{name}: {register[name].alternative}" for name in suggestion.accept if name in register)


def in_short(exchange: Exchange) -> dict[str, Any]:
    """An exchange in a line: its number, what came of it, how long that took."""
    answer, loss = exchange.answer, exchange.loss
    outcome = f"HTTP {answer.status} {answer.reason}".strip() if answer else "no answer"
    if loss:
        outcome = f"{outcome} ({loss.kind})"
    return {"number": exchange.number, "outcome": outcome, "elapsed": f"{max(exchange.elapsed, 0) * 1000:.0f} ms"}
