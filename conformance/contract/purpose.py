"""What a request is sent for: a kind, the service call it is about, and the state of an error code, if any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a request is there to show. The words stand in recordings."""

    DOCUMENTED = "documented"  # the page's example, in the target's binding
    BINDINGS = "bindings"  # the same in another binding
    CONTROL = "control"  # the same, as the control of documents that need another binding
    CHECK = "check"  # the same, to see whether anybody is still there
    ACTION = "action"  # another action, or none
    MALFORMED = "malformed"  # not well-formed, generated
    MALFORMED_TAGS = "malformed-tags"  # not well-formed in its tags
    MALFORMED_ATTRIBUTES = "malformed-attributes"  # not well-formed in its attributes
    MALFORMED_REFERENCES = "malformed-references"  # not well-formed in its references
    MALFORMED_CHARACTERS = "malformed-characters"  # not well-formed in its characters
    MALFORMED_MARKUP = "malformed-markup"  # not well-formed in comments, CDATA or processing instructions
    MALFORMED_AROUND = "malformed-around"  # not well-formed before or behind the root
    PRINTED = "printed"  # laid out as the page prints it
    SPELLING = "spelling"  # the same to an XML processor
    SCHEMA = "schema"  # breaks the request schema
    HOSTILE = "hostile"  # attacks the XML processor
    PARAMETER_LISTED = "parameter-listed"  # a value that is not on the list of its parameter
    PARAMETER_MISSING = "parameter-missing"  # a required parameter left out, or empty
    PARAMETER_FORM = "parameter-form"  # a value of another form or length
    ALLOWED = "allowed"  # another value that is on the list of its parameter
    DEFAULT = "default"  # a default written out
    GROUP = "group"  # of parameters of which one is needed, none, or another one
    BESIDE = "beside"  # two of these
    VALUE = "value"  # a value that another call lists, or does not
    REFUSAL = "refusal"  # right values that a call must refuse all the same
    ORDER = "order"  # the children in another order
    SPELLED_ACTION = "spelled-action"  # the action in an element that is spelled otherwise
    WRONG_TOKEN = "wrong-token"  # noqa: S105  over HTTPS, with a token that nobody was given
    STAND_IN = "stand-in"  # over HTTPS with the token of plain HTTP: the control of what is sent there
    CLAIM = "claim-009"  # over plain HTTP, claiming HTTPS
    FORM = "form-009"  # over plain HTTP, in a form that no state describes
    PORT = "port-009"  # plain HTTP on the port of HTTPS
    STATE = "state"  # the documented request in the state of an error code
    AFTER = "after"  # the documented request after that state
    CROWDED = "crowded"  # unanswered while connections of ours stood in each other's way
    STRAY = "stray"  # answered by what may be left of the call before
    UNREACHED = "unreached"  # an address of the host that does not connect
    OTHER = "other"  # sent by somebody else, for what the suite does not know


MALFORMED = frozenset(kind for kind in Kind if kind.value.startswith("malformed"))
# Kinds of requests that are meant to be refused.
OF_PARAMETERS = frozenset({Kind.PARAMETER_LISTED, Kind.PARAMETER_MISSING, Kind.PARAMETER_FORM})
REFUSED = frozenset(
    {Kind.ACTION, *MALFORMED, Kind.SCHEMA, Kind.HOSTILE, *OF_PARAMETERS, Kind.REFUSAL, Kind.WRONG_TOKEN}
)
# What a document may be wrong or unusual in: such requests need a binding that carries documents.
OF_DOCUMENTS = frozenset(
    {*MALFORMED, Kind.PRINTED, Kind.SPELLING, Kind.SCHEMA, Kind.HOSTILE, Kind.ORDER, Kind.SPELLED_ACTION}
)
SPELLED = frozenset({Kind.PRINTED, Kind.SPELLING})  # mean the same as the documented request
PLAIN_HTTP = "009"  # the error code whose state is a call over plain HTTP
_LABELS = frozenset(kind.value for kind in Kind)
_WITH_STATE = re.compile("(state|after)-([0-9]{3})")


@dataclass(frozen=True, slots=True)
class Purpose:
    """What one request is sent for. As a wish, `call` and `state` may be left out: then any will do."""

    kind: Kind
    call: str = ""
    state: str = ""

    @classmethod
    def of(cls, label: str, call: str) -> Purpose:
        """The purpose that a recording names."""
        found = _WITH_STATE.fullmatch(label)
        if found:
            return cls(Kind(found[1]), call, found[2])
        return cls(Kind(label) if label in _LABELS else Kind.OTHER, call)

    @property
    def label(self) -> str:
        """The word for it in recordings, where the call stands beside it: `documented`, `state-004`."""
        return f"{self.kind}-{self.state}" if self.state else str(self.kind)

    def meets(self, wish: Purpose) -> bool:
        """Whether it is what a wish asks for."""
        same = self.kind is wish.kind
        return same and wish.call in {"", self.call} and wish.state in {"", self.state}


Wishes = frozenset[Purpose]
EVERYTHING: Wishes = frozenset(map(Purpose, Kind))

LEFT_OUT = "a smoke run does not send all that shows it"  # why a purpose was served in part, or not at all


def is_wanted(purpose: Purpose, wishes: Iterable[Purpose]) -> bool:
    """Whether any of the wishes asks for it."""
    return any(purpose.meets(wish) for wish in wishes)


def parameter_of(probe: str) -> tuple[str, str]:
    """The parameter that a probe is about, and what was done to it, from its id; ("", "") where it is about none."""
    parts = probe.partition("@")[0].split("-", 2)
    return (parts[1], parts[2]) if len(parts) == 3 else ("", "")
