"""The file of a history: lines appended whole, and read back with whatever is wrong with any of them.

It is the truth. It may have been merged, cached, cut short or edited; a line that cannot be read is named by its
number and is no other line's fault.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from conformance.contract.given import ConfigError
from conformance.verdicts.history.line import Line, LineError, read_line

LONGEST = 1 << 20  # bytes of a line that is read at all
_WHEN = slice(21, 41)  # where a line has its time
_HEAD = 16 << 20  # bytes in which a history shows itself as one
_ALLOWED = "a history, or a new file in a folder that can be written"


class Found(NamedTuple):
    """A line: its number, where it begins, what it says, or why nothing can be made of it."""

    number: int
    place: int
    line: Line | None
    trouble: str = ""
    data: bytes = b""


def lines(source: BinaryIO, number: int = 0, end: int = sys.maxsize) -> Iterator[Found]:
    """The lines from here on, blank ones apart. number: of lines that came before; end: where to stop."""
    place = source.tell()
    while place < end and (data := source.readline(LONGEST + 1)):
        number += 1
        began, size = place, len(data)
        if size > LONGEST and not data.endswith(b"\n"):
            for rest in iter(lambda: source.readline(LONGEST), b""):
                size += len(rest)
                if rest.endswith(b"\n"):
                    break
            yield Found(number, began, None, f"it is longer than {LONGEST >> 20} MiB")
        elif data.strip():
            try:
                yield Found(number, began, read_line(data), "", data)
            except LineError as error:
                torn = not data.endswith(b"\n")
                yield Found(number, began, None, "it has no end: it is torn" if torn else str(error))
        place = began + size


def check(file: Path, what: str = "--history") -> None:
    """Refuse a file that could not be appended to, before anything is sent. Raises ConfigError."""
    try:
        if file.exists():
            os.close(_opened(file, what, new=False))
        else:
            with tempfile.TemporaryFile(dir=file.parent):
                pass
    except OSError as error:
        raise ConfigError(f"{what}: cannot write {file}: {error.strerror}; allowed: {_ALLOWED}") from None


def append(file: Path, added: Collection[Line], what: str = "--history", *, once: bool = False) -> list[Line]:
    """Append lines in one piece; returns what was appended. once: those apart that the file has already.

    Two processes that append at a time wait for each other. Raises ConfigError, and OSError for a full disk, which
    leaves the file as it was.
    """
    handle = _opened(file, what, new=True)
    try:
        size = _locked(handle)
        known, terms = _known(handle, added, once=once)
        os.lseek(handle, max(size - 1, 0), os.SEEK_SET)
        new, data = [], b"\n" if os.read(handle, 1) not in {b"\n", b""} else b""
        for line in added:
            if _beginning(line) in known:
                continue
            if once:
                known.add(_beginning(line))
            data += line.written(whole=line.terms_id not in terms)
            terms.add(line.terms_id)
            new.append(line)
        if new and os.write(handle, data) < len(data):
            os.ftruncate(handle, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
        return new
    finally:
        os.close(handle)


def _opened(file: Path, what: str, *, new: bool) -> int:
    """The file, open at its end. Raises ConfigError for one that is no history."""
    flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(file, flags | (os.O_CREAT if new else 0), 0o666)
    except OSError as error:
        raise ConfigError(f"{what}: cannot write {file}: {error.strerror}; allowed: {_ALLOWED}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode) or not _is_history(handle):
        os.close(handle)
        raise ConfigError(f"{what}: {file} is no history and is left alone; allowed: {_ALLOWED}")
    return handle


def _is_history(handle: int) -> bool:
    """Whether a file is empty, or has a line of a history near its beginning, be it torn."""
    with os.fdopen(os.dup(handle), "rb") as source:
        source.seek(0)
        head = source.read(_HEAD)
    return not head.strip() or re.search(rb'^\{"history":', head, re.MULTILINE) is not None


def _locked(handle: int) -> int:
    """Wait for whoever else appends; returns how long the file is then. The lock ends with the handle."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415  not everywhere

        with contextlib.suppress(OSError):  # a file system without locks has one write at a time, at least
            fcntl.flock(handle, fcntl.LOCK_EX)
    return os.fstat(handle).st_size


def _known(handle: int, added: Iterable[Line], *, once: bool) -> tuple[set[bytes], set[str]]:
    """Which of the runs and of their terms the file has. once: whether runs are looked for."""
    wanted: dict[bytes, list[bytes]] = {}
    for line in added if once else ():
        wanted.setdefault(line.when.encode(), []).append(_beginning(line))
    missing = {line.terms_id for line in added}
    known, terms = set[bytes](), set[str]()
    with os.fdopen(os.dup(handle), "rb") as source:
        source.seek(0)
        for data in iter(partial(source.readline, LONGEST), b""):
            for beginning in wanted.get(data[_WHEN], ()):
                if data.startswith(beginning):
                    known.add(beginning)
            if missing and b'"terms":{"id":"' in data:
                with contextlib.suppress(LineError):
                    terms.add(read_line(data).terms_id)
                    missing -= terms
            elif not missing and not wanted:
                break
    return known, terms


def _beginning(line: Line) -> bytes:
    """A line up to its terms, which are in full in one file and not in another."""
    return msgspec.json.encode(line.referring("")).removesuffix(b'""}')
