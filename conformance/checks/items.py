"""The rules that a call states of its items, and the texts that they are held against."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.catalogue import Case, Cases
from conformance.checks.judging import Judging
from conformance.checks.outcome import Inconclusive
from conformance.contract.model import Contract, ServiceCall
from conformance.evidence.exchange import Exchange


def rules(kind: str) -> Cases:
    """Every rule of a kind."""

    def cases(_: Contract, call: ServiceCall) -> Iterator[Case]:
        for rule in call.rules(kind):
            yield Case(rule.requirement, rule.requirement, rule)

    return cases


def readable(exchange: Exchange, judging: Judging, field: str) -> tuple[str, ...]:
    """The readable texts of a field, or Inconclusive."""
    found = judging.texts(exchange, field)
    if not found:
        raise Inconclusive(f"there is no readable {field} in the envelope")
    return found
