"""Certificates: the same verdict under every Python; what this machine lacks is never held against the endpoint."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from conformance.contract.given import ConfigError
from conformance.reference.handmade import handmade
from conformance.sending.connect import Dialer
from conformance.sending.looks import Look
from conformance.sending.tls import context, for_any_purpose
from conformance.target.target import target
from tests.answering import CONTRACT, HOST, Endpoint, Script, honest, http, reason, served, session, verdict
from tests.command import ROOT


def test_what_decides_is_set_by_the_suite() -> None:
    """The defaults differ between versions of Python: each is said."""
    made = context()
    assert made.verify_flags == ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert not made.hostname_checks_common_name
    assert made.minimum_version is ssl.TLSVersion.TLSv1_2


_OLD = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("takes", "agreed"), [(None, (False, False)), (0, (True, False)), (1, (False, True))])
def test_to_which_old_versions_an_endpoint_agrees(
    takes: int | None, agreed: tuple[bool, bool], authority: trustme.CA, ca_file: Path
) -> None:
    """One that takes neither is asked once, for both."""
    tls = served(authority.issue_cert(HOST))
    if takes is not None:
        tls.set_ciphers("ALL:@SECLEVEL=0")
        tls.minimum_version = tls.maximum_version = _OLD[takes]
    with Endpoint(tls=tls) as endpoint:
        subject = target("t", {"endpoint": f"https://{HOST}:{endpoint.port}/x", "ca_file": str(ca_file)}, CONTRACT)
        seen = anyio.run(Dialer(subject, lambda name, _: ["127.0.0.1"]).handshakes)
        connections = endpoint._connections
    assert [(h.version, h.accepted) for h in seen] == list(zip(("TLS 1.0", "TLS 1.1"), agreed, strict=True))
    assert connections == (1 if takes is None else 3)


def by_hand(folder: Path, *, names: bool = True) -> tuple[Path, ssl.SSLContext]:
    """A CA file and a server's context, made without key identifiers, and perhaps without alternative names."""
    authority, own = handmade(HOST, alternative_names=names)
    (folder / "office.pem").write_bytes(authority)
    (folder / "leaf.pem").write_bytes(own)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "leaf.pem")
    return folder / "office.pem", made


def test_a_private_ca_without_key_identifiers_is_accepted(tmp_path: Path) -> None:
    ca_file, tls = by_hand(tmp_path)
    with Endpoint(tls=tls) as endpoint:
        assert verdict(session(endpoint, ca_file=ca_file)[1], "TLS-03") == "pass"


def test_a_common_name_alone_is_no_name(tmp_path: Path) -> None:
    ca_file, tls = by_hand(tmp_path, names=False)
    with Endpoint(tls=tls) as endpoint:
        report = session(endpoint, ca_file=ca_file)[1]
    assert verdict(report, "TLS-03") == "fail"
    assert "subject alternative names" in reason(report, "TLS-03")


@pytest.mark.parametrize(
    ("host", "names", "verdict_"),
    {
        "its name": (HOST, (HOST,), "pass"),
        "a wildcard": ("a.host.example", ("*.host.example",), "pass"),
        "a wildcard, two labels deep": ("a.b.host.example", ("*.host.example",), "fail"),
        "another name": (HOST, ("other.example",), "fail"),
        "an address as an address": ("127.0.0.1", ("127.0.0.1",), "pass"),
        "an address, for a name": ("127.0.0.1", (HOST,), "fail"),
        "a name with a final dot": (f"{HOST}.", (HOST,), "pass"),
        "capitals": (HOST.upper(), (HOST,), "pass"),
        "an international name": ("bücher.example", ("xn--bcher-kva.example",), "pass"),
    }.values(),
)
def test_names(host: str, names: tuple[str, ...], verdict_: str, authority: trustme.CA, ca_file: Path) -> None:
    with Endpoint(tls=served(authority.issue_cert(*names))) as endpoint:
        report = session(endpoint, ca_file=ca_file, host=host)[1]
    assert verdict(report, "TLS-03") == verdict_


def test_a_final_dot_reaches_nobody(authority: trustme.CA, ca_file: Path) -> None:
    named: list[str | None] = []
    tls = served(authority.issue_cert(HOST))
    tls.sni_callback = lambda _sock, name, _context: named.append(name)
    with Endpoint(tls=tls) as endpoint:
        session(endpoint, ca_file=ca_file, host=f"{HOST}.")
    assert set(named) == {HOST}
    assert {call.host for call in endpoint.calls} == {f"{HOST}:{endpoint.port}"}


DAYS: dict[str, tuple[timedelta, timedelta, str]] = {
    "expired": (timedelta(days=-9), timedelta(days=-1), "expired"),
    "not yet valid": (timedelta(days=1), timedelta(days=9), "not yet valid"),
}


@pytest.mark.parametrize(("begins", "ends", "said"), DAYS.values(), ids=DAYS)
def test_days(begins: timedelta, ends: timedelta, said: str, authority: trustme.CA, ca_file: Path) -> None:
    now = datetime.now(UTC)
    leaf = authority.issue_cert(HOST, not_before=now + begins, not_after=now + ends)
    with Endpoint(tls=served(leaf)) as endpoint:
        report = session(endpoint, ca_file=ca_file)[1]
    assert verdict(report, "TLS-03") == "fail"
    assert said in reason(report, "TLS-03")


@pytest.mark.parametrize("sent", [2, 1])
def test_an_intermediate_certificate_may_be_trusted(sent: int, authority: trustme.CA, tmp_path: Path) -> None:
    between = authority.create_child_ca()
    between.cert_pem.write_to_path(str(tmp_path / "between.pem"))
    with Endpoint(tls=served(between.issue_cert(HOST), sent)) as endpoint:
        assert verdict(session(endpoint, ca_file=tmp_path / "between.pem")[1], "TLS-03") == "pass"


def test_a_missing_intermediate_certificate_is_said(authority: trustme.CA, ca_file: Path) -> None:
    leaf = authority.create_child_ca().issue_cert(HOST)
    with Endpoint(tls=served(leaf, 1)) as endpoint:
        report = session(endpoint, ca_file=ca_file)[1]
    assert verdict(report, "TLS-03") == "fail"
    assert "what the server sends does not lead to a CA of" in reason(report, "TLS-03")


@pytest.mark.parametrize(
    ("use", "verdict_"),
    [(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, "inconclusive"), (ExtendedKeyUsageOID.CLIENT_AUTH, "fail")],
)
def test_a_certificate_that_some_clients_take_is_left_open(
    use: x509.ObjectIdentifier, verdict_: str, tmp_path: Path
) -> None:
    authority, own = handmade(HOST, use=use)
    (tmp_path / "office.pem").write_bytes(authority)
    (tmp_path / "leaf.pem").write_bytes(own)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "leaf.pem")
    with Endpoint(tls=tls) as endpoint:
        report = session(endpoint, ca_file=tmp_path / "office.pem")[1]
    assert verdict(report, "TLS-03") == verdict_
    assert "purpose" in reason(report, "TLS-03")
    assert "serverAuth" in report.obstacle


def test_such_a_certificate_is_looked_at_from_the_source_address(tmp_path: Path) -> None:
    seen = set()

    class Watched(Endpoint):
        def _serve(self, sock: socket.socket, connection: int) -> None:
            seen.add(sock.getpeername()[0])
            super()._serve(sock, connection)

    authority, own = handmade(HOST, use=ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    (tmp_path / "office.pem").write_bytes(authority)
    (tmp_path / "leaf.pem").write_bytes(own)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "leaf.pem")
    with Watched(tls=tls) as endpoint:
        report = session(endpoint, ca_file=tmp_path / "office.pem", source_address="127.0.0.3")[1]
    assert verdict(report, "TLS-03") == "inconclusive"
    assert seen == {"127.0.0.3"}


def test_a_name_with_the_word_purpose_is_no_reason_to_look(authority: trustme.CA, ca_file: Path) -> None:
    never = mock.patch.object(Look, "any_purpose", side_effect=AssertionError)
    with Endpoint(tls=served(authority.issue_cert("sdk.example"))) as endpoint, never:
        report = session(endpoint, ca_file=ca_file, host="purpose.example")[1]
    assert verdict(report, "TLS-03") == "fail"


class _Shown:
    """A connection on which a certificate was shown, with these extensions."""

    def __init__(self, *extensions: x509.ExtensionType) -> None:
        key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
        made = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime.now(UTC), datetime.now(UTC))
        for extension in extensions:
            made = made.add_extension(extension, critical=False)
        self.octets = made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def getpeercert(self, binary_form: bool) -> bytes:
        return self.octets if binary_form else b""


ANY, SERVERS = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, ExtendedKeyUsageOID.SERVER_AUTH
X400 = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x02\xa3\x00")  # names that nobody reads


@pytest.mark.parametrize(
    ("extensions", "is_left_open"),
    [
        ([x509.ExtendedKeyUsage([ANY])], True),
        ([x509.ExtendedKeyUsage([ANY, SERVERS])], False),
        ([x509.ExtendedKeyUsage([ANY]), X400], False),
    ],
)
def test_what_a_certificate_is_for(extensions: list[x509.ExtensionType], is_left_open: bool) -> None:
    shown: Any = _Shown(*extensions)
    assert (for_any_purpose(shown) is not None) == is_left_open


# What this machine lacks

# What this machine lacks


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))


@pytest.mark.usefixtures("no_store")
@pytest.mark.parametrize("own", [False, True])
def test_no_store_of_certificates_accuses_nobody(own: bool, authority: trustme.CA, tmp_path: Path) -> None:
    tls = by_hand(tmp_path)[1] if own else served(authority.issue_cert(HOST))
    with Endpoint(tls=tls) as endpoint:
        evidence, report = session(endpoint)
    assert evidence.exchanges[0].loss
    assert evidence.exchanges[0].loss.kind == "no-trust"
    assert verdict(report, "TLS-03") == "inconclusive"
    assert "ca-certificates" in reason(report, "TLS-03")
    assert "`ca_file`" in reason(report, "TLS-03")


@pytest.mark.usefixtures("no_store")
def test_a_file_of_certificates_stands_for_a_store(authority: trustme.CA, ca_file: Path) -> None:
    with Endpoint(tls=served(authority.issue_cert(HOST))) as endpoint:
        assert verdict(session(endpoint, ca_file=ca_file)[1], "TLS-03") == "pass"


@pytest.mark.usefixtures("no_store")
def test_a_directory_of_certificates_is_a_store(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d").mkdir()
    authority.cert_pem.write_to_path(str(tmp_path / "d" / "0123abcd.0"))
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'none'}:{tmp_path / 'd'}")
    with Endpoint(tls=served(authority.issue_cert(HOST))) as endpoint:
        assert verdict(session(endpoint)[1], "TLS-03") == "fail"


@pytest.mark.parametrize("file", ["none/keys", "."])
def test_a_key_log_that_cannot_be_written_hinders_nobody(
    file: str, authority: trustme.CA, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / file))
    with Endpoint(tls=served(authority.issue_cert(HOST))) as endpoint:
        assert verdict(session(endpoint, ca_file=ca_file)[1], "TLS-03") == "pass"


# Mutual TLS


def demanding(authority: trustme.CA, version: ssl.TLSVersion) -> ssl.SSLContext:
    tls = served(authority.issue_cert(HOST))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.minimum_version = tls.maximum_version = version
    authority.configure_trust(tls)
    return tls


def client(of: trustme.CA, folder: Path) -> dict[str, Any]:
    leaf = of.issue_cert(common_name="client")
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "client.pem"))
    return {"client_cert": str(folder / "client.pem"), "client_key": str(folder / "key.pem")}


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_certificate_is_shown(
    version: ssl.TLSVersion, authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    with Endpoint(tls=demanding(authority, version)) as endpoint:
        report = session(endpoint, ca_file=ca_file, **client(authority, tmp_path))[1]
    assert verdict(report, "TLS-03") == "pass"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("wrong", [False, True])
def test_a_client_certificate_that_lacks_accuses_nobody(
    version: ssl.TLSVersion, wrong: bool, authority: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    shown = client(trustme.CA(), tmp_path) if wrong else {}
    with Endpoint(tls=demanding(authority, version)) as endpoint:
        report = session(endpoint, ca_file=ca_file, **shown)[1]
    assert verdict(report, "TLS-03") == verdict(report, "REQ-01") == "inconclusive"
    assert "`client_cert`" in reason(report, "TLS-03")
    assert "client certificate" in reason(report, "TLS-03")


@pytest.mark.parametrize("said", ["No required SSL certificate was sent", "The SSL certificate error"])
def test_a_page_that_demands_one_accuses_nobody(said: str, authority: trustme.CA, ca_file: Path) -> None:
    page = f"<html><head><title>400 {said}</title></head><body>nginx</body></html>".encode()
    with Endpoint(lambda _: http(page, status="400 Bad Request"), tls=served(authority.issue_cert(HOST))) as endpoint:
        report = session(endpoint, ca_file=ca_file)[1]
    assert verdict(report, "REQ-01") == "inconclusive"
    assert "`client_cert`" in reason(report, "REQ-01")


# Other protocols


def test_a_server_of_http_2_alone_is_named(authority: trustme.CA, ca_file: Path) -> None:
    """By the frame that it begins with, where it does not care for ALPN."""
    settings = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00" + b"\x00\x03\x00\x00\x00\x64"
    tls = served(authority.issue_cert(HOST))
    scripts: list[tuple[bytes, Script]] = [(settings, lambda _: b""), (b"", lambda _: settings)]
    for greeting, script in scripts:
        with Endpoint(script, tls=tls, greeting=greeting) as endpoint:
            report = session(endpoint, ca_file=ca_file)[1]
        assert verdict(report, "REQ-01") == "inconclusive"
        assert "HTTP/2 only" in reason(report, "REQ-01")


def test_plain_http_where_tls_should_be_is_a_breach() -> None:
    with Endpoint(honest, greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as endpoint:
        report = session(endpoint)[1]
    assert verdict(report, "TLS-03") == "fail"
    assert "does not speak TLS" in reason(report, "TLS-03")


# A client's certificate and key, before anything is sent

WRONG_CLIENTS = {
    "another key": ("other.pem", "is not that of"),
    "an encrypted key": ("encrypted.pem", "is encrypted"),
    "a key that is not there": ("none.pem", "there is no file"),
    "no key": ("", "holds no private key"),
}


@pytest.mark.parametrize(("key", "said"), WRONG_CLIENTS.values(), ids=WRONG_CLIENTS)
def test_a_wrong_client_is_refused_in_one_line(key: str, said: str, authority: trustme.CA, tmp_path: Path) -> None:
    client(authority, tmp_path)
    other = ec.generate_private_key(ec.SECP256R1())
    for name, how in (("other.pem", NoEncryption()), ("encrypted.pem", BestAvailableEncryption(b"secret"))):
        pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
        (tmp_path / name).write_bytes(pem)
    names = {"client_cert": "client.pem", "client_key": key}
    config = dict(endpoint=f"https://{HOST}/x", **names)
    with pytest.raises(ConfigError, match=said) as raised:
        target("line", config, CONTRACT, environment={}, base=tmp_path)
    assert len(str(raised.value).splitlines()) == 1


# What a server says instead of a handshake (RFC 8446 section 6)

ALERTS = {
    "no_application_protocol": (120, "http2", "HTTP/2 only"),
    "handshake_failure": (40, "tls", "`client_cert`"),
    "bad_certificate": (42, "client-cert", "`client_cert`"),
    "unknown_ca": (48, "client-cert", "`client_cert`"),
    "internal_error": (80, "tls", "internal error"),
    "protocol_version": (70, "tls", "protocol version"),
    "unrecognized_name": (112, "tls", "unrecognized name"),
}


@pytest.mark.parametrize(("number", "kind", "said"), ALERTS.values(), ids=ALERTS)
def test_an_alert_is_told_and_accuses_nobody(number: int, kind: str, said: str) -> None:
    with Endpoint(greeting=bytes([0x15, 3, 3, 0, 2, 2, number])) as endpoint:
        evidence, report = session(endpoint)
    assert evidence.exchanges[0].loss
    assert (evidence.exchanges[0].loss.kind, said in evidence.exchanges[0].loss.reason) == (kind, True)
    assert verdict(report, "TLS-03") == "inconclusive"


def test_the_suite_starts_with_a_key_log_that_cannot_be_written() -> None:
    """From Python 3.12 on, urllib prepares for TLS before it opens a file, and xmlschema opens its own by it."""
    code = (
        "from conformance.contract.load import documented; from conformance.contract.xsd import Schema\n"
        "call = documented().call; assert Schema(call.response_schema).engine.is_valid(str(call.response_sample))"
    )
    environment = os.environ | {"SSLKEYLOGFILE": "/nowhere/keys"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=ROOT)
