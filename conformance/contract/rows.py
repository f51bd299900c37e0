"""The rows of errors.toml and of the files call.toml, as records."""

from __future__ import annotations

from typing import Literal

import msgspec

PAGE = "page"  # the edition that is normative


class ErrorCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a document's table of errors.

    edition: the document; same_as: the code by which the page names the same condition. provoked: how a suite gets
    there: by plain HTTP, a `wrong-token`, an `unknown-action`, the value of a `parameter`; where the target says how
    (`provisioned`); only by doing harm (`destructive`); or not at all (`unreachable`). remedy: what has to be provided
    anew where the documented request of a call that changes something gets it: no fault of the endpoint.
    """

    code: str
    message: str
    description: str
    provoked: Literal[
        "plain-http", "provisioned", "wrong-token", "unknown-action", "parameter", "destructive", "unreachable"
    ]
    edition: str = PAGE
    same_as: str = ""
    remedy: str = ""


Form = Literal["text", "digits", "id", "hex", "letters-digits", "ip", "ip-list", "e-mail", "url"]


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origin": "from"}):
    """A parameter of a request beside the action.

    example: what the sample says; "" where the sample leaves it out. values, form, min_length, max_length: what it may
    say, where that is restricted (lengths in characters). default: what leaving it out means. group: exactly one of the
    parameters of a group is needed; where several are given, the one whose row is first decides. needed_where: the
    values of others that make it required. locked: the codes of the states in which it is required. source: `target`
    where only whoever owns the endpoint knows a value that is accepted, `call` where the answer of another call has
    them, `from` which (CALL.FIELD); once: each of those is good once, so that the other call is asked anew for each
    request. harmless: the value with which the call leaves everything as it was. error: the documented code for a wrong
    value, and for none where `missing` names no other; errors: further codes that a value may be answered with.
    """

    name: str
    example: str = ""
    required: bool = False
    values: tuple[str, ...] = ()
    form: Form = "text"
    min_length: int = 0
    max_length: int = 0
    default: str = ""
    group: str = ""
    needed_where: dict[str, str] = {}
    locked: tuple[str, ...] = ()
    source: Literal["example", "target", "call"] = "example"
    origin: str = ""
    once: bool = False
    harmless: str = ""
    secret: bool = False
    error: str = "999"
    missing: str = ""
    errors: tuple[str, ...] = ()


class Items(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a list answer keeps its items: element names of the container, of an item, and of its fields.

    The first field is the key by which people tell the items apart.
    """

    container: str
    item: str
    fields: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.fields[0]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origin": "from"}):
    """What a call states of its answer and XSD 1.0 cannot say.

    kind: `offers` an item with these `fields`; some item `holds` these `fields`, whatever the others say; `unique`
    values of `field`; each `field` has one of the `words`; `ascending` values of `field`; the `same` content every
    time, or `differs`: another value of `field` every time; no two items agree in all of the `key` (`distinct`); each
    `field` is one that another call lists (`subset` of `from`, CALL.FIELD); each `field` is a whole PNG image,
    URL-encoded (`png`); each `field` is a URL whose query gives all of the `words` (`keyed`).
    """

    requirement: str
    kind: Literal[
        "offers", "holds", "unique", "words", "ascending", "same", "differs", "distinct", "subset", "png", "keyed"
    ]
    field: str = ""
    fields: dict[str, str] = {}
    words: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    origin: str = ""


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request of a call that changes something which must be refused though each of its values is a right one.

    key: its name in ids; what: the same in words. says: other values than the documented request has; as_in: the same,
    as this target says them in another call (CALL.PARAMETER). after: it is sent behind the documented request;
    between: so it is, and the documented request again behind it, as logins that fail are counted. errors: the codes of
    its refusal.
    """

    requirement: str
    key: str
    what: str
    says: dict[str, str] = {}
    as_in: dict[str, str] = {}
    after: bool = False
    between: bool = False
    errors: tuple[str, ...] = ()


class CallRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file call.toml says.

    effect: whether it only reads, leaves something behind for a while, or changes something; changes: what, in words;
    turn: its place among those that do, where one builds on another.
    subject: what its answer is called in sentences. edition: which document states it; `page` is the normative page.
    also_spelled: other spellings of the action's element that the document prints; also_roots: of the answer's root,
    beside the one of its schema. bindings: the only ones in which it
    may be sent; empty: all. secret_answers: the elements of its answer that are nobody else's business. errors: the
    codes of its edition's table that it may report, beside those of the page.
    """

    name: str
    method: Literal["GET", "POST"]
    request_root: str
    action_element: str
    subject: str
    effect: Literal["read", "ephemeral", "changes"] = "read"
    changes: str = ""
    turn: int = 0
    answer: Literal["list", "record", "empty"] = "list"
    edition: str = PAGE
    also_spelled: tuple[str, ...] = ()
    also_roots: tuple[str, ...] = ()
    bindings: tuple[Literal["query-xml", "form-xml", "body-xml", "query-params"], ...] = ()
    secret_answers: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    items: Items | None = None
    parameter: tuple[Parameter, ...] = ()
    rule: tuple[Rule, ...] = ()
    refusal: tuple[Refusal, ...] = ()
    error: tuple[ErrorCode, ...] = ()
