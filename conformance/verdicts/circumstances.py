"""Under which settings a run was judged, as its report says them: whatever else a verdict depends on."""

from __future__ import annotations

import re

from conformance.contract.model import Contract
from conformance.evidence.exchange import Evidence
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import SettingsNote
from conformance.verdicts.waivers import digest

# Requests that are made because of an answer: how many there are says nothing of how much was looked at.
_BECAUSE = re.compile(r"reduced-.*|documented-beside-.*|.*-again|.*-address-[0-9]+")


def settings_of(evidence: Evidence, contract: Contract, terms: Terms) -> SettingsNote:
    """The settings of a run, by its recording and its terms."""
    editions = {contract.calls[name].row.edition for name in evidence.calls if name in contract.calls}
    return SettingsNote(
        catalogue=contract.catalogue,
        editions=tuple(sorted(editions)),
        clock_tolerance=evidence.clock_tolerance,
        answer_budget=evidence.answer_budget,
        error_elements=evidence.error_elements,
        requests=len({e.probe for e in evidence.exchanges if not _BECAUSE.fullmatch(e.probe)}),
        waivers=digest(terms.waivers),
        replayed=evidence.replayed,
        **(evidence.described.in_words() if evidence.described else {}),
    )


def other_contract(evidence: Evidence, contract: Contract) -> list[str]:
    """What is said where a recording was made by another contract, or other requirements, than it is judged by."""
    if evidence.contract not in {"", contract.name}:
        return [f"recorded for the contract {evidence.contract}, judged by {contract.name}"]
    if evidence.catalogue not in {"", contract.catalogue}:
        return ["recorded for other requirements than it is judged by: what these look at may not have been sent"]
    return []
