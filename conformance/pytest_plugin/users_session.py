"""A user's own session of pytest, given an endpoint: target, plan and verdicts as of `connect-conformance run`."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from conformance import __version__
from conformance.checks.extension import read_extensions
from conformance.checks.judging import Judging
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.contract.purpose import Wishes
from conformance.evidence.exchange import Evidence
from conformance.evidence.from_har import from_har
from conformance.evidence.redaction import Redaction
from conformance.evidence.to_har import to_har
from conformance.pytest_plugin.plugin import Suite
from conformance.reporting import checks_page, ci
from conformance.reporting.folder import reports_folder
from conformance.reporting.publish import CHECKS, guarded, leaks_in, own, where
from conformance.reporting.terminal import summary
from conformance.reporting.write import ReportsError, write
from conformance.run import send
from conformance.sending import signals
from conformance.target.from_options import target_of
from conformance.target.options import settle
from conformance.target.secrets import Secrets
from conformance.verdicts.assemble import assemble_extension
from conformance.verdicts.completeness import Extent
from conformance.verdicts.policy import read_policy
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import ExitCode, ExtensionResult, Report
from conformance.verdicts.waivers import read_waivers


def suite(config: pytest.Config, options: argparse.Namespace) -> Suite:
    """The Suite that the options ask for. Raises pytest.UsageError."""
    contract, stack = documented(), contextlib.ExitStack()
    config.add_cleanup(stack.close)
    try:
        settle(options, "pytest", os.environ)
        terms = Terms(
            level=options.level,
            waivers=read_waivers(options.waivers, contract) if options.waivers else {},
            policy=read_policy(options.policy, contract) if options.policy else None,
        )
        judged = target_of(options, contract, stack)
        if options.reports and not hasattr(config, "workerinput") and not config.option.collectonly:
            reports_folder(options.reports)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None

    def obtain(wishes: Wishes) -> Evidence:
        with signals.obeyed():  # states are taken back, and what was recorded is judged
            return send(contract, judged, wishes, options)

    def shown(wishes: Wishes) -> Evidence:
        return Redaction(obtain(wishes)).shown

    shared = getattr(config, "workerinput", {}).get("conformance_evidence")
    once = _once(Path(shared), shown) if shared else obtain
    return _Reporting(
        contract, terms, judged.binding, judged.calls, once, reports=options.reports, secrets=judged.secrets
    )


def _once(file: Path, obtain: Callable[[Wishes], Evidence]) -> Callable[[Wishes], Evidence]:
    """Workers of xdist: the first one sends and leaves a recording, the others read it."""

    def shared(wishes: Wishes) -> Evidence:
        try:
            file.with_suffix(".lock").touch(exist_ok=False)
        except FileExistsError:
            return _read(file)
        evidence = obtain(wishes)
        aside = file.with_suffix(".part")
        aside.write_bytes(to_har(evidence, creator_version=__version__))
        aside.replace(file)
        return evidence

    return shared


def _read(file: Path) -> Evidence:
    deadline = time.monotonic() + 900
    while not file.exists():
        if time.monotonic() > deadline:
            raise pytest.UsageError("the worker that sends the requests left no recording")
        time.sleep(0.02)
    return from_har(file.read_bytes())


class _Reporting(Suite):
    """A Suite that ends with a summary on pytest's terminal, and with files where they were asked for."""

    def __init__(
        self,
        contract: Contract,
        terms: Terms,
        binding: str,
        calls: tuple[str, ...],
        obtain: Callable[[Wishes], Evidence],
        *,
        reports: Path | None,
        secrets: Secrets,
    ) -> None:
        super().__init__(contract, terms, binding, calls, obtain)
        self.reports, self.secrets = reports, secrets
        self.shared: tempfile.TemporaryDirectory[str] | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """xdist starts a worker: tell it where the recording will lie."""
        self.shared = self.shared or tempfile.TemporaryDirectory(prefix="connect-conformance-")
        node.workerinput["conformance_evidence"] = str(Path(self.shared.name) / "evidence.har")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended: it says which checks it was to run; the process that reports has collected none."""
        told = getattr(node, "workeroutput", {}).get("conformance_wanted")
        self.wanted = self.wanted if told is None else set(told)
        folders = getattr(node, "workeroutput", {}).get("conformance_extensions", ())
        self.extensions = self.extensions or read_extensions(folders, self.contract)

    def extended(self, extent: Extent) -> tuple[ExtensionResult, ...]:
        """What the extensions come to, whose checks are tests of this session."""
        shown = self.redaction.shown
        return tuple(assemble_extension(self.results, shown, one, self.terms, extent=extent) for one in self.extensions)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        recording = Path(self.shared.name) / "evidence.har" if self.shared else None
        if recording and recording.exists():
            self.judging = Judging(from_har(recording.read_bytes()), self.contract)
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["conformance_wanted"] = self.wanted and sorted(self.wanted)
            folders = [str(one.folder) for one in self.extensions]
            session.config.workeroutput["conformance_extensions"] = folders
        else:
            super().pytest_sessionfinish(session, exitstatus)

    @pytest.hookimpl(wrapper=True, trylast=True, specname="pytest_sessionfinish")
    def pytest_sessionfinish_files(self, session: pytest.Session) -> Generator[None, object, object]:
        """What is written once pytest-html has written its page."""
        result = yield
        if self.report and self.reports:
            self._write(self.report, self.reports)
        elif self.reports and not hasattr(session.config, "workerinput"):
            (self.reports / CHECKS).unlink(missing_ok=True)  # nothing was judged
        if self.trouble:
            session.exitstatus = ExitCode.INTERNAL_ERROR
        if self.shared:
            self.shared.cleanup()
        return result

    def _write(self, report: Report, folder: Path) -> None:
        files, page = own(report, self.redaction.shown), folder / CHECKS
        if page.is_file():
            files[CHECKS] = lambda: checks_page.finish(page)
        made, trouble = guarded(files, report, self.redaction)
        if self.others and self.secrets.leaks(made.get(CHECKS, b"")):  # they print what they like
            trouble.append(f"internal error: a secret was found in {CHECKS}; the file is withheld")
            del made[CHECKS]
        if CHECKS not in made:
            page.unlink(missing_ok=True)
        self.trouble += trouble
        try:
            write(folder, made)
        except ReportsError as error:
            self.trouble.append(str(error))

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.report is None:
            return
        width = min(shutil.get_terminal_size((100, 24)).columns, 120)
        said = summary(self.report, width=width, color=False, reports=None, evidence=self.redaction.shown)
        if leaks_in(self.report, self.redaction):
            said = "internal error: a secret was found in the summary, which is withheld\n"
        terminalreporter.write_sep("=", "conformance")
        terminalreporter.write(said + "".join(f"{line}\n" for line in self.trouble))
        code = ExitCode.INTERNAL_ERROR if self.trouble else self.report.exit_code
        job = ci.of_run(self.report, code, where(self.reports) if self.reports else None)
        terminalreporter.write(ci.tell(job, os.environ))
