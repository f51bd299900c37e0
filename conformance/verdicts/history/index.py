"""An index over a history, in SQLite: a row a run, and how each judgement of each series went.

It is made from the file and says nothing of its own: of another file, an older one or of something else, it is made
anew; where the file only grew, what is new is taken in. Small histories have theirs in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from conformance.contract.given import ConfigError
from conformance.verdicts.history.course import Conditions, Mark, Series
from conformance.verdicts.history.file import LONGEST
from conformance.verdicts.history.line import Line, read_line
from conformance.verdicts.history.loading import SCHEMA, Loader, State, digest_of

FORMAT = 1
_BROKEN = (OSError, sqlite3.Error, msgspec.MsgspecError, ValueError, TypeError, KeyError)
_STATE = "SELECT said FROM state WHERE name='state'"
SMALL = 8 << 20  # bytes of a history whose index is made each time: a second or two


@dataclass
class Index:
    """An open index, and the file that it is of."""

    file: Path
    database: sqlite3.Connection
    state: State
    kinds: dict[int, Conditions]

    def line(self, mark: Mark) -> Line:
        """The line of a run, as the file has it."""
        return self.line_at(mark.place)

    def line_at(self, place: int) -> Line:
        with self.file.open("rb") as source:
            source.seek(place)
            return read_line(source.readline(LONGEST))

    def close(self) -> None:
        self.database.close()


def opened(file: Path) -> Index:
    """The index of a history, up to date. Raises ConfigError for what is no history."""
    if file.exists() and not file.is_file():  # a pipe would be waited for
        raise ConfigError(f"{file} is no file; allowed: a history")
    try:
        with file.open("rb") as source:
            found = os.fstat(source.fileno())
            small = found.st_size <= SMALL
            index = _made(file, source, _new(":memory:")) if small else _kept(file, source, found)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}; allowed: a history") from None
    if not index.state.told and index.state.troubles:
        index.close()
        number, why = index.state.troubles[0]
        raise ConfigError(f"{file} is no history: line {number}: {why}; allowed: a history")
    return index


def _kept(file: Path, source: BinaryIO, found: os.stat_result) -> Index:
    """The index beside a large file; in memory where there is no place for it."""
    beside = file.with_name(f"{file.name}.index")
    aside = beside.with_name(f".{beside.name}.{secrets.token_hex(4)}.tmp")
    try:
        with contextlib.suppress(*_BROKEN):
            return _taken_up(file, source, found, beside, aside)
        aside.unlink(missing_ok=True)
        return _placed(_made(file, source, _new(str(aside))), aside, beside)
    except (OSError, sqlite3.OperationalError):
        return _made(file, source, _new(":memory:"))
    finally:
        aside.unlink(missing_ok=True)


def _taken_up(file: Path, source: BinaryIO, found: os.stat_result, beside: Path, aside: Path) -> Index:
    """The index that is there, with what the file has more since. Raises one of _BROKEN where it is none of it."""
    if _sum(beside) != _said(beside).read_text(encoding="ascii"):
        raise ValueError("not as it was written")
    database = _connected(str(beside))
    with _closed_on_failure(database):
        version, said = (database.execute("PRAGMA user_version").fetchone(), database.execute(_STATE).fetchone())
        if version != (FORMAT,):
            raise ValueError("of another format")
        state = msgspec.msgpack.decode(said[0], type=State)
        if (state.size, state.stamp) == (found.st_size, found.st_mtime_ns):
            return _made(file, source, database, state)
    database.close()
    seen = digest_of(source, state.size)
    if found.st_size < state.size or seen.hexdigest() != state.digest:
        raise ValueError("of another file")
    if found.st_size > state.size and (state.torn or state.lost):
        raise ValueError("what is new may say more of what was seen")
    shutil.copyfile(beside, aside)
    database = _connected(str(aside))
    database.execute("BEGIN")
    return _placed(_made(file, source, database, state, seen), aside, beside)


def _placed(index: Index, aside: Path, beside: Path) -> Index:
    """The same, in the place from which the next question takes it."""
    index.close()
    said = _sum(aside)
    aside.replace(beside)
    _said(beside).write_text(said, encoding="ascii")
    index.database = _connected(str(beside))
    return index


def _sum(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _said(beside: Path) -> Path:
    """The file that says what the index was when it was written."""
    return beside.with_name(f"{beside.name}.sha256")


def _connected(place: str) -> sqlite3.Connection:
    database = sqlite3.connect(place, isolation_level=None)
    with _closed_on_failure(database):
        database.execute("PRAGMA cache_size=-65536")
        database.execute("PRAGMA journal_mode=OFF")  # nobody writes where others read: it is replaced
    return database


@contextlib.contextmanager
def _closed_on_failure(database: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


def _new(place: str) -> sqlite3.Connection:
    database = _connected(place)
    database.executescript(f"PRAGMA synchronous=OFF; PRAGMA user_version={FORMAT}; {SCHEMA} BEGIN;")
    return database


def _made(
    file: Path,
    source: BinaryIO,
    database: sqlite3.Connection,
    state: State | None = None,
    seen: hashlib._Hash | None = None,
) -> Index:
    """The index with all that the file has; nothing is read again that the state has seen."""
    loader = Loader(database, state or State())
    with _closed_on_failure(database):
        if database.in_transaction:
            loader.load(source, seen)
            database.execute("COMMIT")
    return Index(file, database, loader.state, loader.kinds)


def all_series(index: Index) -> Iterator[tuple[int, str, Series]]:
    """Every series: its number, its target, and how its judgements went."""
    decode = msgspec.msgpack.Decoder(Series).decode
    for key, target, said in index.database.execute("SELECT id, target, said FROM series ORDER BY target, settings"):
        yield key, target, decode(said).close()
