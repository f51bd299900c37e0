"""Exchanges from HAR 1.2: what a run left behind, or what others have recorded, to be judged with no network."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, UnsetType

from conformance.contract.load import documented
from conformance.contract.purpose import Kind, Purpose
from conformance.evidence import foreign, har, recorders
from conformance.evidence.exchange import Answer, Evidence, Exchange, Request
from conformance.target.secrets import Secrets


class EvidenceError(ValueError):
    """The file is no recording that the suite can judge; says in one line why."""


def from_har(data: bytes) -> Evidence:
    """The evidence in a HAR 1.2 file: one that `to_har` wrote, or a recording made by others.

    A recording made by others needs, per entry, `startedDateTime` (or an answer with a `Date`), `request`
    (`method`, `url`, and `postData` where something was posted), `response` (`status`, `headers`,
    `content.text`, with `content.encoding` "base64" unless the body is UTF-8) and
    `"_probe": {"group": "documented"}`, which says what the request was sent for. `_probe` may be left out
    where the request is the documented one, sent over HTTPS in a known binding; entries of neither kind are left
    out, and a note says how many. What the recorder left out or decoded is not judged. All else has defaults:
    `log._run` a target "recording" with the first entry's endpoint and binding and nothing accepted.
    With it come its secrets, by place and by name (docs/limits.md): labels stand for them in its requests, while
    its answers are as they were recorded, to be judged. A recording of the suite's own has none.

    Raises EvidenceError, in one line, for anything else.
    """
    raw = _read(data)
    own = recorders.is_own(raw)
    log = _parse(raw if own else recorders.tidied(raw)).log
    if isinstance(log.run, har.Run) and log.run.format != har.FORMAT:
        raise EvidenceError(f"_run.format is {log.run.format}; this version reads format {har.FORMAT}")
    if log.run is UNSET and not log.entries:
        raise EvidenceError("the recording holds no exchange")
    run = log.run if isinstance(log.run, har.Run) else har.Run()
    exchanges, left_out = _exchanges(log.entries, run, own=own)
    secrets = Secrets()
    if not own:
        secrets = foreign.secrets_of(((e.request, e.answer) for e in exchanges), documented().calls)
        exchanges = tuple(_shown(exchange, secrets) for exchange in exchanges)
        run.notes = tuple(map(secrets.redact, (*run.notes, *left_out)))
        run.gaps = {group: secrets.redact(reason) for group, reason in run.gaps.items()}
        if run.endpoint:
            run.endpoint = foreign.shown_url(run.endpoint, secrets, documented().calls)
    if len({exchange.number for exchange in exchanges}) < len(exchanges):
        raise EvidenceError("two entries have the same _number")
    return replace(_evidence(run, exchanges), replayed=True, secrets=secrets)


def _shown(exchange: Exchange, secrets: Secrets) -> Exchange:
    """An exchange of somebody else's recording, secrets taken out of what was sent."""
    return replace(
        exchange,
        request=foreign.without(exchange.request, secrets, documented().calls),
        title=secrets.redact(exchange.title),
        reproduce=secrets.redact(exchange.reproduce),
    )


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except RecursionError:
        raise EvidenceError("not a HAR 1.2 file: nested too deeply") from None
    except ValueError as error:
        raise EvidenceError(f"not JSON: {str(error).splitlines()[0]}; allowed: a recording (HAR 1.2)") from None


def _parse(raw: Any) -> har.Har:
    try:
        return msgspec.convert(raw, har.Har)
    except msgspec.ValidationError as error:
        raise EvidenceError(f"not a HAR 1.2 file: {error}") from None


def _exchanges(entries: list[har.Entry], run: har.Run, *, own: bool) -> tuple[tuple[Exchange, ...], tuple[str, ...]]:
    """The exchanges, and a note of what was left out: pages and pictures that a browser's recording holds too."""
    made, left_out = [], []
    for place, entry in enumerate(entries, 1):
        try:
            made.append(_exchange(entry, place, run, own=own))
        except EvidenceError as error:
            if own:
                raise
            left_out.append(error)
    if not left_out:
        return tuple(made), ()
    if not made:
        raise left_out[0]
    few = f"{len(left_out)} of {len(entries)} entries of the recording were left out"
    return tuple(made), (f"{few}; the first: {left_out[0]}",)


def _evidence(run: har.Run, exchanges: tuple[Exchange, ...]) -> Evidence:
    known = {name: getattr(run, name) for name in har.RUN_FIELDS if getattr(run, name) is not None}
    first = exchanges[0] if exchanges else None
    named = tuple(dict.fromkeys(exchange.purpose.call for exchange in exchanges))
    known["calls"] = run.calls or named or (documented().call.name,)
    known.setdefault("endpoint", first.request.url.split("?")[0] if first else "")
    known.setdefault("binding", first.binding if first else "query-xml")
    known.setdefault("started", min((exchange.started for exchange in exchanges), default=0.0))
    known.setdefault("finished", max((exchange.finished for exchange in exchanges), default=0.0))
    return Evidence(exchanges=exchanges, **known)


def _exchange(entry: har.Entry, place: int, run: har.Run, *, own: bool) -> Exchange:
    try:
        request, answer = _sent(entry.request), _answer(entry.response, own=own)
    except binascii.Error:
        raise EvidenceError(f"entry {place}: a body is marked as base64 and is not") from None
    except UnicodeEncodeError:
        raise EvidenceError(f"entry {place}: a body holds half of a surrogate pair") from None
    purpose, binding = _purpose(entry.probe, request, place, run)
    started = _moment(entry, answer, place) if entry.started is None else entry.started
    return Exchange(
        number=place if entry.number is None else entry.number,
        probe=purpose.label if entry.probe.id is None else entry.probe.id,
        purpose=purpose,
        title="recorded elsewhere" if entry.probe.title is None else entry.probe.title,
        binding=binding,
        request=request,
        started=started,
        finished=started + max(entry.time, 0.0) / 1000 if entry.finished is None else entry.finished,
        answer=answer,
        loss=None if entry.loss is UNSET else entry.loss,
        tls=None if entry.tls is UNSET else entry.tls,
        control=entry.probe.control,
        state=entry.probe.state,
        connection=int(entry.connection) if re.fullmatch(r"-?[0-9]{1,18}", entry.connection) else 0,
        address=entry.serverIPAddress,
        reused=entry.reused,
        connecting=entry.connecting,
        retried=entry.retried,
        reproduce=entry.reproduce,
    )


def _purpose(probe: har.Probe, request: Request, place: int, run: har.Run) -> tuple[Purpose, str]:
    """What the request was sent for, and its binding; where no call is named, for the one that the page documents."""
    call = documented().call.name if probe.call is None else probe.call
    if probe.group is not None and probe.binding is not None:
        fixed = probe.group == Kind.MALFORMED and recorders.malformed_in_0_1_0(probe.id or "")
        return Purpose.of(fixed or probe.group, call), probe.binding
    recognised = recorders.binding(request)
    if probe.group is None and not recognised:
        raise EvidenceError(
            f"entry {place} has no _probe.group and is not the documented request over HTTPS: a recording"
            " made by another tool can be judged only where it says what each request was sent for"
        )
    purpose = Purpose.of(probe.group or Kind.DOCUMENTED, call)
    return purpose, probe.binding or recognised or run.binding or "query-xml"


def _sent(recorded: har.Request) -> Request:
    body = b""
    if isinstance(recorded.postData, har.PostData):
        posted = recorded.postData
        if posted.text is not UNSET:
            body = _bytes(posted.text, posted.encoding)
        elif posted.params is not UNSET:
            body = urlencode([(pair.name, pair.value) for pair in posted.params]).encode("ascii")
    headers = tuple((pair.name, pair.value) for pair in recorded.headers)
    old = recorded.httpVersion if recorded.httpVersion == "HTTP/1.0" else ""
    return Request(recorded.method, recorded.url, headers, body, old, recorded.target)


def _answer(recorded: har.Response, *, own: bool) -> Answer | None:
    if recorded.status == 0:
        return None
    text, encoding = recorded.content.text, recorded.content.encoding
    unread, decoded, body = recorded.unread, recorded.decoded, b""
    if text is UNSET:
        unread = unread or recorders.NO_TEXT
    elif own or encoding == "base64":
        body = _bytes(text, encoding)
    else:
        kinds = [pair.value for pair in recorded.headers if pair.name.lower() == "content-type"]
        body, decoded = recorders.decoded(text, ", ".join(kinds) or recorded.content.mimeType)
    return Answer(
        status=recorded.status,
        reason=recorded.statusText,
        http_version=recorded.httpVersion,
        headers=tuple((pair.name, pair.value) for pair in recorded.headers),
        body=body,
        wire_bytes=len(body) if recorded.bodySize < 0 else int(recorded.bodySize),
        unread=unread,
        decoded=decoded,
        broken=recorded.broken,
        length=int(recorded.content.size) if recorded.content.sha256 else 0,
        sha256=recorded.content.sha256,
        surplus=recorded.surplus,
    )


def _bytes(text: str, encoding: str | UnsetType) -> bytes:
    return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode("utf-8")


def _moment(entry: har.Entry, answer: Answer | None, place: int) -> float:
    """When a recording made by others says that the request was sent."""
    if not entry.startedDateTime and answer and answer.date is not None:
        return answer.date
    try:
        moment = datetime.fromisoformat(entry.startedDateTime)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise EvidenceError(f"entry {place}: startedDateTime is no ISO 8601 date and time") from None
