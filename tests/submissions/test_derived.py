"""The plan of a run can be made again from what the run says of itself, on any machine."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conformance import __version__
from conformance.contract.purpose import Kind
from conformance.evidence import chain
from conformance.evidence.exchange import Evidence
from conformance.evidence.from_har import from_har
from conformance.evidence.to_har import to_har
from conformance.reference import Running, start
from conformance.run import record
from conformance.submissions.derived import Derived, NotDerivedError
from conformance.target.from_options import provisioned
from conformance.target.secrets import Secrets, is_drawn
from conformance.target.settings import BINDINGS
from conformance.target.target import target
from tests.submissions.conftest import CONTRACT, TOKEN, subject


def told_again(evidence: Evidence) -> Evidence:
    """What a file of it says."""
    return from_har(to_har(evidence, creator_version=__version__))


def differences(evidence: Evidence) -> list[str]:
    """What a recording has that the plan made again has not, or has otherwise."""
    derived, found = Derived(evidence, CONTRACT), []
    for exchange in evidence.exchanges:
        step = derived.step(exchange)
        if step is None:
            found.append(f"{exchange.probe} is not planned")
            continue
        probe = step.probe
        said = (exchange.request, exchange.title, exchange.purpose, exchange.binding, exchange.control)
        made = (derived.request(probe), probe.title, probe.purpose, probe.binding, probe.control)
        if said != made or exchange.reproduce != derived.reproduce(probe) or exchange.state != probe.state:
            found.append(exchange.probe)
    sent = {exchange.probe for exchange in evidence.exchanges}
    return found + [f"{name} is missing" for name, step in derived.steps.items() if step.owed and name not in sent]


SETTINGS: dict[str, dict[str, Any]] = {
    **{binding: {"binding": binding} for binding in BINDINGS},
    "a query that is secret": {"headers": {"X-Env": "staging"}, "http_token": "thr0w-away"},
    "a call with a secret of its own": {"calls": ["*"], "values": {"password": "pa55 & word"}},
    "no hostile requests": {"allow_hostile_requests": False, "states": {}},
    "a state by commands": {
        "states": {"004": {"headers": {"X-Reference-State": "004"}, "setup": ["true"], "teardown": ["true"]}}
    },
}


@pytest.mark.parametrize("what", SETTINGS)
def test_every_request_of_a_run_is_made_again(what: str, running: Running) -> None:
    if what == "a call with a secret of its own" and "password" not in {
        p.name for call in CONTRACT.calls.values() for p in call.parameters
    }:
        pytest.skip("the contract has no call with a secret parameter")
    evidence = told_again(record(subject(running, **SETTINGS[what]), seed=4_711, nonce="n"))
    assert differences(evidence) == []
    assert Derived(evidence, CONTRACT).undrawn == []


def test_what_a_finding_leads_to_is_made_again() -> None:
    with start(variant="action_taken_in_any_case") as broken:
        evidence = told_again(record(subject(broken), seed=3))
    assert differences(evidence) == []


def test_what_an_answer_called_for_is_missed() -> None:
    """Over plain HTTP anything but error 009 calls for its control: without it, a failure would be left open."""
    with start(variant="plain_http_moved_with_009") as broken:
        evidence = told_again(record(subject(broken), seed=3))
    assert differences(evidence) == []
    called = {e.probe for e in evidence.of(Kind.STAND_IN)}
    assert called
    others = tuple(e for e in evidence.exchanges if e.probe not in called)
    missed = differences(replace(evidence, exchanges=others))
    assert sorted(missed) == sorted(f"{name} is missing" for name in called)


def test_nothing_secret_is_needed_for_it(running: Running) -> None:
    evidence = record(subject(running), seed=5)
    written = to_har(evidence, creator_version=__version__).decode()
    assert "[token]" in written
    assert TOKEN not in written
    assert "gate-way-key" not in written
    assert "true" not in str(told_again(record(subject(running, **SETTINGS["a state by commands"]))).described)


def test_no_file_of_the_machine_is_named(running: Running, tmp_path: Path) -> None:
    """Neither the certificates, nor their folder, nor where commands start."""
    settings = {
        "states": {"004": {"headers": {"X-Reference-State": "004"}, "setup": ["true", "a-way"], "teardown": ["true"]}}
    }
    evidence = record(subject(running, **settings), seed=5)
    written = to_har(evidence, creator_version=__version__).decode()
    for text in (running.ca_file, Path(running.ca_file).parent, Path.cwd(), "a-way"):
        assert str(text) not in written
    assert 'curl --include --cacert \\"$CA_FILE\\" ' in written
    assert differences(told_again(evidence)) == []


def test_another_seed_is_another_plan(running: Running) -> None:
    evidence = told_again(record(subject(running), seed=6))
    other = replace(evidence, seed=7)
    assert any("explored" in line for line in differences(other))
    assert len(Derived(other, CONTRACT).undrawn) == 1


def test_a_recording_that_says_nothing_is_not_derived(running: Running) -> None:
    evidence = told_again(record(subject(running, states={}), seed=8))
    assert evidence.described
    with pytest.raises(NotDerivedError, match="does not say"):
        Derived(replace(evidence, described=None), CONTRACT)
    for key, value in {
        "calls": ["get_nothing"],
        "binding": "by post",
        "endpoint": "http://[",
        "more": 3,
    }.items():
        wrong = replace(evidence, described=type(evidence.described)(evidence.described.target | {key: value}, (), ()))
        with pytest.raises(NotDerivedError):
            Derived(wrong, CONTRACT)


@pytest.mark.parametrize("token", ["0123abcdef", "aGVsbG8%2Bd29ybGQ%3D%3D", "---", "7", "%C3%B6%C3%A4", "Zz-Az"])
def test_a_stand_in_is_known_to_be_drawn(token: str) -> None:
    secrets = Secrets()
    placeholder = secrets.hide(token)
    for seed in range(40):
        made = secrets.stand_in(placeholder, Random(f"{seed}"))
        assert made.lower() != token.lower()
        assert is_drawn(made, Random(f"{seed}"))
        other = "0" * 40 if made[:1] != "0" else "1" * 40
        assert not is_drawn(other, Random(f"{seed}"))


def test_the_chain_binds_settings_content_and_order(running: Running) -> None:
    log = json.loads(to_har(record(subject(running, states={})), creator_version=__version__))["log"]
    entries, run = log["entries"], log["_run"]

    def links(run: Any = run, entries: Any = entries) -> list[str]:
        return list(chain.links(run, entries))

    found = [entry["_chain"] for entry in entries]
    assert found == links()
    assert links(run | {"clock_tolerance": 301.0})[0] != found[0]
    edited = [*entries[:5], entries[5] | {"time": 0.5}, *entries[6:]]
    assert [a == b for a, b in zip(links(entries=edited), found, strict=True)].index(False) == 5
    assert links(entries=[*entries[:7], entries[8], entries[7], *entries[9:]])[-1] != found[-1]
    assert links(entries=entries[:-1]) == found[:-1]


def test_the_plan_is_the_same_in_another_process(running: Running, tmp_path: Path) -> None:
    """Hashes of texts are salted per process: nothing of the plan may follow from their order."""
    file = tmp_path / "evidence.har"
    file.write_bytes(to_har(record(subject(running), seed=9), creator_version=__version__))
    code = (
        "import sys; from pathlib import Path; from conformance.evidence.from_har import from_har;"
        "from tests.submissions.test_derived import differences;"
        "print(differences(from_har(Path(sys.argv[1]).read_bytes())))"
    )
    root = str(Path(__file__).parents[2])
    for salt in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, file],
            cwd=root,
            env={"PYTHONHASHSEED": salt, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "[]\n"


def test_calls_that_change_something_are_made_again_in_their_turn(running: Running) -> None:
    settings = provisioned(running, CONTRACT, account=True)
    settings |= {"calls": ["get_list_callback", "*_*"], "allow_effects": ["*"], "states": {}}
    evidence = told_again(record(target("staging", settings, CONTRACT)))
    changing = [e for e in evidence.exchanges if CONTRACT.calls[e.purpose.call].changes]
    assert len(changing) == len({e.probe for e in changing})
    assert len({e.purpose.call for e in changing}) == 8
    assert not differences(evidence)
    steps = [Derived(evidence, CONTRACT).steps[e.probe] for e in changing]
    assert [step.phase for step in steps] == sorted({step.phase for step in steps})
    assert all(step.owed for step in steps)
    refused = replace(evidence, gaps={"documented@create_connection": "a login failed"})
    assert not Derived(refused, CONTRACT).steps["documented-1@create_connection"].owed
