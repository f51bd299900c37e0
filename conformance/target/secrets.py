"""The one holder of secrets: the token, secret header values, credentials.

Requests see placeholders; the wire swaps them for the secret in the bytes that leave. What comes back is judged as it
was said, and redacted where it is shown. Nothing here prints or compares by value, so that no traceback or
representation can show it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from urllib.parse import quote, unquote

from conformance.target.writings import Views, Writings

TOKEN, REDACTED = "[token]", "[redacted]"
_PLACEHOLDER = re.compile(r"secret-[0-9]+-of-the-target")
_DRAWS = 20  # of a stand-in that is not the token itself
_ALIKE = ("0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ")


@dataclass(frozen=True, eq=False)
class _Secret:
    """One of them. shell: the words by which a shell has it from the environment."""

    placeholder: str
    value: str = field(repr=False)
    label: str
    shell: str
    sought: bool = True

    @cached_property
    def writings(self) -> Writings:
        return Writings(self.value)


class Secrets:
    """Placeholders for secrets, and the ways to put them in and to take them out."""

    def __init__(self) -> None:
        self._held: dict[str, _Secret] = {}  # by value
        self._variables: set[str] = set()
        self.places: dict[str, bool] = {}  # where a secret was found; whether it can be looked for in answers

    def __repr__(self) -> str:
        return f"<{len(self._held)} secrets>"

    def hide(self, secret: str, shown: str = REDACTED, *, place: str = "", shell: str = "", sought: bool = True) -> str:
        """Keep `secret`; the placeholder to use in its place (safe in a URL path, a query and a header).

        place: where it comes from, for people. shell: what a shell line has in its place. sought: whether it is looked
        for in what comes from outside; what an answer gave is found there by its place.
        """
        if secret not in self._held:
            held = _Secret(f"secret-{len(self._held)}-of-the-target", secret, shown, shell or '"$SECRET"', sought)
            self._held[secret] = held
            self.__dict__.pop("_sought", None)
        if place:
            self.places[place] = self.places.get(place, True) and self._held[secret].writings.can_be_found
        return self._held[secret].placeholder

    def variable(self, name: str, *, own: bool = False) -> str:
        """What a shell writes for a secret: a variable named for its place; `own`, the configuration's."""
        name = re.sub(r"\W", "_", name, flags=re.ASCII).upper() if not own else name
        name = name if re.match(r"[A-Za-z_]", name) else f"_{name}"
        free = name
        for number in range(2, len(self._variables) + 3):
            if own or free not in self._variables:
                break
            free = f"{name}_{number}"
        self._variables.add(free)
        return f'"${free}"'

    def holds(self, value: str) -> bool:
        """Whether a value is known to be a secret."""
        return value in self._held

    # Requests

    def reveal(self, data: bytes) -> bytes:
        """The bytes that leave, with the secrets in them."""
        by_placeholder = {held.placeholder.encode(): held.value.encode() for held in self._held.values()}
        return re.sub(_PLACEHOLDER.pattern.encode(), lambda m: by_placeholder.get(m[0], m[0]), data)

    def shown(self, text: str) -> str:
        """What a reader sees of a text with placeholders."""
        labels = {held.placeholder: held.label for held in self._held.values()}
        return self.exchanged(text, labels.__getitem__)

    def exchanged(self, text: str, instead: Callable[[str], str]) -> str:
        """The text with something else in the place of each placeholder."""
        held = {one.placeholder for one in self._held.values()}
        return _PLACEHOLDER.sub(lambda m: instead(m[0]) if m[0] in held else m[0], text)

    def written(self, text: str, write: Callable[[str], str]) -> str:
        """A text with placeholders, each for its secret as it has to be written in a place."""
        held = {one.placeholder: one for one in self._held.values()}

        def other(placeholder: str) -> str:
            one = held[placeholder]
            return self.hide(write(one.value), one.label, shell=one.shell)

        return self.exchanged(text, other)

    def shell(self, text: str) -> str:
        """A word of a shell for a text with placeholders: its secrets come from the environment."""
        words = {held.placeholder: held.shell for held in self._held.values()}
        parts = re.split(f"({_PLACEHOLDER.pattern})", text)
        return "".join(words.get(part) or (shlex.quote(part) if part else "") for part in parts) or "''"

    def note(self, placeholder: str) -> tuple[str, str]:
        """What a reader and what a shell have in the place of a secret."""
        held = next(one for one in self._held.values() if one.placeholder == placeholder)
        return held.label, held.shell

    @property
    def all_placeholders(self) -> list[str]:
        """Those of all secrets, in the order in which they were hidden."""
        return [held.placeholder for held in self._held.values()]

    def placeholders(self, text: str) -> list[str]:
        """Those that stand in a text, in their order."""
        held = {one.placeholder for one in self._held.values()}
        return [found for found in _PLACEHOLDER.findall(text) if found in held]

    def is_secret(self, text: str) -> bool:
        """Whether a text with placeholders carries a secret."""
        return bool(self.placeholders(text))

    def stand_in(self, placeholder: str, random: Random) -> str:
        """A random token of the same shape as the one that a placeholder stands for, legal where that is."""
        token = self.reveal(placeholder.encode()).decode()
        return next((made for made in _alikes(token, random) if made.lower() != token.lower()), "")

    # What came from outside

    @cached_property
    def _sought(self) -> list[_Secret]:
        """Those that can be looked for, the longest first: one may be a part of another."""
        found = [held for held in self._held.values() if held.sought and held.writings.can_be_found]
        return sorted(found, key=lambda held: len(held.value), reverse=True)

    def said_in(self, data: bytes) -> Secrets:
        """Those of the secrets that stand in the data, in whatever writing."""
        views, said = Views(data), Secrets()
        said._sought = [held for held in self._sought if held.writings.found_in(views)]
        return said

    def __bool__(self) -> bool:
        return bool(self._sought)

    def leaks(self, data: bytes) -> bool:
        """Whether a secret stands in the data, in whatever writing."""
        views = Views(data)
        return any(held.writings.found_in(views) for held in self._sought)

    def redact(self, text: str) -> str:
        """The text with labels where secrets stood; no more than a label where one stands in a coded writing."""
        said = self.said_in(octets(text)) if self._sought else self
        if not said:
            return text
        redacted = said._replaced(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        return said._sought[0].label if said.leaks(octets(redacted)) else redacted

    def redact_bytes(self, data: bytes, encoding: str = "") -> bytes | None:
        """The same for a body; None where it has to be withheld. encoding: what it will be decoded with."""
        decoded = _decoded(data, encoding)
        said = self.said_in(data + b"\n" + decoded) if self._sought else self
        if not said:
            return data
        redacted = said._replaced(data)
        return None if said.leaks(redacted) or (decoded and said.leaks(_decoded(redacted, encoding))) else redacted

    def trimmed(self, data: bytes) -> bytes | None:
        """A redacted body that was cut, without what may be the beginning of a secret; None: to be withheld."""
        views = Views(data)
        ends = [held.writings.begins_at_the_end(views) for held in self._sought]
        if any(coded for _, coded in ends):
            return None
        most = max((plain for plain, _ in ends), default=0)
        return data[: len(data) - most]

    def _replaced(self, data: bytes) -> bytes:
        for held in self._sought:
            data = held.writings.replaced(data, held.label.encode())
        return data


def is_placeholder(text: str) -> bool:
    """Whether a text stands for a secret."""
    return _PLACEHOLDER.fullmatch(text) is not None


def octets(text: str) -> bytes:
    """A text as it may have been sent: in UTF-8, and in the octets that HTTP's heads are decoded from."""
    data = text.encode("utf-8", "surrogatepass")
    if text.isascii():
        return data
    return data + b"\n" + text.encode("latin-1", "ignore")


def _decoded(data: bytes, encoding: str) -> bytes:
    """What a body says in an encoding that writes ASCII in octets of its own; else nothing."""
    if not encoding or encoding in {"utf-8", "ascii"} or encoding.startswith("iso8859"):
        return b""
    return data.decode(encoding, "replace").encode("utf-8", "replace")


def is_drawn(stand_in: str, random: Random) -> bool:
    """Whether `Secrets.stand_in` draws this from these random numbers, for any token that it is alike."""
    begun = random.getstate()
    if stand_in in _alikes(stand_in, random):
        return True
    random.setstate(begun)  # of a token that has nothing to draw nothing was drawn
    return stand_in == _other(random)


def _alikes(token: str, random: Random) -> Iterator[str]:
    """Tokens of the same shape; in the end one that is none of them, as there may be no other of the shape."""
    for _ in range(_DRAWS):
        yield _alike(token, random)
    yield _other(random)


def _other(random: Random) -> str:
    return "".join(_one_of("0123456789abcdef", random) for _ in range(32))


def _one_of(letters: Sequence[str], random: Random) -> str:
    """One of the letters; of what `Random` has, only `random()` gives the same in every version of Python."""
    return letters[int(random.random() * len(letters))]


def _alike(token: str, random: Random) -> str:
    """Digits for digits, letters of the same kind for letters; what is percent-encoded stays so."""
    parts = re.findall(r"(?:%[0-9A-Fa-f]{2})+|[^%]+|%", token)
    return "".join(
        _alike_coded(part, random) if len(part) > 2 and part[0] == "%" else mapped(part, random) for part in parts
    )


def _alike_coded(part: str, random: Random) -> str:
    """Escapes of ASCII stay as they are unless they stand for letters or digits; others become their neighbours."""
    try:
        text = unquote(part, errors="strict")
    except UnicodeDecodeError:
        return part
    if text.isascii():
        escapes = re.findall("...", part)
        coded = zip(escapes, text, strict=True)
        return "".join(f"%{ord(mapped(c, random)):02X}" if c.isalnum() else escape for escape, c in coded)
    return quote("".join(c if c.isascii() else _neighbour(c, random) for c in text), safe="")


def mapped(text: str, random: Random) -> str:
    """Another text of the same shape: digits for digits, letters for letters of the same kind."""
    kinds = {letter: kind for kind in _ALIKE for letter in kind}
    return "".join(_one_of(kinds[c], random) if c in kinds else c for c in text)


def _neighbour(character: str, random: Random) -> str:
    """A letter of as many octets near it."""
    near = [chr(n) for n in range(ord(character) & ~0x3F, (ord(character) | 0x3F) + 1)]
    letters = [c for c in near if c.isalpha()]
    return _one_of(letters, random) if letters else character
