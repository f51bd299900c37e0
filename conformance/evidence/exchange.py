"""What was recorded: frozen facts about requests, answers and connections. No I/O, no judging."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property
from statistics import median
from urllib.parse import urlsplit

from conformance.contract.document import Document, read
from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.classify import Meaning, classify
from conformance.evidence.envelope import Envelope
from conformance.evidence.trees import Reading, kept
from conformance.target.described import Described
from conformance.target.secrets import Secrets

_CLOCKS_DIFFER_S = 2.0  # the Date header has whole seconds; a smaller difference shows nothing
_STANDSTILL_S = 1.5


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent. The URL reads `[token]` where the token stood; secret headers read `[redacted]`.

    http_version: another than HTTP/1.1. target: what the request line has in place of path and query.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    http_version: str = ""
    target: str = ""


WAITING = "waiting for an answer"  # the stage of a call of which nothing has come back yet


@dataclass(frozen=True, slots=True)
class Loss:
    """Why there is no answer.

    kind: dns, refused, unreachable, certificate, purpose, no-trust, client-cert, no-tls, tls, http2, timeout, closed,
    malformed, proxy, too-large, interrupted.
    """

    kind: str
    reason: str

    @property
    def is_silence(self) -> bool:
        """Whether the time was over before a single octet of an answer came."""
        return self.kind == "timeout" and self.reason.endswith(f"({WAITING})")


@dataclass(frozen=True)
class Answer:
    """What came back: status line, headers as sent (names and order kept), the body without its content coding.

    status, reason, http_version: of the status line. headers: names and values. body: its octets. media_type, charset:
    of Content-Type, "" where it says none. document: the body as XML, its `root` None where it is none.
    unread: why the body could not be had in full ("" when it was). broken: what is wrong with its content coding.
    wire_bytes: octets of the body as received. length, sha256: of a body that is withheld, as it was read.
    surplus: octets behind it on the connection. decoded: why the body's bytes are not known though its text is.
    """

    status: int
    reason: str
    http_version: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    wire_bytes: int = 0
    unread: str = ""
    broken: str = ""
    length: int = 0
    sha256: str = ""
    surplus: int = 0
    decoded: str = ""

    def header(self, name: str) -> str:
        """The values of a header field, joined as RFC 9110 section 5.2 says; "" when absent."""
        return self._fields.get(name.lower(), "")

    @cached_property
    def _fields(self) -> dict[str, str]:
        fields: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in self.headers:
            fields[name.lower()].append(value)
        return {name: ", ".join(values) for name, values in fields.items()}

    @property
    def redirect(self) -> str:
        """Where it sends its reader; "" when it is no redirect (304 only says that nothing has changed)."""
        if not 300 <= self.status < 400 or self.status == 304:
            return ""
        return self.header("location") or "nowhere"

    @property
    def media_type(self) -> str:
        return self.header("content-type").split(";")[0].strip().lower()

    @cached_property
    def charset(self) -> str:
        found = re.search(r"""charset\s*=\s*"?([^\s;"]+)""", self.header("content-type"), re.IGNORECASE)
        return found[1] if found else ""

    @cached_property
    def date(self) -> float | None:
        """The `Date` header as Unix time; None when absent or unreadable (RFC 9110 section 6.6.1)."""
        try:
            when = parsedate_to_datetime(self.header("date"))
            # Without a zone it is Greenwich's: whose clock runs where does not depend on where the suite runs.
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (TypeError, ValueError, OverflowError, IndexError):
            return None

    @cached_property
    def reading(self) -> Reading:
        """What it is read from: answers that agree in this are read alike."""
        return self.body, self.charset, self.unread or self.broken

    @property
    def document(self) -> Document:
        return self.envelope.document

    @property
    def envelope(self) -> Envelope:
        """The body as it was read. Many answers share one body; trees are kept within a bound, and read again."""
        return kept(self.reading, self._parsed)

    def _parsed(self) -> Document:
        if self.unread or self.broken:
            return Document(unreadable=self.unread, fault=self.broken, text=self.body.decode("latin-1"))
        return read(self.body, self.charset)

    @property
    def meaning(self) -> Meaning:
        """What it amounts to by itself, whichever call it answers."""
        return classify(self.envelope)


@dataclass(frozen=True, slots=True)
class Tls:
    """What was negotiated, and the certificate: subject and expiry (Unix time)."""

    version: str
    cipher: str
    subject: str = ""
    expires: float | None = None


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it. Times are Unix seconds on this machine's clock.

    number: by which reports name it. title: what was sent, in words. binding: how it travelled. request: its `method`,
    `url`, `headers`, `body`. started, finished: Unix seconds. elapsed: seconds that it took. answer: what came back, or
    None. loss: why there is no answer (`kind`, `reason`), or None. tls: what was negotiated, None over plain HTTP.
    reused: whether the connection had carried a call before. retried: whether it was sent again. reproduce: a curl line
    that sends it again. kind: which `Kind` of request it is.
    probe: id of the probe; purpose: what it was sent for; control: id of the probe that must succeed for this one to
    count; state: the error code whose state it was sent in; connection: a number per connection, in order of use;
    address: what it led to, "" where a proxy knows it; connecting: seconds until it stood, 0 where it did before.
    """

    number: int
    probe: str
    purpose: Purpose
    title: str
    binding: str
    request: Request
    started: float
    finished: float
    answer: Answer | None = None
    loss: Loss | None = None
    tls: Tls | None = None
    control: str = ""
    state: str = ""
    connection: int = 0
    address: str = ""
    reused: bool = False
    connecting: float = 0.0
    retried: bool = False
    reproduce: str = ""

    @property
    def elapsed(self) -> float:
        return self.finished - self.started

    @property
    def kind(self) -> Kind:
        return self.purpose.kind


@dataclass(frozen=True, slots=True)
class Handshake:
    """Whether the endpoint agreed to a TLS version; None when this machine could not ask."""

    version: str
    accepted: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Evidence:
    """Everything a run recorded, enough to judge again.

    calls: those that it is about; none where it was recorded before there was more than one. left_out: calls of the
    target that nobody asked for. labels: who or what was judged, in the user's words. gaps: label of a purpose -> why
    it was not sent. canary: connections that a listener of ours saw from the endpoint; None when it could not see any.
    notes: what a reader should know before the verdicts. nonce: of the challenge that the run answers, if any.
    described: how the run was set up, so that its requests can be made again; None where nobody said. contract,
    catalogue: what the run went by, by its name and the digest of its requirements; "" where nobody said. replayed:
    whether it was read from a file. secrets: what may be in the answers, which are as they came; only what `Redaction`
    shows of them is written or printed.
    """

    exchanges: tuple[Exchange, ...]
    target: str
    endpoint: str
    binding: str
    calls: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    accept: tuple[str, ...] = ()
    clock_tolerance: float = 300.0
    error_elements: tuple[str, str] = ("Error", "Description")
    answer_budget: float = 2.0
    seed: int = 0
    started: float = 0.0
    finished: float = 0.0
    handshakes: tuple[Handshake, ...] = ()
    gaps: dict[str, str] = field(default_factory=dict)
    canary: int | None = None
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    nonce: str = ""
    described: Described | None = None
    contract: str = ""
    catalogue: str = ""
    replayed: bool = field(default=False, compare=False)
    secrets: Secrets = field(default_factory=Secrets, repr=False, compare=False)

    @property
    def smoke(self) -> bool:
        """Whether it is of a smoke run, which does not send all that shows a requirement kept."""
        return self.described is not None and self.described.smoke > 0

    def of(self, kind: Kind, state: str = "") -> tuple[Exchange, ...]:
        """The exchanges of a kind, of one state where it is given, in the order they were sent."""
        found = self._kinds.get(kind, ())
        return tuple(e for e in found if e.purpose.state == state) if state else found

    def about(self, call: str) -> Evidence:
        """The part of it that is about one call."""
        return replace(self, exchanges=tuple(e for e in self.exchanges if e.purpose.call == call))

    @cached_property
    def _kinds(self) -> dict[Kind, tuple[Exchange, ...]]:
        kinds: defaultdict[Kind, list[Exchange]] = defaultdict(list)
        for exchange in self.exchanges:
            kinds[exchange.kind].append(exchange)
        return {kind: tuple(those) for kind, those in kinds.items()}

    @cached_property
    def clock_offset(self) -> float:
        """Seconds that the endpoint's clock is ahead of ours, by its Date headers; 0.0 where they show none."""
        return _offset(self.exchanges)

    def offset_at(self, exchange: Exchange) -> float:
        """The same of the host that was asked: a state may be provisioned at another one."""
        return self._offsets[urlsplit(exchange.request.url).hostname or ""]

    @cached_property
    def _offsets(self) -> dict[str, float]:
        hosts: defaultdict[str, list[Exchange]] = defaultdict(list)
        for exchange in self.exchanges:
            hosts[urlsplit(exchange.request.url).hostname or ""].append(exchange)
        return {host: _offset(those) for host, those in hosts.items()}


def _offset(exchanges: Sequence[Exchange]) -> float:
    """How far ahead of ours a clock is by its Date; one that stands still, or comes from a cache (Age), is none."""
    dated = [(e, e.answer.date) for e in exchanges if e.answer and e.answer.date is not None]
    live = [(e, date) for e, date in dated if e.answer and e.answer.header("age").strip() in {"", "0"}]
    if not live:
        return 0.0
    took = live[-1][0].started - live[0][0].started
    frozen = took > _STANDSTILL_S and len({date for _, date in live}) == 1
    offset = median(date - (e.started + e.finished) / 2 for e, date in live)
    return 0.0 if frozen or abs(offset) <= _CLOCKS_DIFFER_S else offset
