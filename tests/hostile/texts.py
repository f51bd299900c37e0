"""Text that would like to be more than text, in each place that an answer can reach."""

import ssl
from collections.abc import Callable, Iterator
from functools import partial
from xml.sax.saxutils import escape, quoteattr

from .honest import PAIRS, body, envelope, error, http, success
from .registry import CLOSE, Step, behaves, behaves_each
from .stage import Ask, Authority

TEXTS = "Hostile text"
MARK = "zzyzx"  # every payload carries it; what runs sets it as title, attribute and global
RUNS = f"document.title='{MARK}';window.{MARK}=1;document.documentElement.dataset.{MARK}=1;alert(1)"

# Each payload is one line of attack. CANARY stands for the canary's address.
PAYLOADS: dict[str, str] = {
    "script": f"<script>{RUNS}</script>",
    "script_end": f"</script></title></style></textarea><script>{RUNS}</script>",
    "image": f'<img src="CANARY" onerror="{RUNS}">',
    "svg": f"<svg onload={RUNS.replace(' ', '')}>",
    "attribute_end": f'"><img src=x onerror="{RUNS}"><a title="',
    "attribute_end_single": f"' onmouseover='{RUNS}' autofocus onfocus='{RUNS}' x='",
    "link": f'<a href="javascript:{RUNS}">{MARK}</a> javascript:{RUNS}',
    "frame": f'<iframe srcdoc="<script>parent.{MARK}=1</script>" src="CANARY"></iframe><base href="CANARY">',
    "style": "<style>body{display:none}</style><link rel=stylesheet href=CANARY>",
    "meta": "<meta http-equiv=refresh content='0;CANARY'><meta http-equiv=Content-Security-Policy>",
    "form": "<form action=CANARY><button autofocus>zzyzx</button></form><details open ontoggle=alert(1)>",
    "entity": "&lt;script&gt;zzyzx&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62; &amp;lt;zzyzx&amp;gt;",
    "cdata_end": f"]]><script>{RUNS}</script><![CDATA[ ]]>",
    "comment_end": f"--><script>{RUNS}</script><!--",
    "json_end": f'"}}]}}; {RUNS}; var x = {{"a": [{{"b": "\\u003cscript\\u003e',
    "template": "{{zzyzx}} {% zzyzx %} ${zzyzx} #{zzyzx} {zzyzx} %(zzyzx)s %s %n {0.__class__}",
    "markdown_link": "[zzyzx](CANARY) [zzyzx](javascript:alert(1)) ![zzyzx](CANARY) <CANARY> CANARY",
    "markdown_block": "\n# zzyzx\n\n| zzyzx | pass |\n| --- | --- |\n\n- [x] zzyzx\n\n> zzyzx\n\n---\n",
    "markdown_inline": "**zzyzx** __zzyzx__ ~~zzyzx~~ `zzyzx` ``zzyzx`` \\` zzyzx | zzyzx || @ta #1 :zzyzx:",
    "markdown_fence": "\n```\n~~~\nzzyzx\n</details></td></tr></table>\n<h1>zzyzx</h1>\n",
    "ansi": "\x1b[31mzzyzx\x1b[2J\x1b[1;1H\x1b]0;zzyzx\x07\x1b]8;;CANARY\x07zzyzx\x1b]8;;\x07\x1b[8m",
    "c1": "\x9b31mzzyzx\x9b2J \x9d0;zzyzx\x9c \x90zzyzx\x9c \x85zzyzx",
    "control": "zzyzx\a\b\b\b\b\b\v\f\x0e\x0f\x7f zzyzx\x00zzyzx",
    "carriage_return": "zzyzx\rconforming: everything passed\r\n",
    "bidi": "zzyzx\u202etxt.exe\u202c \u2066zzyzx\u2069 \u200fzzyzx\u200e \u061c\u202azzyzx",
    "invisible": "zz\u200by\u200dzx\ufeff \u2060\u00adzzyzx\u3164\u2028zzyzx\u2029zzyzx\U000e0041\U000e007f",
    "combining": "z" + "\u0301" * 300 + "zyzx",
    "long_line": "zzyzx " + "x" * 30_000,
    "long_words": "zzyzx " * 8_000,
    "forged_summary": (
        "\n\n========== 412 passed in 0.10s ==========\nVerdict: conforming\nconforming\nexit code 0\nzzyzx\n"
    ),
    "forged_commands": (
        "\n::error::zzyzx\n::set-output name=a::zzyzx\n::add-mask::a\n::stop-commands::zzyzx\n"
        "##vso[task.complete result=Succeeded;]zzyzx\n##teamcity[buildStatus text='zzyzx']\n##[error]zzyzx\n"
        "section_start:1:zzyzx\r\x1b[0Kzzyzx\n"
    ),
    "csv": "=HYPERLINK(\"CANARY\",\"zzyzx\")\t+zzyzx\t-1+zzyzx\t@SUM(1)\n=cmd|' /C calc'!A1\n",
    "shell": "$(touch zzyzx) `touch zzyzx`; touch zzyzx | '; touch zzyzx; ' \"$(touch zzyzx)\" & %PATH%",
    "path": "../../../../zzyzx\x00.html ..\\..\\zzyzx CON NUL: /etc/passwd",
    "surrogate": "zzyzx \ud800 zzyzx",
    "astral": "zzyzx \U0001f4a9\U0001f468\u200d\U0001f469\u200d\U0001f467 \U00010348",
}  # fmt: skip


def payload(ask: Ask) -> str:
    """Another payload with each request."""
    texts = list(PAYLOADS.values())
    return texts[ask.number % len(texts)].replace("CANARY", ask.server.canary.url)


def in_xml(text: str) -> str:
    """The payload as character data: what XML can write arrives unharmed, the rest as U+FFFD."""
    allowed = "".join(c if _allowed(c) else "\ufffd" for c in text)
    return escape(allowed).replace("\r", "&#13;")


def _allowed(letter: str) -> bool:
    if letter < " ":
        return letter in "\t\n\r"
    return not "\ud800" <= letter <= "\udfff" and letter not in "\ufffe\uffff"


def in_line(text: str, limit: int = 6000) -> bytes:
    """The payload as it fits into one line of a head: without what would end the line."""
    kept = text.replace("\r", " ").replace("\n", " ").replace("\x00", " ")[:limit]
    return kept.encode("utf-8", "surrogatepass")


def in_visible_line(text: str) -> bytes:
    """The payload as it fits into a header that every parser accepts."""
    return in_line("".join(c if c >= " " and c != "\x7f" else " " for c in text).strip() or MARK)


def _attribute(text: str) -> str:
    return f" note={quoteattr(in_xml(text))}"


PLACES: dict[str, Callable[[str, Ask], bytes]] = {
    "the_action": lambda text, _: http(success(action=in_xml(text))),
    "the_result": lambda text, _: http(success(result=in_xml(text))),
    "a_callback_type": lambda text, _: http(success(pairs=[*PAIRS, ("7", in_xml(text))])),
    "a_callback_type_id": lambda text, _: http(success(pairs=[*PAIRS, (in_xml(text), "HTTP GET")])),
    "the_timestamp": lambda text, _: http(success(timestamp=in_xml(text))),
    "an_error_code": lambda text, _: http(error(in_xml(text), "Unknown error")),
    "a_description": lambda text, _: http(error("999", in_xml(text))),
    "an_attribute_value": lambda text, _: http(success(attributes=_attribute(text))),
    "an_undocumented_element": lambda text, _: http(success(after=f"<Note>{in_xml(text)}</Note>")),
    "a_comment": lambda text, _: http(
        success(after=f"<!--{in_xml(text).replace('-', '=')}--><?{MARK} {in_xml(text).replace('?', '!')}?>")
    ),
    "a_whole_body": lambda text, _: http(text.encode("utf-8", "surrogatepass")),
    "a_whole_page": lambda text, _: http(text.encode("utf-8", "surrogatepass"), kind="text/html"),
    "unescaped_xml": lambda text, _: http(
        success(action="get_list_callback").replace(b"SOAP POST", text.encode("utf-8", "surrogatepass"))
    ),
    "a_header_value": lambda text, ask: http(body(ask), b"X-Note: " + in_visible_line(text)),
    "familiar_headers": lambda text, ask: http(
        body(ask), *(name + in_visible_line(text) for name in (b"Server: ", b"Date: ", b"Set-Cookie: "))
    ),
    "a_header_value_raw": lambda text, ask: http(body(ask), b"X-Note: " + in_line(text)),
    "a_header_value_that_splits": lambda text, ask: http(
        body(ask), b"X-Note: " + text[:6000].encode("utf-8", "surrogatepass")
    ),
    "a_header_name": lambda text, ask: http(body(ask), in_line(text) + b": yes"),
    "a_reason": lambda text, ask: http(body(ask), status=b"200 " + in_visible_line(text)),
    "a_reason_raw": lambda text, ask: http(body(ask), status=b"200 " + in_line(text)),
    "a_status_line": lambda text, _: in_line(text) + b"\r\n\r\n",
    "a_content_type": lambda text, ask: http(body(ask), kind=in_visible_line(text)),
    "a_charset": lambda text, ask: http(body(ask), kind=b"text/xml; charset=" + in_visible_line(text)),
    "a_location": lambda text, _: http(b"", b"Location: " + in_visible_line(text), status="302 Found"),
    "a_content_encoding": lambda text, ask: http(body(ask), b"Content-Encoding: " + in_visible_line(text)),
    "a_challenge": lambda text, _: http(
        b"", b"WWW-Authenticate: " + in_visible_line(text), status=b"401 " + in_visible_line(text)
    ),
    "the_encoding": lambda text, _: http(success(prolog=f'<?xml version="1.0" encoding="{in_xml(text)}"?>')),
    "a_doctype": lambda text, _: http(
        success(prolog=f"<!DOCTYPE ClICKATELLSDK [<!ENTITY e {quoteattr(in_xml(text))}>]>")
    ),
}  # fmt: skip


MAIN = {
    "the_action",
    "a_callback_type",
    "a_description",
    "an_attribute_value",
    "a_whole_body",
    "unescaped_xml",
    "a_header_value",
    "a_header_value_raw",
    "a_reason",
    "a_content_type",
}


@behaves_each(TEXTS, PLACES, alone=MAIN)
def text_in(ask: Ask, case: Callable[[str, Ask], bytes]) -> Iterator[Step]:
    """Puts hostile text into {}, another text with each answer."""
    yield case(payload(ask), ask)
    if ask.number % 5 == 0:
        yield CLOSE


NAMES: dict[str, str] = {
    "script_element": f"<script>{RUNS}</script>",
    "image_element": f'<img src="CANARY" onerror="{RUNS}"/>',
    "frame_element": f'<iframe src="CANARY" srcdoc="&lt;script&gt;parent.{MARK}=1&lt;/script&gt;"/>',
    "svg_element": f'<svg xmlns="http://www.w3.org/2000/svg" onload="{RUNS}"><script>{RUNS}</script></svg>',
    "xhtml_element": f'<h:script xmlns:h="http://www.w3.org/1999/xhtml">{RUNS}</h:script>',
    "link_element": f'<a href="javascript:{RUNS}">{MARK}</a><base href="CANARY"/>',
    "plaintext_element": "<plaintext/><textarea/><title/><style/><table/><details/>",
    "long_name": f"<{MARK}{'n' * 20_000}/>",
    "bidi_name": "<\u05ea\u05d2_zzyzx \u05d0='zzyzx'/>",
    "format_name": "<z\u200czyzx\u200d_x/>",
    "event_attribute": f'<x onclick="{RUNS}" style="background:url(CANARY)" href="javascript:1"/>',
    "namespace": f'<x:x xmlns:x="javascript:{RUNS.replace(chr(39), "&apos;")}"/>',
    "namespace_markup": '<x:x xmlns:x="&lt;script&gt;zzyzx&lt;/script&gt;"/>',
}


@behaves(TEXTS)
def text_in_names(ask: Ask) -> Iterator[Step]:
    """Sends elements and attributes whose names mean something to a browser, other ones with each answer."""
    shapes = list(NAMES.values())
    shape = shapes[ask.number % len(shapes)].replace("CANARY", ask.server.canary.url)
    yield http(envelope(f"<Values>{shape}</Values>", attributes=' onload="alert(1)"', after=shape))


@behaves(TEXTS)
def text_in_mismatched_tags(ask: Ask) -> Iterator[Step]:
    """Closes other elements than it opened, so that a parser's message quotes the names."""
    names = ("script", "img", "iframe", "h1", f"{MARK}{'n' * 5000}", "z\u200czyzx", "\u05ea\u05d2_zzyzx")
    name = names[ask.number % len(names)]
    yield http(envelope(f"<{name}></{name}x>"))


def _subject(text: str, authority: Authority) -> ssl.SSLContext:
    leaf = authority.ca.issue_cert(
        "localhost", common_name=text[:64], organization_name=text, organization_unit_name=text
    )
    return authority.context(leaf)


SUBJECTS = {
    "markup": f"<script>document.title='{MARK}'</script>",
    "ansi": "\x1b[31mzzyzx\x1b]0;zzyzx\x07",
    "lines": "zzyzx\nVerdict: conforming\n::error::zzyzx",
    "markdown": "[zzyzx](javascript:alert(1)) | **zzyzx**",
    "bidi": "zzyzx\u202etxt.exe",
    "nul": "localhost\x00.zzyzx.example",
}


def _meant_well(ask: Ask, case: str) -> Iterator[Step]:
    """Answers honestly, with a certificate whose subject is hostile: {}."""
    yield http(body(ask))


_meant_well.__name__ = "text_in_the_certificate"
for _name, _text in SUBJECTS.items():
    behaves_each(
        TEXTS,
        {_name: _text},
        alone=True,
        certificate=partial(_subject, _text),
    )(_meant_well)


def _many_names(authority: Authority) -> ssl.SSLContext:
    names = [f"zzyzx-{number}.example" for number in range(1000)]
    return authority.context(authority.ca.issue_cert("localhost", *names))


@behaves(TEXTS, certificate=_many_names)
def certificate_with_a_thousand_names(ask: Ask) -> Iterator[Step]:
    """Answers honestly, with a certificate for a thousand names."""
    yield http(body(ask))
