"""report.html is static, complete, fit for everyone, and runs nothing that a server sent."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html as lxml_html

from conformance.contract.load import folder
from conformance.reporting.html import render_sections

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.evidence.exchange import Evidence
    from conformance.verdicts.verdict import Report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def page(run_files: Any, report: Report, evidence: Evidence) -> Any:
    return lxml_html.document_fromstring((run_files(report, evidence) / "report.html").read_bytes())


def test_the_report_comes_first_and_needs_no_script(page: Any) -> None:
    report, own = page.body[:2]
    assert (report.get("id"), own.get("id")) == ("conformance", "pytest-own")
    tables = page.xpath("//main//table")
    assert "requirements" in tables[0].get("class")
    text = report.text_content()
    for words in (
        "ENV-03",
        "ClICKATELLSDK",
        "curl --get",
        "the state of 004 is not provisioned",
        "301 Moved Permanently",
    ):
        assert words in text
    assert not report.xpath(".//script | .//iframe | .//img | .//object | .//style | .//form")


def test_what_fails_comes_before_what_passes(page: Any) -> None:
    shown = [row.get("id") for row in page.xpath("//table[contains(@class, 'requirements')]//tr[@id]")]
    attention, rest = shown[:5], shown[5:]
    assert attention == ["ENV-03", "TLS-02", "CBK-08", "TIM-02", "HYG-01"]
    assert rest == ["REQ-04", "ERR-004-code", "ERR-007-code", "REQ-01", "HYG-02"]


def test_links_lead_somewhere(page: Any) -> None:
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    hrefs = page.xpath("//a/@href")
    assert {"#exchange-1", "#requirements"} <= set(hrefs)
    for href in hrefs:
        assert href[1:] in ids if href.startswith("#") else href.startswith("https://pypi.python.org/"), href


def test_nothing_is_loaded_and_only_known_scripts_run(page: Any) -> None:
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    (script,) = page.xpath("//script")
    for rule, elements in (("script-src", [script]), ("style-src", page.xpath("//style"))):
        hashes = [base64.b64encode(hashlib.sha256(e.text.encode()).digest()).decode() for e in elements]
        assert rules[rule] == " ".join(f"'sha256-{digest}'" for digest in hashes)
    assert not page.xpath("//@*[starts-with(name(), 'on')] | //@style | //link")
    assert page.xpath("//head/meta[@name='referrer']/@content") == ["no-referrer"]
    assert json.loads(page.xpath("string(//@data-jsonblob)"))["environment"] == {}


def test_it_is_fit_for_assistive_technology(page: Any) -> None:
    assert page.get("lang") == "en"
    assert page.findtext(".//title") == "Nonconforming: staging - connect-conformance"
    assert page.xpath("//meta[@name='viewport']")
    for landmark in ("header", "main", "nav[@aria-label]"):
        assert len(page.xpath(f"//div[@id='conformance']//{landmark}")) == 1
    assert page.xpath("//a[@class='skip']/@href") == ["#requirements"]
    levels = [int(heading.tag[1]) for heading in page.xpath("//h1 | //h2 | //h3 | //h4 | //h5 | //h6")]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in page.xpath("//div[@id='conformance']//table"):
        assert table.find("caption") is not None
        assert all(cell.get("scope") for cell in table.xpath(".//th"))
    for word in page.xpath("//*[contains(@class, 'verdict')]"):
        assert word.text in {"pass", "fail", "inconclusive", "error", "not applicable"}
    assert all(field.get("aria-label") for field in page.xpath("//input"))


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_enough_by_day_by_night_and_on_paper() -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1."""
    sheet = (folder("reports") / "style.css").read_text(encoding="utf-8")
    themes = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    ]
    assert len(themes) == 3
    for theme in themes:
        grounds = [theme.pop("paper"), theme.pop("panel")]
        theme.pop("line")
        for ink in theme.values():
            for ground in grounds:
                light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def test_big_bodies_are_cut(hostile_report: Report, hostile_evidence: Evidence) -> None:
    text = render_sections(hostile_report, hostile_evidence)
    assert "whole in evidence.har" in text
    assert len(text) < 1_000_000


def test_every_field_of_a_hostile_run_is_shown_and_inert(
    run_files: Any, hostile: str, hostile_report: Report, hostile_evidence: Evidence
) -> None:
    text = render_sections(hostile_report, hostile_evidence)
    assert text.replace("\n", "").isprintable()
    path = run_files(hostile_report, hostile_evidence, hostile) / "report.html"
    page = lxml_html.document_fromstring(path.read_bytes())
    assert len(page.xpath("//script")) == 1
    assert not page.xpath(
        "//div[@id='conformance']//*[self::img or self::svg or self::script or self::title]"
    )
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    assert all(href.startswith(("#", "https://pypi")) for href in page.xpath("//@href"))
    assert r"\u202edesrever" in page.body.text_content()
    assert "\u202e" not in path.read_text(encoding="utf-8")
    blob = json.loads(page.xpath("string(//@data-jsonblob)"))
    assert json.dumps(blob, ensure_ascii=False).isprintable()


def dom(path: Path, profile: Path) -> str:
    """The document after a browser has run what it would run."""
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--dump-dom"]
    ran = subprocess.run(
        [str(CHROMIUM), *flags, "--virtual-time-budget=2000", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return ran.stdout


def owned(shown: str) -> bool:
    """Whether a payload has run: it marks the root element."""
    return "data-owned" in shown[shown.index("<html") :].partition(">")[0]


@pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium to try it in")
def test_nothing_of_a_server_runs_in_a_browser(
    tmp_path: Path, run_files: Any, hostile: str, hostile_report: Report, hostile_evidence: Evidence
) -> None:
    path = run_files(hostile_report, hostile_evidence, hostile) / "report.html"
    shown = dom(path, tmp_path / "profile")
    assert not owned(shown)
    assert 'class="col-testId"' in shown  # pytest-html's own script did run
    # Escaping holds without the policy too, and the payloads do run where nothing holds them.
    bare = path.read_text(encoding="utf-8").replace("Content-Security-Policy", "X")
    (tmp_path / "bare.html").write_text(bare, encoding="utf-8")
    assert not owned(dom(tmp_path / "bare.html", tmp_path / "profile"))
    (tmp_path / "control.html").write_text(f"<!DOCTYPE html><html><body>{hostile}", encoding="utf-8")
    assert owned(dom(tmp_path / "control.html", tmp_path / "profile"))
