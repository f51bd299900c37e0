"""Variants of the calls that change something: refusals that are wrong, and right answers that are unusual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.variants.accounts import (
    BUY,
    CONNECT,
    FORGOT,
    LOGIN,
    REGISTER,
    SEND,
    STATUS,
    VALIDATE,
    decided,
    has,
)
from conformance.reference.variants.edits import drop, set_text
from conformance.reference.variants.variant import correct, document, mutant, of, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree import ElementTree as ET

    from conformance.reference.answer import Outcome
    from conformance.reference.app import Call
    from conformance.reference.variants.accounts import Given, Holds
    from conformance.reference.variants.variant import Change, Variant


def _says(call: str, other: str, codes: str = "", message: str = "", where: Holds = lambda _: True) -> Change:
    """Refuses with another code; without codes, whatever it refuses."""

    def edit(given: Given, honest: Outcome) -> Outcome:
        meant = honest.error is not None and (not codes or honest.error in codes.split()) and where(given)
        return honest._replace(error=other, message=message) if meant else honest

    return decided(call, edit)


def _refuses(call: str, code: str, where: Holds) -> Change:
    """Refuses what should be taken."""
    return decided(
        call, lambda given, honest: honest._replace(error=code) if honest.error is None and where(given) else honest
    )


def _misnamed(  # noqa: PLR0917  a row of the table below
    name: str, title: str, call: str, other: str, codes: str = "", message: str = ""
) -> Variant:
    return mutant(name, title, "PRM-04", _says(call, other, codes, message), call=call)


def _errors_of(call: str, edit: Callable[[Call, ET.Element], object]) -> Change:
    return tree(edit, lambda made: made.outcome.error is not None and made.asked.action == call)


def _valued(call: str, field: str, text: str) -> Change:
    return tree(lambda _, root: set_text(root, f"Values/Value/{field}", text), of(call))


def _written(whole: bytes) -> bytes:
    """The same document, written otherwise."""
    declared = b"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>"
    return whole.replace(b"<Values />", b"<Values>\n  </Values>").replace(b'<?xml version="1.0"?>', declared)


_SHOP = "https://shop.example.net:8443/central/buy.php?lang=en&auth_id=Zz9&x=%20"

_MUTANTS = (
    *(
        _misnamed(f"{call}_refused_with_999", f"Whatever is wrong with {call} is answered with 999.", call, "999")
        for call in (REGISTER, FORGOT, LOGIN, VALIDATE, CONNECT, BUY)
    ),
    _misnamed("country_is_a_number", "A wrong country has the error of a number.", REGISTER, "417", "406"),
    _misnamed("taken_name_is_an_address", "A taken name has the error of an address.", REGISTER, "105", "439"),
    _misnamed("used_captcha_is_none", "A captcha that was used has the error of none.", FORGOT, "400", "403"),
    _misnamed("wrong_password_is_none", "A wrong password has the error of none.", LOGIN, "432", "404"),
    _misnamed("connection_is_a_callback", "A connection has a callback's error.", CONNECT, "424", "419"),
    _misnamed(
        "wrong_code_told_otherwise", "The message of a wrong code is another.", VALIDATE, "418", "418", "Wrong code"
    ),
    mutant(
        "unheard_of_error",
        "Errors have a code that nobody has documented.",
        "ERR-ANY",
        _says(CONNECT, "777", message="No"),
        also="PRM-04",
        call=CONNECT,
    ),
    mutant(
        "company_not_written_out",
        "The default of company may not be written out.",
        "PRM-07",
        _refuses(REGISTER, "435", has("company")),
        call=REGISTER,
    ),
    mutant(
        "mail_in_html_refused",
        "An email_format of 2, which is listed, is refused.",
        "PRM-10",
        _refuses(REGISTER, "407", lambda given: given.get("email_format") == "2"),
        call=REGISTER,
    ),
    mutant(
        "account_types_refused",
        "Of the account types that are listed, only the first is taken.",
        "PRM-08",
        _refuses(REGISTER, "412", lambda given: given.get("account_id", "1") != "1"),
        call=REGISTER,
    ),
    mutant(
        "other_countries_refused",
        "Of the countries that are listed, only that of the example is taken.",
        "PRM-08",
        _refuses(REGISTER, "406", lambda given: given.get("country_id", "305") != "305"),
        call=REGISTER,
    ),
    mutant(
        "shop_without_a_key",
        "The address of the shop opens no account.",
        "ACT-07",
        _valued(BUY, "buy_url", _SHOP.replace("Zz9", "")),
        call=BUY,
    ),
    mutant(
        "refused_without_a_result",
        "Errors have no Result.",
        "PRM-09",
        _errors_of(CONNECT, lambda _, root: drop(root, "Result")),
        call=CONNECT,
    ),
    mutant(
        "refused_in_another_root",
        "Errors have a root of their own.",
        "PRM-09",
        _errors_of(REGISTER, lambda _, root: setattr(root, "tag", "error")),
        call=REGISTER,
    ),
    mutant(
        "shop_error_without_time",
        "Errors of the shop have no Timestamp.",
        "TIM-05",
        _errors_of(BUY, lambda _, root: drop(root, "Timestamp")),
        also="TIM-06",
        call=BUY,
    ),
    mutant(
        "sms_error_an_hour_old",
        "Errors have the time of an hour ago.",
        "TIM-06",
        _errors_of(SEND, lambda call, root: set_text(root, "Timestamp", str(int(call.now) - 3600))),
        call=SEND,
    ),
)
_IN_GENERAL = "431 432 433 434 435 416 417"
_CORRECT = (
    *(
        correct(
            f"{call}_with_an_end_tag",
            f"Values of {call} has a start tag and an end tag, on two lines.",
            document(_written, of(call)),
            call=call,
        )
        for call in (REGISTER, FORGOT, SEND, VALIDATE)
    ),
    correct(
        "registration_refused_in_general",
        "Whatever is wrong with a person is answered with 414.",
        _says(REGISTER, "414", _IN_GENERAL),
        call=REGISTER,
    ),
    correct("login_refused_with_440", "A wrong password is answered with 440.", _says(LOGIN, "440", "404"), call=LOGIN),
    correct(
        "missing_password_is_a_wrong_one",
        "A login without a password is one that failed.",
        _says(BUY, "404", "432"),
        call=BUY,
    ),
    correct(
        "redirect_refused_with_436",
        "A wrong redirect is answered with 436.",
        _says(REGISTER, "436", "415"),
        call=REGISTER,
    ),
    correct(
        "declined_with_409",
        "Declined terms are answered with 409.",
        _says(REGISTER, "409", "410", where=has("accept_terms")),
        call=REGISTER,
    ),
    *(
        correct(name, title, _refuses(REGISTER, code, lambda given: given["country_id"] != "305"), call=REGISTER)
        for name, title, code in (
            ("countries_under_embargo", "Nobody of another country may register.", "106"),
            ("numbers_of_the_country", "A number has to be one of the country.", "417"),
        )
    ),
    correct(
        "used_captcha_is_an_old_one",
        "A captcha that was used is answered with 402.",
        _says(REGISTER, "402", "403"),
        call=REGISTER,
    ),
    correct(
        "account_of_fifteen_digits",
        "An account has a long number.",
        _valued(LOGIN, "Usernumber", "123456789012345"),
        call=LOGIN,
    ),
    correct(
        "connection_refused_in_its_root",
        "Errors have the root that the guide prints for the answer.",
        _errors_of(CONNECT, lambda _, root: setattr(root, "tag", "CLICKATELLSDK")),
        call=CONNECT,
    ),
    correct(
        "connection_number_one", "The first connection has the id 1.", _valued(CONNECT, "api_id", "1"), call=CONNECT
    ),
    correct(
        "shop_with_more_parameters",
        "Its address has a port, and more parameters.",
        _valued(BUY, "buy_url", _SHOP),
        call=BUY,
    ),
    correct(
        "mobile_of_fifteen_digits",
        "A mobile number is a long one.",
        _valued(STATUS, "Cellphone", "263771234567890"),
        call=STATUS,
    ),
)
VARIANTS = (*_MUTANTS, *_CORRECT)
