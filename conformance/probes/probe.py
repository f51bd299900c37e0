"""What is sent, in the order of the page: plain frozen data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from conformance.contract.model import Contract, ServiceCall
from conformance.probes import documents, layouts
from conformance.probes.documents import Document
from conformance.target.settings import BINDINGS, Binding
from conformance.target.target import Target

if TYPE_CHECKING:
    from conformance.probes.generated import Case

Channel = Literal["https", "http"]

CANARY = b"http://canary.invalid/"  # the wire puts the address of its listener here
FIRST = "documented-1"
REPEATS = 16  # documented calls side by side: a fault of one answer in five escapes them once in 35 runs
_AS_DOCUMENT, _AS_BODY = "control-document", "control-body"  # other bindings, where they are served
_LONG = 100_000  # bytes that no server takes in a URL
_KINDS = {
    "action": "the request with another action",
    "malformed": "a document that is not well-formed",
    "spelling": "the same request, spelled otherwise",
    "schema": "a request that breaks the schema",
    "hostile": "a hostile document",
}


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

    document: what travels in the binding; actions: the same as values of the parameter `action` for `query-params`.
    control: id of the probe that must succeed for this one's answer to count (its twin without the defect).
    fresh: over a connection of its own. segment: a last segment for the path. method: another than the binding's.
    stand_in: over HTTPS, with the token of plain HTTP. form: how it is put. everywhere: also to each further address
    of the host.
    """

    id: str
    group: str
    title: str
    document: bytes = b""
    actions: tuple[str, ...] = ()
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
    form: Form = Form()
    everywhere: bool = False


def documented(call: ServiceCall, binding: Binding) -> Probe:
    """The page's request example in a binding."""
    return Probe(
        id="documented",
        group="documented",
        title="the documented request",
        document=layouts.usual(call, binding),
        actions=(call.name,),
        binding=binding,
    )


def generated(
    call: ServiceCall, base: Probe, groups: frozenset[str], seed: int
) -> Iterator[tuple[Probe, Case]]:
    """Requests that the seed makes; only those of them that a selected check looks at are made at all."""
    from conformance.probes import generated as explore  # noqa: PLC0415  the catalogue of requirements needs no parser

    counts = {group: count for group, count in explore.COUNTS.items() if group in groups}
    numbers: Counter[str] = Counter()
    for case in explore.corpus(call, seed, counts) if counts else ():
        group = case.group
        numbers[group] += 1
        probe = replace(
            base if group == "action" else _carrier(base),
            id=f"explored-{group}-{numbers[group]}",
            group=group,
            title=f"{_KINDS[group]}, generated from seed {seed}: {case.what}",
            document=case.document,
            actions=(case.value,),
        )
        yield replace(probe, control=probe.control or FIRST), case


def reduced(probe: Probe, number: int, document: bytes) -> Probe:
    """A smaller request than a generated one, to see whether it still shows the same."""
    told = probe.title.partition(": ")[0].replace("generated from", f"reduced from {probe.id} of")
    return replace(probe, id=f"reduced-{probe.group}-{number}", title=told, document=document)


def independent(contract: Contract, target: Target, base: Probe) -> Iterator[Probe]:
    """Every fixed request that can be sent at any time."""
    yield from _other_bindings(contract, target, base)
    yield from _other_actions(contract.call, base)
    if not _has_segment(contract.call, target):
        # Where the path names the service call, a bare call may well be meant for it.
        yield replace(
            base,
            id="action-nothing",
            group="action",
            title="a call that carries no request at all",
            document=b"",
            actions=(),
            control=FIRST,
        )
    carried = _carrier(base)
    if carried.binding != base.binding:
        yield replace(carried, id=_AS_DOCUMENT, group="control", title="the request example as a document")
    if base.binding != "body-xml":
        title = "the request example as the body of a POST"
        yield replace(carrying(contract.call, base, "body-xml"), id=_AS_BODY, group="control", title=title)
    yield from _printed(contract.call, carried)
    for kind, those in documents.malformed(contract.call).items():
        yield from _carrying(carried, f"malformed-{kind}", those)
    yield from _carrying(carried, "spelling", documents.spellings(contract.call))
    yield from _carrying(carried, "schema", documents.broken(contract.call))
    yield from _carrying(carried, "hostile", documents.hostile(contract.call, CANARY.decode()))


def carrying(call: ServiceCall, base: Probe, binding: Binding) -> Probe:
    """The documented request in another binding, laid out as that one carries it."""
    return replace(base, binding=binding, document=layouts.usual(call, binding))


def _printed(call: ServiceCall, carried: Probe) -> Iterator[Probe]:
    """The request example as it is printed, and what shows whether it is the line breaks that are refused in a URL."""
    said = f"the documented request {layouts.AS_PRINTED}"
    base = replace(carried, group=layouts.PRINTED)
    yield replace(base, id=layouts.PRINTED, title=said, document=layouts.printed(call))
    yield replace(
        base,
        id="printed-spaces",
        title=f"{said}, a space in place of each line break",
        document=layouts.spaced(call),
    )


def _other_actions(call: ServiceCall, base: Probe) -> Iterator[Probe]:
    for key, value in documents.actions(call).items():
        yield replace(
            base,
            id=f"action-{key}",
            group="action",
            title=f"the request with the action {value!r}",
            document=documents.asking(call, value),
            actions=(value,),
            control=FIRST,
        )
    yield replace(
        base,
        id="action-none",
        group="action",
        title="the request without an action",
        document=documents.asking(call, None),
        actions=(),
        control=FIRST,
    )


def _carrying(base: Probe, group: str, those: Iterable[Document]) -> Iterator[Probe]:
    """Probes of documents, each in a binding that can carry it."""
    for document in those:
        binding, control = base.binding, base.control
        if document.as_body and binding != "body-xml":
            binding, control = "body-xml", _AS_BODY
        elif len(document.content) > _LONG and binding == "query-xml":
            # A URL of that size is HTTP's matter, not this document's: it goes as a form, where those are served.
            binding = "form-xml"
        family = group.partition("-")[0]
        yield replace(
            base,
            id=f"{family}-{document.key}",
            group=group,
            title=f"{_KINDS[family]}: {document.key}",
            document=document.content,
            binding=binding,
            control=control,
            charset=document.charset,
        )


def _has_segment(call: ServiceCall, target: Target) -> bool:
    """Whether the endpoint's path ends with the service call's name."""
    return urlsplit(target.endpoint).path.rstrip("/").endswith(f"/{call.name}")


def _carrier(base: Probe) -> Probe:
    """`query-params` carries no document: probes about documents then travel as `query-xml`, if that is served."""
    if base.binding == "query-params":
        return replace(base, binding="query-xml", control=_AS_DOCUMENT)
    return replace(base, control=FIRST)


def repeats(base: Probe) -> Iterator[Probe]:
    """The documented request again and again, over kept and new connections, as several clients would send it."""
    headers = (
        (),
        (("User-Agent", "Java/1.6.0_26"),),
        (("User-Agent", "ClickatellConnectApi v0.1"),),
        (("Accept", "*/*"),),
        (("Accept-Language", "de-DE, de;q=0.8"),),
        (("Cache-Control", "no-cache"), ("Pragma", "no-cache")),
        (("If-Modified-Since", "Thu, 01 Jan 1998 00:00:00 GMT"),),
        (("Connection", "close"),),
    )
    for n in range(2, REPEATS + 1):
        extra = headers[n % len(headers)]
        said = f", with {', '.join(f'{name}: {value}' for name, value in extra)}" if extra else ""
        how = "a connection of its own" if n % 3 == 0 else "a kept connection"
        yield replace(
            base,
            id=f"documented-{n}",
            fresh=n % 3 == 0,
            headers=extra,
            title=f"the documented request, over {how}{said}",
        )


def _other_bindings(contract: Contract, target: Target, base: Probe) -> Iterator[Probe]:
    if not _has_segment(contract.call, target):
        yield replace(
            base,
            id="binding-segment",
            group="bindings",
            segment=contract.call.name,
            title=f"the documented request as {base.binding}, with a last segment {contract.call.name}",
        )
    for binding in BINDINGS:
        if binding != base.binding:
            yield replace(
                carrying(contract.call, base, binding),
                id=f"binding-{binding}",
                group="bindings",
                title=f"the documented request as {binding}",
            )


def in_state(base: Probe, code: str) -> Iterator[Probe]:
    """The documented request while the endpoint is in the state of an error code."""
    for n in range(1, 5):
        yield replace(
            base,
            id=f"state-{code}-{n}",
            group=f"state-{code}",
            state=code,
            fresh=n == 2,
            title=f"the documented request in the state of {code}, call {n}",
        )
