"""Documents that are costly, bottomless, or in an encoding of their own."""

import codecs
from collections.abc import Callable, Iterator
from typing import Any

from .honest import PAIRS, body, chunked, envelope, error, head, http, success
from .registry import NONCONFORMING, Step, behaves, behaves_each
from .stage import Ask

COSTLY = "Costly documents"
ENTITIES = "Entities"
ENCODINGS = "Encodings"
MEBIBYTE = 1 << 20
BREACH = frozenset({NONCONFORMING})


@behaves(COSTLY, exits=BREACH)
def nested_200_thousand(ask: Ask) -> Iterator[Step]:
    """Nests 200,000 elements."""
    yield http(envelope("<a>" * 200_000 + "</a>" * 200_000))


@behaves(COSTLY, exits=BREACH)
def nested_250(ask: Ask) -> Iterator[Step]:
    """Nests 250 elements, just within what a careful parser reads."""
    yield http(envelope("<a>" * 250 + "</a>" * 250))


@behaves(COSTLY)
def million_values(ask: Ask) -> Iterator[Step]:
    """Lists a million values."""
    start, _, end = success(pairs=[]).partition(b"<Values>")
    value = b"<Value><callback_type_id>%d</callback_type_id><callback_type>HTTP GET</callback_type></Value>"
    yield head("Transfer-Encoding: chunked")
    yield from chunked([start + b"<Values>"], end=b"")
    for first in range(0, 1_000_000, 10_000):
        yield from chunked([b"".join(value % n for n in range(first, first + 10_000))], end=b"")
    yield from chunked([end])


@behaves(COSTLY)
def text_of_50_megabytes(ask: Ask) -> Iterator[Step]:
    """Puts a text node of 50 megabytes into a callback type."""
    start, _, end = success().partition(b"SOAP POST")
    yield head("Transfer-Encoding: chunked")
    yield from chunked([start, *[b"x" * MEBIBYTE] * 50, end])


def _fill(shape: Callable[[int], str], number: int) -> str:
    return "".join(map(shape, range(number)))


COSTS: dict[str, Callable[[], bytes]] = {
    "100_thousand_attributes": lambda: success(attributes=_fill(lambda n: f' a{n}=""', 100_000)),
    "100_thousand_namespaces": lambda: success(attributes=_fill(lambda n: f' xmlns:n{n}="urn:{n}"', 100_000)),
    "a_hundred_thousand_names": lambda: envelope(_fill(lambda n: f"<e{n}/>", 100_000)),
    "twelve_thousand_equal_ids": lambda: success(pairs=[*PAIRS, *[("6", "SOAP POST")] * 12_000]),
    "twenty_thousand_errors": lambda: envelope(
        _fill(lambda n: f"<Error>{n % 1000:03}</Error><Description>no</Description>", 20_000), result="Error"
    ),
    "a_thousand_digits_in_an_id": lambda: success(pairs=[*PAIRS, ("9" * 1000, "HTTP GET")]),
    "a_million_digits_in_an_id": lambda: success(pairs=[*PAIRS, ("9" * 1_000_000, "HTTP GET")]),
    "a_thousand_digits_in_the_timestamp": lambda: success(timestamp="1" * 1000),
    "a_million_digits_in_the_timestamp": lambda: success(timestamp="1" * 1_000_000),
    "twenty_digits_in_the_timestamp": lambda: success(timestamp="9" * 20),
    "a_thousand_digits_in_an_error_code": lambda: error("9" * 1000, "no"),
    "an_exponent_in_the_timestamp": lambda: success(timestamp="1e999999999"),
    "an_element_name_of_a_mebibyte": lambda: envelope(f"<{'n' * MEBIBYTE}/>"),
    "an_attribute_of_a_mebibyte": lambda: success(attributes=f' a="{"v" * MEBIBYTE}"'),
    "an_action_of_a_mebibyte": lambda: success(action="a" * MEBIBYTE),
    "a_comment_of_a_mebibyte": lambda: success(after=f"<!--{'c' * MEBIBYTE}-->"),
    "ten_thousand_instructions": lambda: success(after="<?pi x?>" * 10_000),
    "ten_thousand_comments_in_the_action": lambda: success(action="<!---->".join("get_list_callback" * 600)),
    "a_hundred_thousand_cdata_sections": lambda: success(action="<![CDATA[a]]>" * 100_000),
    "a_hundred_thousand_references": lambda: success(action="&#97;" * 100_000),
    "a_mebibyte_of_white_space": lambda: success(after=" " * MEBIBYTE),
    "a_mebibyte_of_lines": lambda: success(after="\n" * MEBIBYTE),
    "a_mebibyte_on_one_line": lambda: envelope("<x>" + "y" * MEBIBYTE + "</z>"),
    "words_that_tempt_a_pattern": lambda: success(pairs=[("0", "HTTP GET" + " " * 50_000 + "!")]),
    "no_end": lambda: success()[:-20],
    "two_roots": lambda: success() + success(),
}  # fmt: skip


COSTLIEST = {
    "100_thousand_attributes",
    "twenty_thousand_errors",
    "a_million_digits_in_an_id",
    "a_thousand_digits_in_the_timestamp",
}


@behaves_each(COSTLY, COSTS, alone=COSTLIEST)
def document_with(ask: Ask, case: Callable[[], bytes]) -> Iterator[Step]:
    """Answers with a document that has {}."""
    yield http(case())


def _typed(subset: str, inside: str, external: str = "") -> bytes:
    """A success envelope with a document type declaration, and an entity in its last callback type."""
    prolog = f'<?xml version="1.0"?>\n<!DOCTYPE ClICKATELLSDK {external}[{subset}]>\n'
    return success(pairs=[*PAIRS, ("7", inside)], prolog=prolog)


def _laughs() -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return '<!ENTITY l0 "ha">' + levels


ENTITY_BOMBS = {
    "billion_laughs": lambda _: _typed(_laughs(), "&l9;"),
    "quadratic_blowup": lambda _: _typed(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 50_000),
    "recursive_entities": lambda _: _typed('<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"),
    "parameter_entity_laughs": lambda _: _typed(
        '<!ENTITY % a "<!ENTITY b \'ha\'>"><!ENTITY % c "%a;%a;">%c;%c;', "&b;"
    ),
    "external_entity": lambda url: _typed(f'<!ENTITY x SYSTEM "{url}">', "&x;"),
    "external_entity_in_an_attribute": lambda url: _typed(
        f'<!ENTITY x SYSTEM "{url}"><!ATTLIST Value a CDATA "&x;">', "HTTP GET"
    ),
    "parameter_entity": lambda url: _typed(f'<!ENTITY % x SYSTEM "{url}">%x;', "HTTP GET"),
    "external_dtd": lambda url: _typed("", "HTTP GET", external=f'SYSTEM "{url}" '),
    "public_dtd": lambda url: _typed("", "HTTP GET", external=f'PUBLIC "-//W3C//DTD XHTML 1.0//EN" "{url}" '),
    "unparsed_entity": lambda url: _typed(
        f'<!NOTATION n SYSTEM "{url}"><!ENTITY x SYSTEM "{url}" NDATA n>', "HTTP GET"
    ),
    "a_hundred_thousand_declarations": lambda _: _typed(_fill(lambda n: f'<!ENTITY e{n} "">', 100_000), "&e9;"),
    "an_undeclared_entity": lambda _: success(action="&nothing;"),
}


@behaves_each(ENTITIES, ENTITY_BOMBS, alone={"billion_laughs", "external_entity", "external_dtd"})
def doctype(ask: Ask, case: Callable[[str], bytes]) -> Iterator[Step]:
    """Answers with a document type declaration: {}."""
    yield http(case(ask.server.canary.url))


@behaves_each(ENTITIES, {"entity": "&x;", "parameter_entity": "HTTP GET"}, alone={"entity"})
def file_as(ask: Ask, case: str) -> Iterator[Step]:
    """Refers to a local file as an external {}."""
    url = ask.server.bait.as_uri()
    yield http(_typed(f'<!ENTITY x SYSTEM "{url}"><!ENTITY % y SYSTEM "{url}">%y;', case))


XINCLUDE = 'xmlns:i="http://www.w3.org/2001/XInclude"'
POINTERS = {
    "stylesheet": lambda url: success(prolog=f'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="{url}"?>'),
    "schema_location": lambda url: success(
        attributes=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:noNamespaceSchemaLocation="{url}" xsi:schemaLocation="urn:x {url}"'
    ),
    "xinclude": lambda url: success(after=f'<i:include {XINCLUDE} href="{url}"/>'),
    "xinclude_as_text": lambda url: success(after=f'<i:include {XINCLUDE} parse="text" href="{url}"/>'),
    "xml_base": lambda url: success(attributes=f' xml:base="{url}"', after='<a href="x"/>'),
    "namespace": lambda url: success(attributes=f' xmlns="{url}"'),
    "xml_model": lambda url: success(prolog=f'<?xml version="1.0"?><?xml-model href="{url}"?>'),
    "a_body_that_is_an_address": lambda url: url.encode(),
}


@behaves_each(ENTITIES, POINTERS, alone={"schema_location", "a_body_that_is_an_address"})
def points_elsewhere_by(ask: Ask, case: Callable[[str], bytes]) -> Iterator[Step]:
    """Points to another server by {}."""
    yield http(case(ask.server.canary.url))


@behaves(ENTITIES)
def body_that_is_a_path(ask: Ask) -> Iterator[Step]:
    """Answers with the path of a local file as the body."""
    yield http(str(ask.server.bait).encode())


def _declared(name: str, **other: Any) -> str:
    return success(prolog=f'<?xml version="1.0" encoding="{name}"?>\n', **other).decode()


ENCODED = {
    "utf_7": lambda: _declared("UTF-7").replace("SOAP POST", "+ADw-SOAP POST+AD4-").encode(),
    "ebcdic": lambda: _declared("IBM037").encode("cp037"),
    "utf_16": lambda: _declared("UTF-16").encode("utf-16"),
    "utf_16_without_a_mark": lambda: _declared("UTF-16").encode("utf-16-le"),
    "utf_32": lambda: _declared("UTF-32").encode("utf-32"),
    "utf_32_big_endian": lambda: codecs.BOM_UTF32_BE + _declared("UTF-32BE").encode("utf-32-be"),
    "an_unknown_name": lambda: _declared("x-none").encode(),
    "a_name_of_a_mebibyte": lambda: _declared("x" * MEBIBYTE).encode(),
    "a_name_that_is_a_path": lambda: _declared("../../etc/passwd").encode(),
    "utf_16_declared_as_utf_8": lambda: _declared("UTF-8").encode("utf-16"),
    "utf_8_declared_as_utf_16": lambda: _declared("UTF-16").encode(),
    "utf_8_declared_as_ascii": lambda: _declared("US-ASCII", action="é").encode(),
    "nul_bytes": lambda: success(action="get_list\0callback"),
    "nothing_but_nul_bytes": lambda: bytes(10_000),
    "bytes_that_are_not_utf_8": lambda: success().replace(b"Success", b"\xff\xfe\xfa"),
    "overlong_utf_8": lambda: success().replace(b"Success", b"Succes\xc1\xb3"),
    "surrogates": lambda: success().replace(b"Success", b"\xed\xa0\x80\xed\xb0\x80"),
    "two_marks": lambda: codecs.BOM_UTF8 * 2 + success(),
    "a_truncated_character": lambda: success()[:-1] + b"\xe2\x82",
    "xml_1_1": lambda: success(prolog='<?xml version="1.1"?>'),
    "xml_9_9": lambda: success(prolog='<?xml version="9.9"?>'),
    "characters_xml_forbids": lambda: success(action="\x01\x02\ufffe\uffff"),
}


@behaves_each(ENCODINGS, ENCODED, alone={"utf_7", "utf_32"})
def encoding(ask: Ask, case: Callable[[], bytes]) -> Iterator[Step]:
    """Answers in an odd encoding: {}."""
    yield http(case() if ask.secure else body(ask), kind="text/xml")
