"""The owner's rules for a run that counts, in a file: what has to be judged, and what may be allowed at most."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from conformance.contract.given import ConfigError, in_words, read_toml
from conformance.contract.levels import LEVELS, Level
from conformance.contract.quoting import cut
from conformance.verdicts.naming import names
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, ExitCode, PolicyNote, Report, RequirementResult, required

if TYPE_CHECKING:
    from conformance.contract.model import Contract

KEYS = "level (must, should or advisory), calls, require, accept, waivers, clock_tolerance, minimum_suite, contract"
_OPEN = {Verdict.INCONCLUSIVE, Verdict.ERROR}
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}")
_LONGEST = 200  # characters of a reason that is quoted


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a run has to keep so that its verdict counts. What is not allowed here is not allowed.

    level: what may fail the run. calls: globs, each of which must be judged; none: the call that the page documents.
    require: globs of judgements that must not be open; unset: all of the level. accept: interpretations, and
    waivers: globs of judgements, that may be excused. clock_tolerance: seconds at most. minimum_suite: the oldest
    version that may have judged. contract: its name with its digest, or the digest alone; "" for any.
    """

    level: Level = "must"
    calls: tuple[str, ...] = ()
    require: tuple[str, ...] | UnsetType = UNSET
    accept: tuple[str, ...] = ()
    waivers: tuple[str, ...] = ()
    clock_tolerance: Annotated[float, Meta(ge=0, le=86_400)] = 300.0
    minimum_suite: str = ""
    contract: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of its rules, however the file is written."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def read_policy(file: Path, contract: Contract) -> Policy:
    """The policy in a TOML file. Raises ConfigError."""
    return policy_of(read_toml(file, "the policy"), f"the policy {file}", contract)


def policy_of(said: object, name: str, contract: Contract) -> Policy:
    """The policy that a table says. name: what messages call it. Raises ConfigError."""
    try:
        policy = msgspec.convert(said, Policy)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name} is not usable: {in_words(error)}; allowed: the keys {KEYS}") from None
    for key, what, allowed in _faults(policy, contract):
        raise ConfigError(f"{name}: {key}: {what}; allowed: {allowed}")
    return policy


def _faults(policy: Policy, contract: Contract) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the words of a policy: key, fault, what is allowed."""
    calls = [name for name, call in contract.calls.items() if call.row.effect != "changes"]
    for glob in policy.calls:
        if not _calls(glob, contract):
            yield "calls", f"no call that is judged is named {glob!r}", ", ".join(calls)
    known = [(row.id, call) for row in contract.requirements.values() for call in row.of(tuple(calls))]
    for key in ("require", "waivers"):
        for glob in getattr(policy, key) or ():
            if not any(names(glob, *one) for one in known):
                yield key, f"no requirement is named {glob!r}", "an id or a glob such as ERR-004-*"
    acceptable = [i.id for i in contract.interpretations.values() if i.acceptable]
    for name in policy.accept:
        if name not in acceptable:
            yield "accept", f"{name!r} is no interpretation that can be accepted", ", ".join(acceptable)
    if policy.minimum_suite and not _VERSION.fullmatch(policy.minimum_suite):
        yield "minimum_suite", f"{policy.minimum_suite!r} is no version", "numbers such as 0.2.0"
    if policy.contract and not re.fullmatch(r"([\w-]+@)?[0-9a-f]{64}", policy.contract):
        yield "contract", f"{policy.contract!r} names none", f"a name such as {contract.name}"


def _calls(glob: str, contract: Contract) -> list[str]:
    known = contract.calls.items()
    return [name for name, call in known if call.row.effect != "changes" and fnmatchcase(name, glob)]


def held_to(policy: Policy, report: Report, clock_tolerance: float, contract: Contract) -> Report:
    """The report of a run that is held to a policy: what falls short keeps it from being conforming."""
    return falling_short(report, policy.digest, tuple(shortfalls(policy, report, clock_tolerance, contract)))


def falling_short(report: Report, digest: str, short: tuple[str, ...]) -> Report:
    """The report of a run that was held to the policy of this digest, and fell short of it in these ways."""
    kept = not short or report.exit_code != ExitCode.CONFORMING
    return msgspec.structs.replace(
        report,
        policy=PolicyNote(sha256=digest, shortfalls=short),
        verdict=report.verdict if kept else Claim.INCONCLUSIVE,
        exit_code=report.exit_code if kept else int(ExitCode.INCONCLUSIVE),
        notes=(*report.notes, *(f"policy: {line}" for line in short)),
    )


def shortfalls(policy: Policy, report: Report, clock_tolerance: float, contract: Contract) -> Iterator[str]:
    """What of a policy a run does not keep, a line each."""
    yield from _unjudged(policy, report, contract)
    yield from _excused(policy, report)
    if clock_tolerance > policy.clock_tolerance:
        yield f"clock_tolerance: {clock_tolerance:g} s, the policy allows {policy.clock_tolerance:g} s at most"
    if is_older(report.suite.version, policy.minimum_suite):
        asked = f"the policy asks for {policy.minimum_suite} or newer"
        yield f"minimum_suite: version {report.suite.version} judged, {asked}"
    judged = report.suite.contract
    if policy.contract and policy.contract not in {judged, judged.rpartition("@")[2]}:
        yield f"contract: judged against {judged}, the policy asks for {policy.contract}"


def _unjudged(policy: Policy, report: Report, contract: Contract) -> Iterator[str]:
    """What had to be judged, and was not."""
    if LEVELS.index(report.level) < LEVELS.index(policy.level):
        yield f"level: the run was judged at {report.level}, the policy asks for {policy.level}"
    for glob in policy.calls or (contract.call.name,):
        for name in _calls(glob, contract):
            if name not in report.target.calls:
                yield f"calls: {name} was not judged"
    for row in report.requirements:
        if not _is_required(policy, row):
            continue
        if not row.selected:
            yield f"require: {row.address} was not selected"
        elif row.verdict in _OPEN:
            yield f"require: {row.address} is {row.verdict.value}: {cut(row.reason, _LONGEST)}"


def _excused(policy: Policy, report: Report) -> Iterator[str]:
    """What was allowed to the target, and not by the policy."""
    for name in report.target.accept:
        if name not in policy.accept:
            yield f"accept: {name} is accepted, the policy allows {', '.join(policy.accept) or 'none'}"
    for row in report.requirements:
        if row.waiver and not any(names(glob, row.id, row.call) for glob in policy.waivers):
            yield f"waivers: {row.address} is waived, the policy allows {', '.join(policy.waivers) or 'none'}"


def _is_required(policy: Policy, row: RequirementResult) -> bool:
    if policy.require is UNSET:
        return row.level in required(policy.level)
    return any(names(glob, row.id, row.call) for glob in policy.require)


def is_older(version: str, minimum: str) -> bool:
    """Whether a version comes before the one that is asked for; what is no version does."""
    found = _VERSION.match(version)
    if not minimum or not found:
        return bool(minimum)
    return _parts(found[0]) < _parts(minimum)


def _parts(version: str) -> list[int]:
    numbers = [int(part) for part in version.split(".")]
    return numbers + [0] * (4 - len(numbers))
