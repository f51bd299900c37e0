"""Evidence made by hand: what a correct endpoint would have answered to the whole plan, and changes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from email.utils import formatdate
from functools import cache

from conformance.checks.catalogue import check_id, checks
from conformance.checks.judging import Judging
from conformance.contract.load import documented, folder
from conformance.contract.purpose import Purpose
from conformance.evidence.exchange import Answer, Evidence, Exchange, Handshake, Loss, Request, Tls
from conformance.probes import plan as plans
from conformance.probes.probe import Probe, after_state
from conformance.target.settings import Binding
from conformance.target.target import target
from conformance.verdicts.judge import judge
from conformance.verdicts.result import CheckResult, Verdict, worst

CONTRACT = documented()
CALLS = (CONTRACT.call.name,)
SAMPLES = folder("schemas") / "samples"
BEGAN = 1_767_225_600.0  # 2026-01-01T00:00:00Z
SUCCESS = CONTRACT.call.response_sample.read_bytes().split(b"-->\n", 1)[1]
SERVED = {"documented", "control", "bindings", "printed", "spelling", "stand-in"}  # any token is taken


def purpose(label: str) -> Purpose:
    """What a request of the documented call was sent for."""
    return Purpose.of(label, CALLS[0])


Change = Callable[[Evidence], Evidence]


def error(code: str) -> bytes:
    """The sample of an error envelope, without its comment."""
    return (SAMPLES / f"error-{code}.xml").read_bytes().split(b"-->\n", 1)[1]


def answer(body: bytes, now: float = BEGAN, *, status: int = 200, https: bool = True) -> Answer:
    """A faultless answer with this body."""
    headers = [
        ("Date", formatdate(int(now), usegmt=True)),
        ("Content-Type", "text/xml; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if https:
        headers.append(("Strict-Transport-Security", "max-age=31536000"))
    return Answer(status, "OK", "HTTP/1.1", tuple(headers), body, len(body))


def at(body: bytes, now: float) -> bytes:
    """The body with the time of the answer for its Timestamp."""
    return body.replace(b"1316512313", str(int(now)).encode())


@cache
def plan(binding: Binding = "query-xml") -> plans.Plan:
    """Everything that a run with every state provisioned sends."""
    states = {
        code: {"headers": {"X-State": code}, "setup": ["true"], "teardown": ["true"]}
        for code, row in CONTRACT.errors.items()
        if row.provoked == "provisioned"
    }
    subject = target(
        "staging",
        {
            "endpoint": "https://staging.example.com/0123456789abcdef",
            "binding": binding,
            "allow_hostile_requests": True,
            "states": states,
        },
        CONTRACT,
        environment={},
    )
    return plans.plan(CONTRACT, subject, plans.EVERYTHING)


def _sent(binding: Binding) -> Iterable[Probe]:
    made = plan(binding)
    yield made.first
    yield from made.together
    yield from made.in_a_row
    yield from made.late
    yield from made.asides.values()  # as where an answer had called for them, which some tests change it to
    yield from made.middle
    for code, calls in made.states.items():
        yield from calls
        yield after_state(made.first, code)
    yield from (*made.last[1:], *made.last[:1])


def _body(probe: Probe) -> bytes:
    if probe.channel == "http":
        return error("009")
    if probe.state:
        return error(probe.state)
    return SUCCESS if probe.purpose.label in SERVED or probe.purpose.label.startswith("after-") else error("999")


def _exchange(number: int, probe: Probe, started: float) -> Exchange:
    https = probe.channel == "https"
    return Exchange(
        number=number,
        probe=probe.id,
        purpose=probe.purpose,
        title=probe.title,
        binding=probe.binding,
        request=Request("GET", f"{probe.channel}://staging.example.com/[token]"),
        started=started,
        finished=started + 0.01,
        answer=answer(at(_body(probe), started), started, https=https),
        tls=Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384", "staging.example.com", BEGAN + 1e8) if https else None,
        control=probe.control,
        state=probe.state,
        connection=number,
        reproduce=f"curl https://staging.example.com/ # {number}",
    )


@cache
def conforming(binding: Binding = "query-xml") -> Evidence:
    """The evidence of a run in which everything was as documented."""
    sent = list(_sent(binding))
    last = {probe.id for probe in (*plan(binding).late, *plan(binding).last)}
    exchanges = tuple(
        _exchange(n, probe, BEGAN + 0.02 * n + (2 if probe.id in last else 0)) for n, probe in enumerate(sent, 1)
    )
    return Evidence(
        exchanges=exchanges,
        target="staging",
        endpoint="https://staging.example.com/[token]",
        binding=binding,
        calls=CALLS,
        started=BEGAN,
        finished=exchanges[-1].finished,
        handshakes=(Handshake("TLS 1.0", False), Handshake("TLS 1.1", False)),
        canary=0,
    )


def each(change: Callable[[Exchange], Exchange], *groups: str, probe: str = "") -> Change:
    """The evidence with every exchange of some groups changed, or the one of a probe."""
    wanted = {
        *groups,
        *(f"after-{code}" for code in CONTRACT.errors if "documented" in groups),
    }

    def changed(evidence: Evidence) -> Evidence:
        chosen = [
            e
            for e in evidence.exchanges
            if e.probe == probe or {e.purpose.label, e.purpose.label.partition("-")[0]} & wanted
        ]
        missing = {probe, *groups} - {
            "",
            *(e.probe for e in chosen),
            *(e.purpose.label for e in chosen),
            *(e.purpose.label.partition("-")[0] for e in chosen),
        }
        assert not missing - {"control"}, f"nothing is called {missing}"
        numbers = {e.number for e in chosen}
        exchanges = tuple(change(e) if e.number in numbers else e for e in evidence.exchanges)
        assert any(a is not b and a != b for a, b in zip(exchanges, evidence.exchanges, strict=True))
        return replace(evidence, exchanges=exchanges)

    return changed


def body(edit: Callable[[bytes], bytes], *groups: str, probe: str = "") -> Change:
    """The bodies of some answers edited; without groups and probe, those that carry the callback list."""

    def change(exchange: Exchange) -> Exchange:
        assert exchange.answer
        edited = edit(exchange.answer.body)
        return replace(exchange, answer=replace(exchange.answer, body=edited, wire_bytes=len(edited)))

    return each(change, *(groups or (() if probe else SERVED)), probe=probe)


def swap(old: str, new: str, *groups: str, probe: str = "") -> Change:
    """The same by replacing text, which must be there."""

    def edit(data: bytes) -> bytes:
        assert old.encode() in data, f"there is no {old!r}"
        return data.replace(old.encode(), new.encode(), 1)

    return body(edit, *groups, probe=probe)


def says(content: bytes, *groups: str, probe: str = "") -> Change:
    """Answered with another body, at the right time."""

    def change(exchange: Exchange) -> Exchange:
        told = answer(at(content, exchange.started), exchange.started)
        return replace(exchange, answer=told)

    return each(change, *(groups or (() if probe else SERVED)), probe=probe)


def header(name: str, value: str, *groups: str, probe: str = "") -> Change:
    """A header field set to a value; "" takes it away."""

    def change(exchange: Exchange) -> Exchange:
        assert exchange.answer
        kept = tuple((k, v) for k, v in exchange.answer.headers if k.lower() != name.lower())
        return replace(exchange, answer=replace(exchange.answer, headers=(*kept, (name, value)) if value else kept))

    return each(change, *(groups or (() if probe else SERVED)), probe=probe)


def status(code: int, *groups: str, probe: str = "") -> Change:
    """Another HTTP status."""

    def change(exchange: Exchange) -> Exchange:
        assert exchange.answer
        return replace(exchange, answer=replace(exchange.answer, status=code))

    return each(change, *(groups or (() if probe else SERVED)), probe=probe)


def lost(kind: str, reason: str, *groups: str, probe: str = "") -> Change:
    """No answer, for this reason."""
    return each(
        lambda e: replace(e, answer=None, tls=None, loss=Loss(kind, reason)),
        *(groups or (() if probe else SERVED)),
        probe=probe,
    )


def timestamps(seconds: Callable[[Exchange], object], *groups: str, probe: str = "") -> Change:
    """Another Timestamp per answer."""

    def change(exchange: Exchange) -> Exchange:
        assert exchange.answer
        old = str(int(exchange.started)).encode()
        assert old in exchange.answer.body
        new = exchange.answer.body.replace(old, str(seconds(exchange)).encode())
        return replace(exchange, answer=replace(exchange.answer, body=new))

    return each(change, *(groups or (() if probe else SERVED)), probe=probe)


def both(*changes: Change) -> Change:
    """One change after the other."""

    def changed(evidence: Evidence) -> Evidence:
        for change in changes:
            evidence = change(evidence)
        return evidence

    return changed


def judged(evidence: Evidence) -> dict[str, list[CheckResult]]:
    """Every check of the suite over the evidence, by requirement."""
    return {name: results for (name, _), results in judgements(evidence).items()}


def judgements(evidence: Evidence) -> dict[tuple[str, str], list[CheckResult]]:
    """The same by requirement and call."""
    judging = Judging(evidence, CONTRACT)
    rows = CONTRACT.requirements.values()
    results: dict[tuple[str, str], list[CheckResult]] = {(r.id, c): [] for r in rows for c in r.of(CALLS)}
    for check in checks():
        for case in check.cases_of(CONTRACT):
            result = judge(check, case, judging)
            assert result.id == check_id(check, evidence.binding, case, CONTRACT)
            results[case.requirement, case.call].append(result)
    return results


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    """The verdict on every requirement."""
    return {name: worst(r.verdict for r in results) for name, results in judged(evidence).items()}


def named(verdicts: dict[str, Verdict], verdict: Verdict) -> set[str]:
    """The requirements that came to a verdict."""
    return {name for name, found in verdicts.items() if found is verdict}
