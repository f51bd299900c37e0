"""Lets Schemathesis check XML answers against a JSON Schema: each element becomes an object."""

import schemathesis
from lxml import etree


def told(element):
    """An element: its name, its attributes, its text, the names of its children in order, the children by name."""
    children = {}
    for child in element.iterchildren(etree.Element):
        children.setdefault(child.tag, []).append(told(child))
    return {
        "name": element.tag,
        "attributes": dict(element.attrib),
        "text": element.text or "",
        "order": [child.tag for child in element.iterchildren(etree.Element)],
        **children,
    }


@schemathesis.deserializer("text/xml", "application/xml")
def envelope(_context, response):
    """The document, without its document type: that one is refused."""
    try:
        root = etree.fromstring(response.content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not well-formed: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise ValueError("there is a document type declaration")
    return told(root)
