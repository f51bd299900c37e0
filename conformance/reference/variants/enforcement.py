"""Mutants of HTTPS enforcement: plain HTTP (TLS-01, TLS-02, TLS-04), certificates (TLS-03, TLS-05)."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.reference.answer import Answer, Outcome, build, decide
from conformance.reference.transport import Transport
from conformance.reference.variants.edits import set_text, the, with_body
from conformance.reference.variants.variant import answer, mutant, outcome, state, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree import ElementTree as ET

    from conformance.reference.app import Call
    from conformance.reference.request import Request
    from conformance.reference.variants.variant import Change

OPEN = "TLS-02 ERR-009-*"
UNSAID = "ERR-009-*"
UNTRUSTED = "REQ-01 REQ-02"


def opened(applies: Callable[[Request], bool]) -> Change:
    """Serves plain HTTP like HTTPS where something about the request says so."""

    def decide_otherwise(call: Call, honest: Outcome) -> Outcome:
        if honest.error != "009" or not applies(call.request):
            return honest
        return decide(replace(call.request, scheme="https"), call.asked, call.state)

    return outcome(decide_otherwise)


def _claims(header: str, *values: str) -> Change:
    return opened(lambda request: any(value in request.header(header).lower() for value in values))


def _spelled(header: str, value: str) -> Change:
    return opened(lambda request: request.header(header) == value)


def _over_http(edit: Callable[[Call, Answer], Answer]) -> Change:
    return answer(edit, state("009"))


def _instead(error: str) -> Change:
    """Another error than 009."""
    return outcome(lambda _, honest: honest._replace(error=error) if honest.error == "009" else honest)


def _redirected(status: int) -> Change:
    def redirect(call: Call, whole: Answer) -> Answer:
        host = call.request.header("host").partition(":")[0] or "localhost"
        there = f"https://{host}{call.request.target}"
        return with_body(replace(whole, status=status), b"", location=there, content_type=None)

    return _over_http(redirect)


def _page(status: int, text: str) -> Change:
    html = f"<html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>".encode()
    return _over_http(lambda _, whole: with_body(replace(whole, status=status), html, content_type="text/html"))


def _upgrade(_: Call, whole: Answer) -> Answer:
    return with_body(replace(whole, status=426), b"", upgrade="TLS/1.2", connection="upgrade", content_type=None)


def _with_list(call: Call, root: ET.Element) -> None:
    root.insert(-1 if len(root) else 0, the(build(Outcome(), call.now), "Values"))


def _says_success(_: Call, root: ET.Element) -> None:
    set_text(root, "Result", "Success")


def _listed(media_type: str, text: bytes) -> Change:
    return _over_http(lambda _, whole: with_body(whole, text, content_type=media_type))


CLAIMS = (
    ("x_forwarded_proto_believed", "X-Forwarded-Proto", "https"),
    ("forwarded_believed", "Forwarded", "proto=https", 'proto="https"'),
    ("front_end_https_believed", "Front-End-Https", "on"),
    ("x_forwarded_ssl_believed", "X-Forwarded-Ssl", "on"),
    ("x_url_scheme_believed", "X-Url-Scheme", "https"),
    ("x_forwarded_scheme_believed", "X-Forwarded-Scheme", "https"),
    ("x_forwarded_protocol_believed", "X-Forwarded-Protocol", "https", "ssl"),
    ("x_forwarded_port_believed", "X-Forwarded-Port", "443"),
    ("x_scheme_believed", "X-Scheme", "https"),
    ("x_original_proto_believed", "X-Original-Proto", "https"),
    ("cloudfront_believed", "CloudFront-Forwarded-Proto", "https"),
    ("x_arr_ssl_believed", "X-ARR-SSL", "cn="),
    ("cf_visitor_believed", "Cf-Visitor", '"https"'),
    ("fastly_believed", "Fastly-SSL", "1"),
    ("referer_believed", "Referer", "https://localhost/"),
    ("upgrade_insecure_believed", "Upgrade-Insecure-Requests", "1"),
    ("x_appservice_believed", "X-AppService-Proto", "https"),
    ("wl_proxy_ssl_believed", "WL-Proxy-SSL", "true"),
    ("x_appengine_https_believed", "X-AppEngine-Https", "on"),
    ("https_header_believed", "Https", "on", "1"),
    ("x_client_proto_believed", "X-Client-Proto", "https"),
    ("x_real_proto_believed", "X-Real-Proto", "https"),
    ("ssl_header_believed", "SSL", "on"),
    ("x_forwarded_for_believed", "X-Forwarded-For", "192.0.2.1"),
)
# Believed in one spelling alone.
SPELLED = (
    ("forwarded_believed_in_quotes", "Forwarded", 'proto="https"'),
    ("x_forwarded_proto_believed_in_capitals", "X-Forwarded-Proto", "HTTPS"),
    ("front_end_https_believed_as_number", "Front-End-Https", "1"),
)

NOT_009: tuple[tuple[str, str, Change], ...] = (
    ("plain_http_is_error_999", "Plain HTTP is answered with error 999.", _instead("999")),
    ("plain_http_is_error_007", "Plain HTTP is answered with error 007.", _instead("007")),
    ("plain_http_moved_permanently", "Plain HTTP is redirected with 301.", _redirected(301)),
    ("plain_http_found_elsewhere", "Plain HTTP is redirected with 302.", _redirected(302)),
    ("plain_http_redirected_with_308", "Plain HTTP is redirected with 308.", _redirected(308)),
    ("plain_http_forbidden", "Plain HTTP is answered with a page for 403.", _page(403, "403 Forbidden")),
    ("plain_http_not_found", "Plain HTTP is answered with a page for 404.", _page(404, "404 Not Found")),
    ("plain_http_default_page", "Plain HTTP is answered with a server's default page.", _page(200, "It works!")),
    ("plain_http_upgrade_required", "Plain HTTP is answered with 426.", _over_http(_upgrade)),
    (
        "plain_http_answered_empty",
        "Plain HTTP is answered with an empty body.",
        _over_http(lambda _, whole: with_body(whole, b"")),
    ),
)

OPENED: tuple[tuple[str, str, Callable[[Request], bool]], ...] = (
    ("plain_http_served", "Plain HTTP is served like HTTPS.", lambda _: True),
    ("plain_http_served_for_get", "A GET over plain HTTP is served.", lambda request: request.method == "GET"),
    ("plain_http_served_for_post", "A POST over plain HTTP is served.", lambda request: request.method == "POST"),
    (
        "plain_http_served_for_parameters",
        "Plain HTTP is served where the action is a parameter.",
        lambda request: "action=" in request.query,
    ),
)


def _posted_in_url(request: Request) -> bool:
    return request.method == "POST" and bool(request.query) and not request.body


CERTIFICATES = (
    ("certificate_for_another_host", "The certificate is another host's.", Transport(names=("sdk.example",))),
    (
        "certificate_with_common_name_alone",
        "The certificate names its host in the common name alone.",
        Transport(handmade="common name alone"),
    ),
    ("certificate_expired", "The certificate has expired.", Transport(days=(-30, -1))),
    ("certificate_of_one_node_expired", "One node of three shows an expired certificate.", Transport(expired_every=3)),
    ("certificate_not_yet_valid", "The certificate is not valid yet.", Transport(days=(1, 30))),
    ("certificate_untrusted", "The certificate is of a CA that nobody trusts.", Transport(trusted=False)),
    ("certificate_chain_incomplete", "The intermediate certificate is not sent.", Transport(intermediate="missing")),
    ("https_port_speaks_http", "The HTTPS port speaks plain HTTP.", Transport(encrypted=False)),
)

OLD = "ALL:@SECLEVEL=0"  # OpenSSL's default forbids the old versions

VARIANTS = (
    *(mutant(name, title, "TLS-01", opened(applies), also=OPEN) for name, title, applies in OPENED),
    mutant(
        "plain_http_served_for_post_in_url",
        "A POST over plain HTTP is served where the request is in the URL.",
        "TLS-01",
        opened(_posted_in_url),
    ),
    mutant(
        "plain_http_served_every_third_call",
        "Every third call over plain HTTP is served.",
        "TLS-01",
        outcome(lambda call, honest: Outcome() if honest.error == "009" and call.number % 3 == 0 else honest),
        also=f"{OPEN} TLS-04",
    ),
    mutant(
        "plain_http_leaks_the_list",
        "Error 009 carries the list.",
        "TLS-01",
        tree(_with_list, state("009")),
        also="ERR-009-data ERR-009-envelope",
    ),
    mutant(
        "plain_http_says_success",
        "Error 009 has Success for its Result.",
        "TLS-01",
        tree(_says_success, state("009")),
        also="ERR-009-data ERR-009-envelope",
    ),
    mutant(
        "plain_http_lists_as_json",
        "Plain HTTP is answered with the list as JSON.",
        "TLS-01",
        _listed("application/json", b'[{"id": 0, "type": "HTTP GET"}, {"id": 6, "type": "SOAP POST"}]'),
        also=f"{OPEN} HYG-03",
    ),
    mutant(
        "plain_http_lists_as_table",
        "Plain HTTP is answered with the list as a table of a page.",
        "TLS-01",
        _listed("text/html", b"<table><td>0</td><td>HTTP GET</td><td>6</td><td>SOAP POST</td></table>"),
        also=f"{OPEN} HYG-03",
    ),
    *(
        mutant(name, title, "TLS-02", how, also=f"{UNSAID} HYG-11 HYG-03 TIM-05 ERR-ANY")
        for name, title, how in NOT_009
    ),
    mutant(
        "plain_http_post_is_error_999",
        "A POST over plain HTTP is answered with error 999.",
        "TLS-02",
        outcome(
            lambda call, honest: (
                honest._replace(error="999") if honest.error == "009" and call.request.method == "POST" else honest
            )
        ),
        also=UNSAID,
    ),
    *(mutant(name, title, "TLS-03", transport, also=UNTRUSTED) for name, title, transport in CERTIFICATES),
    mutant(
        "https_taken_for_http",
        "HTTPS is answered with error 009, as behind a proxy that ends TLS.",
        "TLS-03",
        outcome(lambda _, honest: honest._replace(error="009") if honest.error in {None, "999"} else honest),
        also=f"{UNTRUSTED} ERR-999-*",
    ),
    *(
        mutant(name, f"{header} opens plain HTTP.", "TLS-04", _claims(header.lower(), *values), also=f"TLS-01 {OPEN}")
        for name, header, *values in CLAIMS
    ),
    *(
        mutant(
            name,
            f"{header} opens plain HTTP where it is {value}.",
            "TLS-04",
            _spelled(header.lower(), value),
            also=f"TLS-01 {OPEN}",
        )
        for name, header, value in SPELLED
    ),
    mutant(
        "tls_1_0_accepted",
        "TLS 1.0 is accepted.",
        "TLS-05",
        Transport(minimum=ssl.TLSVersion.MINIMUM_SUPPORTED, ciphers=OLD),
    ),
    mutant(
        "certificate_about_to_expire", "The certificate expires within a day.", "TLS-05", Transport(days=(-364, 0.9))
    ),
)
