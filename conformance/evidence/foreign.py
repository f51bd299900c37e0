"""Recordings made by other tools: their secrets, found by place and name, and their requests without them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import unquote, unquote_plus

from conformance.evidence.exchange import Answer, Request
from conformance.target.places import Span, Url, cookie_value, held_by_header, is_secret_name
from conformance.target.secrets import REDACTED, TOKEN, Secrets

_USER = re.compile(r"(?<=//)[^/?#@]+(?=@)")
_FIELD = re.compile(rb"(?:^|&)([^=&]+)=([^&]+)")


def secrets_of(exchanges: Iterable[tuple[Request, Answer | None]], calls: Collection[str]) -> Secrets:
    """What is secret in recorded requests and answers."""
    secrets = Secrets()
    for request, answer in exchanges:
        _of_url(secrets, request.url, calls)
        for name, value in request.headers:
            if is_secret_name(name):
                _keep(secrets, held_by_header(name, value))
            elif name.lower() == ":path":  # HTTP/2 writes the path there
                _of_url(secrets, f"//{value}", calls)
            elif name.lower() == "referer":
                _of_url(secrets, value, calls)
        for name, value in _FIELD.findall(request.body):
            if is_secret_name(unquote_plus(name.decode("latin-1"))):
                _keep(secrets, [value.decode("latin-1")])
        for name, value in answer.headers if answer else ():
            span = cookie_value(value) if name.lower() == "set-cookie" else None
            if span:
                _keep(secrets, [value[slice(*span)].strip()])
    return secrets


def _of_url(secrets: Secrets, text: str, calls: Collection[str]) -> None:
    for (start, end), label in _places(text, calls).items():
        secrets.hide(text[start:end], label)
        if user := _USER.search(text):
            _keep(secrets, (unquote(user[0]), *map(unquote, user[0].split(":", 1))))


def _keep(secrets: Secrets, values: Iterable[str]) -> None:
    for value in values:
        if value:
            secrets.hide(value)


def _places(text: str, calls: Collection[str]) -> dict[Span, str]:
    url = Url.of(text)
    token, user = url.token(calls), _USER.search(text)
    found = {url.segments[token]: TOKEN} if token is not None else {}
    found |= dict.fromkeys(url.secret_parameters(), REDACTED)
    return found | ({user.span(): "redacted"} if user else {})  # brackets in an authority are an address


def without(request: Request, secrets: Secrets, calls: Collection[str]) -> Request:
    """The request as it may be shown: labels where a secret has its place, and wherever else one stands."""
    body = secrets.redact_bytes(request.body)
    if body is not None:
        body = _FIELD.sub(_field, body)
    return Request(
        request.method,
        shown_url(request.url, secrets, calls),
        tuple(_header(name, value, secrets, calls) for name, value in request.headers),
        REDACTED.encode() if body is None else body,
    )


def shown_url(text: str, secrets: Secrets, calls: Collection[str]) -> str:
    """A URL with labels where a secret has its place, and wherever else one stands."""
    made, end = "", 0
    for (start, stop), label in sorted(_places(text, calls).items()):
        made, end = made + secrets.redact(text[end:start]) + label, stop
    return made + secrets.redact(text[end:])


def _header(name: str, value: str, secrets: Secrets, calls: Collection[str]) -> tuple[str, str]:
    if is_secret_name(name):
        return name, REDACTED
    if name.lower() == ":path":
        return name, shown_url(f"//{value}", secrets, calls).removeprefix("//")
    return secrets.redact(name), shown_url(value, secrets, calls) if name.lower() == "referer" else secrets.redact(
        value
    )


def _field(found: re.Match[bytes]) -> bytes:
    secret = is_secret_name(unquote_plus(found[1].decode("latin-1")))
    return found[0].removesuffix(found[2]) + REDACTED.encode() if secret else found[0]
