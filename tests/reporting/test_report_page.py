"""report.html is one static page: complete, fit for everyone, small, and it runs nothing that a server sent."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from lxml import html as lxml_html

from conformance.contract.load import folder
from conformance.reporting.report_page import report_page
from conformance.reporting.summary import summary_md
from conformance.run import judge
from conformance.verdicts.causes import causes
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, ExtensionResult, count
from tests.evidence_factory import SUCCESS, answer, conforming, each
from tests.reporting.browser import CHROMIUM, dom, owned, printed
from tests.reporting.conftest import concluded

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.evidence.exchange import Evidence, Exchange
    from conformance.verdicts.verdict import Report


def parsed(report: Report, evidence: Evidence) -> Any:
    return lxml_html.document_fromstring(report_page(report, evidence, 64 * "a"))


@pytest.fixture
def page(report: Report, evidence: Evidence) -> Any:
    return parsed(report, evidence)


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


def test_the_first_screen_says_what_when_and_why(page: Any, report: Report) -> None:
    said = words(page.find(".//header"))
    assert "nonconforming staging" in said
    assert report.target.endpoint in said
    assert "2024-01-15 10:00:00 UTC" in said
    assert f"Cause2 causes, first: {causes(report)[0].sentence}" in said, "what is open is counted apart"
    assert "2 must requirements failed, 1 more waived; 3 could not be judged" in said
    assert "Mended bywhoever runs the endpoint: Name the root ClICKATELLSDK" in said
    assert "in 2 exchanges; since when: unknown" in said
    assert "connect-conformance replay evidence.har --level must --select ENV-03" in said
    assert "Judgedlevel must of connect-api@00000000" in said
    assert "1 requirement not selected; 15 other published calls" in said
    assert "must 1 of 7 kept" in said
    squares = page.xpath("//ul[@class='squares']//a")
    assert [a.get("href") for a in squares] == [f"#{r.address}" for r in report.requirements]
    assert {words(a.find("i")) for a in squares} > {"ENV-03: fail", "REQ-01: pass", "REQ-04: inconclusive"}


def test_a_card_has_all_that_mends_its_cause(page: Any) -> None:
    first = page.xpath("//section[@id='fix']/article")[0]
    said = words(first)
    for expected in (
        "1. root element is",
        "ExpectedClICKATELLSDK",
        "Where/CLICKATELLSDK, line 2",
        "curl --get",
    ):
        assert expected in said
    assert [mark.text for mark in first.xpath(".//dl//mark")] == ["l", "L"]
    assert "▶ 2 <CLICKATELLSDK>" in words(first.xpath(".//span[@class='line faulty']")[0])
    assert first.xpath(".//a[@href='#exchange-1']")


def test_cards_stand_in_the_order_of_the_causes(page: Any, report: Report) -> None:
    titles = page.xpath("//section[@id='fix']//h3/code/text()")
    sentences = [cause.sentence for cause in causes(report)]
    assert titles == [s for s in sentences if s in titles]
    assert [words(h) for h in page.xpath("//section[@id='open']//h3")] == [s for s in sentences if s not in titles][:-1]


def test_where_nothing_was_judged_nothing_is_sure() -> None:
    evidence = replace(conforming(), exchanges=(), handshakes=())
    assert "How sure" not in words(parsed(judge(evidence), evidence).find(".//header"))


def test_beside_a_pass_stands_what_it_is_worth() -> None:
    evidence = conforming()
    page = parsed(judge(evidence), evidence)
    told = words(page.get_element_by_id("ERR-004-code"))
    assert re.search(
        r"How surefinds every known fault of (\d+) of \1 judged requirements",
        words(page.find(".//header")),
    )
    carried = "here carried by 4 answers, 3 bindings, 4 connections, 1 state"
    assert re.search(rf"(\d\d) of \1 known faults found; {carried}", told)


def test_what_looks_like_another_letter_is_told(report: Report, evidence: Evidence) -> None:
    failed = next(r for r in report.requirements if r.id == "ENV-03")
    check = msgspec.structs.replace(failed.checks[0], observed="\u0421lICKATELLSDK")
    changed = msgspec.structs.replace(failed, checks=(check,))
    made = msgspec.structs.replace(report, requirements=(changed,))
    assert "U+0421 CYRILLIC CAPITAL LETTER ES" in words(parsed(made, evidence))


def test_the_contract_page_is_whole_and_coloured_by_the_worst_verdict(page: Any) -> None:
    lines = page.xpath("//div[@class='page']/div")
    text = [line for line in (folder("schemas") / "connect-api.md").read_text().splitlines() if line.strip()]
    assert [words(line.find("code")) for line in lines] == [" ".join(line.split()) for line in text]
    (root,) = (line for line in lines if line.find("code").text == "<ClICKATELLSDK>" and line.xpath(".//a"))
    assert root.get("class") == "l fail"
    assert root.xpath(".//a/@href") == ["#ENV-03"]
    assert page.xpath("//ul[@class='rest']//a[@href='#HYG-01']")


def test_time_is_drawn(page: Any, evidence: Evidence) -> None:
    (drawing,) = page.xpath("//*[local-name()='svg'][@class='time']")
    points = "".join(drawing.xpath(".//*[local-name()='path'][contains(@class, 'point')]/@d"))
    assert points.count("M") == sum(e.answer is not None for e in evidence.exchanges)
    assert "median 120 ms, p95 120 ms" in drawing.get("aria-label")


def test_links_lead_somewhere(page: Any) -> None:
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    hrefs = page.xpath("//a/@href")
    assert {"#exchange-1", "#requirements", "#answer-1", "#ENV-03"} <= set(hrefs)
    assert not [href for href in hrefs if href[1:] not in ids]


def test_a_link_opens_what_it_leads_to(page: Any) -> None:
    """A browser opens the folds around the target of a link, and not the target itself."""
    for name in ("ENV-03", "exchange-1", "answer-1"):
        (target,) = page.xpath("//*[@id=$name]", name=name)
        assert target.tag != "details"
        assert any(e.tag == "details" for e in target.iterancestors())


def test_the_filters_name_every_verdict_there_is(page: Any) -> None:
    boxes = page.xpath("//fieldset//input/@class")
    sheet = (folder("reports") / "style.css").read_text(encoding="utf-8")
    kinds = {name.split()[1] for name in page.xpath("//details[starts-with(@class, 'req ')]/@class")}
    assert {box.removeprefix("show-") for box in boxes} == kinds
    assert all(f".{box}:not(:checked)" in sheet for box in boxes)


def test_equal_answers_are_shown_once(page: Any) -> None:
    assert len(page.xpath("//details[@class='answer']")) == 3
    assert "to exchange 1" in words(page.xpath("//details[@class='answer']")[0])


def test_equal_bodies_are_shown_once(page: Any) -> None:
    first, second, _ = page.xpath("//details[@class='answer']")
    assert "get_list_callback" in words(first)
    assert "get_list_callback" not in words(second)
    assert second.xpath(".//a/@href") == ["#answer-1"]


def test_bodies_that_differ_in_their_timestamp_are_shown_once(report: Report, evidence: Evidence) -> None:
    first, second, *others = evidence.exchanges
    assert second.answer
    later = replace(second.answer, body=second.answer.body.replace(b"1316512313", b"1316512314"))
    made = replace(evidence, exchanges=(first, replace(second, answer=later), *others))
    _, shown, _ = parsed(report, made).xpath("//details[@class='answer']")
    assert [words(pre) for pre in shown.xpath(".//pre")][1:] == ["<Timestamp>1316512314</Timestamp>"]
    assert "Body, its Timestamp aside, as in answer 1" in words(shown)


def test_equal_headers_are_shown_once() -> None:
    evidence = conforming()
    page = parsed(judge(evidence), evidence)
    heads = [words(pre) for pre in page.xpath("//details[@class='answer']/div/pre[1]")]
    assert sum(text.startswith("HTTP/1.1 200 OK") for text in heads) < 3
    assert "Head, its length and date aside, as in answer 1" in words(page)


def test_a_requirement_of_several_calls_is_told_once(report: Report, evidence: Evidence) -> None:
    kept, broken = (next(r for r in report.requirements if r.id == name) for name in ("REQ-01", "ENV-03"))
    of = [
        msgspec.structs.replace(r, id="ENV-03", call=call, name=f"ENV-03@{call}", title=f"It holds for {call}.")
        for r, call in ((kept, "get_list_country"), (broken, "get_list_terms"))
    ]
    page = parsed(msgspec.structs.replace(report, requirements=tuple(of)), evidence)
    (told,) = page.xpath("//section[@id='requirements']/details")
    assert told.get("class") == "req fail"
    assert words(told.find("summary")) == "fail ENV-03 must, 1 of 2 calls kept It holds for get_list_terms."
    assert [words(told.xpath(f".//*[@id='ENV-03@{r.call}']")[0]).split()[:2] for r in of] == [
        ["pass", "get_list_country"],
        ["fail", "get_list_terms:"],
    ]


def extension(report: Report) -> ExtensionResult:
    """A requirement of a user's own that failed, and one that was kept."""
    kept, broken = (next(r for r in report.requirements if r.id == name) for name in ("REQ-01", "ENV-03"))
    bare = {"source": "", "quote": "", "interpretations": ()}
    own = (
        msgspec.structs.replace(broken, id="X-LOG-1", mend="Write a log.", **bare),
        msgspec.structs.replace(kept, id="X-LOG-2", **bare),
    )
    return ExtensionResult(
        name="mine", verdict=Claim.NONCONFORMING, counts=count(r.verdict for r in own), requirements=own
    )


def test_an_extension_stands_beside_the_headline(report: Report, evidence: Evidence) -> None:
    page = parsed(msgspec.structs.replace(report, extensions=(extension(report),)), evidence)
    told = page.xpath("//header/p[@class='headline']")[1]
    assert words(told) == "nonconforming Extension mine: 1 of 2 requirements passed, 1 failed."
    (section,) = page.xpath("//section[@id='extension-1']")
    (card,) = section.xpath("./article")
    assert "To mend itWrite a log." in words(card)
    assert "The page says" not in words(card)
    assert "Rests on" not in words(card)
    assert told.xpath(".//a/@href") == ["#extension-1"]


def test_an_extension_leads_where_it_alone_was_asked_for(report: Report, evidence: Evidence) -> None:
    left = [
        msgspec.structs.replace(r, selected=False, verdict=Verdict.NOT_APPLICABLE, checks=(), waiver=None)
        for r in report.requirements
    ]
    alone = concluded(left, extensions=(extension(report),))
    page = parsed(alone, evidence)
    said = words(page.find(".//header"))
    assert "nonconforming staging Extension mine: 1 of 2 requirements passed, 1 failed." in said
    assert "whoever runs the endpoint: Write a log." in said
    assert "connect-conformance replay evidence.har --level must --extension mine" in said
    assert not page.xpath("//section[@id='fix']")
    assert "Not looked atthe published contract" in said
    assert not page.xpath("//div[@class='bars']")
    assert page.xpath("//main/section/@id")[0] == "extension-1"
    assert summary_md(alone).startswith("# NONCONFORMING\n\n**extension mine: 1 of 2")


def test_the_evidence_is_pinned_and_can_be_judged_again(page: Any) -> None:
    said = words(page.find(".//footer"))
    assert f"SHA-256 of evidence.har: {64 * 'a'}" in said
    assert "connect-conformance replay evidence.har --level must" in said


def test_nothing_is_loaded_and_nothing_runs(page: Any) -> None:
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    (style,) = page.xpath("//style")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not page.xpath("//@*[starts-with(name(), 'on')] | //@style | //link | //script | //iframe | //img | //form")
    assert page.xpath("//head/meta[@name='referrer']/@content") == ["no-referrer"]


def test_it_is_fit_for_assistive_technology(page: Any) -> None:
    assert page.get("lang") == "en"
    assert page.findtext(".//title") == "Nonconforming: staging - connect-conformance"
    assert page.xpath("//meta[@name='viewport']")
    for landmark in ("header", "main", "footer", "nav[@aria-label]"):
        assert len(page.xpath(f"//{landmark}")) == 1
    assert page.xpath("//a[@class='skip']/@href") == ["#main"]
    levels = [int(heading.tag[1]) for heading in page.xpath("//h1 | //h2 | //h3 | //h4 | //h5 | //h6")]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(box.getparent().tag == "label" for box in page.xpath("//input"))
    assert all(drawing.get("aria-label") for drawing in page.xpath("//*[local-name()='svg']"))


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_enough_by_day_by_night_and_on_paper() -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1."""
    sheet = (folder("reports") / "style.css").read_text(encoding="utf-8")
    themes = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    ]
    assert len(themes) == 3
    for theme in themes:
        grounds = [theme["paper"], theme["panel"]]
        pairs = [(theme[ink], ground) for ink in ("ink", "soft", "link", *VERDICTS) for ground in grounds]
        pairs += [(theme[ink], theme[f"on-{ink}"]) for ink in VERDICTS]
        pairs += [(theme["paper"], theme["fail"])]
        for ink, ground in pairs:
            light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


VERDICTS = ("pass", "fail", "open", "none")


# Sizes of long answers; others stand in test_pages


def test_ten_thousand_pairs_keep_within_bounds() -> None:
    item = b"<Value><callback_type_id>%d</callback_type_id><callback_type>HTTP GET</callback_type></Value>"
    pairs = b"".join(item % n for n in range(7, 10_000))
    body = SUCCESS.replace(b"</Values>", pairs + b"</Values>").replace(b"Action>", b"action>")

    def long(e: Exchange) -> Exchange:
        return replace(e, answer=answer(body))

    evidence = each(long, "documented")(conforming())
    text = report_page(judge(evidence), evidence)
    assert "broken for display" in text
    assert len(text) < 175_000


@pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium to print it")
def test_it_prints_on_ten_pages(report: Report, evidence: Evidence, tmp_path: Path) -> None:
    kept, failed = (next(r for r in report.requirements if r.id == name) for name in ("REQ-01", "ENV-03"))
    many = tuple(
        msgspec.structs.replace(kept, id=f"ENV-{n % 80}", name=f"ENV-{n % 80}@{n // 80}", call=f"call_{n // 80}")
        for n in range(500)
    )
    apart = tuple(
        msgspec.structs.replace(failed, id=f"CBK-{n}", name="", reason=f"fault {n}", checks=failed.checks)
        for n in range(30)
    )
    text = report_page(msgspec.structs.replace(report, requirements=(*apart, *many)), evidence)
    (tmp_path / "report.html").write_text(text.replace("<details", "<details open"), encoding="utf-8")
    assert 2 < printed(tmp_path / "report.html", tmp_path / "profile") <= 10


def test_at_most_twenty_cards_stand_open(report: Report, evidence: Evidence) -> None:
    failed = next(r for r in report.requirements if r.id == "ENV-03")
    many = tuple(
        msgspec.structs.replace(failed, id=f"ENV-{n}", name="", reason=f"fault {n}", checks=()) for n in range(60)
    )
    page = parsed(msgspec.structs.replace(report, requirements=many), evidence)
    assert len(page.xpath("//section[@id='fix']/article")) == 20
    assert len(page.xpath("//section[@id='fix']/details")) == 20
    assert len(page.xpath("//section[@id='fix']/ul/li")) == 20


# What strangers send


def test_every_field_of_a_hostile_run_is_shown_and_inert(hostile_report: Report, hostile_evidence: Evidence) -> None:
    text = report_page(hostile_report, hostile_evidence)
    assert text.replace("\n", "").isprintable()
    assert len(text) < 1_000_000
    page = lxml_html.document_fromstring(text)
    assert not page.xpath("//body//*[self::img or self::script or self::title or self::style]")
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    assert all(href.startswith("#") for href in page.xpath("//@href"))
    assert r"\u202edesrever" in page.body.text_content()


@pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium to try it in")
def test_nothing_of_a_server_runs_in_a_browser(
    tmp_path: Path, hostile: str, hostile_report: Report, hostile_evidence: Evidence
) -> None:
    text = report_page(hostile_report, hostile_evidence)
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    assert not owned(dom(tmp_path / "report.html", tmp_path / "profile"))
    # Escaping holds without the policy too, and the payloads do run where nothing holds them.
    (tmp_path / "bare.html").write_text(text.replace("Content-Security-Policy", "X"), encoding="utf-8")
    assert not owned(dom(tmp_path / "bare.html", tmp_path / "profile"))
    (tmp_path / "control.html").write_text(f"<!DOCTYPE html><html><body>{hostile}", encoding="utf-8")
    assert owned(dom(tmp_path / "control.html", tmp_path / "profile"))
