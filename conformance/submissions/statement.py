"""What a package states: an in-toto Statement (test-result v0.1) over the digests of its files.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from conformance.submissions.challenge import Challenge
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, Report, RequirementResult, required

KIND = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def digest(data: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def result(report: Report) -> str:
    """PASSED conforming; WARNED conforming with failures below the level or waived; FAILED anything else."""
    if report.verdict is not Claim.CONFORMING:
        return "FAILED"
    return "WARNED" if any(r.verdict is Verdict.FAIL for r in report.requirements if r.selected) else "PASSED"


def statement(report: Report, files: Mapping[str, bytes], challenge: Challenge | None) -> bytes:
    """The statement about a report and its files, the same bytes for the same files."""
    judged = [r for r in report.requirements if r.selected]
    failed = [r for r in judged if r.verdict in {Verdict.FAIL, Verdict.ERROR} and not _is_tolerated(r, report)]
    warned = [r for r in judged if r.verdict is Verdict.FAIL and _is_tolerated(r, report)]
    passed = [r for r in judged if r.verdict is Verdict.PASS]
    suite = report.suite
    contract, _, sha256 = suite.contract.rpartition("@")
    settings = [
        {"name": contract, "digest": {"sha256": sha256}},
        {"name": f"{suite.name} {suite.version}", "uri": f"pkg:pypi/{suite.name}@{suite.version}"},
    ]
    if challenge is not None:
        settings.append({"name": "challenge", "digest": {"sha256": challenge.digest}})
    said: dict[str, Any] = {
        "_type": _STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest(data)}} for name, data in sorted(files.items())],
        "predicateType": _PREDICATE,
        "predicate": {
            "result": result(report),
            "configuration": settings,
            "passedTests": [r.address for r in passed],
            "warnedTests": [r.address for r in warned],
            "failedTests": [r.address for r in failed],
        },
    }
    return json.dumps(said, indent=1, sort_keys=True).encode("ascii") + b"\n"


def _is_tolerated(row: RequirementResult, report: Report) -> bool:
    return row.waiver is not None or row.level not in required(report.level)
