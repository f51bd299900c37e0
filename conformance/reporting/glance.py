"""What the first screen says beside the verdict: what is broken, who mends it, how it is seen again, how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from conformance.contract.load import documented
from conformance.contract.spelling import counted
from conformance.verdicts import findings
from conformance.verdicts.causes import own_causes, told_first
from conformance.verdicts.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.verdicts.causes import Cause
    from conformance.verdicts.verdict import Report

_ENDPOINT = "whoever runs the endpoint"
_RUN = "whoever configures this run"
_WAY = "whoever configures this run, or runs the endpoint"
_WHOLE = "another run that is not interrupted"
_UNNAMED = "no release named (--label release=...)"
_SUITE = "whoever maintains the suite, or the extension that broke"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the first screen. lead: what stands before the text; quoted: whether it is shown as code."""

    label: str
    text: str
    lead: str = ""
    quoted: bool = False


def glance(report: Report, found: Sequence[Cause]) -> Iterator[Line]:
    """The lines, in the order in which they are asked for."""
    whole, names = findings.asks_for_the_contract(report), [own.name for own in report.extensions]
    known = found if whole else [one for own in report.extensions for one in own_causes(own, report)]
    if first := next((cause for cause in known if cause.counts), None):
        which = f"--select {first.lead.address}" if whole else f"--extension {quote(names[0])}"
        yield from _of(first, _mender(first, report), told_first(known), _again(report, which))
    yield Line("Judged", _judged(report))
    if sure := _sure(report):
        yield Line("How sure", sure)
    if left := list(_not_looked_at(report)):
        yield Line("Not looked at", "; ".join(left))


def in_brief(report: Report, found: Sequence[Cause]) -> Iterator[tuple[str, str]]:
    """The same for a terminal, of what stands nowhere else on it: labels and texts."""
    first = next((cause for cause in found if cause.counts), None)
    if first:
        yield (
            "mended by",
            _mender(first, report) + ("; `history` says since when" if first.check else ""),
        )
    if first and first.check and first.check.reproduce:
        yield "again", _again(report, f"--select {first.lead.address}")
    unnamed = [] if report.target.labels else ["no release named (--label)"]
    left = "; ".join([*_not_looked_at(report), *unnamed])
    yield "not asked", left.replace(" not selected", "").replace(" published calls", " calls")
    if sure := _sure(report):
        yield "sure", sure


def _mender(first: Cause, report: Report) -> str:
    if report.interrupted and first.verdict is Verdict.INCONCLUSIVE:
        return _WHOLE
    return _WAY if report.obstacle and report.obstacle.startswith(first.sentence) else _who(first)


def _again(report: Report, which: str) -> str:
    return f"connect-conformance replay evidence.har --level {report.level} {which}"


def _of(first: Cause, who: str, number: str, again: str) -> Iterator[Line]:
    failed = first.verdict is Verdict.FAIL
    label = "Cause" if first.verdict is not Verdict.INCONCLUSIVE else "Not judged"
    yield Line(label, first.sentence, number, quoted=True)
    if first.remedy:
        yield Line("Mended by", first.remedy, f"{who}: ", quoted=True)
    else:
        yield Line("Mended by", who)
    check = first.check
    if failed and check and check.reproduce:
        times = len(check.exchanges)
        since = "since when: unknown, as this is one run; compare it with an earlier one"
        yield Line("Seen", f"in {counted(times, 'exchange')}; {since}")
        yield Line("See it again", again, quoted=True)


def _who(cause: Cause) -> str:
    """Whom a cause waits for."""
    if cause.verdict is Verdict.ERROR:
        return _SUITE
    if cause.verdict is Verdict.FAIL:
        return _ENDPOINT
    return _RUN if cause.remedy else _ENDPOINT


def _judged(report: Report) -> str:
    """At which level, against which contract, which release of what, on how much evidence."""
    calls = report.target.calls
    what = f"{len(calls)} calls" if len(calls) > 1 else "".join(calls)
    level = f"level {report.level} of {named_contract(report)}" if findings.asks_for_the_contract(report) else ""
    said = (level, what, findings.labels(report) or _UNNAMED)
    return f"{', '.join(filter(None, said))}, in {findings.exchanges(report)}"


def named_contract(report: Report) -> str:
    """Against what it was judged, as people name it."""
    return report.suite.contract[: report.suite.contract.find("@") + 9]


def _sure(report: Report) -> str:
    """Of how many requirements judged the suite finds all faults that are known to break them; "" of none."""
    seen = [r for r in report.requirements if r.verdict in {Verdict.PASS, Verdict.FAIL}]
    judged = {r.id: r.sensitivity for r in seen if r.sensitivity}
    whole = sum(one.killed == one.known for one in judged.values())
    text = f"finds every known fault of {whole} of {len(judged)} judged requirements; unknown ones may be missed"
    return text if judged else ""


def _not_looked_at(report: Report) -> Iterator[str]:
    """What the verdict says nothing of."""
    if not findings.asks_for_the_contract(report):
        yield "the published contract"
        return
    left_out = sum(not one.selected for one in report.requirements)
    if left_out:
        what = " not selected" if report.scope.smoke is None else ", of which a smoke run says nothing"
        yield f"{counted(left_out, 'requirement')}{what}"
    every = len(documented().calls)
    if (asked := len(report.target.calls) or 1) < every:
        yield f"{every - asked} other published calls (--call)"
