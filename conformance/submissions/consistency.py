"""Whether the parts of a recording agree with each other. A careless forgery is found so; a careful one is not."""

from __future__ import annotations

import ipaddress
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from conformance.evidence import chain
from conformance.evidence.exchange import Answer, Evidence, Exchange
from conformance.evidence.private import Private
from conformance.evidence.to_har import written
from conformance.submissions.rows import Row, Standing, row

REFERENCE = "x-reference-endpoint"  # the header by which the reference endpoint names itself
_LABELS = (b"[token]", b"[redacted]")  # stand for secrets in answers, which were longer or shorter
_SLACK_S = 2.0  # for clocks that are set while a run is under way, and servers that write one Date for a while
_VERSIONS = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
_EARLY_S = 0.1  # by which a timeout may seem to be over early
_DROPPED_S = 1.5  # that closing a connection may take
_CLOCK_S = 300.0
_LOSSES = {
    *("dns", "refused", "unreachable", "certificate", "purpose", "no-trust", "client-cert", "no-tls", "tls", "http2"),
    *("timeout", "closed", "malformed", "proxy", "too-large"),
}  # that a run which came to its end may record


def consistency(evidence: Evidence, raw: Any, version: str) -> Iterator[Row]:
    """What the parts of a recording say of each other. raw: its file, as JSON. version: of the suite that made it."""
    entries, exchanges = raw["log"]["entries"], evidence.exchanges
    answers = [(e, e.answer) for e in exchanges if e.answer is not None]
    yield row("chain", f"{len(entries)} exchanges, each bound to all before it", _unchained(raw, entries))
    yield row("form", "as the suite writes it, nothing beside it", _form(evidence, raw, version))
    yield row("numbers", "one after the other", _numbers(exchanges))
    yield row("outcomes", "an answer or a loss for each, with the address that it came from", _outcomes(evidence))
    yield row("lengths", "bodies are as long as their heads say", _lengths(answers))
    yield row("times", "within the run, in order, none faster than its connection", _times(evidence))
    yield row("connections", "each carries one call at a time", _connections(exchanges))
    yield _of_certificates(evidence, answers)
    yield row("clocks", "Date headers fit the times of the recording", _clocks(answers), Standing.OPEN)


def _unchained(raw: Any, entries: list[Any]) -> Iterator[str]:
    for place, (entry, link) in enumerate(zip(entries, chain.links(raw["log"]["_run"], entries), strict=True), 1):
        if entry.get(chain.FIELD) != link:
            what = "it or the settings of the run were" if place == 1 else "it was"
            yield f"at entry {place} the hash chain breaks: {what} changed, moved, added or left out"
            return


def _form(evidence: Evidence, raw: Any, version: str) -> Iterator[str]:
    """Fields that repeat others, in other words or units, and fields that nobody reads."""
    made_again = json.loads(written(evidence, creator_version=version))
    for place, (said, made) in enumerate(zip(raw["log"]["entries"], made_again["log"]["entries"], strict=True), 1):
        for key in sorted(said.keys() | made.keys()):
            if key != chain.FIELD and said.get(key) != made.get(key):
                yield f"entry {place}: {key} is not written so by the suite"
    for key in sorted(raw["log"].keys() | made_again["log"].keys()):
        if key != "entries" and raw["log"].get(key) != made_again["log"].get(key):
            yield f"{key} of the log is not written so by the suite"
    if raw.keys() != made_again.keys():
        yield "the file has something beside its log"


def _numbers(exchanges: tuple[Exchange, ...]) -> Iterator[str]:
    for place, exchange in enumerate(exchanges, 1):
        if exchange.number != place:
            yield f"exchange {place} is missing: number {exchange.number} stands in its place"
            return


def _outcomes(evidence: Evidence) -> Iterator[str]:
    """What the suite itself writes of what became of a request."""
    way, timeout = _ways(evidence), evidence.described.target.get("timeout") if evidence.described else None
    for exchange in evidence.exchanges:
        name, answer, loss = f"exchange {exchange.number}", exchange.answer, exchange.loss
        if (answer is None) == (loss is None):
            yield f"{name} has {'no answer and no loss' if loss is None else 'an answer and a loss'}"
        if loss and loss.kind not in _LOSSES and not evidence.interrupted:
            yield f"{name} was lost in a way that no run knows"
        if loss and loss.kind == "timeout" and isinstance(timeout, float) and exchange.elapsed < timeout - _EARLY_S:
            yield f"{name} was given up after {exchange.elapsed:.1f} s, and the timeout is {timeout:g} s"
        if answer and answer.decoded:
            yield f"{name} has a body that another recorder decoded"
        if answer and way(exchange) is None and not _leads(exchange.address, exchange.request.url):
            yield f"{name} was answered from {exchange.address[:40]!r}, which is no address of its host"


def _leads(address: str, url: str) -> bool:
    """Whether it is an address, and the one that the URL names, where it names one."""
    host = urlsplit(url).hostname or ""
    found = _address(address)
    return found is not None and (_address(host) or found) == found


def _lengths(answers: list[tuple[Exchange, Answer]]) -> Iterator[str]:
    for exchange, answer in answers:
        said = answer.header("content-length").strip()
        if answer.unread or answer.surplus or answer.length or exchange.request.method == "HEAD":
            continue
        if said.isdecimal() and answer.status not in {204, 304} and int(said) != answer.wire_bytes:
            yield f"exchange {exchange.number}: Content-Length is {said}, and {answer.wire_bytes} octets came"
        coded = answer.header("content-encoding") or _is_shown_otherwise(answer)
        if not coded and not answer.broken and len(answer.body) != answer.wire_bytes:
            yield f"exchange {exchange.number}: {answer.wire_bytes} octets came, and its body has {len(answer.body)}"


def _is_shown_otherwise(answer: Answer) -> bool:
    """Whether something stands in its body that no report may show, or may have stood there."""
    return any(label in answer.body for label in _LABELS) or bool(Private([answer]).names)


def _times(evidence: Evidence) -> Iterator[str]:
    for exchange in evidence.exchanges:
        name = f"exchange {exchange.number}"
        if exchange.finished < exchange.started:
            yield f"{name} ends before it begins"
        if not evidence.started - _SLACK_S <= exchange.started <= exchange.finished <= evidence.finished + _SLACK_S:
            yield f"{name} lies outside of the run"
        if not 0 <= exchange.connecting <= exchange.elapsed + 0.001:
            yield f"{name} was answered before its connection stood"
        if exchange.answer and exchange.reused == (exchange.connecting > 0):
            yield f"{name}: its connection was {'kept' if exchange.reused else 'new'}, and its times say otherwise"
    for one, other in pairwise(evidence.exchanges):
        if other.finished < one.finished - (_DROPPED_S if _is_dropped(other) else 0.001):
            yield f"exchange {other.number} ended before {one.number}, which has the lower number"


def _is_dropped(exchange: Exchange) -> bool:
    """Whether its connection was closed before it was numbered."""
    answer = exchange.answer
    return answer is None or bool(answer.unread or answer.surplus or exchange.request.http_version)


def _connections(exchanges: tuple[Exchange, ...]) -> Iterator[str]:
    used: dict[int, Exchange] = {}
    asked: set[int] = set()  # also in vain
    for exchange in exchanges:
        name, before, known = f"exchange {exchange.number}", used.get(exchange.connection), exchange.connection in asked
        asked.add(exchange.connection)
        if exchange.answer is None:
            continue
        used[exchange.connection] = exchange
        if exchange.connection < 1 or (exchange.reused and not known):
            yield f"{name} was sent over connection {exchange.connection}, which nobody had opened"
        if before is None:
            continue
        if not exchange.reused:
            yield f"{name} opened connection {exchange.connection}, which {before.number} had used"
        if exchange.started < before.finished - 0.001:
            yield f"{name} was sent over connection {exchange.connection} before {before.number} was answered"
        if (exchange.address, exchange.tls) != (before.address, before.tls):
            yield f"{name}: connection {exchange.connection} led elsewhere for {before.number}"


def _of_certificates(evidence: Evidence, answers: list[tuple[Exchange, Answer]]) -> Row:
    """Through a proxy that may open TLS, a run records no certificate: it may be the proxy's own."""
    way = _ways(evidence)
    seen = {way(exchange) for exchange in evidence.exchanges if exchange.tls}
    known = [(e, a) for e, a in answers if way(e) is None or way(e) in seen or urlsplit(e.request.url).scheme == "http"]
    checked = row("certificates", "valid, the same wherever a host was asked", _certificates(known))
    if checked.standing is not Standing.OK or len(known) == len(answers):
        return checked
    unknown = "answers came through a proxy that may open TLS, so that nobody saw the endpoint's certificate"
    return Row("certificates", Standing.OPEN, f"{len(answers) - len(known)} {unknown}")


def _ways(evidence: Evidence) -> Callable[[Exchange], str | None]:
    """Which proxy an exchange went through, by the state that has one of its own; None where it went through none."""
    settings = evidence.described.target if evidence.described else {}
    states = settings.get("states")  # whatever a forger has put there
    every = states.items() if isinstance(states, dict) else ()
    proxied = {code for code, state in every if isinstance(state, dict) and state.get("proxy")}
    usual = "" if settings.get("proxy") else None
    return lambda exchange: exchange.state if exchange.state in proxied else usual


def _certificates(answers: list[tuple[Exchange, Answer]]) -> Iterator[str]:
    seen: defaultdict[tuple[str, str], set[tuple[str, float | None]]] = defaultdict(set)
    for exchange, _ in answers:
        parts, tls, name = urlsplit(exchange.request.url), exchange.tls, f"exchange {exchange.number}"
        if (parts.scheme == "https") != (tls is not None):
            yield f"{name} has {'no' if tls is None else 'a'} certificate over {parts.scheme}"
        if tls is None:
            continue
        if tls.version not in _VERSIONS:
            yield f"{name} went over {tls.version!r:.20}, which no run speaks"
        if tls.expires is not None and tls.expires < exchange.started:
            yield f"{name}: its certificate had expired, and no such connection is used"
        seen[parts.netloc, exchange.address].add((tls.subject, tls.expires))
    for (host, _), those in seen.items():
        if len(those) > 1:
            yield f"{host} showed {len(those)} certificates at one address"


def _clocks(answers: list[tuple[Exchange, Answer]]) -> Iterator[str]:
    """Date has whole seconds and is cut: it lies at most a second before the moment that it stands for."""
    by_host: defaultdict[str, list[tuple[Exchange, float]]] = defaultdict(list)
    for exchange, answer in answers:
        if answer.date is not None and answer.header("age").strip() in {"", "0"}:
            by_host[urlsplit(exchange.request.url).hostname or ""].append((exchange, answer.date))
    for host, dated in by_host.items():
        ahead, least = (max(dated, key=lambda d: d[1] - d[0].finished), min(dated, key=lambda d: d[1] - d[0].started))
        low, high = ahead[1] - ahead[0].finished, least[1] + 1 - least[0].started
        if low > high + _SLACK_S:
            pair = f"exchanges {ahead[0].number} and {least[0].number}"
            yield f"the Date headers of {pair} are {low - high:.0f} s off each other, by the times of the recording"
        if abs((low + high) / 2) > _CLOCK_S:
            yield f"the clock of {host} is {abs((low + high) / 2):.0f} s away from the one of the recording"


def places(evidence: Evidence, hosts: tuple[str, ...]) -> Iterator[Row]:
    """Whom the requests went to. hosts: those that the challenge names."""
    asked = row("hosts", _asked(evidence), _elsewhere(evidence, hosts))
    near = "" if asked.standing is Standing.FAILED else next(_of_near_proxies(evidence, hosts), "")
    yield Row("hosts", Standing.OPEN, near) if near else asked
    yield row("the endpoint", "no answer is the reference endpoint's", _of_the_reference(evidence, hosts))


def _asked(evidence: Evidence) -> str:
    """Whom the requests went to, with ports, and the addresses that answered."""
    exchanges = evidence.exchanges
    asked = dict.fromkeys("{0.scheme}://{0.netloc}".format(urlsplit(e.request.url)) for e in exchanges)
    at = dict.fromkeys(e.address for e in exchanges if e.answer and e.address)
    where = f", at {', '.join(at):.200}" if at else ""
    return f"nobody but {', '.join(asked):.200} was asked{where}"


def _elsewhere(evidence: Evidence, hosts: tuple[str, ...]) -> Iterator[str]:
    way = _ways(evidence)
    for exchange in evidence.exchanges:
        parts = urlsplit(exchange.request.url)
        name = parts.hostname or ""
        if not {name, f"[{name}]", parts.netloc.lower()} & set(hosts):
            yield f"exchange {exchange.number} went to {parts.netloc}, which the challenge does not name"
        elif _is_loopback(exchange.address) and way(exchange) is None and not any(map(_is_local, hosts)):
            yield f"exchange {exchange.number} for {name} went to {exchange.address}, the recorder's own machine"


def _of_near_proxies(evidence: Evidence, hosts: tuple[str, ...]) -> Iterator[str]:
    for exchange in () if any(map(_is_local, hosts)) else evidence.exchanges:
        if _is_loopback(exchange.address):
            yield f"exchange {exchange.number} went to the recorder's own machine: to a proxy, which may answer itself"


def _of_the_reference(evidence: Evidence, hosts: tuple[str, ...]) -> Iterator[str]:
    if any(map(_is_local, hosts)):  # who asks for this machine asks for a rehearsal
        return
    for exchange in evidence.exchanges:
        if exchange.answer and exchange.answer.header(REFERENCE):
            yield f"exchange {exchange.number} was answered by the suite's own reference endpoint"


def _is_local(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    return name == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    found = _address(address)
    return found is not None and (found.is_loopback or found.is_unspecified)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; one of IPv4 that is written as IPv6 is what it stands for."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
