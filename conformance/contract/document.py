"""From bytes to a tree: is this one well-formed XML 1.0 document in the encoding that it declares?

Two parsers must agree (libxml2 and expat): libxml2 lets some encodings lie. Nothing is fetched, no entity is
expanded, comments and processing instructions are kept out of the tree so that text beside them stays whole.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from xml.parsers import expat

from lxml import etree

from conformance.contract.encoding import Fault, Unreadable, decided, signs_of

_REFERRING = re.compile(r"""xml-stylesheet|xml-model|\b\w*(href|src|schema|url|uri)\s*=|\w+://""", re.IGNORECASE)
_DOCTYPE = re.compile(r"(?:<\?.*?\?>|<!--.*?-->|\s)*<!DOCTYPE", re.DOTALL)
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_POSITION = re.compile(r", line \d+, column \d+$")
# Declarations of which libxml2 says something else.
_DECLARATIONS = (
    (re.compile(r"<\?xml\s*\?>"), "the XML declaration names no version"),
    (re.compile(r"<\?(?!xml)(?i:xml)\s"), "the XML declaration is not written in small letters"),
)
_IDS = {etree.ErrorTypes.DTD_XMLID_VALUE, etree.ErrorTypes.DTD_ID_REDEFINED}
_LIMITS = ("excessive depth", "huge", "too long", "limit", "amplification", "maximum")


@dataclass(frozen=True, slots=True)
class Document:
    """What was read of one body.

    root: the root element, or None when `fault` or `unreadable` says why not.
    fault: the rule of XML 1.0 that the body breaks. unreadable: why the suite could not tell.
    deep: nested deeper than a parser accepts. references: things that refer elsewhere (DOCTYPE, PI), as text.
    """

    root: etree._Element | None = None
    fault: str = ""
    line: int = 0
    unreadable: str = ""
    deep: bool = False
    encoding: str = ""
    declared: str = ""
    doctype: str = ""
    references: tuple[str, ...] = ()
    text: str = ""


def read(body: bytes, charset: str = "") -> Document:
    """Read `body`; `charset` is what the transport says, used only where the document itself is silent."""
    encoding = declared = text = ""
    try:
        signs = signs_of(body, charset)
        encoding, declared = decided(signs), signs.declared
        text, encoding = _decode(body, encoding, lenient=signs.is_silent)
        return _parse(text, encoding, declared)
    except Unreadable as reason:
        return Document(unreadable=str(reason), encoding=encoding, declared=declared, text=text)
    except Fault as fault:
        line = fault.args[1] if len(fault.args) > 1 else 1
        # What cannot be decoded still shows what it was meant to be.
        text = text or body.replace(b"\0", b"").decode("latin-1")
        return Document(fault=str(fault.args[0]), line=line, encoding=encoding, declared=declared, text=text)


def _decode(body: bytes, encoding: str, *, lenient: bool) -> tuple[str, str]:
    """The text, and the encoding that it was found to be in."""
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        if lenient and encoding != "utf-8":
            # The transport's word was wrong; the document itself says nothing, which means UTF-8.
            return _decode(body, "utf-8", lenient=False)
        line = body.count(b"\n", 0, error.start) + 1
        raise Fault(f"the bytes are not {encoding.upper()}: {error.reason} at byte {error.start}", line) from None
    text = text.removeprefix("\ufeff")
    if text.startswith("\ufeff"):
        raise Fault("a second byte order mark stands before the document")
    return text, encoding


def _parse(text: str, encoding: str, declared: str) -> Document:
    # One decoding serves both parsers: they are given UTF-8 and told so, whatever the declaration says.
    data, bare = text.encode("utf-8"), Document(encoding=encoding, declared=declared, text=text)
    try:
        root = _tree(data, remove_pis=True)
    except etree.XMLSyntaxError as error:
        return _refused(error, bare)
    doctype = root.getroottree().docinfo.doctype
    if not doctype:
        _second_opinion(data)
    references = (f"document type declaration {doctype}",) if doctype else ()
    if next(root.iter(etree.Entity), None) is not None:
        said = "refers to an entity that a document type declares; the suite expands none"
        return replace(bare, unreadable=said, doctype=doctype, references=references)
    return replace(bare, root=root, doctype=doctype, references=references + _instructions(data))


def recovered(document: Document) -> etree._Element | None:
    """What a parser makes of a body that is not well-formed; None where nothing can be made of it."""
    with contextlib.suppress(etree.XMLSyntaxError, ValueError):
        data, parser = document.text.encode("utf-8", "replace"), _parser(remove_pis=True, recover=True)
        root = etree.fromstring(data, parser)
        if root is not None:
            etree.strip_elements(root, etree.Entity, with_tail=False)
            for element in root.iter():
                element.text = _NO_CHARACTER.sub("", element.text or "") or None
                element.tail = _NO_CHARACTER.sub("", element.tail or "") or None
        return root
    return None


def _tree(data: bytes, *, remove_pis: bool) -> etree._Element:
    """The root. libxml2 also judges xml:id and repeated ids, which well-formedness knows nothing of."""
    parser = _parser(remove_pis=remove_pis)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        found = {entry.type for entry in parser.error_log}  # the error's own log has what came before, too
        if not found or found - _IDS:
            raise
    # Not collect_ids=False: with it, libxml2 loads the external subset.
    return etree.fromstring(data, _parser(remove_pis=remove_pis, recover=True))


def _parser(*, remove_pis: bool, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=remove_pis,
        recover=recover,
    )


def _refused(error: etree.XMLSyntaxError, bare: Document) -> Document:
    """What is read where libxml2 reads none: bare, beyond a parser's limits. Raises Fault for anything else."""
    message = (error.msg or "not well-formed").split("\n")[0]
    deep = "depth" in message.lower()
    if deep or any(word in message.lower() for word in _LIMITS):
        references = ("document type declaration",) if _DOCTYPE.match(bare.text) else ()
        said = f"beyond what a parser accepts ({message})"
        return replace(bare, unreadable=said, deep=deep, references=references)
    own = next((told for pattern, told in _DECLARATIONS if pattern.match(bare.text)), "")
    raise Fault(own or _POSITION.sub("", message), error.lineno or 1)


def _second_opinion(data: bytes) -> None:
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Fault(expat.ErrorString(error.code) or "not well-formed", error.lineno) from None


def _instructions(data: bytes) -> tuple[str, ...]:
    """The processing instructions that refer elsewhere."""
    declaration = 1 if re.match(rb"<\?xml\s", data) else 0
    if data.count(b"<?") <= declaration:
        return ()
    root = _tree(data, remove_pis=False)
    everywhere = [
        *reversed(list(root.itersiblings(preceding=True))),
        *root.iter(etree.ProcessingInstruction),
        *root.itersiblings(),
    ]
    found = (
        f"<?{node.target} {node.text or ''}?>" for node in everywhere if isinstance(node, etree._ProcessingInstruction)
    )
    return tuple(text for text in found if _REFERRING.search(text))
