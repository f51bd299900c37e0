"""The end of a run fits a screen, says the verdict first, and nothing in it steers the terminal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.evidence.exchange import Evidence
from conformance.reporting import escape
from conformance.reporting.screen import Screen, cell_len, fitted
from conformance.reporting.terminal import summary
from conformance.verdicts.claim import claim, exit_code
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Report, count

SNAPSHOTS = Path(__file__).parent / "snapshots"
REPORTS = Path("reports/2024-01-15T10-00-00-staging/report.html")
BELOW = "1 should requirement failed, which does not fail this run"
TINT = re.compile(r"\x1b\[[0-9;]*m")


def only(report: Report, *ids: str, **fields: Any) -> Report:
    """The report with all requirements passing but these."""
    kept = tuple(
        r if r.id in ids else msgspec.structs.replace(r, verdict=Verdict.PASS, reason="", checks=(), waiver=None)
        for r in report.requirements
    )
    level = fields.get("level", report.level)
    stopped = fields.get("interrupted", False)
    return msgspec.structs.replace(
        report,
        requirements=kept,
        counts=count(r.verdict for r in kept),
        verdict=claim(kept, level, interrupted=stopped),
        exit_code=exit_code(kept, level, interrupted=stopped),
        **fields,
    )


@pytest.mark.parametrize("width", [40, 80, 120])
def test_as_reviewed(report: Report, matches: Any, width: int) -> None:
    noted = msgspec.structs.replace(report, notes=("the server's clock is 2 s ahead of this machine's",))
    text = summary(noted, width=width, color=False, reports=REPORTS)
    matches(SNAPSHOTS / f"terminal-{width}.txt", text)
    whole = ("REPORTS", "  reports/", "  connect-conformance replay ", "  again ")  # are there to be copied
    assert all(cell_len(line) <= width for line in text.splitlines() if not line.startswith(whole))
    assert text.isascii()


def test_conforming_as_reviewed(report: Report, matches: Any) -> None:
    target = msgspec.structs.replace(report.target, accept=("I-01",))
    text = summary(only(report, target=target), width=80, color=False, reports=REPORTS)
    matches(SNAPSHOTS / "terminal-conforming.txt", text)


@pytest.mark.parametrize(
    ("ids", "fields", "first"),
    [
        ((), {}, "CONFORMING  the documented contract is kept"),
        (("ENV-03",), {}, "NONCONFORMING  1 must requirement failed"),
        (("ENV-03", "REQ-04"), {}, "NONCONFORMING  1 must requirement failed; 1 more could not be judged"),
        (("CBK-08",), {}, f"CONFORMING  the documented contract is kept at level must; {BELOW}"),
        (("CBK-08",), {"level": "should"}, "NONCONFORMING  1 should requirement failed"),
        (("REQ-04",), {}, "INCONCLUSIVE  nothing failed, but 1 must requirement could not be judged"),
        (("TIM-02",), {}, "CONFORMING  the documented contract is kept, with 1 must requirement waived"),
        ((), {"interrupted": True}, "INCONCLUSIVE  the run was interrupted before its end"),
    ],
)
def test_the_verdict_comes_first(report: Report, ids: tuple[str, ...], fields: dict[str, Any], first: str) -> None:
    text = summary(only(report, *ids, **fields), width=200, color=False, reports=None)
    assert text.splitlines()[0] == first


def test_one_failure_fits_one_screen(report: Report) -> None:
    text = summary(only(report, "ENV-03", "ERR-004-code"), width=80, color=False, reports=REPORTS)
    assert len(text.splitlines()) <= 24


def test_many_failures_are_cut(report: Report) -> None:
    failed = next(r for r in report.requirements if r.id == "ENV-03")
    many = tuple(msgspec.structs.replace(failed, id=f"ENV-{n}", reason=f"{n} is wrong", checks=()) for n in range(50))
    text = summary(msgspec.structs.replace(report, requirements=many), width=80, color=False, reports=None)
    assert "... and 46 more, see report.html" in text
    assert len(text.splitlines()) < 40


def test_a_state_folds_its_five_requirements(report: Report) -> None:
    parts = ("code", "message", "data", "envelope", "stable")
    state = next(r for r in report.requirements if r.id == "ERR-004-code")
    five = tuple(msgspec.structs.replace(state, id=f"ERR-004-{part}") for part in parts)
    text = summary(msgspec.structs.replace(report, requirements=five), width=80, color=False, reports=None)
    assert "OPEN  the state of 004 is not provisioned" in text
    assert "leaves    ERR-004-* (must) open" in text
    assert "[targets.staging.states.004]" in text


def test_colour_adds_nothing_but_colour(report: Report) -> None:
    plain = summary(report, width=80, color=False, reports=REPORTS)
    tinted = summary(report, width=80, color=True, reports=REPORTS)
    assert tinted != plain
    assert TINT.sub("", tinted) == plain


def test_hostile_text_is_inert(hostile_report: Report) -> None:
    text = summary(hostile_report, width=80, color=True, reports=REPORTS)
    rest = TINT.sub("", text).replace("\n", "")
    assert rest.isprintable()
    assert not re.search(r"^CONFORMING", text, re.MULTILINE)
    assert max(cell_len(TINT.sub("", line)) for line in text.splitlines()) <= 80


def test_the_line_of_a_fault_has_a_caret_under_it(report: Report, evidence: Evidence) -> None:
    text = summary(only(report, "ENV-03"), width=80, color=False, reports=None, evidence=evidence)
    assert (
        '      1 | <?xml version="1.0"?>\n>     2 | <CLICKATELLSDK>\n        | ^^^^^^^^^^^^^^^\n      3 |   <Action>'
        in text
    )


def test_links_lead_to_the_page(report: Report, tmp_path: Path) -> None:
    page = tmp_path / "a b" / "report.html"
    text = summary(report, width=80, color=True, links=True, reports=page)
    found = re.findall(r"\x1b]8;id=[0-9]+;([^\x1b]*)\x1b", text)
    assert f"{page.as_uri()}#ENV-03" in found
    assert f"{page.as_uri()}#exchange-1" in found
    assert found[-1] == page.as_uri()
    assert "\x1b]8" not in summary(report, width=80, color=True, links=False, reports=page)


@pytest.mark.parametrize("width", [1, 20, 31, 47, 300])
def test_any_width_will_do(report: Report, evidence: Evidence, width: int) -> None:
    text = summary(report, width=width, color=False, reports=None, evidence=evidence)
    assert all(cell_len(line) <= max(width, 30) for line in text.splitlines())


@given(
    st.text(alphabet="ab \u4e16\u0301"),
    st.integers(30, 60),
    st.sampled_from(["", "  label     ", "A WORD  "]),
    st.sampled_from([None, 2, 12]),
)
def test_wrapping_loses_nothing_and_fits(text: str, width: int, lead: str, hanging: int | None) -> None:
    screen = Screen(width)
    screen.say(text, lead, hanging)
    lines = str(screen).splitlines()
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == (lead + escape.terminal(text)).replace(" ", "")


@given(st.text(alphabet="ab\u4e16"), st.integers(1, 20), st.booleans())
def test_what_is_fitted_fits(text: str, columns: int, end: bool) -> None:
    assert cell_len(fitted(text, columns, end=end)) <= columns


def test_markup_is_text() -> None:
    screen = Screen(60, color=True)
    screen.say("[bold]x[/bold] [link=http://evil.example]y[/] :smile: \x1b[31m", "WORD  ", style="bold")
    first, second = str(screen).splitlines()
    assert first == "\x1b[1mWORD  \x1b[0m[bold]x[/bold] [link=http://evil.example]y[/] :smile:"
    assert second == r"      \x1b[31m"
