"""`run` and `replay`: from options to evidence; a session judges it."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from conformance import plans
from conformance.configuration import ConfigError
from conformance.contract import Contract, documented
from conformance.evidence import EvidenceError, from_har
from conformance.exchange import Evidence
from conformance.listing import chosen_checks, groups_of, listing
from conformance.outcome import selected
from conformance.preflight import diagnosis
from conformance.reporting.folder import reports_folder
from conformance.stopping import stop_like_interrupt
from conformance.subject import subject, terms
from conformance.target import Target
from conformance.verdicts import ExitCode


def run(options: argparse.Namespace) -> int:
    """Judge one target, write the reports, print the summary; returns the exit code."""
    contract = documented()
    wanted = terms(options, contract)
    stop_like_interrupt()
    with contextlib.ExitStack() as stack:
        judged = subject(options, contract, stack)
        if options.list:
            print(listing(contract, judged, wanted, int(options.seed)), end="")
            return ExitCode.CONFORMING if selected(contract, wanted) else ExitCode.NOTHING_SELECTED
        chosen = chosen_checks(contract, wanted)
        if not chosen:
            return _nothing_selected()
        folder = reports_folder(options.reports)
        with _scratch() as scratch:
            evidence = send(contract, judged, groups_of(chosen), options)
            from conformance.session import Session  # noqa: PLC0415

            return Session(contract, wanted, judged.binding, scratch, folder, judged.secrets).judge(
                evidence, options
            )


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
    if not selected(contract, wanted):
        return _nothing_selected()
    from conformance.session import Session  # noqa: PLC0415

    folder = reports_folder(options.reports)
    with _scratch() as scratch:
        return Session(contract, wanted, evidence.binding, scratch, folder).judge(evidence, options)


def _nothing_selected() -> int:
    print(
        "connect-conformance: nothing selected: --select and --deselect leave no requirement", file=sys.stderr
    )
    return ExitCode.NOTHING_SELECTED


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
    with _meanwhile("conformance.session"):
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


@contextlib.contextmanager
def _meanwhile(module: str) -> Iterator[None]:
    """Import a module while the network is waited for: half a second that a run does not cost then."""
    thread = threading.Thread(target=importlib.import_module, args=(module,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


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
