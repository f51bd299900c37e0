"""Request documents that are fixed: each asks for something else, or is wrong or unusual in one way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.contract.model import ServiceCall


@dataclass(frozen=True, slots=True)
class Document:
    """One document. as_body: in a URL or a form, where it travels as characters, it would not be what it is."""

    key: str
    content: bytes
    charset: str = "utf-8"
    as_body: bool = False


def _encoded(texts: dict[str, str]) -> Iterator[Document]:
    for key, text in texts.items():
        yield Document(key, text.encode())


def other_call(call: ServiceCall) -> str:
    """The name of another service call of the API."""
    return "get_list_country" if call.name != "get_list_country" else "get_list_account"


def actions(call: ServiceCall) -> dict[str, str]:
    """REQ-03: what is asked for instead of the service call."""
    name, other = call.name, other_call(call)
    words = name.split("_")
    # The API's other calls: the one that the page mentions, one more list, one that anybody may make.
    others = {"authentication": "authenticate_user", "other-list": "get_list_account", "register": "register"}
    made = {
        "unknown": "no_such_call",
        "longer": f"{name}s",
        "prefixed": f"x{name}",
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
        "comma": f"{name},{other}",
        "dot": f"{name}.",
        "prefix": f"x:{name}",
        "query": f"{name}?x",
        "file-ending": f"{name}.php",
        "path": f"../{name}",
        "other-call": other,
        "two-words": f"{name} {name}",
        "number": "0",
        "number-one": "1",
        "wildcard": "get_list_%",
        "star": "*",
        "quote": f"{name}' or '1'='1",
        "empty": "",
    } | {key: value for key, value in others.items() if value != other}
    # A name of one word, for example, is itself in some of these spellings.
    return {key: value for key, value in made.items() if value != name}


def asking(call: ServiceCall, action: str | None) -> bytes:
    """The request document for an action, or for none at all."""
    from lxml import etree  # noqa: PLC0415  the catalogue of requirements needs no parser

    root = etree.Element(call.request_root)
    if action is not None:
        etree.SubElement(root, call.action_element).text = action
    return etree.tostring(root)


def malformed(call: ServiceCall) -> Iterator[Document]:
    """REQ-04: one rule of well-formedness (XML 1.0 section 2.1) broken at a time."""
    root, leaf, name = call.request_root, call.action_element, call.name
    plain = f"<{root}><{leaf}>{name}</{leaf}></{root}>"
    unended = f"&#{ord(name[0])}{name[1:]}"
    yield from _encoded(
        {
            "cut-short": f"<{root}><{leaf}>{name}</{leaf}>",
            "no-end-tags": f"<{root}><{leaf}>{name}",
            "no-end-tag": f"<{root}><{leaf}>{name}</{root}>",
            "crossed-tags": f"<{root}><{leaf}>{name}</{root}></{leaf}>",
            "end-tag-in-another-case": f"<{root}><{leaf}>{name}</{leaf.upper()}></{root}>",
            "root-end-tag-in-another-case": f"<{root}><{leaf}>{name}</{leaf}></{root.upper()}>",
            "no-last-bracket": plain[:-1],
            "no-root-start-tag": f"<{leaf}>{name}</{leaf}></{root}>",
            "space-before-tag-name": f"<{root}>< {leaf}>{name}</{leaf}></{root}>",
            "attribute-in-end-tag": f"<{root}><{leaf}>{name}</{leaf} a='1'></{root}>",
            "twice": plain * 2,
            "two-roots": f"<{root}><{leaf}>{name}</{leaf}></{root}><{root}/>",
            "text-after": f"<{root}><{leaf}>{name}</{leaf}></{root}>and more",
            "character-after": f"{plain};",
            "open-comment-after": f"{plain}<!-- after",
            "space-before-declaration": f' \n<?xml version="1.0"?>{plain}',
            "declaration-in-upper-case": f'<?XML version="1.0"?>{plain}',
            "declaration-without-version": f'<?xml encoding="UTF-8"?>{plain}',
            "text-before": f"and more<{root}><{leaf}>{name}</{leaf}></{root}>",
            "bare-ampersand": f"<{root}><{leaf}>{name}</{leaf}> & </{root}>",
            "unknown-entity": f"<{root}><{leaf}>{name}</{leaf}>&nothing;</{root}>",
            "entity-of-html": f"<{root}><{leaf}>{name}</{leaf}>&nbsp;</{root}>",
            "unended-reference": f"<{root}><{leaf}>{unended}</{leaf}></{root}>",
            "cdata-end": f"<{root}><{leaf}>{name}</{leaf}>]]></{root}>",
            "less-than-in-attribute": f"<{root} a='<'><{leaf}>{name}</{leaf}></{root}>",
            "attribute-without-quotes": f"<{root} a=b><{leaf}>{name}</{leaf}></{root}>",
            "attribute-twice": f"<{root} a='1' a='2'><{leaf}>{name}</{leaf}></{root}>",
            "open-comment": f"<{root}><!-- <{leaf}>{name}</{leaf}></{root}>",
            "two-dashes-in-comment": f"<{root}><!-- a -- b --><{leaf}>{name}</{leaf}></{root}>",
            "forbidden-character": f"<{root}><{leaf}>{name}</{leaf}>&#1;</{root}>",
            "no-character": f"<{root}><{leaf}>{name}</{leaf}>&#xFFFE;</{root}>",
            "control-character": f"<{root}>\x01<{leaf}>{name}</{leaf}></{root}>",
            "stray-less-than": f"<{root}><{leaf}>{name}</{leaf}> < </{root}>",
            "no-xml": name,
        }
    )
    latin = f"<{root}><!-- \u00ff --><{leaf}>{name}</{leaf}></{root}>".encode("latin-1")
    yield Document("no-utf-8", latin, as_body=True)


def spellings(call: ServiceCall) -> Iterator[Document]:
    """REQ-05: the same request, spelled otherwise; an XML processor sees no difference (XML 1.0)."""
    root, leaf, name = call.request_root, call.action_element, call.name
    references = "".join(f"&#x{ord(c):x};" for c in name)
    plain = f"<{root}><{leaf}>{name}</{leaf}></{root}>"
    yield from _encoded(
        {
            "compact": plain,
            "declaration": f'<?xml version="1.0"?>{plain}',
            "declaration-with-encoding": f"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n{plain}\n",
            "declaration-in-lower-case": f"<?xml version='1.0' encoding='utf-8'?>{plain}",
            "declaration-not-standalone": f"<?xml version='1.0' standalone='no'?>{plain}",
            "declaration-on-two-lines": f'<?xml version="1.0"\nencoding="UTF-8"?>{plain}',
            "white-space": f"\n<{root} >\n\t<{leaf}\n>{name}</{leaf} >\r\n\n</{root}\t>\n",
            "much-white-space": f"<{root}>{' ' * 1_100}<{leaf}>{name}</{leaf}></{root}>",
            "comments": f"<!-- before --><{root}><!-- in > --><{leaf}>{name}</{leaf}><!-- é --></{root}><!-- after -->",
            "comment-in-action": f"<{root}><{leaf}>{name[:4]}<!-- in -->{name[4:]}</{leaf}></{root}>",
            "cdata": f"<{root}><{leaf}><![CDATA[{name}]]></{leaf}></{root}>",
            "cdata-in-part": f"<{root}><{leaf}>{name[:4]}<![CDATA[{name[4:8]}]]>{name[8:]}</{leaf}></{root}>",
            "character-references": f"<{root}><{leaf}>{references}</{leaf}></{root}>",
            "decimal-reference": f"<{root}><{leaf}>{name.replace('_', '&#95;', 1)}</{leaf}></{root}>",
        }
    )
    utf16 = f'<?xml version="1.0" encoding="UTF-16"?>{plain}'
    yield Document("utf-16", utf16.encode("utf-16"), "utf-16", as_body=True)
    yield Document("utf-16-big-endian", b"\xfe\xff" + utf16.encode("utf-16-be"), "utf-16", as_body=True)
    yield Document("byte-order-mark", plain.encode("utf-8-sig"), as_body=True)


def broken(call: ServiceCall) -> Iterator[Document]:
    """REQ-06: one rule of the request schema broken at a time. The case of `action` is not judged."""
    from conformance.contract.xsd import schema  # noqa: PLC0415  the catalogue of requirements needs no parser

    root, leaf, name = call.request_root, call.action_element, call.name
    answer = schema(call.response_schema).root
    child = f"<{leaf}>{name}</{leaf}>"
    yield from _encoded(
        {
            "root-of-the-answer": f"<{answer}>{child}</{answer}>",
            "wrong-root": f"<request>{child}</request>",
            "root-in-another-case": f"<{root.capitalize()}>{child}</{root.capitalize()}>",
            "action-twice": f"<{root}>{child}{child}</{root}>",
            "second-action": f"<{root}>{child}<{leaf}>{other_call(call)}</{leaf}></{root}>",
            "empty-second-action": f"<{root}>{child}<{leaf}/></{root}>",
            "unknown-child": f"<{root}>{child}<surprise>1</surprise></{root}>",
            "unknown-child-first": f"<{root}><surprise>1</surprise>{child}</{root}>",
            "attribute-on-root": f'<{root} version="1">{child}</{root}>',
            "attribute-of-xml-on-root": f'<{root} xml:lang="en">{child}</{root}>',
            "attribute-on-action": f'<{root}><{leaf} type="x">{name}</{leaf}></{root}>',
            "nested-action": f"<{root}><call>{child}</call></{root}>",
            "action-in-action": f"<{root}><{leaf}>{child}</{leaf}></{root}>",
            "action-as-attribute": f'<{root} {leaf}="{name}"/>',
            "namespace": f'<{root} xmlns="urn:example:other">{child}</{root}>',
            "namespace-by-prefix": f'<x:{root} xmlns:x="urn:example:other">{child}</x:{root}>',
            "text-beside-action": f"<{root}>now{child}</{root}>",
            "text-behind-action": f"<{root}>{child}now</{root}>",
            "bare-action": child,
        }
    )


def hostile(call: ServiceCall, canary: str) -> Iterator[Document]:
    """REQ-07: documents that attack the XML processor. Few, fixed, and small enough to harm nobody.

    canary: the URL that nobody has a reason to call.
    """
    root, leaf, name = call.request_root, call.action_element, call.name

    def declaring(internal: str, inside: str = "") -> str:
        return f"<!DOCTYPE {root} [{internal}]><{root}><{leaf}>{name}</{leaf}>{inside}</{root}>"

    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 4))
    yield from _encoded(
        {
            "external-entity": declaring(f'<!ENTITY e SYSTEM "{canary}entity">', "&e;"),
            "entity-as-action": f'<!DOCTYPE {root} [<!ENTITY e "{name}">]><{root}><{leaf}>&e;</{leaf}></{root}>',
            "external-dtd": f'<!DOCTYPE {root} SYSTEM "{canary}dtd"><{root}><{leaf}>{name}</{leaf}></{root}>',
            "parameter-entity": declaring(f'<!ENTITY % p SYSTEM "{canary}parameter"> %p;'),
            "local-file": declaring('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;"),
            "entity-expansion": declaring(f'<!ENTITY l0 "ha">{laughs}', "&l3;"),
            "oversized": f"<{root}><{leaf}>{name}</{leaf}><!--{' ' * 300_000}--></{root}>",
        }
    )
