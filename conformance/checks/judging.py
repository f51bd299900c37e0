"""What checks have at hand while they judge: the evidence, the contract, and the interpretations accepted."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from lxml import etree

from conformance.checks.answers import Answers
from conformance.checks.disclosure import disclosed, disclosed_in_headers
from conformance.checks.outcome import Inconclusive
from conformance.contract.components import Component, Deviation
from conformance.contract.model import Contract
from conformance.contract.purpose import Kind
from conformance.contract.violations import deviations
from conformance.contract.xsd import Schema, schema
from conformance.evidence.envelope import Envelope, Fields, Leaf
from conformance.evidence.exchange import Answer, Evidence, Exchange
from conformance.evidence.redaction import Redaction
from conformance.evidence.trees import Reading

Content = tuple[tuple[str | None, ...], ...]
_CODE = re.compile(r"\s*\S*\d\S*\s*")  # one word with a digit in it: what was meant as a code


class Judging(Answers):
    """One target's evidence under one contract, and what is found in it."""

    def __init__(self, evidence: Evidence, contract: Contract, call: str = "", whole: Answers | None = None) -> None:
        super().__init__(evidence, contract, call, whole)
        self.redaction = Redaction(self.evidence)
        named = (contract.interpretations[name] for name in evidence.accept)
        self.accepted = [i for i in named if not i.accepts.calls or self.call.name in i.accepts.calls]
        self.used: set[str] = set()
        self._texts: dict[tuple[Reading, str], tuple[str, ...]] = {}
        self._contents: dict[Reading, Content] = {}
        self._internals: dict[Reading, str] = {}
        self._deviations: dict[tuple[Reading, bool, bool], tuple[Deviation, ...]] = {}

    def begin(self) -> None:
        """A new check begins: note afresh which interpretations it leans on."""
        self.used = set()

    @cached_property
    def schema(self) -> Schema:
        """The schema of the success envelope."""
        return schema(self.call.response_schema)

    @cached_property
    def error_schema(self) -> Schema:
        """The schema of the error envelope, with the name of the call."""
        return schema(self.call.error_schema, self.call.name)

    # Schemas

    def deviations(self, exchange: Exchange) -> tuple[Deviation, ...]:
        """How a success envelope deviates from its schema."""
        key = (self._reading(exchange), True, True)
        if key not in self._deviations:
            root = self.success(exchange).root
            found = () if root is None else deviations(self.schema, root, self.roots)
            self._deviations[key] = found
        self._note_root(exchange)
        kept = tuple(d for d in self._deviations[key] if d.component.requirement not in self.relaxed)
        if len(kept) < len(self._deviations[key]):
            gone = {d.component.requirement for d in self._deviations[key]}
            self.used |= {i.id for i in self.accepted if gone & set(i.accepts.relaxes)}
        return kept

    def error_deviations(self, exchange: Exchange, *, echo: bool = True) -> tuple[Deviation, ...]:
        """How an error envelope deviates from its schema, under the configured element names.

        echo: whether it can be expected to echo this service call's action.
        """
        key = (self._reading(exchange), False, echo)
        if key not in self._deviations:
            root = self.envelope(exchange).root
            self._deviations[key] = (
                () if root is None else deviations(self.error_schema, self._as_documented(root, echo), self.roots)
            )
        self._note_root(exchange)
        return self._deviations[key]

    def _as_documented(self, root: etree._Element, echo: bool) -> etree._Element:
        """The error envelope with the page's names, and with the page's action where another may be echoed."""
        names = dict(zip(self.evidence.error_elements, ("Error", "Description"), strict=True))
        recorded = [i for i in self.accepted if i.accepts.error_without or i.accepts.error_with]
        if echo and not recorded and all(key == value for key, value in names.items()):
            return root
        twin = copy.deepcopy(root)
        for element, original in zip(twin.iter(), root.iter(), strict=True):
            element.sourceline = original.sourceline  # type: ignore[misc]
            element.tag = names.get(str(element.tag), element.tag)
        may_lack = [i for i in recorded if "Action" in i.accepts.error_without]
        action = twin.find("Action")
        if action is None and (may_lack or not echo):
            action = etree.Element("Action")
            action.text = self.call.name
            twin.insert(0, action)
            self.used |= {i.id for i in may_lack}
        if not echo and action is not None and len(action) == 0:
            action.text = self.call.name
        for interpretation in recorded:
            for element in [e for e in twin if e.tag in interpretation.accepts.error_with]:
                twin.remove(element)
                self.used.add(interpretation.id)
        return twin

    @property
    def relaxed(self) -> frozenset[str]:
        """The requirements whose breach in an envelope is accepted."""
        return frozenset(name for i in self.accepted for name in i.accepts.relaxes)

    @property
    def roots(self) -> tuple[str, ...]:
        """Names of the root that are right: of the call's own answer, for its errors too, and accepted ones."""
        printed = (self.schema.root, *self.call.row.also_roots)
        return (*printed, *(root for i in self.accepted for root in i.accepts.root))

    def _note_root(self, exchange: Exchange) -> None:
        root = exchange.answer.envelope.root if exchange.answer else None
        if root is not None and root.tag in self.roots:
            self.used |= {i.id for i in self.accepted if root.tag in i.accepts.root}

    def has_subject(self, exchange: Exchange, component: Component) -> bool:
        """Whether the element that a component speaks of is in the answer, its text whole where that is judged."""
        envelope = self.success(exchange)
        if component.aspect in {"name", "anything"} or component.element == self.schema.root:
            return True
        if component.aspect == "unique":
            return any(item[0] for item in self.items(exchange))
        leaf = envelope.leaf_at(component.path)
        return leaf is not None and (component.aspect != "text" or leaf.whole)

    def _reading(self, exchange: Exchange) -> Reading:
        """What findings are kept by: answers that are read alike need one."""
        return self.answer(exchange).reading

    # What a call is asked for

    def items(self, exchange: Exchange) -> tuple[Fields, ...]:
        """The items of a success envelope, field by field, as they were read."""
        return self.success(exchange).items(self.call.fields)

    def contents(self, exchange: Exchange) -> Content:
        """What a success envelope holds, as text: the items of a list, sorted, or all of a record in its order."""
        reading = self._reading(exchange)
        if reading not in self._contents:
            if self.call.items is None:
                found: Content = self.success(exchange).values
                if self.call.row.effect == "ephemeral":  # another one every time
                    found = tuple((name, None) for name, _ in self.success(exchange).values)
            else:
                texts = (tuple(leaf.text if leaf else None for leaf in item) for item in self.items(exchange))
                found = tuple(sorted(texts, key=lambda item: [text or "" for text in item]))
            self._contents[reading] = found
        return self._contents[reading]

    def texts(self, exchange: Exchange, field: str) -> tuple[str, ...]:
        """The readable texts of a field: neither empty nor padded (that is the schema's matter)."""
        key = self._reading(exchange), field
        if key not in self._texts:
            texts: Iterable[Leaf | None] = (self.success(exchange).leaf(field),)
            if self.call.items is not None:
                place = self.call.fields.index(field)
                texts = (item[place] for item in self.items(exchange))
            whole = (leaf.text for leaf in texts if leaf and leaf.whole)
            self._texts[key] = tuple(text for text in whole if not _is_padded(text))
        return self._texts[key]

    def same_text(self, text: str, documented: str) -> bool:
        """Whether a text is the documented one, character for character, or in a spelling that is accepted."""
        if text == documented:
            return True
        for interpretation in self.accepted:
            spelled, spellings = documented, interpretation.accepts.type_spellings
            for word, spelling in spellings.items():
                spelled = re.sub(rf"\b{word}\b", spelling, spelled)
            if spellings and text == spelled:
                self.used.add(interpretation.id)
                return True
        return False

    def may_be(self, item: Fields, documented: Mapping[str, str]) -> bool:
        """Whether a damaged item may have been meant as the documented one: the damage is judged elsewhere."""
        damaged = False
        for place, field in enumerate(self.call.fields):
            leaf = item[place]
            if field not in documented:
                continue
            lost = leaf is None or not leaf.whole or not self._fits(field, leaf.text)
            same = leaf is not None and leaf.text == documented[field]
            if not same and not (lost and (place == 0 or self.may_read(leaf, documented[field]))):
                return False
            damaged = damaged or lost
        return damaged

    def _fits(self, field: str, text: str) -> bool:
        """Whether the schema accepts a text for a field."""
        return all(declared.accepts(text) for declared in self.schema.named.get(field, ()))

    @staticmethod
    def may_read(leaf: Leaf | None, documented: str) -> bool:
        """Whether a text that is missing, or damaged by markup or white space, may have been the documented one."""
        return leaf is None or not leaf.whole or not leaf.text.split() or leaf.text.split() == documented.split()

    # The time

    def seconds(self, envelope: Envelope) -> int:
        """The Timestamp as Unix time, where its form is right or at least no longer than a time's."""
        leaf = envelope.timestamp
        if leaf is None or not leaf.whole:
            raise Inconclusive("there is no readable Timestamp in the envelope")
        if not re.fullmatch(r"0|[1-9][0-9]{0,9}", leaf.text):
            raise Inconclusive("the Timestamp is not in the documented form (TIM-01)")
        return int(leaf.text)

    def is_timely(self, exchange: Exchange, seconds: int) -> bool:
        """Whether a Timestamp is the time of the answer, by our clock or by the server's Date."""
        tolerance = self.evidence.clock_tolerance
        return any(
            # Whole seconds: the time of an answer given at 9.9 is 9.
            exchange.started - 1 - tolerance + offset <= seconds <= exchange.finished + tolerance + offset
            for offset in (0.0, self.evidence.offset_at(exchange))
        )

    # Errors

    def codes(self, envelope: Envelope) -> list[Leaf]:
        """The codes that an envelope says.

        They stand in the elements for codes; where nothing like a code is in any of those, in any text or attribute
        that is a documented code: the shape of an error is another requirement's matter.
        """
        named = [e.code for e in self.reported(envelope) if e.code]
        meant = [leaf for leaf in named if _CODE.fullmatch(leaf.text)]
        return meant or [leaf for leaf in envelope.loose_texts() if leaf.text in self.call.reports] or named

    def said(self, envelope: Envelope, code: str) -> Leaf | None:
        """Where an envelope says the code; else the first that it does say."""
        codes = self.codes(envelope)
        return next((leaf for leaf in codes if self.is_code(leaf.text, code)), codes[0] if codes else None)

    def documented(self, exchange: Exchange) -> tuple[str, ...]:
        """The codes that an answer may have: the call's; where no call was asked for, those that any of the run has."""
        if exchange.kind is not Kind.ACTION:
            return tuple(self.call.reports)
        editions = {self.contract.calls[name].row.edition for name in self.whole.evidence.calls}
        tables = (self.contract.tables[edition] for edition in sorted(editions))
        unknown = [e.code for table in tables for e in table.values() if e.provoked == "unknown-action"]
        return tuple(dict.fromkeys((*self.call.reports, *unknown)))

    def is_code(self, text: str, code: str) -> bool:
        """Whether a text is the documented code, or one that the target accepts in its place."""
        for interpretation in self.accepted:
            if text != code and text in interpretation.accepts.codes.get(code, ()):
                self.used.add(interpretation.id)
                return True
        return text == code

    def messages(self, code: str) -> tuple[str, ...]:
        """The documented message of a code, and the alternatives that the target accepts."""
        alternatives = [text for i in self.accepted for text in i.accepts.messages.get(code, ())]
        known = self.call.errors | {c: e for c, e in self.call.reports.items() if c not in self.call.errors}
        return (known[code].message, *alternatives)

    def note_message(self, code: str, text: str) -> None:
        self.used |= {i.id for i in self.accepted if text in i.accepts.messages.get(code, ())}

    def internals(self, answer: Answer) -> str:
        """A piece of a stack trace, a path or a database message in an answer; "" when there is none."""
        if answer.reading not in self._internals:
            self._internals[answer.reading] = disclosed(answer)
        return self._internals[answer.reading] or disclosed_in_headers(answer)


def _is_padded(text: str) -> bool:
    """Empty, or with leading, trailing or doubled white space: what CBK-05 forbids."""
    return not text or re.search(r"^\s|\s\s|\s\Z", text) is not None
