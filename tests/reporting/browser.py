"""A browser that tries a page, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def dom(path: Path, profile: Path) -> str:
    """The document after a browser has run what it would run."""
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--dump-dom"]
    ran = subprocess.run(
        [str(CHROMIUM), *flags, "--virtual-time-budget=2000", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return ran.stdout


def owned(shown: str) -> bool:
    """Whether a payload has run: it marks the root element."""
    return "data-owned" in shown[shown.index("<html") :].partition(">")[0]
