"""What an element may hold: children in any order or in one, texts of each kind of facet."""

from __future__ import annotations

import pytest

from conformance.contract.content import Child, Content, Facets, Text, letters

CHILDREN = (Child("a", 1, 1), Child("b", 0, 2))
A, B = letters(CHILDREN).values()
ANY_ORDER, OPTIONAL = Content(CHILDREN), Content(CHILDREN, optional=True)
IN_ORDER = Content(CHILDREN, pattern=f"{A}{B}*")


@pytest.mark.parametrize(
    ("content", "names", "fits"),
    [
        (ANY_ORDER, "a", True),
        (ANY_ORDER, "b a b", True),
        (ANY_ORDER, "", False),
        (ANY_ORDER, "b", False),
        (ANY_ORDER, "a a", False),
        (ANY_ORDER, "a b b b", False),
        (ANY_ORDER, "a c", False),
        (OPTIONAL, "", True),
        (OPTIONAL, "b a", True),
        (OPTIONAL, "b", False),
        (OPTIONAL, "a c", False),
        (IN_ORDER, "a b b b", True),
        (IN_ORDER, "b a", False),
        (IN_ORDER, "a c", False),
        (IN_ORDER, "", False),
    ],
)
def test_children(content: Content, names: str, fits: bool) -> None:
    assert content.fits(names.split()) is fits


@pytest.mark.parametrize(
    ("facets", "text", "accepts"),
    [
        (Facets(), "", True),
        (Facets(listed=("0", "6")), "6", True),
        (Facets(listed=("0", "6")), "06", False),
        (Facets(patterns=("[0-9]+$", "none$")), "12", True),
        (Facets(patterns=("[0-9]+$", "none$")), "none", True),
        (Facets(patterns=("[0-9]+$", "none$")), "x12", False),
        (Facets(least=2, most=3), "12", True),
        (Facets(least=2, most=3), "123", True),
        (Facets(least=2, most=3), "1", False),
        (Facets(least=2, most=3), "1234", False),
    ],
)
def test_texts(facets: Facets, text: str, accepts: bool) -> None:
    """Each step of a restriction has to accept a text."""
    assert Text((facets,)).accepts(text) is accepts
    assert not Text((facets, Facets(listed=("nothing else",)))).accepts(text)
