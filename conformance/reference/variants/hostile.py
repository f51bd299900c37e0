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
from conformance.reference.variants.edits import malformed, sent, set_text, with_body
from conformance.reference.variants.variant import answer, mutant, reading, refusal, tree

if TYPE_CHECKING:
    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change

TRACE = "java.lang.NullPointerException\n\tat com.clickatell.sdk.Request.parse(Request.java:118)\n"
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
    mutant(
        "entities_expanded",
        "Entities of a document type declaration are expanded.",
        "REQ-07",
        reading(_expanded),
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
            lambda _, root: set_text(root, "Action", ACCOUNTS),
            lambda call: _declared(call) and b"file:" in sent(call),
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
            lambda _, root: set_text(
                root, "Description", "Unknown error in /var/www/sdk/lib/Parser.php on line 118"
            ),
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
        )
    ),
    mutant(
        "oversized_crashes",
        "An oversized request ends in a 500.",
        "REQ-07",
        answer(_crashed, _oversized),
        also="HYG-02 HYG-03 HYG-05 ERR-ANY",
        binding="body-xml",
    ),
    mutant(
        "oversized_served",
        "An oversized request is served.",
        "REQ-07",
        reading(lambda call, asked: Asked(asked.binding, ACTION) if call.request.oversized else asked),
        binding="body-xml",
    ),
)
