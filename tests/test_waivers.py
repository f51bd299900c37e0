"""Excuses: read strictly, held until the end of their last day, said when they do nothing."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
import pytest

from conformance.commands.cli import main
from conformance.commands.compare import table as compare_table
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.reporting.json import to_json
from conformance.reporting.junit import junit
from conformance.reporting.report_page import report_page
from conformance.reporting.summary import summary_md
from conformance.reporting.terminal import summary
from conformance.verdicts.assemble import assemble
from conformance.verdicts.comparison import Comparison
from conformance.verdicts.likeness import signature
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, Report
from conformance.verdicts.waivers import Waiver, digest, read_waivers
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
    "an unknown key": (GOOD + "until = 2026-06-30\n", "unknown key `until` at `waiver[0]`"),
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
    "a failure that is none": (GOOD + 'failure = ""\n', "names no failure"),
    "no failure of several": (GOOD + "failure = []\n", "names no failure"),
    "a failure that is no text": (GOOD + "failure = 1\n", "failure"),
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
    with pytest.raises(ConfigError, match=r"cannot read the file of waivers .*none\.toml: No such file") as refused:
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


@pytest.mark.parametrize(("today", "held"), [(date(2026, 6, 29), True), (DAY, True), (date(2026, 7, 1), False)])
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


SEEN = "the pair 6 = SOAP POST is not offered"


@pytest.mark.parametrize(
    ("failures", "held"),
    [
        ((), True),
        ((SEEN,), True),
        ((f"3 of 17 answers: {SEEN}",), True),
        (("the pair 0 = HTTP GET is not offered", SEEN), True),
        (("the pair 0 = HTTP GET is not offered",), False),
        (("the pair",), False),
        (("*",), False),
    ],
)
def test_a_waiver_excuses_the_failure_that_it_names(failures: tuple[str, ...], held: bool) -> None:
    made = report(Waiver("CBK-04", "ticket 311", DAY, failures=failures))
    assert made.verdict is (Claim.CONFORMING if held else Claim.NONCONFORMING)
    other = f"the waiver of CBK-04 excuses another failure than this: {SEEN}"
    assert made.notes == (() if held else (other,))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("1 of 25 answers: a request: by-prefix is refused", "a request: twice is refused", True),
        ("is answered with Success; likewise: a, b", "is answered with Success", True),
        ("redirected to /2002608981aeceae?XML=", "redirected to /1506987112cfdabf?XML=", True),
        ("Timestamp is 60 minutes before the time", "Timestamp is 3 minutes before the time", True),
        ("/ClICKATELLSDK/Values/Value[4], line 18: no id", "/ClICKATELLSDK/Values/Value[2], line 9: no id", True),
        ("no envelope, with HTTP 403", "no envelope, with HTTP 500", False),
        ("the root element is CLICKATELLSDK", "the root element is html", False),
        ("the message of 008 is 'Connect API disabled'", "the message of 008 is ''", False),
        ("said \x1b[31m", "said ?[31m", True),
    ],
)  # fmt: skip
def test_what_stays_of_a_reason(one: str, other: str, alike: bool) -> None:
    assert (signature(one) == signature(other)) is alike


@pytest.mark.parametrize(
    ("days", "until"),
    [
        (15, "2026-01-16"),
        (14, "2026-01-15, which is in 14 days"),
        (1, "2026-01-02, which is in 1 day"),
        (0, "2026-01-01, which is today"),
    ],
)
def test_a_waiver_is_warned_of_for_two_weeks(days: int, until: str) -> None:
    """By the day on which the run began, in every output that shows it."""
    ends = date(2026, 1, 1) + timedelta(days=days)
    made = report(Waiver("CBK-04", "ticket 311", ends), today=date(2026, 1, 1))
    assert made.started.startswith("2026-01-01")
    (note,) = [r.waiver for r in made.requirements if r.waiver]
    assert (note.days, note.until) == (days, until)
    outputs = (
        summary_md(made),
        junit(made).decode(),
        report_page(made, FAILING),
        summary(made, width=120, color=False, reports=None),
        compare_table(Comparison(("a", "b"), (report(), made))),
    )
    for text in outputs:
        assert until in text


def test_the_digest_is_of_what_the_file_says(tmp_path: Path) -> None:
    one = digest(read_waivers(written(tmp_path, GOOD), CONTRACT))
    assert one == digest(read_waivers(written(tmp_path, "# another comment\n" + GOOD), CONTRACT))
    assert one != digest(read_waivers(written(tmp_path, GOOD.replace("311", "312")), CONTRACT))
    assert one != digest(read_waivers(written(tmp_path, GOOD + f'failure = "{SEEN}"\n'), CONTRACT))
    assert digest({}) == ""


# A file to begin with


def begun(folder: Path, made: Report, *words: str) -> int:
    (folder / "report.json").write_bytes(to_json(made))
    return main(["waivers", "init", str(folder), "-o", str(folder / "waivers.toml"), *words])


def test_a_file_is_made_from_what_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert begun(tmp_path, report()) == 0
    assert "1 failure" in capsys.readouterr().out
    file = tmp_path / "waivers.toml"
    for missing, filled in (
        ("expires", None),
        ("gives no reason", ('"YYYY-MM-DD"', "2099-01-01")),
        ("", ('reason = ""', 'reason = "ticket 311"')),
    ):
        if filled:
            file.write_text(file.read_text("utf-8").replace(*filled), "utf-8")
        if missing:
            with pytest.raises(ConfigError, match=missing):
                read_waivers(file, CONTRACT)
    (waiver,) = read_waivers(file, CONTRACT).values()
    assert (waiver.requirement, waiver.failures, waiver.target) == ("CBK-04", (SEEN,), FAILING.target)
    assert report(waiver).verdict is Claim.CONFORMING
    assert begun(tmp_path, report()) == 4
    assert "exists and is left as it is" in capsys.readouterr().err


def test_strangers_texts_are_written_as_texts(tmp_path: Path) -> None:
    hostile = 'x"\n[[waiver]]\x1b\u202e\U0001f600\\ \x7f end'
    made = report()
    rows = tuple(
        msgspec.structs.replace(
            r,
            title=hostile,
            checks=tuple(msgspec.structs.replace(c, reason=hostile) for c in r.checks),
        )
        for r in made.requirements
    )
    target = msgspec.structs.replace(made.target, name="stag[i]ng*")
    assert begun(tmp_path, msgspec.structs.replace(made, requirements=rows, target=target)) == 0
    text = (tmp_path / "waivers.toml").read_text("utf-8")
    assert all(c.isprintable() or c == "\n" for c in text)
    (row,) = tomllib.loads(text)["waiver"]
    assert signature(row["failure"]) == signature(hostile)
    assert fnmatchcase("stag[i]ng*", row["target"])
    assert not fnmatchcase("stagingX", row["target"])


def test_there_may_be_nothing_to_waive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert begun(tmp_path, report(Waiver("CBK-04", "ticket 311", DAY))) == 4
    assert "nothing to waive" in capsys.readouterr().err
    assert not (tmp_path / "waivers.toml").exists()


def test_what_could_not_be_judged_cannot_be_excused() -> None:
    gone = replace(conforming(), exchanges=())
    waivers = {name: Waiver(name, "all", DAY) for name in CONTRACT.requirements}
    made = assemble(judgements(gone), gone, CONTRACT, Terms(waivers=waivers, today=DAY))
    assert made.verdict is Claim.INCONCLUSIVE
