"""What a tester would write in an afternoon, with pytest, requests and lxml: the page, line by line.

ENDPOINT, HTTP_ENDPOINT and CA_FILE in the environment say what is tested. The ids in brackets are the
requirements that a test is about.
"""

import os
import time

import pytest
import requests
from lxml import etree

ENDPOINT, HTTP_ENDPOINT = os.environ["ENDPOINT"], os.environ["HTTP_ENDPOINT"]
DOCUMENT = "<clickatellsdk>\n  <action>get_list_callback</action>\n</clickatellsdk>"
ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "999": "Unknown error",
}
SCHEMA = etree.XMLSchema(
    etree.fromstring("""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="time">
    <xs:restriction base="xs:string"><xs:pattern value="[1-9][0-9]{9}"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="text">
    <xs:restriction base="xs:string"><xs:pattern value="\\S+( \\S+)*"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="id">
    <xs:restriction base="xs:string"><xs:pattern value="0|[1-9][0-9]*"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="code">
    <xs:restriction base="xs:string"><xs:pattern value="[0-9]{3}"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="action">
    <xs:restriction base="xs:string"><xs:enumeration value="get_list_callback"/></xs:restriction>
  </xs:simpleType>
  <xs:element name="ClICKATELLSDK">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Action" type="action"/>
        <xs:element name="Result">
          <xs:simpleType>
            <xs:restriction base="xs:string">
              <xs:enumeration value="Success"/><xs:enumeration value="Error"/>
            </xs:restriction>
          </xs:simpleType>
        </xs:element>
        <xs:choice>
          <xs:element name="Values">
            <xs:complexType>
              <xs:sequence>
                <xs:element name="Value" maxOccurs="unbounded">
                  <xs:complexType>
                    <xs:sequence>
                      <xs:element name="callback_type_id" type="id"/>
                      <xs:element name="callback_type" type="text"/>
                    </xs:sequence>
                  </xs:complexType>
                </xs:element>
              </xs:sequence>
            </xs:complexType>
            <xs:unique name="ids"><xs:selector xpath="Value"/><xs:field xpath="callback_type_id"/></xs:unique>
          </xs:element>
          <xs:sequence>
            <xs:element name="Error" type="code"/>
            <xs:element name="Description" type="text"/>
          </xs:sequence>
        </xs:choice>
        <xs:element name="Timestamp" type="time"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
""")
)


@pytest.fixture(scope="module")
def session():
    with requests.Session() as session:
        session.verify, session.trust_env = os.environ["CA_FILE"], False
        yield session


def call(session, document=DOCUMENT, url=ENDPOINT, **more):
    return session.get(url, params={"XML": document}, allow_redirects=False, timeout=5, **more)


def envelope(response):
    return etree.fromstring(response.content, etree.XMLParser(resolve_entities=False, no_network=True))


def pairs(root):
    return [(v.findtext("callback_type_id"), v.findtext("callback_type")) for v in root.iter("Value")]


def refused(response):
    return b"Success" not in response.content and b"callback_type" not in response.content


@pytest.fixture(scope="module")
def answer(session):
    return call(session)


@pytest.fixture(scope="module")
def root(answer):
    return envelope(answer)


# The response, as printed


def test_http(answer):
    """[HYG-01, HYG-03, HYG-04, HYG-11]"""
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] in {"text/xml", "application/xml"}
    assert answer.encoding is None or answer.encoding.lower() in {"utf-8", "iso-8859-1"}


def test_headers(answer):
    """[HYG-06, HYG-07, HYG-08, HYG-09]"""
    assert not answer.cookies
    assert "no-store" in answer.headers.get("cache-control", "") or "no-cache" in answer.headers.get(
        "cache-control", ""
    )
    assert answer.elapsed.total_seconds() < 2
    assert "strict-transport-security" in answer.headers
    assert answer.headers.get("x-content-type-options") == "nosniff"


def test_schema(root):
    """[ENV-01, ENV-02, ENV-03, ENV-04, ENV-05, ENV-07, ENV-08, CBK-01, CBK-02, CBK-05, TIM-01]"""
    SCHEMA.assertValid(root)


def test_no_doctype(root):
    """[ENV-09]"""
    assert root.getroottree().docinfo.doctype == ""


def test_success(root):
    """[REQ-01, REQ-02, ENV-06, TLS-03]"""
    assert root.findtext("Result") == "Success"
    assert root.findtext("Action") == "get_list_callback"


def test_documented_pairs(root):
    """[CBK-03, CBK-04, CBK-08]"""
    assert ("0", "HTTP GET") in pairs(root)
    assert ("6", "SOAP POST") in pairs(root)
    assert "HTTP POST" in [name for _, name in pairs(root)]


def test_pairs(root):
    """[CBK-06, CBK-07, CBK-10]"""
    ids, names = [int(number) for number, _ in pairs(root)], [name for _, name in pairs(root)]
    assert len(set(names)) == len(names)
    assert all(name.split()[-1] in {"GET", "POST"} for name in names)
    assert ids == sorted(ids)


def test_timestamp_is_now(root):
    """[TIM-02]"""
    assert abs(int(root.findtext("Timestamp")) - time.time()) < 300


def test_repeated_calls(session, root):
    """[CBK-09, TIM-03, TIM-04]"""
    times = [int(root.findtext("Timestamp"))]
    for pause in (0, 0, 1.5):
        time.sleep(pause)
        again = envelope(call(session))
        assert pairs(again) == pairs(root)
        times.append(int(again.findtext("Timestamp")))
    assert times == sorted(times)
    assert times[-1] > times[0]


# The request


@pytest.mark.parametrize(
    "document",
    [
        f'<?xml version="1.0" encoding="UTF-8"?>{DOCUMENT}',
        "<clickatellsdk><action>get_list_callback</action></clickatellsdk>",
        "<!-- a --><clickatellsdk><action>get_list_callback</action></clickatellsdk>",
        "<clickatellsdk><action><![CDATA[get_list_callback]]></action></clickatellsdk>",
        "<clickatellsdk><action>get&#95;list_callback</action></clickatellsdk>",
    ],
)
def test_same_request_otherwise_spelled(session, root, document):
    """[REQ-05]"""
    assert pairs(envelope(call(session, document))) == pairs(root)


@pytest.mark.parametrize("action", ["", "no_such_call", "get_list_callbacks", "GET_LIST_CALLBACK", "get_list_no_such"])
def test_other_action(session, action):
    """[REQ-03, ERR-ANY]"""
    answer = call(session, f"<clickatellsdk><action>{action}</action></clickatellsdk>")
    assert refused(answer)
    assert answer.status_code < 500
    assert envelope(answer).findtext("Error") in {*ERRORS, "009"}


def test_no_action(session):
    """[REQ-03]"""
    assert refused(call(session, "<clickatellsdk/>"))


@pytest.mark.parametrize(
    "document",
    [DOCUMENT[:-3], f"{DOCUMENT}<x/>", DOCUMENT.replace("<action>", "<action a=b>"), "get_list_callback"],
)
def test_not_well_formed(session, document):
    """[REQ-04, HYG-02]"""
    answer = call(session, document)
    assert refused(answer)
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "document",
    [
        "<request><action>get_list_callback</action></request>",
        "<clickatellsdk><action>get_list_callback</action><more/></clickatellsdk>",
        "<clickatellsdk><action>get_list_callback</action><action>get_list_callback</action></clickatellsdk>",
        "<clickatellsdk a='1'><action>get_list_callback</action></clickatellsdk>",
    ],
)
def test_not_valid(session, document):
    """[REQ-06]"""
    assert refused(call(session, document))


def test_external_entity(session):
    """[REQ-07, HYG-05]"""
    doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    answer = call(session, f"{doctype}<clickatellsdk><action>&e;</action></clickatellsdk>")
    assert refused(answer)
    assert b"root:" not in answer.content
    assert b"Traceback" not in answer.content


# HTTPS


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "https"}, {"Forwarded": "proto=https"}])
def test_plain_http(session, method, headers):
    """[TLS-01, TLS-02, TLS-04, ERR-009-code, ERR-009-message, ERR-009-data, ERR-009-envelope]"""
    url = HTTP_ENDPOINT + "0" * 32
    answer = session.request(method, url, params={"XML": DOCUMENT}, headers=headers, allow_redirects=False, timeout=5)
    root = envelope(answer)
    assert refused(answer)
    assert root.findtext("Error") == "009"
    assert root.findtext("Description") == "HTTP protocol not allowed, require HTTPS"
    SCHEMA.assertValid(root)


# The table of errors


@pytest.mark.parametrize("code", ERRORS)
def test_error(session, code):
    """[ERR-004-code, ERR-004-message, ERR-004-data, ERR-004-envelope, ERR-004-stable, ERR-007-code, ERR-007-message,
    ERR-007-data, ERR-007-envelope, ERR-007-stable, ERR-008-code, ERR-008-message, ERR-008-data, ERR-008-envelope,
    ERR-008-stable, ERR-999-code, ERR-999-message, ERR-999-data, ERR-999-envelope, ERR-999-stable, TIM-05]"""
    for _ in range(2):
        answer = call(session, headers={"X-Reference-State": code})
        root = envelope(answer)
        assert refused(answer)
        assert root.findtext("Result") == "Error"
        assert root.findtext("Error") == code
        assert root.findtext("Description") == ERRORS[code]
        SCHEMA.assertValid(root)
