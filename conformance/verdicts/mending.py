"""What may be wrong with an answer's document, put right: edits to be tried, by the schema and the call's rules."""

from __future__ import annotations

from collections.abc import Callable

from conformance.checks.envelopes import must_be_refused
from conformance.checks.judging import Judging
from conformance.contract import correcting
from conformance.contract.alignment import Aligning
from conformance.contract.draft import Draft, Edit, example
from conformance.contract.purpose import PLAIN_HTTP
from conformance.evidence.classify import Meaning
from conformance.evidence.exchange import Answer, Exchange

_STEPS = 16  # steps of aligning one document
MOST = 16  # edits; more are no small change
_SUCCESSES = {Meaning.SUCCESS, Meaning.DAMAGED_SUCCESS, Meaning.NEITHER, Meaning.DAMAGED}
_ERRORS = {Meaning.ERROR, Meaning.ERROR_AND_SUCCESS, Meaning.NEITHER, Meaning.DAMAGED}
_NAMES = ("Error", "Description")  # of a target that calls them otherwise, nothing is proposed


def proposed(exchange: Exchange, answer: Answer, draft: Draft, judging: Judging) -> list[Edit]:
    """All the edits, made in the draft one by one; none for what should have been another answer altogether."""
    refused, meaning = must_be_refused(exchange), judging.meaning(answer)
    reports = meaning in _ERRORS or bool(judging.reported(answer.envelope))
    if refused and reports and judging.evidence.error_elements == _NAMES:
        return _as_an_error(exchange, answer, draft, judging)
    return _as_a_success(draft, judging) if not refused and meaning in _SUCCESSES else []


def _as_a_success(draft: Draft, judging: Judging) -> list[Edit]:
    call = judging.call
    aligning = Aligning(judging.schema, draft, example(call.response_sample), judging.roots)
    return _made(
        draft,
        aligning.next,
        lambda: correcting.texts(aligning),
        lambda: correcting.Rules(call, aligning).next(),
        lambda: correcting.time_of_the_answer(draft),
    )


def _as_an_error(exchange: Exchange, answer: Answer, draft: Draft, judging: Judging) -> list[Edit]:
    call = judging.call
    plain = PLAIN_HTTP if exchange.request.url.startswith("http:") else ""
    said = [leaf.text for leaf in judging.codes(answer.envelope)]
    known = (code for code in said if code in judging.documented(exchange))
    code = exchange.state or plain or next(known, "999")
    samples = call.error_schema.parent / "samples"
    file = samples / f"error-{code}.xml"
    sample = example(file if file.is_file() else samples / "error-999.xml", call.name)
    aligning = Aligning(judging.error_schema, draft, sample, judging.roots)
    message = judging.messages(code)[0]
    return _made(
        draft,
        aligning.next,
        lambda: correcting.texts(aligning),
        lambda: correcting.error(draft, _NAMES, code, message),
        lambda: correcting.stamped(draft, sample),
        lambda: correcting.time_of_the_answer(draft),
    )


def _made(draft: Draft, *steps: Callable[[], list[Edit]]) -> list[Edit]:
    """The edits that each step asks for, made, until it asks for none; none at all where they are many."""
    made: list[Edit] = []
    for step in steps:
        for _ in range(_STEPS):
            found = step()
            if len(made) + len(found) > MOST:
                return []
            for edit in found:
                draft.apply(edit)
            made += found
            if not found:
                break
    return made
