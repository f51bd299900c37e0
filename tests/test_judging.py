"""What an exchange amounts to, before any check looks at it: readings, controls, damaged pairs, internals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.checks.disclosure import versions
from conformance.checks.judging import Judging
from conformance.checks.outcome import Inconclusive, NotApplicable, clip
from conformance.contract.purpose import Kind
from conformance.evidence.envelope import Fields
from conformance.evidence.exchange import Answer, Evidence
from conformance.verdicts.result import Verdict
from tests.evidence_factory import (
    CONTRACT,
    SUCCESS,
    Change,
    body,
    both,
    conforming,
    error,
    judged,
    named,
    says,
    swap,
    verdicts,
)


def judging(change: Change = lambda evidence: evidence, *accept: str) -> Judging:
    return Judging(replace(change(conforming()), accept=accept), CONTRACT)


def page(text: str, *headers: tuple[str, str]) -> Answer:
    return Answer(200, "OK", "HTTP/1.1", headers, text.encode())


# Controls


def without_success_of(*probes: str) -> Evidence:
    evidence = conforming()
    for probe in probes:
        evidence = says(error("999"), probe=probe)(evidence)
    return evidence


@pytest.mark.parametrize("side", [0, 1])
def test_a_control_succeeds_right_before_and_right_after(side: int) -> None:
    (asked,) = [e for e in conforming().exchanges if e.probe == "action-unknown"]
    numbers = {e.number: e.probe for e in conforming().of(Kind.DOCUMENTED)}
    around = [
        numbers[max(n for n in numbers if n < asked.number)],
        numbers[min(n for n in numbers if n > asked.number)],
    ]
    with pytest.raises(Inconclusive, match="before and after"):
        Judging(without_success_of(around[side]), CONTRACT).control(asked)
    others = [probe for probe in numbers.values() if probe not in around]
    Judging(without_success_of(*others), CONTRACT).control(asked)


@pytest.mark.parametrize(("started", "shows"), [(1.0, True), (-1.0, False)])
def test_what_was_asked_later_and_answered_sooner_is_a_control(started: float, shows: bool) -> None:
    evidence = conforming()
    first, *_, last = evidence.of(Kind.DOCUMENTED)
    (asked,) = [e for e in evidence.exchanges if e.probe == "action-unknown"]
    slow = replace(asked, number=last.number + 1, started=last.started - started)
    subject = Judging(replace(evidence, exchanges=(first, last, slow)), CONTRACT)
    if shows:
        subject.control(slow)
    else:
        with pytest.raises(Inconclusive):
            subject.control(slow)


def test_a_request_is_no_control_of_its_own() -> None:
    evidence = conforming()
    first, *_, last = evidence.of(Kind.DOCUMENTED)
    asked = replace(last, number=first.number)
    subject = Judging(replace(evidence, exchanges=(first, last)), CONTRACT)
    with pytest.raises(Inconclusive):
        subject.control(asked)
    with pytest.raises(Inconclusive):
        subject.control(last)


def test_one_answer_is_not_both_controls() -> None:
    """Of a request that took long: what was asked later and answered sooner came not before it as well."""
    evidence = conforming()
    first, *_, last = evidence.of(Kind.DOCUMENTED)
    (asked,) = [e for e in evidence.exchanges if e.probe == "action-unknown"]
    slow = replace(asked, number=last.number + 1, started=last.started - 1)
    with pytest.raises(Inconclusive):
        Judging(replace(evidence, exchanges=(last, slow)), CONTRACT).control(slow)
    Judging(replace(evidence, exchanges=(first, last, slow)), CONTRACT).control(slow)


def test_a_binding_is_served_if_a_call_in_it_succeeded_or_it_is_the_target_s() -> None:
    assert judging().served_bindings == {"query-xml", "form-xml", "body-xml", "query-params"}
    assert judging(says(error("999"), "bindings")).served_bindings == {"query-xml"}
    assert judging(says(error("999"), probe="binding-form-xml")).served_bindings == {
        "query-xml",
        "body-xml",
        "query-params",
    }


def test_the_control_of_a_document_is_its_own() -> None:
    control = next(e for e in conforming().of(Kind.BINDINGS) if e.binding == "body-xml")
    others = [replace(control, probe=f"binding-{name}", number=900) for name in ("a", "z")]
    evidence = says(error("999"), "bindings")(conforming())
    evidence = replace(evidence, exchanges=(*evidence.exchanges, *others))
    (asked,) = [e for e in evidence.exchanges if e.probe == "malformed-surrogate"]
    assert asked.control == "binding-body-xml"
    with pytest.raises(NotApplicable, match="body-xml is not served"):
        Judging(evidence, CONTRACT).control_of_binding(asked)
    Judging(conforming(), CONTRACT).control_of_binding(asked)


# Damaged pairs


def pairs_of(key: str | None, value: str | None) -> tuple[Fields, ...]:
    """What is read of one pair; None where the element is missing."""
    parts = [
        f"<{name}>{text}</{name}>"
        for name, text in (("callback_type_id", key), ("callback_type", value))
        if text is not None
    ]
    start, rest = SUCCESS.split(b"<Values>")
    list_of_one = b"<Values><Value>" + "".join(parts).encode() + b"</Value></Values>"
    subject = judging(says(start + list_of_one + rest.split(b"</Values>")[1]))
    return subject.items(subject.evidence.exchanges[0])


@pytest.mark.parametrize(
    ("key", "value", "may_be"),
    [
        ("0", "HTTP GET", False),  # not damaged
        ("0", None, True),
        (None, "HTTP GET", True),
        ("00", "HTTP GET", True),
        (" 0", "HTTP GET", True),
        ("+0", "HTTP GET", True),
        ("٠", "HTTP GET", True),
        ("", "HTTP GET", True),
        ("<b>0</b>", "HTTP GET", True),
        ("0", "HTTP  GET", True),
        ("0", " HTTP GET", True),
        ("0", "HTTP GET ", True),
        ("0", "", True),
        ("0", "HTTP <b>GET</b>", True),
        ("00", " HTTP GET", True),
        ("1", " HTTP GET", False),
        ("10", " HTTP GET", False),
        ("1", "HTTP GET", False),
        ("1", None, False),
        ("00", "XML GET", False),
        ("00", " XML GET", False),
        ("0", " XML GET", False),
        ("0", "HTTPGET", False),
        (None, "XML GET", False),
    ],
)
def test_a_damaged_pair_may_have_been_the_documented_one(key: str | None, value: str | None, may_be: bool) -> None:
    (found,) = pairs_of(key, value)
    assert judging().may_be(found, {"callback_type_id": "0", "callback_type": "HTTP GET"}) is may_be


def test_a_pair_of_a_smaller_id_is_not_the_documented_one_damaged() -> None:
    (found,) = pairs_of("5", " SOAP POST")
    assert not judging().may_be(found, {"callback_type_id": "6", "callback_type": "SOAP POST"})


def test_a_type_is_the_documented_one_in_an_accepted_spelling_alone() -> None:
    strict, lenient = judging(), judging(lambda e: e, "I-01", "I-09")
    assert strict.same_text("HTTP GET", "HTTP GET")
    assert not strict.same_text("HTTP Get", "HTTP GET")
    assert lenient.same_text("HTTP GET", "HTTP GET")
    assert not lenient.used, "the page's own spelling leans on nothing"
    assert lenient.same_text("HTTP Get", "HTTP GET")
    assert lenient.used == {"I-09"}
    assert not lenient.same_text("HTTP get", "HTTP GET")
    assert not lenient.same_text("Http Get", "HTTP GET")
    assert not lenient.same_text("TARGet", "TARGET"), "whole words only"


def test_a_list_is_compared_whatever_the_order_of_its_pairs() -> None:
    turned = body(
        lambda data: data.replace(b"_id>2<", b"_id>x<").replace(b"_id>3<", b"_id>2<").replace(b"_id>x<", b"_id>3<")
        .replace(b"XML POST", b"x").replace(b"XML GET", b"XML POST").replace(b">x<", b">XML GET<"),
        "bindings",
    )  # fmt: skip
    again = judging(turned)
    (other,) = [e for e in again.evidence.exchanges if e.probe == "binding-form-xml"]
    assert again.contents(other) == judging().contents(conforming().exchanges[0])
    assert again.contents(other)[0] == ("0", "HTTP GET")


def test_a_list_is_compared_whatever_the_order_of_the_types_of_one_id() -> None:
    first, second = (
        judging(both(swap("XML GET", one), swap("XML POST", other), swap(">3<", ">2<")))
        for one, other in (("A GET", "B GET"), ("B GET", "A GET"))
    )
    texts = [subject.contents(subject.evidence.exchanges[0]) for subject in (first, second)]
    assert texts[0] == texts[1]
    assert texts[0][2:4] == (("2", "A GET"), ("2", "B GET"))


def test_pairs_without_an_id_or_a_type_are_compared_too() -> None:
    without = both(swap("<callback_type_id>3</callback_type_id>", ""), swap("<callback_type>HTTP POST<", "<x>y<"),
                   swap("y</callback_type>", "y</x>"))  # fmt: skip
    subject = judging(without)
    texts = subject.contents(subject.evidence.exchanges[0])
    assert texts[0][0] is None
    assert [key for key, value in texts if value is None] == ["1"]


# Errors under other names


@pytest.mark.parametrize(("code", "text"), [("Code", "Desc"), ("Code", "Text"), ("Fault", "Reason")])
def test_errors_are_read_under_the_names_that_the_target_configures(code: str, text: str) -> None:
    states = [f"state-{code}" for code in CONTRACT.errors]
    renamed = body(
        lambda data: data.replace(b"Error>", f"{code}>".encode()).replace(b"Description>", f"{text}>".encode()),
        *states, "claim-009", "action", "malformed", "schema", "hostile",
    )(conforming())  # fmt: skip
    assert f"<{code}>004</{code}>".encode() in (renamed.of(Kind.STATE, "004")[0].answer or page("")).body
    assert set(verdicts(replace(renamed, error_elements=(code, text))).values()) == {Verdict.PASS}
    unconfigured = named(verdicts(renamed), Verdict.FAIL)
    assert unconfigured == {f"ERR-{known}-envelope" for known in CONTRACT.errors}


def test_an_accepted_message_is_that_of_its_own_code() -> None:
    accepting = judging(lambda e: e, "I-04")
    alternatives = {code: accepting.messages(code)[1:] for code in CONTRACT.errors}
    assert alternatives == {**dict.fromkeys(CONTRACT.errors, ()), "008": ("Connect API disabled",)}


# Internals


def test_internals_are_found_at_both_ends_of_a_long_answer() -> None:
    trace, end = "Traceback (most recent call last)", 1 << 16
    assert judging().internals(page(trace)) == trace
    assert judging().internals(page(trace + "x" * 4 * end)) == trace
    assert judging().internals(page("x" * (end - len(trace)) + trace + "x" * 2 * end)) == trace
    assert judging().internals(page("x" * 2 * end + trace + "x" * (end - len(trace)))) == trace
    assert judging().internals(page("x" * (end - len(trace) + 1) + trace + "x" * 2 * end)) == ""
    assert judging().internals(page("x" * 2 * end + trace + "x" * (end - len(trace) + 1))) == ""
    assert judging().internals(page("x" * end)) == ""
    unreadable = page(f'<?xml version="1.0" encoding="UTF-7"?><a>{trace}</a>')
    assert (unreadable.document.text, judging().internals(unreadable)) == ("", trace)


def test_no_more_of_them_is_shown_than_a_sentence_has_room_for() -> None:
    query = "SELECT " + "a, " * 60 + "b FROM t"
    assert judging().internals(page(query)) == query[:80] == clip(query)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("Server", "nginx", ""),
        ("Server", "nginx/1.18.0", "Server: nginx/1.18.0"),
        ("x-powered-by", "PHP/5", "X-Powered-By: PHP/5"),
        ("X-Request-Id", "17", ""),
        ("Server", "x" * 90 + "1", "Server: " + "x" * 80),
    ],
)
def test_software_is_named_by_its_version(name: str, text: str, told: str) -> None:
    assert versions(page("", (name, text))) == told


# What an answer is


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html/>", "the answer is no envelope (REQ-01)"),
        (b"hello", "the answer is no envelope (REQ-01)"),
        (SUCCESS.replace(b"</ClICKATELLSDK>", b""), "the body is not well-formed XML (ENV-01)"),
        (error("999"), "the answer is not the success envelope (REQ-02)"),
        (SUCCESS.replace(b"callback_type", b"country").replace(b"list_callback", b"list_country"),
         "the answer is not the success envelope (REQ-02)"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
         "refers to an entity that a document type declares; the suite expands none"),
    ],
)  # fmt: skip
def test_what_is_no_success_says_whose_matter_it_is(content: bytes, reason: str) -> None:
    subject = judging(says(content, "documented"))
    first = subject.evidence.exchanges[0]
    with pytest.raises(Inconclusive) as said:
        subject.success(first)
    assert str(said.value) == reason
    assert not subject.can_be_compared(first)


def test_no_answer_is_open_with_the_reason_of_the_loss() -> None:
    subject = judging()
    nothing = replace(conforming().exchanges[0], answer=None)
    with pytest.raises(Inconclusive, match=r"^no answer was recorded$"):
        subject.answer(nothing)
    assert not subject.is_success(nothing)
    assert not subject.can_be_compared(nothing)


def test_nested_too_deep_is_one_accusation_of_what_is_documented() -> None:
    deep = swap("<Timestamp>", "<a>" * 300 + "</a>" * 300 + "<Timestamp>")
    results = judged(deep(conforming()))
    failed = {name for name, told in results.items() for r in told if r.verdict is Verdict.FAIL}
    assert failed == {"ENV-02", "ENV-08"}


def test_an_accepted_root_is_used_only_where_it_stands() -> None:
    capitals = body(lambda data: data.replace(b"ClICKATELLSDK", b"CLICKATELLSDK"), probe="documented-2")
    subject = judging(capitals, "I-01", "I-09")
    first, second = (
        next(e for e in subject.evidence.exchanges if e.probe == probe) for probe in ("documented-1", "documented-2")
    )
    assert subject.deviations(first) == ()
    assert not subject.used
    assert subject.deviations(second) == ()
    assert subject.used == {"I-01"}
    subject.begin()
    assert not subject.used
    assert subject.deviations(second) == (), "kept from before, and leaning on it all the same"
    assert subject.used == {"I-01"}
