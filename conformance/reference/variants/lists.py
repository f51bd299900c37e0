"""Variants of the lists of the guide: wrong in what each states of its own, and unusual in it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.reference.answer import Outcome
from conformance.reference.variants.edits import again, edited, sent, set_text, the
from conformance.reference.variants.variant import correct, every, mutant, of, outcome, reading, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.app import Call
    from conformance.reference.request import Asked
    from conformance.reference.variants.variant import Change, Variant

COUNTRY, PREFIX = "get_list_country", "get_list_country_prefix"
ACCOUNT, CONNECTION = "get_list_account", "get_list_connection"
# The lists: call, family of requirements, key and text of an item, and of the two printed items.
_LISTS = (
    (COUNTRY, "CTY", "country_id", "name", ("1", "305")),
    (ACCOUNT, "ACC", "account_id", "account_type", ("1", "7")),
    (CONNECTION, "CON", "connection_type_id", "connection_type", ("2", "13")),
)

_SECOND = {COUNTRY: "Albania", ACCOUNT: "International", CONNECTION: "SOAP API"}  # texts that are there


def _item(values: ET.Element, key: str, number: str) -> ET.Element:
    return next(value for value in values if value.findtext(key) == number)


def _without(key: str, number: str) -> Callable[[ET.Element], None]:
    return lambda values: values.remove(_item(values, key, number))


def _saying(key: str, number: str, field: str, text: str) -> Callable[[ET.Element], None]:
    return lambda values: set_text(_item(values, key, number), field, text)


def _added(**texts: str) -> Callable[[ET.Element], None]:
    def add(values: ET.Element) -> None:
        value = ET.SubElement(values, "Value")
        for name, text in texts.items():
            ET.SubElement(value, name).text = text

    return add


def _reverse(values: ET.Element) -> None:
    values[:] = values[::-1]


def _with_plus(values: ET.Element) -> None:
    for value in values:
        set_text(value, "prefix", f"+{value.findtext('prefix')}")


def _named_as_printed(values: ET.Element) -> None:
    """As the guide prints its last item (interpretation I-15)."""
    the(values[-1], "prefix").tag = "name"


def _about_lists() -> tuple[Variant, ...]:
    found = []
    for call, family, key, text, printed in _LISTS:
        for place, number in zip((3, 4), printed, strict=True):
            missing = edited(call, _without(key, number))
            other = edited(call, _saying(key, number, text, "Somewhere Else"))
            breaks = f"{family}-0{place}"
            title = f"The printed item {number} of {call} is missing."
            found.append(mutant(f"{call}_without_{number}", title, breaks, missing, call=call))
            title = f"The printed item {number} of {call} has another text."
            found.append(mutant(f"{call}_with_another_{number}", title, breaks, other, call=call))
        doubled = edited(call, _added(**{key: "4711", text: _SECOND[call]}))
        title = f"A text of {call} has two ids."
        found.append(mutant(f"{call}_text_twice", title, f"{family}-06", doubled, call=call))
        title = f"An item of {call} is missing now and then."
        losing = tree(lambda _, root: the(root, "Values").remove(the(root, "Values")[2]), every(3, of(call)))
        also = f"REQ-05 {family}-03 {family}-04 REQ-09"
        found.append(mutant(f"{call}_changes", title, f"{family}-07", losing, also=also, call=call))
        gaps = edited(call, _added(**{key: "90210", text: "Nowhere Yet"}))
        found.append(correct(f"{call}_with_gaps", f"Ids of {call} have a wide gap.", gaps, call=call))
        backwards = edited(call, _reverse)
        found.append(correct(f"{call}_unsorted", f"The items of {call} are in no order.", backwards, call=call))
    return tuple(found)


_PREFIXES = (
    mutant(
        "prefixes_of_no_countries",
        "Prefixes have ids of their own, which no country has.",
        "PFX-06",
        edited(PREFIX, _added(country_id="4711", prefix="999")),
        call=PREFIX,
    ),
    mutant("prefix_twice", "A prefix is there twice.", "PFX-02", edited(PREFIX, again), call=PREFIX),
    mutant(
        "prefix_of_1_is_94",
        "The printed prefix of id 1 is another one.",
        "PFX-03",
        edited(PREFIX, _saying("country_id", "1", "prefix", "94")),
        call=PREFIX,
    ),
    mutant(
        "prefix_of_340_missing",
        "The printed prefix of id 340 is missing.",
        "PFX-04",
        edited(PREFIX, _without("country_id", "340")),
        call=PREFIX,
    ),
    mutant(
        "prefix_named_as_printed",
        "The last item has a name in the place of a prefix.",
        "ENV-07",
        edited(PREFIX, _named_as_printed),
        also="ENV-08",
        call=PREFIX,
    ),
    mutant(
        "prefix_with_plus",
        "Prefixes have a plus sign.",
        "PFX-05",
        edited(PREFIX, _with_plus),
        also="PFX-03 PFX-04",
        call=PREFIX,
    ),
    mutant(
        "prefixes_change",
        "A prefix is missing now and then.",
        "PFX-07",
        tree(lambda _, root: the(root, "Values").remove(the(root, "Values")[1]), every(3, of(PREFIX))),
        also="REQ-05 REQ-09",
        call=PREFIX,
    ),
    correct(
        "several_prefixes_of_a_country",
        "A country has several prefixes.",
        edited(PREFIX, _added(country_id="340", prefix="1671")),
        call=PREFIX,
    ),
    correct(
        "prefix_of_several_countries",
        "Several countries have one prefix.",
        edited(PREFIX, _added(country_id="305", prefix="93")),
        call=PREFIX,
    ),
)


def _any_token(call: Call, honest: Outcome) -> Outcome:
    return honest._replace(error=None, action=call.asked.action or "") if honest.error == "005" else honest


def _capital(call: Call, honest: Outcome) -> Outcome:
    return honest._replace(error="999") if b"<Action>" in sent(call) and honest.error is None else honest


def _any_ending(_: Call, asked: Asked) -> Asked:
    """Whatever begins with the name of the call is taken for it."""
    begins = bool(asked.action and asked.action.startswith(ACCOUNT))
    return asked._replace(action=ACCOUNT) if begins else asked


def _answered(code: str, other: str) -> Change:
    return outcome(lambda _, honest: honest._replace(error=other) if honest.error == code else honest)


_CALLER = (
    mutant("any_token_taken", "Any token is taken.", "ERR-005", outcome(_any_token), call=COUNTRY),
    mutant(
        "wrong_token_is_999", "A wrong token is answered with 999.", "ERR-005", _answered("005", "999"), call=COUNTRY
    ),
    mutant(
        "unknown_action_is_999",
        "An unknown action is answered with 999.",
        "ERR-430",
        _answered("430", "999"),
        call=COUNTRY,
    ),
    mutant(
        "unknown_action_is_007",
        "An unknown action is answered with 007.",
        "ERR-430",
        _answered("430", "007"),
        call=COUNTRY,
    ),
    mutant(
        "accounts_whatever_follows",
        "What only begins with the name of the call is answered as the call.",
        "REQ-03",
        reading(_any_ending),
        also="ERR-430",
        call=ACCOUNT,
    ),
    mutant("capital_action_refused", "Action is not known.", "REQ-09", outcome(_capital), call=COUNTRY),
)

_CONNECTIONS = tuple(
    mutant(
        f"no_{name.lower()}_connection",
        f"No type {name} API is offered.",
        breaks,
        edited(CONNECTION, _without("connection_type_id", number)),
        call=CONNECTION,
    )
    for name, number, breaks in (("SMTP", "9", "CON-08"), ("FTP", "7", "CON-09"))
)

VARIANTS = (*_about_lists(), *_CONNECTIONS, *_PREFIXES, *_CALLER)
