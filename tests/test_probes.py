"""What is sent: the same every time, each probe what its name says, and the token never over plain HTTP."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from html import unescape
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from msgspec import structs

from conformance.contract.load import documented
from conformance.contract.purpose import MALFORMED, OF_DOCUMENTS, Kind, Purpose, Wishes
from conformance.contract.violations import deviations
from conformance.contract.xsd import schema
from conformance.probes import layouts
from conformance.probes import plan as plans
from conformance.probes.documents import NOBODYS, PUBLISHED, actions, malformed
from conformance.probes.generated import corpus
from conformance.probes.plan import LATER_S, Plan
from conformance.probes.probe import CANARY, Probe
from conformance.probes.template import Template
from conformance.target.settings import BINDINGS, Binding
from conformance.target.target import Target, target

CONTRACT = documented()
CALL = CONTRACT.call
TOKEN = "5ecre7f00dcafe5ecre7f00dcafe1234"
EVERYTHING = plans.EVERYTHING
TEMPLATE = Template(CALL)
PROVISIONED = [code for code, row in CONTRACT.errors.items() if row.provoked == "provisioned"]


def subject(**values: Any) -> Target:
    config = {"endpoint": f"https://h.example/{TOKEN}", "allow_hostile_requests": True} | values
    return target("staging", config, CONTRACT, environment={})


PORT = Purpose(Kind.PORT).label


def planned(wishes: Wishes = EVERYTHING, **values: Any) -> Plan:
    return plans.plan(CONTRACT, subject(**values), wishes)


def group(name: str, binding: Binding = "query-xml") -> list[Probe]:
    return [
        probe
        for probe in planned(binding=binding).probes
        if name in {probe.purpose.label, probe.purpose.label.partition("-")[0]}
    ]


def infoset(document: bytes) -> list[Any]:
    """What an XML processor tells of a document: names, attributes, text; not how it was written."""
    parser = etree.XMLParser(remove_comments=True, remove_pis=True, resolve_entities=False)
    root = etree.fromstring(document, parser)
    return [
        (e.tag, dict(e.attrib), (e.text or "").strip() if len(e) else e.text, (e.tail or "").strip())
        for e in root.iter()
    ]


def is_well_formed(document: bytes) -> tuple[bool, bool]:
    """What libxml2 says, and what expat says."""
    said = []
    for parse, refusal in ((etree.fromstring, etree.XMLSyntaxError), (ET.fromstring, ET.ParseError)):
        try:
            parse(document)
        except refusal:
            said.append(False)
        else:
            said.append(True)
    return said[0], said[1]


# The plan


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_plan_is_the_same_every_time(binding: Binding) -> None:
    assert planned(binding=binding) == planned(binding=binding)


@pytest.mark.parametrize("binding", BINDINGS)
def test_ids_are_unique(binding: Binding) -> None:
    states = {code: {"headers": {"X": code}} for code in PROVISIONED}
    for made in (planned(binding=binding, states=states), planned(binding=binding)):
        ids = Counter(probe.id for probe in made.probes)
        assert set(ids.values()) == {1}
        titles = Counter((probe.title, probe.binding) for probe in made.probes)
        assert [title for title, count in titles.items() if count > 1 and "connection" not in title[0]] == []


def test_the_first_call_and_the_last_are_the_documented_one() -> None:
    made = planned()
    for probe in (made.first, *made.middle, *made.last):
        assert probe.purpose.label == "documented"
        assert probe.document == layouts.on_one_line(TEMPLATE)
        assert probe.actions == (CALL.name,)
    assert made.first.fresh
    assert LATER_S > 1.5, "TIM-04 compares calls that far apart"


def test_the_documented_call_is_repeated_over_fresh_and_kept_connections() -> None:
    repeated = [p for p in planned().together if p.purpose.label == "documented"]
    assert len(repeated) >= 10
    assert {p.fresh for p in repeated} == {True, False}
    assert {p.document for p in repeated} == {layouts.on_one_line(TEMPLATE)}


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_url_carries_the_documented_request_on_one_line_and_a_body_as_it_is_printed(
    binding: Binding,
) -> None:
    """Once it is sent in the other layout, over HTTPS and without."""
    ordinary = [p for p in planned(binding=binding).probes if p.kind in {"documented", "bindings", "control"}]
    page = CALL.request_sample.read_bytes().strip()
    assert page.count(b"\n") == 2
    for probe in ordinary:
        in_body = probe.binding in {"form-xml", "body-xml"}
        assert probe.document == (page if in_body else page.replace(b"\n", b"").replace(b" ", b""))
    whole = planned(binding=binding)
    made = {probe.id: probe for probe in whole.probes}
    assert made["printed"].document == page
    assert whole.asides["printed-spaces"].document == page.replace(b"\n", b" ")
    if binding != "query-params":
        assert made["plain-relaid"].document not in {made["plain-" + binding].document, b""}
        assert infoset(made["plain-relaid"].document) == infoset(page)


@pytest.mark.parametrize("binding", ["query-xml", "query-params"])
def test_over_plain_http_one_url_alone_has_a_line_break(binding: Binding) -> None:
    """So that a server that takes none in a URL is asked everything else."""
    sent = [p for p in planned(binding=binding).probes if p.channel == "http" and p.binding == "query-xml"]
    assert [p.id for p in sent if b"\n" in p.document] == ["plain-relaid"] * (binding == "query-xml")


@given(st.sets(st.sampled_from(sorted(Kind))), st.sampled_from(BINDINGS))
def test_nothing_is_sent_that_nobody_looks_at(kinds: set[Kind], binding: Binding) -> None:
    made = planned(frozenset(map(Purpose, kinds)), binding=binding)
    sent = {probe.kind for probe in (*made.probes, *made.asides.values())}
    plain = {Kind.CLAIM, Kind.FORM, Kind.PORT, Kind.STATE, Kind.STAND_IN}
    controls = {Kind.BINDINGS, Kind.PRINTED} if kinds & (OF_DOCUMENTS | plain) else set()
    controls |= {Kind.BINDINGS} if kinds & {Kind.CONTROL, Kind.ACTION} else set()
    controls |= {Kind.STAND_IN} if kinds & plain else set()
    assert sent <= kinds | {Kind.DOCUMENTED} | controls


def test_what_one_state_asks_for_is_sent_alone() -> None:
    made = planned(frozenset({Purpose(Kind.STATE, state="004")}), states={"004": {"headers": {"X": "1"}}})
    assert {probe.purpose.label for probe in made.probes} == {"documented", "state-004", "bindings"}
    controls = [probe.id for probe in made.probes if probe.kind is Kind.BINDINGS]
    assert controls == ["binding-body-xml", "binding-form-xml"]


@pytest.mark.parametrize(("state", "ways"), [({"headers": {"X": "1"}}, 3), ({"endpoint": "https://other.test/t"}, 1)])
def test_a_state_is_asked_for_in_another_binding_where_it_is_one_of_this_endpoint(
    state: dict[str, Any], ways: int
) -> None:
    made = planned(states={"004": state})
    assert len({p.binding for p in made.probes if p.state == "004"}) == ways


def test_actions_of_nobody_travel_in_every_way() -> None:
    made = {p.id: p for p in planned().probes}
    ways = {made[f"action-{key}"].control for key in NOBODYS}
    assert ways == {"binding-segment", "binding-form-xml", "binding-body-xml", "binding-query-params"}
    assert ways < set(made)


def test_what_is_not_provisioned_is_a_gap_that_says_how_to_close_it() -> None:
    made = planned(states={"004": {"headers": {"X": "1"}}})
    gaps = {name: reason for name, reason in made.gaps.items() if name.startswith("state-")}
    assert set(gaps) == {f"state-{code}" for code in PROVISIONED if code != "004"}
    assert "[targets.staging.states.007]" in gaps["state-007"]
    assert [p for p in made.probes if p.state == "004"]


def test_hostile_requests_are_sent_only_where_they_are_allowed() -> None:
    made = planned(allow_hostile_requests=False)
    assert not [
        p for p in made.probes if p.purpose.label == "hostile" or CANARY in p.document or b"<!DOCTYPE" in p.document
    ]
    assert "allow_hostile_requests = true" in made.gaps["hostile"]
    assert "hostile" not in planned().gaps


def test_request_lines_that_a_proxy_writes_are_not_asked() -> None:
    made = planned(proxy="http://proxy.example.com:3128")
    assert {p.form.version + p.form.absolute for p in made.probes} == {"1.1"}
    assert [p.purpose.label for p in made.probes if p.form.https_port] == [PORT]
    assert made.gaps == planned().gaps


def test_a_state_that_commands_bring_about_has_its_turn_alone() -> None:
    states = {"004": {"setup": ["true"]}, "007": {"headers": {"X": "1"}}}
    made = planned(states=states)
    assert {p.state for calls in made.states.values() for p in calls} == {"004"}
    assert {p.state for p in made.together} == {"", "007"}


# Controls


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("name", ["action", "malformed", "printed", "spelling", "schema", "hostile"])
def test_what_is_meant_to_be_refused_has_a_control(name: str, binding: Binding) -> None:
    """The control is the documented request, in the same binding, so that only the defect differs."""
    made = {probe.id: probe for probe in planned(binding=binding).probes}
    for probe in group(name, binding):
        twin = made[probe.control]
        assert twin.document == layouts.usual(TEMPLATE, twin.binding)
        assert probe.binding in {twin.binding, "form-xml"}
        assert twin.channel == probe.channel == "https"
        assert twin.headers == probe.headers


# Documents are what their names say


@pytest.mark.parametrize("probe", group("malformed"), ids=lambda p: p.id)
def test_malformed_documents_are_refused_by_both_parsers(probe: Probe) -> None:
    assert is_well_formed(probe.document) == (False, False)
    if not probe.id.startswith("explored-") and probe.document.split():
        # As lenient readers of HTML decode it: with or without the end of a reference.
        decoded = unescape(probe.document.decode("latin-1").replace("&#X", "&#x"))
        assert CALL.name in decoded, "a server that searches the text would find the action"


@pytest.mark.parametrize(
    "probe", [*group("spelling"), *group("spelling", "body-xml")], ids=lambda p: f"{p.binding}-{p.id}"
)
def test_spellings_mean_the_documented_request(probe: Probe) -> None:
    assert is_well_formed(probe.document) == (True, True)
    assert infoset(probe.document) == infoset(CALL.request_sample.read_bytes())
    assert probe.document != CALL.request_sample.read_bytes().strip()


def test_spellings_differ_from_each_other() -> None:
    documents = [probe.document for probe in group("spelling", "body-xml")]
    assert len(set(documents)) == len(documents) >= 10


@pytest.mark.parametrize("binding", BINDINGS)
def test_encodings_travel_only_as_a_body(binding: Binding) -> None:
    encoded = {
        "spelling-utf-16",
        "spelling-utf-16-big-endian",
        "spelling-byte-order-mark",
        "malformed-surrogate",
    }
    found = {p.id: p for p in planned(binding=binding).probes if p.id in encoded}
    assert found.keys() == encoded
    assert {p.binding for p in found.values()} == {"body-xml"}
    controls = {p.id: p for p in planned(binding=binding).probes}
    control = controls[found["spelling-utf-16"].control]
    assert control.binding == "body-xml" or binding == "body-xml"
    assert control.document == CALL.request_sample.read_bytes().strip()


@pytest.mark.parametrize("probe", group("schema"), ids=lambda p: p.id)
def test_schema_breaking_documents_are_well_formed_and_invalid(probe: Probe) -> None:
    assert is_well_formed(probe.document) == (True, True)
    request = schema(CALL.request_schema)
    root = etree.fromstring(probe.document)
    assert not request.accepts(root) or root.attrib
    assert deviations(request, root)
    if not probe.id.startswith("explored-"):
        assert CALL.name.encode() in probe.document, "the documented action is in it, and still it is another request"


@pytest.mark.parametrize("probe", group("action"), ids=lambda p: p.id)
def test_other_actions_break_nothing_but_the_action(probe: Probe) -> None:
    assert CALL.name not in probe.actions
    if probe.id == "action-nothing":
        assert probe.document == b""
        return
    root = etree.fromstring(probe.document)
    assert is_well_formed(probe.document) == (True, True)
    assert root.findtext(CALL.action_element) == (probe.actions[0] if probe.actions else None)
    broken = {d.component.requirement for d in deviations(schema(CALL.request_schema), root)}
    assert broken == ({"REQ-03"} if probe.actions else {"REQ-06"})


def test_no_other_action_is_a_call_that_the_api_publishes() -> None:
    assert len(PUBLISHED) == 16
    for seed in range(1, 200):
        assert not PUBLISHED & {case.value for case in corpus(TEMPLATE, seed, {Kind.ACTION: 4})}
    assert not PUBLISHED & {value for probe in group("action") for value in probe.actions}


def test_the_kinds_of_malformed_documents_are_those_that_are_judged() -> None:
    assert {*malformed(TEMPLATE), Kind.MALFORMED} == set(MALFORMED)


def test_a_run_stays_small() -> None:
    assert len(planned().probes) <= 235


@pytest.mark.parametrize("name", ["get_list_callback", "get_list_country", "get_list_account", "register"])
def test_other_actions_are_other_ones_whatever_the_call(name: str) -> None:
    values = list(actions(replace(CALL, row=structs.replace(CALL.row, name=name))).values())
    assert name not in values
    assert len(set(values)) == len(values) > 20


@pytest.mark.parametrize("binding", BINDINGS)
def test_hostile_documents_declare_something_or_are_large(binding: Binding) -> None:
    found = group("hostile", binding)
    assert len(found) == 7
    for probe in found:
        declared: list[str] = []
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = lambda name, *_, declared=declared: declared.append(name)
        parser.Parse(probe.document, True)
        assert declared or len(probe.document) > 100_000
        assert len(probe.document) < 1_000_000, "harms nobody"
        if len(probe.document) > 10_000:
            assert probe.binding in {"form-xml", "body-xml"}, "a URL of that size is another matter"


def test_an_entity_expansion_stays_small_where_somebody_expands_it() -> None:
    (probe,) = [p for p in group("hostile") if p.id == "hostile-entity-expansion"]
    assert 1_000 < len("".join(ET.fromstring(probe.document).itertext())) < 10_000


def test_the_rounds_of_a_plan_are_what_has_to_be_waited_for_in_turn() -> None:
    plan = planned(states={code: {"headers": {"X": code}} for code in PROVISIONED})
    assert plan.rounds(1) == len(plan.probes)
    assert plan.rounds(len(plan.probes)) == 1 + len(plan.in_a_row) + len(plan.last)
    beside = len(plan.probes) - 1 - len(plan.last)
    assert plan.rounds(8) == 1 + -(-beside // 8) + len(plan.last)
