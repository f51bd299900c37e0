"""`compare`: what changed between results, what counts as a regression, and what is no result at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lxml import html

from conformance.commands.cli import main
from conformance.contract.load import folder
from conformance.reporting.json import to_json
from conformance.verdicts.recount import recounted
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.verdict import Claim, Counts, ExtensionResult, Report, RequirementResult, WaiverNote

SAMPLE = msgspec.json.decode((folder("reports") / "sample" / "report.json").read_bytes(), type=Report)
NAMES = ("ONE-01", "TWO-01", "SIX-01")
LEVELS = ("must", "should", "advisory")

Write = Callable[..., Path]


def shown(result: RequirementResult) -> RequirementResult:
    """The result with a check that shows it."""
    check = CheckResult(id="x::test_it", title="It.", verdict=result.verdict, reason=result.reason)
    return msgspec.structs.replace(result, checks=(check,))


def founded(report: Report) -> Report:
    """The report with the verdict and the counts that follow from its judgements."""
    made = recounted(report)
    return msgspec.structs.replace(report, verdict=made.verdict, exit_code=made.exit_code, counts=made.counts)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a report whose requirements come to the verdicts named by keyword."""

    def written(name: str, *verdicts: str, changes: dict[str, Any] | None = None, **report: Any) -> Path:
        requirements = [
            shown(
                RequirementResult(
                    **{
                        "id": name,
                        "level": level,
                        "title": f"What {name} states.",
                        "source": "page",
                        "verdict": Verdict(verdict),
                        "reason": "" if verdict == "pass" else f"because of {verdict}",
                        **(changes or {}),
                    }
                )
            )
            for name, level, verdict in zip(NAMES, LEVELS, verdicts, strict=False)
        ]
        made = founded(msgspec.structs.replace(SAMPLE, requirements=tuple(requirements), **report))
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_bytes(to_json(made))
        return tmp_path / name

    return written


def compared(capsys: pytest.CaptureFixture[str], *places: Path, allow: str = "") -> tuple[int, dict[str, Any]]:
    words = [f"--allow={word}" for word in allow.split()]
    code = main(["compare", "--format=json", "--fail-on-regression", *words, *map(str, places)])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("before", "after", "change", "word"),
    [
        ("pass", "fail", "worse", ""),
        ("pass", "inconclusive", "less known", "inconclusive"),
        ("fail", "inconclusive", "hidden", "inconclusive"),
        ("fail", "not_applicable", "hidden", "inapplicable"),
        ("pass", "not_applicable", "less known", "inapplicable"),
        ("not_applicable", "inconclusive", "less known", "inconclusive"),
        ("inconclusive", "fail", "worse", ""),
        ("error", "fail", "worse", ""),
        ("fail", "error", "worse", ""),
        ("fail", "pass", "better", ""),
        ("inconclusive", "pass", "better", ""),
        ("not_applicable", "pass", "changed", ""),
        ("fail", "fail", None, ""),
    ],
)
def test_the_lattice_says_what_is_worse_and_what_is_less(
    before: str, after: str, change: str | None, word: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    places = write("a", before), write("b", after)
    code, said = compared(capsys, *places)
    assert [row["changes"][1] for row in said["requirements"]] == ([change] if change else [])
    assert code == (change == "worse" or bool(word))
    assert said["regressions"] == (["ONE-01"] if change == "worse" else [])
    assert [one["word"] for one in said["less"]] == ([word] if word else [])
    if word:
        assert compared(capsys, *places, allow=word)[0] == 0


def test_advisory_requirements_do_not_count(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = compared(capsys, write("a", "pass", "pass", "pass"), write("b", "pass", "pass", "fail"))
    assert code == 0
    assert said["requirements"][0]["changes"] == ["", "worse"]
    code, said = compared(capsys, write("c", "pass", "pass", "pass"), write("d", "pass", "fail", "pass"))
    assert (code, said["regressions"]) == (1, ["TWO-01"])


def test_without_being_asked_nothing_fails(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(write("a", "pass")), str(write("b", "fail"))]) == 0
    said = capsys.readouterr().out
    assert "ONE-01" in said
    assert "fail (worse)" in said
    assert "[2] because of fail" in said
    assert said.endswith("1 requirements differ: 1 got worse, 0 got better.\n")


def test_each_is_held_against_the_first(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    places = write("a", "fail"), write("b", "pass"), write("c", "fail")
    code, said = compared(capsys, *places)
    assert code == 0
    assert said["requirements"][0]["changes"] == ["", "better", ""]


def test_another_reason_is_a_change_and_no_regression(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    other = write("b", "fail", changes={"reason": "because of something else"})
    code, said = compared(capsys, write("a", "fail"), other)
    assert (code, said["requirements"][0]["changes"]) == (0, ["", "changed"])


def test_what_was_not_selected_is_not_compared(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    skipped = write("b", "not_applicable", changes={"selected": False, "reason": "not selected"})
    code, said = compared(capsys, skipped, write("a", "pass"))
    assert (code, said["requirements"][0]["changes"]) == (0, ["", "not compared"])


def test_a_failure_of_what_was_not_selected_before_is_new(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    places = write("b", "not_applicable", changes={"selected": False}), write("a", "fail")
    code, said = compared(capsys, *places)
    assert (code, said["requirements"][0]["changes"]) == (1, ["", "new failure"])
    assert compared(capsys, *places, allow="new")[0] == 0


def test_a_waived_failure_is_excused_until_the_waiver_ends(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    waived = write("b", "fail", changes={"waiver": WaiverNote(reason="known", expires="2030-01-01")})
    code, said = compared(capsys, write("a", "pass"), waived)
    assert (code, said["requirements"][0]["changes"]) == (1, ["", "excused"])
    assert compared(capsys, write("d", "fail"), waived)[0] == 1
    assert compared(capsys, write("e", "fail"), waived, allow="waiver")[0] == 0
    assert compared(capsys, waived, write("c", "fail"))[0] == 1


def test_what_only_one_knows_is_said(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = write("a", "pass"), write("b", "pass", "fail")
    assert compared(capsys, one, two)[1]["requirements"][0]["changes"] == ["", "new failure"]
    assert compared(capsys, two, one)[1]["requirements"][0]["changes"] == ["", "hidden"]


def test_what_hinders_a_comparison_is_said(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    suite = msgspec.structs.replace(SAMPLE.suite, contract="connect-api@other", version="9.9.9")
    other = write("b", "pass", suite=suite, level="advisory", interrupted=True)
    notes = " ".join(compared(capsys, write("a", "pass"), other)[1]["notes"])
    for expected in ("another contract", "connect-api@other", "9.9.9", "another level", "interrupted"):
        assert expected in notes


def extended(*verdicts: str, name: str = "mine") -> dict[str, Any]:
    rows = [
        shown(
            RequirementResult(
                id=f"X-{n}",
                level="must",
                title="It holds.",
                source="",
                verdict=Verdict(verdict),
                reason=verdict,
            )
        )
        for n, verdict in enumerate(verdicts)
    ]
    return {
        "extensions": (ExtensionResult(name=name, verdict=Claim.CONFORMING, counts=Counts(), requirements=tuple(rows)),)
    }


def test_extensions_are_compared_beside_the_contract(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = (
        write("a", "pass", **extended("pass", "fail", "pass")),
        write("b", "pass", **extended("fail", "pass")),
    )
    code, said = compared(capsys, one, two)
    assert (code, said["requirements"], said["regressions"]) == (0, [], [])
    assert [(row["extension"], row["id"], row["changes"][1]) for row in said["extensions"]] == [
        ("mine", "X-0", "worse"),
        ("mine", "X-1", "better"),
        ("mine", "X-2", "less known"),
    ]
    assert main(["compare", "--fail-on-regression", "--fail-on-extension", str(one), str(two)]) == 1
    table = capsys.readouterr().out
    assert table.endswith(
        "Nothing changed. Of extensions, 3 requirements differ: 1 got worse, 1 got better,"
        " 1 passed and can no longer be judged.\n"
    )
    assert re.search(r"X-0 +must +pass +fail \(worse\)\n    \[1\] pass\n    \[2\] fail\n", table)
    assert main(["compare", "--format=markdown", str(one), str(two)]) == 0
    assert "fail (worse)" in capsys.readouterr().out
    assert main(["compare", "--fail-on-extension", str(one), str(two)]) == 4
    assert "allowed with --fail-on-regression" in capsys.readouterr().err


def test_an_extension_of_another_name_is_another_one(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = write("a", "pass", **extended("pass")), write("b", "pass", **extended("fail", name="yours"))
    assert [row["changes"][1] for row in compared(capsys, one, two)[1]["extensions"]] == [
        "less known",
        "new failure",
    ]
    assert [row["changes"][1] for row in compared(capsys, write("c", "pass"), two)[1]["extensions"]] == ["new failure"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"", "truncated"),
        (b"[]", "object"),
        (b"\xff\xfe", "malformed"),
        (b"{}", "format"),
        (b'{"format": 2}', "format 2"),
        (b'{"format": 1}', "required field"),
        (b"[" * 100_000, "object"),
        (to_json(SAMPLE).replace(b'"verdict": "pass"', b'"verdict": "fine"'), "fine"),
        (to_json(SAMPLE).replace(b'"exchanges": ', b'"exchanges": "7", "x": ', 1), "exchanges"),
        (to_json(msgspec.structs.replace(SAMPLE, requirements=SAMPLE.requirements[:1] * 2)), "twice"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_report_is_refused_in_one_line(
    content: bytes | None, why: str, tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "other.json"
    if content is not None:
        place.write_bytes(content)
    assert main(["compare", str(write("a", "pass")), str(place)]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "other.json" in said.err
    assert why in said.err


def test_one_result_is_not_enough(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(write("a", "pass"))]) == 4
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("style", ["table", "json", "markdown"])
def test_strangers_texts_are_inert(style: str, write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[31m\u202e<script>|`@all\n# forged"
    target = msgspec.structs.replace(SAMPLE.target, name=hostile)
    other = write("b", "fail", changes={"reason": hostile, "title": hostile, "id": hostile}, target=target)
    assert main(["compare", f"--format={style}", str(write("a", "pass")), str(other)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\n# forged" not in said
    assert "x1b" in said or "\\u001b" in said


def test_the_page_has_regressions_first_and_names_what_is_not_alike(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [write("a", "pass"), write("b", "fail")]
    assert main(["compare", "--format=html", *map(str, places)]) == 0
    page = html.document_fromstring(capsys.readouterr().out)
    assert [h.text for h in page.xpath("//h2")][:2] == ["Runs", "Regressions (1)"]
    assert page.xpath("//section[2]/article/h3/code/text()") == ["ONE-01"]
    assert not page.xpath("//script | //@style")
    assert len(page.xpath("//h1")) == 1
