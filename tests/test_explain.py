"""`explain`: every name that a report or a command prints can be asked for."""

from __future__ import annotations

import ast
import re

import pytest

from conformance.commands.explain import _WORDS, explained, names
from conformance.contract.given import ConfigError
from conformance.contract.levels import LEVELS
from conformance.contract.load import documented
from conformance.selftest.trials import trials
from conformance.target.settings import SETTINGS, Setting
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import ExitCode
from tests.tree import ROOT

CONTRACT = documented()


@pytest.mark.parametrize("name", CONTRACT.requirements)
def test_a_requirement_says_what_it_rests_on_and_how_it_is_mended(name: str) -> None:
    said = " ".join(explained(name).split())
    requirement = CONTRACT.requirements[name]
    assert requirement.statement in said
    assert " ".join(requirement.quote.split()) in said
    assert f"to mend {requirement.mend} check" in said, "before what is long"
    assert "known faults" in said


@pytest.mark.parametrize("name", CONTRACT.interpretations)
def test_an_interpretation_says_what_was_decided(name: str) -> None:
    said = " ".join(explained(name).split())
    assert CONTRACT.interpretations[name].decision in said
    assert ("--accept" in said) is CONTRACT.interpretations[name].acceptable


def test_every_exit_code_and_any_variant_is_explained() -> None:
    assert all(f"exit code {int(code)}" in explained(str(int(code))) for code in ExitCode)
    for trial in trials()[::17]:
        assert trial.id in explained(trial.id)


@pytest.mark.parametrize("word", [*LEVELS, *Verdict])
def test_every_level_and_every_verdict_is_explained(word: str) -> None:
    """In the spelling of a page, too, which has spaces."""
    assert "means" in explained(word)
    assert explained(word.replace("_", " ")) == explained(word)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: f"{row.place} {row.key}")
def test_every_setting_is_explained_by_each_of_its_names(row: Setting) -> None:
    said = explained(row.key)
    plain = " ".join(said.split())
    assert " ".join(row.help[1:].split()) in plain
    assert " ".join(row.more.split()) in plain
    assert row.usual in plain
    if row.commands:
        assert f"option {row.flag}" in plain
        assert f"variable {row.variable}" in plain
        assert explained(row.flag) == explained(row.variable.lower()) == said


def test_no_name_stands_for_two_things() -> None:
    kinds = [[str(int(code)) for code in ExitCode], CONTRACT.interpretations, CONTRACT.requirements]
    kinds += [_WORDS, {row.key for row in SETTINGS}, [trial.id for trial in trials()]]
    every = [name for kind in kinds for name in kind]
    assert len({*every, "limits"}) == len(every) + 1 == len(names())


def test_a_requirement_names_its_known_faults() -> None:
    assert "Plain HTTP is served like HTTPS. (plain_http_served)" in " ".join(explained("tls-01").split())


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ENV-3", "ENV-03"),
        ("plain_http_serve", "plain_http_served"),
        ("I_09", "I-09"),
        ("timeot", "timeout"),
        ("--shrad", "--shard"),
        ("CONNECT_CONFORMANCE_TIMEOT", "CONNECT_CONFORMANCE_TIMEOUT"),
    ],
)
def test_a_name_that_is_unknown_is_refused_with_a_suggestion(name: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"did you mean {meant}"):
        explained(name)


def test_the_limits_are_told_whole() -> None:
    """Whoever installed the package has no folder `docs`."""
    page = (ROOT / "docs/limits.md").read_text(encoding="utf-8")
    wanted = re.sub(r"^(#+|-) ", "", page, flags=re.MULTILINE)
    assert re.sub(r"[\s-]+", "", explained("limits")) == re.sub(r"[\s-]+", "", wanted)


def test_nothing_printed_points_to_a_file_that_no_wheel_has() -> None:
    said = []
    for file in (ROOT / "conformance").rglob("*.py"):
        tree = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        docstrings = [node.value for node in tree if isinstance(node, ast.Expr)]
        texts = (n.value for n in tree if isinstance(n, ast.Constant) and n not in docstrings)
        said += [text for text in texts if isinstance(text, str) and "docs/" in text]
    assert said == []
