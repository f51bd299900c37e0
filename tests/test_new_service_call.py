"""The next service call is data: two schemas, a row in a table, samples. Checks, requests and mutants follow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from lxml import etree

from conformance.checks.catalogue import checks
from conformance.checks.judging import Judging
from conformance.checks.outcome import Verdict
from conformance.contract.components import Component
from conformance.contract.document import read
from conformance.contract.load import documented, folder, load
from conformance.contract.model import Contract
from conformance.contract.violations import deviations
from conformance.contract.xsd import schema
from conformance.evidence.exchange import Evidence
from conformance.probes import plan as plans
from conformance.probes import probe as probes
from conformance.selftest.mutants import Mutant, derived
from conformance.target.target import target
from conformance.verdicts.judge import judge_evidence as judged
from conformance.verdicts.terms import Terms
from tests.evidence_factory import answer, at, conforming

NAME = "get_list_country"
ROW = """
name = "get_list_country"
method = "GET"
request_root = "clickatellsdk"
action_element = "action"

[[documented_pair]]
id = "4"
type = "Åland"
requirement = "CBK-03"

[item]
container = "Values"
item = "Value"
key = "country_id"
value = "country"
"""
RESPONSE = """\
<ClICKATELLSDK>
  <Action>get_list_country</Action>
  <Result>Success</Result>
  <Values>
    <Value><country_id>4</country_id><country>Åland</country><code>AX</code></Value>
    <Value><country_id>93</country_id><country>Burkina Faso</country><code>BF</code></Value>
  </Values>
  <Timestamp>1316512313</Timestamp>
</ClICKATELLSDK>
"""
CODE = """</xs:element>
                    <xs:element name="code">
                      <xs:simpleType><xs:annotation>
                        <xs:appinfo source="urn:connect-conformance:requirement">CBK-05</xs:appinfo></xs:annotation>
                        <xs:restriction base="xs:string"><xs:pattern value="[A-Z]{2}"/></xs:restriction>
                      </xs:simpleType>
                    </xs:element>
                  </xs:sequence>"""


def country(text: str) -> str:
    """What is written of the present call, of the new one."""
    return text.replace("get_list_callback", NAME).replace("callback_type", "country")


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """A contract whose only service call is another, made without a line of Python."""
    schemas = tmp_path_factory.mktemp("next") / "schemas"
    shutil.copytree(folder("schemas"), schemas)
    (schemas / "calls/get_list_callback").rename(schemas / "calls" / NAME)
    for kind in ("request", "response"):
        file = schemas / "calls" / NAME / f"{kind}.xsd"
        text = country(file.read_text(encoding="utf-8"))
        head, mark, tail = text.partition('<xs:element name="country" type="Phrase">')
        if mark:  # a third column, of a form of its own
            tail = tail.replace("</xs:element>\n                  </xs:sequence>", CODE, 1)
        file.write_text(head + mark + tail, encoding="utf-8")
    samples = schemas / "calls" / NAME / "samples"
    asked = country((samples / "request.xml").read_text(encoding="utf-8"))
    (samples / "request.xml").write_text(asked, encoding="utf-8")
    (samples / "response.xml").write_text(RESPONSE, encoding="utf-8")
    (samples.parent / "call.toml").write_text(ROW, encoding="utf-8")
    return load(schemas)


def planned(contract: Contract, endpoint: str = "https://staging.example.com/0123456789abcdef") -> plans.Plan:
    config = {"endpoint": endpoint, "binding": "body-xml", "allow_hostile_requests": True}
    return plans.plan(contract, target("next", config, contract, environment={}), plans.EVERYTHING)


def evidence(contract: Contract, body: bytes) -> Evidence:
    """Faultless evidence, the new call's answer standing for the present one's."""
    plain = conforming()
    exchanges = tuple(
        replace(e, answer=answer(at(body, e.started), e.started))
        if e.answer and b"Success" in e.answer.body
        else e
        for e in plain.exchanges
    )
    return replace(plain, exchanges=exchanges)


def components(contract: Contract) -> Iterator[Component]:
    check = next(c for c in checks() if c.name == "test_the_envelope_keeps_its_schema")
    for case in check.cases_of(contract):
        assert isinstance(case.value, Component)
        assert (case.id, case.requirement) == (case.value.id, case.value.requirement)
        yield case.value


def test_the_samples_are_valid(contract: Contract) -> None:
    for of, sample in (
        (contract.call.request_schema, contract.call.request_sample),
        (contract.call.response_schema, contract.call.response_sample),
    ):
        root = read(sample.read_bytes()).root
        assert root is not None
        assert deviations(schema(of), root) == ()


def test_checks_come_from_its_schema(contract: Contract) -> None:
    assert contract.call.name == NAME
    found = {(c.requirement, c.element, c.aspect) for c in components(contract)}
    assert {
        ("ENV-05", "Action", "text"),
        ("CBK-01", "country_id", "text"),
        ("CBK-05", "country", "text"),
        ("CBK-05", "code", "text"),
        ("CBK-02", "Values", "unique"),
        ("ENV-07", "Value", "content"),
    } <= found
    assert "callback" not in str(found)


def test_its_documented_pairs_are_checked(contract: Contract) -> None:
    check = next(c for c in checks() if c.name == "test_the_documented_pair_is_offered")
    assert [case.id for case in check.cases_of(contract)] == ["CBK-03-id-4"]


def test_its_requests_ask_for_it(contract: Contract) -> None:
    plan = planned(contract)
    assert plan.first.document == contract.call.request_sample.read_bytes().strip()
    assert plan.first.actions == (NAME,)
    by_group: dict[str, list[probes.Probe]] = {}
    for probe in plan.probes:
        by_group.setdefault(probe.purpose.label, []).append(probe)
    assert {"action", "malformed", "spelling", "schema", "hostile", "state-009"} <= set(by_group)
    for probe in by_group["spelling"]:
        root = read(probe.document).root
        assert root is not None, probe.id
        assert deviations(schema(contract.call.request_schema), root) == (), probe.id
    for probe in by_group["schema"]:
        root = read(probe.document).root
        assert root is not None, probe.id
        assert deviations(schema(contract.call.request_schema), root), probe.id
    for probe in by_group["malformed"]:
        assert read(probe.document).root is None, probe.id
    for probe in by_group["action"]:
        assert NAME not in probe.actions, probe.id
    assert not [p for p in plan.probes if b"callback" in p.document or "callback" in f"{p.actions} {p.title}"]
    assert {p.segment for p in plan.probes} == {"", NAME}


def test_the_name_of_the_call_in_a_path_is_no_token(contract: Contract) -> None:
    url = f"https://staging.example.com/0123456789abcdef/{NAME}"
    subject = target("next", {"endpoint": url}, contract, environment={})
    assert subject.shown_endpoint.endswith(f"/[token]/{NAME}")
    assert not [p for p in planned(contract, url).probes if p.id in {"binding-segment", "action-nothing"}]


def test_every_mutant_breaks_the_component_that_it_names(contract: Contract) -> None:
    mutants = [m for m in derived(contract) if m.rewrite]
    assert len(mutants) > 80
    assert len({m.id for m in mutants}) == len(mutants)
    assert all(m.id.startswith(f"{NAME}.") for m in mutants)
    broken = {name for m in mutants for name in broken_by(m, contract)}
    assert broken == {c.requirement for c in components(contract)}


def broken_by(mutant: Mutant, contract: Contract) -> tuple[str, ...]:
    """The requirements that a mutant's answer breaks: the one it names, and nothing that it does not."""
    assert mutant.rewrite
    root = read(mutant.rewrite(contract.call.response_sample.read_bytes())).root
    assert root is not None
    found = {d.component.requirement for d in deviations(schema(contract.call.response_schema), root)}
    assert found == set(mutant.breaks), mutant.id
    return mutant.breaks


def verdicts(contract: Contract, body: bytes) -> dict[str, Verdict]:
    judging = Judging(evidence(contract, body), contract)
    assert judging.call.name == NAME
    report = judged(judging.evidence, contract, Terms())
    return {r.id: r.verdict for r in report.requirements}


def test_its_answers_are_judged(contract: Contract) -> None:
    good = verdicts(contract, RESPONSE.encode())
    schematic = {c.requirement for c in components(contract)}
    assert {good[name] for name in schematic | {"REQ-01", "REQ-02", "REQ-05", "CBK-03", "CBK-09"}} == {
        Verdict.PASS
    }
    bad = verdicts(contract, RESPONSE.replace("<code>BF", "<code>bf").encode())
    assert {name for name in bad if bad[name] is Verdict.FAIL} - {
        n for n in good if good[n] is Verdict.FAIL
    } == {
        "CBK-05",
        "ENV-02",
    }


def test_the_list_of_another_call_is_not_its_own(contract: Contract) -> None:
    found = verdicts(contract, documented().call.response_sample.read_bytes())
    assert found["REQ-02"] is Verdict.FAIL


def test_a_text_of_a_form_of_its_own_has_a_sample_to_be_broken(contract: Contract) -> None:
    names = [m.id for m in derived(contract) if m.id.startswith(f"{NAME}.code.")]
    assert f"{NAME}.code.in_another_case" in names
    assert f"{NAME}.code.longer_by_one" in names
    mutant = next(m for m in derived(contract) if m.id == f"{NAME}.code.in_another_case")
    assert mutant.rewrite
    root = etree.fromstring(mutant.rewrite(RESPONSE.encode()))
    assert [e.text for e in root.iter("code")] == ["ax", "BF"]
