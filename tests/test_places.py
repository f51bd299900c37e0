"""What is a secret, by place and by name: in URLs, headers, parameters, variables; and what is none."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from conformance.contract.load import documented
from conformance.target.places import Url, cookie_value, held_by_header, is_secret_name
from conformance.target.target import Target, target

CONTRACT = documented()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "token",
            "CONNECT_TOKEN",
            "accessToken",
            "X-Auth-Token",
            "api_key",
            "apikey",
            "X-Api-Key",
            "KEY",
            "key2",
        ),
        *(
            "client_secret",
            "PASSWORD",
            "db-passwd",
            "passwort",
            "pwd",
            "Authorization",
            "Proxy-Authorization",
            "auth",
        ),
        *(
            "oauth",
            "X-Authentication",
            "Cookie",
            "session_id",
            "PHPSESSION",
            "credentials",
            "OTHER_CREDENTIAL",
        ),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Accept",
            "ACCEPT",
            "STAGE",
            "action",
            "format",
            "X-Env",
            "Host",
            "author",
            "X-Author",
            "authority",
        ),
        *("keyword", "monkey", "User-Agent", "XML", "callback", "msisdn", "BASE_URL", "Content-Type", "to"),
    ],
)
def test_names_of_what_is_no_secret(name: str) -> None:
    assert not is_secret_name(name)


# endpoint, environment, shown
ENDPOINTS = {
    "a written token": ("https://h/T0KEN", {}, "https://h/[token]"),
    "a prefix with digits": ("https://h/connect-api-v2/T0KEN", {}, "https://h/connect-api-v2/[token]"),
    "a long prefix": ("https://h/0123456789abcdef/v1/T0KEN", {}, "https://h/0123456789abcdef/v1/[token]"),
    "the call's own name": ("https://h/get_list_callback", {}, "https://h/get_list_callback"),
    "the call's name after it": (
        "https://h/T0KEN/get_list_callback",
        {},
        "https://h/[token]/get_list_callback",
    ),
    "a prefix from the environment": (
        "https://h/${STAGE}/${CONNECT_TOKEN}",
        {"STAGE": "prod", "CONNECT_TOKEN": "T0KEN"},
        "https://h/prod/[token]",
    ),
    "a telling name before more": (
        "https://h/${CONNECT_TOKEN}/xml",
        {"CONNECT_TOKEN": "T0KEN"},
        "https://h/[token]/xml",
    ),
    "two telling names": (
        "https://h/${API_KEY}/v2/${CONNECT_TOKEN}",
        {"API_KEY": "k-1-k", "CONNECT_TOKEN": "T0KEN"},
        "https://h/[token]/v2/[token]",
    ),
    "a name that tells nothing": ("https://h/api/${WHO}", {"WHO": "T0KEN"}, "https://h/api/[token]"),
    "nobody can tell which": ("https://h/${WHO}/xml", {"WHO": "T0KEN"}, "https://h/[token]/[token]"),
    "a token over two segments": (
        "https://h/api/${A_TOKEN}",
        {"A_TOKEN": "ab/cd"},
        "https://h/api/[token]/[token]",
    ),
    "the action": (
        "https://h/T0KEN?action=get_list_callback",
        {},
        "https://h/[token]?action=get_list_callback",
    ),
    "a format": ("https://h/?format=xml&api_key=abcd", {}, "https://h/?format=xml&api_key=[redacted]"),
    "a variable in the query": ("https://h/?id=${SESSION}", {"SESSION": "s-1-s"}, "https://h/?id=[redacted]"),
    "another in the query": ("https://h/?id=${STAGE}", {"STAGE": "prod"}, "https://h/?id=prod"),
    "beyond ASCII": ("https://h/käse/tökén", {}, "https://h/k%C3%A4se/[token]"),
    "percent-encoded": ("https://h/aGVsbG8%2Bd29ybGQ%3D%3D", {}, "https://h/[token]"),
}


def made(environment: dict[str, str] | None = None, **values: Any) -> Target:
    return target("staging", values, CONTRACT, environment=environment or {})


@pytest.mark.parametrize(("endpoint", "environment", "shown"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_endpoints(endpoint: str, environment: dict[str, str], shown: str) -> None:
    subject = made(environment, endpoint=endpoint)
    assert subject.shown_endpoint == shown
    assert subject.secrets.reveal(subject.endpoint.encode()).isascii()


@pytest.mark.parametrize(
    ("endpoint", "http_endpoint", "shown"),
    [
        ("https://h/T0KEN", "http://h/T0KEN", "http://h/[token]"),
        ("https://h/api/T0KEN", "http://h/api", "http://h/api"),
        ("https://h/api/T0KEN", "http://h/api/OTHER", "http://h/api/[token]"),
        ("https://h/T0KEN/x/y", "http://h:81/v1/plain/", "http://h:81/v1/plain/"),
        ("https://h/tökén", "http://h/tökén", "http://h/[token]"),
        ("https://h/", "http://h/plain", "http://h/plain"),
    ],
)
def test_where_plain_http_is_tried(endpoint: str, http_endpoint: str, shown: str) -> None:
    subject = made(endpoint=endpoint, http_endpoint=http_endpoint)
    assert subject.secrets.shown(subject.http_endpoint) == shown


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("X-Api-Key", "abc-def", ["abc-def"]),
        ("Authorization", "Bearer abc-def", ["Bearer abc-def", "abc-def"]),
        ("Authorization", "abc-def", ["abc-def"]),
        ("Cookie", "a=one; b=two=2", ["a=one; b=two=2", "one", "two=2"]),
        ("Authorization", "Basic !!", ["Basic !!", "!!"]),
    ],
)
def test_what_a_header_holds(name: str, value: str, held: list[str]) -> None:
    assert list(held_by_header(name, value)) == held


@pytest.mark.parametrize("pad", ["", "="])
def test_basic_credentials_hold_user_and_password(pad: str) -> None:
    coded = base64.b64encode(b"partner:pass:word").decode().rstrip("=") + pad
    assert list(held_by_header("Authorization", f"Basic {coded}"))[2:] == [
        "partner:pass:word",
        "partner",
        "pass:word",
    ]


@pytest.mark.parametrize(
    ("header", "value"),
    [("a=b", "b"), ("a=b; Path=/", "b"), ("nameless; Secure", "nameless"), ("a=; Path=/", None), ("", None)],
)
def test_the_value_of_a_cookie(header: str, value: str | None) -> None:
    span = cookie_value(header)
    assert (header[slice(*span)] if span else None) == value


@pytest.mark.parametrize("text", ["", "h/a/b", "https://", "https://h", "//h/a?b#c", "https://h?x=1", "a:b#//c/d?e=f"])
def test_any_text_is_taken_apart(text: str) -> None:
    url = Url.of(text)
    assert all(0 <= start < end <= len(text) for start, end in (*url.segments, *url.parameters))


def test_a_fragment_is_in_neither_path_nor_query() -> None:
    url = Url.of("https://h/a/b?token=x&y#z/1")
    assert [url.text[slice(*span)] for span in url.segments] == ["a", "b"]
    assert [url.text[slice(*span)] for span in url.secret_parameters()] == ["x"]
