"""Correct variants: unusual lists, clocks, bindings and refusals, all within the contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate
from random import Random
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.reference.answer import ACTION, ERRORS, Outcome
from conformance.reference.request import Asked
from conformance.reference.variants.edits import add_pair, headed, pair, sent, set_text, text_to, the, with_body
from conformance.reference.variants.variant import (
    always,
    answer,
    clock,
    correct,
    errors,
    outcome,
    reading,
    refusal,
    state,
    tree,
)

if TYPE_CHECKING:
    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change, When

PAGE = b"<!DOCTYPE html><html><head><title>Bad Request</title></head><body><h1>Bad Request</h1></body></html>"


def _pairs(*added: tuple[str, str]) -> Change:
    def add(_: Call, root: ET.Element) -> None:
        for number, name in added:
            add_pair(root, number, name)

    return tree(add)


def _only(*numbers: str) -> Change:
    def keep(_: Call, root: ET.Element) -> None:
        the(root, "Values")[:] = [pair(root, number) for number in numbers]

    return tree(keep)


def _shuffled(call: Call, root: ET.Element) -> None:
    values = the(root, "Values")
    pairs = list(values)
    Random(call.number).shuffle(pairs)  # noqa: S311
    values[:] = pairs


def _repeated_error(_: Call, root: ET.Element) -> None:
    for name, text in (("Description", ERRORS["999"]), ("Error", "999")):
        leaf = ET.Element(name)
        leaf.text = text
        root.insert(4, leaf)


def _dated(form: str | None, seconds: float = 0) -> Change:
    def date(call: Call, whole: Answer) -> Answer:
        when = call.now + seconds
        at = datetime.fromtimestamp(when, UTC)
        return headed(
            whole, date=None if form is None else at.strftime(form) if form else formatdate(when, usegmt=True)
        )

    return answer(date, always)


def _status(status: int, when: When) -> Change:
    return answer(lambda _, whole: replace(whole, status=status), when)


def _page(status: int, when: When) -> Change:
    return answer(lambda _, whole: with_body(replace(whole, status=status), PAGE, content_type="text/html"), when)


def _only_bindings(*bindings: str) -> Change:
    return reading(lambda _, asked: asked if asked.binding in bindings else Asked(asked.binding))


def _get_only(call: Call, honest: Outcome) -> Outcome:
    if call.request.method == "POST" and honest.error in {None, "999"}:
        return Outcome("999", status=405)
    return honest


def _by_code(call: Call, whole: Answer) -> Answer:
    statuses = {"004": 403, "007": 403, "008": 503, "009": 403, "999": 400}
    return replace(whole, status=statuses[call.outcome.error or "999"])


def _any_case(call: Call, asked: Asked) -> Asked:
    if call.asked.action is None and b"<ACTION>get_list_callback</ACTION></clickatellsdk>" in sent(call):
        return Asked(asked.binding, ACTION)
    return asked


def _other_actions(call: Call, honest: Outcome) -> Outcome:
    if honest.error == "999" and honest.status == 200 and call.asked.action not in {None, ACTION}:
        return honest._replace(error="007")
    return honest


def _path_said_back(call: Call, whole: Answer) -> Answer:
    """As a log identifier of a gateway does, which is nobody's business but the endpoint's owner's."""
    return headed(whole, x_request_path=call.request.path)


def _hostile(call: Call) -> bool:
    return refusal(call) and ("DOCTYPE" in call.request.query or b"DOCTYPE" in call.request.body)


LISTS: tuple[tuple[str, str, Change, str], ...] = (
    ("three_pairs", "Only the types that the page names are offered.", _only("0", "1", "6"), ""),
    ("pairs_in_any_order", "Every answer has another order.", tree(_shuffled), "CBK-10"),
    (
        "two_thousand_pairs",
        "Two thousand pairs are offered.",
        _pairs(*((str(number), f"HTTP{number} POST") for number in range(7, 2001))),
        "",
    ),
    ("id_4_offered", "The id that the recording of 2013 lacks is offered.", _pairs(("4", "FTP POST")), "CBK-10"),
    (
        "http_post_under_9",
        "HTTP POST has another id.",
        tree(lambda _, root: set_text(pair(root, "1"), "callback_type_id", "9")),
        "CBK-10",
    ),
    (
        "methods_joined_to_other_words",
        "Types join the method to other words.",
        _pairs(("7", "REST-POST"), ("8", "GET/POST"), ("9", "JSON_POST2")),
        "",
    ),
    ("id_of_31_bits", "An id is the largest of 31 bits.", _pairs(("2147483647", "FTP POST")), ""),
    ("id_of_64_bits", "An id needs 64 bits.", _pairs(("18446744073709551615", "FTP POST")), ""),
    ("id_of_forty_digits", "An id has forty digits.", _pairs(("9" * 40, "FTP POST")), ""),
    ("type_of_four_thousand_characters", "A type is very long.", _pairs(("7", "X" * 4000 + " POST")), ""),
    ("type_in_other_script", "A type is in Cyrillic and Chinese.", _pairs(("7", "Обратный 回调 POST")), ""),
    (
        "type_with_markup_characters",
        "A type has characters that must be escaped.",
        _pairs(("7", "A&B<C> 'D' POST")),
        "",
    ),
)

CLOCKS: tuple[tuple[str, str, Change], ...] = (
    ("clock_a_minute_slow", "The server's clock is a minute slow.", clock(lambda now: now - 60)),
    ("clock_four_minutes_fast", "The server's clock is four minutes fast.", clock(lambda now: now + 240)),
    ("clock_an_hour_ahead", "The server's clock is an hour ahead, as its Date shows.", clock(lambda now: now + 3600)),
    (
        "clock_ten_years_behind",
        "The server's clock is ten years behind, as its Date shows.",
        clock(lambda now: now - 315_576_000),
    ),
    ("date_missing", "There is no Date.", _dated(None)),
    ("date_a_minute_behind", "Date is a minute behind the Timestamp.", _dated("", -60)),
    ("date_of_rfc_850", "Date is in the form of RFC 850.", _dated("%A, %d-%b-%y %H:%M:%S GMT")),
    ("date_of_asctime", "Date is in the form of asctime().", _dated("%a %b %e %H:%M:%S %Y")),
    (
        "timestamp_a_second_old",
        "Timestamp is taken before the answer.",
        tree(lambda call, root: set_text(root, "Timestamp", str(int(call.now) - 1)), always),
    ),
)

REFUSALS: tuple[tuple[str, str, Change, str], ...] = (
    ("errors_with_400", "Errors have status 400.", _status(400, errors), ""),
    ("errors_with_403", "Errors have status 403.", _status(403, errors), ""),
    ("errors_with_402", "Errors have status 402.", _status(402, errors), ""),
    ("errors_with_422", "Errors have status 422.", _status(422, errors), ""),
    ("errors_with_their_status", "Every error has a status of its own.", answer(_by_code, errors), "HYG-02"),
    ("errors_of_plain_http_with_426", "The error of plain HTTP has status 426.", _status(426, state("009")), ""),
    ("error_008_with_503", "The error of a disabled API has status 503.", _status(503, state("008")), "HYG-02"),
    (
        "errors_repeat",
        "An error is followed by a second pair of code and message.",
        tree(_repeated_error, state("008")),
        "",
    ),
    ("refusals_as_pages", "A proxy refuses what is no request with a page.", _page(400, refusal), "HYG-03 HYG-04"),
    ("hostile_as_pages", "A firewall refuses hostile requests with a page.", _page(403, _hostile), "HYG-03 HYG-04"),
    (
        "oversized_with_413",
        "An oversized request is refused with status 413 and a page.",
        _page(413, lambda call: call.request.oversized),
        "HYG-03 HYG-04",
    ),
    (
        "refusals_name_no_other_action",
        "Refusals always echo get_list_callback.",
        text_to("Action", "get_list_callback", refusal),
        "",
    ),
    (
        "now_and_then_busy",
        "Two calls in a row of every sixty are answered with 429 and put off for a second.",
        answer(
            lambda _, whole: headed(with_body(replace(whole, status=429), PAGE), **{"retry-after": "1"}),
            lambda call: call.number % 60 in {20, 21},
        ),
        "HYG-02 HYG-03 HYG-04",
    ),
    ("other_actions_are_007", "Another action is answered with error 007.", outcome(_other_actions), ""),
)

SERVED: tuple[tuple[str, str, Change], ...] = (
    ("only_query_served", "Only a document in the query is read.", _only_bindings("query-xml")),
    (
        "only_documents_served",
        "The action as a parameter is not read.",
        _only_bindings("query-xml", "form-xml", "body-xml"),
    ),
    ("forms_not_served", "A document in a form is not read.", _only_bindings("query-xml", "body-xml", "query-params")),
    ("get_only", "A POST is answered with error 999 and 405.", outcome(_get_only)),
    (
        "capital_action_not_taken",
        "The action's element is known by the page's spelling only.",
        reading(lambda call, asked: Asked(asked.binding) if b"<Action" in sent(call) else asked),
    ),
)

VARIANTS = (
    *(correct(name, title, how, also=also) for name, title, how, also in LISTS),
    *(correct(name, title, how) for name, title, how in CLOCKS),
    *(correct(name, title, how, also=also) for name, title, how, also in REFUSALS),
    *(correct(name, title, how) for name, title, how in SERVED),
    correct("path_said_back", "A header says the path back, token and all.", answer(_path_said_back, always)),
    correct("action_named_in_any_case", "The action's element may be named in any case.", reading(_any_case)),
)
