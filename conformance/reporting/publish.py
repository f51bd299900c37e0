"""The end of a run: files written, nothing secret in them, a summary on the terminal, the exit code."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from conformance import __version__
from conformance.evidence.exchange import Evidence
from conformance.evidence.recording import to_har
from conformance.reporting import html, output
from conformance.reporting.json import to_json
from conformance.reporting.summary import summary_md
from conformance.reporting.terminal import summary
from conformance.reporting.write import ReportsError, write
from conformance.target.secrets import Secrets
from conformance.verdicts.verdict import ExitCode, Report


def publish(  # noqa: PLR0917
    report: Report,
    evidence: Evidence,
    scratch: Path,
    folder: Path,
    secrets: Secrets,
    options: argparse.Namespace,
    *,
    unwritten: str = "",
) -> int:
    """Write the reports into `folder` and print the summary; returns the exit code.

    `scratch` holds what pytest's reporters wrote, unless `unwritten` says why they could not.
    A file in which a secret is found is withheld, and so is the summary.
    """
    made, trouble = _files(report, evidence, scratch, secrets, unwritten)
    try:
        write(folder, made)
    except ReportsError as error:
        trouble.append(str(error))
    said = _said(report, folder, options)
    if secrets.leaks(said.encode("utf-8", "replace")):
        trouble.append("internal error: a secret was found in the summary, which is withheld")
        said = ""
    try:
        output.say(said)
    except output.OutputError as error:
        trouble.append(str(error))
    for line in trouble:
        output.complain(line)
    return ExitCode.INTERNAL_ERROR if trouble else report.exit_code


def _files(
    report: Report, evidence: Evidence, scratch: Path, secrets: Secrets, unwritten: str
) -> tuple[dict[str, bytes], list[str]]:
    """The files that may be written, and what became of the others."""
    written: dict[str, Callable[[], bytes]] = {
        "junit.xml": (scratch / "junit.xml").read_bytes,
        "report.html": lambda: html.finish(scratch / "report.html"),
    }
    if not unwritten:
        return guarded(own(report, evidence) | written, secrets)
    made, trouble = guarded(own(report, evidence), secrets)
    return made, [f"{' and '.join(written)} could not be made: {unwritten}", *trouble]


def own(report: Report, evidence: Evidence) -> dict[str, Callable[[], bytes]]:
    """The files that the suite makes without pytest's reporters."""
    return {
        "report.json": lambda: to_json(report),
        "evidence.har": lambda: to_har(evidence, creator_version=__version__),
        "summary.md": lambda: summary_md(report).encode("utf-8"),
    }


def guarded(files: dict[str, Callable[[], bytes]], secrets: Secrets) -> tuple[dict[str, bytes], list[str]]:
    """The last guard: what may be written, and why the rest may not or could not be made."""
    made, trouble = {}, []
    for name, make in files.items():
        try:
            data = make()
        except OSError as error:
            trouble.append(f"{name} could not be made: {error.strerror or error}")
            continue
        if secrets.leaks(data):
            trouble.append(f"internal error: a secret was found in {name}; the file is withheld")
        else:
            made[name] = data
    return made, trouble


def _said(report: Report, folder: Path, options: argparse.Namespace) -> str:
    if options.quiet:
        return f"{report.verdict.value}: {report.target.name} ({folder / 'report.html'})\n"
    color = output.is_terminal(sys.stdout) and not options.no_color and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((100, 24)).columns
    return summary(report, width=min(width, 120), color=color, reports=folder)
