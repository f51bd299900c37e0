"""Answers are judged as they were said and shown without their secrets; what the suite writes is not searched."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from conformance.checks.outcome import clip
from conformance.contract.purpose import Kind
from conformance.contract.quoting import cut, piece, quoting
from conformance.evidence.exchange import Answer, Evidence, Exchange
from conformance.evidence.from_har import from_har
from conformance.evidence.redaction import Redaction, outside
from conformance.evidence.to_har import to_har
from conformance.reporting.publish import guarded, own
from conformance.target.secrets import TOKEN, Secrets
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Report
from tests.command import run
from tests.evidence_factory import CONTRACT, conforming, error
from tests.hostile.leaks import leaks

HEX = "6dc88c60743087d8b5f437dba5ddcbfa"
TERMS = Terms()


def holding(*values: str) -> Secrets:
    secrets = Secrets()
    for value in values:
        secrets.hide(value, TOKEN)
    return secrets


def saying(change: Callable[[Exchange], Answer | None]) -> Evidence:
    """What a correct endpoint answers, each answer changed."""
    evidence = conforming()
    changed = tuple(replace(e, answer=change(e)) if e.answer else e for e in evidence.exchanges)
    return replace(evidence, exchanges=changed)


def with_body(change: Callable[[bytes], bytes]) -> Evidence:
    return saying(lambda e: e.answer and replace(e.answer, body=change(e.answer.body)))


def with_header(name: str, value: str) -> Evidence:
    return saying(lambda e: e.answer and replace(e.answer, headers=(*e.answer.headers, (name, value))))


@cache
def typical() -> tuple[Report, Evidence]:
    return judge_evidence(conforming(), CONTRACT, TERMS), conforming()


# Nothing is found where nothing is


def shapes(dice: random.Random) -> list[str]:
    letters = string.ascii_letters + string.digits
    some = CONTRACT.requirements.keys()
    words = [
        "sandbox",
        "staging",
        "err",
        "env",
        "tim",
        "connect",
        "list",
        "callback",
        "token",
        "new",
        "v2",
        "partner",
    ]
    return [
        "".join(dice.choices("0123456789abcdef", k=32)),
        "".join(dice.choices(string.digits, k=dice.randint(8, 20))),
        str(uuid.UUID(int=dice.getrandbits(128))),
        base64.b64encode(dice.randbytes(dice.randint(9, 24))).decode().replace("/", "%2F").replace("+", "%2B"),
        "-".join(dice.choices(words, k=4)),
        f"{dice.randint(1_600_000_000, 1_999_999_999)}{''.join(dice.choices('0123456789abcdef', k=8))}",
        f"{dice.choice(list(some)).lower()}-{dice.choice(words)}",
        "".join(dice.choices(letters, k=dice.randint(8, 40))),
    ]


def test_20_000_tokens_are_found_nowhere_in_what_the_suite_writes() -> None:
    report, evidence = typical()
    dice = random.Random(4711)
    blob = outside(evidence)
    tokens = [token for _ in range(2_500) for token in shapes(dice)]
    assert len(tokens) == 20_000
    everything = holding(*tokens)
    assert [held.value for held in everything.said_in(blob)._sought] == []
    redaction = Redaction(replace(evidence, secrets=everything))
    assert redaction.shown == evidence
    made, trouble = guarded(own(report, evidence), report, redaction)
    assert (len(made), trouble) == (5, [])


@pytest.mark.parametrize(
    "token",
    [
        "get_list_callback",
        "sandbox-endpoint",
        "err-008-new",
        "ERR-008-code",
        "1767225600abcdef",
        "1767225600",
        "answered",
        "Success",
        "12.366463381",
        "documented",
    ],
)
def test_tokens_that_look_like_words_of_ours_cost_nothing(token: str) -> None:
    plain, evidence = (
        judge_evidence(conforming(), CONTRACT, TERMS),
        replace(conforming(), secrets=holding(token)),
    )
    report = judge_evidence(evidence, CONTRACT, TERMS)
    verdicts = [(r.id, r.verdict) for r in plain.requirements]
    assert [(r.id, r.verdict) for r in report.requirements] == verdicts
    redaction = Redaction(evidence)
    _, trouble = guarded(own(report, redaction.shown), report, redaction)
    assert trouble == []


# Judged as it was said, shown without


def test_a_timestamp_that_is_the_token_is_judged_and_its_body_withheld() -> None:
    evidence = conforming()
    first = evidence.of(Kind.DOCUMENTED)[0]
    evidence = replace(evidence, secrets=holding(str(int(first.started))))
    report = judge_evidence(evidence, CONTRACT, TERMS)
    assert {r.verdict for r in report.requirements if r.id.startswith("TIM")} == {Verdict.PASS}
    shown = Redaction(evidence).shown.of(Kind.DOCUMENTED)[0].answer
    assert shown
    assert first.answer
    assert (shown.body, shown.length) == (b"", len(first.answer.body))
    assert shown.sha256 == hashlib.sha256(first.answer.body).hexdigest()
    assert "withheld" in shown.unread


ECHOES: dict[str, Evidence] = {
    "a header": with_header("X-Request", f"/{HEX}?a=b"),
    "a header's name": with_header(f"X-{HEX}", "yes"),
    "a comment": with_body(lambda b: b.replace(b"</Values>", f"</Values><!-- {HEX} -->".encode())),
    "a type": with_body(lambda b: b.replace(b"SOAP POST", f"SOAP POST {HEX}".encode())),
    "an attribute": with_body(lambda b: b.replace(b"<Values>", f'<Values a="{HEX}">'.encode())),
    "an attribute's name": with_body(lambda b: b.replace(b"<Values>", f'<Values t{HEX}="1">'.encode())),
    "an element": with_body(lambda b: b.replace(b"</Values>", f"<t{HEX}/></Values>".encode())),
    "a message": with_body(lambda b: error("999").replace(b"Unknown error", f"No token {HEX}".encode())),
    "a page": with_body(lambda b: f"<html><title>{HEX}</title>{HEX}</html>".encode()),
    "a path of a server": with_body(lambda b: f"in /home/{HEX}/index.php on line 3".encode()),
}


@pytest.mark.parametrize("name", ECHOES)
def test_a_replay_of_what_is_shown_gives_the_same_verdicts(name: str) -> None:
    evidence = replace(ECHOES[name], secrets=holding(HEX))
    report = judge_evidence(evidence, CONTRACT, TERMS)
    assert report.requirements != typical()[0].requirements or name in {
        "a header",
        "a header's name",
        "a comment",
    }
    data = to_har(evidence, creator_version="1")
    again = judge_evidence(from_har(data), CONTRACT, TERMS)
    assert leaks(HEX, data) == []
    for said, replayed in zip(report.requirements, again.requirements, strict=True):
        opened = replayed.verdict is Verdict.INCONCLUSIVE and b"withheld" in data
        assert said.verdict is replayed.verdict or opened, (said.id, said.reason, replayed.reason)
    for requirement in report.requirements:
        assert leaks(HEX, repr(requirement).encode()) == []


@pytest.mark.parametrize(
    "writing",
    [
        lambda t: base64.b32encode(t.encode()).decode(),
        lambda t: t.encode().hex(":"),
        lambda t: base64.b64encode(f"u:{t}".encode()).decode(),
        lambda t: "".join(f"&#{ord(c)};" for c in t),
    ],
)
def test_a_body_with_a_coded_secret_is_judged_and_withheld(writing: Callable[[str], str]) -> None:
    evidence = with_body(lambda b: b.replace(b"SOAP POST", f"SOAP POST {writing(HEX)}".encode()))
    evidence = replace(evidence, secrets=holding(HEX))
    report = {r.id: r.verdict for r in judge_evidence(evidence, CONTRACT, TERMS).requirements}
    assert report["CBK-04"] is Verdict.FAIL
    data = to_har(evidence, creator_version="1")
    assert leaks(HEX, data) == []
    again = {r.id: r for r in judge_evidence(from_har(data), CONTRACT, TERMS).requirements}
    assert again["CBK-04"].verdict is Verdict.INCONCLUSIVE
    assert "withheld" in again["CBK-04"].reason
    entry = json.loads(data)["log"]["entries"][0]["response"]["content"]
    assert (entry["text"], len(entry["_sha256"])) == ("", 64)
    assert entry["size"] > 100
    assert to_har(from_har(data), creator_version="1") == data


def test_cookies_are_always_taken_out() -> None:
    shown = Redaction(with_header("Set-Cookie", "session=0ther-th1ng; Path=/; Secure")).shown
    for exchange in shown.exchanges:
        if exchange.answer:
            assert exchange.answer.header("set-cookie") == "session=[redacted]; Path=/; Secure"


def test_a_body_that_was_cut_within_a_secret_shows_none_of_it() -> None:
    def cut_off(exchange: Exchange) -> Answer | None:
        body = b"<a>" + b"." * 100 + HEX[:20].encode()
        return exchange.answer and replace(exchange.answer, body=body, unread="larger than is read")

    for exchange in Redaction(replace(saying(cut_off), secrets=holding(HEX))).shown.exchanges:
        assert exchange.answer is None or not exchange.answer.body.endswith(HEX[:5].encode())


def test_what_is_quoted_is_redacted_before_it_is_cut() -> None:
    import re  # noqa: PLC0415

    said = f"{'x' * 70} {HEX} y"
    assert HEX[:8] in clip(said), "nobody has said what is secret"
    with quoting(holding(HEX).redact):
        assert clip(said) == f"{'x' * 70} [token] y"
        assert HEX[:4] not in cut(said, 75)
        assert piece(re.compile("x[^x]{1,10}"), said) == "x [token] y"
        assert piece(re.compile(HEX[5:20]), said) == "[redacted]"
        assert piece(re.compile("zz"), said) == ""


# Recordings made by other tools

CANARIES = {
    "path": "0a1b2c3d-1111-4222-8333-deadbeefcafe",
    "query": "qu3ry-k3y-0001",
    "bearer": "b3arer-of-n3ws-1",
    "user": "partner-user-7",
    "password": "pa55-of-partner-7",
    "cookie": "c00kie-jar-0007",
    "set-cookie": "s3t-c00kie-0008",
    "proxy": "pr0xy-auth-0009",
    "form": "f0rm-passw0rd-1",
    "userinfo": "us3r-inf0-pass",
}


def foreign() -> bytes:
    document = "%3Cclickatellsdk%3E%3Caction%3Eget_list_callback%3C%2Faction%3E%3C%2Fclickatellsdk%3E"
    basic = base64.b64encode(f"{CANARIES['user']}:{CANARIES['password']}".encode()).decode()
    said = " ".join(CANARIES.values())
    coded = base64.b64encode(said.encode()).decode()
    body = conforming().of(Kind.DOCUMENTED)[0].answer
    assert body
    text = body.body.decode()
    url = f"https://x:{CANARIES['userinfo']}@h.example/v2/{CANARIES['path']}?api_key={CANARIES['query']}&XML={document}"
    request = {
        "method": "GET",
        "url": url,
        "headers": [
            {"name": ":path", "value": url.partition("h.example")[2]},
            {"name": "Referer", "value": url},
            {"name": "authorization", "value": f"Bearer {CANARIES['bearer']}"},
            {"name": "Authorization", "value": f"Basic {basic}"},
            {"name": "Cookie", "value": f"a=1; sid={CANARIES['cookie']}"},
            {"name": "Proxy-Authorization", "value": f"Bearer {CANARIES['proxy']}"},
            {"name": "X-Echo", "value": said},
        ],
    }
    posted = request | {
        "method": "POST",
        "postData": {"mimeType": "", "text": f"XML={document}&password={CANARIES['form']}"},
    }
    headers = [
        {"name": "Set-Cookie", "value": f"sid={CANARIES['set-cookie']}; Path=/"},
        {"name": "Location", "value": f"https://h.example/{CANARIES['path'].upper()}"},
        {"name": "X-Echo", "value": coded},
    ]
    contents = [
        text.replace("SOAP POST", f"SOAP POST {said}"),
        text.replace("SOAP POST", coded),
        f"<html><title>{said}</title></html>",
        text.replace("<Timestamp>", f"<!-- {said} --><Timestamp>"),
    ]
    entries = [
        {
            "startedDateTime": "2026-01-01T00:00:00Z",
            "time": 10,
            "request": posted if n % 2 else request,
            "response": {"status": 200, "headers": headers, "content": {"text": content}},
            "_probe": {"group": "documented", "title": f"said {said}"},
            "_reproduce": f"curl {url}",
        }
        for n, content in enumerate(contents)
    ]
    return json.dumps({"log": {"creator": {"name": "browser"}, "entries": entries}}).encode()


def test_a_recording_made_elsewhere_is_judged_as_it_was_said() -> None:
    evidence = from_har(foreign())
    assert evidence.secrets
    assert evidence.exchanges[0].answer
    assert CANARIES["path"].encode() in evidence.exchanges[0].answer.body
    assert evidence.exchanges[0].request.url.startswith("https://redacted@h.example/v2/[token]?api_key=[redacted]&XML=")
    assert CANARIES["path"].encode() not in to_har(evidence, creator_version="1")


def test_a_recording_made_elsewhere_leaves_no_secret(tmp_path: Path) -> None:
    (tmp_path / "browser.har").write_bytes(foreign())
    done = run("replay", "browser.har", "--reports", "out", cwd=tmp_path)
    assert done.returncode in {0, 1, 10}, done.stderr
    compared = run("compare", "out", "out", cwd=tmp_path)
    again = run("replay", "out/evidence.har", "--reports", "again", "--quiet", cwd=tmp_path)
    said = [("terminal", (done.stdout + done.stderr + compared.stdout + again.stdout + again.stderr).encode())]
    files = [f for folder in ("out", "again") for f in (tmp_path / folder).rglob("*") if f.is_file()]
    assert len(files) >= 10
    for name, data in (*said, *((str(f), f.read_bytes()) for f in files)):
        assert [(k, leaks(v, data)) for k, v in CANARIES.items() if leaks(v, data)] == [], name


def test_a_secret_that_is_a_word_of_the_users_own_costs_no_report() -> None:
    """A target called as the user of its proxy, where the endpoint says that user back."""
    evidence = replace(with_header("X-User", "partner-four"), target="partner-four", secrets=holding("partner-four"))
    report = judge_evidence(evidence, CONTRACT, TERMS)
    redaction = Redaction(evidence)
    _, trouble = guarded(own(report, redaction.shown), report, redaction)
    assert (trouble, report.target.name) == ([], "partner-four")
