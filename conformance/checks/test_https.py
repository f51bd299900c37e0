"""Possible errors, code 009: the API call is performed via HTTPS."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, NotApplicable
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Exchange

_EXPIRY_DAYS = 14
_DAY_S = 86_400


@requirement("TLS-03")
@uses(Kind.DOCUMENTED)
def test_https_succeeds_with_a_certificate_that_verifies(exchange: Exchange, judging: Judging) -> None:
    """The same call over HTTPS succeeds with a certificate that verifies for the host."""
    if exchange.loss and exchange.loss.kind in {"certificate", "no-tls"}:
        raise Breach(
            exchange.loss.reason, expected="a certificate that verifies for the host", observed=exchange.loss.reason
        )
    answer = judging.answer(exchange)
    if "009" in (e.code.text for e in judging.reported(answer.envelope) if e.code):
        raise Breach(
            "the call over HTTPS is refused as if it were plain HTTP", expected="Success", observed="error 009"
        )
    if not judging.is_success(exchange):
        raise Inconclusive("the certificate verifies, but the call does not succeed (REQ-02)")
    if exchange.tls is None:
        raise Inconclusive(
            "the certificate may be the proxy's, which may open TLS;"
            " judge once from where no proxy is needed (`explain limits` says why)"
        )


@requirement("TLS-03")
@uses(Kind.DOCUMENTED)
def test_every_certificate_of_the_run_verifies(judging: Judging) -> None:
    """No connection to the endpoint shows a certificate that does not verify, whatever is asked over it."""
    urls = [urlsplit(e.request.url) for e in judging.evidence.of(Kind.DOCUMENTED)]
    there = {(url.scheme, url.netloc) for url in urls if url.scheme == "https"}  # a state may have another endpoint
    asked = [e for e in judging.evidence.exchanges if urlsplit(e.request.url)[:2] in there]
    if not any(e.tls for e in asked):
        raise Inconclusive("no certificate was seen that verifies and is surely the endpoint's")
    for exchange in asked:
        if exchange.loss and exchange.loss.kind == "certificate" and exchange.kind is not Kind.DOCUMENTED:
            raise Breach(
                f"over one connection {exchange.loss.reason}; over others one does",
                expected="a certificate that verifies for the host, over every connection",
                observed=exchange.loss.reason,
                exchanges=(exchange,),
            )


@requirement("TLS-05")
@uses(Kind.DOCUMENTED)
def test_tls_is_new_enough(exchange: Exchange, judging: Judging) -> None:
    """TLS 1.2 or newer is negotiated, and the certificate is not about to expire."""
    if exchange.tls is None:
        judging.answer(exchange)
        raise Inconclusive("no TLS facts were recorded")
    if exchange.tls.version not in {"TLSv1.2", "TLSv1.3"}:
        raise Breach(
            f"{exchange.tls.version} is negotiated", expected="TLSv1.2 or TLSv1.3", observed=exchange.tls.version
        )
    if exchange.tls.expires is None:
        return
    left = (exchange.tls.expires - exchange.started) / _DAY_S
    if left < _EXPIRY_DAYS:
        day = time.strftime("%Y-%m-%d", time.gmtime(exchange.tls.expires))
        raise Breach(
            f"the certificate expires on {day}", expected=f"{_EXPIRY_DAYS} days or more", observed=f"{left:.1f} days"
        )


@requirement("TLS-05")
@uses(Kind.DOCUMENTED)
def test_old_tls_is_refused(judging: Judging) -> None:
    """Versions of TLS before 1.2 are refused."""
    handshakes = judging.evidence.handshakes
    agreed = [h.version for h in handshakes if h.accepted]
    if agreed:
        raise Breach(f"{', '.join(agreed)} is accepted", expected="TLS 1.2 or newer only", observed=", ".join(agreed))
    if not handshakes or all(h.accepted is None for h in handshakes):
        raise NotApplicable(handshakes[0].detail if handshakes else "no handshake with an old version was tried")
