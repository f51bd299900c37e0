"""What an answer over plain HTTP amounts to: the table, on evidence made by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Evidence
from conformance.verdicts.result import Verdict, worst
from tests.evidence_factory import (
    SUCCESS,
    Change,
    both,
    conforming,
    error,
    header,
    judged,
    lost,
    says,
    status,
)

PLAIN = ("state-009", "claim-009", "form-009", "port-009")
JUDGED = ("TLS-01", "TLS-02", "TLS-04", "ERR-009-code")
P, F, I = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE  # noqa: E741
SOAP = b'<s:Envelope xmlns:s="urn:soap"><s:Body><s:Fault><faultcode>009</faultcode></s:Fault></s:Body></s:Envelope>'
PAGE = b"<html><title>Not found</title></html>"


def page(code: int, content: bytes, *groups: str) -> Change:
    return both(says(content, *groups), status(code, *groups), header("Content-Type", "text/html", *groups))


def moved(code: int, content: bytes, to: str, *groups: str) -> Change:
    return both(says(content, *groups), status(code, *groups), header("Location", to, *groups))


def each_page(probe: str) -> Change:
    return both(says(PAGE, probe=probe), status(404, probe=probe))


@dataclass(frozen=True)
class Row:
    """What is answered over plain HTTP, and over HTTPS to the same token; the verdicts on JUDGED."""

    name: str
    change: Change
    verdicts: tuple[Verdict, Verdict, Verdict, Verdict]


AT_HOME = "https://staging.example.com/[token]"
TABLE = (
    # Any token is taken over HTTPS
    Row("served", says(SUCCESS, *PLAIN), (F, F, I, F)),
    Row("009", says(error("009"), *PLAIN), (P, P, P, P)),
    *(Row(f"009-with-{n}", status(n, *PLAIN), (P, P, P, P)) for n in (400, 403, 426, 500)),
    Row("009-in-soap", says(SOAP, *PLAIN), (P, F, P, I)),
    Row("009-in-a-root-of-its-own", says(b"<r>009</r>", *PLAIN), (P, F, P, I)),
    Row("009-in-json", says(b'{"error": "009"}', *PLAIN), (P, F, P, I)),
    Row("009-in-a-page", page(403, b"<html><h1>Error 009</h1></html>", *PLAIN), (P, F, P, I)),
    Row("009-in-soap-now-and-then", says(SOAP, probe="plain-kept-2"), (P, F, P, P)),
    Row("redirect", moved(301, b"", AT_HOME, *PLAIN), (P, F, P, I)),
    Row("redirect-that-says-009", moved(308, error("009"), AT_HOME, *PLAIN), (P, F, P, P)),
    Row("redirect-with-the-list", moved(302, SUCCESS, AT_HOME, *PLAIN), (F, F, I, F)),
    Row("300-without-a-place-says-009", status(300, *PLAIN), (P, P, P, P)),
    Row("another-error", says(error("007"), *PLAIN), (P, F, P, F)),
    Row("a-page", page(404, PAGE, *PLAIN), (P, F, P, I)),
    Row("the-port-refuses", lost("refused", "refused", *PLAIN), (P, I, P, I)),
    Row("the-port-hangs-up", lost("closed", "closed", *PLAIN), (P, I, P, I)),
    Row("no-answer", lost("timeout", "no answer within 10 s", *PLAIN), (I, I, I, I)),
    Row("a-gateway", page(502, PAGE, *PLAIN), (I, I, I, I)),
    Row("tls-alone-on-the-https-port", lost("malformed", "not HTTP", "port-009"), (P, P, P, P)),
    Row("silence-on-the-https-port", lost("timeout", "no complete answer within 10 s (waiting for an answer)",
        "port-009"), (P, P, P, P)),
    Row("half-an-answer-on-the-https-port", lost("timeout", "no complete answer within 10 s (reading the head)",
        "port-009"), (I, P, P, P)),
    Row("claims-refused-with-400", page(400, PAGE, "claim-009"), (P, P, P, P)),
    Row("forms-refused-with-400", page(400, PAGE, "form-009"), (P, P, P, P)),
    Row("served-on-the-https-port", says(SUCCESS, "port-009"), (F, P, P, P)),
    Row("served-by-http-1.0", says(SUCCESS, probe="plain-http-1.0-query-xml"), (F, P, P, P)),
    Row("served-as-printed", says(SUCCESS, probe="plain-relaid"), (F, F, P, F)),
    # The token is refused over HTTPS
    Row("unknown-token-and-009", says(error("999"), "stand-in"), (P, P, P, P)),
    Row(
        "unknown-token-the-same-error",
        both(says(error("999"), "stand-in"), says(error("999"), *PLAIN)),
        (I, I, I, I),
    ),
    Row(
        "unknown-token-another-error",
        both(says(error("999"), "stand-in"), says(error("007"), *PLAIN)),
        (P, F, P, F),
    ),
    Row("unknown-token-the-same-page", both(page(404, PAGE, "stand-in"), page(404, PAGE, *PLAIN)), (I, I, I, I)),
    Row("unknown-token-a-page-for-an-error", both(says(error("999"), "stand-in"), page(404, PAGE, *PLAIN)),
        (P, F, P, I)),
    Row("unknown-token-the-same-login",
        both(moved(302, b"", "/login", "stand-in"), moved(302, b"", "/login", *PLAIN)), (I, I, I, I)),
    Row("unknown-token-moved-to-https",
        both(moved(302, b"", "/login", "stand-in"), moved(302, b"", AT_HOME, *PLAIN)), (P, F, P, I)),
    Row("unknown-token-served-all-the-same", both(says(error("999"), "stand-in"), says(SUCCESS, *PLAIN)),
        (F, F, I, F)),
    Row("unknown-token-not-asked-for", both(lost("timeout", "slow", "stand-in"), says(error("999"), *PLAIN)),
        (I, I, I, I)),
    Row(
        "unknown-token-but-claims-refused-with-400",
        both(says(error("999"), "stand-in"), says(error("999"), *PLAIN), each_page("plain-claim-list-query-xml")),
        (I, I, I, I),
    ),
)  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_what_an_answer_over_plain_http_amounts_to(row: Row) -> None:
    results = judged(row.change(conforming()))
    found = tuple(worst(r.verdict for r in results[name]) for name in JUDGED)
    assert found == row.verdicts, [(n, r.reason) for n in JUDGED for r in results[n] if r.reason]


def test_what_leaves_a_refused_token_open_names_the_remedy() -> None:
    change = both(says(error("999"), "stand-in"), says(error("999"), *PLAIN))
    results = judged(change(conforming()))
    for name in ("TLS-01", "TLS-02", "TLS-04", "ERR-009-code", "ERR-009-stable"):
        assert any("`http_token`" in r.reason and "error 999" in r.reason for r in results[name]), name


def without_stand_ins(evidence: Evidence) -> Evidence:
    """As of an endpoint without a secret: the control is the call itself over HTTPS."""
    own = {e.probe: e.control for e in evidence.of(Kind.STAND_IN)}
    kept = (e for e in evidence.exchanges if e.purpose.label != "stand-in")
    return replace(evidence, exchanges=tuple(replace(e, control=own.get(e.control, e.control)) for e in kept))


@pytest.mark.parametrize(
    ("key", "twin"),
    [("segment", "binding-segment"), ("form-xml", "binding-form-xml"), ("relaid", "printed")],
)
@pytest.mark.parametrize("secret", [True, False], ids=["token", "no-token"])
def test_a_form_that_is_not_served_over_https_says_nothing_over_plain_http(key: str, twin: str, secret: bool) -> None:
    change = both(each_page(f"plain-{key}"), each_page(twin), *([each_page(f"stand-in-{key}")] if secret else []))
    recorded = conforming() if secret else without_stand_ins(conforming())
    results = judged(change(recorded))
    assert {worst(r.verdict for r in results[name]) for name in JUDGED} == {P}
    served = judged(each_page(f"plain-{key}")(recorded))
    assert worst(r.verdict for r in served["TLS-02"]) is F, "where it is served it is judged"


def test_where_nothing_stands_in_for_a_token_every_error_is_judged() -> None:
    evidence = says(error("999"), *PLAIN)(without_stand_ins(conforming()))
    assert worst(r.verdict for r in judged(evidence)["TLS-02"]) is F
