"""Calls that change something: sent where a target allows them by name, once each, and no login behind a failed one."""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from conformance.commands.cli import main
from conformance.commands.doctor import _effects
from conformance.commands.listing import listing, unsent
from conformance.contract.given import ConfigError
from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.exchange import Evidence
from conformance.evidence.from_har import from_har
from conformance.evidence.redaction import Redaction
from conformance.evidence.to_har import to_har
from conformance.probes import plan as plans
from conformance.probes.preflight import in_states, preflight
from conformance.reference.app import Application, Rewrite
from conformance.reference.provisions import VALUES
from conformance.reference.starting import application
from conformance.selftest.answers import InProcess
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.target.from_options import provisioned
from conformance.target.target import Target, target
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import Verdict
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
NEEDED = {"validate_activation_sms": ("send_activation_sms",)}


def subject(**settings: object) -> Target:
    usual = {
        "endpoint": f"https://localhost/{TOKEN}",
        "http_endpoint": "http://localhost/",
        "calls": ["*"],
        "allow_effects": ["*"],
        "values": VALUES,
    }
    return target("staging", usual | settings, CONTRACT, environment={})


def plan(judged: Target) -> plans.Plan:
    return plans.plan(CONTRACT, judged, plans.EVERYTHING)


def brief(judged: Target) -> plans.Plan:
    """What is sent of those that change something, and what it needs."""
    wishes = frozenset(Purpose(Kind(kind), call) for call in CHANGING for kind in CONTRACT.calls[call].shown)
    return replace(plans.plan(CONTRACT, judged, wishes), last=(), handshakes=False)


def recorded(judged: Target, rewrite: Rewrite | None = None, app: Application | None = None) -> Evidence:
    began = time.time()
    dialer = InProcess(app or application(rewrite=rewrite), judged)
    return evidence_of(
        judged,
        anyio.run(Wire(judged, Limits(), seed=1, dialer=dialer).session, brief(judged)),
        seed=1,
        started=began,
    )


@cache
def evidence() -> Evidence:
    return recorded(subject())


# What is sent


def test_each_request_is_sent_once_in_turn_and_in_a_form() -> None:
    made = [p for p in plan(subject()).effects if p.purpose.call in CHANGING]
    assert list(dict.fromkeys(probe.purpose.call for probe in made)) == IN_TURN
    sent = [e for e in evidence().exchanges if e.purpose.call in CHANGING]
    assert [e.probe for e in sent] == [probe.id for probe in made]
    assert len({e.probe for e in sent}) == len(sent)
    documented = Counter(e.purpose.call for e in sent if e.kind is Kind.DOCUMENTED)
    assert documented == Counter([*IN_TURN, "authenticate_user"])
    assert {(e.request.method, e.binding) for e in sent} == {("POST", "form-xml")}
    assert not [e for e in evidence().exchanges if "Secret123" in e.request.url]
    assert len([e for e in sent if e.purpose.call == "register"]) < 40, "never in bulk"


def test_no_account_fails_to_log_in_twice_in_a_row() -> None:
    """What may count as a failure stands between two logins of that account that succeed."""
    logins = [p for p in plan(subject()).effects if p.failed_login]
    risky = [n for n, probe in enumerate(logins) if probe.risky]
    assert {logins[n].purpose.call for n in risky} == {
        *("authenticate_user", "validate_activation_sms"),
        *("sms_activation_status", "create_connection", "buy_credits_url"),
    }
    for n in risky:
        user = dict(logins[n].parameters)["user"]
        of_user = [p for p in logins if dict(p.parameters).get("user") == user]
        here = of_user.index(logins[n])
        assert of_user[here + 1].kind is Kind.DOCUMENTED
        assert any(p.kind is Kind.DOCUMENTED for p in of_user[:here])
        assert not of_user[here - 1].risky


def test_what_is_tried_creates_nothing() -> None:
    app = application()
    recorded(subject(calls=["register", "get_captcha", "get_list_country", "get_list_account"]), app=app)
    assert app.service.accounts.named("somebody") is None
    tried = [
        p for p in plan(subject(values=VALUES | {"register.test_mode": "0"})).effects if p.purpose.call == "register"
    ]
    said = Counter(dict(p.parameters)["test_mode"] for p in tried)
    assert said["0"] == 1, "the documented request"


def test_each_request_that_uses_a_captcha_up_has_one_of_its_own() -> None:
    made = plan(subject()).effects
    for before, probe in pairwise(made):
        again = probe.id.startswith("refusal-of-used-captcha")
        assert (before.purpose.call == "get_captcha") is (bool(probe.spends) and not again), probe.id
    sent = [e for e in evidence().exchanges if e.purpose.call == "register" and e.kind is not Kind.DOCUMENTED]
    wrong = [e for e in sent if e.answer and b">403<" in e.answer.body]
    assert [e.probe for e in wrong] == ["refusal-of-used-captcha@register"]


@pytest.mark.parametrize(
    ("binding", "travels"),
    [("query-xml", "form-xml"), ("query-params", "form-xml"), ("form-xml", "form-xml")],
)
def test_a_password_never_stands_in_a_url(binding: str, travels: str) -> None:
    made = [p for p in plan(subject(binding=binding)).effects if p.purpose.call in CHANGING]
    assert {probe.binding for probe in made} == {travels}


def test_doctor_and_states_bring_none_about() -> None:
    judged = subject(states={"007": {"headers": {"X-Reference-State": "007"}}})
    for made in (preflight(CONTRACT, judged), in_states(CONTRACT, judged)):
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


def failing(**values: str) -> Evidence:
    return recorded(subject(calls=[READING, "get_captcha", "register", *IN_TURN[2:]], values=VALUES | values))


def test_no_login_is_tried_behind_one_that_failed() -> None:
    seen = failing(password="Secret124", **{"register.password": "Secret123"})
    sent = [e for e in seen.exchanges if e.purpose.call in CHANGING and b"password" in e.request.body]
    tried = [e for e in sent if e.purpose.call not in {"register", "forgot_password"} and b"user%3E" in e.request.body]
    assert [e.probe for e in tried] == ["documented-1@authenticate_user"]
    report = judge_evidence(seen, CONTRACT, Terms())
    row = next(r for r in report.requirements if r.address == "ENV-03@create_connection")
    assert row.verdict is Verdict.INCONCLUSIVE
    assert row.reason == (
        "authenticate_user was answered with 404: no further login was tried, as two that fail lock an account"
    )
    assert next(r for r in report.requirements if r.address == "ENV-03@register").verdict is Verdict.PASS


def test_another_error_stops_nothing() -> None:
    seen = failing(**{"validate_activation_sms.sms_activation_code": "99999"})
    documented = [e for e in seen.exchanges if e.purpose.call in CHANGING and e.kind is Kind.DOCUMENTED]
    assert list(dict.fromkeys(e.purpose.call for e in documented)) == ["register", *IN_TURN[2:]]


# What it amounts to


def test_the_reference_endpoint_keeps_all_that_they_state() -> None:
    report = judge_evidence(evidence(), CONTRACT, Terms())
    rows = [row for row in report.requirements if row.call in CHANGING]
    assert {row.call for row in rows} == set(CHANGING)
    assert {row.verdict for row in rows} == {Verdict.PASS}
    of_one = {row.id for row in rows if row.call == "register"}
    assert {"REQ-01", "REQ-02", "ENV-01", "ENV-03", "ENV-05", "TIM-01", "TIM-02"} <= of_one
    assert {"PRM-01", "PRM-02", "PRM-04", "PRM-08", "ACT-01", "ERR-ANY", "TIM-05", "TIM-06"} <= of_one
    assert not of_one & {"REQ-04", "TIM-04", "ERR-009-code"}, "which take more"


def test_what_is_used_up_is_nobodys_fault() -> None:
    """A second run against the same endpoint finds its account activated, and says so."""
    app = application()
    recorded(subject(), app=app)
    report = judge_evidence(recorded(subject(), app=app), CONTRACT, Terms())
    assert not [r.address for r in report.requirements if r.verdict is Verdict.FAIL]
    open_ = {r.call: r.reason for r in report.requirements if r.verdict is Verdict.INCONCLUSIVE and r.id == "REQ-02"}
    needed = "an account whose mobile number is not confirmed"
    why = f"is answered with 108, Account already SMS activated: it needs {needed}"
    used_up = ("send_activation_sms", "validate_activation_sms")
    assert {call: open_[call] for call in CHANGING if call in open_} == {
        call: f"{call} {why} (`values` of the target)" for call in used_up
    }


def test_another_error_to_the_documented_request_is_a_fault() -> None:
    def refused(body: bytes) -> bytes:
        return (
            body.replace(b">Success<", b">Error<").replace(
                b"<Values />", b"<Error>999</Error><Description>Unknown error</Description>"
            )
            if b">register<" in body
            else body
        )

    report = judge_evidence(recorded(subject(calls=[READING, "get_captcha", "register"]), refused), CONTRACT, Terms())
    assert "REQ-02@register" in {r.address for r in report.requirements if r.verdict is Verdict.FAIL}


def test_a_captcha_of_ones_own_is_used_once_and_leaves_the_rest_open() -> None:
    own = {"register.captcha_id": "0" * 32, "register.captcha_code": "00000"}
    judged = subject(calls=[READING, "register"], values=VALUES | own)
    sent = [p.id.partition("@")[0] for p in plan(judged).effects]
    assert sent == [
        "parameter-captcha_id-missing",
        "value-captcha_id-unlisted",
        "documented-1",
        "refusal-of-used-captcha",
    ]
    report = judge_evidence(recorded(judged), CONTRACT, Terms())
    rows = {r.id: r for r in report.requirements if r.call == "register"}
    assert rows["PRM-01"].verdict is Verdict.INCONCLUSIVE
    assert rows["PRM-01"].reason.startswith(
        "register uses a value of get_captcha up with each request: leave captcha_id"
    )


@pytest.mark.parametrize("call", CHANGING)
def test_a_wrong_answer_is_accused_under_its_call_alone(call: str) -> None:
    def wrong(body: bytes) -> bytes:
        return body.replace(b"<Timestamp>", b"<Timestamp>0") if f">{call}<".encode() in body else body

    seen = recorded(subject(calls=[READING, "get_captcha", call, *NEEDED.get(call, ())]), wrong)
    failed = {r.address for r in judge_evidence(seen, CONTRACT, Terms()).requirements if r.verdict is Verdict.FAIL}
    assert f"TIM-01@{call}" in failed or f"TIM-05@{call}" in failed
    assert {name.partition("@")[2] for name in failed} == {call}


@pytest.mark.parametrize("root", ["CLICKATELLSDK", "ClICKATELLSDK", "clickatellsdk"])
def test_two_calls_have_either_root_that_the_guide_prints(root: str) -> None:
    def spelled(body: bytes) -> bytes:
        return re.sub(b"(</?)[a-zA-Z]+SDK>", b"\\1" + root.encode() + b">", body)

    calls = ["create_connection", "buy_credits_url"]
    seen = recorded(subject(calls=[READING, *calls]), spelled)
    rows = [r for r in judge_evidence(seen, CONTRACT, Terms()).requirements if r.id == "ENV-03" and r.call in calls]
    assert {r.verdict for r in rows} == {Verdict.FAIL if root == "clickatellsdk" else Verdict.PASS}
    assert {r.title for r in rows} == {"The root element is one of the two that the guide prints, in no namespace."}


def test_the_recording_is_judged_alike_and_says_nothing_of_the_account() -> None:
    redaction = Redaction(evidence())
    assert not redaction.leaks()
    har = to_har(evidence(), creator_version="1")
    again, first = (judge_evidence(one, CONTRACT, Terms()) for one in (from_har(har), evidence()))
    assert [(r.address, r.verdict) for r in again.requirements] == [(r.address, r.verdict) for r in first.requirements]
    for private in (
        b"Secret123",
        b"263000000001",
        b"forgetful@",
        b"newcomer@",
        b">1234567<",
        b"A1B2C3",
    ):
        assert private not in har, private


# What is said before, and refused


def test_what_will_change_is_listed_before_anything_is_sent() -> None:
    text = listing(CONTRACT, subject(), Terms())
    for name in CHANGING:
        often = "twice" if name == "authenticate_user" else "once"
        changes = re.escape(CONTRACT.calls[name].row.changes)
        assert re.search(
            rf"Changes something: {name}, sent {often}, and \d+ times so that it must be refused: {changes}",
            text,
        )
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


def test_what_is_allowed_and_not_asked_for_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = ["run", "--endpoint", "reference", "--list", "--allow-effects", "register"]
    assert main(asked) == 0
    assert (
        capsys.readouterr().err.count("--allow-effects register: that allows it, and nothing of it is asked for") == 1
    )
    assert main([*asked, "--call", "register", "--call", "get_captcha"]) == 0
    assert "that allows it" not in capsys.readouterr().err


def test_a_captcha_for_each_request_is_asked_for_in_one_line() -> None:
    with pytest.raises(
        ConfigError, match=r"captcha_id is missing: .*; allowed: get_captcha among the calls, whose own"
    ):
        subject(calls=[READING, "register"])


def test_by_default_none_is_among_the_calls() -> None:
    assert not set(subject(calls=["*"], allow_effects=[]).calls) & set(CHANGING)
    assert subject(calls=["*"]).calls[0] == READING
    assert subject(calls=["*", "register"], allow_effects=["reg*"]).calls[-1] == "register"


def refused() -> Iterator[tuple[dict[str, object], str]]:
    yield (
        {"calls": [READING, *CHANGING], "allow_effects": []},
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
        "values: no call has a parameter 'register.shoe_size'",
    )
    yield (
        {"values": VALUES | {"register.email_format": "3"}},
        r"values\.register\.email_format: '3' is none of",
    )
    yield (
        {"values": VALUES | {"create_connection.connection_id": "HTTP API"}},
        r"connection_id: 'HTTP API' is nothing that create_connection may be asked with; allowed: a non-neg",
    )
    yield (
        {"values": VALUES | {"password": "Tr0ub-dor&3"}},
        r"values\.password: it is nothing that register may be asked with; allowed: six to 32 ASCII letters and",
    )


@pytest.mark.parametrize(("settings", "says"), list(refused()), ids=lambda value: str(value)[:40])
def test_a_wrong_setting_is_refused_in_one_line(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as told:
        subject(**settings)
    assert "\n" not in str(told.value)


def test_the_embedded_endpoint_brings_its_account_where_it_is_asked_for() -> None:
    running = argparse.Namespace(https_url="https://localhost/T", http_url="http://localhost/", ca_file="ca.pem")
    assert provisioned(running, CONTRACT, account=True)["values"] == VALUES  # type: ignore[arg-type]
    assert "values" not in provisioned(running, CONTRACT)  # type: ignore[arg-type]


def test_a_run_says_conforming_of_them_only_where_all_else_is_judged() -> None:
    report = judge_evidence(evidence(), CONTRACT, Terms())
    assert report.verdict is not Claim.NONCONFORMING
    assert not report.scope.narrowed
