"""`run` and `replay`: from options to evidence, from evidence to verdicts, from verdicts to reports."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import conformance
from conformance import plans, plugin
from conformance.configuration import ConfigError
from conformance.contract import Contract, documented
from conformance.evidence import EvidenceError, from_har
from conformance.exchange import Evidence
from conformance.outcome import Terms, selected
from conformance.plugin import Suite
from conformance.preflight import diagnosis
from conformance.reporting.folder import reports_folder
from conformance.secrets import Secrets
from conformance.stopping import stop_like_interrupt
from conformance.subject import subject, terms
from conformance.target import Target
from conformance.verdicts import ExitCode, Report


@dataclass(frozen=True)
class Session:
    """What one run needs beside the evidence."""

    contract: Contract
    terms: Terms
    binding: str
    secrets: Secrets = field(default_factory=Secrets)


def run(options: argparse.Namespace) -> int:
    """Judge one target, write the reports, print the summary; returns the exit code."""
    contract = documented()
    wanted = terms(options, contract)
    stop_like_interrupt()
    with contextlib.ExitStack() as stack:
        judged = subject(options, contract, stack)
        if options.list:
            from conformance.listing import listing  # noqa: PLC0415

            print(listing(contract, judged, wanted, int(options.seed)), end="")
            return ExitCode.CONFORMING if selected(contract, wanted) else ExitCode.NOTHING_SELECTED
        folder = reports_folder(options.reports)
        session = Session(contract, wanted, judged.binding, judged.secrets)
        return _judge(session, lambda groups: send(contract, judged, groups, options), folder, options)


def replay(options: argparse.Namespace) -> int:
    """Judge a recording again; the same verdicts as the run that recorded it."""
    contract = documented()
    wanted = terms(options, contract)
    try:
        evidence = from_har(options.evidence.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {options.evidence}: {error.strerror}") from None
    except EvidenceError as error:
        raise ConfigError(f"{options.evidence}: {error}") from None
    accept = tuple(dict.fromkeys((*evidence.accept, *options.accept)))
    _check_accept(accept, contract)
    evidence = replace(evidence, accept=accept)
    return _judge(
        Session(contract, wanted, evidence.binding),
        lambda _: evidence,
        reports_folder(options.reports),
        options,
    )


def _check_accept(names: tuple[str, ...], contract: Contract) -> None:
    allowed = [i.id for i in contract.interpretations.values() if i.acceptable]
    for name in names:
        if name not in allowed:
            raise ConfigError(
                f"--accept: {name} is no interpretation that can be accepted; allowed: {', '.join(allowed)}"
            )


# What is sent


def send(contract: Contract, judged: Target, groups: frozenset[str], options: argparse.Namespace) -> Evidence:
    """Send what the selected checks look at, and keep what comes back."""
    from conformance.pace import Limits  # noqa: PLC0415
    from conformance.wire import Wire, evidence_of  # noqa: PLC0415

    limits = Limits(
        concurrency=int(options.concurrency or judged.concurrency),
        max_requests=int(options.max_requests),
        rate=options.rate,
    )
    plan = plans.plan(contract, judged, groups, int(options.seed))
    started = time.time()
    wire = Wire(judged, limits, int(options.seed), progress=_progress(options))
    recording = wire.run(plan)
    evidence = evidence_of(judged, recording, seed=int(options.seed), started=started)
    said = diagnosis(evidence)
    return replace(evidence, notes=(*evidence.notes, said)) if said else evidence


def _progress(options: argparse.Namespace) -> Callable[[int, int], None]:
    """A line that counts exchanges, on a terminal only."""
    if options.quiet or not sys.stderr.isatty():
        return lambda _done, _of: None

    def line(done: int, of: int) -> None:
        end = "\r" if done < of else "\r\x1b[K"
        print(f"\r{done} of about {of} requests sent", end=end, file=sys.stderr, flush=True)

    return line


# How it is judged and reported


def _judge(
    session: Session, obtain: Callable[[frozenset[str]], Evidence], folder: Path, options: argparse.Namespace
) -> int:
    from conformance.reporting.publish import publish  # noqa: PLC0415

    suite = Suite(session.contract, session.terms, session.binding, obtain)
    with _scratch() as scratch:
        unwritten = ""
        try:
            code, said = _pytest(suite, scratch)
        except OSError as error:  # a reporter of pytest's has no room: what it left is half of a file
            unwritten = f"cannot write into {scratch.parent}: {error.strerror or error}"
            code, said = ExitCode.INTERNAL_ERROR, f"INTERNALERROR> {unwritten}"
        if suite.report is None:
            return _nothing_judged(session, code, said)
        return publish(
            suite.report, suite.evidence, scratch, folder, session.secrets, options, unwritten=unwritten
        )


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for what pytest's own reporters write."""
    try:
        made = tempfile.TemporaryDirectory(prefix="connect-conformance-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ConfigError(
            f"no folder for temporary files: {error.strerror}; allowed: TMPDIR=DIR, a folder that can be written"
        ) from None
    with made as folder:
        yield Path(folder)


def _nothing_judged(session: Session, code: int, said: str) -> int:
    if code == ExitCode.NOTHING_SELECTED:
        print(
            "connect-conformance: nothing selected: --select and --deselect leave no requirement",
            file=sys.stderr,
        )
        return code
    if code == ExitCode.INTERRUPTED:
        print("connect-conformance: interrupted before anything was judged", file=sys.stderr)
        return code
    told = [
        line.removeprefix("INTERNALERROR> ")
        for line in said.splitlines()
        if line.startswith("INTERNALERROR>")
    ]
    last = told[-1] if told else f"pytest ended with {code}"
    print(f"connect-conformance: internal error: {session.secrets.redact(last)}", file=sys.stderr)
    return ExitCode.INTERNAL_ERROR


def _pytest(suite: Suite, scratch: Path) -> tuple[int, str]:
    """Run the checks under pytest, out of reach of any configuration that lies around."""
    package = Path(conformance.__file__).parent
    arguments = [
        str(package / "checks"),
        *("-c", str(package / "checks.ini")),
        *("--rootdir", str(package.parent)),
        *("--confcutdir", str(package)),
        "--noconftest",
        "--import-mode=importlib",
        "--assert=plain",
        *("-p", "no:cacheprovider"),
        *("-p", "no:unraisableexception"),
        *("-p", "no:threadexception"),
        *("-p", "pytest_html.plugin"),
        *("-p", "pytest_metadata.plugin"),
        f"--html={scratch / 'report.html'}",
        "--self-contained-html",
        f"--junitxml={scratch / 'junit.xml'}",
        *("-o", "junit_family=xunit2"),
    ]
    said = io.StringIO()
    with _sheltered(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main(arguments, plugins=[plugin, suite, *_reporters(suite)])
    return int(code), said.getvalue()


def _reporters(suite: Suite) -> list[object]:
    from conformance.reporting.html import HtmlReport  # noqa: PLC0415
    from conformance.reporting.junit import JunitReport  # noqa: PLC0415

    def source() -> tuple[Report, Evidence] | None:
        return (suite.report, suite.evidence) if suite.report else None

    return [HtmlReport(source), JunitReport(source)]


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
