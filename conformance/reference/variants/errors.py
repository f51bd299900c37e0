"""Mutants of the documented errors: code, message, data, envelope and stability of each (ERR)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.reference.answer import ERRORS, Outcome, build
from conformance.reference.variants.edits import drop, moved, renamed, sent, set_text, text_by, text_to, the, with_body
from conformance.reference.variants.variant import answer, every, mutant, outcome, refusal, state, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change, Variant, When

# "Possible errors", the column Description.
DESCRIPTIONS = {
    "004": "If a specific source IP address has been blocked by Clickatell.",
    "007": "If the specific command has been disabled at a global/API level.",
    "008": "If the API has been disabled (no commands allowed).",
    "009": "If the API call is performed via HTTP (and not HTTPS-SSL).",
    "999": "An unknown error has occurred. Please contact the support department.",
}
REWORDED = {
    "004": "Source IP is blocked",
    "007": "Command is not allowed",
    "008": "Connect API disabled",  # as the guide of 2011 has it (interpretation I-04)
    "009": "HTTP protocol not allowed. Require HTTPS",
    "999": "You have an error in your SQL syntax",
}
UNDOCUMENTED = {"004": "002", "007": "107", "008": "108", "009": "403", "999": "998"}
NEIGHBOURS = {"004": "007", "007": "008", "008": "007", "009": "004", "999": "007"}

ALL_ENVELOPES = " ".join(f"ERR-{code}-envelope" for code in ERRORS)


def _with_list(call: Call, root: ET.Element) -> None:
    root.insert(len(root) - 1, the(build(Outcome(), call.now), "Values"))


def _says_success(_: Call, root: ET.Element) -> None:
    set_text(root, "Result", "Success")


def _success_too(_: Call, root: ET.Element) -> None:
    ET.SubElement(root, "Result").text = "Success"


def _as_attributes(_: Call, root: ET.Element) -> None:
    code = the(root, "Error")
    code.attrib = {"code": code.text or "", "message": root.findtext("Description") or ""}
    code.text = None
    drop(root, "Description")


def _text_of_code(_: Call, root: ET.Element) -> None:
    code = the(root, "Error")
    code.attrib = {"code": code.text or ""}
    code.text = root.findtext("Description")
    drop(root, "Description")


def _runs(_: Call, root: ET.Element) -> None:
    for at, (name, text) in enumerate((("Error", "999"), ("Description", ERRORS["999"]))):
        leaf = ET.Element(name)
        leaf.text = text
        root.insert(2 + 2 * at, leaf)


def _detailed(_: Call, root: ET.Element) -> None:
    ET.SubElement(ET.SubElement(root, "Detail"), "Value").text = "192.0.2.7"


def _page(_: Call, whole: Answer) -> Answer:
    return with_body(replace(whole, status=500), b"<html><br></html>", content_type="text/html")


def _wrapped(_: Call, root: ET.Element) -> None:
    holder = ET.Element("Errors")
    holder.extend([the(root, "Error"), the(root, "Description")])
    for child in list(holder):
        root.remove(child)
    root.insert(2, holder)


def _codes(code: str, when: When) -> Iterator[Variant]:
    also = f"ERR-{code}-envelope ERR-{code}-stable" + (" TLS-02" if code == "009" else "")
    unpadded = "0999" if code == "999" else code.lstrip("0")
    kind = "padded" if code == "999" else "unpadded"
    yield mutant(
        f"code_{code}_{kind}",
        f"The code {code} is written {unpadded}.",
        f"ERR-{code}-code",
        text_to("Error", unpadded, when),
        also=f"{also} ERR-ANY",
    )
    yield mutant(
        f"code_{code}_undocumented",
        f"{UNDOCUMENTED[code]} is said for {code}.",
        f"ERR-{code}-code",
        text_to("Error", UNDOCUMENTED[code], when),
        also=f"{also} ERR-ANY",
    )
    yield mutant(
        f"code_{code}_of_another_error",
        f"{NEIGHBOURS[code]} is said for {code}.",
        f"ERR-{code}-code",
        text_to("Error", NEIGHBOURS[code], when),
        also=also,
    )
    yield mutant(
        f"code_{code}_missing",
        f"The error {code} comes without its code.",
        f"ERR-{code}-code",
        tree(lambda _, root: drop(root, "Error"), when),
        also=f"{also} ERR-ANY",
    )


def _messages(code: str, when: When) -> Iterator[Variant]:
    message = ERRORS[code]
    also, id_ = f"ERR-{code}-envelope", f"ERR-{code}-message"
    yield mutant(
        f"message_{code}_in_small_letters",
        f"The message of {code} is in small letters.",
        id_,
        text_by("Description", str.lower, when),
        also=also,
    )
    yield mutant(
        f"message_{code}_with_full_stop",
        f"The message of {code} ends in a full stop.",
        id_,
        text_to("Description", f"{message}.", when),
        also=also,
    )
    yield mutant(
        f"message_{code}_is_its_description",
        f"The page's description stands for the message of {code}.",
        id_,
        text_to("Description", DESCRIPTIONS[code], when),
        also=also,
    )
    yield mutant(
        f"message_{code}_with_trailing_space",
        f"A space stands behind the message of {code}.",
        id_,
        text_to("Description", f"{message} ", when),
        also=also,
    )
    yield mutant(
        f"message_{code}_missing",
        f"The error {code} comes without its message.",
        id_,
        tree(lambda _, root: drop(root, "Description"), when),
        also=also,
    )
    yield mutant(
        f"message_{code}_reworded",
        f"The message of {code} is worded otherwise.",
        id_,
        text_to("Description", REWORDED[code], when),
        also=also,
    )


def _data(code: str, when: When) -> Iterator[Variant]:
    also = f"ERR-{code}-envelope" + (" TLS-01" if code == "009" else "")
    yield mutant(
        f"success_beside_{code}",
        f"The error {code} has a second Result, which is Success.",
        f"ERR-{code}-data",
        tree(_success_too, when),
        also=also,
    )
    if code != "009":  # over plain HTTP these are TLS-01's mutants
        yield mutant(
            f"list_in_{code}",
            f"The error {code} carries the list.",
            f"ERR-{code}-data",
            tree(_with_list, when),
            also=also,
        )
        yield mutant(
            f"success_in_{code}",
            f"The error {code} has Success for its Result.",
            f"ERR-{code}-data",
            tree(_says_success, when),
            also=also,
        )
        yield mutant(
            f"state_{code}_ignored",
            f"In state {code} the list is served.",
            f"ERR-{code}-code",
            outcome(lambda call, honest: Outcome() if when(call) and not _refused(call) else honest),
            also=f"ERR-{code}-*",
        )
    else:
        yield mutant(
            "pair_in_009",
            "The error 009 carries a single pair.",
            "ERR-009-data",
            tree(lambda _, root: root.append(the(build(Outcome(), 0), "Values/Value")), when),
            also=also,
        )


def _refused(call: Call) -> bool:
    return call.asked.action != "get_list_callback"


def _shapes(code: str, when: When) -> Iterator[Variant]:
    shapes: tuple[tuple[str, str, Change], ...] = (
        (
            "error_{}_message_first",
            "In error {} the message comes before the code.",
            tree(lambda _, root: moved(root, "Description", 2), when),
        ),
        ("error_{}_nested", "In error {} code and message are wrapped in Errors.", tree(_wrapped, when)),
        (
            "error_{}_without_action",
            "The error {} does not echo the action.",
            tree(lambda _, root: drop(root, "Action"), when),
        ),
        ("error_{}_result_failure", "The error {} has Failure for its Result.", text_to("Result", "Failure", when)),
        ("error_{}_root_renamed", "The error {} has Error for its root.", renamed(".", "Error", when)),
        (
            "error_{}_of_another_action",
            "The error {} echoes another action.",
            text_to("Action", "get_list_country", when),
        ),
    )
    for name, title, change in shapes:
        yield mutant(
            name.format(code),
            title.format(code),
            f"ERR-{code}-envelope",
            change,
            also=f"ERR-{code}-code ERR-{code}-message",
        )
    # Code and message count wherever they are found: nothing but the shape may be accused.
    odd: tuple[tuple[str, str, Change], ...] = (
        ("error_{}_in_attributes", "In error {} code and message are attributes.", tree(_as_attributes, when)),
        (
            "error_{}_message_in_error",
            "In error {} the code is an attribute of the message.",
            tree(_text_of_code, when),
        ),
        ("error_{}_codes_first", "In error {} two codes come before their messages.", tree(_runs, when)),
    )
    for name, title, change in odd:
        yield mutant(name.format(code), title.format(code), f"ERR-{code}-envelope", change)
    if code != "009":  # over plain HTTP any Value is one too many
        yield mutant(
            f"error_{code}_with_a_detail",
            f"The error {code} has a Value of some detail.",
            f"ERR-{code}-envelope",
            tree(_detailed, when),
        )


def _unstable(code: str, when: When) -> Iterator[Variant]:
    also = f"ERR-{code}-code ERR-{code}-message ERR-{code}-data" + (" TLS-01 TLS-02" if code == "009" else "")
    other = NEIGHBOURS[code]

    def changing(nth: int, to: Outcome) -> Change:
        due = every(nth, when)
        return outcome(lambda call, honest: to if due(call) else honest)

    yield mutant(
        f"state_{code}_every_other_call",
        f"In state {code} every other call succeeds.",
        f"ERR-{code}-stable",
        changing(2, Outcome()),
        also=also,
    )
    yield mutant(
        f"state_{code}_changes_to_{other}",
        f"In state {code} every other call is answered {other}.",
        f"ERR-{code}-stable",
        changing(2, Outcome(other)),
        also=also,
    )
    if code != "009":  # over plain HTTP a page is TLS-02's matter
        yield mutant(
            f"state_{code}_sometimes_a_page",
            f"In state {code} every other call is answered with a page for 500.",
            f"ERR-{code}-stable",
            answer(_page, every(2, when)),
            also=f"{also} HYG-02 HYG-03",
        )
    yield mutant(
        f"state_{code}_ends_by_itself",
        f"The state {code} ends after a call.",
        f"ERR-{code}-stable",
        outcome(_ending(every(1, when, first=2))),
        also=also,
    )


def _ending(due: When) -> Callable[[Call, Outcome], Outcome]:
    return lambda call, honest: Outcome() if due(call) else honest


def _other_action(call: Call) -> bool:
    return refusal(call) and bool(call.asked.action)


def _unreadable(call: Call) -> bool:
    return refusal(call) and call.asked.action is None and bool(sent(call))


ANY: tuple[tuple[str, str, str, When], ...] = (
    ("other_action_is_error_101", "Another action is answered with an undocumented code.", "101", _other_action),
    ("other_action_is_error_0", "Another action is answered with code 0.", "0", _other_action),
    ("unreadable_is_error_500", "What is no request is answered with code 500.", "500", _unreadable),
    ("unreadable_is_error_in_words", "What is no request is answered with a code in words.", "XML_ERROR", _unreadable),
    ("refusals_unpadded", "A refused request is answered with 7 for 007.", "7", refusal),
    ("refusals_without_code_text", "A refused request is answered with an empty code.", "", refusal),
)

VARIANTS: tuple[Variant, ...] = (
    *(
        variant
        for code in ERRORS
        for family in (_codes, _messages, _data, _shapes, _unstable)
        for variant in family(code, state(code))
    ),
    *(mutant(name, title, "ERR-ANY", text_to("Error", code, when)) for name, title, code, when in ANY),
    mutant(
        "errors_have_failure_for_result",
        "Every error has Failure for its Result.",
        "ERR-009-envelope",
        text_to("Result", "Failure", lambda call: call.outcome.error is not None),
        also=ALL_ENVELOPES,
    ),
)
