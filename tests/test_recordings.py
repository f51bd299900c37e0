"""What version 0.1.0 recorded is judged as it was then, but for what has been decided otherwise since."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from conformance.contract.load import documented
from conformance.evidence.from_har import from_har
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.terms import Terms

HERE = Path(__file__).parent / "recordings" / "0.1.0"
THEN = json.loads((HERE / "verdicts.json").read_text(encoding="utf-8"))
SINCE = json.loads((HERE / "decided-since.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", THEN)
def test_a_recording_is_judged_as_it_was(name: str) -> None:
    evidence = from_har(gzip.decompress((HERE / f"{name}.har.gz").read_bytes()))
    report = judge_evidence(evidence, documented(), Terms())
    now = {r.id: r.verdict.value for r in report.requirements}
    changed = {key: now[key] for key, verdict in THEN[name].items() if now[key] != verdict}
    assert changed == {key: entry["verdict"] for key, entry in SINCE.get(name, {}).items()}
    assert set(now) >= set(THEN[name])
