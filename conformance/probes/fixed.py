"""The fixed requests of a call, in the order of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from conformance.contract.purpose import MALFORMED, Kind, Purpose
from conformance.probes import documents, layouts
from conformance.probes.documents import Document
from conformance.probes.probe import CANARY, FIRST, Probe
from conformance.probes.template import Template
from conformance.target.secrets import is_placeholder
from conformance.target.settings import BINDINGS, Binding
from conformance.target.target import Target

REPEATS = 12  # documented calls side by side; with the last two, a fault of one answer in five escapes one run in 22
_AS_DOCUMENT, _AS_BODY = "binding-query-xml", "binding-body-xml"  # other bindings, where they are served
CONTROLS = frozenset({_AS_DOCUMENT, _AS_BODY})
USUAL_CLIENT = (
    *(("User-Agent", "Java/1.6.0_26"), ("Accept", "*/*"), ("Accept-Language", "de-DE, de;q=0.8")),
    *(("Accept-Encoding", "gzip, deflate"), ("Connection", "keep-alive")),
)
_LONG = 100_000  # bytes that no server takes in a URL
TITLES = {
    Kind.ACTION: "the request with another action",
    **dict.fromkeys(MALFORMED, "a document that is not well-formed"),
    Kind.SPELLING: "the same request, spelled otherwise",
    Kind.SCHEMA: "a request that breaks the schema",
    Kind.HOSTILE: "a hostile document",
}


def documented(template: Template, binding: Binding) -> Probe:
    """The documented request example in a binding."""
    return Probe(
        id="documented",
        purpose=Purpose(Kind.DOCUMENTED, template.name),
        title="the documented request",
        document=layouts.usual(template, binding),
        actions=(template.name,),
        parameters=template.given,
        binding=binding,
    )


def independent(template: Template, target: Target, base: Probe) -> Iterator[Probe]:
    """Every fixed request that can be sent at any time."""
    yield from _other_bindings(template, target, base)
    yield from _other_actions(template, target, base)
    if not _has_segment(template, target):
        # Where the path names the service call, a bare call may well be meant for it.
        yield replace(
            base,
            id="action-nothing",
            purpose=base.sent_for(Kind.ACTION),
            title="a call that carries no request at all",
            document=b"",
            actions=(),
            parameters=(),
            control=FIRST,
        )
    carried = carrier(base)
    yield printed(template, base)
    for kind, those in documents.malformed(template).items():
        yield from _carrying(carried, kind, those)
    usual = layouts.usual(template, carried.binding)
    spelled = (one for one in documents.spellings(template) if one.content != usual)
    yield from _carrying(carried, Kind.SPELLING, spelled)
    yield from _carrying(carried, Kind.SCHEMA, documents.broken(template))
    yield from _carrying(carried, Kind.HOSTILE, documents.hostile(template, CANARY.decode()))


def carrying(template: Template, base: Probe, binding: Binding) -> Probe:
    """The documented request in another binding, laid out as that one carries it."""
    return replace(base, binding=binding, document=layouts.usual(template, binding))


def printed(template: Template, base: Probe) -> Probe:
    """The request example as it is printed."""
    return replace(
        carrier(base),
        id=layouts.ID,
        purpose=base.sent_for(Kind.PRINTED),
        title=f"the documented request {layouts.AS_PRINTED}",
        document=layouts.printed(template),
    )


def spaced(template: Template, base: Probe) -> Probe:
    """The same with spaces: sent where it fails, to see whether it is the line breaks that are refused in a URL."""
    usual = printed(template, base)
    title = f"{usual.title}, a space in place of each line break"
    return replace(usual, id=layouts.SPACED, title=title, document=layouts.spaced(template))


def _other_actions(template: Template, target: Target, base: Probe) -> Iterator[Probe]:
    """Actions that nobody knows travel in every way that may be served, for each may have a reader of its own."""
    bindings = {probe.id: probe for probe in _other_bindings(template, target, base)}
    ways = dict(zip(documents.NOBODYS, bindings, strict=False))
    for key, value in documents.actions(template.call).items():
        way = bindings.get(ways.get(key, ""), base)
        how = way.title.removeprefix(base.title) if way is not base else ""
        yield replace(
            way,
            id=f"action-{key}",
            purpose=base.sent_for(Kind.ACTION),
            title=f"the request with the action {value!r}{how}",
            document=template.asking(value),
            actions=(value,),
            control=way.id if way is not base else FIRST,
        )
    yield replace(
        base,
        id="action-none",
        purpose=base.sent_for(Kind.ACTION),
        title="the request without an action",
        document=template.asking(None),
        actions=(),
        control=FIRST,
    )


def _carrying(base: Probe, kind: Kind, those: Iterable[Document]) -> Iterator[Probe]:
    """Probes of documents, each in a binding that can carry it."""
    secret = any(is_placeholder(value) for _, value in base.parameters)
    for document in those:
        if secret and document.charset != "utf-8":
            continue  # a placeholder cannot be found there
        binding, control = base.binding, base.control
        if document.as_body and binding != "body-xml":
            binding, control = "body-xml", _AS_BODY
        elif len(document.content) > _LONG and binding == "query-xml":
            # A URL of that size is HTTP's matter, not this document's: it goes as a form, where those are served.
            binding = "form-xml"
        yield replace(
            base,
            id=f"{kind.partition('-')[0]}-{document.key}",
            purpose=base.sent_for(kind),
            title=f"{TITLES[kind]}: {document.key}",
            document=document.content,
            binding=binding,
            control=control,
            charset=document.charset,
        )


def _has_segment(template: Template, target: Target) -> bool:
    """Whether the endpoint's path ends with the service call's name."""
    return urlsplit(target.endpoint).path.rstrip("/").endswith(f"/{template.name}")


def carrier(base: Probe) -> Probe:
    """`query-params` carries no document: probes about documents then travel as `query-xml`, if that is served."""
    if base.binding == "query-params":
        return replace(base, binding="query-xml", control=_AS_DOCUMENT)
    return replace(base, control=FIRST)


def repeats(base: Probe) -> Iterator[Probe]:
    """The documented request again and again, over kept and new connections, as several clients would send it."""
    headers = (
        (),
        USUAL_CLIENT,
        (("Cache-Control", "no-cache"), ("Pragma", "no-cache")),
        (("User-Agent", "ClickatellConnectApi v0.1"), ("If-Modified-Since", "Thu, 01 Jan 1998 00:00:00 GMT")),
    )
    for n in range(2, REPEATS + 1):
        extra = headers[n % len(headers)] if n != REPEATS - 1 else (("Connection", "close"),)
        said = f", with {', '.join(f'{name}: {value}' for name, value in extra)}" if extra else ""
        said += ", percent-encoded as other clients do" * (n == REPEATS)
        how = "a connection of its own" if n % 3 == 0 else "a kept connection"
        yield replace(
            base,
            id=f"documented-{n}",
            fresh=n % 3 == 0,
            headers=extra,
            encoded_otherwise=n == REPEATS,
            title=f"the documented request, over {how}{said}",
        )


def _other_bindings(template: Template, target: Target, base: Probe) -> Iterator[Probe]:
    purpose = base.sent_for(Kind.BINDINGS)
    if not _has_segment(template, target):
        yield replace(
            base,
            id="binding-segment",
            purpose=purpose,
            segment=template.name,
            title=f"the documented request as {base.binding}, with a last segment {template.name}",
        )
    for binding in BINDINGS:
        if binding != base.binding:
            yield replace(
                carrying(template, base, binding),
                id=f"binding-{binding}",
                purpose=purpose,
                title=f"the documented request as {binding}",
            )


def in_state(template: Template, base: Probe, target: Target, code: str, *, one_way: bool = False) -> Iterator[Probe]:
    """The documented request while the endpoint is in the state of an error code, twice in another way.

    The third call travels in the same one in every state, the fourth in each of the others in turn. one_way: whether
    all calls travel in the target's binding.
    """
    ways = {probe.id: probe for probe in _other_bindings(template, target, base)}
    third = ways.pop("binding-form-xml" if base.binding.startswith("query") else "binding-query-xml")
    others = tuple(ways.values())
    otherwise = {} if one_way else {3: third, 4: others[int(code) % len(others)]}
    for n in range(1, 5):
        way = otherwise.get(n, base)
        yield replace(
            way,
            id=f"state-{code}-{n}",
            purpose=base.sent_for(Kind.STATE, code),
            state=code,
            fresh=n == 2,
            control=way.id if n in otherwise else base.control,
            title=f"the documented request in the state of {code}, call {n}{way.title.removeprefix(base.title)}",
        )
