"""`verify`: all that can be established of a package, offline, one row a check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from conformance.contract.given import ConfigError
from conformance.contract.load import folder
from conformance.evidence.exchange import Evidence
from conformance.evidence.from_har import EvidenceError, from_har
from conformance.reporting.json import to_json
from conformance.reporting.junit import junit
from conformance.reporting.summary import summary_md
from conformance.submissions.against_plan import against_plan
from conformance.submissions.answering import (
    answered,
    handed_in,
    issued_by_us,
    other_version,
    signed_by,
    stated,
    unanswered,
)
from conformance.submissions.challenge import Challenge, parsed
from conformance.submissions.consistency import consistency, places
from conformance.submissions.derived import Derived, NotDerivedError
from conformance.submissions.judged_again import at_least, exit_of, follows, judged_again, shown, wished
from conformance.submissions.package import (
    CHALLENGE,
    EVIDENCE,
    JUNIT,
    REPORT,
    REQUIREMENTS,
    SUMMARY,
    MalformedError,
    Package,
)
from conformance.submissions.rows import Row, Standing, row
from conformance.verdicts.policy import Policy, held_to
from conformance.verdicts.verdict import ExitCode, Report

if TYPE_CHECKING:
    from conformance.contract.model import Contract
    from conformance.submissions.ledger import Ledger
    from conformance.submissions.signing import PublicKey

_MADE_OF_THE_REPORT: dict[str, Callable[[Report], bytes]] = {
    REPORT: to_json,
    JUNIT: junit,
    SUMMARY: lambda report: summary_md(report).encode("utf-8"),
}


@dataclass(frozen=True)
class Verification:
    """What was established: the rows, the report as it was made again, what remains."""

    rows: tuple[Row, ...]
    report: Report | None
    evidence: Evidence
    challenge: Challenge | None
    exit_code: ExitCode


@dataclass(frozen=True)
class Submission:
    """The parts of a package, read."""

    package: Package
    raw: Any
    evidence: Evidence
    report: Report
    challenge: Challenge | None


def read(package: Package) -> Submission:
    """The parts of a package. Raises MalformedError."""
    files = package.files
    try:
        raw = _json(files[EVIDENCE])
        evidence = from_har(files[EVIDENCE])
        if not isinstance(raw["log"].get("_run"), dict):
            raise MalformedError(f"{EVIDENCE} is no recording of this suite; allowed: what `run` wrote")
        report = msgspec.json.decode(files[REPORT], type=Report)
        challenge = parsed(files[CHALLENGE]) if CHALLENGE in files else None
    except EvidenceError as error:
        raise MalformedError(f"{EVIDENCE}: {error}; allowed: what `run` wrote") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedError(f"{REPORT} is no report: {error}; allowed: what `run` wrote") from None
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise MalformedError(f"{CHALLENGE} {error}; allowed: what `challenge` wrote") from None
    return Submission(package, raw, evidence, report, challenge)


def _json(data: bytes) -> Any:
    """A recording as JSON: of what is said twice nobody knows which counts. Raises MalformedError."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise MalformedError(f"{EVIDENCE} says something twice; allowed: what `run` wrote")
        return dict(pairs)

    def none(name: str) -> Any:
        raise MalformedError(f"{EVIDENCE} has {name}, which JSON has not; allowed: what `run` wrote")

    try:
        return json.loads(data, object_pairs_hook=once, parse_constant=none)
    except (RecursionError, UnicodeDecodeError, json.JSONDecodeError):
        raise MalformedError(f"{EVIDENCE} is no JSON that can be read; allowed: what `run` wrote") from None


def verify(
    submission: Submission,
    contract: Contract,
    *,
    ledger: Ledger,
    keys: list[PublicKey],
    policy: Policy | None,
    now: float,
) -> Verification:
    """All that can be established. policy: the owner's, before that of the challenge. now: Unix seconds."""
    evidence, report, challenge = submission.evidence, submission.report, submission.challenge
    rows = list(_of_the_package(submission, keys))
    rows += _of_the_challenge(submission, ledger, keys, now)
    again: Report | None = None
    other = other_version(_version(submission), _name(submission))
    if other is not None:
        rows.append(other)
        return Verification(tuple(rows), None, evidence, challenge, exit_of(rows, None))
    rows += _of_this_version(submission)
    rows += consistency(evidence, submission.raw, _version(submission))
    rows += places(evidence, challenge.hosts) if challenge else ()
    rows += _of_the_plan(evidence, contract)
    carried = challenge.rules(contract) if challenge and challenge.policy is not None else None
    rules = policy or carried
    try:
        rows.append(wished(report, evidence, contract))
        again = judged_again(report, evidence, contract)
    except (ConfigError, ValueError, KeyError, OverflowError) as error:
        said = f"it cannot be judged again on its terms: {error}"
        rows.append(Row("judged again", Standing.FAILED, said))
        return Verification(tuple(rows), None, evidence, challenge, exit_of(rows, None))
    known = [one for one in (policy, carried) if one is not None]
    rows.append(follows(report, again, known, evidence.clock_tolerance, contract))
    if rules is not None:
        again = held_to(rules, at_least(again, rules), evidence.clock_tolerance, contract)
    rows += shown(again, evidence, rules)
    return Verification(tuple(rows), again, evidence, challenge, exit_of(rows, again))


def _version(submission: Submission) -> str:
    """The version that made the evidence; one that only the report claims is named with it."""
    creator = submission.raw["log"].get("creator")
    own = creator.get("version") if isinstance(creator, dict) else None
    said = submission.report.suite.version
    return said if own == said else f"{own} and {said}"


def _name(submission: Submission) -> str:
    return submission.report.suite.name


def _of_the_package(submission: Submission, keys: list[PublicKey]) -> Iterator[Row]:
    package = submission.package
    yield stated(package, submission.report, submission.challenge)
    yield signed_by(package.files, keys)


def _of_this_version(submission: Submission) -> Iterator[Row]:
    """Whether the other files are what this version makes."""
    package = submission.package
    ours = (folder("schemas") / REQUIREMENTS).read_bytes()
    other = [] if package.files[REQUIREMENTS] == ours else ["it brings other requirements than the suite has"]
    yield row("requirements", "those of this version", other)
    for name, make in _MADE_OF_THE_REPORT.items():
        if name in package.files:
            same = package.files[name] == make(submission.report)
            other = [] if same else ["it is not what the suite makes of the report"]
            yield row(name, "it follows from the report", other)


def _of_the_challenge(submission: Submission, ledger: Ledger, keys: list[PublicKey], now: float) -> Iterator[Row]:
    challenge, files = submission.challenge, submission.package.files
    if challenge is None:
        yield unanswered(submission.evidence)
        return
    yield issued_by_us(challenge, files[CHALLENGE], ledger, keys)
    yield from answered(challenge, submission.evidence, submission.report)
    yield from handed_in(challenge, submission.package, ledger, now)


def _of_the_plan(evidence: Evidence, contract: Contract) -> Iterator[Row]:
    try:
        yield from against_plan(evidence, Derived(evidence, contract))
    except NotDerivedError as error:
        yield Row("requests", Standing.FAILED, str(error))


def noted(verification: Verification, submission: Submission, ledger: Ledger, when: str) -> None:
    """Note in the ledger that a challenge of ours was answered. Raises ConfigError."""
    challenge = submission.challenge
    ours = any(one.check == "challenge" and one.standing is Standing.OK for one in verification.rows)
    spent = any(one.check == "one submission" and one.standing is Standing.FAILED for one in verification.rows)
    if challenge and ours and not spent:
        ledger.answer(challenge.nonce, submission.package.sha256, when)
