"""The files of the project."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
_LEFT = {"__pycache__", ".venv", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}


def tracked(*places: str) -> set[str]:
    """Files of the project, as version control lists them; without it, all but what runs and tools leave behind."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *places]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    files = [file.relative_to(ROOT) for place in places or (".",) for file in (ROOT / place).rglob("*")]
    return {str(file) for file in files if (ROOT / file).is_file() and not _is_left_behind(file)}


def _is_left_behind(file: Path) -> bool:
    run = file.parts[0] == "reports" and len(file.parts) > 2 and file.parts[1][:1].isdigit()
    return run or bool(_LEFT & set(file.parts))
