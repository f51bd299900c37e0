"""From a probe to the request that leaves: byte by byte in its binding, and the token never over plain HTTP."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.load import documented
from conformance.probes import plan as plans
from conformance.probes.plan import Plan
from conformance.sending.canary import NOWHERE
from conformance.sending.composing import Composer
from conformance.target.settings import BINDINGS, Binding
from conformance.target.target import Target, target

CONTRACT = documented()
TOKEN = "5ecre7f00dcafe5ecre7f00dcafe1234"


def subject(**values: Any) -> Target:
    config = {"endpoint": f"https://h.example/{TOKEN}", "allow_hostile_requests": True} | values
    return target("staging", config, CONTRACT, environment={})


def planned(**values: Any) -> Plan:
    return plans.plan(CONTRACT, subject(**values), plans.EVERYTHING)


def test_a_query_is_encoded_as_other_clients_do_too() -> None:
    probes = {probe.id: probe for probe in planned().probes}
    usual, other = (
        Composer(subject(endpoint=f"https://h.example/%7E/{TOKEN}?a=%2F"), 1).request(
            probes[f"documented-{n}"], NOWHERE
        )
        for n in (8, 12)
    )
    assert "%3Caction%3Eget_list_callback%3C%2Faction%3E" in usual.url
    assert "%3caction%3eget_list_callback%3c/action%3e" in other.url
    assert re.fullmatch(r"https://h\.example/%7E/.+\?a=%2F&XML=.+", other.url)
    assert unquote(other.url) == unquote(usual.url)


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
def test_no_secret_travels_over_plain_http(endpoint: str, http: str, token: str, binding: Binding, seed: int) -> None:
    config = {
        "endpoint": endpoint.format(token),
        "http_endpoint": http.format(token),
        "binding": binding,
        "headers": {"Authorization": f"Bearer {token}", "X-Env": "staging", "Cookie": "session=pa55word"},
    }
    composer = Composer(subject(**config), seed)
    plain = [p for p in planned(**config).probes if p.channel == "http"]
    assert len(plain) > 10
    for probe in plain:
        request = composer.request(probe, NOWHERE)
        leaving = composer.secrets.reveal(repr(request).encode())
        assert token.encode() not in leaving
        assert b"pa55word" not in leaving
        assert b"staging" in leaving, "what is no secret is sent"
        assert request.url.startswith("http://")


def test_a_token_of_the_same_shape_stands_in() -> None:
    composer = Composer(subject(), 1)
    (probe,) = [p for p in planned().probes if p.id == "plain-form-xml"]
    url = composer.request(probe, NOWHERE).url
    stand_in = urlsplit(url).path.removeprefix("/")
    assert stand_in != TOKEN
    assert len(stand_in) == len(TOKEN)
    assert [c.isdigit() for c in stand_in] == [c.isdigit() for c in TOKEN]
    again = Composer(subject(), 1).request(probe, NOWHERE).url
    other = Composer(subject(), 2).request(probe, NOWHERE).url
    assert again == url != other


@pytest.mark.parametrize("token", ["aGVsbG8%2Bd29ybGQ%3D%3D", "tökén", "%C3%B6%C3%A4", "1700000000", "---", "a%2fb"])
def test_a_stand_in_is_legal_in_a_request_line(token: str) -> None:
    values = {"endpoint": f"https://h.example/api/{token}/get_list_callback"}
    composer = Composer(subject(**values), 1)
    for probe in [p for p in planned(**values).probes if p.channel == "http"]:
        target_ = urlsplit(composer.secrets.reveal(composer.request(probe, NOWHERE).url.encode()).decode())
        assert target_.path.isascii()
        assert not re.search("%(?![0-9A-Fa-f]{2})", target_.path)
        assert target_.path.startswith("/api/")
        assert token not in unquote(target_.path)
        assert unquote(token) not in unquote(target_.path)
    secure = composer.secrets.reveal(composer.request(planned(**values).first, NOWHERE).url.encode())
    assert unquote(secure.decode()).startswith(f"https://h.example/api/{unquote(token)}/get_list_callback")


@pytest.mark.parametrize("http", ["", "http://h.example/", f"http://h.example/api/{TOKEN}", "http://h.example/x/api/"])
def test_a_token_for_plain_http_stands_where_the_other_would(http: str) -> None:
    values = {"endpoint": f"https://h.example/api/{TOKEN}", "http_endpoint": http, "http_token": "thr0w-away"}
    composer = Composer(subject(**values), 1)
    (probe,) = [p for p in planned(**values).probes if p.id == "plain-form-xml"]
    request = composer.request(probe, NOWHERE)
    path = urlsplit(composer.secrets.reveal(request.url.encode()).decode()).path
    assert path.endswith("/thr0w-away")
    assert TOKEN not in path
    assert urlsplit(composer.shown(request).url).path.endswith("/[token]")
    assert '/"$HTTP_TOKEN"' in composer.curl(request)


def test_a_shell_line_has_each_secret_from_a_variable_of_its_own() -> None:
    states = {"004": {"endpoint": "https://h.example/blocked/0ther-t0ken", "headers": {"X-Key": "k-2"}}}
    headers = {"X-Key": "k-1-k", "Authorization": "Bearer ${GATEWAY}", "X-Also": "${OWN_SECRET}"}
    config = {"endpoint": f"https://h.example/{TOKEN}?api_key=k-3-k", "headers": headers, "states": states}
    environment = {"GATEWAY": "gate-way", "OWN_SECRET": "0wn-secret"}
    judged = target("staging", config, CONTRACT, environment=environment)
    composer = Composer(judged, 1)
    first = planned().first
    line = composer.curl(composer.request(first, NOWHERE))
    for words in (
        """'X-Key: '"$X_KEY" """,
        """'Authorization: ''Bearer '"$GATEWAY" """,
        """'X-Also: '"$OWN_SECRET" """,
        """https://h.example/"$CONNECT_TOKEN"'?api_key='"$API_KEY"'&XML=""",
    ):
        assert words.strip() in line, line
    other = composer.curl(composer.request(replace(first, state="004"), NOWHERE))
    assert """'X-Key: '"$X_KEY_2" """.strip() in other
    assert '/blocked/"$CONNECT_TOKEN_004"' in other
    for secret in (TOKEN, "k-1-k", "gate-way", "0wn-secret", "k-3-k", "0ther-t0ken"):
        assert secret not in line + other


def test_a_shell_line_goes_through_the_proxy_of_its_call() -> None:
    """Whose URL, which may hold a password, is a variable."""
    own = "http://me:pa55word-8@other.example:3128"
    usual = {
        "proxy": "http://me:pa55word-7@proxy.example:3128",
        "states": {"004": {"proxy": own}, "007": {"headers": {"X-S": "7"}}},
    }
    composer = Composer(subject(**usual), 1)
    probe = planned().first
    requests = {code: composer.request(replace(probe, state=code), NOWHERE) for code in ("", "004", "007")}
    lines = {code: composer.curl(request, code) for code, request in requests.items()}
    assert '--proxy "$PROXY" ' in lines[""]
    assert '--proxy "$PROXY_004" ' in lines["004"]
    assert '--proxy "$PROXY" ' in lines["007"]
    assert "--proxytunnel" in composer.curl(replace(requests[""], http_version="HTTP/1.0"))
    assert "--proxytunnel" not in lines[""]
    assert "pa55word" not in str(lines)
    assert "proxy" not in Composer(subject(), 1).curl(requests[""])


def test_over_https_the_token_is_sent_and_not_shown() -> None:
    composer = Composer(subject(), 1)
    url = composer.request(planned().first, NOWHERE).url
    assert TOKEN not in url
    assert TOKEN in composer.secrets.reveal(url.encode()).decode()


# Bindings


@pytest.mark.parametrize(
    ("binding", "method"),
    [("query-xml", "GET"), ("query-params", "GET"), ("form-xml", "POST"), ("body-xml", "POST")],
)
def test_the_document_arrives_byte_by_byte(binding: Binding, method: str) -> None:
    composer = Composer(subject(binding=binding), 1)
    document = b"<a>\xc3\xa9 &amp; + % = \n</a>"
    probe = replace(planned(binding=binding).first, document=document, actions=("a b&c",))
    request = composer.request(probe, NOWHERE)
    assert request.method == method
    query = dict(parse_qsl(urlsplit(request.url).query, strict_parsing=bool(urlsplit(request.url).query)))
    form = dict(parse_qsl(request.body.decode())) if binding == "form-xml" else {}
    arrived = {
        "query-xml": query.get("XML", "").encode(),
        "form-xml": form.get("XML", "").encode(),
        "body-xml": request.body,
        "query-params": query.get("action", "").encode(),
    }[binding]
    assert arrived == (b"a b&c" if binding == "query-params" else document)
    assert urlsplit(request.url).path == urlsplit(composer.target.endpoint).path
    kinds = {"form-xml": "application/x-www-form-urlencoded", "body-xml": "text/xml; charset=utf-8"}
    assert dict(request.headers).get("Content-Type") == kinds.get(binding)
    assert dict(request.headers)["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_request_in_a_url_is_posted_over_plain_http(binding: Binding) -> None:
    (probe,) = [p for p in planned(binding=binding).probes if p.id == "plain-post"]
    request = Composer(subject(binding=binding), 1).request(probe, NOWHERE)
    assert (request.method, request.body) == ("POST", b"")
    fields = dict(parse_qsl(urlsplit(request.url).query, strict_parsing=True))
    name = "action" if binding == "query-params" else "XML"
    assert "get_list_callback" in fields[name]


def test_a_query_of_the_endpoint_is_kept() -> None:
    composer = Composer(subject(endpoint="https://h.example/api?key=T0KEN"), 1)
    url = composer.request(planned().first, NOWHERE).url
    assert urlsplit(composer.secrets.reveal(url.encode()).decode()).query.startswith("key=T0KEN&XML=%3Cclick")


def test_a_state_brings_its_own_endpoint_and_headers() -> None:
    states = {"004": {"endpoint": f"https://blocked.example/{TOKEN}", "headers": {"X-State": "on"}}}
    judged = subject(states=states, headers={"X-State": "off", "X-Env": "staging"})
    composer = Composer(judged, 1)
    request = composer.request(replace(planned(states=states).first, state="004"), NOWHERE)
    assert request.url.startswith("https://blocked.example/")
    assert (dict(request.headers)["X-State"], dict(request.headers)["X-Env"]) == ("on", "staging")


# The line that sends the same


# A shell function in curl's place, which tells what it was called with and what it read, in hexadecimal
CURL = r"""
hex() { od -An -v -tx1 | tr -d ' \n'; echo; }
curl() { for word in "$@"; do printf %s "$word" | hex; done; hex; }
"""


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize(
    "document",
    [b"<a>it's &amp; $HOME `x` %s \\ </a>", "<a>\u00ff \u20ac</a>".encode(), b"\xff\xfe<\0a\0/\0>\0"],
)
def test_the_curl_line_sends_the_same_request(binding: Binding, document: bytes) -> None:
    composer = Composer(subject(binding=binding, headers={"X-Env": "it's"}), 1)
    probe = replace(planned(binding=binding).first, document=document, actions=("it's $x",))
    request = composer.request(probe, NOWHERE)
    line = composer.curl(request)
    assert TOKEN not in line
    assert line.isascii()
    done = subprocess.run(
        ["bash", "-c", CURL + line],
        env={"CONNECT_TOKEN": TOKEN, "PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    *words, read = [bytes.fromhex(word) for word in done.stdout.splitlines()]
    assert words[-1] == composer.secrets.reveal(request.url.encode())
    assert b"X-Env: it's" in words
    if request.body:
        assert words[words.index(b"--request") + 1] == b"POST"
        data = words[words.index(b"--data-binary") + 1]
        assert (read if data == b"@-" else data) == request.body


# Header fields


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "ACCEPT", "accept-encoding"])
def test_a_configured_header_field_stands_in_place_of_ours(name: str) -> None:
    """Names differ by more than letter case, or they are one (RFC 9110 section 5.1)."""
    judged = subject(headers={name: "of-the-user"})
    composer = Composer(judged, 1)
    for probe in plans.plan(CONTRACT, judged, plans.EVERYTHING).probes:
        sent = [(n.lower(), value) for n, value in composer.request(probe, NOWHERE).headers]
        assert len({n for n, _ in sent}) == len(sent)
        assert (name.lower(), "of-the-user") in sent or probe.headers
    assert f"{name}: of-the-user" in composer.curl(
        composer.request(plans.plan(CONTRACT, judged, frozenset()).first, "")
    )


def test_a_states_header_field_stands_in_place_of_the_targets() -> None:
    states = {"004": {"headers": {"x-env": "blocked"}}}
    judged = subject(headers={"X-Env": "staging"}, states=states)
    plan = plans.plan(CONTRACT, judged, plans.EVERYTHING)
    probe = next(p for p in plan.probes if p.state == "004")
    sent = Composer(judged, 1).request(probe, NOWHERE).headers
    assert [value for name, value in sent if name.lower() == "x-env"] == ["blocked"]


def test_a_media_type_that_is_configured_does_not_double_the_forms() -> None:
    judged = subject(headers={"content-type": "text/plain"}, binding="form-xml")
    sent = Composer(judged, 1).request(plans.plan(CONTRACT, judged, frozenset()).first, NOWHERE).headers
    assert [v for n, v in sent if n.lower() == "content-type"] == ["application/x-www-form-urlencoded"]
