"""Which encoding a document is in: byte order mark, first bytes, declaration, the transport's word, in a table."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

# Encodings whose names users meet in XML; Python's codec registry also knows things that are no encodings.
_KNOWN = re.compile(
    r"(utf-?8|us-ascii|ascii|utf-?16(le|be)?|utf-?32(le|be)?|ucs-?[24]|iso-?8859-?[0-9]{1,2}|latin-?[0-9]{1,2}"
    r"|iso-10646-ucs-[24]|windows-?12[0-9]{2}|cp12[0-9]{2}|koi8-?[ru]|shift_jis|euc-?jp|iso-2022-jp|euc-?kr"
    r"|gb2312|gbk|gb18030|big5|big5-hkscs|macintosh|ibm[0-9]{3,5}|cp[0-9]{3,4}|tis-620|ks_c_5601-1987|windows-31j"
    r"|iso_8859-[0-9]{1,2}|cs[a-z0-9]+)",
    re.IGNORECASE,
)
# Names that IANA has registered and Python lacks, where it knows the encoding by another.
_ALSO = {
    "windows-31j": "cp932",
    "cswindows31j": "cp932",
    "latin-9": "iso8859-15",
    "csiso885915": "iso8859-15",
    "csiso885916": "iso8859-16",
    "csutf8": "utf-8",
    "cseuckr": "euc_kr",
    "csgb2312": "gb2312",
    "csgbk": "gbk",
    "csgb18030": "gb18030",
    "csmacintosh": "macintosh",
    "cseucpkdfmtjapanese": "euc_jp",
    "windows-874": "cp874",
    "cswindows874": "cp874",
    **{f"ibm0{number}": f"cp{number}" for number in (858, 1140)},
    **{f"cswindows{number}": f"cp{number}" for number in range(1250, 1259)},
}
# Names registered for what Python lacks, and private ones (XML 1.0 section 4.3.3): others may read it.
_OTHERS = re.compile(
    r"x-.+|cs[a-z0-9]+|.*ebcdic.*|(ibm|cp|ccsid)-?(0?[0-9]{2,3}|0?1[01][0-9]{2})|ibm-(thai|symbols)|windows-9[0-9]{2}"
    r"|utf-7(-imap)?|cesu-?8|scsu|bocu-1|(ucs|unicode-1-1).*|iso-(10646|ir|2022|unicode).*|iso-8859-[68]-[ei]|jis_.+"
    r"|ksc_?5601|gb_2312-80|hz-gb-2312|extended_unix_code_.+|viscii|viqr|tscii|koi[78].*|hp-.+|adobe-.+|dec(-mcs)?|brf",
    re.IGNORECASE,
)
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# XML 1.0, appendix F: the first characters of a document without a mark tell the family of its encoding.
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


class Fault(Exception):  # noqa: N818
    """The document breaks a rule of XML 1.0."""


class Unreadable(Exception):  # noqa: N818
    """The suite cannot read it, which says nothing about the document."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells the encoding of a body.

    mark: what its byte order mark says. family: what its first bytes say, the mark among them. version, declared: of
    its XML declaration. charset: what the transport says.
    """

    empty: bool
    mark: str
    family: str
    version: str
    declared: str
    charset: str

    @property
    def is_silent(self) -> bool:
        """Whether the document itself says nothing, so that it is in UTF-8 unless the transport knows better."""
        return not (self.declared or self.family)

    @property
    def codec(self) -> str:
        """Python's name of what is declared. Raises Fault where it is no encoding, Unreadable where it is not ours."""
        return _codec(self.declared)

    @property
    def told(self) -> str:
        """The transport's word, where a silent document can be in it; what cannot be is hygiene's matter."""
        try:
            codec = _codec(self.charset)
        except (Fault, Unreadable):
            return ""
        return codec if _width(codec) == 1 else ""


class Rule(NamedTuple):
    """What is seen, and what that amounts to: an encoding to decode with, or a fault in words."""

    seen: str
    holds: Callable[[Signs], bool]
    encoding: Callable[[Signs], str] | None = None
    fault: str = ""
    named: str = ""


# The first row that holds decides (XML 1.0 section 4.3.3 and appendix F). Rows below the sixth see a declared encoding.
RULES = (
    Rule("no body, or white space alone", lambda s: s.empty, fault="the body is empty"),
    Rule(
        "another version than 1.0 declared",
        lambda s: s.version != "1.0",
        fault="declares XML version {s.version}, not 1.0",
    ),
    Rule(
        "UTF-16 by its first bytes, without a mark, which neither the charset nor UTF-16LE or UTF-16BE declares",
        lambda s: (
            s.family.startswith("utf-16")
            and not s.mark
            and "utf-16" not in s.charset.lower()
            and s.declared.lower() not in {"utf-16le", "utf-16be"}
        ),
        fault="is UTF-16 without a byte order mark",
    ),
    Rule(
        "none declared, a byte order mark or telling first bytes",
        lambda s: not s.declared and bool(s.family),
        lambda s: s.family,
        named="what these say",
    ),
    Rule(
        "none declared, a charset of the transport that can be",
        lambda s: not s.declared and bool(s.told),
        lambda s: s.told,
        named="the charset; UTF-8 where the bytes are not in it",
    ),
    Rule("none declared, nor anything else", lambda s: not s.declared, lambda _: "utf-8", named="UTF-8"),
    Rule(
        "EBCDIC declared, first bytes of another kind",
        lambda s: not s.family and _EBCDIC.fullmatch(s.declared) is not None,
        fault="declares the encoding {s.declared}, but the bytes are not in it",
    ),
    Rule(
        "one declared, first bytes or a mark of another width",
        lambda s: bool(s.family) and _width(s.codec) != _width(s.family),
        fault="declares the encoding {s.declared}, but the bytes are {family}",
    ),
    Rule(
        "a wide one declared, bytes that are not",
        lambda s: not s.family and _width(s.codec) != 1,
        fault="declares the encoding {s.declared}, but the bytes are not in it",
    ),
    Rule(
        "another than UTF-8 declared, the mark of UTF-8",
        lambda s: s.mark == "utf-8" and s.codec != "utf-8",
        fault="declares the encoding {s.declared}, but begins with the byte order mark of UTF-8",
    ),
    Rule(
        "one declared, UTF-16 or UTF-32 by the mark or the first bytes, or the mark of UTF-8",
        lambda s: s.family.startswith("utf"),
        lambda s: s.family,
        named="what mark or first bytes say",
    ),
    Rule("one declared", lambda _: True, lambda s: s.codec, named="the declared one"),
)


def signs_of(body: bytes, charset: str = "") -> Signs:
    """What tells the encoding of `body`; `charset` is what the transport says."""
    mark = next((name for octets, name in _MARKS if body.startswith(octets)), "")
    family = mark or next((name for octets, name in _FAMILIES if body.startswith(octets)), "")
    head = _DECLARATION.match(body[:_HEAD].decode(family or "latin-1", "replace").lstrip("\ufeff"))
    version, declared = (head["version"], head["encoding"] or "") if head else ("1.0", "")
    return Signs(not body.strip(), mark, family, version, declared, charset)


def decided(signs: Signs) -> str:
    """The encoding to decode with. Raises Fault or Unreadable where there is none."""
    rule = next(rule for rule in RULES if rule.holds(signs))
    if rule.encoding is None:
        raise Fault(rule.fault.format(s=signs, family=signs.family.upper()))
    return rule.encoding(signs)


def encoding_of(body: bytes, charset: str = "") -> str:
    """The encoding that a document is decoded with; "" where it is not."""
    try:
        return decided(signs_of(body, charset))
    except (Fault, Unreadable):
        return ""


@lru_cache(maxsize=64)
def _codec(name: str) -> str:
    """Python's name of an encoding that XML documents may name."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*", name):
        raise Fault(f"declares {name!r}, which is no name of an encoding")
    try:
        known = codecs.lookup(_ALSO.get(name.lower(), name))
    except LookupError:
        if _OTHERS.fullmatch(name):
            raise Unreadable(f"the encoding {name} is not one that the suite reads") from None
        raise Fault(f"declares the encoding {name}, which nobody has registered") from None
    if not _KNOWN.fullmatch(name) and name.lower() not in _ALSO:
        raise Unreadable(f"the encoding {name} is not one that the suite reads")
    return known.name


def _width(codec: str) -> int:
    """Bytes of the smallest character of an encoding."""
    return 4 if codec.startswith("utf-32") else 2 if codec.startswith("utf-16") else 1
