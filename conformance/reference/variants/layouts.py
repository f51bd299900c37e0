"""How a document is laid out, and which characters a URL may carry: what may not matter, and what is HTTP's matter."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.reference.transport import Transport
from conformance.reference.variants.edits import sent, with_body
from conformance.reference.variants.enforcement import OPEN
from conformance.reference.variants.requests import refused
from conformance.reference.variants.unusual import PAGE
from conformance.reference.variants.variant import answer, correct, mutant, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.answer import Outcome
    from conformance.reference.app import Call
    from conformance.reference.raw import Wire
    from conformance.reference.variants.variant import Change, When

_REMARKS = "HYG-02 HYG-03 HYG-04"
_LINE_BREAK = re.compile(r"%0[AD]", re.IGNORECASE)
_CONTROL = re.compile(r"%([01][0-9A-F]|7F)", re.IGNORECASE)
_SPACE_BETWEEN, _LINES, _ONE_LINE = rb">\s+<", rb">\s*\n\s*<", rb"clickatellsdk><"
_MEANT = "REQ-01 REQ-05 TLS-03"


def _carrying(pattern: bytes) -> Callable[[Call], bool]:
    return lambda call: re.search(pattern, sent(call)) is not None


def _page(status: int, when: When, **headers: str) -> Change:
    """Whoever stands before the endpoint answers in its place."""
    return answer(
        lambda _, whole: with_body(replace(whole, status=status), PAGE, content_type="text/html", **headers), when
    )


def _in_url(characters: re.Pattern[str], *schemes: str) -> When:
    return lambda call: call.request.scheme in schemes and characters.search(call.request.query) is not None


def _of_good(when: When) -> When:
    return lambda call: call.outcome.error is None and when(call)


def _over_plain_http(call: Call) -> bool:
    return call.outcome.error == "009" and call.request.method == "GET" and _carrying(_LINES)(call)


def _served(call: Call, honest: Outcome) -> Outcome:
    return honest._replace(error=None) if _over_plain_http(call) else honest


def _unknown_error(call: Call, honest: Outcome) -> Outcome:
    return honest._replace(error="999") if _over_plain_http(call) else honest


async def _hung_up(wire: Wire) -> None:
    """As a firewall does that drops what it does not like."""
    if _LINE_BREAK.search(wire.request.query):
        wire.close()
    else:
        await wire.send(wire.head, wire.body)


VARIANTS = (
    mutant(
        "line_breaks_not_understood",
        "A document over several lines is refused.",
        "REQ-02",
        refused(_carrying(_LINES)),
        also=_MEANT,
    ),
    mutant(
        "line_breaks_get_a_500",
        "A document over several lines gets a page for 500.",
        "REQ-02",
        _page(500, _of_good(_carrying(_LINES))),
        also=f"{_MEANT} {_REMARKS} HYG-01",
    ),
    mutant(
        "white_space_gets_a_page",
        "White space between elements gets a page for 400.",
        "REQ-02",
        _page(400, _of_good(_carrying(_SPACE_BETWEEN))),
        also=f"{_MEANT} {_REMARKS}",
    ),
    mutant(
        "one_line_not_understood",
        "A document on one line is refused.",
        "REQ-02",
        refused(_carrying(_ONE_LINE)),
        also=_MEANT,
    ),
    mutant(
        "one_line_not_understood_in_bodies",
        "A document on one line is refused where a body carries it.",
        "REQ-05",
        refused(_carrying(_ONE_LINE)),
        binding="body-xml",
    ),
    mutant(
        "plain_http_served_when_printed",
        "A document over several lines is served over plain HTTP.",
        "TLS-01",
        outcome(_served),
        also=OPEN,
    ),
    mutant(
        "plain_http_is_error_999_when_printed",
        "A document over several lines gets error 999 over plain HTTP.",
        "TLS-02",
        outcome(_unknown_error),
        also="ERR-009-*",
    ),
    correct(
        "line_breaks_refused_in_urls",
        "The HTTP server takes no line break in a URL.",
        _page(400, _in_url(_LINE_BREAK, "https", "http")),
        also=_REMARKS,
    ),
    correct(
        "control_characters_refused_in_urls",
        "A firewall takes no control character in a URL.",
        _page(403, _in_url(_CONTROL, "https", "http")),
        also=_REMARKS,
    ),
    correct(
        "line_breaks_refused_in_urls_of_plain_http",
        "The HTTP server of plain HTTP takes no line break in a URL.",
        _page(400, _in_url(_LINE_BREAK, "http")),
        also=_REMARKS,
    ),
    correct(
        "line_breaks_get_a_page_of_a_firewall",
        "A firewall answers line breaks in a URL with a page and status 200.",
        _page(200, _in_url(_LINE_BREAK, "https", "http")),
        also=_REMARKS,
    ),
    correct(
        "line_breaks_in_urls_end_the_connection",
        "A firewall hangs up on line breaks in a URL.",
        Transport(),
        speak=_hung_up,
        also=_REMARKS,
    ),
)
