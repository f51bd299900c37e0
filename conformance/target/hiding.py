"""Takes the secrets out of a configuration: placeholders in, and each place named for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import quote, unquote

from conformance.target.places import (
    Span,
    Url,
    Variable,
    held_by_basic,
    held_by_header,
    is_secret_name,
    token_spans,
    told_spans,
)
from conformance.target.secrets import REDACTED, TOKEN, Secrets

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_AUTHORITY = re.compile(r"[^/?#]*//[^/?#]*")


class Hider:
    """Hides what is secret by place or by name in `secrets`.

    value: what the environment has for a variable. calls: the names of service calls, which are no tokens.
    """

    def __init__(self, secrets: Secrets, value: Callable[[str, str], str], calls: Collection[str]) -> None:
        self.secrets, self.value, self.calls = secrets, value, calls
        self._token_at = 0  # in the path of the endpoint
        self._beside: set[str] = set()  # the other segments of that path
        self.token = ""  # its placeholder

    def filled(self, text: str, key: str) -> tuple[str, list[Variable]]:
        """The text with its variables, and where their values stand in it."""
        made, end, variables = "", 0, []
        for found in VARIABLE.finditer(text):
            made += text[end : found.start()]
            value = self.value(found[1], key)
            variables.append(Variable(found[1], len(made), len(made) + len(value)))
            made, end = made + value, found.end()
        return made + text[end:], variables

    def url(self, text: str, key: str, *, plain: bool) -> str:
        """The URL with placeholders for the token in its path and for the secrets of its query.

        plain: it is where plain HTTP is tried; a token stands where the endpoint has one.
        """
        filled, variables = self.filled(text, key)
        authority = _AUTHORITY.match(filled)
        begin = authority.end() if authority else 0
        variables = [v for v in variables if v.end > begin]
        url = Url.of(filled)
        known = {filled[slice(*span)] for span in url.segments if self.secrets.holds(_sent(filled[slice(*span)]))}
        if plain:
            spans = told_spans(url, variables, known)
            place = url.segments[self._token_at :][:1] if self.token and not spans else ()
            spans += [span for span in place if filled[slice(*span)] not in self._beside]
        else:
            spans = token_spans(url, self.calls, variables, known)
        hidden = {span: self._segment(filled, span, variables, key) for span in spans}
        if key == "endpoint" and spans:
            self._token_at, self.token = url.holder(spans[-1]), hidden[spans[-1]]
            self._beside = {filled[slice(*span)] for n, span in enumerate(url.segments) if n != self._token_at}
        hidden |= {
            span: self._parameter(filled, span, variables, key)
            for span in (*url.secret_parameters(), *_told_parameters(url, variables))
        }
        self.told(variables, filled, key)
        return _with(filled, hidden, begin)

    def _segment(self, filled: str, span: Span, variables: list[Variable], key: str) -> str:
        value = filled[slice(*span)]
        name = "CONNECT_TOKEN" + "".join(f"_{part}" for part in re.findall("[0-9]+", key))
        return self.secrets.hide(
            _sent(value),
            TOKEN,
            place=f"the token in the path of {key}",
            shell=self._shell(span, value, variables, name),
        )

    def _parameter(self, filled: str, span: Span, variables: list[Variable], key: str) -> str:
        value = filled[slice(*span)]
        name = filled[: span[0] - 1].rpartition("?")[2].rpartition("&")[2]
        shell = self._shell(span, value, variables, unquote(name))
        return self.secrets.hide(_sent(value), place=f"{unquote(name)} in the query of {key}", shell=shell)

    def _shell(self, span: Span, value: str, variables: list[Variable], name: str) -> str:
        if self.secrets.holds(_sent(value)):
            return ""
        own = next((v.name for v in variables if (v.start, v.end) == span and value == _sent(value)), "")
        return self.secrets.variable(own or name, own=bool(own))

    def told(self, variables: list[Variable], filled: str, key: str) -> None:
        """Keep the values of variables that are named like a secret, wherever they stand."""
        for variable in variables:
            value = filled[variable.start : variable.end]
            if is_secret_name(variable.name) and not self.secrets.holds(value):
                shell = self.secrets.variable(variable.name, own=True)
                self.secrets.hide(value, place=f"${{{variable.name}}} in {key}", shell=shell)

    def header(self, name: str, text: str, key: str) -> str:
        """The value of a header, or the placeholder for it."""
        filled, variables = self.filled(text, key)
        if not is_secret_name(name) and not any(is_secret_name(v.name) for v in variables):
            return filled
        shell = ""
        if not self.secrets.holds(filled):
            scheme = VARIABLE.sub("", text)
            alone = len(variables) == 1 and re.fullmatch(r"([A-Za-z]+ )?", scheme) and filled.startswith(scheme)
            shell = f"'{scheme}'" if alone and scheme else ""
            shell += self.secrets.variable(variables[0].name if alone else name, own=bool(alone))
        held = self.secrets.hide(filled, place=key, shell=shell)
        self.told(variables, filled, key)
        for part in held_by_header(name, filled):
            self.seek(part)
        return held

    def words(self, words: list[str], key: str) -> tuple[str, ...]:
        """The words of a command, placeholders in the place of variables that are named like a secret."""
        made = []
        for word in words:
            filled, variables = self.filled(word, key)
            self.told(variables, filled, key)
            spans = [(v.start, v.end) for v in variables if is_secret_name(v.name)]
            made.append(_with(filled, {(a, b): self.secrets.hide(filled[a:b]) for a, b in spans}, len(filled)))
        return tuple(made)

    def userinfo(self, coded: str, key: str) -> str:
        """The placeholder for the header that will carry user and password of a proxy (RFC 7617), in base64."""
        for part in held_by_basic(coded):
            self.seek(part)
        return self.secrets.hide(coded, place=f"user and password of {key}")

    def seek(self, value: str) -> None:
        """Keep a value that stands in no request by itself."""
        if value:
            self.secrets.hide(value, REDACTED)


def _told_parameters(url: Url, variables: list[Variable]) -> list[Span]:
    told = [v for v in variables if is_secret_name(v.name)]
    named = [(start + url.text[start:end].find("=") + 1, end) for start, end in url.parameters]
    return [(a, b) for a, b in named if any(a < v.end and v.start < b for v in told)]


def _sent(text: str) -> str:
    """What travels: a request line has ASCII alone."""
    return re.sub(r"[^\x00-\x7f]+", lambda found: quote(found[0]), text)


def _with(text: str, hidden: dict[Span, str], begin: int) -> str:
    """The text with its placeholders; from `begin` on, what is no ASCII is percent-encoded."""
    made, end = text[:begin] if begin < len(text) else "", begin if begin < len(text) else 0
    encode: Callable[[str], str] = _sent if begin < len(text) else str
    for start, stop in sorted(hidden):
        made += encode(text[end:start]) + hidden[start, stop]
        end = stop
    return made + encode(text[end:])
