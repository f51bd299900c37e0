"""`compare` cannot be fooled: every way to make a run look as good as the last one is named, and fails a gate."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.commands.cli import main
from conformance.contract.load import documented
from conformance.reporting.json import to_json
from conformance.submissions import package
from conformance.verdicts.differences import ALLOWABLE
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.policy import Policy
from conformance.verdicts.recount import recounted
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import PolicyNote, Report, WaiverNote
from conformance.verdicts.waivers import Waiver
from tests.evidence_factory import conforming, swap

CONTRACT = documented()
WRONG = swap("SOAP POST", "SOAP PUT POST")
FAILS, STATES = (
    "CBK-04",
    {"004": "the header X: a", "007": "the endpoint https://staging.example.com/[token]"},
)
Change = Callable[[Report], Report]


def judged(*, wrong: bool = False, terms: Terms | None = None, **changes: Any) -> Report:
    """An honest report, with settings as a run has them."""
    evidence = replace(conforming(), **changes)
    made = judge_evidence(WRONG(evidence) if wrong else evidence, CONTRACT, terms or Terms())
    settings = msgspec.structs.replace(made.settings, states=STATES, hostile=True)
    return msgspec.structs.replace(made, settings=settings)


def told(**changes: Any) -> Change:
    return lambda report: msgspec.structs.replace(report, **changes)


def of(part: str, **changes: Any) -> Change:
    """Something otherwise in a part of the report."""
    return lambda report: msgspec.structs.replace(
        report, **{part: msgspec.structs.replace(getattr(report, part), **changes)}
    )


def consistent(report: Report) -> Report:
    """By somebody who has thought of verdict, exit code and counts, too."""
    made = recounted(report)
    return told(verdict=made.verdict, exit_code=made.exit_code, counts=made.counts)(report)


def row(address: str, change: Callable[[Any], Any]) -> Change:
    """A requirement otherwise; None takes it out."""

    def changed(report: Report) -> Report:
        rows = [change(r) if r.address == address else r for r in report.requirements]
        return msgspec.structs.replace(report, requirements=tuple(r for r in rows if r is not None))

    return changed


def result(**changes: Any) -> Callable[[Any], Any]:
    return lambda r: msgspec.structs.replace(r, **changes)


def passing(one: Any) -> Any:
    return msgspec.structs.replace(one, verdict=Verdict.PASS, reason="")


def both(*changes: Change) -> Change:
    def changed(report: Report) -> Report:
        for change in changes:
            report = change(report)
        return report

    return changed


NOTE = WaiverNote(reason="known", expires="2099-01-01")
ENDED = WaiverNote(reason="known", expires="2001-01-01")
WAIVERS = {FAILS: Waiver(FAILS, "ticket 311", date(2099, 1, 1))}

# How a run that is no better than the last looks as good: what was run (terms and recording) and what was edited in its
# report; the words that name it, and may allow it. "edited" can be allowed by nobody; "worse" is a regression.
RUN: dict[str, tuple[dict[str, Any], Change, str]] = {
    "--deselect the failing one": ({"terms": Terms(deselect=(FAILS,))}, told(), "deselect"),
    "--select all but the failing family": ({"terms": Terms(select=("ENV-*", "TLS-*"))}, told(), "deselect"),
    "-k": ({}, of("scope", in_part=("ENV-03",), narrowed=True), "deselect"),
    "--accept": ({"accept": ("I-04",)}, told(), "accept"),
    "a waiver for what fails": ({"wrong": True, "terms": Terms(waivers=WAIVERS)}, told(), "waiver"),
    "a waiver for a rainy day": ({"terms": Terms(waivers=WAIVERS)}, told(), "waiver"),
    "another target": ({"target": "other"}, told(), "target"),
    "another address under the same name": ({"endpoint": "https://easier.example.com/"}, told(), "target"),
    "the reference endpoint under the same name": ({"endpoint": "https://localhost:8443/"}, told(), "target"),
    "another address of plain HTTP": ({}, of("settings", http_endpoint="http://easier.example.com/"), "target"),
    "another binding": ({}, of("target", binding="form-xml"), "binding"),
    "a larger clock tolerance": ({"clock_tolerance": 86_400.0}, told(), "tolerance"),
    "a larger answer budget": ({"answer_budget": 60.0}, told(), "tolerance"),
    "other error elements": ({"error_elements": ("Code", "Text")}, told(), "tolerance"),
    "an interrupted run": ({"interrupted": True}, told(), "interrupted"),
    "a proxy that answers": ({}, of("settings", proxy="set"), "proxy"),
    "a recording": ({"replayed": True}, told(), "replay"),
    "fewer states": ({}, of("settings", states={"004": STATES["004"]}), "states"),
    "a state of somebody else": ({}, of("settings", states=STATES | {"004": "the header X: b"}), "states"),
    "no hostile requests": ({}, of("settings", hostile=False), "exchanges"),
    "fewer requests": ({}, of("settings", requests=3), "exchanges"),
    "another contract": ({}, of("suite", contract="connect-api@" + "0" * 64), "contract"),
    "another edition": ({}, of("settings", editions=("guide-2011",)), "contract"),
    "another version": ({}, of("suite", version="0.0.1"), "suite"),
    "another suite": ({}, of("suite", name="disconnect-conformance"), "suite"),
    "other requirements": ({}, of("settings", catalogue="0" * 64), "requirements"),
    "a requirement taken out": ({}, both(row("TLS-01", lambda _: None), consistent), "requirements"),
    "a requirement under the name of another": ({}, row("TLS-01", result(id="TLS-1")), "edited"),
    "a requirement renamed": ({}, row("TLS-01", result(id="TLS-1", name="TLS-1")), "requirements"),
    "a call that is not judged any more": (
        {},
        both(of("target", calls=()), row("ENV-03", lambda _: None), consistent),
        "calls",
    ),
    "settings taken out": ({}, told(settings=type(judged().settings)()), "suite"),
    "one check of two taken out": ({}, row("TLS-01", lambda r: result(checks=r.checks[:1])(r)), "checks"),
    "one check twice in place of two": (
        {},
        row("TLS-01", lambda r: result(checks=r.checks[:1] * len(r.checks))(r)),
        "checks",
    ),
    "said to be not selected": (
        {"wrong": True},
        both(
            row(FAILS, result(selected=False, verdict=Verdict.NOT_APPLICABLE)),
            told(verdict="conforming", exit_code=0),
        ),
        "deselect edited",
    ),
    "the verdict alone": ({"wrong": True}, told(verdict="conforming", exit_code=0), "worse edited"),
    "the exit code alone": ({"wrong": True}, told(exit_code=0), "worse edited"),
    "the counts alone": ({"wrong": True}, of("counts", fail=0), "worse edited"),
    "the requirement's verdict": (
        {"wrong": True},
        both(row(FAILS, passing), told(verdict="conforming", exit_code=0)),
        "worse edited",
    ),
    "the check's verdict, of which its requirement knows nothing": (
        {"wrong": True},
        row(FAILS, lambda r: result(checks=tuple(map(passing, r.checks)))(r)),
        "edited",
    ),
    "no check at all": (
        {"wrong": True},
        row(FAILS, lambda r: result(checks=())(passing(r))),
        "edited checks inconclusive",
    ),
    "called advice": ({"wrong": True}, row(FAILS, result(level="advisory")), "worse edited"),
    "a waiver written into the report": ({"wrong": True}, row(FAILS, result(waiver=NOTE)), "waiver edited"),
    "a waiver that had ended": ({"wrong": True}, row(FAILS, result(waiver=ENDED)), "worse edited"),
    "open in place of failed": (
        {"wrong": True},
        row(FAILS, lambda r: result(checks=tuple(result(verdict=Verdict.INCONCLUSIVE)(c) for c in r.checks))(r)),
        "edited inconclusive",
    ),
    "no subject in place of failed": (
        {"wrong": True},
        row(FAILS, lambda r: result(checks=tuple(result(verdict=Verdict.NOT_APPLICABLE)(c) for c in r.checks))(r)),
        "edited inapplicable",
    ),
}  # fmt: skip


def written(file: Path, report: Report) -> Path:
    file.write_bytes(to_json(report))
    return file


def compared(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, dict[str, Any]]:
    code = main(["compare", "--format=json", "--fail-on-regression", *map(str, words)])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("what", RUN)
def test_it_is_named_and_fails(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes, edit, words = RUN[what]
    first, other = judged(), edit(judged(**changes))
    places = written(tmp_path / "a.json", first), written(tmp_path / "b.json", other)
    code, said = compared(capsys, *places)
    found = {one["word"] for one in said["less"]}
    found |= {"edited"} if said["edited"] else set()
    found |= {"worse"} if said["regressions"] else set()
    assert (code, found) == (1, set(words.split()))
    allowed = found - {"edited", "worse"}
    code, said = compared(capsys, *(f"--allow={word}" for word in allowed), *places)
    assert code == (found != allowed)
    if len(found) == 1 == len(allowed):
        others = [f"--allow={word}" for word in ALLOWABLE if word not in allowed]
        assert compared(capsys, *others, *places)[0] == 1, "another word allows it"


def test_every_word_that_allows_something_is_tried() -> None:
    tried = {word for _, _, words in RUN.values() for word in words.split()}
    assert set(ALLOWABLE) - tried == {"level", "new", "policy"}, "they have tests of their own"


def test_a_level_is_told_from_a_lower_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    must, should = judged(), judged(terms=Terms(level="should"))
    places = written(tmp_path / "a.json", must), written(tmp_path / "b.json", should)
    code, said = compared(capsys, *reversed(places))
    assert (code, [one["word"] for one in said["less"]]) == (1, ["level"])
    code, said = compared(capsys, *places)
    assert code == 0
    assert ["another level" in note for note in said["notes"]] == [True], "said, and no less"


def test_what_is_stricter_is_said_and_no_less(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loose = judged(accept=("I-04",), clock_tolerance=600.0, seed=7, terms=Terms(waivers=WAIVERS))
    loose = both(of("settings", states={}, replayed=True), told(interrupted=False))(loose)
    policy = PolicyNote(sha256=Policy().digest)
    strict = msgspec.structs.replace(judged(), policy=policy)
    code, said = compared(capsys, written(tmp_path / "a.json", loose), written(tmp_path / "b.json", strict))
    assert (code, said["less"]) == (0, [])
    for what in (
        "I-04",
        "300 s, not 600 s",
        "seed",
        "no waivers",
        "states for 004, 007",
        "a policy",
        "an endpoint",
    ):
        assert any(what in note for note in said["notes"]), what


def test_a_policy_that_is_gone_is_less(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = msgspec.structs.replace(judged(), policy=PolicyNote(sha256=Policy().digest))
    places = written(tmp_path / "a.json", held), written(tmp_path / "b.json", judged())
    code, said = compared(capsys, *places)
    assert (code, [one["word"] for one in said["less"]]) == (1, ["policy"])


def test_a_policy_that_is_not_kept_is_no_edited_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = PolicyNote(sha256=Policy().digest, shortfalls=("level: must",))
    held = msgspec.structs.replace(judged(), policy=policy, verdict="inconclusive", exit_code=10)
    places = written(tmp_path / "a.json", held), written(tmp_path / "b.json", held)
    code, said = compared(capsys, *places)
    assert (code, said["edited"], said["reports"][1]["verdict"]) == (0, [], "inconclusive")
    bold = msgspec.structs.replace(held, verdict="conforming", exit_code=0)
    code, said = compared(capsys, places[0], written(tmp_path / "c.json", bold))
    assert (code, len(said["edited"])) == (1, 1)


def test_an_example_that_varies_is_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def reason(text: str) -> Report:
        def changed(one: Any) -> Any:
            checks = tuple(result(reason=text)(c) if c.verdict is Verdict.FAIL else c for c in one.checks)
            return result(reason=text, checks=checks)(one)

        return row(FAILS, changed)(judged(wrong=True))

    alike = [
        "1 of 25 answers: the request: namespace-by-prefix is answered with Success at 1767222001",
        "2 of 19 answers: the request: second-action is answered with Success at 1767225600; likewise: a, b",
        "the request: wrong-root is answered with Success at 1767225601",
    ]
    places = [written(tmp_path / f"{n}.json", reason(text)) for n, text in enumerate(alike)]
    code, said = compared(capsys, *places)
    assert (code, said["requirements"]) == (0, [])
    other = written(tmp_path / "other.json", reason("the request: wrong-root is answered with HTTP 500"))
    assert [one["changes"] for one in compared(capsys, places[0], other)[1]["requirements"]] == [["", "changed"]]


def test_ports_of_this_machine_are_no_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = [
        written(
            tmp_path / f"{port}.json",
            of("settings", http_endpoint=f"http://localhost:{port}/")(
                judged(endpoint=f"https://127.0.0.1:{port}/[token]")
            ),
        )
        for port in (1_234, 5_678)
    ]
    assert compared(capsys, *places)[0] == 0
    other = written(tmp_path / "x.json", judged(endpoint="https://staging.example.com:8443/[token]"))
    port = written(tmp_path / "y.json", judged(endpoint="https://staging.example.com:9443/[token]"))
    assert compared(capsys, other, port)[0] == 1


# Packages, and what is none


def packed(file: Path, report: Report) -> Path:
    files = dict.fromkeys((package.EVIDENCE, package.REQUIREMENTS, package.STATEMENT), b"{}")
    file.write_bytes(package.packed(files | {package.REPORT: to_json(report)}))
    return file


def test_a_package_is_read_and_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = written(tmp_path / "a.json", judged())
    assert compared(capsys, first, packed(tmp_path / "good.zip", judged()))[0] == 0
    edited = msgspec.structs.replace(judged(wrong=True), verdict="conforming", exit_code=0)
    code, said = compared(capsys, first, packed(tmp_path / "bad.zip", edited))
    assert (code, said["regressions"], len(said["edited"])) == (1, [FAILS], 1)
    assert said["reports"][1]["verdict"] == "nonconforming"
    assert "a package" in said["reports"][1]["file"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.json", "bad.zip", "good.zip"]


def bomb(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.json", b" " * (64 << 20))


def foreign(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../etc/passwd", b"x")


NO_PACKAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "half a zip": (lambda file: file.write_bytes(b"PK\x03\x04 and no more"), "no zip file"),
    "a bomb": (bomb, "packed too tightly"),
    "a path": (foreign, "whose name no file of a package has"),
    "a package with no report in it": (
        lambda file: file.write_bytes(package.packed(dict.fromkeys(package._NEEDED, b"{}"))),
        "format",
    ),
    "a verdict said twice": (
        lambda file: file.write_bytes(
            to_json(judged()).replace(b'"verdict":', b'"verdict": "conforming", "verdict":', 1)
        ),
        "says something twice",
    ),
}


@pytest.mark.parametrize("what", NO_PACKAGE)
def test_what_is_no_package_is_refused_in_one_line(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, says = NO_PACKAGE[what]
    make(tmp_path / "answer.zip")
    assert main(["compare", str(written(tmp_path / "a.json", judged())), str(tmp_path / "answer.zip")]) == 4
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert says in told.err
    assert "answer.zip" in told.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--fail-on-regression", "--allow=deselct"], "did you mean deselect?"),
        (["--allow=deselect"], "allowed with --fail-on-regression"),
    ],
)
def test_a_wrong_allowance_is_refused(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = written(tmp_path / "a.json", judged())
    try:
        code: object = main(["compare", *words, str(place), str(place)])
    except SystemExit as ended:
        code = ended.code
    assert code == 4
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert says in told.err


def test_an_overview_counts_again_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bold = told(verdict="conforming", exit_code=0)(judged(wrong=True))
    (tmp_path / "staging").mkdir()
    written(tmp_path / "staging/report.json", bold)
    assert main(["compare", "--overview", "--format=json", str(tmp_path)]) == 1
    (member,) = json.loads(capsys.readouterr().out)["targets"]
    assert (member["verdict"], member["exit_code"]) == ("nonconforming", 1)
    assert member["error"] == "it says conforming, and its judgements come to nonconforming"
