"""Which envelopes a run saw, whatever they answer: every success counts, and so does every error."""

from __future__ import annotations

from conformance.checks.judging import Judging
from conformance.contract.purpose import REFUSED
from conformance.evidence.exchange import Exchange


def must_be_refused(exchange: Exchange) -> bool:
    """Whether the request asks for something else, is damaged, comes over plain HTTP or in the state of an error."""
    plain = exchange.request.url.startswith("http:")
    return exchange.kind in REFUSED or bool(exchange.state) or plain


def is_any_success(judging: Judging, exchange: Exchange) -> bool:
    """Whether the answer is the success envelope of this service call, whatever it answers, damaged or not.

    Where the request must be refused, an answer that reports an error beside its Success or its list is a wrong
    refusal, which is that requirement's matter: it is not meant as the success envelope.
    """
    if not judging.is_success(exchange):
        return False
    if not must_be_refused(exchange):
        return True
    answer = judging.answer(exchange)
    if not answer.envelope.says_success or judging.reported(answer.envelope):
        return False
    action = answer.envelope.action
    return judging.offers(answer.envelope) or (action is not None and action.text == judging.call.name)


def is_any_error(judging: Judging, exchange: Exchange) -> bool:
    """Whether the answer is an error envelope, whatever it answers; one that carries Success is not meant as one."""
    return judging.is_error(exchange)
