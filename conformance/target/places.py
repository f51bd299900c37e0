"""What is a secret, decided by its place and by its name, never by its looks. Strings in, places out."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

_NAME = re.compile(
    r"token|secret|passw|pwd|cookie|session|credential|auth(?!or(?!i[sz]))|(?<!mon|tur|don|hoc)key(?!word|board)",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+ +(?=\S)")  # RFC 9110 section 11.4
Span = tuple[int, int]


def is_secret_name(name: str) -> bool:
    """Whether the name of a header, a parameter or a variable says that its value is a secret."""
    return _NAME.search(name) is not None


@dataclass(frozen=True, slots=True)
class Variable:
    """A `${NAME}` in a text, and where its value stands once it is filled in."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Url:
    """A URL in its parts: where the segments of its path and the parameters of its query stand."""

    text: str
    segments: tuple[Span, ...]
    parameters: tuple[Span, ...]  # each with its name

    @classmethod
    def of(cls, text: str) -> Url:
        """Take an absolute URL apart; whatever has no `//` has neither path nor query."""
        authority = re.match(r"[^/?#]*//[^/?#]*", text)
        start = authority.end() if authority else len(text)
        whole = re.compile(r"[^?#]*").match(text, start)
        end = whole.end() if whole else len(text)
        segments = tuple(m.span() for m in re.compile(r"[^/]+").finditer(text, start, end))
        query = text.find("?", end) + 1
        close = text.find("#", query) if query else -1
        parts = re.compile(r"[^&]+").finditer(text, query, close if close >= 0 else len(text)) if query else ()
        return cls(text, segments, tuple(m.span() for m in parts))

    def token(self, calls: Collection[str]) -> int | None:
        """The index of the last segment of the path that is not the name of a call."""
        named = [n for n, (start, end) in enumerate(self.segments) if self.text[start:end] not in calls]
        return named[-1] if named else None

    def holder(self, span: Span) -> int:
        """The index of the segment that a part of the path is in."""
        return next(n for n, (start, end) in enumerate(self.segments) if start <= span[0] and span[1] <= end)

    def secret_parameters(self) -> Iterator[Span]:
        """Where the values stand whose parameters are named like a secret."""
        for start, end in self.parameters:
            name, equals, value = self.text[start:end].partition("=")
            if equals and value and is_secret_name(unquote_plus(name)):
                yield start + len(name) + 1, end


def told_spans(url: Url, variables: Iterable[Variable], known: Collection[str] = ()) -> list[Span]:
    """The parts of a path that are secret by the name of a variable, or because they are known to be."""
    told = {span for v in variables if is_secret_name(v.name) for span in _within(url, v)}
    taken = {url.holder(span) for span in told}
    told |= {s for n, s in enumerate(url.segments) if n not in taken and url.text[slice(*s)] in known}
    return sorted(told)


def token_spans(
    url: Url, calls: Collection[str], variables: Collection[Variable], known: Collection[str] = ()
) -> list[Span]:
    """Where the token stands in the path of an endpoint.

    It is the last segment that is not the name of a call, unless the name of a variable, or a value that is known
    already, tells where it is. A variable whose name tells nothing is the token where no segment follows it; where
    one does, nobody can tell which of the two it is, and both are kept.
    """
    told = told_spans(url, variables, known)
    last = url.token(calls)
    if told or last is None:
        return told
    filled = [within[-1] for v in variables if (within := _within(url, v))][-1:]
    return filled if filled and url.holder(filled[0]) == last else [*filled, url.segments[last]]


def _within(url: Url, variable: Variable) -> list[Span]:
    """What a variable fills of each segment of a path."""
    spans = [(max(start, variable.start), min(end, variable.end)) for start, end in url.segments]
    return [(start, end) for start, end in spans if start < end]


def held_by_header(name: str, value: str) -> Iterator[str]:
    """What an endpoint may say back of a secret header: the value, its credentials, what is in those."""
    yield value
    if name.lower() == "cookie":
        yield from (pair.partition("=")[2].strip() for pair in value.split(";"))
    scheme = _SCHEME.match(value)
    if "auth" not in name.lower() or not scheme:
        return
    yield value[scheme.end() :]
    if scheme[0].strip().lower() == "basic":
        yield from held_by_basic(value[scheme.end() :])


def held_by_basic(coded: str) -> Iterator[str]:
    """User and password, together and each (RFC 7617)."""
    try:
        pair = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return
    yield pair
    yield from pair.split(":", 1)


def cookie_value(header: str) -> Span | None:
    """Where the value of a Set-Cookie header stands; None where it has none (RFC 6265 section 5.2)."""
    pair = header.partition(";")[0]
    start = pair.find("=") + 1
    return (start, len(pair)) if pair[start:].strip() else None
