"""The answer: the envelope of the page, the error envelope, the states and the HTTP around them."""

from __future__ import annotations

import email.utils
import http.client
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from conformance.reference import Behaviour, Running, application
from tests.reference.conftest import Client, Reply

QUERY = "?XML=" + quote("<clickatellsdk><action>get_list_callback</action></clickatellsdk>")
MESSAGES = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}
LOOPBACK = (
    "X-Forwarded-Proto: https",
    "Forwarded: proto=https;for=127.0.0.1",
    "Front-End-Https: on",
    "X-Forwarded-Ssl: on",
)


def test_the_envelope_is_the_pages(client: Client) -> None:
    before = int(time.time())
    reply = client.call(QUERY)
    assert before <= int(reply.text("Timestamp") or 0) <= time.time()
    expected = [
        '<?xml version="1.0"?>',
        "<ClICKATELLSDK>",
        "  <Action>get_list_callback</Action>",
        "  <Result>Success</Result>",
        "  <Values>",
        "    <Value>",
        "      <callback_type_id>0</callback_type_id>",
        "      <callback_type>HTTP GET</callback_type>",
        "    </Value>",
    ]
    assert reply.body.decode().splitlines()[: len(expected)] == expected
    assert [child.tag for child in reply.root] == ["Action", "Result", "Values", "Timestamp"]
    pairs = [
        (value.findtext("callback_type_id"), value.findtext("callback_type")) for value in reply.root.iter("Value")
    ]
    assert pairs == [
        ("0", "HTTP GET"),
        ("1", "HTTP POST"),
        ("2", "XML POST"),
        ("3", "XML GET"),
        ("5", "SOAP GET"),
        ("6", "SOAP POST"),
    ]


def test_the_http_around_it(client: Client) -> None:
    reply = client.call(QUERY)
    date = email.utils.parsedate_to_datetime(reply.headers.pop("date"))
    assert int(date.timestamp()) == int(reply.text("Timestamp") or 0)
    assert reply.headers == {
        "content-type": "text/xml; charset=utf-8",
        "content-length": str(len(reply.body)),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-reference-endpoint": "connect-conformance",
        "strict-transport-security": "max-age=31536000",
    }


def error_of(reply: Reply) -> str:
    assert [child.tag for child in reply.root] == ["Action", "Result", "Error", "Description", "Timestamp"]
    assert (reply.status, reply.text("Result"), reply.text("Action")) == (200, "Error", "get_list_callback")
    assert abs(int(reply.text("Timestamp") or "") - time.time()) < 5
    code = reply.text("Error") or ""
    assert reply.text("Description") == MESSAGES[code]
    return code


@pytest.mark.parametrize("state", ["004", "007", "008", "999"])
def test_states_by_header_and_by_path(client: Client, state: str) -> None:
    assert error_of(client.call(QUERY, headers={"X-Reference-State": state})) == state
    assert error_of(client.call(QUERY, path=f"/state-{state}/{client.running.token}")) == state
    assert error_of(client.call(QUERY, path=f"/state-{state}/{client.running.token}/get_list_callback")) == state
    assert client.call(QUERY).success


@pytest.mark.parametrize("state", ["", "4", "000", "0040", "nonsense"])
def test_other_states_are_no_states(client: Client, state: str) -> None:
    assert client.call(QUERY, headers={"X-Reference-State": state}).success
    assert client.call(QUERY, path=f"/state-{state or '5'}/{client.running.token}").success


@pytest.mark.parametrize("state", MESSAGES)
def test_states_by_control(serve: Callable[..., Client], state: str) -> None:
    client = serve(state=state)
    assert error_of(client.call(QUERY)) == state
    assert error_of(client.call(QUERY)) == state
    client.running.set_state(None)
    assert client.call(QUERY).success
    client.running.set_state(state)
    assert error_of(client.call(QUERY)) == state


def test_a_state_that_is_none_is_refused(running: Running) -> None:
    with pytest.raises(ValueError, match="no such state: '010'"):
        running.set_state("010")


@pytest.mark.parametrize("claim", LOOPBACK)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_plain_http_is_009_whatever_a_header_claims(client: Client, claim: str, method: str) -> None:
    name, _, value = claim.partition(": ")
    reply = client.call(QUERY, method=method, secure=False, headers={name: value}, path="/abc")
    assert error_of(reply) == "009"
    assert "strict-transport-security" not in reply.headers


@pytest.mark.parametrize(
    ("state", "secure", "action", "expected"),
    [
        ("004", False, "get_list_callback", "004"),
        ("008", False, "get_list_callback", "009"),
        ("999", False, "nonsense", "009"),
        ("008", True, "nonsense", "008"),
        ("007", True, "nonsense", "007"),
        ("999", True, "get_list_callback", "999"),
    ],
)
def test_order_of_checks(client: Client, state: str, secure: bool, action: str | None, expected: Any) -> None:
    reply = client.call(f"?action={action}", secure=secure, headers={"X-Reference-State": state})
    assert reply.text("Error") == expected


def test_two_states_at_once(serve: Callable[..., Client]) -> None:
    client = serve(state="007")
    assert error_of(client.call(QUERY, headers={"X-Reference-State": "008"})) == "008"


def test_a_connection_is_kept(client: Client) -> None:
    connection = client.connect()
    for _ in range(3):
        connection.request("GET", f"/{client.running.token}{QUERY}")
        assert connection.getresponse().read().startswith(b"<?xml")
        assert connection.sock is not None
    connection.close()


def test_any_token_is_good(client: Client) -> None:
    assert client.call(QUERY, path="/").success
    assert client.call(QUERY, path="/a%20b/c").success


def test_the_bare_application_serves_in_process() -> None:
    httpx = pytest.importorskip("httpx")
    anyio = pytest.importorskip("anyio")
    app = application(state="007")
    app.behaviour.state = None
    assert Behaviour().state is None

    async def get(url: str) -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return str((await client.get(url)).text)

    assert "<Result>Success</Result>" in anyio.run(get, "https://reference.test/abc" + QUERY)
    assert "<Error>009</Error>" in anyio.run(get, "http://reference.test/abc" + QUERY)
    app.behaviour.state = "008"
    assert "<Error>008</Error>" in anyio.run(get, "https://reference.test/abc" + QUERY)


def test_bad_http_is_no_server_error(client: Client) -> None:
    assert client.raw(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_connections_are_reusable_after_an_error(client: Client) -> None:
    connection = client.connect(secure=False)
    for _ in range(2):
        connection.request("GET", f"/abc{QUERY}")
        assert b"<Error>009</Error>" in connection.getresponse().read()
    connection.close()
    assert isinstance(connection, http.client.HTTPConnection)
