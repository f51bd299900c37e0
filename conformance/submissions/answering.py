"""Whether a package answers a challenge of the owner's, in time, once; and who has signed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from conformance import __version__
from conformance.evidence.exchange import Evidence
from conformance.submissions.challenge import Challenge, signer
from conformance.submissions.ledger import Ledger
from conformance.submissions.package import ENVELOPE, SIGNER, STATED, STATEMENT, Package
from conformance.submissions.rows import Row, Standing, row
from conformance.submissions.signing import PublicKey, opened, pem_key
from conformance.submissions.statement import KIND, statement
from conformance.verdicts.policy import is_older
from conformance.verdicts.verdict import Report

_SLACK_S = 300.0  # by which the clocks of owner, partner and endpoint may differ


def unanswered(evidence: Evidence) -> Row:
    """What is said where a package brings no challenge."""
    if evidence.nonce:
        return Row("challenge", Standing.FAILED, "the recording names a challenge, which is not in the package")
    said = "it answers none: when it was recorded, and for whom, is not known"
    return Row("challenge", Standing.OPEN, said)


def issued_by_us(challenge: Challenge, data: bytes, ledger: Ledger, keys: list[PublicKey]) -> Row:
    """Whether the challenge is the owner's. data: its file."""
    known = ledger.issued.get(challenge.nonce)
    if known == challenge.digest:
        return Row("challenge", Standing.OK, f"issued for {challenge.for_}, as the ledger says")
    if known is not None:
        return Row("challenge", Standing.FAILED, "another one was issued with this nonce: it was altered")
    try:
        key = signer(data, keys)
    except ValueError as error:
        return Row("challenge", Standing.FAILED, f"it {error}")
    if key is not None:
        return Row("challenge", Standing.OK, f"issued for {challenge.for_}, signed by a key that is trusted")
    said = f"the ledger {ledger.file} does not know it, and no key that is trusted has signed it"
    return Row("challenge", Standing.OPEN, said)


def answered(challenge: Challenge, evidence: Evidence, report: Report) -> Iterator[Row]:
    """Whether the run answers this challenge."""
    yield row("nonce", "the run answers this challenge", _nonce(challenge, evidence, report))
    fine = f"recorded between {challenge.issued} and {challenge.expires}"
    timed = row("time", fine, _time(challenge, evidence))
    yield timed if timed.standing is Standing.FAILED else row("time", fine, _dates(challenge, evidence), Standing.OPEN)
    yield row("suite", f"version {report.suite.version}, contract {challenge.contract}", _suite(challenge, report))


def handed_in(challenge: Challenge, package: Package, ledger: Ledger, now: float) -> Iterator[Row]:
    """Whether it was handed in in time, and as the only one."""
    others = [one for one in ledger.answered.get(challenge.nonce, []) if one != package.sha256]
    known = package.sha256 in ledger.answered.get(challenge.nonce, [])
    said = [f"the package {others[0][:12]} has answered this challenge already"] if others and not known else []
    yield row("one submission", "no other package has answered this challenge", said)
    late = now > challenge.window[1] + _SLACK_S and not known
    said = [f"it is looked at after {challenge.expires}: when it was recorded is the partner's word"] if late else []
    yield row("handed in", "before the challenge expired", said, Standing.OPEN)


def _nonce(challenge: Challenge, evidence: Evidence, report: Report) -> Iterator[str]:
    if evidence.nonce != challenge.nonce:
        yield "the recording names another nonce" if evidence.nonce else "the recording names no nonce"
    if report.nonce != challenge.nonce:
        yield "the report names another nonce" if report.nonce else "the report names no nonce"
    if evidence.seed != challenge.seed:
        yield f"the seed {evidence.seed} does not follow from the nonce"


def _time(challenge: Challenge, evidence: Evidence) -> Iterator[str]:
    begins, ends = challenge.window
    if not begins - _SLACK_S <= evidence.started <= evidence.finished <= ends + _SLACK_S:
        yield f"the run was at {_shown(evidence.started)}, the challenge from {challenge.issued} to {challenge.expires}"


def _dates(challenge: Challenge, evidence: Evidence) -> Iterator[str]:
    """What an endpoint dated otherwise; its clock may be wrong."""
    begins, ends = challenge.window
    for exchange in evidence.exchanges:
        dated = exchange.answer.date if exchange.answer else None
        cached = exchange.answer.header("age") if exchange.answer else ""
        if dated is not None and not cached and not begins - _SLACK_S <= dated <= ends + _SLACK_S:
            yield f"exchange {exchange.number} was answered at {_shown(dated)}, by its Date header"


def _shown(moment: float) -> str:
    try:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{moment:g}"


def _suite(challenge: Challenge, report: Report) -> Iterator[str]:
    if challenge.contract != report.suite.contract:
        yield f"judged against {report.suite.contract}, asked for {challenge.contract}"
    if is_older(report.suite.version, challenge.minimum_suite):
        yield f"version {report.suite.version} judged, asked for {challenge.minimum_suite} or newer"


def other_version(version: str, name: str) -> Row | None:
    """What is said of a package that another version made: its plan is that version's to make again."""
    if (name, version) == ("connect-conformance", __version__):
        return None
    said = f"made by {name or 'nobody'} {version}, and this is version {__version__}: install that one to verify it"
    return Row("version", Standing.OPEN, said)


def stated(package: Package, report: Report, challenge: Challenge | None) -> Row:
    """Whether the statement is about these files and says what the report does."""
    files = {name: data for name, data in package.files.items() if name in STATED}
    said = statement(report, files, challenge) == package.files[STATEMENT]
    problems = [] if said else ["it is about other files, or says another result than the report"]
    return row("statement", f"an in-toto Statement over {len(files)} files", problems)


def signed_by(files: Mapping[str, bytes], keys: list[PublicKey]) -> Row:
    """Who has signed the statement. keys: those that are trusted; none: nobody was named."""
    if ENVELOPE not in files:
        return Row("signature", Standing.OPEN, "nobody has signed it")
    own = pem_key(files[SIGNER]) if SIGNER in files else None
    key = None
    try:
        payload, key = opened(files[ENVELOPE], KIND, keys or ([own] if own else []))
        wrong = "" if payload == files[STATEMENT] else "another statement than this one was signed"
    except ValueError as error:
        wrong = f"{ENVELOPE} {error}"
    if not wrong and key is None:
        wrong = "none of the keys that are trusted has signed it" if keys else f"it is not by the key in {SIGNER}"
    if wrong or key is None:
        return Row("signature", Standing.FAILED, wrong)
    if keys:
        return Row("signature", Standing.OK, f"by the key {key.keyid[:16]}, which is trusted")
    said = f"by the key {key.keyid[:16]}, which came with it: name the partner's with --trust"
    return Row("signature", Standing.SHOWN, said)
