"""Every page of the suite: fit for everyone, and no larger than a mail can carry."""

from __future__ import annotations

import re
import time
from contextlib import closing
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
import pytest

from conformance.commands.compare import html as comparison_page
from conformance.commands.prove import html
from conformance.contract.load import documented
from conformance.probes import plan as plans
from conformance.reference.provisions import VALUES
from conformance.reference.starting import application
from conformance.reporting.history_page import history_page
from conformance.reporting.overview import html as overview_page
from conformance.reporting.report_page import report_page
from conformance.run import judge
from conformance.selftest.answers import InProcess
from conformance.selftest.matrix import matrix
from conformance.selftest.prove import Outcome
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.target.target import target
from conformance.verdicts.comparison import Comparison
from conformance.verdicts.fleet import of_report, overview, rows_of
from conformance.verdicts.history.index import opened
from conformance.verdicts.history.targets import histories
from tests.history.nights import forty, kept
from tests.reporting.browser import CHROMIUM, WAYS, looked_at
from tests.reporting.test_report_page import extension

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.evidence.exchange import Evidence, Exchange
    from conformance.reference.app import Rewrite
    from conformance.verdicts.verdict import Report

CONTRACT = documented()
TOKEN = 32 * "5"
STATES = {
    code: {"headers": {"X-Reference-State": code}}
    for code, error in CONTRACT.errors.items()
    if error.provoked == "provisioned"
}
EVERY_CALL = {"calls": ["*", *CONTRACT.calls], "allow_effects": ["*"], "values": VALUES}


def renamed(*pairs: tuple[bytes, bytes]) -> Rewrite:
    def rewrite(body: bytes) -> bytes:
        for old, new in pairs:
            body = body.replace(old, new)
        return body

    return rewrite


@cache
def recorded(rewrite: Rewrite | None = None, errors: Rewrite | None = None, *, every_call: bool = False) -> Evidence:
    """What a run records of an endpoint that answers with other bytes."""
    settings: dict[str, Any] = {
        "endpoint": f"https://connect.example.com/{TOKEN}",
        "http_endpoint": "http://connect.example.com/",
        "states": STATES,
        "allow_hostile_requests": True,
        **(EVERY_CALL if every_call else {}),
    }
    judged = target("staging", settings, CONTRACT, environment={})
    app = application(
        rewrite=rewrite, rewrite_errors=errors, token=judged.token if every_call else "", unknown_action="430"
    )
    plan = plans.plan(CONTRACT, judged, plans.EVERYTHING)
    began = time.time()
    wire = Wire(judged, Limits(), seed=1, dialer=InProcess(app, judged))
    return evidence_of(judged, anyio.run(wire.session, plan), seed=1, started=began)


ROOT = renamed((b"ClICKATELLSDK", b"CLICKATELLSDK"))
TWO = renamed((b"ClICKATELLSDK", b"CLICKATELLSDK"), (b"SOAP POST", b"SOAP Post"))
MANY = renamed(
    (b"ClICKATELLSDK", b"CLICKATELLSDK"),
    (b"callback</Action>", b"callbacks</Action>"),
    (b"<Result>Success", b"<Result>OK"),
    (b"<Timestamp>", b"<Timestamp> "),
    (b"<callback_type_id>0", b"<callback_type_id>00"),
    (b"HTTP GET", b"HTTP Get"),
    (b"</Values>", b"</Values><Debug>x</Debug>"),
)


def page(_: bytes) -> bytes:
    return b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>...</body></html>"


def size(evidence: Evidence) -> int:
    return len(report_page(judge(evidence), evidence, 64 * "a").encode())


# Sizes: of what is usual; of many causes, long answers and many calls; of as many exchanges as a run may have


@pytest.mark.parametrize(
    ("made", "limit"),
    [
        (partial(recorded), 140_000),
        (partial(recorded, ROOT, ROOT), 150_000),
        (partial(recorded, TWO), 150_000),
        (partial(recorded, page, page), 175_000),
        (partial(recorded, MANY, ROOT), 170_000),
        (partial(recorded, every_call=True), 512_000),
        (partial(recorded, ROOT, ROOT, every_call=True), 512_000),
        (partial(recorded, MANY, MANY, every_call=True), 512_000),
    ],
    ids=[
        "conforming",
        "one cause, seven failures",
        "two causes",
        "no XML",
        "many causes",
        "sixteen calls",
        "sixteen calls, one cause",
        "sixteen calls, many causes",
    ],
)
def test_a_page_is_small(made: Callable[[], Evidence], limit: int) -> None:
    assert size(made()) < limit


def test_a_thousand_exchanges_keep_within_bounds() -> None:
    few = recorded(MANY, ROOT)

    def own(e: Exchange, number: int) -> Exchange:
        """The same, with a time of its own."""
        assert e.answer
        body = re.sub(rb"(?<=<Timestamp>) ?[0-9]+", b" %d" % (17e8 + number), e.answer.body)
        return replace(e, number=number, answer=replace(e.answer, body=body))

    answered = [e for e in few.exchanges if e.answer]
    many = [own(answered[n % len(answered)], n) for n in range(1, 1001)]
    assert size(replace(few, exchanges=tuple(many))) < 512_000


# Fit for everyone: axe, at every width, by day and by night, with everything unfolded


def pages(report: Report, evidence: Evidence, folder: Path) -> dict[str, str]:
    """One of each kind."""
    made = msgspec.structs.replace(report, extensions=(extension(report),))
    members = [of_report(made, "staging"), of_report(judge(recorded()), "other")]
    outcome = Outcome("lives", "get_list_callback", "mutant", "It lives.", ("ENV-03",), (), 0.1, "lives")
    killed = replace(outcome, id="killed", accused=("ENV-03",), trouble="")
    with closing(opened(kept(folder / "history.jsonl", forty()))) as index:
        nights = history_page(index, list(histories(index)))
    return {
        "report": report_page(made, evidence, 64 * "a"),
        "overview": overview_page(overview(members, rows_of(made))),
        "comparison": comparison_page(Comparison(("one", "other"), (made, judge(recorded())))),
        "history": nights,
        "matrix": html(matrix([outcome, killed], CONTRACT, partial=True)),
    }


@pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium to look at it")
@pytest.mark.parametrize("kind", ["report", "overview", "comparison", "history", "matrix"])
def test_axe_finds_nothing(kind: str, report: Report, evidence: Evidence, tmp_path: Path) -> None:
    found = looked_at(pages(report, evidence, tmp_path)[kind], tmp_path)
    assert {tuple(one["seen"]) for one in found.values()} == set(WAYS)
    assert [text for one in found.values() for text in one["violations"]] == []
    assert all(one["wide"] <= one["seen"][0] for one in found.values()), "nothing is scrolled to the side"


@pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium to look at it")
def test_axe_finds_what_is_wrong(report: Report, evidence: Evidence, tmp_path: Path) -> None:
    wrong = report_page(report, evidence).replace(' lang="en"', "").replace("--soft:#525b66", "--soft:#c0c0c0")
    found = looked_at(wrong, tmp_path)
    rules = {text.partition(":")[0] for text in found["1280-light"]["violations"]}
    assert rules == {"html-has-lang", "color-contrast"}
    assert {t.partition(":")[0] for t in found["390-dark"]["violations"]} == {"html-has-lang"}
