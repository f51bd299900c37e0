"""Mutants of the success envelope's elements (ENV-03 to ENV-06)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.reference.answer import ROOT
from conformance.reference.variants.edits import NO_PAIRS, drop, moved, renamed, swap, text_to, the
from conformance.reference.variants.variant import document, mutant, tree

if TYPE_CHECKING:
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change

NO_SUCCESS = "ENV-02 REQ-01 REQ-02 REQ-05 CBK-09 TLS-03"
UNREADABLE = f"{NO_SUCCESS} ENV-04 ENV-05 ENV-06 ENV-07 ENV-08 CBK-03 CBK-04 CBK-08 TIM-01"
TIMELESS = "ENV-02 TIM-01 TIM-02 TIM-03 TIM-04"

ROOTS = (
    ("root_all_capitals", "The root is CLICKATELLSDK, as recorded in 2013.", "CLICKATELLSDK"),
    ("root_all_small", "The root is named like the request's.", "clickatellsdk"),
    ("root_with_capital_i", "The root's small L is read as a capital I.", "CIICKATELLSDK"),
    ("root_in_title_case", "The root is ClickatellSDK.", "ClickatellSDK"),
    ("root_renamed", "The root is Response.", "Response"),
)

ACTIONS = (
    ("action_empty", "Action is empty.", ""),
    ("action_in_capitals", "Action is in capitals.", "GET_LIST_CALLBACK"),
    ("action_in_camel_case", "Action is in camel case.", "getListCallback"),
    ("action_of_another_call", "Action names another service call.", "get_list_country"),
    ("action_with_trailing_space", "A space stands behind the action.", "get_list_callback "),
    ("action_on_its_own_line", "The action stands on a line of its own.", "\n    get_list_callback\n  "),
    ("action_cut_short", "Action is cut after sixteen characters.", "get_list_callbac"),
)

RESULTS = (
    ("result_in_small_letters", "Result is success.", "success"),
    ("result_in_capitals", "Result is SUCCESS.", "SUCCESS"),
    ("result_ok", "Result is OK.", "OK"),
    ("result_true", "Result is true.", "true"),
    ("result_zero", "Result is 0.", "0"),
    ("result_empty", "Result is empty.", ""),
    ("result_misspelt", "Result is Succes.", "Succes"),
    ("result_with_trailing_space", "A space stands behind the result.", "Success "),
    ("result_is_error", "Result is Error, with the list all the same.", "Error"),
)

WRAPPED = (
    (
        "envelope_in_soap",
        "The envelope is wrapped in a SOAP envelope.",
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>',
    ),
    ("envelope_in_html", "The envelope is wrapped in HTML.", "<html><body>{}</body></html>"),
)


def _dropped(path: str) -> Change:
    return tree(lambda _, root: drop(root, path))


def _moved(path: str, index: int) -> Change:
    return tree(lambda _, root: moved(root, path, index))


def _twice(path: str) -> Change:
    def repeat(_: Call, root: ET.Element) -> None:
        child = the(root, path)
        root.insert(list(root).index(child) + 1, deepcopy(child))

    return tree(repeat)


def _split_values(_: Call, root: ET.Element) -> None:
    values = the(root, "Values")
    second = ET.Element("Values")
    second.extend(values[3:])
    del values[3:]
    root.insert(3, second)


def _in_alphabetical_order(_: Call, root: ET.Element) -> None:
    root[:] = sorted(root, key=lambda child: child.tag)


def _timestamp_in_values(_: Call, root: ET.Element) -> None:
    stamp = the(root, "Timestamp")
    root.remove(stamp)
    the(root, "Values").append(stamp)


def _wrapped(frame: str) -> Change:
    before, after = frame.encode().split(b"{}")

    def wrap(whole: bytes) -> bytes:
        declaration, _, root = whole.partition(b"?>\n")
        return declaration + b"?>\n" + before + root.rstrip() + after + b"\n"

    return document(wrap)


def _escaped(whole: bytes) -> bytes:
    """The document as text of another, as ASP.NET serves a method that returns a string."""
    root = ET.Element("string", xmlns="http://tempuri.org/")
    root.text = whole.decode()
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


VARIANTS = (
    *(mutant(name, title, "ENV-03", renamed(".", root), also=NO_SUCCESS) for name, title, root in ROOTS),
    mutant(
        "root_in_default_namespace",
        "The whole envelope is in a namespace.",
        "ENV-03",
        swap(f"<{ROOT}", f'<{ROOT} xmlns="http://www.clickatell.com/sdk"'),
        also=UNREADABLE,
    ),
    mutant(
        "root_with_prefix",
        "The root alone is in a namespace, by a prefix.",
        "ENV-03",
        document(
            lambda whole: whole.replace(f"<{ROOT}".encode(), f'<c:{ROOT} xmlns:c="urn:c"'.encode()).replace(
                f"</{ROOT}".encode(), f"</c:{ROOT}".encode()
            )
        ),
        also=NO_SUCCESS,
    ),
    *(mutant(name, title, "ENV-03", _wrapped(frame), also=UNREADABLE) for name, title, frame in WRAPPED),
    mutant(
        "envelope_as_string",
        "The envelope is escaped text of another element.",
        "REQ-01",
        document(_escaped),
        also=f"{UNREADABLE} ENV-03",
    ),
    mutant(
        "envelope_in_itself",
        "The envelope is wrapped in a second root.",
        "ENV-04",
        _wrapped(f"<{ROOT}>{{}}</{ROOT}>"),
        also=UNREADABLE,
    ),
    mutant("timestamp_missing", "There is no Timestamp.", "ENV-04", _dropped("Timestamp"), also=TIMELESS),
    mutant("action_missing", "There is no Action.", "ENV-04", _dropped("Action"), also="ENV-02 ENV-05"),
    mutant("result_missing", "There is no Result.", "ENV-04", _dropped("Result"), also=f"{NO_SUCCESS} ENV-06"),
    mutant("values_missing", "There are no Values.", "ENV-04", _dropped("Values"), also=NO_PAIRS),
    mutant("action_twice", "Action comes twice.", "ENV-04", _twice("Action"), also="ENV-02"),
    mutant("result_twice", "Result comes twice.", "ENV-04", _twice("Result"), also="ENV-02"),
    mutant("timestamp_twice", "Timestamp comes twice.", "ENV-04", _twice("Timestamp"), also="ENV-02"),
    mutant("values_split_in_two", "The pairs are in two Values.", "ENV-04", tree(_split_values), also="ENV-02"),
    mutant("timestamp_first", "Timestamp comes first.", "ENV-04", _moved("Timestamp", 0), also="ENV-02"),
    mutant(
        "timestamp_before_values", "Timestamp comes before Values.", "ENV-04", _moved("Timestamp", 2), also="ENV-02"
    ),
    mutant("result_first", "Result comes before Action.", "ENV-04", _moved("Result", 0), also="ENV-02"),
    mutant(
        "children_in_alphabetical_order",
        "The root's children are sorted by name.",
        "ENV-04",
        tree(_in_alphabetical_order),
        also="ENV-02",
    ),
    mutant(
        "timestamp_in_values",
        "Timestamp stands inside Values.",
        "ENV-04",
        tree(_timestamp_in_values),
        also=f"{TIMELESS} ENV-07 ENV-08",
    ),
    mutant(
        "timestamp_renamed",
        "Timestamp is named TimeStamp.",
        "ENV-04",
        renamed("Timestamp", "TimeStamp"),
        also=f"{TIMELESS} ENV-08",
    ),
    mutant(
        "values_renamed", "Values is named values.", "ENV-04", renamed("Values", "values"), also=f"{NO_PAIRS} ENV-08"
    ),
    *(mutant(name, title, "ENV-05", text_to("Action", text), also="ENV-02 REQ-02") for name, title, text in ACTIONS),
    *(mutant(name, title, "ENV-06", text_to("Result", text), also=NO_SUCCESS) for name, title, text in RESULTS),
)
