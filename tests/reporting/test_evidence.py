"""Evidence goes to HAR 1.2 and back unchanged; what is no such file is refused in one line."""

from __future__ import annotations

import base64
import json
from dataclasses import fields
from typing import Any

import haralyzer
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.contract.purpose import Kind, Purpose
from conformance.evidence import har
from conformance.evidence.exchange import Answer, Evidence, Exchange, Handshake, Loss, Request, Tls
from conformance.evidence.from_har import EvidenceError, from_har
from conformance.evidence.to_har import to_har

# The HAR 1.2 specification: what each object requires, and what else it may hold.
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "log": ({"version", "creator", "entries"}, {"browser", "pages", "comment"}),
    "creator": ({"name", "version"}, {"comment"}),
    "entry": (
        {"startedDateTime", "time", "request", "response", "cache", "timings"},
        {"pageref", "serverIPAddress", "connection", "comment"},
    ),
    "request": (
        {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"},
        {"postData", "comment"},
    ),
    "response": (
        {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize"}
        | {"bodySize"},
        {"comment"},
    ),
    "postData": ({"mimeType", "text"}, {"comment"}),  # text and params exclude each other
    "content": ({"size", "mimeType"}, {"compression", "text", "encoding", "comment"}),
    "timings": ({"send", "wait", "receive"}, {"blocked", "dns", "connect", "ssl", "comment"}),
    "named": ({"name", "value"}, {"comment"}),
}

texts = st.text(max_size=12)
times = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
bodies = st.binary(max_size=40) | texts.filter(lambda t: not any(0xD800 <= ord(c) < 0xE000 for c in t)).map(
    lambda t: t.encode()
)
requests = st.builds(Request, method=texts, url=texts, headers=pairs, body=bodies)
answers = st.builds(
    Answer,
    status=st.integers(100, 999),
    reason=texts,
    http_version=texts,
    headers=pairs,
    body=bodies,
    wire_bytes=st.integers(0, 10**9),
    unread=texts,
    broken=texts,
)
purposes = st.builds(
    Purpose,
    st.sampled_from(sorted(set(Kind) - {Kind.STATE, Kind.AFTER})),
    texts,
) | st.builds(Purpose, st.sampled_from([Kind.STATE, Kind.AFTER]), texts, st.from_regex("[0-9]{3}", fullmatch=True))
exchanges = st.builds(
    Exchange,
    number=st.integers(0, 10**6),
    probe=texts,
    purpose=purposes,
    title=texts,
    binding=texts,
    request=requests,
    started=times,
    finished=times,
    answer=st.none() | answers,
    loss=st.none() | st.builds(Loss, kind=texts, reason=texts),
    tls=st.none() | st.builds(Tls, version=texts, cipher=texts, subject=texts, expires=st.none() | times),
    control=texts,
    state=texts,
    connection=st.integers(-5, 10**6),
    reused=st.booleans(),
    retried=st.booleans(),
    reproduce=texts,
)
recordings = st.builds(
    Evidence,
    exchanges=st.lists(exchanges, max_size=3, unique_by=lambda e: e.number).map(tuple),
    target=texts,
    endpoint=texts,
    binding=texts,
    calls=st.lists(texts, min_size=1, max_size=2).map(tuple),
    accept=st.lists(texts, max_size=2).map(tuple),
    clock_tolerance=times,
    error_elements=st.tuples(texts, texts),
    answer_budget=times,
    seed=st.integers(0, 2**63 - 1),
    started=times,
    finished=times,
    handshakes=st.lists(
        st.builds(Handshake, version=texts, accepted=st.none() | st.booleans(), detail=texts), max_size=2
    ).map(tuple),
    gaps=st.dictionaries(texts, texts, max_size=2),
    canary=st.none() | st.integers(0, 99),
    notes=st.lists(texts, max_size=2).map(tuple),
    interrupted=st.booleans(),
)


@settings(deadline=None)
@given(recordings)
def test_round_trip(evidence: Evidence) -> None:
    data = to_har(evidence, creator_version="1")
    assert data.isascii()
    assert from_har(data) == evidence
    assert to_har(from_har(data), creator_version="1") == data


def test_half_a_surrogate_pair_in_a_header_survives() -> None:
    evidence = sample(Answer(200, "\udc80", "HTTP/1.1", (("X", "\ud800"),), b""))
    assert from_har(to_har(evidence, creator_version="1")) == evidence


def sample(answer: Answer | None = None, body: bytes = b"XML=%3Ca%2F%3E") -> Evidence:
    request = Request("POST", "https://example.com/[token]?a=1&b", (("Content-Type", "text/x"),), body)
    exchange = Exchange(
        number=7,
        probe="documented",
        purpose=Purpose(Kind.DOCUMENTED, "get_list_callback"),
        title="The documented request",
        binding="form-xml",
        request=request,
        started=1_400_000_000.25,
        finished=1_400_000_000.75,
        answer=answer,
        loss=None if answer else Loss("timeout", "no answer within 3 s"),
        tls=Tls("TLSv1.3", "TLS_AES_128_GCM_SHA256", "CN=example.com", 1.9e9),
    )
    return Evidence((exchange,), "staging", "https://example.com/[token]", "form-xml", ("get_list_callback",))


ANSWERS = [
    Answer(200, "OK", "HTTP/1.1", (("Content-Type", "text/xml"), ("Location", "/x")), b"<a>\xc3\xa9</a>", 9),
    Answer(500, "", "HTTP/1.0", (), b"\xff\x00", 2, "the body is larger than 1 MiB"),
    None,
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_is_har_1_2(answer: Answer | None) -> None:
    log = json.loads(to_har(sample(answer), creator_version="1"))["log"]
    entry = log["entries"][0]
    request, response = entry["request"], entry["response"]
    found = [("log", log), ("creator", log["creator"]), ("entry", entry), ("timings", entry["timings"])]
    found += [("request", request), ("response", response), ("content", response["content"])]
    found += [("postData", request["postData"])]
    found += [("named", item) for item in request["headers"] + request["queryString"] + response["headers"]]
    for name, value in found:
        required, optional = FIELDS[name]
        own = {key for key in value if key.startswith("_")}
        assert required <= set(value), name
        assert set(value) - own <= required | optional, name
    assert entry["time"] == sum(entry["timings"].values())
    assert log["version"] == "1.2"


@pytest.mark.parametrize("answer", ANSWERS)
def test_haralyzer_reads_it(answer: Answer | None) -> None:
    parser = haralyzer.HarParser.from_string(to_har(sample(answer), creator_version="0.1.0"))
    assert parser.creator["name"] == "connect-conformance"
    read = haralyzer.HarEntry(parser.har_data["entries"][0])
    assert read.request.get("postData")["text"] == "XML=%3Ca%2F%3E"
    assert read.startTime is not None
    assert read.status == (answer.status if answer else 0)
    assert read.time == 500


def test_the_file_keeps_every_field_of_the_evidence() -> None:
    assert set(har.RUN_FIELDS) == {field.name for field in fields(Evidence)} - {
        "exchanges",
        "secrets",
        "replayed",
    }


def test_a_body_that_is_no_text_is_kept_in_base64() -> None:
    log = json.loads(to_har(sample(ANSWERS[1], body=b"\xfe"), creator_version="1"))["log"]
    entry = log["entries"][0]
    assert entry["response"]["content"]["encoding"] == "base64"
    assert base64.b64decode(entry["response"]["content"]["text"]) == b"\xff\x00"
    assert entry["request"]["postData"]["_encoding"] == "base64"


# Recordings made by others.

DOCUMENTED = "%3Cclickatellsdk%3E%3Caction%3Eget_list_callback%3C%2Faction%3E%3C%2Fclickatellsdk%3E"
XML = "<?xml version='1.0'?><clickatellsdk><Action>get_list_callback</Action></clickatellsdk>"
TOKEN = "0123456789abcdef0123456789ABCDEF"


def recording(url: str, **request: Any) -> dict[str, Any]:
    entry = {
        "startedDateTime": "2013-01-15T10:00:00.000Z",
        "time": 250,
        "request": {"method": "GET", "url": url, **request},
        "response": {"status": 200, "content": {"text": "<CLICKATELLSDK/>"}},
    }
    return {"log": {"entries": [entry]}}


@pytest.mark.parametrize(
    ("url", "request_fields", "binding"),
    [
        (f"https://example.com/x?XML={DOCUMENTED}", {}, "query-xml"),
        ("https://example.com/x", {"method": "POST", "postData": {"text": f"XML={DOCUMENTED}"}}, "form-xml"),
        (
            "https://example.com/x",
            {"method": "POST", "postData": {"params": [{"name": "XML", "value": XML}]}},
            "form-xml",
        ),
        ("https://example.com/x", {"postData": {"mimeType": "text/xml", "text": XML}}, "body-xml"),
        ("https://example.com/x?action=get_list_callback", {}, "query-params"),
    ],
)
def test_the_documented_request_is_recognised(url: str, request_fields: dict[str, Any], binding: str) -> None:
    evidence = from_har(json.dumps(recording(url, **request_fields)).encode())
    (exchange,) = evidence.of(Kind.DOCUMENTED)
    assert (exchange.binding, evidence.binding) == (binding, binding)
    assert (evidence.target, evidence.endpoint) == ("recording", "https://example.com/[token]")
    assert exchange.answer is not None
    assert exchange.answer.body == b"<CLICKATELLSDK/>"
    assert (exchange.started, exchange.elapsed, exchange.number) == (1358244000.0, 0.25, 1)
    assert evidence.finished == 1358244000.25


def test_a_group_is_enough_to_say_what_a_request_was_sent_for() -> None:
    made = recording("http://example.com/")
    made["log"]["entries"][0]["_probe"] = {"group": "form-009"}
    made["log"]["_run"] = {"accept": ["I-01"], "binding": "form-xml"}
    evidence = from_har(json.dumps(made).encode())
    assert [e.probe for e in evidence.of(Kind.FORM)] == ["form-009"]
    assert (evidence.accept, evidence.binding, evidence.exchanges[0].binding) == (
        ("I-01",),
        "form-xml",
        "form-xml",
    )


def test_a_recording_without_a_time_takes_the_servers() -> None:
    made = recording(f"https://example.com/?XML={DOCUMENTED}")
    entry = made["log"]["entries"][0]
    del entry["startedDateTime"]
    entry["response"]["headers"] = [{"name": "Date", "value": "Tue, 15 Jan 2013 10:00:00 GMT"}]
    assert from_har(json.dumps(made).encode()).started == 1358244000.0


def test_a_token_in_a_recording_is_replaced_wherever_it_stands() -> None:
    made = recording(f"https://example.com/{TOKEN}/get_list_callback?XML={DOCUMENTED}")
    made["log"]["entries"][0]["response"]["content"]["text"] = f"<a>{TOKEN}</a>"
    evidence = from_har(json.dumps(made).encode())
    assert TOKEN.encode() not in to_har(evidence, creator_version="1")
    assert evidence.endpoint == "https://example.com/[token]/get_list_callback"


def altered(**entry: Any) -> bytes:
    made = recording(f"https://example.com/?XML={DOCUMENTED}")
    made["log"]["entries"][0].update(entry)
    return json.dumps(made).encode()


REFUSED = {
    "nothing": (b"", "not JSON"),
    "not JSON": (b"<har/>", "not JSON"),
    "not text": (b"\xff\xfe\xfd", "not JSON"),
    "a list": (b"[]", "not a HAR 1.2 file"),
    "no log": (b"{}", "`log`"),
    "no entries": (b'{"log": {}}', "`entries`"),
    "empty": (b'{"log": {"entries": []}}', "holds no exchange"),
    "deep": (b"[" * 200_000, "nested too deeply"),
    "a status in words": (altered(response={"status": "OK"}), "`$.log.entries[0].response.status`"),
    "wrong base64": (
        altered(response={"status": 200, "content": {"text": "?", "encoding": "base64"}}),
        "base64",
    ),
    "half a character": (altered(response={"status": 200, "content": {"text": "\ud800"}}), "surrogate"),
    "no time": (altered(startedDateTime="yesterday"), "startedDateTime"),
    "no purpose": (altered(request={"method": "GET", "url": "https://example.com/"}), "another tool"),
    "plain HTTP": (altered(request={"method": "GET", "url": f"http://x/?XML={DOCUMENTED}"}), "another tool"),
    "another action": (altered(request={"method": "GET", "url": "https://x/?action=x"}), "another tool"),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_recording_is_refused_in_one_line(data: bytes, words: str) -> None:
    with pytest.raises(EvidenceError) as refusal:
        from_har(data)
    line = str(refusal.value)
    assert words in line
    assert line.isprintable()
    assert len(line) < 240


def test_a_later_format_and_doubled_numbers_are_refused() -> None:
    log = json.loads(to_har(sample(), creator_version="1"))
    log["log"]["entries"] *= 2
    with pytest.raises(EvidenceError, match="same _number"):
        from_har(json.dumps(log).encode())
    log["log"]["_run"]["format"] = 2
    with pytest.raises(EvidenceError, match=r"_run\.format is 2"):
        from_har(json.dumps(log).encode())


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | texts,
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["log", "entries", "request", "_run"]), inner),
    ).map(msgspec.json.encode)
)
def test_nothing_else_is_raised(data: bytes) -> None:
    try:
        from_har(data)
    except EvidenceError as error:
        assert str(error).isprintable()  # noqa: PT017
