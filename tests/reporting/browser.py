"""A browser that tries a page, where there is one."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

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


# Each way in which a page is looked at: columns of pixels, and by day or by night.
WAYS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
_FRAME = '<iframe id="{0}-{1}" src="page.html" style="width: {0}px; height: 800px; color-scheme: {1}"></iframe>'
_TOP = """<!DOCTYPE html><html><body>{frames}<script>
const found = {{}};
addEventListener("message", ({{data, source}}) => {{
  const frame = [...document.querySelectorAll("iframe")].find(one => one.contentWindow === source);
  found[frame.id] = data;
  document.documentElement.dataset.found = JSON.stringify(found);
}});
</script></body></html>"""
_LOOK = """
axe.run({resultTypes: ["violations"]}).then(({violations}) => parent.postMessage({
  seen: [innerWidth, matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"],
  wide: document.documentElement.scrollWidth,
  violations: violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html}`)),
}, "*"));
"""


def looked_at(page: str, folder: Path) -> dict[str, dict[str, Any]]:
    """What axe finds in a page with everything unfolded, and how wide it gets, by each of the `WAYS`."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    opened = page.replace("Content-Security-Policy", "X").replace("<details", "<details open")
    (folder / "page.html").write_text(f"{opened}<script>{axe}</script><script>{_LOOK}</script>", encoding="utf-8")
    top = _TOP.format(frames="".join(_FRAME.format(*way) for way in WAYS))
    (folder / "top.html").write_text(top, encoding="utf-8")
    said = re.search(r'data-found="([^"]*)"', dom(folder / "top.html", folder / "profile"))
    return dict(json.loads(html.unescape(said[1]))) if said else {}
