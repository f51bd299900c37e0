"""Every block of the walkthrough, run in its order in an empty folder."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from conformance.checks.extension import read_extension
from conformance.checks.judging import Judging
from conformance.contract.load import documented
from conformance.evidence.exchange import Answer
from conformance.verdicts.judge import judge_extension
from conformance.verdicts.terms import Terms
from tests.command import ROOT, environment
from tests.evidence_factory import conforming

PAGE = ROOT / "docs" / "walkthrough.md"


def test_one_id_is_not_enough_for_its_last_check(tmp_path: Path) -> None:
    blocks = re.findall(r"^```\w+\n(# my-checks/(\S+)\n.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "my-checks").mkdir()
    for text, name in blocks:  # the later ones grow the earlier ones
        (tmp_path / "my-checks" / name).write_text(text)
    own = read_extension(tmp_path / "my-checks", documented())
    bare = conforming()
    named = {}
    for ids in (0, 1, 2):
        some = [replace(e, answer=headed(e.answer, f"id-{n}")) for n, e in enumerate(bare.exchanges[:ids])]
        evidence = replace(bare, exchanges=(*some, *bare.exchanges[ids:]))
        named[ids] = judge_extension(own, Judging(evidence, documented()), Terms()).requirements[1].verdict
    assert named == {0: "inconclusive", 1: "inconclusive", 2: "pass"}


def headed(answer: Answer | None, name: str) -> Answer:
    assert answer
    return replace(answer, headers=(*answer.headers, ("X-Request-Id", name)))


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
