"""GitHub Actions is told the verdict, the report and the causes; no CI server is told anything by strangers' text."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from conformance.reporting import ci
from conformance.reporting.ci import Job, of_fleet, of_run, tell
from conformance.reporting.terminal import summary
from conformance.verdicts.fleet import of_report, overview, rows_of, unjudged
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, ExitCode, Report

# How the parsers of logs find what they act on. GitHub: the line, without leading space, begins with the one form; or
# the other, anywhere. Azure: anywhere. TeamCity: the line, without leading space, begins with it.
GITHUB = re.compile(r"\s*::(?P<name>[^\s:]+)(?: (?P<properties>[^:]*))?::(?P<data>.*)|.*##\[")
AZURE = re.compile(r".*##(?:vso)?\[", re.IGNORECASE)
TEAMCITY = re.compile(r"\s*##teamcity\[")
COMMANDS = (
    "::error title=x::owned",
    "\n::set-output name=verdict::conforming",
    "\r\n ::stop-commands::x",
    "##[error]owned",
    "\n##vso[task.complete result=Succeeded;]DONE",
    "\n  ##teamcity[buildStatus status='SUCCESS']",
    "%0A::add-mask::e",
)


@pytest.fixture
def github(tmp_path: Path) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }


def outputs(file: str) -> dict[str, str]:
    """Read as the runner does: NAME<<END, lines, END."""
    lines, read = iter(Path(file).read_text(encoding="utf-8").split("\n")), {}
    for line in lines:
        if line:
            name, end = line.split("<<")
            value = []
            while (text := next(lines)) != end:
                value.append(text)
            read[name] = "\n".join(value)
    return read


def errors(said: str) -> list[tuple[str, str]]:
    """The title and text of each command, which are all commands."""
    found = []
    for line in said.splitlines():
        match = GITHUB.fullmatch(line)
        assert match
        assert match["name"] == "error"
        assert match["properties"].startswith("title=")
        assert "," not in match["properties"]
        plain = [part.replace("%3A", ":").replace("%2C", ",").replace("%25", "%") for part in match.group(2, 3)]
        found.append((plain[0].removeprefix("title="), plain[1]))
    return found


def test_the_causes_are_errors_and_the_first_is_the_first(report: Report, github: dict[str, str]) -> None:
    told = errors(tell(of_run(report, report.exit_code, Path("out/report.html")), github))
    assert 2 <= len(told) <= 10
    titles = " ".join(title for title, _ in told)
    assert titles.count("staging: ") == len(told)
    assert "ENV-03 (must)" in titles
    assert "HYG-01" not in titles  # advice
    assert "TIM-02" not in titles  # waived
    assert any("documented: ClICKATELLSDK" in text for _, text in told)


def test_the_step_has_outputs_and_a_summary(report: Report, github: dict[str, str]) -> None:
    Path(github["GITHUB_STEP_SUMMARY"]).write_text("said before\n", encoding="utf-8")
    tell(of_run(report, report.exit_code, Path("out\nfolder/report.html")), github)
    assert outputs(github["GITHUB_OUTPUT"]) == {
        "verdict": "nonconforming",
        "report": "out\nfolder/report.html",
    }
    page = Path(github["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
    assert page.startswith("said before\n# NONCONFORMING")


def test_a_run_that_the_suite_failed_has_no_verdict(report: Report, github: dict[str, str]) -> None:
    good = msgspec.structs.replace(report, requirements=(), exit_code=0)
    told = errors(tell(of_run(good, ExitCode.INTERNAL_ERROR, None), github))
    assert outputs(github["GITHUB_OUTPUT"]) == {"verdict": "internal error", "report": ""}
    assert len(told) == 1


def test_nothing_is_told_of_a_good_run(report: Report, github: dict[str, str]) -> None:
    passed = tuple(msgspec.structs.replace(r, verdict=Verdict.PASS, waiver=None) for r in report.requirements)
    good = msgspec.structs.replace(report, requirements=passed, exit_code=0, verdict=Claim.CONFORMING)
    assert tell(of_run(good, 0, None), github) == ""
    assert outputs(github["GITHUB_OUTPUT"])["verdict"] == "conforming"


@pytest.mark.parametrize("value", ["", "false", "TRUE "])
def test_nobody_else_is_told_anything(report: Report, github: dict[str, str], value: str) -> None:
    assert tell(of_run(report, 1, None), github | {"GITHUB_ACTIONS": value}) == ""
    assert not Path(github["GITHUB_OUTPUT"]).exists()
    assert not Path(github["GITHUB_STEP_SUMMARY"]).exists()


def test_at_most_ten_errors() -> None:
    for number in (9, 10, 11, 500):
        job = Job("", tuple((f"t{n}", "text") for n in range(number)), "nonconforming", None)
        told = errors(tell(job, {"GITHUB_ACTIONS": "true"}))
        assert len(told) == min(number, 10)
        assert (told[-1] == (f"and {number - 9} more", "they are in the report")) is (number > 10)


def test_a_summary_is_cut_at_the_end_of_a_line(github: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ci, "_SUMMARY", 100)
    for text in ("a line\n" * 50, "a line\n" * 50):
        tell(Job(text, (), "conforming", None), github)
    page = Path(github["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
    assert len(page) <= 100
    assert page.endswith("a line\n\n(cut: the rest is in the report)\n") or page.count("cut: the rest") == 1


def test_a_file_that_cannot_be_written_is_named(
    report: Report, github: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    tell(of_run(report, 1, None), github | {"GITHUB_OUTPUT": str(tmp_path)})
    assert capsys.readouterr().err.startswith(f"cannot write {tmp_path}: ")


def test_a_fleet_has_an_error_for_each_target(report: Report, github: dict[str, str]) -> None:
    made = overview([of_report(report, "a"), unjudged("gone", "gone", 4, "no such host")], rows_of(report))
    told = errors(tell(of_fleet(made, Path("overview.html")), github))
    assert told[0] == ("gone", "not judged: no such host")
    assert told[1][0] == "staging"
    assert outputs(github["GITHUB_OUTPUT"]) == {"verdict": "usage", "report": "overview.html"}
    assert Path(github["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8").startswith("**2 targets")


@pytest.mark.parametrize("command", COMMANDS)
def test_strangers_text_is_no_command(report: Report, command: str, github: dict[str, str]) -> None:
    """In whatever field it stands: the name of the target, a reason, what was observed."""
    checks = report.requirements[2].checks
    spoilt = tuple(
        msgspec.structs.replace(c, reason=command, observed=command, where=command, expected=command) for c in checks
    )
    bad = msgspec.structs.replace(report.requirements[2], title=command, reason=command, checks=spoilt)
    made = msgspec.structs.replace(
        report,
        requirements=(*report.requirements[:2], bad, *report.requirements[3:]),
        target=msgspec.structs.replace(report.target, name=command, endpoint=command, binding=command),
        notes=(command,),
        obstacle=command,
    )
    lines = tell(of_run(made, 1, Path("x")), github)
    assert len(errors(lines)) >= 2
    fleet = overview([of_report(made, "x"), unjudged(command, "y", 3, command)], rows_of(made))
    assert len(errors(tell(of_fleet(fleet, None), github))) == 2
    said = summary(made, width=100, color=False, reports=Path("x"))
    for line in (said + lines).splitlines():
        assert not AZURE.match(line), line
        assert not TEAMCITY.match(line), line
        assert line in lines.splitlines() or not GITHUB.match(line), line
    values = Path(github["GITHUB_OUTPUT"]).read_text(encoding="utf-8")
    assert "conforming\n" not in values.replace("nonconforming\n", "")
