"""junit.xml is pytest's own, with what the run and each check came to as properties, and nothing unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from conformance.checks.outcome import Verdict
from conformance.reporting.junit import case_properties, suite_properties

if TYPE_CHECKING:
    from conformance.evidence.exchange import Evidence
    from conformance.verdicts.verdict import Report


def test_properties(report: Report) -> None:
    properties = dict(suite_properties(report))
    assert properties["verdict"] == "nonconforming"
    assert properties["target"] == "staging"
    assert properties["contract"] == report.suite.contract
    assert properties["suite"] == "connect-conformance 0.1.0"
    of_a_call = case_properties("ENV-03", "get_list_callback", "must", Verdict.PASS)
    assert of_a_call[1:] == [("call", "get_list_callback"), ("level", "must"), ("verdict", "pass")]
    assert "call" not in dict(case_properties("TLS-01", "", "must", Verdict.PASS))


def test_in_the_file(run_files: Any, hostile: str, hostile_report: Report, evidence: Evidence) -> None:
    data = (run_files(hostile_report, evidence, hostile) / "junit.xml").read_bytes()
    (suite,) = etree.fromstring(data)
    properties = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
    assert properties["verdict"] == "nonconforming"
    assert properties["target"].startswith("staging<script>")
    verdicts = suite.findall("testcase/properties/property[@name='verdict']")
    assert [p.get("value") for p in verdicts] == ["fail"] * 3
    text = "".join(suite.itertext()) + "".join(str(v) for e in suite.iter() for v in e.attrib.values())
    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert r"\u202edesrever" in text
