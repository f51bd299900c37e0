"""`package`: what a run left, in one file, with a statement over it, signed where a key is given."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance import __version__
from conformance.contract.given import ConfigError, read_file
from conformance.contract.load import documented, folder
from conformance.evidence.from_har import EvidenceError, from_har
from conformance.reporting import escape
from conformance.reporting.output import note, say
from conformance.reporting.write import write_new
from conformance.submissions.challenge import Challenge, read_challenge
from conformance.submissions.package import (
    CHALLENGE,
    ENVELOPE,
    EVIDENCE,
    JUNIT,
    PAGE,
    REPORT,
    REQUIREMENTS,
    SIGNER,
    STATEMENT,
    SUMMARY,
    packed,
)
from conformance.submissions.signing import private_key, public_half, signed
from conformance.submissions.statement import KIND, result, statement
from conformance.verdicts.reading import read_report
from conformance.verdicts.verdict import Report


def run(options: argparse.Namespace) -> int:
    """Write the package; returns the exit code."""
    place, file = Path(options.reports), Path(options.output)
    key = private_key(options.key) if options.key else None
    files = {name: _read(place / name) for name in (EVIDENCE, REPORT)}
    report = read_report(place)
    _check(files[EVIDENCE], report, place)
    files |= {name: _read(place / name) for name in (PAGE, JUNIT, SUMMARY) if (place / name).is_file()}
    files[REQUIREMENTS] = (folder("schemas") / REQUIREMENTS).read_bytes()
    challenge = _challenge(options, report, files)
    said = statement(report, files, challenge)
    files[STATEMENT] = said
    if key is not None:
        files |= {ENVELOPE: signed(said, KIND, key), SIGNER: public_half(key)}
    write_new(file, packed(files))
    if challenge is None:
        note("it answers no challenge, so nobody can tell when it was recorded; `run --challenge` answers one")
    if report.scope.smoke is not None:
        note(f"it is narrowed to a smoke run of {report.scope.smoke.requests} requests: it shows no requirement kept")
    unsigned = "" if key else f"; not signed: {STATEMENT} in it is what to sign"
    judged = f"its run is {report.verdict.value} ({result(report)})"
    say(f"{escape.terminal(str(file))} written, {len(files)} files: {judged}{unsigned}\n")
    return 0


def _read(file: Path) -> bytes:
    try:
        return read_file(file)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}; allowed: the folder that a run wrote") from None


def _check(evidence: bytes, report: Report, place: Path) -> None:
    """Refuse what nobody could verify. Raises ConfigError."""
    try:
        recording = from_har(evidence)
    except EvidenceError as error:
        raise ConfigError(f"{place / EVIDENCE}: {error}; allowed: the folder that a run wrote") from None
    if recording.described is None:
        raise ConfigError(f"{place / EVIDENCE} does not say how its run was set up; allowed: what `run` wrote")
    if report.suite.version != __version__:
        raise ConfigError(
            f"{place} was written by version {report.suite.version}, and this is {__version__};"
            " allowed: the version that made the run"
        )
    if recording.interrupted:
        raise ConfigError(f"the run in {place} was interrupted; allowed: one that came to its end")
    if report.scope.in_part:
        raise ConfigError(f"{place} has requirements that were judged in part; allowed: what `run` wrote")


def _challenge(options: argparse.Namespace, report: Report, files: dict[str, bytes]) -> Challenge | None:
    """The challenge that the run answers. Raises ConfigError."""
    if not options.challenge:
        if report.nonce:
            raise ConfigError("the run answers a challenge; allowed: --challenge FILE, which it was run with")
        return None
    challenge, files[CHALLENGE] = read_challenge(options.challenge, documented())
    if challenge.nonce != report.nonce:
        raise ConfigError(f"the run does not answer {options.challenge}; allowed: the challenge that it was run with")
    return challenge
