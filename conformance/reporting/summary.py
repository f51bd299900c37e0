"""summary.md: what a CI job shows on its page. Strangers' text stands in code spans only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.checks.outcome import Verdict
from conformance.reporting import inert
from conformance.verdicts import findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.verdicts.verdict import Report, RequirementResult

_SHOWN = 25  # failures in full; the rest stand in the table
_MARKUP = re.compile(r"([\\`*_\[\]<>|~$&!]|(?<=[a-z]):(?=//)|(?<=www)\.)", re.IGNORECASE)
_REFERENCE = re.compile(r"[@#]")


def summary_md(report: Report) -> str:
    """The report in GitHub Flavored Markdown."""
    return (
        "\n".join(
            [
                *_head(report),
                *_failures(report),
                *_open(report),
                *_rest(report),
                *_extensions(report),
                *_table(report),
            ]
        )
        + "\n"
    )


def _prose(text: str) -> str:
    """The suite's own text, whose punctuation means nothing."""
    return _REFERENCE.sub(r"`\g<0>`", _MARKUP.sub(r"\\\1", inert.terminal(text, limit=1000)))


def _head(report: Report) -> Iterator[str]:
    target, suite = report.target, report.suite
    yield f"# {findings.standing(report).upper()}"
    yield ""
    yield f"**{_prose(findings.headline(report))}.**"
    yield ""
    yield (
        f"Target {inert.markdown(target.name)} at {inert.markdown(target.endpoint)}, binding"
        f" {inert.markdown(target.binding)}, judged at level {report.level}."
    )
    stopped = ", interrupted before the end" if report.interrupted else ""
    run = f"{findings.exchanges(report)} in {report.duration_s:.1f} s, seed {report.seed}"
    yield f"{run}, exit code {report.exit_code}{stopped}."
    yield f"{_prose(suite.name)} {_prose(suite.version)}, contract {inert.markdown(suite.contract)}."
    for one in findings.accepted(report):
        yield f"Accepting {_prose(one.name)} ({_prose(one.use)}): {_prose(one.allows)}"
    yield ""
    yield "| Level | Pass | Fail | Inconclusive | Error | Not applicable |"
    yield "|---|--:|--:|--:|--:|--:|"
    for level, n in findings.by_level(report).items():
        yield f"| {level} | {n.pass_} | {n.fail} | {n.inconclusive} | {n.error} | {n.not_applicable} |"


def _failures(report: Report) -> Iterator[str]:
    for heading, found in (
        ("Could not be judged: an error of the suite or the transport", findings.broken(report)),
        ("Failed", findings.failures(report)),
        ("Failed below the chosen level: does not fail this run", findings.tolerated(report)),
    ):
        if found:
            yield from ("", f"## {heading}", "")
        for requirement in found[:_SHOWN]:
            yield from _failure(requirement)
        if len(found) > _SHOWN:
            yield f"- and {len(found) - _SHOWN} more, see the table below"


def _failure(requirement: RequirementResult) -> Iterator[str]:
    yield f"- **{_prose(requirement.address)}** ({requirement.level}) {_prose(requirement.title)}"
    check = findings.culprit(requirement)
    facts = {"reason": findings.why(requirement)}
    if check:
        facts |= {"expected": check.expected, "observed": check.observed, "where": check.where}
    facts["page"] = requirement.quote
    if check:
        facts["reproduce"] = check.reproduce
    for label, text in facts.items():
        if text:
            yield f"  - {label}: {inert.markdown(text, limit=2000 if label == 'reproduce' else 400)}"


def _open(report: Report) -> Iterator[str]:
    groups = findings.stayed_open(report)
    if groups:
        yield from ("", "## Stayed open", "")
    for group in groups:
        yield f"- {', '.join(map(_prose, group.ids))}: {inert.markdown(group.reason) or 'no reason given'}"
    states = sorted({state for group in groups for state in group.states})
    if states:
        yield from (
            "",
            "To provision a state, say how it is reached: endpoint, headers, source_address, proxy or setup.",
        )
        yield from ("", "```toml")
        for state in states:
            yield from (
                inert.terminal(line).replace("```", "'''") for line in findings.provisioning(report, state)
            )
        yield "```"


def _rest(report: Report) -> Iterator[str]:
    waived, advice = findings.waived(report), findings.advice(report)
    if waived or advice or report.notes:
        yield from ("", "## Also", "")
    for requirement in waived:
        if requirement.waiver:
            until, excuse = map(inert.markdown, (requirement.waiver.expires, requirement.waiver.reason))
            yield f"- waived until {until}: {_prose(requirement.address)}, {excuse}"
    if advice:
        yield f"- advisory findings, which do not fail this run: {', '.join(_prose(r.address) for r in advice)}"
    for note in report.notes:
        yield f"- note: {inert.markdown(note)}"


def _extensions(report: Report) -> Iterator[str]:
    for own in report.extensions:
        yield from ("", f"## EXTENSION {_prose(findings.extended(own))}", "")
        for one in own.requirements:
            if one.verdict is Verdict.FAIL:
                yield from _failure(one)
            else:
                why = inert.markdown(findings.why(one))
                word = one.verdict.value.replace("_", " ")
                yield f"- {word}: {_prose(one.id)} ({one.level}) {_prose(one.title)}{why and f': {why}'}"


def _table(report: Report) -> Iterator[str]:
    yield from ("", f"<details><summary>All {len(report.requirements)} requirements</summary>", "")
    yield "| Requirement | Level | What must hold | Verdict |"
    yield "|---|---|---|---|"
    for r in report.requirements:
        verdict = r.verdict.value.replace("_", " ") + (", waived" if r.waiver else "")
        verdict += f", under {_prose(' and '.join(r.interpretations))}" if r.interpretations else ""
        if why := findings.why(r):
            verdict += f": {inert.markdown(why, limit=160, cell=True)}"
        yield f"| {_prose(r.address)} | {r.level} | {_prose(r.title)} | {verdict} |"
    yield from ("", "</details>")
