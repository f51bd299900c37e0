"""From bytes to a tree: is this one well-formed XML 1.0 document in the encoding that it declares?

Two parsers must agree (libxml2 and expat): libxml2 lets some encodings lie. Nothing is fetched, no entity is
expanded, comments and processing instructions are kept out of the tree so that text beside them stays whole.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from xml.parsers import expat

from lxml import etree

# Encodings whose names users meet in XML; Python's codec registry also knows things that are no encodings.
_KNOWN = re.compile(
    r"(utf-?8|us-ascii|ascii|utf-?16(le|be)?|utf-?32(le|be)?|ucs-?[24]|iso-?8859-?[0-9]{1,2}|latin-?[0-9]{1,2}"
    r"|iso-10646-ucs-[24]|windows-?12[0-9]{2}|cp12[0-9]{2}|koi8-?[ru]|shift_jis|euc-?jp|iso-2022-jp|euc-?kr"
    r"|gb2312|gbk|gb18030|big5|macintosh|ibm[0-9]{3,5}|cp[0-9]{3,4}|tis-620)",
    re.IGNORECASE,
)
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# XML 1.0, appendix F: the first characters of a document without a BOM tell the family of its encoding.
_FAMILIES = (
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)
_DECLARATION = re.compile(
    r"""<\?xml\s+version\s*=\s*["'](?P<version>[^"']*)["'](?:\s+encoding\s*=\s*["'](?P<encoding>[^"']*)["'])?"""
)
_HEAD = 16_384  # bytes in which a declaration must end
_EBCDIC = re.compile(
    r"ebcdic.*|(ibm|cp)-?(037|273|277|278|28[045]|297|424|500|871|1026|104[07]|114[0-9])", re.IGNORECASE
)
_REFERRING = re.compile(
    r"""xml-stylesheet|xml-model|\b\w*(href|src|schema|url|uri)\s*=|\w+://""", re.IGNORECASE
)
_DOCTYPE = re.compile(r"(?:<\?.*?\?>|<!--.*?-->|\s)*<!DOCTYPE", re.DOTALL)
_POSITION = re.compile(r", line \d+, column \d+$")
_IDS = {etree.ErrorTypes.DTD_XMLID_VALUE, etree.ErrorTypes.DTD_ID_REDEFINED}
_LIMITS = ("excessive depth", "huge", "too long", "limit", "amplification", "maximum")


class _Fault(Exception):  # noqa: N818
    """The document breaks a rule of XML 1.0."""


class _Unreadable(Exception):  # noqa: N818
    """The suite cannot read it, which says nothing about the document."""


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
        encoding, declared = _encoding(body, charset)
        told_by_transport = not declared and not body.startswith(
            tuple(mark for mark, _ in (*_BOMS, *_FAMILIES))
        )
        text, encoding = _decode(body, encoding, lenient=told_by_transport)
        return _parse(text, encoding, declared)
    except _Unreadable as reason:
        return Document(unreadable=str(reason), encoding=encoding, declared=declared, text=text)
    except _Fault as fault:
        line = fault.args[1] if len(fault.args) > 1 else 1
        # What cannot be decoded still shows what it was meant to be.
        text = text or body.replace(b"\0", b"").decode("latin-1")
        return Document(fault=str(fault.args[0]), line=line, encoding=encoding, declared=declared, text=text)


def encoding_of(body: bytes, charset: str = "") -> str:
    """The encoding that `read` would decode the body with; "" where it would not."""
    try:
        return _encoding(body, charset)[0]
    except (_Fault, _Unreadable):
        return ""


def _encoding(body: bytes, charset: str) -> tuple[str, str]:
    """The encoding to decode with, and the one that the document declares (XML 1.0 section 4.3.3)."""
    if not body.strip():
        raise _Fault("the body is empty")
    bom = next((name for mark, name in _BOMS if body.startswith(mark)), "")
    family = bom or next((name for mark, name in _FAMILIES if body.startswith(mark)), "")
    head = _DECLARATION.match(body[:_HEAD].decode(family or "latin-1", "replace").lstrip("\ufeff"))
    declared = (head["encoding"] or "") if head else ""
    if head and head["version"] != "1.0":
        raise _Fault(f"declares XML version {head['version']}, not 1.0")
    wide = family.startswith("utf-16") and not bom and "utf-16" not in charset.lower()
    if wide and declared.lower() not in {"utf-16le", "utf-16be"}:
        raise _Fault("is UTF-16 without a byte order mark")
    if not declared:
        return family or _transport_codec(charset), ""
    if not family and _EBCDIC.fullmatch(declared):
        raise _Fault(f"declares the encoding {declared}, but the bytes are not in it")
    codec = _codec(declared)
    if family and _width(codec) != _width(family):
        raise _Fault(f"declares the encoding {declared}, but the bytes are {family.upper()}")
    if not family and _width(codec) != 1:
        raise _Fault(f"declares the encoding {declared}, but the bytes are not in it")
    if bom == "utf-8" and codec != "utf-8":
        raise _Fault(f"declares the encoding {declared}, but begins with the byte order mark of UTF-8")
    return bom or (family if family.startswith("utf") else codec), declared


def _transport_codec(charset: str) -> str:
    """What the transport says of a silent document; what cannot be is hygiene's matter, not the body's."""
    try:
        codec = _codec(charset or "utf-8")
    except (_Fault, _Unreadable):
        return "utf-8"
    return codec if _width(codec) == 1 else "utf-8"


def _codec(name: str) -> str:
    """Python's name of an encoding that XML documents may name."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*", name):
        raise _Fault(f"declares {name!r}, which is no name of an encoding")
    try:
        known = codecs.lookup(name)
    except LookupError:
        if name.lower() in {"utf-7", "cesu-8", "scsu"} or name.lower().startswith(
            ("ebcdic", "ucs", "iso-10646")
        ):
            raise _Unreadable(f"the encoding {name} is not one that the suite reads") from None
        raise _Fault(f"declares the encoding {name}, which nobody has registered") from None
    if not _KNOWN.fullmatch(name):
        raise _Unreadable(f"the encoding {name} is not one that the suite reads")
    return known.name


def _width(codec: str) -> int:
    """Bytes of the smallest character of an encoding."""
    return 4 if codec.startswith("utf-32") else 2 if codec.startswith("utf-16") else 1


def _decode(body: bytes, encoding: str, *, lenient: bool) -> tuple[str, str]:
    """The text, and the encoding that it was found to be in."""
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        if lenient and encoding != "utf-8":
            # The transport's word was wrong; the document itself says nothing, which means UTF-8.
            return _decode(body, "utf-8", lenient=False)
        line = body.count(b"\n", 0, error.start) + 1
        raise _Fault(
            f"the bytes are not {encoding.upper()}: {error.reason} at byte {error.start}", line
        ) from None
    text = text.removeprefix("\ufeff")
    if text.startswith("\ufeff"):
        raise _Fault("a second byte order mark stands before the document")
    return text, encoding


def _parse(text: str, encoding: str, declared: str) -> Document:
    # One decoding serves both parsers: they are given UTF-8 and told so, whatever the declaration says.
    data = text.encode("utf-8")
    try:
        root = _tree(data, remove_pis=True)
    except etree.XMLSyntaxError as error:
        return _refused(error, encoding, declared, text)
    tree = root.getroottree()
    doctype = tree.docinfo.doctype
    if not doctype:
        _second_opinion(data)
    references = (f"document type declaration {doctype}",) if doctype else ()
    if next(root.iter(etree.Entity), None) is not None:
        return Document(
            unreadable="refers to an entity that a document type declares; the suite expands none",
            encoding=encoding,
            declared=declared,
            doctype=doctype,
            references=references,
            text=text,
        )
    return Document(
        root=root,
        encoding=encoding,
        declared=declared,
        doctype=doctype,
        references=references + _instructions(data),
        text=text,
    )


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


def _refused(error: etree.XMLSyntaxError, encoding: str, declared: str, text: str) -> Document:
    message = (error.msg or "not well-formed").split("\n")[0]
    deep = "depth" in message.lower()
    if deep or any(word in message.lower() for word in _LIMITS):
        return Document(
            unreadable=f"beyond what a parser accepts ({message})",
            deep=deep,
            encoding=encoding,
            declared=declared,
            references=("document type declaration",) if _DOCTYPE.match(text) else (),
            text=text,
        )
    raise _Fault(_POSITION.sub("", message), error.lineno or 1)


def _second_opinion(data: bytes) -> None:
    parser = expat.ParserCreate("utf-8")
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _Fault(expat.ErrorString(error.code) or "not well-formed", error.lineno) from None


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
        f"<?{node.target} {node.text or ''}?>"
        for node in everywhere
        if isinstance(node, etree._ProcessingInstruction)
    )
    return tuple(text for text in found if _REFERRING.search(text))
