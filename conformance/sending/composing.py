"""From a probe to the request that leaves: method, URL, headers, body; and the curl line that sends the same.

Secrets are placeholders throughout; over plain HTTP, not even those: a stand-in of the token's shape is sent there,
or the token that may be shown to the clear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from random import Random
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit
from xml.sax.saxutils import escape

from conformance import __version__
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Request
from conformance.probes.probe import CANARY, Probe
from conformance.target.secrets import Secrets
from conformance.target.settings import Binding
from conformance.target.target import Target

Fields = tuple[tuple[str, str], ...]
_OWN_HEADERS: Fields = (
    ("User-Agent", f"connect-conformance/{__version__}"),
    ("Accept", "text/xml, application/xml, */*;q=0.1"),
    ("Accept-Encoding", "identity"),
)
# How the text of a parameter is written where a request travels so.
_CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f]")  # all but tab and line end
_WRITINGS: dict[Binding, Callable[[str], str]] = {
    "query-xml": lambda text: quote(escape(text), safe=""),
    "query-params": lambda text: quote(text, safe=""),
    "form-xml": lambda text: quote_plus(escape(text)),
    "body-xml": escape,
}


class Composer:
    """Makes the requests to one target."""

    def __init__(self, target: Target, seed: int, stand_ins: Mapping[str, str] | None = None) -> None:
        """stand_ins: by placeholder, where they are known already."""
        self.target, self.secrets, self.seed = target, target.secrets, seed
        self.stand_ins = dict(stand_ins or {})  # by placeholder; those that were needed

    def request(self, probe: Probe, canary: str) -> Request:
        """The request of a probe in its binding and state; a hostile one refers to the URL `canary`."""
        plain = probe.channel == "http"
        state = self.target.states.get(probe.state)
        url = (state and state.endpoint) or (self.target.http_endpoint if plain else self.target.endpoint)
        if probe.form.https_port:
            url = _on_its_port(self.target.endpoint)
        configured = _merged(self.target.headers, state.headers if state else ())
        if plain or probe.stand_in:
            configured = tuple(pair for pair in configured if not self.secrets.is_secret(pair[1]))
            url, probe = self._without_secrets(url), self._standing_in(probe)
        if probe.kind is Kind.WRONG_TOKEN:
            token = self.target.token
            url = self.secrets.exchanged(url, lambda o: self._standing_in_for(o) if o == token else o)
        if probe.kind is Kind.HOSTILE:
            probe = replace(probe, document=probe.document.replace(CANARY, canary.encode()))
        own = url
        method, url, extra, body = _bound(probe, url, self.secrets)
        if probe.encoded_otherwise:
            url = own + _otherwise(url.removeprefix(own))
            body = _otherwise(body.decode("latin-1")).encode("latin-1") if probe.binding == "form-xml" else body
        version, target = "HTTP/1.0" if probe.form.version == "1.0" else "", ""
        if probe.form.absolute:
            there = self.target.endpoint if probe.form.absolute == "https" else url
            target = urlunsplit((probe.form.absolute, urlsplit(there).netloc, *urlsplit(url)[2:]))
        headers = _merged(_OWN_HEADERS, configured, probe.headers, tuple(extra.items()))
        return Request(probe.method or method, url, headers, body, version, target)

    def _standing_in_for(self, placeholder: str) -> str:
        """A random token in the place of a secret one, always the same; of no token, one as they usually are."""
        if placeholder not in self.stand_ins:
            made = self.secrets.stand_in(placeholder or "0" * 32, drawn_for(placeholder, self.seed))
            self.stand_ins[placeholder] = made
        return self.stand_ins[placeholder]

    def _standing_in(self, probe: Probe) -> Probe:
        """A probe whose secret parameters are random ones."""
        if not any(self.secrets.is_secret(value) for _, value in probe.parameters):
            return probe
        document = self.secrets.exchanged(
            probe.document.decode("latin-1"), lambda one: escape(self._standing_in_for(one))
        )
        given = ((name, self.secrets.exchanged(value, self._standing_in_for)) for name, value in probe.parameters)
        return replace(probe, document=document.encode("latin-1"), parameters=tuple(given))

    def _without_secrets(self, url: str) -> str:
        """The URL for plain HTTP: a token that may be shown there, else a random one, where the token stands."""
        parts, token = urlsplit(url), self.target.http_token or self._standing_in_for(self.target.token)
        held = self.secrets.placeholders(parts.path)
        instead = {one: token if one == held[-1] else self._standing_in_for(one) for one in held}
        segments = self.secrets.exchanged(parts.path, instead.__getitem__).split("/")
        if self.target.token and not any(segments):
            segments = ["", token]
        elif self.target.token and not held and segments[-1] == "":
            segments[-1] = token
        query = "&".join(p for p in parts.query.split("&") if not self.secrets.is_secret(p))
        return urlunsplit((parts.scheme, parts.netloc, "/".join(segments), query, ""))

    def shown(self, request: Request) -> Request:
        """The request as it is recorded: each kind of secret under one name that people can read."""
        headers = tuple((name, self.secrets.shown(value)) for name, value in request.headers)
        target, url = self.secrets.shown(request.target), self.secrets.shown(request.url)
        body = self.secrets.shown(request.body.decode("latin-1")).encode("latin-1")
        return replace(request, url=url, headers=headers, body=body, target=target)

    def curl(self, request: Request, code: str = "") -> str:
        """A shell line that sends the same request, through the same proxy; its secrets and files are variables.

        code: of the state in which it is sent.
        """
        text, secrets = _is_text(request.body), self.secrets
        # A shell's words hold no NUL, and not every shell knows $'': what is no text comes through a pipe.
        words = ["curl", "--include"] if text else ["printf", _octal(request.body), "|", "curl", "--include"]
        words += self._through_a_proxy(request, code)
        if self.target.ca_file and request.url.startswith("https"):
            words += ["--cacert", '"$CA_FILE"']
        if request.http_version == "HTTP/1.0":
            words.append("--http1.0")
        if request.target:
            words += ["--request-target", secrets.shell(request.target)]
        if self.target.client_cert and request.url.startswith("https"):
            words += ["--cert", '"$CLIENT_CERT"', "--key", '"$CLIENT_KEY"']
        if request.method != "GET":
            words += ["--request", request.method]
        for name, value in request.headers:
            if (name, value) not in _OWN_HEADERS:
                words += ["--header", secrets.shell(f"{name}: {value}")]
        if request.body:
            words += ["--data-binary", secrets.shell(request.body.decode()) if text else "@-"]
        return " ".join((*words, secrets.shell(request.url)))

    def _through_a_proxy(self, request: Request, code: str) -> list[str]:
        """The words for the proxy of a state, else for that of the target; one that forwards writes its own lines."""
        state = self.target.states.get(code)
        name = f"PROXY_{code}" if state and state.proxy else "PROXY" if self.target.proxy else ""
        tunnel = ["--proxytunnel"] if request.target or request.http_version else []
        return ["--proxy", f'"${name}"', *tunnel] if name else []


def drawn_for(placeholder: str, seed: int) -> Random:
    """The random numbers that a stand-in is drawn from: they follow from the seed, whatever was sent before."""
    return Random(f"{seed} stand-in for {placeholder}")  # noqa: S311  a stand-in needs no cryptography


def _on_its_port(endpoint: str) -> str:
    """The same URL over plain HTTP on the port of HTTPS."""
    parts = urlsplit(endpoint)
    host = parts.netloc if parts.port else f"{parts.netloc}:443"
    return urlunsplit(("http", host, *parts[2:]))


def _merged(*sources: Fields) -> Fields:
    """Header fields, a later source in place of an earlier one however it spells a name (RFC 9110 section 5.1)."""
    merged: Fields = ()
    for fields in sources:
        given = {name.lower() for name, _ in fields}
        merged = (*(pair for pair in merged if pair[0].lower() not in given), *fields)
    return merged


def _bound(probe: Probe, url: str, secrets: Secrets) -> tuple[str, str, dict[str, str], bytes]:
    """Method, URL, extra headers and body of a probe in its binding (interpretation I-06)."""
    document = probe.document
    if any(secrets.is_secret(value) for _, value in probe.parameters):
        document = secrets.written(document.decode("latin-1"), _WRITINGS[probe.binding]).encode("latin-1")
    if probe.segment:
        parts = urlsplit(url)
        url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{probe.segment}"))
    joint = "&" if urlsplit(url).query else "?"
    if probe.binding == "query-xml" and not document:
        return "GET", url, {}, b""
    if probe.binding == "query-xml":
        return "GET", f"{url}{joint}XML={quote(document, safe='')}", {}, b""
    if probe.binding == "query-params":
        given = [*(("action", action) for action in probe.actions), *probe.parameters]
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given)
        query = secrets.written(query, _WRITINGS[probe.binding])
        return "GET", f"{url}{joint}{query}" if query else url, {}, b""
    if probe.binding == "form-xml":
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return "POST", url, form, _form(document) if document else b""
    return "POST", url, {"Content-Type": f"text/xml; charset={probe.charset}"}, document


@lru_cache(maxsize=8)  # the oversized document takes 20 ms, and `prove` sends it a thousand times
def _form(document: bytes) -> bytes:
    return b"XML=" + quote_plus(document).encode()


def _otherwise(encoded: str) -> str:
    """The same, percent-encoded as .NET does, and with the slashes that browsers leave (RFC 3986 section 3.4)."""
    return re.sub("%[0-9A-F]{2}", lambda one: "/" if one[0] == "%2F" else one[0].lower(), encoded)


def _is_text(body: bytes) -> bool:
    return body.isascii() and not _CONTROLS.search(body)


def _octal(body: bytes) -> str:
    """The format for which printf(1) writes these bytes."""
    return "'" + "".join(f"\\{byte:03o}" for byte in body) + "'"
