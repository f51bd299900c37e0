"""The calls of the guide that only read: the reference endpoint and recordings judged, and one call more."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import unquote_to_bytes

import anyio
import pytest

from conformance.contract.load import documented, folder, load
from conformance.contract.model import Contract
from conformance.contract.purpose import Kind, Purpose
from conformance.contract.stated import stated
from conformance.evidence.exchange import Evidence, Exchange
from conformance.evidence.from_har import from_har
from conformance.evidence.pictures import decoded, flaw
from conformance.evidence.to_har import to_har
from conformance.probes import plan as plans
from conformance.reference.starting import application
from conformance.selftest.answers import InProcess
from conformance.sending.flows import filled
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.target.target import Target, target
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, Report

CALLS = (
    "get_list_callback",
    "get_list_account",
    "get_list_connection",
    "get_list_country",
    "get_list_country_prefix",
    "get_list_terms",
    "get_captcha",
)
RECORDED = ("get_list_account", "get_list_connection", "get_list_country_prefix", "get_list_terms")
SEVENTEENTH = Path(__file__).parent / "seventeenth"


def subject(contract: Contract, **settings: object) -> Target:
    states = {code: {"headers": {"X-Reference-State": code}} for code in ("004", "007", "008", "999")}
    usual = {
        "endpoint": "https://localhost/0123456789abcdef0123456789abcdef",
        "http_endpoint": "http://localhost/",
        "calls": ["*"],
        "states": states,
        "allow_hostile_requests": True,
    }
    return target("guide", usual | settings, contract, environment={})


def recorded(contract: Contract, judged: Target, schemas: Path | None = None) -> Evidence:
    app = application(schemas=schemas, token=judged.token, unknown_action="430")
    plan = plans.plan(contract, judged, plans.EVERYTHING)
    began = time.time()
    wire = Wire(judged, Limits(), seed=1, dialer=InProcess(app, judged))
    return evidence_of(judged, anyio.run(wire.session, plan), seed=1, started=began)


@cache
def evidence() -> Evidence:
    return recorded(documented(), subject(documented()))


def report(seen: Evidence, *accept: str, contract: Contract | None = None) -> Report:
    return judge_evidence(replace(seen, accept=accept), contract or documented(), Terms())


def failed(seen: Evidence, *accept: str) -> set[str]:
    rows = report(seen, *accept).requirements
    return {row.address for row in rows if row.verdict is Verdict.FAIL}


def not_passed(of: Report) -> dict[str, tuple[Verdict, str]]:
    usual = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    rows = of.requirements
    return {row.address: (row.verdict, row.reason) for row in rows if row.verdict not in usual}


def with_bodies(call: str, change: Callable[[Exchange, bytes], bytes], seen: Evidence | None = None) -> Evidence:
    """The evidence with other bodies of the answers about a call."""
    seen = seen or evidence()
    made = [
        replace(e, answer=replace(e.answer, body=change(e, e.answer.body)))
        if e.answer and e.purpose.call == call
        else e
        for e in seen.exchanges
    ]
    return replace(seen, exchanges=tuple(made))


# The reference endpoint


def test_the_calls_that_only_read_are_asked_for_in_an_order_of_their_own() -> None:
    """The first is asked most: never one that leaves something behind."""
    assert subject(documented()).calls == CALLS


def test_every_requirement_of_every_call_passes() -> None:
    found = report(evidence())
    assert not not_passed(found)
    assert found.verdict is Claim.CONFORMING
    assert {row.call for row in found.requirements} == {"", *CALLS}


@pytest.mark.parametrize("binding", ["query-params", "form-xml", "body-xml"])
def test_so_it_does_over_every_binding(binding: str) -> None:
    assert not not_passed(report(recorded(documented(), subject(documented(), binding=binding))))


def test_a_further_call_is_asked_little() -> None:
    """About thirty requests, beside those in the four states that are provisioned."""
    asked = {name: sum(e.purpose.call == name for e in own()) for name in CALLS}
    assert asked.pop("get_list_callback") > 170
    assert 30 < asked.pop("get_list_terms") <= 36, "it has three parameters"
    assert all(10 < count <= 30 for count in asked.values())


def own() -> list[Exchange]:
    """The exchanges in no state but that of plain HTTP."""
    return [e for e in evidence().exchanges if e.state in {"", "009"}]


def test_what_is_read_alike_is_judged_with_the_first_call() -> None:
    """Of a further call the document is not broken in every way of XML, nor laid out in every way."""
    kinds = {name: {e.kind for e in evidence().exchanges if e.purpose.call == name} for name in CALLS}
    alike = {Kind.PRINTED, Kind.MALFORMED, Kind.MALFORMED_MARKUP, Kind.MALFORMED_REFERENCES}
    assert kinds.pop("get_list_callback") >= alike
    assert not alike & set().union(*kinds.values())
    found = {row.address: row for row in report(evidence()).requirements}
    assert len(found["REQ-04"].checks) == 7
    assert len(found["REQ-04@get_list_country"].checks) == 2


@pytest.mark.parametrize("call", ["get_list_country", "get_list_country_prefix", "get_captcha"])
def test_an_action_of_no_call_is_none_of_any_call(call: str) -> None:
    """What names no call is asked once, and held against each call; prefixes have the ids of countries, too."""
    given = next(e.answer for e in evidence().exchanges if e.probe == f"documented-1@{call}")
    made = [replace(e, answer=given) if e.probe == "action-none" else e for e in evidence().exchanges]
    accused = failed(replace(evidence(), exchanges=tuple(made)))
    assert f"REQ-03@{call}" in accused
    assert not {f"REQ-03@{name}" for name in CALLS} - {f"REQ-03@{call}"} & accused


def test_a_call_that_reads_its_values_as_text_is_told() -> None:
    """Values are said in sections and references, too; of a call without parameters there is no such request."""
    probes = {e.probe for e in evidence().exchanges}
    assert "spelling-parameters@get_list_terms" in probes
    assert "spelling-parameters@get_list_country" not in probes
    sent = next(e for e in evidence().exchanges if e.probe == "spelling-parameters@get_list_terms")
    assert b"<country_id><!-- --><![CDATA[1]]></country_id >" in _asked(sent).replace(b"+", b" ")


def test_get_captcha_alone_is_asked_no_more_than_beside_others() -> None:
    plan = plans.plan(documented(), subject(documented(), calls=["get_captcha"]), plans.EVERYTHING)
    assert sum(p.channel == "https" for p in plan.probes) < 60
    assert {Kind.CLAIM, Kind.FORM, Kind.PORT} <= {p.kind for p in plan.probes}, "TLS-01, TLS-04"
    assert "leaves something behind" in plan.gaps[Kind.HOSTILE]


def test_statements_speak_of_their_call() -> None:
    echo = documented().requirements["ENV-05"]
    assert stated(echo, "get_list_callback", documented()) == echo.statement
    assert stated(echo, "get_list_country", documented()) == "Action echoes get_list_country."
    items = documented().requirements["ENV-07"]
    assert "exactly country_id, then name." in stated(items, "get_list_country", documented())
    assert "callback" not in stated(items, "get_list_terms", documented())


# Values that flow


def test_a_listed_value_and_an_unlisted_one_are_sent() -> None:
    sent = [e for e in evidence().exchanges if e.kind is Kind.VALUE]
    assert [b"<country_id>305<" in _asked(e) or b"306" in _asked(e) or b"341" in _asked(e) for e in sent] == [
        True,
        True,
    ]


def test_the_listed_value_is_another_than_the_usual_one() -> None:
    """Where the request says the last one anyway, it is the one before."""
    judged = subject(documented(), calls=["get_list_terms", "get_list_country"])
    probes = plans.plan(documented(), judged, plans.EVERYTHING).middle
    probe = next(p for p in probes if "listed" in p.id and "unlisted" not in p.id)
    made = filled(replace(probe, other_than="305"), evidence().exchanges, judged.secrets)
    assert not isinstance(made, str)
    assert b"<country_id>305<" not in made.document
    assert dict(made.parameters)["country_id"] in {"1", "2", "3", "4", "340"}


def test_each_listed_value_is_sent_once() -> None:
    """A default is written out; one of a group stands beside another of it, as it decides nothing there."""
    said = {e.probe: _asked(e) for e in evidence().exchanges if e.purpose.call == "get_list_terms"}
    assert b"<terms_format>2<" in said["allowed-terms_format-2@get_list_terms"]
    assert "allowed-terms_format-1@get_list_terms" not in said
    beside = said["default-country_id-beside@get_list_terms"]
    assert b"<country_id>0</country_id><client_ip_address>" in beside


def _asked(exchange: Exchange) -> bytes:
    return unquote_to_bytes(exchange.request.url) + exchange.request.body


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        (["get_list_terms"], "which this run does not call"),
        (["get_list_terms", "get_list_country"], "lists any"),
    ],
)
def test_where_the_source_failed_its_dependants_stay_open(calls: list[str], reason: str) -> None:
    judged = subject(documented(), calls=calls)
    probe = next(p for p in plans.plan(documented(), judged, plans.EVERYTHING).middle if p.origin)
    failing = [replace(e, answer=None) for e in evidence().exchanges if e.purpose.call in calls]
    told = filled(probe, failing, judged.secrets)
    assert isinstance(told, str)
    assert reason in told
    gap = {Purpose(Kind.VALUE).label: told}
    without = replace(
        evidence(), exchanges=tuple(e for e in evidence().exchanges if e.kind is not Kind.VALUE), gaps=gap
    )
    assert not_passed(report(without)) == {"PRM-08@get_list_terms": (Verdict.INCONCLUSIVE, told)}


def test_ids_of_prefixes_stay_open_where_no_country_is_listed() -> None:
    none = with_bodies("get_list_country", lambda _, body: body.replace(b"country_id", b"county_id"))
    row = next(r for r in report(none).requirements if r.address == "PFX-06@get_list_country_prefix")
    assert (row.verdict, row.reason) == (
        Verdict.INCONCLUSIVE,
        "no answer to get_list_country, which lists them, lists any",
    )


# Errors of the guide


def test_a_wrong_token_that_nobody_serves_is_open() -> None:
    def not_found(exchange: Exchange) -> Exchange:
        if exchange.kind is not Kind.WRONG_TOKEN or exchange.answer is None:
            return exchange
        return replace(exchange, answer=replace(exchange.answer, status=404, body=b"<html>Not Found</html>"))

    seen = replace(evidence(), exchanges=tuple(map(not_found, evidence().exchanges)))
    rows = [r for r in report(seen).requirements if r.id == "ERR-005"]
    assert {row.verdict for row in rows} == {Verdict.INCONCLUSIVE}
    assert rows[0].reason.startswith("HTTP 404 without an envelope")


# Interpretations


@pytest.mark.parametrize("call", RECORDED)
def test_the_recording_of_2013_is_judged_as_the_register_says(call: str) -> None:
    sample = (folder("schemas") / f"calls/{call}/samples/recording-2013.xml").read_bytes()

    def as_recorded(exchange: Exchange, body: bytes) -> bytes:
        said = b"%d" % exchange.finished
        begin, end = sample.index(b"<Timestamp>") + 11, sample.index(b"</Timestamp>")
        return sample[:begin] + said + sample[end:] if b"<Result>Success" in body else body

    cut_short = {f"PFX-04@{call}"} if call == "get_list_country_prefix" else set()
    seen = with_bodies(call, as_recorded)
    assert failed(seen) == {f"ENV-02@{call}", f"ENV-03@{call}", *cut_short}
    assert failed(seen, "I-01") == cut_short


def test_the_code_of_the_guide_is_accepted_by_name_alone() -> None:
    guide = with_bodies(
        "get_list_country",
        lambda _, body: body.replace(b">004<", b">002<").replace(
            b"Source IP address blocked", b"Source IP Address Blocked"
        ),
    )
    of = "@get_list_country"
    assert failed(guide) == {f"ERR-004-code{of}", f"ERR-004-message{of}"} | (failed(guide) & {f"ERR-004-stable{of}"})
    assert failed(guide, "I-13") == set()
    row = next(r for r in report(guide, "I-13").requirements if r.address == f"ERR-004-code{of}")
    assert row.interpretations == ("I-13",)


def test_the_code_of_the_guide_is_not_accepted_for_the_call_of_the_page() -> None:
    page = with_bodies("get_list_callback", lambda _, body: body.replace(b">004<", b">002<"))
    assert "ERR-004-code" in failed(page, "I-13")


def test_ids_of_captchas_of_another_form_are_accepted_by_name_alone() -> None:
    other = with_bodies("get_captcha", lambda _, body: body.replace(b"<captcha_id>", b"<captcha_id>id-"))
    assert failed(other) == {"CAP-01@get_captcha", "ENV-02@get_captcha"}
    assert failed(other, "I-20") == set()


def test_an_error_as_it_was_recorded_is_accepted_by_name_alone() -> None:
    def as_recorded(exchange: Exchange, body: bytes) -> bytes:
        if b"<Result>Error" not in body or exchange.request.url.startswith("http:"):
            return body
        begin, end = body.index(b"<Action>"), body.index(b"</Action>") + 9
        lacking = body[:begin] + body[end:]
        return lacking.replace(b"<Timestamp>", b"<Value><Email>person@example.com</Email></Value><Timestamp>")

    seen = with_bodies("get_list_account", as_recorded)
    codes = ("004", "007", "008", "999")
    assert {f"ERR-{code}-envelope@get_list_account" for code in codes} == failed(seen)
    assert failed(seen, "I-23") == set()


def test_what_is_printed_inconsistently_fails_no_run() -> None:
    plus = with_bodies("get_list_country_prefix", lambda _, body: body.replace(b"<prefix>3", b"<prefix>+3"))
    found = report(plus)
    levels = {row.id: row.level for row in found.requirements if row.verdict is Verdict.FAIL}
    assert levels == {"PFX-05": "should"}
    assert found.exit_code == 0


# What answers say and no report may show


def test_captchas_are_in_nothing_that_is_written() -> None:
    own = [e for e in evidence().exchanges if e.purpose.call == "get_captcha" and e.answer]
    ids = {leaf.text for e in own if e.answer and (leaf := e.answer.envelope.leaf("captcha_id"))}
    images = {leaf.text for e in own if e.answer and (leaf := e.answer.envelope.leaf("captcha_image"))}
    assert len(ids) > 5
    har = to_har(evidence(), creator_version="1")
    assert b"captcha_id" in har
    assert not [text for text in ids | images if text.encode() in har]
    again = report(from_har(har))
    assert [(r.address, r.verdict) for r in again.requirements] == [
        (r.address, r.verdict) for r in report(evidence()).requirements
    ]


def test_a_sentence_names_what_it_would_quote() -> None:
    upper = with_bodies("get_captcha", lambda _, body: _with_upper_ids(body))
    row = next(r for r in report(upper).requirements if r.address == "CAP-01@get_captcha")
    assert row.verdict is Verdict.FAIL
    said = " ".join(text for check in row.checks for text in (check.reason, check.observed))
    assert "[captcha_id]" in said
    har = from_har(to_har(upper, creator_version="1"))
    assert "CAP-01@get_captcha" in {r.address for r in report(har).requirements if r.verdict is Verdict.FAIL}


def _with_upper_ids(body: bytes) -> bytes:
    begin, end = body.find(b"<captcha_id>"), body.find(b"</captcha_id>")
    return body[:begin] + body[begin:end].upper().replace(b"<CAPTCHA_ID>", b"<captcha_id>") + body[end:]


def test_a_picture_is_whole_or_says_why_not() -> None:
    body = next(e.answer.body for e in evidence().exchanges if e.purpose.call == "get_captcha" and e.answer)
    text = body.partition(b"<captcha_image>")[2].partition(b"<")[0].decode()
    image = decoded(text)
    assert image is not None
    assert flaw(image) == ""
    assert "cut off" in flaw(image[:-20])
    assert "no end" in flaw(image[:-12])
    assert "behind its end" in flaw(image + b"x")
    assert "checksum" in flaw(image[:60] + bytes([image[60] ^ 1]) + image[61:])
    assert "begin" in flaw(b"GIF89a")
    assert decoded("<b>") is None


# One call more


@cache
def seventeen() -> Path:
    """A contract with a call that nobody has published: what schemas/README.md says was done, and nothing else."""
    place = Path(mkdtemp(prefix="seventeenth-"))
    shutil.copytree(folder("schemas"), place, dirs_exist_ok=True)
    shutil.copytree(SEVENTEENTH / "calls", place / "calls", dirs_exist_ok=True)
    with (place / "requirements.toml").open("a", encoding="utf-8") as file:
        file.write((SEVENTEENTH / "requirements.toml").read_text(encoding="utf-8"))
    return place


def test_a_seventeenth_call_is_data_alone() -> None:
    assert {path.suffix for path in SEVENTEENTH.rglob("*") if path.is_file()} == {".toml", ".xsd", ".xml"}
    contract = load(seventeen())
    judged = subject(contract, calls=["get_list_language", "get_list_country"])
    seen = recorded(contract, judged, seventeen())
    found = report(seen, contract=contract)
    assert not not_passed(found)
    own = {row.id for row in found.requirements if row.call == "get_list_language"}
    assert {"LNG-01", "LNG-02", "PRM-01", "PRM-02", "PRM-07", "PRM-08", "REQ-08", "REQ-09", "ERR-430"} <= own
    wrong = with_bodies("get_list_language", lambda _, body: body.replace(b">1</country_id>", b">9</country_id>"), seen)
    accused = {r.address for r in report(wrong, contract=contract).requirements if r.verdict is Verdict.FAIL}
    assert accused == {"LNG-02@get_list_language"}
