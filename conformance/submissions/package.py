"""A package: one zip file with everything that a run left, and a statement over it. Read with caps, never unpacked."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.contract.given import ConfigError, read_file

EVIDENCE, REPORT, CHALLENGE, REQUIREMENTS = ("evidence.har", "report.json", "challenge.json", "requirements.toml")
STATEMENT, ENVELOPE, SIGNER = "statement.json", "statement.dsse.json", "signer.pem"
PAGE = "report.html"  # for people; nothing is believed of it
JUNIT, SUMMARY = "junit.xml", "summary.md"  # they have to follow from the report
STATED = (EVIDENCE, REPORT, CHALLENGE, REQUIREMENTS, PAGE, JUNIT, SUMMARY)  # files that the statement is over
_NEEDED = (EVIDENCE, REPORT, REQUIREMENTS, STATEMENT)
_KNOWN = frozenset({*STATED, STATEMENT, ENVELOPE, SIGNER})
_MADE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say: the same files make the same package

_ALLOWED = "allowed: a package, as `package` writes it"
_LARGEST = 64 << 20  # octets of a package
_MOST = 256 << 20  # octets of its files, unpacked
_PACKED_BY = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_RATIO = 200  # of unpacked to packed; a recording comes to some forty
_SMALL = 1 << 20  # octets up to which no ratio is looked at


class MalformedError(ConfigError):
    """The file is no package; says in one line why. Exit code 4."""


@dataclass(frozen=True)
class Package:
    """The files of a package, by name, and the digest of the whole."""

    files: Mapping[str, bytes]
    sha256: str


def packed(files: Mapping[str, bytes]) -> bytes:
    """The files as one zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _MADE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, files[name], compresslevel=9)
    return made.getvalue()


def read_package(file: Path) -> Package:
    """The package in a file, read within bounds, nothing of it written anywhere. Raises MalformedError."""
    from conformance.submissions.statement import digest  # noqa: PLC0415

    try:
        data = read_file(file, _LARGEST)
    except OSError as error:
        raise MalformedError(f"cannot read {file}: {error.strerror}; {_ALLOWED}") from None
    try:
        return Package(_unpacked(data), digest(data))
    except ValueError as error:
        raise MalformedError(f"{file} is no package: {error}; {_ALLOWED}") from None


def _unpacked(data: bytes) -> dict[str, bytes]:
    """The files of an archive. Raises ValueError, in one line that quotes no name of its own."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _files(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OverflowError, OSError):
        raise ValueError("it is no zip file that can be read") from None


def _files(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > len(_KNOWN):
        raise ValueError(f"it has {len(entries)} entries, and a package has {len(_KNOWN)} at most")
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        raise ValueError("it has two entries of one name")
    for entry in entries:
        _check(entry)
    if min((entry.header_offset for entry in entries), default=0):
        raise ValueError("something stands before its first entry")
    if sum(entry.file_size for entry in entries) > _MOST:
        raise ValueError(f"its files have more than {_MOST >> 20} MiB")
    for name in _NEEDED:
        if name not in names:
            raise ValueError(f"{name} is missing")
    return {entry.filename: _content(archive, entry) for entry in entries}


def _check(entry: zipfile.ZipInfo) -> None:
    """Raises ValueError for what is no file of a package, by what is said of it."""
    if entry.filename not in _KNOWN or entry.orig_filename != entry.filename:
        raise ValueError("it has an entry whose name no file of a package has")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ValueError(f"{entry.filename} is a link")
    if entry.compress_type not in _PACKED_BY:
        raise ValueError(f"{entry.filename} is neither stored nor deflated")
    if entry.flag_bits & 1:
        raise ValueError(f"{entry.filename} is encrypted")
    if entry.file_size > max(_SMALL, _RATIO * entry.compress_size):
        raise ValueError(f"{entry.filename} is packed too tightly to be what it says")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """What an entry holds, no more than it says."""
    with archive.open(entry) as source:
        data = source.read(entry.file_size + 1)
    if len(data) != entry.file_size:
        raise ValueError(f"{entry.filename} has another length than it says")
    return data
