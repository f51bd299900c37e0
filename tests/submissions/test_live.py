"""`verify --live`: a small sample, drawn by the owner, shows what a forger has put in the place of answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest

from conformance import reference
from conformance.contract.given import ConfigError
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Evidence, Exchange, Loss
from conformance.probes import plan as plans
from conformance.reference import application
from conformance.selftest.answers import InProcess
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.submissions.challenge import Challenge
from conformance.submissions.live import compared, own_target, repeated, sample
from conformance.submissions.rows import Standing
from conformance.submissions.sampling import SMALL, candidates, drawn, small_groups
from conformance.target.target import Target, target
from tests.command import run
from tests.submissions.forging import CONTRACT, ask
from tests.submissions.test_tampering import HOST, in_process

OWN_TOKEN = "0wner5f00dcafe5ecre7f00dcafe1234"
MOST = 20


@pytest.fixture(scope="module")
def recorded() -> tuple[Evidence, Challenge]:
    challenge = ask(HOST)
    return in_process(challenge), challenge


def owners(**settings: object) -> Target:
    states = {code: {"headers": {"X-Reference-State": code}} for code in ("004", "007", "008", "999")}
    usual = {"endpoint": f"https://{HOST}/{OWN_TOKEN}", "states": states}
    return own_target(target("own", usual | settings, CONTRACT, environment={}), recorded_of())


def recorded_of() -> Evidence:
    return Evidence((), "staging", f"https://{HOST}/[token]", "query-xml", calls=(CONTRACT.call.name,))


def answers(evidence: Evidence, judged: Target, count: int = MOST, variant: str | None = None) -> list[tuple[str, str]]:
    """The rows of one look at an endpoint, the reference endpoint or a variant of it."""
    chosen = sample(evidence, judged, CONTRACT, count, Random(7))
    dialer = InProcess(application(variant=variant), judged)
    now = repeated(chosen, evidence, judged, CONTRACT, dialer=dialer)
    return [(one.check, one.standing) for one in compared(chosen, now, evidence.error_elements)]


@pytest.mark.parametrize("count", [MOST, 300])
def test_an_honest_recording_is_answered_alike(recorded: tuple[Evidence, Challenge], count: int) -> None:
    assert answers(recorded[0], owners(), count) == [("live", Standing.OK)]


@pytest.mark.parametrize(
    "variant",
    ["code_004_unpadded", "answered_with_500", "ids_all_padded", "timestamp_in_milliseconds"],
)
def test_a_recording_of_another_behaviour_is_found(recorded: tuple[Evidence, Challenge], variant: str) -> None:
    assert answers(recorded[0], owners(), variant=variant)[0] == ("live", Standing.FAILED)


def test_what_is_not_answered_is_open(recorded: tuple[Evidence, Challenge]) -> None:
    chosen = sample(recorded[0], owners(), CONTRACT, 5, Random(1))
    said = list(compared(chosen, {}, ("Error", "Description")))
    assert [(one.check, one.standing) for one in said] == [
        ("live", Standing.OK),
        ("live, all of it", Standing.OPEN),
    ]
    assert "and 4 more" in said[1].said


def test_what_was_called_lost_is_asked_too(recorded: tuple[Evidence, Challenge]) -> None:
    """An answer that a partner hides is given to the owner; one that nobody gets is the same for both."""
    first = recorded[0].exchanges[0]
    lost = replace(first, answer=None, loss=Loss("closed", "the connection was lost"))
    assert candidates([lost]) == [lost]
    said = list(compared([lost], {first.probe: first}, ("Error", "Description")))
    assert [one.standing for one in said] == [Standing.OK, Standing.OPEN]
    assert "got no answer when it was recorded, and gets one" in said[1].said
    assert [one.standing for one in compared([lost], {first.probe: lost}, ("", ""))] == [Standing.OK]


def test_another_endpoint_is_refused(recorded: tuple[Evidence, Challenge]) -> None:
    with pytest.raises(ConfigError, match=r"other\.example\.com"):
        owners(endpoint=f"https://other.example.com/{OWN_TOKEN}")


def test_what_the_owner_cannot_reach_is_not_drawn(recorded: tuple[Evidence, Challenge]) -> None:
    evidence = recorded[0]
    commanded = {"004": {"headers": {"X-Reference-State": "004"}, "setup": ["true"]}}
    for seed in range(20):
        chosen = sample(evidence, owners(states=commanded), CONTRACT, 300, Random(seed))
        assert not any(e.state and e.state != "009" for e in chosen)
        assert not {Kind.HOSTILE, Kind.AFTER, Kind.CHECK} & {e.kind for e in chosen}


# How much a sample finds. No request is sent: a forged answer is one that differs from what would come.


def found(evidence: Evidence, forged: set[int], seed: int) -> bool:
    able = candidates(evidence.exchanges)
    chosen = drawn(able, small_groups(able, CONTRACT, evidence.calls), MOST, Random(f"owner {seed}"))
    assert len(chosen) == len({e.number for e in chosen}) == MOST
    return bool(forged & {e.number for e in chosen})


def test_a_forgery_of_the_four_answers_that_a_requirement_rests_on_is_found(
    recorded: tuple[Evidence, Challenge],
) -> None:
    """In at least 95 of 100 trials, the requirement and the sample drawn anew in each."""
    able = candidates(recorded[0].exchanges)
    resting = [g for g in small_groups(able, CONTRACT, recorded[0].calls) if len(g) == SMALL]
    assert len(resting) >= 4
    hits = 0
    for seed in range(100):
        forged = {e.number for e in Random(f"forger {seed}").choice(resting)}
        hits += found(recorded[0], forged, seed)
    assert hits >= 95


def test_an_even_draw_would_miss_most_of_them(recorded: tuple[Evidence, Challenge]) -> None:
    able = candidates(recorded[0].exchanges)
    (forged, *_) = [g for g in small_groups(able, CONTRACT, recorded[0].calls) if len(g) == SMALL]
    hits = sum(bool({e.number for e in forged} & numbers(Random(seed).sample(able, MOST))) for seed in range(100))
    assert hits < 50


def numbers(exchanges: list[Exchange]) -> set[int]:
    return {e.number for e in exchanges}


def test_every_request_may_be_drawn(recorded: tuple[Evidence, Challenge]) -> None:
    """A forger can count on none of them being left out."""
    able = candidates(recorded[0].exchanges)
    groups = small_groups(able, CONTRACT, recorded[0].calls)
    seen: set[int] = set()
    for seed in range(150):
        seen |= numbers(drawn(able, groups, MOST, Random(seed)))
    assert len(able) - len(seen) <= 2
    assert len(drawn(able, groups, 3, Random(1))) == 3
    assert drawn(able, groups, 999, Random(1))[0].number == 1


def test_the_command_looks_at_the_endpoint(tmp_path: Path) -> None:
    """A package of the reference endpoint, and the same endpoint; then one that has changed since."""
    with reference.start() as running:
        (tmp_path / "ca.pem").write_bytes(Path(running.ca_file).read_bytes())
        config = {"endpoint": running.https_url, "http_endpoint": running.http_url, "ca_file": "ca.pem"}
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in config.items())
        (tmp_path / "connect-conformance.toml").write_text(f"[targets.staging]\n{lines}", encoding="utf-8")
        run("challenge", "--for", "x", "--endpoint-host", "localhost", cwd=tmp_path)
        run("run", "--target=staging", "--challenge=challenge.json", "--reports=answer", cwd=tmp_path)
        run("package", "answer", "--challenge=challenge.json", "-o", "answer.zip", cwd=tmp_path)
        seen = run("verify", "answer.zip", "--live", "staging", "--sample", "15", cwd=tmp_path)
        assert "15 requests are answered as they were recorded" in seen.stdout, seen.stdout
        assert "15 of 1" in seen.stdout
    gone = run("verify", "answer.zip", "--live", "staging", cwd=tmp_path)
    assert gone.returncode == 10
    assert "got no answer now" in gone.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["--live", "nobody"],
        ["--sample", "0"],
        ["--live", "staging", "--config", "no.toml"],
        ["--sample", "15"],
        ["--config", "connect-conformance.toml"],
        ["--ledger", "no.jsonl"],
    ],
)
def test_wrong_options_are_refused_in_one_line(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "connect-conformance.toml").write_text("[targets.staging]\nendpoint = 'https://h.example/'\n")
    (tmp_path / "answer.zip").write_bytes(b"")
    done = run("verify", "answer.zip", *words, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert words[0] in done.stderr or words[0] == "--live"


def test_records_are_compared_field_by_field(recorded: tuple[Evidence, Challenge]) -> None:
    first = recorded[0].exchanges[0]
    assert first.answer
    other = replace(first, answer=replace(first.answer, status=500, headers=(("Content-Type", "text/html"),)))
    (said,) = compared([first], {first.probe: other}, ("Error", "Description"))
    assert "status (recorded '2xx', now '5xx')" in said.said
    assert "media type (recorded 'text/xml', now 'text/html')" in said.said
    assert msgspec.json.encode(said.standing) == b'"failed"'


def test_what_has_changed_something_is_never_repeated() -> None:
    allowed = {"calls": ["get_list_callback", "create_connection"], "allow_effects": ["create_connection"]}
    values = {"user": "conformance", "password": "Secret123"}
    settings = {"endpoint": f"https://{HOST}/{OWN_TOKEN}", "values": values, **allowed}
    partner = target("staging", settings, CONTRACT, environment={})
    wire = Wire(partner, Limits(), 1, InProcess(application(), partner))
    recording = wire.run(plans.plan(CONTRACT, partner, plans.EVERYTHING))
    evidence = evidence_of(partner, recording, seed=1, started=0.0, wishes=plans.EVERYTHING)
    changed = [e for e in evidence.exchanges if e.purpose.call == "create_connection"]
    assert len(changed) == len({e.probe for e in changed}) > 1
    own = own_target(target("own", settings, CONTRACT, environment={}), evidence)
    chosen = sample(evidence, own, CONTRACT, len(evidence.exchanges), Random(7))
    assert not {e.number for e in chosen} & {e.number for e in changed}
    app = application()
    asked = [*chosen[:3], *changed]
    now = repeated(asked, evidence, own, CONTRACT, dialer=InProcess(app, own))
    assert not [e for e in now.values() if e.purpose.call == "create_connection"]
    account = app.service.accounts.named("conformance")
    assert account is not None
    assert not account.connections
