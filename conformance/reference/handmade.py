"""Certificates as openssl makes them by hand: no key identifiers, and names only where somebody thought of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_DAYS = 90


def handmade(
    *names: str, alternative_names: bool = True, use: x509.ObjectIdentifier | None = None
) -> tuple[bytes, bytes]:
    """A CA's certificate, and a key with the certificate that it signs for these hosts, both in PEM.

    alternative_names: the hosts are named there; else the first, in the common name alone. use: the one extended use
    of the key that is named.
    """
    key, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Office CA")])
    ca = _certificate(root, root, own.public_key()).add_extension(x509.BasicConstraints(True, None), critical=True)
    leaf = _certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]), root, key.public_key())
    if alternative_names:
        leaf = leaf.add_extension(x509.SubjectAlternativeName(list(map(_named, names))), critical=False)
    if use:
        leaf = leaf.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _signed(ca, own), pem + _signed(leaf, own)


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _certificate(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _signed(certificate: x509.CertificateBuilder, by: ec.EllipticCurvePrivateKey) -> bytes:
    return certificate.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM)
