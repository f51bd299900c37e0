"""Possible errors: each documented code in the state that it describes."""

from __future__ import annotations

from conformance.checks.catalogue import each, requirement, uses
from conformance.checks.envelopes import is_any_error
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, clip
from conformance.checks.states import answer_in_state, codes, envelope_in_state
from conformance.contract.purpose import PLAIN_HTTP, Kind
from conformance.contract.quoting import web_page
from conformance.evidence.classify import classify
from conformance.evidence.exchange import Exchange


@each("code", codes("code"))
@uses(Kind.STATE)
def test_the_answer_says_the_code(exchange: Exchange, judging: Judging, code: str) -> None:
    """In the state that the code describes, the answer says that code."""
    answer = answer_in_state(exchange, judging, code)
    if code != PLAIN_HTTP and not answer.document.unreadable:
        # Over plain HTTP, what is no envelope is TLS-02's matter; in these states nothing else looks at it.
        fault = answer.document.fault and (web_page(answer.document.text) or answer.document.fault)
        wrong = f"is not well-formed: {fault}" if fault else ""
        if wrong or not answer.envelope.recognised:
            told = wrong or f"is no envelope, with HTTP {answer.status}"
            raise Breach(f"the answer in the state of {code} {told}", expected=code, observed=told)
    envelope = envelope_in_state(exchange, judging, code)
    said = judging.said(envelope, code)
    if said is None or not judging.is_code(said.text, code):
        told = repr(clip(said.text)) if said else "Success" if classify(envelope).is_success else "no code"
        where = said.where if said else envelope.result.where if envelope.result else ""
        raise Breach(f"the answer in the state of {code} says {told}", expected=code, observed=told, where=where)


@each("code", codes("message"))
@uses(Kind.STATE)
def test_the_answer_says_the_message(exchange: Exchange, judging: Judging, code: str) -> None:
    """The answer carries the documented message, character for character."""
    envelope = envelope_in_state(exchange, judging, code)
    if classify(envelope).is_success and judging.said(envelope, code) is None and not judging.reported(envelope):
        raise Inconclusive(f"the answer reports no error (ERR-{code}-code)")
    allowed = judging.messages(code)
    reported = judging.reported(envelope)
    here = next(
        (e for e in reported if e.code and judging.is_code(e.code.text, code)), reported[0] if reported else None
    )
    told = [e.message for e in reported if e.message and (not e.code or judging.is_code(e.code.text, code))]
    if not any(e.message and e.code and judging.is_code(e.code.text, code) for e in reported):
        told += envelope.loose_texts()  # the code has no message beside it, so it may stand anywhere
    message = next((leaf for leaf in told if leaf.text in allowed), here.message if here else None)
    if message is None:
        raise Breach(
            f"the answer in the state of {code} carries no message", expected=allowed[0], observed="no message"
        )
    if message.text in allowed:
        judging.note_message(code, message.text)
        return
    other = here.code.text if here and here.code else ""
    if other != code and other in judging.call.errors and message.text == judging.call.errors[other].message:
        raise Inconclusive(f"the answer reports {other} altogether (ERR-{code}-code)")
    observed = clip(message.text)
    raise Breach(f"the message of {code} is {observed!r}", expected=allowed[0], observed=observed, where=message.where)


@each("code", codes("data"))
@uses(Kind.STATE)
def test_the_answer_carries_no_list(exchange: Exchange, judging: Judging, code: str) -> None:
    """The answer carries no Success and nothing of what the call is asked for."""
    envelope = answer_in_state(exchange, judging, code).envelope  # data is data in what is not well-formed, too
    if not envelope.carries_success:
        envelope = envelope_in_state(exchange, judging, code)
    if envelope.carries_success or envelope.has_list:
        what = "Success" if envelope.carries_success else judging.call.subject
        raise Breach(
            f"the answer in the state of {code} carries {what}", expected="an error and nothing else", observed=what
        )


@requirement("ERR-ANY")
@uses(also=is_any_error)
def test_every_error_has_a_documented_code(exchanges: tuple[Exchange, ...], judging: Judging) -> None:
    """Every error answer of the run uses a code that the page documents."""
    for exchange in exchanges:
        assert exchange.answer
        codes = judging.codes(exchange.answer.envelope)
        wrong = [leaf for leaf in codes if leaf.text not in judging.documented(exchange)]
        if wrong or not codes:
            code = clip(wrong[0].text) if wrong else "no code"
            raise Breach(
                f"{exchange.title} is answered with the error {code!r}, which the page does not document",
                expected=" or ".join(judging.documented(exchange)),
                observed=code,
                where=wrong[0].where if wrong else "",
                exchanges=(exchange,),
            )
