"""What answers say and no report may show: captchas, credentials in a URL, addresses and numbers of people.

They are told by their place, the elements that a call's `secret_answers` name. In what is written another text of the
same shape stands in their place, so that a recording is judged as the run was; in a sentence their name.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from hashlib import sha256
from random import Random

from conformance.contract.encoding import encoding_of
from conformance.contract.load import documented
from conformance.evidence.exchange import Answer
from conformance.evidence.pictures import decoded, flaw
from conformance.target.secrets import mapped

_OF_ERRORS = ("Email", "Cellphone")  # beside an error, where I-23 is accepted
_SALT = secrets.token_bytes(16)  # who knows the shape of a number shall not find it by trying
_LEAST = 4  # characters of a text that is looked for in sentences
_MARKUP = re.compile(r"(<!\[CDATA\[|\]\]>|<!--.*?-->|\s+)", re.DOTALL)
_ADDRESS = re.compile(r"(https?://)([^/?#]*@)?([^/?#@]*)(.*)", re.DOTALL | re.IGNORECASE)
_WIDE = ("utf-16", "utf-32")
# An image of one grey dot, as it travels.
_DOT = (
    "%89PNG%0D%0A%1A%0A%00%00%00%0DIHDR%00%00%00%01%00%00%00%01%08%00%00%00%00%3A~%9BU%00%00%00%0A"
    "IDATx%9Cch%00%00%00%82%00%81w%CDr%B6%00%00%00%00IEND%AEB%60%82"
)


@cache
def _names() -> tuple[str, ...]:
    calls = documented().calls.values()
    return (*dict.fromkeys(name for call in calls for name in call.row.secret_answers), *_OF_ERRORS)


@cache
def _images() -> frozenset[str]:
    return frozenset(rule.field for call in documented().calls.values() for rule in call.rules("png"))


@cache
def _element() -> re.Pattern[str]:
    """What finds the start tag of such an element, and what it holds."""
    names = "|".join(map(re.escape, _names()))
    return re.compile(rf"<(?:\w+:)?({names})(?:\s[^<>]*)?>(.*?)(?=<(?!!)|\Z)", re.DOTALL | re.IGNORECASE)


class Private:
    """What some answers say of that kind."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self.names: dict[str, str] = {}  # by text
        for body, _ in {(answer.body, answer.charset) for answer in answers}:
            if b"<" in body:
                for name, text in _said(body):
                    self.names.setdefault(text, name)

    def shown(self, answer: Answer) -> Answer:
        """The answer with other texts of the same shape; without its body where they cannot be found in it."""
        if not self.names:
            return answer
        body, encoding = answer.body.decode("latin-1"), encoding_of(answer.body, answer.charset)
        if encoding.startswith(_WIDE):
            if not any(name in answer.body.decode(encoding, "replace") for name in _names()):
                return answer
            unread = "the body is withheld: it may say what no report shows, in a wide encoding"
            return replace(answer, body=b"", unread=answer.unread or unread, length=len(answer.body))
        changed = self._replaced(body).encode("latin-1")
        return answer if changed == answer.body else replace(answer, body=changed)

    def _replaced(self, body: str) -> str:
        for text, name in sorted(self.names.items(), key=lambda item: -len(item[0])):
            if text in body:
                body = body.replace(text, _alike(name, text))
        return body

    def leaks(self, text: str) -> bool:
        """Whether a sentence still says one."""
        return any(said in text for said in self.names)

    def text(self, text: str) -> str:
        """A sentence with the names in place of the texts."""
        for said, name in self.names.items():
            if said in text:
                text = text.replace(said, f"[{name}]")
        return text


def _said(body: bytes) -> list[tuple[str, str]]:
    """The names of such elements in a body, and the pieces of text in them."""
    found = []
    for name, content in _element().findall(body.decode("latin-1")):
        own = next(n for n in _names() if n.lower() == name.lower())
        pieces = (piece for piece in _MARKUP.split(content) if not _MARKUP.fullmatch(piece))
        found += [(own, piece) for piece in pieces if len(piece) >= _LEAST]
    return found


@cache
def _alike(name: str, text: str) -> str:
    """Another text of the same shape: an image for an image, broken where that is; the host of a URL stays."""
    if name in _images():
        image = decoded(text)
        if image is None:
            return _another(text, _random(text))
        return _DOT if not flaw(image) else _DOT[:-24]
    found = _ADDRESS.fullmatch(text)
    random = _random(text)
    if not found:
        return _another(text, random)
    scheme, user, host, rest = found.groups(default="")
    path, mark, query = rest.partition("?")
    given = "&".join(_given(one, random) for one in query.split("&"))
    return scheme + mapped(user, random) + host + mapped(path, random) + mark + given


def _given(parameter: str, random: Random) -> str:
    """A parameter of a URL with another value; its name is judged, and no secret."""
    name, equals, value = parameter.partition("=")
    return name + equals + mapped(value, random) if equals else mapped(name, random)


def _another(text: str, random: Random) -> str:
    """A text of the same shape that is not the same; one that begins with no zero is judged by that, too."""
    for _ in range(100):
        made = mapped(text, random)
        if made != text and (made[0] == "0") == (text[0] == "0"):
            return made
    return made


def _random(text: str) -> Random:
    return Random(sha256(_SALT + text.encode()).hexdigest())  # noqa: S311  the salt is what nobody knows
