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
    several = GOOD + 'call = "get_list_*"\n' + GOOD + 'target = "staging"\n'
    assert set(read_waivers(written(tmp_path, several), CONTRACT)) == {
        "CBK-04@get_list_*",
        "CBK-04 at staging",
    }


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
    "a call that is none": (
        GOOD + 'call = "get_lists"\n',
        "name no judgement: CBK-04@get_lists; allowed: get_list",
    ),
    "a call of what is judged once": (
        GOOD.replace("CBK-04", "TLS-01") + 'call = "*"\n',
        "TLS-01@*; allowed: no call, as it is judged once",
    ),
    "the same call twice": ((GOOD + 'call = "get_*"\n') * 2, "CBK-04@get_* twice"),
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
    terms = Terms(waivers={waiver.address: waiver for waiver in waivers}, today=today)
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


@pytest.mark.parametrize(
    ("call", "target", "held"),
    [
        ("", "", True),
        ("get_list_callback", "", True),
        ("get_list_*", "", True),
        ("get_list_country", "", False),
        ("", FAILING.target, True),
        ("", f"{FAILING.target[:2]}*", True),
        ("", "production", False),
        ("*", "production", False),
    ],
)
def test_a_waiver_may_be_for_some_calls_and_targets(call: str, target: str, held: bool) -> None:
    made = report(Waiver("CBK-04", "ticket 311", DAY, call, target))
    assert made.verdict is (Claim.CONFORMING if held else Claim.NONCONFORMING)
    assert made.notes == ()


def test_of_several_waivers_one_that_holds_is_enough() -> None:
    old = Waiver("CBK-04", "old", date(2026, 1, 1), "get_list_callback")
    made = report(old, Waiver("CBK-04", "ticket 311", DAY))
    assert made.verdict is Claim.CONFORMING
    assert made.notes == ("the waiver of CBK-04@get_list_callback expired on 2026-01-01",)


def test_a_waiver_of_a_call_that_is_not_judged_is_no_matter() -> None:
    assert report(Waiver("ENV-01", "x", DAY, "get_list_country")).notes == ()
    assert report(Waiver("ENV-01", "x", DAY, "get_*")).notes == (
        "the waiver of ENV-01@get_* is not needed: the verdict is pass",
    )


def test_what_could_not_be_judged_cannot_be_excused() -> None:
    gone = replace(conforming(), exchanges=())
    waivers = {name: Waiver(name, "all", DAY) for name in CONTRACT.requirements}
    made = assemble(judgements(gone), gone, CONTRACT, Terms(waivers=waivers, today=DAY))
    assert made.verdict is Claim.INCONCLUSIVE
