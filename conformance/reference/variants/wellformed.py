"""Mutants that are not well-formed XML 1.0 in their encoding (ENV-01), or that refer elsewhere (ENV-09)."""

from __future__ import annotations

import gzip

from conformance.reference.answer import ROOT
from conformance.reference.variants.edits import swap, with_body
from conformance.reference.variants.variant import answer, document, mutant

BROKEN = "ENV-02 ENV-03 ENV-04 ENV-05 ENV-06 ENV-07 REQ-01 REQ-02 REQ-05 TLS-03 CBK-03 CBK-04 CBK-08 CBK-09 TIM-01"
DECLARATION = '<?xml version="1.0"?>'
WARNING = b"<br />\n<b>Warning</b>:  date() [<a href='function.date'>function.date</a>]: no timezone<br />\n"

# A piece of the document, and what stands in its place.
SWAPS = (
    ("root_not_closed", "The root is not closed.", f"</{ROOT}>", ""),
    ("tags_crossed", "Two elements overlap.", "<Result>Success</Result>", "<b><Result>Success</b></Result>"),
    ("end_tag_in_other_case", "An end tag differs from its start tag in a letter's case.", "</Result>", "</result>"),
    ("ampersand_not_escaped", "An ampersand is not escaped.", "XML GET", "XML & GET"),
    ("less_than_not_escaped", "A less-than sign is not escaped.", "XML GET", "XML < GET"),
    ("html_entity", "An HTML entity stands for a space.", "XML GET", "XML&nbsp;GET"),
    ("control_character", "A vertical tab stands in a type.", "XML GET", "XML\x0bGET"),
    (
        "control_character_escaped",
        "A character reference names a character that XML 1.0 has not.",
        "XML GET",
        "XML&#11;GET",
    ),
    ("nul_referenced", "A character reference names U+0000.", "XML GET", "XML GET&#0;"),
    ("surrogate_referenced", "A character reference names a surrogate.", "XML GET", "XML GET&#xD800;"),
    ("cdata_not_closed", "A CDATA section is not closed.", "XML GET", "<![CDATA[XML GET"),
    ("cdata_end_in_text", "The end of a CDATA section stands in text.", "XML GET", "XML GET]]>"),
    ("comment_with_two_hyphens", "A comment has two hyphens inside.", DECLARATION, f"{DECLARATION}<!-- a -- b -->"),
    ("attribute_not_quoted", "An attribute is not quoted.", f"<{ROOT}>", f"<{ROOT} version=1>"),
    ("declaration_in_capitals", "The XML declaration is in capitals.", "<?xml", "<?XML"),
    ("declaration_without_version", "The XML declaration names no version.", ' version="1.0"', ""),
    ("declaration_not_first", "A line end stands before the XML declaration.", DECLARATION, f"\n{DECLARATION}"),
    ("declaration_twice", "The XML declaration comes twice.", DECLARATION, DECLARATION * 2),
    ("xml_1_1", "The document declares XML 1.1.", 'version="1.0"', 'version="1.1"'),
    ("xml_2_0", "The document declares XML 2.0.", 'version="1.0"', 'version="2.0"'),
    ("prefix_in_tag_broken", "A space stands in an element's name.", "<Result>", "< Result>"),
    (
        "encoding_unregistered",
        "The document declares an encoding that nobody has registered.",
        '1.0"?>',
        '1.0" encoding="klingon-8"?>',
    ),
    ("encoding_declared_utf_16", "The document declares UTF-16 and is UTF-8.", '1.0"?>', '1.0" encoding="UTF-16"?>'),
    (
        "mark_behind_declaration",
        "A byte order mark stands behind the declaration.",
        DECLARATION,
        f"{DECLARATION}\ufeff",
    ),
    ("mark_twice", "Two byte order marks begin the document.", DECLARATION, f"\ufeff\ufeff{DECLARATION}"),
)

REFERENCES = (
    (
        "doctype_external",
        "A document type declaration names a DTD elsewhere.",
        f'<!DOCTYPE {ROOT} SYSTEM "http://127.0.0.1:9/sdk.dtd">',
    ),
    (
        "doctype_public",
        "A document type declaration names a public DTD.",
        f'<!DOCTYPE {ROOT} PUBLIC "-//Clickatell//DTD SDK 1.0//EN" "http://127.0.0.1:9/sdk.dtd">',
    ),
    (
        "doctype_internal",
        "A document type declaration defines an element.",
        f"<!DOCTYPE {ROOT} [<!ELEMENT {ROOT} ANY>]>",
    ),
    ("doctype_with_entity", "A document type declaration defines an entity.", f'<!DOCTYPE {ROOT} [<!ENTITY g "GET">]>'),
    ("doctype_bare", "A document type declaration says nothing.", f"<!DOCTYPE {ROOT}>"),
    (
        "stylesheet",
        "A processing instruction refers to a style sheet.",
        '<?xml-stylesheet type="text/xsl" href="sdk.xsl"?>',
    ),
    ("model", "A processing instruction refers to a schema.", '<?xml-model href="http://127.0.0.1:9/sdk.rng"?>'),
)

VARIANTS = (
    *(mutant(name, title, "ENV-01", swap(old, new), also=BROKEN) for name, title, old, new in SWAPS),
    mutant(
        "document_cut_short",
        "The second half of the document is missing.",
        "ENV-01",
        document(lambda whole: whole[: len(whole) // 2]),
        also=BROKEN,
    ),
    mutant("document_twice", "The document comes twice.", "ENV-01", document(lambda whole: whole + whole), also=BROKEN),
    mutant(
        "nul_at_the_end",
        "A NUL ends the document, as a C string.",
        "ENV-01",
        document(lambda whole: whole + b"\0"),
        also=BROKEN,
    ),
    mutant(
        "zero_at_the_end",
        "A 0 follows the document, as of a chunk.",
        "ENV-01",
        document(lambda whole: whole + b"0\r\n"),
        also=BROKEN,
    ),
    mutant(
        "warning_before_document",
        "A PHP warning comes before the document.",
        "ENV-01",
        document(lambda whole: WARNING + whole),
        also=f"{BROKEN} HYG-05",
    ),
    mutant(
        "warning_behind_document",
        "A PHP warning comes behind the document.",
        "ENV-01",
        document(lambda whole: whole + WARNING),
        also=f"{BROKEN} HYG-05",
    ),
    mutant(
        "latin_1_as_utf_8",
        "A Latin-1 letter stands in a document that is UTF-8.",
        "ENV-01",
        document(lambda whole: whole.replace(b"?>", b"?><!-- caf\xe9 -->", 1)),
        also=BROKEN,
    ),
    mutant(
        "windows_1252_as_utf_8",
        "A Windows-1252 quotation mark stands in a type, undeclared.",
        "ENV-01",
        document(lambda whole: whole.replace(b"XML GET", b"XML \x93GET\x94")),
        also=BROKEN,
    ),
    mutant(
        "utf_16_as_utf_8",
        "The document declares UTF-8 and is UTF-16.",
        "ENV-01",
        document(lambda whole: whole.decode().replace('"?>', '" encoding="UTF-8"?>', 1).encode("utf-16")),
        also=f"{BROKEN} HYG-04",
    ),
    mutant(
        "surrogates_in_utf_8",
        "A character beyond U+FFFF is encoded as two surrogates (CESU-8).",
        "ENV-01",
        document(lambda whole: whole.replace(b"?>", b"?><!-- \xed\xa0\xbd\xed\xb8\x80 -->", 1)),
        also=BROKEN,
    ),
    mutant(
        "gzip_unannounced",
        "The body is compressed, which no header says.",
        "ENV-01",
        answer(lambda _, whole: with_body(whole, gzip.compress(whole.body))),
        also=BROKEN,
    ),
    *(
        mutant(name, title, "ENV-09", swap(DECLARATION, DECLARATION + reference), also="ENV-02 ENV-01")
        for name, title, reference in REFERENCES
    ),
    mutant(
        "doctype_entity_used",
        "A type is an entity of the document's own type declaration.",
        "ENV-09",
        document(
            lambda whole: whole.replace(b"?>", f'?><!DOCTYPE {ROOT} [<!ENTITY x "XML GET">]>'.encode(), 1).replace(
                b">XML GET<", b">&x;<"
            )
        ),
        also=BROKEN,
    ),
)
