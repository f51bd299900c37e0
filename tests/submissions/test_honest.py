"""Honest packages: of every binding, with states, waivers and interpretations, none is refused."""

from __future__ import annotations

import contextlib
import json
import re
import select
import shlex
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from conformance.commands.cli import main, parsed
from conformance.contract.purpose import Kind
from conformance.reference import Running, start
from conformance.run import record
from conformance.submissions.package import read_package
from conformance.submissions.rows import Standing
from conformance.submissions.statement import result
from conformance.target.settings import BINDINGS
from conformance.verdicts.policy import Policy
from conformance.verdicts.suggestions import with_suggestions
from conformance.verdicts.terms import Terms
from conformance.verdicts.waivers import Waiver
from tests.command import run
from tests.proxying import Proxy, opening
from tests.submissions.conftest import TOKEN, subject
from tests.submissions.forging import CONTRACT, Partner, ask, bad, described, looked_at, told_again
from tests.submissions.test_challenge import make_key

WAIVED = {"CBK-04": Waiver("CBK-04", "ticket 311", date(9999, 1, 1))}
Honest = tuple[dict[str, Any], Terms, Policy | None]
FAILING: dict[str, Any] = {"004": {"headers": {"X-Reference-State": "004"}, "setup": ["false"], "teardown": ["true"]}}
HONEST: dict[str, Honest] = {
    **{binding: ({"binding": binding}, Terms(), None) for binding in BINDINGS},
    "an interpretation": ({"accept": ["I-04"]}, Terms(), Policy(accept=("I-04",))),
    "a state by commands": (
        {"states": {"004": {"headers": {"X-Reference-State": "004"}, "setup": ["true"], "teardown": ["true"]}}},
        Terms(),
        Policy(require=("ENV-*", "ERR-004-*")),
    ),
    "a part, as the policy allows": ({}, Terms(select=("ENV-*", "TLS-*")), Policy(require=("ENV-*",))),
    "a token for plain HTTP": ({"http_token": "thr0w-away"}, Terms(), None),
    "a stricter level": ({}, Terms(level="should"), Policy(level="should")),
    "one request at a time": ({"concurrency": 1}, Terms(), None),
}


@pytest.mark.parametrize("what", HONEST)
def test_an_honest_package_is_accepted(what: str, running: Running, tmp_path: Path) -> None:
    settings, terms, policy = HONEST[what]
    challenge = ask("localhost", policy=policy)
    target = subject(running, **settings)
    partner = Partner(told_again(record(target, seed=challenge.seed, nonce=challenge.nonce)), challenge, terms)
    made = looked_at(partner.whole(), tmp_path, challenge)
    unprovisioned = {"policy"} if what == "a state by commands" else set()
    assert set(bad(made)) <= unprovisioned, bad(made)
    open_states = what == "a state by commands"
    assert made.exit_code == (10 if open_states else 0)


def test_a_package_of_a_run_that_could_not_reach_a_state_is_open(running: Running, tmp_path: Path) -> None:
    """Nothing is sent after a state whose setup failed either."""
    challenge = ask("localhost")
    evidence = record(subject(running, states=FAILING), seed=challenge.seed, nonce=challenge.nonce)
    made = looked_at(Partner(told_again(evidence), challenge).whole(), tmp_path, challenge)
    assert {one.standing for one in bad(made).values()} == {Standing.OPEN}, bad(made)
    assert "the setup command of state 004" in bad(made)["whole"].said


def test_what_a_partner_chose_is_said(running: Running, tmp_path: Path) -> None:
    challenge = ask("localhost")
    target = subject(running, headers={"X-Env": "rehearsal"}, allow_hostile_requests=False)
    evidence = told_again(record(target, seed=challenge.seed, nonce=challenge.nonce))
    made = looked_at(Partner(evidence, challenge).whole(), tmp_path, challenge)
    said = {one.check: one.said for one in made.rows}
    assert "each request carries the header X-Env: rehearsal" in said["allowances"]
    assert "a certificate authority of its own is trusted; no hostile request was allowed" in said["allowances"]
    assert "1 got no answer" in said["unjudged"]
    assert f"nobody but https://{urlsplit(running.https_url).netloc}, http" in said["hosts"]
    assert "at 127.0.0.1" in said["hosts"]


@contextlib.contextmanager
def gate(port: int) -> Iterator[int]:
    """A port in front of another one, through which one connection passes at a time; others are closed."""
    free = threading.Lock()

    class Passing(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if not free.acquire(blocking=False):
                return
            with (
                contextlib.closing(socket.create_connection(("127.0.0.1", port))) as behind,
                free_after(free),
            ):
                pairs = {self.request: behind, behind: self.request}
                while True:
                    for ready in select.select(list(pairs), [], [])[0]:
                        if not (data := ready.recv(65_536)):
                            return
                        pairs[ready].sendall(data)

    with ThreadingServer(("127.0.0.1", 0), Passing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextlib.contextmanager
def free_after(lock: threading.Lock) -> Iterator[None]:
    try:
        with contextlib.suppress(OSError):
            yield
    finally:
        lock.release()


class ThreadingServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


def test_a_package_of_a_run_over_one_connection_at_a_time_is_accepted(running: Running, tmp_path: Path) -> None:
    """What was closed as other connections were in its way was sent again later."""
    challenge = ask("localhost")
    port = urlsplit(running.https_url).port
    assert port
    with gate(port) as outside:
        target = subject(running, endpoint=f"https://localhost:{outside}/{TOKEN}")
        evidence = record(target, seed=challenge.seed, nonce=challenge.nonce)
    assert any("few connections" in note for note in evidence.notes)
    made = looked_at(Partner(told_again(evidence), challenge, Terms()).whole(), tmp_path, challenge)
    assert not bad(made), bad(made)


def test_a_package_of_a_run_whose_plain_port_is_silent_is_open(running: Running, tmp_path: Path) -> None:
    """What was sent there while others waited in vain, and not again, is no forgery; nor is the run whole."""
    challenge = ask("localhost")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        plain = f"http://localhost:{silent.getsockname()[1]}/"
        target = subject(running, http_endpoint=plain, timeout=0.5)
        evidence = record(target, seed=challenge.seed, nonce=challenge.nonce)
    assert evidence.of(Kind.CROWDED)
    made = looked_at(Partner(told_again(evidence), challenge, Terms()).whole(), tmp_path, challenge)
    assert [one for one in made.rows if one.standing is Standing.FAILED] == []
    assert "nothing has ever answered there" in bad(made)["whole"].said


@pytest.mark.parametrize("of_a_state", [False, True])
def test_a_package_of_a_run_through_a_proxy_that_opens_tls_is_no_forgery(
    of_a_state: bool, running: Running, tmp_path: Path
) -> None:
    """Such a run records no certificate, as it may be the proxy's."""
    challenge, authority = ask("localhost"), trustme.CA()
    usual = subject(running)
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.cert_pem.bytes() + Path(usual.ca_file).read_bytes())
    with Proxy(opens=opening("localhost", authority)) as proxy:
        own = {"states": {"004": {"headers": {"X-Reference-State": "004"}, "proxy": proxy.url}}}
        settings: dict[str, Any] = own if of_a_state else {"proxy": proxy.url}
        evidence = record(subject(running, ca_file=str(file), **settings), seed=challenge.seed, nonce=challenge.nonce)
    assert [e for e in evidence.exchanges if e.answer and not e.tls and e.request.url.startswith("https:")]
    made = looked_at(Partner(told_again(evidence), challenge).whole(), tmp_path, challenge)
    unasked = set() if of_a_state else {"whole"}  # the port of HTTPS, in the clear
    assert {one.standing for one in bad(made).values()} == {Standing.OPEN}, bad(made)
    assert bad(made).keys() == {"certificates", *unasked}
    assert "through a proxy that may open TLS" in bad(made)["certificates"].said
    unsaid = described(proxy="", states={})(told_again(evidence))
    made = looked_at(Partner(unsaid, challenge).whole(), tmp_path, challenge)
    assert bad(made)["certificates"].standing is Standing.FAILED


def test_a_package_of_every_call_that_changes_nothing_is_accepted(tmp_path: Path) -> None:
    """At an endpoint that nobody has used: its calls about accounts remember who asked."""
    challenge = ask("localhost")
    with start() as fresh:
        target = subject(fresh, calls=["*"], endpoint=fresh.https_url)
        evidence = told_again(record(target, seed=challenge.seed, nonce=challenge.nonce))
    made = looked_at(Partner(evidence, challenge).whole(), tmp_path, challenge)
    assert (made.exit_code, bad(made)) == (0, {})


def test_a_waived_failure_is_accepted_and_said(tmp_path: Path) -> None:
    challenge = ask("localhost", policy=Policy(waivers=("CBK-04",)))
    with start(rewrite=lambda body: body.replace(b"SOAP POST", b"SOAP PUT")) as broken:
        evidence = told_again(record(subject(broken), seed=challenge.seed, nonce=challenge.nonce))
    partner = Partner(evidence, challenge, Terms(waivers=WAIVED))
    made = looked_at(partner.whole(), tmp_path, challenge)
    assert (made.exit_code, bad(made)) == (0, {})
    assert result(partner.report) == "WARNED"
    assert any("CBK-04 is waived until 9999-01-01 (ticket 311)" in one.said for one in made.rows)
    unwaived = Partner(evidence, challenge)
    made = looked_at(unwaived.whole(), tmp_path, challenge)
    assert (made.exit_code, bad(made)) == (1, {})
    assert result(unwaived.report) == "FAILED"


def test_a_suggestion_is_made_again(tmp_path: Path) -> None:
    challenge = ask("localhost")
    with start(rewrite=lambda body: body.replace(b"SOAP POST", b"SOAP PUT")) as broken:
        evidence = told_again(record(subject(broken), seed=challenge.seed, nonce=challenge.nonce))
    partner = Partner(evidence, challenge)
    partner.report = with_suggestions(partner.report, evidence, CONTRACT)
    assert b"SOAP POST', not 'SOAP PUT'" in partner.files()["report.json"]
    made = looked_at(partner.whole(), tmp_path, challenge)
    assert (made.exit_code, bad(made)) == (1, {})
    forged = partner.files()["report.json"].replace(b"SOAP POST', not", b"SOAP PUT', not")
    made = looked_at(partner.signed(partner.files(report_json=forged)), tmp_path, challenge)
    assert "judged again" in bad(made)


# Whatever an endpoint does on the wire, an honest recording of it is no forgery.
ODD = [
    "connections_closed", "gzip_unasked", "chunked", "until_the_connection_ends", "http_1_0", "early_hints",
    "tls_1_2_only", "plain_http_hung_up", "plain_http_refused", "one_502_in_twenty", "certificate_with_intermediate",
    "line_breaks_in_urls_end_the_connection", "path_said_back", "utf_16_little_endian",
]  # fmt: skip
WRONG = ["action_taken_in_any_case", "document_ends_at_nul"]


@pytest.mark.parametrize("variant", [*ODD, *WRONG])
def test_no_recording_of_an_odd_endpoint_is_taken_for_a_forgery(variant: str, tmp_path: Path) -> None:
    challenge = ask("localhost")
    with start(variant=variant) as odd:
        evidence = told_again(record(subject(odd), seed=challenge.seed, nonce=challenge.nonce))
    made = looked_at(Partner(evidence, challenge).whole(), tmp_path, challenge)
    assert [one for one in made.rows if one.standing is Standing.FAILED] == []


def test_the_commands_from_challenge_to_verdict(tmp_path: Path) -> None:
    """As docs/submissions.md has them; nothing secret is in the package."""
    key, half = make_key(tmp_path)
    (tmp_path / "policy.toml").write_text('require = ["ENV-*", "CBK-*"]\n', encoding="utf-8")
    host = ("--endpoint-host", "localhost")
    run("challenge", "--for", "a partner", *host, "--policy", "policy.toml", cwd=tmp_path)
    done = run("run", "--endpoint", "reference", "--challenge", "challenge.json", "--reports", "answer", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    words = ("package", "answer", "--challenge", "challenge.json", "--key", key, "-o", "answer.zip")
    done = run(*words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "answer.zip written, 10 files: its run is conforming (PASSED)\n"
    seen = run("verify", "answer.zip", "--trust", half, cwd=tmp_path)
    assert seen.returncode == 0, seen.stdout
    assert seen.stdout.splitlines()[-1].startswith("ACCEPTED: reference: the documented contract is kept")
    again = run("verify", "answer.zip", "--trust", half, "--quiet", cwd=tmp_path)
    assert (again.returncode, again.stdout.count("\n")) == (0, 4), "the same package may be looked at again"
    said = json.loads(read_package(tmp_path / "answer.zip").files["statement.json"])
    assert said["predicate"]["result"] == "PASSED"
    assert {one["name"] for one in said["subject"]} == {
        "challenge.json", "evidence.har", "junit.xml", "report.html", "report.json", "requirements.toml", "summary.md",
    }  # fmt: skip
    other = run("package", "answer", "--challenge", "challenge.json", "-o", "other.zip", cwd=tmp_path)
    assert other.returncode == 0
    seen = run("verify", "other.zip", cwd=tmp_path)
    assert seen.returncode == 10
    assert "has answered this challenge already" in seen.stdout
    assert "nobody has signed it" in seen.stdout


def test_no_secret_is_in_a_package(running: Running, tmp_path: Path) -> None:
    challenge = ask("localhost")
    target = subject(running, values={}, headers={"Authorization": "Bearer gate-way-key", "X-Env": "staging"})
    partner = Partner(told_again(record(target, seed=challenge.seed, nonce=challenge.nonce)), challenge)
    for name, data in partner.whole().items():
        for secret in (TOKEN, "gate-way-key"):
            assert secret.encode() not in data, name
            assert secret.encode().hex().encode() not in data, name


REFUSED: dict[str, tuple[list[str], Callable[[Path], object], str]] = {
    "no folder": (["missing"], lambda _: None, "missing/evidence.har"),
    "no report": (["answer"], lambda p: (p / "answer/report.json").unlink(), "report.json"),
    "no recording": (["answer"], lambda p: (p / "answer/evidence.har").write_text("{}"), "evidence.har"),
    "another version's": (
        ["answer"],
        lambda p: (p / "answer/report.json").write_text(
            (p / "answer/report.json").read_text().replace('"version": "', '"version": "0.0.')
        ),
        "0.0.",
    ),
    "a file that exists": (["answer", "-o", "answer/report.json"], lambda _: None, "report.json exists"),
    "no key": (["answer", "--key", "answer/report.json"], lambda _: None, "--key"),
    "a challenge that was not answered": (
        ["answer", "--challenge", "answer/report.json"],
        lambda _: None,
        "challenge",
    ),
}


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answer")
    done = run("run", "--endpoint=reference", "--select=ENV-*", "--reports=answer", cwd=folder)
    assert done.returncode == 0
    return folder / "answer"


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_packed_is_refused_in_one_line(
    what: str,
    answer: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words, change, named = REFUSED[what]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answer").mkdir()
    for file in answer.iterdir():
        (tmp_path / "answer" / file.name).write_bytes(file.read_bytes())
    change(tmp_path)
    assert main(["package", *words, *([] if "-o" in words else ["-o", "answer.zip"])]) == 4
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert named in told


def test_every_command_of_the_page_is_understood() -> None:
    page = (Path(__file__).parents[2] / "docs/submissions.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    ours = [shlex.split(line)[1:] for line in lines if line.startswith("connect-conformance ")]
    assert {words[0] for words in ours} == {"challenge", "run", "package", "verify"}
    for words in ours:
        assert parsed(words).command == words[0]
    made = [
        "openssl genpkey -algorithm ed25519 -out key.pem",
        "openssl pkey -in key.pem -pubout -out key.pub",
    ]
    assert [line for line in lines if not line.startswith("connect-conformance ")] == made, "as `make_key` has them"
