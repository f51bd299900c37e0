"""What report.html shows of the exchanges: each in a few lines, equal answers once, all of it within a budget."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus, urlsplit

from conformance.contract.spelling import counted
from conformance.reporting import escape
from conformance.reporting.cards import in_short

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from conformance.evidence.exchange import Answer, Exchange

_LINES, _COLUMNS = 40, 200  # what is shown of a body, of one of its lines
_ANSWERS, _REQUESTS = 40_000, 15_000  # characters that are shown before the rest is left to the recording
_ABOUT = 250  # of these, what is said of an answer beside itself
_MANY = 300  # exchanges; of more, each is shown shorter
_URL, _SHORT_URL = 80, 50  # characters of a URL

# What differs in answers that are alike otherwise.
_TIMESTAMP = re.compile(rb"(?<=<Timestamp>)[^<]{1,40}(?=</Timestamp>)")

Answers = dict[tuple[Any, ...], list["Exchange"]]


def listed(
    exchanges: Sequence[Exchange], telling: Collection[int], proofs: AbstractSet[int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Every exchange in a few lines, the different answers, and how many more of these there is no room for.

    telling: numbers of those that bear on a failure; of the others, what differs in its Timestamp alone is one.
    proofs: of those that are shown with all that sends them again.
    """
    groups: Answers = defaultdict(list)
    for exchange in exchanges:
        if exchange.answer:
            *head, body, unread, digest = _key(exchange.answer)
            alike = body if exchange.number in telling else _TIMESTAMP.sub(b"", body)
            groups[*head, alike, unread, digest].append(exchange)
    led = sorted(groups.values(), key=lambda group: proofs.isdisjoint(e.number for e in group))
    many = len(exchanges) > _MANY
    answers = list(_answers(led, _ANSWERS * 3 // 4 if many else _ANSWERS))
    place = {e.number: one["number"] for one in answers for e in one["members"]}
    usual = exchanges[0].binding if exchanges else ""
    asked = _readable(exchanges[0].request.url) if exchanges else ""
    limit = _SHORT_URL if many else _URL
    lines, room = [], _REQUESTS
    seen: dict[tuple[str, bytes], dict[str, Any]] = {}
    bodies: set[bytes] = set()  # those of requests that are shown
    for exchange in exchanges:
        line = _line(exchange, limit, usual, asked, full=exchange.number in proofs and room > 0)
        if line["body"] and exchange.request.body in bodies:
            line["body"] = ""
        elif line["body"]:
            bodies.add(exchange.request.body)
        first = seen.setdefault((line["line"], exchange.request.body), line)
        line["same"] = 0 if first is line else first["number"]
        line["bad"] = exchange.number in telling
        line["answer"] = place.get(exchange.number, 0)
        room -= len(line["body"]) + len(line["reproduce"])
        lines.append(line)
    return lines, answers, len(groups) - len(answers)


def _key(answer: Answer, *but: str) -> tuple[Any, ...]:
    """What makes answers equal: everything but the time of day. but: headers that make no difference either."""
    left_out = {"date", *but} if answer.header("content-length") == str(len(answer.body)) else {"date"}
    headers = tuple((name, value) for name, value in answer.headers if name.lower() not in left_out)
    return answer.status, answer.reason, headers, answer.body, answer.unread, answer.sha256


def _line(exchange: Exchange, limit: int, usual: str, asked: str, *, full: bool) -> dict[str, Any]:
    """An exchange; full: with all that sends it again. usual, asked: binding and URL that need no repeating."""
    request = exchange.request
    about = ["" if exchange.binding == usual else exchange.binding]
    about += [f"state {exchange.state}" if exchange.state else "", "sent again" if exchange.retried else ""]
    about += [exchange.loss.reason if exchange.loss else ""]
    plain = "http: " if request.url.startswith("http:") else ""
    return in_short(exchange) | {
        "title": escape.shorten(exchange.title or exchange.probe, 120).replace(f" as {usual}", ""),
        "about": ", ".join(filter(None, about)),
        "line": f"{request.method} {plain}{escape.shorten(_elided(_readable(request.url), asked), limit)}",
        "body": _body_of(exchange) if full else "",
        "reproduce": exchange.reproduce if full else "",
    }


def _body_of(exchange: Exchange) -> str:
    """What a request carries; that of a form decoded."""
    said = exchange.request.body[:2_000].decode("utf-8", "backslashreplace")
    return unquote_plus(said) if exchange.binding == "form-xml" else said


def _readable(url: str) -> str:
    """A URL as people read it: its path on, decoded."""
    parts = urlsplit(url)
    return unquote(parts.path + (f"?{parts.query}" if parts.query else ""), errors="backslashreplace")


def _elided(url: str, first: str) -> str:
    """A URL, with an ellipsis for what it has in common with the first: `/TOKEN?XML=<root>` and `</root>`."""
    way, mark, document = first.partition("=<")
    if not mark or url == first or not url.startswith(way + mark):
        return url
    root, _, _ = document.partition(">")
    url = url.removeprefix(way + "=").removeprefix(f"<{root}>")
    end = f"</{root}>"
    return f"…{url.removesuffix(end)}{'…' if url.endswith(end) else ''}"


def _answers(groups: Iterable[list[Exchange]], room: int) -> Iterable[dict[str, Any]]:
    bodies: dict[Any, tuple[int, bytes, list[str]]] = {}  # the first answer with each that is shown
    heads: dict[Any, int] = {}
    number = 0
    for members in groups:
        answer = members[0].answer
        assert answer
        numbers = [str(e.number) for e in members]
        more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""
        times = ", each with its own Timestamp" if len({e.answer.body for e in members if e.answer}) > 1 else ""
        why = answer.unread or answer.broken
        shown, body = _body(answer.body, why), (why, _TIMESTAMP.sub(b"", answer.body))
        head = (answer.http_version, *_key(answer, "content-length")[:3])
        as_body, like, known = bodies.get(body, (0, b"", [])) if answer.body else (0, b"", [])
        if as_body:
            shown = {"lines": [line for line in shown["lines"] if line not in known], "note": ""}
        as_head = heads.get(head, 0)
        lines = [] if as_head else _head(answer)
        size = _ABOUT + sum(map(len, (*lines, *shown["lines"])))
        if size > room:
            continue
        number, room = number + 1, room - size
        bodies.setdefault(body, (number, answer.body, shown["lines"]))
        heads.setdefault(head, number)
        yield {
            "number": number,
            "members": members,
            "outcome": escape.shorten(f"HTTP {answer.status} {answer.reason}".strip(), 60),
            "size": f"{len(answer.body):,} bytes",
            "told": f"exchange{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:8])}{more}{times}",
            "head": lines,
            "as_head": as_head,
            "as_body": as_body,
            "but_for_its_time": like != answer.body,
            **shown,
        }


def _head(answer: Answer) -> list[str]:
    """The status line and the headers."""
    headers = [escape.shorten(f"{name}: {value}", 2 * _COLUMNS) for name, value in answer.headers]
    return [f"{answer.http_version} {answer.status} {answer.reason}", *headers]


def _body(body: bytes, unread: str = "") -> dict[str, Any]:
    """The first lines of a body, numbered as the checks count them, and what is not shown of it."""
    if not body:
        return {"lines": [], "note": unread or "No body."}
    lines = body[: _LINES * _COLUMNS].decode("utf-8", "backslashreplace").removesuffix("\n").split("\n")
    cut = len(lines) > _LINES or len(body) > _LINES * _COLUMNS or any(len(line) > _COLUMNS for line in lines)
    notes = [unread] if unread else []
    if cut:
        whole = counted(body.count(b"\n") + 1, "line")
        notes.append(f"Cut; whole in evidence.har: {whole}, {len(body):,} bytes.")
    return {"lines": [escape.shorten(line, _COLUMNS) for line in lines[:_LINES]], "note": " ".join(notes)}
