"""Mutants of hygiene (HYG): the HTTP around a right envelope."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING

from conformance.reference.variants.edits import headed, swap, with_body
from conformance.reference.variants.variant import always, answer, errors, mutant, refusal

if TYPE_CHECKING:
    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.raw import Wire
    from conformance.reference.variants.variant import Change, When

SLOW = 2.6  # seconds; a client that has to wait two notices


def _status(status: int, when: When) -> Change:
    return answer(lambda _, whole: replace(whole, status=status), when)


def _header(when: When = always, **headers: str | None) -> Change:
    return answer(lambda _, whole: headed(whole, **headers), when)


def _labelled(charset: str) -> Change:
    """A charset that the document contradicts."""

    def label(_: Call, whole: Answer) -> Answer:
        body = whole.body.replace(b'"1.0"?>', b'"1.0" encoding="UTF-8"?>', 1)
        return with_body(whole, body, content_type=f"text/xml; charset={charset}")

    return answer(label, always)


def _redirected(_: Call, whole: Answer) -> Answer:
    return with_body(replace(whole, status=302), b"", location="/error.html", content_type=None)


def _expires(_: Call, whole: Answer) -> Answer:
    return headed(whole, cache_control=None, expires=formatdate(4102444800, usegmt=True))


async def _late(wire: Wire) -> None:
    if wire.success and wire.number % 4 == 1:
        await asyncio.sleep(SLOW)
    await wire.send(wire.head, wire.body)


async def _dripping(wire: Wire) -> None:
    if not wire.success or wire.number % 4 != 1:
        await wire.send(wire.head, wire.body)
        return
    await wire.send(wire.head)
    for index in range(0, len(wire.body), 20):
        await wire.send(wire.body[index : index + 20])
        await asyncio.sleep(SLOW * 20 / len(wire.body))


MEDIA_TYPES = (
    ("labelled_html", "Answers are labelled text/html.", "text/html; charset=utf-8"),
    ("labelled_plain_text", "Answers are labelled text/plain.", "text/plain"),
    ("labelled_json", "Answers are labelled application/json.", "application/json"),
    ("labelled_form", "Answers are labelled as a form.", "application/x-www-form-urlencoded"),
    ("labelled_bytes", "Answers are labelled application/octet-stream.", "application/octet-stream"),
    ("labelled_nothing", "Answers are not labelled.", None),
)

INTERNALS = (
    ("server_version_shown", "A header shows the server's version.", "server", "Apache/2.2.3 (CentOS) PHP/5.2.17"),
    ("language_version_shown", "A header shows the language's version.", "x_powered_by", "PHP/5.2.17"),
    ("framework_version_shown", "A header shows the framework's version.", "x_aspnet_version", "2.0.50727"),
)

VARIANTS = (
    mutant(
        "success_with_404",
        "A success has status 404.",
        "HYG-01",
        _status(404, lambda call: not errors(call)),
        also="REQ-01",
    ),
    mutant(
        "success_with_400",
        "A success has status 400.",
        "HYG-01",
        _status(400, lambda call: not errors(call)),
        also="REQ-01",
    ),
    mutant(
        "success_with_500",
        "A success has status 500.",
        "HYG-01",
        _status(500, lambda call: not errors(call)),
        also="REQ-01 HYG-02",
    ),
    mutant("errors_with_500", "Errors have status 500.", "HYG-02", _status(500, errors), also="REQ-07"),
    mutant("errors_with_503", "Errors have status 503.", "HYG-02", _status(503, errors), also="REQ-07"),
    *(mutant(name, title, "HYG-03", _header(content_type=value)) for name, title, value in MEDIA_TYPES),
    mutant("charset_is_latin_1", "The header says ISO-8859-1, the document UTF-8.", "HYG-04", _labelled("iso-8859-1")),
    mutant("charset_is_utf_16", "The header says UTF-16, the document UTF-8.", "HYG-04", _labelled("utf-16")),
    mutant("charset_unknown", "The header names a charset that is none.", "HYG-04", _labelled("utf-8859")),
    *(mutant(name, title, "HYG-05", _header(always, **{header: value})) for name, title, header, value in INTERNALS),
    mutant(
        "stack_trace_in_comment",
        "A stack trace stands in a comment of a refusal.",
        "HYG-05",
        swap(
            "</Action>",
            '</Action><!-- Traceback (most recent call last):\n  File "/srv/sdk/app.py", line 118, in call -->',
            refusal,
        ),
        also="REQ-07",
    ),
    mutant(
        "query_in_comment",
        "A database query stands in a comment.",
        "HYG-05",
        swap("</Values>", "</Values><!-- SELECT id, name FROM sdk.callback_type; 6 rows in 0.002 s -->"),
    ),
    mutant(
        "cookie_set",
        "Every answer sets a session cookie.",
        "HYG-06",
        _header(set_cookie="PHPSESSID=9b1d5f0c7a2e; path=/"),
    ),
    mutant(
        "cacheable_for_a_day",
        "Answers may be cached for a day.",
        "HYG-07",
        _header(cache_control="public, max-age=86400"),
    ),
    mutant("cacheable_until_2100", "Answers expire in 2100.", "HYG-07", answer(_expires, always)),
    mutant(
        "caching_not_mentioned",
        "No header says that answers must not be cached.",
        "HYG-07",
        _header(cache_control=None),
    ),
    mutant("answered_late", "Every fourth answer begins late.", "HYG-08", speak=_late),
    mutant("answered_in_drips", "Every fourth answer comes in drips.", "HYG-08", speak=_dripping),
    mutant(
        "transport_security_missing",
        "There is no Strict-Transport-Security.",
        "HYG-09",
        _header(strict_transport_security=None),
    ),
    mutant(
        "transport_security_ended",
        "Strict-Transport-Security ends at once.",
        "HYG-09",
        _header(lambda call: call.request.scheme == "https", strict_transport_security="max-age=0"),
    ),
    mutant(
        "sniffing_not_forbidden", "There is no X-Content-Type-Options.", "HYG-09", _header(x_content_type_options=None)
    ),
    mutant(
        "refusals_redirected",
        "Refused requests are redirected to a page.",
        "HYG-11",
        answer(_redirected, refusal),
        also="ERR-ANY HYG-03 REQ-07",
    ),
)
