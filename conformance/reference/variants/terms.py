"""Variants of get_list_terms: what its parameters mean, and where the terms are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from conformance.reference.answer import Outcome
from conformance.reference.variants.edits import again, edited, sent, set_text
from conformance.reference.variants.variant import correct, every, mutant, of, outcome, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change

TERMS = "get_list_terms"
_PAGE = "http://www.clickatell.com/sdk/terms.html"


def _decided(edit: Callable[[Call, dict[str, str], Outcome], Outcome]) -> Change:
    """Decides otherwise about get_list_terms."""

    def change(call: Call, honest: Outcome) -> Outcome:
        asked = call.asked.action == TERMS and honest.error in {None, "406", "427", "429"}
        return edit(call, dict(call.asked.parameters), honest) if asked else honest

    return outcome(change)


def _taken(*codes: str) -> Change:
    """Takes what should be refused with these codes."""
    return _decided(lambda _, __, honest: honest._replace(error=None) if honest.error in codes else honest)


def _taken_where(code: str, holds: Callable[[dict[str, str]], bool]) -> Change:
    return _decided(
        lambda _, given, honest: honest._replace(error=None) if honest.error == code and holds(given) else honest
    )


def _refused_where(code: str, holds: Callable[[Call, dict[str, str]], bool]) -> Change:
    return _decided(
        lambda call, given, honest: (
            honest._replace(error=code) if honest.error is None and holds(call, given) else honest
        )
    )


def _instead(code: str, other: str) -> Change:
    return _decided(lambda _, __, honest: honest._replace(error=other) if honest.error == code else honest)


def _located(holds: Callable[[dict[str, str]], bool], url: str = _PAGE) -> Change:
    """Gives another address where the parameters are such."""
    return tree(
        lambda _, root: set_text(root, "Values/Value/URL_location", url),
        lambda call: of(TERMS)(call) and holds(dict(call.asked.parameters)),
    )


def _two_addresses(values: ET.Element) -> None:
    again(values)
    set_text(values[1], "URL_location", _PAGE)


def _is_address_alone(_: Call, given: dict[str, str]) -> bool:
    return "client_ip_address" in given and "country_id" not in given


def _action_last(call: Call, given: dict[str, str]) -> bool:
    return bool(given) and sent(call).rstrip().endswith(b"</action></clickatellsdk>")


VARIANTS = (
    mutant("terms_of_any_format", "Any terms_format is taken.", "PRM-01", _taken("427"), also="PRM-03", call=TERMS),
    mutant(
        "terms_format_read_as_a_number",
        "A terms_format is read as a number, whatever stands around it.",
        "PRM-03",
        _taken_where("427", lambda given: given.get("terms_format", "").strip().lstrip("0") in {"1", "2"}),
        call=TERMS,
    ),
    mutant("terms_for_any_address", "Any client_ip_address is taken.", "PRM-03", _taken("429"), call=TERMS),
    mutant(
        "terms_format_answered_with_406",
        "A wrong terms_format is answered with the error of a country.",
        "PRM-04",
        _instead("427", "406"),
        call=TERMS,
    ),
    mutant(
        "terms_country_answered_with_429",
        "A wrong country_id is answered with the error of an address.",
        "PRM-04",
        _instead("406", "429"),
        call=TERMS,
    ),
    mutant(
        "terms_refused_with_999",
        "Whatever is wrong is answered with 999.",
        "PRM-04",
        _decided(lambda _, __, honest: honest._replace(error="999") if honest.error else honest),
        also="PRM-05",
        call=TERMS,
    ),
    mutant(
        "terms_want_a_country",
        "A client_ip_address alone is not enough.",
        "PRM-05",
        _refused_where("406", _is_address_alone),
        call=TERMS,
    ),
    mutant(
        "terms_of_nowhere_answered_with_427",
        "Neither country nor address is answered with the error of the format.",
        "PRM-05",
        _decided(
            lambda _, given, honest: (
                honest if {"country_id", "client_ip_address"} & given.keys() else honest._replace(error="427")
            )
        ),
        call=TERMS,
    ),
    mutant(
        "terms_by_address_before_country",
        "Beside a country the address decides.",
        "PRM-06",
        _located(lambda given: "client_ip_address" in given, "http://www.clickatell.com/sdk/terms-by-address.txt"),
        call=TERMS,
    ),
    mutant(
        "terms_with_another_default",
        "Without a terms_format the address is that of HTML.",
        "PRM-07",
        _located(lambda given: "terms_format" not in given),
        call=TERMS,
    ),
    mutant(
        "terms_in_html_refused",
        "A terms_format of 2, which is listed, is refused.",
        "PRM-10",
        _refused_where("427", lambda _, given: given.get("terms_format") == "2"),
        call=TERMS,
    ),
    mutant(
        "terms_of_country_0_refused",
        "A country_id of 0, its default, is refused beside an address.",
        "PRM-07",
        _refused_where("406", lambda _, given: given.get("country_id") == "0"),
        call=TERMS,
    ),
    mutant(
        "terms_by_text",
        "Values are read as text, whatever sections and references they are in.",
        "REQ-05",
        _refused_where("406", lambda call, _: b"_id><!-- -->" in sent(call)),
        call=TERMS,
    ),
    mutant(
        "terms_of_any_country",
        "A country_id that is not listed is taken.",
        "PRM-08",
        _taken_where("406", lambda given: given.get("country_id", "").isdigit()),
        also="PRM-03",
        call=TERMS,
    ),
    mutant(
        "terms_of_one_country",
        "Only the country of the example is known.",
        "PRM-08",
        _refused_where("406", lambda _, given: given.get("country_id", "1") not in {"0", "1"}),
        call=TERMS,
    ),
    mutant(
        "terms_asked_in_order",
        "The action has to be the first child.",
        "REQ-08",
        _refused_where("999", _action_last),
        call=TERMS,
    ),
    mutant("terms_at_two_addresses", "There are two addresses.", "TRM-01", edited(TERMS, _two_addresses), call=TERMS),
    mutant(
        "terms_move",
        "Every third answer has another address.",
        "TRM-09",
        tree(lambda _, root: set_text(root, "Values/Value/URL_location", _PAGE), every(3, of(TERMS))),
        also="REQ-05 REQ-08 REQ-09 PRM-06 PRM-07",
        call=TERMS,
    ),
    correct(
        "terms_of_nowhere_given",
        "Neither country nor address is answered with the main terms.",
        _taken_where("429", lambda given: not {"country_id", "client_ip_address"} & given.keys()),
        call=TERMS,
    ),
    correct(
        "terms_by_country",
        "Another country than the example's has other terms.",
        _located(lambda given: given.get("country_id", "1") != "1"),
        call=TERMS,
    ),
    correct(
        "terms_over_https",
        "The address is a long one, over HTTPS.",
        _located(lambda _: True, f"https://www.example.com/terms?of={'x' * 1_000}"),
        call=TERMS,
    ),
)
