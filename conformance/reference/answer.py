"""Builds an answer: the documented envelope, its bytes, and the HTTP around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from conformance.reference.calls import Calls, documented_calls

if TYPE_CHECKING:
    from conformance.reference.request import Asked, Request

ACTION = "get_list_callback"
ROOT = "ClICKATELLSDK"  # with the page's small L (interpretation I-01)
METHODS = ("GET", "POST")
DECLARATION = b'<?xml version="1.0"?>\n'

# "Possible errors", the column Message (for 008 see interpretation I-04).
ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}

_PLAIN_NAME = re.compile("[a-z][a-z0-9_]{0,63}")
_STATE_PREFIX = re.compile("/state-([0-9]{3})(?:[/&]|$)")


class Outcome(NamedTuple):
    """What was decided: Success, or one of the documented errors."""

    error: str | None = None
    action: str = ACTION
    status: int = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def states(request: Request, state: str | None) -> set[str]:
    """The states of the error table that hold for a request: of the endpoint, of its header, of its path."""
    prefix = _STATE_PREFIX.match(request.path)
    return {state or "", request.header("x-reference-state"), prefix[1] if prefix else ""} & ERRORS.keys()


def decide(request: Request, asked: Asked, state: str | None = None, calls: Calls | None = None) -> Outcome:
    """Checks in the order of the guide's flow diagram (interpretation I-11)."""
    calls = documented_calls() if calls is None else calls
    action = asked.action if asked.action and _PLAIN_NAME.fullmatch(asked.action) else ACTION
    holding = states(request, state)
    if request.scheme != "https":
        holding.add("009")
    for code in ("004", "009", "008", "007"):
        if code in holding:
            return Outcome(code, action)
    if request.method not in METHODS:
        return Outcome("999", action, 405)
    if asked.action is None or asked.action not in calls or "999" in holding:
        return Outcome("999", action)
    return Outcome(calls[asked.action].refused(dict(asked.parameters)) or None, asked.action)


def build(outcome: Outcome, now: float, calls: Calls | None = None) -> ET.Element:
    """The envelope of the call's sample with the present time, or the error envelope of interpretation I-03."""
    if outcome.error is None:
        root = (documented_calls() if calls is None else calls)[outcome.action].success()
        for element in root.iter("Timestamp"):
            element.text = str(int(now))
        return root
    root = ET.Element(ROOT)
    _leaf(root, "Action", outcome.action)
    _leaf(root, "Result", "Error")
    _leaf(root, "Error", outcome.error)
    _leaf(root, "Description", ERRORS[outcome.error])
    _leaf(root, "Timestamp", str(int(now)))
    return root


def _leaf(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def serialise(root: ET.Element) -> bytes:
    """UTF-8, laid out as the page prints it, with the declaration that recorded answers had."""
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
    ]
    if request.scheme == "https":  # RFC 6797, section 7.2: never over plain HTTP
        headers.append(("strict-transport-security", "max-age=31536000"))
    if outcome.status == 405:  # RFC 9110, section 15.5.6
        headers.append(("allow", ", ".join(METHODS)))
    return Answer(outcome.status, tuple(headers), body)
