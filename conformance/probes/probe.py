"""One request to be sent: plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from conformance.contract.purpose import Kind, Purpose
from conformance.target.settings import Binding

Channel = Literal["https", "http"]

CANARY = b"http://canary.invalid/"  # the wire puts the address of its listener here
FIRST = "documented-1"


@dataclass(frozen=True, slots=True)
class Form:
    """How a request over plain HTTP is put.

    version: of HTTP. absolute: the scheme of an absolute URL in the request line; "" for the usual path alone.
    https_port: whether it goes to the port of HTTPS.
    """

    version: Literal["1.1", "1.0"] = "1.1"
    absolute: Literal["", "http", "https"] = ""
    https_port: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """One request to be sent.

    document: what travels in the binding; actions and parameters: the same as values of parameters for `query-params`.
    control: id of the probe that must succeed for this one's answer to count (its twin without the defect).
    fresh: over a connection of its own. segment: a last segment for the path. method: another than the binding's.
    encoded_otherwise: with small letters behind percent signs, and slashes as they are (RFC 3986 section 6.2.2.1).
    stand_in: over HTTPS, with the token of plain HTTP. form: how it is put. everywhere: also to each further address
    of the host. origin: where the value stands that is still to be filled in, CALL.FIELD. other_than: what is said
    anyway, where there is another.
    spends: the same of a value that is good once. risky: its login is meant to fail, which counts.
    failed_login: the codes that say that its login failed, or is locked; none where it logs nobody in.
    """

    id: str
    purpose: Purpose
    title: str
    document: bytes = b""
    actions: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    binding: Binding = "query-xml"
    channel: Channel = "https"
    headers: tuple[tuple[str, str], ...] = ()
    control: str = ""
    state: str = ""
    fresh: bool = False
    segment: str = ""
    charset: str = "utf-8"
    method: str = ""
    stand_in: bool = False
    encoded_otherwise: bool = False
    form: Form = Form()
    everywhere: bool = False
    failed_login: frozenset[str] = frozenset()
    origin: str = ""
    other_than: str = ""
    spends: str = ""
    risky: bool = False

    @property
    def kind(self) -> Kind:
        return self.purpose.kind

    def sent_for(self, kind: Kind, state: str = "") -> Purpose:
        """The purpose of a probe made from this one, about the same call."""
        return Purpose(kind, self.purpose.call, state)


def after_state(first: Probe, code: str) -> Probe:
    """The documented request once the state is over; `first` is the first one of its call."""
    of, title = first.id.removeprefix(FIRST), f"the documented request after the state of {code}"
    return replace(
        first,
        id=f"after-{code}{of}",
        purpose=first.sent_for(Kind.AFTER, code),
        title=f"{of[1:]}: {title}" if of else title,
        fresh=False,
    )
