"""What a call states of its answer beyond the schema: the rules of its call.toml, one check a kind of rule.

Of get_list_callback: Retrieve a list of Mobile Terminated(MT) callback types.
"""

from __future__ import annotations

import re
from collections import defaultdict

from conformance.checks.catalogue import each, uses
from conformance.checks.envelopes import is_any_success
from conformance.checks.items import readable, rules
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, clip
from conformance.contract.purpose import Kind
from conformance.contract.rows import Rule
from conformance.evidence.exchange import Exchange


def _visible(text: str) -> str:
    """The text; in quotation marks where its ends could be overlooked."""
    return text if text and text == text.strip() else repr(text)


@each("rule", rules("offers"))
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_the_documented_item_is_offered(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """The documented item is offered, character for character."""
    items, one = judging.items(exchange), judging.call.what.removesuffix("s")
    if not any(any(item) for item in items):
        raise Inconclusive(f"there is no {one} in the envelope")
    texts = [rule.fields.get(field) for field in judging.call.fields]
    for item in items:
        pairs = zip(item, texts, strict=True)
        if all(text is None or (leaf and judging.same_text(leaf.text, text)) for leaf, text in pairs):
            return
    shown = " = ".join(rule.fields.values())
    if any(judging.may_be(item, rule.fields) for item in items):
        raise Inconclusive(f"a damaged {one} may be {shown}; the damage is reported under its own requirement")
    key = texts[0] or ""
    same = next((leaf for first, *others in items if first and first.text == key for leaf in others if leaf), None)
    raise Breach(
        f"the {one} {shown} is not offered",
        expected=shown,
        observed=f"{key} = {_visible(clip(same.text))}" if same else f"no id {key}",
        where=same.where if same else "",
    )


@each("rule", rules("holds"))
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_the_documented_text_is_offered(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """Some item has the documented text, whatever else it says."""
    for field, text in rule.fields.items():
        found = readable(exchange, judging, field)
        if not any(judging.same_text(other, text) for other in found):
            place = judging.call.fields.index(field)
            if any(judging.may_read(item[place], text) for item in judging.items(exchange)):
                one = judging.call.what.removesuffix("s")
                raise Inconclusive(f"a damaged {one} may be {text}; the damage is reported under its own requirement")
            raise Breach(f"no {field} {text} is offered", expected=text, observed=clip(", ".join(found)))


@each("rule", rules("unique"))
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_values_are_unique(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """No two items share a value of this field."""
    readable(exchange, judging, rule.field)
    place, keys = judging.call.fields.index(rule.field), defaultdict(set)
    for item in judging.items(exchange):
        key, value = item[0], item[place]
        if key and value and value.text:
            keys[value.text].add(key.text)
    for text, those in keys.items():
        if len(those) > 1:
            raise Breach(
                f"the {rule.field} {clip(text)} has more than one {judging.call.fields[0]}",
                expected=f"one {judging.call.fields[0]}",
                observed=clip(", ".join(sorted(those))),
            )


@each("rule", rules("words"))
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_every_value_has_a_documented_word(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """Every value of this field has one of the documented words."""
    for text in readable(exchange, judging, rule.field):
        words = re.findall(r"[^\W\d_]+", text)  # however they are joined: HTTP-GET, GET/POST
        if not any(judging.same_text(word, allowed) for word in words for allowed in rule.words):
            raise Breach(
                f"the {rule.field} {clip(text)} names neither {' nor '.join(rule.words)}",
                expected=" or ".join(rule.words),
                observed=clip(text),
            )


@each("rule", rules("ascending"))
@uses(Kind.DOCUMENTED, also=is_any_success)
def test_values_come_in_ascending_order(exchange: Exchange, judging: Judging, rule: Rule) -> None:
    """The numbers of this field come in ascending order."""
    place = judging.call.fields.index(rule.field)
    texts = [leaf.text for item in judging.items(exchange) if (leaf := item[place])]
    # Numbers of another form are the schema's matter.
    numbers = [text for text in texts if re.fullmatch(r"0|[1-9][0-9]*", text)]
    if not numbers:
        raise Inconclusive(f"there is no readable {rule.field} in the envelope")
    # Compared as text of a length: an id may have more digits than Python converts.
    if numbers != sorted(numbers, key=lambda text: (len(text), text)):
        raise Breach(
            f"{judging.call.what} are not in ascending order of {rule.field}",
            expected="ascending numbers",
            observed=clip(", ".join(numbers)),
        )
