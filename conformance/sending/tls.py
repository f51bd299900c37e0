"""TLS: one context, the same under every Python; what was negotiated; what a failed handshake shows.

The contexts that `ssl` makes by itself differ between versions of Python and between builds of OpenSSL, so that one
certificate would verify here and not there. Everything that decides is therefore set here.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import warnings
from typing import TYPE_CHECKING

from conformance.contract.quoting import clip
from conformance.evidence.exchange import Tls
from conformance.sending.failure import LineFailed

if TYPE_CHECKING:
    from conformance.target.target import Target

_NOT_TLS = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
}
# Alerts by which a server refuses the certificate of its client, or the lack of one (RFC 8446 section 6.2).
_CLIENT_REFUSED = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "demands one",
    "TLSV1_ALERT_CERTIFICATE_REQUIRED": "demands one",
    "SSLV3_ALERT_NO_CERTIFICATE": "demands one",
    "SSLV3_ALERT_BAD_CERTIFICATE": "takes it for a bad one",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "does not support its kind",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "takes it for revoked",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "takes it for expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "does not accept it",
    "TLSV1_ALERT_UNKNOWN_CA": "does not know its CA",
    "TLSV1_ALERT_ACCESS_DENIED": "denies access with it",
}
# OpenSSL's codes of verification (x509_vfy.h), where nothing leads from the certificate to one that is trusted.
_NO_ISSUER, _UNVERIFIED_LEAF = (2, 20), 21
_SELF_SIGNED, _SELF_SIGNED_ROOT = 18, 19
_MISMATCH = (62, 64)  # of the host's name, of its address
WRONG_PURPOSE = (" unsuitable certificate purpose", " unsupported certificate purpose")  # of 26, by version of OpenSSL


class Trust:
    """What a target's connections trust, and the certificate that they show."""

    def __init__(self, target: Target | None = None) -> None:
        self.ca_file = target.ca_file if target else ""
        self.client_cert = target.client_cert if target else ""
        self.context = context(self.ca_file, self.client_cert, target.client_key if target else "")

    @property
    def is_empty(self) -> bool:
        """Whether no CA is trusted, because none is configured and this machine has no store of them."""
        return not self.ca_file and not self.context.cert_store_stats()["x509_ca"] and not _directory_is_used()

    def failed(self, error: BaseException | None, host: str) -> LineFailed | None:
        """What an error of TLS shows, in the handshake or after it; None where it is none."""
        cause = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return self._unverified(cause, host)
        return self._by_reason(_reason(cause)) if cause is not None and _reason(cause) else None

    def _by_reason(self, reason: str) -> LineFailed:
        """What one of OpenSSL's words for a failure comes to."""
        if reason in _NOT_TLS:
            return LineFailed("no-tls", "the port does not speak TLS")
        if "NO_APPLICATION_PROTOCOL" in reason:
            return no_http_1("the server agrees on no protocol (ALPN) where HTTP/1.1 is offered")
        if "UNEXPECTED_EOF" in reason:
            return LineFailed("closed", "the connection was closed during the TLS handshake")
        if reason in _CLIENT_REFUSED:
            return self._client_refused(_CLIENT_REFUSED[reason])
        said = f"the TLS handshake failed: {reason.replace('_', ' ').lower()}"
        if "HANDSHAKE_FAILURE" in reason and not self.client_cert:
            said += "; the server may demand a client certificate (`client_cert`), or share no cipher with the suite"
        return LineFailed("tls", said)

    def _client_refused(self, how: str) -> LineFailed:
        if self.client_cert:
            said = "it demands another one" if how == "demands one" else f"it {how}"
            return LineFailed("client-cert", f"the server refuses the client certificate (`client_cert`): {said}")
        return LineFailed(
            "client-cert", "the server demands a client certificate, and none is configured (`client_cert`)"
        )

    def _unverified(self, error: ssl.SSLCertVerificationError, host: str) -> LineFailed:
        code, said = error.verify_code, clip(error.verify_message, 400)
        if code in {*_NO_ISSUER, _UNVERIFIED_LEAF, _SELF_SIGNED, _SELF_SIGNED_ROOT} and self.is_empty:
            return LineFailed(
                "no-trust",
                "this machine has no store of CA certificates, so no certificate can be verified here: install one"
                " (the package ca-certificates), or name a file of them with `ca_file`",
            )
        trusted = "`ca_file`" if self.ca_file else "this machine's trust store"
        if code in {*_NO_ISSUER, _UNVERIFIED_LEAF}:
            said = f"what the server sends does not lead to a CA of {trusted} ({said})"
        elif code in {_SELF_SIGNED, _SELF_SIGNED_ROOT}:
            said = f"{said}, and not in {trusted}"
        elif code in _MISMATCH:
            said = f"none of its subject alternative names is {host} (a common name does not count, RFC 9525)"
        return LineFailed("certificate", f"the certificate does not verify: {said}")


def _reason(error: ssl.SSLError) -> str:
    """OpenSSL's word for a failure; where `ssl` has no name for it, from its text: [SSL] tlsv1 alert ... (_ssl.c:1)."""
    quoted = re.match(r"\[SSL\] ([a-z0-9 ]+) \(", error.strerror or "")
    return error.reason or (quoted[1].replace(" ", "_").upper() if quoted else "")


def no_http_1(what: str) -> LineFailed:
    """A server that does not speak the version of HTTP that the suite speaks."""
    return LineFailed("http2", f"{what}: it may speak HTTP/2 only, and the suite speaks HTTP/1.1")


def context(ca_file: str = "", client_cert: str = "", client_key: str = "") -> ssl.SSLContext:
    """A client's context, the same everywhere: TLS 1.2 or newer, HTTP/1.1, names by RFC 9525.

    Of a chain, any certificate that is trusted will do: a private CA is often named by an intermediate one. What
    RFC 5280 asks of the form of CA certificates beyond their signatures is not asked.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.verify_flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    made.hostname_checks_common_name = False
    made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED
    made.set_ciphers("DEFAULT:@SECLEVEL=2")
    made.set_alpn_protocols(["http/1.1"])
    if ca_file:
        made.load_verify_locations(cafile=ca_file)
    else:
        made.load_default_certs()
    if client_cert:
        made.load_cert_chain(client_cert, client_key or None)
    if keys := os.environ.get("SSLKEYLOGFILE"):
        with contextlib.suppress(OSError):  # a file that cannot be written is no reason not to connect
            made.keylog_filename = keys
    return made


def _directory_is_used() -> bool:
    """Whether OpenSSL finds certificates, one by one, in its directories of CA certificates."""
    paths = ssl.get_default_verify_paths()
    listed = os.environ.get(paths.openssl_capath_env) or paths.openssl_capath
    for directory in listed.split(os.pathsep):
        with contextlib.suppress(OSError):
            if any(re.fullmatch(r"[0-9a-f]{8}\.[0-9]+", name) for name in os.listdir(directory)):
                return True
    return False


def old(lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> ssl.SSLContext:
    """A context that offers old versions of TLS. Raises ssl.SSLError or ValueError where this machine lacks one."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE  # nothing is sent over this connection
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version, made.maximum_version = lowest, highest
    return made


def unverified() -> ssl.SSLContext:
    """A context that takes any certificate, so that it can be looked at; nothing is sent over its connections."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def for_any_purpose(tls: ssl.SSLObject) -> LineFailed | None:
    """What to say of a certificate that OpenSSL refuses for its purpose, where other clients take it.

    RFC 5280 section 4.2.1.12: anyExtendedKeyUsage restricts nothing, and whoever looks for serverAuth MAY refuse it.
    OpenSSL and Firefox do, Java and Go do not.
    """
    from cryptography import x509  # noqa: PLC0415  rarely needed
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    try:
        certificate = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
        uses = [use for e in certificate.extensions if isinstance(e.value, x509.ExtendedKeyUsage) for use in e.value]
    except Exception:  # noqa: BLE001  whatever an endpoint's certificate holds
        return None
    if ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in uses or ExtendedKeyUsageOID.SERVER_AUTH in uses:
        return None
    return LineFailed(
        "purpose",
        "the certificate is for any purpose (anyExtendedKeyUsage) and does not name servers (serverAuth): clients may"
        " refuse it (RFC 5280 section 4.2.1.12), as those of OpenSSL do (curl, PHP, Python) and this suite, while Java"
        " and Go take it",
    )


def facts(tls: ssl.SSLObject | None) -> Tls | None:
    """What was negotiated, and the certificate."""
    if tls is None:
        return None
    certificate = tls.getpeercert() or {}
    subject: tuple[tuple[tuple[str, str], ...], ...] = certificate.get("subject", ())  # type: ignore[assignment]
    names = [value for entry in subject for key, value in entry if key == "commonName"]
    expires = certificate.get("notAfter")
    return Tls(
        version=tls.version() or "",
        cipher=(tls.cipher() or ("",))[0],
        subject=str(names[0]) if names else "",
        expires=float(ssl.cert_time_to_seconds(str(expires))) if expires else None,
    )
