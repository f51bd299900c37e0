"""What an answer discloses of the server behind it."""

from __future__ import annotations

import re

from conformance.contract.quoting import clip, piece
from conformance.evidence.exchange import Answer

_INTERNALS = re.compile(
    r"Traceback \(most recent call last\)|\bat [\w.$]+\([\w]+\.(?:java|kt|scala):\d+\)|Stack ?[Tt]race:|"
    r"(?:Fatal error|Parse error|Warning|Notice)(?:</b>)?: .{0,200} in .{0,120} on line|"
    r"\bat .{1,80}\.(?:p[lm]|cgi|t) line \d+|\bat \S*[/\\]\S* line \d+\.$|"
    r"\bin \S{1,120}\.(?:php\d?|inc|phtml) on line \d+|"
    r"\b(?:\w+\.){2,9}\w{0,80}Exception\b|\b(?:\w+\.){1,9}[A-Z]\w{0,80}(?:Error|Forbidden)\b|"
    r"\b\w+::\w*(?:Error|Exception)\b|\b(?:simplexml_load_\w+|DOMDocument::\w+|XMLReader::\w+)\(\)|"
    r"\bat .{0,80}\.[cm]?[jt]s:\d+:\d+|\bCannot read propert|\bgoroutine \d+ \[|\bpanic: runtime error|"
    r"\bXmlReaderSettings\b|\blibxml2?\b|\bapache\.org/xml/features|\bin \S{1,200}:line \d+|"
    r"\bmsxml\d?\.dll\b|\bVBScript (?:runtime|compilation) error\b|"
    r"\bORA-\d{5}\b|\bSELECT\b.{1,300}\bFROM\b|root:[x*]?:0:0:|"
    r"SQLSTATE\[|You have an error in your SQL syntax|System\.\w+Exception|"
    r"/(?:var/www|usr/(?:local|share|lib)|home)/[\w./-]+\.(?:php|py|pl|rb|java|xml)\b|[A-Z]:\\\\?(?:inetpub|Windows|Program)",
    re.MULTILINE,
)
_HEAD = 1 << 16  # characters at both ends of an answer in which internals are looked for


def disclosed(answer: Answer) -> str:
    """A piece of a stack trace, a path or a database message in a body; "" when there is none."""
    text = answer.document.text or answer.body.decode("latin-1")
    return clip(piece(_INTERNALS, text[:_HEAD] + "\n" + text[_HEAD:][-_HEAD:]))


def disclosed_in_headers(answer: Answer) -> str:
    """The same in the header fields."""
    return clip(piece(_INTERNALS, "\n".join(value for _, value in answer.headers)))


def versions(answer: Answer) -> str:
    """A header that names the software that answers and its version; "" when there is none."""
    names = ("Server", "X-Powered-By", "X-AspNet-Version", "X-AspNetMvc-Version", "X-Runtime", "X-Generator")
    told = ((name, answer.header(name)) for name in names)
    return next((f"{name}: {clip(text)}" for name, text in told if re.search(r"\d", text)), "")
