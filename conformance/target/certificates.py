"""Files of certificates and keys, checked before anything is sent: what is wrong with one, in a few words."""

from __future__ import annotations

import ssl
from pathlib import Path

from conformance.contract.given import read_file

_MOST = 16 << 20  # octets; every public authority there is takes half a megabyte


class WrongFile(ValueError):  # noqa: N818
    """A file cannot be used. key: of the configuration; allowed: what may stand there."""

    def __init__(self, key: str, what: str, allowed: str) -> None:
        super().__init__(what)
        self.key, self.allowed = key, allowed


def check_authorities(file: Path) -> None:
    """Raises WrongFile unless `file` holds certificates to trust."""
    _pem("ca_file", file, "CERTIFICATE-----", "a PEM file with CA certificates")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=str(file))
    except (OSError, ssl.SSLError):
        raise WrongFile("ca_file", f"{file} is not a PEM file with certificates", "a PEM file") from None


def check_client(certificate: Path, key: Path) -> None:
    """Raises WrongFile unless the two are a client's certificate (its chain behind it) and its own, open key."""
    _pem("client_cert", certificate, "CERTIFICATE-----", "a PEM file with the client's certificate")
    allowed = "a PEM file with the private key of client_cert, not encrypted"
    missing = "client_cert" if key == certificate else "client_key"
    _pem(
        missing,
        key,
        "PRIVATE KEY-----",
        "a PEM file with a certificate and its key, or client_key" if key == certificate else allowed,
    )
    asked = []

    def password() -> str:
        asked.append(key)
        return ""

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        if asked:
            raise WrongFile(missing, f"the key in {key} is encrypted", allowed) from None
        if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
            raise WrongFile(missing, f"the key in {key} is not that of {certificate}", allowed) from None
        raise WrongFile("client_cert", f"{certificate} and {key} cannot be used", "PEM files") from None


def _pem(key: str, file: Path, label: str, allowed: str) -> None:
    try:
        text = read_file(file, _MOST)
    except FileNotFoundError:
        raise WrongFile(key, f"there is no file {file}", allowed) from None
    except ValueError:
        raise WrongFile(key, "the name of the file has a NUL in it", allowed) from None
    except OSError as error:
        raise WrongFile(key, f"cannot read {file}: {error.strerror}", allowed) from None
    if label.encode() not in text:
        what = "private key" if "KEY" in label else "certificate"
        raise WrongFile(key, f"{file} holds no {what} in PEM", allowed)
