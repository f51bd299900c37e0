"""Possible errors, code 009: an API call via HTTP is refused, and gets no data."""

from __future__ import annotations

from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive
from conformance.checks.plain_http import Became, seen
from conformance.contract.purpose import PLAIN_HTTP, Kind
from conformance.evidence.exchange import Exchange


def _gets_no_data(exchange: Exchange, judging: Judging) -> None:
    """Breach when the answer over plain HTTP lets the call through."""
    found = seen(exchange, judging)
    if found.gives_data:
        raise Breach(
            f"{exchange.title} is answered with {found.what}", expected="error 009, and no data", observed=found.what
        )


@requirement("TLS-01")
@uses(Kind.STATE, state=PLAIN_HTTP)
def test_plain_http_gets_no_data(exchange: Exchange, judging: Judging) -> None:
    """No call over plain HTTP is answered with Success or with any Value."""
    _gets_no_data(exchange, judging)


@requirement("TLS-01")
@uses(Kind.FORM)
def test_plain_http_gets_no_data_in_any_form(exchange: Exchange, judging: Judging) -> None:
    """Nor is one by POST, HTTP/1.0, an absolute URL, another Host or an Upgrade, or one that is spelled otherwise."""
    _gets_no_data(exchange, judging)


@requirement("TLS-01")
@uses(Kind.PORT)
def test_the_https_port_gives_no_data_to_plain_http(exchange: Exchange, judging: Judging) -> None:
    """Nor is a call over plain HTTP on the port of HTTPS."""
    _gets_no_data(exchange, judging)


@requirement("TLS-02")
@uses(Kind.STATE, state=PLAIN_HTTP)
def test_plain_http_gets_error_009(exchange: Exchange, judging: Judging) -> None:
    """A call over plain HTTP is answered with error 009."""
    found = seen(exchange, judging)
    if found.kind is Became.CLOSED:
        raise Inconclusive("the HTTP endpoint refuses connections or hangs up, so no answer can say 009")
    if not found.says_009:
        raise Breach(
            f"{exchange.title} is answered with {found.what}, not with error 009",
            expected="error 009",
            observed=found.what,
        )


@requirement("TLS-04")
@uses(Kind.CLAIM)
def test_a_claim_of_https_does_not_open_plain_http(exchange: Exchange, judging: Judging) -> None:
    """Request headers that claim HTTPS do not open plain HTTP."""
    if not seen(exchange, judging).gives_data:
        return
    unclaimed = (*judging.evidence.of(Kind.STATE, PLAIN_HTTP), *judging.evidence.of(Kind.FORM))
    if any(e.answer and judging.let_through(e.answer) for e in unclaimed):
        raise Inconclusive("plain HTTP is open without any claim (TLS-01)")
    _gets_no_data(exchange, judging)
