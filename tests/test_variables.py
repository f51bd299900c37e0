"""The variables CONNECT_CONFORMANCE_NAME: one for every option of `run`, an unknown one refused."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.commands.cli import main, parsed
from conformance.contract.given import ConfigError
from conformance.target.settings import PREFIX, SETTINGS, Setting, taken_by
from tests.command import COMMAND as COMMAND_OF_PYTEST
from tests.command import ROOT, run

VALUES = {
    "timeout": "3",
    "concurrency": "2",
    "max-requests": "9",
    "rate": "5/s",
    "deadline": "60",
    "seed": "7",
    "smoke": "7",
    "binding": "form-xml",
    "level": "should",
    "jobs": "2",
    "shard": "1/2",
    "label": "release=4.2.0",
    **dict.fromkeys((row.flag[2:] for row in SETTINGS if row.kind == "flag"), "yes"),
}


def options(*given: str, command: str = "run") -> dict[str, Any]:
    return vars(parsed([command, *given]))


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in SETTINGS:
        monkeypatch.delenv(row.variable, raising=False)


@pytest.mark.parametrize("row", taken_by("run"), ids=lambda row: row.key)
def test_a_variable_is_as_good_as_its_option(row: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    value = VALUES.get(row.flag[2:], "x")
    said = options(row.flag if row.kind == "flag" else f"{row.flag}={value}")[row.key]
    assert said != options()[row.key]
    monkeypatch.setenv(row.variable, value)
    assert options()[row.key] == said


def test_the_command_line_beats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SEED", "7")
    monkeypatch.setenv(f"{PREFIX}REPORTS", "there")
    assert options("--seed=1")["seed"] == 1
    assert str(options("--reports=here")["reports"]) == "here"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TIMEOUT", "soon", "CONNECT_CONFORMANCE_TIMEOUT: 'soon' is not a number from"),
        ("TIMEOUT", "nan", "CONNECT_CONFORMANCE_TIMEOUT: 'nan' is not"),
        ("RATE", "-1", "CONNECT_CONFORMANCE_RATE"),
        ("BINDING", "soap", "CONNECT_CONFORMANCE_BINDING: 'soap' is none of those; allowed: query-xml"),
        ("QUIET", "maybe", "CONNECT_CONFORMANCE_QUIET is neither true nor false"),
        (
            "ENDPONT",
            "x",
            "CONNECT_CONFORMANCE_ENDPONT is unknown (did you mean CONNECT_CONFORMANCE_ENDPOINT?)",
        ),
        ("CAFILE", "x", "did you mean CONNECT_CONFORMANCE_CA_FILE?"),
        ("CA-FILE", "x", "did you mean CONNECT_CONFORMANCE_CA_FILE?"),
        ("timeout", "3", "did you mean CONNECT_CONFORMANCE_TIMEOUT?"),
        ("ZZZ", "3", "allowed: CONNECT_CONFORMANCE_ with one of ACCEPT,"),
        ("TOKEN", "", "is unknown"),
    ],
)
def test_a_wrong_one_is_named(name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ConfigError) as refused:
        options()
    assert says in str(refused.value)


def test_empty_ones_and_those_of_a_flag_that_is_off_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = options()
    monkeypatch.setenv(f"{PREFIX}TIMEOUT", "")
    monkeypatch.setenv(f"{PREFIX}LIST", "off")
    assert options() == usual


def test_lists_are_split_and_replaced_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SELECT", "ENV-*, CBK-*")
    assert options()["select"] == ["ENV-*", "CBK-*"]
    assert options("--select", "TIM-*")["select"] == ["TIM-*"]


def test_what_is_judged_is_said_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ALL_TARGETS", "1"), ("SHARD", "1/2"), ("TARGET", "staging"), ("SEED", "3")):
        monkeypatch.setenv(PREFIX + name, value)
    said = options("--endpoint=reference")
    assert not any(said[key] for key in ("all_targets", "shard", "target"))
    assert said["seed"] == 3
    assert options("--target=a")["shard"] == (1, 2)


def test_other_commands_read_what_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LEVEL", "SEED"):
        monkeypatch.setenv(PREFIX + name, VALUES[name.lower()])
    said = options("evidence.har", command="replay")
    assert said["level"] == "should"
    assert "seed" not in said
    assert "level" not in options(command="doctor")
    monkeypatch.setenv(f"{PREFIX}NO_SUCH", "x")
    options(command="serve")


def test_a_misspelt_one_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}LEVLE", "should")
    assert main(["run", "--endpoint=reference"]) == 4
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [("LEVLE", "should", "did you mean"), ("LEVEL", "shall", "LEVEL"), ("TIMEOUT", "x", "x")],
)
def test_pytest_refuses_it_too(name: str, value: str, says: str) -> None:
    command = [COMMAND_OF_PYTEST[0], "-m", "pytest", "-q"]
    done = run("--endpoint=reference", cwd=ROOT, command=command, **{PREFIX + name: value})
    assert done.returncode == 4
    assert says in done.stderr


def test_pytest_takes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [COMMAND_OF_PYTEST[0], "-m", "pytest", "-q"]
    done = run("--endpoint=reference", "-k", "TIM", cwd=ROOT, command=command, **{f"{PREFIX}ACCEPT": "I-77"})
    assert done.returncode == 4
    assert "I-77" in done.stderr
