"""What answers say that is nobody else's business: it is judged, and stands in nothing that is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote_plus

import pytest

from conformance.evidence.exchange import Answer, Evidence, Exchange
from conformance.evidence.from_har import from_har
from conformance.evidence.private import Private
from conformance.evidence.redaction import Redaction
from conformance.evidence.to_har import to_har
from conformance.reference.picture import png
from conformance.reporting.publish import own
from conformance.reporting.terminal import summary
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.terms import Terms
from tests.evidence_factory import CONTRACT, answer, conforming

IMAGE = quote_plus(png("C0FFE", b"\x01\x02"))
URL = "https://shop.example.com/buy.php?auth_id=abcdefghijklmnopqrstuvwxyz012345"


def envelope(inside: str) -> bytes:
    return f"<ClICKATELLSDK>{inside}<Timestamp>1767225600</Timestamp></ClICKATELLSDK>".encode()


def shown(body: bytes) -> Answer:
    whole = answer(body)
    return Private([whole]).shown(whole)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://shop.example.com/abcdefghijklmnopqrstuvwxyz012345",
        "https://user:abcdefghijklmnopqrstuvwxyz012345@shop.example.com/",
        "https://shop.example.com/buy.php?a=b&amp;auth_id=abcdefghijklmnopqrstuvwxyz012345",
    ],
)
def test_of_an_address_that_opens_a_shop_no_more_than_the_host_is_shown(url: str) -> None:
    made = shown(envelope(f"<buy_url>{url}</buy_url>")).body.decode()
    assert "abcdefghijklmnopqrstuvwxyz012345" not in made
    assert "<buy_url>https://" in made
    assert "shop.example.com/" in made


# All that a run writes

CANARIES = {
    "Usernumber": "7654321",
    "UserNumber": "8654321",
    "Cellphone": "27821234567",
    "Email": "canary.person@example.com",
    "captcha_id": "c0ffee00c0ffee00c0ffee00c0ffee00",
    "captcha_image": IMAGE,
    "buy_url": URL,
}


def told() -> Evidence:
    """Refused requests are answered with all of it, in a success and in an error; the rest is as it should be."""
    inside = "".join(f"<{name}>{text}</{name}>" for name, text in CANARIES.items())
    success = f"<Action>{inside}</Action><Result>Success</Result><Values><Value>{inside}</Value></Values>"
    code = f"<Error>{CANARIES['Cellphone']}</Error><Description>no</Description>"
    error = f"<Result>Error</Result>{code}<Value>{inside}</Value>"

    def answers() -> Iterator[Exchange]:
        for exchange in conforming().exchanges:
            refused = exchange.purpose.label == "action" and exchange.answer
            body = envelope(success if exchange.number % 2 else error)
            yield replace(exchange, answer=replace(exchange.answer, body=body)) if refused else exchange

    return replace(conforming(), exchanges=tuple(answers()))


def test_no_output_says_any_of_it_and_the_evidence_is_judged_alike() -> None:
    evidence, terms = told(), Terms()
    report = judge_evidence(evidence, CONTRACT, terms)
    redaction = Redaction(evidence)
    files = {name: make() for name, make in own(report, redaction.shown).items()}
    files["terminal"] = summary(report, width=100, color=False, reports=None).encode()
    secrets = [*CANARIES.values(), IMAGE[:60], URL.partition("=")[2], "canary.person"]
    assert not {(name, text[:20]) for name, file in files.items() for text in secrets if text.encode() in file}
    assert not redaction.leaks()
    again = judge_evidence(from_har(to_har(evidence, creator_version="1")), CONTRACT, terms)
    assert [(r.address, r.verdict) for r in again.requirements] == [(r.address, r.verdict) for r in report.requirements]
    assert "[Cellphone]" in files["report.json"].decode(), "which quotes a code that is none"


def test_the_last_guard_finds_what_a_sentence_says_of_it() -> None:
    redaction = Redaction(told())
    assert redaction.leaks_in("the account is 7654321")
    assert not redaction.leaks_in(redaction.text("the account is 7654321"))


def test_another_number_of_the_same_shape_stands_for_a_number() -> None:
    """Whoever judges the recording is to find no leading zero that the endpoint did not send."""
    for number in map(str, range(1000, 3000)):
        other = shown(envelope(f"<UserNumber>{number}</UserNumber>")).body.decode()
        assert number not in other
        assert re.search("<UserNumber>[1-9][0-9]{3}</UserNumber>", other)
