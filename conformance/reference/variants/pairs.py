"""Mutants of the callback id and type pairs (CBK-01 to CBK-08, CBK-10)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from conformance.reference.variants.edits import add_pair, id_to, pair, set_text, the, type_to
from conformance.reference.variants.variant import mutant, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree import ElementTree as ET

    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change

NOT_A_METHOD = "ENV-02 CBK-07"


def _dropped(number: str) -> Change:
    return tree(lambda _, root: the(root, "Values").remove(pair(root, number)))


def _added(number: str, name: str, at: int | None = None) -> Change:
    return tree(lambda _, root: add_pair(root, number, name, at))


def _every_id(edit: Callable[[str], str]) -> Change:
    def renumber(_: Call, root: ET.Element) -> None:
        for value in root.iter("Value"):
            set_text(value, "callback_type_id", edit(value.findtext("callback_type_id", "")))

    return tree(renumber)


def _every_type(edit: Callable[[str], str]) -> Change:
    def rename(_: Call, root: ET.Element) -> None:
        for value in root.iter("Value"):
            set_text(value, "callback_type", edit(value.findtext("callback_type", "")))

    return tree(rename)


def _types_exchanged(one: str, other: str) -> Change:
    def exchange(_: Call, root: ET.Element) -> None:
        first, second = (the(pair(root, number), "callback_type") for number in (one, other))
        first.text, second.text = second.text, first.text

    return tree(exchange)


def _sorted(key: Callable[[ET.Element], object], *, reverse: bool = False) -> Change:
    def order(_: Call, root: ET.Element) -> None:
        values = the(root, "Values")
        values[:] = sorted(values, key=key, reverse=reverse)  # type: ignore[arg-type]

    return tree(order)


def _list_twice(_: Call, root: ET.Element) -> None:
    values = the(root, "Values")
    values.extend([deepcopy(value) for value in values])


def _only_first(count: int) -> Change:
    def cut(_: Call, root: ET.Element) -> None:
        del the(root, "Values")[count:]

    return tree(cut)


def _number(value: ET.Element) -> int:
    return int(value.findtext("callback_type_id", ""))


_IDS = (
    ("id_with_plus_sign", "An id carries a plus sign.", "+3"),
    ("id_negative", "An id is negative.", "-3"),
    ("id_zero_padded", "An id is padded with a zero.", "03"),
    ("id_with_leading_space", "A space stands before an id.", " 3"),
    ("id_with_trailing_space", "A space stands behind an id.", "3 "),
    ("id_on_its_own_line", "An id stands on a line of its own.", "\n        3\n      "),
    ("id_with_no_break_space", "A no-break space stands behind an id.", "3\u00a0"),
    ("id_with_fraction", "An id is a decimal fraction.", "3.0"),
    ("id_with_exponent", "An id is written with an exponent.", "3e0"),
    ("id_hexadecimal", "An id is hexadecimal.", "0x3"),
    ("id_with_underscore", "An id is grouped with an underscore, which Python takes.", "3_0"),
    ("id_with_comma", "An id is grouped with a comma.", "3,000"),
    ("id_in_arabic_indic_digits", "An id is in Arabic-Indic digits.", "\u0663"),
    ("id_in_full_width_digits", "An id is in full-width digits.", "\uff13"),
    ("id_in_words", "An id is a word.", "three"),
    ("id_null", "An id is the word null.", "null"),
    ("id_empty", "An id is empty.", ""),
)

_NOT_HTTP_GET = (
    ("pair_0_in_lower_case", "The type of id 0 is in lower case.", "http get"),
    ("pair_0_in_mixed_case", "The type of id 0 is HTTP Get, as recorded in 2013.", "HTTP Get"),
    ("pair_0_with_hyphen", "The type of id 0 is HTTP-GET.", "HTTP-GET"),
    ("pair_0_with_underscore", "The type of id 0 is HTTP_GET.", "HTTP_GET"),
    ("pair_0_without_space", "The type of id 0 is HTTPGET.", "HTTPGET"),
    ("pair_0_without_protocol", "The type of id 0 is GET.", "GET"),
    ("pair_0_is_https", "The type of id 0 is HTTPS GET.", "HTTPS GET"),
    ("pair_0_is_localised", "The type of id 0 is translated.", "HTTP ABRUFEN"),
    ("pair_0_with_no_break_space", "The space in the type of id 0 is a no-break space.", "HTTP\u00a0GET"),
    ("pair_0_with_look_alike", "The type of id 0 begins with a Cyrillic letter.", "\u041dTTP GET"),
    ("pair_0_with_zero_width_space", "A zero-width space ends the type of id 0.", "HTTP GET\u200b"),
)

_NOT_SOAP_POST = (
    ("pair_6_in_lower_case", "The type of id 6 is in lower case.", "soap post"),
    ("pair_6_in_mixed_case", "The type of id 6 is SOAP Post, as recorded in 2013.", "SOAP Post"),
    ("pair_6_without_method", "The type of id 6 is SOAP.", "SOAP"),
    ("pair_6_with_version", "The type of id 6 is SOAP 1.1 POST.", "SOAP 1.1 POST"),
    ("pair_6_cut_short", "The type of id 6 is cut after eight characters.", "SOAP POS"),
    ("pair_6_is_rest", "The type of id 6 is REST POST.", "REST POST"),
)

_NOT_PHRASES = (
    ("type_empty", "A type is empty.", ""),
    ("type_only_spaces", "A type is nothing but spaces.", "   "),
    ("type_with_leading_space", "A space stands before a type.", " XML GET"),
    ("type_with_trailing_space", "A space stands behind a type.", "XML GET "),
    ("type_with_doubled_space", "A type has two spaces in a row.", "XML  GET"),
    ("type_with_trailing_tab", "A tab stands behind a type.", "XML GET\t"),
    ("type_with_line_end", "A line end stands behind a type.", "XML GET\n"),
    ("type_on_its_own_line", "A type stands on a line of its own.", "\n        XML GET\n      "),
    ("type_broken_over_lines", "A type is broken over two lines and indented.", "XML\n        GET"),
)

_NO_METHODS = (
    ("type_with_put", "A type's method is PUT.", "HTTP PUT"),
    ("type_with_head", "A type's method is HEAD.", "HTTP HEAD"),
    ("type_with_delete", "A type's method is DELETE.", "HTTP DELETE"),
    ("type_without_method", "A type names no method.", "SMPP"),
    ("type_not_available", "A type is a place holder.", "N/A"),
)

VARIANTS = (
    *(mutant(name, title, "CBK-01", id_to(text), also="ENV-02 CBK-10") for name, title, text in _IDS),
    mutant(
        "ids_all_padded",
        "Every id is padded to two digits.",
        "CBK-01",
        _every_id(lambda text: text.zfill(2)),
        also="ENV-02 CBK-03 CBK-04",
    ),
    mutant(
        "ids_as_floats",
        "Every id is a number with a fraction.",
        "CBK-01",
        _every_id(lambda text: f"{text}.0"),
        also="ENV-02 CBK-03 CBK-04",
    ),
    mutant("id_minus_zero", "Id 0 carries a minus sign.", "CBK-01", id_to("-0", "0"), also="ENV-02 CBK-03"),
    mutant("id_with_two_types", "An id has two types.", "CBK-02", id_to("3", "5"), also="ENV-02 CBK-10"),
    mutant(
        "id_repeated_far_apart",
        "The last pair has the id of an earlier one.",
        "CBK-02",
        _added("1", "FTP POST"),
        also="ENV-02 CBK-10",
    ),
    mutant(
        "id_0_repeated", "A second type has id 0 too.", "CBK-02", _added("0", "FTP GET", 1), also="ENV-02 CBK-10 CBK-03"
    ),
    mutant(
        "pair_listed_twice",
        "A pair is listed twice in a row.",
        "CBK-02",
        _added("2", "XML POST", 2),
        also="ENV-02 CBK-06 CBK-10",
    ),
    mutant(
        "list_repeated",
        "The whole list comes twice, as from a join without DISTINCT.",
        "CBK-02",
        tree(_list_twice),
        also="ENV-02 CBK-06 CBK-10",
    ),
    mutant("ids_all_zero", "Every id is 0.", "CBK-02", _every_id(lambda _: "0"), also="ENV-02 CBK-03 CBK-04 CBK-10"),
    mutant("pair_0_missing", "Id 0 is not offered, as where 0 counts as empty.", "CBK-03", _dropped("0")),
    mutant("pair_0_and_1_exchanged", "Ids 0 and 1 have each other's types.", "CBK-03", _types_exchanged("0", "1")),
    mutant("pair_0_under_4", "HTTP GET has id 4 instead of 0.", "CBK-03", id_to("4", "0"), also="CBK-10"),
    mutant(
        "ids_begin_at_1",
        "Every id is one too high.",
        "CBK-03",
        _every_id(lambda text: str(int(text) + 1)),
        also="CBK-04",
    ),
    *(mutant(name, title, "CBK-03", type_to(text, "0"), also=NOT_A_METHOD) for name, title, text in _NOT_HTTP_GET),
    mutant("pair_6_missing", "Id 6 is not offered: the last row is lost.", "CBK-04", _dropped("6")),
    mutant("pair_6_under_7", "SOAP POST has id 7 instead of 6.", "CBK-04", id_to("7", "6")),
    mutant(
        "pair_6_under_4", "SOAP POST has id 4, so that no id is left out.", "CBK-04", id_to("4", "6"), also="CBK-10"
    ),
    mutant("pair_6_and_5_exchanged", "Ids 5 and 6 have each other's types.", "CBK-04", _types_exchanged("5", "6")),
    mutant("list_cut_to_a_page", "Only the first three pairs are listed.", "CBK-04", _only_first(3)),
    *(mutant(name, title, "CBK-04", type_to(text, "6"), also=NOT_A_METHOD) for name, title, text in _NOT_SOAP_POST),
    *(mutant(name, title, "CBK-05", type_to(text), also=NOT_A_METHOD) for name, title, text in _NOT_PHRASES),
    mutant(
        "types_padded_to_twenty",
        "Every type is filled with spaces, as from a column of fixed width.",
        "CBK-05",
        _every_type(lambda text: text.ljust(20)),
        also="ENV-02 CBK-03 CBK-04 CBK-07 CBK-08",
    ),
    mutant("type_under_two_ids", "A type is offered under two ids.", "CBK-06", _added("7", "SOAP GET")),
    mutant("http_post_under_two_ids", "HTTP POST is offered under two ids.", "CBK-06", type_to("HTTP POST", "2")),
    mutant("http_get_under_two_ids", "HTTP GET is offered under two ids.", "CBK-06", type_to("HTTP GET", "3")),
    *(mutant(name, title, "CBK-07", _added("7", text)) for name, title, text in _NO_METHODS),
    mutant("http_post_missing", "No type HTTP POST is offered.", "CBK-08", _dropped("1")),
    mutant("http_post_is_https", "HTTPS POST is offered for HTTP POST.", "CBK-08", type_to("HTTPS POST", "1")),
    mutant(
        "http_post_in_mixed_case",
        "HTTP Post is offered for HTTP POST, as recorded in 2013.",
        "CBK-08",
        type_to("HTTP Post", "1"),
        also="CBK-07",
    ),
    mutant("pairs_in_descending_order", "The highest id comes first.", "CBK-10", _sorted(_number, reverse=True)),
    mutant(
        "pairs_sorted_by_type",
        "Pairs are in the order of their types.",
        "CBK-10",
        _sorted(lambda value: value.findtext("callback_type", "")),
    ),
    mutant("pairs_sorted_as_text", "Id 10 comes before id 2, as text does.", "CBK-10", _added("10", "FTP POST", 2)),
)
