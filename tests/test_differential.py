"""Two schema engines, xmlschema and libxml2, say the same of every document, or the difference is known and handled."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from conformance.contract.document import read
from conformance.contract.load import documented, folder
from conformance.contract.violations import deviations
from conformance.contract.xsd import Schema, schema
from conformance.selftest.mutants import Mutant, derived

CALL = documented().call
RESPONSE, REQUEST, ERROR = (
    schema(CALL.response_schema),
    schema(CALL.request_schema),
    schema(CALL.error_schema, CALL.name),
)
SCHEMAS = folder("schemas")
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
XML_SPACE = " \t\r\n"


def tree(body: bytes) -> etree._Element:
    root = read(body).root
    assert root is not None
    return root


def sample(name: str) -> etree._Element:
    return tree((SCHEMAS / name).read_bytes())


SUCCESS, ASKED, FAILED = (
    sample("calls/get_list_callback/samples/response.xml"),
    sample("calls/get_list_callback/samples/request.xml"),
    sample("samples/error-004.xml"),
)


def libxml2(of: Schema, root: etree._Element) -> str:
    return "valid" if of.accepts(root) else "not valid"


def xmlschema_engine(of: Schema, root: etree._Element) -> str:
    try:
        return "valid" if of.engine.is_valid(root) else "not valid"  # type: ignore[arg-type]
    except KeyError:
        return "no verdict"


def texts_between(of: Schema, root: etree._Element) -> list[str]:
    """The texts beside the children of elements that the schema lets hold elements only."""
    holders = [e for e in root.iter() if e.tag in of.declarations and of.declarations[str(e.tag)].children]
    texts = [text for e in holders for text in (e.text, *(child.tail for child in e))]
    return [text for text in texts if text]


def has_unicode_space_between(of: Schema, root: etree._Element) -> bool:
    return any(text.strip(XML_SPACE) and not text.strip() for text in texts_between(of, root))


def has_unbound_xsi_type(of: Schema, root: etree._Element) -> bool:
    return any(f"{XSI}type" in element.attrib for element in root.iter())


@dataclass(frozen=True)
class Difference:
    """A document of which the two engines say different things, why, and how the suite comes to the right verdict."""

    reason: str
    libxml2: str
    xmlschema: str
    applies: Callable[[Schema, etree._Element], bool]


KNOWN = {
    "white space of the Unicode kind between elements": Difference(
        "XML's white space is four characters; xmlschema strips whatever Python calls white space. "
        "`deviations` looks at the texts between elements itself.",
        "not valid",
        "valid",
        has_unicode_space_between,
    ),
    "xsi:type with a name that nothing declares": Difference(
        "xmlschema raises KeyError instead of a validation error. `deviations` reports every attribute itself, "
        "and shows xmlschema a tree without any.",
        "not valid",
        "no verdict",
        has_unbound_xsi_type,
    ),
}


def differences(of: Schema, root: etree._Element) -> list[str]:
    """The names of the known differences that explain why the engines disagree; of none, they must agree."""
    said = libxml2(of, root), xmlschema_engine(of, root)
    if said[0] == said[1]:
        return []
    known = [name for name, d in KNOWN.items() if (d.libxml2, d.xmlschema) == said and d.applies(of, root)]
    assert known, f"libxml2 says {said[0]}, xmlschema says {said[1]}: {etree.tostring(root)!r}"
    return known


def holds(of: Schema, root: etree._Element) -> None:
    """The engines agree, or are known not to; the suite refuses whatever either refuses, and every attribute."""
    differences(of, root)
    valid = libxml2(of, root) == xmlschema_engine(of, root) == "valid"
    plain = not any(element.attrib for element in root.iter())
    assert bool(deviations(of, root)) == (not (valid and plain))


# Samples


def schema_of(name: str) -> Schema:
    return ERROR if name.startswith("error-") else REQUEST if "request" in name else RESPONSE


@pytest.mark.parametrize("name", sorted(str(file.relative_to(SCHEMAS)) for file in SCHEMAS.rglob("*.xml")))
def test_every_sample(name: str) -> None:
    holds(schema_of(name), sample(name))


@pytest.mark.parametrize("name", sorted(str(file.relative_to(SCHEMAS)) for file in SCHEMAS.rglob("*.xml")))
@pytest.mark.parametrize("which", [RESPONSE, REQUEST, ERROR], ids=["response", "request", "error"])
def test_every_sample_under_every_schema(name: str, which: Schema) -> None:
    assert differences(which, sample(name)) == []


# Mutants


@pytest.mark.parametrize("mutant", list(derived()), ids=lambda mutant: mutant.id)
def test_every_mutants_body(mutant: Mutant) -> None:
    call = documented().calls[mutant.call or documented().call.name]
    of, whole = schema(call.response_schema), tree(call.response_sample.read_bytes())
    if not mutant.rewrite:
        of, whole = schema(call.error_schema, call.name), copy.deepcopy(FAILED)
        whole[0].text = call.name
    rewrite = mutant.rewrite or mutant.rewrite_errors
    assert rewrite
    root = tree(rewrite(etree.tostring(whole)))
    holds(of, root)
    assert libxml2(of, root) == "not valid"


# What is known


def test_unicode_white_space_between_elements_is_refused_all_the_same() -> None:
    for space in "\u0085\u00a0\u1680\u2003\u2028\u202f\u3000":
        root = copy.deepcopy(SUCCESS)
        root[2].text = f"\n{space}"
        assert differences(RESPONSE, root) == ["white space of the Unicode kind between elements"]
        assert [d.component.requirement for d in deviations(RESPONSE, root)] == ["ENV-08"]


@pytest.mark.parametrize("value", ["xs:string", "UnixTime", "nothing"])
def test_a_type_in_the_document_is_refused_all_the_same(value: str) -> None:
    root = copy.deepcopy(SUCCESS)
    root[0].set(f"{XSI}type", value)
    differences(RESPONSE, root)
    assert [d.component.requirement for d in deviations(RESPONSE, root)] == ["ENV-08"]


@pytest.mark.parametrize("name", ["schemaLocation", "noNamespaceSchemaLocation"])
def test_both_engines_let_a_schema_location_pass_and_the_suite_does_not(name: str) -> None:
    root = copy.deepcopy(SUCCESS)
    root.set(f"{XSI}{name}", "urn:example:a a.xsd")
    assert libxml2(RESPONSE, root) == xmlschema_engine(RESPONSE, root) == "valid"
    assert [d.component.requirement for d in deviations(RESPONSE, root)] == ["ENV-08"]


def test_every_known_difference_is_still_one() -> None:
    spaced, typed = copy.deepcopy(SUCCESS), copy.deepcopy(SUCCESS)
    spaced.text = "\u00a0"
    typed[0].set(f"{XSI}type", "xs:string")
    assert {*differences(RESPONSE, spaced), *differences(RESPONSE, typed)} == set(KNOWN)


# Generated documents

# A small alphabet of trouble: digits and white space of every kind, signs, letters, characters beyond the first plane.
CHARACTERS = "0169٣３߁𝟘²½Ⅷ+-_.,eE xXäß" + XML_SPACE + "\u0085\u00a0\u1680\u2003\u2028\u2029\u202f\u3000\u200b\ufeff😀"
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.sampled_from(["", "0", "6", "1316512313", "get_list_callback", "Success", "Error", "HTTP GET", "999"]),
    st.tuples(st.sampled_from(["", "1316512313", "HTTP GET", "0"]), st.text(CHARACTERS, min_size=1, max_size=3)).map(
        "".join
    ),
    st.tuples(st.sampled_from(["1", "a", "a ", " ", "٣", "1 "]), st.sampled_from([100, 5_000, 70_000])).map(
        lambda parts: parts[0] * parts[1]
    ),
)
NAMES = st.sampled_from(
    sorted(
        {*RESPONSE.declarations, *REQUEST.declarations, *ERROR.declarations}
        | {"surplus", "VALUE", "{urn:example:x}Value", "{urn:example:x}Action"}
    )
)
ATTRIBUTES = st.sampled_from(
    ["version", "{urn:example:x}y", "{http://www.w3.org/XML/1998/namespace}lang"]
    + [f"{XSI}{name}" for name in ("nil", "type", "schemaLocation", "noNamespaceSchemaLocation", "odd")]
)


def retexted(element: etree._Element, draw: st.DrawFn) -> None:
    element.text = draw(TEXTS)


def followed(element: etree._Element, draw: st.DrawFn) -> None:
    if element.getparent() is not None:
        element.tail = draw(TEXTS)


def renamed(element: etree._Element, draw: st.DrawFn) -> None:
    element.tag = draw(NAMES)


def attributed(element: etree._Element, draw: st.DrawFn) -> None:
    element.set(draw(ATTRIBUTES), draw(st.sampled_from(["1", "true", "false", "UnixTime", "xs:string", "a b"])))


def dropped(element: etree._Element, draw: st.DrawFn) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def doubled(element: etree._Element, draw: st.DrawFn) -> None:
    if element.getparent() is not None:
        element.addnext(copy.deepcopy(element))


def nested(element: etree._Element, draw: st.DrawFn) -> None:
    etree.SubElement(element, draw(NAMES)).text = draw(TEXTS)


def reordered(element: etree._Element, draw: st.DrawFn) -> None:
    element[:] = draw(st.permutations(list(element)))


EDITS = st.sampled_from([retexted, followed, renamed, attributed, dropped, doubled, nested, reordered])


@st.composite
def documents(draw: st.DrawFn, whole: etree._Element) -> etree._Element:
    """A sample with up to four things changed in it, as it is read back from its bytes."""
    root = copy.deepcopy(whole)
    for edit in draw(st.lists(EDITS, max_size=4)):
        edit(draw(st.sampled_from(list(root.iter()))), draw)
    return tree(etree.tostring(root, encoding="UTF-8"))


@given(documents(SUCCESS))
def test_generated_answers(root: etree._Element) -> None:
    holds(RESPONSE, root)


@given(documents(FAILED))
def test_generated_errors(root: etree._Element) -> None:
    holds(ERROR, root)


@given(documents(ASKED))
def test_generated_requests(root: etree._Element) -> None:
    holds(REQUEST, root)


@given(TEXTS, st.sampled_from(["callback_type_id", "callback_type", "Timestamp", "Action", "Result"]))
def test_generated_texts(text: str, name: str) -> None:
    root = copy.deepcopy(SUCCESS)
    element = next(root.iter(name))
    element.text = text
    holds(RESPONSE, tree(etree.tostring(root, encoding="UTF-8")))
