"""Every check, seen passing and failing: one thing changed in faultless evidence, and nobody else is accused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from conformance.checks.catalogue import checks
from conformance.contract.purpose import MALFORMED, Kind
from conformance.evidence.exchange import Evidence, Exchange, Handshake, Loss
from conformance.target.settings import BINDINGS, Binding
from conformance.verdicts.assemble import assemble
from conformance.verdicts.result import CheckResult, Verdict, worst
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim
from tests.evidence_factory import (
    BEGAN,
    CONTRACT,
    SUCCESS,
    Change,
    answer,
    body,
    both,
    conforming,
    each,
    error,
    header,
    judged,
    judgements,
    lost,
    named,
    says,
    status,
    swap,
    timestamps,
    verdicts,
)

CODES = tuple(CONTRACT.errors)
OF_THE_PAGE = {n: r for n, r in CONTRACT.requirements.items() if r.of((CONTRACT.call.name,))}
PROVISIONED = tuple(code for code, row in CONTRACT.errors.items() if row.provoked == "provisioned")
IN_STATE = tuple(f"state-{code}" for code in CODES)
PLAIN = ("state-009", "claim-009", "form-009", "port-009")
REFUSED = ("action", "malformed", "schema", "hostile")
HTTPS = (
    *("documented", "control", "bindings", "printed", "spelling", "stand-in"),
    *REFUSED,
    *(f"state-{code}" for code in PROVISIONED),
)

# What stays open when no answer can be read as the success envelope, and when none is even meant as one.
UNREADABLE = "CBK-* ENV-0[3-9] HYG-0[34] REQ-0[125] TIM-0[1-4]"
NO_CONTROL = "REQ-0[34567] HYG-12 TLS-03 HYG-01 ERR-004-stable ERR-007-stable ERR-008-stable ERR-999-stable"
NO_LIST = f"CBK-* ENV-0[2-8] TIM-0[1-4] {NO_CONTROL}"
NO_TIME = "TIM-0[234]"
NO_PAIRS = "CBK-*"


@dataclass(frozen=True)
class Row:
    """One change, the requirements that must fail by it, and those that nobody can judge any more."""

    name: str
    change: Change
    fails: str
    open: str = ""


def without(element: str) -> Change:
    return body(lambda data: re.sub(rf"\s*<{element}>.*?</{element}>".encode(), b"", data, flags=re.DOTALL))


def renamed(old: str, new: str) -> Change:
    return body(lambda data: data.replace(f"{old}>".encode(), f"{new}>".encode()))


def prefixed(text: bytes) -> Change:
    return body(lambda data: text + data)


def exchanged(first: str, second: str) -> Change:
    """Two texts in each other's place."""
    return body(
        lambda data: re.sub(
            f"{re.escape(first)}|{re.escape(second)}".encode(),
            lambda m: second.encode() if m[0] == first.encode() else first.encode(),
            data,
        )
    )


OTHER_CALL = re.sub(rb"callback(_type)?", b"country", SUCCESS)
LISTED_OTHERWISE = swap("XML GET", "XML2 GET", "bindings")
# The same bytes under another charset are another list.
REREAD = both(swap("XML GET", "XMLÉ GET"), header("Content-Type", "text/xml; charset=iso-8859-1", "bindings"))


def errors(first: str, *others: str) -> bytes:
    """An envelope that reports several errors."""
    end = b"</Description>"
    more = b"".join(re.findall(rb"<Error>.*</Description>", error(code), re.DOTALL)[0] for code in others)
    return error(first).replace(end, end + more)


def shaped(text: str, *groups: str) -> Change:
    """The errors in another shape: this text in place of the code and the message."""
    return body(lambda data: re.sub(rb"<Error>.*</Description>", text.encode(), data, flags=re.DOTALL), *groups)


BLOCKED = CONTRACT.errors["004"].message
# Code and message count wherever they are found; only the shape is wrong.
ODD_SHAPES = {
    "code-as-attribute": f'<Error code="004">{BLOCKED}</Error>',
    "both-as-attributes": f'<Error number="004" description="{BLOCKED}"/>',
    "code-element-beside": f"<Error>{BLOCKED}</Error><ErrorCode>004</ErrorCode>",
    "code-element-before": f"<Code>004</Code><Error>{BLOCKED}</Error>",
    "a-flag-and-a-code": f"<Error>true</Error><ErrorCode>004</ErrorCode><Description>{BLOCKED}</Description>",
    "text-beside-elements": f"<Error>{BLOCKED}<Code>004</Code></Error>",
    "codes-before-messages": "<Error>999</Error><Error>004</Error>"
    f"<Description>Unknown error</Description><Description>{BLOCKED}</Description>",
    "message-in-two-languages": "<Error>004</Error><Description>Fehler</Description>"
    f"<Description>{BLOCKED}</Description>",
    "a-value-that-is-no-list": f"<Error>004</Error><Description>{BLOCKED}</Description>"
    "<Detail><Value>192.0.2.7</Value></Detail>",
}
# And these say something else, with what fails beside the shape.
ODD_SAYINGS = {
    "code-unpadded-as-attribute": (f'<Error code="4">{BLOCKED}</Error>', "ERR-004-code"),
    "code-padded-as-attribute": (f'<Error code="0004">{BLOCKED}</Error>', "ERR-004-code"),
    "code-spaced": (f"<Error>{BLOCKED}</Error><ErrorCode> 004 </ErrorCode>", "ERR-004-code"),
    "code-prefixed": (f"<Error>{BLOCKED}</Error><ErrorCode>E004</ErrorCode>", "ERR-004-code"),
    "code-in-its-element-otherwise": (
        f"<Error>4</Error><Description>{BLOCKED}</Description><Line>004</Line>",
        "ERR-004-code",
    ),
}


def request_rows() -> Iterator[Row]:
    yield Row("html", says(b"<html><body>hi</body></html>"), "REQ-01", f"{NO_LIST} ENV-01 ENV-09 REQ-02")
    yield Row(
        "not-found",
        both(says(b"<html>Not found</html>"), status(404)),
        "REQ-01",
        f"{NO_LIST} ENV-01 ENV-09 REQ-02",
    )
    yield Row("json", says(b'{"Result": "Success"}'), "REQ-01 ENV-01", f"{NO_LIST} ENV-09 REQ-02 HYG-03 HYG-04")
    yield Row("empty", says(b""), "REQ-01 ENV-01", f"{NO_LIST} ENV-09 REQ-02 HYG-03 HYG-04")
    yield Row("an-error-instead", says(error("999")), "REQ-02", NO_LIST)
    yield Row("an-error-once", says(error("999"), probe="documented-3"), "REQ-02")
    yield Row(
        "redirected",
        both(says(b""), header("Location", f"https://x/{'y' * 90}"), status(302)),
        "REQ-01 HYG-11",
        f"{NO_LIST} ENV-01 ENV-09 REQ-02 HYG-03 HYG-04",
    )
    yield Row(
        "html-without-a-media-type",
        both(says(b"<html/>"), header("Content-Type", "")),
        "REQ-01 HYG-03",
        f"{NO_LIST} ENV-01 ENV-09 REQ-02",
    )
    neither = says(b"<ClICKATELLSDK><Action>get_list_callback</Action><Timestamp>1</Timestamp></ClICKATELLSDK>")
    yield Row("neither-success-nor-error", neither, "REQ-02", NO_LIST)
    yield Row("another-call", says(OTHER_CALL), "REQ-02", NO_LIST)
    yield Row("any-action", says(SUCCESS, "action"), "REQ-03")
    for probe in ("action-empty", "action-none", "action-upper-case"):
        yield Row(probe, says(SUCCESS, probe=probe), "REQ-03")
    list_in_an_error = error("999").replace(b"<Timestamp>", b"<callback_type>HTTP GET</callback_type><Timestamp>")
    yield Row("list-in-an-error", says(list_in_an_error, probe="action-empty"), "REQ-03")
    for probe in (
        *("malformed-cut-short", "malformed-attribute-twice", "malformed-bare-ampersand", "malformed-nul"),
        *("malformed-two-dashes-in-comment", "malformed-twice", "explored-malformed-1"),
    ):
        yield Row(probe, says(SUCCESS, probe=probe), "REQ-04")
    for probe in ("spelling-cdata", "spelling-declaration-on-two-lines"):
        yield Row(probe, says(error("999"), probe=probe), "REQ-05")
    yield Row("spelling-with-other-pairs", swap("XML GET", "XML2 GET", probe="spelling-comments"), "REQ-05")
    for probe in ("schema-namespace", "schema-action-twice"):
        yield Row(probe, says(SUCCESS, probe=probe), "REQ-06")
    for name, asked in {
        "action": "REQ-03",
        "malformed": "REQ-04",
        "schema": "REQ-06",
    }.items():
        yield Row(f"{name}-lost", lost("timeout", "no answer within 10 s", name), "", asked)
    of_bodies = both(
        *(swap("XML GET", "XML2 GET", probe=name) for name in ("binding-body-xml", "spelling-byte-order-mark"))
    )
    yield Row("one-binding-with-other-pairs", of_bodies, "CBK-09")
    restless = both(
        *(
            swap("XML GET", f"{name} GET", probe=probe)
            for name, probe in (("A", "documented-3"), ("B", "spelling-byte-order-mark"))
        )
    )
    yield Row("other-pairs-from-call-to-call", restless, "CBK-09")
    yield Row("spelling-lost", lost("timeout", "no answer within 10 s", "spelling"), "", "REQ-05")
    yield Row("printed-refused", says(error("999"), "printed"), "REQ-02 REQ-05")
    yield Row("printed-lost", lost("timeout", "no answer within 10 s", "printed"), "", "REQ-02 REQ-05")
    listed = error("999").replace(b"</Result>", b"</Result><callback_type>X GET</callback_type>")
    yield Row("malformed-listed", says(listed, probe="malformed-cut-short"), "REQ-04")
    cut = SUCCESS.replace(b"</ClICKATELLSDK>", b"")
    yield Row("spelling-answered-in-part", says(cut, probe="spelling-cdata"), "ENV-01 ENV-02 REQ-05")
    yield Row("spelling-answered-with-nothing", says(b"", probe="spelling-cdata"), "REQ-05")
    stale = timestamps(lambda e: int(e.started) - 3600, probe="spelling-cdata")
    yield Row("spelling-answered-an-hour-ago", stale, "REQ-05 TIM-02")
    stale = timestamps(lambda e: int(e.started) - 3600)
    yield Row("everything-answered-an-hour-ago", stale, "TIM-02")
    declared = both(
        body(lambda data: b"<!DOCTYPE ClICKATELLSDK>" + data, probe="spelling-cdata"),
        body(
            lambda data: b'<?xml-stylesheet href="x.xsl"?><?xml-model href="x.rng"?>' + data,
            probe="spelling-comments",
        ),
    )
    yield Row("spelling-answered-with-a-doctype", declared, "ENV-09 REQ-05")
    yield Row("malformed-let-through-in-a-body", says(SUCCESS, probe="malformed-surrogate"), "REQ-04")
    extra = swap("<Timestamp>", "<Extra/><Timestamp>", probe="spelling-cdata")
    yield Row("spelling-answered-with-more", extra, "ENV-02 ENV-08 REQ-05")


def hostile_rows() -> Iterator[Row]:
    trace = b"Traceback (most recent call last)"
    yield Row("hostile-success", says(SUCCESS, probe="hostile-entity-as-action"), "HYG-12")
    yield Row("hostile-5xx", status(500, probe="hostile-external-dtd"), "REQ-07 HYG-02")
    late = "no answer within 10 s"
    yield Row("hostile-lost", lost("timeout", late, "hostile"), "REQ-07", "HYG-12")
    yield Row("hostile-one-lost", lost("timeout", late, probe="hostile-external-dtd"), "REQ-07")
    reset = lost("reset", "the connection was reset", probe="hostile-external-dtd")
    yield Row("hostile-one-reset", reset, "", "REQ-07")
    hung_up = lost("closed", "closed without an answer", probe="hostile-external-dtd")
    yield Row("hostile-one-hung-up-on", hung_up, "HYG-10")
    yield Row("hostile-trace", says(trace, probe="hostile-external-dtd"), "REQ-07 HYG-05")
    success_too = error("999").replace(b"<Timestamp>", b"<Result>Success</Result><Timestamp>")
    yield Row("hostile-with-two-results", says(success_too, probe="hostile-external-dtd"), "HYG-12")
    yield Row("fetched", lambda evidence: replace(evidence, canary=2), "REQ-07")
    yield Row("cannot-see-a-fetch", lambda evidence: replace(evidence, canary=None), "", "REQ-07")


def envelope_rows() -> Iterator[Row]:
    for count in (2, 5, 6):
        more = "".join(f"<E{number}/>" for number in range(count))
        yield Row(f"{count}-schema-errors", swap("<Timestamp>", f"{more}<Timestamp>"), "ENV-02 ENV-08")
    for code, fault in ((299, "ENV-01"), (300, "HYG-11")):
        page = both(says(b"<p>Sorry"), status(code))
        opens = f"{NO_LIST} REQ-02 ENV-09 HYG-0[34]" + (" ENV-01" if code == 300 else "")
        yield Row(f"a-broken-page-with-{code}", page, f"REQ-01 {fault}", opens)
    not_well_formed = {
        "cut-short": swap("</ClICKATELLSDK>", ""),
        "bare-ampersand": swap("HTTP GET", "HTTP & GET"),
        "two-roots": body(lambda data: data + data),
        "text-after": body(lambda data: data + b"done"),
        "white-space-before-the-declaration": prefixed(b'\n<?xml version="1.0"?>'),
        "forbidden-character": swap("HTTP GET", "HTTP\x01GET"),
        "undeclared-entity": swap("HTTP GET", "HTTP&nbsp;GET"),
        "not-utf-8": body(lambda data: data.replace(b"HTTP GET", b"HTTP \xff GET")),
        "not-what-it-declares": prefixed(b'<?xml version="1.0" encoding="UTF-16"?>'),
        "beyond-ascii": both(swap("XML GET", "XML GÉT"), prefixed(b'<?xml version="1.0" encoding="US-ASCII"?>')),
        "xml-1.1": prefixed(b'<?xml version="1.1"?>'),
    }
    for name, change in not_well_formed.items():
        yield Row(name, change, "ENV-01 ENV-02", UNREADABLE)
    roots = {
        "root-in-capitals": body(lambda data: data.replace(b"ClICKATELLSDK", b"CLICKATELLSDK")),
        "root-of-another-name": body(lambda data: data.replace(b"ClICKATELLSDK", b"response")),
        "namespace": swap("<ClICKATELLSDK>", '<ClICKATELLSDK xmlns="urn:x">'),
        "prefix": body(
            lambda data: data.replace(b"<ClICKATELLSDK", b'<p:ClICKATELLSDK xmlns:p="urn:x"').replace(
                b"</ClICK", b"</p:ClICK"
            )
        ),
    }
    for name, change in roots.items():
        yield Row(name, change, "ENV-02 ENV-03")
    yield Row("no-timestamp", without("Timestamp"), "ENV-02 ENV-04", "TIM-0[1-4]")
    yield Row("no-result", without("Result"), "ENV-02 ENV-04", "ENV-06")
    yield Row("no-action", without("Action"), "ENV-02 ENV-04", "ENV-05")
    yield Row("result-twice", swap("<Values>", "<Result>Success</Result><Values>"), "ENV-02 ENV-04")
    yield Row("action-last", exchanged("Action", "Timestamp"), "ENV-02 ENV-04 ENV-05 TIM-01", NO_TIME)
    yield Row("renamed-timestamp", renamed("Timestamp", "timestamp"), "ENV-02 ENV-04")
    yield Row("renamed-values", renamed("Values", "List"), "ENV-02 ENV-04", "ENV-07")
    for text in ("get_list_country", " get_list_callback", ""):
        change = swap("<Action>get_list_callback<", f"<Action>{text}<")
        yield Row(f"action-{text!r}", change, "ENV-02 ENV-05")
    for text in ("success", "OK", "Success ", ""):
        yield Row(f"result-{text!r}", swap("<Result>Success<", f"<Result>{text}<"), "ENV-02 ENV-06")
    yield Row("pair-without-type", swap("<callback_type>XML GET</callback_type>", ""), "ENV-02 ENV-07")
    yield Row("pair-without-id", swap("<callback_type_id>3</callback_type_id>", ""), "ENV-02 ENV-07")
    pair = "<callback_type_id>3</callback_type_id>", "<callback_type>XML GET</callback_type>"
    yield Row("pair-turned-round", exchanged(*pair), "ENV-02 ENV-07")
    yield Row("id-twice", swap(pair[0], pair[0] * 2), "ENV-02 ENV-07")
    yield Row("no-pairs", without("Value"), "ENV-02 ENV-07", NO_PAIRS)
    yield Row("renamed-value", renamed("Value", "Item"), "ENV-02 ENV-07")
    yield Row("renamed-id", renamed("callback_type_id", "id"), "ENV-02 ENV-07", "CBK-0[1234] CBK-10")
    yield Row("no-types", without("callback_type"), "ENV-02 ENV-07", "CBK-0[345678]")
    yield Row("no-ids", without("callback_type_id"), "ENV-02 ENV-07", "CBK-0[1234] CBK-10")
    yield Row("no-type-of-0", swap("<callback_type>HTTP GET</callback_type>", ""), "ENV-02 ENV-07", "CBK-03")
    undocumented = {
        "element": swap("<Timestamp>", "<Extra>1</Extra><Timestamp>"),
        "element-in-a-value": swap("</Value>", "<note/></Value>"),
        "attribute": swap("<Values>", '<Values count="6">'),
        "attribute-on-a-leaf": swap("<callback_type>XML", '<callback_type lang="en">XML'),
        "text": swap("<Values>", "<Values>six:"),
        "text-at-the-end": swap("</Values>", "</Values>bye"),
        "schema-location": swap(
            "<ClICKATELLSDK>",
            '<ClICKATELLSDK xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b">',
        ),
    }
    for name, change in undocumented.items():
        yield Row(f"undocumented-{name}", change, "ENV-02 ENV-08")
    yield Row("undocumented-markup", swap("HTTP GET", "HTTP <b>GET</b>"), "ENV-02 ENV-08", "CBK-03 CBK-05")
    for name, identifier in {"of-no-name": "0", "of-one-name": "v"}.items():
        change = body(lambda data, to=identifier: data.replace(b"<Value>", f'<Value xml:id="{to}">'.encode()))
        yield Row(f"undocumented-xml-id-{name}", change, "ENV-02 ENV-08")
    yield Row("schema-of-an-editor", prefixed(b'<?oxygen RNGSchema="c.rng"?>'), "ENV-09")
    yield Row("doctype", prefixed(b"<!DOCTYPE ClICKATELLSDK SYSTEM 'x.dtd'>"), "ENV-09")
    yield Row("stylesheet", prefixed(b'<?xml-stylesheet href="x.xsl"?><?xml-model href="x.rng"?>'), "ENV-09")


def pair_rows() -> Iterator[Row]:
    for text in (
        "03",
        " 3",
        "3 ",
        "+3",
        "-3",
        "3.0",
        "1_0",
        "three",
        "٣",
        "３",
        "",
    ):  # Arabic-Indic, full width
        yield Row(f"id-{text!r}", swap("_id>3<", f"_id>{text}<"), "CBK-01 ENV-02")
    yield Row("id-00", swap("_id>0<", "_id>00<"), "CBK-01 ENV-02", "CBK-03")
    yield Row("one-id-for-two", swap("_id>3<", "_id>2<"), "CBK-02 ENV-02")
    for text in ("HTTP Get", "SMPP GET"):
        advice = " CBK-07" if text == "HTTP Get" else ""
        yield Row(f"0-is-{text}", swap("HTTP GET", text), f"CBK-03{advice}")
    yield Row("no-0", swap("_id>0<", "_id>00<".replace("00", "9")), "CBK-03 CBK-10")
    yield Row("6-in-another-case", swap("SOAP POST", "SOAP Post"), "CBK-04 CBK-07")
    yield Row("no-6", swap("_id>6<", "_id>7<"), "CBK-04")
    yield Row("0-and-6-exchanged", exchanged("HTTP GET", "SOAP POST"), "CBK-03 CBK-04")
    for text in ("XML  GET", " XML GET", "XML GET ", "XML GET\n", "XML\u00a0 GET", "\u3000XML GET", ""):
        yield Row(f"type-{text!r}", swap("XML GET", text), "CBK-05 ENV-02")
    yield Row("padded-type-of-0", swap("HTTP GET", "HTTP GET "), "CBK-05 ENV-02", "CBK-03")
    yield Row("one-type-for-two", swap("XML GET", "SOAP GET"), "CBK-06")
    for text in ("SMTP", "XML get", "XMLGET"):
        yield Row(f"method-{text}", swap("XML GET", text), "CBK-07")
    yield Row("http-post-in-markup", swap("HTTP POST", "HTTP <b>POST</b>"), "ENV-02 ENV-08", "CBK-08")
    yield Row("http-post-emptied", swap("HTTP POST", ""), "CBK-05 ENV-02", "CBK-08")
    yield Row("no-http-post", swap("HTTP POST", "WAP POST"), "CBK-08")
    yield Row("another-list-over-a-binding", swap("XML GET", "XML2 GET", "bindings"), "CBK-09")
    twice = body(lambda data: re.sub(rb"(<Value>.*?</Value>)", rb"\1\1", data, count=1, flags=re.DOTALL), "bindings")
    yield Row("a-pair-twice-over-a-binding", twice, "CBK-02 CBK-09 ENV-02")
    yield Row("another-list-to-other-ears", REREAD, "CBK-09")
    yield Row("another-list-beside-another-call", both(says(OTHER_CALL, probe="documented-3"), LISTED_OTHERWISE),
              "CBK-09 REQ-02")  # fmt: skip
    yield Row("another-list-once", swap("XML GET", "XML2 GET", probe="documented-5"), "CBK-09")
    yield Row("not-ascending", exchanged("_id>2<", "_id>3<"), "CBK-10")


def time_rows() -> Iterator[Row]:
    forms = {
        "milliseconds": lambda e: int(e.started * 1000),
        "iso-8601": lambda _: "2026-01-01T00:00:00Z",
        "sign": lambda e: f"+{int(e.started)}",
        "padding": lambda e: f" {int(e.started)}",
        "fraction": lambda e: f"{e.started:.1f}",
        "leading-zero": lambda e: f"0{int(e.started)}",
        "full-width": lambda e: str(int(e.started)).replace("0", "０"),
        "nothing": lambda _: "",
    }
    for name, form in forms.items():
        yield Row(f"timestamp-{name}", timestamps(form), "TIM-01 ENV-02", NO_TIME)
    yield Row("timestamp-zero", timestamps(lambda _: 0), "TIM-01 TIM-02 TIM-04 ENV-02")
    yield Row("an-hour-ahead", timestamps(lambda e: int(e.started) + 3600), "TIM-02")
    yield Row("just-too-old", timestamps(lambda e: int(e.started) - 302), "TIM-02")
    yield Row("just-young-enough", timestamps(lambda e: int(e.started) - 300), "")
    yield Row("once-back", timestamps(lambda e: int(e.started) - 10, probe="documented-last-2"), "TIM-03")
    yield Row("stands-still", timestamps(lambda _: int(BEGAN)), "TIM-04")
    yield Row("stands-still-once-elsewhere", timestamps(lambda _: int(BEGAN), probe="spelling-cdata"), "")
    errors = (*IN_STATE, "claim-009", *REFUSED)
    no_timestamp = body(lambda data: re.sub(rb"<Timestamp>.*</Timestamp>", b"", data), *errors)
    yield Row("errors-without-timestamp", no_timestamp, "TIM-05")
    yield Row("errors-in-milliseconds", timestamps(lambda e: int(e.started * 1000), *errors), "TIM-05")


def https_rows() -> Iterator[Row]:
    left_open = "ERR-009-envelope ERR-009-message ERR-009-stable"
    open_door = "TLS-01 TLS-02 ERR-009-code ERR-009-data"
    yield Row("plain-http-open", says(SUCCESS, *PLAIN), open_door, f"TLS-04 {left_open}")
    values = SUCCESS.replace(b"Success", b"Error")
    yield Row("plain-http-lists", says(values, *PLAIN), open_door, f"TLS-04 {left_open}")
    yield Row("plain-http-open-for-a-form", says(SUCCESS, probe="plain-form-xml"), f"{open_door} ERR-009-stable")
    yield Row("plain-http-open-for-a-post", says(SUCCESS, "form-009"), "TLS-01")
    yield Row("plain-http-takes-no-post", both(says(b"", "form-009"), status(405, "form-009")), "")
    redirect = both(says(b"", *PLAIN), status(301, *PLAIN), header("Location", "https://staging.example.com/", *PLAIN))
    yield Row("plain-http-redirects", redirect, "TLS-02", "ERR-009-*")
    yield Row(
        "plain-http-says-999",
        says(error("999"), *PLAIN),
        "TLS-02 ERR-009-code",
        "ERR-009-message ERR-009-stable",
    )
    listed = {
        "json": b'[{"callback_type_id": 0, "callback_type": "HTTP GET"}]',
        "json-of-pairs": b'{"Values": [{"0": "HTTP GET"}, {"6": "SOAP POST"}]}',
        "html": b"<html><br><td>0</td><td>HTTP GET</td><td>6</td><td>SOAP POST</td></html>",
        "xhtml": b"<html><td>HTTP GET</td><td>0</td><td>SOAP POST</td><td>6</td></html>",
    }
    for name, content in listed.items():
        yield Row(f"plain-http-lists-as-{name}", says(content, *PLAIN), "TLS-01 TLS-02", "TLS-04 ERR-009-*")
    yield Row("plain-http-names-methods", says(b"<html>HTTP GET, 6 times SOAP POST</html>", *PLAIN), "TLS-02",
              "ERR-009-*")  # fmt: skip
    claimed = says(listed["json"], probe="plain-claim-others-query-xml")
    yield Row("a-claim-opens-a-list-as-json", claimed, "TLS-04")
    success_too = swap("<Timestamp>", "<Result>Success</Result><Timestamp>", *PLAIN)
    yield Row("plain-http-says-success-too", success_too, "TLS-01 ERR-009-data ERR-009-envelope", "TLS-04")
    detail = swap("<Timestamp>", "<Detail><Value>192.0.2.7</Value></Detail><Timestamp>", "state-009")
    yield Row("plain-http-with-a-value", detail, "TLS-01 ERR-009-envelope")
    yield Row("plain-http-says-html", says(b"<html/>", *PLAIN), "TLS-02", "ERR-009-*")
    nowhere = both(says(b"", *PLAIN), status(308, *PLAIN), header("Content-Type", "", *PLAIN))
    yield Row("plain-http-redirects-nowhere", nowhere, "TLS-02", "ERR-009-*")
    untyped = both(says(b"<html/>", *PLAIN), header("Content-Type", "", *PLAIN))
    yield Row("plain-http-says-something", untyped, "TLS-02", "ERR-009-*")
    beside = error("999").replace(b"</Result>", b"</Result><Hint>009</Hint>")
    yield Row(
        "plain-http-says-999-beside-009",
        says(beside, *PLAIN),
        "TLS-02 ERR-009-code ERR-009-envelope",
        "ERR-009-stable ERR-009-message",
    )
    two = error("999").replace(b"</Description>", b"</Description><Error>998</Error><Description>x</Description>")
    yield Row(
        "plain-http-says-999-and-998",
        says(two, *PLAIN),
        "TLS-02 ERR-009-code ERR-ANY",
        "ERR-009-stable ERR-009-message",
    )
    unserved = both(
        says(error("999"), "bindings"),
        says(error("999"), probe="plain-form-xml"),
        says(error("999"), probe="stand-in-form-xml"),
    )
    yield Row("plain-http-of-a-binding-that-is-not-served", unserved, "")
    for kind in ("dns", "timeout", "unreachable"):
        yield Row(f"plain-http-{kind}", lost(kind, "no answer", *PLAIN), "", "TLS-0[124] ERR-009-*")
    yield Row("plain-http-hung-up", lost("closed", "closed", *PLAIN), "HYG-10", "TLS-02 ERR-009-*")
    once = lost("closed", "closed without an answer", "state-009", "form-009")
    yield Row("plain-http-hung-up-without-a-claim", once, "HYG-10", "TLS-0[12] ERR-009-*")
    yield Row("https-refused-as-plain", says(error("009")), "TLS-03 REQ-02", NO_LIST.replace("TLS-03", ""))
    yield Row("plain-http-refused", lost("refused", "refused", *PLAIN), "", "TLS-02 ERR-009-*")
    unseen = "CBK-* ENV-* ERR-00[478]-* ERR-999-* HYG-01 HYG-0[346789] HYG-1[12] REQ-* TIM-0[1-4] TLS-05"
    for kind in ("certificate", "no-tls"):
        yield Row(kind, lost(kind, "the certificate does not verify", *HTTPS), "TLS-03", unseen)
    another = lost("certificate", "the certificate does not verify", probe="action-unknown")
    yield Row("one-certificate-of-several", another, "TLS-03")
    nobody = lost("refused", "refused", *HTTPS, *PLAIN)
    yield Row("nobody-listens", nobody, "", "*")
    for claim in ("others", "forwarded", "x-forwarded-proto"):
        yield Row(f"opened-by-{claim}", says(SUCCESS, probe=f"plain-claim-{claim}-query-xml"), "TLS-04")
    facts = {
        "tls-1.1": {"version": "TLSv1.1"},
        "about-to-expire": {"expires": BEGAN + 86_400},
        "expires-in-less-than-a-fortnight": {"expires": BEGAN + 14 * 86_400 - 0.01},
    }
    for name, fact in facts.items():
        change = each(lambda e, fact=fact: replace(e, tls=replace(e.tls, **fact)), "documented")
        yield Row(name, change, "TLS-05")
    old = (Handshake("TLS 1.0", True), Handshake("TLS 1.1", True))
    yield Row("old-tls-twice", lambda e: replace(e, handshakes=old), "TLS-05")
    yield Row("old-tls", lambda e: replace(e, handshakes=(Handshake("TLS 1.0", True),)), "TLS-05")


def error_rows() -> Iterator[Row]:
    for code in CODES:
        states = PLAIN if code == "009" else (f"state-{code}",)
        message = CONTRACT.errors[code].message
        too = " TLS-02" if code == "009" else ""
        name = f"ERR-{code}"
        other = "007" if code != "007" else "004"
        yield Row(f"{code}-998", swap(f">{code}<", ">998<", *states), f"{name}-code ERR-ANY{too}", f"{name}-stable")
        unpadded = swap(f">{code}<", f">{int(code)} <", *states)
        yield Row(f"{code}-unpadded", unpadded, f"{name}-code ERR-ANY{too}", f"{name}-stable")
        yield Row(
            f"{code}-{other}",
            says(error(other), *states),
            f"{name}-code{too}",
            f"{name}-message {name}-stable",
        )
        yield Row(f"{code}-message-longer", swap(message, f"{message}.", *states), f"{name}-message")
        yield Row(f"{code}-message-upper", swap(message, message.upper(), *states), f"{name}-message")
        no_message = body(lambda data: re.sub(rb"<Description>.*</Description>", b"", data), *states)
        yield Row(f"{code}-no-message", no_message, f"{name}-message {name}-envelope")
        too = " TLS-01" if code == "009" else ""
        item = "<Values><Value/></Values><Timestamp>"
        left_open = f"{name}-envelope" + (" TLS-04" if code == "009" else "")
        yield Row(f"{code}-list", swap("<Timestamp>", item, *states), f"{name}-data{too}", left_open)
        for word, new in (("Result>Error", "Result>Failed"), ("Action>get_list_callback", "Action>x")):
            yield Row(f"{code}-{new}", swap(word, new, *states), f"{name}-envelope")
    for code in PROVISIONED:
        name, left_open = f"ERR-{code}", f"ERR-{code}-envelope ERR-{code}-message ERR-{code}-stable"
        yield Row(f"{code}-success", says(SUCCESS, f"state-{code}"), f"{name}-code {name}-data", left_open)
        html = says(b"<html/>", f"state-{code}")
        yield Row(f"{code}-html", html, f"{name}-code", f"{name}-data {left_open}")
        once = says(SUCCESS, probe=f"state-{code}-3")
        yield Row(f"{code}-comes-and-goes", once, f"{name}-code {name}-data {name}-stable")
        lost_then = lost("timeout", "no answer within 10 s", probe=f"after-{code}")
        yield Row(f"{code}-no-answer-afterwards", lost_then, "", f"{name}-stable")
        yield Row(f"{code}-stays", says(error(code), probe=f"after-{code}"), f"{name}-stable")
        page = both(says(b"<html/>", probe=f"state-{code}-3"), status(403, probe=f"state-{code}-3"))
        yield Row(f"{code}-once-as-a-page", page, f"{name}-code {name}-stable")
        success_too = swap("<Timestamp>", "<Result>Success</Result><Timestamp>", f"state-{code}")
        yield Row(f"{code}-with-two-results", success_too, f"{name}-data {name}-envelope")
    blocked, name, state = BLOCKED, "ERR-004", "state-004"
    for code, left_open in (("007", ""), ("998", " ERR-ANY")):
        for other in ("Aaa", "zzz"):
            change = both(swap(">004<", f">{code}<", state), body(lambda data, other=other: data.replace(
                blocked.encode(), other.encode()), state))  # fmt: skip
            yield Row(f"004-{code}-{other}", change, f"{name}-code {name}-message{left_open}", f"{name}-stable")
    no_code = body(lambda data: re.sub(rb"<Error>.*</Error>", b"", data).replace(blocked.encode(), b"x"), state)
    yield Row("004-neither-code-nor-message", no_code, f"{name}-code {name}-message {name}-envelope ERR-ANY",
              f"{name}-stable")  # fmt: skip
    twice_wrong = both(swap("Result>Error", "Result>Failed", state), swap("Action>get_list", "Action>x", state))
    yield Row("004-twice-wrong", twice_wrong, f"{name}-envelope")
    for codes in (("999", "008"), ("004", "008"), ("008", "004"), ("008", "999")):
        yield Row(f"008-among-{codes}", says(errors(*codes), "state-008"), "")
    for codes in (("004", "999"), ("999", "004")):
        left_open = "ERR-008-message ERR-008-stable"
        yield Row(f"008-not-among-{codes}", says(errors(*codes), "state-008"), "ERR-008-code", left_open)
    wrong = errors("999", "004").replace(b">999<", b">123<").replace(b">004<", b">124<")
    yield Row("two-undocumented-codes", says(wrong, probe="action-number"), "ERR-ANY")
    yield Row(
        "a-list-behind-an-error",
        says(error("007") + SUCCESS, probe="state-007-2"),
        "ENV-01 ENV-02 ERR-007-code ERR-007-data ERR-007-stable",
    )
    yield Row("an-undocumented-code", swap(">999<", ">123<", probe="action-number"), "ERR-ANY")


def shape_rows() -> Iterator[Row]:
    for name, text in ODD_SHAPES.items():
        yield Row(f"004-{name}", shaped(text, "state-004"), "ERR-004-envelope")
    for name, (text, fails) in ODD_SAYINGS.items():
        undocumented = " ERR-ANY" if "code" in name else ""
        yield Row(
            f"004-{name}",
            shaped(text, "state-004"),
            f"{fails} ERR-004-envelope{undocumented}",
            "ERR-004-stable",
        )
    for name, text in (("upper", BLOCKED.upper()), ("dotted", f"{BLOCKED}.")):
        change = shaped(f'<Error code="004" message="{text}"/>', "state-004")
        yield Row(f"004-message-{name}-as-attribute", change, "ERR-004-message ERR-004-envelope")
        change = shaped(f"<Error>004</Error><Description>{text}</Description><Hint>{BLOCKED}</Hint>", "state-004")
        yield Row(f"004-message-{name}-beside-a-hint", change, "ERR-004-message ERR-004-envelope")
    list_beside = "<Values><Value><callback_type_id>0</callback_type_id></Value></Values><Timestamp>"
    yield Row("004-a-pair", swap("<Timestamp>", list_beside, "state-004"), "ERR-004-data",
              "ERR-004-envelope")  # fmt: skip


INTERNALS = {
    "dot-net": "System.Xml.XmlException: DTD is prohibited",
    "perl": "not well-formed at /srv/sdk/XML/Parser.pm line 187.",
    "perl-without-a-dot": "not well-formed at lib/Parser.pm line 187",
    "php": "mismatch in /srv/sdk/Parser.php on line 211",
    "asp": "msxml3.dll error",
    "vbscript": "Microsoft VBScript runtime error",
    "java": "org.xml.sax.SAXParseException; lineNumber: 4",
    "java-features": "DOCTYPE is disallowed by http://apache.org/xml/features/disallow-doctype-decl",
    "dot-net-settings": "set the DtdProcessing property on XmlReaderSettings to Parse",
    "dot-net-frame": "at Sdk.Read() in /srv/sdk/Reader.cs:line 118",
    "python": "defusedxml.common.EntitiesForbidden: e",
    "python-error": "xml.etree.ElementTree.ParseError: undefined entity",
    "ruby": "REXML::ParseException: entity expansion",
    "php-function": "DOMDocument::loadXML() expects a string",
    "node": "at parse (/srv/sdk/parser.js:118:9)",
    "node-error": "Cannot read properties of undefined (reading 'action')",
    "go": "goroutine 17 [running]",
    "libxml": "Entity 'e' not defined (libxml2)",
}


def hygiene_rows() -> Iterator[Row]:
    yield Row("success-with-199", status(199, "documented"), "HYG-01")
    yield Row("success-with-300", status(300, "documented"), "HYG-01 HYG-11")
    yield Row("success-with-304", status(304, "documented"), "HYG-01")
    yield Row("success-with-404", status(404, "documented"), "HYG-01")
    yield Row("a-server-error", status(500, probe="action-number"), "HYG-02")
    yield Row("no-media-type", header("Content-Type", "", "documented"), "HYG-03")
    yield Row("text-html", header("Content-Type", "text/html", "documented"), "HYG-03")
    for charset in ("iso-8859-1", "utf-16", "none-such", "x-sjis", "ansi"):
        labelled = header("Content-Type", f"text/xml; charset={charset}", "documented")
        yield Row(charset, both(prefixed(b'<?xml version="1.0" encoding="utf-8"?>'), labelled), "HYG-04")
    for charset in ("utf-16", "none-such"):
        labelled = header("Content-Type", f"text/xml; charset={charset}", "documented")
        yield Row(f"{charset}-undeclared", labelled, "HYG-04")
    trace = "Unknown error: at a.b.C(D.java:12)"
    for name, text in INTERNALS.items():
        yield Row(f"internals-of-{name}", swap("Unknown error", text, probe="action-number"), "HYG-05")
    yield Row("internals", swap("Unknown error", trace, probe="action-number"), "HYG-05")
    yield Row("internals-in-a-header", header("X-Debug", trace, probe="action-number"), "HYG-05")
    yield Row("named-software", header("X-Powered-By", f"PHP/5.3 {'x' * 90}", probe="action-number"), "HYG-05")
    yield Row("cookie", header("Set-Cookie", "a=b", "documented"), "HYG-06")
    kept = ("Max-Age=60", "max-age=060", 'max-age="60"', "max-age=60, max-age=0", "max-age=0, s-maxage=60")
    fields_only = ('no-cache="Set-Cookie"', 'private="a, no-store"')
    for policy in ("max-age=60", "public", "", "s-maxage=0", *kept, *fields_only):
        yield Row(f"cache-{policy}", header("Cache-Control", policy, "documented"), "HYG-07")
    yield Row("slow", each(lambda e: replace(e, finished=e.finished + 5), probe="documented-5"), "HYG-08")
    for field in ("X-Content-Type-Options", "Strict-Transport-Security"):
        yield Row(f"no-{field}", header(field, "", "documented"), "HYG-09")
    yield Row("lost", lost("closed", "closed without an answer", probe="documented-5"), "HYG-10", "REQ-01")
    short = each(lambda e: replace(e, answer=replace(e.answer, unread="cut short")), probe="action-number")
    yield Row("cut-short-on-the-wire", short, "HYG-10")
    broken = each(lambda e: replace(e, answer=replace(e.answer, broken="gzip ends early")), probe="action-number")
    yield Row("coding-broken", broken, "HYG-10")
    yield Row("malformed-head", lost("malformed", "no status line", probe="action-number"), "HYG-10")
    yield Row("refreshed", header("Refresh", "0; url=/x", probe="action-number"), "HYG-11")
    both_missing = both(header("X-Content-Type-Options", "", "documented"),
                        header("Strict-Transport-Security", "", "documented"))  # fmt: skip
    yield Row("no-security-headers", both_missing, "HYG-09")
    redirect = both(status(302, probe="action-number"), header("Location", "https://x/", probe="action-number"))
    yield Row("redirect", redirect, "HYG-11")


# Every envelope counts, whatever it answers: each of these is wrong in one answer alone.
ELSEWHERE = ("spelling-spaces", "binding-form-xml", "binding-body-xml", "after-007", "documented-last-1")
DAMAGE: dict[str, tuple[str, str, str]] = {
    "result": ("<Result>Success", "<Result>success", "ENV-06"),
    "root": ("ClICKATELLSDK", "CLICKATELLSDK", "ENV-03"),
    "attribute": ("<Values>", '<Values n="6">', "ENV-08"),
    "id": ("_id>3<", "_id>03<", "CBK-01"),
    "type": ("XML GET", "XML  GET", "CBK-05"),
    "time": ("<Timestamp>", "<Timestamp>+", "TIM-01"),
}


def everywhere_rows() -> Iterator[Row]:
    for probe in ELSEWHERE:
        spelled = " REQ-05" if probe.startswith("spelling") else ""
        for name, (old, new, requirement) in DAMAGE.items():
            edit = body(lambda data, old=old, new=new: data.replace(old.encode(), new.encode()), probe=probe)
            listed = (
                " CBK-09" if requirement.startswith("CBK") and not probe.startswith(("spelling", "control")) else ""
            )
            yield Row(f"{name}-in-{probe}", edit, f"{requirement} ENV-02{listed}{spelled}")
        stale = timestamps(lambda e: int(e.started) - 3600, probe=probe)
        back = " TIM-03" if probe.startswith("documented") else ""
        yield Row(f"stale-in-{probe}", stale, f"TIM-02{back}{spelled}")
    taken = {"action-upper-case": "REQ-03", "malformed-cut-short": "REQ-04", "schema-namespace": "REQ-06"}
    for probe, refused in taken.items():
        damaged = SUCCESS.replace(b"Success", b"success")
        yield Row(f"{probe}-taken-and-damaged", says(damaged, probe=probe), f"ENV-02 ENV-06 {refused}")
    served = says(SUCCESS.replace(b"</Values>", b"<x/></Values>"), probe="plain-form-xml")
    yield Row(
        "plain-http-open-and-damaged",
        served,
        "ENV-02 ENV-08 TLS-01 TLS-02 ERR-009-code ERR-009-data ERR-009-stable",
    )
    yield Row("a-page-once", says(b"<html><p/></html>", probe="documented-last-1"), "REQ-01")
    # An answer that is a wrong refusal is no success envelope.
    beside = error("999").replace(b"Error</Result>", b"Success</Result>")
    yield Row("malformed-refused-with-success", says(beside, probe="malformed-cut-short"), "REQ-04")
    # Error envelopes
    for probe in ("action-number", "malformed-cut-short", "schema-namespace", "plain-post"):
        code = "009" if probe.startswith("plain") else "999"
        failed = swap("Result>Error", "Result>Failed", probe=probe)
        yield Row(f"{probe}-refused-in-another-shape", failed, f"ERR-{code}-envelope")
        for name, seconds in {"stale": -3600, "invented": 86_400}.items():
            when = timestamps(lambda e, by=seconds: int(e.started) + by, probe=probe)
            yield Row(f"{probe}-refused-at-a-{name}-time", when, "TIM-06")
    for code in CODES:
        said = error(code).replace(b"Result>Error", b"Result>Failed")
        yield Row(
            f"a-refusal-as-{code}-in-another-shape",
            says(said, probe="action-number"),
            f"ERR-{code}-envelope",
        )
    one = swap("Result>Error", "Result>Failed", probe="state-007-3")
    yield Row("one-answer-of-007-in-another-shape", one, "ERR-007-envelope")
    yield Row("errors-an-hour-ago", timestamps(lambda e: int(e.started) - 3600, *IN_STATE), "TIM-06")
    yield Row("errors-of-no-time", timestamps(lambda _: 1316512313, *IN_STATE, "claim-009", *REFUSED), "TIM-06")
    yield Row("one-error-an-hour-ago", timestamps(lambda e: int(e.started) - 3600, probe="state-004-2"), "TIM-06")
    for code in CODES:
        states = PLAIN if code == "009" else (f"state-{code}",)
        message = CONTRACT.errors[code].message
        pair = f"<Error>{message}</Error><Description>{code}</Description>"
        yield Row(f"{code}-error-and-description-swapped", shaped(pair, *states), f"ERR-{code}-envelope")
    twisted = shaped("<Error>Unknown error</Error><Description>999</Description>", "action")
    yield Row("refusals-swapped", twisted, "ERR-999-envelope")


MAKERS = (
    everywhere_rows,
    request_rows,
    hostile_rows,
    envelope_rows,
    pair_rows,
    time_rows,
    https_rows,
    error_rows,
    shape_rows,
    hygiene_rows,
)
ROWS = {row.name: row for make in MAKERS for row in make()}


def ids(globs: str) -> set[str]:
    found = {name: [r for r in OF_THE_PAGE if fnmatchcase(r, name)] for name in globs.split()}
    assert all(found.values()), f"a glob names nothing: {found}"
    return {name for names in found.values() for name in names}


@cache
def outcome(name: str) -> dict[str, list[CheckResult]]:
    return judged(ROWS[name].change(conforming()))


@pytest.mark.parametrize("name", ROWS)
def test_one_fault_is_one_accusation(name: str) -> None:
    results = outcome(name)
    found = {requirement: worst(r.verdict for r in told) for requirement, told in results.items()}
    assert named(found, Verdict.FAIL) == ids(ROWS[name].fails)
    assert named(found, Verdict.INCONCLUSIVE) == ids(ROWS[name].open)
    assert not named(found, Verdict.ERROR) | named(found, Verdict.NOT_APPLICABLE)
    for result in (r for several in results.values() for r in several):
        can_be_followed_up(result)
    assert told(results) == sentences()[f"[{name!a}]"], "UPDATE_SNAPSHOTS=1 accepts what reads otherwise"


def can_be_followed_up(result: CheckResult) -> None:
    """A failure says what was expected and observed, in which exchanges, and how to see it again."""
    assert bool(result.reason) == (result.verdict is not Verdict.PASS)
    if result.verdict is Verdict.FAIL:
        assert result.expected, result.id
        assert result.observed, result.id
        assert result.exchanges, result.id
        assert result.reproduce.startswith("curl "), result.id


SENTENCES = Path(__file__).parent / "snapshots" / "sentences.txt"


def told(results: dict[str, list[CheckResult]]) -> list[str]:
    """What a reader is told of everything that did not pass: each sentence once, behind the requirements it is for."""
    said: dict[str, list[str]] = {}
    for name, several in results.items():
        for r in (r for r in several if r.verdict is not Verdict.PASS):
            facts = (r.expected, r.observed, r.where, first_of(r)) if r.verdict is Verdict.FAIL else ()
            names = said.setdefault(" | ".join(filter(None, (r.verdict.value, r.reason, *facts))), [])
            names += [name] * (name not in names)
    return [f"{' '.join(names)} | {settled(sentence)}" for sentence, names in said.items()]


def settled(sentence: str) -> str:
    """One line, without the numbers that change when another probe is sent."""
    sentence = re.sub(r"\d+ of \d+ answers: ", "some answers: ", sentence)
    return re.sub(r"exchange \d+", "exchange n", sentence).replace("\n", "\\n")


def first_of(result: CheckResult) -> str:
    (title,) = [e.title for e in conforming().exchanges if e.number == result.exchanges[0]]
    return f"{title}{', and more' if result.exchanges[1:] else ''}"


@cache
def sentences() -> dict[str, list[str]]:
    if os.environ.get("UPDATE_SNAPSHOTS"):
        made = "".join("\n".join([f"[{name!a}]", *told(outcome(name)), "\n"]) for name in ROWS)
        SENTENCES.write_text(made, encoding="utf-8")
    parts = SENTENCES.read_text(encoding="utf-8").split("\n\n")
    return {lines[0]: lines[1:] for lines in (part.split("\n") for part in parts if part)}


def test_nothing_is_remembered_that_nobody_says() -> None:
    assert list(sentences()) == [f"[{name!a}]" for name in ROWS]


def test_every_requirement_is_seen_failing() -> None:
    assert {name for row in ROWS.values() for name in ids(row.fails)} == set(OF_THE_PAGE)


def test_every_check_is_seen_failing() -> None:
    """Where several stand for one requirement. A documented request without an answer stays open, never fails."""
    shared = {name: told for name, told in judged(conforming()).items() if len(told) > 1}
    waiting = {result.id for told in shared.values() for result in told}
    for row in ROWS.values():
        if any(result.id in waiting for name in ids(row.fails) & set(shared) for result in shared[name]):
            results = [r for told in outcome(row.name).values() for r in told]
            waiting -= {r.id for r in results if r.verdict is Verdict.FAIL}
    assert [name.split("::")[1].split("[")[0] for name in waiting] == ["test_every_documented_request_is_answered"]


def test_rows_have_names_of_their_own() -> None:
    assert len(ROWS) == sum(1 for make in MAKERS for _ in make())


@pytest.mark.parametrize("binding", BINDINGS)
def test_faultless_evidence_passes_whole(binding: Binding) -> None:
    found = verdicts(conforming(binding))
    assert set(found) == set(OF_THE_PAGE)
    assert set(found.values()) == {Verdict.PASS}


HARMLESS = {
    "declaration": prefixed(b"<?xml version='1.0' encoding='utf-8'?>\n"),
    "byte-order-mark": prefixed(b"\xef\xbb\xbf"),
    "cdata": swap("HTTP GET", "<![CDATA[HTTP GET]]>"),
    "character-reference": swap("HTTP GET", "HTTP&#32;&#x47;ET"),
    "comment-in-text": swap("HTTP GET", "HTTP<!-- or so --> GET"),
    "instruction-that-refers-nowhere": swap("HTTP GET", "HTTP<?php?> GET"),
    "prose-about-lines": swap(
        "<Action>", "<!-- Unknown error in line 4, or at the end of line 4.\n; an Exception on line 211 --><Action>"
    ),
    "no-white-space": body(lambda data: re.sub(rb">\s+<", b"><", data)),
    "another-pair": swap("</Values>", "<Value><callback_type_id>7</callback_type_id>"
                         "<callback_type>XMPP POST</callback_type></Value></Values>"),
    "charset-of-a-silent-document": header("Content-Type", "text/xml; charset=ISO-8859-1"),
    "charset-by-another-name": both(
        prefixed(b'<?xml version="1.0" encoding="utf-8"?>'), header("Content-Type", "text/xml; charset=UTF_8")
    ),
    "cache-age-of-nothing": header("Cache-Control", 'Public, Max-Age="0", s-maxage=0'),
    "cache-told-to-ask": header("Cache-Control", "private, No-Cache"),
    "security-headers-in-other-case": both(
        header("Strict-Transport-Security", "includeSubDomains; Max-Age=300"),
        header("X-Content-Type-Options", " NoSniff"),
    ),
    "no-charset": header("Content-Type", "application/xml"),
    "charset-of-a-subset": header("Content-Type", "text/xml; charset=us-ascii"),
    "no-date": header("Date", ""),
    "just-a-fortnight-left": each(
        lambda e: replace(e, tls=replace(e.tls, expires=e.started + 14 * 86_400)), "documented"
    ),
    "no-expiry-seen": each(lambda e: replace(e, tls=replace(e.tls, expires=None)), "documented"),
    "success-with-299": status(299, "documented"),
    "errors-with-499": status(499, *REFUSED),
    "just-in-time": each(lambda e: replace(e, finished=e.started + 2.0), probe="documented-5"),
    "within-the-tolerance": timestamps(lambda e: int(e.started) + 299),
    "other-envelopes-for-errors-of-ours": status(400, *REFUSED),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMLESS)
def test_what_means_the_same_is_not_accused(name: str) -> None:
    assert set(verdicts(HARMLESS[name](conforming())).values()) == {Verdict.PASS}


def test_utf_16_is_read() -> None:
    wide = both(
        body(lambda data: ('<?xml version="1.0" encoding="UTF-16"?>' + data.decode()).encode("utf-16")),
        header("Content-Type", "text/xml; charset=utf-16"),
    )
    assert set(verdicts(wide(conforming())).values()) == {Verdict.PASS}


def test_both_clocks_wrong_by_the_same_is_no_fault_of_the_timestamp() -> None:
    """Where Date shows that the server's clock differs, the server's clock is the reference."""
    everywhere = {e.purpose.label for e in conforming().exchanges}
    ahead = timestamps(lambda e: int(e.started) + 7200)(conforming())
    assert named(verdicts(ahead), Verdict.FAIL) == {"TIM-02"}
    dated = each(lambda e: replace(e, answer=answer(e.answer.body, e.started + 7200)), *everywhere)(ahead)
    assert verdicts(dated)["TIM-02"] is Verdict.PASS


def test_a_call_lost_once_and_answered_when_sent_again_is_answered() -> None:
    """That a connection was announced as kept and closed all the same is another matter, and advisory."""
    evidence = conforming()
    first = evidence.exchanges[3]
    gone = replace(first, number=1000, answer=None, reused=True, loss=Loss("closed", "closed without an answer"))
    found = verdicts(replace(evidence, exchanges=(*evidence.exchanges, gone)))
    assert named(found, Verdict.FAIL) == {"HYG-10"}
    assert set(found.values()) == {Verdict.PASS, Verdict.FAIL}


# Interpretations


def accepting(evidence: Evidence, *names: str) -> Evidence:
    return replace(evidence, accept=names)


def test_an_accepted_root_is_said_where_it_counted() -> None:
    evidence = accepting(ROWS["root-in-capitals"].change(conforming()), "I-01")
    results = judged(evidence)
    assert {r.verdict for told in results.values() for r in told} == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert {name for name, told in results.items() for r in told if "I-01" in r.interpretations} >= {
        "ENV-02",
        "ENV-03",
    }


def test_an_accepted_message_is_said_where_it_counted() -> None:
    disabled = swap("Connect API established", "Connect API disabled", "state-008")(conforming())
    assert named(verdicts(disabled), Verdict.FAIL) == {"ERR-008-message"}
    results = judged(accepting(disabled, "I-04"))
    assert {r.verdict for told in results.values() for r in told} == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert {name for name, told in results.items() for r in told if r.interpretations} == {"ERR-008-message"}


def test_an_interpretation_that_nothing_leaned_on_is_not_named() -> None:
    results = judged(accepting(conforming(), "I-01", "I-04", "I-09"))
    assert not [r.id for told in results.values() for r in told if r.interpretations]


RECORDING = (CONTRACT.call.request_sample.with_name("recording-2013.xml")).read_bytes()


def recording() -> Evidence:
    """The answer of 2013 as if it had been given during a whole run."""
    said = RECORDING.replace(b"1357662097", b"1316512313")
    return says(said, "documented", "control", "bindings", "printed", "spelling")(conforming())


def test_the_recording_is_judged_as_the_register_says() -> None:
    found = verdicts(recording())
    assert named(found, Verdict.FAIL) == {"ENV-02", "ENV-03", "CBK-03", "CBK-04", "CBK-07", "CBK-08"}
    assert set(found.values()) == {Verdict.PASS, Verdict.FAIL}


def test_the_recording_conforms_under_two_interpretations() -> None:
    evidence = accepting(recording(), "I-01", "I-09")
    report = assemble(judgements(evidence), evidence, CONTRACT, Terms(level="should"))
    assert report.verdict is Claim.CONFORMING
    assert report.exit_code == 0
    leaning = {r.id: r.interpretations for r in report.requirements if r.interpretations}
    assert leaning["ENV-03"] == leaning["ENV-02"] == ("I-01",)
    assert leaning["CBK-03"] == leaning["CBK-04"] == leaning["CBK-07"] == leaning["CBK-08"] == ("I-09",)


# Instability


@pytest.mark.parametrize("place", ["documented-1", "documented-9", "documented-last-2"])
def test_one_bad_answer_among_many_is_told(place: str) -> None:
    results = judged(swap("<Result>Success<", "<Result>SUCCESS<", probe=place)(conforming()))
    (told,) = [r for r in results["ENV-06"] if r.verdict is Verdict.FAIL]
    answers = re.match(r"1 of (\d+) answers: ", told.reason)
    assert answers
    assert int(answers[1]) > len(conforming().of(Kind.DOCUMENTED))  # every success envelope counts
    assert len(told.exchanges) == 1


def test_checks_are_many() -> None:
    assert len(checks()) > 40


# Few answers, and bounds


def only(evidence: Evidence, *probes: str) -> Evidence:
    return replace(evidence, exchanges=tuple(e for e in evidence.exchanges if e.probe in probes))


@pytest.mark.parametrize("requirement", ["CBK-09", "TIM-03"])
def test_two_answers_are_enough_to_compare_and_one_is_not(requirement: str) -> None:
    calls = "documented-1", "documented-last-1"
    assert verdicts(only(conforming(), *calls))[requirement] is Verdict.PASS
    (alone,) = judged(only(conforming(), calls[0]))[requirement]
    assert (alone.verdict, alone.reason[:15]) == (Verdict.INCONCLUSIVE, "fewer than two ")
    others = swap("XML GET", "XML2 GET", probe=calls[1])(conforming())
    (result,) = judged(only(others, *calls))["CBK-09"]
    assert result.verdict is Verdict.FAIL
    first, second = (e.number for e in only(others, *calls).exchanges)
    assert (result.exchanges, result.expected) == ((second, first), f"the 6 pairs of exchange {first}")


def two_calls(begin: float, seconds: int) -> Evidence:
    """A call, and one that begins some time after its begin, with a Timestamp that many seconds later."""
    first, second = only(conforming(), "documented-1", "documented-2").exchanges
    later = replace(first, number=second.number, started=BEGAN + begin, finished=BEGAN + begin + 0.125)
    first = replace(first, started=BEGAN, finished=BEGAN + 0.125)
    moved = replace(
        later,
        answer=answer((first.answer or answer(b"")).body.replace(b"1767225600", str(int(BEGAN) + seconds).encode())),
    )
    return replace(conforming(), exchanges=(moved, first))


@pytest.mark.parametrize(
    ("begin", "seconds", "back", "still"),
    [
        (2, 2, Verdict.PASS, Verdict.PASS),
        (2, 0, Verdict.PASS, Verdict.FAIL),
        (2, -1, Verdict.FAIL, Verdict.PASS),
        (0.125, -1, Verdict.FAIL, Verdict.INCONCLUSIVE),
        (
            0.0625,
            -1,
            Verdict.INCONCLUSIVE,
            Verdict.INCONCLUSIVE,
        ),  # they overlap: who came first cannot be said
        (0.125, 0, Verdict.PASS, Verdict.INCONCLUSIVE),
        (1.125, 0, Verdict.PASS, Verdict.INCONCLUSIVE),  # a second apart, within the same one at that
        (1.25, 0, Verdict.PASS, Verdict.FAIL),
    ],
)
def test_two_timestamps_are_compared_as_far_as_their_order_is_known(
    begin: float, seconds: int, back: Verdict, still: Verdict
) -> None:
    found = verdicts(two_calls(begin, seconds))
    assert (found["TIM-03"], found["TIM-04"]) == (back, still)


def test_a_timestamp_that_goes_back_is_shown_beside_the_latest_before_it() -> None:
    evidence = timestamps(lambda e: int(e.started) + 5, probe="documented-3")(conforming())
    evidence = timestamps(lambda e: int(e.started) + 3, probe="documented-5")(evidence)
    (result,) = judged(evidence)["TIM-03"]
    numbers = {e.probe: e.number for e in evidence.exchanges}
    later = min(n for n in numbers.values() if n > numbers["documented-3"])
    assert (result.exchanges, result.expected, result.observed) == (
        (later, numbers["documented-3"]),
        f"{int(BEGAN) + 5} or later",
        f"{int(BEGAN)}",
    )


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        (-301, Verdict.PASS),
        (-302, Verdict.FAIL),
        (-1, Verdict.PASS),
        (304, Verdict.PASS),
        (305, Verdict.FAIL),
    ],
)
@pytest.mark.parametrize("ahead", [0, 7200])
def test_the_tolerance_is_counted_from_both_ends_of_the_call(seconds: int, verdict: Verdict, ahead: int) -> None:
    """The call takes four seconds; with a Date the server's clock is as good as ours."""
    (first,) = only(conforming(), "documented-1").exchanges
    begun = replace(first, started=BEGAN, finished=BEGAN + 4)
    shifted = int(BEGAN) + seconds + ahead
    body = SUCCESS.replace(b"1316512313", str(shifted).encode())
    asked = replace(begun, answer=answer(body, BEGAN + 2 + ahead))
    evidence = replace(conforming(), exchanges=(asked,))
    assert evidence.clock_offset == ahead
    (result,) = judged(evidence)["TIM-02"]
    assert result.verdict is verdict
    if verdict is Verdict.FAIL:
        side = "before" if seconds + ahead < 4 else "after"
        assert (
            result.reason
            == f"Timestamp is {abs(seconds + ahead - 4)} s {side} the time of the answer (tolerance 300 s)"
            + (f"; the server's Date is +{ahead} s from our clock" if ahead else "")
        )
        hour = "02" if ahead else "00"
        assert result.expected == f"{int(BEGAN) + 4 + ahead} (2026-01-01 {hour}:00:04 UTC)"
        assert result.where.startswith("/ClICKATELLSDK/Timestamp, line ")


@pytest.mark.parametrize(
    ("tried", "reason"),
    [
        ((), "no handshake with an old version was tried"),
        ((Handshake("TLS 1.0", None, "not here"), Handshake("TLS 1.1", None, "nor there")), "not here"),
    ],
)
def test_old_tls_that_nobody_could_ask_for_is_no_subject(tried: tuple[Handshake, ...], reason: str) -> None:
    results = judged(replace(conforming(), handshakes=tried))["TLS-05"]
    assert [r.reason for r in results if r.verdict is Verdict.NOT_APPLICABLE] == [reason]


def test_one_old_version_that_could_be_asked_for_is_a_subject() -> None:
    tried = Handshake("TLS 1.0", None, "not here"), Handshake("TLS 1.1", False)
    assert {r.verdict for r in judged(replace(conforming(), handshakes=tried))["TLS-05"]} == {Verdict.PASS}


# Documents where the binding carries none

DOCUMENTS = {"REQ-04", "REQ-05", "REQ-06", "REQ-07", "HYG-12"}


def test_documents_that_no_binding_carries_are_no_subject() -> None:
    unserved = says(error("999"), "bindings", "malformed", "schema", "hostile", "printed", "spelling")
    found = verdicts(unserved(conforming("query-params")))
    assert named(found, Verdict.NOT_APPLICABLE) == DOCUMENTS
    assert named(found, Verdict.FAIL) == set()


def test_a_document_that_is_too_long_for_a_query_needs_the_form() -> None:
    """Without the form, what is said to it says nothing of the document."""
    evidence = only(conforming(), "documented-1", "binding-form-xml", "hostile-oversized", "documented-last-1")
    refusing = says(error("999"), "bindings")(evidence)
    assert judged(evidence)["HYG-12"][0].verdict is Verdict.PASS
    for name in ("REQ-07", "HYG-12"):
        assert "this binding is not served" in {result.reason for result in judged(refusing)[name]}


def test_one_of_many_lost_is_told_with_its_reason() -> None:
    gone = lost("timeout", "no answer within 10 s", probe="documented-3")(conforming())
    reasons = [r.reason for r in judged(gone)["REQ-01"] if r.verdict is Verdict.INCONCLUSIVE]
    calls = len({e.probe for e in gone.of(Kind.DOCUMENTED)})
    assert reasons == [f"1 of {calls} documented requests got no answer: no answer within 10 s"]
    silent = each(lambda e: replace(e, answer=None), probe="documented-3")(conforming())
    reasons = [r.reason for r in judged(silent)["REQ-01"] if r.verdict is Verdict.INCONCLUSIVE]
    assert reasons == [f"1 of {calls} documented requests got no answer: no reason was recorded"]


def test_what_is_expected_is_the_page_s_whatever_is_accepted() -> None:
    for change in (
        swap("Connect API established", "off", "state-008"),
        body(lambda data: re.sub(rb"<Description>.*</Description>", b"", data), "state-008"),
    ):
        (result,) = judged(accepting(change(conforming()), "I-04"))["ERR-008-message"]
        assert result.expected == "Connect API established"


@pytest.mark.parametrize(("calls", "verdict"), [(1, Verdict.INCONCLUSIVE), (2, Verdict.PASS)])
def test_two_calls_show_that_a_state_lasts(calls: int, verdict: Verdict) -> None:
    in_state = [f"state-004-{n + 1}" for n in range(calls)]
    assert verdicts(only(conforming(), *in_state))["ERR-004-stable"] is verdict


def test_what_came_back_after_a_state_was_there_before_it() -> None:
    state = "state-004-1", "state-004-2", "after-004", "documented-last-1"
    assert verdicts(only(conforming(), *state))["ERR-004-stable"] is Verdict.INCONCLUSIVE
    assert verdicts(only(conforming(), "documented-1", *state))["ERR-004-stable"] is Verdict.PASS


@pytest.mark.parametrize("group", sorted(MALFORMED - {Kind.MALFORMED}))
def test_every_document_that_was_accepted_is_named(group: Kind) -> None:
    accepted = says(SUCCESS, group)(conforming())
    names = {e.probe.removeprefix("malformed-") for e in accepted.of(group)}
    (failed,) = [r for r in judged(accepted)["REQ-04"] if r.verdict is Verdict.FAIL]
    assert not [name for name in names if name not in failed.reason]


@pytest.mark.parametrize("code", [400, 404, 413, 414, 431])
def test_a_url_of_some_kilobytes_may_be_refused(code: int) -> None:
    def refused(exchange: Exchange) -> Exchange:
        request = replace(exchange.request, url=exchange.request.url + 3_000 * "x")
        page = answer(b"<html>Too long</html>", exchange.started)
        return replace(exchange, request=request, answer=replace(page, status=code))

    evidence = each(refused, probe="spelling-much-white-space")(conforming())
    assert {r.verdict for r in judged(evidence)["REQ-05"]} == {Verdict.PASS}


def test_a_short_url_may_not() -> None:
    page = both(says(b"<html>no</html>", probe="spelling-cdata"), status(400, probe="spelling-cdata"))
    assert worst(r.verdict for r in judged(page(conforming()))["REQ-05"]) is Verdict.FAIL


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-479_229_812, "15 years before"),
        (-86_400 * 3, "3 days before"),
        (3_600 * 5, "5 hours after"),
        (1_200, "20 minutes after"),
        (-899, "899 s before"),
    ],
)
def test_a_time_far_off_is_told_in_large_units(seconds: int, said: str) -> None:
    (first,) = only(conforming(), "documented-1").exchanges
    body = SUCCESS.replace(b"1316512313", str(int(first.finished) + seconds).encode())
    plain = answer(body)
    undated = replace(plain, headers=tuple(h for h in plain.headers if h[0] != "Date"))
    evidence = replace(conforming(), exchanges=(replace(first, answer=undated, finished=int(first.finished)),))
    (result,) = judged(evidence)["TIM-02"]
    assert result.reason == f"Timestamp is {said} the time of the answer (tolerance 300 s)"


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (b"<html><title>502 Bad\nGateway</title><hr></html>", "a web page, '502 Bad Gateway'"),
        (
            b"<!DOCTYPE html><html><style>p {}</style><hr><p>Down for now</html>",
            "a web page that begins with 'Down for now'",
        ),
        (b"<html><hr></html>", "a web page"),
        (b"<data><hr></data>", "Opening and ending tag mismatch: hr line 1 and data"),
    ],
)
def test_a_web_page_is_told_by_its_words_and_by_no_parser(page: bytes, told: str) -> None:
    shown = each(lambda e: replace(e, answer=answer(page)), "documented")(conforming())
    (check,) = judgements(shown)["ENV-01", CONTRACT.call.name]
    assert check.reason.endswith(f"the body is not a well-formed XML document: {told}")
