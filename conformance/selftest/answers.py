"""A variant of the reference endpoint, up and reachable, and what it answers.

Faults in the answer are met in-process, faults on the wire over real sockets.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import httpx

from conformance.contract.model import Contract
from conformance.contract.purpose import Kind, Purpose, Wishes
from conformance.contract.rows import PAGE
from conformance.evidence.exchange import Evidence, Handshake, Request, Tls
from conformance.probes import plan as plans
from conformance.reference import application, start
from conformance.reference.provisions import VALUES
from conformance.selftest.mutants import Rewrite
from conformance.selftest.trials import Trial
from conformance.sending.connect import Dialer
from conformance.sending.line import Meter
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.transport import Transport, complete
from conformance.sending.wire import Wire
from conformance.target.configuration import Settings
from conformance.target.from_options import reference_states
from conformance.target.target import Target, target

# The reference endpoint takes any; one that begins with the time must cost no Timestamp its verdict.
_TOKEN = f"{int(time.time())}abcdef0123456789abcdef"
_TIMEOUT_S = 10.0
# What an account must have been through before a call, and who has to have logged in.
_BEFORE = {
    "validate_activation_sms": ("send_activation_sms",),
    **dict.fromkeys(("sms_activation_status", "create_connection", "buy_credits_url"), ("authenticate_user",)),
}


# Each variant is asked the same, and httpx looks at every character of a URL.
_url = lru_cache(maxsize=4096)(httpx.URL)


class InProcess(Dialer):
    """Connections that lead straight into the reference application: no sockets, no TLS."""

    def __init__(self, app: httpx._transports.asgi._ASGIApp, judged: Target) -> None:
        super().__init__(judged)
        self.app = app

    def transport(self, meter: Meter, **_: object) -> Transport:
        return _Straight(self, meter)

    async def handshake(self, version: object) -> Handshake:
        return Handshake(str(version), False, "refused: not a real connection")


class _Straight(Transport):
    def __init__(self, dialer: InProcess, meter: Meter) -> None:
        self.dialer, self.meter, self.number = dialer, meter, dialer.number()
        self.inner = httpx.ASGITransport(dialer.app, raise_app_exceptions=False, client=("127.0.0.1", self.number))
        self.used = False

    async def send(self, request: Request) -> httpx.Response:
        self.meter.connection, self.meter.reused, self.used = self.number, self.used, True
        self.meter.tls = Tls("TLSv1.3", "none: in-process") if request.url.startswith("https") else None
        sent = httpx.Request(request.method, _url(request.url), headers=complete(request), content=request.body)
        response = await self.inner.handle_async_request(sent)
        response.extensions["http_version"] = b"HTTP/1.1"
        return response

    async def aclose(self) -> None:
        await self.inner.aclose()


def _config(contract: Contract, trial: Trial, https: str, http: str, ca_file: str = "") -> Settings:
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
        "states": reference_states(contract),
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
    judged = target(trial.id, config, contract)
    guided = contract.calls[trial.call].row.edition != PAGE
    app = application(
        variant=name,
        rewrite=trial.rewrite and _of_its_call(trial.rewrite, trial),
        rewrite_errors=trial.rewrite_errors,
        # In-process nothing puts the token in its place. Where errors are wrong, that of a wrong token would be, too.
        token=judged.token if guided and not trial.kinds else "",
        unknown_action="430" if guided else "999",
    )
    yield judged, InProcess(app, judged)


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
    with ready(trial, contract) as (judged, dialer):
        sparing = trial.call != contract.call.name
        plan = plans.plan(contract, judged, _wishes(trial, contract), sparing=sparing)
        if trial.kinds or contract.calls[trial.call].changes:
            plan = replace(plan, last=(), late=(), handshakes=False)  # nothing has to be waited for
        began = time.time()
        recording = await Wire(judged, Limits(), seed=1, dialer=dialer).session(plan)
    return evidence_of(judged, recording, seed=1, started=began)
