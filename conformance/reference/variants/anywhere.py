"""Mutants whose envelopes are wrong only in some answers, wherever in a run those come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.answer import Answer
from conformance.reference.variants.edits import sent, set_text, the
from conformance.reference.variants.variant import answer, every, mutant, provisioned, refusal, state, success, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree import ElementTree as ET

    from conformance.reference.app import Call
    from conformance.reference.variants.variant import When

_PAGE = b"<!DOCTYPE html><html><head><title>Busy</title></head><body><p>Too many calls.</p></body></html>"


def _asked(find: Callable[[bytes], bool]) -> When:
    """The request is answered with success, and its document has something in it."""
    return lambda call: success(call) and bool(sent(call)) and find(sent(call))


def _bound(binding: str) -> When:
    return lambda call: success(call) and call.asked.binding == binding


def _swapped(_: Call, root: ET.Element) -> None:
    code, message = the(root, "Error"), the(root, "Description")
    code.text, message.text = message.text, code.text


def _fourth_of_a_connection(call: Call) -> bool:
    counts = call.memory.setdefault("calls of connections", {})
    counts[call.request.client] = counts.get(call.request.client, 0) + 1
    return success(call) and counts[call.request.client] >= 4


def _stamped(time: Callable[[float], float]) -> Callable[[Call, ET.Element], None]:
    return lambda call, root: set_text(root, "Timestamp", str(int(time(call.now))))


def _page(_: Call, whole: Answer) -> Answer:
    headers = tuple(
        (name, str(len(_PAGE)) if name == "content-length" else value)
        for name, value in whole.headers
        if name != "content-type"
    )
    return Answer(200, (*headers, ("content-type", "text/html")), _PAGE)


VARIANTS = (
    mutant(
        "success_in_small_letters_once",
        "The eleventh success says success for Success.",
        "ENV-06",
        tree(lambda _, root: set_text(root, "Result", "success"), every(10_000, first=11)),
        also="REQ-05",
    ),
    mutant(
        "root_changes_for_compact_requests",
        "A request without white space gets another root.",
        "ENV-03",
        tree(
            lambda _, root: setattr(root, "tag", "CLICKATELLSDK"),
            _asked(lambda document: b"\n" not in document and b" " not in document),
        ),
        also="REQ-05",
    ),
    mutant(
        "id_padded_for_comments",
        "A request with a comment gets the id 00.",
        "CBK-01",
        tree(
            lambda _, root: set_text(root, "Values/Value/callback_type_id", "00"),
            _asked(lambda document: b"<!--" in document),
        ),
        also="REQ-05 CBK-03 CBK-09",
    ),
    mutant(
        "attribute_for_bodies",
        "A document in the body gets a root with an attribute.",
        "ENV-08",
        tree(lambda _, root: root.set("version", "1"), _bound("body-xml")),
        also="REQ-05",
    ),
    mutant(
        "type_padded_for_forms",
        "A form gets a type with a space behind it.",
        "CBK-05",
        tree(lambda _, root: set_text(root, "Values/Value/callback_type", "HTTP GET "), _bound("form-xml")),
        also="REQ-05 CBK-03 CBK-09",
    ),
    mutant(
        "milliseconds_for_cdata",
        "A request with a CDATA section gets a Timestamp in milliseconds.",
        "TIM-01",
        tree(
            lambda call, root: set_text(root, "Timestamp", str(int(call.now * 1000))),
            _asked(lambda document: b"<![CDATA[" in document),
        ),
        also="REQ-05 TIM-02",
    ),
    mutant(
        "page_from_the_fourth_call_of_a_connection",
        "From the fourth call of a connection on a page comes for success.",
        "REQ-01",
        answer(_page, _fourth_of_a_connection),
        also="REQ-02 REQ-05 ENV-01 ENV-02 ENV-09 CBK-09 TLS-03 HYG-03 TLS-01 TLS-02 TLS-04",
        wire=True,
    ),
    *(
        mutant(
            f"error_{code}_swapped",
            f"In the state of {code} the message stands in Error and the code in Description.",
            f"ERR-{code}-envelope",
            tree(_swapped, state(code)),
            also="ERR-ANY",
        )
        for code in ("004", "007", "008", "009", "999")
    ),
    *(
        mutant(f"error_timestamp_{name}", title, "TIM-06", tree(stamped, when), also="TIM-05")
        for name, title, stamped, when in (
            (
                "of_the_example",
                "In errors Timestamp is that of the page's example.",
                _stamped(lambda _: 1316512313),
                lambda call: call.outcome.error is not None,
            ),
            (
                "an_hour_old_in_states",
                "In provisioned states Timestamp is an hour old.",
                _stamped(lambda now: now - 3600),
                provisioned,
            ),
            (
                "a_year_ahead_of_refusals",
                "Where a request is refused Timestamp is a year ahead.",
                _stamped(lambda now: now + 365 * 86400),
                refusal,
            ),
            (
                "six_minutes_slow_over_http",
                "Over plain HTTP Timestamp is six minutes behind.",
                _stamped(lambda now: now - 360),
                state("009"),
            ),
        )
    ),
)
