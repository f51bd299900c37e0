"""What an answer amounts to: the success envelope of this service call, an error, something else; and its control."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Self

from conformance.checks.outcome import Inconclusive, NotApplicable
from conformance.contract.model import Contract
from conformance.contract.purpose import Kind, Purpose
from conformance.contract.xsd import schema
from conformance.evidence.between import Instead, between, judged
from conformance.evidence.classify import Asked, Meaning, classify, offers
from conformance.evidence.envelope import Envelope, Reported
from conformance.evidence.exchange import Answer, Evidence, Exchange
from conformance.evidence.trees import Reading

_RECORD = 4  # names from the root to a part of a record: root, Values, Value, and its own


class Answers:
    """One target's answers under one contract: to all calls together, or to one of them.

    evidence: all that was recorded. contract: what is documented. call: the service call that is judged. whole: the
    answers to all calls.
    Of all together, whatever is asked of an exchange is asked about the call that the exchange is about.
    """

    def __init__(self, evidence: Evidence, contract: Contract, call: str = "", whole: Answers | None = None) -> None:
        if not evidence.calls:  # recorded before there was more than one
            evidence = replace(evidence, calls=(contract.call.name,))
        self.evidence, self.contract, self.whole = evidence, contract, whole or self
        self.call = contract.calls[call or evidence.calls[0]]
        self._about: dict[str, Self] = {}
        self._meanings: dict[Reading, Meaning] = {}
        self._which: dict[Callable[[Self, Exchange], bool], frozenset[int]] = {}

    def about(self, call: str) -> Self:
        """The answers to one call; without a name, and where there is only one, all of them."""
        if not call or len(self.evidence.calls) == 1 or self.whole is not self:
            return self
        if call not in self._about:
            self._about[call] = type(self)(self.evidence.about(call), self.contract, call, self)
        return self._about[call]

    def listed(self, call: str, field: str) -> frozenset[str]:
        """What the answers to another call of the run list in a field; Inconclusive where none does."""
        if call not in self.whole.evidence.calls:
            raise Inconclusive(f"{call}, which lists them, is not called in this run")
        other = self.whole.about(call)
        asked = [e for e in other.evidence.of(Kind.DOCUMENTED) if other.can_be_compared(e)]
        items = (item for e in asked for item in other.success(e).items((field,)))
        found = frozenset(leaf.text for (leaf,) in items if leaf)
        if not found:
            raise Inconclusive(f"no answer to {call}, which lists them, lists any")
        return found

    def of(self, exchange: Exchange) -> Self:
        """The answers to the call that an exchange is about."""
        return self.about(exchange.purpose.call if exchange.purpose.call in self.evidence.calls else "")

    @cached_property
    def between(self) -> Mapping[int, Instead]:
        """The exchanges in which somebody else spoke instead of the endpoint, by number."""
        return between(self.evidence.exchanges) if self.whole is self else self.whole.between

    @cached_property
    def judged(self) -> tuple[Exchange, ...]:
        """The exchanges without those that were asked again with success."""
        return judged(self.evidence.exchanges, self.between)

    @cached_property
    def sent_for(self) -> Mapping[Purpose, list[int]]:
        """The numbers of the exchanges by purpose: a few dozen purposes, however many exchanges."""
        found: dict[Purpose, list[int]] = {}
        for exchange in self.judged:
            found.setdefault(exchange.purpose, []).append(exchange.number)
        return found

    def which(self, holds: Callable[[Self, Exchange], bool]) -> frozenset[int]:
        """The numbers of the judged exchanges of which something holds, asked once: several checks look at the same."""
        if holds not in self._which:
            self._which[holds] = frozenset(e.number for e in self.judged if holds(self, e))
        return self._which[holds]

    def answer(self, exchange: Exchange) -> Answer:
        """The answer, or Inconclusive with the reason why there is none of the endpoint's."""
        if exchange.number in self.between:
            raise Inconclusive(self.between[exchange.number].reason)
        if exchange.answer is None:
            raise Inconclusive(exchange.loss.reason if exchange.loss else "no answer was recorded")
        return exchange.answer

    def envelope(self, exchange: Exchange) -> Envelope:
        """The readable envelope of an answer, or Inconclusive: what is unreadable is another requirement's matter."""
        answer = self.answer(exchange)
        document, envelope = answer.document, answer.envelope
        if document.root is None and not document.deep:
            why = document.unreadable or "the body is not well-formed XML (ENV-01)"
            raise Inconclusive(
                why if envelope.recognised or document.unreadable else "the answer is no envelope (REQ-01)"
            )
        if not envelope.recognised:
            raise Inconclusive("the answer is no envelope (REQ-01)")
        return envelope

    def success(self, exchange: Exchange) -> Envelope:
        """The success envelope of an answer, or Inconclusive."""
        envelope = self.envelope(exchange)
        if self.meaning(self.answer(exchange)) is not Meaning.SUCCESS and not envelope.document.deep:
            raise Inconclusive("the answer is not the success envelope (REQ-02)")
        return envelope

    def meaning(self, answer: Answer) -> Meaning:
        """What an answer amounts to as the answer to this call."""
        reading = answer.reading
        if reading not in self._meanings:
            self._meanings[reading] = classify(answer.envelope, self.asked)
        return self._meanings[reading]

    def is_success(self, exchange: Exchange) -> bool:
        """Whether the answer is the success of the service call, also when it is not well-formed."""
        return exchange.answer is not None and self.of(exchange).meaning(exchange.answer).is_success

    def is_error(self, exchange: Exchange) -> bool:
        """Whether the answer is an error envelope: it reports an error, and carries neither Success nor a list."""
        return exchange.answer is not None and self.meaning(exchange.answer) is Meaning.ERROR

    @cached_property
    def successes(self) -> tuple[int, ...]:
        """The numbers of the exchanges in which the documented request succeeded."""
        return tuple(e.number for e in self.evidence.of(Kind.DOCUMENTED) if self.is_success(e))

    @cached_property
    def answered(self) -> frozenset[str]:
        """The schemes, https and http, over which any call got an answer."""
        return frozenset(e.request.url.partition(":")[0] for e in self.evidence.exchanges if e.answer)

    def can_be_compared(self, exchange: Exchange) -> bool:
        """Whether the answer is the success envelope and can be read."""
        try:
            return self.success(exchange).root is not None
        except Inconclusive:
            return False

    @cached_property
    def content(self) -> tuple[str, ...]:
        """The names of the elements that hold what the call is asked for: fields of items, or parts of a record."""
        if self.call.items is not None:
            return self.call.fields
        within = (d for d in schema(self.call.response_schema).declarations.values() if len(d.path) == _RECORD)
        return tuple(declared.name for declared in within)

    @cached_property
    def asked(self) -> Asked:
        """This call, as answers are held against it."""
        return Asked(
            self.call.name,
            self.content,
            every=self.call.items is None,
            errors=self.evidence.error_elements,
            published=frozenset(self.contract.calls),
        )

    def offers(self, envelope: Envelope) -> bool:
        """Whether what this call is asked for is in it."""
        return offers(envelope, self.asked)

    def is_of_another(self, envelope: Envelope) -> bool:
        """Whether it is what another call of the run is asked for, by name: they may have elements in common."""
        name = envelope.action.text if envelope.action else ""
        if name == self.call.name or name not in self.whole.evidence.calls:
            return False
        return envelope.offers(self.whole.about(name).content, every=True)

    def shows(self, envelope: Envelope) -> bool:
        """Whether what is no envelope shows this service call's list all the same: as JSON, or as a page."""
        if envelope.recognised or not self.call.fields:
            return False
        text = envelope.document.text
        # A name with an underscore is nobody's word; others stand in many a page.
        telling = [name for name in self.call.fields if "_" in name]
        offered = [tuple(rule.fields.values()) for rule in self.call.rules("offers")]
        return any(_is_named(name, text) for name in telling) or (
            bool(offered) and all(_side_by_side(texts, text) for texts in offered)
        )

    def let_through(self, answer: Answer) -> str:
        """What of Success is in an answer that must be refused; "" when nothing is."""
        if answer.envelope.carries_success:
            return "Success"
        if answer.envelope.has_values:
            return "a Value"
        return self.call.subject if self.shows(answer.envelope) else ""

    def was_answered(self, exchange: Exchange) -> bool:
        """Whether a request was answered, now or when it was sent again."""
        return any(e.answer for e in self.evidence.of(exchange.kind) if e.probe == exchange.probe)

    def control(self, exchange: Exchange) -> None:
        """Inconclusive unless the documented request succeeded before this one and after it, nearest in time."""
        own = self.of(exchange)
        if own is not self:
            own.control(exchange)
            return
        if self.call.changes:  # whose documented request is sent once
            if not self.successes:
                why = "did not succeed, so the answer to another one shows nothing"
                raise Inconclusive(f"the documented request of {self.call.name} {why}")
            return
        earlier = (e for e in reversed(self.ordinary) if e.number < exchange.number and e.started <= exchange.started)
        before = next(earlier, None)
        after = next((e for e in self.ordinary if e.number > exchange.number), None)
        # Numbers tell the order of the answers: one that took long is passed by what was asked after it.
        after = after or next((e for e in reversed(self.ordinary) if e.started > exchange.started), None)
        if not (before and self.is_success(before) and after and self.is_success(after)):
            raise Inconclusive(
                "the documented request did not succeed before and after this one, so its answer shows nothing"
            )

    def control_of_spelling(self, exchange: Exchange) -> None:
        """Inconclusive where a failure may be the moment's: ordinary calls fail too, and asked again it succeeded."""
        moody = any(not self.is_success(e) for e in self.ordinary)
        again = (e for e in self.evidence.of(exchange.kind) if e.probe == exchange.probe)
        if moody and any(map(self.is_success, again)):
            raise Inconclusive(
                "the same request succeeded when it was asked again, and ordinary calls fail too (REQ-02)"
            )

    @cached_property
    def ordinary(self) -> tuple[Exchange, ...]:
        """The documented requests that the endpoint itself answered, in the order they were answered."""
        found = [e for e in self.evidence.of(Kind.DOCUMENTED) if e.answer and e.number not in self.between]
        return tuple(sorted(found, key=lambda e: e.number))

    def control_of_binding(self, exchange: Exchange) -> None:
        """The control of a document in another binding than the target's: that one is served, or NotApplicable."""
        kinds = (Kind.BINDINGS, Kind.CONTROL)
        controls = [e for kind in kinds for e in self.evidence.of(kind) if e.probe == exchange.control]
        if exchange.control.startswith(("binding-", "control-")) and not any(map(self.is_success, controls)):
            raise NotApplicable(
                f"the binding {self.evidence.binding} cannot carry this document, and {exchange.binding} is not served"
            )

    def reported(self, envelope: Envelope) -> tuple[Reported, ...]:
        """The errors of an envelope under the names that the target configures."""
        return envelope.errors(*self.evidence.error_elements)

    @cached_property
    def served_bindings(self) -> frozenset[str]:
        """The bindings in which the documented request succeeded over HTTPS."""
        asked = (*self.evidence.of(Kind.BINDINGS), *self.evidence.of(Kind.DOCUMENTED))
        served = {e.binding for e in asked if self.is_success(e)}
        return frozenset(served | {self.evidence.binding})


def _is_named(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _side_by_side(texts: tuple[str, ...], text: str) -> bool:
    """Whether the texts of one item stand beside each other, with nothing but markup and names between them."""
    key, *others = texts
    number = rf"(?<![\w.]){re.escape(key)}(?![\w.])"
    values = [re.escape(other) for other in others]
    return all(re.search(rf"{number}\D{{0,60}}{value}|{value}\D{{0,60}}{number}", text) is not None for value in values)
