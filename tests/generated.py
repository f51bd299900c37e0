"""Files that are made from the code: held current, and written anew with UPDATE_SNAPSHOTS=1."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def current(file: Path, text: str) -> None:
    """That a file says what it is to say."""
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, "`nox -s docs` writes it anew"


def table(*rows: Iterable[str]) -> str:
    """Rows as Markdown, the heads first."""
    heads, *others = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *others))


def placed(text: str, name: str, made: str) -> str:
    """A page with what was made in its place."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    return f"{text[: text.index(begin)]}{begin}\n{made}\n\n{text[text.index(end) :]}"
