"""Causes: what failed and what stayed open, grouped by what would mend it, once for everything that people read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import msgspec
import pytest

from conformance.contract.levels import Level
from conformance.contract.load import documented
from conformance.evidence.between import TO_MEND
from conformance.evidence.exchange import Exchange, Loss
from conformance.reporting.summary import summary_md
from conformance.reporting.terminal import summary
from conformance.selftest.prove import report_on
from conformance.selftest.trials import trials
from conformance.verdicts.causes import Cause, causes, in_short
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Report, RequirementResult, WaiverNote
from tests.evidence_factory import answer, conforming

CONTRACT = documented()


def judged(variant: str) -> Report:
    (trial,) = trials([variant])
    return anyio.run(partial(report_on, trial, CONTRACT))


def failing(report: Report) -> list[Cause]:
    return [cause for cause in causes(report) if cause.verdict is Verdict.FAIL]


# By the variant: words of the first sentence that name what was really changed, and who is accused for it.
CHANGED = {
    "root_all_capitals": ("CLICKATELLSDK", "ENV-03"),
    "timestamp_in_milliseconds": ("Timestamp", "TIM-01"),
    "timestamp_in_minutes": ("Timestamp", "TIM-01"),
    "timestamp_of_the_example": ("Timestamp", "TIM-02"),
    "timestamp_before_values": ("order", "ENV-04"),
    "get_list_callback.ClICKATELLSDK.Result.namespaced": (
        "Result in the namespace urn:example:x stands where Result is documented",
        "ENV-04",
    ),
    "result_in_small_letters": ("'success'", "ENV-06"),
    "id_with_fraction": ("callback_type_id", "CBK-01"),
    "id_repeated_far_apart": ("'1' is given to more than one", "CBK-02"),
    "pair_6_in_lower_case": ("6 = soap post", "CBK-04"),
    "pair_0_under_4": ("0 = HTTP GET is not offered", "CBK-03"),
    "type_broken_over_lines": ("callback_type", "CBK-05"),
    "answered_in_json": ("application/json", "REQ-01"),
    "declaration_without_version": ("the XML declaration names no version", "ENV-01"),
    "declaration_in_capitals": ("the XML declaration is not written in small letters", "ENV-01"),
    "root_not_closed": ("not a well-formed XML document", "ENV-01"),
    "one_line_not_understood": ("error 999", "REQ-02"),
    "code_007_unpadded": ("'7'", "ERR-007-code"),
    "message_008_missing": ("no message", "ERR-008-message"),
    "state_004_every_other_call": ("004 says Success", "ERR-004-code"),
    "plain_http_is_error_999_when_printed": ("error '999', not with error 009", "TLS-02"),
    "errors_have_failure_for_result": ("004, 007, 008, 009 and 999: Result is 'Failure'", "ERR-004-envelope"),
    "comment_gets_a_stale_answer": ("Timestamp", "TIM-02"),
}


@pytest.mark.parametrize("variant", CHANGED)
def test_one_change_is_one_cause_and_the_first_sentence_names_it(variant: str) -> None:
    words, accused = CHANGED[variant]
    report = judged(variant)
    (cause,) = failing(report)
    assert words in cause.sentence
    assert cause.lead.id == accused
    assert cause.remedy in {CONTRACT.requirements[accused].mend, report.obstacle.partition(TO_MEND)[2]}


def test_two_changes_are_two_causes() -> None:
    report = judged("pairs_as_attributes")
    assert [cause.lead.id for cause in failing(report)] == ["ENV-08", "ENV-07"]
    assert in_short(causes(report)).startswith("2 causes, first: the attribute callback_type_id")


def test_what_is_open_only_because_something_failed_is_folded_under_it() -> None:
    report = judged("timestamp_in_milliseconds")
    (cause,) = failing(report)
    assert {"TIM-02", "TIM-03", "TIM-04"} <= {r.id for r in cause.open}
    everything = [r.address for one in causes(report) for r in (*one.requirements, *one.open)]
    left = [r.address for r in report.requirements if r.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}]
    assert sorted(everything) == sorted(left)


def test_a_correct_endpoint_has_no_cause_to_mend() -> None:
    assert failing(judged("document_ends_at_nul")) == []


EVIDENCE = conforming()
STATES = ("004", "007", "008", "999")
PAGE = b"<!DOCTYPE html><html><title>Not here</title><hr></html>"


@pytest.fixture
def dead() -> Report:
    lost = Loss("refused", "127.0.0.1 refuses connections on port 9")
    silent = tuple(replace(e, answer=None, loss=lost, tls=None) for e in EVIDENCE.exchanges)
    return judge_evidence(replace(EVIDENCE, exchanges=silent), CONTRACT, Terms())


def test_a_dead_host_is_the_cause(dead: Report) -> None:
    first = causes(dead)[0]
    assert first.sentence == "127.0.0.1 refuses connections on port 9"
    assert first.remedy.startswith("correct host and port in `endpoint`")
    assert len(first.open) > 40
    assert not [note for note in dead.notes if TO_MEND in note]


def test_states_that_are_not_provisioned_are_one_cause_with_the_lines_that_provision_them() -> None:
    gaps = {f"state-{code}": f"the state of {code} is not provisioned; say in [x.states.{code}]" for code in STATES}
    stateless = tuple(e for e in EVIDENCE.exchanges if not e.state)
    report = judge_evidence(replace(EVIDENCE, exchanges=stateless, gaps=gaps), CONTRACT, Terms())
    cause = causes(report)[0]
    assert cause.sentence == "the state of 004, 007, 008 and 999 is not provisioned"
    assert cause.remedy == "say in [x.states.NNN]"
    assert cause.lines[::2] == tuple(f"[targets.staging.states.{code}]" for code in STATES)


def test_a_wrong_binding_is_the_cause_with_the_right_one_as_its_remedy() -> None:
    """The endpoint reads forms alone; the run has seen that, and says it."""

    def forms(e: Exchange) -> Exchange:
        served = e.binding == "form-xml" or not e.request.url.startswith("https:")
        return e if served else replace(e, answer=replace(answer(PAGE), status=404))

    report = judge_evidence(replace(EVIDENCE, exchanges=tuple(map(forms, EVIDENCE.exchanges))), CONTRACT, Terms())
    assert causes(report)[0].remedy == 'as form-xml it is served: say `binding = "form-xml"` (--binding)'


def failed(name: str, level: Level = "must", **fields: Any) -> RequirementResult:
    row = CONTRACT.requirements[name]
    reason = fields.pop("reason", f"{name} is wrong")
    check = CheckResult(id=f"x.py::{name}", title="t", verdict=Verdict.FAIL, reason=reason, **fields)
    return RequirementResult(
        id=name,
        level=level,
        title=row.statement,
        source="",
        verdict=Verdict.FAIL,
        checks=(check,),
    )


def reported(*requirements: RequirementResult) -> Report:
    made = judge_evidence(EVIDENCE, CONTRACT, Terms())
    return msgspec.structs.replace(made, requirements=requirements, obstacle="")


def test_must_comes_first_then_what_explains_most_then_what_is_below_then_what_is_waived() -> None:
    waived = msgspec.structs.replace(failed("ENV-05"), waiver=WaiverNote(reason="known", expires="2999-01-01"))
    many = [failed(f"ERR-{code}-data", observed="Success", exchanges=(9,)) for code in ("004", "007")]
    found = causes(reported(waived, failed("CBK-07", "should"), failed("ENV-06"), *many))
    assert [cause.lead.id for cause in found] == ["ERR-004-data", "ENV-06", "CBK-07", "ENV-05"]
    assert [cause.counts for cause in found] == [True, True, False, False]
    assert in_short(found) == "2 causes, first: ERR-004-data is wrong: Success"


@pytest.mark.parametrize("seen", ["17958305{:02}000", "2026-11-28T01:50:{:02}Z", "17958305{:02}.5"])
def test_a_fault_of_every_second_is_one_cause(seen: str) -> None:
    """Calls are answered in different seconds, and what is wrong with the form of their times is the same."""
    late = [
        msgspec.structs.replace(
            failed("TIM-01", reason=f"Timestamp is {told}", where="/ClICKATELLSDK/Timestamp, line 2", observed=told),
            call=call,
        )
        for call, told in (("get_list_callback", seen.format(1)), ("get_list_country", seen.format(42)))
    ]
    assert len(causes(reported(*late))) == 1


def test_whatever_is_waived_is_told_beside_what_fails() -> None:
    """Also of a cause that breaks more than that: else its requirements would all seem to count."""
    note = WaiverNote(reason="known", expires="2999-01-01")
    one, other = (failed(name, where="/ClICKATELLSDK, line 2", observed="X") for name in ("ENV-03", "ENV-02"))
    said = summary(reported(msgspec.structs.replace(one, waiver=note), other), width=300, color=False, reports=None)
    assert "with 1 must requirement waived" in said
    assert "WAIVED  ENV-03 (must) until 2999-01-01: known" in said


def test_every_output_tells_the_same_causes_in_the_same_order() -> None:
    report = judged("pairs_as_attributes")
    for text in (summary(report, width=300, color=False, reports=None), summary_md(report)):
        body = text.replace("`", "").partition("What to fix")[2] or text.partition("FAIL")[2]
        places = [body.index(cause.sentence) for cause in causes(report)]
        assert places == sorted(places)
