"""docs/how-it-judges.md prints the tables by which the code decides; `nox -s docs` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.contract import encoding
from conformance.evidence import classify
from conformance.sending import policy
from tests.generated import current, placed, table

PAGE = Path(__file__).parents[1] / "docs/how-it-judges.md"


def encodings() -> str:
    """Which encoding a document is in."""
    words = {"{s.version}": "…", "{s.declared}": "…", "{family}": "…"}
    rows = []
    for rule in encoding.RULES:
        fault = rule.fault
        for field, shown in words.items():
            fault = fault.replace(field, shown)
        rows.append((rule.seen, rule.named or f"not well-formed: {fault}"))
    return table(("what is seen", "what the document is in"), *rows)


def meanings() -> str:
    """What an answer amounts to."""
    rows = [(rule.seen, rule.meaning.value) for rule in classify.RULES]
    return table(("what is seen", "what the answer amounts to"), *rows)


def after() -> str:
    """What is done after a call."""
    rows = [(row.seen, row.action.value) for row in policy.AFTER]
    return table(("what became of the call", "what is done"), *rows)


def put_off() -> str:
    """What is done with a call that was put off."""
    rows = [(row.seen, row.action.value) for row in policy.PUT_OFF]
    return table(("what became of a call that was put off", "what is done"), *rows)


TABLES = {"encoding": encodings, "meaning": meanings, "after": after, "put off": put_off}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_up_to_date(name: str) -> None:
    current(PAGE, placed(PAGE.read_text(encoding="utf-8"), name, TABLES[name]()))
