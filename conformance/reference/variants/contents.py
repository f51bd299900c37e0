"""Mutants of what Values holds (ENV-07), and of what nobody documented (ENV-08)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.reference.variants.edits import NO_PAIRS, drop, pair, renamed, swap, the
from conformance.reference.variants.variant import mutant, tree

if TYPE_CHECKING:
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change

PAIR = "ENV-02 CBK-09"

EXTRA = (
    ("version_in_root", "An undocumented element stands in the root.", ".", "Version", "1"),
    ("description_in_pair", "An undocumented element stands in a pair.", "Values/Value", "description", "none"),
    ("count_in_values", "An undocumented element stands among the pairs.", "Values", "Count", "6"),
    ("error_in_success", "An empty Error stands in a success.", ".", "Error", ""),
    ("element_in_timestamp", "An undocumented element stands in the Timestamp.", "Timestamp", "zone", "UTC"),
)

ATTRIBUTES = (
    ("attribute_on_root", "The root has an attribute.", ".", "version", "1.0"),
    ("attribute_on_result", "Result has an attribute.", "Result", "code", "0"),
    ("attribute_on_values", "Values has an attribute.", "Values", "type", "array"),
    ("attribute_on_pair", "A pair has an attribute.", "Values/Value", "id", "0"),
    ("attribute_on_id", "An id has an attribute.", ".//callback_type_id", "type", "integer"),
    ("attribute_on_timestamp", "Timestamp has an attribute.", "Timestamp", "unit", "s"),
    ("language_on_type", "A type has an xml:lang.", ".//callback_type", "xml:lang", "en"),
)

STRAY = (
    ("text_in_root", "Text stands in the root.", ".", "OK"),
    ("text_in_values", "Text stands among the pairs.", "Values", "Array"),
    ("text_in_pair", "Text stands in a pair.", "Values/Value", "1"),
)


def _exchanged(_: Call, root: ET.Element) -> None:
    for value in root.iter("Value"):
        value[:] = reversed(value)


def _as_attributes(_: Call, root: ET.Element) -> None:
    for value in root.iter("Value"):
        value.attrib.update({child.tag: child.text or "" for child in value})
        value[:] = []


def _flat(_: Call, root: ET.Element) -> None:
    values = the(root, "Values")
    values[:] = [leaf for value in values for leaf in value]


def _wrapped_pairs(_: Call, root: ET.Element) -> None:
    for value in root.iter("Value"):
        inner = ET.Element("Callback")
        inner.extend(value)
        value[:] = [inner]


def _second_type(_: Call, root: ET.Element) -> None:
    ET.SubElement(pair(root, "3"), "callback_type").text = "XML POST"


def _emptied(path: str) -> Change:
    return tree(lambda _, root: the(root, path).clear())


def _without(leaf: str) -> Change:
    return tree(lambda _, root: drop(pair(root, "3"), leaf))


def _added(path: str, name: str, text: str) -> Change:
    def add(_: Call, root: ET.Element) -> None:
        ET.SubElement(the(root, path), name).text = text

    return tree(add)


def _attribute(path: str, name: str, value: str) -> Change:
    return tree(lambda _, root: the(root, path).set(name, value))


def _stray(path: str, text: str) -> Change:
    """Behind the first child, where ET.indent leaves it alone."""

    def put(_: Call, root: ET.Element) -> None:
        the(root, path)[0].tail = text

    return tree(put)


VARIANTS = (
    mutant("values_empty", "Values holds nothing.", "ENV-07", _emptied("Values"), also=NO_PAIRS),
    mutant("pair_without_type", "A pair has an id only.", "ENV-07", _without("callback_type"), also=f"{PAIR} CBK-05"),
    mutant("pair_without_id", "A pair has a type only.", "ENV-07", _without("callback_type_id"), also=f"{PAIR} CBK-01"),
    mutant(
        "pair_empty",
        "An empty Value ends the list.",
        "ENV-07",
        _added("Values", "Value", ""),
        also=f"{PAIR} CBK-01 CBK-05",
    ),
    mutant("pair_with_two_types", "A pair has two types.", "ENV-07", tree(_second_type), also=PAIR),
    mutant("type_before_id", "In every pair the type comes first.", "ENV-07", tree(_exchanged), also="ENV-02"),
    mutant(
        "pairs_as_attributes",
        "Ids and types are attributes.",
        "ENV-07",
        tree(_as_attributes),
        also=f"{NO_PAIRS} ENV-08 CBK-01 CBK-05",
    ),
    mutant(
        "pairs_without_value",
        "Ids and types stand in Values without a Value.",
        "ENV-07",
        tree(_flat),
        also=f"{NO_PAIRS} ENV-08",
    ),
    mutant(
        "pairs_nested_deeper",
        "Every pair is wrapped once more.",
        "ENV-07",
        tree(_wrapped_pairs),
        also=f"{NO_PAIRS} ENV-08",
    ),
    mutant(
        "value_renamed",
        "Every Value is named value.",
        "ENV-07",
        renamed("Values/Value", "value"),
        also=f"{NO_PAIRS} ENV-08",
    ),
    mutant(
        "id_renamed",
        "The ids are named callbackTypeId.",
        "ENV-07",
        renamed(".//callback_type_id", "callbackTypeId"),
        also=f"{NO_PAIRS} ENV-08 CBK-01",
    ),
    mutant(
        "type_renamed",
        "The types are named Callback_Type.",
        "ENV-07",
        renamed(".//callback_type", "Callback_Type"),
        also=f"{NO_PAIRS} ENV-08 CBK-05",
    ),
    *(
        mutant(name, title, "ENV-08", _added(path, tag, text), also="ENV-02 TIM-01 ENV-04 ENV-07")
        for name, title, path, tag, text in EXTRA
    ),
    *(
        mutant(name, title, "ENV-08", _attribute(path, key, value), also="ENV-02")
        for name, title, path, key, value in ATTRIBUTES
    ),
    *(mutant(name, title, "ENV-08", _stray(path, text), also="ENV-02") for name, title, path, text in STRAY),
    mutant(
        "foreign_element_in_root",
        "An element of another namespace stands in the root.",
        "ENV-08",
        swap("</Values>", '</Values><x:debug xmlns:x="urn:x"/>'),
        also="ENV-02 ENV-04",
    ),
    mutant(
        "cdata_among_pairs",
        "A CDATA section with text stands among the pairs.",
        "ENV-08",
        swap("</Value>", "</Value><![CDATA[,]]>"),
        also="ENV-02",
    ),
)
