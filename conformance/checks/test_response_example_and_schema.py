"""Response example and schema: the success envelope, one check per annotated component of its schema."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.catalogue import Case, each, requirement, uses
from conformance.checks.envelopes import is_any_success
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, breach_of, clip
from conformance.contract.components import Component
from conformance.contract.model import Contract, ServiceCall
from conformance.contract.purpose import Kind
from conformance.contract.quoting import web_page
from conformance.contract.spelling import counted
from conformance.contract.xsd import schema
from conformance.evidence.exchange import Exchange


def components(_: Contract, call: ServiceCall) -> Iterator[Case]:
    """Every annotated component of the response schema."""
    for component in schema(call.response_schema).components:
        yield Case(component.id, component.requirement, component)


@requirement("ENV-01")
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_the_body_is_well_formed(exchange: Exchange, judging: Judging) -> None:
    """The body is one well-formed XML 1.0 document in the encoding that it declares."""
    answer = judging.answer(exchange)
    document = answer.document
    if document.unreadable:
        raise Inconclusive(document.unreadable)
    if not document.fault:
        if not answer.envelope.recognised:
            raise Inconclusive("the answer is no envelope (REQ-01)")
        if answer.decoded:
            raise Inconclusive(answer.decoded)
        return
    if answer.status >= 300 and not answer.envelope.recognised:
        raise Inconclusive(f"HTTP {answer.status} carries no envelope (REQ-01)")
    wrong = document.fault if answer.envelope.recognised else web_page(document.text) or document.fault
    raise Breach(
        f"the body is not a well-formed XML document: {wrong}",
        expected="one well-formed XML 1.0 document in the encoding that it declares",
        observed=wrong,
        where=f"line {document.line}",
    )


@requirement("ENV-02")
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_the_envelope_is_valid(exchange: Exchange, judging: Judging) -> None:
    """The envelope is valid against the response schema."""
    answer = judging.answer(exchange)
    if answer.document.fault and answer.envelope.recognised:
        raise Breach(
            "a body that is not well-formed is not valid", expected="a valid envelope", observed=answer.document.fault
        )
    rows = judging.contract.requirements
    found = [d for d in judging.deviations(exchange) if rows[d.component.requirement].level == "must"]
    if answer.document.deep:
        raise Breach("the elements are nested far deeper than documented", expected="four levels", observed="over 200")
    if found:
        shown = "; ".join(f"{d.where}: {d.reason} ({d.component.requirement})" for d in found[:5])
        more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
        raise breach_of(found[0], f"the envelope has {counted(len(found), 'schema error')}: {shown}{more}")


@each("component", components)
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_the_envelope_keeps_its_schema(exchange: Exchange, judging: Judging, component: Component) -> None:
    """The envelope keeps this component of the response schema."""
    if judging.success(exchange).document.deep:
        if component.aspect == "anything":
            raise Breach("elements are nested far deeper than documented", expected="four levels", observed="over 200")
        raise Inconclusive("the document is nested deeper than a parser accepts (ENV-08)")
    found = [d for d in judging.deviations(exchange) if d.component == component]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise breach_of(found[0], found[0].reason + more)
    if not judging.has_subject(exchange, component):
        raise Inconclusive(f"there is no readable {component.element} in the envelope")


@requirement("ENV-09")
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_nothing_refers_elsewhere(exchange: Exchange, judging: Judging) -> None:
    """There is no document type declaration and no processing instruction that refers elsewhere."""
    answer = judging.answer(exchange)
    if answer.document.references:
        first = answer.document.references[0]
        raise Breach(
            f"the document refers elsewhere: {clip(first)}",
            expected="no DOCTYPE, no referring instruction",
            observed=clip(first),
        )
    judging.envelope(exchange)
