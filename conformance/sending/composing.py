"""From a probe to the request that leaves: method, URL, headers, body; and the curl line that sends the same.

Secrets are placeholders throughout; over plain HTTP, not even those: a stand-in of the token's shape is sent there.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from random import Random
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

from conformance import __version__
from conformance.evidence.exchange import Request
from conformance.probes.probe import CANARY, Probe
from conformance.target.secrets import TOKEN
from conformance.target.target import Target

_OWN_HEADERS = {
    "User-Agent": f"connect-conformance/{__version__}",
    "Accept": "text/xml, application/xml, */*;q=0.1",
    "Accept-Encoding": "identity",
}


class Composer:
    """Makes the requests to one target."""

    def __init__(self, target: Target, random: Random) -> None:
        self.target, self.secrets = target, target.secrets
        self._stand_in = _stand_in(target.token_shape, random)

    def request(self, probe: Probe, canary: str) -> Request:
        """The request of a probe in its binding and state; a hostile one refers to the URL `canary`."""
        plain = probe.channel == "http"
        state = self.target.states.get(probe.state)
        url = (state and state.endpoint) or (self.target.http_endpoint if plain else self.target.endpoint)
        configured = (*self.target.headers, *(state.headers if state else ()))
        headers = _OWN_HEADERS | dict(configured) | dict(probe.headers)
        if plain:
            headers = {name: value for name, value in headers.items() if not self.secrets.is_secret(value)}
            url = self._without_secrets(url)
        if probe.group == "hostile":
            probe = replace(probe, document=probe.document.replace(CANARY, canary.encode()))
        method, url, extra, body = _bound(probe, url)
        return Request(probe.method or method, url, tuple((headers | extra).items()), body)

    def _without_secrets(self, url: str) -> str:
        parts = urlsplit(url)
        segments = [self._stand_in if self.secrets.is_secret(s) else s for s in parts.path.split("/")]
        if self.target.token_in_path and not any(segments):
            segments = ["", self._stand_in]
        elif self.target.token_in_path and self._stand_in not in segments and segments[-1] == "":
            segments[-1] = self._stand_in
        query = "&".join(p for p in parts.query.split("&") if not self.secrets.is_secret(p))
        return urlunsplit((parts.scheme, parts.netloc, "/".join(segments), query, ""))

    def shown(self, request: Request) -> Request:
        """The request as it is recorded: each kind of secret under one name that people can read."""
        headers = tuple((name, self.secrets.shown(value)) for name, value in request.headers)
        return replace(request, url=self.secrets.shown(request.url), headers=headers)

    def curl(self, request: Request) -> str:
        """A shell line that sends the same request; the token is the environment variable CONNECT_TOKEN."""
        shown = self.shown(request)
        text = _is_text(shown.body)
        # A shell's words hold no NUL, and not every shell knows $'': what is no text comes through a pipe.
        words = ["curl", "--include"] if text else ["printf", _octal(shown.body), "|", "curl", "--include"]
        if self.target.ca_file and shown.url.startswith("https"):
            words += ["--cacert", shlex.quote(self.target.ca_file)]
        if shown.method != "GET":
            words += ["--request", shown.method]
        for name, value in shown.headers:
            if name not in _OWN_HEADERS:
                words += ["--header", shlex.quote(f"{name}: {value}")]
        if shown.body:
            words += ["--data-binary", shlex.quote(shown.body.decode()) if text else "@-"]
        return " ".join((*words, '"$CONNECT_TOKEN"'.join(map(_shell_word, shown.url.split(TOKEN)))))


def _bound(probe: Probe, url: str) -> tuple[str, str, dict[str, str], bytes]:
    """Method, URL, extra headers and body of a probe in its binding (interpretation I-06)."""
    if probe.segment:
        parts = urlsplit(url)
        url = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{probe.segment}"))
    joint = "&" if urlsplit(url).query else "?"
    if probe.binding == "query-xml" and not probe.document:
        return "GET", url, {}, b""
    if probe.binding == "query-xml":
        return "GET", f"{url}{joint}XML={quote(probe.document, safe='')}", {}, b""
    if probe.binding == "query-params":
        query = "&".join(f"action={quote(action, safe='')}" for action in probe.actions)
        return "GET", f"{url}{joint}{query}" if query else url, {}, b""
    if probe.binding == "form-xml":
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return "POST", url, form, b"XML=" + quote_plus(probe.document).encode() if probe.document else b""
    return "POST", url, {"Content-Type": f"text/xml; charset={probe.charset}"}, probe.document


def _stand_in(shape: str, random: Random) -> str:
    """A random token of the same shape: digits for digits, letters of the same kind for letters."""
    kinds = {"0": "0123456789", "a": "abcdef", "z": "ghijklmnopqrstuvwxyz", "A": "ABCDEF"}
    return "".join(random.choice(kinds[c]) if c in kinds else c for c in shape or "0" * 32)


def _shell_word(text: str) -> str:
    return shlex.quote(text) if text else ""


def _is_text(body: bytes) -> bool:
    return body.isascii() and all(byte >= 32 or byte in b"\n\t" for byte in body)


def _octal(body: bytes) -> str:
    """The format for which printf(1) writes these bytes."""
    return "'" + "".join(f"\\{byte:03o}" for byte in body) + "'"
