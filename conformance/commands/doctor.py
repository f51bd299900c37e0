"""`doctor`: can the target be reached, are its states, and what would a run cost? A few requests, no verdict."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from conformance.checks.catalogue import chosen_checks, wishes_of
from conformance.checks.extension import Extension
from conformance.checks.judging import Judging
from conformance.commands.extensions import extensions_of
from conformance.commands.listing import cost, effects, unsent
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.contract.purpose import PLAIN_HTTP
from conformance.contract.quoting import quoting
from conformance.contract.spelling import counted
from conformance.evidence.exchange import Evidence, Exchange
from conformance.evidence.redaction import Redaction
from conformance.probes import plan as plans
from conformance.probes.plan import Plan
from conformance.probes.preflight import in_states, other_ways, preflight
from conformance.reporting.output import say
from conformance.reporting.screen import Screen, here
from conformance.sending.connect import Dialer
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.target.from_options import target_of
from conformance.target.target import State, Target
from conformance.verdicts import diagnosis
from conformance.verdicts.diagnosis import Finding
from conformance.verdicts.findings import state_lines
from conformance.verdicts.judge import judge
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms, selected
from conformance.verdicts.verdict import ExitCode

_MARKS = {"ok": "ok", "open": "open", "problem": "PROBLEM", "unseen": "-"}
_INDENT = 22  # columns before what is said
_OF_THE_ANSWER = frozenset({"REQ", "ENV", "CBK", "TIM"})
_ROLL_UP = "ENV-02"  # which says again what the finer requirements say
_SHOWN = 3  # breaches that are told
_WILL_FAIL = "a run will fail this; `run` tells all of it"


def run(options: argparse.Namespace) -> int:
    """Print what was found, line by line; returns 0 when a run can be judged, 10 when not."""
    contract = documented()
    terms = Terms(select=tuple(options.select), deselect=tuple(options.deselect))
    with contextlib.ExitStack() as stack:
        target = target_of(options, contract, stack)
        extensions = extensions_of(options, contract)
        chosen = chosen_checks(contract, selected(contract, terms, target.calls), target.calls)
        chosen += [one for own in extensions for one in own.chosen(target.calls)]
        plan = plans.plan(contract, target, wishes_of(chosen))
        found, interrupted = look(contract, target)
    found += [Finding("extension", "ok", _extension(own, target)) for own in extensions]
    found += _effects(plan, contract, target)
    found.append(Finding("cost", "ok", cost(plan, target, len(chosen))))
    say(_page(target, found, here(color=False)))
    if interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.INCONCLUSIVE if _problems(found) else ExitCode.CONFORMING


def _extension(own: Extension, target: Target) -> str:
    """What of an extension a run judges."""
    names = dict.fromkeys(case.requirement for _, case in own.chosen(target.calls))
    return f"{own.name}: {', '.join(names) or 'nothing about the calls of this target'}"


def _effects(plan: Plan, contract: Contract, target: Target) -> Iterator[Finding]:
    """What a run will change, and what it leaves alone, with the lines that would have it sent."""
    for text in effects(plan, contract):
        yield Finding("effect", "ok", text)
    for text, lines in unsent(contract, target):
        yield Finding("effect", "ok", f"not sent: {text}", lines)


def look(contract: Contract, target: Target) -> tuple[list[Finding], bool]:
    """What the calls of the preflight show, those in each state among them, and whether they were interrupted."""
    dialer = Dialer(target)
    evidence = _sent(target, dialer, [preflight(contract, target)])
    first = diagnosis.first_call(evidence.exchanges)
    answer = first.answer if first else None
    served = answer is not None and answer.envelope.recognised and not answer.meaning.reports_error
    further: list[Plan] = []
    if served:
        further = [in_states(contract, target)] if target.states else []
    elif first and _was_connected(first):
        further = list(other_ways(contract, target))
    more = evidence if evidence.interrupted or not further else _sent(target, dialer, further)
    redaction = Redaction(evidence)
    with quoting(redaction.text):
        found = [
            *_reached(contract, target, evidence, dialer, more),
            *states(contract, target, more if served else None),
            _secrets(target),
        ]
    interrupted = evidence.interrupted or more.interrupted
    return [replace(f, text=redaction.text(f.text)) for f in found], interrupted


def _sent(target: Target, dialer: Dialer, those: list[Plan]) -> Evidence:
    """What plans bring home, one after the other."""
    parts = []
    for plan in those:
        started = time.time()
        recording = Wire(target, Limits(concurrency=1), dialer=dialer).run(plan)
        parts.append(evidence_of(target, recording, seed=0, started=started))
        if recording.interrupted:
            break
    return replace(parts[-1], exchanges=tuple(e for part in parts for e in part.exchanges))


def _was_connected(first: Exchange) -> bool:
    """Whether the server was reached, so that another way to ask it is worth a try."""
    return first.answer is not None or (first.loss is not None and first.loss.kind in {"closed", "malformed"})


def _reached(
    contract: Contract, target: Target, evidence: Evidence, dialer: Dialer, more: Evidence
) -> Iterator[Finding]:
    plain = next((e for e in reversed(evidence.exchanges) if e.purpose.state == PLAIN_HTTP), None)
    if first := diagnosis.first_call(evidence.exchanges):
        host = urlsplit(target.endpoint).hostname or ""
        proxy = target.secrets.shown(target.proxy)
        other = diagnosis.other_way(first, more.exchanges)
        *way, api = diagnosis.way_to(first, evidence, dialer.names.known(host), proxy, other)
        yield from way
        yield _as_documented(contract, evidence, api) if api.state == "ok" else api
        yield diagnosis.clock(first, target.clock_tolerance)
    yield diagnosis.plain_http(plain, evidence)


def _as_documented(contract: Contract, evidence: Evidence, api: Finding) -> Finding:
    """The finding about the answer, with what the checks of a run say of this one answer."""
    rows = [r for r in contract.requirements.values() if r.level == "must" and r.family in _OF_THE_ANSWER]
    judging, calls = Judging(evidence, contract), evidence.calls[:1]
    wanted = {(row.id, call) for row in rows for call in row.of(calls)}
    wrong = [
        (case.requirement, result.reason)
        for check, case in chosen_checks(contract, wanted, calls)
        if (result := judge(check, case, judging)).verdict is Verdict.FAIL
    ]
    if not wrong:
        return api
    wrong = [one for one in wrong if one[0] != _ROLL_UP] or wrong
    told = "; ".join(f"{name}: {reason}" for name, reason in wrong[:_SHOWN])
    rest = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return Finding(api.subject, "open", f"{api.text}, but not as documented. {told}{rest}", (_WILL_FAIL,))


def _secrets(target: Target) -> Finding:
    """Which parts of the configuration are taken for secrets; never what they are."""
    places = target.secrets.places
    if not places:
        return Finding("secrets", "ok", "none is known: no token in the path, no header or variable named like one")
    common = [place for place, sought in places.items() if not sought]
    said = f"kept out of everything written: {', '.join(places)}"
    if common:
        said += f"; too short or too usual a word to be looked for in answers: {', '.join(common)}"
    return Finding("secrets", "ok", said)


def states(contract: Contract, target: Target, tried: Evidence | None = None) -> Iterator[Finding]:
    """Code by code: how its state is reached and what came, or the lines that would say so."""
    missing = []
    for error in contract.errors.values():
        if state := target.states.get(error.code):
            yield _provisioned(f"state {error.code}", state, tried)
        elif error.provoked == "provisioned":
            missing.append(error.code)
    if missing:
        said = "not provisioned, so their requirements stay open; for each, lines of connect-conformance.toml such as:"
        yield Finding("states", "open", f"{', '.join(missing)}: {said}", state_lines(target.name, missing[0]))


def _provisioned(name: str, state: State, tried: Evidence | None) -> Finding:
    """What came when the state was tried."""
    keys = ("endpoint", "headers", "source_address", "proxy", "setup", "teardown")
    said = "provisioned by " + ", ".join(key for key in keys if getattr(state, key))
    if tried is None:
        return Finding(name, "unseen", f"{said}; not tried, as the documented request is not served")
    last = next((e for e in reversed(tried.exchanges) if e.state == state.code), None)
    return diagnosis.in_state(last, tried, state.code, said)


def _problems(found: list[Finding]) -> int:
    return sum(finding.state == "problem" for finding in found)


def _page(target: Target, found: list[Finding], screen: Screen) -> str:
    """The findings as text, which holds no secret and nothing that a terminal would act on."""
    screen.whole(f"{target.name} at {target.shown_endpoint}, binding {target.binding}")
    screen.whole("")
    for finding in found:
        _say(finding, screen)
    number = _problems(found)
    screen.whole("")
    screen.whole(f"A run cannot be judged: {counted(number, 'problem')}." if number else _verdict(found))
    return str(screen)


def _verdict(found: list[Finding]) -> str:
    some = [finding.subject for finding in found if finding.state == "open"]
    return "A run can be judged" + (f", with something to mend or left open: {', '.join(some)}." if some else ".")


def _say(finding: Finding, screen: Screen) -> None:
    screen.say(finding.text, f"{_MARKS[finding.state]:8}{finding.subject:{_INDENT - 8}}")
    for n, line in enumerate(finding.repair):
        margin = " " * _INDENT + ("   " if n else "-> ")
        if len(finding.repair) > 1:  # lines to be copied stay whole
            screen.whole(line, margin)
        else:
            screen.say(line, margin)
