"""What is sent: the same every time, each probe what its name says, and the token never over plain HTTP."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET
from xml.parsers import expat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from conformance import probes
from conformance.catalogue import checks
from conformance.contract import documented
from conformance.probes import CANARY, LATER_S, Plan, Probe
from conformance.schema import schema
from conformance.target import BINDINGS, Binding, StateConfig, Target, TargetConfig, target
from conformance.wire import Limits, Wire

CONTRACT = documented()
CALL = CONTRACT.call
TOKEN = "5ecre7f00dcafe5ecre7f00dcafe1234"
EVERYTHING = probes.groups(CONTRACT)
PROVISIONED = [code for code, row in CONTRACT.errors.items() if row.provoked == "provisioned"]


def subject(**values: Any) -> Target:
    config = {"endpoint": f"https://h.example/{TOKEN}", "allow_hostile_requests": True} | values
    return target("staging", TargetConfig(**config), CONTRACT, environment={})


def planned(groups: frozenset[str] = EVERYTHING, **values: Any) -> Plan:
    return probes.plan(CONTRACT, subject(**values), groups)


def group(name: str, binding: Binding = "query-xml") -> list[Probe]:
    return [probe for probe in planned(binding=binding).probes if probe.group == name]


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
    states = {code: StateConfig(headers={"X": code}) for code in PROVISIONED}
    for made in (planned(binding=binding, states=states), planned(binding=binding)):
        ids = Counter(probe.id for probe in made.probes)
        assert set(ids.values()) == {1}
        titles = Counter((probe.title, probe.binding) for probe in made.probes)
        assert [title for title, count in titles.items() if count > 1 and "connection" not in title[0]] == []


def test_the_first_call_and_the_last_are_the_documented_one() -> None:
    made = planned()
    for probe in (made.first, *made.middle, *made.last):
        assert probe.group == "documented"
        assert probe.document == CALL.request_sample.read_bytes().strip()
        assert probe.actions == (CALL.name,)
    assert made.first.fresh
    assert LATER_S > 1.5, "TIM-04 compares calls that far apart"


def test_the_documented_call_is_repeated_over_fresh_and_kept_connections() -> None:
    repeated = [p for p in planned().together if p.group == "documented"]
    assert len(repeated) >= 10
    assert {p.fresh for p in repeated} == {True, False}
    assert {p.document for p in repeated} == {CALL.request_sample.read_bytes().strip()}


@given(st.sets(st.sampled_from(sorted(EVERYTHING))), st.sampled_from(BINDINGS))
def test_nothing_is_sent_that_nobody_looks_at(groups: set[str], binding: Binding) -> None:
    made = planned(frozenset(groups), binding=binding)
    sent = {probe.group for probe in made.probes}
    documents = {"malformed", "spelling", "schema", "hostile"}
    assert sent <= groups | {"documented"} | ({"control"} if groups & documents else set())


def test_every_group_that_a_check_looks_at_exists() -> None:
    looked_at = {
        g.format(case=c.value) for check in checks() for c in check.cases_of(CONTRACT) for g in check.groups
    }
    assert {g for g in looked_at if not g.startswith("claim-")} <= EVERYTHING
    assert "claim-009" in EVERYTHING


def test_what_is_not_provisioned_is_a_gap_that_says_how_to_close_it() -> None:
    made = planned(states={"004": StateConfig(headers={"X": "1"})})
    gaps = {name: reason for name, reason in made.gaps.items() if name.startswith("state-")}
    assert set(gaps) == {f"state-{code}" for code in PROVISIONED if code != "004"}
    assert "[targets.staging.states.007]" in gaps["state-007"]
    assert [p for p in made.probes if p.state == "004"]


def test_hostile_requests_are_sent_only_where_they_are_allowed() -> None:
    made = planned(allow_hostile_requests=False)
    assert not [
        p for p in made.probes if p.group == "hostile" or CANARY in p.document or b"<!DOCTYPE" in p.document
    ]
    assert "allow_hostile_requests = true" in made.gaps["hostile"]
    assert "hostile" not in planned().gaps


def test_a_state_that_commands_bring_about_has_its_turn_alone() -> None:
    states = {"004": StateConfig(setup=["on"]), "007": StateConfig(headers={"X": "1"})}
    made = planned(states=states)
    assert {p.state for calls in made.states.values() for p in calls} == {"004"}
    assert {p.state for p in made.together} == {"", "007"}


# Controls


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("name", ["action", "malformed", "spelling", "schema", "hostile"])
def test_what_is_meant_to_be_refused_has_a_control(name: str, binding: Binding) -> None:
    """The control is the documented request, in the same binding, so that only the defect differs."""
    made = {probe.id: probe for probe in planned(binding=binding).probes}
    for probe in group(name, binding):
        twin = made[probe.control]
        assert twin.document == CALL.request_sample.read_bytes().strip()
        assert probe.binding in {twin.binding, "form-xml"}
        assert twin.channel == probe.channel == "https"
        assert twin.headers == probe.headers


# Documents are what their names say


@pytest.mark.parametrize("probe", group("malformed"), ids=lambda p: p.id)
def test_malformed_documents_are_refused_by_both_parsers(probe: Probe) -> None:
    assert is_well_formed(probe.document) == (False, False)
    if not probe.id.startswith("explored-"):
        assert CALL.name.encode() in probe.document, "a server that searches the text would find the action"


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


def test_encodings_travel_only_as_a_body() -> None:
    assert {p.id for p in group("spelling", "body-xml")} - {p.id for p in group("spelling")} == {
        "spelling-utf-16",
        "spelling-utf-16-big-endian",
        "spelling-byte-order-mark",
    }


@pytest.mark.parametrize("probe", group("schema"), ids=lambda p: p.id)
def test_schema_breaking_documents_are_well_formed_and_invalid(probe: Probe) -> None:
    assert is_well_formed(probe.document) == (True, True)
    request = schema(CALL.request_schema)
    root = etree.fromstring(probe.document)
    assert not request.accepts(root) or root.attrib
    assert request.deviations(root)
    if not probe.id.startswith("explored-"):
        assert CALL.name.encode() in probe.document, (
            "the documented action is in it, and still it is another request"
        )


@pytest.mark.parametrize("probe", group("action"), ids=lambda p: p.id)
def test_other_actions_break_nothing_but_the_action(probe: Probe) -> None:
    assert CALL.name not in probe.actions
    if probe.id == "action-nothing":
        assert probe.document == b""
        return
    root = etree.fromstring(probe.document)
    assert is_well_formed(probe.document) == (True, True)
    assert root.findtext(CALL.action_element) == (probe.actions[0] if probe.actions else None)
    broken = {d.component.requirement for d in schema(CALL.request_schema).deviations(root)}
    assert broken == ({"REQ-03"} if probe.actions else {"REQ-06"})


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


# Over plain HTTP

SHAPES = st.sampled_from(["https://h.example/{}", "https://h.example/{}/", "https://h.example/api/{}",
                          "https://h.example/{}/get_list_callback", "https://h.example/?token={}",
                          "https://h.example/api/?a=b&key={}"])  # fmt: skip
PLAIN = st.sampled_from(["", "http://h.example/", "http://h.example", "http://h.example/{}", "http://x.example:8080/{}/",
                         "http://h.example/?key={}"])  # fmt: skip


@given(
    SHAPES,
    PLAIN,
    st.text("0123456789abcdef", min_size=16, max_size=32),
    st.sampled_from(BINDINGS),
    st.integers(0, 9),
)
def test_no_secret_travels_over_plain_http(
    endpoint: str, http: str, token: str, binding: Binding, seed: int
) -> None:
    config = {
        "endpoint": endpoint.format(token),
        "http_endpoint": http.format(token),
        "binding": binding,
        "headers": {"Authorization": f"Bearer {token}", "X-Env": "staging", "Cookie": "session=pa55word"},
    }
    wire = Wire(subject(**config), Limits(), seed)
    plain = [p for p in planned(**config).probes if p.channel == "http"]
    assert len(plain) > 10
    for probe in plain:
        method, url, headers, body = wire.request(probe, None)
        leaving = wire.secrets.reveal(repr((method, url, headers, body)).encode())
        assert token.encode() not in leaving
        assert b"pa55word" not in leaving
        assert b"staging" in leaving, "what is no secret is sent"
        assert url.startswith("http://")


def test_a_token_of_the_same_shape_stands_in() -> None:
    wire = Wire(subject(), Limits(), 1)
    (probe,) = [p for p in planned().probes if p.id == "plain-form-xml"]
    _, url, _, _ = wire.request(probe, None)
    stand_in = urlsplit(url).path.removeprefix("/")
    assert stand_in != TOKEN
    assert len(stand_in) == len(TOKEN)
    assert [c.isdigit() for c in stand_in] == [c.isdigit() for c in TOKEN]
    again = Wire(subject(), Limits(), 1).request(probe, None)[1]
    other = Wire(subject(), Limits(), 2).request(probe, None)[1]
    assert again == url != other


def test_over_https_the_token_is_sent_and_not_shown() -> None:
    wire = Wire(subject(), Limits(), 1)
    _, url, _, _ = wire.request(planned().first, None)
    assert TOKEN not in url
    assert TOKEN in wire.secrets.reveal(url.encode()).decode()


# Bindings


@pytest.mark.parametrize(
    ("binding", "method"),
    [("query-xml", "GET"), ("query-params", "GET"), ("form-xml", "POST"), ("body-xml", "POST")],
)
def test_the_document_arrives_byte_by_byte(binding: Binding, method: str) -> None:
    wire = Wire(subject(binding=binding), Limits(), 1)
    document = b"<a>\xc3\xa9 &amp; + % = \n</a>"
    probe = replace(planned(binding=binding).first, document=document, actions=("a b&c",))
    said, url, headers, body = wire.request(probe, None)
    assert said == method
    query = dict(parse_qsl(urlsplit(url).query, strict_parsing=bool(urlsplit(url).query)))
    form = dict(parse_qsl(body.decode())) if binding == "form-xml" else {}
    arrived = {
        "query-xml": query.get("XML", "").encode(),
        "form-xml": form.get("XML", "").encode(),
        "body-xml": body,
        "query-params": query.get("action", "").encode(),
    }[binding]
    assert arrived == (b"a b&c" if binding == "query-params" else document)
    assert urlsplit(url).path == urlsplit(wire.target.endpoint).path
    kinds = {"form-xml": "application/x-www-form-urlencoded", "body-xml": "text/xml; charset=utf-8"}
    assert dict(headers).get("Content-Type") == kinds.get(binding)
    assert dict(headers)["Accept-Encoding"] == "identity"


def test_a_query_of_the_endpoint_is_kept() -> None:
    wire = Wire(subject(endpoint="https://h.example/api?key=T0KEN"), Limits(), 1)
    _, url, _, _ = wire.request(planned().first, None)
    assert urlsplit(wire.secrets.reveal(url.encode()).decode()).query.startswith("key=T0KEN&XML=%3Cclick")


def test_a_state_brings_its_own_endpoint_and_headers() -> None:
    states = {"004": StateConfig(endpoint=f"https://blocked.example/{TOKEN}", headers={"X-State": "on"})}
    judged = subject(states=states, headers={"X-State": "off", "X-Env": "staging"})
    wire = Wire(judged, Limits(), 1)
    _, url, headers, _ = wire.request(planned(states=states).first, judged.states["004"])
    assert url.startswith("https://blocked.example/")
    assert (dict(headers)["X-State"], dict(headers)["X-Env"]) == ("on", "staging")
