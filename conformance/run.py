"""The whole flow: record what an endpoint answers, judge what was recorded."""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from conformance.checks.catalogue import chosen_checks, wishes_of
from conformance.checks.extension import read_extensions
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.contract.purpose import Wishes
from conformance.evidence.exchange import Evidence
from conformance.evidence.from_har import from_har
from conformance.evidence.redaction import Redaction
from conformance.probes import plan as plans
from conformance.sending import signals
from conformance.target.target import Target
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.terms import Terms, selected
from conformance.verdicts.verdict import Claim, Report

T = TypeVar("T")
Progress = Callable[[int, int], None]  # requests sent, of about how many


def record(
    target: Target,
    *,
    terms: Terms | None = None,
    contract: Contract | None = None,
    wishes: Wishes | None = None,
    extensions: Iterable[Path | str] = (),
    seed: int = 1,
    concurrency: int = 0,
    max_requests: int = 1_000,
    rate: float = 0.0,
    deadline: float = 600.0,
    nonce: str = "",
    progress: Progress = lambda _done, _of: None,
    stop_on_failure: bool = False,
    smoke: int = 0,
) -> Evidence:
    """Send what the requirements of `terms` need (default: all of them), and keep what comes back.

    wishes: what to send, in place of what `terms` needs. extensions: folders with checks of your own, which may look
    at more. seed: of the generated requests.
    concurrency: requests side by side (0: as the target says). rate: requests a second (0: no limit). deadline:
    seconds for all of it. nonce: of the challenge that the run answers. progress: how many requests were sent, of about
    how many. stop_on_failure: send nothing more once what was recorded fails on these `terms`. smoke: send so many
    requests alone, those that find most. Raises ConfigError for a selection that names no requirement.
    """
    with ThreadPoolExecutor(1) as beside:  # what sends is half of what a run imports; to read all CAs takes as long
        from conformance.sending.tls import Trust  # noqa: PLC0415

        trust = beside.submit(Trust, target)
        from conformance.sending.connect import Dialer  # noqa: PLC0415
        from conformance.sending.pace import Limits  # noqa: PLC0415
        from conformance.sending.recorded import evidence_of  # noqa: PLC0415
        from conformance.sending.wire import Wire  # noqa: PLC0415

    contract = contract or documented()
    if wishes is None:
        wanted = selected(contract, terms or Terms(), target.calls)
        chosen, own = chosen_checks(contract, wanted, target.calls), read_extensions(extensions, contract)
        wishes = wishes_of([*chosen, *(one for each in own for one in each.chosen(target.calls))])
    if smoke:
        refuse_selection(terms or Terms())
    plan = plans.plan(contract, target, wishes, seed, smoke=smoke)
    limits = Limits(
        concurrency=concurrency or target.concurrency, max_requests=max_requests, rate=rate, run_seconds=deadline
    )
    started = time.time()
    described = partial(evidence_of, target, seed=seed, started=started, wishes=wishes, nonce=nonce, smoke=smoke)
    wire = Wire(target, limits, seed, Dialer(target, trust=trust.result), progress)
    if stop_on_failure:
        wire.failing = lambda recording: _fails(described(recording), contract, terms or Terms())
    evidence = described(wire.run(plan))
    return replace(
        evidence,
        interrupted=evidence.interrupted or signals.came(),
        contract=contract.name,
        catalogue=contract.catalogue,
    )


def refuse_selection(terms: Terms) -> None:
    """Raises ConfigError where requirements are chosen for a smoke run, which chooses requests."""
    if terms.select or terms.deselect:
        raise ConfigError("--smoke chooses what is sent; allowed beside it: neither --select nor --deselect")


def _fails(evidence: Evidence, contract: Contract, terms: Terms) -> bool:
    """Whether what was recorded so far fails."""
    return judge_evidence(evidence, contract, terms).verdict is Claim.NONCONFORMING


def judge(
    evidence: Evidence,
    *,
    terms: Terms | None = None,
    contract: Contract | None = None,
    extensions: Iterable[Path | str] = (),
) -> Report:
    """The report of what was recorded: the same verdicts as `connect-conformance run` and `replay`.

    extensions: folders with requirements and checks of your own. Raises ConfigError for a selection that names no
    requirement, and for a wrong extension.
    """
    contract = contract or documented()
    terms = terms or Terms()
    report = judge_evidence(evidence, contract, terms, read_extensions(extensions, contract))
    if not terms.suggestions or report.counts.fail == 0:
        return report
    from conformance.verdicts.suggestions import with_suggestions  # noqa: PLC0415  only where something failed

    return with_suggestions(report, Redaction(evidence).shown, contract)


def read_evidence(file: Path) -> Evidence:
    """What a run recorded, from its evidence.har. Raises OSError, and EvidenceError for what is no recording."""
    return from_har(file.read_bytes())


def send(
    contract: Contract,
    judged: Target,
    wishes: Wishes,
    options: argparse.Namespace,
    nonce: str = "",
    *,
    terms: Terms | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Evidence:
    """Record as the options of `run` say. nonce, terms, progress: as in `record`."""
    return record(
        judged,
        contract=contract,
        wishes=wishes,
        seed=int(options.seed),
        concurrency=int(options.concurrency or 0),
        max_requests=int(options.max_requests),
        rate=options.rate,
        deadline=options.deadline,
        terms=terms,
        nonce=nonce,
        progress=progress,
        stop_on_failure=getattr(options, "stop_on_failure", False),
        smoke=getattr(options, "smoke", None) or 0,
    )


def beside(
    send: Callable[[Progress], Evidence], judge: Callable[[Callable[[], Evidence]], T], progress: Progress
) -> tuple[Evidence, T]:
    """Send, and judge in a thread that begins while the network is waited for: what judging needs before it has
    anything to judge takes half a second of the processor.

    It begins with the second report of progress, when a connection stands. At the first one none was opened yet, and
    would be so later by what the thread takes.
    """
    recorded: Future[Evidence] = Future()
    judged: list[Future[T]] = []
    reports = itertools.count()

    def begun(done: int, of: int) -> None:
        if next(reports) == 1:
            judged.append(thread.submit(judge, recorded.result))
        progress(done, of)

    with ThreadPoolExecutor(1) as thread:
        try:
            recorded.set_result(send(begun))
        except BaseException as error:
            recorded.set_exception(error)
            raise
        return recorded.result(), judged[0].result() if judged else judge(recorded.result)
