"""Values that flow between calls: what one call listed is said in the requests of another."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.evidence.exchange import Exchange
from conformance.probes.parameters import with_value
from conformance.probes.probe import Probe
from conformance.probes.purpose import Kind, told


def filled(probe: Probe, exchanges: Sequence[Exchange]) -> Probe | str:
    """The probe with a value that the other call lists, or with one that it does not; else the reason why not."""
    call, _, field = probe.origin.partition(".")
    asked = [e for e in exchanges if e.kind is Kind.DOCUMENTED and e.purpose.call == call]
    if not asked:
        return f"its values are those that {call} lists, which this run does not call"
    for exchange in asked:
        envelope = exchange.answer.envelope if exchange.answer else None
        if envelope is None or not envelope.says_success or envelope.root is None:
            continue
        listed = [leaf.text for (leaf,) in envelope.items((field,)) if leaf and leaf.whole and leaf.text]
        if listed:
            value = listed[-1] if told(probe.id)[1] == "listed" else _unlisted(listed)
            return with_value(probe, value)
    return f"its values are those that {call} lists, and no answer to that call lists any"


def _unlisted(listed: list[str]) -> str:
    """A value of the same form that is none of these."""
    numbers = [int(text) for text in listed if text.isascii() and text.isdigit() and len(text) < 10]
    made = str(max(numbers) + 1) if numbers else f"{listed[-1]}_no_such"
    return made if made not in listed else f"{made}1"
