"""A challenge: issued, noted, signed where a key is given; a run that answers it takes its seed."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance import __version__
from conformance.commands.cli import main
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.submissions.challenge import (
    Challenge,
    duration,
    host,
    issue,
    parsed,
    read_challenge,
    signer,
    to_file,
)
from conformance.submissions.ledger import read_ledger
from conformance.submissions.signing import private_key, public_key
from conformance.verdicts.policy import Policy
from tests.command import run

CONTRACT = documented()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_key(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """A key and its public half, made as docs/submissions.md says."""
    key, half = folder / f"{name}.pem", folder / f"{name}.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", half], check=True)
    return key, half


def issued(policy: Policy | None = None, hosts: tuple[str, ...] = ("staging.example.com",)) -> Challenge:
    return issue("partner", hosts=hosts, valid=timedelta(hours=72), policy=policy, contract=CONTRACT, now=NOW)


def test_it_says_what_is_asked() -> None:
    challenge = issued(Policy(level="should", minimum_suite="0.1.0"))
    assert challenge.expires == "2026-03-04T12:00:00Z"
    assert challenge.contract == CONTRACT.name
    assert challenge.rules(CONTRACT) == Policy(level="should", minimum_suite="0.1.0")
    assert issued().minimum_suite == __version__
    assert issued().nonce != issued().nonce
    assert parsed(to_file(challenge, None)) == challenge


def test_the_seed_follows_from_the_nonce_alone() -> None:
    known = Challenge(nonce="0" * 64, for_="x", hosts=("x",), issued="", expires="", contract="", minimum_suite="")
    assert known.seed == 3_803_638_858_737_193, "recordings of years are made again by it"
    assert 0 <= issued().seed < 2**52
    assert issued().seed != issued().seed


def test_a_signed_one_says_by_whom(tmp_path: Path) -> None:
    (key, half), (_, other) = make_key(tmp_path), make_key(tmp_path, "other")
    challenge, trusted = issued(), public_key(half)
    data = to_file(challenge, private_key(key))
    assert signer(data, [public_key(other), trusted]) == trusted
    assert signer(data, [public_key(other)]) is None
    assert signer(to_file(challenge, None), [trusted]) is None
    shown = json.loads(data)
    shown["challenge"]["hosts"] = ["another.example.com"]
    with pytest.raises(ValueError, match="another challenge than it shows"):
        signer(json.dumps(shown).encode(), [trusted])


WRONG: dict[str, dict[str, Any]] = {
    "another format": {"format": 2},
    "no nonce": {"nonce": "abc"},
    "no host": {"hosts": []},
    "over before it began": {"expires": "2020-01-01T00:00:00Z"},
    "a time that is none": {"issued": "yesterday"},
    "an unknown key": {"more": 1},
    "a policy that is none": {"policy": {"level": "all"}},
}


@pytest.mark.parametrize("what", [*WRONG, "no JSON", "a folder", "a large file"])
def test_a_wrong_one_is_refused_in_one_line(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "challenge.json"
    made = json.loads(to_file(issued(), None))
    made["challenge"] |= WRONG.get(what, {})
    text = {"no JSON": "{", "a large file": " " * (2 << 20)}.get(what, json.dumps(made))
    file.mkdir() if what == "a folder" else file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError):
        read_challenge(file, CONTRACT)
    assert main(["run", "--endpoint=https://nobody.invalid/", f"--challenge={file}"]) == 4
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("text", "hours"), [("72h", 72), ("90m", 1.5), ("7d", 168)])
def test_times(text: str, hours: float) -> None:
    assert duration(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "0h", "72", "-1h", "1e3h", "400d", "９h"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="allowed"):
        duration(text)


@pytest.mark.parametrize("text", ["staging.example.com", "h.example:8443", "[::1]:443", "192.0.2.7"])
def test_hosts(text: str) -> None:
    assert host(text) == text


@pytest.mark.parametrize("text", ["", "https://h.example", "h.example/", "a b", "h:99999", "x@h", "h.example:0"])
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="allowed"):
        host(text)


def test_the_command_notes_what_it_issued_and_overwrites_nothing(tmp_path: Path) -> None:
    words = ("challenge", "--for", "a partner", "--endpoint-host", "127.0.0.1", "--valid", "2h")
    (tmp_path / "policy.toml").write_text('level = "should"\n', encoding="utf-8")
    key, half = make_key(tmp_path)
    done = run(*words, "--policy", "policy.toml", "--key", key, "-o", "c.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "package answer --challenge c.json --key KEY.pem -o answer.zip" in done.stdout
    challenge, data = read_challenge(tmp_path / "c.json", CONTRACT)
    assert challenge.rules(CONTRACT) == Policy(level="should")
    assert signer(data, [public_key(half)])
    ledger = read_ledger(tmp_path / "connect-conformance-challenges.jsonl")
    assert ledger.issued == {challenge.nonce: challenge.digest}
    again = run(*words, "-o", "c.json", cwd=tmp_path)
    assert again.returncode == 4
    assert again.stderr.count("\n") == 1
    assert (tmp_path / "c.json").read_bytes() == data


@pytest.mark.parametrize(
    "words",
    [
        ["--for= ", "--endpoint-host=h.example"],
        ["--for=x", "--endpoint-host=https://h.example/"],
        ["--for=x", "--endpoint-host=h.example", "--valid=soon"],
        ["--for=x", "--endpoint-host=h.example", "--key=missing.pem"],
        ["--for=x", "--endpoint-host=h.example", "--policy=missing.toml"],
        ["--for=x", "--endpoint-host=h.example", "--ledger=."],
        ["--for=x", "--endpoint-host=h.example", "-o", "missing/challenge.json"],
        ["--for=x"],
    ],
)
def test_wrong_options_are_refused_in_one_line(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["challenge", *words]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_a_run_takes_the_seed_of_the_challenge_and_says_its_nonce(tmp_path: Path) -> None:
    challenge = issued()
    (tmp_path / "challenge.json").write_bytes(to_file(challenge, None))
    words = (
        "run",
        "--endpoint=reference",
        "--select=ENV-*",
        "--challenge=challenge.json",
        "--reports=answer",
    )
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "answer/report.json").read_bytes())
    recorded = json.loads((tmp_path / "answer/evidence.har").read_bytes())["log"]["_run"]
    assert (report["nonce"], report["seed"]) == (challenge.nonce, challenge.seed)
    assert (recorded["nonce"], recorded["seed"]) == (challenge.nonce, challenge.seed)


def test_a_run_of_another_contract_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = json.loads(to_file(issued(), None))
    made["challenge"]["contract"] = f"connect-api@{'0' * 64}"
    (tmp_path / "challenge.json").write_text(json.dumps(made), encoding="utf-8")
    assert main(["run", "--endpoint=reference", f"--challenge={tmp_path / 'challenge.json'}"]) == 4
    assert "contract" in capsys.readouterr().err


def test_the_ledger_tolerates_a_torn_last_line_and_duplicates(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    ledger, challenge = read_ledger(file), issued()
    ledger.issue(challenge)
    ledger.answer(challenge.nonce, "a" * 64, challenge.issued)
    ledger.answer(challenge.nonce, "a" * 64, challenge.issued)
    assert file.read_bytes().count(b"\n") == 2
    file.write_bytes(file.read_bytes() * 2 + b'{"what":"answ')
    again = read_ledger(file)
    assert again.issued == {challenge.nonce: challenge.digest}
    assert again.answered == {challenge.nonce: ["a" * 64]}
    again.answer(challenge.nonce, "b" * 64, challenge.issued)
    assert read_ledger(file).answered == {challenge.nonce: ["a" * 64, "b" * 64]}


@pytest.mark.parametrize("data", [b"not json\n", b'{"what":"sold","nonce":"x"}\n{}'])
def test_a_file_that_is_no_ledger_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").write_bytes(data)
    with pytest.raises(ConfigError, match="line 1"):
        read_ledger(tmp_path / "ledger.jsonl")


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused_without_being_quoted(text: str, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(text, encoding="utf-8")
    for read in (private_key, public_key):
        with pytest.raises(ConfigError) as refused:
            read(file)
        assert "AAAA" not in str(refused.value)
        assert "Ed25519" in str(refused.value) or "private key" in str(refused.value)
