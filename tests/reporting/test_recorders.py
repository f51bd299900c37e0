"""Recordings as browsers, proxies and clients write them: what they hold is judged, what they lack stays open."""

from __future__ import annotations

import base64
import codecs
import json
from typing import Any

import pytest

from conformance.evidence.from_har import EvidenceError, from_har
from conformance.evidence.to_har import to_har
from conformance.verdicts.result import Verdict
from tests.evidence_factory import SUCCESS, judged

DOCUMENT = "<clickatellsdk><action>get_list_callback</action></clickatellsdk>"
URL = "https://connect.example.com/api?XML=%3Cclickatellsdk%3E%3Caction%3Eget_list_callback%3C%2Faction%3E%3C%2Fclickatellsdk%3E"
BEGAN = "2011-09-20T10:45:13"  # the time of the page's Timestamp, 1316515513
TEXT = SUCCESS.decode().replace("1316512313", "1316515513")
UTF_16 = TEXT.split("?>", 1)[-1].strip()
NO_TEXT = "the recording does not hold this body"


def named(**fields: str) -> list[dict[str, Any]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in fields.items()]


def entry(content: dict[str, Any], /, **fields: Any) -> dict[str, Any]:
    return {
        "startedDateTime": f"{BEGAN}.000Z",
        "time": 12.5,
        "request": {"method": "GET", "url": URL, "httpVersion": "HTTP/1.1", "headers": [], "queryString": []},
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": named(Content_Type="text/xml"),
            "content": {"size": len(TEXT), "mimeType": "text/xml", **content},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": 1, "receive": 0},
        **fields,
    }


def har(*entries: dict[str, Any], creator: str = "Recorder", **log: Any) -> bytes:
    return json.dumps(
        {"log": {"version": "1.2", "creator": {"name": creator, "version": "1"}, "entries": entries, **log}}
    ).encode()


def with_response(made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return made | {"response": made["response"] | fields}


def with_request(made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return made | {"request": made["request"] | fields}


FAVICON = with_response(entry({"text": "AAAB", "encoding": "base64", "mimeType": "image/x-icon"}), headers=[]) | {
    "request": {"method": "GET", "url": "https://connect.example.com/favicon.ico", "headers": []}
}
PREFLIGHT = with_request(entry({"size": 0}), method="OPTIONS")
H2 = [
    {"name": ":method", "value": "GET"},
    {"name": ":path", "value": "/api"},
    {"name": ":scheme", "value": "https"},
]
BOM = codecs.BOM_UTF8

# As the tools write them, each with what only it does.
TOOLS: dict[str, bytes] = {
    "Chrome": har(
        FAVICON,
        PREFLIGHT,
        with_request(
            entry(
                {"text": TEXT},
                _initiator={"type": "other"},
                _priority="VeryHigh",
                _resourceType="document",
                _connectionId="1234",
                connection="443",
                pageref="page_1",
                serverIPAddress="[::1]",
                time=85.30000000000001,
            ),
            httpVersion="http/2.0",
            headers=H2,
            cookies=[],
        )
        | {},
        creator="WebInspector",
        pages=[{"startedDateTime": f"{BEGAN}Z", "id": "page_1", "title": URL, "pageTimings": {"onLoad": None}}],
    ),
    "Firefox": har(
        with_response(
            entry({"text": TEXT, "comment": None}, connection="443", _securityState="secure", time=12),
            httpVersion="HTTP/2",
            cookies=[],
            bodySize=1234,
        )
        | {"startedDateTime": "2011-09-20T12:45:13.123+02:00"},
        creator="Firefox",
        browser={"name": "Firefox", "version": "128.0"},
    ),
    "Safari": har(
        with_response(
            entry({"text": TEXT, "compression": 0}, _fetchType="Network Load", time=12.000000953674316),
            bodySize=1234.0,
            headersSize=200.0,
            status=200.0,
            _transferSize=1434,
        ),
        creator="WebKit Web Inspector",
    ),
    "mitmproxy": har(
        with_response(
            entry({"text": TEXT, "compression": 0}, serverIPAddress=None, connection=None),
            cookies=None,
            redirectURL=None,
        ),
        creator="mitmproxy",
        pages=None,
    ),
    "Charles": har(
        with_request(entry({"text": TEXT}, comment="", connection=51234, time=-1), headers=None, bodySize=0.0),
        creator="Charles Proxy",
    ),
    "Fiddler": BOM
    + har(
        entry({"text": TEXT, "compression": -20}, comment="[#1]", connection="ClientPort:5;EgressPort:6")
        | {"startedDateTime": "2011-09-20T10:45:13.1234567+00:00"},
        creator="Fiddler",
        comment="exported @ 20/9/2011",
    ),
    "Insomnia": har(
        with_request(
            entry({"text": TEXT}),
            method="POST",
            url="https://connect.example.com/api",
            postData={"mimeType": "text/xml", "text": DOCUMENT, "params": None},
            cookies=None,
        ),
        creator="Insomnia REST Client",
    ),
    "base64": har(entry({"text": base64.b64encode(TEXT.encode()).decode(), "encoding": "base64"})),
    "bare": json.dumps({"log": {"entries": [entry({"text": TEXT})]}}).encode(),
}
JUDGED = ("REQ-01", "REQ-02", "ENV-01", "ENV-03", "ENV-04", "CBK-03", "TIM-01", "TIM-02")


@pytest.mark.parametrize("tool", TOOLS)
def test_what_a_tool_writes_is_judged(tool: str) -> None:
    evidence = from_har(TOOLS[tool])
    found = judged(evidence)
    for name in JUDGED:
        assert Verdict.PASS in {result.verdict for result in found[name]}, name
    assert not [name for name, results in found.items() if _fails(results) and not name.startswith("HYG")]


def _fails(results: Any) -> bool:
    return any(result.verdict in {Verdict.FAIL, Verdict.ERROR} for result in results)


def test_calls_of_another_kind_are_left_out_and_counted() -> None:
    evidence = from_har(TOOLS["Chrome"])
    assert [exchange.number for exchange in evidence.exchanges] == [3]
    assert evidence.notes[0].startswith("2 of 3 entries of the recording were left out; the first: entry 1 ")


BROKEN = {"status": 200, "content": {"text": "?", "encoding": "base64"}}


@pytest.mark.parametrize("left", [{"startedDateTime": "soon"}, {"response": BROKEN}])
def test_one_entry_that_cannot_be_read_does_not_refuse_the_others(left: dict[str, Any]) -> None:
    evidence = from_har(har(entry({"text": TEXT}) | left, entry({"text": TEXT})))
    assert len(evidence.exchanges) == 1
    assert "1 of 2 entries" in evidence.notes[0]
    with pytest.raises(EvidenceError):
        from_har(har(entry({"text": TEXT}) | left))


@pytest.mark.parametrize("content", [{}, {"text": None}, {"size": 0}, {"size": -1}])
def test_a_body_that_is_not_recorded_is_not_empty(content: dict[str, Any]) -> None:
    evidence = from_har(har(entry(content)))
    found = judged(evidence)
    assert not [name for name, results in found.items() if _fails(results) and not name.startswith("HYG")]
    assert NO_TEXT in {result.reason for result in found["ENV-01"]}
    assert NO_TEXT in {result.reason for result in found["REQ-01"]}
    again = from_har(to_har(evidence, creator_version="1"))
    assert again.exchanges[0].answer == evidence.exchanges[0].answer


def test_an_empty_text_is_an_empty_body() -> None:
    assert _fails(judged(from_har(har(entry({"text": ""}))))["ENV-01"])


DECODED = {
    "UTF-16 declared": ('<?xml version="1.0" encoding="UTF-16"?>', "text/xml"),
    "UTF-16LE declared": ('<?xml version="1.0" encoding="UTF-16LE"?>', "text/xml"),
    "UTF-16 by the header": ("", "text/xml; charset=utf-16"),
    "Latin-1 declared": ('<?xml version="1.0" encoding="ISO-8859-1"?><!-- é -->', "text/xml"),
    "a lost character": ("<!-- \ufffd -->", "text/xml; charset=utf-8"),
}


@pytest.mark.parametrize("how", DECODED)
def test_a_body_that_the_recorder_decoded_is_read_and_not_judged_by_its_bytes(how: str) -> None:
    head, kind = DECODED[how]
    made = with_response(entry({"text": head + UTF_16}), headers=named(Content_Type=kind))
    evidence = from_har(har(made))
    for each in (evidence, from_har(to_har(evidence, creator_version="1"))):
        found = judged(each)
        assert not _fails(found["ENV-01"])
        assert any("decoded" in result.reason for result in found["ENV-01"])
        assert not _fails(found["HYG-04"])
        for name in ("REQ-01", "ENV-03", "CBK-03"):
            assert Verdict.PASS in {result.verdict for result in found[name]}, name


def test_what_is_not_well_formed_as_text_was_not_so_as_bytes() -> None:
    made = entry({"text": f'<?xml version="1.0" encoding="UTF-16"?>{UTF_16}</x>'})
    assert _fails(judged(from_har(har(made)))["ENV-01"])


def test_utf_8_is_judged_by_its_bytes() -> None:
    found = judged(from_har(har(entry({"text": f"<!-- é -->{UTF_16}"}))))
    assert Verdict.PASS in {result.verdict for result in found["ENV-01"]}
