"""What a call states of its answer beside other answers, its own or another call's, and of what its texts are."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from conformance.checks.catalogue import each, uses
from conformance.checks.envelopes import is_any_success
from conformance.checks.items import readable, rules
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, clip
from conformance.contract.purpose import Kind
from conformance.contract.rows import Rule
from conformance.evidence.exchange import Exchange
from conformance.evidence.pictures import decoded, flaw


@each("rule", rules("distinct"))
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_no_item_is_there_twice(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """No two items agree in all of these fields."""
    seen: set[tuple[str, ...]] = set()
    places = [judging.call.fields.index(name) for name in rule.key]
    for item in judging.items(exchange):
        texts = tuple(leaf.text for place in places if (leaf := item[place]))
        if len(texts) < len(places):
            continue
        if texts in seen:
            shown = " = ".join(map(clip, texts))
            raise Breach(f"{shown} is there twice", expected="every item once", observed=shown)
        seen.add(texts)
    if not seen:
        raise Inconclusive("there is no readable item in the envelope")


@each("rule", rules("subset"))
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_every_value_is_listed_by_the_other_call(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """Every value of this field is one that the other call lists."""
    found = readable(exchange, judging, rule.field)
    call, _, field = rule.origin.partition(".")
    listed = judging.listed(call, field)
    strangers = [text for text in dict.fromkeys(found) if text not in listed]
    if strangers:
        raise Breach(
            f"the {rule.field} {clip(strangers[0])} is none that {call} lists",
            expected=f"a {field} of {call}",
            observed=clip(", ".join(strangers)),
        )


@each("rule", rules("differs"))
@uses(Kind.DOCUMENTED, Kind.BINDINGS, Kind.AFTER)
def test_every_call_gives_another(exchanges: tuple[Exchange, ...], judging: Judging, rule: Rule) -> None:
    """Every call gives another value of this field."""
    first: dict[str, Exchange] = {}
    for exchange in exchanges:
        if not judging.can_be_compared(exchange):
            continue
        for text in judging.texts(exchange, rule.field):
            if text in first:
                raise Breach(
                    f"the {rule.field} of exchange {first[text].number} comes again in exchange {exchange.number}",
                    expected=f"another {rule.field} at every call",
                    observed="the same one",
                    exchanges=(exchange, first[text]),
                )
            first[text] = exchange
    if len(first) < 2:
        raise Inconclusive(f"fewer than two answers have a readable {rule.field}")


@each("rule", rules("png"))
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_it_is_a_whole_image(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """The text of this field is a whole PNG image, URL-encoded once."""
    for text in readable(exchange, judging, rule.field):
        image = decoded(text)
        if image is None:
            raise Inconclusive(f"the {rule.field} is not URL-encoded, which is told under its own requirement")
        if why := flaw(image):
            raise Breach(f"the {rule.field} is no whole PNG image: {why}", expected="a whole image", observed=why)


@each("rule", rules("same"))
@uses(Kind.DOCUMENTED, Kind.BINDINGS, Kind.AFTER)
def test_every_answer_holds_the_same(exchanges: tuple[Exchange, ...], judging: Judging, rule: Rule) -> None:  # noqa: ARG001
    """Repeated calls, over every connection and every binding that is served, are answered with the same."""
    what = judging.call.what
    listed = [e for e in exchanges if judging.can_be_compared(e) and judging.contents(e)]
    if len(listed) < 2:
        raise Inconclusive(f"fewer than two answers list any {what.removesuffix('s')}")
    first = judging.contents(listed[0])
    for exchange in listed:
        other = judging.contents(exchange)
        if other != first:
            lost, new = set(first) - set(other), set(other) - set(first)
            changed = "; ".join(
                f"{word} {' = '.join(clip(str(part)) for part in min(those, key=str))}"
                for word, those in (("without", lost), ("with", new))
                if those
            )
            raise Breach(
                f"{exchange.title} lists other {what} than the first call",
                expected=f"the {len(first)} {what} of exchange {listed[0].number}",
                observed=f"{len(other)} {what}, {changed or 'some of them repeated'}",
                exchanges=(exchange, listed[0]),
            )


@each("rule", rules("keyed"))
@uses(Kind.DOCUMENTED)
def test_an_address_carries_its_key(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """The address gives each of the documented parameters a value."""
    for text in readable(exchange, judging, rule.field):
        given = parse_qs(urlsplit(text).query)
        if missing := [word for word in rule.words if not given.get(word)]:
            raise Breach(f"the {rule.field} has no {missing[0]}", expected=missing[0], observed="an address without it")
