"""What other tools write into a HAR: loose types, bodies that they decoded or left out, calls of all kinds."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance.contract.document import read
from conformance.contract.load import documented
from conformance.contract.purpose import Kind
from conformance.evidence import har
from conformance.evidence.exchange import Request

NO_TEXT = "the recording does not hold this body"
_DECODED = "the recorder decoded this body, so that its bytes are not in the recording"
_WORDS = {"name", "value", "text", "connection", "serverIPAddress", "httpVersion", "statusText", "mimeType"}
_DECLARED = re.compile(r"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z][\w.-]{0,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*"?([^\s;"]+)""", re.IGNORECASE)
# Version 0.1.0 had one kind for all documents that are not well-formed. These are its documents, by the kinds of today.
_MALFORMED_IN_0_1_0 = {
    Kind.MALFORMED_TAGS: "cut-short no-end-tags no-end-tag crossed-tags end-tag-in-another-case no-last-bracket "
    "root-end-tag-in-another-case no-root-start-tag space-before-tag-name stray-less-than",
    Kind.MALFORMED_ATTRIBUTES: "attribute-in-end-tag less-than-in-attribute attribute-without-quotes attribute-twice",
    Kind.MALFORMED_REFERENCES: "bare-ampersand unknown-entity entity-of-html unended-reference forbidden-character "
    "no-character",
    Kind.MALFORMED_CHARACTERS: "control-character no-utf-8",
    Kind.MALFORMED_MARKUP: "space-before-declaration declaration-in-upper-case declaration-without-version cdata-end "
    "open-comment two-dashes-in-comment",
    Kind.MALFORMED_AROUND: "twice two-roots text-after character-after open-comment-after text-before no-xml",
}


def malformed_in_0_1_0(probe: str) -> str:
    """The kind of a document that version 0.1.0 sent as merely malformed, by its probe; "" for a generated one."""
    name = probe.removeprefix("malformed-")
    return next((str(kind) for kind, names in _MALFORMED_IN_0_1_0.items() if name in names.split()), "")


def is_own(raw: Any) -> bool:
    """Whether the suite wrote the file."""
    try:
        return bool(raw["log"]["creator"]["name"] == har.CREATOR)
    except (KeyError, TypeError, IndexError):
        return False


def tidied(value: Any, key: str = "") -> Any:
    """The same in HAR's own types: null is absent, 200.0 is 200, and a number where words stand is a word."""
    if isinstance(value, dict):
        return {name: tidied(member, name) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [tidied(member) for member in value if member is not None]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if key in _WORDS and isinstance(value, int | float) else value


def decoded(text: str, content_type: str) -> tuple[bytes, str]:
    """The bytes that a text was most likely read from, and why they are not known; "" where they are.

    A recorder writes the text of a body; what its bytes were in another encoding than UTF-8, nobody can say any more.
    """
    declared, charset = _DECLARED.match(text), _CHARSET.search(content_type)
    name = (declared or charset or [""] * 2)[1].lower()
    if not text.isascii() or name.startswith(("utf-16", "utf-32", "ucs", "utf16")):
        known = name in {"", "utf-8", "utf8", "us-ascii", "ascii"} and "\ufffd" not in text
    else:
        known = True
    if known:
        return text.encode("utf-8"), ""
    try:
        mark = "\ufeff" if name in {"utf-16le", "utf-16be"} and not text.startswith("\ufeff") else ""
        return (mark + text).encode(name or "utf-8"), _DECODED
    except (LookupError, UnicodeError):
        return text.encode("utf-8"), _DECODED


def query(url: str) -> list[tuple[str, str]]:
    """The fields of a URL's query; none where it cannot be read."""
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:  # brackets in the host, more fields than the standard library reads
        return []


def binding(request: Request) -> str:
    """The binding by which the request carries the documented request over HTTPS; "" when it does not."""
    if not request.url.lower().startswith("https://") or request.method.upper() not in {"GET", "POST"}:
        return ""
    fields_of_url = dict(query(request.url))
    form = dict(parse_qsl(request.body.decode("latin-1"))) if b"=" in request.body[:100] else {}
    fields = {"query-xml": fields_of_url.get("XML", ""), "form-xml": form.get("XML", "")}
    carried = {name: text.encode("utf-8", "replace") for name, text in fields.items()}
    carried["body-xml"] = request.body
    found = next((name for name, document in carried.items() if document and _is_documented(document)), "")
    return found or ("query-params" if fields_of_url.get("action") == documented().call.name else "")


def _is_documented(document: bytes) -> bool:
    """Whether it is the page's request; the letter case of its names is left open (public clients differ)."""
    call = documented().call
    root = read(document).root
    if root is None or str(root.tag).lower() != call.request_root.lower() or len(root) != 1:
        return False
    return str(root[0].tag).lower() == call.action_element.lower() and root[0].text == call.name
