"""The one template of a call's requests: every document, fixed or generated, carries all its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from conformance.contract.model import ServiceCall
from conformance.contract.rows import Parameter
from conformance.target.target import Target

_AS_A_REFERENCE = {"\n": "&#10;"}  # there are servers that take no line break in a URL
Given = tuple[tuple[str, str], ...]  # name and value of each parameter that is sent
SPENT = "NEWEST-OF-ANOTHER-CALL"  # stands for a value that another call will give, good once


@dataclass(frozen=True)
class Template:
    """The request of a call with the values of one target. given: name and value of each parameter that is sent."""

    call: ServiceCall
    given: Given = ()

    @property
    def root(self) -> str:
        return self.call.request_root

    @property
    def leaf(self) -> str:
        return self.call.action_element

    @property
    def name(self) -> str:
        return self.call.name

    @property
    def rest(self) -> str:
        """The elements of the parameters, as they follow the action."""
        return elements(self.given)

    @property
    def child(self) -> str:
        """Everything inside the root."""
        return f"<{self.leaf}>{self.name}</{self.leaf}>{self.rest}"

    @property
    def plain(self) -> str:
        """The whole document, without white space."""
        return f"<{self.root}>{self.child}</{self.root}>"

    @property
    def sample(self) -> bytes:
        """The documented example, to the byte; with this target's values where it has parameters."""
        text = self.call.request_sample.read_bytes().strip()
        if not self.call.parameters:
            return text
        from lxml import etree  # noqa: PLC0415  the catalogue of requirements needs no parser

        root = etree.fromstring(text)
        given = dict(self.given)
        for parameter in self.call.parameters:
            for element in root.findall(parameter.name):
                if parameter.name in given:
                    element.text = given[parameter.name]
                else:
                    root.remove(element)
        return etree.tostring(root)

    def asking(self, action: str | None) -> bytes:
        """The document for another action, or for none at all."""
        there = "" if action is None else f"<{self.leaf}>{escape(action, _AS_A_REFERENCE)}</{self.leaf}>"
        return f"<{self.root}>{there}{self.rest}</{self.root}>".encode()

    def saying(self, given: Given) -> bytes:
        """The document with other parameters."""
        action = f"<{self.leaf}>{self.name}</{self.leaf}>"
        return f"<{self.root}>{action}{elements(given)}</{self.root}>".encode()

    def reversed(self) -> bytes:
        """The document with its children in reverse, the action last."""
        action = f"<{self.leaf}>{self.name}</{self.leaf}>"
        return f"<{self.root}>{elements(self.given[::-1])}{action}</{self.root}>".encode()

    def spelled(self, leaf: str) -> bytes:
        """The document with another element for the action."""
        return f"<{self.root}><{leaf}>{self.name}</{leaf}>{self.rest}</{self.root}>".encode()


def elements(given: Given) -> str:
    """Parameters as elements."""
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in given)


def template(call: ServiceCall, target: Target) -> Template:
    """The request of a call to a target."""
    values = ((parameter.name, _value(parameter, call, target.values)) for parameter in call.parameters)
    return Template(call, tuple((name, value) for name, value in values if value))


def _value(parameter: Parameter, call: ServiceCall, values: Mapping[str, str]) -> str:
    """What a parameter says; "" where it is left out.

    A call that changes something says no more than it has to, unless it is told so by its name.
    """
    own = values.get(f"{call.name}.{parameter.name}", "")
    if not own and (not call.changes or parameter.required):
        own = values.get(parameter.name, "")
    if not own and parameter.once:
        return SPENT
    return own or ("" if parameter.source == "target" else parameter.example)
