"""docs/api.md says what a check may ask for, from the code; `nox -s docs` writes it anew."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance import Exchange, Judging, Kind, Terms, judge, record
from conformance.evidence.envelope import Envelope
from conformance.evidence.exchange import Answer
from tests.generated import current, placed, table

PAGE = Path(__file__).parents[1] / "docs/api.md"


def described(kind: type) -> dict[str, str]:
    """What the docstring of a class says of its members: `name: text. other, another: text.`"""
    said = " ".join((inspect.getdoc(kind) or "").split())
    parts = re.split(r"(?:^|(?<=[.;]) )((?:[a-z_0-9]+, )*[a-z_0-9]+): ", said)
    texts = zip(parts[1::2], parts[2::2], strict=True)
    return {name: text.rstrip(".;") for names, text in texts for name in names.split(", ")}


def members(kind: type) -> Iterator[tuple[str, str]]:
    """Its public members that are described, and how they are called."""
    said, names = described(kind), [name for name in vars(kind) if not name.startswith("_")]
    for name in dict.fromkeys((*getattr(kind, "__annotations__", {}), *said, *names)):
        member = getattr(kind, name, None) if name in names else None
        text = said.get(name) or (inspect.getdoc(getattr(member, "func", member)) if name in names else None)
        if not text:
            assert name not in getattr(kind, "__annotations__", {}), (
                f"the docstring of {kind.__name__} says nothing of {name}"
            )
            continue
        yield f"`{name}{_taken(member)}`", _sentence(text)


def _sentence(text: str) -> str:
    """The first paragraph, as it stands behind a name."""
    said = " ".join(text.split("\n\n", maxsplit=1)[0].split()).rstrip(".")
    return said if said.startswith("Inconclusive") else said[0].lower() + said[1:]


def _taken(member: object) -> str:
    """The parameters of a method."""
    if not inspect.isfunction(member):
        return ""
    names = inspect.signature(member).parameters
    return f"({', '.join(name for name in names if name != 'self')})"


def kinds() -> str:
    """What a request may be sent for, as the lines of the enumeration say."""
    said = dict(re.findall(r"(?m)^    (\w+) = \".*?\"  # (?:noqa: \w+  )?(.+)$", inspect.getsource(Kind)))
    return table(("`Kind.`", "requests"), *((f"`{kind.name}`", said[kind.name]) for kind in Kind))


def _of(name: str, *several: type) -> str:
    found = dict(pair for kind in several for pair in members(kind))
    found.pop("`begin()`", None)  # which is for whoever judges
    return table((f"`{name}.`", "is"), *found.items())


TABLES: dict[str, Callable[[], str]] = {
    "kinds": kinds,
    "exchange": lambda: _of("exchange", Exchange),
    "answer": lambda: _of("exchange.answer", Answer),
    "envelope": lambda: _of("envelope", Envelope),
    "judging": lambda: _of("judging", *Judging.__mro__[-2::-1]),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_up_to_date(name: str) -> None:
    current(PAGE, placed(PAGE.read_text(encoding="utf-8"), name, TABLES[name]()))


def test_what_a_check_asks_first_is_there() -> None:
    for words in (
        "| `DOCUMENTED` |",
        "| `header(name)` |",
        "| `success(exchange)` |",
        "| `answer(exchange)` |",
        "| `action` |",
        "| `elapsed` |",
        "| `call` |",
    ):
        assert words in PAGE.read_text(encoding="utf-8"), words


@pytest.mark.parametrize("function", [judge, record, Terms])
def test_the_page_names_arguments_that_there_are(function: Callable[..., object]) -> None:
    found = re.search(rf"^\| `{function.__name__}\(([^)]*)\)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    named = set(found[1].replace("*, ", "").split(", "))
    assert named <= set(inspect.signature(function).parameters)
