"""Mutants that answer what they should refuse, or refuse what they should answer (REQ-01 to REQ-03)."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from conformance.reference.answer import ACTION, Outcome, build
from conformance.reference.request import Asked
from conformance.reference.variants.edits import drop, malformed, sent, set_text, the, with_body
from conformance.reference.variants.variant import answer, mutant, outcome, reading, refusal, success, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change

LOST = "REQ-02 REQ-05 TLS-03 ENV-01 ENV-02 ENV-03 ENV-04 ENV-05 ENV-06 ENV-07 ENV-08 CBK-03 CBK-04 CBK-08 CBK-09 TIM-01"
HTML = b"<!DOCTYPE html><html><head><title>Connect</title></head><body><p>Hello<br></body></html>"
REQUEST = b"<clickatellsdk>\n  <action>get_list_callback</action>\n</clickatellsdk>"
JSON = b'{"Action": "get_list_callback", "Result": "Success", "Values": [{"0": "HTTP GET"}, {"6": "SOAP POST"}]}'
FAULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    b"<faultcode>s:Client</faultcode><faultstring>no method</faultstring></s:Fault></s:Body></s:Envelope>"
)

# What comes instead of an envelope: status, body, media type.
NO_ENVELOPE = (
    ("answered_in_json", "The answer is JSON.", 200, JSON, "application/json"),
    ("answered_with_page", "The answer is a web page.", 200, HTML, "text/html"),
    ("answered_with_soap_fault", "The answer is a SOAP fault.", 500, FAULT, "text/xml"),
    ("answered_in_plain_text", "The answer is the word OK.", 200, b"OK", "text/plain"),
    (
        "answered_with_pairs_in_text",
        "The answer is one pair a line.",
        200,
        b"0: HTTP GET\n6: SOAP POST\n",
        "text/plain",
    ),
    ("answered_empty", "The body is empty.", 200, b"", "text/xml"),
    ("answered_with_204", "The answer is 204.", 204, b"", None),
    ("answered_with_404", "The call is not found.", 404, HTML, "text/html"),
    ("answered_with_401", "The call wants a password.", 401, HTML, "text/html"),
    ("answered_with_500", "The server fails at the call.", 500, HTML, "text/html"),
)


def _instead(status: int, body: bytes, media_type: str | None) -> Change:
    return answer(lambda _, whole: with_body(replace(whole, status=status), body, content_type=media_type))


def _login(_: Call, whole: Answer) -> Answer:
    return with_body(replace(whole, status=302), b"", location="/login", content_type=None)


def _authentication_failed(_: Call, root: ET.Element) -> None:
    """As where the Resource description were taken for this call's (interpretation I-08)."""
    drop(root, "Values")
    set_text(root, "Result", "Error")
    for index, (name, text) in enumerate((("Error", "001"), ("Description", "Authentication failed"))):
        leaf = ET.Element(name)
        leaf.text = text
        root.insert(2 + index, leaf)


def _countries(_: Call, root: ET.Element) -> None:
    for value in the(root, "Values"):
        the(value, "callback_type_id").tag, the(value, "callback_type").tag = "country_id", "name"
    set_text(root, "Action", "get_list_country")


def refused(applies: Callable[[Call], bool]) -> Change:
    """Takes a good request for none."""
    return reading(lambda call, asked: Asked(asked.binding) if asked.action == ACTION and applies(call) else asked)


def _action_taken(applies: Callable[[str], bool]) -> Change:
    """Takes other actions for this one."""
    return reading(lambda _, asked: Asked(asked.binding, ACTION) if applies(asked.action or "") else asked)


def _action_missing_taken(call: Call, asked: Asked) -> Asked:
    childless = re.search(rb"<clickatellsdk\s*(/>|>\s*</clickatellsdk\s*>)", sent(call))
    return Asked(asked.binding, ACTION) if childless and not malformed(sent(call)) else asked


def _nothing_taken(call: Call, asked: Asked) -> Asked:
    nothing = not call.request.query and not call.request.body and "&" not in call.request.path
    return Asked(asked.binding, ACTION) if nothing and call.request.method == "GET" else asked


def _other_action(call: Call) -> bool:
    return refusal(call) and bool(call.asked.action)


def _with_list(call: Call, root: ET.Element) -> None:
    root.insert(2, the(build(Outcome(), call.now), "Values"))


ACTIONS_TAKEN: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("any_action_taken", "Any action is answered with the list.", bool),
    (
        "any_list_action_taken",
        "Any get_list_ action is answered with the list.",
        lambda action: action.startswith("get_list_"),
    ),
    (
        "unknown_action_taken",
        "An action that nobody knows is answered with the list, the default of a switch.",
        lambda action: bool(action) and not action.startswith("get_"),
    ),
    ("longer_action_taken", "What begins with the action is taken for it.", lambda action: action.startswith(ACTION)),
    (
        "shorter_action_taken",
        "What the action begins with is taken for it.",
        lambda action: bool(action) and ACTION.startswith(action),
    ),
    (
        "action_taken_in_any_case",
        "The action is compared without regard to case.",
        lambda action: action.lower() == ACTION,
    ),
    (
        "authentication_taken",
        "What begins like the call that the resource description names is answered with the list.",
        lambda action: action.startswith("authenticate") and action != "authenticate_user",
    ),
    (
        "action_with_capital_taken",
        "The action's first letter may be a capital.",
        lambda action: action == ACTION.capitalize(),
    ),
    (
        "action_in_camel_case_taken",
        "The action may be written in camel case.",
        lambda action: re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", action) == ACTION,
    ),
    (
        "spaces_taken_for_underscores",
        "Spaces in the action stand for underscores.",
        lambda action: action.replace(" ", "_") == ACTION,
    ),
    (
        "references_decoded_twice",
        "Character references in the action are decoded twice.",
        lambda action: unescape(action) == ACTION,
    ),
    (
        "percent_decoded_twice",
        "Percent signs in the action are decoded twice.",
        lambda action: unquote(action) == ACTION,
    ),
    (
        "dot_behind_action_ignored",
        "A dot behind the action is ignored.",
        lambda action: action.removesuffix(".") == ACTION,
    ),
    (
        "prefix_of_action_ignored",
        "A prefix before the action is ignored.",
        lambda action: action.rpartition(":")[2] == ACTION,
    ),
    (
        "query_behind_action_ignored",
        "What follows a question mark in the action is ignored.",
        lambda action: action.partition("?")[0] == ACTION,
    ),
    (
        "action_on_any_line_taken",
        "The action is looked for by a pattern that matches at any line.",
        lambda action: re.search(f"^{ACTION}$", action, re.MULTILINE) is not None,
    ),
    ("star_taken", "A star stands for any action.", lambda action: action == "*"),
    ("number_taken", "The number 1 stands for the action.", lambda action: action == "1"),
)

VARIANTS = (
    *(
        mutant(name, title, "REQ-01", _instead(status, body, media_type), also=f"{LOST} HYG-01 HYG-02 HYG-03 HYG-04")
        for name, title, status, body, media_type in NO_ENVELOPE
    ),
    mutant(
        "answered_with_login",
        "The answer is a redirect to a login.",
        "REQ-01",
        answer(_login),
        also=f"{LOST} HYG-01 HYG-11",
    ),
    mutant(
        "get_answered_with_page",
        "A GET is answered with a web page, a POST rightly.",
        "REQ-01",
        answer(
            lambda _, whole: with_body(whole, HTML, content_type="text/html"),
            lambda call: success(call) and call.request.method == "GET",
        ),
        also=f"{LOST} HYG-03 HYG-04",
    ),
    mutant(
        "documented_request_refused",
        "The documented request is answered with error 999.",
        "REQ-02",
        outcome(lambda _, honest: Outcome("999") if honest.error is None else honest),
        also="REQ-05 TLS-03",
    ),
    mutant(
        "get_not_allowed",
        "A GET is answered with error 999 and 405.",
        "REQ-02",
        outcome(
            lambda call, honest: (
                Outcome("999", status=405) if honest.error is None and call.request.method == "GET" else honest
            )
        ),
        also="REQ-01 REQ-05 TLS-03",
    ),
    mutant(
        "query_not_read",
        "A document in the query is not seen.",
        "REQ-02",
        refused(lambda call: call.asked.binding == "query-xml"),
        also="REQ-05 TLS-03",
    ),
    mutant(
        "action_in_small_letters_refused",
        "Only Action with a capital is known.",
        "REQ-02",
        refused(lambda call: b"<action" in sent(call)),
        also="REQ-05 TLS-03",
    ),
    mutant(
        "authentication_wanted",
        "The call fails for want of authentication, which is another call's.",
        "REQ-02",
        tree(_authentication_failed),
        also="ERR-ANY REQ-05 TLS-03",
    ),
    mutant("countries_listed", "The answer is that of get_list_country.", "REQ-02", tree(_countries), also=LOST),
    mutant(
        "answered_with_the_request",
        "The answer is the request.",
        "REQ-01",
        _instead(200, REQUEST, "text/xml"),
        also=f"{LOST} HYG-04",
    ),
    *(mutant(name, title, "REQ-03", _action_taken(applies)) for name, title, applies in ACTIONS_TAKEN),
    mutant(
        "empty_action_taken",
        "An empty action is taken for this one.",
        "REQ-03",
        reading(lambda _, asked: Asked(asked.binding, ACTION) if asked.action == "" else asked),
    ),
    mutant(
        "missing_action_taken",
        "A document without an action is answered with the list.",
        "REQ-03",
        reading(_action_missing_taken),
        also="REQ-04 REQ-06",
    ),
    mutant(
        "missing_request_taken",
        "A call that asks nothing is answered with the list.",
        "REQ-03",
        reading(_nothing_taken),
        binding="query-params",
    ),
    mutant(
        "list_beside_refusal",
        "Another action is answered with an error and the list.",
        "REQ-03",
        tree(_with_list, _other_action),
    ),
)
