"""junit.xml is valid where CI servers are strict, red where the exit code is not 0, and hostile text in it is text."""

from __future__ import annotations

import platform
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from lxml import etree

from conformance.contract.levels import LEVELS
from conformance.reporting.junit import case_properties, junit, suite_properties, union
from conformance.verdicts.causes import causes
from conformance.verdicts.claim import claim, exit_code
from conformance.verdicts.fleet import of_report, overview, rows_of, unjudged
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, Counts, ExtensionResult, Report, count
from tests.reporting.schemas import validated

if TYPE_CHECKING:
    from conformance.verdicts.fleet import Overview


def named(report: Report, name: str) -> Report:
    return msgspec.structs.replace(report, target=msgspec.structs.replace(report.target, name=name))


def concluding(report: Report, verdicts: dict[str, Verdict], **fields: object) -> Report:
    """The report with other verdicts, and what follows from them."""
    changed = tuple(
        msgspec.structs.replace(one, verdict=verdicts.get(one.id, one.verdict), checks=())
        for one in report.requirements
    )
    stopped = bool(fields.get("interrupted"))
    level = fields.get("level", report.level)
    return msgspec.structs.replace(
        report,
        requirements=changed,
        verdict=claim(changed, level, interrupted=stopped),  # type: ignore[arg-type]
        exit_code=exit_code(changed, level, interrupted=stopped),  # type: ignore[arg-type]
        counts=count(r.verdict for r in changed),
        **fields,
    )


def cases(data: bytes) -> dict[str, etree._Element]:
    return {case.get("name", "").split(" ")[0]: case for case in validated(data).iter("testcase")}


def red(data: bytes) -> bool:
    return any(case.find("failure") is not None or case.find("error") is not None for case in cases(data).values())


def kind(case: etree._Element) -> str:
    return next((str(child.tag) for child in case if child.tag != "system-out"), "passed")


def test_a_requirement_is_a_test_case(report: Report) -> None:
    found = cases(junit(report))
    assert set(found) == {one.id for one in report.requirements if one.selected}
    failed = found["ENV-03"]
    assert failed.get("classname") == "staging.ENV"
    assert failed.get("name", "").startswith("ENV-03 The root element is ClICKATELLSDK")
    (failure,) = failed.findall("failure")
    assert failure.get("message") == "root element is CLICKATELLSDK, documented: ClICKATELLSDK (2 of 2 answers)"
    assert "reproduce: curl --get" in (failure.text or "")
    assert "test_namespace" not in (failure.text or "")  # which passed


def test_each_names_its_cause_and_what_mends_it(report: Report) -> None:
    (failure,) = cases(junit(report))["ENV-03"].findall("failure")
    cause = next(one for one in causes(report) if one.lead.id == "ENV-03")
    assert failure.text.startswith(f"cause: {cause.sentence}\nto mend: {cause.remedy}\n\nroot element is CLICK")


def test_what_fails_no_run_is_no_failure(report: Report) -> None:
    found = cases(junit(report))
    assert {name: kind(case) for name, case in found.items()} == {
        "REQ-01": "passed",
        "REQ-04": "error",  # required and not judged
        "ENV-03": "failure",
        "CBK-08": "skipped",  # should
        "TIM-02": "skipped",  # waived
        "TLS-02": "failure",
        "ERR-004-code": "error",
        "ERR-007-code": "error",
        "HYG-01": "skipped",  # advisory
    }
    assert found["TIM-02"][0].get("message", "").startswith("waived until 2024-03-01: clock of the staging host")
    assert found["HYG-01"][0].get("message") == "failed, which fails no run at level must: status 500"


def test_the_level_decides(report: Report) -> None:
    found = cases(junit(concluding(report, {}, level="should")))
    assert (kind(found["CBK-08"]), kind(found["HYG-01"])) == ("failure", "skipped")


@pytest.mark.parametrize("level", LEVELS)
def test_it_is_red_exactly_where_the_exit_code_is_not_0(report: Report, level: str) -> None:
    """Over every pair of verdicts of a must, a should and an advisory requirement, interrupted or not."""
    quiet = dict.fromkeys((one.id for one in report.requirements), Verdict.PASS)
    codes = set()
    for must, other, stopped in product(Verdict, Verdict, (False, True)):
        for name in ("CBK-08", "HYG-01", "TIM-02"):  # should, advisory, waived
            verdicts = quiet | {"REQ-01": must, name: other}
            made = concluding(report, verdicts, level=level, interrupted=stopped)
            assert red(junit(made)) is (made.exit_code != 0), (must, name, other, stopped)
            codes.add(made.exit_code)
    assert codes == {0, 1, 2, 3, 10}


def test_nothing_judged_is_red(report: Report) -> None:
    made = concluding(report, dict.fromkeys((r.id for r in report.requirements), Verdict.NOT_APPLICABLE))
    found = cases(junit(made))
    assert made.exit_code == 10
    assert [name for name, case in found.items() if kind(case) == "error"] == ["RUN"]
    assert "exit code 10, inconclusive" in found["RUN"][0].get("message", "")


def test_two_targets_share_no_identity(report: Report) -> None:
    names = ("staging", "staging.ENV", "STAGING", "a b")
    seen = [
        (case.get("classname"), case.get("name"))
        for name in names
        for case in cases(junit(named(report, name))).values()
    ]
    assert len(seen) == len(set(seen)) == 9 * len(names)


def test_several_calls_are_told_apart(report: Report) -> None:
    first = report.requirements[2]
    other = msgspec.structs.replace(first, call="get_list_country", name="ENV-03@get_list_country")
    found = cases(junit(msgspec.structs.replace(report, requirements=(*report.requirements, other))))
    assert {"ENV-03", "ENV-03@get_list_country"} <= set(found)
    assert found["ENV-03@get_list_country"].get("classname") == "staging.ENV"
    assert "call: get_list_country" in (found["ENV-03@get_list_country"].findtext("system-out") or "")


def test_nothing_of_this_machine_is_in_it(report: Report) -> None:
    text = junit(report).decode()
    assert "hostname" not in text
    assert platform.node() not in text
    assert str(Path.cwd()) not in text
    assert "/tmp" not in text


def test_an_extension_has_a_suite_and_a_claim_of_its_own(report: Report) -> None:
    own = msgspec.structs.replace(report.requirements[2], id="X-01", level="advisory", title="Mine.")
    extension = ExtensionResult(name="mine", verdict=Claim.NONCONFORMING, counts=Counts(fail=1), requirements=(own,))
    published, theirs = validated(junit(msgspec.structs.replace(report, extensions=(extension,))))
    assert published.get("failures") == "2"
    assert theirs.get("failures") == "1"
    assert theirs.find("testcase").get("classname") == "staging.mine.X"


def test_a_run_that_fails_by_an_extension_blames_the_extension(report: Report) -> None:
    good = concluding(report, {one.id: Verdict.PASS for one in report.requirements})
    own = msgspec.structs.replace(report.requirements[2], id="X-01", title="Mine.")
    extension = ExtensionResult(name="mine", verdict=Claim.NONCONFORMING, counts=Counts(fail=1), requirements=(own,))
    made = msgspec.structs.replace(good, extensions=(extension,), exit_code=1)
    assert [name for name, case in cases(junit(made)).items() if kind(case) == "failure"] == ["X-01"]
    assert "RUN" not in cases(junit(made))


def test_properties_of_the_run(report: Report) -> None:
    target = msgspec.structs.replace(report.target, labels={"release": "4.2.0"})
    report = msgspec.structs.replace(report, target=target)
    properties = dict(suite_properties(report))
    assert properties["verdict"] == "nonconforming"
    assert properties["target"] == "staging"
    assert properties["contract"] == report.suite.contract
    assert properties["suite"] == "connect-conformance 0.1.0"
    assert properties["label.release"] == "4.2.0"
    written = validated(junit(report)).iter("property")
    assert {one.get("name"): one.get("value") for one in written} == properties
    of_a_call = case_properties("ENV-03", "get_list_callback", "must", Verdict.PASS)
    assert of_a_call[1:] == [("call", "get_list_callback"), ("level", "must"), ("verdict", "pass")]
    assert "call" not in dict(case_properties("TLS-01", "", "must", Verdict.PASS))


def test_hostile_text_is_text(hostile_report: Report) -> None:
    root = validated(junit(hostile_report))
    tags = {"testsuites", "testsuite", "properties", "property", "testcase", "failure", "error", "skipped"}
    assert {str(element.tag) for element in root.iter()} <= tags | {"system-out"}
    text = "".join(root.itertext()) + "".join(str(v) for e in root.iter() for v in e.attrib.values())
    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert r"\u202edesrever" in text
    assert "<script>" in text


# A fleet


@pytest.fixture
def fleet(report: Report) -> Overview:
    good = concluding(named(report, "good"), {r.id: Verdict.PASS for r in report.requirements})
    members = [
        of_report(report, "staging"),
        of_report(good, "good"),
        unjudged("gone", "gone", 4, "no such host"),
    ]
    return overview(members, rows_of(report))


def test_the_union_says_what_the_files_of_the_targets_say(report: Report, fleet: Overview) -> None:
    root = validated(union(fleet))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["gone", "staging", "good"]  # the worst first
    one = {case.get("name"): kind(case) for case in validated(junit(report)).iter("testcase")}
    assert {case.get("name"): kind(case) for case in suites["staging"].iter("testcase")} == one
    assert {case.get("classname") for case in suites["good"].iter("testcase")} >= {"good.ENV", "good.TLS"}
    (case,) = suites["gone"].iter("testcase")
    assert case.get("classname") == "gone.RUN"
    assert case[0].get("message") == "exit code 4, usage: no such host"


def test_a_target_of_the_union_is_red_where_its_exit_code_is_not_0(fleet: Overview) -> None:
    for member in fleet.targets:
        alone = overview([member], fleet.requirements)
        assert red(union(alone)) is (alone.exit_code != 0)


def test_a_fleet_of_very_many_leaves_out_what_passed(fleet: Overview, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [kind(case) for case in validated(union(fleet)).iter("testcase")]
    monkeypatch.setattr("conformance.reporting.junit._MOST", 10)
    lean = [kind(case) for case in validated(union(fleet)).iter("testcase")]
    assert lean == [word for word in whole if word != "passed"]


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_fleet_of_nobody_is_red(*, interrupted: bool) -> None:
    nobody = overview([], [], interrupted=interrupted)
    assert nobody.exit_code in {2, 5}
    assert red(union(nobody))
