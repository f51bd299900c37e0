"""A tour of calls through an endpoint, in groups: a variant is to differ only where it should."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET
from xml.parsers import expat
from xml.sax.saxutils import escape

from conformance.reference.app import Application, Behaviour, Stages
from conformance.reference.request import Request

STAMP = re.compile(rb"<Timestamp>(\d+)</Timestamp>")
ACTION = "get_list_callback"
DOCUMENT = f"<clickatellsdk><action>{ACTION}</action></clickatellsdk>"
PRINTED = f"<clickatellsdk>\n  <action>{ACTION}</action>\n</clickatellsdk>"
FORM = {"content-type": "application/x-www-form-urlencoded"}
CLAIMS = {
    "x-forwarded-proto": "https",
    "forwarded": "for=192.0.2.1;proto=https",
    "front-end-https": "on",
    "x-forwarded-ssl": "on",
    "x-url-scheme": "https",
    "x-forwarded-scheme": "https",
    "x-forwarded-protocol": "https",
    "x-forwarded-port": "443",
    "x-scheme": "https",
    "x-original-proto": "https",
    "cloudfront-forwarded-proto": "https",
    "cf-visitor": '{"scheme":"https"}',
    "fastly-ssl": "1",
    "wl-proxy-ssl": "true",
    "x-appengine-https": "on",
    "https": "on",
    "x-arr-ssl": "2048|256|C=US|CN=localhost",
    "x-client-proto": "https",
    "x-real-proto": "https",
    "ssl": "on",
    "referer": "https://localhost/",
    "upgrade-insecure-requests": "1",
    "x-appservice-proto": "https",
    "x-forwarded-for": "192.0.2.1",
}
OTHER_WORDS = [
    *(("x-forwarded-proto", value) for value in ("https,https", "https, http", "http, https", "wss", "ssl")),
    ("forwarded", "proto=http, proto=https"),
    ("x-forwarded-protocol", "ssl"),
    ("x-proxied-https", "on"),
    ("$wssc", "https"),
]
SPELLED = {"forwarded": 'proto="https"', "x-forwarded-proto": "HTTPS", "front-end-https": "1"}

OTHER_ACTIONS = [
    "get_list_no_such",
    "get_list_callbacks",
    "get_list",
    "GET_LIST_CALLBACK",
    f" {ACTION} ",
    "nonsense",
    "",
    "authenticate",
    "Get_list_callback",
    "getListCallback",
    "get list callback",
    "get%5Flist_callback",
    f"{ACTION}.",
    f"x:{ACTION}",
    f"{ACTION}?x",
    "*",
    "1",
    f"nonsense\n{ACTION}",
]
REFERENCE_TWICE = "&#103;et_list_callback"
EQUIVALENT = [
    PRINTED,
    f'<?xml version="1.0"?>{DOCUMENT}',
    f'<?xml version="1.0" encoding="UTF-8"?>\r\n{DOCUMENT}',
    PRINTED.replace("\n", "\r\n"),
    PRINTED.replace("  ", "\t"),
    DOCUMENT.replace("action>", "action >"),
    f"<!-- first -->{DOCUMENT}",
    DOCUMENT.replace("get_list", "get<!-- -->_list"),
    f"<?go on?>{DOCUMENT}",
    DOCUMENT.replace(ACTION, f"<![CDATA[{ACTION}]]>"),
    DOCUMENT.replace("list", "<![CDATA[list]]>"),
    DOCUMENT.replace("get", "&#103;et"),
    DOCUMENT.replace("get", "&#x67;et"),
    f"\ufeff{DOCUMENT}",
    DOCUMENT.encode("utf-16"),
    f"<?xml version='1.0' standalone='no'?>{DOCUMENT}",
    f'<?xml version="1.0"\nencoding="UTF-8"?>{DOCUMENT}',
    DOCUMENT.replace("<action>", " " * 1_100 + "<action>"),
]
CAPITAL = DOCUMENT.replace("action>", "Action>")
MALFORMED = [
    DOCUMENT.removesuffix("</clickatellsdk>"),
    DOCUMENT.replace("</action>", ""),
    f"{DOCUMENT}rest",
    f"rest{DOCUMENT}",
    DOCUMENT.replace("</action>", "</Action>"),
    DOCUMENT.replace("</action></clickatellsdk>", "</clickatellsdk></action>"),
    DOCUMENT.replace("get", "get&"),
    DOCUMENT.replace("get", "get&nbsp;"),
    DOCUMENT.replace("get", "get\x01"),
    DOCUMENT.encode().replace(b"get", b"get\xff"),
    f' <?xml version="1.0"?>{DOCUMENT}',
    f'<?XML version="1.0"?>{DOCUMENT}',
    f'<?xml encoding="UTF-8"?>{DOCUMENT}',
    DOCUMENT.replace("</action>", "</action>&nbsp;"),
    DOCUMENT.replace("</action>", "</action>&#xFFFE;"),
    DOCUMENT.replace("</action>", "</action>]]>"),
    DOCUMENT.replace("get", "&#103et"),
    DOCUMENT.replace("</clickatellsdk", "</CLICKATELLSDK"),
    DOCUMENT.removesuffix(">"),
    DOCUMENT.removeprefix("<clickatellsdk>"),
    DOCUMENT.replace("<action", "< action"),
    DOCUMENT.replace("</action", "</action a='1'"),
    DOCUMENT.replace("<clickatellsdk", "<clickatellsdk a='<'"),
    DOCUMENT * 2,
    f"{DOCUMENT};",
    f"{DOCUMENT}<!-- after",
    escape(DOCUMENT),
    quote(DOCUMENT),
    DOCUMENT.replace("</action", "</"),
    DOCUMENT.replace("</action>", "</action>\0"),
    f"{DOCUMENT}\0",
    DOCUMENT.replace("</action>", "</action>\ufffe"),
    DOCUMENT.encode().replace(b"</action>", b"</action>\xed\xa0\xbd"),
    DOCUMENT.encode().replace(b"</", b"\xc0\xbc/", 1),
    DOCUMENT.replace("get", "&#X67;et"),
    DOCUMENT.replace("<clickatellsdk>", "<clickatellsdk a>"),
    f"<!doctype clickatellsdk>{DOCUMENT}",
    DOCUMENT.replace("<action>", "<?xml version='1.0'?><action>"),
    f"\ufeff\ufeff{DOCUMENT}",
    " \n",
]
DIFFERENT = [
    DOCUMENT.replace("clickatellsdk", "sdk"),
    DOCUMENT.replace("clickatellsdk", "CLICKATELLSDK"),
    DOCUMENT.replace("<clickatellsdk>", '<clickatellsdk xmlns="urn:a">'),
    DOCUMENT.replace("</clickatellsdk>", f"<action>{ACTION}</action></clickatellsdk>"),
    DOCUMENT.replace("</clickatellsdk>", "<user>me</user></clickatellsdk>"),
    DOCUMENT.replace("<action>", '<action a="b">'),
    DOCUMENT.replace("<action>", "text<action>"),
    DOCUMENT.replace(ACTION, f"<action>{ACTION}</action>"),
    DOCUMENT.replace("action>", "ACTION>"),
    f'<clickatellsdk action="{ACTION}"/>',
    DOCUMENT.replace("</action>", "</action>text"),
    DOCUMENT.replace("</action>", "</action><action/>"),
    DOCUMENT.replace("<clickatellsdk", '<clickatellsdk xml:lang="en"'),
    DOCUMENT.replace("clickatellsdk", "x:clickatellsdk").replace("sdk>", 'sdk xmlns:x="urn:a">', 1),
]
HOSTILE = [
    f'<!DOCTYPE clickatellsdk [<!ENTITY e "{ACTION}">]>{DOCUMENT.replace(ACTION, "&e;")}',
    '<!DOCTYPE clickatellsdk [<!ENTITY e "get_list"><!ENTITY f "&e;_callback">]>' + DOCUMENT.replace(ACTION, "&f;"),
    f'<!DOCTYPE clickatellsdk [<!ENTITY e SYSTEM "file:///etc/passwd">]>{DOCUMENT.replace(ACTION, "&e;")}',
    DOCUMENT.replace("<action>", " " * 70_000 + "<action>"),
    f'<!DOCTYPE clickatellsdk SYSTEM "http://canary.invalid/dtd">{DOCUMENT}',
]


@dataclass(frozen=True)
class Stop:
    """One call: how it is made, and the group that it belongs to."""

    group: str
    query: str = ""
    body: bytes = b""
    scheme: str = "https"
    path: str = "/token"
    headers: tuple[tuple[str, str], ...] = ()
    connection: int = 1
    posted: bool = False  # also without a body
    host: str = "localhost:1"
    http_version: str = "1.1"

    @property
    def method(self) -> str:
        return "POST" if self.body or self.posted else "GET"

    def request(self) -> Request:
        headers = [(name.encode(), value.encode()) for name, value in (("host", self.host), *self.headers)]
        target = self.path.encode(), self.query.encode()
        return Request.of(
            self.method,
            self.scheme,
            target,
            headers,
            self.body,
            client=("127.0.0.1", 4000 + self.connection),
            http_version=self.http_version,
        )


def _bodies(group: str, documents: list[Any]) -> list[Stop]:
    contents = [one if isinstance(one, bytes) else one.encode() for one in documents]
    return [Stop(group, body=content, headers=(("content-type", "text/xml"),)) for content in contents]


def _queries(group: str, documents: list[str]) -> list[Stop]:
    return [Stop(group, f"XML={quote(document)}") for document in documents]


def _documented(group: str, *, document: str = PRINTED, **how: Any) -> list[Stop]:
    form = urlencode({"XML": document}).encode()
    return [
        Stop(group, f"XML={quote(document)}", **how),
        Stop(group, body=form, headers=tuple(FORM.items()) + how.pop("headers", ()), **how),
    ]


def _tour() -> list[Stop]:
    query = f"XML={quote(PRINTED)}"
    stops = [Stop("documented", query, connection=n % 3) for n in range(8)]
    stops += [*_documented("documented"), Stop("documented", f"action={ACTION}")]
    stops += [
        Stop("documented", body=PRINTED.encode()),
        Stop("documented", query, path="/token/get_list_callback"),
        Stop("documented", query, headers=(("accept-encoding", "gzip"),)),
        Stop("documented", query, headers=(("connection", "keep-alive"),)),
        Stop("documented", query.replace("%3C", "%3c").replace("%2F", "/")),
    ]
    stops += [
        *(Stop("actions", f"XML={quote(DOCUMENT.replace(ACTION, action))}") for action in OTHER_ACTIONS),
        *(Stop("actions", f"action={quote(action)}") for action in OTHER_ACTIONS),
        *_documented("actions", document=DOCUMENT.replace(ACTION, "1")),
        *_documented("actions", document=DOCUMENT.replace(ACTION, "1"), path=f"/token/{ACTION}"),
        *_bodies("actions", [DOCUMENT.replace(ACTION, "1")]),
        Stop("actions", f"XML={quote(DOCUMENT.replace(ACTION, escape(REFERENCE_TWICE)))}"),
        Stop("actions", f"action={quote(REFERENCE_TWICE)}"),
        Stop("actions", f"XML={quote('<clickatellsdk/>')}"),
        Stop("actions"),
        *_bodies("equivalent", EQUIVALENT),
        *_queries("equivalent", [str(document) for document in EQUIVALENT[:3]]),
        *_queries("capital", [CAPITAL]),
        *_bodies("malformed", MALFORMED),
        *_queries("different", DIFFERENT),
        *_bodies("hostile", HOSTILE),
        *_queries("hostile", HOSTILE),
    ]
    for code in ("004", "007", "008", "999"):
        group, path = f"state-{code}", f"/state-{code}/token"
        stops += 3 * _documented(group, path=path)
        stops += [Stop(group, f"action={ACTION}", path=path), Stop(group, body=PRINTED.encode(), path=path)]
        stops += [Stop(group, query, path=f"{path}/{ACTION}")]
    for _ in range(3):
        stops += _documented("plain", scheme="http")
    stops += [Stop("plain", f"action={ACTION}", scheme="http")]
    stops += [Stop("plain", query, scheme="http", path="/token/get_list_callback")]
    stops += [Stop("plain", query, scheme="http", headers=(claim,)) for claim in (*CLAIMS.items(), *SPELLED.items())]
    stops += [Stop("plain", query, scheme="http", posted=True)]
    stops += _in_other_forms(query)
    return [*stops, *_documented("documented"), Stop("documented", query, path="/unknown")]


def _in_other_forms(query: str) -> list[Stop]:
    """Plain HTTP as other clients ask it, and with claims of HTTPS in other words and by other bindings."""
    plain = Stop("plain", query, scheme="http", connection=9)
    form = replace(plain, query="", body=urlencode({"XML": PRINTED}).encode(), headers=tuple(FORM.items()))
    cdata = DOCUMENT.replace(ACTION, f"<![CDATA[{ACTION}]]>")
    claim = ("x-forwarded-proto", "https")
    return [
        *(replace(plain, query=f"XML={quote(text, safe='')}") for text in (DOCUMENT, cdata)),
        replace(form, body=urlencode({"XML": DOCUMENT}).encode()),
        replace(plain, headers=(("upgrade", "TLS/1.0"),)),
        *(replace(plain, headers=(field,)) for field in (("connection", "close"), ("accept-encoding", "gzip"))),
        replace(plain, host="localhost"),
        *(replace(one, http_version="1.0") for one in (plain, form)),
        *(replace(plain, path=f"{scheme}://localhost/token") for scheme in ("http", "https")),
        *(replace(plain, headers=(said,)) for said in OTHER_WORDS),
        replace(form, headers=(*form.headers, claim)),
        replace(form, body=PRINTED.encode(), headers=(("content-type", "text/xml"), claim)),
        replace(plain, query=f"action={ACTION}", headers=(claim,)),
        replace(plain, path="/unknown"),
    ]


TOUR = _tour()


class Facts(dict[str, Any]):
    """What a client reads out of an answer."""

    def __init__(self, body: bytes, charset: str | None = None) -> None:
        super().__init__()
        if b'encoding="Windows-31J"' in body:  # which expat does not read
            body, charset = body.decode("cp932").partition("?>")[2].encode(), None
        root = ET.fromstring(body, ET.XMLParser(encoding=charset)) if charset else ET.fromstring(body)
        self["root"] = root.tag
        for name in ("Action", "Result", "Error", "Description"):
            self[name] = root.findtext(name)
        self["pairs"] = frozenset(
            (value.findtext("callback_type_id"), value.findtext("callback_type"))
            for value in root.iterfind("Values/Value")
        )


@cache
def answers(change: Any = None, *, seconds: float = 2.0) -> list[Any]:
    """The answers of the tour; its clock advances by so much at every call."""
    return taken(change, seconds)


def taken(change: Any, seconds: float = 2.0) -> list[Any]:
    """The answers of the tour, taken anew."""
    ticks = iter(range(1_000_000))
    stages = Stages(clock=lambda _: 1_800_000_000 + seconds * next(ticks))
    application = Application(change(stages) if change else stages, Behaviour())
    return [application.answer(stop.request()) for stop in TOUR]


def charset_of(answer: Any) -> str | None:
    """The charset parameter, where the document does not say better."""
    label = next((value for name, value in answer.headers if name.lower() == "content-type"), "")
    found = re.search(r"charset=([\w-]+)", label)
    return found[1] if found and not answer.body.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) else None


def well_formed(body: bytes) -> bool:
    """Whether a body is XML 1.0, to a parser that is neither told an encoding nor lenient."""
    if re.match(rb"<\?xml[^>]*version=.(?!1\.0)", body):
        return False
    try:
        expat.ParserCreate().Parse(body, True)
    except (expat.ExpatError, LookupError):
        return False
    return True
