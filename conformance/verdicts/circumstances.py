"""Under which settings a run was judged, as its report says them: whatever else a verdict depends on."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from conformance.contract.model import Contract
from conformance.evidence.exchange import Evidence
from conformance.target.described import restored
from conformance.target.target import State, Target
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import SettingsNote
from conformance.verdicts.waivers import digest

# Requests that are made because of an answer: how many there are says nothing of how much was looked at.
_BECAUSE = re.compile(r"reduced-.*|documented-beside-.*|.*-again|.*-address-[0-9]+")


def settings_of(evidence: Evidence, contract: Contract, terms: Terms) -> SettingsNote:
    """The settings of a run, by its recording and its terms."""
    editions = {contract.calls[name].row.edition for name in evidence.calls if name in contract.calls}
    target = _target(evidence)
    known: dict[str, Any] = {}
    if target is not None:
        known = {
            "http_endpoint": target.secrets.shown(target.http_endpoint),
            "proxy": target.secrets.shown(target.proxy),
            "states": {code: _ways(target, state) for code, state in sorted(target.states.items())},
            "hostile": target.allow_hostile_requests,
        }
    return SettingsNote(
        catalogue=contract.catalogue,
        editions=tuple(sorted(editions)),
        clock_tolerance=evidence.clock_tolerance,
        answer_budget=evidence.answer_budget,
        error_elements=evidence.error_elements,
        requests=len({e.probe for e in evidence.exchanges if not _BECAUSE.fullmatch(e.probe)}),
        waivers=digest(terms.waivers),
        replayed=evidence.replayed,
        **known,
    )


def other_contract(evidence: Evidence, contract: Contract) -> list[str]:
    """What is said where a recording was made by another contract, or other requirements, than it is judged by."""
    if evidence.contract not in {"", contract.name}:
        return [f"recorded for the contract {evidence.contract}, judged by {contract.name}"]
    if evidence.catalogue not in {"", contract.catalogue}:
        return ["recorded for other requirements than it is judged by: what these look at may not have been sent"]
    return []


def _target(evidence: Evidence) -> Target | None:
    """The target as the recording describes it; None where it does not, or not so that anybody could read it."""
    if evidence.described is None:
        return None
    try:
        return restored(evidence.described)
    except (msgspec.ValidationError, ValueError):
        return None


def _ways(target: Target, state: State) -> str:
    """How a state is reached, in words."""
    ways = [f"the endpoint {state.endpoint}"] if state.endpoint else []
    ways += [f"the header {name}: {value}" for name, value in state.headers]
    ways += [f"a {what}" for what in ("proxy", "source_address") if getattr(state, what)]
    ways += [f"a {what} command" for what in ("setup", "teardown") if getattr(state, what)]
    return target.secrets.shown(", ".join(ways).replace("source_address", "source address"))
