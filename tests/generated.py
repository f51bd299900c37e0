"""Files that are made from the code: held current, and written anew with UPDATE_SNAPSHOTS=1."""

from __future__ import annotations

import os
from pathlib import Path


def current(file: Path, text: str) -> None:
    """That a file says what it is to say."""
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, "`nox -s docs` writes it anew"
