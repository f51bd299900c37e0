"""`run` and `replay`: from options to evidence, from evidence to verdicts, from verdicts to reports."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

import conformance
from conformance import plugin, probes
from conformance.contract import Contract, documented
from conformance.evidence import EvidenceError, from_har
from conformance.exchange import Evidence
from conformance.outcome import Terms, selected
from conformance.plugin import Suite
from conformance.secrets import Secrets
from conformance.target import (
    ConfigError,
    StateConfig,
    Target,
    TargetConfig,
    find_config,
    read_config,
    target,
)
from conformance.verdicts import ExitCode, Report
from conformance.waivers import read_waivers

HINT = (
    "nothing to judge: give --endpoint URL or --target NAME; "
    "`--endpoint reference` judges the embedded reference endpoint"
)
_STATE_HEADER = "X-Reference-State"


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
    terms = _terms(options, contract)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with contextlib.ExitStack() as stack:
        judged = subject(options, contract, stack)
        if options.list:
            from conformance.listing import listing  # noqa: PLC0415

            print(listing(contract, judged, terms), end="")
            return ExitCode.CONFORMING if selected(contract, terms) else ExitCode.NOTHING_SELECTED
        folder = _folder(options)
        session = Session(contract, terms, judged.binding, judged.secrets)
        return _judge(session, lambda groups: send(contract, judged, groups, options), folder, options)


def replay(options: argparse.Namespace) -> int:
    """Judge a recording again; the same verdicts as the run that recorded it."""
    contract = documented()
    terms = _terms(options, contract)
    try:
        evidence = from_har(options.evidence.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {options.evidence}: {error.strerror}") from None
    except EvidenceError as error:
        raise ConfigError(f"{options.evidence}: {error}") from None
    accept = tuple(dict.fromkeys((*evidence.accept, *options.accept)))
    _check_accept(accept, contract)
    evidence = replace(evidence, accept=accept)
    return _judge(Session(contract, terms, evidence.binding), lambda _: evidence, _folder(options), options)


def _check_accept(names: tuple[str, ...], contract: Contract) -> None:
    allowed = [i.id for i in contract.interpretations.values() if i.acceptable]
    for name in names:
        if name not in allowed:
            raise ConfigError(
                f"--accept: {name} is no interpretation that can be accepted; allowed: {', '.join(allowed)}"
            )


def _terms(options: argparse.Namespace, contract: Contract) -> Terms:
    terms = Terms(
        level=options.level,
        select=tuple(options.select),
        deselect=tuple(options.deselect),
        waivers=read_waivers(options.waivers, contract) if options.waivers else {},
    )
    selected(contract, terms)
    return terms


# What is judged


def subject(options: argparse.Namespace, contract: Contract, stack: contextlib.ExitStack) -> Target:
    """The target that the options name; the embedded reference endpoint runs until `stack` is closed."""
    if options.endpoint and options.target:
        raise ConfigError("--endpoint and --target exclude each other; allowed: one of them")
    if options.target:
        name, (config, base) = options.target, _configured(options)
    elif options.endpoint == "reference":
        name, (config, base) = "reference", (_reference(contract, stack), Path.cwd())
    elif options.endpoint:
        name, (config, base) = "endpoint", (TargetConfig(endpoint=options.endpoint), Path.cwd())
    else:
        raise ConfigError(HINT)
    changes = {
        key: getattr(options, key)
        for key in ("http_endpoint", "binding", "timeout", "concurrency")
        if getattr(options, key, None) is not None
    }
    if options.ca_file:
        changes["ca_file"] = str(Path.cwd() / options.ca_file)
    config = msgspec.structs.replace(config, accept=[*config.accept, *options.accept], **changes)
    return target(name, config, contract, base=base)


def _configured(options: argparse.Namespace) -> tuple[TargetConfig, Path]:
    file = options.config or find_config(Path.cwd())
    if file is None:
        raise ConfigError(
            "there is no connect-conformance.toml here or above; give --config FILE, or make one with `init`"
        )
    targets = read_config(file)
    if options.target not in targets:
        raise ConfigError(
            f"{file} has no target {options.target!r}; allowed: {', '.join(targets) or 'none is defined'}"
        )
    return targets[options.target], file.resolve().parent


def _reference(contract: Contract, stack: contextlib.ExitStack) -> TargetConfig:
    """The embedded reference endpoint, started for this run, with every state provisioned."""
    from conformance.reference import start  # noqa: PLC0415

    running = stack.enter_context(start())
    states = {
        code: StateConfig(headers={_STATE_HEADER: code})
        for code, error in contract.errors.items()
        if error.provoked == "provisioned"
    }
    return TargetConfig(
        endpoint=running.https_url,
        http_endpoint=running.http_url,
        ca_file=str(running.ca_file),
        states=states,
        allow_hostile_requests=True,
    )


def send(contract: Contract, judged: Target, groups: frozenset[str], options: argparse.Namespace) -> Evidence:
    """Send what the selected checks look at, and keep what comes back."""
    from conformance.wire import Limits, Wire, evidence_of  # noqa: PLC0415

    limits = Limits(
        concurrency=int(options.concurrency or judged.concurrency),
        max_requests=int(options.max_requests),
        rate=options.rate,
    )
    plan = probes.plan(contract, judged, groups)
    started = time.time()
    wire = Wire(judged, limits, int(options.seed), progress=_progress(options))
    recording = wire.run(plan)
    return evidence_of(judged, recording, seed=int(options.seed), started=started)


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
    with tempfile.TemporaryDirectory(prefix="connect-conformance-") as scratch:
        code, said = _pytest(suite, Path(scratch))
        if suite.report is None:
            return _nothing_judged(session, code, said)
        return publish(suite.report, suite.evidence, Path(scratch), folder, session.secrets, options)


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


def _folder(options: argparse.Namespace) -> Path:
    """The reports folder, made and tried before anything is sent."""
    folder = options.reports or Path("reports") / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"--reports: cannot write into {folder}: {error.strerror}; allowed: a folder that can be written"
        ) from None
    if options.reports is None:
        _link(folder)
    return Path(folder)


def _link(folder: Path) -> None:
    latest = folder.parent / "latest"
    with contextlib.suppress(OSError):  # a file system without links loses the comfort, not the reports
        latest.unlink(missing_ok=True)
        latest.symlink_to(folder.name, target_is_directory=True)
