"""Builds an answer: the documented envelope, its bytes, and the HTTP around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from conformance.reference.calls import PAGE, Calls, documented_calls
from conformance.reference.errors import guide_errors
from conformance.reference.service import Service, Visit

if TYPE_CHECKING:
    from conformance.reference.request import Asked, Request

ACTION = "get_list_callback"
ROOT = "ClICKATELLSDK"  # with the page's small L (interpretation I-01)
METHODS = ("GET", "POST")
NAMES_ITSELF = "x-reference-endpoint"  # so that nobody passes its answers off as those of another
DECLARATION = b'<?xml version="1.0"?>\n'

# "Possible errors", the column Message (for 008 see interpretation I-04).
ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}

# In the order of the guide's flow diagram: source address, HTTPS, token, permissions; other states come behind them.
_FIRST = ("002", "004", "009", "005", "008", "007")

_PLAIN_NAME = re.compile("[a-z][a-z0-9_]{0,63}")
_SEGMENTS = re.compile("[/&]")  # clients of 2012 put &XML= behind the token
_STATE_PREFIX = re.compile("/state-([0-9]{3})(?:[/&]|$)")


class Outcome(NamedTuple):
    """What was decided: Success, or one of the documented errors.

    texts: of elements of the answer, in place of the sample's. message: in place of the code's usual one.
    """

    error: str | None = None
    action: str = ACTION
    status: int = 200
    texts: tuple[tuple[str, str], ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def states(request: Request, state: str | None) -> set[str]:
    """The states of an error table that hold for a request: of the endpoint, of its header, of its path."""
    prefix = _STATE_PREFIX.match(request.path)
    named = {state or "", request.header("x-reference-state"), prefix[1] if prefix else ""}
    return named & (ERRORS.keys() | guide_errors().keys())


def decide(
    request: Request,
    asked: Asked,
    state: str | None = None,
    calls: Calls | None = None,
    *,
    service: Service | None = None,
    now: float = 0.0,
) -> Outcome:
    """Checks in the order of the guide's flow diagram (interpretation I-11)."""
    calls = documented_calls() if calls is None else calls
    action = asked.action if asked.action and _PLAIN_NAME.fullmatch(asked.action) else ACTION
    served = calls.get(asked.action or "")
    by_guide = served is not None and served.edition != PAGE
    holding = states(request, state)
    if request.scheme != "https":
        holding.add("009")
    if not by_guide:
        holding &= ERRORS.keys()
    elif service and service.token and service.token not in _SEGMENTS.split(request.path):
        holding.add("005")
    for code in _FIRST:
        if code in holding:
            return Outcome(code, action)
    if request.method not in METHODS:
        return Outcome("999", action, 405)
    if holding:
        return Outcome(min(holding), action)
    if served is None:
        return Outcome(service.unknown_action if service and asked.action else "999", action)
    given = dict(asked.parameters)
    if not by_guide or service is None:
        return Outcome(served.refused(given, calls) or None, served.name)
    done = service.call(Visit(served, given, request.client[0] if request.client else "", now))
    # The page gives 004 to another condition: what the service itself refuses has the guide's message (I-05).
    message = done.message or guide_errors().get(done.error, "")
    return Outcome(done.error or None, served.name, texts=done.texts, message=message)


def build(outcome: Outcome, now: float, calls: Calls | None = None) -> ET.Element:
    """The envelope of the call's sample with the present time, or the error envelope of interpretation I-03."""
    if outcome.error is None:
        root = (documented_calls() if calls is None else calls)[outcome.action].success()
        texts = {**dict(outcome.texts), "Timestamp": str(int(now))}
        for element in root.iter():
            element.text = texts.get(element.tag, element.text)
        return root
    root = ET.Element(ROOT)
    _leaf(root, "Action", outcome.action)
    _leaf(root, "Result", "Error")
    _leaf(root, "Error", outcome.error)
    _leaf(root, "Description", outcome.message or {**guide_errors(), **ERRORS}[outcome.error])
    _leaf(root, "Timestamp", str(int(now)))
    return root


def _leaf(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def serialise(root: ET.Element, *, compact: bool = False) -> bytes:
    """UTF-8, laid out as the page prints it, with the declaration that recorded answers had.

    compact: without white space between the elements, as those answers were, too: a public client of 2012 takes it for
    a part of the values.
    """
    if compact:
        for element in root.iter():
            element.tail = None
            if len(element) or not (element.text or "").strip():
                element.text = None
    else:
        ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8")
    return DECLARATION + document + b"\n"


def respond(request: Request, outcome: Outcome, body: bytes, now: float) -> Answer:
    """The HTTP around it. Errors come with status 200 too: the envelope says which it is (I-10)."""
    headers = [
        ("date", formatdate(now, usegmt=True)),
        ("content-type", "text/xml; charset=utf-8"),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        (NAMES_ITSELF, "connect-conformance"),
    ]
    if request.scheme == "https":  # RFC 6797, section 7.2: never over plain HTTP
        headers.append(("strict-transport-security", "max-age=31536000"))
    if outcome.status == 405:  # RFC 9110, section 15.5.6
        headers.append(("allow", ", ".join(METHODS)))
    return Answer(outcome.status, tuple(headers), body)
