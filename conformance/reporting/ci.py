"""What a run tells GitHub Actions beside its reports: the job's summary, errors seen first, the outputs of a step.

Other CI servers are told by files (junit.xml) and by the exit code; nothing that is printed is a command to them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.reporting import escape
from conformance.reporting.output import note
from conformance.reporting.overview import markdown, sentence, told
from conformance.reporting.summary import summary_md
from conformance.verdicts import findings
from conformance.verdicts.causes import causes, named
from conformance.verdicts.fleet import Overview
from conformance.verdicts.verdict import ExitCode, Report

ASKED = "GITHUB_ACTIONS"
_ERRORS = 10  # as many of a step as GitHub shows
_SUMMARY = 1 << 20  # bytes of a step's summary that GitHub takes
_CUT = "\n\n(cut: the rest is in the report)\n"
_VERDICTS = {ExitCode.CONFORMING, ExitCode.NONCONFORMING, ExitCode.INCONCLUSIVE}


@dataclass(frozen=True, slots=True)
class Job:
    """What is told. errors: of each its title and what it says, the most important first."""

    summary: str
    errors: tuple[tuple[str, str], ...]
    verdict: str
    report: Path | None


def of_run(report: Report, exit_code: int, where: Path | None) -> Job:
    """What is told of one run. exit_code: what the command ends with; where: the page to open."""
    name = report.target.name
    errors = [
        (f"{name}: {named(cause.requirements, report, 6)}", ". ".join(filter(None, (cause.sentence, cause.remedy))))
        for cause in causes(report)
        if cause.counts and not cause.waived
    ]
    if exit_code and not errors:
        errors = [(name, f"exit code {exit_code}: {findings.headline(report)}")]
    verdict = findings.standing(report) if exit_code in _VERDICTS else _word(exit_code)
    return Job(summary_md(report), tuple(errors), verdict, where)


def of_fleet(made: Overview, where: Path | None) -> Job:
    """What is told of several targets."""
    errors = [(member.name, f"{member.verdict}: {told(member, made)}") for member in made.targets if member.exit_code]
    if made.exit_code and not errors:
        errors = [("targets", sentence(made))]
    return Job(markdown(made), tuple(errors), _word(made.exit_code), where)


def _word(exit_code: int) -> str:
    return ExitCode(exit_code).name.lower().replace("_", " ")


def tell(job: Job, environment: Mapping[str, str]) -> str:
    """Write the summary and the outputs where GitHub reads them; returns the lines to be printed. Elsewhere: nothing.

    A file that cannot be written is named on standard error, and changes no verdict.
    """
    if environment.get(ASKED) != "true":
        return ""
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        _append(Path(summary), _cut(job.summary.encode("utf-8", "backslashreplace"), Path(summary)))
    if outputs := environment.get("GITHUB_OUTPUT"):
        report = os.fsencode(job.report) if job.report else b""
        _append(Path(outputs), _output("verdict", job.verdict.encode()) + _output("report", report))
    return "".join(f"{line}\n" for line in _errors(job))


def _cut(text: bytes, file: Path) -> bytes:
    """As much of it as GitHub takes beside what the step has said before, up to the end of a line."""
    try:
        room = _SUMMARY - file.stat().st_size
    except OSError:
        room = _SUMMARY
    if len(text) <= room:
        return text
    head, _, _ = text[: max(0, room - len(_CUT))].rpartition(b"\n")
    return head + _CUT.encode() if head else b""


def _output(name: str, value: bytes) -> bytes:
    """In the form that takes any text: a delimiter that it cannot hold."""
    end = f"end_{secrets.token_hex(16)}".encode()
    return name.encode() + b"<<" + end + b"\n" + value + b"\n" + end + b"\n"


def _append(file: Path, data: bytes) -> None:
    try:
        with file.open("ab") as opened:
            opened.write(data)
    except OSError as error:
        note(f"cannot write {file}: {error.strerror or error}")


def _errors(job: Job) -> Iterator[str]:
    shown = job.errors if len(job.errors) <= _ERRORS else job.errors[: _ERRORS - 1]
    for title, text in shown:
        yield f"::error title={_property(title)}::{_data(text)}"
    if len(job.errors) > len(shown):
        yield f"::error title=and {len(job.errors) - len(shown)} more::they are in the report"


def _data(text: str) -> str:
    """The text of a command, by GitHub's own escapes; strangers' text is one line in which nothing is a command."""
    return escape.terminal(text, limit=1_000).replace("%", "%25")


def _property(text: str) -> str:
    return escape.terminal(text, limit=200).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
