"""What is asked over plain HTTP: in every form in which a server may be asked, and with claims of HTTPS.

In place of the token a stand-in travels over the clear, or the one that the target may show. The same call with it
over HTTPS is the control: it shows whether that token is known. That control has a control of its own, the call with
the target's token: it shows whether the binding, the path and the document are served at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from conformance.contract.purpose import PLAIN_HTTP, Kind
from conformance.probes import claims, layouts
from conformance.probes.fixed import USUAL_CLIENT, carrying
from conformance.probes.probe import FIRST, Form, Probe
from conformance.probes.template import Template
from conformance.target.settings import BINDINGS, Binding
from conformance.target.target import Target

_IN_A_ROW = 2
_RELAID = "relaid"  # the documented request in the layout that its binding does not carry usually
_SECOND_ADDRESS = "usual"  # the claim that every address gets
_H2C = (("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__"))
_TLS = (("Connection", "Upgrade"), ("Upgrade", "TLS/1.0"))  # RFC 2817


def probes(template: Template, base: Probe, target: Target) -> Iterator[Probe]:
    """Every request over plain HTTP that can be sent at any time."""
    yield from _Plain(template, base, target).probes()


def stand_ins(template: Template, base: Probe, target: Target) -> Iterator[Probe]:
    """The controls over HTTPS, with the token of plain HTTP: each is sent where an answer there is not error 009."""
    yield from _Plain(template, base, target).stand_ins()


def in_a_row(base: Probe, target: Target) -> Iterator[Probe]:
    """The documented request several times, for one connection: what a first call opens shows at the second."""
    plain = _plain(base, target)
    for n in range(1, _IN_A_ROW + 1):
        title = f"the documented request over plain HTTP, call {n} of one connection"
        yield replace(plain, id=f"plain-kept-{n}", title=title)


def in_state(base: Probe, target: Target, code: str, calls: Sequence[Probe]) -> tuple[Probe, ...]:
    """The calls of a configured state of plain HTTP."""
    control = _plain(base, target).control
    return tuple(replace(probe, channel="http", control=control, state=code) for probe in calls)


def at_address(planned: Sequence[Probe], number: int, address: str) -> Iterator[Probe]:
    """The documented call over plain HTTP, and one that claims HTTPS, to another address of the host."""
    for probe in (p for p in planned if p.everywhere):
        title = f"{probe.title}, to {address}, another address of the host"
        yield replace(probe, id=f"{probe.id}-address-{number}", title=title)


def _needs_control(target: Target) -> bool:
    """Whether anything is left out or replaced over plain HTTP."""
    texts = (target.endpoint, target.http_endpoint, *(value for _, value in target.headers))
    return any(map(target.secrets.is_secret, texts))


def _control(target: Target, key: str, own: str) -> str:
    """Id of the control: with the token of plain HTTP where that is another, else with the target's own."""
    return f"{Kind.STAND_IN}-{key}" if _needs_control(target) else own


def _plain(base: Probe, target: Target) -> Probe:
    return replace(
        base,
        channel="http",
        purpose=base.sent_for(Kind.STATE, PLAIN_HTTP),
        control=_control(target, base.binding, FIRST),
    )


class _Plain:
    """The requests of one plan."""

    def __init__(self, template: Template, base: Probe, target: Target) -> None:
        self.template, self.base, self.target = template, base, target
        self.others = tuple(b for b in BINDINGS if b != base.binding)
        # One that is posted where the target's is not, and the other way round.
        self.other: Binding = "form-xml" if base.binding.startswith("query") else "query-xml"
        root, leaf = template.root, template.leaf
        inner = f"<{leaf}><![CDATA[{template.name}]]></{leaf}>{template.rest}"
        self.spelled = f"<?xml version='1.0'?><!-- --><{root} >{inner}</{root} >".encode()

    def probes(self) -> Iterator[Probe]:
        yield from self._ports()
        if not self.target.proxy:  # one that forwards requests writes their first lines, and keeps the connections
            yield from self._lines()
        yield from self._documented()
        yield from self._forms()
        yield from self._claims()

    def _plain(self, binding: Binding = "query-xml", **changes: Any) -> Probe:
        control = _control(self.target, binding, self._own(binding))
        form = self.base.sent_for(Kind.FORM)
        usual = replace(carrying(self.template, self.base, binding), channel="http", purpose=form, control=control)
        return replace(usual, **changes)

    def _own(self, binding: Binding) -> str:
        return FIRST if binding == self.base.binding else f"binding-{binding}"

    def _relaid(self) -> str:
        """Id of the documented request in the other layout, over HTTPS."""
        return "spelling-compact" if self.base.binding in layouts.IN_BODY else layouts.ID

    def _ways(self) -> list[tuple[str, Binding, str, str, dict[str, Any]]]:
        """How the calls of the state that 009 describes are put: key, binding, the same over HTTPS, words, changes."""
        name = self.template.name
        kinds: list[tuple[str, Binding, str, str, dict[str, Any]]] = [
            (b, b, self._own(b), f"as {b}", {}) for b in (self.base.binding, *self.others)
        ]
        kinds.append(
            ("segment", self.base.binding, "binding-segment", f"with a last segment {name}", {"segment": name})
        )
        if self.base.binding != "query-params":  # which carries no document
            how, document = layouts.other(self.template, self.base.binding)
            kinds.append((_RELAID, self.base.binding, self._relaid(), how, {"document": document}))
        return kinds

    def _documented(self) -> Iterator[Probe]:
        for key, binding, own, how, changes in self._ways():
            yield replace(
                self._plain(binding, control=_control(self.target, key, own), **changes),
                id=f"plain-{key}",
                purpose=self.base.sent_for(Kind.STATE, PLAIN_HTTP),
                title=f"the documented request over plain HTTP {how}",
                everywhere=key == self.base.binding,
            )

    def stand_ins(self) -> Iterator[Probe]:
        for key, binding, own, how, changes in self._ways() if _needs_control(self.target) else ():
            yield replace(
                self._plain(binding, control=own, **changes),
                id=f"{Kind.STAND_IN}-{key}",
                purpose=self.base.sent_for(Kind.STAND_IN),
                channel="https",
                stand_in=True,
                title=f"the documented request over HTTPS {how}, with the token of plain HTTP",
            )

    def _forms(self) -> Iterator[Probe]:
        """Forms of asking that no state describes: whatever they are answered with, it is no data."""
        in_url: Binding = self.base.binding if self.base.binding.startswith("query") else "query-xml"
        yield self._form("post", f"as {in_url}, by POST", in_url, method="POST")
        document = self.base.binding if self.base.binding != "query-params" else "query-xml"
        yield self._form(
            "spelled-otherwise", "spelled otherwise", document, document=self.spelled, headers=USUAL_CLIENT
        )
        yield self._form("upgrade-h2c", "with an Upgrade to h2c", headers=_H2C)
        yield self._form("upgrade-tls", "with an Upgrade to TLS", headers=_TLS)
        for name in self._hosts():
            yield self._form(f"host-{name}", f"with the Host {name}", headers=(("Host", name),))

    def _form(self, key: str, how: str, binding: Binding | None = None, **changes: Any) -> Probe:
        title = f"the documented request over plain HTTP {how}"
        return self._plain(binding or self.base.binding, id=f"plain-{key}", title=title, **changes)

    def _hosts(self) -> list[str]:
        """Other values for Host than the one of the URL: without a port, of the HTTPS port, of this machine."""
        plain, secure = urlsplit(self.target.http_endpoint), urlsplit(self.target.endpoint)
        host = plain.netloc.removesuffix(f":{plain.port}")
        named = secure.netloc.removesuffix(f":{secure.port}")
        names = (host, f"{named}:{secure.port or 443}", "localhost")
        return [name for name in dict.fromkeys(names) if name != plain.netloc]

    def _lines(self) -> Iterator[Probe]:
        """Request lines as other clients and proxies write them (RFC 9112 section 3.2, RFC 1945)."""
        old, other = Form(version="1.0"), self.other
        how, relaid = layouts.other(self.template, other)  # which nobody minds, unless to let it through
        for binding, said, changes in (
            (self.base.binding, f"as {self.base.binding}", {}),
            (other, f"as {other}, {how}", {"document": relaid, "headers": (("Connection", "close"),)}),
        ):
            title = f"{said}, by HTTP/1.0"
            yield self._form(f"http-1.0-{binding}", title, binding, form=old, fresh=True, **changes)
        yield self._form("absolute-https", "for an absolute https URL", form=Form(absolute="https"))
        yield self._form("absolute-http", "for an absolute http URL", form=Form(absolute="http"))

    def _ports(self) -> Iterator[Probe]:
        probe = self._form("port", "on the HTTPS port", form=Form(https_port=True))
        yield replace(probe, purpose=self.base.sent_for(Kind.PORT))

    def _claims(self) -> Iterator[Probe]:
        mine = self.base.binding
        for name, value in claims.ALONE:
            yield self._claim(name.lower(), f"{name}: {value}", ((name, value),), mine)
        for binding in (mine, *self.others):
            yield self._claim(_SECOND_ADDRESS, "HTTPS in every usual way", claims.EVERY_USUAL, binding)
        for key, said, fields in claims.TOGETHER:
            yield self._claim(key, said, fields, mine)

    def _claim(self, key: str, said: str, fields: claims.Fields, binding: Binding) -> Probe:
        title = f"the documented request over plain HTTP as {binding}, claiming {said}"
        return self._plain(
            binding,
            id=f"plain-claim-{key}-{binding}",
            purpose=self.base.sent_for(Kind.CLAIM),
            headers=fields,
            title=title,
            everywhere=key == _SECOND_ADDRESS and binding == self.base.binding,
        )
