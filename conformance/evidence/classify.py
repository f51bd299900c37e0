"""What an answer amounts to, in a table: a success, an error, something else; by itself, or as the answer to a call."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from conformance.evidence.envelope import Envelope


class Meaning(StrEnum):
    """What an answer amounts to, whatever else is wrong with it."""

    SUCCESS = "the success of the call"
    DAMAGED_SUCCESS = "the success of the call, in a body that cannot be read"
    ANOTHER_CALL = "the answer of another call"
    ERROR = "an error"
    ERROR_AND_SUCCESS = "an error with Success beside it"
    NEITHER = "an envelope that is neither"
    DAMAGED = "an envelope in a body that cannot be read"
    UNREADABLE = "a body that the suite cannot read"
    NO_ENVELOPE = "no envelope"

    @property
    def is_success(self) -> bool:
        """Whether it is meant as the success."""
        return self in {Meaning.SUCCESS, Meaning.DAMAGED_SUCCESS}

    @property
    def reports_error(self) -> bool:
        """Whether it is meant as an error, also one that carries Success."""
        return self in {Meaning.ERROR, Meaning.ERROR_AND_SUCCESS}


@dataclass(frozen=True, slots=True)
class Asked:
    """The service call that an answer is to answer; without a name, any.

    content: the names of the elements that hold what it is asked for; every: whether all of them make it. errors: how
    the elements of an error are called. published: the names of the calls of the API.
    """

    name: str = ""
    content: tuple[str, ...] = ()
    every: bool = False
    errors: tuple[str, str] = ("Error", "Description")
    published: frozenset[str] = frozenset()


ANY = Asked()


class Rule(NamedTuple):
    """What is seen in an answer, and what it amounts to then."""

    seen: str
    holds: Callable[[Envelope, Asked], bool]
    meaning: Meaning


def offers(envelope: Envelope, asked: Asked) -> bool:
    """Whether what a call is asked for is in it: any field of a list, every part of a record.

    Of a call whose answer is empty, it is the success that echoes its name.
    """
    if not asked.content:
        return _echoes(envelope, asked) and envelope.says_success
    return envelope.offers(asked.content, every=asked.every)


def _echoes(envelope: Envelope, asked: Asked) -> bool:
    return bool(asked.name) and envelope.action is not None and envelope.action.text == asked.name


def _is_of_another(envelope: Envelope, asked: Asked) -> bool:
    if envelope.action is None or (action := envelope.action.text) == asked.name:
        return False
    looks_so = bool(asked.content) and re.fullmatch(r"[a-z]+(_[a-z]+)+", action) is not None
    return (action in asked.published or looks_so) and not offers(envelope, asked)


def _says_error(envelope: Envelope) -> bool:
    says = envelope.result is not None and envelope.result.text.strip().lower() in {"error", "failed", "failure"}
    return not envelope.has_list and (says or (bool(envelope.errors()) and not envelope.says_success))


def _reports(envelope: Envelope, asked: Asked) -> bool:
    return _says_error(envelope) or (envelope.recognised and bool(envelope.errors(*asked.errors)))


def _is_nothing_but_an_error(envelope: Envelope, asked: Asked) -> bool:
    return _reports(envelope, asked) and not (envelope.carries_success or envelope.has_list)


# The first row that holds decides. Of a body that cannot be read only the text is looked at.
RULES = (
    Rule(
        "no tree, and in the text what the call is asked for",
        lambda e, asked: e.root is None and offers(e, asked),
        Meaning.DAMAGED_SUCCESS,
    ),
    Rule(
        "no tree, for a reason that is the suite's",
        lambda e, _: e.root is None and bool(e.document.unreadable),
        Meaning.UNREADABLE,
    ),
    Rule("no tree, names of an envelope in the text", lambda e, _: e.root is None and e.recognised, Meaning.DAMAGED),
    Rule("no tree", lambda e, _: e.root is None, Meaning.NO_ENVELOPE),
    Rule(
        "a Result that says so, or a code or message of an error; no Success anywhere, no list",
        _is_nothing_but_an_error,
        Meaning.ERROR,
    ),
    Rule("the Action of another call, and nothing of what this one is asked for", _is_of_another, Meaning.ANOTHER_CALL),
    Rule(
        "Success, or a list or a piece of one; no error that outweighs it",
        lambda e, _: (e.says_success or e.has_list) and not _says_error(e),
        Meaning.SUCCESS,
    ),
    Rule(
        "an envelope with the Action of a call whose answer is empty, and no error",
        lambda e, asked: e.recognised and not asked.content and _echoes(e, asked) and not _says_error(e),
        Meaning.SUCCESS,
    ),
    Rule("an error, and a later Result that says Success", lambda e, _: _says_error(e), Meaning.ERROR_AND_SUCCESS),
    Rule("names of an envelope", lambda e, _: e.recognised, Meaning.NEITHER),
    Rule("anything else", lambda _, __: True, Meaning.NO_ENVELOPE),
)


def classify(envelope: Envelope, asked: Asked = ANY) -> Meaning:
    """What an answer amounts to, as the answer to a call where one is named."""
    return next(rule.meaning for rule in RULES if rule.holds(envelope, asked))
