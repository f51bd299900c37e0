"""Requests in the shapes in which public clients of 2012 and 2013 send them, from a registration to the shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET

import pytest

from conformance.reference.captchas import code_of
from tests.reference.conftest import Client

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Fields = dict[str, str]


def document(root: str, fields: Fields) -> str:
    made = ET.Element(root)
    for name, text in fields.items():
        ET.SubElement(made, name).text = text
    return ET.tostring(made, encoding="unicode", short_empty_elements=False)


def php_of_2012(fields: Fields) -> bytes:
    """curl with a string for CURLOPT_POSTFIELDS: nothing is percent-encoded; Action is last."""
    action = fields.pop("action")
    return f'XML=<?xml version="1.0"?>\n{document("clickatellsdk", fields | {"Action": action})}\n'.encode()


def php_of_2013(fields: Fields) -> bytes:
    """urlencode, and Action last."""
    action = fields.pop("action")
    sent = f'<?xml version="1.0"?>\n{document("clickatellsdk", fields | {"Action": action})}\n'
    return f"XML={quote_plus(sent)}".encode()


def java_of_2012(fields: Fields) -> bytes:
    """UrlEncodedFormEntity; a captcha that nobody asked for is empty; white space before the end tag."""
    if fields["action"] == "authenticate_user":
        fields = {"captcha_id": "", "captcha_code": ""} | fields
    root = "CLICKATELLSDK" if fields["action"] == "forgot_password" else "clickatellsdk"
    return f"XML={quote_plus(document(root, fields).replace(f'</{root}>', f' </{root}>'))}".encode()


# What this client still says in calls that have no such parameter, as it keeps what it said before.
KEPT: dict[Callable[[Fields], bytes], Fields] = {
    php_of_2012: {},
    php_of_2013: {"fname": "Some", "country_id": "305", "captcha_id": "used", "captcha_code": "up"},
    java_of_2012: {"connection_id": "2"},
}


@pytest.mark.parametrize("shape", KEPT, ids=lambda shape: shape.__name__)
def test_a_session_from_a_registration_to_the_shop(serve: Callable[..., Client], shape: Any) -> None:
    client = serve()

    def call(action: str, **fields: str) -> ET.Element:
        answer = client.call(method="POST", body=shape({"action": action, **fields}), headers=FORM)
        assert answer.status == 200
        assert b">\n<" not in answer.body.split(b"?>\n", 1)[1], "white space is a part of the values to one of them"
        assert answer.text("Action") == action
        return answer.root

    def captcha() -> Fields:
        captcha_id, _ = client.running.service.captchas.make(2**40)
        return {"captcha_id": captcha_id, "captcha_code": code_of(captcha_id)}

    login = {"user": "some.body+1@example.com", "password": "abc123"}
    more = {
        "fname": "A & B",
        "sname": "<C>",
        "email_address": login["user"],
        "country_id": "305",
        "mobile_number": "263000054321",
        "accept_terms": "1",
        "force_create": "1",
    }
    assert call("register", **login, **more, **captcha()).findtext("Result") == "Success"
    kept = KEPT[shape] | login
    assert call("authenticate_user", **kept).findtext("Error") == "103"
    assert call("resend_email_activation", **kept).findtext("Result") == "Success"
    assert client.call(path=f"/activate/{login['user']}").status == 200
    number = call("authenticate_user", **kept).findtext("Values/Value/Usernumber")
    assert call("sms_activation_status", **kept).findtext("Error") == "104"
    assert call("send_activation_sms", **kept).findtext("Result") == "Success"
    assert call("validate_activation_sms", sms_activation_code="54321", **kept).findtext("Result") == "Success"
    assert call("sms_activation_status", **kept).findtext("Values/Value/UserNumber") == number
    made = call("create_connection", **kept | {"connection_id": "2", "callback_url": "http://example.com/?a=1&b=2"})
    assert (made.findtext("Values/Value/api_id") or "").isdigit()
    assert "auth_id=" in (call("buy_credits_url", **kept).findtext("Values/Value/buy_url") or "")
    wrong = kept | {"password": "wrong1"}
    for expected in ("404", "404"):
        assert call("buy_credits_url", **wrong).findtext("Error") == expected
    empty = {"captcha_id": "", "captcha_code": ""} if shape is java_of_2012 else {}
    locked = call("authenticate_user", **login | empty).findtext("Error")
    assert locked == ("400" if empty else "004"), "an empty captcha is one that is missing"
    assert call("authenticate_user", **login | captcha()).findtext("Result") == "Success"
    asked = {"user": login["user"], "email_address": login["user"]}
    assert call("forgot_password", **asked, **captcha()).findtext("Result") == "Success"
    assert call("authenticate_user", **login | {"password": f"New{number}"}).findtext("Result") == "Success"


def test_a_document_in_the_path_of_a_java_client(serve: Callable[..., Client]) -> None:
    client = serve()
    login = "<user>conformance</user><password>{}</password>"
    document = f"<clickatellsdk><action>authenticate_user</action>{login}</clickatellsdk>"
    for password, token, expected in (
        ("Secret123", client.running.token, b"<Usernumber>"),
        ("Secret124", client.running.token, b"<Error>404</Error>"),
        ("Secret123", "0" * 32, b"<Error>005</Error>"),
    ):
        target = f"/{token}&XML={document.format(password)}".encode()
        answer = client.raw(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert expected in answer


@pytest.mark.parametrize(
    ("fields", "root", "taken"),
    [
        ({}, "clickatellsdk", True),
        ({}, "CLICKATELLSDK", True),
        ({}, "ClICKATELLSDK", False),
        ({"email_address": "kept@example.com"}, "clickatellsdk", True),
        ({"surprise": "1"}, "clickatellsdk", False),
    ],
    ids=str,
)
def test_what_no_client_sends_is_refused(client: Client, fields: Any, root: Any, taken: Any) -> None:
    said = {"action": "authenticate_user", "user": "conformance", "password": "Secret123", **fields}
    body = f"XML={quote_plus(document(root, said))}".encode()
    assert client.call(method="POST", body=body, headers=FORM).text("Error") == (None if taken else "999")


def test_the_pages_call_takes_nothing_but_what_the_page_prints(client: Client) -> None:
    login = {"user": "conformance", "password": "Secret123"}
    for root, fields in (("CLICKATELLSDK", {}), ("clickatellsdk", login)):
        body = f"XML={quote_plus(document(root, {'action': 'get_list_callback', **fields}))}".encode()
        assert client.call(method="POST", body=body, headers=FORM).text("Error") == "999"
