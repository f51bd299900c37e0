"""Servers that take no control character in a URL: theirs is no verdict on the endpoint, as far as it was theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Evidence, Exchange, Loss
from conformance.verdicts.result import Verdict, worst
from tests.evidence_factory import CONTRACT, Change, answer, both, conforming, each, error, judged, says

P, F = Verdict.PASS, Verdict.FAIL
BREAKING = ("printed", "spelling-white-space", "plain-relaid", "stand-in-relaid")


def verdicts(evidence: Evidence) -> tuple[Verdict, Verdict, Verdict, Verdict]:
    told = judged(evidence)
    first, second, third, fourth = (
        worst(r.verdict for r in told[name]) for name in ("REQ-02", "REQ-05", "TLS-01", "TLS-02")
    )
    return first, second, third, fourth


def broken_lines(evidence: Evidence, *more: str) -> Evidence:
    """Some requests are asked by a URL with a line break."""

    def change(exchange: Exchange) -> Exchange:
        return replace(exchange, request=replace(exchange.request, url=f"{exchange.request.url}?XML=%0a"))

    for probe in (*BREAKING, *more):
        evidence = each(change, probe=probe)(evidence)
    return evidence


def page(status: int, *probes: str) -> Change:
    def change(exchange: Exchange) -> Exchange:
        return replace(exchange, answer=answer(b"<html>no</html>", exchange.started, status=status))

    return both(*(each(change, probe=probe) for probe in probes))


def hung_up(exchange: Exchange) -> Exchange:
    return replace(exchange, answer=None, tls=None, loss=Loss("closed", "the connection was closed"))


@pytest.mark.parametrize("status", [400, 403, 404, 406])
def test_a_server_that_takes_no_line_break_in_a_url_is_not_the_endpoint(status: int) -> None:
    assert verdicts(page(status, *BREAKING)(broken_lines(conforming()))) == (P, P, P, P)


def test_one_that_hangs_up_on_them_neither() -> None:
    hangs = both(*(each(hung_up, probe=probe) for probe in BREAKING))
    assert verdicts(hangs(broken_lines(conforming()))) == (P, P, P, P)


def test_it_may_be_the_server_of_plain_http_alone() -> None:
    assert verdicts(page(400, "plain-relaid")(broken_lines(conforming()))) == (P, P, P, P)


def test_a_line_break_that_got_through_once_is_the_endpoint_s_matter() -> None:
    """Malformed documents with one are refused by the endpoint itself."""
    refused = page(400, *BREAKING)(broken_lines(conforming(), "malformed-cut-short"))
    assert verdicts(refused)[:2] == (F, F)


def test_an_error_of_the_endpoint_is_none_of_the_server() -> None:
    refused = says(error("999"), probe="printed")(broken_lines(conforming()))
    assert verdicts(refused) == (F, F, P, P)


@pytest.mark.parametrize("status", [500, 501])
def test_a_failure_is_none_either(status: int) -> None:
    assert verdicts(page(status, *BREAKING)(broken_lines(conforming())))[:2] == (F, F)


def test_it_is_the_document_where_spaces_in_their_place_are_refused_too() -> None:
    refused = page(400, *BREAKING, "printed-spaces")(broken_lines(conforming()))
    assert verdicts(refused)[:2] == (F, F)


def test_one_url_without_a_line_break_is_judged() -> None:
    assert verdicts(page(400, *BREAKING, "spelling-cdata")(broken_lines(conforming())))[:2] == (P, F)


def test_an_ordinary_request_over_several_lines_is_no_spelling_of_itself() -> None:
    """A body carries it so; what one of them is answered is REQ-01's and REQ-02's matter."""
    several = CONTRACT.call.request_sample.read_bytes().strip()

    def in_a_body(exchange: Exchange) -> Exchange:
        return replace(exchange, request=replace(exchange.request, body=several))

    sent = each(in_a_body, "documented")(conforming("body-xml"))
    found = judged(says(error("007"), probe="documented-5")(sent))
    assert worst(r.verdict for r in found["REQ-02"]) is F
    assert worst(r.verdict for r in found["REQ-05"]) is P


def test_a_recording_of_an_earlier_version_has_its_ordinary_requests_for_printed_ones() -> None:
    def with_line_break(exchange: Exchange) -> Exchange:
        url = f"{exchange.request.url}?XML=%3Ca%3E%0A%3C/a%3E"
        return replace(exchange, request=replace(exchange.request, url=url))

    plain = conforming()
    kept = tuple(e for e in plain.exchanges if e.kind is not Kind.PRINTED)
    old = replace(plain, exchanges=kept)
    assert worst(r.verdict for r in judged(old)["REQ-02"]) is Verdict.INCONCLUSIVE
    assert worst(r.verdict for r in judged(each(with_line_break, "documented")(old))["REQ-02"]) is P
