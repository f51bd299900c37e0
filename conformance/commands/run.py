"""`run` and `replay`: from options to evidence; a session judges it."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from conformance.checks.catalogue import chosen_checks, wishes_of
from conformance.commands.extensions import extensions_of
from conformance.commands.listing import listing
from conformance.contract.given import ConfigError, read_file
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.contract.spelling import meant
from conformance.evidence.exchange import Evidence
from conformance.evidence.from_har import EvidenceError, from_har
from conformance.reporting.folder import reports_folder
from conformance.reporting.output import complain, note, progress, say
from conformance.run import beside, refuse_selection, send
from conformance.sending.signals import held
from conformance.target.asked import only_allowed
from conformance.target.from_options import target_of
from conformance.verdicts.history.file import check
from conformance.verdicts.terms import selected, terms
from conformance.verdicts.verdict import ExitCode

if TYPE_CHECKING:
    from conformance.pytest_plugin.session import Judged, Session


def run(options: argparse.Namespace) -> int:
    """Judge one target, write the reports, print the summary; returns the exit code."""
    contract = documented()
    wanted = terms(options, contract)
    nonce = _answers(options, contract)
    if options.smoke:
        refuse_selection(wanted)
    with contextlib.ExitStack() as stack:
        judged = target_of(options, contract, stack)
        for glob in only_allowed(options.allow_effects or [], judged.calls, contract):
            hint = f"`--call '{glob}'`, or `calls` of the target, has it sent"
            note(f"--allow-effects {glob}: that allows it, and nothing of it is asked for; {hint}")
        extensions = extensions_of(options, contract)
        if options.list:
            say(listing(contract, judged, wanted, int(options.seed), extensions, smoke=options.smoke or 0))
            some = selected(contract, wanted, judged.calls)
            return ExitCode.CONFORMING if some else ExitCode.NOTHING_SELECTED
        asked = selected(contract, wanted, judged.calls)
        chosen = chosen_checks(contract, asked, judged.calls)
        if not chosen:
            return _nothing_selected()
        wishes = wishes_of([*chosen, *(one for own in extensions for one in own.chosen(judged.calls))])
        if options.history:
            check(options.history)
        folder = reports_folder(options.reports)
        with held(), _scratch() as scratch:

            def judged_from(recorded: Callable[[], Evidence]) -> tuple[Session, Judged]:
                from conformance.pytest_plugin.session import Session  # noqa: PLC0415  half a second, beside sending

                session = Session(contract, wanted, judged.binding, judged.calls, scratch, folder, extensions)
                return session, session.judge(recorded)

            evidence, (session, told) = beside(
                lambda begun: send(contract, judged, wishes, options, nonce, terms=wanted, progress=begun),
                judged_from,
                _quietly if options.quiet else partial(_aloud, sys.stderr),
            )
            return session.publish(told, evidence, options)


def _quietly(_done: int, _of: int) -> None:
    """Say nothing."""


def _aloud(stream: TextIO, done: int, of: int) -> None:
    """A line that counts requests, on a terminal only."""
    progress(f"{done} of about {of} requests sent", over=done >= of, stream=stream)


def _answers(options: argparse.Namespace, contract: Contract) -> str:
    """The nonce of the challenge that the run answers, whose seed it takes; "" where it answers none."""
    if not options.challenge:
        return ""
    from conformance.submissions.challenge import read_challenge  # noqa: PLC0415  few runs answer one

    challenge, _ = read_challenge(options.challenge, contract)
    if challenge.contract != contract.name:
        raise ConfigError(
            f"--challenge: it is about the contract {challenge.contract}, and this suite has {contract.name};"
            " allowed: the version of the suite that its owner uses"
        )
    options.seed = challenge.seed
    return challenge.nonce


def replay(options: argparse.Namespace) -> int:
    """Judge a recording again; the same verdicts as the run that recorded it."""
    contract = documented()
    wanted = terms(options, contract)
    extensions = extensions_of(options, contract)
    try:
        evidence = from_har(read_file(options.evidence))
    except OSError as error:
        raise ConfigError(f"cannot read {options.evidence}: {error.strerror}; allowed: a recording") from None
    except EvidenceError as error:
        raise ConfigError(f"{options.evidence}: {error}") from None
    accept = tuple(dict.fromkeys((*evidence.accept, *options.accept)))
    _check_accept(accept, contract)
    evidence = replace(evidence, accept=accept)
    if not selected(contract, wanted, evidence.calls):
        return _nothing_selected()
    from conformance.pytest_plugin.session import Session  # noqa: PLC0415

    folder = reports_folder(options.reports)
    with held(), _scratch() as scratch:
        session = Session(contract, wanted, evidence.binding, evidence.calls, scratch, folder, extensions)
        return session.publish(session.judge(lambda: evidence), evidence, options)


def _nothing_selected() -> int:
    complain("nothing selected: --select and --deselect leave no requirement")
    return ExitCode.NOTHING_SELECTED


def _check_accept(names: tuple[str, ...], contract: Contract) -> None:
    allowed = [i.id for i in contract.interpretations.values() if i.acceptable]
    for name in names:
        if name not in allowed:
            raise ConfigError(
                f"--accept: {name} is no interpretation that can be accepted{meant(name, allowed)}; allowed:"
                f" {', '.join(allowed)}"
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
