"""Mutants that hostile request documents hurt (REQ-07)."""

from __future__ import annotations

import contextlib
import re
import threading
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from conformance.reference.answer import ACTION
from conformance.reference.request import Asked
from conformance.reference.variants.edits import headed, malformed, sent, set_text, with_body
from conformance.reference.variants.variant import answer, correct, mutant, reading, refusal, tree

if TYPE_CHECKING:
    from conformance.reference.answer import Answer
    from conformance.reference.app import Call, Stages
    from conformance.reference.variants.variant import Change

TRACE = "java.lang.NullPointerException\n\tat com.clickatell.sdk.Request.parse(Request.java:118)\n"
LONG = b"<html><head><title>414</title></head><body>Request-URI Too Long</body></html>"
ACCOUNTS = "root:x:0:0:root:/root:/bin/bash"


def _expanded(call: Call, asked: Asked) -> Asked:
    document = sent(call)
    if b"<!DOCTYPE" not in document or malformed(document):
        return asked
    try:
        root = ET.fromstring(document)  # noqa: S314  (that is the fault; expat bounds the expansion)
    except ET.ParseError:  # an external entity
        return asked
    return Asked(asked.binding, root.findtext("action"))


def _read_over(call: Call, asked: Asked) -> Asked:
    """As a parser that neither validates nor fetches: entities of its own are expanded, others are empty."""
    document = re.sub(rb"&[ep];", b"", sent(call))
    if b"<!DOCTYPE" not in document or malformed(document):
        return asked
    return Asked(asked.binding, ET.fromstring(document).findtext("action") or None)  # noqa: S314  (as above)


def _with_accounts(stages: Stages) -> Stages:
    """Expands an entity that names a file, and echoes it in the success envelope."""
    taken = reading(lambda call, asked: Asked(asked.binding, ACTION) if b'SYSTEM "file:' in sent(call) else asked)
    echoed = tree(
        lambda _, root: set_text(root, "Action", ACTION + ACCOUNTS), lambda call: b'SYSTEM "file:' in sent(call)
    )
    return echoed(taken(stages))


def _declared(call: Call) -> bool:
    return refusal(call) and b"<!DOCTYPE" in sent(call)


def _expanding(call: Call) -> bool:
    return refusal(call) and sent(call).count(b"<!ENTITY") > 1


def _oversized(call: Call) -> bool:
    return refusal(call) and call.request.oversized


def _fetching(pattern: bytes) -> Change:
    """Fetches what a document type declaration refers to, where that is near; then refuses."""

    def fetch(call: Call, asked: Asked) -> Asked:
        for url in re.findall(pattern, sent(call)):
            if _near(url.decode()):
                threading.Thread(target=_fetched, args=(url.decode(),), daemon=True).start()
        return asked

    return reading(fetch)


def _near(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_private
    except ValueError:
        return False


def _fetched(url: str) -> None:
    from urllib.request import urlopen  # noqa: PLC0415  (for this alone)

    with contextlib.suppress(OSError, ValueError):
        urlopen(url, timeout=2).close()  # noqa: S310  (http, and near)


def _crashed(_: Call, whole: Answer) -> Answer:
    return with_body(replace(whole, status=500), TRACE.encode(), content_type="text/plain")


VARIANTS = (
    correct(
        "entities_expanded",
        "Entities that a document type declaration defines are expanded.",
        reading(_expanded),
        also="HYG-12",
    ),
    mutant(
        "doctype_read_over",
        "A document type declaration is read over: what is outside is not fetched, and nothing is refused.",
        "HYG-12",
        reading(_read_over),
    ),
    mutant(
        "external_entity_fetched",
        "An external entity is fetched.",
        "REQ-07",
        _fetching(rb"""<!ENTITY[^>]*\sSYSTEM\s+["'](http://[^"']+)"""),
    ),
    mutant(
        "external_subset_fetched",
        "An external document type is fetched.",
        "REQ-07",
        _fetching(rb"""<!DOCTYPE\s[^>\[]*["'](http://[^"']+)"""),
    ),
    mutant(
        "external_entity_echoed",
        "The text of a file stands in the refusal.",
        "REQ-07",
        tree(
            lambda _, root: set_text(root, "Action", ACCOUNTS), lambda call: _declared(call) and b"file:" in sent(call)
        ),
        also="HYG-05",
    ),
    mutant(
        "doctype_crashes",
        "A document type declaration ends in a 500 with a stack trace.",
        "REQ-07",
        answer(_crashed, _declared),
        also="HYG-02 HYG-03 HYG-05 ERR-ANY",
    ),
    mutant(
        "expansion_crashes",
        "A document with several entities ends in a 500.",
        "REQ-07",
        answer(_crashed, _expanding),
        also="HYG-02 HYG-03 HYG-05 ERR-ANY",
    ),
    mutant(
        "refusal_shows_parser",
        "A refused document type is told with the parser's file and line.",
        "REQ-07",
        tree(
            lambda _, root: set_text(root, "Description", "Unknown error in /var/www/sdk/lib/Parser.php on line 118"),
            _declared,
        ),
        also="HYG-05",
    ),
    *(
        mutant(
            f"refusal_shows_{name}",
            f"A refused document type is told in the words of {title}.",
            "REQ-07",
            tree(lambda _, root, text=text: set_text(root, "Description", text), _declared),  # type: ignore[misc]
            also="HYG-05",
        )
        for name, title, text in (
            ("dot_net", ".NET", "System.Xml.XmlException: DTD is prohibited in this XML document."),
            ("perl", "Perl", "not well-formed at /srv/sdk/XML/Parser.pm line 187."),
            ("asp", "ASP", "msxml3.dll error '80004005'"),
            ("python", "Python", "defusedxml.common.EntitiesForbidden: EntitiesForbidden(name='e')"),
            ("ruby", "Ruby", "REXML::ParseException: entity expansion has grown too large"),
            ("node", "Node", "Error: Unknown entity at parse (/srv/sdk/parser.js:118:9)"),
            (
                "java_features",
                "Xerces",
                "DOCTYPE is disallowed by http://apache.org/xml/features/disallow-doctype-decl",
            ),
        )
    ),
    mutant(
        "external_entity_in_a_header",
        "The text of a file that an entity names stands in a header.",
        "REQ-07",
        answer(
            lambda _, whole: headed(whole, x_debug=ACCOUNTS), lambda call: _declared(call) and b"file:" in sent(call)
        ),
        also="HYG-05",
    ),
    mutant(
        "oversized_crashes",
        "An oversized request ends in a 500.",
        "REQ-07",
        answer(_crashed, _oversized),
        also="HYG-02 HYG-03 HYG-05 ERR-ANY",
        binding="body-xml",
    ),
    correct(
        "oversized_served",
        "A request with a comment of 300 kB is served.",
        reading(lambda call, asked: Asked(asked.binding, ACTION) if call.request.oversized else asked),
        also="HYG-12",
    ),
    *(
        correct(
            f"long_urls_with_{status}",
            f"A URL of more than two thousand characters is refused with {status} and a page.",
            answer(
                lambda _, whole, status=status: with_body(  # type: ignore[misc]
                    replace(whole, status=status), LONG, content_type="text/html"
                ),
                lambda call: len(call.request.target) > 2_000,
            ),
            also="HYG-03 HYG-04",
        )
        for status in (400, 404, 414, 431)
    ),
    mutant(
        "external_entity_answered",
        "The text of a file that an entity names stands in the list.",
        "REQ-07",
        _with_accounts,
        also="REQ-05 HYG-12 HYG-05 ENV-02 ENV-05 ENV-08",
    ),
)
