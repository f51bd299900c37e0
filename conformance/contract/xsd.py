"""One XSD of the contract: what it declares, and which requirement each annotated component stands for.

Elements are told apart by their path from the root: names may repeat, types may be named and shared. The declarations
are read off xmlschema's component model; libxml2 has the last word on whether a document is valid.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from lxml import etree

from conformance.contract.components import Component, Declaration, Model

if TYPE_CHECKING:
    import xmlschema

COMPILED = Path(__file__).with_name("compiled.json")  # models of the schemas that come with the suite, by digest
_XS = "{http://www.w3.org/2001/XMLSchema}"
_CALL = "CALL"  # stands for the name of the call, in the schema that all calls share


@contextlib.contextmanager
def _without_key_log() -> Iterator[None]:
    """xmlschema opens its own files by urllib, which prepares for TLS: a key log that cannot be written fails that."""
    file = os.environ.pop("SSLKEYLOGFILE", None)
    try:
        yield
    finally:
        if file is not None:
            os.environ["SSLKEYLOGFILE"] = file


class Schema:
    """One XSD 1.0 schema of the contract; its first global element is the document's root."""

    def __init__(self, file: Path, call: str = "") -> None:
        self.file = file
        self._tree = etree.parse(file)
        for named in self._tree.iterfind(f".//{_XS}enumeration[@value='{_CALL}']"):
            named.set("value", call)

    @cached_property
    def root(self) -> str:
        """The documented name of the root element, in no namespace."""
        return str(next(self._tree.iterfind(f"{_XS}element")).get("name"))

    @cached_property
    def quick(self) -> etree.XMLSchema:
        """The schema as libxml2 sees it."""
        return etree.XMLSchema(self._tree)

    @cached_property
    def engine(self) -> xmlschema.XMLSchema10:
        """The schema as xmlschema sees it."""
        with _without_key_log():
            from conformance.contract.modelling import engine  # noqa: PLC0415  a quarter of a second

            return engine(etree.tostring(self._tree, encoding="unicode"), self.file.absolute().parent.as_uri())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the schema and of what it includes, however that is written down (canonical XML)."""
        included = (i.get("schemaLocation", "") for i in self._tree.iterfind(f"{_XS}include"))
        trees = (self._tree, *(etree.parse(self.file.parent / name) for name in included))
        return hashlib.sha256(b"".join(etree.tostring(tree, method="c14n") for tree in trees)).hexdigest()

    @cached_property
    def model(self) -> Model:
        """What it declares: as compiled, or for any other schema read off xmlschema's model now.

        Raises ValueError for a type that holds itself.
        """
        if known := _compiled().get(self.digest):
            return msgspec.json.decode(known, type=Model)
        engine = self.engine
        from conformance.contract.modelling import model  # noqa: PLC0415

        return model(engine, self.root)

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """Every annotated component: the root's name, then from the root downwards, then what speaks of the rest."""
        found: dict[Component, None] = {self.model.name: None}
        for declared in self.declarations.values():
            for component in (
                declared.text if declared.leaf else declared.content,
                *(key.component for key in declared.keys),
            ):
                found[component] = None
        found.pop(self.anything, None)
        return (*found, *([self.anything] if self.model.claimed else []))

    def component(self, element: str, aspect: str) -> Component:
        """The component that stands for an aspect of an element; what no component claims is undocumented."""
        for component in self.components:
            if component.element == element and component.aspect == aspect:
                return component
        return self.anything

    @property
    def anything(self) -> Component:
        """The component that stands for: nothing else is documented. Without a note of its own, the root's."""
        return self.model.anything

    @cached_property
    def declarations(self) -> dict[str, Declaration]:
        """Every declared element by its label, from the root downwards."""
        return {declared.label: declared for declared in _each(self.model.root)}

    @cached_property
    def named(self) -> dict[str, tuple[Declaration, ...]]:
        """The declarations by the name of the element."""
        names = dict.fromkeys(declared.name for declared in self.declarations.values())
        return {name: tuple(d for d in self.declarations.values() if d.name == name) for name in names}

    def accepts(self, root: etree._Element) -> bool:
        """Whether libxml2 finds the tree valid, attributes of XML Schema's own namespace apart."""
        return bool(self.quick.validate(root))


def _each(declared: Declaration) -> Iterator[Declaration]:
    """A declaration and all below it, from the root downwards."""
    yield declared
    for child in declared.below.values():
        yield from _each(child)


@cache
def _compiled() -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(COMPILED.read_bytes(), type=dict[str, msgspec.Raw]) if COMPILED.exists() else {}


@cache
def schema(file: Path, call: str = "") -> Schema:
    """The schema in `file`, built once per process; of the error envelope, for a call."""
    return Schema(file, call)
