"""What a run does: records what an endpoint answers."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.contract.model import Contract
from conformance.contract.quoting import cut, quoting
from conformance.evidence.exchange import Evidence
from conformance.evidence.redaction import Redaction
from conformance.probes import plan as plans
from conformance.reporting.output import progress
from conformance.sending import signals
from conformance.target.target import Target
from conformance.verdicts.diagnosis import diagnosis


def send(contract: Contract, judged: Target, groups: frozenset[str], options: argparse.Namespace) -> Evidence:
    """Send what the selected checks look at, and keep what comes back."""
    from conformance.sending.pace import Limits  # noqa: PLC0415
    from conformance.sending.wire import Wire, evidence_of  # noqa: PLC0415

    limits = Limits(
        concurrency=int(options.concurrency or judged.concurrency),
        max_requests=int(options.max_requests),
        rate=options.rate,
        run_seconds=options.deadline,
    )
    plan = plans.plan(contract, judged, groups, int(options.seed))
    started = time.time()
    wire = Wire(judged, limits, int(options.seed), progress=_progress(options))
    with _meanwhile("conformance.pytest_plugin.session"):
        recording = wire.run(plan)
    evidence = evidence_of(judged, recording, seed=int(options.seed), started=started)
    with quoting(Redaction(evidence, judged.secrets).text):
        said = cut(diagnosis(evidence), 1_000)
    notes = (*evidence.notes, said) if said else evidence.notes
    return replace(evidence, notes=notes, interrupted=evidence.interrupted or signals.came())


def _progress(options: argparse.Namespace) -> Callable[[int, int], None]:
    """A line that counts exchanges, on a terminal only."""
    if options.quiet:
        return lambda _done, _of: None
    return lambda done, of: progress(f"{done} of about {of} requests sent", over=done >= of)


@contextlib.contextmanager
def _meanwhile(module: str) -> Iterator[None]:
    """Import a module while the network is waited for: half a second that a run does not cost then."""
    thread = threading.Thread(target=importlib.import_module, args=(module,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
