"""Sends probes and records what comes back: within a deadline, a size, a rate and a request budget.

The only user of httpx. Requests are built with placeholders; the stream swaps them for the secrets in the bytes
that leave, and answers lose every trace of a secret before anything else sees them.
"""

from __future__ import annotations

import itertools
import re
import shlex
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

import anyio
import anyio.from_thread
import anyio.to_thread
import httpcore
import httpx

from conformance import __version__, explore, probes
from conformance.allowance import KEPT, Allowance
from conformance.canary import NOWHERE, Canary, listen
from conformance.coding import decoded
from conformance.connect import Dialer, LineFailed, Meter
from conformance.exchange import Answer, Evidence, Exchange, Handshake, Loss, Request
from conformance.probes import FIRST, LATER_S, Plan, Probe
from conformance.states import setup, teardown
from conformance.target import State, Target

USER_AGENT = f"connect-conformance/{__version__}"
_STREAK = 4  # losses in a row after which an endpoint counts as silent
_PATIENCE_S = 10  # the longest Retry-After that is waited for
# Groups of exchanges that nothing judges: they were sent again.
THROTTLED, CROWDED = "throttled", "crowded"
_HEAD = 100 * 1024  # bytes of a head that h11 accepts; the wire cap leaves room for it


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may cost the endpoint."""

    concurrency: int = 8
    max_requests: int = 1_000
    rate: float = 0.0  # requests a second; 0: no limit
    run_seconds: float = 600.0
    reductions: int = 20  # requests spent on making what a generated one has shown smaller


@dataclass(frozen=True)
class Recording:
    """What a sending session brought home."""

    exchanges: tuple[Exchange, ...]
    handshakes: tuple[Handshake, ...]
    gaps: dict[str, str]
    notes: tuple[str, ...]
    canary: int | None
    interrupted: bool


class Wire:
    """One sending session to one target."""

    def __init__(
        self,
        target: Target,
        limits: Limits,
        seed: int = 0,
        dialer: Dialer | None = None,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> None:
        self.target, self.limits, self.progress = target, limits, progress
        self.random = Random(seed)  # noqa: S311  a stand-in for the token needs no cryptography
        self.secrets = target.secrets
        self.allowance = Allowance(target.max_body)
        self.exchanges: list[Exchange] = []
        self.gaps: dict[str, str] = {}
        self.notes: list[str] = []
        self.handshakes: list[Handshake] = []
        self.dialer = dialer or Dialer(self.secrets, target.ca_file)
        self._numbers = itertools.count(1)
        self._sent = 0
        self._silent: dict[str, str] = {}  # channel -> why nothing more is sent there
        self._streaks: dict[str, int] = {}
        self._next_slot = 0.0
        self._stand_in = _stand_in(target.token_shape, self.random)
        self._total = 0
        self.documented: Probe | None = None
        self._idle: _Worker | None = (
            None  # the worker of the first call, which keeps its connection to the end
        )
        self._lane: _Worker | None = (
            None  # the only worker that goes on, once connections stood in each other's way
        )
        self._narrowed_at: float | None = None
        self._interrupted = False
        self.canary: Canary | None = None
        self._epoch = time.time() - time.monotonic()

    def run(self, plan: Plan) -> Recording:
        """Send the plan. Ctrl-C ends it early; what was recorded is kept."""
        try:
            anyio.run(self.session, plan)
        except KeyboardInterrupt:
            self._interrupted = True
        return self.recording(plan)

    async def session(self, plan: Plan) -> Recording:
        """The same, inside an event loop of the caller's."""
        self._total = len(plan.probes)
        with anyio.move_on_after(self.limits.run_seconds) as scope:
            await self._phases(plan)
        if scope.cancelled_caught:
            self.notes.append(f"the run was stopped after {self.limits.run_seconds:g} s, its bound")
        return self.recording(plan)

    def recording(self, plan: Plan) -> Recording:
        """What has been recorded so far, with a reason for everything in the plan that was not sent."""
        gaps = plan.gaps | self.gaps
        sent = {e.probe for e in self.exchanges}
        ended = (
            "the run was interrupted before it was sent"
            if self._interrupted
            else "the run ended before it was sent"
        )
        for probe in plan.probes:
            if probe.id not in sent:
                gaps.setdefault(probe.group, self._silent.get(probe.channel, ended))
        return Recording(
            tuple(sorted(self.exchanges, key=lambda e: e.number)),
            tuple(self.handshakes),
            gaps,
            tuple(self.notes),
            self.canary.seen if self.canary else None,
            self._interrupted,
        )

    async def _phases(self, plan: Plan) -> None:
        self.documented = plan.first
        if any(probe.group == "hostile" for probe in plan.together):
            self.canary = listen(urlsplit(self.target.endpoint).hostname or "")
        try:
            await self._in_order(plan)
        finally:
            if self.canary:
                self.canary.close()

    async def _in_order(self, plan: Plan) -> None:
        async with _Worker(self) as self._idle:
            first = self._idle
            began = await self._first(plan, first)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._pool, plan.together)
                if plan.handshakes and "https" not in self._silent:
                    tasks.start_soon(self._tls_versions)
            await self._reduce(plan, first)
            for probe in plan.middle:
                await first.exchange_with_retry(probe)
            for code, calls in plan.states.items():
                await self._state(self.target.states[code], calls)
            if plan.last and "https" not in self._silent:
                await anyio.sleep(max(0.0, LATER_S - (time.monotonic() - began)))
            # Over the connection of the first call: an endpoint may keep what it answers per connection.
            for probe in plan.last:
                await first.exchange_with_retry(probe)

    async def _reduce(self, plan: Plan, worker: _Worker) -> None:
        """Show with a small request, within a budget, what only a generated one has shown."""
        findings = list(explore.findings(plan, self.exchanges))
        for probe, case in findings:
            numbers = itertools.count(1)
            # The reduction is hypothesis' and has a thread of its own; every request is sent from here.
            shows = partial(self._shows, worker, probe, case, numbers)
            share = self.limits.reductions // len(findings)
            await anyio.to_thread.run_sync(explore.reduce, case, partial(anyio.from_thread.run, shows), share)

    async def _shows(
        self, worker: _Worker, probe: Probe, case: explore.Case, numbers: Iterator[int], document: bytes
    ) -> bool:
        smaller = probes.reduced(probe, next(numbers), document)
        if self._sent < self.limits.max_requests:
            await worker.exchange_with_retry(smaller)
        return any(e.probe == smaller.id and case.shown_by(e.answer) for e in self.exchanges)

    async def _first(self, plan: Plan, worker: _Worker) -> float:
        """The first call decides whether there is anybody to talk to; returns when it was over."""
        exchange = await worker.exchange(plan.first)
        if exchange.loss and exchange.loss.kind in {"closed", "timeout", "refused", "unreachable"}:
            exchange = await worker.exchange(plan.first, retried=True)
        if exchange.loss:
            self._silent["https"] = f"the first call got no answer: {exchange.loss.reason}"
        return time.monotonic()

    async def _pool(self, calls: Iterable[Probe]) -> None:
        """Send probes side by side, each worker over its own connections."""
        queue = deque(calls)

        async def work() -> None:
            async with _Worker(self) as worker:
                while queue and self._lane in {None, worker}:
                    probe = queue.popleft()
                    if await worker.exchange_with_retry(probe):
                        queue.append(probe)
                self._lane = None if self._lane is worker and not queue else self._lane

        async with anyio.create_task_group() as tasks:
            for _ in range(min(self.limits.concurrency, len(queue))):
                tasks.start_soon(work)
        if queue:  # sent back by a worker that gave way when the last one was through
            self._lane = None
            await work()

    async def give_way(self, worker: _Worker, began: float) -> bool:
        """Whether a call got no answer because other connections of ours are in the way.

        An endpoint that serves few connections at a time keeps the rest waiting as long as one is open. From
        then on one worker alone goes on, over one connection.
        """
        if self._narrowed_at is None and self.limits.concurrency > 1:
            self._narrowed_at, self._lane = self.now(), worker
            self.notes.append("the endpoint serves few connections at a time: the rest of the run used one")
            if self._idle is not None and self._idle is not worker:
                await self._idle.drop()
            return True
        return self._narrowed_at is not None and began <= self._narrowed_at

    async def _state(self, state: State, calls: tuple[Probe, ...]) -> None:
        """The calls in one state, between its setup and its teardown, and one after it."""
        group = f"state-{state.code}"
        try:
            failed = await setup(state, self.secrets) if state.setup else ""
            if failed:
                self.gaps[group] = failed
            else:
                async with _Worker(self) as worker:
                    for probe in calls:
                        await worker.exchange_with_retry(probe)
        finally:
            if state.teardown:
                with anyio.CancelScope(shield=True):
                    failed = await teardown(state, self.secrets)
                    if failed:
                        self.notes.append(failed)
        if state.setup and state.teardown and group not in self.gaps:
            after = replace(
                calls[0], id=f"after-{state.code}", group=f"after-{state.code}", state="", channel="https"
            )
            async with _Worker(self) as worker:
                await worker.exchange_with_retry(
                    replace(after, title=f"the documented request after the state of {state.code}")
                )

    async def _tls_versions(self) -> None:
        parts = urlsplit(self.target.endpoint)
        if self.target.proxy or self.target.source_address:
            return
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            self.handshakes.append(
                await self.dialer.handshake(
                    parts.hostname or "", parts.port or 443, version, self.target.timeout
                )
            )

    def now(self) -> float:
        """Unix time by the clock of this machine as it was when the session began."""
        return self._epoch + time.monotonic()

    def throttled(self, answer: Answer) -> bool:
        """Whether the endpoint asks to wait a little (RFC 9110 section 10.2.3); if so, everybody waits."""
        after = answer.header("retry-after")
        if (
            answer.status not in {429, 503}
            or not re.fullmatch(r"[0-9]{1,3}", after)
            or int(after) > _PATIENCE_S
        ):
            return False
        self._next_slot = max(self._next_slot, time.monotonic() + int(after))
        return True

    async def admitted(self, probe: Probe) -> bool:
        """Wait for a slot; False when the budget is spent or the endpoint has gone silent."""
        if self._silent.get(probe.channel):
            return False
        if self._sent >= self.limits.max_requests:
            self.gaps.setdefault(
                probe.group, f"the request budget of {self.limits.max_requests} is spent (--max-requests)"
            )
            return False
        self._sent += 1
        now = time.monotonic()
        slot = max(now, self._next_slot)
        if self.limits.rate:
            self._next_slot = slot + 1 / self.limits.rate
        if slot > now:
            await anyio.sleep(slot - now)
        return True

    def record(self, exchange: Exchange, channel: str) -> Exchange:
        exchange = replace(exchange, number=next(self._numbers))
        self.exchanges.append(exchange)
        self.progress(len(self.exchanges), self._total)
        kept = exchange.loss and exchange.loss.kind == "closed" and exchange.reused
        if exchange.group in {CROWDED, "hostile"} or kept:
            return exchange  # a call that is sent again, or that may well be hung up on
        self._streaks[channel] = self._streaks.get(channel, 0) + 1 if exchange.loss else 0
        return exchange

    def is_suspect(self, channel: str) -> bool:
        """Whether so many calls in a row got no answer that the endpoint may have gone."""
        most = _STREAK if self._narrowed_at is None else _STREAK // 2
        return channel not in self._silent and self._streaks.get(channel, 0) >= most

    def settle(self, channel: str, check: Exchange) -> None:
        """A documented call, sent to a suspect: answered, all is well; else nothing more is sent there."""
        self._streaks[channel] = 0
        if check.loss:
            self._silent[channel] = f"the endpoint stopped answering ({check.loss.reason})"

    def request(
        self, probe: Probe, state: State | None
    ) -> tuple[str, str, tuple[tuple[str, str], ...], bytes]:
        """Method, URL, headers and body of a probe; secrets as placeholders, over plain HTTP a stand-in token."""
        plain = probe.channel == "http"
        url = (state and state.endpoint) or (self.target.http_endpoint if plain else self.target.endpoint)
        configured = (*self.target.headers, *(state.headers if state else ()))
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "text/xml, application/xml, */*;q=0.1",
            "Accept-Encoding": "identity",
        }
        headers |= dict(configured)
        headers |= dict(probe.headers)
        if plain:
            headers = {name: value for name, value in headers.items() if not self.secrets.is_secret(value)}
            url = self._without_secrets(url)
        if probe.group == "hostile":
            canary = self.canary.url if self.canary else NOWHERE
            probe = replace(probe, document=probe.document.replace(probes.CANARY, canary.encode()))
        method, url, extra, body = _bound(probe, url)
        return method, url, tuple((headers | extra).items()), body

    def _without_secrets(self, url: str) -> str:
        parts = urlsplit(url)
        segments = [self._stand_in if self.secrets.is_secret(s) else s for s in parts.path.split("/")]
        if self.target.token_in_path and not any(segments):
            segments = ["", self._stand_in]
        elif self.target.token_in_path and self._stand_in not in segments and segments[-1] == "":
            segments[-1] = self._stand_in
        query = "&".join(p for p in parts.query.split("&") if not self.secrets.is_secret(p))
        return urlunsplit((parts.scheme, parts.netloc, "/".join(segments), query, ""))


class _Worker:
    """Sends one probe at a time over its own connections."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.meter = Meter(cap=wire.target.max_body + 2 * _HEAD)
        self._transports: dict[tuple[str, str], httpx.AsyncBaseTransport] = {}  # by proxy and source address

    async def __aenter__(self) -> _Worker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drop()

    async def drop(self) -> None:
        """Close the connections; the next call opens new ones."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            with anyio.move_on_after(1, shield=True):
                await transport.aclose()

    def _open(self, state: State | None) -> httpx.AsyncBaseTransport:
        """httpx without its client: that would keep cookies, log URLs and stumble over odd redirects."""
        target = self.wire.target
        proxy = (state and state.proxy) or target.proxy
        source = (state and state.source_address) or target.source_address
        if (proxy, source) not in self._transports:
            self._transports[proxy, source] = self.wire.dialer.transport(
                self.meter, proxy=proxy, source_address=source
            )
        return self._transports[proxy, source]

    async def exchange_with_retry(self, probe: Probe) -> bool:
        """One exchange; sent once more where a connection was lost, or where the endpoint asked to wait.

        True when other connections of ours were in its way, so that it has to be sent again later.
        """
        if not await self.wire.admitted(probe):
            return False
        exchange = await self._exchange(probe)
        if exchange.group == CROWDED:
            return True
        documented = self.wire.documented
        if documented and self.wire.is_suspect(probe.channel) and await self.wire.admitted(probe):
            check = replace(
                documented, id=f"{documented.id}-again", group="check", channel=probe.channel, fresh=True
            )
            self.wire.settle(probe.channel, await self._exchange(check, retried=True))
        lost = exchange.loss is not None and exchange.loss.kind == "closed"  # RFC 9112 section 9.3.1
        if (lost or exchange.group == THROTTLED) and await self.wire.admitted(probe):
            await self._exchange(probe, retried=True)
        return False

    async def exchange(self, probe: Probe, *, retried: bool = False) -> Exchange:
        await self.wire.admitted(probe)
        return await self._exchange(probe, retried=retried)

    async def _exchange(self, probe: Probe, *, retried: bool = False) -> Exchange:
        if probe.fresh:
            await self.drop()
        state = self.wire.target.states.get(probe.state)
        method, url, headers, body = self.wire.request(probe, state)
        self.meter.begin()
        # The wall clock is read once: one that jumps during the run bends no time and no duration.
        started = self.wire.now()
        answer, loss = await self._answered(state, method, url, headers, body)
        group = probe.group
        if answer and not retried and self.wire.throttled(answer):
            group = THROTTLED
        waiting = (
            loss is not None and loss.kind == "timeout" and not self.meter.reused and not self.meter.received
        )
        if waiting and probe.id != FIRST and await self.wire.give_way(self, started):
            group = CROWDED
        exchange = Exchange(
            number=0,
            probe=probe.id,
            group=group,
            title=probe.title,
            binding=probe.binding,
            request=Request(method, self._shown(url), tuple((n, self._shown(v)) for n, v in headers), body),
            started=started,
            finished=self.wire.now(),
            answer=answer,
            loss=loss,
            tls=self.meter.tls,
            control=probe.control,
            state=probe.state,
            connection=self.meter.connection,
            reused=self.meter.reused,
            retried=retried,
            reproduce=self._curl(method, url, headers, body),
        )
        if loss or (answer and answer.unread):
            await self.drop()
        return self.wire.record(exchange, probe.channel)

    def _shown(self, text: str) -> str:
        return self.wire.secrets.shown(text)

    async def _answered(
        self, state: State | None, method: str, url: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> tuple[Answer | None, Loss | None]:
        timeout = self.wire.target.timeout
        try:
            with anyio.fail_after(timeout):
                return await self._call(state, method, url, headers, body), None
        except TimeoutError:
            return None, Loss("timeout", f"no complete answer within {timeout:g} s ({self.meter.stage})")
        except LineFailed as failed:
            return None, Loss(failed.kind, self.wire.secrets.redact(str(failed)))
        except (httpcore.RemoteProtocolError, httpx.RemoteProtocolError) as error:
            return None, _protocol_loss(str(error), self.meter)
        except (httpcore.ProxyError, httpx.ProxyError):
            return None, Loss("unreachable", "the proxy refused to connect")
        except (httpcore.NetworkError, httpx.NetworkError, httpcore.ProtocolError, httpx.HTTPError, OSError):
            return None, Loss("closed", f"the connection was lost ({self.meter.stage})")

    async def _call(
        self, state: State | None, method: str, url: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> Answer:
        transport = self._open(state)
        request = httpx.Request(method, url, headers=list(headers), content=body or None)
        response = await transport.handle_async_request(request)
        chunks, size, unread = [], 0, ""
        allowance, cap = self.wire.allowance, self.wire.allowance.cap
        try:
            async for chunk in response.aiter_raw():
                self.meter.stage = "reading the body"
                chunks.append(chunk)
                size += len(chunk)
                allowance.spend(len(chunk))
                if unread := allowance.refused(size, cap):
                    break
        except (httpcore.RemoteProtocolError, httpx.RemoteProtocolError, httpcore.ReadError, httpx.ReadError):
            unread = f"the body was cut short: the connection closed after {size} bytes of it"
        finally:
            with anyio.move_on_after(1, shield=True):
                await response.aclose()
        return self._recorded(response, b"".join(chunks), unread, cap)

    def _recorded(self, response: httpx.Response, raw: bytes, unread: str, cap: int) -> Answer:
        secrets = self.wire.secrets
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw)
        reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
        if secrets.leaks("\n".join((reason, *(part for pair in headers for part in pair))).encode("latin-1")):
            reason = secrets.redact(reason)
            headers = tuple((secrets.redact(name), secrets.redact(value)) for name, value in headers)
        body, broken = raw[:KEPT], ""
        if not unread:
            body, unread, broken = decoded(raw, response.headers.get("content-encoding", ""), cap)
            self.wire.allowance.spend(max(0, len(body) - len(raw)))
        return Answer(
            status=response.status_code,
            reason=reason,
            http_version=response.extensions.get("http_version", b"").decode("latin-1"),
            headers=headers,
            body=secrets.redact_bytes(body),
            wire_bytes=len(raw),
            unread=unread,
            broken=broken,
        )

    def _curl(self, method: str, url: str, headers: tuple[tuple[str, str], ...], body: bytes) -> str:
        """A shell line that sends the same request; the token is the environment variable CONNECT_TOKEN."""
        target = self.wire.target
        words = ["curl", "--include"]
        if target.ca_file and url.startswith("https"):
            words += ["--cacert", shlex.quote(target.ca_file)]
        if method != "GET":
            words += ["--request", method]
        for name, value in headers:
            if name not in {"User-Agent", "Accept", "Accept-Encoding"}:
                words += ["--header", shlex.quote(f"{name}: {self._shown(value)}")]
        if body:
            words += ["--data-binary", _shell_bytes(body)]
        shown = '"$CONNECT_TOKEN"'.join(
            shlex.quote(part) for part in self._shown(url).split("[token]") if part
        )
        if self._shown(url).endswith("[token]"):
            shown += '"$CONNECT_TOKEN"'
        return " ".join((*words, shown))


def _bound(probe: Probe, url: str) -> tuple[str, str, dict[str, str], bytes]:
    """Method, URL, extra headers and body of a probe in its binding (interpretation I-06)."""
    if probe.segment:
        parts = urlsplit(url)
        url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{probe.segment}"))
    joint = "&" if urlsplit(url).query else "?"
    if probe.binding == "query-xml" and not probe.document:
        return "GET", url, {}, b""
    if probe.binding == "query-xml":
        return "GET", f"{url}{joint}XML={quote(probe.document, safe='')}", {}, b""
    if probe.binding == "query-params":
        query = "&".join(f"action={quote(action, safe='')}" for action in probe.actions)
        return "GET", f"{url}{joint}{query}" if query else url, {}, b""
    if probe.binding == "form-xml":
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return "POST", url, form, b"XML=" + quote_plus(probe.document).encode() if probe.document else b""
    return "POST", url, {"Content-Type": f"text/xml; charset={probe.charset}"}, probe.document


def _protocol_loss(message: str, meter: Meter) -> Loss:
    """What broke HTTP, told from a connection that merely went away."""
    if "disconnected" in message.lower():
        return Loss("closed", "the connection was closed without an answer")
    if meter.exceeded:
        return Loss("too-large", "the answer is larger than the suite reads")
    return Loss("malformed", f"the answer is not HTTP/1.1: {message[:120]}")


def _stand_in(shape: str, random: Random) -> str:
    """A random token of the same shape: digits for digits, letters of the same kind for letters."""
    kinds = {"0": "0123456789", "a": "abcdef", "z": "ghijklmnopqrstuvwxyz", "A": "ABCDEF"}
    return "".join(random.choice(kinds[c]) if c in kinds else c for c in shape) or "0" * 32


def _shell_bytes(body: bytes) -> str:
    if body.isascii() and all(byte >= 32 or byte in b"\n\t" for byte in body):
        return shlex.quote(body.decode())
    return "$'" + "".join(f"\\x{byte:02x}" for byte in body) + "'"


def evidence_of(judged: Target, recording: Recording, *, seed: int, started: float) -> Evidence:
    """The evidence of a session: what was recorded, and the terms of the target that judging needs."""
    return Evidence(
        exchanges=recording.exchanges,
        target=judged.name,
        endpoint=judged.shown_endpoint,
        binding=judged.binding,
        accept=judged.accept,
        clock_tolerance=judged.clock_tolerance,
        error_elements=judged.error_elements,
        answer_budget=judged.answer_budget,
        seed=seed,
        started=started,
        finished=time.time(),
        handshakes=recording.handshakes,
        gaps=recording.gaps,
        canary=recording.canary,
        notes=recording.notes,
        interrupted=recording.interrupted,
    )
