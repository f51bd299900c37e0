"""checks.html is pytest-html's own report, with a policy, and runs nothing that a server sent."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from lxml import html as lxml_html

from tests.command import ROOT
from tests.reporting.browser import CHROMIUM, dom, looked_at, owned

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.evidence.exchange import Evidence
    from conformance.verdicts.verdict import Report


@pytest.fixture
def page(run_files: Any, report: Report, evidence: Evidence) -> Any:
    return lxml_html.document_fromstring((run_files(report, evidence) / "checks.html").read_bytes())


def test_only_known_scripts_run_and_nothing_is_loaded(page: Any) -> None:
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    (script,) = page.xpath("//script")
    for rule, elements in (("script-src", [script]), ("style-src", page.xpath("//style"))):
        hashes = [base64.b64encode(hashlib.sha256(e.text.encode()).digest()).decode() for e in elements]
        assert rules[rule] == " ".join(f"'sha256-{digest}'" for digest in hashes)
    assert not page.xpath("//@*[starts-with(name(), 'on')] | //@style | //link")
    assert page.xpath("//head/meta[@name='referrer']/@content") == ["no-referrer"]


def test_it_says_whose_it_is_and_nothing_of_this_machine(page: Any) -> None:
    assert page.get("lang") == "en"
    assert page.findtext(".//title") == "connect-conformance: the checks as pytest ran them"
    assert json.loads(page.xpath("string(//@data-jsonblob)"))["environment"] == {}
    assert str(ROOT) not in page.xpath("string(//style)") + page.xpath("string(//@data-jsonblob)")
    assert all(field.get("aria-label") for field in page.xpath("//input"))


def test_rows_are_named_by_requirement(page: Any) -> None:
    tests = json.loads(page.xpath("string(//@data-jsonblob)"))["tests"]
    rows = [row["resultsTableRow"][1] for each in tests.values() for row in each]
    assert all('<td class="col-testId">ENV-03 test_run.py::' in row for row in rows if "setup" not in row)


@pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium to look at it")
def test_axe_finds_nothing(tmp_path: Path, run_files: Any, report: Report, evidence: Evidence) -> None:
    page = (run_files(report, evidence) / "checks.html").read_text(encoding="utf-8")
    found = looked_at(page, tmp_path)
    assert [text for one in found.values() for text in one["violations"]] == []
    assert all(one["wide"] <= one["seen"][0] for one in found.values())
    assert found


@pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium to try it in")
def test_nothing_of_a_server_runs_in_a_browser(
    tmp_path: Path, run_files: Any, hostile: str, hostile_report: Report, hostile_evidence: Evidence
) -> None:
    path = run_files(hostile_report, hostile_evidence, hostile) / "checks.html"
    shown = dom(path, tmp_path / "profile")
    assert not owned(shown)
    assert 'class="col-testId"' in shown  # pytest-html's own script did run
    bare = path.read_text(encoding="utf-8").replace("Content-Security-Policy", "X")
    (tmp_path / "bare.html").write_text(bare, encoding="utf-8")
    assert not owned(dom(tmp_path / "bare.html", tmp_path / "profile"))
