"""What lies below HTTP: the certificate, the TLS versions, and what the two ports speak."""

from __future__ import annotations

import itertools
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Transport:
    """TLS 1.2 and newer, with a certificate of a CA of this endpoint alone; or as a variant has it."""

    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    ciphers: str = ""
    names: tuple[str, ...] = ()  # instead of the host's
    days: tuple[float, float] = (-1, 365)  # of the certificate's validity, from today
    trusted: bool = True  # by the CA file
    expired_every: int = 0  # which connections are shown one that has expired, as by one node of several
    intermediate: Literal["", "sent", "missing"] = ""
    anchored: Literal["root", "intermediate"] = "root"  # what the CA file holds
    handmade: Literal["", "named", "common name alone"] = ""  # by a CA without key identifiers
    rsa: bool = False
    encrypted: bool = True  # the HTTPS port speaks TLS
    plain_http: bool = True  # the HTTP port listens
    either: bool = False  # the HTTPS port speaks plain HTTP too, to those who begin with it
    greeting: bytes = b""  # what each new connection begins with, before anything is asked


def certified(transport: Transport, ca_file: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    """A server's TLS context; the certificate to trust goes into `ca_file`."""
    import trustme  # noqa: PLC0415  (an endpoint that is never started should cost nothing)

    trusted, own = _issued(transport, names)
    ca_file.write_bytes(trusted)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = transport.minimum, transport.maximum
    if transport.ciphers:
        context.set_ciphers(transport.ciphers)
    with trustme.Blob(own).tempfile(str(ca_file.parent)) as file:
        context.load_cert_chain(file)
    if transport.expired_every:
        _taking_turns(context, certified(Transport(days=(-30, -1)), ca_file.with_name("other.pem"), names), transport)
    return context


def _taking_turns(context: ssl.SSLContext, other: ssl.SSLContext, transport: Transport) -> None:
    """Have every so many handshakes go by the other context."""
    handshakes = itertools.count(1)

    def choose(connection: ssl.SSLObject, *_: object) -> None:
        if next(handshakes) % transport.expired_every == 0:
            connection.context = other

    context.sni_callback = choose


def _issued(transport: Transport, names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """The certificate to trust, and the server's key with the chain that it sends, both in PEM."""
    if transport.handmade:
        from conformance.reference.handmade import handmade  # noqa: PLC0415

        return handmade(*NAMES, *names, alternative_names=transport.handmade == "named")
    import trustme  # noqa: PLC0415

    key_type = trustme.KeyType.RSA if transport.rsa else trustme.KeyType.ECDSA
    authority = trustme.CA(key_type=key_type)
    issuer = authority.create_child_ca(key_type) if transport.intermediate else authority
    anchor = issuer if transport.anchored == "intermediate" else authority
    begins, ends = (datetime.now(UTC) + timedelta(days=days) for days in transport.days)
    leaf = issuer.issue_cert(
        *dict.fromkeys(transport.names or (*NAMES, *names)), not_before=begins, not_after=ends, key_type=key_type
    )
    sent = 1 if transport.intermediate == "missing" else None
    chain = b"".join(certificate.bytes() for certificate in leaf.cert_chain_pems[:sent])
    return (anchor if transport.trusted else trustme.CA()).cert_pem.bytes(), leaf.private_key_pem.bytes() + chain
