"""A browser that tries a page, where there is one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def dom(path: Path, profile: Path) -> str:
    """The document after a browser has run what it would run."""
    flags = [*_FLAGS, f"--user-data-dir={profile}", "--dump-dom", "--virtual-time-budget=2000"]
    ran = subprocess.run(
        [str(CHROMIUM), *flags, path.as_uri()],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return ran.stdout


def printed(path: Path, profile: Path) -> int:
    """How many pages a browser prints."""
    pdf = path.with_suffix(".pdf")
    ran = [str(CHROMIUM), *_FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={pdf}", path.as_uri()]
    subprocess.run(ran, capture_output=True, timeout=90, check=True)
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))


def owned(shown: str) -> bool:
    """Whether a payload has run: it marks the root element."""
    return "data-owned" in shown[shown.index("<html") :].partition(">")[0]
