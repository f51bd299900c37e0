"""Calls that change something: sent where a target allows them by name, once each, and no login behind a failed one."""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache

import anyio
import pytest

from conformance.checks.outcome import Verdict
from conformance.commands.doctor import _effects
from conformance.commands.listing import listing, unsent
from conformance.evidence.exchange import Evidence
from conformance.evidence.recording import from_har, to_har
from conformance.evidence.redaction import Redaction
from conformance.probes import plan as plans
from conformance.probes.purpose import Kind
from conformance.reference.app import Rewrite
from conformance.reference.provisions import VALUES
from conformance.reference.starting import application
from conformance.selftest.prove import InProcess
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.target.configuration import ConfigError
from conformance.target.subject import provisioned
from conformance.target.target import Target, target
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim
from tests.evidence_factory import CONTRACT

TOKEN = "0123456789abcdef0123456789abcdef"
CHANGING = [name for name, call in CONTRACT.calls.items() if call.changes]
IN_TURN = [
    *("register", "resend_email_activation", "authenticate_user", "send_activation_sms"),
    *("validate_activation_sms", "sms_activation_status", "create_connection", "buy_credits_url"),
    "forgot_password",
]
READING = "get_list_callback"


def subject(**settings: object) -> Target:
    usual = {
        "endpoint": f"https://localhost/{TOKEN}",
        "http_endpoint": "http://localhost/",
        "calls": [READING, *CHANGING],
        "allow_effects": ["*"],
        "values": VALUES,
    }
    return target("staging", usual | settings, CONTRACT, environment={})


def plan(judged: Target) -> plans.Plan:
    return plans.plan(CONTRACT, judged, plans.EVERYTHING)


def recorded(judged: Target, rewrite: Rewrite | None = None) -> Evidence:
    began = time.time()
    wire = Wire(judged, Limits(), seed=1, dialer=InProcess(application(rewrite=rewrite), judged))
    return evidence_of(judged, anyio.run(wire.session, plan(judged)), seed=1, started=began)


@cache
def evidence() -> Evidence:
    return recorded(subject())


# What is sent


def test_each_is_sent_once_in_turn_and_in_a_form() -> None:
    made = plan(subject())
    assert [probe.purpose.call for probe in made.effects] == IN_TURN
    counted = Counter(e.purpose.call for e in evidence().exchanges)
    assert {counted[name] for name in CHANGING} == {1}
    sent = [e for e in evidence().exchanges if e.purpose.call in CHANGING]
    assert [e.purpose.call for e in sent] == IN_TURN
    assert {(e.request.method, e.binding, e.purpose.kind) for e in sent} == {
        ("POST", "form-xml", Kind.DOCUMENTED)
    }
    assert not [e for e in evidence().exchanges if "Secret123" in e.request.url]


@pytest.mark.parametrize(
    ("binding", "travels"),
    [("query-xml", "form-xml"), ("query-params", "form-xml"), ("form-xml", "form-xml")],
)
def test_a_password_never_stands_in_a_url(binding: str, travels: str) -> None:
    assert {probe.binding for probe in plan(subject(binding=binding)).effects} == {travels}


def test_doctor_and_states_bring_none_about() -> None:
    judged = subject(states={"007": {"headers": {"X-Reference-State": "007"}}})
    for made in (plans.preflight(CONTRACT, judged), plans.in_states(CONTRACT, judged)):
        assert not made.effects
    assert not {probe.purpose.call for probe in plan(judged).probes if probe.state} & set(CHANGING)


def test_an_optional_value_is_sent_to_a_call_that_it_names() -> None:
    """What everybody may be told would change the number and the address of the account."""
    more = VALUES | {"mobile_number": "263000000077", "email_address": "other@example.com"}
    made = {p.purpose.call: dict(p.parameters) for p in plan(subject(values=more)).effects}
    assert "mobile_number" not in made["send_activation_sms"]
    assert "email_address" in made["forgot_password"]
    named = VALUES | {"send_activation_sms.mobile_number": "263000000077"}
    made = {p.purpose.call: dict(p.parameters) for p in plan(subject(values=named)).effects}
    assert "mobile_number" in made["send_activation_sms"]


# What a failed login stops


def failing(call: str, **values: str) -> Evidence:
    return recorded(subject(calls=[READING, "register", *IN_TURN[2:]], values=VALUES | values))


def test_no_login_is_tried_behind_one_that_failed() -> None:
    seen = failing("authenticate_user", password="Secret124", **{"register.password": "Secret123"})
    sent = [e.purpose.call for e in seen.exchanges if e.purpose.call in CHANGING]
    assert sent == ["register", "authenticate_user", "forgot_password"]
    report = judge_evidence(seen, CONTRACT, Terms())
    row = next(r for r in report.requirements if r.address == "ENV-03@create_connection")
    assert row.verdict is Verdict.INCONCLUSIVE
    assert row.reason == (
        "authenticate_user was answered with 404: no further login was tried, as two that fail lock an account"
    )
    assert next(r for r in report.requirements if r.address == "ENV-03@register").verdict is Verdict.PASS


def test_another_error_stops_nothing() -> None:
    seen = failing("validate_activation_sms", **{"validate_activation_sms.sms_activation_code": "99999"})
    assert [e.purpose.call for e in seen.exchanges if e.purpose.call in CHANGING] == [
        "register",
        *IN_TURN[2:],
    ]


# What it amounts to


def test_the_reference_endpoint_keeps_all_that_one_answer_shows() -> None:
    report = judge_evidence(evidence(), CONTRACT, Terms())
    rows = [row for row in report.requirements if row.call in CHANGING]
    assert {row.call for row in rows} == set(CHANGING)
    assert {row.verdict for row in rows} == {Verdict.PASS}
    of_one = {row.id for row in rows if row.call == "register"}
    assert {"REQ-01", "REQ-02", "ENV-01", "ENV-03", "ENV-05", "TIM-01", "TIM-02"} <= of_one
    assert not of_one & {"REQ-04", "TIM-04", "ERR-009-code", "PRM-02"}, "which take more than one"


@pytest.mark.parametrize("call", CHANGING)
def test_a_wrong_answer_is_accused_under_its_call_alone(call: str) -> None:
    def wrong(body: bytes) -> bytes:
        return body.replace(b"<Timestamp>", b"<Timestamp>0") if f">{call}<".encode() in body else body

    needed = ["send_activation_sms"] if call == "validate_activation_sms" else []
    seen = recorded(subject(calls=[READING, call, *needed]), wrong)
    failed = {
        r.address for r in judge_evidence(seen, CONTRACT, Terms()).requirements if r.verdict is Verdict.FAIL
    }
    assert f"TIM-01@{call}" in failed
    assert {name.partition("@")[2] for name in failed} == {call}


@pytest.mark.parametrize("root", ["CLICKATELLSDK", "ClICKATELLSDK", "clickatellsdk"])
def test_two_calls_have_either_root_that_the_guide_prints(root: str) -> None:
    def spelled(body: bytes) -> bytes:
        return re.sub(b"(</?)[a-zA-Z]+SDK>", b"\\1" + root.encode() + b">", body)

    calls = ["create_connection", "buy_credits_url"]
    seen = recorded(subject(calls=[READING, *calls]), spelled)
    rows = [
        r
        for r in judge_evidence(seen, CONTRACT, Terms()).requirements
        if r.id == "ENV-03" and r.call in calls
    ]
    assert {r.verdict for r in rows} == {Verdict.FAIL if root == "clickatellsdk" else Verdict.PASS}
    assert {r.title for r in rows} == {
        "The root element is one of the two that the guide prints, in no namespace."
    }


def test_the_recording_is_judged_alike_and_says_nothing_of_the_account() -> None:
    redaction = Redaction(evidence())
    assert not redaction.leaks()
    har = to_har(evidence(), creator_version="1")
    again, first = (judge_evidence(one, CONTRACT, Terms()) for one in (from_har(har), evidence()))
    assert [(r.address, r.verdict) for r in again.requirements] == [
        (r.address, r.verdict) for r in first.requirements
    ]
    for private in (
        b"Secret123",
        b"263000000001",
        b"forgetful@",
        b"newcomer@",
        b"1234567",
        b"c0ffee0000",
        b"auth_id",
    ):
        assert private not in har, private


# What is said before, and refused


def test_what_will_change_is_listed_before_anything_is_sent() -> None:
    text = listing(CONTRACT, subject(), Terms())
    for name in CHANGING:
        assert f"Changes something: {name}, sent once: {CONTRACT.calls[name].row.changes}" in text
    told = [finding.text for finding in _effects(plan(subject()), CONTRACT, subject())]
    assert [text.partition(",")[0] for text in told] == IN_TURN


def test_what_is_not_sent_is_listed_with_the_lines_that_would_send_it() -> None:
    judged = subject(calls=["*"], allow_effects=["register"])
    ((text, lines),) = unsent(CONTRACT, judged)
    assert "create_connection" in text
    assert "register" not in text
    assert lines[0] == "[targets.staging]"
    assert lines[2:4] == ("[targets.staging.values]", 'user = "..."')
    assert f"Not sent: {text}" in listing(CONTRACT, judged, Terms())
    assert not list(unsent(CONTRACT, subject(calls=[READING], allow_effects=[])))


def test_by_default_none_is_among_the_calls() -> None:
    assert not set(subject(calls=["*"], allow_effects=[]).calls) & set(CHANGING)
    assert subject(calls=["*"]).calls[0] == READING
    assert subject(calls=["*", "register"], allow_effects=["reg*"]).calls[-1] == "register"


def refused() -> Iterator[tuple[dict[str, object], str]]:
    yield (
        {"allow_effects": []},
        r"calls: authenticate_user changes something, so it is not sent: it counts logins",
    )
    yield (
        {"allow_effects": ["get_captcha"]},
        "allow_effects: no call that changes something is named 'get_captcha'",
    )
    yield (
        {"calls": ["register"]},
        "calls: register would be all that is sent, and something has to be asked before",
    )
    yield (
        {"values": {k: v for k, v in VALUES.items() if k != "password"}},
        r'values: password is missing: .* for authenticate_user; allowed: a line password = "..." in that table',
    )
    yield (
        {"values": VALUES | {"register.shoe_size": "1"}},
        "values: no call has a parameter register.shoe_size",
    )
    yield (
        {"values": VALUES | {"register.email_format": "3"}},
        r"values\.register\.email_format: '3' is none of",
    )


@pytest.mark.parametrize(("settings", "says"), list(refused()), ids=lambda value: str(value)[:40])
def test_a_wrong_setting_is_refused_in_one_line(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as told:
        subject(**settings)
    assert "\n" not in str(told.value)


def test_the_embedded_endpoint_brings_its_account_where_it_is_asked_for() -> None:
    running = argparse.Namespace(
        https_url="https://localhost/T", http_url="http://localhost/", ca_file="ca.pem"
    )
    assert provisioned(running, CONTRACT, account=True)["values"] == VALUES  # type: ignore[arg-type]
    assert "values" not in provisioned(running, CONTRACT)  # type: ignore[arg-type]


def test_a_run_says_conforming_of_them_only_where_all_else_is_judged() -> None:
    report = judge_evidence(evidence(), CONTRACT, Terms())
    assert report.verdict is not Claim.NONCONFORMING
    assert not report.scope.narrowed
