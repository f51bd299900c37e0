"""What the suite says of an endpoint that is not there, stops answering, or is wrong now and then."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from . import catalogue  # noqa: F401  which fills the registry
from .leaks import leaks
from .provisioned import ground
from .registry import BEHAVIOURS
from .stage import Authority, Canary
from .test_bounds import MEGABYTES
from .trial import (
    CHECKOUT,
    SECONDS,
    SIDE_BY_SIDE,
    TIMEOUT,
    Outcome,
    Process,
    Trial,
    conformance,
    environment,
    folders,
    stage,
)


def failures(ended: Trial, level: str) -> dict[str, str]:
    return {
        requirement["id"]: requirement["reason"]
        for requirement in ended.report()["requirements"]
        if (requirement["verdict"], requirement["level"]) == ("fail", level)
    }


def checks(ended: Trial) -> list[Any]:
    return [check for requirement in ended.report()["requirements"] for check in requirement["checks"]]


# Now and then


def test_one_wrong_answer_in_five_is_a_failure_that_says_so(trials: dict[str, Trial]) -> None:
    """Neither a pass by majority nor asked again until it is right."""
    ended = trials["one_answer_in_five_is_wrong"]
    found = re.match(r"(\d+) of (\d+) answers: ", failures(ended, "must")["REQ-01"])
    assert found
    wrong = [
        entry
        for entry in entries(ended)
        if entry["_probe"]["group"] == "documented" and "maintenance" in entry["response"]["content"]["text"]
    ]
    assert 0 < len(wrong) == int(found[1]) < int(found[2])


def test_a_gateway_that_answers_now_and_then_is_asked_again_and_accuses_nobody(
    trials: dict[str, Trial],
) -> None:
    ended = trials["one_answer_in_five_is_a_gateway"]
    assert failures(ended, "must") == failures(ended, "should") == {}
    assert "sent again" in ended.output


def test_a_lost_connection_is_tried_once_more_and_counts_as_hygiene(trials: dict[str, Trial]) -> None:
    ended = trials["one_answer_in_five_is_reset"]
    assert failures(ended, "must") == failures(ended, "should") == {}
    assert re.match(r"\d+ of \d+ answers: .*the connection was lost", failures(ended, "advisory")["HYG-10"])
    tries: dict[str, int] = {}
    for entry in entries(ended):
        tries[entry["_probe"]["id"]] = tries.get(entry["_probe"]["id"], 0) + 1
    assert any(entry["_retried"] for entry in entries(ended))
    assert max(n for probe, n in tries.items() if not probe.endswith("-again")) == 2


def entries(ended: Trial) -> list[Any]:
    found = json.loads(ended.read("evidence.har"))["log"]["entries"]
    assert isinstance(found, list)
    return found


def test_a_redirect_is_a_finding(trials: dict[str, Trial]) -> None:
    ended = trials["redirect_301"]
    assert "HTTP 301" in failures(ended, "must")["REQ-01"] or any(
        "redirect" in check["observed"] + check["reason"] for check in checks(ended)
    )
    assert "is redirected to" in failures(ended, "advisory")["HYG-11"]


# Not any more


@pytest.mark.parametrize("calls", [5, 20])
def test_what_an_endpoint_did_not_answer_any_more_is_inconclusive(calls: int, trials: dict[str, Trial]) -> None:
    """The run says that nobody answers, and ends; none of what was lost counts against the endpoint."""
    ended = trials[f"silence_after_calls_{calls}"]
    assert failures(ended, "must") == failures(ended, "should") == {}
    assert any("stopped answering" in check["reason"] for check in checks(ended))
    lost = [entry for entry in entries(ended) if "_loss" in entry]
    assert 0 < len(lost) <= 3 * SIDE_BY_SIDE


@pytest.mark.skipif(SIDE_BY_SIDE < 8, reason="with fewer calls at a time the bound leaves room for every loss")
@pytest.mark.parametrize("name", ["every_other_answer_is_lost", "just_in_time"])
def test_a_run_that_takes_too_long_is_stopped_and_says_why(name: str, trials: dict[str, Trial]) -> None:
    """Losses that are never many in a row, and answers that come at the last moment."""
    notes = " ".join(trials[name].report()["notes"])
    assert re.search(r"the run was stopped after \d+ s, its bound", notes)


# Not at all

DOCTOR = {
    "after_accept_closes": ("TLS", "the TLS handshake"),
    "plain_http_for_tls": ("TLS", "does not speak TLS"),
    "silence_after_accept": ("TLS", "no complete answer within 3 s (the TLS handshake)"),
    "silence_after_request": ("Connect API", "no complete answer within 3 s (waiting for an answer)"),
    "body_a_byte_a_second": ("Connect API", "no complete answer within 3 s (reading the body)"),
    "endless_headers": ("Connect API", "larger than 100 KiB, the most that the suite reads"),
    "greets_as_ssh": ("Connect API", "no complete answer within 3 s"),
    "redirect_301": ("Connect API", "a redirect to"),
    "answers_with_html": ("Connect API", "a web page, 'Sign in'"),
    "everything_said_back": ("Connect API", "error 999"),
}


@pytest.mark.parametrize("name", DOCTOR)
def test_doctor_names_the_step_and_how_to_mend_it(name: str, authority: Authority, tmp_path: Path) -> None:
    folder = folders(tmp_path / "run")
    with (
        contextlib.closing(Canary()) as canary,
        stage(BEHAVIOURS[name], authority, canary, folder) as server,
    ):
        where = ("--endpoint", server.endpoint, "--http-endpoint", server.http_endpoint)
        command = conformance("doctor", *where, "--ca-file", authority.write(tmp_path), "--timeout", str(TIMEOUT))
        outcome = Process(command, folder, env=environment(folder, canary)).wait()
        assert canary.calls == []
    assert_bounded(outcome, server.token)
    step, said = DOCTOR[name]
    told = " ".join(outcome.output.decode().split())
    assert outcome.exit_code == 10, told
    assert re.search(rf"PROBLEM\s+{step}\b", told), told
    assert said in told


def assert_bounded(outcome: Outcome, token: str) -> None:
    assert (outcome.seconds < SECONDS, outcome.peak_mb < MEGABYTES) == (True, True)
    assert b"Traceback" not in outcome.output
    assert leaks(token, outcome.output) == []


NEVER = """
import socket, threading
def never(*_arguments, **_options):
    threading.Event().wait()
socket.getaddrinfo = never
"""


def test_a_name_that_is_looked_up_for_ever(authority: Authority, tmp_path: Path) -> None:
    """Nothing can stop the system's resolver; the run ends all the same, and says what it waited for."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NEVER)
    with ground(authority, tmp_path) as place:
        outcome = place.run(env={"PYTHONPATH": f"{tmp_path / 'site'}:{CHECKOUT}"})
        assert place.server.records == []
        assert_bounded(outcome, place.server.token)
        assert outcome.exit_code == 10, outcome.output.decode()
        assert "resolving the name" in " ".join(outcome.output.decode().split())
