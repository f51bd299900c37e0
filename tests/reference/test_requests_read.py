"""The request: every binding, what means the same to an XML processor, and what is refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.reference.conftest import Client

DOCUMENT = "<clickatellsdk><action>get_list_callback</action></clickatellsdk>"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BOUNDARY = "----8dbb9e2a"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
PARTS = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="XML"\r\n\r\n{DOCUMENT}\r\n--{BOUNDARY}--\r\n').encode()

SAME = {
    "documented": "<clickatellsdk>\n  <action>get_list_callback</action>\n</clickatellsdk>",
    "declaration": f'<?xml version="1.0"?>\n{DOCUMENT}',
    "declared_utf8": f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{DOCUMENT}',
    "declared_latin1": f'<?xml version="1.0" encoding="ISO-8859-1"?>{DOCUMENT}',
    "declared_ascii": f'<?xml version="1.0" encoding="US-ASCII"?>{DOCUMENT}',
    "crlf": "<clickatellsdk>\r\n\t<action>get_list_callback</action>\r\n</clickatellsdk>\r\n",
    "comments": "<!--a--><clickatellsdk><!--b--><action>get_<!---->list_callback</action></clickatellsdk>",
    "instructions": "<?a b?><clickatellsdk><?a?><action>get_list<?a?>_callback</action></clickatellsdk><?a?>",
    "cdata": "<clickatellsdk><action>get_<![CDATA[list]]>_callback</action></clickatellsdk>",
    "references": "<clickatellsdk><action>&#103;et&#x5F;list_callback</action></clickatellsdk>",
    "tag_spaces": "<clickatellsdk ><action\n>get_list_callback</action ></clickatellsdk\t>",
    "capital_action": DOCUMENT.replace("action>", "Action>"),
    "unused_prefix": DOCUMENT.replace("<clickatellsdk>", '<clickatellsdk xmlns:a="urn:a">'),
}

DIFFERENT = {
    "empty": "",
    "text": "get_list_callback",
    "not_closed": "<clickatellsdk><action>get_list_callback</action>",
    "not_nested": "<clickatellsdk><action>get_list_callback</clickatellsdk></action>",
    "two_roots": DOCUMENT + DOCUMENT,
    "undeclared_entity": "<clickatellsdk><action>&get;</action></clickatellsdk>",
    "unbound_prefix": "<a:clickatellsdk><action>get_list_callback</action></a:clickatellsdk>",
    "unknown_encoding": f'<?xml version="1.0" encoding="none-such"?>{DOCUMENT}',
    "wrong_encoding": f'<?xml version="1.0" encoding="UTF-16"?>{DOCUMENT}',
    "other_action": DOCUMENT.replace("get_list_callback", "get_list_colour"),
    "letter_case": DOCUMENT.replace("get_list", "Get_List"),
    "white_space": DOCUMENT.replace(">get_list_callback<", "> get_list_callback <"),
    "no_action": "<clickatellsdk/>",
    "empty_action": "<clickatellsdk><action/></clickatellsdk>",
    "two_actions": DOCUMENT.replace("</clickatellsdk>", "<action>get_list_callback</action></clickatellsdk>"),
    "two_spellings": DOCUMENT.replace("</clickatellsdk>", "<Action>get_list_callback</Action></clickatellsdk>"),
    "nested_action": DOCUMENT.replace("get_list_callback", "<action>get_list_callback</action>"),
    "wrapped_action": "<clickatellsdk><a><action>get_list_callback</action></a></clickatellsdk>",
    "unknown_child": DOCUMENT.replace("</clickatellsdk>", "<user>me</user></clickatellsdk>"),
    "upper_action": DOCUMENT.replace("action>", "ACTION>"),
    "upper_root": DOCUMENT.replace("clickatellsdk", "CLICKATELLSDK"),
    "answer_root": DOCUMENT.replace("clickatellsdk", "ClICKATELLSDK"),
    "other_root": DOCUMENT.replace("clickatellsdk", "sdk"),
    "namespace": DOCUMENT.replace("<clickatellsdk>", '<clickatellsdk xmlns="urn:a">'),
    "root_attribute": DOCUMENT.replace("<clickatellsdk>", '<clickatellsdk a="b">'),
    "action_attribute": DOCUMENT.replace("<action>", '<action a="b">'),
    "text_before": DOCUMENT.replace("<action>", "a<action>"),
    "text_after": DOCUMENT.replace("</action>", "</action>a"),
    "wide_space": DOCUMENT.replace("</action>", "</action>\u00a0"),
    "doctype": f"<!DOCTYPE clickatellsdk>{DOCUMENT}",
    "external_subset": f'<!DOCTYPE clickatellsdk SYSTEM "http://localhost:1/x.dtd">{DOCUMENT}',
    "internal_entity": '<!DOCTYPE clickatellsdk [<!ENTITY e "get_list_callback">]>'
    "<clickatellsdk><action>&e;</action></clickatellsdk>",
    "external_entity": '<!DOCTYPE clickatellsdk [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    "<clickatellsdk><action>&e;</action></clickatellsdk>",
    "expansion": '<!DOCTYPE clickatellsdk [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<clickatellsdk><action>&b;</action></clickatellsdk>",
    "nul": DOCUMENT.replace("get", "get\x00"),
    "depth": "<clickatellsdk>" * 2000,
}

BINDINGS = ("query-xml", "form-xml", "multipart", "body-xml")


def send(client: Client, binding: str, document: str, segment: str = "") -> Any:
    content = document if isinstance(document, bytes) else document.encode()
    path = f"/{client.running.token}{segment}"
    if binding == "query-xml":
        return client.call(f"?XML={quote(content)}", path=path)
    if binding == "form-xml":
        return client.call(path=path, method="POST", body=urlencode({"XML": content}).encode(), headers=FORM)
    if binding == "multipart":
        body = PARTS.replace(DOCUMENT.encode(), content)
        return client.call(path=path, method="POST", body=body, headers=MULTIPART)
    return client.call(path=path, method="POST", body=content, headers={"Content-Type": "text/xml"})


@pytest.mark.parametrize("segment", ["", "/get_list_callback"])
@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_gets_the_list(client: Client, binding: str, name: str, segment: str) -> None:
    assert send(client, binding, SAME[name], segment).success


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("name", DIFFERENT)
def test_anything_else_is_error_999(client: Client, binding: str, name: str) -> None:
    reply = send(client, binding, DIFFERENT[name])
    assert (reply.status, reply.text("Error")) == (200, "999")
    assert not reply.success
    assert reply.text("Action") == ("get_list_colour" if name == "other_action" else "get_list_callback")


@pytest.mark.parametrize("segment", ["", "/get_list_callback", "/get_list_callback/", "/a/b"])
@pytest.mark.parametrize("query", ["?action=get_list_callback", "?Action=get%5flist_callback"])
def test_the_table_read_literally(client: Client, query: str, segment: str) -> None:
    assert client.call(query, path=f"/{client.running.token}{segment}").success


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?action",
        "?action=",
        "?action=get_list_colour",
        "?action=GET_LIST_CALLBACK",
        "?action=get_list_callback+",
        "?ACTION=get_list_callback",
        "?action=get_list_callback&action=get_list_callback",
        "?action=get_list_callback&Action=get_list_callback",
        "?action=get_list_callback&other=1",
        f"?XML={quote(DOCUMENT)}&XML={quote(DOCUMENT)}",
        f"?XML={quote(DOCUMENT)}&action=get_list_callback",
        f"?Xml={quote(DOCUMENT)}",
        "?" + "&".join("abcdefghijklmnopqrstuvwxyz" * 2),
    ],
)
@pytest.mark.parametrize("segment", ["", "/get_list_callback"])
def test_other_queries_are_refused(client: Client, query: str, segment: str) -> None:
    assert client.call(query, path=f"/{client.running.token}{segment}").text("Error") == "999"


def test_other_fields_of_a_form_are_left_alone(client: Client) -> None:
    body = urlencode({"XML": DOCUMENT, "submit": "Send"}).encode()
    assert client.call(method="POST", body=body, headers=FORM).success


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0"?>', "encoded"])
def test_encodings_every_processor_reads(client: Client, encoding: str, declared: str) -> None:
    name = "UTF-16" if encoding == "utf-16" else "UTF-8"
    if declared == "encoded":
        declared = f'<?xml version="1.0" encoding="{name}"?>'
    for content_type in ("text/xml", f"application/xml; charset={name}", "application/x-www-form-urlencoded"):
        if encoding == "utf-16" and content_type.startswith("application/x-www"):
            continue
        body = (declared + DOCUMENT).encode(encoding)
        assert client.call(method="POST", body=body, headers={"Content-Type": content_type}).success


def test_the_charset_of_the_transport_wins(client: Client) -> None:
    """RFC 7303, section 3."""
    body = DOCUMENT.encode("utf-16-le")
    assert client.call(method="POST", body=body, headers={"Content-Type": "text/xml; charset=UTF-16LE"}).success
    body = f'<?xml version="1.0" encoding="UTF-16"?>{DOCUMENT}'.encode()
    assert client.call(method="POST", body=body, headers={"Content-Type": "text/xml; charset=utf-8"}).success


@pytest.mark.parametrize(
    "content_type", ["text/xml", "application/xml", "text/plain", "application/x-www-form-urlencoded"]
)
def test_a_body_that_is_a_document_is_read_as_one(client: Client, content_type: str) -> None:
    assert client.call(method="POST", body=DOCUMENT.encode(), headers={"Content-Type": content_type}).success


@pytest.mark.parametrize("boundary", ["", "; boundary=other", "; boundary="])
def test_a_broken_multipart_is_refused(client: Client, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    assert client.call(method="POST", body=PARTS, headers=headers).text("Error") == "999"


@pytest.mark.parametrize("size", [70_000, 700_000, 5_000_000])
def test_oversized_requests_are_refused(client: Client, size: int) -> None:
    body = DOCUMENT.replace("<action>", " " * size + "<action>").encode()
    reply = client.call(method="POST", body=body, headers={"Content-Type": "text/xml"})
    assert (reply.status, reply.text("Error")) == (200, "999")
    if size < 1_000_000:
        assert client.call(f"?XML={'+' * size}{quote(DOCUMENT)}").text("Error") == "999"


def test_nearly_oversized_requests_are_served(client: Client) -> None:
    body = DOCUMENT.replace("<action>", " " * 60_000 + "<action>").encode()
    assert client.call(method="POST", body=body, headers={"Content-Type": "text/xml"}).success


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods_are_not_allowed(client: Client, method: str) -> None:
    reply = client.call(f"?XML={quote(DOCUMENT)}", method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, POST")
    assert method == "HEAD" or reply.text("Error") == "999"


def test_old_php_client(client: Client) -> None:
    """curl with CURLOPT_POSTFIELDS set to a string: the document is not URL-encoded."""
    body = b'XML=<?xml version="1.0"?>\n<clickatellsdk><Action>get_list_callback</Action></clickatellsdk>\n'
    answer = client.raw(
        b"POST /" + client.running.token.encode() + b" HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
        b"Connection: close\r\nContent-Length: " + str(len(body)).encode() + b"\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body
    )
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"<Result>Success</Result>" in answer


@pytest.mark.parametrize("segment", [b"", b"/get_list_callback"])
def test_old_java_client(client: Client, segment: bytes) -> None:
    """HttpURLConnection: &XML= in the path, and angle brackets as they are."""
    answer = client.raw(
        b"GET /" + client.running.token.encode() + segment + b"&XML=<clickatellsdk><action>get_list_callback"
        b"</action></clickatellsdk> HTTP/1.1\r\nUser-Agent: Java/1.6.0_26\r\nHost: localhost\r\n"
        b"Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"<Result>Success</Result>" in answer


def test_old_apache_client(client: Client) -> None:
    """UrlEncodedFormEntity of Apache HttpClient 4, which first asks whether to go on."""
    body = b"XML=%3Cclickatellsdk%3E%3Caction%3Eget_list_callback%3C%2Faction%3E%3C%2Fclickatellsdk%3E"
    answer = client.raw(
        b"POST /" + client.running.token.encode() + b" HTTP/1.1\r\n"
        b"Content-Length: " + str(len(body)).encode() + b"\r\n"
        b"Content-Type: application/x-www-form-urlencoded; charset=ISO-8859-1\r\nHost: localhost\r\n"
        b"Connection: close\r\nUser-Agent: Apache-HttpClient/4.1.2 (java 1.5)\r\n\r\n" + body
    )
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"<Result>Success</Result>" in answer


def test_http_1_0_client(client: Client) -> None:
    answer = client.raw(f"GET /{client.running.token}?action=get_list_callback HTTP/1.0\r\n\r\n".encode())
    assert b"<Result>Success</Result>" in answer
