"""From the verdicts of checks to the one report: requirements, waivers, the claim, the exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from conformance import __version__
from conformance.checks.catalogue import Check, Judgement, judgements
from conformance.checks.extension import Extension
from conformance.contract.model import Contract, Requirement
from conformance.contract.purpose import LEFT_OUT, Kind
from conformance.contract.quoting import cut
from conformance.contract.stated import stated
from conformance.evidence.between import obstacle
from conformance.evidence.exchange import Evidence
from conformance.verdicts import smoke
from conformance.verdicts.circumstances import other_contract, settings_of
from conformance.verdicts.claim import claim, exit_code
from conformance.verdicts.completeness import Extent, completed, scope
from conformance.verdicts.diagnosis import diagnosis
from conformance.verdicts.likeness import reasons
from conformance.verdicts.naming import addressed
from conformance.verdicts.policy import held_to
from conformance.verdicts.result import CheckResult, Verdict, worst
from conformance.verdicts.sensitivity import carried, sensitivities
from conformance.verdicts.terms import Terms, selected
from conformance.verdicts.verdict import (
    Calls,
    ExtensionResult,
    Report,
    RequirementResult,
    Suite,
    TargetNote,
    WaiverNote,
    count,
)
from conformance.verdicts.waivers import Waiver, waiver_of

_WHOLE = Extent()
_LONGEST = 1_000  # characters of a sentence, which may quote an endpoint
_MOST_NAMED = 20  # exchanges named in one result


def assemble(
    results: Mapping[Judgement, Sequence[CheckResult]],
    evidence: Evidence,
    contract: Contract,
    terms: Terms,
    *,
    extent: Extent = _WHOLE,
) -> Report:
    """The report of a run: every requirement of the catalogue of its calls appears in it, for each of them."""
    found = completed(results, contract, evidence, selected(contract, terms, evidence.calls), extent)
    found = smoke.judged(found) if evidence.smoke else found
    requirements = _requirements(found, contract, evidence, terms)
    interrupted, broken = extent.interrupted or evidence.interrupted, bool(extent.trouble)
    report = Report(
        suite=Suite(name="connect-conformance", version=__version__, contract=contract.name),
        target=TargetNote(
            name=evidence.target,
            labels=evidence.labels,
            endpoint=evidence.endpoint,
            binding=evidence.binding,
            calls=evidence.calls,
            accept=evidence.accept,
        ),
        settings=settings_of(evidence, contract, terms),
        started=datetime.fromtimestamp(evidence.started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration_s=round(evidence.finished - evidence.started, 3),
        seed=evidence.seed,
        nonce=evidence.nonce,
        level=terms.level,
        exchanges=len(evidence.exchanges),
        verdict=claim(requirements, terms.level, interrupted=interrupted or broken),
        exit_code=int(exit_code(requirements, terms.level, interrupted=interrupted, broken=broken)),
        counts=count(r.verdict for r in requirements),
        calls=_calls(evidence),
        obstacle=_obstacle(evidence),
        scope=scope(requirements, extent, evidence.left_out),
        notes=(
            *_notes(evidence),
            *other_contract(evidence, contract),
            *_clock_note(evidence),
            *_waiver_notes(requirements, terms, evidence.target),
        ),
        interrupted=interrupted,
        requirements=requirements,
    )
    report = smoke.narrowed(report, evidence) if evidence.smoke else report
    return held_to(terms.policy, report, evidence.clock_tolerance, contract) if terms.policy else report


def assemble_extension(
    results: Mapping[Judgement, Sequence[CheckResult]],
    evidence: Evidence,
    extension: Extension,
    terms: Terms,
    *,
    extent: Extent = _WHOLE,
) -> ExtensionResult:
    """What an extension comes to, by the same rules. It is never narrowed or waived: its owner asked for all of it."""
    contract, terms = extension.contract, Terms(level=terms.level, today=terms.today)
    wanted = selected(contract, terms, evidence.calls, extension.checks)
    found = completed(results, contract, evidence, wanted, extent, checks=extension.checks)
    requirements = _requirements(found, contract, evidence, terms, extension.checks)
    stopped = extent.interrupted or evidence.interrupted or bool(extent.trouble)
    return ExtensionResult(
        name=extension.name,
        verdict=claim(requirements, terms.level, interrupted=stopped),
        counts=count(r.verdict for r in requirements),
        requirements=requirements,
    )


def _requirements(
    found: Mapping[Judgement, tuple[CheckResult, ...]],
    contract: Contract,
    evidence: Evidence,
    terms: Terms,
    checks: Sequence[Check] | None = None,
) -> tuple[RequirementResult, ...]:
    return tuple(
        _requirement(
            _of_call(contract.requirements[name], call, contract),
            call,
            found.get((name, call)),
            terms,
            evidence,
            further=call != contract.call.name,
        )
        for name, call in judgements(contract, evidence.calls, checks)
    )


def _calls(evidence: Evidence) -> Calls:
    """What became of the calls; a port at which nothing ever answers loses none."""
    answered = {e.request.url.partition(":")[0] for e in evidence.exchanges if e.answer}
    # The port of HTTPS owes plain HTTP no answer.
    owed = (e for e in evidence.exchanges if e.kind is not Kind.PORT)
    lost = (e.loss for e in owed if e.request.url.partition(":")[0] in answered)
    return Calls(
        sent=len(evidence.exchanges),
        lost=sum(loss is not None and loss.kind in {"closed", "timeout"} for loss in lost),
        asked_again=sum(e.retried for e in evidence.exchanges),
    )


def _obstacle(evidence: Evidence) -> str:
    """Who or what kept calls from being answered by the endpoint, with the remedy."""
    served = any(e.answer and e.answer.meaning.is_success for e in evidence.of(Kind.DOCUMENTED))
    way = "" if served else cut(diagnosis(evidence), _LONGEST)
    return (
        obstacle(evidence.exchanges)
        or way
        or ("" if (gap := evidence.gaps.get(Kind.DOCUMENTED, "")) == LEFT_OUT else gap)
    )


def _notes(evidence: Evidence) -> list[str]:
    """What was noted at the time. Recordings of earlier versions say there what stood in the way."""
    return [note for note in evidence.notes if note != diagnosis(evidence)]


def _clock_note(evidence: Evidence) -> list[str]:
    offset = evidence.clock_offset
    way = "ahead of" if offset > 0 else "behind"
    return [f"the endpoint's clock is {abs(offset):.0f} s {way} this machine's, by its Date header"] if offset else []


def _of_call(requirement: Requirement, call: str, contract: Contract) -> Requirement:
    return msgspec.structs.replace(requirement, statement=stated(requirement, call, contract))


def _requirement(
    requirement: Requirement,
    call: str,
    checks: tuple[CheckResult, ...] | None,
    terms: Terms,
    evidence: Evidence,
    *,
    further: bool,
) -> RequirementResult:
    chosen, checks = checks is not None, checks or ()
    verdict = worst(c.verdict for c in checks) if chosen else Verdict.NOT_APPLICABLE
    telling = next((c for c in checks if c.verdict is verdict), None)
    reason = (telling.reason if telling else "no check judged it") if chosen else "not selected"
    result = RequirementResult(
        id=requirement.id,
        call=call,
        name=addressed(requirement.id, call if further else ""),
        level=requirement.level,
        title=requirement.statement,
        source=requirement.source,
        quote=requirement.quote,
        mend=requirement.mend,
        verdict=verdict,
        reason=reason,
        selected=chosen,
        interpretations=tuple(sorted({name for c in checks for name in c.interpretations})),
        carried=carried(checks, evidence) if verdict is Verdict.PASS else None,
        sensitivity=sensitivities().get(requirement.id),
        checks=tuple(
            msgspec.structs.replace(c, exchanges=c.exchanges[:_MOST_NAMED]) if c.exchanges[_MOST_NAMED:] else c
            for c in checks
        ),
    )
    if verdict is not Verdict.FAIL:
        return result
    excuse = waiver_of(terms.waivers, requirement.id, call, reasons(result), target=evidence.target, today=terms.today)
    return msgspec.structs.replace(result, waiver=_noted(excuse, evidence)) if excuse else result


def _noted(waiver: Waiver, evidence: Evidence) -> WaiverNote:
    days = (waiver.expires - datetime.fromtimestamp(evidence.started, UTC).date()).days
    return WaiverNote(reason=waiver.reason, expires=waiver.expires.isoformat(), days=days)


def _waiver_notes(requirements: Sequence[RequirementResult], terms: Terms, target: str) -> list[str]:
    """Waivers that did nothing are said: an excuse nobody needs hides the next failure."""
    notes = []
    for waiver in terms.waivers.values():
        named = [r for r in requirements if waiver.is_for(target) and waiver.names(r.id, r.call)]
        if named and not waiver.holds(terms.today):
            notes.append(f"the waiver of {waiver.address} expired on {waiver.expires.isoformat()}")
        elif named and all(r.verdict is not Verdict.FAIL for r in named):
            verdicts = " and ".join(sorted({r.verdict.value for r in named}))
            notes.append(f"the waiver of {waiver.address} is not needed: the verdict is {verdicts}")
        others = [r for r in named if r.verdict is Verdict.FAIL and not r.waiver and waiver.holds(terms.today)]
        told = f"the waiver of {waiver.address} excuses another failure than this"
        notes += [f"{told}: {row.reason}" for row in others]
    return notes
