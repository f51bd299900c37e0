"""What an answer amounts to: the success envelope of this service call, an error, something else; and its control."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from conformance.checks.outcome import NotApplicable, Open
from conformance.contract.model import Contract
from conformance.evidence.between import Instead, between, judged
from conformance.evidence.envelope import Envelope, Reported
from conformance.evidence.exchange import Answer, Evidence, Exchange, Reading


class Answers:
    """One target's answers under one contract."""

    def __init__(self, evidence: Evidence, contract: Contract) -> None:
        self.evidence, self.contract, self.call = evidence, contract, contract.call
        self._successes: dict[Reading, bool] = {}
        self._errors: dict[Reading, bool] = {}

    @cached_property
    def between(self) -> Mapping[int, Instead]:
        """The exchanges in which somebody else spoke instead of the endpoint, by number."""
        return between(self.evidence.exchanges)

    @cached_property
    def judged(self) -> tuple[Exchange, ...]:
        """The exchanges without those that were asked again with success."""
        return judged(self.evidence.exchanges, self.between)

    def answer(self, exchange: Exchange) -> Answer:
        """The answer, or Open with the reason why there is none of the endpoint's."""
        if exchange.number in self.between:
            raise Open(self.between[exchange.number].reason)
        if exchange.answer is None:
            raise Open(exchange.loss.reason if exchange.loss else "no answer was recorded")
        return exchange.answer

    def envelope(self, exchange: Exchange) -> Envelope:
        """The readable envelope of an answer, or Open: what is unreadable is another requirement's matter."""
        answer = self.answer(exchange)
        document, envelope = answer.document, answer.envelope
        if document.root is None and not document.deep:
            why = document.unreadable or "the body is not well-formed XML (ENV-01)"
            raise Open(
                why if envelope.recognised or document.unreadable else "the answer is no envelope (REQ-01)"
            )
        if not envelope.recognised:
            raise Open("the answer is no envelope (REQ-01)")
        return envelope

    def success(self, exchange: Exchange) -> Envelope:
        """The success envelope of an answer, or Open."""
        envelope = self.envelope(exchange)
        other = self.answers_another_call(envelope)
        if (not envelope.is_success or other) and not envelope.document.deep:
            raise Open("the answer is not the success envelope (REQ-02)")
        return envelope

    def is_success(self, exchange: Exchange) -> bool:
        """Whether the answer is the success of this service call, also when it is not well-formed."""
        if exchange.answer is None:
            return False
        reading = exchange.answer.reading
        if reading not in self._successes:
            envelope = exchange.answer.envelope
            own = envelope.is_success and not self.answers_another_call(envelope)
            self._successes[reading] = self.offers_the_list(envelope) if envelope.root is None else own
        return self._successes[reading]

    def is_error(self, exchange: Exchange) -> bool:
        """Whether the answer is an error envelope: it reports an error, and carries neither Success nor a list."""
        if exchange.answer is None:
            return False
        reading = exchange.answer.reading
        if reading not in self._errors:
            envelope = exchange.answer.envelope
            told = envelope.is_error or (envelope.recognised and bool(self.reported(envelope)))
            self._errors[reading] = told and not (envelope.carries_success or envelope.has_list)
        return self._errors[reading]

    @cached_property
    def successes(self) -> tuple[int, ...]:
        """The numbers of the exchanges in which the documented request succeeded."""
        return tuple(e.number for e in self.evidence.of("documented") if self.is_success(e))

    @cached_property
    def answered(self) -> frozenset[str]:
        """The schemes, https and http, over which any call got an answer."""
        return frozenset(e.request.url.partition(":")[0] for e in self.evidence.exchanges if e.answer)

    def can_be_compared(self, exchange: Exchange) -> bool:
        """Whether the answer is the success envelope and can be read."""
        try:
            return self.success(exchange).root is not None
        except Open:
            return False

    def offers_the_list(self, envelope: Envelope) -> bool:
        """Whether any id or type of this service call's list is in it."""
        return envelope.offers(self.call.item.key, self.call.item.value)

    def shows_the_list(self, envelope: Envelope) -> bool:
        """Whether what is no envelope shows this service call's list all the same: as JSON, or as a page."""
        if envelope.recognised:
            return False
        text, item, pairs = envelope.document.text, self.call.item, self.call.pairs
        named = re.search(rf"(?<!\w)(?:{re.escape(item.key)}|{re.escape(item.value)})(?!\w)", text)
        return named is not None or (bool(pairs) and all(_side_by_side(p.id, p.type, text) for p in pairs))

    def let_through(self, answer: Answer) -> str:
        """What of Success is in an answer that must be refused; "" when nothing is."""
        if answer.envelope.carries_success:
            return "Success"
        if answer.envelope.has_values:
            return "a Value"
        return "the callback list" if self.shows_the_list(answer.envelope) else ""

    def answers_another_call(self, envelope: Envelope) -> bool:
        """Whether it is the success envelope of some other service call."""
        item = self.call.item
        return envelope.answers_another_call(self.call.name, item.key, item.value)

    def was_answered(self, exchange: Exchange) -> bool:
        """Whether a request was answered, now or when it was sent again."""
        return any(e.answer for e in self.evidence.of(exchange.group) if e.probe == exchange.probe)

    def control(self, exchange: Exchange) -> None:
        """The twin control: the last documented request before this one and the first after it succeeded, or Open."""
        before = next((e for e in reversed(self.ordinary) if e.number < exchange.number), None)
        after = next((e for e in self.ordinary if e.number > exchange.number), None)
        if not (before and self.is_success(before) and after and self.is_success(after)):
            raise Open(
                "the documented request did not succeed before and after this one, so its answer shows nothing"
            )

    def control_of_spelling(self, exchange: Exchange) -> None:
        """Open where a failure may be the moment's: ordinary calls fail too, and this one, asked again, succeeded."""
        moody = any(not self.is_success(e) for e in self.ordinary)
        again = (e for e in self.evidence.of(exchange.group) if e.probe == exchange.probe)
        if moody and any(map(self.is_success, again)):
            raise Open(
                "the same request succeeded when it was asked again, and ordinary calls fail too (REQ-02)"
            )

    @cached_property
    def ordinary(self) -> tuple[Exchange, ...]:
        """The documented requests that the endpoint itself answered, in the order they were answered."""
        found = [e for e in self.evidence.of("documented") if e.answer and e.number not in self.between]
        return tuple(sorted(found, key=lambda e: e.number))

    def control_of_binding(self, exchange: Exchange) -> None:
        """The control of a document in another binding than the target's: that one is served, or NotApplicable."""
        controls = [e for e in self.evidence.of("control") if e.probe == exchange.control]
        if exchange.control.startswith("control-") and not any(map(self.is_success, controls)):
            raise NotApplicable(
                f"the binding {self.evidence.binding} cannot carry this document, and {exchange.binding} is not served"
            )

    def reported(self, envelope: Envelope) -> tuple[Reported, ...]:
        """The errors of an envelope under the names that the target configures."""
        return envelope.errors(*self.evidence.error_elements)

    @cached_property
    def served_bindings(self) -> frozenset[str]:
        """The bindings in which the documented request succeeded over HTTPS."""
        served = {e.binding for e in self.evidence.of("bindings") if self.is_success(e)}
        return frozenset(served | {self.evidence.binding})


def _side_by_side(key: str, value: str, text: str) -> bool:
    """Whether an id and its type stand beside each other, with nothing but markup and names between them."""
    key, value = rf"(?<![\w.]){re.escape(key)}(?![\w.])", re.escape(value)
    return re.search(rf"{key}\D{{0,60}}{value}|{value}\D{{0,60}}{key}", text) is not None
