"""Values that flow between calls: what one call listed is said in the requests of another."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.contract.purpose import Kind, parameter_of
from conformance.evidence.exchange import Exchange
from conformance.probes.parameters import with_value
from conformance.probes.probe import Probe
from conformance.probes.template import SPENT
from conformance.target.secrets import Secrets


def filled(probe: Probe, exchanges: Sequence[Exchange], secrets: Secrets) -> Probe | str:
    """The probe with a value that the other call lists, or with one that it does not; else the reason why not.

    What is good once is nobody else's business: the probe says a placeholder of it.
    """
    if probe.spends:
        given = _newest(probe.spends, exchanges)
        if not given:
            return f"it uses up what {probe.spends.partition('.')[0]} gives, and no answer to that call gave any"
        name = probe.spends.partition(".")[2]
        held = secrets.hide(given, f"[{name}]", shell=f'"${name.upper()}"', sought=False)  # noqa: S604  no process
        probe = with_value(probe, held, SPENT)
    if not probe.origin:
        return probe
    call, _, field = probe.origin.partition(".")
    name, how = parameter_of(probe.id)
    asked = [e for e in exchanges if e.kind is Kind.DOCUMENTED and e.purpose.call == call]
    if not asked:
        return f"the values of {name} are those that {call} lists, which this run does not call"
    for exchange in asked:
        envelope = exchange.answer.envelope if exchange.answer else None
        if envelope is None or not envelope.says_success or envelope.root is None:
            continue
        listed = [leaf.text for (leaf,) in envelope.items((field,)) if leaf and leaf.whole and leaf.text]
        if listed:
            other = next((text for text in reversed(listed) if text != probe.other_than), listed[-1])
            return with_value(probe, other if how == "listed" else _unlisted(listed))
    return f"the values of {name} are those that {call} lists, and no answer to that call lists any"


def _newest(origin: str, exchanges: Sequence[Exchange]) -> str:
    """What the last answer to the other call gives; "" where it gives nothing."""
    call, _, field = origin.partition(".")
    asked = [e for e in exchanges if e.kind is Kind.DOCUMENTED and e.purpose.call == call]
    answer = asked[-1].answer if asked else None
    leaf = answer.envelope.leaf(field) if answer and answer.envelope.says_success else None
    return leaf.text if leaf and leaf.whole else ""


def _unlisted(listed: list[str]) -> str:
    """A value of the same form that is none of these."""
    numbers = [int(text) for text in listed if text.isascii() and text.isdigit() and len(text) < 10]
    made = str(max(numbers) + 1) if numbers else f"{listed[-1]}_no_such"
    return made if made not in listed else f"{made}1"
