"""The end of a run: files written, nothing secret in them, a summary on the terminal, the exit code."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from conformance import __version__
from conformance.contract.given import ConfigError
from conformance.evidence.exchange import Evidence
from conformance.evidence.redaction import Redaction
from conformance.evidence.to_har import to_har
from conformance.reporting import checks_page, ci, output
from conformance.reporting.folder import REPORTS, put_away
from conformance.reporting.json import to_json
from conformance.reporting.junit import junit
from conformance.reporting.report_page import report_page
from conformance.reporting.summary import summary_md
from conformance.reporting.terminal import summary
from conformance.reporting.write import ReportsError, write
from conformance.verdicts import findings
from conformance.verdicts.verdict import ExitCode, Report

_PAGE, CHECKS = "report.html", "checks.html"


def publish(
    report: Report,
    redaction: Redaction,
    scratch: Path,
    folder: Path,
    options: argparse.Namespace,
    *,
    unwritten: str = "",
    broke: Sequence[str] = (),
) -> int:
    """Write the reports into `folder` and print the summary; returns the exit code.

    `scratch` holds what pytest's reporters wrote, unless `unwritten` says why they could not. broke: how the judging
    itself broke down, a line each.
    A file in which a secret is found is withheld, and so is the summary.
    """
    made, trouble = _files(report, redaction, scratch, unwritten)
    trouble[:0] = broke[:1]
    try:
        put_away(folder, made)  # of a run that has ended since this one began
        write(folder, made)
    except (ReportsError, ConfigError, OSError) as error:
        trouble.append(str(error))
    said = _said(report, redaction.shown, where(folder), options)
    if leaks_in(report, redaction):
        trouble.append("internal error: a secret was found in the summary, which is withheld")
        said = ""
    trouble += _appended(report, redaction, made.get("evidence.har", b""), options)
    code = ExitCode.INTERNAL_ERROR if trouble else report.exit_code
    try:
        output.say(said)
        output.command(ci.tell(ci.of_run(report, code, where(folder)), os.environ) if said else "")
    except output.OutputError as error:
        trouble.append(str(error))
    if trouble:
        output.complain("; ".join(trouble))
    return ExitCode.INTERNAL_ERROR if trouble else code


def _appended(report: Report, redaction: Redaction, recording: bytes, options: argparse.Namespace) -> Iterator[str]:
    """Append the run to the history that was asked for, if any; yields why it could not be."""
    file = getattr(options, "history", None)
    if not file or leaks_in(report, redaction):
        return
    from conformance.verdicts.history.file import append  # noqa: PLC0415  few runs keep one
    from conformance.verdicts.history.from_report import line_of  # noqa: PLC0415

    try:
        append(file, [line_of(report, redaction.shown, recording)])
    except OSError as error:
        yield f"--history: cannot write {file}: {error.strerror or error}"
    except ConfigError as error:
        yield str(error)


def _files(report: Report, redaction: Redaction, scratch: Path, unwritten: str) -> tuple[dict[str, bytes], list[str]]:
    """The files that may be written, and what became of the others."""
    files = own(report, redaction.shown)
    if not unwritten:
        files[CHECKS] = lambda: checks_page.finish(scratch / CHECKS)
    made, trouble = guarded(files, report, redaction)
    return made, [f"{CHECKS} could not be made: {unwritten}", *trouble] if unwritten else trouble


def own(report: Report, evidence: Evidence) -> dict[str, Callable[[], bytes]]:
    """The files that the suite makes without pytest's reporters."""

    @cache
    def recording() -> bytes:
        return to_har(evidence, creator_version=__version__)

    def written() -> bytes:
        return report_page(report, evidence, hashlib.sha256(recording()).hexdigest()).encode("utf-8")

    return {
        "report.json": lambda: to_json(report),
        "junit.xml": lambda: junit(report),
        "evidence.har": recording,
        _PAGE: written,
        "summary.md": lambda: summary_md(report).encode("utf-8"),
    }


def guarded(
    files: dict[str, Callable[[], bytes]], report: Report, redaction: Redaction
) -> tuple[dict[str, bytes], list[str]]:
    """The last guard: what may be written, and why the rest may not or could not be made.

    It looks at what came from outside, in the evidence and in the sentences of the report; what the suite writes
    itself is not searched.
    """
    made, trouble = {}, []
    quoted = leaks_in(report, redaction)
    shown = redaction.leaks()
    for name, make in files.items():
        if (shown and name in _OF_EVIDENCE) or (quoted and name != "evidence.har"):
            trouble.append(f"internal error: a secret was found in {name}; the file is withheld")
            continue
        try:
            made[name] = make()
        except OSError as error:
            trouble.append(f"{name} could not be made: {error.strerror or error}")
    return made, trouble


_OF_EVIDENCE = {"evidence.har", _PAGE}


def leaks_in(report: Report, redaction: Redaction) -> bool:
    """Whether a secret is left in the sentences of the report, the user's own name for the target aside."""
    return any(redaction.leaks_in(text.replace(report.target.name, "")) for text in _sentences(report))


def _sentences(report: Report) -> Iterator[str]:
    """What the report says that may quote an endpoint."""
    yield from report.notes
    for requirement in report.everything:
        yield requirement.reason
        for check in requirement.checks:
            yield "\n".join((check.reason, check.expected, check.observed, check.where))
            if check.suggestion:
                yield "\n".join((*check.suggestion.edits, check.suggestion.diff))


def where(folder: Path) -> Path | None:
    """What is there to be opened: the page, else the folder, if anything could be written."""
    if (folder / _PAGE).is_file():
        return folder / _PAGE
    return folder if any((folder / name).is_file() for name in REPORTS) else None


def _said(report: Report, evidence: Evidence, where: Path | None, options: argparse.Namespace) -> str:
    if options.quiet:
        return f"{findings.standing(report)}: {report.target.name}{f' ({where})' if where else ''}\n"
    return summary(
        report,
        width=min(shutil.get_terminal_size((100, 24)).columns, 120),
        color=output.has_colors(sys.stdout) and not options.no_color,
        links=output.has_links(sys.stdout),
        reports=where,
        evidence=evidence,
    )
