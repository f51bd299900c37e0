"""Through a proxy: what the endpoint does is judged, what the proxy does is not."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import pytest
import trustme

from conformance import Report, Target, Terms, judge, record, reference
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Evidence
from conformance.sending import tunnel
from conformance.sending.connect import Dialer
from tests.command import run
from tests.proxying import Proxy, opening

STATES = {code: {"headers": {"X-Reference-State": code}} for code in ("004", "007", "008", "999")}
OF_TLS = ("TLS-0*",)
SERVED_IN_THE_CLEAR = "plain_http_served_on_the_https_port"
OLD = "tls_1_0_accepted"


def judged(running: reference.Running, through: Proxy | None, *select: str, **settings: Any) -> tuple[Evidence, Report]:
    usual = {"ca_file": str(running.ca_file), "http_endpoint": running.http_url, "states": STATES}
    ways = {"proxy": through.url} if through else {}
    target = Target.of(running.https_url, **(usual | ways | {"allow_hostile_requests": True} | settings))
    evidence = record(target, terms=Terms(select=select))
    return evidence, judge(evidence, terms=Terms(select=select))


def verdict(report: Report, requirement: str) -> str:
    return next(str(r.verdict) for r in report.requirements if r.id == requirement)


def reasons(report: Report, requirement: str) -> str:
    row = next(r for r in report.requirements if r.id == requirement)
    return " ".join(check.reason for check in row.checks)


@pytest.fixture
def others(tmp_path: Path) -> trustme.CA:
    """The authority of a proxy that opens TLS; `ca.pem` trusts it."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return made


# An honest proxy


def test_an_honest_proxy_keeps_nothing_open() -> None:
    with reference.start() as running, Proxy(credentials="partner:pa55word-of-7") as proxy:
        evidence, report = judged(running, proxy)
    assert [r.id for r in report.requirements if r.verdict != "pass"] == []
    assert report.exit_code == 0
    assert evidence.of(Kind.PORT)[0].answer or evidence.of(Kind.PORT)[0].loss
    assert [h.accepted for h in evidence.handshakes] == [False, False]
    assert all(e.tls for e in evidence.of(Kind.DOCUMENTED))


@pytest.mark.parametrize(("variant", "accused"), [(SERVED_IN_THE_CLEAR, "TLS-01"), (OLD, "TLS-05")])
def test_an_endpoint_is_accused_through_an_honest_proxy(variant: str, accused: str) -> None:
    with reference.start(variant=variant) as running, Proxy() as proxy:
        report = judged(running, proxy, *OF_TLS)[1]
    assert [r.id for r in report.requirements if r.verdict == "fail"] == [accused]


@pytest.mark.parametrize(("variant", "wanted"), [("", "pass"), (OLD, "fail")])
def test_old_tls_is_offered_from_the_source_address(variant: str, wanted: str) -> None:
    with reference.start(variant=variant or None) as running:
        report = judged(running, None, "TLS-05", source_address="127.0.0.3")[1]
    assert verdict(report, "TLS-05") == wanted


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_proxy_may_speak_tls_itself(is_trusted: bool, others: trustme.CA, tmp_path: Path) -> None:
    file, own = tmp_path / "ca.pem", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (others if is_trusted else trustme.CA()).issue_cert("127.0.0.1").configure_cert(own)
    with reference.start() as running, Proxy(tls=own, credentials="partner:pa55word-of-7") as proxy:
        file.write_text(file.read_text() + Path(running.ca_file).read_text())
        report = judged(running, proxy, *OF_TLS, ca_file=str(file))[1]
    assert verdict(report, "TLS-03") == ("pass" if is_trusted else "inconclusive")
    assert report.exit_code == (0 if is_trusted else 10)
    assert is_trusted or "the proxy 127.0.0.1:" in reasons(report, "TLS-03")


def test_a_proxy_that_connects_to_the_endpoint_alone_is_judged_by_a_public_certificate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with reference.start(variant=SERVED_IN_THE_CLEAR) as running, Proxy() as proxy:
        proxy.ports = tuple(urlsplit(url).port or 0 for url in (running.https_url, running.http_url))
        report = judged(running, proxy, *OF_TLS)[1]
        assert (verdict(report, "TLS-01"), verdict(report, "TLS-05")) == ("inconclusive", "inconclusive")
        assert "no public CA signed the certificate" in reasons(report, "TLS-01")
        monkeypatch.setattr("certifi.where", lambda: str(running.ca_file))
        report = judged(running, proxy, *OF_TLS)[1]
        assert "no public CA signed" in reasons(report, "TLS-01"), "certifi of a distribution names this machine's CAs"
        monkeypatch.setattr(tunnel, "public_authorities", lambda: str(running.ca_file))
        report = judged(running, proxy, *OF_TLS)[1]
    assert (verdict(report, "TLS-01"), verdict(report, "TLS-05")) == ("fail", "pass")


@pytest.mark.parametrize("variant", ["", "plain_http_found_elsewhere"])
def test_what_a_proxy_forwards_is_judged_where_it_is_an_envelope(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without one may be the proxy's own, which tunnels to the port of HTTPS alone."""
    with reference.start(variant=variant or None) as running, Proxy() as proxy:
        proxy.ports = (urlsplit(running.https_url).port or 0,)
        monkeypatch.setattr(tunnel, "public_authorities", lambda: str(running.ca_file))
        report = judged(running, proxy, *OF_TLS)[1]
    assert (verdict(report, "TLS-01"), verdict(report, "TLS-05")) == ("inconclusive" if variant else "pass", "pass")
    assert verdict(report, "TLS-02") == ("inconclusive" if variant else "pass")
    assert any(asked.startswith("GET http://") for asked in proxy.asked)


@pytest.mark.parametrize("leads", ["there", "elsewhere"])
def test_the_proxy_of_a_state_is_tried_at_the_endpoint_of_that_state(
    leads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lead nowhere else: what it shows there of TLS is the endpoint's."""
    with reference.start() as running, reference.start() as blocked, Proxy() as proxy:
        ports = {"there": urlsplit(blocked.https_url).port or 0, "elsewhere": urlsplit(running.https_url).port or 0}
        proxy.ports = (ports[leads],)
        monkeypatch.setattr(tunnel, "public_authorities", lambda: str(blocked.ca_file))
        states = {"004": STATES["004"] | {"proxy": proxy.url, "endpoint": blocked.https_url}}
        authorities = Path(running.ca_file).read_text() + Path(blocked.ca_file).read_text()
        Path(file := f"{running.ca_file}.both").write_text(authorities)
        evidence = judged(running, None, "ERR-004*", states=states, ca_file=file)[0]
    asked = evidence.of(Kind.STATE, "004")
    assert asked
    assert [bool(e.tls) for e in asked] == [leads == "there"] * len(asked)


# What a proxy does is no fact about the endpoint


@dataclass(frozen=True)
class Way:
    """A proxy in the way; whether its own CA is trusted."""

    proxy: dict[str, Any]
    opens: bool = False
    trusted: bool = False


WAYS = {
    "opens TLS, as its users know": Way({}, opens=True, trusted=True),
    "opens TLS, by a CA that nobody trusts": Way({}, opens=True),
    "speaks in the tunnel": Way({"says": b"<html>Blocked</html>"}),
    "closes the tunnel": Way({"closes": True}),
    "connects to another port alone": Way({"ports": (1,)}),
    "wants other credentials": Way({"credentials": "partner:another"}),
    "says nothing": Way({"stalls": True}),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_nobody_is_accused_of_what_a_proxy_does(way: Way, others: trustme.CA, tmp_path: Path) -> None:
    opened: dict[str, Any] = {"opens": opening("localhost", others)} if way.opens else {}
    settings = {"ca_file": str(tmp_path / "ca.pem")} if way.trusted else {}
    with reference.start() as running, Proxy(**way.proxy, **opened) as proxy:
        proxied = Proxy(credentials="partner:wrong")
        proxied.port = proxy.port
        report = judged(running, proxied, *OF_TLS, timeout=1.0, **settings)[1]
    assert [r.id for r in report.requirements if r.verdict == "fail"] == []
    assert (verdict(report, "TLS-01"), verdict(report, "TLS-03")) == ("inconclusive", "inconclusive")
    assert report.exit_code == 10


def test_an_endpoint_behind_a_proxy_that_opens_tls_is_not_asked_in_the_clear(
    others: trustme.CA, tmp_path: Path
) -> None:
    with reference.start() as running, Proxy(opens=opening("localhost", others)) as proxy:
        evidence, report = judged(running, proxy, *OF_TLS, ca_file=str(tmp_path / "ca.pem"))
    assert evidence.of(Kind.PORT) == ()
    assert tunnel.OPENED in reasons(report, "TLS-01")
    assert {h.accepted for h in evidence.handshakes} == {None}
    assert not any(e.tls for e in evidence.exchanges)


@pytest.mark.parametrize(
    "said", [b"", b"<html>Blocked</html>\r\n\r\n", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"]
)
def test_nobody_is_accused_of_how_a_proxy_forwards(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with reference.start() as running, Proxy(forwards=said) as proxy:
        proxy.ports = (urlsplit(running.https_url).port or 0,)
        monkeypatch.setattr(tunnel, "public_authorities", lambda: str(running.ca_file))
        report = judged(running, proxy, "TLS-02", "HYG-10")[1]
    assert (verdict(report, "TLS-02"), verdict(report, "HYG-10")) == ("inconclusive", "pass")
    assert "while a proxy forwarded it; let the proxy connect (CONNECT) to the port of" in reasons(report, "TLS-02")


def test_what_a_proxy_sends_behind_an_answer_is_not_the_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    said = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\nand more"
    with reference.start() as running, Proxy(forwards=said) as proxy:
        proxy.ports = (urlsplit(running.https_url).port or 0,)
        monkeypatch.setattr(tunnel, "public_authorities", lambda: str(running.ca_file))
        evidence, report = judged(running, proxy, "TLS-02", "HYG-10")
    assert (verdict(report, "TLS-02"), verdict(report, "HYG-10")) == ("inconclusive", "pass")
    assert not any("the endpoint sends data" in note for note in evidence.notes)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_of_one_state_may_open_tls_too(trusted: bool, others: trustme.CA, tmp_path: Path) -> None:
    with reference.start() as running, Proxy(opens=opening("localhost", others)) as proxy:
        file = tmp_path / "ca.pem"
        file.write_text((file.read_text() if trusted else "") + Path(running.ca_file).read_text())
        states = STATES | {"004": STATES["004"] | {"proxy": proxy.url}}
        evidence, report = judged(running, None, *OF_TLS, "ERR-004*", "HYG-10", states=states, ca_file=str(file))
    proxied = [e for e in evidence.exchanges if e.state == "004" and e.request.url.startswith("https:")]
    assert {(e.tls, e.loss and e.loss.kind) for e in proxied} == {(None, None if trusted else "proxy")}
    assert all(e.tls for e in evidence.of(Kind.DOCUMENTED))
    assert [r.id for r in report.requirements if r.verdict == "fail"] == []
    assert verdict(report, "TLS-01") == "pass"


def test_nobody_waits_for_what_is_known_of_a_proxy() -> None:
    """While it says nothing about the port of plain HTTP, what it does to TLS is known, and calls are recorded."""

    async def known(dialer: Dialer, port: int, proxy: Proxy) -> None:
        assert await dialer.doubt() == ""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(dialer.tunnels_plain)
            while f"CONNECT 127.0.0.1:{port}" not in proxy.asked:
                await anyio.lowlevel.checkpoint()
            with anyio.fail_after(1):
                assert await dialer.doubt() == ""
            tasks.cancel_scope.cancel()

    with reference.start() as running, Proxy() as proxy:
        plain = "http://127.0.0.1:9/"
        proxy.hangs = (9,)
        target = Target.of(running.https_url, ca_file=str(running.ca_file), http_endpoint=plain, proxy=proxy.url)
        anyio.run(known, Dialer(target), 9, proxy)


def test_a_proxy_is_told_apart_by_one_tls_context() -> None:
    dialer = Dialer(Target.of("https://localhost/", proxy="https://127.0.0.1:1"))
    assert dialer.proxy("https://127.0.0.1:1").ssl_context is dialer.proxy("https://127.0.0.1:2").ssl_context


# A proxy that fails is named, and what to do about it

PASSWORD = "pa55word-of-7"
FAILING: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "gone": ({}, ":1", "cannot be reached: 127.0.0.1 refuses connections", "see to it that the proxy runs"),
    "nowhere": ({}, "nowhere.invalid:3128", "cannot be reached: the name nowhere.invalid", "host and port in `proxy`"),
    "credentials": ({"credentials": "partner:another"}, "", "does not connect: it answers 407", "user and password"),
    "another port": ({"ports": (1,)}, "", "does not connect: it answers 403", "let the proxy connect (CONNECT)"),
    "nobody behind it": ({"finds_nobody": True}, "", "does not connect: it answers 503", "as the proxy sees them"),
    "no proxy": ({"closes_at_once": True}, "", "or does not speak HTTP", "what listens there is no HTTP proxy"),
    "silent": ({"stalls": True}, "", "no answer within 0.5 s", "see to it that the proxy works"),
    "in the tunnel": (
        {"says": b"<html>Blocked</html>"},
        "",
        "the proxy opens what goes through its tunnels, or answers there itself",
        "pass these connections unopened",
    ),
}


@pytest.mark.parametrize(("behaviour", "at", "said", "remedy"), FAILING.values(), ids=FAILING)
def test_a_proxy_that_fails_is_named_with_its_remedy(
    behaviour: dict[str, Any], at: str, said: str, remedy: str, tmp_path: Path
) -> None:
    with reference.start() as running, Proxy(**behaviour) as proxy:
        place = f"127.0.0.1{at}" if at.startswith(":") else at or f"127.0.0.1:{proxy.port}"
        words = [f"--endpoint={running.https_url}", f"--ca-file={running.ca_file}", "--timeout=0.5"]
        words.append(f"--proxy=http://partner:{PASSWORD}@{place}")
        doctor, judged = (
            run("doctor", *words, cwd=tmp_path),
            run("run", *words, f"--reports={tmp_path}/r", cwd=tmp_path),
        )
    assert (doctor.returncode, judged.returncode) == (10, 10), judged.stderr
    for printed in (doctor.stdout, judged.stdout, (tmp_path / "r" / "summary.md").read_text(encoding="utf-8")):
        told = " ".join(printed.split())
        assert said in told, told
        assert remedy in told, told
        assert PASSWORD not in told


def test_of_a_proxy_that_fails_one_cause_is_told() -> None:
    """What it does to tunnels is not tried where it makes none."""
    with reference.start() as running, Proxy() as proxy:
        proxy.ports = (1,)
        report = judged(running, proxy, *OF_TLS)[1]
    assert "answers 403" in reasons(report, "TLS-01")
    assert "what goes through its tunnels" not in reasons(report, "TLS-01")


async def _never(*_: object) -> list[str]:
    await anyio.sleep_forever()
    raise AssertionError


def test_a_name_of_a_proxy_that_nobody_answers_for_is_the_proxys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.sending.connect.Names.resolve", _never)
    with reference.start() as running, Proxy() as proxy:
        report = judged(running, proxy, "TLS-03", timeout=0.3)[1]
    assert "(resolving the name of the proxy 127.0.0.1:" in reasons(report, "TLS-03")
    assert "see to it that the proxy runs" in reasons(report, "TLS-03")


def test_a_proxy_that_speaks_no_tls_has_its_remedy() -> None:
    with reference.start() as running, socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        report = judged(running, None, "TLS-03", timeout=0.3, proxy=url)[1]
    assert "(the TLS handshake with the proxy 127.0.0.1:" in reasons(report, "TLS-03")
    assert "with https:// the proxy itself is to speak TLS" in reasons(report, "TLS-03")
