"""Retrieve a list of Mobile Terminated(MT) callback types: the pairs of id and type."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from conformance.checks.catalogue import Case, each, requirement, sends
from conformance.checks.envelopes import is_any_success
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Open, clip
from conformance.contract.model import Contract, DocumentedPair
from conformance.evidence.exchange import Exchange


def documented_pairs(contract: Contract) -> Iterator[Case]:
    """Every pair that the page prints."""
    for pair in contract.call.pairs:
        yield Case(f"{pair.requirement}-id-{pair.id}", pair.requirement, pair)


def _types(exchange: Exchange, judging: Judging) -> tuple[str, ...]:
    readable = judging.types(exchange)
    if not readable:
        raise Open(f"there is no readable {judging.call.item.value} in the envelope")
    return readable


@each("pair", documented_pairs)
@sends("documented", also=is_any_success)
def test_the_documented_pair_is_offered(exchange: Exchange, judging: Judging, pair: DocumentedPair) -> None:
    """The documented pair is offered, character for character."""
    pairs = judging.pairs(exchange)
    if not any(p.key or p.value for p in pairs):
        raise Open("there is no pair in the envelope")
    for found in pairs:
        if (
            found.key
            and found.value
            and found.key.text == pair.id
            and judging.same_type(found.value.text, pair.type)
        ):
            return
    if any(judging.may_be(found, pair) for found in pairs):
        raise Open(
            f"a damaged pair may be {pair.id} = {pair.type}; the damage is reported under its own requirement"
        )
    same = next((p for p in pairs if p.key and p.key.text == pair.id), None)
    observed = f"{pair.id} = {clip(same.value.text)!r}" if same and same.value else f"no id {pair.id}"
    where = same.value.where if same and same.value else ""
    raise Breach(
        f"the pair {pair.id} = {pair.type} is not offered",
        expected=f"{pair.id} = {pair.type}",
        observed=observed,
        where=where,
    )


@requirement("CBK-06")
@sends("documented", also=is_any_success)
def test_types_are_unique(exchange: Exchange, judging: Judging) -> None:
    """No two ids share a type."""
    _types(exchange, judging)
    ids = defaultdict(set)
    for pair in judging.pairs(exchange):
        if pair.key and pair.value and pair.value.text:
            ids[pair.value.text].add(pair.key.text)
    for text, keys in ids.items():
        if len(keys) > 1:
            raise Breach(
                f"the type {clip(text)} has more than one id",
                expected="one id",
                observed=clip(", ".join(sorted(keys))),
            )


@requirement("CBK-07")
@sends("documented", also=is_any_success)
def test_every_method_is_get_or_post(exchange: Exchange, judging: Judging) -> None:
    """Every type names the method GET or POST."""
    for text in _types(exchange, judging):
        if not any(judging.same_type(word, method) for word in text.split() for method in ("GET", "POST")):
            raise Breach(
                f"the type {clip(text)} names neither GET nor POST",
                expected="GET or POST",
                observed=clip(text),
            )


@requirement("CBK-08")
@sends("documented", also=is_any_success)
def test_http_post_is_offered(exchange: Exchange, judging: Judging) -> None:
    """The type HTTP POST is offered under some id."""
    if not any(judging.same_type(text, "HTTP POST") for text in _types(exchange, judging)):
        if any(judging.may_read(p.value, "HTTP POST") for p in judging.pairs(exchange)):
            raise Open("a damaged pair may be HTTP POST; the damage is reported under its own requirement")
        raise Breach(
            "no type HTTP POST is offered",
            expected="HTTP POST",
            observed=clip(", ".join(_types(exchange, judging))),
        )


@requirement("CBK-09")
@sends("documented", "bindings", "after-004", "after-007", "after-008", "after-999")
def test_every_call_lists_the_same_pairs(exchanges: tuple[Exchange, ...], judging: Judging) -> None:
    """Repeated calls, over every connection and every binding that is served, list the same pairs."""
    listed = [e for e in exchanges if judging.can_be_compared(e) and judging.pairs(e)]
    if len(listed) < 2:
        raise Open("fewer than two answers list any pair")
    first = judging.pair_texts(listed[0])
    for exchange in listed:
        other = judging.pair_texts(exchange)
        if other != first:
            lost, new = set(first) - set(other), set(other) - set(first)
            changed = "; ".join(
                f"{word} {' = '.join(clip(str(part)) for part in min(pairs, key=str))}"
                for word, pairs in (("without", lost), ("with", new))
                if pairs
            )
            raise Breach(
                f"{exchange.title} lists other pairs than the first call",
                expected=f"the {len(first)} pairs of exchange {listed[0].number}",
                observed=f"{len(other)} pairs, {changed or 'some of them repeated'}",
                exchanges=(exchange, listed[0]),
            )


@requirement("CBK-10")
@sends("documented", also=is_any_success)
def test_pairs_come_in_ascending_order(exchange: Exchange, judging: Judging) -> None:
    """Pairs come in ascending order of id."""
    # Ids of another form are CBK-01's matter.
    ids = [
        p.key.text for p in judging.pairs(exchange) if p.key and re.fullmatch(r"0|[1-9][0-9]*", p.key.text)
    ]
    if not ids:
        raise Open(f"there is no readable {judging.call.item.key} in the envelope")
    # Compared as text of a length: an id may have more digits than Python converts.
    if ids != sorted(ids, key=lambda text: (len(text), text)):
        raise Breach(
            "pairs are not in ascending order of id",
            expected="ascending ids",
            observed=clip(", ".join(ids)),
        )
