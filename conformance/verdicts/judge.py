"""Judges one check over recorded exchanges, and everything that a run recorded by all of them."""

from __future__ import annotations

import inspect
import traceback
from collections import defaultdict
from collections.abc import Callable, Container, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from conformance.checks.catalogue import Case, Check, Judgement, check_id, checks
from conformance.checks.extension import Extension
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, NotApplicable, Unsettled
from conformance.contract.model import Contract
from conformance.contract.purpose import LEFT_OUT, REFUSED, Purpose, is_wanted
from conformance.contract.quoting import cut, quoting
from conformance.evidence.exchange import Evidence, Exchange
from conformance.verdicts.assemble import assemble, assemble_extension
from conformance.verdicts.claim import with_extensions
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import ExtensionResult, Report

_LONGEST = 1_000  # characters of a sentence; an endpoint's word in it may have a million, and the evidence has them all


def judge_evidence(
    evidence: Evidence, contract: Contract, terms: Terms, extensions: tuple[Extension, ...] = ()
) -> Report:
    """The report of what was recorded, by every check that there is."""
    judging = Judging(evidence, contract)
    results: dict[Judgement, list[CheckResult]] = defaultdict(list)
    for check in checks():
        for case in check.cases_of(contract, judging.evidence.calls):
            results[case.requirement, case.call].append(judge(check, case, judging))
    report = assemble(results, judging.redaction.shown, contract, terms)
    own = tuple(judge_extension(one, judging, terms) for one in extensions)
    return with_extensions(report, own, counted=terms.fail_on_extension)


def judge_extension(extension: Extension, judging: Judging, terms: Terms) -> ExtensionResult:
    """What an extension says of what was recorded, by all of its checks."""
    results: dict[Judgement, list[CheckResult]] = defaultdict(list)
    for check, case in extension.chosen(judging.evidence.calls):
        results[case.requirement, case.call].append(judge(check, case, judging))
    return assemble_extension(results, judging.redaction.shown, extension, terms)


def judge(check: Check, case: Case, judging: Judging) -> CheckResult:
    """Judge one case of one check. A check that saw nothing has not passed. What it quotes is redacted."""
    with quoting(judging.redaction.text):
        return _judged(check, case, judging.about(case.call))


def _judged(check: Check, case: Case, judging: Judging) -> CheckResult:
    evidence = judging.evidence
    seen = _seen(check, case, judging)
    own = tuple(e for e in seen if e.number not in judging.between)
    judging.begin()
    findings = _findings(check, case, judging, own)
    result = CheckResult(
        id=check_id(check, evidence.binding, case, judging.contract),
        title=check.title,
        verdict=Verdict.INCONCLUSIVE,
        exchanges=tuple(e.number for e in seen),
    )
    if not seen:
        return replace(result, reason=_gap(check, case, evidence) or "no exchange of this kind was recorded")
    told = result
    if own:
        told = _over_exchanges(result, own, findings) if takes_one(check) else _single(result, own, *findings)
        if told.verdict is Verdict.ERROR and check.file:  # whoever wrote it wants to know where
            error = next(f for f in findings if f is not None and _is_a_defect(f))
            told = replace(told, reason=_cut(_defect(error, check)))
    unseen = tuple(e for e in seen if e.number in judging.between)
    if unseen and (not own or (check.kinds and told.verdict is Verdict.PASS)):
        told = _left_open(result, unseen, len({e.probe for e in seen}), judging)
    elif told.verdict is Verdict.PASS and (gap := _gap(check, case, evidence, partly={e.purpose.label for e in seen})):
        told = replace(result, reason=gap)
    return replace(told, interpretations=tuple(sorted(judging.used)))


def _findings(check: Check, case: Case, judging: Judging, own: tuple[Exchange, ...]) -> list[Finding]:
    """What a check says: of each exchange, or once of all of them."""
    arguments = _arguments(check, case, judging, own)
    if takes_one(check):
        return [_outcome(check.function, arguments | {"exchange": exchange}) for exchange in own]
    return [_outcome(check.function, arguments)] if own else []


def _left_open(result: CheckResult, unseen: tuple[Exchange, ...], asked: int, judging: Judging) -> CheckResult:
    """What somebody in between has kept from being seen has not passed."""
    missing = len({e.probe for e in unseen})
    often = f"{missing} of {asked} requests: " if missing < asked else ""
    numbers = tuple(e.number for e in unseen)
    return replace(result, reason=_cut(often + judging.between[unseen[0].number].reason), exchanges=numbers)


Finding = Breach | Inconclusive | NotApplicable | BaseException | None


def _seen(check: Check, case: Case, judging: Judging) -> tuple[Exchange, ...]:
    of = judging.whole if check.everywhere else judging
    wishes, exchanges, also = check.wishes(case), of.judged, check.also
    if not check.kinds and not also:
        return exchanges
    wanted = {n for purpose, those in of.sent_for.items() if is_wanted(purpose, wishes) for n in those}
    if also:
        wanted |= judging.which(also)
    return tuple(e for e in exchanges if e.number in wanted)


def looks_at(check: Check, case: Case, exchange: Exchange, judging: Judging) -> bool:
    """Whether a check looks at an exchange, whatever was recorded in its place."""
    every = not check.kinds and not check.also
    wanted = every or is_wanted(exchange.purpose, check.wishes(case))
    return wanted or (check.also is not None and check.also(judging, exchange))


def takes_one(check: Check) -> bool:
    """Whether a check judges each answer by itself."""
    return "exchange" in _taken(check.function)


def breaks(check: Check, case: Case, judging: Judging, exchange: Exchange) -> bool:
    """Whether a check that judges each answer by itself finds this one wrong."""
    arguments = _arguments(check, case, judging, (exchange,))
    return isinstance(_outcome(check.function, arguments | {"exchange": exchange}), Breach)


def _arguments(check: Check, case: Case, judging: Judging, exchanges: tuple[Exchange, ...]) -> dict[str, Any]:
    """Of what there is to give, what a check takes; the exchange of one that takes one apart."""
    given = {"judging": judging, "evidence": judging.evidence, "exchanges": exchanges, check.parameter: case.value}
    return {name: value for name, value in given.items() if name in _taken(check.function)}


@cache
def _taken(function: Callable[..., None]) -> frozenset[str]:
    """The names of what a check takes."""
    return frozenset(inspect.signature(function).parameters)


def _gap(check: Check, case: Case, evidence: Evidence, partly: Container[str] | None = None) -> str:
    """Why something that a check looks at was not sent; `partly`: only of what was sent in part."""
    if LEFT_OUT in evidence.gaps.values() and (check.also or not check.kinds):  # it looks at more than kinds can say
        return LEFT_OUT
    missed = [label for label in evidence.gaps if partly is None or label in partly]
    for wish in check.wishes(case):
        for label in missed:
            kind, _, call = label.partition("@")  # of one call alone
            if Purpose.of(kind, call or case.call).meets(wish):
                return evidence.gaps[label]
    return ""


def _outcome(function: Callable[..., object], arguments: Mapping[str, Any]) -> Finding:
    try:
        returned = function(**arguments)
    except (Breach, Inconclusive, NotApplicable) as said:
        return said
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # noqa: BLE001  a defect, `sys.exit` or pytest's `skip` must not pass for a verdict
        return error
    if returned is None:
        return None
    return TypeError(f"it returned {type(returned).__name__}; a check returns nothing")


def _defect(error: BaseException, check: Check) -> str:
    """What went wrong in a user's own check, and the line of theirs in which it did."""
    folder = Path(check.function.__code__.co_filename).parent
    frames = traceback.extract_tb(error.__traceback__)
    last = next((f for f in reversed(frames) if Path(f.filename).is_relative_to(folder)), None)
    where = check.place
    if last:
        where = f"{folder.name}/{Path(last.filename).relative_to(folder)}, line {last.lineno}: {last.line}"
    meant = isinstance(error, AssertionError) or not isinstance(error, Exception)
    hint = "; what a check has to say is Breach, Inconclusive or NotApplicable" if meant else ""
    return f"{type(error).__name__}{_text(error)}, in {where}{hint}"


def _text(error: BaseException) -> str:
    """Its own words, in one line."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001  whatever a user's own class does
        return ""
    return f": {said}" if said else ""


def _is_a_defect(finding: Finding) -> bool:
    return finding is not None and not isinstance(finding, Breach | Inconclusive | NotApplicable)


def _single(result: CheckResult, seen: tuple[Exchange, ...], finding: Finding) -> CheckResult:
    if finding is None:
        return replace(result, verdict=Verdict.PASS)
    return _told(result, finding, getattr(finding, "exchanges", ()) or seen[:1], "")


def _over_exchanges(result: CheckResult, seen: tuple[Exchange, ...], findings: list[Finding]) -> CheckResult:
    """One verdict over all answers: one breach is a failure that says how often, silence is no pass."""
    pairs = list(zip(seen, findings, strict=True))
    errors = [(e, f) for e, f in pairs if _is_a_defect(f)]
    breaches = [(e, f) for e, f in pairs if isinstance(f, Breach)]
    judged = len(breaches) + sum(1 for f in findings if f is None)
    if errors:
        return _told(result, errors[0][1], (errors[0][0],), "")
    if breaches:
        breaches.sort(key=lambda told: _size(told[0]))
        often = f"{len(breaches)} of {judged} answers: " if len(breaches) < judged else ""
        failed = _told(result, breaches[0][1], tuple(e for e, _ in breaches), often)
        return replace(failed, reason=_cut(failed.reason + _likewise(failed.reason, often, [e for e, _ in breaches])))
    unsettled = [(e, f) for e, f in pairs if isinstance(f, Unsettled)]
    if unsettled:
        return _told(result, unsettled[0][1], tuple(e for e, _ in unsettled), "")
    if judged:
        return replace(result, verdict=Verdict.PASS, exchanges=tuple(e.number for e, found in pairs if found is None))
    # Of nothing judged: what is open weighs more than what has no subject.
    told = next((f for f in findings if isinstance(f, Inconclusive)), findings[0])
    return _told(result, told, tuple(seen), "")


def _likewise(reason: str, often: str, culprits: list[Exchange]) -> str:
    """The other requests of those that are to be refused and were not: whoever mends a reader wants them all."""
    if not reason.removeprefix(often).startswith(culprits[0].title):
        return ""
    names = dict.fromkeys(e.title.partition(": ")[2] or e.title for e in culprits if e.kind in REFUSED)
    others = list(names)[1:]
    return f"; likewise: {', '.join(others)}" if others else ""


def _size(exchange: Exchange) -> tuple[bool, int] | tuple[bool]:
    """What sorts requests that were made smaller first, the smallest of them before all; the rest keep their order."""
    if not exchange.probe.startswith("reduced-"):
        return (True,)
    return False, len(exchange.request.url) + len(exchange.request.body)


def _told(result: CheckResult, finding: Finding, culprits: tuple[Exchange, ...], often: str) -> CheckResult:
    """The result with what the check said, and the line that reproduces it."""
    numbers = tuple(e.number for e in culprits)
    curl = culprits[0].reproduce if culprits else ""
    if isinstance(finding, Breach):
        return replace(
            result,
            verdict=Verdict.FAIL,
            reason=_cut(often + finding.reason),
            expected=_cut(finding.expected),
            observed=_cut(finding.observed),
            where=_cut(finding.where),
            exchanges=numbers,
            reproduce=curl,
        )
    if isinstance(finding, Inconclusive | NotApplicable):
        word = Verdict.INCONCLUSIVE if isinstance(finding, Inconclusive) else Verdict.NOT_APPLICABLE
        return replace(result, verdict=word, reason=_cut(str(finding)), exchanges=numbers)
    place = f"{type(finding).__name__} in the suite's own check"
    return replace(result, verdict=Verdict.ERROR, reason=place, exchanges=numbers)


def _cut(text: str) -> str:
    return cut(text, _LONGEST)
