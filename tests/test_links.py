"""What one file of the contract says of another is so: a wrong link is refused in one line that names its row."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.contract.load import ContractError, load
from tests.test_three_calls import laid

ERROR = '\n[[error]]\ncode = "123"\nmessage = "m"\ndescription = "d"\nprovoked = "provisioned"\n'


def rule(requirement: str, kind: str, *more: str) -> str:
    """One more rule at the end of a call's file."""
    return "\n".join(["", "[[rule]]", f'requirement = "{requirement}"', f'kind = "{kind}"', *more, ""])


WRONG: dict[str, tuple[str, Callable[[str], str], str]] = {
    "unknown requirement": (
        "calls/get_list_colour/call.toml",
        lambda text: text.replace("CLR-04", "CLR-44"),
        "calls/get_list_colour/call.toml, rule CLR-44 unique: requirements.toml has no CLR-44",
    ),
    "unknown field": (
        "calls/get_list_colour/call.toml",
        lambda text: text.replace('field = "colour"', 'field = "color"'),
        "calls/get_list_colour/call.toml, rule CLR-04 unique: no field is called 'color'",
    ),
    "unknown kind of rule": (
        "calls/get_list_colour/call.toml",
        lambda text: text.replace('kind = "unique"', 'kind = "once"'),
        "calls/get_list_colour/call.toml: Invalid enum value 'once' - at `$.rule[1].kind`",
    ),
    "unknown key": (
        "calls/knock/call.toml",
        lambda text: text + "\nsurprise = 1\n",
        "calls/knock/call.toml: Object contains unknown field `surprise`",
    ),
    "another name": (
        "calls/knock/call.toml",
        lambda text: text.replace('"knock"', '"nock"', 1),
        "calls/knock/call.toml: the name is nock, and the folder's is knock",
    ),
    "an example that is not allowed": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('example = "small"', 'example = "huge"'),
        "calls/show_parcel/call.toml, parameter size: the example is none of its values",
    ),
    "a requirement of a schema": (
        "calls/show_parcel/response.xsd",
        lambda text: text.replace("PAR-02", "PAR-22"),
        "calls/show_parcel/response.xsd: requirements.toml has no PAR-22",
    ),
    "a requirement without a level": (
        "requirements.toml",
        lambda text: text.replace('id = "CLR-01"\nlevel = "must"\n', 'id = "CLR-01"\n'),
        "(CLR-01): Object missing required field `level`",
    ),
    "a requirement twice": (
        "requirements.toml",
        lambda text: text.replace('"CLR-02"', '"CLR-01"'),
        "(CLR-01): CLR-01 is there twice",
    ),
    "a call of a requirement": (
        "requirements.toml",
        lambda text: text.replace('calls = ["show_parcel"]', 'calls = ["show_parcels"]', 1),
        "requirements.toml, PAR-01: calls/ has no show_parcels",
    ),
    "one more error": (
        "errors.toml",
        lambda text: text + '\n[[error]]\ncode = "010"\nmessage = "m"\ndescription = "d"\nprovoked = "provisioned"\n',
        "errors.toml, 010: requirements.toml has no ERR-010-code",
    ),
    "an interpretation of a requirement": (
        "requirements.toml",
        lambda text: text.replace('interpretation = ["I-01"]', 'interpretation = ["I-99"]', 1),
        "requirements.toml, ENV-03: interpretations.toml has no I-99",
    ),
    "a quote": (
        "requirements.toml",
        lambda text: re.sub(r'(?<=quote = ")(?=\w)', "nowhere ", text, count=1),
        "requirements.toml, REQ-03: connect-api.md has no words 'nowhere ",
    ),
    "a code of an interpretation": (
        "interpretations.toml",
        lambda text: text.replace('"008" = ["Connect API disabled"]', '"018" = ["Connect API disabled"]'),
        "interpretations.toml, I-04: errors.toml has no 018",
    ),
    "a list without items": (
        "calls/knock/call.toml",
        lambda text: text.replace('answer = "empty"', 'answer = "list"'),
        "calls/knock/call.toml: [items] says where a list keeps its items; the answer is list",
    ),
    "items without a list": (
        "calls/get_list_colour/call.toml",
        lambda text: text.replace('answer = "list"', 'answer = "record"'),
        "calls/get_list_colour/call.toml: [items] says where a list keeps its items; the answer is record",
    ),
    "an item without fields": (
        "calls/get_list_colour/call.toml",
        lambda text: text.replace('fields = ["colour_id", "colour", "hex"]', "fields = []"),
        "calls/get_list_colour/call.toml, items: an item has at least one field",
    ),
    "an error of a call": (
        "calls/knock/call.toml",
        lambda text: text + ERROR,
        "calls/knock/call.toml, error 123: errors.toml has no such code",
    ),
    "the error of a parameter": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('name = "depot"\n', 'name = "depot"\nerror = "123"\n'),
        "calls/show_parcel/call.toml, parameter depot: errors.toml has no 123",
    ),
    "the error of a missing parameter": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('name = "depot"\n', 'name = "depot"\nmissing = "123"\n'),
        "calls/show_parcel/call.toml, parameter depot: errors.toml has no 123",
    ),
    "a code of a state": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('name = "depot"\n', 'name = "depot"\nlocked = ["123"]\n'),
        "calls/show_parcel/call.toml, parameter depot: errors.toml has no 123",
    ),
    "a group of one": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('name = "depot"\n', 'name = "depot"\ngroup = "place"\n'),
        "calls/show_parcel/call.toml, parameter depot: it is alone in its group place",
    ),
    "a condition on nothing": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('name = "depot"\n', 'name = "depot"\nneeded_where = { no_such = "1" }\n'),
        "calls/show_parcel/call.toml, parameter depot: needed_where: no parameter is called no_such",
    ),
    "values from nowhere": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('name = "depot"\n', 'name = "depot"\nfrom = "knock.no_such"\n'),
        'calls/show_parcel/call.toml, parameter depot: source = "call" and from = "CALL.FIELD" go together',
    ),
    "an example that is too long": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('name = "depot"\n', 'name = "depot"\nmax_length = 2\n'),
        "calls/show_parcel/call.toml, parameter depot: the example is shorter or longer than it may be",
    ),
    "a default that is not allowed": (
        "calls/show_parcel/call.toml",
        lambda text: text.replace('name = "size"\n', 'name = "size"\ndefault = "huge"\n'),
        "calls/show_parcel/call.toml, parameter size: the default is none of its values",
    ),
    "an unknown edition": (
        "calls/knock/call.toml",
        lambda text: text.replace('name = "knock"', 'name = "knock"\nedition = "guide"', 1),
        "calls/knock/call.toml: errors.toml has no edition guide; allowed: page, guide-2011",
    ),
    "a code of an edition": (
        "calls/knock/call.toml",
        lambda text: text.replace('name = "knock"', 'name = "knock"\nerrors = ["406"]', 1),
        "calls/knock/call.toml, errors: errors.toml has no 406 of page",
    ),
    "a secret that is not there": (
        "calls/knock/call.toml",
        lambda text: text.replace('name = "knock"', 'name = "knock"\nsecret_answers = ["pin"]', 1),
        "calls/knock/call.toml, secret_answers: response.xsd has no pin",
    ),
    "a change of nothing": (
        "calls/knock/call.toml",
        lambda text: text.replace('effect = "read"', 'effect = "changes"'),
        "calls/knock/call.toml: what it changes is not said (changes = TEXT)",
    ),
    "a key of nothing": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "distinct"),
        "rule CLR-04 distinct: it names no field (key = [NAME, ...])",
    ),
    "a key of an unknown field": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "distinct", 'key = ["colour", "shade"]'),
        "rule CLR-04 distinct: no field is called shade",
    ),
    "a subset of an unknown call": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "subset", 'field = "colour"', 'from = "no_such.colour"'),
        "rule CLR-04 subset: from: calls/ has no no_such",
    ),
    "a subset of an unknown field": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "subset", 'field = "colour"', 'from = "knock.colour"'),
        "rule CLR-04 subset: from: calls/knock/response.xsd has no 'colour'",
    ),
    "a code that is accepted": (
        "interpretations.toml",
        lambda text: text.replace(
            'accepts = { root = ["CLICKATELLSDK"] }', 'accepts = { codes = { "004" = ["123"] } }'
        ),
        "interpretations.toml, I-01: errors.toml has no 123",
    ),
    "a requirement that is relaxed": (
        "interpretations.toml",
        lambda text: text.replace('accepts = { root = ["CLICKATELLSDK"] }', 'accepts = { relaxes = ["ENV-33"] }'),
        "interpretations.toml, I-01: requirements.toml has no ENV-33",
    ),
    "a call of an interpretation": (
        "interpretations.toml",
        lambda text: text.replace('accepts = { root = ["CLICKATELLSDK"] }', 'accepts = { calls = ["nock"] }'),
        "interpretations.toml, I-01: calls/ has no nock",
    ),
    "the page's code of another edition": (
        "errors.toml",
        lambda text: text.replace('same_as = "004"', 'same_as = "123"'),
        "errors.toml, 002 of guide-2011: the page has no 123",
    ),
    "a rule twice": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "unique", 'field = "hex"'),
        "calls/get_list_colour/call.toml, rule CLR-04 unique: it is there twice",
    ),
    "a requirement of another call": (
        "calls/get_list_colour/call.toml",
        lambda text: text.replace("CLR-03", "PAR-03"),
        "rule PAR-03 same: requirements.toml does not name get_list_colour among its calls",
    ),
    "an offer of nothing": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "offers"),
        "rule CLR-04 offers: it names no field (fields = { NAME = TEXT })",
    ),
    "nothing held": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "holds"),
        "rule CLR-04 holds: it names no field (fields = { NAME = TEXT })",
    ),
    "an offer of an unknown field": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "offers", 'fields = { colour = "red", shade = "dark" }'),
        "rule CLR-04 offers: no field is called shade",
    ),
    "words without words": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "words", 'field = "colour"'),
        "rule CLR-04 words: it names no word",
    ),
    "an order of no field": (
        "calls/get_list_colour/call.toml",
        lambda text: text + rule("CLR-04", "ascending"),
        "rule CLR-04 ascending: no field is called ''",
    ),
    "no TOML": ("errors.toml", lambda text: text + "[[", "errors.toml: "),
}


@pytest.mark.parametrize(("file", "change", "says"), WRONG.values(), ids=WRONG)
def test_a_broken_row_is_refused_in_one_line(
    file: str, change: Callable[[str], str], says: str, tmp_path: Path
) -> None:
    place = laid(tmp_path / "schemas") / file
    text = place.read_text(encoding="utf-8")
    assert change(text) != text
    place.write_text(change(text), encoding="utf-8")
    with pytest.raises(ContractError) as refused:
        load(tmp_path / "schemas")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    (laid(tmp_path / "schemas") / "calls/knock/response.xsd").unlink()
    with pytest.raises(ContractError, match=r"calls/knock/response\.xsd: No such file or directory"):
        load(tmp_path / "schemas")


def test_right_links_are_let_through(tmp_path: Path) -> None:
    """What lies beside the wrong ones: all of it said rightly."""
    place = laid(tmp_path / "schemas")
    with (place / "calls/get_list_colour/call.toml").open("a", encoding="utf-8") as file:
        file.write(rule("CLR-04", "offers", 'fields = { colour = "red", hex = "ff0000" }'))
        file.write(rule("CLR-04", "holds", 'fields = { colour = "red" }'))
        file.write(rule("CLR-04", "words", 'field = "colour"', 'words = ["red"]'))
        file.write(rule("CLR-04", "ascending", 'field = "colour_id"'))
    assert len(load(place).calls["get_list_colour"].row.rule) == 6
