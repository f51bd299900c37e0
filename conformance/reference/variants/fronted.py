"""The endpoint behind somebody who now and then answers in its place, and endpoints that only look as if it were so."""

from __future__ import annotations

import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING

from conformance.reference.answer import Outcome
from conformance.reference.variants.edits import headed, with_body
from conformance.reference.variants.unusual import PAGE
from conformance.reference.variants.variant import answer, correct, every, mutant, outcome, provisioned, success

if TYPE_CHECKING:
    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change, When

_RATE, _BURST = 100.0, 10.0  # calls a second, and at once
_LIMITED = "HYG-02 HYG-03 HYG-04"


def _page(status: int, when: When) -> Change:
    return answer(lambda _, whole: with_body(replace(whole, status=status), PAGE, content_type="text/html"), when)


def _dated(call: Call, whole: Answer) -> Answer:
    page = with_body(replace(whole, status=429), PAGE, content_type="text/html")
    return headed(page, **{"retry-after": formatdate(call.now + 1, usegmt=True)})


def _too_quick(call: Call) -> bool:
    """As nginx counts with `limit_req`: a bucket that leaks."""
    now, memory = time.monotonic(), call.memory
    level = max(0.0, memory.get("level", 0.0) - (now - memory.get("last", now)) * _RATE)
    if level + 1 > _BURST:
        return True
    memory["level"], memory["last"] = level + 1, now
    return False


def _numbered(nth: int) -> When:
    return lambda call: call.number % nth == 0


def _ordinary(call: Call) -> bool:
    return success(call) and call.request.scheme == "https"


def _disabled(call: Call, honest: Outcome) -> Outcome:
    """Every call of a while is refused, whatever it asks."""
    over_https = call.request.scheme == "https" and not provisioned(call)
    return Outcome("007") if over_https and 60 <= call.number < 90 else honest


VARIANTS = (
    mutant(
        "documented_call_500_every_fifth",
        "Every fifth good call is answered with a page for 500.",
        "REQ-01",
        _page(500, every(5, _ordinary)),
        also="REQ-02 TLS-03 ENV-01",
    ),
    mutant(
        "documented_call_404_every_fifth",
        "Every fifth good call is not found.",
        "REQ-01",
        _page(404, every(5, _ordinary)),
        also="REQ-02 TLS-03 ENV-01",
    ),
    mutant("disabled_for_a_while", "For thirty calls every call is answered 007.", "REQ-02", outcome(_disabled)),
    correct(
        "one_502_in_twenty",
        "A load balancer finds no server once in twenty calls.",
        _page(502, _numbered(20)),
        also=_LIMITED,
    ),
    correct(
        "gateway_error_page_sometimes",
        "A gateway waits in vain once in nine calls.",
        _page(504, _numbered(9)),
        also=_LIMITED,
    ),
    correct(
        "rate_limited_503", "Calls that come too quickly are answered with 503.", _page(503, _too_quick), also=_LIMITED
    ),
    correct(
        "rate_limited_429", "Calls that come too quickly are answered with 429.", _page(429, _too_quick), also=_LIMITED
    ),
    correct(
        "retry_after_http_date",
        "One call in eighty is put off until a date.",
        answer(_dated, _numbered(80)),
        also=_LIMITED,
    ),
)
