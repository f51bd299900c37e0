"""Through a proxy: what the endpoint does is judged, what the proxy does is not."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from conformance import Report, Target, Terms, judge, record, reference
from conformance.contract.purpose import Kind
from conformance.evidence.exchange import Evidence
from conformance.sending import tunnel
from tests.command import run
from tests.proxying import Proxy, opening

STATES = {code: {"headers": {"X-Reference-State": code}} for code in ("004", "007", "008", "999")}
OF_TLS = ("TLS-0*",)
SERVED_IN_THE_CLEAR = "plain_http_served_on_the_https_port"
OLD = "tls_1_0_accepted"


def judged(running: reference.Running, proxy: Proxy | None, *select: str, **settings: Any) -> tuple[Evidence, Report]:
    usual = {"ca_file": str(running.ca_file), "http_endpoint": running.http_url, "states": STATES}
    ways = {"proxy": proxy.url} if proxy else {}
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
    assert (verdict(report, "TLS-01"), verdict(report, "TLS-05")) == ("fail", "pass")


@pytest.mark.parametrize("variant", ["", "plain_http_found_elsewhere"])
def test_what_a_proxy_forwards_is_judged_where_it_is_an_envelope(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer without one may be the proxy's own, which tunnels to the port of HTTPS alone."""
    with reference.start(variant=variant or None) as running, Proxy() as proxy:
        proxy.ports = (urlsplit(running.https_url).port or 0,)
        monkeypatch.setattr("certifi.where", lambda: str(running.ca_file))
        report = judged(running, proxy, *OF_TLS)[1]
    assert (verdict(report, "TLS-01"), verdict(report, "TLS-05")) == ("inconclusive" if variant else "pass", "pass")
    assert verdict(report, "TLS-02") == ("inconclusive" if variant else "pass")
    assert any(asked.startswith("GET http://") for asked in proxy.asked)


# What a proxy does is no fact about the endpoint


@dataclass(frozen=True)
class Way:
    """A proxy in the way; whether its own CA is trusted; what TLS-03 comes to."""

    proxy: dict[str, Any]
    opens: bool = False
    trusted: bool = False
    tls_03: str = "inconclusive"


WAYS = {
    "opens TLS, as its users know": Way({}, opens=True, trusted=True, tls_03="pass"),
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
    assert (verdict(report, "TLS-01"), verdict(report, "TLS-03")) == ("inconclusive", way.tls_03)
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
        "closed during the TLS handshake",
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
