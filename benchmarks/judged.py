"""Judges a recording in this process, twice: `python -m benchmarks.judged EVIDENCE`.

The first time the schemas are built and the checks imported; the second time, over another copy of the recording with
later timestamps, nothing is known of its answers, so that it shows what answers alone cost.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from conformance.commands.guard import collect_seldom
from conformance.contract.load import documented
from conformance.evidence.from_har import from_har
from conformance.verdicts.judge import judge_evidence as judged
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms


def main() -> None:
    """Argument: the recording to warm up with, and the one that is measured."""
    collect_seldom()  # as every command does
    contract = documented()
    warm, measured = (Path(word).read_bytes() for word in sys.argv[1:])
    judged(from_har(warm), contract, Terms())
    moments = [time.perf_counter()]
    evidence = from_har(measured)
    moments.append(time.perf_counter())
    cpu = time.process_time()
    report = judged(evidence, contract, Terms())
    cpu = time.process_time() - cpu
    moments.append(time.perf_counter())
    seen = [r for r in report.requirements if r.verdict in {Verdict.PASS, Verdict.FAIL}]
    print(
        json.dumps(
            {
                "reading": moments[1] - moments[0],
                "judging": moments[2] - moments[1],
                "cpu": cpu,
                "exchanges": len(evidence.exchanges),
                "requirements": len(seen),
                "failed": [r.id for r in seen if r.verdict is Verdict.FAIL],
            }
        )
    )


if __name__ == "__main__":
    main()
