"""Three calls that no page documents, judged together: a list, a record made from parameters, an empty answer.

They are data alone (tests/three_calls): a contract in which they lie is judged by the code that judges the page's call.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import anyio
import pytest

from conformance.commands.guard import guarded
from conformance.contract.given import ConfigError
from conformance.contract.load import folder, load
from conformance.contract.model import Contract
from conformance.contract.purpose import OF_PARAMETERS, Kind
from conformance.evidence.exchange import Evidence
from conformance.evidence.from_har import from_har
from conformance.evidence.redaction import Redaction
from conformance.evidence.to_har import to_har
from conformance.probes import plan as plans
from conformance.reference.starting import application
from conformance.selftest.answers import InProcess
from conformance.selftest.mutants import Mutant, derived
from conformance.selftest.prove import ROLL_UP
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.target.asked import left_out
from conformance.target.target import Target, target
from conformance.verdicts.findings import standing
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, ExitCode, Report

CALLS = ("get_list_colour", "knock", "show_parcel")
PIN = "4711-&-<pin>-08154711"
OWN = Path(__file__).parent / "three_calls"


def laid(place: Path) -> Path:
    """A contract's folder with the three calls in it."""
    shutil.copytree(folder("schemas"), place, dirs_exist_ok=True)
    shutil.copytree(OWN / "calls", place / "calls", dirs_exist_ok=True)
    with (place / "requirements.toml").open("a", encoding="utf-8") as file:
        file.write((OWN / "requirements.toml").read_text(encoding="utf-8"))
    return place


@cache
def schemas() -> Path:
    return laid(Path(mkdtemp(prefix="three-calls-")))


@cache
def contract() -> Contract:
    return load(schemas())


def subject(**settings: object) -> Target:
    states = {code: {"headers": {"X-Reference-State": code}} for code in ("004", "007", "008", "999")}
    usual = {
        "endpoint": "https://localhost/0123456789abcdef0123456789abcdef",
        "http_endpoint": "http://localhost/",
        "calls": list(CALLS),
        "values": {"depot": "north", "pin": PIN},
        "states": states,
        "allow_hostile_requests": True,
    }
    return target("three", usual | settings, contract(), environment={})


def recorded(judged: Target) -> Evidence:
    app = application(schemas=schemas())
    plan = plans.plan(contract(), judged, plans.EVERYTHING)
    plan = replace(plan, together=(*plan.together, *plan.asides.values()))  # for answers that are made wrong later
    began = time.time()
    wire = Wire(judged, Limits(), seed=1, dialer=InProcess(app, judged))
    return evidence_of(judged, anyio.run(wire.session, plan), seed=1, started=began)


@cache
def evidence(binding: str = "body-xml") -> Evidence:
    return recorded(subject(binding=binding))


def judged(seen: Evidence) -> Report:
    return judge_evidence(seen, contract(), Terms())


def failed(report: Report) -> set[str]:
    return {row.address for row in report.requirements if row.verdict is Verdict.FAIL}


# The correct endpoint


@pytest.mark.parametrize("binding", ["query-xml", "form-xml", "body-xml", "query-params"])
def test_the_correct_endpoint_conforms_with_nothing_subtracted(binding: str) -> None:
    report = judged(evidence(binding))
    open_or_wrong = {
        row.address: (row.verdict, row.reason)
        for row in report.requirements
        if row.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}
    }
    assert not open_or_wrong
    assert report.verdict is Claim.CONFORMING
    assert not report.scope.narrowed


def test_each_call_has_judgements_of_its_own() -> None:
    rows = judged(evidence()).requirements
    assert {row.call for row in rows if row.id == "ENV-05"} == set(CALLS)
    assert {row.call for row in rows if row.id == "TLS-01"} == {""}
    assert {row.call for row in rows if row.id.startswith("CLR-")} == {"get_list_colour"}
    assert not [row.id for row in rows if row.id.startswith("CBK-")], "another call's"
    checks = [check.id for row in rows for check in row.checks]
    assert len(set(checks)) == len(checks)


def test_what_reads_every_request_alike_is_looked_at_once() -> None:
    by_call = {name: [e for e in evidence().exchanges if e.purpose.call == name] for name in CALLS}
    assert {kind for kind in (Kind.CLAIM, Kind.PORT, Kind.HOSTILE) for e in by_call["knock"] if e.kind is kind} == set()
    assert len(by_call["get_list_colour"]) > 150
    assert all(20 < len(by_call[name]) < 45 for name in CALLS[1:])


def test_the_evidence_is_judged_alike_when_it_is_read_again() -> None:
    again = from_har(to_har(evidence(), creator_version="1"))
    assert again.calls == CALLS
    first, second = (judged(seen).requirements for seen in (evidence(), again))
    assert [(r.address, r.verdict) for r in first] == [(r.address, r.verdict) for r in second]


def test_a_call_that_an_option_leaves_out_narrows_the_scope() -> None:
    report = judged(replace(evidence(), left_out=("get_list_country",)))
    assert report.scope.narrowed
    assert standing(report) == "conforming in part"
    assert left_out([], ("knock",), contract()) == ("get_list_callback",)
    unasked = {name for name, call in contract().calls.items() if call.row.effect != "changes"}
    assert set(left_out(["*"], CALLS, contract())) == unasked - set(CALLS)
    assert left_out(["knock"], ("knock", "show_parcel"), contract()) == ()


# Parameters


def test_no_request_loses_a_parameter() -> None:
    probes = plans.plan(contract(), subject(), plans.EVERYTHING).probes
    wrong = {Kind.SCHEMA, *OF_PARAMETERS}
    asked = [p for p in probes if p.purpose.call == "show_parcel" and p.kind not in wrong]
    lost = [p.id for p in asked if not all(f"<{name}>".encode() in p.document for name in ("size", "depot", "pin"))]
    assert asked
    assert not lost


@pytest.mark.parametrize("binding", ["query-xml", "form-xml", "body-xml", "query-params"])
def test_a_secret_parameter_is_nowhere_in_what_is_shown(binding: str) -> None:
    seen = evidence(binding)
    assert not Redaction(seen).leaks()
    har = to_har(seen, creator_version="1")
    assert b"4711-" not in har
    assert b"08154711" not in har
    assert b"[pin]" in har
    reproduced = " ".join(e.reproduce for e in seen.exchanges)
    assert "08154711" not in reproduced
    assert '"$PIN"' in reproduced


def test_a_value_that_only_the_target_knows_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="values: depot is missing: only you know one"):
        subject(values={"pin": PIN})
    with pytest.raises(ConfigError, match=r"values\.size: 'huge' is none of its values; allowed: small, large"):
        subject(values={"depot": "north", "pin": PIN, "size": "huge"})
    with pytest.raises(ConfigError, match=r"values: no call has a parameter 'colour'; allowed: .*size, depot, pin"):
        subject(values={"depot": "north", "pin": PIN, "colour": "1"})
    with pytest.raises(
        ConfigError,
        match=r"calls: no call is named 'knok' \(did you mean knock\?\); allowed: .*get_list_callback, get_list_col",
    ):
        subject(calls=["knok"])
    assert subject(calls=["get_list_colour"], values={}).calls == ("get_list_colour",)


# Mutants


def mutants() -> Iterator[Mutant]:
    yield from (mutant for mutant in derived(contract()) if mutant.call in CALLS)


def wronged(mutant: Mutant) -> Evidence:
    """The evidence as an endpoint with this fault would have left it: its own call's answers, and no other's."""
    rewrite = mutant.rewrite or mutant.rewrite_errors
    assert rewrite
    word = b"<Result>Success</Result>" if mutant.rewrite else b"<Result>Error</Result>"
    exchanges = []
    made: dict[bytes, bytes] = {}
    for exchange in evidence().exchanges:
        answer = exchange.answer
        if answer and word in answer.body and exchange.purpose.call == mutant.call:
            body = made.setdefault(answer.body, rewrite(answer.body))
            exchanges.append(replace(exchange, answer=replace(answer, body=body)))
        else:
            exchanges.append(exchange)
    return replace(evidence(), exchanges=tuple(exchanges))


@pytest.mark.parametrize("call", CALLS)
def test_every_mutant_is_killed_under_its_own_call_and_under_no_other(call: str) -> None:
    aimed = [mutant for mutant in mutants() if mutant.call == call]
    assert len(aimed) > 60
    for mutant in aimed:
        accused = failed(judged(wronged(mutant)))
        rows = contract().requirements
        missing = {f"{name}@{call}" if rows[name].scope == "call" else name for name in mutant.breaks} - accused
        assert not missing, mutant.id
        others = {name for name in accused if "@" in name and not name.endswith(f"@{call}")}
        assert not others, mutant.id
        allowed = {*mutant.breaks, *mutant.also, ROLL_UP}
        stray = {name for name in accused if rows[name.partition("@")[0]].level == "must"}
        assert {name.partition("@")[0] for name in stray} <= allowed, mutant.id


def test_a_command_says_which_row_is_broken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = laid(tmp_path / "schemas")
    (place / "calls/knock/samples/request.xml").unlink()
    assert guarded(lambda: len(load(place).calls)) == ExitCode.INTERNAL_ERROR
    told = capsys.readouterr().err
    assert told.startswith("connect-conformance: the contract cannot be loaded: calls/knock/samples/request.xml: ")
    assert told.count("\n") == 1
