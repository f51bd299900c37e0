"""The page in docs/: one section for each part, each written when its part was measured."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from benchmarks.process import ROOT
from benchmarks.table import Part

PAGE = ROOT / "docs" / "benchmarks.md"
PLOTS = {
    "cost": ("benchmarks-cost.svg", "Wall time of a run and of its floor, by latency and concurrency"),
    "peers": ("benchmarks-peers.svg", "Share of mutants caught and of correct variants accused, by tool"),
    "smoke": ("benchmarks-smoke.svg", "Share of mutants caught by wall time at three distances, by tool"),
}
HEAD = """\
# Benchmarks

What the suite costs, and what its users would have without it. Every number here is written by one command, from a
clone, on a machine that does nothing else meanwhile; it takes some ten minutes:

```sh
.venv/bin/pip install --quiet '.[bench]' && .venv/bin/python -m benchmarks --write
```

`python -m benchmarks cost judging` measures these parts alone, `--quick` shows in seconds that all of it works,
`--full` takes every variant and 200 targets. Nothing is written without `--write`. Newman and Hurl are not Python's and
have to be installed by other means; a tool that is not there is skipped, and the section says so.

What is compared is measured in turn, round by round, so that whatever else the machine does hits all alike. Times are
wall times unless they say CPU; memory is the peak of the resident set.
"""
PARTS = ("cost", "judging", "fleets", "history", "peers", "smoke")


def machine() -> str:
    """The class of the machine, and nothing that would tell it from others."""
    system = f"{platform.system()} {platform.machine()}"
    return f"Measured on {os.cpu_count()} cores, {system}, Python {platform.python_version()}."


def written(parts: list[Part]) -> list[Path]:
    """Write the sections of these parts, and their plots; the others stay as they are. Returns what was written."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    sections = {name: _section(page, name) for name in PARTS}
    changed = []
    for part in parts:
        text = part.markdown()
        if part.name in PLOTS and any(part.series.values()):
            from benchmarks.plots import draw  # noqa: PLC0415  what nobody draws needs no library

            file, title = PLOTS[part.name]
            changed.append(draw(part, PAGE.with_name(file), title))
            text += f"\n![{title}]({file})\n"
        sections[part.name] = f"{text}\n{machine()}\n"
    body = "".join(f"\n<!-- {name} -->\n{sections[name]}<!-- end of {name} -->\n" for name in PARTS)
    PAGE.write_text(HEAD + body, encoding="utf-8")
    return [PAGE, *changed]


def _section(page: str, name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end of {name} -->", page, re.DOTALL)
    return found[1] if found else f"## {name}\n\nNot measured yet.\n"
