"""How the page's request example is laid out: over several lines, as the page prints it, or on one.

A body carries it as it is printed. A URL carries it on one line, as the public guide does (interpretation I-06): there
are HTTP servers and firewalls that take no line break in a URL (`%0A`), whatever it is meant for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.probes.template import Template
    from conformance.target.settings import Binding

ID, SPACED = "printed", "printed-spaces"  # of the probes of the example as it is printed, and with spaces
IN_BODY = frozenset({"form-xml", "body-xml"})
AS_PRINTED, ON_ONE_LINE = "as the page prints it", "without white space"


def printed(template: Template) -> bytes:
    """The example, letter by letter, with the values of the target where it has parameters."""
    return template.sample


def on_one_line(template: Template) -> bytes:
    """The same without the white space between its elements."""
    return re.sub(rb">\s+<", b"><", printed(template))


def spaced(template: Template) -> bytes:
    """As it is printed, with a space for each line break and tab: what no server minds in a URL."""
    return re.sub(rb"[\t\r\n]", b" ", printed(template))


def usual(template: Template, binding: Binding) -> bytes:
    """The layout in which a binding carries the documented request."""
    return printed(template) if binding in IN_BODY else on_one_line(template)


def other(template: Template, binding: Binding) -> tuple[str, bytes]:
    """The layout in which it usually does not, in words and as a document."""
    return (ON_ONE_LINE, on_one_line(template)) if binding in IN_BODY else (AS_PRINTED, printed(template))
