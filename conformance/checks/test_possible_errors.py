"""Possible errors: each documented code in the state that it describes."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.checks.catalogue import Case, Cases, each, requirement, uses
from conformance.checks.envelopes import is_any_error
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, NotApplicable, Unsettled, clip
from conformance.checks.plain_http import Became, seen
from conformance.contract.model import Contract, ServiceCall
from conformance.evidence.envelope import Envelope
from conformance.evidence.exchange import Answer, Exchange
from conformance.probes.purpose import PLAIN_HTTP, REFUSED, Kind, Purpose


def codes(part: str) -> Cases:
    """Every documented code, for one part of what its answer must say."""

    def cases(_: Contract, call: ServiceCall) -> Iterator[Case]:
        for code in call.errors:
            yield Case(code, f"ERR-{code}-{part}", code, state=code)

    return cases


def _answer_in_state(exchange: Exchange, judging: Judging, code: str) -> Answer:
    """The answer in the state, or Inconclusive where it says nothing of the state."""
    if code == PLAIN_HTTP and seen(exchange, judging).kind is Became.CLOSED:
        raise Inconclusive("the HTTP endpoint refuses connections or hangs up, so no answer can say 009")
    return judging.answer(exchange)


def _in_state(exchange: Exchange, judging: Judging, code: str) -> Envelope:
    """The envelope answered in the state, or Inconclusive; over plain HTTP what is no envelope is TLS-02's matter."""
    answer, told = (
        _answer_in_state(exchange, judging, code),
        "TLS-02" if code == PLAIN_HTTP else f"ERR-{code}-code",
    )
    if answer.document.unreadable:
        raise Inconclusive(answer.document.unreadable)
    if not answer.envelope.recognised:
        raise Inconclusive(f"the answer is no envelope ({told})")
    if answer.document.root is None:
        raise Inconclusive(f"the answer is not well-formed ({told})")
    return answer.envelope


@each("code", codes("code"))
@uses(Kind.STATE)
def test_the_answer_says_the_code(exchange: Exchange, judging: Judging, code: str) -> None:
    """In the state that the code describes, the answer says that code."""
    answer = _answer_in_state(exchange, judging, code)
    if code != PLAIN_HTTP and not answer.document.unreadable:
        # Over plain HTTP, what is no envelope is TLS-02's matter; in these states nothing else looks at it.
        wrong = f"is not well-formed: {answer.document.fault}" if answer.document.fault else ""
        if wrong or not answer.envelope.recognised:
            told = wrong or f"is no envelope, with HTTP {answer.status}"
            raise Breach(f"the answer in the state of {code} {told}", expected=code, observed=told)
    envelope = _in_state(exchange, judging, code)
    said = judging.said(envelope, code)
    if said is None or said.text != code:
        told = repr(clip(said.text)) if said else "Success" if envelope.is_success else "no code"
        where = said.where if said else envelope.result.where if envelope.result else ""
        raise Breach(
            f"the answer in the state of {code} says {told}", expected=code, observed=told, where=where
        )


@each("code", codes("message"))
@uses(Kind.STATE)
def test_the_answer_says_the_message(exchange: Exchange, judging: Judging, code: str) -> None:
    """The answer carries the documented message, character for character."""
    envelope = _in_state(exchange, judging, code)
    if envelope.is_success and judging.said(envelope, code) is None and not judging.reported(envelope):
        raise Inconclusive(f"the answer reports no error (ERR-{code}-code)")
    allowed = judging.messages(code)
    reported = judging.reported(envelope)
    here = next((e for e in reported if e.code and e.code.text == code), reported[0] if reported else None)
    told = [e.message for e in reported if e.message and (not e.code or e.code.text == code)]
    if not any(e.message and e.code and e.code.text == code for e in reported):
        told += envelope.loose_texts()  # the code has no message beside it, so it may stand anywhere
    message = next((leaf for leaf in told if leaf.text in allowed), here.message if here else None)
    if message is None:
        raise Breach(
            f"the answer in the state of {code} carries no message",
            expected=allowed[0],
            observed="no message",
        )
    if message.text in allowed:
        judging.note_message(code, message.text)
        return
    other = here.code.text if here and here.code else ""
    if other != code and other in judging.call.errors and message.text == judging.call.errors[other].message:
        raise Inconclusive(f"the answer reports {other} altogether (ERR-{code}-code)")
    observed = clip(message.text)
    raise Breach(
        f"the message of {code} is {observed!r}", expected=allowed[0], observed=observed, where=message.where
    )


@each("code", codes("data"))
@uses(Kind.STATE)
def test_the_answer_carries_no_list(exchange: Exchange, judging: Judging, code: str) -> None:
    """The answer carries no Success and nothing of what the call is asked for."""
    envelope = _in_state(exchange, judging, code)
    if envelope.carries_success or envelope.has_list:
        what = "Success" if envelope.carries_success else judging.call.subject
        raise Breach(
            f"the answer in the state of {code} carries {what}",
            expected="an error and nothing else",
            observed=what,
        )


@each("code", codes("envelope"))
@uses(Kind.STATE)
def test_the_answer_is_an_error_envelope(exchange: Exchange, judging: Judging, code: str) -> None:
    """The answer is an error envelope valid against the error schema, echoing the action."""
    envelope = _in_state(exchange, judging, code)
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
    if (
        said is not None and said.text == code
    ):  # found elsewhere than in Error: the shape is at fault, not the code
        broken.add("ERR-NNN-code")
    found = judging.error_deviations(exchange, echo=exchange.kind not in REFUSED)
    first = next((d for d in found if d.component.requirement in broken), None)
    if first:
        raise Breach(
            f"the error envelope of {code}: {first.reason}",
            expected=first.expected,
            observed=first.observed,
            where=f"{first.xpath}, line {first.line}",
        )


def _is_said_over_http(judging: Judging, code: str) -> bool:
    """Whether any call over plain HTTP is answered with its code, in whatever form it was asked."""
    over_http = [e for e in judging.evidence.exchanges if e.request.url.startswith("http:")]
    leaves = [judging.said(e.answer.envelope, code) for e in over_http if e.answer]
    return code == PLAIN_HTTP and any(leaf is not None and leaf.text == code for leaf in leaves)


def _comes_back(after: list[Exchange], judging: Judging, code: str) -> None:
    """Where the suite itself sets and resets the state, success comes back after it."""
    good = judging.successes
    if after and not any(number < after[0].number for number in good):
        raise Inconclusive("the documented request did not succeed before the state either (REQ-02)")
    for exchange in after:
        if exchange.answer and not judging.is_success(exchange):
            raise Breach(
                f"success does not come back after the state of {code}",
                expected="Success",
                observed="an error envelope" if exchange.answer.envelope.is_error else "no success envelope",
                exchanges=(exchange,),
            )
    left_out = judging.evidence.gaps.get(Purpose(Kind.AFTER, state=code).label)
    if left_out:
        raise Inconclusive(left_out)
    if after and not any(e.answer for e in after):
        raise Inconclusive(
            f"no call after the state of {code} was answered, so nothing shows that success comes back"
        )


@each("code", codes("stable"))
@uses(Kind.STATE, Kind.AFTER)
def test_the_answer_lasts_as_long_as_the_state(
    exchanges: tuple[Exchange, ...], judging: Judging, code: str
) -> None:
    """Every call in the state is answered with the code, and success comes back after it."""
    said = []
    for exchange in (e for e in exchanges if e.kind is Kind.STATE):
        try:
            answer = _answer_in_state(exchange, judging, code)
        except Unsettled:
            raise
        except Inconclusive:
            continue
        if not answer.document.unreadable:  # a page, or what is no XML, does not say the code either
            leaf = judging.said(answer.envelope, code)
            said.append((exchange, leaf is not None and leaf.text == code))
    if len(said) < 2 or not (any(right for _, right in said) or _is_said_over_http(judging, code)):
        raise Inconclusive(f"the code was not said in two calls, so nothing shows that {code} lasts")
    wrong = [e for e, right in said if not right]
    if wrong:
        raise Breach(
            f"{len(wrong)} of {len(said)} calls in the state of {code} do not say the code",
            expected=f"{code} at every call",
            observed=f"{code} at {len(said) - len(wrong)} of {len(said)} calls",
            exchanges=tuple(wrong),
        )
    _comes_back([e for e in exchanges if e.kind is Kind.AFTER], judging, code)


@requirement("ERR-ANY")
@uses()
def test_every_error_has_a_documented_code(exchanges: tuple[Exchange, ...], judging: Judging) -> None:
    """Every error answer of the run uses a code that the page documents."""
    errors = [e for e in exchanges if judging.is_error(e)]
    if not errors:
        raise Inconclusive("no error answer was seen")
    for exchange in errors:
        assert exchange.answer
        codes = judging.codes(exchange.answer.envelope)
        wrong = [leaf for leaf in codes if leaf.text not in judging.call.errors]
        if wrong or not codes:
            code = clip(wrong[0].text) if wrong else "no code"
            raise Breach(
                f"{exchange.title} is answered with the error {code!r}, which the page does not document",
                expected=" or ".join(judging.call.errors),
                observed=code,
                where=wrong[0].where if wrong else "",
                exchanges=(exchange,),
            )
