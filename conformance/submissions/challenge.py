"""A challenge: what an owner asks a partner to answer with a run that cannot have been made before.

The seed of the run follows from its nonce, so that what the suite invents (actions, stand-in tokens, generated
requests) was not known before the challenge was.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from conformance import __version__
from conformance.contract.given import ConfigError, read_file
from conformance.submissions.signing import PrivateKey, PublicKey, opened, signed
from conformance.target.hosts import host_is_valid
from conformance.verdicts.policy import Policy, policy_of

if TYPE_CHECKING:
    from conformance.contract.model import Contract

FORMAT = 1
KIND = "application/vnd.connect-conformance.challenge+json"
_MOST = 1 << 20  # octets of a challenge that are read at all
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_LONGEST = timedelta(days=366)
_ALLOWED = "a file that `challenge` wrote"


class Challenge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked. for_: who is to answer. hosts: of the endpoint. issued, expires: RFC 3339, UTC."""

    format: int = FORMAT
    nonce: str
    for_: str = msgspec.field(name="for")
    hosts: tuple[str, ...]
    issued: str
    expires: str
    contract: str
    minimum_suite: str
    policy: dict[str, Any] | None = None

    @property
    def payload(self) -> bytes:
        """The one way to write it, which is signed and digested."""
        return json.dumps(msgspec.to_builtins(self), sort_keys=True, separators=(",", ":")).encode("ascii")

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.payload).hexdigest()

    @property
    def seed(self) -> int:
        """The seed of a run that answers it: 52 bits, which every reader of JSON keeps."""
        drawn = hmac.new(self.nonce.encode(), b"seed of a run of connect-conformance", hashlib.sha256)
        return int.from_bytes(drawn.digest()[:8]) >> 12

    @property
    def window(self) -> tuple[float, float]:
        """Unix seconds from which and until which it can be answered."""
        return moment(self.issued), moment(self.expires)

    def rules(self, contract: Contract) -> Policy | None:
        """The policy that it carries. Raises ConfigError."""
        return None if self.policy is None else policy_of(self.policy, "the challenge's policy", contract)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A challenge as it is written: for people, and in an envelope where it is signed."""

    challenge: Challenge
    envelope: dict[str, Any] | None = None


def issue(
    name: str, *, hosts: tuple[str, ...], valid: timedelta, policy: Policy | None, contract: Contract, now: datetime
) -> Challenge:
    """A new challenge."""
    return Challenge(
        nonce=secrets.token_hex(32),
        for_=name,
        hosts=hosts,
        issued=_written(now),
        expires=_written(now + valid),
        contract=contract.name,
        minimum_suite=(policy.minimum_suite if policy else "") or __version__,
        policy=None if policy is None else msgspec.to_builtins(policy),
    )


def to_file(challenge: Challenge, key: PrivateKey | None) -> bytes:
    """The file that is handed over."""
    made: dict[str, Any] = {"challenge": msgspec.to_builtins(challenge)}
    if key is not None:
        made["envelope"] = json.loads(signed(challenge.payload, KIND, key))
    return json.dumps(made, indent=1).encode("ascii") + b"\n"


def read_challenge(file: Path, contract: Contract) -> tuple[Challenge, bytes]:
    """The challenge in a file, and the file. Raises ConfigError."""
    try:
        data = read_file(file)
    except OSError as error:
        raise ConfigError(f"--challenge: cannot read {file}: {error.strerror}; allowed: {_ALLOWED}") from None
    try:
        challenge = parsed(data)
    except ValueError as error:
        raise ConfigError(f"--challenge: {file} {error}; allowed: {_ALLOWED}") from None
    challenge.rules(contract)
    return challenge, data


def parsed(data: bytes) -> Challenge:
    """The challenge in the bytes of its file. Raises ValueError, in one line."""
    challenge = _parsed(data).challenge
    if challenge.format != FORMAT:
        raise ValueError(f"has format {challenge.format}, and this version reads format {FORMAT}")
    if not re.fullmatch("[0-9a-f]{64}", challenge.nonce):
        raise ValueError("has no nonce of 64 hexadecimal digits")
    if not challenge.hosts:
        raise ValueError("names no host")
    issued, expires = challenge.window
    if issued >= expires:
        raise ValueError("expires before it was issued")
    return challenge


def _parsed(data: bytes) -> _File:
    if len(data) > _MOST:
        raise ValueError(f"is larger than {_MOST >> 10} KiB")
    try:
        return msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"is no challenge: {error}") from None


def signer(data: bytes, keys: list[PublicKey]) -> PublicKey | None:
    """Which of the keys has signed the challenge in a file. Raises ValueError where a signature is of another one."""
    file = _parsed(data)
    if file.envelope is None:
        return None
    payload, key = opened(json.dumps(file.envelope).encode(), KIND, keys)
    if payload != file.challenge.payload:
        raise ValueError("is signed as another challenge than it shows")
    return key


def host(text: str) -> str:
    """A host of an endpoint, with a port or without. Raises ValueError."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?::([0-9]{1,5}))?", text)
    if not found or not host_is_valid(found[1].strip("[]")) or not 0 < int(found[2] or 1) < 65_536:
        raise ValueError(
            f"--endpoint-host: {text!r} is no host; allowed: a name such as staging.example.com, perhaps with :PORT"
        )
    return text.lower()


def duration(text: str) -> timedelta:
    """A time such as 72h. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    made = timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else timedelta(0)
    if not timedelta(0) < made <= _LONGEST:
        raise ValueError(
            f"--valid: {text!r} is no time; allowed: minutes, hours or days up to a year, such as 90m, 72h, 7d"
        )
    return made


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> float:
    """Unix seconds of an RFC 3339 time. Raises ValueError."""
    if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z", text):
        raise ValueError("has a time that is not written as 2026-01-01T00:00:00Z")
    return datetime.fromisoformat(text).timestamp()
