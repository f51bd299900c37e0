"""summary.md: what a CI job shows on its page. Strangers' text stands in code spans only."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from conformance.reporting import escape
from conformance.reporting.cards import allowed
from conformance.reporting.glance import glance
from conformance.verdicts import findings
from conformance.verdicts.causes import causes, named
from conformance.verdicts.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.verdicts.causes import Cause
    from conformance.verdicts.verdict import Report, RequirementResult

_SHOWN = 25  # failures in full; the rest stand in the table
_MARKUP = re.compile(r"([\\`*_\[\]<>|~$&!]|(?<=[a-z]):(?=//)|(?<=www)\.)", re.IGNORECASE)
_REFERENCE = re.compile(r"(?<!\w)@|@(?=\w+[.])|#")  # behind a letter nobody is mentioned, unless it is an address
_FITS = 60_000  # characters that the comment of a merge request has room for


def summary_md(report: Report) -> str:
    """The report in GitHub Flavored Markdown."""
    told = "\n".join([*_head(report), *_causes(report), *_extensions(report)])
    last = "\n".join(_last(report))
    return "\n".join([told, *_table(report, _FITS - len(told) - len(last)), last]) + "\n"


def _prose(text: str) -> str:
    """The suite's own text, whose punctuation means nothing."""
    return _REFERENCE.sub(r"`\g<0>`", _MARKUP.sub(r"\\\1", escape.terminal(text, limit=1000)))


def _head(report: Report) -> Iterator[str]:
    target = report.target
    yield f"# {findings.standing(report).upper()}"
    yield ""
    yield f"**{_prose(findings.headline(report, whole=False))}.**"
    if findings.asks_for_the_contract(report):
        for own in report.extensions:
            yield f"**EXTENSION {_prose(findings.extended(own))}.**"
    yield ""
    for line in glance(report, causes(report)):
        text = escape.markdown(line.text) if line.quoted else _prose(line.text)
        yield f"- {line.label}: {line.lead}{text}"
    yield ""
    yield (
        f"Target {escape.markdown(target.name)} at {escape.markdown(target.endpoint)}, binding"
        f" {escape.markdown(target.binding)}, judged at level {report.level}."
    )
    if target.labels:
        yield f"Labels: {_prose(findings.labels(report))}."
    stopped = ", interrupted before the end" if report.interrupted else ""
    run = f"{findings.exchanges(report)} in {report.duration_s:.1f} s, seed {report.seed}"
    yield f"{run}, exit code {report.exit_code}{stopped}."
    for one in findings.accepted(report):
        yield f"Accepting {_prose(one.name)} ({_prose(one.use)}): {_prose(one.allows)}"
    yield ""
    yield "| Level | Pass | Fail | Inconclusive | Error | Not applicable |"
    yield "|---|--:|--:|--:|--:|--:|"
    for level, n in findings.by_level(report).items():
        yield f"| {level} | {n.pass_} | {n.fail} | {n.inconclusive} | {n.error} | {n.not_applicable} |"


def _last(report: Report) -> Iterator[str]:
    """What a reader asks for who holds one run against another."""
    suite = report.suite
    yield f"\n{_prose(suite.name)} {_prose(suite.version)}, contract {escape.markdown(suite.contract)}."
    yield f"Settings: {_prose('; '.join(': '.join(one) for one in findings.settings(report).items()))}."


def _causes(report: Report) -> Iterator[str]:
    """Everything to mend or to provide, in the one order that all outputs have."""
    found = causes(report)
    failed = [cause for cause in found if cause.verdict is not Verdict.INCONCLUSIVE and not cause.waived]
    if failed:
        yield from ("", "## What to fix", "")
    for number, cause in enumerate(failed[:_SHOWN], 1):
        yield from _failed(number, cause, report)
    if len(failed) > _SHOWN:
        yield f"- and {len(failed) - _SHOWN} more, see the table below"
    left = [cause for cause in found if cause.verdict is Verdict.INCONCLUSIVE]
    if left:
        yield from ("", "## Not judged, and what would change that", "")
    for cause in left:
        yield from _left_open(cause, report)
    waived = [one for cause in found if cause.waived for one in cause.requirements]
    if waived or report.notes:
        yield from ("", "## Also", "")
    for requirement in waived:
        if requirement.waiver:
            until, excuse = map(escape.markdown, (requirement.waiver.until, requirement.waiver.reason))
            yield f"- waived until {until}: {_prose(requirement.address)}, {excuse}"
    for note in report.notes:
        yield f"- note: {escape.markdown(note)}"


def _failed(number: int, cause: Cause, report: Report) -> Iterator[str]:
    aside = "" if cause.counts else ", does not fail this run"
    names = _prose(named(cause.requirements, report) + aside)
    yield f"{number}. {escape.markdown(cause.sentence)}: **{names}**"
    check, lead = cause.check, cause.lead
    facts = {"mend": cause.remedy}
    if check:
        facts |= {"expected": check.expected, "observed": check.observed, "where": check.where}
    if check and check.suggestion:
        facts |= {"change": "; ".join(check.suggestion.edits), "or accept": allowed(check.suggestion)}
    facts["page"] = lead.quote
    if check:
        facts["reproduce"] = check.reproduce
    for label, text in facts.items():
        if text:
            yield f"   - {label}: {escape.markdown(text, limit=2000 if label == 'reproduce' else 400)}"
    if cause.open:
        yield f"   - leaves open: {_prose(named(cause.open, report))}"


def _left_open(cause: Cause, report: Report) -> Iterator[str]:
    names = _prose(named((*cause.requirements, *cause.open), report))
    mend = f"; to change that: {escape.markdown(cause.remedy)}" if cause.remedy else ""
    yield f"- {escape.markdown(cause.sentence)}: {names}{mend}"
    if cause.lines:
        yield "  ```toml"
        for line in cause.lines:
            yield "  " + escape.terminal(line).replace("```", "'''")
        yield "  ```"


def _failure(requirement: RequirementResult) -> Iterator[str]:
    yield f"- **{_prose(requirement.address)}** ({requirement.level}) {_prose(requirement.title)}"
    check = findings.culprit(requirement)
    facts = {"reason": findings.why(requirement)}
    if check:
        facts |= {"expected": check.expected, "observed": check.observed, "where": check.where}
    facts |= {"rests on": requirement.quote or requirement.source, "mend": requirement.mend}
    if check:
        facts["reproduce"] = check.reproduce
    for label, text in facts.items():
        if text:
            yield f"  - {label}: {escape.markdown(text, limit=2000 if label == 'reproduce' else 400)}"


def _extensions(report: Report) -> Iterator[str]:
    for own in report.extensions:
        yield from ("", f"## EXTENSION {_prose(findings.extended(own))}", "")
        for one in own.requirements:
            if one.verdict is Verdict.FAIL:
                yield from _failure(one)
            else:
                why = escape.markdown(findings.why(one))
                word = one.verdict.value.replace("_", " ")
                yield f"- {word}: {_prose(one.id)} ({one.level}) {_prose(one.title)}{why and f': {why}'}"


def _table(report: Report, room: int) -> Iterator[str]:
    """Every requirement; where there is no room for all, those that were not kept, as far as there is."""
    rows = list(_rows(report.requirements))
    told = f"All {len(rows)} requirements"
    if sum(map(len, rows)) > room:
        kept = [r for r in report.requirements if r.verdict is Verdict.PASS]
        rows = list(_rows([r for r in report.requirements if r not in kept]))
        told = f"The {len(rows)} requirements that were not kept; {len(kept)} were, see report.html"
    fitting = [row for row, end in zip(rows, accumulate(map(len, rows)), strict=True) if end <= room]
    yield from ("", f"<details><summary>{told}</summary>", "")
    yield "| Requirement | Level | What must hold | Verdict |"
    yield "|---|---|---|---|"
    yield from fitting
    yield from ("", *([f"and {len(rows) - len(fitting)} more"] if len(rows) > len(fitting) else []), "</details>")


def _rows(requirements: Iterable[RequirementResult]) -> Iterator[str]:
    for r in requirements:
        verdict = r.verdict.value.replace("_", " ") + (", waived" if r.waiver else "")
        verdict += f", under {_prose(' and '.join(r.interpretations))}" if r.interpretations else ""
        if why := findings.why(r):
            verdict += f": {escape.markdown(why, limit=160, cell=True)}"
        yield f"| {_prose(r.address)} | {r.level} | {_prose(r.title)} | {verdict} |"
