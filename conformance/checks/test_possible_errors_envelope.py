"""Possible errors: the envelope that carries a documented code."""

from __future__ import annotations

from conformance.checks.catalogue import each, uses
from conformance.checks.envelopes import is_any_error
from conformance.checks.judging import Judging
from conformance.checks.outcome import Inconclusive, NotApplicable, breach_of
from conformance.checks.states import codes, envelope_in_state
from conformance.contract.purpose import PLAIN_HTTP, REFUSED, Kind
from conformance.evidence.exchange import Exchange


@each("code", codes("envelope"))
@uses(Kind.STATE)
def test_the_answer_is_an_error_envelope(exchange: Exchange, judging: Judging, code: str) -> None:
    """The answer is an error envelope valid against the error schema, echoing the action."""
    envelope = envelope_in_state(exchange, judging, code)
    if envelope.says_success or envelope.has_list:
        what = "Success" if envelope.says_success else judging.call.subject
        raise Inconclusive(f"the answer carries {what} (ERR-{code}-data)")
    _keeps_the_schema(exchange, judging, code)


@each("code", codes("envelope"))
@uses(also=is_any_error)
def test_any_error_envelope_of_the_code_is_valid(exchange: Exchange, judging: Judging, code: str) -> None:
    """Outside of the states, an error envelope that says the code is valid against the error schema."""
    said = {leaf.text for leaf in judging.codes(judging.envelope(exchange))}
    asked_plainly = exchange.kind in {Kind.FORM, Kind.PORT} and code != PLAIN_HTTP
    if asked_plainly or exchange.kind in {Kind.STATE, Kind.AFTER, Kind.CLAIM} or code not in said:
        raise NotApplicable(f"no answer outside of the states says {code}")
    _keeps_the_schema(exchange, judging, code)


def _keeps_the_schema(exchange: Exchange, judging: Judging, code: str) -> None:
    """Breach when an error envelope is not valid; a request for something else may have another action echoed."""
    said = judging.said(judging.envelope(exchange), code)
    broken = {"ERR-NNN-envelope"}
    if said is not None and judging.is_code(
        said.text, code
    ):  # found elsewhere than in Error: the shape is at fault, not the code
        broken.add("ERR-NNN-code")
    found = judging.error_deviations(exchange, echo=exchange.kind not in REFUSED)
    first = next((d for d in found if d.component.requirement in broken), None)
    if first:
        raise breach_of(first, f"the error envelope of {code}: {first.reason}")
