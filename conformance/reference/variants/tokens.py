"""Plain HTTP and the token: what a random stand-in cannot show, and what the target's own token does.

The token of the first call is the only one that these endpoints know.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.reference.answer import ACTION, Outcome
from conformance.reference.variants.edits import with_body
from conformance.reference.variants.enforcement import OPEN, UNSAID
from conformance.reference.variants.variant import answer, correct, mutant, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.request import Request
    from conformance.reference.variants.variant import Change

LEFT_OPEN = f"TLS-01 TLS-02 TLS-04 {UNSAID}"
PAGE = b"<html><title>Refused</title><h1>Refused</h1></html>"


def _is_known(call: Call) -> bool:
    token = call.request.path.removesuffix(f"/{ACTION}").rpartition("/")[2]
    return bool(call.memory.setdefault("token", token) == token)


def _token_first(call: Call, honest: Outcome) -> Outcome:
    return honest if _is_known(call) else Outcome("999")


def _token_after_the_scheme(call: Call, honest: Outcome) -> Outcome:
    return honest if _is_known(call) or honest.error == "009" else Outcome("999")


def _unknown_as_pages(call: Call, whole: Answer) -> Answer:
    if _is_known(call):
        return whole
    return with_body(replace(whole, status=404), PAGE, content_type="text/html")


def _served_to_the_known(call: Call, honest: Outcome) -> Outcome:
    return _opened(lambda _: True)(call, honest) if _is_known(call) else Outcome("999")


def _opened(applies: Callable[[Request], bool]) -> Callable[[Call, Outcome], Outcome]:
    """Plain HTTP is served to the known token where this applies; else, and to others, 009."""

    def decide(call: Call, honest: Outcome) -> Outcome:
        opens = _is_known(call) and honest.error == "009" and call.asked.action == ACTION
        return Outcome() if opens and applies(call.request) else honest

    return decide


def _told_otherwise(call: Call, honest: Outcome) -> Outcome:
    return Outcome("007") if _is_known(call) and honest.error == "009" else honest


CORRECT: tuple[tuple[str, str, Change, str], ...] = (
    ("plain_http_token_first", "The token is looked at before the scheme.", outcome(_token_first), LEFT_OPEN),
    (
        "plain_http_token_first_as_pages",
        "Unknown tokens get a page, over HTTPS and without.",
        answer(_unknown_as_pages, lambda _: True),
        f"{LEFT_OPEN} HYG-03 HYG-04",
    ),
    ("plain_http_token_after_scheme", "The token is looked at after the scheme.", outcome(_token_after_the_scheme), ""),
    (
        # Wrong, and only a token that may be shown shows it: what cannot be seen is not passed.
        "plain_http_open_to_the_known_token",
        "Plain HTTP is served to the known token alone: with another one, nobody can see it.",
        outcome(_served_to_the_known),
        LEFT_OPEN,
    ),
)

SHOWN_BY_A_TOKEN = (
    (
        "plain_http_served_to_a_known_token",
        "The token is looked at before the scheme, and with a known one plain HTTP is served.",
        "TLS-01",
        _served_to_the_known,
        f"{OPEN} TLS-04",
    ),
    (
        "plain_http_refused_to_strangers_alone",
        "Plain HTTP is answered with error 009 to unknown tokens, and served to the known one.",
        "TLS-01",
        _opened(lambda _: True),
        f"{OPEN} TLS-04",
    ),
    (
        "plain_http_posts_served_to_a_known_token",
        "A POST over plain HTTP is served to the known token.",
        "TLS-01",
        _opened(lambda request: request.method == "POST"),
        f"{OPEN} TLS-04",
    ),
    (
        "claims_of_a_known_token_believed",
        "X-Forwarded-Proto opens plain HTTP to the known token.",
        "TLS-04",
        _opened(lambda request: request.header("x-forwarded-proto") == "https"),
        "",
    ),
    (
        "plain_http_is_error_007_to_a_known_token",
        "Plain HTTP is answered with error 007 to the known token.",
        "TLS-02",
        _told_otherwise,
        UNSAID,
    ),
)

VARIANTS = (
    *(correct(name, title, how, also=also) for name, title, how, also in CORRECT),
    *(
        replace(mutant(name, title, breaks, outcome(decide), also=also), http_token=True)
        for name, title, breaks, decide, also in SHOWN_BY_A_TOKEN
    ),
    replace(
        correct(
            "token_before_scheme_with_a_known_token",
            "The token is looked at before the scheme, and plain HTTP is asked with a known one.",
            outcome(_token_first),
        ),
        http_token=True,
    ),
)
