"""Exchanges to HAR 1.2: what a run leaves behind so that it can be judged again with no network.

The file is pure ASCII: what servers sent cannot steer the terminal or the editor that shows it.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, UnsetType

from conformance.evidence import chain, har, recorders
from conformance.evidence.exchange import Answer, Evidence, Exchange, Request
from conformance.evidence.redaction import Redaction

_LATEST = 253_402_300_799.0  # 9999-12-31T23:59:59Z, the last second that ISO 8601 writes with four digits


def to_har(evidence: Evidence, *, creator_version: str) -> bytes:
    """The evidence as a HAR 1.2 file, without its secrets; `from_har` gives what is shown of it back."""
    return written(Redaction(evidence).shown, creator_version=creator_version)


def written(evidence: Evidence, *, creator_version: str) -> bytes:
    """The file of evidence that may be shown as it is, such as what was read from a file of the suite's own."""
    log = har.Log(
        creator=har.Creator(har.CREATOR, creator_version),
        entries=[_entry(exchange) for exchange in evidence.exchanges],
        run=har.Run(**{name: getattr(evidence, name) for name in har.RUN_FIELDS}),
    )
    made = msgspec.to_builtins(har.Har(log))
    entries = made["log"]["entries"]
    for entry, link in zip(entries, chain.links(made["log"]["_run"], entries), strict=True):
        entry[chain.FIELD] = link
    text = json.dumps(made).replace("\x7f", "\\u007f").encode("ascii") + b"\n"
    try:
        return msgspec.json.format(text, indent=1) + b"\n"  # json's own indentation is 20 times slower
    except msgspec.DecodeError:
        return text  # half a surrogate pair, which a recording made by others may hold


def _entry(exchange: Exchange) -> har.Entry:
    elapsed = max(0.0, exchange.elapsed * 1000)
    return har.Entry(
        startedDateTime=_iso(exchange.started),
        time=elapsed,
        request=_request(exchange.request),
        response=_response(exchange.answer),
        timings={"send": 0, "wait": elapsed, "receive": 0},
        serverIPAddress=exchange.address,
        connection=str(exchange.connection),
        number=exchange.number,
        probe=har.Probe(
            id=exchange.probe,
            group=exchange.purpose.label,
            call=exchange.purpose.call,
            title=exchange.title,
            binding=exchange.binding,
            control=exchange.control,
            state=exchange.state,
        ),
        started=exchange.started,
        finished=exchange.finished,
        loss=exchange.loss or UNSET,
        tls=exchange.tls or UNSET,
        reused=exchange.reused,
        connecting=exchange.connecting,
        retried=exchange.retried,
        reproduce=exchange.reproduce,
    )


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(min(max(moment, 0.0), _LATEST), UTC).isoformat(timespec="milliseconds")


def _request(request: Request) -> har.Request:
    text, encoding = _text(request.body)
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    return har.Request(
        method=request.method,
        url=request.url,
        headers=[har.Named(*pair) for pair in request.headers],
        queryString=[har.Named(*pair) for pair in recorders.query(request.url)],
        postData=har.PostData(mimeType=kind, text=text, encoding=encoding) if request.body else UNSET,
        bodySize=len(request.body),
        httpVersion=request.http_version or "HTTP/1.1",
        target=request.target,
    )


def _response(answer: Answer | None) -> har.Response:
    if answer is None:
        return har.Response(status=0)
    text, encoding = _text(answer.body)
    return har.Response(
        status=answer.status,
        statusText=answer.reason,
        httpVersion=answer.http_version,
        headers=[har.Named(*pair) for pair in answer.headers],
        content=har.Content(
            size=answer.length or len(answer.body),
            mimeType=answer.header("content-type"),
            text=text,
            encoding=encoding,
            sha256=answer.sha256,
        ),
        redirectURL=answer.header("location"),
        bodySize=answer.wire_bytes,
        unread=answer.unread,
        decoded=answer.decoded,
        broken=answer.broken,
        surplus=answer.surplus,
    )


def _text(body: bytes) -> tuple[str, str | UnsetType]:
    """A body as HAR holds it: UTF-8 as text, anything else in base64."""
    try:
        return body.decode("utf-8"), UNSET
    except UnicodeDecodeError:
        return base64.b64encode(body).decode("ascii"), "base64"
