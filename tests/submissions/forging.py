"""Packages, honest and forged: a forger makes everything anew that can be made anew (chain, report, statement, key)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance import __version__
from conformance.contract.load import documented, folder
from conformance.evidence.exchange import Evidence, Exchange
from conformance.evidence.from_har import from_har
from conformance.evidence.to_har import to_har
from conformance.reporting.json import to_json
from conformance.reporting.junit import junit
from conformance.reporting.summary import summary_md
from conformance.submissions import package as packages
from conformance.submissions.challenge import Challenge, issue, to_file
from conformance.submissions.ledger import Ledger
from conformance.submissions.package import read_package
from conformance.submissions.rows import Row, Standing
from conformance.submissions.signing import PublicKey, pem_key, public_half, signed
from conformance.submissions.statement import KIND, statement
from conformance.submissions.verify import Verification, read, verify
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.policy import Policy
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Report

CONTRACT = documented()
KEY, OTHER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
Files = dict[str, bytes]


def trusted(key: Ed25519PrivateKey = KEY) -> PublicKey:
    found = pem_key(public_half(key))
    assert found
    return found


def ask(*hosts: str, policy: Policy | None = None, valid: float = 72.0) -> Challenge:
    """A challenge that was issued a little while ago."""
    now, lasts = datetime.now(UTC) - timedelta(minutes=1), timedelta(hours=valid)
    return issue("partner", hosts=hosts, valid=lasts, policy=policy, contract=CONTRACT, now=now)


def told_again(evidence: Evidence) -> Evidence:
    """What its file says."""
    return from_har(to_har(evidence, creator_version=__version__))


@dataclass
class Partner:
    """Who hands a package in. terms: what he judged on."""

    evidence: Evidence
    challenge: Challenge | None
    terms: Terms = field(default_factory=Terms)

    @cached_property
    def report(self) -> Report:
        return judge_evidence(self.evidence, CONTRACT, self.terms)

    def files(self, **changes: bytes | None) -> Files:
        """The files of the package but for statement and signature; `report_json=...` stands for one of them."""
        made = {
            packages.EVIDENCE: to_har(self.evidence, creator_version=__version__),
            packages.REPORT: to_json(self.report),
            packages.JUNIT: junit(self.report),
            packages.SUMMARY: summary_md(self.report).encode(),
            packages.REQUIREMENTS: (folder("schemas") / packages.REQUIREMENTS).read_bytes(),
        }
        if self.challenge:
            made[packages.CHALLENGE] = to_file(self.challenge, None)
        named = {name.replace("_", "."): data for name, data in changes.items()}
        return {name: data for name, data in (made | named).items() if data is not None}

    def signed(self, files: Files, key: Ed25519PrivateKey = KEY, report: Report | None = None) -> Files:
        """The same with a statement and a signature that fit them."""
        said = statement(report or self.report, files, self.challenge)
        own = {packages.STATEMENT: said, packages.ENVELOPE: signed(said, KIND, key)}
        return files | own | {packages.SIGNER: public_half(key)}

    def whole(self) -> Files:
        return self.signed(self.files())


def looked_at(
    files: Mapping[str, bytes],
    folder: Path,
    challenge: Challenge | None,
    *,
    policy: Policy | None = None,
    keys: list[PublicKey] | None = None,
    now: float | None = None,
    answered: str = "",
) -> Verification:
    """What `verify` finds, by the ledger of an owner who issued this challenge."""
    file = folder / "answer.zip"
    file.write_bytes(packages.packed(files))
    ledger = Ledger(folder / "ledger.jsonl")
    if challenge:
        ledger.issued[challenge.nonce] = challenge.digest
        ledger.answered[challenge.nonce] = [answered] if answered else []
    return verify(
        read(read_package(file)),
        CONTRACT,
        ledger=ledger,
        keys=[trusted()] if keys is None else keys,
        policy=policy,
        now=time.time() if now is None else now,
    )


def bad(made: Verification) -> dict[str, Row]:
    """The checks that failed or stayed open, by name."""
    return {one.check: one for one in made.rows if one.standing in {Standing.FAILED, Standing.OPEN}}


# Forging

Forge = Callable[[Evidence], Evidence]


def renumbered(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    return tuple(replace(e, number=number) for number, e in enumerate(exchanges, 1))


def without(*probes: str) -> Forge:
    """The recording without some exchanges, as if they had never been."""
    return lambda e: replace(e, exchanges=renumbered(tuple(x for x in e.exchanges if x.probe not in probes)))


def each(change: Callable[[Exchange], Exchange], *probes: str) -> Forge:
    """Some exchanges, or all, otherwise."""

    def forged(evidence: Evidence) -> Evidence:
        chosen = tuple(change(x) if not probes or x.probe in probes else x for x in evidence.exchanges)
        assert chosen != evidence.exchanges, "nothing was forged"
        return replace(evidence, exchanges=chosen)

    return forged


def of(**changes: Any) -> Callable[[Exchange], Exchange]:
    return lambda x: replace(x, **changes)


def sent(**changes: Any) -> Callable[[Exchange], Exchange]:
    return lambda x: replace(x, request=replace(x.request, **changes))


def described(**changes: Any) -> Forge:
    """The description of the run otherwise, and the recording as it has it."""

    def forged(evidence: Evidence) -> Evidence:
        assert evidence.described
        known = {name: value for name, value in changes.items() if hasattr(evidence, name)}
        told = replace_struct(evidence.described, target=evidence.described.target | changes)
        return replace(evidence, described=told, **known)

    return forged


def replace_struct(struct: Any, **changes: Any) -> Any:
    return type(struct)(**{name: getattr(struct, name) for name in struct.__struct_fields__} | changes)


def json_of(data: bytes, change: Callable[[Any], object]) -> bytes:
    """A JSON file with something changed in it."""
    said = json.loads(data)
    change(said)
    return json.dumps(said).encode()
