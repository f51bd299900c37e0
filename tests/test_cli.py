"""The commands end to end, as users start them: what they print, what they write, how they end."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import trustme

from conformance.contract.load import documented
from conformance.reference import Running
from conformance.reference import start as reference
from conformance.target.settings import BINDINGS
from tests.command import ROOT, Switch, run, started, switch_command

REQUIREMENTS, CALL = documented().requirements, documented().call.name
RECORDING = ROOT / "docs/recording-2013.har"
FILES = {"report.html", "checks.html", "report.json", "junit.xml", "summary.md", "evidence.har"}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with reference() as started:
        yield started


def configuration(running: Running, *, states: bool = True, more: str = "") -> str:
    """A target of the name `staging` that is the running endpoint, its token taken from the environment."""
    lines = [
        "[targets.staging]",
        f'endpoint = "{running.https_url.replace(running.token, "${CONNECT_TOKEN}")}"',
        f'http_endpoint = "{running.http_url}"',
        f'ca_file = "{running.ca_file}"',
        more,
    ]
    for code in ("004", "007", "008", "999") if states else ():
        lines += [f"[targets.staging.states.{code}]", f'headers = {{ "X-Reference-State" = "{code}" }}']
    return "\n".join(lines) + "\n"


@pytest.fixture
def folder(tmp_path: Path, running: Running) -> Path:
    (tmp_path / "connect-conformance.toml").write_text(configuration(running), encoding="utf-8")
    return tmp_path


def report(folder: Path) -> dict[str, Any]:
    read = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


def verdicts(folder: Path) -> dict[str, str]:
    return {r["id"]: r["verdict"] for r in report(folder)["requirements"]}


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert text.startswith("connect-conformance"), text
    return text


# Judging


@pytest.mark.parametrize("binding", BINDINGS)
def test_the_reference_endpoint_conforms_over_every_binding(tmp_path: Path, binding: str) -> None:
    done = run(
        "run",
        "--endpoint",
        "reference",
        "--binding",
        binding,
        "--level",
        "should",
        "--reports",
        "out",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("CONFORMING  the documented contract is kept\n")
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES
    told = report(tmp_path / "out")
    assert {r["verdict"] for r in told["requirements"] if r["level"] != "advisory"} == {"pass"}
    assert set(verdicts(tmp_path / "out")) == {r.id for r in REQUIREMENTS.values() if r.of((CALL,))}
    assert told["target"] | {"endpoint": ""} == {
        "name": "reference",
        "labels": {},
        "endpoint": "",
        "binding": binding,
        "calls": ["get_list_callback"],
        "accept": [],
    }


def test_a_configured_target_conforms_and_its_token_is_nowhere(folder: Path, running: Running) -> None:
    done = run("run", "--target", "staging", cwd=folder, CONNECT_TOKEN=running.token)
    assert done.returncode == 0, done.stdout + done.stderr
    made = folder / "reports" / "latest"
    assert {file.name for file in made.iterdir()} == FILES
    assert f"REPORTS  {made.resolve().relative_to(folder)}/report.html" in done.stdout
    for text in (done.stdout, done.stderr, *(file.read_text(encoding="utf-8") for file in made.iterdir())):
        assert running.token not in text
        assert running.token[:8] not in text
        told = re.sub(r'"described": \{.*?\n  \}', "", text, flags=re.DOTALL)  # by which a program makes requests again
        assert "secret-0-of" not in told, "a placeholder is no name for a secret"
    assert "/[token]" in done.stdout


def test_an_endpoint_that_fails_is_nonconforming(tmp_path: Path) -> None:
    with reference(state="007") as running:
        (tmp_path / "connect-conformance.toml").write_text(configuration(running), encoding="utf-8")
        done = run("run", "--target", "staging", "--reports", "out", cwd=tmp_path, CONNECT_TOKEN=running.token)
    assert done.returncode == 1
    assert done.stdout.startswith("NONCONFORMING  ")
    assert "breaks    REQ-02" in done.stdout
    assert report(tmp_path / "out")["exit_code"] == 1


def test_states_that_are_not_provisioned_leave_the_run_open(tmp_path: Path, running: Running) -> None:
    (tmp_path / "connect-conformance.toml").write_text(configuration(running, states=False), encoding="utf-8")
    done = run("run", "--target", "staging", "--reports", "out", cwd=tmp_path, CONNECT_TOKEN=running.token)
    assert done.returncode == 10
    assert done.stdout.startswith("INCONCLUSIVE  nothing failed, but 12 must requirements could not be judged\n")
    assert "[targets.staging.states.NNN]" in done.stdout
    stayed = {name for name, verdict in verdicts(tmp_path / "out").items() if verdict == "inconclusive"}
    assert stayed == {
        "REQ-07",
        "HYG-12",
        *(name for name in REQUIREMENTS if re.match("ERR-(004|007|008|999)-", name)),
    }


# A state that commands set and reset


@contextmanager
def switched(tmp_path: Path, status: int = 0, teardown: list[str] | None = None) -> Iterator[tuple[Running, list[str]]]:
    """An endpoint with a switch for its state 004, and a target whose commands turn it."""
    with ExitStack() as stack:
        running = stack.enter_context(reference())
        server = stack.enter_context(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Switch))
        server.daemon_threads = True
        server.running, server.switched = running, []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        lines = configuration(running, states=False)
        lines += "[targets.staging.states.004]\n"
        lines += f"setup = {json.dumps(switch_command(server, '004', status))}\n"
        back = switch_command(server, "off") if teardown is None else teardown
        lines += f"teardown = {json.dumps(back)}\n" if back else ""
        (tmp_path / "connect-conformance.toml").write_text(lines, encoding="utf-8")
        yield running, server.switched  # type: ignore[attr-defined]


def test_commands_bring_a_state_about_and_take_it_back(tmp_path: Path) -> None:
    with switched(tmp_path) as (running, turns):
        run("run", "--target", "staging", "--reports", "out", cwd=tmp_path, CONNECT_TOKEN=running.token)
        assert turns == ["004", "off"]
    found = verdicts(tmp_path / "out")
    assert {found[name] for name in REQUIREMENTS if name.startswith("ERR-004-")} == {"pass"}
    assert {found[name] for name in REQUIREMENTS if name.startswith("ERR-007-")} == {"inconclusive"}
    assert {verdict for name, verdict in found.items() if name[:3] in {"ENV", "CBK", "TIM", "TLS"}} == {"pass"}


def test_a_setup_that_fails_leaves_the_state_open_and_is_taken_back(tmp_path: Path) -> None:
    with switched(tmp_path, status=3) as (running, turns):
        run("run", "--target", "staging", "--reports", "out", cwd=tmp_path, CONNECT_TOKEN=running.token)
        assert turns == ["004", "off"]
    told = {r["id"]: r for r in report(tmp_path / "out")["requirements"]}
    assert told["ERR-004-code"]["verdict"] == "inconclusive"
    assert "setup command of state 004 ended with exit status 3" in told["ERR-004-code"]["reason"]
    assert told["REQ-02"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("teardown", "told"),
    [
        (
            [sys.executable, "-c", "raise SystemExit(3)"],
            "teardown command of state 004 ended with exit status 3",
        ),
        ([], "state 004 has a setup command and no teardown"),
    ],
    ids=["fails", "is missing"],
)
def test_a_state_that_is_not_taken_back_is_not_held_against_the_endpoint(
    tmp_path: Path, teardown: list[str], told: str
) -> None:
    with switched(tmp_path, teardown=teardown) as (running, _):
        done = run("run", "--target", "staging", "--reports", "out", cwd=tmp_path, CONNECT_TOKEN=running.token)
    assert done.returncode == 10
    assert told in " ".join(done.stdout.split())
    found = verdicts(tmp_path / "out")
    assert "fail" not in found.values()
    assert found["ERR-004-code"] == found["REQ-02"] == found["TIM-02"] == "pass"
    assert found["ERR-004-stable"] == ("inconclusive" if teardown else "pass")


# Endpoints out of order


def test_a_certificate_of_another_authority_fails_tls_03(folder: Path, running: Running) -> None:
    trustme.CA().cert_pem.write_to_path(folder / "other.pem")
    words = ("run", "--target", "staging", "--ca-file", "other.pem", "--reports", "out")
    done = run(*words, cwd=folder, CONNECT_TOKEN=running.token)
    assert done.returncode == 1
    assert "breaks    TLS-03 (must)" in done.stdout
    assert "the certificate does not verify" in done.stdout
    found = verdicts(folder / "out")
    assert {name for name, verdict in found.items() if verdict == "fail"} == {"TLS-03"}
    assert found["TLS-01"] == found["TLS-02"] == "pass", "plain HTTP is judged all the same"


def test_a_dead_port_is_inconclusive_with_reports(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        words = (
            "--endpoint",
            f"https://127.0.0.1:{port}/T0KEN",
            "--http-endpoint",
            f"http://127.0.0.1:{port}/",
        )
        done = run("run", *words, "--reports", "out", cwd=tmp_path)
    assert done.returncode == 10
    assert done.stdout.startswith("INCONCLUSIVE")
    assert f"127.0.0.1 refuses connections on port {port}" in done.stdout
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES
    assert "fail" not in verdicts(tmp_path / "out").values()


@contextmanager
def deaf() -> Iterator[socket.socket]:
    """A listener that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_ctrl_c_ends_the_run_with_what_was_recorded(tmp_path: Path, sign: signal.Signals) -> None:
    with deaf() as server:
        port = server.getsockname()[1]
        words = ("--endpoint", f"https://127.0.0.1:{port}/T0KEN", "--timeout", "60", "--reports", "out")
        with started("run", *words, cwd=tmp_path) as process:
            line, _ = server.accept()  # the first call is under way
            with line:
                process.send_signal(sign)
                out, err = process.communicate(timeout=60)
    assert process.returncode == 2, out + err
    assert "Traceback" not in out + err
    assert "interrupted" in out
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES
    assert report(tmp_path / "out")["interrupted"] is True


def test_the_configured_timeout_bounds_a_silent_endpoint(tmp_path: Path) -> None:
    with deaf() as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/T0KEN"
        words = ("--http-endpoint", url.replace("https", "http"), "--timeout", "0.1", "--reports", "out")
        done = run("run", "--endpoint", url, *words, cwd=tmp_path)
    assert done.returncode == 10
    assert "no complete answer within 0.1 s" in done.stdout


# Refused before anything is sent

REFUSED = {
    "no command": ([], "COMMAND"),
    "an unknown command": (["rum"], "there is no command 'rum' (did you mean run?)"),
    "nothing to judge": (["run"], "--endpoint reference"),
    "an unknown option": (["run", "--end-point", "x"], "--end-point"),
    "an abbreviated option": (["run", "--endp", "reference"], "--endp"),
    "endpoint and target": (["run", "--endpoint", "reference", "--target", "x"], "exclude each other"),
    "no configuration": (["run", "--target", "x"], "no connect-conformance.toml here or above"),
    "a configuration that is not there": (["run", "--target", "x", "--config", "no.toml"], "no.toml: No such file"),
    "an endpoint over plain HTTP": (["run", "--endpoint", "http://h.example/T"], "https URL"),
    "a binding that is none": (["run", "--endpoint", "reference", "--binding", "soap"], "query-xml"),
    "a level that is none": (["run", "--endpoint", "reference", "--level", "shall"], "invalid choice: 'shall'"),
    "a CA that is not there": (["run", "--endpoint", "https://h.example/T", "--ca-file", "x.pem"], "x.pem"),
    "no time": (["run", "--endpoint", "reference", "--timeout", "0"], "from 0.05 to 3600"),
    "time in words": (["run", "--endpoint", "reference", "--timeout", "soon"], "'soon' is not a number"),
    "too many side by side": (["run", "--endpoint", "reference", "--concurrency", "99"], "from 1 to 32"),
    "no requests": (["run", "--endpoint", "reference", "--max-requests", "0"], "--max-requests"),
    "no rate": (["run", "--endpoint", "reference", "--rate", "fast"], "--rate"),
    "no time for the whole run": (["run", "--endpoint", "reference", "--deadline", "0"], "from 1 to 86400"),
    "a negative seed": (["run", "--endpoint", "reference", "--seed", "-1"], "--seed"),
    "an unknown requirement": (["run", "--endpoint", "reference", "--select", "XYZ-*"], "'XYZ-*'; allowed: an id"),
    "an unknown one to leave out": (["run", "--endpoint", "reference", "--deselect", "ENV-99"], "'ENV-99'"),
    "an unknown interpretation": (["run", "--endpoint", "reference", "--accept", "I-77"], "I-77"),
    "one that the page decides": (["run", "--endpoint", "reference", "--accept", "I-02"], "decided by the page"),
    "waivers that are not there": (["run", "--endpoint", "reference", "--waivers", "w.toml"], "waivers w.toml"),
    "no evidence": (["replay", "none.har"], "cannot read none.har"),
    "evidence that is none": (["replay", __file__], "not JSON"),
    "an unknown interpretation of a recording": (["replay", str(RECORDING), "--accept", "I-77"], "I-77"),
    "a state that is none": (["serve", "--state", "123"], "002, 003, 004, 005, 006, 007, 008, 009"),
    "a variant that is none": (["serve", "--mutant", "none-such"], "none-such"),
    "a port that is none": (["serve", "--https-port", "70000"], "from 0 to 65535"),
    "an option without a value": (["run", "--endpoint", "reference", "--proxy="], "--proxy: it is empty"),
    "nothing selected by name": (["run", "--endpoint", "reference", "--select", ""], "--select: it is empty"),
    "a file beside an endpoint": (["run", "--endpoint=reference", "--config=no.toml"], "there is no file no.toml"),
    "no extension that could fail": (["replay", str(RECORDING), "--fail-on-extension"], "beside --extension DIR"),
    "a format that is none": (["requirements", "--format", "xml"], "table"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_refused_in_one_line(tmp_path: Path, words: list[str], says: str) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 4
    assert done.stdout == ""
    assert says in one_line(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with deaf() as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/T0KEN"
        done = run("run", "--endpoint", url, "--reports", "file/out", cwd=tmp_path)
        assert nobody_called(server)
    assert done.returncode == 4
    assert "cannot write into file/out" in one_line(done.stderr)


def test_an_unknown_target_names_those_there_are(folder: Path, running: Running) -> None:
    done = run("run", "--target", "production", cwd=folder, CONNECT_TOKEN=running.token)
    assert done.returncode == 4
    assert "'production'; allowed: staging" in one_line(done.stderr)


def test_a_missing_token_is_refused(folder: Path) -> None:
    done = run("run", "--target", "staging", cwd=folder)
    assert done.returncode == 4
    assert "the environment variable CONNECT_TOKEN is not set" in one_line(done.stderr)


# Listing


def nobody_called(server: socket.socket) -> bool:
    server.setblocking(False)
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def test_listing_sends_nothing(tmp_path: Path) -> None:
    with deaf() as https, deaf() as http:
        words = (
            *("--endpoint", f"https://127.0.0.1:{https.getsockname()[1]}/5ecre7f00dcafe"),
            *("--http-endpoint", f"http://127.0.0.1:{http.getsockname()[1]}/"),
        )
        done = run("run", *words, "--list", cwd=tmp_path)
        assert nobody_called(https)
        assert nobody_called(http)
    assert done.returncode == 0
    assert "documented-1" in done.stdout
    assert "conformance/checks/test_timestamp.py::test_it_advances[query-xml]" in done.stdout
    assert "Not sent: the state of 004 is not provisioned" in done.stdout
    assert re.search(r"^\d+ requests \(\d+ over HTTPS, \d+ over plain HTTP\), \d+ checks", done.stdout, re.MULTILINE)
    assert "5ecre7f00dcafe" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_is_listed_is_what_is_sent(folder: Path, running: Running) -> None:
    words = (
        "run",
        "--target",
        "staging",
        "--select",
        "ENV-*",
        "--select",
        "TLS-0[12]",
        "--select",
        "ERR-004-code",
    )
    listed = run(*words, "--list", cwd=folder, CONNECT_TOKEN=running.token).stdout
    run(*words, "--reports", "out", cwd=folder, CONNECT_TOKEN=running.token)
    recorded = json.loads((folder / "out/evidence.har").read_text(encoding="utf-8"))["log"]["entries"]
    sent = [entry["_probe"]["id"] for entry in recorded]
    assert sorted(sent) == sorted(re.findall(r"^  https? +\S+ +(\S+)", listed, re.MULTILINE))


def test_listing_nothing_is_5(tmp_path: Path) -> None:
    words = ("--endpoint", "https://h.example/T", "--select", "ENV-01", "--deselect", "ENV-*", "--list")
    assert run("run", *words, cwd=tmp_path).returncode == 5


# Replay


def assert_same(folder: Path) -> None:
    """The report of `replay` is that of the run, and says of itself that a recording was judged."""
    first, again = report(folder / "first"), report(folder / "again")
    assert (first["settings"].pop("replayed"), again["settings"].pop("replayed")) == (False, True)
    assert again == first


def test_replay_gives_the_same_verdicts(folder: Path, running: Running) -> None:
    first = run("run", "--target", "staging", "--reports", "first", cwd=folder, CONNECT_TOKEN=running.token)
    shutil.copy(folder / "first/evidence.har", folder / "evidence.har")
    again = run("replay", "evidence.har", "--reports", "again", cwd=folder)
    assert again.returncode == first.returncode == 0
    assert_same(folder)


def test_replay_of_a_failed_run_gives_the_same_verdicts(tmp_path: Path) -> None:
    """With faults of every kind among the exchanges: refused, redirected, cut short, wrong."""
    with reference(state="999") as running:
        (tmp_path / "connect-conformance.toml").write_text(configuration(running), encoding="utf-8")
        words = ("--http-endpoint", "http://127.0.0.1:1/", "--reports", "first")
        first = run("run", "--target", "staging", *words, cwd=tmp_path, CONNECT_TOKEN=running.token)
    again = run("replay", "first/evidence.har", "--reports", "again", cwd=tmp_path)
    assert again.returncode == first.returncode == 1
    assert_same(tmp_path)


CALLBACKS = ("--select", "ENV-*", "--select", "CBK-*")
TERMS = {
    "as it is": ((), 1, "NONCONFORMING"),
    "accepting one": (("--accept", "I-09"), 1, "NONCONFORMING"),
    "accepting both": (("--accept", "I-01", "--accept", "I-09"), 10, "INCONCLUSIVE"),
    "accepting both, what it shows": (("--accept", "I-01", "--accept", "I-09", *CALLBACKS), 0, "CONFORMING"),
    "at level should": (
        ("--accept", "I-01", "--accept", "I-09", *CALLBACKS, "--level", "should"),
        10,
        "INCONCLUSIVE",
    ),
    "what it keeps": (("--select", "TIM-0[12]"), 0, "CONFORMING"),
    "nothing": (("--select", "ENV-01", "--deselect", "ENV-01"), 5, ""),
}


@pytest.mark.parametrize(("words", "code", "says"), TERMS.values(), ids=TERMS)
def test_exit_codes(tmp_path: Path, words: tuple[str, ...], code: int, says: str) -> None:
    done = run("replay", RECORDING, *words, "--reports", "out", cwd=tmp_path)
    assert done.returncode == code
    assert done.stdout.startswith(says)
    if says:
        assert report(tmp_path / "out")["exit_code"] == code
        assert report(tmp_path / "out")["verdict"].upper() == says
    else:
        assert "nothing selected" in one_line(done.stderr)


def test_the_recording_is_the_sample() -> None:
    (entry,) = json.loads(RECORDING.read_text(encoding="utf-8"))["log"]["entries"]
    sample = (ROOT / "schemas/calls/get_list_callback/samples/recording-2013.xml").read_text(encoding="utf-8")
    assert entry["response"]["content"]["text"] == sample


def test_the_recording_is_judged_as_the_register_says(tmp_path: Path) -> None:
    run("replay", RECORDING, "--reports", "out", cwd=tmp_path)
    failed = {name for name, verdict in verdicts(tmp_path / "out").items() if verdict == "fail"}
    assert {n for n in failed if REQUIREMENTS[n].level == "must"} == {"ENV-02", "ENV-03", "CBK-03", "CBK-04"}
    assert {n for n in failed if REQUIREMENTS[n].level == "should"} == {"CBK-07", "CBK-08"}


def test_quiet_prints_the_verdict_alone(tmp_path: Path) -> None:
    done = run("replay", RECORDING, "--quiet", "--reports", "out", cwd=tmp_path)
    assert done.stdout == "nonconforming: recording (out/report.html)\n"
    assert done.stderr == ""


def test_waivers_excuse(tmp_path: Path) -> None:
    rows = [
        f'[[waiver]]\nrequirement = "{name}"\nreason = "it was 2013"\nexpires = 2999-12-31\n'
        for name in ("ENV-02", "ENV-03", "CBK-03", "CBK-04", "CBK-05")
    ]
    (tmp_path / "waivers.toml").write_text("".join(rows), encoding="utf-8")
    done = run("replay", RECORDING, *CALLBACKS, "--waivers", "waivers.toml", "--reports", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "with 4 must requirements waived" in done.stdout
    assert "the waiver of CBK-05 is not needed" in done.stdout


# The environment and the file


def test_the_environment_beats_the_file_and_options_beat_both(folder: Path, running: Running) -> None:
    def binding(*words: str, **values: Any) -> str:
        listed = run("run", *words, "--list", cwd=folder, CONNECT_TOKEN=running.token, **values)
        assert listed.returncode == 0, listed.stderr
        return re.findall(r"\((\S+)\), and over plain HTTP", listed.stdout)[0]

    file = folder / "connect-conformance.toml"
    file.write_text(configuration(running, more='binding = "form-xml"'), encoding="utf-8")
    named = {"CONNECT_CONFORMANCE_TARGET": "staging"}
    assert binding("--target", "staging") == "form-xml"
    assert binding(**named) == "form-xml"
    assert binding(CONNECT_CONFORMANCE_BINDING="body-xml", **named) == "body-xml"
    assert binding("--binding", "query-xml", CONNECT_CONFORMANCE_BINDING="body-xml", **named) == "query-xml"


def test_an_endpoint_on_the_command_line_silences_a_target_of_the_environment(tmp_path: Path) -> None:
    words = ("--endpoint", "https://here.example/T0KEN", "--list")
    done = run("run", *words, cwd=tmp_path, CONNECT_CONFORMANCE_TARGET="elsewhere")
    assert done.stdout.startswith("Would send to https://here.example/[token] ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEVEL", "shall"),
        ("TIMEOUT", "0"),
        ("CONCURRENCY", "x"),
        ("BINDING", "soap"),
        ("ACCEPT", "I-01 I-77"),
    ],
)
def test_a_wrong_value_in_the_environment_is_refused(tmp_path: Path, name: str, value: str) -> None:
    words = ("run", "--endpoint", "https://here.example/T", "--list")
    values: dict[str, Any] = {f"CONNECT_CONFORMANCE_{name}": value}
    done = run(*words, cwd=tmp_path, **values)
    assert done.returncode == 4
    assert value.rsplit(maxsplit=1)[-1] in one_line(done.stderr)


def test_a_configuration_is_found_upwards_and_its_paths_count_from_it(tmp_path: Path, running: Running) -> None:
    shutil.copy(running.ca_file, tmp_path / "ca.pem")
    text = configuration(running).replace(str(running.ca_file), "ca.pem")
    (tmp_path / "connect-conformance.toml").write_text(text, encoding="utf-8")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    words = ("run", "--target", "staging", "--select", "TLS-03", "--quiet")
    done = run(*words, cwd=below, CONNECT_TOKEN=running.token)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (below / "reports/latest/report.json").is_file()


# The catalogue


def test_requirements_as_a_table(tmp_path: Path) -> None:
    done = run("requirements", cwd=tmp_path)
    assert done.returncode == 0
    assert re.findall(r"^([A-Z]{3}-\S+) ", done.stdout, re.MULTILINE) == list(REQUIREMENTS)
    assert done.stdout.endswith(f"{len(REQUIREMENTS)} requirements\n")


def test_requirements_as_json(tmp_path: Path) -> None:
    done = run("requirements", "--format", "json", cwd=tmp_path)
    read = json.loads(done.stdout)
    assert read["contract"] == documented().name
    assert [row["id"] for row in read["requirements"]] == list(REQUIREMENTS)
    assert all(row["checks"] for row in read["requirements"])


def test_requirements_as_markdown(tmp_path: Path) -> None:
    lines = run("requirements", "--format", "markdown", cwd=tmp_path).stdout.splitlines()
    assert len(lines) == len(REQUIREMENTS) + 2
    assert {re.sub(r"\\.|[^|]", "", line) for line in lines} == {"|" * 6}, "every row has five cells"


def test_version(tmp_path: Path) -> None:
    assert re.fullmatch(r"connect-conformance \d+\.\d+\.\d+\n", run("--version", cwd=tmp_path).stdout)


def test_a_reader_that_goes_away_is_no_mishap(tmp_path: Path) -> None:
    with started("requirements", "--format", "json", cwd=tmp_path) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


# The reference endpoint


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_serve_prints_where_it_is_and_stops_when_told(tmp_path: Path, sign: signal.Signals) -> None:
    with started("serve", "--state", "007", cwd=tmp_path) as process:
        assert process.stdout
        lines = dict(process.stdout.readline().split(maxsplit=1) for _ in range(3))
        ca, asked = lines["CA"].strip(), {"action": "get_list_callback"}
        answer = httpx.get(
            lines["HTTPS"].strip(),
            params=asked,
            verify=ssl.create_default_context(cafile=ca),
            trust_env=False,
        )
        assert "<Error>007</Error>" in answer.text
        plain = httpx.get(lines["HTTP"].split()[0], params=asked, trust_env=False)
        assert "<Error>009</Error>" in plain.text
        process.send_signal(sign)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0
    assert out.endswith("Stopped.\n")
    assert err == ""
    assert not Path(ca).exists()


def _as_curl_does(client: httpx.Client, words: list[str]) -> httpx.Response:
    if words[0] != "--data-urlencode":
        return client.get(words[0])
    name, _, value = words[1].partition("=")
    return client.post(words[2], data={name: value})


def test_serve_prints_a_line_for_each_call_and_each_is_good(tmp_path: Path) -> None:
    with started("serve", cwd=tmp_path) as process:
        assert process.stdout
        lines = [process.stdout.readline().split(maxsplit=1) for _ in range(7 + len(documented().calls))]
        tried = [shlex.split(text) for head, text in lines if head == "Try"]
        ca = lines[2][1].strip()
        assert {tuple(words[:3]) for words in tried} == {("curl", "--cacert", ca)}
        with httpx.Client(verify=ssl.create_default_context(cafile=ca), trust_env=False) as client:
            answers = [ElementTree.fromstring(_as_curl_does(client, words[3:]).content) for words in tried]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert {answer.findtext("Action") for answer in answers} == set(documented().calls)
    assert {answer.findtext("Result") for answer in answers} == {"Success"}
    assert not [words for words in tried if "Secret" in words[-1]], "no password in a URL"


def test_serve_says_that_a_port_is_taken(tmp_path: Path) -> None:
    with deaf() as server:
        done = run("serve", "--https-port", server.getsockname()[1], cwd=tmp_path)
    assert done.returncode == 4
    assert "Address already in use" in one_line(done.stderr)


def test_calls_that_change_something_are_judged_and_no_file_says_whose_account_it_is(tmp_path: Path) -> None:
    out = tmp_path / "out"
    calls = ("--call", "get_list_callback", "--call", "get_captcha", "--call", "*_*", "--allow-effects", "*")
    done = run("run", "--endpoint", "reference", *calls, "--reports", out, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    judged = {row["call"] for row in report["requirements"] if row["verdict"] == "pass"}
    changing = {name for name, call in documented().calls.items() if call.changes}
    assert changing - judged == {"register"}, "which no glob names"
    said = {file.name: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    assert set(said) >= FILES
    assert len(said["report.html"]) < 512_000
    for text in (b"Secret123", b"c0ffee0000", b"263000000001", b"newcomer@", b"forgetful@", b">1234567<"):
        assert not [name for name, content in said.items() if text in content], text
        assert text not in (done.stdout + done.stderr).encode()


# In a checkout, with pytest

PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]


def test_pytest_judges_an_endpoint(tmp_path: Path) -> None:
    out, told = tmp_path / "out", tmp_path / "outputs"
    github = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(told)}
    done = run("--endpoint=reference", f"--reports={out}", cwd=ROOT, command=PYTEST, **github)
    assert done.returncode == 0, done.stdout
    assert "CONFORMING  the documented contract is kept" in done.stdout
    assert set(verdicts(out).values()) == {"pass"}
    assert {file.name for file in out.iterdir()} == FILES
    assert "Content-Security-Policy" in (out / "checks.html").read_text(encoding="utf-8")
    assert f"\n{out / 'report.html'}\n" in told.read_text()


def test_pytest_leaves_no_page_with_a_secret_that_a_test_prints(tmp_path: Path) -> None:
    token = "5ecre7f00dcafe5ecre7f00dcafe1234"
    (tmp_path / "test_own.py").write_text(f"def test_it(evidence):\n    assert not '{token}'\n")
    options = (f"--endpoint=https://127.0.0.1:1/{token}", "--reports=out", "-p", "conformance.pytest_plugin")
    done = run(*options, "test_own.py", cwd=tmp_path, command=PYTEST)
    assert done.returncode == 3
    assert "a secret was found in checks.html; the file is withheld" in done.stdout
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES - {"checks.html"}


def test_pytest_judges_with_several_processes_as_one_run() -> None:
    done = run("--endpoint=reference", "-n", "2", cwd=ROOT, command=PYTEST)
    assert done.returncode == 0, done.stdout
    assert "CONFORMING  the documented contract is kept" in done.stdout


def test_pytest_judges_what_is_picked(tmp_path: Path) -> None:
    words = ("-k", "test_timestamp and test_it_advances", f"--reports={tmp_path}")
    done = run("--endpoint=reference", *words, cwd=ROOT, command=PYTEST)
    assert "1 passed" in done.stdout
    assert done.returncode == 10, "whatever was not picked was not judged"
    assert {name for name, verdict in verdicts(tmp_path).items() if verdict == "pass"} == {"TIM-04"}


def test_pytest_says_nonconforming_by_its_exit_code(tmp_path: Path) -> None:
    with reference(state="008") as running:
        (tmp_path / "connect-conformance.toml").write_text(configuration(running), encoding="utf-8")
        words = ("--target=staging", f"--config={tmp_path / 'connect-conformance.toml'}")
        done = run(*words, cwd=ROOT, command=PYTEST, CONNECT_TOKEN=running.token)
    assert done.returncode == 1, done.stdout
    assert "NONCONFORMING" in done.stdout
    assert "FAILED conformance/checks/test_endpoint_and_methods.py::test_the_action_selects" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["conformance/checks"],
        ["conformance/checks/test_timestamp.py::test_it_advances", "-n", "2"],
        ["conformance", "-k", "timestamp"],
        ["."],
    ],
    ids=" ".join,
)
def test_pytest_refuses_the_checks_without_an_endpoint(words: list[str]) -> None:
    done = run(*words, cwd=ROOT, command=PYTEST)
    assert done.returncode == 4
    assert done.stderr.strip() == "ERROR: the checks need an endpoint: add --endpoint=URL (or --endpoint=reference)"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--endpoint=http://h.example/T"], "https URL"),
        (["--target=none-such"], "none-such"),
        (["--endpoint=reference", "--accept=I-77"], "I-77"),
    ],
)
def test_pytest_refuses_a_wrong_target_in_one_line(folder: Path, words: list[str], says: str) -> None:
    done = run(*words, f"--config={folder / 'connect-conformance.toml'}", cwd=ROOT, command=PYTEST)
    assert done.returncode == 4
    assert says in done.stderr
    assert done.stderr.strip().count("\n") == 0
