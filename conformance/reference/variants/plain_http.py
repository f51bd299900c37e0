"""Plain HTTP: mutants that open it in one form or say 009 in other words; correct ones that refuse it otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.reference.answer import ACTION, Outcome
from conformance.reference.request import Asked
from conformance.reference.transport import Transport
from conformance.reference.variants.edits import headed, with_body
from conformance.reference.variants.enforcement import OPEN, UNSAID, opened
from conformance.reference.variants.variant import answer, correct, mutant, outcome, reading, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.request import Request
    from conformance.reference.variants.variant import Change

PAGE = b"<html><title>Refused</title><h1>Refused</h1></html>"
REMARKS = "HYG-03 HYG-04"


def _document(request: Request) -> str:
    return request.query + request.body.decode("latin-1")


def _is_compact(request: Request) -> bool:
    text = _document(request)
    return "clickatellsdk><action" in text or "clickatellsdk%3E%3Caction" in text


def _takes_gzip(request: Request) -> bool:
    return "gzip" in request.header("accept-encoding")


def _second_of_its_connection(call: Call) -> bool:
    place = f"calls of {call.request.client}"
    call.memory[place] = call.memory.get(place, 0) + 1
    return bool(call.memory[place] == 2)


def _at_the_second_call(call: Call, honest: Outcome) -> Outcome:
    second = _second_of_its_connection(call)
    return Outcome() if honest.error == "009" and second and call.asked.action == ACTION else honest


FORMS: tuple[tuple[str, str, Callable[[Request], bool], str, bool], ...] = (
    (
        "plain_http_served_with_a_segment",
        "Plain HTTP is served where the path ends with the call's name.",
        lambda request: request.path.endswith(f"/{ACTION}"),
        OPEN,
        False,
    ),
    ("plain_http_served_when_compact", "Compact documents are served over plain HTTP.", _is_compact, OPEN, False),
    (
        "plain_http_served_for_compact_posts",
        "Compact documents that are posted are served over plain HTTP.",
        lambda request: request.method == "POST" and _is_compact(request),
        "",
        False,
    ),
    (
        "plain_http_served_for_cdata",
        "Documents with a CDATA section are served over plain HTTP.",
        lambda request: "CDATA" in _document(request),
        "",
        False,
    ),
    (
        "plain_http_served_for_an_upgrade",
        "Plain HTTP is served to who asks for an Upgrade to TLS.",
        lambda request: request.header("upgrade").startswith("TLS/"),
        "",
        False,
    ),
    (
        "plain_http_served_by_http_1_0",
        "HTTP/1.0 is served without TLS.",
        lambda request: request.http_version == "1.0",
        "",
        True,
    ),
    (
        "plain_http_served_for_posts_by_http_1_0",
        "A POST by HTTP/1.0 is served without TLS.",
        lambda request: request.http_version == "1.0" and request.method == "POST",
        "",
        True,
    ),
    (
        "plain_http_served_for_one_answer",
        "Plain HTTP is served to who announces to close the connection.",
        lambda request: request.header("connection").lower() == "close",
        "",
        True,
    ),
    ("plain_http_served_for_gzip", "Plain HTTP is served with gzip.", _takes_gzip, "", False),
    (
        "plain_http_served_for_an_absolute_url",
        "Plain HTTP is served for an absolute URL.",
        lambda request: request.path.startswith("http"),
        "",
        True,
    ),
    (
        "plain_http_served_for_an_absolute_https_url",
        "Plain HTTP is served for an absolute https URL.",
        lambda request: request.path.startswith("https:"),
        "",
        True,
    ),
    (
        "plain_http_served_for_a_host_without_port",
        "Plain HTTP is served for a Host without a port.",
        lambda request: ":" not in request.header("host"),
        "",
        True,
    ),
)


def _has(header: str, test: Callable[[str], bool]) -> Callable[[Request], bool]:
    return lambda request: bool(request.header(header)) and test(request.header(header).lower())


def _every(header: str) -> Callable[[Request], bool]:
    def test(value: str) -> bool:
        parts = [part.strip() for part in value.split(",")]
        return len(parts) > 1 and set(parts) == {"https"}

    return _has(header, test)


CLAIMS: tuple[tuple[str, str, Callable[[Request], bool]], ...] = (
    ("claims_believed_in_lists", "A list of https alone opens plain HTTP.", _every("x-forwarded-proto")),
    (
        "first_claim_believed",
        "The first of several protocols opens plain HTTP.",
        _has("x-forwarded-proto", lambda value: value.startswith("https,")),
    ),
    (
        "last_claim_believed",
        "The last of several protocols opens plain HTTP.",
        _has("x-forwarded-proto", lambda value: value.replace(" ", "").endswith(",https")),
    ),
    (
        "last_forwarded_believed",
        "The last element of Forwarded opens plain HTTP.",
        _has("forwarded", lambda value: "," in value and value.rpartition(",")[2].strip().endswith("proto=https")),
    ),
    ("web_socket_believed", "X-Forwarded-Proto: wss opens plain HTTP.", _has("x-forwarded-proto", "wss".__eq__)),
    ("ssl_believed", "X-Forwarded-Proto: ssl opens plain HTTP.", _has("x-forwarded-proto", "ssl".__eq__)),
    (
        "protocol_ssl_believed",
        "X-Forwarded-Protocol: ssl opens plain HTTP.",
        _has("x-forwarded-protocol", "ssl".__eq__),
    ),
    ("proxied_https_believed", "X-Proxied-Https opens plain HTTP.", _has("x-proxied-https", "on".__eq__)),
    ("websphere_believed", "A header of WebSphere opens plain HTTP.", _has("$wssc", "https".__eq__)),
    *(
        (
            f"claims_believed_by_{name}",
            f"X-Forwarded-Proto opens plain HTTP where {how}.",
            lambda request, test=test: request.header("x-forwarded-proto") == "https" and test(request),
        )
        for name, how, test in (
            ("form", "the request is a form", lambda request: request.body.startswith(b"XML=")),
            ("body", "the request is a body", lambda request: request.body.startswith(b"<")),
            ("parameter", "the action is a parameter", lambda request: "action=" in request.query),
        )
    ),
)


def _says(media_type: str, text: bytes, status: int = 200) -> Change:
    return answer(
        lambda _, whole: with_body(replace(whole, status=status), text, content_type=media_type), state("009")
    )


def _with_status(status: int) -> Change:
    return answer(lambda _, whole: replace(whole, status=status), state("009"))


SOAP = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    b"<faultcode>009</faultcode><faultstring>HTTP protocol not allowed, require HTTPS</faultstring>"
    b"</soap:Fault></soap:Body></soap:Envelope>"
)


def _every_second_as_soap(call: Call, whole: Answer) -> Answer:
    call.memory["refused"] = call.memory.get("refused", 0) + 1
    return with_body(whole, SOAP) if call.memory["refused"] % 2 == 0 else whole


def _moved_with_body(call: Call, whole: Answer) -> Answer:
    return headed(replace(whole, status=301), location=f"https://localhost{call.request.target}")


WORDS: tuple[tuple[str, str, Change], ...] = (
    ("plain_http_says_009_in_soap", "Error 009 is a SOAP fault.", _says("text/xml", SOAP)),
    ("plain_http_says_009_in_a_root", "Error 009 is the text of the root.", _says("text/xml", b"<r>009</r>")),
    ("plain_http_says_009_in_json", "Error 009 is JSON.", _says("application/json", b'{"Error": "009"}')),
    ("plain_http_says_009_in_a_page", "Error 009 is a page.", _says("text/html", b"<html><h1>Error 009</h1></html>")),
    (
        "plain_http_says_009_in_soap_every_second_time",
        "Every second error 009 is a SOAP fault.",
        answer(_every_second_as_soap, state("009")),
    ),
    ("plain_http_moved_with_009", "A redirect to HTTPS says error 009.", answer(_moved_with_body, state("009"))),
    (
        "plain_http_is_error_999_when_compact",
        "Compact documents over plain HTTP are answered with error 999.",
        outcome(
            lambda call, honest: (
                honest._replace(error="999")
                if honest.error == "009" and call.request.method == "GET" and _is_compact(call.request)
                else honest
            )
        ),
    ),
)


# Correct ones


def _claims_refused(call: Call, whole: Answer) -> Answer:
    if call.request.scheme == "https" or not call.request.header("x-forwarded-proto"):
        return whole
    return with_body(replace(whole, status=400), PAGE, content_type="text/html")


def _bare_path_only(call: Call, asked: Asked) -> Asked:
    return Asked(asked.binding) if call.request.path.count("/") > 1 else asked


def _segment_is_a_page(call: Call, whole: Answer) -> Answer:
    if not call.request.path.endswith(f"/{ACTION}"):
        return whole
    return with_body(replace(whole, status=404), PAGE, content_type="text/html")


VARIANTS = (
    *(
        mutant(name, title, "TLS-01", opened(applies), also=also, wire=wire)
        for name, title, applies, also, wire in FORMS
    ),
    mutant(
        "plain_http_served_at_the_second_call",
        "The second call of each connection is served over plain HTTP.",
        "TLS-01",
        outcome(_at_the_second_call),
        also=f"{OPEN} TLS-04",
    ),
    replace(
        mutant(
            "plain_http_served_on_the_https_port",
            "The HTTPS port serves plain HTTP too.",
            "TLS-01",
            opened(lambda _: True),
        ),
        transport=Transport(plain_http=False, either=True),
        wire=True,
    ),
    *(mutant(name, title, "TLS-04", opened(applies)) for name, title, applies in CLAIMS),
    *(mutant(name, title, "TLS-02", how, also=f"{UNSAID} ERR-ANY") for name, title, how in WORDS),
    correct(
        "claims_refused_with_400",
        "A claim of HTTPS over plain HTTP is answered with a page for 400.",
        answer(_claims_refused, lambda _: True),
        also=REMARKS,
    ),
    correct(
        "only_the_bare_path_served", "A path with the call's name is answered with error 999.", reading(_bare_path_only)
    ),
    correct(
        "segment_not_found",
        "A path with the call's name is answered with a page for 404, over HTTPS and without.",
        answer(_segment_is_a_page, lambda _: True),
        also=REMARKS,
    ),
    correct("https_port_says_009", "The HTTPS port answers plain HTTP with error 009.", Transport(either=True)),
    *(
        correct(
            f"plain_http_with_{status}",
            f"Error 009 over plain HTTP has status {status}.",
            _with_status(status),
            also="HYG-02" if status == 500 else "",
        )
        for status in (403, 500)
    ),
)
