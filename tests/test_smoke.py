"""A smoke run: the requests that find most, what they find, and that nothing else is said."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest

from conformance import ConfigError, Target, Terms, judge, record, reference
from conformance.contract.levels import LEVELS
from conformance.contract.load import documented
from conformance.contract.purpose import LEFT_OUT, PLAIN_HTTP
from conformance.contract.worth import Worth, general, measured
from conformance.evidence.exchange import Evidence
from conformance.probes import plan as plans
from conformance.probes.plan import Plan
from conformance.selftest.answers import ready
from conformance.selftest.trials import Trial, trials
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, Report
from tests.command import run
from tests.test_api import STATES, at
from tests.worth import fixed, was_chosen

CONTRACT = documented()
USUAL = 20
OF_THE_PAGE = trials(calls=(CONTRACT.call.name,))
CORRECT = [trial for trial in OF_THE_PAGE if trial.kind == "correct" and not trial.wire]
UNCHOSEN = [
    trial
    for trial in OF_THE_PAGE
    if trial.kind == "mutant" and not trial.wire and not was_chosen(trial.id) and trial.binding == "query-xml"
]
PARTS = 4


def planned(smoke: int = USUAL, **settings: Any) -> Plan:
    known: dict[str, Any] = {"states": STATES, "allow_hostile_requests": True} | settings
    target = Target.of("https://staging.example.com/0123456789abcdef", **known)
    return plans.plan(CONTRACT, target, plans.EVERYTHING, smoke=smoke)


def smoked(trials: list[Trial]) -> dict[str, Report]:
    """What smoke runs say of variants, in one event loop."""
    made: dict[str, Report] = {}

    async def one(trial: Trial) -> None:
        with ready(trial, CONTRACT) as (subject, dialer):
            plan, began = plans.plan(CONTRACT, subject, plans.EVERYTHING, smoke=USUAL), time.time()
            recording = await Wire(subject, Limits(), seed=1, dialer=dialer).session(plan)
        evidence = evidence_of(subject, recording, seed=1, started=began, wishes=plans.EVERYTHING, smoke=USUAL)
        made[trial.id] = judge_evidence(evidence, CONTRACT, Terms())

    async def everything() -> None:
        for trial in trials:
            await one(trial)

    anyio.run(everything)
    return made


@cache
def seen() -> Evidence:
    """A smoke run against the reference endpoint."""
    with reference.start() as running:
        return record(at(running), smoke=USUAL)


# The choice


def test_it_sends_as_many_requests_as_are_asked_for() -> None:
    for most in (2, 5, USUAL, 60):
        made = planned(most)
        assert len(made.probes) == most
        assert made.rounds(8) <= most


def test_the_documented_request_of_every_call_comes_first() -> None:
    calls = ("get_list_callback", "get_list_country", "get_captcha")
    made = planned(calls=calls)
    assert [p.purpose.call for p in made.probes[:3]] == list(calls)
    assert {p.purpose.label for p in made.probes[:3]} == {"documented"}
    assert len(made.probes) == USUAL


def test_every_control_is_among_them() -> None:
    for most in range(2, 60):
        made = planned(most)
        ids = {probe.id for probe in made.probes}
        assert {probe.control for probe in made.probes} <= ids | {""} | made.asides.keys()


def test_the_last_request_is_the_documented_one() -> None:
    """What must be refused shows nothing where the documented request does not succeed after it."""
    assert planned().probes[-1].purpose.label == "documented"
    assert not planned().late


def test_a_longer_run_sends_what_a_shorter_one_does() -> None:
    assert {p.id for p in planned(10).probes} < {p.id for p in planned(20).probes}


def test_too_few_for_the_calls_are_refused() -> None:
    with pytest.raises(ConfigError, match="allowed with these calls: 8 or more"):
        planned(5, calls=["*"])


def test_commands_are_run_for_no_state() -> None:
    states = {"004": {"setup": ["true"], "teardown": ["true"]}}
    made = planned(states=states)
    assert not made.states
    assert made.gaps["state-004"] == LEFT_OUT


# The data


def test_the_data_is_current() -> None:
    """Where this fails, `python -m tests.worth` measures it anew."""
    data, plan = measured(), planned(0)
    assert set(data.requests) == {general(probe.id, "query-xml") for probe in fixed(plan).probes}
    known = {name for fault in data.faults for name in (*fault.chosen, *fault.counted)}
    mutants = {t.id for t in OF_THE_PAGE if t.kind == "mutant" and t.binding == "query-xml"}
    assert len(known ^ mutants) <= len(mutants) // 50
    for fault in data.faults:
        assert all(map(was_chosen, fault.chosen))
        assert not any(map(was_chosen, fault.counted))


def test_what_finds_most_is_sent_first() -> None:
    worth = Worth("query-xml")
    rest = [p for p in planned(0).together if p.purpose.label != "documented" and "close" not in str(p.headers)]
    places = [worth.place(p.id) for p in rest if p.form == rest[0].form and not p.fresh]
    assert places == sorted(places)


def test_a_promise_grows_with_the_requests() -> None:
    worth = Worth("query-xml")
    for level in LEVELS:
        finds = [worth.finds([p.id for p in planned(most).probes], level) for most in (2, 10, 20, 60)]
        assert finds == sorted(finds)
        assert 75 < finds[2] < 95
    without = planned(states={}, allow_hostile_requests=False)
    assert worth.finds([p.id for p in without.probes], "must") < worth.finds([p.id for p in planned().probes], "must")


# What it says


def test_nothing_found_is_no_verdict() -> None:
    report = judge(seen())
    assert report.exit_code == 0
    assert report.verdict is Claim.INCONCLUSIVE
    assert report.scope.narrowed
    assert report.scope.smoke is not None
    assert report.scope.smoke.requests == USUAL == len(seen().exchanges)
    assert not [r.id for r in report.requirements if r.verdict is Verdict.PASS]
    assert not [r.id for r in report.requirements if r.selected]


def test_a_failure_is_told() -> None:
    with reference.start(variant="root_all_capitals") as running:
        report = judge(record(at(running), smoke=USUAL))
    assert report.exit_code == 1
    assert {r.id for r in report.requirements if r.selected} == {"ENV-02", "ENV-03"}


def test_nobody_there_is_no_success() -> None:
    dead = Target.of("https://127.0.0.1:9/0123456789abcdef", http_endpoint="http://127.0.0.1:9/")
    report = judge(record(dead, smoke=USUAL))
    assert report.exit_code == 10
    assert report.scope.smoke is not None
    assert report.scope.smoke.finds == 0


def test_a_requirement_passes_where_all_was_sent_that_shows_it() -> None:
    """The rule of completeness holds: no pass where a kind was sent in part, none by a check that looks at all."""
    everything = replace(seen(), gaps={})
    assert [r for r in judge_evidence(everything, CONTRACT, Terms()).requirements if r.verdict is Verdict.PASS]
    assert LEFT_OUT in seen().gaps.values()


@pytest.mark.parametrize("part", range(PARTS))
def test_no_correct_variant_is_accused(part: int) -> None:
    accused = {
        (name, one.id)
        for name, report in smoked(CORRECT[part::PARTS]).items()
        for one in report.requirements
        if one.verdict in {Verdict.FAIL, Verdict.ERROR} and one.level != "advisory"
    }
    allowed = {(trial.id, name) for trial in CORRECT for name in trial.also}
    assert not accused - allowed


def test_the_promise_is_what_it_finds() -> None:
    """Of mutants that took no part in the choice, within five points."""
    reports = smoked(UNCHOSEN[::3])
    broken = {trial.id: {CONTRACT.requirements[name].level for name in trial.breaks} for trial in UNCHOSEN[::3]}
    must = [name for name, levels in broken.items() if "must" in levels]
    found = 100 * sum(reports[name].exit_code == 1 for name in must) / len(must)
    promise = judge(seen()).scope.smoke
    assert promise is not None
    assert abs(found - promise.finds) <= 5, f"{found:.0f} % of {len(must)} found"


# The command


def test_the_command(tmp_path: Path) -> None:
    done = run("run", "--endpoint", "reference", "--smoke", "--reports", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    promise = judge(seen()).scope.smoke
    assert promise is not None
    assert f"NOTHING FOUND by 20 requests, which find {promise.finds} % of the known faults\n" in done.stdout
    assert "CONFORMING" not in done.stdout
    said = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert said["scope"]["smoke"] == {"requests": 20, "finds": promise.finds}
    assert 'failures="0"' in (tmp_path / "out" / "junit.xml").read_text(encoding="utf-8")
    again = run("replay", "out/evidence.har", "--reports", "again", cwd=tmp_path)
    assert again.returncode == 0
    assert again.stdout.splitlines()[0] == done.stdout.splitlines()[0]
    packed = run("package", "out", "-o", "p.zip", cwd=tmp_path)
    assert packed.returncode == 0, packed.stderr
    assert "smoke run of 20 requests" in packed.stderr
    checked = run("verify", "p.zip", cwd=tmp_path)
    assert "by a smoke run of 20 requests" in checked.stdout
    assert checked.returncode == 10
    assert "FAILED" not in "".join(line for line in checked.stdout.splitlines()[:-1] if "scope" not in line)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--smoke", "1"), "from 2 to 1000"),
        (("--smoke", "--select", "ENV-*"), "neither --select nor --deselect"),
        (("--smoke", "5", "--call", "*"), "allowed with these calls"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = run("run", "--endpoint", "reference", *words, cwd=tmp_path)
    assert done.returncode == 4
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_list_says_what_each_request_is_there_for(tmp_path: Path) -> None:
    done = run("run", "--endpoint", "reference", "--smoke", "--list", cwd=tmp_path)
    assert done.returncode == 0
    assert "for TLS-01, TLS-02" in done.stdout
    assert "the control of" in done.stdout
    assert f"the state of {PLAIN_HTTP}" not in done.stdout


def test_a_policy_is_not_kept_by_it(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('level = "must"\n', encoding="utf-8")
    done = run("run", "--endpoint", "reference", "--smoke", "--policy", "policy.toml", cwd=tmp_path)
    assert done.returncode == 10
    assert "NOTHING FOUND" not in done.stdout
