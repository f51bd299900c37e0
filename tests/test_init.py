"""`init`: what it writes can be read, names every key, and never overwrites by itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.contract.load import documented
from conformance.target.configuration import CONFIG_NAME, read_config
from conformance.target.schema import NAME
from conformance.target.settings import placed
from conformance.target.target import target

ENVIRONMENT = {"CONNECT_TOKEN": "0123456789abcdef0123456789abcdef", "GATEWAY_KEY": "a key of the gateway"}
ENVIRONMENT |= {"THROWAWAY_TOKEN": "fedcba9876543210fedcba9876543210", "ACCOUNT_NUMBER": "00-4711-00"}
ENVIRONMENT |= {"TEST_PASSWORD": "of-an-account-for-tests"}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(["init"]) == 0
    return tmp_path / CONFIG_NAME


def uncommented(file: Path) -> str:
    return re.sub(r"^# (\[targets|[a-z_]+ = )", r"\1", file.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_it_parses_and_takes_the_token_from_the_environment(written: Path) -> None:
    targets = read_config(written)
    assert list(targets) == ["staging"]
    assert targets["staging"] == {"endpoint": "https://staging.example.com/${CONNECT_TOKEN}"}
    made = target("staging", targets["staging"], documented(), environment=ENVIRONMENT)
    assert made.shown_endpoint == "https://staging.example.com/[token]"


def test_every_key_stands_in_it_with_its_default(written: Path) -> None:
    said = tomllib.loads(uncommented(written))["targets"]["staging"]
    assert set(said) == set(placed("target"))
    usual = {key: row.fallback for key, row in placed("target").items() if not row.example}
    del usual["states"]
    assert {key: said[key] for key in usual} == usual


def test_every_state_and_every_way_to_reach_one_stand_in_it(written: Path) -> None:
    states = tomllib.loads(uncommented(written))["targets"]["staging"]["states"]
    assert list(states) == [e.code for e in documented().errors.values() if e.provoked == "provisioned"]
    assert {key for state in states.values() for key in state} == set(placed("state"))


def test_with_every_comment_taken_off_it_is_still_usable(written: Path) -> None:
    text = re.sub(r"^(ca_file|client_cert|client_key) = .*", "", uncommented(written), flags=re.MULTILINE)
    written.write_text(text, encoding="utf-8")
    command = written.parent / "block-my-address"
    command.write_text("#!/bin/sh\n", encoding="utf-8")
    command.chmod(0o755)
    made = target(
        "staging", read_config(written)["staging"], documented(), environment=ENVIRONMENT, base=written.parent
    )
    assert len(made.states) == 4


def test_a_file_that_exists_is_left_alone(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written.write_text("mine", encoding="utf-8")
    capsys.readouterr()
    assert main(["init"]) == 4
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert CONFIG_NAME in told
    assert "--force" in told
    assert written.read_text(encoding="utf-8") == "mine"


def test_force_overwrites(written: Path) -> None:
    written.write_text("mine", encoding="utf-8")
    assert main(["init", "--force"]) == 0
    assert read_config(written)


def test_another_place_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["init", f"--config={tmp_path / 'other.toml'}"]) == 0
    monkeypatch.setenv("CONNECT_CONFORMANCE_CONFIG", str(tmp_path / "third.toml"))
    assert main(["init"]) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"other.toml", "third.toml", NAME}


@pytest.mark.parametrize("place", ["missing/x.toml", "."])
def test_a_place_that_cannot_be_written_is_said_in_one_line(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--force", f"--config={tmp_path / place}"]) == 4
    assert capsys.readouterr().err.count("\n") == 1
