"""Every block of the walkthrough, run in its order in an empty folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.command import ROOT, environment

PAGE = ROOT / "docs" / "walkthrough.md"


def test_every_block_does_what_the_page_says(tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 10
    said = ""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, module in (("pytest", "-m pytest"), ("connect-conformance", "-m conformance"), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (tools / name).chmod(0o755)
    folder = tmp_path / "empty"
    folder.mkdir()
    values = environment(PATH=f"{tools}:/usr/bin:/bin")
    for kind, block in blocks:
        if kind == "sh":
            done = subprocess.run(
                ["sh", "-c", block], cwd=folder, env=values, capture_output=True, text=True, check=False
            )
            said = done.stdout + done.stderr
        elif kind == "text":
            assert [line for line in block.splitlines() if line not in said] == [], said
        else:
            file = re.match(r"# (\S+)\n", block)
            assert file, f"a block of {kind} that says no file"
            (folder / file[1]).write_text(block, encoding="utf-8")
