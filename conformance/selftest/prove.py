"""`prove`: the suite shows that it can fail, and that it accuses nobody without cause.

Every variant of the reference endpoint is judged as any endpoint would be. A mutant must be accused by the
requirement it breaks and by no unrelated one at must level; a correct variant by none. Faults in the answer are
judged in-process, faults on the wire over real sockets.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.pool
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib.util import find_spec
from itertools import count
from multiprocessing import resource_tracker
from types import ModuleType
from typing import Literal, cast

import anyio
import httpx

from conformance.checks.catalogue import checks
from conformance.checks.outcome import Verdict
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.contract.rows import PAGE
from conformance.evidence.exchange import Evidence, Handshake, Request, Tls
from conformance.evidence.redaction import Redaction
from conformance.probes import plan as plans
from conformance.probes.purpose import Kind, Purpose, Wishes
from conformance.reference import application, start
from conformance.reference.provisions import VALUES
from conformance.reference.registry import VARIANTS
from conformance.selftest.mutants import Rewrite, derived
from conformance.sending.connect import Dialer
from conformance.sending.line import Meter
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.transport import Transport, complete
from conformance.sending.wire import Wire
from conformance.target.configuration import Settings
from conformance.target.settings import Binding
from conformance.target.target import Target, target
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.suggestions import with_suggestions
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, Report, RequirementResult

# The reference endpoint takes any; one that begins with the time must cost no Timestamp its verdict.
_TOKEN = f"{int(time.time())}abcdef0123456789abcdef"
ROLL_UP = "ENV-02"
_TIMEOUT_S = 10.0
# What shows the derived mutants of a further call, of which there are many.
_FEW = frozenset({Kind.DOCUMENTED, Kind.BINDINGS, Kind.STATE, Kind.ACTION})
_ONCE = frozenset({Kind.DOCUMENTED})  # the same of one that is sent once
# What an account must have been through before a call, and who has to have logged in.
_BEFORE = {
    "validate_activation_sms": ("send_activation_sms",),
    **dict.fromkeys(
        ("sms_activation_status", "create_connection", "buy_credits_url"), ("authenticate_user",)
    ),
}
_AT_ONCE = 16  # variants in flight in one process: their waits overlap


@dataclass(frozen=True, slots=True)
class Trial:
    """One variant to be judged. breaks: what must accuse it; also: what may. http_token: as in `Variant`.

    call: whose answers are different. kinds: the only requests that are needed to see it; empty: all.
    """

    id: str
    call: str
    kind: Literal["mutant", "correct"]
    title: str
    breaks: tuple[str, ...]
    also: tuple[str, ...]
    wire: bool
    binding: Binding = "query-xml"
    http_token: bool = False
    rewrite: Rewrite | None = None
    rewrite_errors: Rewrite | None = None
    kinds: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one trial. trouble: why it does not count as a success, "" when it does."""

    id: str
    call: str
    kind: str
    title: str
    breaks: tuple[str, ...]
    accused: tuple[str, ...]
    seconds: float
    trouble: str


def trials(only: Sequence[str] = (), calls: Sequence[str] = ()) -> list[Trial]:
    """Every variant, written by hand and derived from the schemas, whose id, and whose call, match one of the globs."""
    named = [
        Trial(
            v.id,
            v.call,
            v.kind,
            v.title,
            v.breaks,
            v.also,
            v.wire,
            cast("Binding", v.binding),
            v.http_token,
        )
        for v in VARIANTS.values()
    ]
    walked = [
        Trial(
            m.id,
            m.call,
            "mutant",
            m.title,
            m.breaks,
            m.also,
            False,
            rewrite=m.rewrite,
            rewrite_errors=m.rewrite_errors,
            kinds=_kinds(m.call),
        )
        for m in derived()
    ]
    found = [t for t in (*named, *walked) if not only or any(fnmatchcase(t.id, glob) for glob in only)]
    return [t for t in found if not calls or any(fnmatchcase(t.call, glob) for glob in calls)]


def _kinds(call: str) -> frozenset[Kind]:
    """The requests that show the derived mutants of a call."""
    contract = documented()
    if call == contract.call.name:
        return frozenset()
    return _ONCE if contract.calls[call].changes else _FEW


class InProcess(Dialer):
    """Connections that lead straight into the reference application: no sockets, no TLS."""

    def __init__(self, app: httpx._transports.asgi._ASGIApp, subject: Target) -> None:
        super().__init__(subject)
        self.app = app

    def transport(self, meter: Meter, **_: str) -> Transport:
        return _Straight(self, meter)

    async def handshake(self, host: str, port: int, version: object, timeout: float) -> Handshake:  # noqa: ARG002
        return Handshake(str(version), False, "refused: not a real connection")


class _Straight(Transport):
    def __init__(self, dialer: InProcess, meter: Meter) -> None:
        self.dialer, self.meter, self.number = dialer, meter, dialer.number()
        if find_spec("sniffio") is None:  # httpx asks for it at every call, which takes a tenth of the time
            sys.modules.setdefault("sniffio", cast("ModuleType", None))
        self.inner = httpx.ASGITransport(
            dialer.app, raise_app_exceptions=False, client=("127.0.0.1", self.number)
        )
        self.used = False

    async def send(self, request: Request) -> httpx.Response:
        self.meter.connection, self.meter.reused, self.used = self.number, self.used, True
        self.meter.tls = Tls("TLSv1.3", "none: in-process") if request.url.startswith("https") else None
        sent = httpx.Request(request.method, request.url, headers=complete(request), content=request.body)
        response = await self.inner.handle_async_request(sent)
        response.extensions["http_version"] = b"HTTP/1.1"
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


def _config(contract: Contract, trial: Trial, https: str, http: str, ca_file: str = "") -> Settings:
    states = {
        code: {"headers": {"X-Reference-State": code}}
        for code, error in contract.errors.items()
        if error.provoked == "provisioned"
    }
    return {
        "endpoint": https,
        "http_endpoint": http,
        "ca_file": ca_file,
        "calls": list(_called(trial, contract)),
        "allow_effects": ["*"],
        "values": VALUES,
        "binding": trial.binding,
        "http_token": https.rpartition("/")[2] if trial.http_token else "",
        "timeout": _TIMEOUT_S,
        "states": states,
        "allow_hostile_requests": True,
        "answer_budget": 1.0,
    }


def _called(trial: Trial, contract: Contract) -> tuple[str, ...]:
    """A call; the ones that it builds on; and, where it is asked everything, those its answers are held against."""
    call = contract.calls[trial.call]
    before: tuple[str, ...] = ()
    if call.changes:
        spent = (p.origin.partition(".")[0] for p in call.parameters if p.once)
        before = (contract.call.name, *spent, *_BEFORE.get(trial.call, ()))
    if trial.kinds:
        return (*before, trial.call)
    origins = (*(p.origin for p in call.parameters), *(r.origin for r in call.row.rule))
    return tuple(dict.fromkeys((*before, trial.call, *(o.partition(".")[0] for o in origins if o))))


@contextlib.contextmanager
def ready(trial: Trial, contract: Contract) -> Iterator[tuple[Target, Dialer | None]]:
    """The variant, up and reachable."""
    if trial.wire:
        with start(variant=trial.id) as running:
            config = _config(contract, trial, running.https_url, running.http_url, str(running.ca_file))
            yield target(trial.id, config, contract), None
        return
    name = None if trial.rewrite or trial.rewrite_errors else trial.id
    config = _config(contract, trial, f"https://localhost/{_TOKEN}", "http://localhost/")
    subject = target(trial.id, config, contract)
    guided = contract.calls[trial.call].row.edition != PAGE
    app = application(
        variant=name,
        rewrite=trial.rewrite and _of_its_call(trial.rewrite, trial),
        rewrite_errors=trial.rewrite_errors,
        # In-process nothing puts the token in its place. Where errors are wrong, that of a wrong token would be, too.
        token=subject.token if guided and not trial.kinds else "",
        unknown_action="430" if guided else "999",
    )
    yield subject, InProcess(app, subject)


def _wishes(trial: Trial, contract: Contract) -> Wishes:
    """What is asked for a trial. Of calls that change something, nothing else than they are needed for."""
    if not contract.calls[trial.call].changes:
        return frozenset(map(Purpose, trial.kinds)) or plans.EVERYTHING
    own = trial.kinds or map(Kind, contract.calls[trial.call].shown)
    needed = (Purpose(Kind.DOCUMENTED, call) for call in _BEFORE.get(trial.call, ()))
    return frozenset({*needed, *(Purpose(kind, trial.call) for kind in own)})


def _of_its_call(rewrite: Rewrite, trial: Trial) -> Rewrite:
    """The same, and other calls are answered as they are."""
    own = f"<Action>{trial.call}<".encode()
    return lambda body: rewrite(body) if own in body else body


async def evidence_on(trial: Trial, contract: Contract) -> Evidence:
    """What one variant answers."""
    with ready(trial, contract) as (subject, dialer):
        sparing = trial.call != contract.call.name
        plan = plans.plan(contract, subject, _wishes(trial, contract), sparing=sparing)
        if trial.kinds or contract.calls[trial.call].changes:
            plan = replace(plan, last=(), late=(), handshakes=False)  # nothing has to be waited for
        began = time.time()
        recording = await Wire(subject, Limits(), seed=1, dialer=dialer).session(plan)
    return evidence_of(subject, recording, seed=1, started=began)


async def report_on(trial: Trial, contract: Contract) -> Report:
    """Judge one variant; whether a change is suggested is looked at of a correct one alone."""
    evidence = await evidence_on(trial, contract)
    report = judge_evidence(evidence, contract, Terms())
    return report if trial.kind == "mutant" else with_suggestions(report, Redaction(evidence).shown, contract)


async def _outcome(trial: Trial, contract: Contract) -> Outcome:
    began = time.monotonic()
    accused: tuple[str, ...]
    try:
        report = await report_on(trial, contract)
    except Exception as error:  # noqa: BLE001  a crash is not a kill
        accused = ()
        trouble = f"the suite crashed: {type(error).__name__}: {str(error)[:120]}"
    else:
        rows = [r for r in report.requirements if r.call in {"", trial.call}]
        accused = tuple(r.id for r in rows if r.verdict is Verdict.FAIL)
        trouble = _trouble(trial, report, rows, frozenset(accused))
    took = time.monotonic() - began
    return Outcome(trial.id, trial.call, trial.kind, trial.title, trial.breaks, accused, took, trouble)


def _trouble(trial: Trial, report: Report, rows: Sequence[RequirementResult], accused: frozenset[str]) -> str:
    others = [r.name for r in report.requirements if r not in rows and r.verdict is Verdict.FAIL]
    if others:
        return f"another call is accused: {', '.join(others)}"
    level = {r.id: r.level for r in rows}
    broken = [r.id for r in report.requirements if r.verdict is Verdict.ERROR]
    if broken:
        return f"the suite's own checks failed: {', '.join(broken)}"
    if trial.kind == "mutant":
        missing = [name for name in trial.breaks if name not in accused]
        allowed = {*trial.breaks, *trial.also, ROLL_UP}
        stray = [name for name in accused if level[name] == "must" and name not in allowed]
        told = [f"lives: {', '.join(missing)} does not accuse it"] if missing else []
        return "; ".join(told + ([f"unrelated: {', '.join(stray)}"] if stray else []))
    stray = [name for name in accused if level[name] != "advisory" and name not in trial.also]
    changed = any(check.suggestion for row in rows for check in row.checks)
    if stray or changed:
        return f"accused without cause by {', '.join(stray)}" if stray else "a change of it is suggested"
    unsure = [r for r in rows if r.level == "must" and r.verdict is Verdict.INCONCLUSIVE]
    left = [r.id for r in unsure if r.id not in trial.also and not _is_spared(r, trial)]
    if report.verdict is not Claim.CONFORMING and left:
        return f"not found conforming: {', '.join(left)} inconclusive"
    return ""


def _is_spared(result: RequirementResult, trial: Trial) -> bool:
    """Whether what is open is judged with the page's call, as what it looks at reads every request alike."""
    contract = documented()
    if trial.call == contract.call.name:
        return False
    first = {check.place for check in checks() if check.first}
    unseen = {c.id.partition("[")[0] for c in result.checks if c.verdict is Verdict.INCONCLUSIVE}
    return contract.requirements[result.id].scope == "endpoint" or unseen <= first


def _batch(names: list[str]) -> Iterator[Outcome]:
    """Judge the variants named, several at a time, in one event loop."""
    contract = documented()
    by_name = {trial.id: trial for trial in trials()}
    done: list[Outcome] = []

    async def everything() -> None:
        room = anyio.CapacityLimiter(_AT_ONCE)

        async def one(trial: Trial) -> None:
            async with room:
                done.append(await _outcome(trial, contract))

        async with anyio.create_task_group() as tasks:
            for name in names:
                tasks.start_soon(one, by_name[name])

    anyio.run(everything)
    yield from done


def _work(names: list[str]) -> list[Outcome]:
    return list(_batch(names))


def pool(jobs: int) -> multiprocessing.pool.Pool:
    """Processes that a terminal's Ctrl-C does not reach: this one ends them.

    Spawned, not forked: the event loops and threads of this process are not for sharing.
    """
    resource_tracker.ensure_running()  # when it starts, it changes which signals are blocked
    ours = {signal.SIGINT, *({signal.SIGHUP} if hasattr(signal, "SIGHUP") else ())}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ours)  # which processes inherit
    try:
        return multiprocessing.get_context("spawn").Pool(jobs)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def prove(
    only: Sequence[str] = (),
    jobs: int = 2,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
    calls: Sequence[str] = (),
) -> list[Outcome]:
    """Judge every variant that the globs name; outcomes in the order of the registry."""
    names = [trial.id for trial in trials(only, calls)]
    size = 2 * _AT_ONCE
    batches = [names[i : i + size] for i in range(0, len(names), size)]
    done: dict[str, Outcome] = {}
    tally = count(1)

    def note(outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            done[outcome.id] = outcome
            progress(next(tally), len(names))

    if jobs == 1 or len(batches) <= 1:
        for batch in batches:
            note(_work(batch))
    else:
        with pool(jobs) as processes:
            for outcomes in processes.imap_unordered(_work, batches):
                note(outcomes)
    return [done[name] for name in names]
