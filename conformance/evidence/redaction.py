"""What is shown of evidence: without its secrets. Verdicts rest on what was said.

Only what came from outside is searched; what the suite, the contract and HTTP write is not. A sentence of ours that
quotes an endpoint is searched for those secrets alone that an endpoint has said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from conformance.contract.components import attributes
from conformance.contract.document import Document, read
from conformance.contract.encoding import encoding_of
from conformance.evidence.exchange import Answer, Evidence, Exchange
from conformance.evidence.private import Private
from conformance.target.places import cookie_value
from conformance.target.secrets import REDACTED, Secrets, octets

_APART = b"\n|\n"  # no writing of a secret reaches over it


class Redaction:
    """Evidence, and what may be shown of it."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, self.secrets = evidence, evidence.secrets
        self._bodies: dict[tuple[bytes, str], tuple[bytes, str]] = {}

    @cached_property
    def said(self) -> Secrets:
        """The secrets that came back from outside."""
        return self.secrets.said_in(outside(self.evidence)) if self.secrets else self.secrets

    @cached_property
    def private(self) -> Private:
        """What the answers say that no report may show."""
        return Private(e.answer for e in self.evidence.exchanges if e.answer)

    def text(self, text: str) -> str:
        """A sentence that may quote an endpoint."""
        return self.said.redact(self.private.text(text))

    @cached_property
    def shown(self) -> Evidence:
        """The evidence as it is written and printed."""
        evidence = self.evidence
        return replace(evidence, exchanges=tuple(map(self._exchange, evidence.exchanges)), secrets=Secrets())

    def leaks(self) -> bool:
        """The last guard: whether a secret that came from outside is left in what is shown of the answers.

        A short one may stand by chance in a text of ours that stands in for another.
        """
        return bool(self.said) and self.said.leaks(outside(self.shown))

    def leaks_in(self, text: str) -> bool:
        """The same for a text that quotes answers."""
        return self.said.leaks(octets(text)) or self.private.leaks(text)

    def _exchange(self, exchange: Exchange) -> Exchange:
        loss, tls = exchange.loss, exchange.tls
        if self.said:
            loss = replace(loss, reason=self.text(loss.reason)) if loss else None
            tls = replace(tls, subject=self.text(tls.subject)) if tls else None
        answer = self._answer(exchange.answer) if exchange.answer else None
        if (answer, loss, tls) == (exchange.answer, exchange.loss, exchange.tls):
            return exchange
        return replace(exchange, answer=answer, loss=loss, tls=tls)

    def _answer(self, whole: Answer) -> Answer:
        answer = self.private.shown(whole)
        if not self.said and not answer.unread and not answer.header("set-cookie"):
            return answer
        body, withheld = self._body(answer)
        shown = replace(
            answer,
            reason=self.text(answer.reason),
            headers=tuple(self._field(*field) for field in answer.headers),
            body=body,
            unread=self.text(answer.unread) or withheld,
            broken=self.text(answer.broken),
        )
        if not withheld:
            return shown
        return replace(shown, length=len(answer.body), sha256=hashlib.sha256(answer.body).hexdigest())

    def _field(self, name: str, value: str) -> tuple[str, str]:
        span = cookie_value(value) if name.lower() == "set-cookie" else None
        if span:
            return name, value[: span[0]] + REDACTED + self.text(value[span[1] :])
        return self.text(name), self.text(value)

    def _body(self, answer: Answer) -> tuple[bytes, str]:
        """The body to be shown, and why there is none where it has to be withheld."""
        key = answer.body, answer.charset + answer.unread
        if key not in self._bodies:
            self._bodies[key] = self._redacted(answer)
        return self._bodies[key]

    def _redacted(self, answer: Answer) -> tuple[bytes, str]:
        body = self.said.redact_bytes(answer.body, encoding_of(answer.body, answer.charset))
        if body is not None and answer.unread and self.secrets:
            body = self.secrets.trimmed(body)
        if body is None:
            return b"", "the body is withheld: it says a secret in a coded writing"
        if body == answer.body or answer.unread or _reads_alike(answer, replace(answer, body=body)):
            return body, ""
        return b"", "the body is withheld: without the secret that it says, it would be read otherwise"


def _reads_alike(said: Answer, shown: Answer) -> bool:
    """Whether what is shown leads to the same verdicts: elements and attributes the same, and no number changed."""
    one, other = read(said.body, said.charset), read(shown.body, shown.charset)
    if one.root is None or other.root is None:
        return one.root is other.root
    leaves, others = list(_leaves(one)), list(_leaves(other))
    if [name for name, _ in leaves] != [name for name, _ in others]:
        return False
    changed = {(a, b) for (_, a), (_, b) in zip(leaves, others, strict=True) if a != b}
    told_apart = len({a for a, _ in changed}) == len({b for _, b in changed})
    return told_apart and not any(a.strip().isdigit() for a, _ in changed)


def _leaves(document: Document) -> Iterator[tuple[str, str]]:
    """The names of elements and attributes, and the texts at each."""
    for element in document.root.iter() if document.root is not None else ():
        yield str(element.tag), element.text or ""
        yield "", element.tail or ""
        yield from attributes(element)


def outside(evidence: Evidence) -> bytes:
    """Everything in the evidence that came from outside, each thing once.

    Gaps and notes are sentences of ours, redacted where they quote something (`contract.quoting`).
    """
    texts: dict[str, None] = {}
    bodies: dict[tuple[bytes, str], None] = {}
    for exchange in evidence.exchanges:
        answer = exchange.answer
        if exchange.loss:
            texts[exchange.loss.reason] = None
        if exchange.tls:
            texts[exchange.tls.subject] = None
        if answer:
            texts |= dict.fromkeys((answer.reason, answer.unread, answer.broken))
            texts |= dict.fromkeys(part for field in answer.headers for part in field)
            bodies[answer.body, answer.charset] = None
    parts = [octets(text) for text in texts]
    for body, charset in bodies:
        parts.append(body)
        if not body.isascii():
            parts.append(_in_ascii(body, encoding_of(body, charset)))
    return _APART.join(parts)


def _in_ascii(body: bytes, encoding: str) -> bytes:
    return body.decode(encoding, "replace").encode("utf-8", "replace") if encoding else b""
