"""A requirement has passed only if every check of the catalogue was judged; a part of the catalogue is no whole."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from conformance.checks.catalogue import Judgement, check_id, checks
from conformance.commands.cli import main
from conformance.contract.levels import LEVELS
from conformance.evidence.to_har import to_har
from conformance.pytest_plugin import plugin
from conformance.verdicts.assemble import assemble
from conformance.verdicts.completeness import Extent, scope
from conformance.verdicts.findings import headline, standing
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, ExitCode
from tests.command import ROOT, run, started
from tests.evidence_factory import CONTRACT, conforming, judgements

PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]


def _function(check: str) -> str:
    return check.rpartition("::")[2].partition("[")[0]


EVIDENCE = conforming()
RESULTS = judgements(EVIDENCE)
EVERY = [
    ((case.requirement, case.call), check_id(check, "query-xml", case, CONTRACT))
    for check in checks()
    for case in check.cases_of(CONTRACT)
]
OF_THE_PAGE = [r for r in CONTRACT.requirements.values() if r.of((CONTRACT.call.name,))]
MUST = [(name, check) for name, check in EVERY if CONTRACT.requirements[name[0]].level == "must"]
SIBLINGS = Counter(name for name, _ in EVERY)
SEVERAL = next((name, check) for name, check in MUST if SIBLINGS[name] > 1)
ALONE = next(
    (name, check)
    for name, check in MUST
    if SIBLINGS[name] == 1 and sum(_function(check) in other for _, other in EVERY) == 1
)


def without(*left: str) -> dict[Judgement, list[CheckResult]]:
    return {name: [c for c in found if c.id not in left] for name, found in RESULTS.items()}


@pytest.mark.parametrize(("name", "check"), EVERY, ids=[check.rpartition("::")[2] for _, check in EVERY])
def test_a_requirement_without_one_of_its_checks_has_not_passed(name: Judgement, check: str) -> None:
    report = assemble(without(check), EVIDENCE, CONTRACT, Terms(level=LEVELS[-1]))
    result = next(r for r in report.requirements if (r.id, r.call) == name)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert check.rpartition("::")[2] in result.reason
    assert report.verdict is Claim.INCONCLUSIVE
    assert report.exit_code == ExitCode.INCONCLUSIVE


def test_what_is_seen_to_be_broken_stays_broken_in_part() -> None:
    name, check = SEVERAL
    found = without(check)
    found[name] = [CheckResult(id="x", title="x", verdict=Verdict.FAIL, reason="broken")]
    report = assemble(found, EVIDENCE, CONTRACT, Terms())
    assert report.exit_code == ExitCode.NONCONFORMING


@pytest.mark.parametrize(
    ("extent", "says"),
    [
        (Extent(), "the run ended before"),
        (Extent(interrupted=True), "the run was interrupted before"),
        (Extent(wanted={c for _, c in EVERY} - {SEVERAL[1]}), "was left out of this run"),
    ],
)
def test_the_reason_says_why_a_check_is_missing(extent: Extent, says: str) -> None:
    report = assemble(without(SEVERAL[1]), EVIDENCE, CONTRACT, Terms(), extent=extent)
    assert says in next(r.reason for r in report.requirements if (r.id, r.call) == SEVERAL[0])


def test_what_nobody_asked_for_is_not_selected() -> None:
    wanted = {check for name, check in EVERY if name == ALONE[0]}
    report = assemble({ALONE[0]: RESULTS[ALONE[0]]}, EVIDENCE, CONTRACT, Terms(), extent=Extent(wanted=wanted))
    assert [r.id for r in report.requirements if r.selected] == [ALONE[0][0]]
    assert (report.scope.narrowed, report.scope.judged) == (True, 1)
    assert report.scope.requirements == len(OF_THE_PAGE)
    assert f"{standing(report)}: {headline(report)}" == (
        f"conforming in part: 1 of {len(OF_THE_PAGE)} requirements judged"
    )


def test_a_part_of_a_requirement_is_said_in_the_scope() -> None:
    wanted = {check for _, check in EVERY} - {SEVERAL[1]}
    report = assemble(without(SEVERAL[1]), EVIDENCE, CONTRACT, Terms(), extent=Extent(wanted=wanted))
    assert report.scope.narrowed
    assert report.scope.in_part == (SEVERAL[0][0],)
    assert report.exit_code == ExitCode.INCONCLUSIVE


def test_what_was_asked_for_in_part_and_never_ran_stays_open() -> None:
    found = {name: of for name, of in RESULTS.items() if name != SEVERAL[0]}
    extent = Extent(wanted={check for _, check in EVERY} - {SEVERAL[1]})
    report = assemble(found, EVIDENCE, CONTRACT, Terms(), extent=extent)
    result = next(r for r in report.requirements if (r.id, r.call) == SEVERAL[0])
    assert (result.selected, result.verdict) == (True, Verdict.INCONCLUSIVE)
    assert len(result.checks) == SIBLINGS[SEVERAL[0]]


def test_the_scope_of_several_calls_says_of_which_call_a_part_is() -> None:
    extent = Extent(wanted={check for _, check in EVERY} - {SEVERAL[1]})
    rows = assemble(without(SEVERAL[1]), EVIDENCE, CONTRACT, Terms(), extent=extent).requirements
    of_calls = (row for row in rows if row.call)
    twins = [msgspec.structs.replace(row, call="another", name=f"{row.id}@another") for row in of_calls]
    name, _ = SEVERAL[0]
    assert scope(rows, extent).in_part == (name,)
    assert scope([*rows, *twins], extent).in_part == (name, f"{name}@another")


def test_the_scope_counts_what_was_judged() -> None:
    rows = assemble(RESULTS, EVIDENCE, CONTRACT, Terms()).requirements
    verdicts = (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE, Verdict.ERROR)
    five = [msgspec.structs.replace(row, verdict=said) for row, said in zip(rows, verdicts, strict=False)]
    whole = scope(five, Extent())
    assert (whole.narrowed, whole.judged, whole.requirements, whole.in_part) == (False, 2, 5, ())
    assert scope(five, Extent(), ("another_call",)).narrowed
    unselected = [msgspec.structs.replace(five[0], selected=False), *five[1:]]
    assert (scope(unselected, Extent()).narrowed, scope(unselected, Extent()).judged) == (True, 1)


def test_a_whole_run_says_that_the_contract_is_kept() -> None:
    report = assemble(RESULTS, EVIDENCE, CONTRACT, Terms())
    assert not report.scope.narrowed
    assert f"{standing(report)}: {headline(report)}" == "conforming: the documented contract is kept"


def test_a_suite_that_broke_down_says_nothing_of_the_endpoint() -> None:
    for found in (RESULTS, without(SEVERAL[1])):
        report = assemble(found, EVIDENCE, CONTRACT, Terms(), extent=Extent(trouble="internal error: KeyError"))
        assert report.verdict is Claim.INCONCLUSIVE
        assert report.exit_code == ExitCode.INTERNAL_ERROR


# The command


def replayed(folder: Path, *words: str) -> int:
    recording = folder / "evidence.har"
    recording.write_bytes(to_har(EVIDENCE, creator_version="0"))
    return main(["replay", str(recording), f"--reports={folder / 'out'}", "--no-color", *words])


@pytest.mark.parametrize(
    "words", [("--select=ENV-03",), ("--deselect=[!E]*", "--deselect=E*-[!0]*", "--deselect=ENV-0[!3]")]
)
def test_a_narrowed_run_never_says_that_the_contract_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert replayed(tmp_path, *words) == 0
    said = f"CONFORMING IN PART: 1 of {len(OF_THE_PAGE)} requirements judged"
    assert capsys.readouterr().out.startswith(said)
    out = tmp_path / "out"
    assert json.loads((out / "report.json").read_bytes())["scope"]["narrowed"]
    for name in ("report.html", "summary.md", "junit.xml"):
        text = (out / name).read_text(encoding="utf-8").lower()
        assert "conforming in part" in text, name
        assert "contract is kept" not in text, name


def test_quiet_says_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(tmp_path, "--select=ENV-03", "--quiet") == 0
    assert capsys.readouterr().out.startswith("conforming in part: ")


def test_an_error_in_pytest_s_hooks_is_3_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("ERR-010-code")

    for place in ("check_id", "judge", "case_properties"):
        with monkeypatch.context() as patch:
            patch.setattr(plugin, place, broken)
            (tmp_path / place).mkdir()
            assert replayed(tmp_path / place) == ExitCode.INTERNAL_ERROR
        told = capsys.readouterr().err
        assert told.count("\n") == 1, place
        assert told.startswith("connect-conformance: internal error: "), place
        assert "ERR-010-code" in told, place


# pytest


def report_of(folder: Path) -> dict[str, object]:
    made: dict[str, object] = json.loads((folder / "report.json").read_bytes())
    return made


def test_pytest_does_not_pass_what_k_leaves_out(tmp_path: Path) -> None:
    left = _function(SEVERAL[1])
    words = ("-k", f"not {left}", f"--reports={tmp_path}", "-n", "2", f"--junitxml={tmp_path / 'junit.xml'}")
    done = run("--endpoint=reference", *words, cwd=ROOT, command=PYTEST)
    assert done.returncode == ExitCode.INCONCLUSIVE, done.stdout
    assert "CONFORMING  " not in done.stdout.replace("INCONCLUSIVE  ", "")
    assert report_of(tmp_path)["scope"]["in_part"] == [SEVERAL[0][0]]  # type: ignore[index]
    cases = ET.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    assert left not in " ".join(case.get("name", "") for case in cases)


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "side by side"])
def test_pytest_says_in_part_of_what_k_picks(tmp_path: Path, more: tuple[str, ...]) -> None:
    name = _function(ALONE[1])
    done = run("--endpoint=reference", "-k", name, *more, f"--reports={tmp_path}", cwd=ROOT, command=PYTEST)
    assert f"CONFORMING IN PART: 1 of {len(OF_THE_PAGE)} requirements judged" in done.stdout
    assert done.returncode == 0, done.stdout


def test_pytest_with_a_hook_that_breaks_is_an_internal_error(tmp_path: Path) -> None:
    plugin_file = tmp_path / "breaking.py"
    for hook in ("pytest_runtest_setup(item)", "pytest_itemcollected(item)", "pytest_runtest_teardown(item)"):
        plugin_file.write_text(f"def {hook}: raise KeyError('broken')\n", encoding="utf-8")
        words = ("--endpoint=reference", "-p", "breaking", "-k", "test_timestamp")
        with started(*words, cwd=ROOT, command=PYTEST, PYTHONPATH=f"{ROOT}:{tmp_path}") as process:
            out, _ = process.communicate(timeout=300)
        assert process.returncode == ExitCode.INTERNAL_ERROR, (hook, out[-600:])
