"""What a hostile behaviour is, and the one list of them.

A behaviour is a generator of what goes on the wire: bytes are sent, a number is a pause in seconds,
an `Ending` ends the connection. The generator starts at one of four moments of a connection, its `at`.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    from .stage import Ask


class Ending(enum.Enum):
    """How a connection ends, other than by the next request."""

    CLOSE = "close"  # with TLS's goodbye
    CUT = "cut"  # without it
    RESET = "reset"
    HOLD = "hold"  # say nothing more, until the other side gives up


class At(enum.Enum):
    """The moment at which a behaviour takes over the connection."""

    ACCEPT = "accept"  # instead of the TLS handshake
    TLS = "tls"  # after the handshake, before a request was read
    ANSWER = "answer"  # once for each request, over HTTPS and plain HTTP
    PLAIN = "plain"  # once for each request over plain HTTP; HTTPS is honest


CLOSE, CUT, RESET, HOLD = Ending
Step = bytes | float | Ending
Script = Callable[["Ask"], Iterator[Step]]
NONCONFORMING, INCONCLUSIVE = 1, 10


@dataclass(frozen=True)
class Behaviour:
    """One way to be hostile."""

    name: str
    subject: str
    story: str
    script: Script = field(repr=False)
    at: At = At.ANSWER
    alone: bool = True  # has a run of its own; the others of its subject share one, see catalogue.py
    exits: frozenset[int] = frozenset({NONCONFORMING, INCONCLUSIVE})
    certificate: Callable[[Any], ssl.SSLContext] | None = field(default=None, repr=False)
    parts: tuple[str, ...] = ()  # the behaviours that a medley is made of


BEHAVIOURS: dict[str, Behaviour] = {}


def _add(behaviour: Behaviour) -> None:
    if behaviour.name in BEHAVIOURS:
        raise ValueError(f"two behaviours are called {behaviour.name}")
    BEHAVIOURS[behaviour.name] = behaviour


def behaves(subject: str, **facts: Any) -> Callable[[Script], Script]:
    """Enter a generator function in the list, under its own name; its docstring is its story."""

    def enter(script: Script) -> Script:
        _add(Behaviour(name=script.__name__, subject=subject, story=_story(script), script=script, **facts))
        return script

    return enter


def behaves_each(
    subject: str, cases: Mapping[str, Any], *, alone: bool | Collection[str] = False, **facts: Any
) -> Callable[..., Any]:
    """Enter a generator function once for each case; `{}` in its docstring stands for the case's name."""

    def enter(script: Callable[..., Iterator[Step]]) -> Callable[..., Iterator[Step]]:
        for name, case in cases.items():
            _add(
                Behaviour(
                    name=f"{script.__name__}_{name}",
                    subject=subject,
                    story=_story(script).replace("{}", name.replace("_", " ")),
                    script=functools.partial(script, case=case),
                    alone=alone if isinstance(alone, bool) else name in alone,
                    **facts,
                )
            )
        return script

    return enter


def _story(script: Callable[..., Any]) -> str:
    return " ".join((script.__doc__ or "").split())
