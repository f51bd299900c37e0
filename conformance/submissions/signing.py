"""Ed25519 signatures in DSSE envelopes, by securesystemslib: the one place that knows keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error, VerificationError
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from conformance.contract.given import ConfigError, read_file

PrivateKey = Ed25519PrivateKey
PublicKey = Key
_HOW = "an Ed25519 key in PEM, as `openssl genpkey -algorithm ed25519` makes one"


def private_key(file: Path) -> PrivateKey:
    """The key that signs. Raises ConfigError, which quotes nothing of the file."""
    try:
        key = load_pem_private_key(_read(file), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"--key: {file} is no key that can be used; allowed: {_HOW}, not encrypted") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"--key: {file} is a key of another kind; allowed: {_HOW}")
    return key


def public_key(file: Path) -> PublicKey:
    """A key that is trusted: its public half, in a file of its own. Raises ConfigError."""
    data = _read(file)
    if b"PRIVATE KEY" in data:
        how = "`openssl pkey -in KEY -pubout` prints its public half"
        raise ConfigError(f"--trust: {file} is a private key, which nobody should hand out; allowed: {how}")
    found = pem_key(data)
    if found is None:
        raise ConfigError(f"--trust: {file} is no public key that can be used; allowed: {_HOW}, its public half")
    return found


def pem_key(data: bytes) -> PublicKey | None:
    """The public key in PEM; None where it is none of Ed25519."""
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return SSlibKey.from_crypto(key) if isinstance(key, Ed25519PublicKey) else None


def public_half(key: PrivateKey) -> bytes:
    """The public half of a key, in PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(payload: bytes, kind: str, key: PrivateKey) -> bytes:
    """A DSSE envelope with the payload, as JSON. kind: its media type."""
    envelope = Envelope(payload, kind, {})
    envelope.sign(CryptoSigner(key))
    return json.dumps(envelope.to_dict(), indent=1).encode() + b"\n"


def opened(envelope: bytes, kind: str, keys: list[PublicKey]) -> tuple[bytes, PublicKey | None]:
    """The payload of an envelope, and which of the keys has signed it; None where none has.

    Raises ValueError for what is no envelope of this kind.
    """
    try:
        said: Any = json.loads(envelope)
        found = Envelope.from_dict(said)
        payload, named, signatures = found.payload, found.payload_type, found.signatures
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError, Error):
        raise ValueError("is no DSSE envelope") from None
    if named != kind:
        raise ValueError(f"is an envelope of another kind than {kind}")
    if not signatures or not keys:
        return payload, None
    try:
        return payload, next(iter(found.verify(keys, 1).values()))
    except VerificationError:
        return payload, None


def _read(file: Path) -> bytes:
    try:
        return read_file(file, 1 << 20)
    except OSError as error:
        raise ConfigError(f"cannot read the key {file}: {error.strerror}; allowed: {_HOW}") from None
