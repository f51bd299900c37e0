"""Parameters: what is refused, under which code, and what means the same as the documented request.

Of the calls of the Connect API User Guide of 9 November 2011; the page's call has none.
"""

from __future__ import annotations

from conformance.checks.alike import answered, same_content
from conformance.checks.catalogue import requirement, uses
from conformance.checks.judging import Judging
from conformance.checks.outcome import Inconclusive, NotApplicable
from conformance.checks.refusals import refused, refused_with
from conformance.contract.purpose import Kind, parameter_of
from conformance.evidence.exchange import Exchange


@requirement("PRM-01")
@uses(Kind.PARAMETER_LISTED)
def test_a_value_that_is_not_listed_is_refused(exchange: Exchange, judging: Judging) -> None:
    """A value that is not on the list of its parameter is not answered with Success."""
    refused(exchange, judging)


@requirement("PRM-02")
@uses(Kind.PARAMETER_MISSING)
def test_a_required_parameter_is_required(exchange: Exchange, judging: Judging) -> None:
    """A request without a required parameter, or with an empty one, is not answered with Success."""
    refused(exchange, judging)


@requirement("PRM-03")
@uses(Kind.PARAMETER_FORM)
def test_a_value_of_another_form_is_refused(exchange: Exchange, judging: Judging) -> None:
    """A value of another form or length than its parameter has is not answered with Success."""
    refused(exchange, judging)


@requirement("PRM-04")
@uses(Kind.PARAMETER_LISTED, Kind.PARAMETER_MISSING, Kind.PARAMETER_FORM, Kind.VALUE, Kind.REFUSAL)
def test_a_refusal_says_the_documented_error(exchange: Exchange, judging: Judging) -> None:
    """What is refused for a parameter is answered with that parameter's error code and its message."""
    name, how = parameter_of(exchange.probe)
    if exchange.kind is Kind.REFUSAL:
        refused_with(exchange, judging, next(r.errors for r in judging.call.row.refusal if r.key == how))
        return
    if how == "listed":
        raise NotApplicable(f"{exchange.title} is to be accepted")
    parameter = next(p for p in judging.call.parameters if p.name == name)
    right = parameter.missing if how in {"missing", "empty"} and parameter.missing else parameter.error
    also = (parameter.error, *parameter.errors) if how == "empty" else parameter.errors
    refused_with(exchange, judging, (right, *also))


@requirement("PRM-05")
@uses(Kind.GROUP)
def test_one_of_a_group_is_enough(exchange: Exchange, judging: Judging) -> None:
    """One of a group of parameters is enough; none of them is answered with the error, or with the default."""
    group, how = parameter_of(exchange.probe)
    members = [p for p in judging.call.parameters if p.group == group]
    if how != "none":
        answered(exchange, judging)
        return
    codes = tuple(dict.fromkeys(p.missing or p.error for p in reversed(members)))
    if any(p.default for p in members) and judging.is_success(exchange):
        judging.control(exchange)
        return
    refused_with(exchange, judging, codes)


@requirement("PRM-06")
@uses(Kind.BESIDE)
def test_the_first_of_a_group_decides(exchange: Exchange, judging: Judging) -> None:
    """Where a second parameter of those stands beside the first, the answer is that for the first alone."""
    same_content(exchange, judging)


@requirement("PRM-07")
@uses(Kind.DEFAULT)
def test_a_default_may_be_left_out(exchange: Exchange, judging: Judging) -> None:
    """A default that is written out is answered as where it is left out."""
    if parameter_of(exchange.probe)[1]:  # beside another of its group, which decides of what
        answered(exchange, judging)
    else:
        same_content(exchange, judging)


@requirement("PRM-08")
@uses(Kind.VALUE)
def test_the_values_are_those_that_the_other_call_lists(exchange: Exchange, judging: Judging) -> None:
    """A value that the other call lists is accepted, one that it does not list is refused."""
    name, how = parameter_of(exchange.probe)
    if how != "listed":
        refused(exchange, judging)
        return
    said = {leaf.text for leaf in judging.codes(judging.answer(exchange).envelope)}
    parameters = judging.call.parameters
    others = {code for p in parameters for code in (p.error, p.missing, *p.errors)}
    if other := sorted(said & others - {p.error for p in parameters if p.name == name}):
        raise Inconclusive(f"{exchange.title} is answered with {other[0]}, which may be about something else")
    answered(exchange, judging)


@requirement("PRM-10")
@uses(Kind.ALLOWED)
def test_every_listed_value_is_accepted(exchange: Exchange, judging: Judging) -> None:
    """A value that is on the list of its parameter is answered with Success."""
    answered(exchange, judging)


@requirement("REQ-08")
@uses(Kind.ORDER)
def test_the_order_of_children_is_free(exchange: Exchange, judging: Judging) -> None:
    """The request with its children in another order gets the same answer."""
    same_content(exchange, judging)


@requirement("REQ-09")
@uses(Kind.SPELLED_ACTION)
def test_the_action_may_be_spelled_as_the_tables_do(exchange: Exchange, judging: Judging) -> None:
    """The request with its action in the element that the tables print gets the same answer."""
    same_content(exchange, judging)
