"""How the page's request example is laid out: over several lines, as the page prints it, or on one.

A body carries it as it is printed. A URL carries it on one line, as the public guide does (interpretation I-06): there
are HTTP servers and firewalls that take no line break in a URL (`%0A`), whatever it is meant for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.contract.model import ServiceCall
    from conformance.target.settings import Binding

PRINTED = "printed"  # the group of the example as it is printed; the id of its probe, too
IN_BODY = frozenset({"form-xml", "body-xml"})
AS_PRINTED, ON_ONE_LINE = "as the page prints it", "without white space"


def printed(call: ServiceCall) -> bytes:
    """The example, letter by letter."""
    return call.request_sample.read_bytes().strip()


def on_one_line(call: ServiceCall) -> bytes:
    """The same without the white space between its elements."""
    return re.sub(rb">\s+<", b"><", printed(call))


def spaced(call: ServiceCall) -> bytes:
    """As it is printed, with a space for each line break and tab: what no server minds in a URL."""
    return re.sub(rb"[\t\r\n]", b" ", printed(call))


def usual(call: ServiceCall, binding: Binding) -> bytes:
    """The layout in which a binding carries the documented request."""
    return printed(call) if binding in IN_BODY else on_one_line(call)


def other(call: ServiceCall, binding: Binding) -> tuple[str, bytes]:
    """The layout in which it usually does not, in words and as a document."""
    return (ON_ONE_LINE, on_one_line(call)) if binding in IN_BODY else (AS_PRINTED, printed(call))
