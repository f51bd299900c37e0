"""What two answers to one request have to agree in, whenever they are given: behaviour, not bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from conformance.evidence.exchange import Answer, Exchange

_NEAR_S = 300.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is compared of an answer.

    structure: the paths of its elements, each once. pairs: the callback types of the page. time: how its Timestamp is
    written, and whether it is the time of the answer.
    """

    status: str
    media_type: str
    meaning: str
    structure: tuple[str, ...]
    code: str
    message: str
    pairs: tuple[tuple[str, str], ...]
    time: str


def behaviour(exchange: Exchange, names: tuple[str, str]) -> Behaviour | None:
    """What is compared of an exchange; None where no answer came. names: of the elements of an error."""
    answer = exchange.answer
    if answer is None:
        return None
    errors = answer.envelope.errors(*names)
    return Behaviour(
        status=f"{answer.status // 100}xx",
        media_type=answer.media_type,
        meaning=answer.meaning.value,
        structure=tuple(dict.fromkeys(_paths(answer))),
        code=" ".join(one.code.text for one in errors if one.code),
        message=" ".join(one.message.text for one in errors if one.message),
        pairs=tuple(sorted(answer.envelope.values)),
        time=_time(exchange, answer),
    )


def _paths(answer: Answer) -> Iterator[str]:
    root = answer.document.root
    for element in root.iter() if root is not None else ():
        names = [str(element.tag), *(str(above.tag) for above in element.iterancestors())]
        yield "/".join(reversed(names))


def _time(exchange: Exchange, answer: Answer) -> str:
    found = answer.envelope.timestamp
    if found is None:
        return "none"
    shape = re.sub("[0-9]", "9", found.text[:40])
    moment = answer.date if answer.date is not None else exchange.finished
    near = re.fullmatch("[0-9]{1,12}", found.text) and abs(int(found.text) - moment) <= _NEAR_S
    return f"{shape}, {'the' if near else 'not the'} time of the answer"


def differences(recorded: Behaviour, now: Behaviour) -> list[str]:
    """In which respects two answers differ, with what each says."""
    found = []
    for field in fields(Behaviour):
        one, other = getattr(recorded, field.name), getattr(now, field.name)
        if one != other:
            said = "" if isinstance(one, tuple) else f" (recorded {one[:60]!r}, now {other[:60]!r})"
            found.append(field.name.replace("_", " ") + said)
    return found
