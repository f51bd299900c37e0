"""The owner's ledger: which challenges were issued, and which package answered each. One line an event, appended."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from conformance.contract.given import ConfigError, read_file
from conformance.reporting.write import refused
from conformance.submissions.challenge import Challenge

LEDGER = Path("connect-conformance-challenges.jsonl")  # where none is named
_MOST = 64 << 20  # octets of a ledger that are read at all


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event. what: issued, or answered by a package. challenge, package: SHA-256 digests."""

    what: Literal["issued", "answered"]
    nonce: str
    challenge: str = ""
    package: str = ""
    when: str = ""


@dataclass
class Ledger:
    """What is known: the digest of each challenge by its nonce, and the packages that answered it."""

    file: Path
    issued: dict[str, str] = field(default_factory=dict)
    answered: dict[str, list[str]] = field(default_factory=dict)

    def issue(self, challenge: Challenge) -> None:
        """Note a new challenge. Raises ConfigError."""
        self._append(_Line("issued", challenge.nonce, challenge=challenge.digest, when=challenge.issued))
        self.issued[challenge.nonce] = challenge.digest

    def answer(self, nonce: str, package: str, when: str) -> None:
        """Note which package answered, once. Raises ConfigError."""
        known = self.answered.setdefault(nonce, [])
        if package not in known:
            self._append(_Line("answered", nonce, package=package, when=when))
            known.append(package)

    def _append(self, line: _Line) -> None:
        try:
            with self.file.open("ab+") as file:
                torn = _is_torn(file.tell() and self.file.read_bytes()[-1:])
                file.write((b"\n" if torn else b"") + msgspec.json.encode(line) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise refused(f"--ledger: cannot write {self.file}", error, "a file that can be written") from None


def _is_torn(last: bytes | int) -> bool:
    """Whether the last line has no end, as after a full disk."""
    return last not in {0, b"", b"\n"}


def read_ledger(file: Path) -> Ledger:
    """The ledger in a file; an empty one where there is none yet. Raises ConfigError."""
    ledger = Ledger(file)
    try:
        data = read_file(file, _MOST)
    except FileNotFoundError:
        return ledger
    except OSError as error:
        raise ConfigError(f"--ledger: cannot read {file}: {error.strerror}; allowed: a ledger of challenges") from None
    for number, text in enumerate(data.splitlines(), 1):
        try:
            line = msgspec.json.decode(text, type=_Line) if text.strip() else None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            if text.startswith(b"{") and not text.endswith(b"}"):
                continue  # torn, as on a full disk: what it was to say has not happened
            raise ConfigError(f"--ledger: line {number} of {file} is none of a ledger; allowed: a ledger") from None
        if line and line.what == "issued":
            ledger.issued[line.nonce] = line.challenge
        elif line and line.package not in ledger.answered.setdefault(line.nonce, []):
            ledger.answered[line.nonce].append(line.package)
    return ledger
