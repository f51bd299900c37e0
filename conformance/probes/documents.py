"""Request documents that are fixed: each asks for something else, or is wrong or unusual in one way."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from conformance.contract.model import ServiceCall
from conformance.contract.purpose import Kind
from conformance.probes.template import Template, elements
from conformance.target.secrets import is_placeholder


@dataclass(frozen=True, slots=True)
class Document:
    """One document. as_body: in a URL or a form, where it travels as characters, it would not be what it is."""

    key: str
    content: bytes
    charset: str = "utf-8"
    as_body: bool = False


# Every call that the API publishes: what is answered to one of them is judged against that call, or not at all.
PUBLISHED = frozenset(
    {
        *("get_list_callback", "get_list_country", "get_list_country_prefix", "get_list_account"),
        *("get_list_connection", "get_list_terms", "get_captcha", "register", "forgot_password"),
        *("authenticate_user", "resend_email_activation", "sms_activation_status", "send_activation_sms"),
        *("validate_activation_sms", "create_connection", "buy_credits_url"),
    }
)


def _encoded(texts: dict[str, str]) -> Iterator[Document]:
    for key, text in texts.items():
        yield Document(key, text.encode())


NOBODYS = ("star", "unknown-list", "number", "authentication")  # keys of actions that are near nobody's name


def other_call(call: ServiceCall) -> str:
    """The name of another service call of the API."""
    return "get_list_country" if call.name != "get_list_country" else "get_list_account"


def actions(call: ServiceCall) -> dict[str, str]:
    """REQ-03: what is asked for instead of the service call; never a call that the API publishes."""
    name = call.name
    words = name.split("_")
    made = {
        "unknown": "no_such_call",
        "unknown-list": "get_list_no_such",
        "authentication": "authenticate",  # near the name of a call that the page mentions
        "longer": f"{name}s",
        "shorter": name[:-1],
        "upper-case": name.upper(),
        "capital": name.capitalize(),
        "camel-case": words[0] + "".join(word.capitalize() for word in words[1:]),
        "spaces": " ".join(words),
        # Decoded once, as XML or a URL has to be, these two are not the action; decoded twice they would be.
        "reference-twice": f"&#{ord(name[0])};{name[1:]}",
        "percent-twice": name.replace("_", "%5F", 1),
        "dashes": name.replace("_", "-"),
        "slash": f"{name}/",
        "semicolon": f"{name};x",
        "comma": f"{name},no_such_call",
        "dot": f"{name}.",
        "prefix": f"x:{name}",
        "query": f"{name}?x",
        "file-ending": f"{name}.php",
        "path": f"../{name}",
        "two-words": f"{name} {name}\n{name}",  # on a line of its own, too: a pattern's ^ and $ may match at any line
        "number": "1",
        "wildcard": "get_list_%",
        "star": "*",
        "quote": f"{name}' or '1'='1",
        "empty": "",
    }
    # A name of one word, for example, is itself in some of these spellings.
    return {key: value for key, value in made.items() if value not in {name, *PUBLISHED}}


def malformed(template: Template) -> dict[Kind, tuple[Document, ...]]:
    """REQ-04, by kind: one rule of well-formedness (XML 1.0 section 2.1) broken at a time.

    Left out is what a correct endpoint may read all the same: undeclared prefixes (XML 1.0 has no namespaces), a
    declared encoding that another one contradicts, which what the transport says may overrule (RFC 7303 section 3), and
    a NUL behind the root, which libxml2, the processor of PHP, Ruby and many more, takes for the end.
    """
    root, leaf, name = template.root, template.leaf, template.name
    rest, child, plain = template.rest, template.child, template.plain
    tags = {
        "cut-short": f"<{root}>{child}",
        "no-end-tag": f"<{root}>{rest}<{leaf}>{name}</{root}>",
        "end-tag-without-name": f"<{root}><{leaf}>{name}</>{rest}</{root}>",
        "crossed-tags": f"<{root}>{rest}<{leaf}>{name}</{root}></{leaf}>",
        "root-end-tag-in-another-case": f"<{root}>{child}</{root.upper()}>",
        "no-last-bracket": plain[:-1],
        "no-root-start-tag": f"{child}</{root}>",
        "space-before-tag-name": f"<{root}>< {leaf}>{name}</{leaf}>{rest}</{root}>",
        "stray-less-than": f"<{root}>{child} < </{root}>",
    }
    attributes = {
        "attribute-in-end-tag": f"<{root}><{leaf}>{name}</{leaf} a='1'>{rest}</{root}>",
        "attribute-without-value": f"<{root} a>{child}</{root}>",
        "attribute-without-quotes": f"<{root} a=b>{child}</{root}>",
        "attribute-twice": f"<{root} a='1' a='2'>{child}</{root}>",
        "less-than-in-attribute": f"<{root} a='<'>{child}</{root}>",
    }
    references = {
        "bare-ampersand": f"<{root}>{child} & </{root}>",
        "unknown-entity": f"<{root}>{child}&nothing;</{root}>",
        "entity-of-html": f"<{root}>{child}&nbsp;</{root}>",
        "unended-reference": f"<{root}><{leaf}>&#{ord(name[0])}{name[1:]}</{leaf}>{rest}</{root}>",
        "reference-in-upper-case": f"<{root}><{leaf}>&#X{ord(name[0]):X};{name[1:]}</{leaf}>{rest}</{root}>",
        "forbidden-character": f"<{root}>{child}&#1;</{root}>",
        "no-character": f"<{root}>{child}&#xFFFE;</{root}>",
    }
    characters = {
        "nul": f"<{root}>{child}\0</{root}>",
        "control-character": f"<{root}>\x01{child}</{root}>",
        "no-character-as-it-is": f"<{root}>{child}\ufffe</{root}>",
    }
    markup = {
        "open-comment": f"<{root}><!-- {child}</{root}>",
        "two-dashes-in-comment": f"<{root}><!-- a -- b -->{child}</{root}>",
        "cdata-end": f"<{root}>{child}]]></{root}>",
        "space-before-declaration": f' \n<?xml version="1.0"?>{plain}',
        "declaration-in-upper-case": f'<?XML version="1.0"?>{plain}',
        "declaration-without-version": f'<?xml encoding="UTF-8"?>{plain}',
        "declaration-inside": f'<{root}><?xml version="1.0"?>{child}</{root}>',
        "doctype-in-lower-case": f"<!doctype {root}>{plain}",
    }
    around = {
        "twice": plain * 2,
        "character-after": f"{plain};",
        "nul-before": f"\0{plain}",
        "open-comment-after": f"{plain}<!-- after",
        "text-before": f"and more{plain}",
        "no-xml": name,
        "markup-escaped": escape(plain),
        "percent-encoded-twice": quote(plain),
        "white-space-only": " \n",
    }
    kinds = {
        Kind.MALFORMED_TAGS: tags,
        Kind.MALFORMED_ATTRIBUTES: attributes,
        Kind.MALFORMED_REFERENCES: references,
        Kind.MALFORMED_CHARACTERS: characters,
        Kind.MALFORMED_MARKUP: markup,
        Kind.MALFORMED_AROUND: around,
    }
    made = {kind: tuple(_encoded(texts)) for kind, texts in kinds.items()}
    bodies = {
        "surrogate": f"<{root}><!-- ".encode() + b"\xed\xa0\xbd" + f" -->{child}</{root}>".encode(),
        "overlong": plain.encode().replace(b"</", b"\xc0\xbc/", 1),  # a less-than sign in two bytes
    }
    made[Kind.MALFORMED_CHARACTERS] += tuple(Document(key, body, as_body=True) for key, body in bodies.items())
    made[Kind.MALFORMED_AROUND] += (
        Document("two-byte-order-marks", codecs.BOM_UTF8 * 2 + plain.encode(), as_body=True),
    )
    return made


def spellings(template: Template) -> Iterator[Document]:
    """REQ-05: the same request, spelled otherwise; an XML processor sees no difference (XML 1.0)."""
    root, leaf, name = template.root, template.leaf, template.name
    rest, plain = template.rest, template.plain
    action = f"<{leaf}>{name}</{leaf}>"
    yield from _encoded(
        {
            "compact": plain,
            "declaration": f'<?xml version="1.0"?>{plain}',
            "declaration-with-encoding": f"<?xml version='1.0' encoding='utf-8' standalone='yes'?>{plain}",
            "declaration-not-standalone": f"<?xml version='1.0' standalone='no'?>{plain}",
            "declaration-on-two-lines": f'<?xml version="1.0"\nencoding="UTF-8"?>{plain}',
            "white-space": f"\n<{root} >\n\t<{leaf}\n>{name}</{leaf} >\r\n{rest}\n</{root}\t>\n",
            "spaces": f" <{root} > <{leaf} >{name}</{leaf} > {rest}</{root} > ",
            "much-white-space": f"<{root}>{' ' * 1_100}<{leaf}>{name}</{leaf}>{rest}</{root}>",
            "comments": f"<!-- before --><{root}><!-- in > -->{action}<!-- é -->{rest}</{root}><!-- after -->",
            "comment-in-action": f"<{root}><{leaf}>{name[:4]}<!-- in -->{name[4:]}</{leaf}>{rest}</{root}>",
            "cdata": f"<{root}><{leaf}>{name[:4]}<![CDATA[{name[4:8]}]]>{name[8:]}</{leaf}>{rest}</{root}>",
            "character-references": f"<{root}><{leaf}>{_references(name)}</{leaf}>{rest}</{root}>",
        }
    )
    if template.given:
        spelled = "".join(f"<{key}><!-- -->{_spelled(text)}</{key} >" for key, text in template.given)
        yield Document("parameters", f"<{root}>\n{action}\n{spelled}\n</{root}>".encode())
    utf16 = f'<?xml version="1.0" encoding="UTF-16"?>{plain}'
    yield Document("utf-16", utf16.encode("utf-16"), "utf-16", as_body=True)
    yield Document("utf-16-big-endian", b"\xfe\xff" + utf16.encode("utf-16-be"), "utf-16", as_body=True)
    yield Document("byte-order-mark", plain.encode("utf-8-sig"), as_body=True)


def _spelled(text: str) -> str:
    """A value in a section and in references; what stands for a secret has to stay whole."""
    return escape(text) if is_placeholder(text) else f"<![CDATA[{text[:1]}]]>{_references(text[1:])}"


def _references(text: str) -> str:
    """In both ways by turns."""
    return "".join(f"&#x{ord(c):x};" if n % 2 else f"&#{ord(c)};" for n, c in enumerate(text))


def broken(template: Template) -> Iterator[Document]:
    """REQ-06: one rule of the request schema broken at a time. The case of `action` is not judged."""
    from conformance.contract.xsd import schema  # noqa: PLC0415  the catalogue of requirements needs no parser

    call, root, leaf, name = template.call, template.root, template.leaf, template.name
    answer, rest, child = schema(call.response_schema).root, template.rest, template.child
    action = f"<{leaf}>{name}</{leaf}>"
    yield from _encoded(
        {
            "root-of-the-answer": f"<{answer}>{child}</{answer}>",
            "wrong-root": f"<request>{child}</request>",
            "action-twice": f"<{root}>{action}{child}</{root}>",
            "second-action": f"<{root}>{child}<{leaf}>{other_call(call)}</{leaf}></{root}>",
            "empty-second-action": f"<{root}>{child}<{leaf}/></{root}>",
            "unknown-child": f"<{root}>{child}<surprise>1</surprise></{root}>",
            "unknown-child-first": f"<{root}><surprise>1</surprise>{child}</{root}>",
            "attribute-on-root": f'<{root} version="1">{child}</{root}>',
            "attribute-of-xml-on-root": f'<{root} xml:lang="en">{child}</{root}>',
            "attribute-on-action": f'<{root}><{leaf} type="x">{name}</{leaf}>{rest}</{root}>',
            "nested-action": f"<{root}><call>{child}</call></{root}>",
            "action-in-action": f"<{root}><{leaf}>{action}</{leaf}>{rest}</{root}>",
            "action-as-attribute": f'<{root} {leaf}="{name}">{rest}</{root}>',
            "namespace": f'<{root} xmlns="urn:example:other">{child}</{root}>',
            "namespace-by-prefix": f'<x:{root} xmlns:x="urn:example:other">{child}</x:{root}>',
            "text-beside-action": f"<{root}>now{child}</{root}>",
            "text-behind-action": f"<{root}>{child}now</{root}>",
            "bare-action": action,
        }
    )
    yield from _encoded(dict(_parameters(template)))


def _parameters(template: Template) -> Iterator[tuple[str, str]]:
    """Each parameter twice."""
    head, tail = f"<{template.root}><{template.leaf}>{template.name}</{template.leaf}>", f"</{template.root}>"
    for pair in template.given:
        yield f"parameter-{pair[0]}-twice", head + elements((*template.given, pair)) + tail


def hostile(template: Template, canary: str) -> Iterator[Document]:
    """REQ-07: documents that attack the XML processor. Few, fixed, and small enough to harm nobody.

    canary: the URL that nobody has a reason to call.
    """
    root, leaf, name, rest = template.root, template.leaf, template.name, template.rest

    def declaring(internal: str, inside: str = "") -> str:
        return f"<!DOCTYPE {root} [{internal}]><{root}>{template.child}{inside}</{root}>"

    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 4))
    yield from _encoded(
        {
            "external-entity": declaring(f'<!ENTITY e SYSTEM "{canary}entity">', "&e;"),
            "entity-as-action": f'<!DOCTYPE {root} [<!ENTITY e "{name}">]><{root}><{leaf}>&e;</{leaf}>{rest}</{root}>',
            "external-dtd": f'<!DOCTYPE {root} SYSTEM "{canary}dtd">{template.plain}',
            "parameter-entity": declaring(f'<!ENTITY % p SYSTEM "{canary}parameter"> %p;'),
            "local-file": declaring('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;"),
            "entity-expansion": declaring(f'<!ENTITY l0 "ha">{laughs}', "&l3;"),
            "oversized": f"<{root}>{template.child}<!--{' ' * 300_000}--></{root}>",
        }
    )
