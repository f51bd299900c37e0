"""A requirement's statement, worded for one call: it is written for the page's call, and others have other names."""

from __future__ import annotations

from conformance.contract.model import Contract, Requirement, ServiceCall

_PAGES_ROOT = "The root element is ClICKATELLSDK, with the small l that the page prints"
_EACH = "one or more Value elements, and each holds exactly"


def stated(requirement: Requirement, call: str, contract: Contract) -> str:
    """The statement of a requirement, of a call; "" where it is judged once for all."""
    page = contract.call
    if not call or call == page.name or contract.calls[call].name in requirement.calls:
        return requirement.statement
    other = contract.calls[call]
    text = requirement.statement
    for old, new in (
        (f"{_EACH} {_content(page)}", _content(other) if other.items is None else f"{_EACH} {_content(other)}"),
        (page.subject.replace("the ", "a ", 1), other.subject),
        (page.subject, other.subject),
        (page.name, other.name),
        *(((_PAGES_ROOT, "The root element is one of the two that the guide prints"),) if other.row.also_roots else ()),
    ):
        text = text.replace(old, new)
    return text


def _content(call: ServiceCall) -> str:
    """What an item of its answer holds, in words."""
    return ", then ".join(call.fields) if call.items else f"what the response schema of {call.name} says"
