"""summary.md is what was reviewed, and a server's text does nothing in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from conformance.contract.load import folder
from conformance.reporting.summary import summary_md

if TYPE_CHECKING:
    from conformance.verdicts.verdict import Report

SPAN = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)")


def test_the_sample_is_up_to_date(report: Report, matches: Any) -> None:
    matches(folder("reports") / "sample" / "summary.md", summary_md(report))


def test_nothing_of_a_server_stands_outside_code(hostile_report: Report, hostile: str) -> None:
    text = summary_md(msgspec.structs.replace(hostile_report, obstacle=hostile))
    assert text.replace("\n", "").isprintable()
    fenced = re.sub(r" *```toml\n.*?\n *```\n", "", text, flags=re.DOTALL)
    outside = SPAN.sub("", fenced)
    bare = re.sub(r"\\[^\w\s]", "", outside).replace("<details><summary>", "").replace("</summary>", "")
    assert not re.search(r"[<>`\[\]@]", bare.replace("</details>", ""))
    assert not re.search(r"https?:|www\.", bare)
    for line in bare.splitlines():
        if line.startswith("|"):
            assert line.count("|") in {5, 7}, line


def test_pipes_stay_in_their_cells(hostile_report: Report) -> None:
    rows = [line for line in summary_md(hostile_report).splitlines() if line.startswith("| ")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) in {5, 7} for row in rows)
