"""What the first calls show about the way to an endpoint, in words, and how to mend it. Judges no requirement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal
from urllib.parse import urlsplit

from conformance.contract.purpose import SPELLED, Kind
from conformance.contract.quoting import clip, web_page
from conformance.contract.spelling import counted
from conformance.evidence.between import ANSWERED_407, TO_MEND, UNOPENED, remedy_of_a_proxy
from conformance.evidence.exchange import Answer, Evidence, Exchange, Loss

_STEPS = ("name", "port", "TLS", "Connect API")
_ASKED, _UNANSWERED = "the documented request got ", "no answer to the documented request: "
_SOON = 14  # days in which a certificate should be renewed
_DAY = 86_400.0

# How a lost call shows at which step it was lost: by its kind, or by what it was doing then.
_LOST_AT = {
    "dns": 0,
    "refused": 1,
    "unreachable": 1,
    "certificate": 2,
    "purpose": 2,
    "no-trust": 2,
    "client-cert": 2,
    "no-tls": 2,
    "tls": 2,
    "http2": 3,
}
_LOST_WHILE = {"resolving the name": 0, "(connecting)": 1, "TLS handshake": 2}

_REPAIRS = (
    "correct the host in `endpoint`; a name of an internal network may need its VPN or name server",
    "correct host and port in `endpoint`; a firewall may stop this machine's address (see `source_address`, `proxy`)",
    "the port must speak TLS 1.2 or newer; a proxy between may break it",
    "look into the server's log; raise `timeout` if it is slow",
)
_CERTIFICATE = {
    "expired": "renew the certificate",
    "subject alternative names": "use a name of the certificate's in `endpoint`, or give it this one (subjectAltName)",
    "does not lead to a CA": "let the server send its intermediate certificates too; where its CA is a private one,"
    " name that with `ca_file`",
    "not yet valid": "set this machine's clock, or wait",
    "too weak": "let the server have a certificate with a longer key",
    "purpose": "let the server have a certificate for servers (extended key usage serverAuth)",
}
_UNRECOGNIZED = "the server knows no such host: use its name in `endpoint`, not its address"
_OF_KINDS = {
    "no-tls": "correct the port in `endpoint`: what listens there may be plain HTTP",
    "purpose": _CERTIFICATE["purpose"],
    "no-trust": "install CA certificates on this machine, or name a file of them with `ca_file` (--ca-file)",
    "client-cert": "name one that it accepts with `client_cert` and `client_key` (--client-cert, --client-key)",
    "http2": "let the server speak HTTP/1.1 too, or put a proxy in front that does",
}
_READABLE = "let it answer with a body that is whole, of usual size (`max_body`), and not packed unasked"
_UNKNOWN_CA = "name the certificate of its CA with `ca_file` (--ca-file)"
_STATUSES = {
    401: "it asks for other credentials: see `headers`",
    403: "it lets nobody in from here, or not with these credentials",
    404: "there is nothing at this path: correct path and token in `endpoint`",
    407: ANSWERED_407,
    429: "it had too many requests: wait, then use --rate and `concurrency`",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    state: ok; open, where a run would leave something open or fail something; problem, where it could judge nothing;
    unseen, where something before it failed. repair: what to do about it, line by line.
    """

    subject: str
    state: Literal["ok", "open", "problem", "unseen"]
    text: str
    repair: tuple[str, ...] = ()


def diagnosis(evidence: Evidence) -> str:
    """Why nothing could be judged, in one line, where the first call shows it; else nothing."""
    first = first_call(evidence.exchanges)
    way = way_to(first, evidence, other=other_way(first, evidence.exchanges)) if first else ()
    led = {"TLS": "TLS: ", _STEPS[-1]: _ASKED if first and first.answer else _UNANSWERED}
    return next(
        (f"{led.get(f.subject, '')}{f.text}{TO_MEND}{' '.join(f.repair)}" for f in way if f.state == "problem"), ""
    )


def first_call(exchanges: tuple[Exchange, ...]) -> Exchange | None:
    """The first documented call; where it was repeated, its last try."""
    return next((e for e in reversed(exchanges) if e.probe == "documented-1"), None)


def way_to(
    exchange: Exchange, evidence: Evidence, addresses: tuple[str, ...] = (), proxy: str = "", other: str = ""
) -> tuple[Finding, ...]:
    """Name, port, TLS, API: each as far as the first call came. other: what is served in its place, if anything is."""
    lost = _lost_at(exchange.loss) if exchange.loss else len(_STEPS)
    seen = [_name(exchange, addresses, proxy), _port(exchange, proxy), _tls(exchange)]
    if exchange.answer:
        seen.append(_instead(_api(exchange.answer, evidence), other))
    found = []
    for step, (subject, finding) in enumerate(zip_longest(_STEPS, seen)):
        if exchange.loss and step == lost:
            said = Finding(subject, "problem", exchange.loss.reason, (_repair(exchange.loss, step),))
            found.append(_instead(said, other))
        elif step > lost or finding is None:
            found.append(Finding(subject, "unseen", "not reached"))
        else:
            found.append(finding)
    return tuple(found)


def _instead(finding: Finding, other: str) -> Finding:
    return replace(finding, repair=(other,)) if finding.state == "problem" and other else finding


def other_way(first: Exchange, exchanges: Iterable[Exchange]) -> str:
    """How the documented request is served, where it is served otherwise than it was sent first; else nothing."""
    served = [e for e in exchanges if e.answer and e.answer.meaning.is_success]
    asked = urlsplit(first.request.url)
    for e in served if not any(e.kind is first.kind for e in served) else ():
        if e.kind in SPELLED and e.binding == first.binding and urlsplit(e.request.url).path == asked.path:
            return f"{e.title} is served: let the endpoint read its request with an XML processor"
    for e in served:
        parts = urlsplit(e.request.url)
        if e.kind is Kind.BINDINGS and e.binding == first.binding and parts.path != asked.path:
            last = parts.path.rsplit("/", 1)[-1]
            return f"with a last segment {last} in the path it is served: let `endpoint` end with /{last}"
    for e in served:
        if e.kind is Kind.BINDINGS and e.binding != first.binding:
            return f'as {e.binding} it is served: say `binding = "{e.binding}"` (--binding)'
    return ""


def _lost_at(loss: Loss) -> int:
    if loss.kind == "proxy":
        return 2 if remedy_of_a_proxy(loss.reason) == UNOPENED else 1
    doing = (step for words, step in _LOST_WHILE.items() if words in loss.reason)
    return _LOST_AT.get(loss.kind, next(doing, len(_STEPS) - 1))


def _repair(loss: Loss, step: int) -> str:
    if loss.kind == "proxy":
        return remedy_of_a_proxy(loss.reason)
    if loss.kind == "certificate":
        return next((repair for words, repair in _CERTIFICATE.items() if words in loss.reason), _UNKNOWN_CA)
    if "unrecognized name" in loss.reason:
        return _UNRECOGNIZED
    return _OF_KINDS.get(loss.kind, _REPAIRS[step])


def _place(exchange: Exchange) -> tuple[str, int]:
    parts = urlsplit(exchange.request.url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _name(exchange: Exchange, addresses: tuple[str, ...], proxy: str) -> Finding:
    host, _ = _place(exchange)
    if proxy:
        return Finding("name", "ok", f"{host} is looked up by the proxy {proxy}")
    if addresses in {(), (host,)}:
        return Finding("name", "ok", f"{host} is an address" if addresses else f"{host} is known")
    return Finding("name", "ok", f"{host} is {', '.join(addresses)}")


def _port(exchange: Exchange, proxy: str) -> Finding:
    _, port = _place(exchange)
    return Finding("port", "ok", f"{port} is open" + (", as the proxy says" if proxy else ""))


def _tls(exchange: Exchange) -> Finding:
    tls = exchange.tls
    if tls is None:
        return Finding("TLS", "ok", "in use")
    named = f" ({clip(tls.subject)})" if tls.subject else ""
    said = f"{tls.version}, the certificate{named} verifies for {_place(exchange)[0]}"
    if tls.expires is None:
        return Finding("TLS", "ok", said)
    days = int((tls.expires - exchange.finished) // _DAY)
    said += f" and expires in {counted(days, 'day')}"
    return Finding("TLS", "ok", said) if days >= _SOON else Finding("TLS", "open", said, ("renew it soon",))


def _api(answer: Answer, evidence: Evidence) -> Finding:
    """Whether it is the Connect API that answers the documented request, or something that stands in its place."""
    http, subject = f"HTTP {answer.status}", _STEPS[-1]
    envelope = answer.envelope
    if 300 <= answer.status < 400:
        to = answer.header("location") or "nowhere"
        repair = "redirects are not followed: if that is the API, make it the `endpoint`; it may be a login page"
        return Finding(subject, "problem", f"{http}: a redirect to {clip(to, 400)}", (repair,))
    if envelope.recognised and answer.meaning.reports_error:
        repair = "the documented request must succeed first: check token, address and account"
        return Finding(subject, "problem", f"{http}: {_error(answer, evidence)}", (repair,))
    if envelope.recognised:
        said = "Success" if envelope.says_success else "an envelope, though not Success"
        return Finding(subject, "ok", f"{http}: the documented request is answered with {said}")
    if answer.unread:
        return Finding(subject, "problem", f"{http}: {answer.unread}", (_READABLE,))
    repair = _STATUSES.get(answer.status, "a proxy, a login page or another service may answer in its place")
    if answer.status >= 500:
        repair = "the server, or what stands before it, fails: look into its log"
    return Finding(subject, "problem", f"{http}: {_stranger(answer)}, no envelope of the Connect API", (repair,))


def _error(answer: Answer, evidence: Evidence) -> str:
    for error in answer.envelope.errors(*evidence.error_elements):
        code, message = error.code.text if error.code else "", error.message.text if error.message else ""
        return f"error {clip(code, 20)} {clip(message, 120)!r}"
    return "an error without a code"


def _stranger(answer: Answer) -> str:
    text = answer.body[:65_536].decode("utf-8", "replace")
    if page := web_page(text):
        return page
    if answer.envelope.document.root is not None:
        return "XML of another kind"
    return f"{answer.media_type or 'something without a media type'}, {len(answer.body)} bytes" if text else "no body"


def clock(exchange: Exchange, tolerance: float) -> Finding:
    """How far the endpoint's clock is from this machine's, by its `Date` header, which counts whole seconds."""
    if exchange.answer is None:
        return Finding("clock", "unseen", "not reached")
    date = exchange.answer.date
    if date is None:
        return Finding("clock", "open", "no `Date` header to tell it by", ("let the server send one",))
    # The header is cut to the second; the middle of the exchange is when it was most likely written.
    offset = date + 0.5 - (exchange.started + exchange.finished) / 2
    if abs(offset) <= 1 + exchange.elapsed / 2:
        return Finding("clock", "ok", "the same as this machine's")
    said = f"{abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} this machine's"
    if abs(offset) <= tolerance:
        return Finding("clock", "ok", f"{said}; up to {tolerance:g} s are tolerated")
    return Finding("clock", "open", said, ("set one of the clocks (NTP), or raise `clock_tolerance`",))


def in_state(exchange: Exchange | None, evidence: Evidence, code: str, said: str) -> Finding:
    """What one call in a provisioned state came to. said: how the state is reached."""
    subject = f"state {code}"
    repair = (f"correct how the state is reached: [targets.{evidence.target}.states.{code}]",)
    if exchange is None:
        why = evidence.gaps.get(f"state-{code}", "it was not tried")
        return Finding(subject, "open", f"{said}; {why}", repair)
    if exchange.answer is None:
        lost = exchange.loss.reason if exchange.loss else "no answer"
        return Finding(subject, "open", f"{said}; {lost}", repair)
    answer, http = exchange.answer, f"HTTP {exchange.answer.status}"
    codes = [e.code.text.strip() for e in answer.envelope.errors(*evidence.error_elements) if e.code]
    if code in codes and answer.meaning.reports_error:
        return Finding(subject, "ok", f"{said}; {http}: answers with {_error(answer, evidence)}")
    if answer.meaning.is_success:
        return Finding(subject, "open", f"{said}; {http}: answers with Success, so it is not reached", repair)
    what = _error(answer, evidence) if answer.meaning.reports_error else _stranger(answer)
    return Finding(subject, "open", f"{said}; {http}: answers with {what}, not with error {code}", repair)


def plain_http(exchange: Exchange | None, evidence: Evidence) -> Finding:
    """Whether plain HTTP, which the page refuses with error 009, can be reached at all."""
    subject = "plain HTTP"
    if exchange is None:
        return Finding(subject, "unseen", "not reached")
    host, port = _place(exchange)
    if exchange.loss:
        first = first_call(evidence.exchanges)
        if first and first.loss and first.loss.reason == exchange.loss.reason:
            return Finding(subject, "unseen", "not reached, for the same reason")
        repair = "say where with `http_endpoint`; else the requirements about error 009 stay open"
        return Finding(subject, "open", exchange.loss.reason, (repair,))
    assert exchange.answer
    said = f"HTTP {exchange.answer.status} from {host} port {port}"
    if exchange.answer.meaning.reports_error:
        said += f", {_error(exchange.answer, evidence)}"
    return Finding(subject, "ok", f"{said} (sent with a random token)")
