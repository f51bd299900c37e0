"""What is sent, in the order of the page: plain frozen data, known before the first byte leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from conformance.contract import Contract, ServiceCall
from conformance.target import BINDINGS, Binding, Target

if TYPE_CHECKING:
    from conformance.explore import Case

Channel = Literal["https", "http"]

# Headers by which a proxy tells a server that the client spoke HTTPS (RFC 7239; the rest is custom and widespread).
CLAIMS = (
    ("X-Forwarded-Proto", "https"),
    ("Forwarded", "for=192.0.2.1;proto=https"),
    ("Front-End-Https", "on"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-Protocol", "https"),
    ("X-Forwarded-Scheme", "https"),
    ("X-Url-Scheme", "https"),
    ("X-Scheme", "https"),
    ("X-Forwarded-Port", "443"),
    ("CloudFront-Forwarded-Proto", "https"),
    ("X-Original-Proto", "https"),
    ("X-ARR-SSL", "2048|256|C=US|CN=localhost"),
)
CANARY = b"http://canary.invalid/"  # the wire puts the address of its listener here
FIRST = "documented-1"
REPEATS = (
    16  # documented calls side by side: a fault that shows once in five escapes 16 calls once in 35 runs
)
LATER_S = 1.53  # seconds between the first documented call and the last ones: more than TIM-04's 1.5


@dataclass(frozen=True, slots=True)
class Probe:
    """One request to be sent.

    document: what travels in the binding; actions: the same as values of the parameter `action` for `query-params`.
    control: id of the probe that must succeed for this one's answer to count (its twin without the defect).
    fresh: over a connection of its own. later: not before LATER_S after the first documented call.
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


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run will send, in the order in which it has to happen.

    first: the documented request, before anything else. together: in any order, side by side; calls in states that
    each request brings along are among them. middle: after those,
    to see whether the endpoint still answers. states: by code, in
    sequence, each between its setup and its teardown. last: after LATER_S. gaps: group -> why it is
    not sent. handshakes: whether old versions of TLS are tried as well. cases: what the generated probes among them
    were made of, by id.
    """

    first: Probe
    together: tuple[Probe, ...]
    states: dict[str, tuple[Probe, ...]]
    middle: tuple[Probe, ...]
    last: tuple[Probe, ...]
    gaps: dict[str, str] = field(default_factory=dict)
    handshakes: bool = True
    cases: dict[str, Case] = field(default_factory=dict)

    @property
    def probes(self) -> tuple[Probe, ...]:
        return (
            self.first,
            *self.together,
            *self.middle,
            *(p for group in self.states.values() for p in group),
            *self.last,
        )


def documented(call: ServiceCall, binding: Binding) -> Probe:
    """The page's request example, verbatim, in a binding."""
    return Probe(
        id="documented",
        group="documented",
        title="the documented request",
        document=call.request_sample.read_bytes().strip(),
        actions=(call.name,),
        binding=binding,
    )


def plan(contract: Contract, target: Target, groups: frozenset[str], seed: int = 1) -> Plan:
    """What will be sent to `target` for the checks that look at `groups`. Unplanned groups get no probe."""
    base = documented(contract.call, target.binding)
    first = replace(base, id=FIRST, fresh=True, title="the documented request, for the first time")
    if groups & {"malformed", "spelling", "schema", "hostile"}:
        groups |= {"control"}
    together = [p for p in _together(contract, target, base) if p.group in groups]
    generated = dict(_generated(contract.call, base, groups, seed))
    together += generated
    states, gaps = _states(contract, target, base, groups)
    last = tuple(
        replace(
            base,
            id=f"documented-last-{n}",
            fresh=n == 2,
            title=f"the documented request, at the end, over {how}",
        )
        for n, how in ((1, "the first connection"), (2, "a new connection"))
    )
    if not target.allow_hostile_requests:
        together = [p for p in together if p.group != "hostile"]
        gaps["hostile"] = (
            "hostile requests are off; the line `allow_hostile_requests = true` in the target sends them"
        )
    canary = replace(
        base, id="documented-middle", title="the documented request, before any state is brought about"
    )
    together = _interleaved([p for p in _repeats(base) if p.group in groups], together)
    together += [probe for code, calls in states.items() if not _takes_turns(target, code) for probe in calls]
    states = {code: calls for code, calls in states.items() if _takes_turns(target, code)}
    return Plan(
        first, tuple(together), states, (canary,), last, gaps, cases={p.id: c for p, c in generated.items()}
    )


_KINDS = {
    "spelling": "the same request, spelled otherwise",
    "action": "the request with another action",
    "malformed": "a document that is not well-formed",
    "schema": "a request that breaks the schema",
}


def _generated(
    call: ServiceCall, base: Probe, groups: frozenset[str], seed: int
) -> Iterator[tuple[Probe, Case]]:
    """Requests that the seed makes; only those of them that a selected check looks at are made at all."""
    from conformance import explore  # noqa: PLC0415  the catalogue of requirements needs no parser

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


def _interleaved(repeats: list[Probe], others: list[Probe]) -> list[Probe]:
    """Half of the documented calls first, the other half among the rest: what an answer does to the next one shows."""
    first, later = repeats[: len(repeats) // 2], repeats[len(repeats) // 2 :]
    every = max(1, len(others) // max(1, len(later)))
    mixed = list(first)
    for place, probe in enumerate(others):
        mixed.append(probe)
        if later and place % every == every - 1:
            mixed.append(later.pop(0))
    return mixed + later


def _takes_turns(target: Target, code: str) -> bool:
    """Whether a state is brought about for everybody, by commands, so that nothing else may run meanwhile."""
    return bool(target.states[code].setup or target.states[code].teardown)


def preflight(contract: Contract, target: Target) -> Plan:
    """The documented request, once over HTTPS and once over plain HTTP: enough to see what is there."""
    whole = plan(contract, target, frozenset({"state-009"}))
    plain = next(p for p in whole.together if p.channel == "http")
    return replace(whole, together=(plain,), states={}, middle=(), last=(), gaps={}, handshakes=False)


def _together(contract: Contract, target: Target, base: Probe) -> Iterator[Probe]:
    yield from _other_bindings(contract, target, base)
    yield from other_actions(contract.call, base)
    if not _has_segment(contract.call, target):
        # Where the path names the service call, a bare call may well be meant for it.
        yield replace(
            base,
            id="action-nothing",
            group="action",
            title="a call that carries no request at all",
            document=b"",
            actions=(),
            control="documented-1",
        )
    carried = _carrier(base)
    if carried.binding != base.binding:
        yield replace(
            carried, id="control-document", group="control", title="the request example as a document"
        )
    yield from malformed(contract.call, carried)
    yield from spellings(contract.call, carried)
    yield from broken_requests(contract.call, carried)
    yield from hostile(contract.call, carried)
    yield from _plain_http(contract.call, base)


def _has_segment(call: ServiceCall, target: Target) -> bool:
    """Whether the endpoint's path ends with the service call's name."""
    return urlsplit(target.endpoint).path.rstrip("/").endswith(f"/{call.name}")


def _carrier(base: Probe) -> Probe:
    """`query-params` carries no document: probes about documents then travel as `query-xml`, if that is served."""
    if base.binding == "query-params":
        return replace(base, binding="query-xml", control="control-document")
    return replace(base, control="documented-1")


def _repeats(base: Probe) -> Iterator[Probe]:
    headers = (
        (),
        (("User-Agent", "Java/1.6.0_26"),),
        (("User-Agent", "ClickatellConnectApi v0.1"),),
        (("Accept", "*/*"),),
        (("Accept-Language", "de-DE, de;q=0.8"),),
        (("Cache-Control", "no-cache"), ("Pragma", "no-cache")),
        (("If-Modified-Since", "Thu, 01 Jan 1998 00:00:00 GMT"),),
        (),
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
                base,
                id=f"binding-{binding}",
                group="bindings",
                binding=binding,
                title=f"the documented request as {binding}",
            )


def other_call(call: ServiceCall) -> str:
    """The name of another service call of the API."""
    return "get_list_country" if call.name != "get_list_country" else "get_list_account"


def other_actions(call: ServiceCall, base: Probe) -> Iterator[Probe]:
    """REQ-03: the restricted value, replaced by others, by nothing, left out."""
    name, other = call.name, other_call(call)
    values = {
        "unknown": "no_such_call",
        "longer": f"{name}s",
        "prefixed": f"x{name}",
        "shorter": name[:-1],
        "upper-case": name.upper(),
        "dashes": name.replace("_", "-"),
        "slash": f"{name}/",
        "semicolon": f"{name};x",
        "comma": f"{name},{other}",
        "file-ending": f"{name}.php",
        "path": f"../{name}",
        "other-call": other,
        "two-words": f"{name} {name}",
        "number": "0",
        "wildcard": "get_list_%",
        "quote": f"{name}' or '1'='1",
        "empty": "",
    }
    for key, value in values.items():
        yield replace(
            base,
            id=f"action-{key}",
            group="action",
            title=f"the request with the action {value!r}",
            document=_request(call, value),
            actions=(value,),
            control="documented-1",
        )
    nothing = f"<{call.request_root}/>".encode()
    yield replace(
        base,
        id="action-none",
        group="action",
        title="the request without an action",
        document=nothing,
        actions=(),
        control="documented-1",
    )


def _request(call: ServiceCall, action: str) -> bytes:
    from lxml import etree  # noqa: PLC0415  the catalogue of requirements needs no parser

    root = etree.Element(call.request_root)
    etree.SubElement(root, call.action_element).text = action
    return etree.tostring(root)


def malformed(call: ServiceCall, base: Probe) -> Iterator[Probe]:
    """REQ-04: one rule of well-formedness (XML 1.0 section 2.1) broken at a time."""
    root, leaf, name = call.request_root, call.action_element, call.name
    documents = {
        "cut-short": f"<{root}><{leaf}>{name}</{leaf}>",
        "no-end-tags": f"<{root}><{leaf}>{name}",
        "no-end-tag": f"<{root}><{leaf}>{name}</{root}>",
        "crossed-tags": f"<{root}><{leaf}>{name}</{root}></{leaf}>",
        "end-tag-in-another-case": f"<{root}><{leaf}>{name}</{leaf.upper()}></{root}>",
        "two-roots": f"<{root}><{leaf}>{name}</{leaf}></{root}><{root}/>",
        "text-after": f"<{root}><{leaf}>{name}</{leaf}></{root}>and more",
        "text-before": f"and more<{root}><{leaf}>{name}</{leaf}></{root}>",
        "bare-ampersand": f"<{root}><{leaf}>{name}</{leaf}> & </{root}>",
        "unknown-entity": f"<{root}><{leaf}>{name}</{leaf}>&nothing;</{root}>",
        "attribute-without-quotes": f"<{root} a=b><{leaf}>{name}</{leaf}></{root}>",
        "attribute-twice": f"<{root} a='1' a='2'><{leaf}>{name}</{leaf}></{root}>",
        "open-comment": f"<{root}><!-- <{leaf}>{name}</{leaf}></{root}>",
        "two-dashes-in-comment": f"<{root}><!-- a -- b --><{leaf}>{name}</{leaf}></{root}>",
        "forbidden-character": f"<{root}><{leaf}>{name}</{leaf}>&#1;</{root}>",
        "control-character": f"<{root}>\x01<{leaf}>{name}</{leaf}></{root}>",
        "stray-less-than": f"<{root}><{leaf}>{name}</{leaf}> < </{root}>",
        "no-xml": name,
    }
    bodies = {key: document.encode() for key, document in documents.items()}
    if base.binding == "body-xml":
        # In a URL or a form, bytes that are no characters are lost before any XML processor sees them.
        bodies["no-utf-8"] = f"<{root}><!-- \u00ff --><{leaf}>{name}</{leaf}></{root}>".encode("latin-1")
    for key, body in bodies.items():
        yield replace(
            base,
            id=f"malformed-{key}",
            group="malformed",
            title=f"a document that is not well-formed: {key}",
            document=body,
        )


def spellings(call: ServiceCall, base: Probe) -> Iterator[Probe]:
    """REQ-05: the same request, spelled otherwise; an XML processor sees no difference (XML 1.0)."""
    root, leaf, name = call.request_root, call.action_element, call.name
    references = "".join(f"&#x{ord(c):x};" for c in name)
    decimal = name.replace("_", "&#95;", 1)
    plain = f"<{root}><{leaf}>{name}</{leaf}></{root}>"
    documents = {
        "compact": plain,
        "declaration": f'<?xml version="1.0"?>{plain}',
        "declaration-with-encoding": f"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n{plain}\n",
        "declaration-in-lower-case": f"<?xml version='1.0' encoding='utf-8'?>{plain}",
        "white-space": f"\n<{root} >\n\t<{leaf}\n>{name}</{leaf} >\r\n\n</{root}\t>\n",
        "comments": f"<!-- before --><{root}><!-- in -- >--><{leaf}>{name}</{leaf}><!-- é --></{root}><!-- after -->",
        "comment-in-action": f"<{root}><{leaf}>{name[:4]}<!-- in -->{name[4:]}</{leaf}></{root}>",
        "cdata": f"<{root}><{leaf}><![CDATA[{name}]]></{leaf}></{root}>",
        "cdata-in-part": f"<{root}><{leaf}>{name[:4]}<![CDATA[{name[4:8]}]]>{name[8:]}</{leaf}></{root}>",
        "character-references": f"<{root}><{leaf}>{references}</{leaf}></{root}>",
        "decimal-reference": f"<{root}><{leaf}>{decimal}</{leaf}></{root}>",
    }
    documents["comments"] = documents["comments"].replace("<!-- in -- >-->", "<!-- in > -->")
    for key, document in documents.items():
        yield replace(
            base,
            id=f"spelling-{key}",
            group="spelling",
            title=f"the same request, spelled otherwise: {key}",
            document=document.encode(),
        )
    if base.binding == "body-xml":
        # In a URL or a form the document travels as characters; bytes of its own it has only as a body.
        utf16 = f'<?xml version="1.0" encoding="UTF-16"?>{plain}'.encode("utf-16")
        for key, body, charset in (
            ("utf-16", utf16, "utf-16"),
            ("utf-16-big-endian", b"\xfe\xff" + utf16.decode("utf-16").encode("utf-16-be"), "utf-16"),
            ("byte-order-mark", plain.encode("utf-8-sig"), "utf-8"),
        ):
            title = f"the same request, spelled otherwise: {key}"
            yield replace(
                base, id=f"spelling-{key}", group="spelling", title=title, document=body, charset=charset
            )


def broken_requests(call: ServiceCall, base: Probe) -> Iterator[Probe]:
    """REQ-06: one rule of the request schema broken at a time. The case of `action` is not judged."""
    from conformance.schema import schema  # noqa: PLC0415  the catalogue of requirements needs no parser

    root, leaf, name = call.request_root, call.action_element, call.name
    child = f"<{leaf}>{name}</{leaf}>"
    documents = {
        "root-of-the-answer": f"<{schema(call.response_schema).root}>{child}</{schema(call.response_schema).root}>",
        "wrong-root": f"<request>{child}</request>",
        "root-in-another-case": f"<{root.capitalize()}>{child}</{root.capitalize()}>",
        "action-twice": f"<{root}>{child}{child}</{root}>",
        "second-action": f"<{root}>{child}<{leaf}>{other_call(call)}</{leaf}></{root}>",
        "unknown-child": f"<{root}>{child}<surprise>1</surprise></{root}>",
        "unknown-child-first": f"<{root}><surprise>1</surprise>{child}</{root}>",
        "attribute-on-root": f'<{root} version="1">{child}</{root}>',
        "attribute-on-action": f'<{root}><{leaf} type="x">{name}</{leaf}></{root}>',
        "nested-action": f"<{root}><call>{child}</call></{root}>",
        "action-in-action": f"<{root}><{leaf}>{child}</{leaf}></{root}>",
        "action-as-attribute": f'<{root} {leaf}="{name}"/>',
        "namespace": f'<{root} xmlns="urn:example:other">{child}</{root}>',
        "text-beside-action": f"<{root}>now{child}</{root}>",
        "bare-action": child,
    }
    for key, document in documents.items():
        yield replace(
            base,
            id=f"schema-{key}",
            group="schema",
            title=f"a request that breaks the schema: {key}",
            document=document.encode(),
        )


def hostile(call: ServiceCall, base: Probe) -> Iterator[Probe]:
    """REQ-07: documents that attack the XML processor. Few, fixed, and small enough to harm nobody."""
    root, leaf, name, canary = call.request_root, call.action_element, call.name, CANARY.decode()
    body = f"<{root}><{leaf}>{name}</{leaf}>%s</{root}>"
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 4))
    documents = {
        "external-entity": f'<!DOCTYPE {root} [<!ENTITY e SYSTEM "{canary}entity">]>'
        + body.replace("%s", "&e;"),
        "entity-as-action": f'<!DOCTYPE {root} [<!ENTITY e "{name}">]><{root}><{leaf}>&e;</{leaf}></{root}>',
        "external-dtd": f'<!DOCTYPE {root} SYSTEM "{canary}dtd">' + body.replace("%s", ""),
        "parameter-entity": f'<!DOCTYPE {root} [<!ENTITY % p SYSTEM "{canary}parameter"> %p;]>'
        + body.replace("%s", ""),
        "local-file": f'<!DOCTYPE {root} [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        + body.replace("%s", "&e;"),
        "entity-expansion": f'<!DOCTYPE {root} [<!ENTITY l0 "ha">{laughs}]>' + body.replace("%s", "&l3;"),
        "oversized": body.replace("%s", f"<!--{' ' * 300_000}-->"),
    }
    for key, document in documents.items():
        # A URL of that size is HTTP's matter, not this document's: it goes as a form, where those are served.
        long = key == "oversized" and base.binding in {"query-xml", "query-params"}
        yield replace(
            base,
            binding="form-xml" if long else base.binding,
            id=f"hostile-{key}",
            group="hostile",
            title=f"a hostile document: {key}",
            document=document.encode(),
        )


def _plain_http(call: ServiceCall, base: Probe) -> Iterator[Probe]:
    plain = replace(base, channel="http", group="state-009")  # plain HTTP is the state that 009 describes
    for binding in (base.binding, *(b for b in BINDINGS if b != base.binding)):
        yield replace(
            plain,
            id=f"plain-{binding}",
            binding=binding,
            title=f"the documented request over plain HTTP as {binding}",
        )
    yield replace(
        plain,
        id="plain-segment",
        segment=call.name,
        title=f"the documented request over plain HTTP with a last segment {call.name}",
    )
    for name, value in CLAIMS:
        for binding in dict.fromkeys(
            (base.binding, "form-xml" if base.binding != "form-xml" else "query-xml")
        ):
            yield replace(
                plain,
                id=f"plain-claim-{name.lower()}-{binding}",
                group="claim-009",
                binding=binding,
                headers=((name, value),),
                title=f"the documented request over plain HTTP as {binding}, claiming {name}: {value}",
            )
    yield replace(
        plain,
        id="plain-claim-all",
        group="claim-009",
        headers=CLAIMS,
        title="the documented request over plain HTTP with every header that claims HTTPS",
    )
    yield replace(plain, id="plain-again", title="the documented request over plain HTTP, again")


def _states(
    contract: Contract, target: Target, base: Probe, groups: frozenset[str]
) -> tuple[dict[str, tuple[Probe, ...]], dict[str, str]]:
    states: dict[str, tuple[Probe, ...]] = {}
    gaps: dict[str, str] = {}
    for error in contract.errors.values():
        group = f"state-{error.code}"
        if group not in groups:
            continue
        if error.code in target.states:
            states[error.code] = tuple(_in_state(base, error.code, error.provoked == "plain-http"))
        elif error.provoked == "provisioned":
            gaps[group] = (
                f"the state of {error.code} is not provisioned; "
                f"say in [targets.{target.name}.states.{error.code}] how it is reached: "
                "endpoint, headers, source_address, proxy, or setup and teardown commands"
            )
    return states, gaps


def _in_state(base: Probe, code: str, plain: bool) -> Iterable[Probe]:
    channel: Channel = "http" if plain else "https"
    for n in range(1, 5):
        yield replace(
            base,
            id=f"state-{code}-{n}",
            group=f"state-{code}",
            state=code,
            channel=channel,
            fresh=n == 2,
            title=f"the documented request in the state of {code}, call {n}",
        )


def groups(contract: Contract) -> frozenset[str]:
    """Every group of probes there is."""
    fixed = {
        "documented",
        "control",
        "bindings",
        "action",
        "malformed",
        "spelling",
        "schema",
        "hostile",
        "claim-009",
    }
    return frozenset(
        fixed | {f"state-{code}" for code in contract.errors} | {f"after-{code}" for code in contract.errors}
    )
