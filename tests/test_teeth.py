"""Break a check on purpose, and `prove` says which requirement lost its teeth."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from conformance.checks import catalogue, disclosure
from conformance.checks.catalogue import Check, check_of
from conformance.contract.load import documented
from conformance.contract.model import Contract
from conformance.evidence.exchange import Evidence
from conformance.selftest import prove
from conformance.selftest.answers import evidence_on
from conformance.selftest.matrix import Matrix, matrix, table
from conformance.selftest.trials import Trial
from conformance.sending import wire
from conformance.verdicts import judge

Blunt = Callable[[str], str]


def returning_early(source: str) -> str:
    """The check is satisfied before it has looked."""
    tree = ast.parse(source)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body[1:] = [ast.Return(None)]  # the docstring stays
    return ast.unparse(ast.fix_missing_locations(tree))


def skipping(said: str) -> Blunt:
    """One breach, known by its words, is no longer raised."""

    def blunted(source: str) -> str:
        tree = ast.parse(source)
        raised = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Raise) and "Breach" in ast.unparse(node) and said in ast.unparse(node)
        ]
        assert len(raised) == 1, f"{len(raised)} breaches say {said!r}"
        for node in ast.walk(tree):
            for name, block in ast.iter_fields(node):
                if isinstance(block, list) and raised[0] in block:
                    setattr(node, name, [ast.Pass() if here is raised[0] else here for here in block])
        return ast.unparse(ast.fix_missing_locations(tree))

    return blunted


def loosened(old: str, new: str) -> Blunt:
    """A pattern, a comparison or a bound lets more pass."""

    def blunted(source: str) -> str:
        assert source.count(old) == 1, f"{source.count(old)} places read {old!r}"
        return source.replace(old, new)

    return blunted


@dataclass(frozen=True)
class Row:
    """A check, how it is broken, the requirement that must be missed, and a mutant that only this check kills."""

    check: str
    blunt: Blunt
    requirement: str
    mutant: str


EARLY = {
    "REQ-03": ("test_another_action_does_not_get_the_answer_of_the_call", "longer_action_taken"),
    "REQ-04": ("test_references_to_nothing_do_not_succeed", "references_ended"),
    "ERR-ANY": ("test_every_error_has_a_documented_code", "other_action_is_error_101"),
    "ERR-007-data": ("test_the_answer_carries_no_list", "list_in_007"),
    "ENV-09": ("test_nothing_refers_elsewhere", "doctype_external"),
}
ROWS = [
    *(Row(check, returning_early, name, mutant) for name, (check, mutant) in EARLY.items()),
    Row(
        "test_the_same_request_spelled_otherwise_gets_the_same_answer",
        returning_early,
        "REQ-05",
        "comment_not_understood",
    ),
    Row("test_plain_http_gets_no_data", returning_early, "TLS-01", "plain_http_served_with_a_segment"),
    Row(
        "test_plain_http_gets_no_data_in_any_form",
        returning_early,
        "TLS-01",
        "plain_http_served_for_post_in_url",
    ),
    Row("test_values_are_unique", skipping("has more than one"), "CBK-06", "type_under_two_ids"),
    Row("test_no_cookie_is_set", skipping("a cookie is set"), "HYG-06", "cookie_set"),
    Row(
        "test_every_value_has_a_documented_word",
        loosened("for allowed in rule.words", 'for allowed in (*rule.words, "PUT")'),
        "CBK-07",
        "type_with_put",
    ),
    Row(
        "test_the_answer_says_the_message",
        loosened("if message.text in allowed:", "if message.text.startswith(allowed):"),
        "ERR-004-message",
        "message_004_with_full_stop",
    ),
    Row(
        "test_it_is_the_time_of_the_answer",
        loosened("    on_time(exchange, judging.success(exchange), judging)", "    judging.success(exchange)"),
        "TIM-02",
        "timestamp_an_hour_ahead",
    ),
    Row(
        "test_the_media_type_is_xml", loosened("(text|application)/xml", ".*/(xml|json)"), "HYG-03", "labelled_json"
    ),
    Row(
        "test_the_envelope_keeps_its_schema",
        loosened("d.component == component", 'd.component == component and component.aspect != "anything"'),
        "ENV-08",
        "get_list_callback.Values.attribute_added",
    ),
    Row(
        "test_the_envelope_keeps_its_schema",
        loosened("d.component == component", 'd.component == component and component.element != "Timestamp"'),
        "TIM-01",
        "get_list_callback.Timestamp.grouped",
    ),
]  # fmt: skip


def broken(check: Check, blunt: Blunt) -> Check:
    """The check, its source changed, in its own module."""
    source = textwrap.dedent(inspect.getsource(check.function))
    changed = blunt(source)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    names = dict(vars(sys.modules[check.module]))
    exec(compile(changed, inspect.getfile(check.function), "exec"), names)
    made = check_of(names[check.name])
    assert made
    assert (made.requirement, made.kinds, made.parameter) == (
        check.requirement,
        check.kinds,
        check.parameter,
    )
    return dataclasses.replace(check, function=made.function)


RECORDED: dict[str, Evidence] = {}


async def recorded_once(trial: Trial, contract: Contract) -> Evidence:
    """What a variant answers, which is the same whatever a check makes of it."""
    if trial.id not in RECORDED:
        RECORDED[trial.id] = await evidence_on(trial, contract)
    return RECORDED[trial.id]


def proved(monkeypatch: pytest.MonkeyPatch, mutant: str) -> Matrix:
    """What `prove --only mutant` comes to, without the wait that only the pace of Timestamps needs."""
    monkeypatch.setattr(wire, "LATER_S", 0.0)
    monkeypatch.setattr(prove, "evidence_on", recorded_once)
    outcomes = prove.prove([mutant], jobs=1)
    assert [o.id for o in outcomes] == [mutant]
    return matrix(outcomes, documented(), partial=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.requirement} {row.check}")
def test_a_blunted_check_is_noticed(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    sharp = proved(monkeypatch, row.mutant)
    assert sharp.proved, sharp.outcomes[0].trouble
    checks = [broken(c, row.blunt) if c.name == row.check else c for c in catalogue.checks()]
    assert tuple(checks) != catalogue.checks()
    monkeypatch.setattr(judge, "checks", lambda: checks)
    blunt = proved(monkeypatch, row.mutant)
    assert not blunt.proved
    assert row.requirement in blunt.outcomes[0].trouble
    assert f"lives: {row.requirement} does not accuse it" in table(blunt)
    assert re.search(rf"^{row.requirement} .* LOST ITS TEETH$", table(blunt), re.MULTILINE)


def test_a_pattern_that_finds_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proved(monkeypatch, "stack_trace_in_comment").proved
    monkeypatch.setattr(disclosure, "_INTERNALS", re.compile(r"(?!)"))
    assert "HYG-05" in proved(monkeypatch, "stack_trace_in_comment").outcomes[0].trouble


def test_a_check_that_says_nothing_but_crashes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    crashing = loosened('judging.answer(exchange).header("set-cookie")', "judging.no_such_name")
    checks = [broken(c, crashing) if c.name == "test_no_cookie_is_set" else c for c in catalogue.checks()]
    monkeypatch.setattr(judge, "checks", lambda: checks)
    trouble = proved(monkeypatch, "cookie_set").outcomes[0].trouble
    assert trouble == "the suite's own checks failed: HYG-06"


def test_a_check_that_is_too_sharp_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    sharper = loosened("if len(those) > 1:", "if len(those) == 1:")
    checks = [broken(c, sharper) if c.name == "test_values_are_unique" else c for c in catalogue.checks()]
    assert proved(monkeypatch, "declared_utf_8").proved
    monkeypatch.setattr(judge, "checks", lambda: checks)
    assert "accused without cause by CBK-06" in proved(monkeypatch, "declared_utf_8").outcomes[0].trouble
