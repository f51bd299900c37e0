"""The report of a package made again from its evidence, on the terms that the report says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from conformance.contract.levels import LEVELS
from conformance.contract.purpose import Purpose, is_wanted
from conformance.evidence.exchange import Evidence
from conformance.submissions.rows import Row, Standing, row
from conformance.verdicts.claim import claim, comes_to, exit_code
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.naming import addressed
from conformance.verdicts.policy import Policy, falling_short, held_to
from conformance.verdicts.suggestions import with_suggestions
from conformance.verdicts.terms import Terms, wishes
from conformance.verdicts.verdict import Claim, ExitCode, Report
from conformance.verdicts.waivers import Waiver

if TYPE_CHECKING:
    from conformance.contract.model import Contract

# What does not follow from evidence and terms alone; `_verdict` and `_notes` look at the first three.
_APART = {"verdict", "exit_code", "notes", "policy", "extensions"}
_OF_THE_RUN = ("waivers", "replayed")  # settings that no evidence shows
_WAIVER = "the waiver of "  # of which a note may say that it was not needed


def judged_again(report: Report, evidence: Evidence, contract: Contract) -> Report:
    """What the evidence comes to on the terms of the report. Raises ValueError for terms that are none."""
    terms = _terms(report, evidence)
    made = judge_evidence(evidence, contract, terms)
    own = {name: getattr(report.settings, name) for name in _OF_THE_RUN}
    again = msgspec.structs.replace(made, settings=msgspec.structs.replace(made.settings, **own))
    said = any(check.suggestion for r in report.requirements for check in r.checks)
    return with_suggestions(again, evidence, contract) if said else again


def _terms(report: Report, evidence: Evidence) -> Terms:
    chosen = [r for r in report.requirements if r.selected]
    whole = len(chosen) == len(report.requirements) or report.scope.smoke is not None
    waived = [(r, r.waiver) for r in chosen if r.waiver]
    waivers = {
        addressed(r.id, r.call): Waiver(r.id, note.reason, date.fromisoformat(note.expires), r.call)
        for r, note in waived
    }
    return Terms(
        level=report.level,
        select=() if whole else tuple(addressed(r.id, r.call) for r in chosen),
        waivers=waivers,
        today=datetime.fromtimestamp(evidence.finished, UTC).date(),
    )


def wished(report: Report, evidence: Evidence, contract: Contract) -> Row:
    """Whether the run was to send all that is looked at for what the report judges."""
    sent = [Purpose.of(*one) for one in evidence.described.wishes] if evidence.described else []
    wanted = wishes(contract, _terms(report, evidence), evidence.calls)
    missing = sorted({one.label for one in wanted if not is_wanted(one, sent)})
    problems = [f"{name} was not to be sent, and the report judges it" for name in missing]
    return row("wishes", "the run was to send all that the report judges", problems)


def follows(report: Report, again: Report, policies: list[Policy], tolerance: float, contract: Contract) -> Row:
    """Whether the report says what its evidence comes to."""
    return row(
        "judged again",
        f"the report follows from its evidence: {again.verdict.value} at level {again.level}",
        _differences(report, again, policies, tolerance, contract),
    )


def _differences(
    report: Report, again: Report, policies: list[Policy], tolerance: float, contract: Contract
) -> Iterator[str]:
    said, made = msgspec.to_builtins(report), msgspec.to_builtins(again)
    for one, other in zip(said["requirements"], made["requirements"], strict=False):
        if one != other:
            yield f"{one['name'] or one['id']}: the report says {_told(one)}, its evidence {_told(other)}"
    for key in said:
        if key not in _APART | {"requirements"} and said[key] != made[key]:
            yield f"{key}: the report says {said[key]!r:.120}, its evidence {made[key]!r:.120}"
    if len(said["requirements"]) != len(made["requirements"]):
        yield f"it has {len(said['requirements'])} requirements, and there are {len(made['requirements'])}"
    yield from _verdict(report, again, policies, tolerance, contract)
    if any(r.waiver for r in report.requirements) and not report.settings.waivers:
        yield "it says that it was given no waivers, and has some"
    if _notes(report) != _notes(again):
        yield "its notes are not those of its evidence"


def _told(requirement: dict[str, Any]) -> str:
    return f"{requirement['verdict']}{f' ({reason:.120})' if (reason := requirement['reason']) else ''}"


def _verdict(
    report: Report, again: Report, policies: list[Policy], tolerance: float, contract: Contract
) -> Iterator[str]:
    held = again
    if report.policy is not None:
        known = [policy for policy in policies if policy.digest == report.policy.sha256]
        note = report.policy  # of somebody else's: it can only have made less of the verdict
        held = (
            held_to(known[0], again, tolerance, contract)
            if known
            else falling_short(again, note.sha256, note.shortfalls)
        )
    for name in ("verdict", "exit_code", "policy"):
        if getattr(report, name) != getattr(held, name):
            yield f"{name}: the report says {getattr(report, name)}, its evidence {getattr(held, name)}"


def _notes(report: Report) -> list[str]:
    """Those of its evidence: what is said of a policy stands beside it, and what of waivers in no evidence."""
    own = {f"policy: {line}" for line in report.policy.shortfalls} if report.policy else set()
    return [
        note for note in report.notes if note not in own and not (report.settings.waivers and note.startswith(_WAIVER))
    ]


def at_least(report: Report, policy: Policy) -> Report:
    """The same judgements, at the level of the policy where that is the stricter one."""
    if LEVELS.index(policy.level) <= LEVELS.index(report.level):
        return report
    verdict = claim(report.requirements, policy.level, interrupted=report.interrupted)
    code = exit_code(report.requirements, policy.level, interrupted=report.interrupted)
    if report.scope.smoke is not None:
        verdict, code = comes_to(verdict, code, report.scope.smoke)
    return msgspec.structs.replace(report, level=policy.level, verdict=verdict, exit_code=int(code))


def shown(report: Report, evidence: Evidence, policy: Policy | None) -> Iterator[Row]:
    """What the partner allowed himself, and what the owner has said to that."""
    allowed = [f"{name} is accepted" for name in report.target.accept]
    allowed += [
        f"{r.address} is waived until {r.waiver.until} ({r.waiver.reason:.80})" for r in report.requirements if r.waiver
    ]
    allowed += [f"the state of {code} is reached by {way}" for code, way in report.settings.states.items()]
    allowed += list(_settings(evidence))
    allowed += ["through a proxy, whose addresses these are"] if report.settings.proxy else []
    allowed += [f"{own.name}, an extension of its own, of which nothing is established" for own in report.extensions]
    allowed += [f"waivers {report.settings.waivers[:12]} were given"] if report.settings.waivers else []
    allowed += ["it was judged from a recording"] if report.settings.replayed else []
    yield from _unjudged(evidence)
    yield Row("allowances", Standing.SHOWN, "; ".join(allowed) or "nothing was accepted, waived or provisioned")
    if policy is None:
        scope = report.scope
        by = f" by a smoke run of {scope.smoke.requests} requests" if scope.smoke else ""
        part = [f"{scope.judged} of {scope.requirements} requirements were judged{by}"] if scope.narrowed else []
        yield row("scope", "the whole catalogue of its calls", part, Standing.OPEN)
        raised = evidence.clock_tolerance > Policy().clock_tolerance
        said = f"none was given; the clocks may differ by {evidence.clock_tolerance:g} s"
        yield Row("policy", Standing.OPEN if raised else Standing.SHOWN, said)
        return
    lines = report.policy.shortfalls if report.policy else ()
    yield row("policy", "kept", lines, Standing.OPEN)


def _unjudged(evidence: Evidence) -> Iterator[Row]:
    """What was lost or could not be read: others of its kind were judged, or it is open, by the partner's word."""
    said = {
        "got no answer": [e for e in evidence.exchanges if e.loss],
        "have bodies that were not read, or are withheld": [
            e for e in evidence.exchanges if e.answer and (e.answer.unread or e.answer.broken or e.answer.sha256)
        ],
    }
    told = [
        f"{len(those)} {what}, the first for {those[0].title:.80} (exchange {those[0].number})"
        for what, those in said.items()
        if those
    ]
    if told:
        yield Row("unjudged", Standing.SHOWN, f"of {len(evidence.exchanges)} requests {'; '.join(told)}")


def _settings(evidence: Evidence) -> Iterator[str]:
    """Settings of the target that say what is asked, or whom it trusts."""
    said = evidence.described.target if evidence.described else {}
    for one in said.get("headers") or ():
        yield f"each request carries the header {': '.join(map(str, one)):.80}"
    if said.get("ca_file"):
        yield "a certificate authority of its own is trusted"
    if said.get("allow_hostile_requests") is False:
        yield "no hostile request was allowed"
    if evidence.error_elements != Evidence.error_elements:
        yield f"an error is said in {' and '.join(evidence.error_elements):.80}"


def exit_of(rows: list[Row], report: Report | None) -> ExitCode:
    """0 accepted, 1 nonconforming, 10 where something cannot be established, or is not as it has to be."""
    if report is not None and report.verdict is Claim.NONCONFORMING:
        return ExitCode.NONCONFORMING
    bad = any(one.standing in {Standing.FAILED, Standing.OPEN} for one in rows)
    accepted = report is not None and report.verdict is Claim.CONFORMING and not bad
    return ExitCode.CONFORMING if accepted else ExitCode.INCONCLUSIVE
