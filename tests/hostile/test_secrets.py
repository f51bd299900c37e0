"""The token, secret headers and credentials appear nowhere: on no terminal, in no file, in no writing."""

import contextlib
import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import (
    catalogue,  # noqa: F401  which fills the registry
    trial,
)
from .leaks import leaks
from .registry import BEHAVIOURS
from .stage import Authority, Canary, Server
from .test_bounds import NAMES
from .trial import CHECKOUT, Outcome, Process, Trial, conformance, environment, folders, judging

BINDINGS = ("query-xml", "form-xml", "body-xml", "query-params")
each_behaviour = pytest.mark.parametrize("ended", NAMES, indirect=True)


def leaks_of(ended: Trial, *secrets: str) -> list[str]:
    return [
        f"{name}: {leak}"
        for name, data in ended.files()
        for secret in secrets
        for leak in leaks(secret, data) + leaks(secret, name.encode())
    ]


@each_behaviour
def test_the_token_is_nowhere(ended: Trial) -> None:
    assert leaks_of(ended, ended.token) == []


@each_behaviour
def test_the_token_never_travels_in_the_clear(ended: Trial) -> None:
    plain = [record for record in ended.records if not record.secure]
    assert [record.head for record in plain if leaks(ended.token, record.head + record.body)] == []


@pytest.mark.parametrize("binding", BINDINGS)
def test_an_endpoint_that_says_everything_back_in_every_binding(
    binding: str, authority: Authority, tmp_path: Path
) -> None:
    ended = trial.run(BEHAVIOURS["everything_said_back"], authority, tmp_path / "run", "--binding", binding)
    assert (ended.outcome.exit_code, ended.faults, ended.canary_calls) == (1, [], [])
    assert any(ended.token.encode() in record.head for record in ended.records)
    assert leaks_of(ended, ended.token) == []


@pytest.mark.parametrize(
    "name", ["everything_said_back", "token_fills_a_body", "echo_encoded_as_utf_16", "text_in_the_action"]
)
def test_evidence_without_secrets_still_replays(name: str, trials: dict[str, Trial], tmp_path: Path) -> None:
    """The recording of an endpoint that echoes the token gives the verdicts of the run again."""
    ended = trials[name]
    folder = folders(tmp_path / "replay")
    with contextlib.closing(Canary()) as canary:
        replayed = conformance("replay", "--no-color", "--reports", folder / "reports", ended.reports / "evidence.har")
        again = Trial(name, folder, ended.token, Process(replayed, folder, env=environment(folder, canary)).wait())
    withheld = "the body is withheld" in again.read("evidence.har")
    assert again.outcome.exit_code in {ended.outcome.exit_code, *([10] if withheld else [])}, again.output
    differing = {name for name, verdict in verdicts(ended).items() if verdicts(again)[name] != verdict}
    assert all(withheld and verdicts(again)[name] == "inconclusive" for name in differing), differing
    assert leaks_of(again, ended.token) == []


def verdicts(ended: Trial) -> dict[str, str]:
    return {requirement["id"]: requirement["verdict"] for requirement in ended.report()["requirements"]}


# Secrets other than the token


@dataclass
class Known:
    """What only the partner and the configuration know."""

    token: str = "5ec7e70000c0ffee5ec7e7aaaabbbb11"
    other_token: str = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
    api_key: str = "K3y/with+signs=&<>\"'%41-end"
    basic: str = "dXNlci1vZi1wYXJ0bmVyOnBhc3N3b3JkLW9mLXBhcnRuZXI="
    password: str = "proxy-p4ssw0rd-77"

    def all(self) -> tuple[str, ...]:
        return (self.token, self.other_token, self.api_key, self.basic, self.password)


CONFIGURATION = """
[targets.partner]
endpoint = "{https}/${{CONNECT_TOKEN}}"
http_endpoint = "{http}"
ca_file = "{ca}"
timeout = 3
headers = {{ "X-Api-Key" = "${{PARTNER_KEY}}", Authorization = "Basic ${{PARTNER_BASIC}}", X-Env = "stage" }}

[targets.partner.states.004]
endpoint = "{https}/${{OTHER_TOKEN}}"
headers = {{ "X-Test-State" = "004" }}

[targets.partner.states.007]
headers = {{ "X-Test-State" = "007" }}
setup = ["{python}", "-c", "import os, sys; sys.exit('cannot: ' + os.environ['CONNECT_TOKEN'])"]
teardown = ["{python}", "-c", "import os, sys; sys.exit('cannot either: ' + os.environ['PARTNER_KEY'])"]

[targets.partner.states.999]
proxy = "http://partner:${{PROXY_PASSWORD}}@127.0.0.1:{refusing}"
"""


@pytest.fixture
def refusing() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def partner(
    authority: Authority, canary: Canary, tmp_path: Path, refusing: int
) -> Iterator[tuple[Path, Server, Known]]:
    """A target with secrets of every kind, at an endpoint that says the whole request back."""
    known = Known()
    folder = folders(tmp_path / "run")
    ca = authority.write(tmp_path)
    says_back = BEHAVIOURS["everything_said_back"]
    with Server(says_back, authority, canary, token=known.token, bait=tmp_path / "bait") as server:
        text = CONFIGURATION.format(
            https=server.endpoint.rpartition("/")[0],
            http=server.http_endpoint,
            ca=ca,
            python=sys.executable,
            refusing=refusing,
        )
        (tmp_path / "partner.toml").write_text(text)
        yield folder, server, known
    assert server.faults == []


def judge(folder: Path, canary: Canary, known: Known) -> Outcome:
    secrets = {
        "CONNECT_TOKEN": known.token,
        "OTHER_TOKEN": known.other_token,
        "PARTNER_KEY": known.api_key,
        "PARTNER_BASIC": known.basic,
        "PROXY_PASSWORD": known.password,
    }
    target = ("--config", folder.parent / "partner.toml", "--target", "partner")
    ask = conformance("run", "--no-color", *target, "--reports", folder / "reports")
    return Process(ask, folder, env=environment(folder, canary, **secrets)).wait()


def test_headers_credentials_and_the_output_of_commands(partner: tuple[Path, Server, Known], canary: Canary) -> None:
    """Secret headers, a second token, a proxy's password, and commands that print what they know."""
    folder, server, known = partner
    outcome = judge(folder, canary, known)
    (folder / "home" / ".netrc").unlink()
    ended = Trial("partner", folder, known.token, outcome, records=server.records)
    assert outcome.exit_code == 1, ended.output
    heads = b"".join(record.head for record in server.records if record.secure)
    for sent in (known.token, known.other_token, known.api_key, known.basic):
        assert sent.encode() in heads  # the server was told, the reports are not
    assert leaks_of(ended, *known.all()) == []
    clear = b"".join(record.head + record.body for record in server.records if not record.secure)
    assert [secret for secret in known.all() if leaks(secret, clear)] == []
    assert "stage" in ended.read("evidence.har")  # what is no secret stays readable


def test_evidence_with_secrets_taken_out_is_still_evidence(partner: tuple[Path, Server, Known], canary: Canary) -> None:
    """Each secret is marked where it stood, so that a reader sees that it was sent."""
    folder, _, known = partner
    judge(folder, canary, known)
    har = json.loads((folder / "reports" / "evidence.har").read_text())
    # The controls of plain HTTP carry its stand-in, which is no secret.
    requests = [e["request"] for e in har["log"]["entries"] if e["_probe"]["group"] != "stand-in"]
    assert all("[token]" in request["url"] for request in requests if request["url"].startswith("https"))
    assert {"name": "X-Api-Key", "value": "[redacted]"} in [h for r in requests for h in r["headers"]]


# What fails before or around a run

TOKEN = "deadbeefcafe4242deadbeefcafe4242"
REFUSED = {
    "a port beyond all": f"https://localhost:99999/{TOKEN}",
    "another scheme": f"ftp://localhost/{TOKEN}",
    "no scheme": f"localhost/{TOKEN}",
    "white space": f"https://local host/{TOKEN}",
    "a line break": f"https://localhost/{TOKEN}\n",
    "credentials in the URL": f"https://user:{TOKEN}@localhost/{TOKEN}",
    "a fragment": f"https://localhost/{TOKEN}#{TOKEN}",
    "the token alone": TOKEN,
    "no host": f"https:///{TOKEN}",
    "a token in the host": f"https://[{TOKEN}]/",
    "a token in the port": f"https://localhost:{TOKEN}/",
}


def said_by(folder: Path, *arguments: str | Path, **env: str) -> Outcome:
    folders(folder)
    with contextlib.closing(Canary()) as canary:
        return Process(conformance(*arguments), folder, env=environment(folder, canary, **env)).wait()


@pytest.mark.parametrize("option", ["--endpoint", "--http-endpoint"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_url_is_not_quoted(case: str, option: str, tmp_path: Path) -> None:
    where = ["--endpoint", "https://localhost/" + TOKEN] if option == "--http-endpoint" else []
    given = f"{option}={REFUSED[case]}"
    outcome = said_by(tmp_path / "run", "run", *where, given, "--reports", tmp_path / "reports")
    assert (outcome.exit_code, leaks(TOKEN, outcome.output)) == (4, []), outcome.output
    assert len(outcome.output.splitlines()) == 1


@pytest.mark.parametrize(
    "more",
    [
        ["--timeout", "soon"],
        ["--no-such-option"],
        ["--binding", "none"],
        ["--ca-file", "absent.pem"],
        ["--max-requests", "0"],
    ],
    ids=lambda more: more[0],
)
def test_a_usage_error_beside_a_good_endpoint_says_nothing_of_the_token(more: list[str], tmp_path: Path) -> None:
    outcome = said_by(tmp_path / "run", "run", "--endpoint", f"https://localhost:9/{TOKEN}", *more)
    assert (outcome.exit_code, leaks(TOKEN, outcome.output)) == (4, []), outcome.output


def test_a_token_as_a_stray_argument_is_not_quoted(tmp_path: Path) -> None:
    """A forgotten option name makes the URL an argument that the parser would quote."""
    outcome = said_by(tmp_path / "run", "run", f"https://localhost/{TOKEN}")
    assert (outcome.exit_code, leaks(TOKEN, outcome.output)) == (4, []), outcome.output


def test_a_broken_configuration_is_not_quoted(tmp_path: Path) -> None:
    """Errors in a file that holds a token written out name the place, not the value."""
    for number, line in enumerate(
        (
            f'endpoint = "https://localhost/{TOKEN}',
            f'endpoint = ["{TOKEN}"]',
            f'endpoint = "https://localhost:x/{TOKEN}"',
        )
    ):
        file = tmp_path / f"{number}.toml"
        file.write_text(f"[targets.a]\n{line}\n")
        outcome = said_by(tmp_path / f"run{number}", "run", "--config", file, "--target", "a")
        assert (outcome.exit_code, leaks(TOKEN, outcome.output)) == (4, []), outcome.output


def test_what_would_be_sent_is_shown_without_the_token(tmp_path: Path) -> None:
    outcome = said_by(tmp_path / "run", "run", "--list", "--endpoint", f"https://localhost:9/{TOKEN}")
    assert (outcome.exit_code, leaks(TOKEN, outcome.output)) == (0, []), outcome.output


@pytest.mark.parametrize("trust", [True, False], ids=["dead port", "untrusted certificate"])
def test_no_connection_at_all(trust: bool, authority: Authority, refusing: int, tmp_path: Path) -> None:
    folder = folders(tmp_path / "run")
    behaviour = BEHAVIOURS["cookies"]
    with (
        contextlib.closing(Canary()) as canary,
        Server(behaviour, authority, canary, TOKEN, tmp_path / "b") as server,
    ):
        ca = (authority if trust else Authority()).write(tmp_path)
        ask = judging(server, ca, folder / "reports")
        if trust:
            ask[ask.index("--endpoint") + 1] = f"https://localhost:{refusing}/{TOKEN}"
        ended = Trial("none", folder, TOKEN, Process(ask, folder, env=environment(folder, canary)).wait())
    assert ended.outcome.exit_code == (10 if trust else 1), ended.output
    assert leaks_of(ended, TOKEN) == []


# The last guard

CARELESS = """
from conformance.target.secrets import Secrets
Secrets.redact = lambda self, text: text
Secrets.redact_bytes = lambda self, data, encoding="": data
"""
PYTEST = [
    "-m",
    "pytest",
    "--rootdir",
    str(CHECKOUT),
    "-c",
    str(CHECKOUT / "pyproject.toml"),
    "-p",
    "no:randomly",
]


@pytest.mark.parametrize("way_in", ["the command", "pytest"])
def test_what_nobody_took_out_is_written_nowhere(way_in: str, authority: Authority, tmp_path: Path) -> None:
    """With redaction broken on purpose: an internal error that names the files, and no file."""
    folder = folders(tmp_path / "run")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(CARELESS)
    behaviour = BEHAVIOURS["everything_said_back"]
    with (
        contextlib.closing(Canary()) as canary,
        Server(behaviour, authority, canary, TOKEN, tmp_path / "b") as server,
    ):
        ask = judging(server, authority.write(tmp_path), folder / "reports")
        if way_in == "pytest":
            given = [word for word in ask[ask.index("run") + 1 :] if word != "--no-color"]
            ask = [sys.executable, *PYTEST, *given, str(CHECKOUT / "conformance" / "checks")]
        env = environment(folder, canary, PYTHONPATH=f"{tmp_path / 'site'}:{CHECKOUT}")
        outcome = Process(ask, folder, env=env).wait()
    assert outcome.exit_code == 3, outcome.output[-3000:]
    assert b"a secret was found in evidence.har; the file is withheld" in outcome.output
    files = list((folder / "reports").rglob("*"))
    assert [file.name for file in files if leaks(TOKEN, file.read_bytes())] == []
    assert folder / "reports" / "evidence.har" not in files
    if way_in == "the command":
        assert leaks(TOKEN, outcome.output) == []


# pytest in a checkout, as talkative as it gets


def test_pytest_with_logs_and_locals(authority: Authority, tmp_path: Path) -> None:
    """`--showlocals`, logs at every level, long tracebacks, pytest's own reports and cache."""
    folder = folders(tmp_path / "run")
    behaviour = BEHAVIOURS["everything_said_back"]
    with (
        contextlib.closing(Canary()) as canary,
        Server(behaviour, authority, canary, TOKEN, tmp_path / "b") as server,
    ):
        ca = authority.write(tmp_path)
        ask = [
            *(sys.executable, *PYTEST, "-vv", "--showlocals", "--tb=long", "-rA", "-o", "log_cli=true"),
            *("--log-level=DEBUG", "--log-cli-level=DEBUG", f"--log-file={folder / 'log.txt'}"),
            *("-o", f"cache_dir={folder / 'cache'}", f"--junitxml={folder / 'junit.xml'}"),
            *(f"--html={folder / 'pytest.html'}", "--self-contained-html", f"--reports={folder / 'reports'}"),
            *(f"--endpoint={server.endpoint}", f"--http-endpoint={server.http_endpoint}", f"--ca-file={ca}"),
            *("--timeout=3", str(CHECKOUT / "conformance" / "checks")),
        ]
        ended = Trial("pytest", folder, TOKEN, Process(ask, folder, env=environment(folder, canary)).wait())
    assert ended.outcome.exit_code == 1, ended.output[-3000:]
    assert b"Authorization" not in b"".join(record.head for record in server.records)
    assert leaks_of(ended, TOKEN) == []
