"""From evidence to verdicts to reports: one pytest session over the checks, and what it leaves in the folder."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import conformance
from conformance.checks.extension import Extension
from conformance.contract.model import Contract, ServiceCall
from conformance.contract.purpose import Wishes
from conformance.contract.xsd import schema
from conformance.evidence.exchange import Evidence
from conformance.pytest_plugin import fixtures
from conformance.pytest_plugin.plugin import Suite
from conformance.reporting import pages
from conformance.reporting.checks_page import SHEET, ChecksPage
from conformance.reporting.output import complain
from conformance.reporting.publish import publish
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import ExitCode


def prepare(calls: Iterable[ServiceCall]) -> None:
    """Build the schemas of these calls and the page's templates, before there is anything to judge."""
    pages.prepare()
    for call in calls:
        for one in (schema(call.response_schema), schema(call.error_schema, call.name)):
            assert one.components


@dataclass(frozen=True)
class Session:
    """What judging needs beside the evidence. scratch: a folder for what pytest's own reporters write."""

    contract: Contract
    terms: Terms
    binding: str
    calls: tuple[str, ...]
    scratch: Path
    folder: Path
    extensions: tuple[Extension, ...] = ()

    def judge(self, obtain: Callable[[], Evidence]) -> Judged:
        """Collect the checks and judge what was recorded, once it is obtained. It may begin before there is anything
        to judge, in a thread of its own."""

        def obtained(_: Wishes) -> Evidence:
            prepare([self.contract.calls[name] for name in self.calls])
            return obtain()

        suite = Suite(self.contract, self.terms, self.binding, self.calls, obtained, extensions=self.extensions)
        try:
            code, said = _pytest(suite, self.scratch)
        except OSError as error:  # a reporter of pytest's has no room: what it left is half of a file
            unwritten = f"cannot write into {self.scratch.parent}: {error.strerror or error}"
            return Judged(suite, ExitCode.INTERNAL_ERROR, f"INTERNALERROR> {unwritten}", unwritten)
        return Judged(suite, code, said)

    def publish(self, judged: Judged, evidence: Evidence, options: argparse.Namespace) -> int:
        """Write the reports, print the summary; returns the exit code."""
        suite, code, unwritten = judged.suite, judged.code, judged.unwritten
        if suite.report is None:
            return _nothing_judged(evidence, code, suite.trouble, judged.said)
        if code == ExitCode.INTERNAL_ERROR != suite.report.exit_code and not unwritten:
            suite.trouble.append("internal error: pytest broke down after the checks")
        return publish(
            suite.report, suite.redaction, self.scratch, self.folder, options, unwritten=unwritten, broke=suite.trouble
        )


@dataclass(frozen=True)
class Judged:
    """How a session of pytest ended. code: pytest's. said: what it printed. unwritten: why its files are not whole."""

    suite: Suite
    code: int
    said: str
    unwritten: str = ""


def _nothing_judged(evidence: Evidence, code: int, trouble: list[str], said: str) -> int:
    if trouble:
        complain(trouble[0])
        return ExitCode.INTERNAL_ERROR
    if code == ExitCode.INTERRUPTED:
        complain("interrupted before anything was judged")
        return code
    told = [line.removeprefix("INTERNALERROR> ") for line in said.splitlines() if line.startswith("INTERNALERROR>")]
    last = told[-1] if told else f"pytest ended with {code}"
    complain(f"internal error: {evidence.secrets.redact(last)}")
    return ExitCode.INTERNAL_ERROR


def _pytest(suite: Suite, scratch: Path) -> tuple[int, str]:
    """Run the checks under pytest, out of reach of any configuration that lies around."""
    package = Path(conformance.__file__).parent
    arguments = [
        *("--pyargs", "conformance.checks"),  # by name: in a path, pytest takes a bracket for a parameter
        *("-c", str(package / "pytest_plugin" / "checks.ini")),
        *("--rootdir", str(package.parent)),
        *("--confcutdir", str(package)),
        "--noconftest",
        "--capture=sys",  # what Python prints: to swap file descriptors around every check takes longer
        "--import-mode=importlib",
        "--assert=plain",
        *("-p", "no:cacheprovider"),
        *("-p", "no:unraisableexception"),
        *("-p", "no:threadexception"),
        *("-p", "pytest_html.plugin"),
        *("-p", "pytest_metadata.plugin"),
        f"--html={scratch / 'checks.html'}",
        "--self-contained-html",
        f"--css={SHEET}",
    ]
    said = io.StringIO()
    with _sheltered(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(arguments, plugins=[fixtures, suite, ChecksPage(suite.beside)])
    return int(code), said.getvalue()


@contextlib.contextmanager
def _sheltered() -> Iterator[None]:
    """An environment in which no plugin and no option of somebody else's pytest takes part."""
    names = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
