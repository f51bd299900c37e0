"""`doctor`: what it says of every stretch of the way to an endpoint, and that it says nothing else."""

from __future__ import annotations

import re
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from conformance.commands.cli import main
from conformance.evidence.exchange import Answer, Evidence, Exchange, Loss
from conformance.verdicts import diagnosis as preflight
from conformance.verdicts.diagnosis import Finding
from tests.evidence_factory import SUCCESS, answer, conforming, error

TOKEN = "5ecret0fee1dead5ecret0fee1dead00"
EVIDENCE = conforming()
FIRST = EVIDENCE.exchanges[0]


def way(**changes: object) -> dict[str, Finding]:
    first: Exchange = replace(FIRST, **changes)  # type: ignore[arg-type]
    return {f.subject: f for f in preflight.way_to(first, EVIDENCE, ("192.0.2.1",))}


def page(body: bytes, status: int = 200, **headers: str) -> Answer:
    fields = (("Content-Type", "text/html"), *headers.items())
    return Answer(status, "", "HTTP/1.1", fields, body, len(body))


PACKED = replace(page(b""), unread="the content coding br was not asked for and is not read")


def test_a_faultless_way_is_ok_all_along() -> None:
    assert {f.state for f in way().values()} == {"ok"}
    assert way()["name"].text == "staging.example.com is 192.0.2.1"


@pytest.mark.parametrize(
    ("kind", "reason", "step", "repair"),
    [
        ("dns", "the name x does not resolve: unknown", "name", "correct the host"),
        ("timeout", "no complete answer within 3 s (resolving the name)", "name", "correct the host"),
        ("refused", "x refuses connections on port 443", "port", "correct host and port"),
        ("timeout", "no complete answer within 3 s (connecting)", "port", "correct host and port"),
        ("unreachable", "the proxy refused to connect", "port", "proxy"),
        ("certificate", "the certificate does not verify: certificate has expired", "TLS", "renew"),
        ("certificate", "the certificate does not verify: self-signed certificate", "TLS", "ca_file"),
        (
            "certificate",
            "the certificate does not verify: none of its subject alternative names is h.example",
            "TLS",
            "subjectAltName",
        ),
        (
            "certificate",
            (
                "the certificate does not verify: what the server sends does not lead to a CA of `ca_file`"
                " (unable to get local issuer certificate)"
            ),
            "TLS",
            "send its intermediate certificates",
        ),
        ("certificate", "the certificate does not verify: EE certificate key too weak", "TLS", "longer key"),
        (
            "certificate",
            "the certificate does not verify: unsuitable certificate purpose",
            "TLS",
            "serverAuth",
        ),
        ("tls", "the TLS handshake failed: tlsv1 unrecognized name", "TLS", "its name in `endpoint`"),
        ("no-trust", "this machine has no store of CA certificates", "TLS", "`ca_file`"),
        ("client-cert", "the server demands a client certificate", "TLS", "`client_cert`"),
        ("http2", "it may speak HTTP/2 only", "Connect API", "HTTP/1.1"),
        ("no-tls", "the port does not speak TLS", "TLS", "plain HTTP"),
        ("closed", "the connection was closed during the TLS handshake", "TLS", "TLS 1.2"),
        ("timeout", "no complete answer within 3 s (the TLS handshake)", "TLS", "TLS 1.2"),
        ("closed", "the connection was closed without an answer", "Connect API", "log"),
        ("timeout", "no complete answer within 3 s (waiting for an answer)", "Connect API", "timeout"),
        ("malformed", "the answer is not HTTP/1.1: x", "Connect API", "log"),
    ],
)
def test_a_lost_call_is_laid_to_the_step_it_was_lost_at(kind: str, reason: str, step: str, repair: str) -> None:
    found = way(answer=None, loss=Loss(kind, reason))
    states = [f.state for f in found.values()]
    at = list(found).index(step)
    assert states == ["ok"] * at + ["problem"] + ["unseen"] * (3 - at)
    assert found[step].text == reason
    assert repair in found[step].repair[0]


@pytest.mark.parametrize(
    ("given", "said", "repair"),
    [
        (page(b"", 302, Location="https://login.example.com/"), "a redirect to https://login.ex", "not followed"),
        (page(b"<html><title>\nSign in </title>"), "a web page, 'Sign in'", "login page"),
        (page(b"<!DOCTYPE html>\n<p>hello"), "a web page", "login page"),
        (page(b"<feed><title/></feed>"), "XML of another kind", "another service"),
        (page(b"{}", 404), "HTTP 404: text/html, 2 bytes", "path and token"),
        (page(b"", 401), "HTTP 401: no body", "headers"),
        (page(b"oops", 503), "HTTP 503", "log"),
        (PACKED, "HTTP 200: the content coding br was not asked for", "not packed unasked"),
        (answer(error("004")), "error 004", "check token"),
    ],
)  # fmt: skip
def test_what_stands_in_place_of_the_api_is_recognised(given: Answer, said: str, repair: str) -> None:
    found = way(answer=given)["Connect API"]
    assert found.state == "problem"
    assert said in found.text
    assert repair in found.repair[0]
    assert f"the documented request got {found.text}" in preflight.diagnosis(
        replace(EVIDENCE, exchanges=(replace(FIRST, answer=given),))
    )


def test_what_answers_as_documented_needs_no_diagnosis() -> None:
    assert preflight.diagnosis(EVIDENCE) == ""
    assert preflight.diagnosis(Evidence((), "x", "https://x/", "query-xml")) == ""


def test_a_certificate_that_ends_soon_is_said() -> None:
    assert FIRST.tls
    found = way(tls=replace(FIRST.tls, expires=FIRST.finished + 86_400 * 1.5))["TLS"]
    assert (found.state, found.repair) == ("open", ("renew it soon",))
    assert "expires in 1 day" in found.text


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [
        (0, "ok", "the same"),
        (100, "ok", "100 s ahead"),
        (-100, "ok", "100 s behind"),
        (4_000, "open", "4000 s ahead"),
    ],
)
def test_the_clock_is_told_by_the_date(ahead: int, state: str, said: str) -> None:
    found = preflight.clock(replace(FIRST, answer=answer(SUCCESS, FIRST.started + ahead)), 300)
    assert found.state == state
    assert said in found.text


def test_without_a_date_there_is_no_clock() -> None:
    assert preflight.clock(replace(FIRST, answer=page(SUCCESS)), 300).state == "open"
    assert preflight.clock(replace(FIRST, answer=None), 300).state == "unseen"


def test_the_reference_can_be_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--endpoint", "reference"]) == 0
    said = capsys.readouterr().out
    assert said.count("\nok  ") == 12
    assert "error 009" in said
    assert "requests (" in said
    assert said.endswith("A run can be judged.\n")


class _Portal(BaseHTTPRequestHandler):
    """Sends everybody to a login page, or shows one; their own path in it."""

    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        if self.server.title:  # type: ignore[attr-defined]
            body = f"<title>{self.server.title}{self.path}".encode()  # type: ignore[attr-defined]
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        self.send_response(302)
        self.send_header("Location", f"https://login.example.com{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[tuple[str, ThreadingHTTPServer]]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Portal) as server:
        server.seen, server.title = [], ""  # type: ignore[attr-defined]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}", server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("", "HTTP 302: a redirect to https://login.example.com/[token]?XML="),
        ("\x1b[31mSign in\u202e", "a web page, '\\x1b[31mSign in\\u202e/[token]?XML="),
    ],
)
def test_a_portal_is_named_and_nothing_secret_or_live_is_printed(
    portal: tuple[str, ThreadingHTTPServer],
    title: str,
    shown: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, server = portal
    server.title = title  # type: ignore[attr-defined]
    config = tmp_path / "connect-conformance.toml"
    config.write_text(
        f'[targets.here]\nendpoint = "{url}/{TOKEN}"\nca_file = "ca.pem"\nhttp_endpoint = "http://127.0.0.1:1/"\n'
        '[targets.here.states.004]\nsetup = ["true"]\n',
        encoding="utf-8",
    )
    assert main(["doctor", f"--config={config}", "--target=here"]) == 10
    said = "".join(capsys.readouterr())
    assert len(server.seen) == 4, "as documented, as printed, with a last segment, as parameters"  # type: ignore[attr-defined]
    assert TOKEN[:8] not in said
    assert "\x1b" not in said
    assert "\u202e" not in said
    for expected in (
        shown,
        "provisioned by setup; not tried",
        "[targets.here.states.007]",
        "refuses connections on port 1",
        "A run cannot be judged: 1 problem.",
    ):
        assert expected in " ".join(said.split())


def test_a_wrong_option_is_refused_before_anything_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--endpoint", "http://example.com/x"]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_a_run_says_the_same_in_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", f"--endpoint=https://127.0.0.1:1/{TOKEN}", "--http-endpoint=http://127.0.0.1:1/"]
    assert main([*words, f"--reports={tmp_path}", "--select=ENV-01"]) == 10
    assert "127.0.0.1 refuses connections on port 1; to mend it:" in " ".join(capsys.readouterr().out.split())


# What an endpoint answers, and to whom


class _Endpoint(BaseHTTPRequestHandler):
    """Answers what its server's `said` says of method, path and body."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.path, self.headers.get("X-State", "")))  # type: ignore[attr-defined]
        status, text = self.server.said(self, body.decode("latin-1"))  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


Said = Callable[[BaseHTTPRequestHandler, str], tuple[int, bytes]]


def now() -> bytes:
    return re.sub(rb"(?<=<Timestamp>)[0-9]+", str(int(time.time())).encode(), SUCCESS)


@contextmanager
def endpoint(tmp_path: Path, said: Said, more: str = "") -> Iterator[tuple[list[str], list[tuple[str, str]]]]:
    """The words that have the doctor look at an endpoint, and what it was asked."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Endpoint) as server:
        server.seen, server.said = [], said  # type: ignore[attr-defined]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        file = tmp_path / "c.toml"
        file.write_text(
            f'[targets.here]\nendpoint = "https://127.0.0.1:{server.server_port}/{TOKEN}"\nca_file = "ca.pem"\n'
            f'http_endpoint = "http://127.0.0.1:1/"\n{more}',
            encoding="utf-8",
        )
        try:
            yield ["doctor", f"--config={file}", "--target=here"], server.seen  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


SOAP = b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>%s</e:Body></e:Envelope>"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: b"<br />\n<b>Warning</b>: mysql in x.php<br />\n" + text, "ENV-01"),
        (lambda text: b"\n<?xml version='1.0'?>" + text, "ENV-01"),
        (lambda text: SOAP % text, "ENV-03"),
        (lambda text: text.replace(b"ClICKATELLSDK", b"CLICKATELLSDK"), "ENV-03"),
        (lambda text: text.replace(b"Success", b"success"), "ENV-06"),
        (lambda text: re.sub(rb"(?<=<Timestamp>)[0-9]+", b"1316512313", text), "TIM-02"),
    ],
    ids=["a warning", "a blank line", "SOAP", "another root", "another word", "another day"],
)
def test_an_answer_is_read_as_the_checks_read_it(
    change: Callable[[bytes], bytes], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with endpoint(tmp_path, lambda _asked, _body: (200, change(now()))) as (words, _):
        assert main(words) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"but not as documented. {says}: " in told
    assert "open Connect API" in told


def test_an_answer_as_documented_is_ok(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with endpoint(tmp_path, lambda _asked, _body: (200, now())) as (words, _):
        assert main(words) == 0
    assert "the documented request is answered with Success" in " ".join(capsys.readouterr().out.split())


OTHERWISE: dict[str, tuple[Said, str]] = {
    "line breaks only": (
        lambda a, _: (200, now()) if "%0A" in a.path else (400, b"Bad Request"),
        "the documented request as the page prints it is served: let the endpoint read its request with an XML",
    ),
    "a form": (
        lambda _, body: (200, now()) if "XML=" in body else (200, error("999")),
        'binding = "form-xml"',
    ),
    "parameters": (
        lambda a, _: (200, now()) if "?action=" in a.path else (404, b"no"),
        'binding = "query-params"',
    ),
    "a body": (lambda _, body: (200, now()) if body.startswith("<") else (400, b""), 'binding = "body-xml"'),
    "a segment": (
        lambda a, _: (200, now()) if f"{TOKEN}/get_list_callback?" in a.path else (404, b"no"),
        "let `endpoint` end with /get_list_callback",
    ),
    "nothing": (lambda _a, _b: (200, error("999")), "check token, address and account"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_another_way_that_is_served_is_named(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, repair = OTHERWISE[name]
    with endpoint(tmp_path, said) as (words, _):
        assert main(words) == 10
    told = " ".join(capsys.readouterr().out.split())
    assert repair in told
    assert ("proxy, a login" in told or "check token" in told) == (name == "nothing")
    assert TOKEN[:8] not in told


def test_a_run_names_the_way_that_is_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with endpoint(tmp_path, OTHERWISE["a form"][0]) as (words, _):
        assert main(["run", *words[1:], f"--reports={tmp_path / 'out'}", "--select=REQ-*", "--select=CBK-09"]) == 1
    assert 'say `binding = "form-xml"`' in " ".join(capsys.readouterr().out.split())


def test_each_state_is_tried_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noted = "".join(
        f"{key} = [\"{sys.executable}\", \"-c\", \"open('{tmp_path}/{key}', 'a').write('x')\"]\n"
        for key in ("setup", "teardown")
    )
    more = '[targets.here.states.004]\nheaders = { X-State = "004" }\n'
    more += f'[targets.here.states.007]\nheaders = {{ X-State = "008" }}\n{noted}'
    more += '[targets.here.states.008]\nheaders = { X-State = "" }\n[targets.here.states.999]\nsetup = ["false"]\n'

    def said(asked: BaseHTTPRequestHandler, _: str) -> tuple[int, bytes]:
        return 200, error(asked.headers["X-State"]) if asked.headers.get("X-State") else now()

    with endpoint(tmp_path, said, more) as (words, seen):
        assert main(words) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "ok state 004 provisioned by headers; HTTP 200: answers with error 004" in told
    assert "open state 007 provisioned by headers, setup, teardown; HTTP 200: answers with error 008" in told
    assert "not with error 007" in told
    assert "open state 008 provisioned by headers; HTTP 200: answers with Success, so it is not reached" in told
    assert "the setup command of state 999 ended with exit status 1" in told
    assert [state for _, state in seen if state] == ["004", "008"]
    assert [(tmp_path / key).read_text() for key in ("setup", "teardown")] == ["x", "x"]


def test_what_has_one_cause_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--endpoint=https://nobody.invalid/T0KEN"]) == 10
    told = " ".join(capsys.readouterr().out.split())
    assert told.count("nobody.invalid does not resolve") == 1
    assert "- plain HTTP not reached, for the same reason" in told
    assert "open states 004, 007, 008, 999: not provisioned" in told
    assert told.count("[targets.") == 1
