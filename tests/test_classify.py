"""What an answer amounts to: the table, row by row, by itself and as the answer to a call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.contract.document import read
from conformance.evidence.classify import ANY, RULES, Asked, Meaning, classify
from conformance.evidence.envelope import Envelope
from tests.test_envelope import ERROR, LIST, SUCCESS

PUBLISHED = frozenset({"get_list_callback", "knock"})
CALLBACKS = Asked("get_list_callback", ("callback_type_id", "callback_type"), published=PUBLISHED)
RECORD = replace(CALLBACKS, name="show", every=True)
KNOCK = Asked("knock", published=PUBLISHED)  # its answer is empty
FAULTS = replace(KNOCK, errors=("Fault", "Text"))


def envelope(text: str) -> Envelope:
    return Envelope(read(text.encode()))


def echoing(name: str, text: str = SUCCESS) -> str:
    return text.replace("SDK>", f"SDK><Action>{name}</Action>", 1)


NO_RESULT = "<ClICKATELLSDK></ClICKATELLSDK>"
DEEP = "<a>" * 300 + "</a>" * 300

# For each row, in its order, answers that it decides, with what was asked.
ROWS = (
    ((LIST[:-4], CALLBACKS), ('{"callback_type_id": 0}', CALLBACKS), (LIST.replace("<Values>", DEEP), CALLBACKS)),
    ((DEEP, CALLBACKS), (DEEP, ANY), ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", KNOCK)),
    ((SUCCESS[:-4], CALLBACKS), (LIST[:-4], ANY), (LIST[:-4], RECORD), (ERROR[:-4], KNOCK)),
    (("Success", CALLBACKS), ("", ANY), ('{"error": 4}', KNOCK)),
    (
        (ERROR, CALLBACKS),
        (ERROR, ANY),
        (echoing("knock", ERROR), CALLBACKS),
        ("<x><Error>004</Error></x>", ANY),
        (ERROR.replace("<Error>", "<Detail><Value>1</Value></Detail><Error>"), CALLBACKS),
        (echoing("knock", NO_RESULT).replace("</C", "<Fault>7</Fault></C"), FAULTS),
    ),
    (
        (echoing("knock"), CALLBACKS),
        (echoing("get_list_country"), CALLBACKS),
        (echoing("get_list_callback"), KNOCK),
        (echoing("get_list_country", NO_RESULT), CALLBACKS),
    ),
    (
        (SUCCESS, CALLBACKS),
        (SUCCESS, ANY),
        (LIST, CALLBACKS),
        (echoing("knock", LIST), CALLBACKS),
        (echoing("Other"), CALLBACKS),
        (SUCCESS.replace("</Result>", "</Result><Error>004</Error>"), CALLBACKS),
        (ERROR.replace("<Error>", "<Values><Value/></Values><Error>"), CALLBACKS),
        ("<rss><Result>Success</Result></rss>", ANY),
    ),
    ((echoing("knock", NO_RESULT), KNOCK), (echoing("knock", SUCCESS.replace("Success", "Sucess")), KNOCK)),
    ((ERROR.replace("</ClICK", "<Result> success</Result></ClICK"), CALLBACKS),),
    ((NO_RESULT, CALLBACKS), (SUCCESS.replace("Success", "Done"), ANY), (NO_RESULT, KNOCK)),
    (("<html><body><p>Success</p></body></html>", CALLBACKS),
     ("<clickatellsdk><action>x</action></clickatellsdk>", ANY),
     ("<clickatellsdk><action>knock</action></clickatellsdk>", KNOCK)),  # the request, sent back
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(RULES)), ids=[rule.seen.replace(" ", "-") for rule in RULES])
def test_the_row_decides(number: int) -> None:
    assert len(ROWS) == len(RULES)
    for text, asked in ROWS[number]:
        found = envelope(text)
        assert next(rule for rule in RULES if rule.holds(found, asked)) is RULES[number], text[:200]
        assert classify(found, asked) is RULES[number].meaning


def test_which_are_meant_as_a_success_and_which_as_an_error() -> None:
    assert {m for m in Meaning if m.is_success} == {Meaning.SUCCESS, Meaning.DAMAGED_SUCCESS}
    assert {m for m in Meaning if m.reports_error} == {Meaning.ERROR, Meaning.ERROR_AND_SUCCESS}
