"""Correct variants: documents in other encodings, with and without byte order mark and declaration."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from conformance.reference.variants.edits import with_body
from conformance.reference.variants.variant import always, answer, correct

if TYPE_CHECKING:
    from conformance.reference.answer import Answer
    from conformance.reference.app import Call
    from conformance.reference.variants.variant import Change

PLAIN = b'<?xml version="1.0"?>\n'


def _encoded(declaration: str, codec: str = "utf-8", *, mark: bytes = b"", charset: str = "", note: str = "") -> Change:
    """Every document in another encoding; a note in a comment has characters to be encoded."""
    comment = f"<!-- {note} -->\n" if note else ""

    def encode(_: Call, whole: Answer) -> Answer:
        text = declaration + comment + whole.body.removeprefix(PLAIN).decode()
        label = f"text/xml; charset={charset}" if charset else "text/xml"
        return with_body(whole, mark + text.encode(codec), content_type=label)

    return answer(encode, always)


def _declared(name: str) -> str:
    return f'<?xml version="1.0" encoding="{name}"?>\n'


UTF_8, UTF_16 = codecs.BOM_UTF8, (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NOTE = "Rückrufarten, liste complète des méthodes"
GREEK = "τύποι επανάκλησης 回调 🜁"

VARIANTS = (
    correct(
        "declared_utf_8", "The document declares UTF-8.", _encoded(_declared("UTF-8"), note=GREEK, charset="utf-8")
    ),
    correct(
        "declared_utf_8_in_small_letters",
        "The document declares utf-8.",
        _encoded(_declared("utf-8"), note=GREEK, charset="UTF-8"),
    ),
    correct("undeclared", "The document has no XML declaration.", _encoded("", charset="utf-8")),
    correct(
        "undeclared_and_unlabelled", "There is neither an XML declaration nor a charset.", _encoded("", note=GREEK)
    ),
    correct(
        "utf_8_with_mark", "A byte order mark begins the document.", _encoded(PLAIN.decode(), mark=UTF_8, note=GREEK)
    ),
    correct(
        "utf_8_with_mark_declared",
        "A byte order mark begins a document that declares UTF-8.",
        _encoded(_declared("UTF-8"), mark=UTF_8, charset="utf-8"),
    ),
    correct(
        "utf_8_with_mark_undeclared",
        "A byte order mark begins a document without declaration.",
        _encoded("", mark=UTF_8, note=GREEK),
    ),
    correct(
        "utf_16_little_endian",
        "The document is UTF-16, little-endian.",
        _encoded(_declared("UTF-16"), "utf-16-le", mark=UTF_16[0], charset="utf-16", note=GREEK),
    ),
    correct(
        "utf_16_big_endian",
        "The document is UTF-16, big-endian.",
        _encoded(_declared("UTF-16"), "utf-16-be", mark=UTF_16[1], charset="utf-16", note=GREEK),
    ),
    correct(
        "utf_16_with_mark_only",
        "The document is UTF-16, which only its byte order mark says.",
        _encoded(PLAIN.decode(), "utf-16-le", mark=UTF_16[0], note=GREEK),
    ),
    correct(
        "utf_16_undeclared",
        "The document is UTF-16 with byte order mark and has no declaration.",
        _encoded("", "utf-16-be", mark=UTF_16[1], charset="utf-16"),
    ),
    correct(
        "iso_8859_1",
        "The document is ISO-8859-1.",
        _encoded(_declared("ISO-8859-1"), "iso-8859-1", charset="iso-8859-1", note=NOTE),
    ),
    correct(
        "iso_8859_1_unlabelled",
        "The document is ISO-8859-1, which only it says.",
        _encoded(_declared("ISO-8859-1"), "iso-8859-1", note=NOTE),
    ),
    correct(
        "iso_8859_15",
        "The document is ISO-8859-15.",
        _encoded(_declared("ISO-8859-15"), "iso-8859-15", charset="iso-8859-15", note=f"{NOTE} €"),
    ),
    correct(
        "windows_1252",
        "The document is Windows-1252.",
        _encoded(_declared("windows-1252"), "windows-1252", charset="windows-1252", note=f"“{NOTE}” €"),
    ),
    correct(
        "iso_8859_1_by_another_name",
        "The document is ISO-8859-1, declared by another registered name.",
        _encoded(_declared("csISOLatin1"), "iso-8859-1", note=NOTE),
    ),
    correct(
        "windows_31j",
        "The document is Windows-31J, as Java writes it in Japan.",
        _encoded(_declared("Windows-31J"), "cp932", charset="Windows-31J", note="コールバック①"),
    ),
    correct("us_ascii", "The document is US-ASCII.", _encoded(_declared("US-ASCII"), "ascii", charset="us-ascii")),
    correct(
        "us_ascii_labelled_utf_8",
        "The document declares US-ASCII, the header the wider UTF-8.",
        _encoded(_declared("US-ASCII"), "ascii", charset="utf-8"),
        also="HYG-04",
    ),
    correct(
        "declaration_in_single_quotes",
        "The declaration is in single quotes.",
        _encoded("<?xml version='1.0' encoding='UTF-8'?>\n", charset="utf-8"),
    ),
    correct(
        "declaration_standalone",
        "The declaration says standalone.",
        _encoded('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n', charset="utf-8"),
    ),
    correct(
        "declaration_spread_out",
        "The declaration has white space wherever it may.",
        _encoded('<?xml  version = "1.0"\r\n\tencoding = "UTF-8" ?>', charset="utf-8"),
    ),
)
