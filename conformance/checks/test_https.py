"""Possible errors, code 009: the API call is performed via HTTPS, and via HTTP it is refused."""

from __future__ import annotations

import time

from conformance.checks.catalogue import requirement, sends
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, NotApplicable, Open, clip
from conformance.evidence.exchange import Answer, Exchange

_EXPIRY_DAYS = 14
_DAY_S = 86_400


def _plain_answer(exchange: Exchange, judging: Judging) -> Answer | None:
    """The answer over plain HTTP; None where the port refuses connections or hangs up on every call: it is closed."""
    loss = exchange.loss
    if loss and (loss.kind == "refused" or (loss.kind == "closed" and "http" not in judging.answered)):
        if "https" not in judging.answered:
            raise Open(
                "nothing answers over HTTPS either, so a closed HTTP port says nothing of the endpoint"
            )
        return None
    return judging.answer(exchange)


def _gets_no_data(exchange: Exchange, judging: Judging) -> None:
    """Breach when the answer over plain HTTP lets the call through."""
    answer = _plain_answer(exchange, judging)
    if answer is None:
        return
    what = judging.let_through(answer)
    if what:
        raise Breach(
            f"{exchange.title} is answered with {what}", expected="error 009, and no data", observed=what
        )
    if answer.document.unreadable:
        raise Open(answer.document.unreadable)


@requirement("TLS-01")
@sends("state-009")
def test_plain_http_gets_no_data(exchange: Exchange, judging: Judging) -> None:
    """No call over plain HTTP is answered with Success or with any Value."""
    _gets_no_data(exchange, judging)


@requirement("TLS-01")
@sends("post-009")
def test_plain_http_gets_no_data_by_posting_the_url(exchange: Exchange, judging: Judging) -> None:
    """A URL that carries the request and is posted over plain HTTP is not answered with Success or with any Value."""
    _gets_no_data(exchange, judging)


@requirement("TLS-02")
@sends("state-009", "claim-009")
def test_plain_http_gets_error_009(exchange: Exchange, judging: Judging) -> None:
    """A call over plain HTTP is answered with error 009."""
    answer = _plain_answer(exchange, judging)
    if answer is None:
        raise Open("the HTTP endpoint refuses connections or hangs up, so no answer can say 009")
    if exchange.binding not in judging.served_bindings:
        raise Open("this binding is not served over HTTPS, so its answer over plain HTTP says nothing")
    if answer.document.unreadable:
        raise Open(answer.document.unreadable)
    if exchange.group == "claim-009" and judging.let_through(answer):
        raise Open("a claim of HTTPS opens plain HTTP (TLS-04)")
    said = judging.said(answer.envelope, "009")
    if said and said.text == "009":
        return
    observed = (
        f"error {clip(said.text)!r}"
        if said
        else judging.let_through(answer)
        or f"HTTP {answer.status} with {answer.media_type or 'no media type'}"
    )
    if answer.redirect:
        observed = f"a redirect (HTTP {answer.status}) to {clip(answer.redirect)}"
    raise Breach(
        f"{exchange.title} is answered with {observed}, not with error 009",
        expected="error 009",
        observed=observed,
    )


@requirement("TLS-03")
@sends("documented")
def test_https_succeeds_with_a_certificate_that_verifies(exchange: Exchange, judging: Judging) -> None:
    """The same call over HTTPS succeeds with a certificate that verifies for the host."""
    if exchange.loss and exchange.loss.kind in {"certificate", "no-tls"}:
        raise Breach(
            exchange.loss.reason,
            expected="a certificate that verifies for the host",
            observed=exchange.loss.reason,
        )
    answer = judging.answer(exchange)
    if "009" in (e.code.text for e in judging.reported(answer.envelope) if e.code):
        raise Breach(
            "the call over HTTPS is refused as if it were plain HTTP",
            expected="Success",
            observed="error 009",
        )
    if not judging.is_success(exchange):
        raise Open("the certificate verifies, but the call does not succeed (REQ-02)")


@requirement("TLS-04")
@sends("claim-009")
def test_a_claim_of_https_does_not_open_plain_http(exchange: Exchange, judging: Judging) -> None:
    """Request headers that claim HTTPS do not open plain HTTP."""
    answer = _plain_answer(exchange, judging)
    if answer is None:
        return
    what = judging.let_through(answer)
    if not what:
        if answer.document.unreadable:
            raise Open(answer.document.unreadable)
        return
    twins = [e for e in judging.evidence.of("state-009") if e.answer]
    if not twins or any(e.answer and judging.let_through(e.answer) for e in twins):
        raise Open("plain HTTP is open without any claim (TLS-01)")
    raise Breach(
        f"{exchange.title} is answered with {what}", expected="error 009, and no data", observed=what
    )


@requirement("TLS-05")
@sends("documented")
def test_tls_is_new_enough(exchange: Exchange, judging: Judging) -> None:
    """TLS 1.2 or newer is negotiated, and the certificate is not about to expire."""
    if exchange.tls is None:
        judging.answer(exchange)
        raise Open("no TLS facts were recorded")
    if exchange.tls.version not in {"TLSv1.2", "TLSv1.3"}:
        raise Breach(
            f"{exchange.tls.version} is negotiated",
            expected="TLSv1.2 or TLSv1.3",
            observed=exchange.tls.version,
        )
    if exchange.tls.expires is None:
        return
    left = (exchange.tls.expires - exchange.started) / _DAY_S
    if left < _EXPIRY_DAYS:
        day = time.strftime("%Y-%m-%d", time.gmtime(exchange.tls.expires))
        raise Breach(
            f"the certificate expires on {day}",
            expected=f"{_EXPIRY_DAYS} days or more",
            observed=f"{left:.1f} days",
        )


@requirement("TLS-05")
@sends("documented")
def test_old_tls_is_refused(judging: Judging) -> None:
    """Versions of TLS before 1.2 are refused."""
    handshakes = judging.evidence.handshakes
    agreed = [h.version for h in handshakes if h.accepted]
    if agreed:
        raise Breach(
            f"{', '.join(agreed)} is accepted", expected="TLS 1.2 or newer only", observed=", ".join(agreed)
        )
    if not handshakes or all(h.accepted is None for h in handshakes):
        raise NotApplicable(
            handshakes[0].detail if handshakes else "no handshake with an old version was tried"
        )
