"""Excuses: read strictly, held until the end of their last day, said when they do nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from conformance.checks.outcome import Verdict
from conformance.contract.load import documented
from conformance.target.configuration import ConfigError
from conformance.verdicts.assemble import assemble
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, Report
from conformance.verdicts.waivers import Waiver, read_waivers
from tests.evidence_factory import conforming, judgements, swap

CONTRACT = documented()
DAY = date(2026, 6, 30)
GOOD = '[[waiver]]\nrequirement = "CBK-04"\nreason = "ticket 311"\nexpires = 2026-06-30\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "waivers.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_waivers_are_read(tmp_path: Path) -> None:
    text = GOOD + GOOD.replace("CBK-04", "ERR-004-code")
    found = read_waivers(written(tmp_path, text), CONTRACT)
    assert found["CBK-04"] == Waiver("CBK-04", "ticket 311", DAY)
    assert set(found) == {"CBK-04", "ERR-004-code"}


WRONG = {
    "no TOML": ("[[waiver]", "is not TOML"),
    "an unknown requirement": (GOOD.replace("CBK-04", "CBK-99"), "CBK-99"),
    "a glob": (GOOD.replace("CBK-04", "CBK-*"), "CBK-*"),
    "no reason": (GOOD.replace("ticket 311", " "), "no reason"),
    "a missing reason": (GOOD.replace('reason = "ticket 311"\n', ""), "reason"),
    "no expiry": (GOOD.replace("expires = 2026-06-30\n", ""), "expires"),
    "an expiry that is no day": (GOOD.replace("2026-06-30", '"soon"'), "expires"),
    "an unknown key": (GOOD + "until = 2026-06-30\n", "until"),
    "an unknown table": (GOOD + "[[excuse]]\n", "excuse"),
    "no waiver": ("", "waiver"),
    "not UTF-8": ("\udcff", "waivers.toml"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "waivers.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as refused:
        read_waivers(file, CONTRACT)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_requirement_waived_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="CBK-04"):
        read_waivers(written(tmp_path, GOOD + GOOD.replace("311", "312")), CONTRACT)


def test_a_missing_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"cannot read the file of waivers .*none\.toml: No such file"
    ) as refused:
        read_waivers(tmp_path / "none.toml", CONTRACT)
    assert "\n" not in str(refused.value)


# What they do

FAILING = swap("SOAP POST", "SOAP PUT POST")(conforming())


def report(*waivers: Waiver, today: date = DAY) -> Report:
    terms = Terms(waivers={waiver.requirement: waiver for waiver in waivers}, today=today)
    return assemble(judgements(FAILING), FAILING, CONTRACT, terms)


def test_a_failure_without_a_waiver_fails() -> None:
    assert report().verdict is Claim.NONCONFORMING
    assert report().exit_code == 1


@pytest.mark.parametrize(
    ("today", "held"), [(date(2026, 6, 29), True), (DAY, True), (date(2026, 7, 1), False)]
)
def test_a_waiver_holds_until_the_end_of_its_last_day(today: date, held: bool) -> None:
    made = report(Waiver("CBK-04", "ticket 311", DAY), today=today)
    (failed,) = [r for r in made.requirements if r.verdict is Verdict.FAIL]
    assert failed.id == "CBK-04", "waived or not, it is reported as it was seen"
    assert made.verdict is (Claim.CONFORMING if held else Claim.NONCONFORMING)
    assert made.exit_code == (0 if held else 1)
    assert bool(failed.waiver) is held
    assert any("expired on 2026-06-30" in note for note in made.notes) is not held


def test_a_waiver_that_nobody_needs_is_said() -> None:
    made = report(Waiver("CBK-04", "ticket 311", DAY), Waiver("ENV-01", "old", DAY))
    assert made.notes == ("the waiver of ENV-01 is not needed: the verdict is pass",)


def test_a_waiver_excuses_its_own_requirement_alone() -> None:
    assert report(Waiver("CBK-03", "another one", DAY)).verdict is Claim.NONCONFORMING


def test_what_could_not_be_judged_cannot_be_excused() -> None:
    gone = replace(conforming(), exchanges=())
    waivers = {name: Waiver(name, "all", DAY) for name in CONTRACT.requirements}
    made = assemble(judgements(gone), gone, CONTRACT, Terms(waivers=waivers, today=DAY))
    assert made.verdict is Claim.INCONCLUSIVE
