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
    assert not re.search(r"[<>`\[\]]|(?<!\w)@", bare.replace("</details>", ""))
    assert not re.search(r"https?:|www\.", bare)
    for line in bare.splitlines():
        if line.startswith("|"):
            assert line.count("|") in {5, 7}, line


def test_the_summary_of_many_calls_fits_a_comment(report: Report) -> None:
    """Of 1,000 judgements, those that were not kept are told, as far as there is room."""
    kept, failed = (next(r for r in report.requirements if r.id == name) for name in ("REQ-01", "ENV-03"))
    few, many = (
        tuple(
            msgspec.structs.replace(r, id=f"REQ-{n}", name=f"REQ-{n}@call", call="call")
            for n, r in enumerate([kept] * (1000 - number) + [failed] * number)
        )
        for number in (10, 1000)
    )
    said = summary_md(msgspec.structs.replace(report, requirements=few))
    assert "<summary>The 10 requirements that were not kept; 990 were, see report.html</summary>" in said
    long = summary_md(msgspec.structs.replace(report, requirements=many))
    assert re.search(r"\nand [0-9]+ more\n", long)
    assert len(said) < len(long) < 65_536


def test_pipes_stay_in_their_cells(hostile_report: Report) -> None:
    rows = [line for line in summary_md(hostile_report).splitlines() if line.startswith("| ")]
    assert all(len(re.findall(r"(?<!\\)\|", row)) in {5, 7} for row in rows)
