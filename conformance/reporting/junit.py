"""junit.xml: a test case for each requirement and call that was judged; red exactly where the exit code is not 0.

The published contract has a suite; each extension has one with a claim of its own. A fleet has the suites of all of its
targets in one file. junitparser writes the XML, of elements and attributes that every CI server knows.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from conformance.reporting import escape
from conformance.verdicts import findings
from conformance.verdicts.causes import causes
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import ExitCode, required

if TYPE_CHECKING:
    from conformance.contract.levels import Level
    from conformance.verdicts.causes import Cause
    from conformance.verdicts.fleet import Member, Overview, Row
    from conformance.verdicts.result import CheckResult
    from conformance.verdicts.verdict import ExtensionResult, Report, RequirementResult

_NAME = 300  # characters of a test case's name
_MOST = 100_000  # test cases of a fleet; beyond, those that passed are left out
_RUN = "RUN"  # what stands for the run itself where no requirement is to blame for its exit code
_RED = (Failure, Error)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What a test case is made of. waived: why it is excused. text: each check that did not pass, in full."""

    address: str
    title: str
    level: Level
    verdict: Verdict
    reason: str = ""
    waived: str = ""
    call: str = ""
    text: str = ""


def case_properties(requirement: str, call: str, level: Level, verdict: Verdict) -> list[tuple[str, str]]:
    """What a check's or a requirement's test case says of itself."""
    of = [("call", call)] if call else []
    return [("requirement", requirement), *of, ("level", level), ("verdict", verdict.value)]


def suite_properties(report: Report) -> list[tuple[str, str]]:
    """Properties of the run."""
    return [
        ("verdict", report.verdict.value),
        ("headline", _standing(report)),
        ("exit_code", str(report.exit_code)),
        ("level", report.level),
        ("target", report.target.name),
        ("endpoint", report.target.endpoint),
        ("binding", report.target.binding),
        ("accept", " ".join(report.target.accept)),
        ("contract", report.suite.contract),
        ("suite", f"{report.suite.name} {report.suite.version}"),
        ("settings", "; ".join(f"{name}: {text}" for name, text in findings.settings(report).items())),
        *((f"label.{key}", value) for key, value in report.target.labels.items()),
    ]


def _standing(report: Report) -> str:
    return f"{findings.standing(report)}: {findings.headline(report)}"


def junit(report: Report) -> bytes:
    """The file of one run."""
    name = report.target.name
    blamed = {one.address: cause for cause in causes(report) for one in (*cause.requirements, *cause.open)}
    judged = [_of_result(one, blamed.get(one.address)) for one in report.requirements if one.selected]
    cases = [_case(name, one, report.level) for one in judged]
    theirs = [_extension(name, own) for own in report.extensions]
    if not any(_is_red(suite) for suite in theirs):  # else an extension may be to blame, by --fail-on-extension
        cases += _unexplained(name, report.exit_code, cases, findings.headline(report))
    if findings.found_nothing(report):
        cases.append(TestCase(f"{_RUN} {_standing(report)}", f"{_named(name)}.{_RUN}", 0))
    return _written([_suite(name, cases, suite_properties(report), report.started, report.duration_s), *theirs])


def union(made: Overview) -> bytes:
    """The file of a fleet: a suite for each target, whose test cases are named as in the target's own file."""
    titles = {row.id: row for row in made.requirements}
    suites = []
    quiet = (Verdict.PASS,) if sum(len(member.verdicts) for member in made.targets) > _MOST else ()
    for member in made.targets:
        judged = [one for one in _of_member(member, titles) if one.verdict not in quiet]
        cases = [_case(member.name, one, member.level) for one in judged]
        cases += _unexplained(member.name, member.exit_code, cases, member.error or member.verdict)
        properties = [("verdict", member.verdict), ("exit_code", str(member.exit_code)), ("target", member.name)]
        suites.append(_suite(member.name, cases, properties, member.started, member.duration_s))
    if made.exit_code and not any(_is_red(suite) for suite in suites):  # interrupted, or nobody to be judged
        cases = _unexplained("fleet", made.exit_code, [], f"ended with exit code {made.exit_code}")
        suites.append(_suite("fleet", cases, [], "", 0))
    return _written(suites)


def _of_result(result: RequirementResult, cause: Cause | None = None) -> _Judgement:
    blamed = [check for check in result.checks if check.verdict is result.verdict]
    shared = (f"cause: {cause.sentence}", f"to mend: {cause.remedy}" if cause.remedy else "") if cause else ()
    return _Judgement(
        result.address,
        result.title,
        result.level,
        result.verdict,
        findings.why(result) or result.title,
        f"waived until {result.waiver.until}: {result.waiver.reason}" if result.waiver else "",
        result.call,
        "\n\n".join(filter(None, ("\n".join(filter(None, shared)), *map(_told, blamed)))),
    )


def _told(check: CheckResult) -> str:
    return f"{findings.in_full(check)}\n  check: {check.id}"


def _of_member(member: Member, titles: dict[str, Row]) -> Iterable[_Judgement]:
    for address, verdict in member.verdicts.items():
        row = titles[address]
        waived = "waived" if address in member.waived else ""
        yield _Judgement(address, row.title, row.level, verdict, member.reasons.get(address, row.title), waived)


def _case(target: str, one: _Judgement, level: Level) -> TestCase:
    case = TestCase(_named(f"{one.address} {one.title}"), f"{_named(target)}.{one.address.partition('-')[0]}", 0)
    if result := _result(one, one.level in required(level), level):
        case.result = [result]
    said = case_properties(one.address.partition("@")[0], one.call, one.level, one.verdict)
    case.system_out = "\n".join(f"{name}: {escape.xml(value)}" for name, value in said)
    return case


def _result(one: _Judgement, counts: bool, level: Level) -> Failure | Error | Skipped | None:
    """What becomes of a verdict. counts: whether the level of the run requires it."""
    if one.verdict is Verdict.PASS:
        return None
    if one.verdict is Verdict.NOT_APPLICABLE:
        return _entry(Skipped, f"not applicable: {one.reason}", one)
    if one.verdict is Verdict.FAIL and one.waived:
        return _entry(Skipped, f"{one.waived}; {one.reason}", one)
    if one.verdict is Verdict.FAIL and counts:
        return _entry(Failure, one.reason, one)
    if one.verdict is Verdict.ERROR or (one.verdict is Verdict.INCONCLUSIVE and counts):
        return _entry(Error, f"not judged: {one.reason}", one)
    word = "failed" if one.verdict is Verdict.FAIL else "not judged"
    return _entry(Skipped, f"{word}, which fails no run at level {level}: {one.reason}", one)


def _entry(kind: type[Failure | Error | Skipped], message: str, one: _Judgement) -> Failure | Error | Skipped:
    entry = kind(escape.xml(message), one.level)
    entry.text = escape.xml(one.text or message)
    return entry


def _unexplained(target: str, exit_code: int, cases: list[TestCase], why: str) -> list[TestCase]:
    """The run itself as a test case, where it ended badly and no requirement says so."""
    if not exit_code or any(isinstance(result, _RED) for case in cases for result in case.result):
        return []
    case = TestCase(f"{_RUN} The run comes to a verdict that is not open.", f"{_named(target)}.{_RUN}", 0)
    word = ExitCode(exit_code).name.lower().replace("_", " ")
    case.result = [Error(escape.xml(f"exit code {exit_code}, {word}: {why}"), "run")]
    return [case]


def _extension(target: str, own: ExtensionResult) -> TestSuite:
    """An extension's suite; whatever it says fails, as the published contract's levels are not its own."""
    cases = [_case(f"{target}.{own.name}", _of_result(one), "advisory") for one in own.requirements if one.selected]
    properties = [("verdict", own.verdict.value), ("headline", findings.extended(own))]
    return _suite(own.name, cases, properties, "", 0)


def _suite(
    name: str, cases: list[TestCase], properties: list[tuple[str, str]], started: str, seconds: float
) -> TestSuite:
    suite = TestSuite(_named(name))
    for key, value in properties:
        suite.add_property(escape.xml(key), escape.xml(value))
    suite.add_testcases(cases)
    suite.time = round(seconds, 3)
    if started:
        suite.timestamp = escape.xml(started)
    return suite


def _is_red(suite: TestSuite) -> bool:
    return bool(suite.failures or suite.errors)


def _written(suites: list[TestSuite]) -> bytes:
    root = JUnitXml("connect-conformance")
    for suite in suites:
        root.append(suite)  # type: ignore[no-untyped-call]
    root.tests = sum(suite.tests for suite in suites)
    root.failures = sum(suite.failures for suite in suites)
    root.errors = sum(suite.errors for suite in suites)
    file = io.BytesIO()
    root.write(file)
    return file.getvalue()


def _named(text: str) -> str:
    """One line, of what CI servers show in lists."""
    return escape.shorten(escape.visible(text), _NAME)
