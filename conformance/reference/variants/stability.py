"""Mutants that do not always list the same pairs (CBK-09)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.variants.edits import add_pair, pair, set_text, the, type_to
from conformance.reference.variants.variant import after, every, mutant, success, tree

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change, When


def _loses_3(when: When) -> Change:
    return tree(lambda _, root: the(root, "Values").remove(pair(root, "3")), when)


def _gains_4(when: When) -> Change:
    return tree(lambda _, root: add_pair(root, "4", "FTP POST", 4), when)


def _on_second_connection(call: Call) -> bool:
    seen: list[object] = call.memory.setdefault("connections", [])
    if call.request.client not in seen:
        seen.append(call.request.client)
    return success(call) and seen.index(call.request.client) % 2 == 1


def _numbered_anew(call: Call, root: ET.Element) -> None:
    """Ids 1 to 5 go round among their types, as where they are row numbers of an unordered query."""
    turned = [pair(root, number) for number in ("1", "2", "3", "5")]
    types = [value.findtext("callback_type", "") for value in turned]
    for index, value in enumerate(turned):
        set_text(value, "callback_type", types[(index + call.number) % len(types)])


def _grows(call: Call, root: ET.Element) -> None:
    for number in range(7, 7 + call.number):
        add_pair(root, str(number), f"HTTP{number} POST")


VARIANTS = (
    mutant("pair_lost_every_third_call", "Every third call lists one pair less.", "CBK-09", _loses_3(every(3))),
    mutant("pair_lost_every_fifth_call", "Every fifth call lists one pair less.", "CBK-09", _loses_3(every(5))),
    mutant("pair_lost_after_three_calls", "From the fourth call on a pair is missing.", "CBK-09", _loses_3(after(3))),
    mutant("pair_gained_after_two_calls", "From the third call on a pair is new.", "CBK-09", _gains_4(after(2))),
    mutant(
        "two_servers_disagree",
        "Every other call lists a pair more, as behind a load balancer.",
        "CBK-09",
        _gains_4(every(2)),
    ),
    mutant(
        "type_renamed_every_fourth_call",
        "Every fourth call names a type otherwise.",
        "CBK-09",
        type_to("XMLRPC GET", when=every(4)),
    ),
    mutant("ids_given_anew_every_call", "The elided ids go round among their types.", "CBK-09", tree(_numbered_anew)),
    mutant("list_grows", "Every call adds a pair to what it lists.", "CBK-09", tree(_grows)),
    mutant(
        "pairs_differ_by_connection",
        "Every other connection lists one pair less.",
        "CBK-09",
        _loses_3(_on_second_connection),
        wire=True,
    ),
    mutant(
        "pairs_differ_by_method",
        "A POST lists one pair less than a GET.",
        "CBK-09",
        _loses_3(lambda call: success(call) and call.request.method == "POST"),
    ),
    mutant(
        "pairs_differ_for_form",
        "A form lists one pair less.",
        "CBK-09",
        _loses_3(lambda call: success(call) and call.asked.binding == "form-xml"),
    ),
    mutant(
        "pairs_differ_for_body",
        "A document in the body lists one pair more.",
        "CBK-09",
        _gains_4(lambda call: success(call) and call.asked.binding == "body-xml"),
    ),
    mutant(
        "pairs_differ_for_parameters",
        "The action as a parameter lists one pair less.",
        "CBK-09",
        _loses_3(lambda call: success(call) and call.asked.binding == "query-params"),
    ),
)
