"""Whether a recording holds what its run had to send, all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.contract.purpose import SPELLED, Kind, Purpose
from conformance.evidence.between import puts_off, shuts_out
from conformance.evidence.exchange import Evidence, Exchange
from conformance.probes.probe import Probe
from conformance.sending.policy import AFTER, Action, Came, next_action
from conformance.submissions.derived import ANY_TIME, Derived, Step
from conformance.submissions.rows import Row, Standing, row

_SETTLED = frozenset({Kind.CROWDED, Kind.STRAY, Kind.UNREACHED})  # what may become of a request, whatever it was for


def against_plan(evidence: Evidence, derived: Derived) -> Iterator[Row]:
    """What a comparison with the plan, made again, comes to."""
    steps = [(exchange, derived.step(exchange)) for exchange in evidence.exchanges]
    requests = len(derived.steps)
    yield row("settings", "the recording and its description agree", _settings(evidence, derived))
    yield row("seed", "stand-ins for secrets follow from the seed", _undrawn(derived))
    yield row("requests", f"{requests} of the plan, byte for byte", _requests(steps, derived))
    yield row("nothing left out", "every request of the plan was sent", _missing(evidence, derived))
    yield row("sent again", "only what was lost, put off or compared", _repeats(steps, derived))
    yield row("order", "as a run sends them", _order(steps))
    yield row("whole", "the run came to its end", _cut_short(evidence, derived), Standing.OPEN)


def _settings(evidence: Evidence, derived: Derived) -> Iterator[str]:
    target = derived.target
    said = {
        "target": target.name,
        "endpoint": target.shown_endpoint,
        "binding": target.binding,
        "calls": target.calls,
        "left_out": target.left_out,
        "clock_tolerance": target.clock_tolerance,
        "error_elements": target.error_elements,
        "answer_budget": target.answer_budget,
    }
    for name, value in said.items():
        if getattr(evidence, name) != value:
            yield f"{name} is {getattr(evidence, name)!r} in the recording, and {value!r} in its description"
    named = {"contract": derived.contract.name, "requirements": derived.contract.catalogue}
    for (name, value), said_so in zip(named.items(), (evidence.contract, evidence.catalogue), strict=True):
        if said_so != value:
            yield f"it was recorded for other {name} than this version has: {said_so[:80] or 'none named'}"
    if missing := [name for name in target.accept if name not in evidence.accept]:
        yield f"{missing[0]} was accepted when it was recorded, and is not in the recording"


def _undrawn(derived: Derived) -> Iterator[str]:
    for stand_in in derived.undrawn:
        yield f"the stand-in {stand_in} for a secret does not follow from the seed {derived.evidence.seed}"


def _requests(steps: list[tuple[Exchange, Step | None]], derived: Derived) -> Iterator[str]:
    for exchange, step in steps:
        if step is None:
            yield f"exchange {exchange.number} ({exchange.probe}) is not of the plan"
            continue
        probe, sent = step.probe, exchange.request
        made = derived.request(probe)
        differs = {
            "method": sent.method != made.method,
            "URL": sent.url != made.url,
            "header": sent.headers != made.headers,
            "body": sent.body != made.body,
            "request line": (sent.http_version, sent.target) != (made.http_version, made.target),
            "purpose": not _is_for(exchange, probe),
            "title": exchange.title != probe.title,
            "binding": exchange.binding != probe.binding,
            "control": exchange.control != probe.control,
            "state": exchange.state != probe.state,
            "shell line": exchange.reproduce != derived.reproduce(probe),
        }
        for what in (name for name, other in differs.items() if other):
            yield f"exchange {exchange.number} ({exchange.probe}): its {what} is not what the plan sends"


def _is_for(exchange: Exchange, probe: Probe) -> bool:
    """Whether it was recorded for what it was sent for, or for what visibly became of it."""
    if exchange.purpose == probe.purpose:
        return True
    kind = exchange.kind
    if kind not in _SETTLED or exchange.purpose != Purpose(kind, probe.purpose.call):
        return False
    if kind is Kind.STRAY:
        return exchange.reused and exchange.answer is not None and exchange.answer.surplus > 0
    lost = exchange.loss is not None and exchange.answer is None
    return lost and (kind is Kind.CROWDED or "-address-" in exchange.probe)


def _missing(evidence: Evidence, derived: Derived) -> Iterator[str]:
    sent = {exchange.probe for exchange in evidence.exchanges}
    for name, step in derived.steps.items():
        if step.owed and name not in sent and not _is_excused(step, evidence):
            yield f"{name} ({step.probe.title}) was not sent, and nothing says why"


def _is_excused(step: Step, evidence: Evidence) -> bool:
    """Whether the run says why it was not sent; then the run is not whole."""
    return bool(_why(step, evidence))


def _why(step: Step, evidence: Evidence) -> str:
    """Why it was not sent, as the run says it; after a state that could not be reached, nothing is."""
    purpose = step.probe.purpose
    state = Purpose(Kind.STATE, state=purpose.state).label if purpose.kind is Kind.AFTER else ""
    return evidence.gaps.get(purpose.label) or evidence.gaps.get(state, "")


def _repeats(steps: list[tuple[Exchange, Step | None]], derived: Derived) -> Iterator[str]:
    before: dict[str, Exchange] = {}
    for exchange, step in steps:
        first, name = before.get(exchange.probe), f"exchange {exchange.number} ({exchange.probe})"
        before[exchange.probe] = exchange
        if step is None:
            continue
        if step.probe.kind is Kind.CHECK:
            others = [e for e in derived.evidence.exchanges if e.number < exchange.number]
            if not any(e.loss or puts_off(e.answer) for e in others):
                yield f"{name} looks whether anybody is there, and no call was lost before it"
        elif first is None:
            if exchange.retried:
                yield f"{name} was sent again, and the first time is missing"
        elif not _is_due(first, exchange):
            yield f"{name} was sent again without a reason"
    served = max((e.number for e, _ in steps if e.kind is Kind.DOCUMENTED and e.answer), default=0)
    for last in before.values():
        settled = "-port-" in last.probe or (last.probe.endswith("-again") and last.number < served)
        step = derived.step(last)
        if step is None or derived.evidence.interrupted or _is_excused(step, derived.evidence):
            continue
        undone = "" if settled else _undone(last, step, before)
        yield from [f"exchange {last.number} ({last.probe}) {undone}"] if undone else ()


def _undone(last: Exchange, step: Step, before: Mapping[str, Exchange]) -> str:
    """What a run does after such a call (`sending/policy.py`), and was not done; "" where nothing was left undone."""
    if last.kind in {Kind.STRAY, Kind.CROWDED}:
        return "was not sent again, and is not judged"
    if last.kind is Kind.UNREACHED or step.probe.kind is Kind.CHECK or last.number == 1:
        return ""
    action = next_action(AFTER, Came(step.probe, last, resent=last.retried))
    if action is Action.AGAIN:
        return "got no answer, and was not sent again"
    compared = last.probe.startswith("reduced-") or f"documented-beside-{last.probe}" in before
    is_due = action is Action.COMPARE and not compared
    return "did not succeed, and was not compared with the documented request" if is_due else ""


def _is_due(first: Exchange, again: Exchange) -> bool:
    """Whether a call is sent again after what became of it (`sending/policy.py`)."""
    if not again.retried:  # other connections were in its way, as may have shown only when it was sent again
        return first.loss is not None or puts_off(first.answer) is not None
    if first.loss or first.kind is Kind.STRAY or puts_off(first.answer) or shuts_out(first.answer):
        return True
    answer = first.answer
    return first.kind in SPELLED and answer is not None and not answer.meaning.is_success


def _order(steps: list[tuple[Exchange, Step | None]]) -> Iterator[str]:
    latest: tuple[int, Exchange] | None = None
    for exchange, step in steps:
        if step is None or step.phase == ANY_TIME:
            continue
        if latest and step.phase < latest[0]:
            yield (
                f"exchange {exchange.number} ({exchange.probe}) comes after {latest[1].number}"
                f" ({latest[1].probe}), before which it is sent"
            )
        else:
            latest = step.phase, exchange


def _cut_short(evidence: Evidence, derived: Derived) -> Iterator[str]:
    if evidence.interrupted:
        yield "the run was interrupted"
    sent = {exchange.probe for exchange in evidence.exchanges if exchange.kind not in {Kind.STRAY, Kind.CROWDED}}
    for name, step in derived.steps.items():
        if step.owed and name not in sent and _is_excused(step, evidence):
            yield f"{name} was not sent: {_why(step, evidence)}"
