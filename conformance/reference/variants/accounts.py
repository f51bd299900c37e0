"""Mutants of the calls that change something: each takes something that it must refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.reference.answer import Outcome
from conformance.reference.variants.variant import mutant, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change, Variant

    Given = Mapping[str, str]
    Holds = Callable[[Given], bool]

REGISTER, FORGOT, LOGIN = "register", "forgot_password", "authenticate_user"
RESEND, SEND, VALIDATE = "resend_email_activation", "send_activation_sms", "validate_activation_sms"
STATUS, CONNECT, BUY = "sms_activation_status", "create_connection", "buy_credits_url"


def decided(call: str, edit: Callable[[Given, Outcome], Outcome]) -> Change:
    """Decides otherwise about a call."""

    def change(made: Call, honest: Outcome) -> Outcome:
        return edit(dict(made.asked.parameters), honest) if made.asked.action == call else honest

    return outcome(change)


def lacks(name: str) -> Holds:
    """Whether a parameter is not given."""
    return lambda given: name not in given


def has(name: str) -> Holds:
    """Whether it is."""
    return lambda given: name in given


def _takes(  # noqa: PLR0917  a row of the table below
    call: str, codes: str, breaks: str, name: str, title: str, where: Holds = lambda _: True, also: str = ""
) -> Variant:
    """Takes what should be refused with these codes."""

    def edit(given: Given, honest: Outcome) -> Outcome:
        return Outcome(action=call) if honest.error in codes.split() and where(given) else honest

    return mutant(name, title, breaks, decided(call, edit), also=also, call=call)


def _declined(given: Given) -> bool:
    return given.get("accept_terms") == "0"


_ANY = "Any {} is taken."
_OF_A_CONNECTION = {
    "ip_address": "422",
    "dial_prefix": "421",
    "callback_url": "423",
    "callback_username": "425",
    "callback_password": "426",
    "ftp_password": "420",
}

VARIANTS = (
    _takes(REGISTER, "403", "ACT-01", "captcha_good_twice", "A captcha is good twice."),
    _takes(FORGOT, "403", "ACT-01", "captcha_good_for_ever", "A captcha is never used up."),
    _takes(LOGIN, "404", "ACT-02", "any_password", "Any password logs in."),
    _takes(
        VALIDATE, "418", "ACT-03", "any_activation_code", "Any activation code is right.", has("sms_activation_code")
    ),
    _takes(REGISTER, "439", "ACT-04", "taken_name_registered", "A user name that is taken is registered."),
    _takes(REGISTER, "105", "ACT-05", "known_address_registered", "A known e-mail address is registered."),
    _takes(REGISTER, "410", "ACT-06", "terms_declined", "Who declines the terms is registered.", _declined),
    _takes(
        REGISTER,
        "410",
        "PRM-02",
        "terms_not_mentioned",
        "Terms that nobody speaks of are taken for accepted.",
        lacks("accept_terms"),
    ),
    _takes(REGISTER, "433 434", "PRM-02", "nobody_registered", "Somebody without a name is registered.", also="PRM-03"),
    _takes(REGISTER, "401", "PRM-02", "captcha_not_solved", "A captcha need not be solved.", also="PRM-03"),
    _takes(FORGOT, "400", "PRM-02", "captcha_not_wanted", "No captcha is wanted.", lacks("captcha_id")),
    _takes(FORGOT, "416", "PRM-02", "forgotten_by_anybody", "A password is sent to whoever names an account."),
    _takes(
        VALIDATE,
        "418",
        "PRM-02",
        "validated_without_a_code",
        "An activation needs no code.",
        lacks("sms_activation_code"),
    ),
    *(
        _takes(call, "431", "PRM-02", f"{call}_without_a_user", f"Nobody need say who it is: {call}.", also=also)
        for call, also in ((REGISTER, "PRM-03"), *((c, "") for c in (FORGOT, LOGIN, RESEND, SEND)))
    ),
    *(
        _takes(call, codes, "PRM-02", f"{call}_without_a_{what}", f"Nobody need give a {what}: {call}.")
        for call in (VALIDATE, STATUS, CONNECT, BUY)
        for codes, what in (("431", "user"), ("432", "password"))
    ),
    _takes(REGISTER, "407", "PRM-01", "any_email_format", _ANY.format("email_format")),
    _takes(REGISTER, "413", "PRM-01", "any_force_create", _ANY.format("force_create")),
    _takes(REGISTER, "409", "PRM-01", "any_answer_to_the_terms", _ANY.format("accept_terms")),
    _takes(REGISTER, "417", "PRM-03", "any_number", _ANY.format("mobile_number"), has("mobile_number")),
    _takes(REGISTER, "416", "PRM-03", "any_address", _ANY.format("email_address"), has("email_address")),
    _takes(REGISTER, "415", "PRM-03", "any_redirect", _ANY.format("activation_redirect")),
    _takes(
        REGISTER,
        "432",
        "PRM-03",
        "short_password_taken",
        "A password of five letters is taken.",
        lambda given: given.get("password", "").isalnum(),
    ),
    _takes(FORGOT, "405", "ACT-08", "password_sent_to_anybody", "A password is sent to any address."),
    _takes(REGISTER, "432", "PRM-03", "any_new_password", _ANY.format("new password"), has("password")),
    _takes(SEND, "417", "PRM-03", "sms_to_any_number", "An SMS is sent to a number of letters."),
    _takes(RESEND, "416", "PRM-03", "email_to_any_address", "An e-mail is sent to anything."),
    *(_takes(CONNECT, code, "PRM-03", f"any_{name}", _ANY.format(name)) for name, code in _OF_A_CONNECTION.items()),
    _takes(FORGOT, "400", "PRM-08", "captcha_of_nobody", _ANY.format("captcha_id"), has("captcha_id")),
    _takes(REGISTER, "406", "PRM-08", "registered_nowhere", _ANY.format("country_id"), has("country_id")),
    _takes(REGISTER, "412", "PRM-08", "any_account_type", _ANY.format("account_id")),
    _takes(CONNECT, "419", "PRM-08", "any_connection", _ANY.format("connection_id")),
    _takes(CONNECT, "424", "PRM-08", "any_callback_type", _ANY.format("callback_type_id")),
)
