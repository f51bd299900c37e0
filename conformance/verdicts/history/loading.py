"""What an index holds, and how lines come into it: a row a run, and how each judgement of each series went."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import zlib
from functools import partial
from typing import BinaryIO

import msgspec

from conformance.verdicts.history.course import Conditions, Mark, Series
from conformance.verdicts.history.file import LONGEST, Found, lines
from conformance.verdicts.history.line import Line, LineError, Terms, contradiction, read_line
from conformance.verdicts.verdict import Claim

_KEPT = 1_000  # lines that cannot be read, of which the reasons are kept
_BATCH = 10_000
SCHEMA = """
CREATE TABLE state (name TEXT PRIMARY KEY, said BLOB);
CREATE TABLE kinds (id INTEGER PRIMARY KEY, said BLOB UNIQUE);
CREATE TABLE letters (id INTEGER PRIMARY KEY, said TEXT UNIQUE);
CREATE TABLE series (id INTEGER PRIMARY KEY, target TEXT, settings TEXT, said BLOB, UNIQUE (target, settings));
CREATE TABLE terms (id TEXT PRIMARY KEY, said BLOB);
CREATE TABLE runs (series INTEGER, at INTEGER, run INTEGER, rank INTEGER, kind INTEGER, letters INTEGER,
    verdict INTEGER, live INTEGER, p50 REAL, p95 REAL, sent INTEGER, lost INTEGER, place INTEGER,
    PRIMARY KEY (series, at, run)) WITHOUT ROWID;
"""
# The same run told twice is one run. Where two lines differ, one that asked the endpoint counts, else either, and
# always the same one.
_ADD = """
INSERT INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (series, at, run) DO UPDATE SET rank=excluded.rank,
    kind=excluded.kind, letters=excluded.letters, verdict=excluded.verdict, live=excluded.live, p50=excluded.p50,
    p95=excluded.p95, sent=excluded.sent, lost=excluded.lost, place=excluded.place WHERE excluded.rank > runs.rank
"""
_CLAIMS = tuple(Claim)


class State(msgspec.Struct):
    """How far the file was read: its size and time then, and a digest of all of it.

    lines: of any kind; told: those that tell of a run; runs: that they tell of. troubles: the first lines that cannot
    be read, of so many.
    lost: whether any of them names terms that no line has.
    """

    size: int = 0
    stamp: int = 0
    digest: str = ""
    lines: int = 0
    told: int = 0
    runs: int = 0
    troubles: list[tuple[int, str]] = []
    troubled: int = 0
    lost: bool = False
    torn: bool = False


def digest_of(source: BinaryIO, size: int, begun: hashlib._Hash | None = None, start: int = 0) -> hashlib._Hash:
    """Of so many bytes from the beginning. begun: the same of the first ones, up to the start."""
    made, left = begun or hashlib.sha256(), size - start
    source.seek(start)
    while left and (data := source.read(min(left, 1 << 20))):
        made.update(data)
        left -= len(data)
    return made


class Loader:
    """Takes lines in. What is said often has a number.

    kinds: those there are, by their numbers.
    """

    def __init__(self, database: sqlite3.Connection, state: State) -> None:
        self.state, self.database = state, database
        rows = self.database.execute
        self.numbers: dict[object, int] = {}
        self.known = {
            msgspec.msgpack.decode(said, type=Conditions): key for key, said in rows("SELECT id, said FROM kinds")
        }
        self.kinds = {key: kind for kind, key in self.known.items()}
        self.terms: dict[str, Terms | None] = {}
        self.series: dict[tuple[str, str], int] = {}
        self.letters: dict[str, int] = {}
        self.touched: dict[int, tuple[int, int]] = {}

    def load(self, source: BinaryIO, begun: hashlib._Hash | None = None) -> None:
        """Take in what the file has beyond what was seen. begun: the digest of that, where it is known."""
        rows, state = self.database.execute, self.state
        decode = partial(msgspec.msgpack.decode, type=Terms)
        self.terms |= {key: decode(said) for key, said in rows("SELECT id, said FROM terms")}
        self.series = {(a, b): key for key, a, b in rows("SELECT id, target, settings FROM series")}
        self.letters = {said: key for key, said in rows("SELECT id, said FROM letters")}
        found = os.fstat(source.fileno())
        size = found.st_size
        made = digest_of(source, size, begun, state.size if begun else 0)
        source.seek(state.size)
        self.source = source
        batch: list[tuple[object, ...]] = []
        for one in lines(source, state.lines, size):
            state.lines = one.number
            if row := self._row(one):
                batch.append(row)
            if len(batch) >= _BATCH:
                self.database.executemany(_ADD, batch)
                batch.clear()
        self.database.executemany(_ADD, batch)
        source.seek(max(size - 1, 0))
        state.torn = source.read(1) not in {b"\n", b""}
        state.size, state.stamp, state.digest = size, found.st_mtime_ns, made.hexdigest()
        for series in self.touched:
            self._follow(series)
        (state.runs,) = rows("SELECT count(*) FROM runs").fetchone()
        said = msgspec.msgpack.encode(state)
        rows("INSERT OR REPLACE INTO state VALUES ('state', ?)", (said,))

    def _row(self, found: Found) -> tuple[object, ...] | None:
        line, trouble = found.line, found.trouble
        terms = line and self._terms_of(line, found.place)
        if line and not terms:
            trouble, self.state.lost = f"no line of the file has its terms, {line.terms_id}", True
        elif line and terms:
            trouble = contradiction(line.judged, terms.levels, terms.names, line.level, line.verdict)
        if trouble or not line or not terms:
            self.state.troubled += 1
            if len(self.state.troubles) < _KEPT:
                self.state.troubles.append((found.number, trouble))
            return None
        self.state.told += 1
        at = line.at
        run = int(line.evidence[:15] or f"{zlib.crc32(f'{line.judged} {line.seed}'.encode()):x}", 16)
        series = self._series(line.target, line.settings)
        self.touched[series] = min(self.touched.get(series, (at, run)), (at, run))
        told = found.data[: found.data.rfind(b'"terms":')]  # which are in full here or elsewhere
        rank = line.live << 32 | zlib.crc32(told + line.terms_id.encode())
        p50, p95 = line.ms or (None, None)
        verdict = _CLAIMS.index(line.verdict)
        row = (series, at, run, rank, self._kind(line, terms), self._letters(line.judged), verdict, line.live)
        return (*row, p50, p95, line.sent, line.lost, found.place)

    def _terms_of(self, line: Line, place: int) -> Terms | None:
        """The terms of a line, which may stand anywhere in the file."""
        name = line.terms_id
        if name not in self.terms:
            self.terms[name] = line.terms if isinstance(line.terms, Terms) else self._searched(name, place)
            if made := self.terms[name]:
                said = msgspec.msgpack.encode(made)
                self.database.execute("INSERT OR REPLACE INTO terms VALUES (?, ?)", (name, said))
        return self.terms[name]

    def _searched(self, name: str, place: int) -> Terms | None:
        """Terms that are named before they stand anywhere, as after a merge."""
        here, wanted = self.source.tell(), f'"terms":{{"id":"{name}"'.encode()
        try:
            self.source.seek(place)
            for data in iter(partial(self.source.readline, LONGEST), b""):
                if wanted in data:
                    with contextlib.suppress(LineError):
                        terms = read_line(data).terms
                        if isinstance(terms, Terms) and terms.id == name:
                            return terms
            return None
        finally:
            self.source.seek(here)

    def _series(self, target: str, settings: str) -> int:
        if (target, settings) not in self.series:
            self.series[target, settings] = len(self.series) + 1
            row = (len(self.series), target, settings)
            self.database.execute("INSERT INTO series VALUES (?, ?, ?, NULL)", row)
        return self.series[target, settings]

    def _kind(self, line: Line, terms: Terms) -> int:
        key = (line.contract, line.editions, line.suite, line.level, terms.id)
        if key not in self.numbers:
            kind = Conditions(*key[:4], tuple(terms.names.split(" ")), terms.levels, terms.states, terms.hostile)
            if kind not in self.known:
                self.known[kind] = len(self.known) + 1
                row = (self.known[kind], msgspec.msgpack.encode(kind))
                self.database.execute("INSERT INTO kinds VALUES (?, ?)", row)
                self.kinds[self.known[kind]] = kind
            self.numbers[key] = self.known[kind]
        return self.numbers[key]

    def _letters(self, said: str) -> int:
        if said not in self.letters:
            self.letters[said] = len(self.letters) + 1
            self.database.execute("INSERT INTO letters VALUES (?, ?)", (len(self.letters), said))
        return self.letters[said]

    def _follow(self, key: int) -> None:
        """How the judgements of a series go on, or, where a run came in between, how they went."""
        (said,) = self.database.execute("SELECT said FROM series WHERE id=?", (key,)).fetchone()
        series = msgspec.msgpack.decode(said, type=Series) if said else Series()
        if series.last and self.touched[key] <= (series.last.at, series.last.run):
            series = Series()
        after = (series.last.at, series.last.run) if series.last else (-1, -1)
        for at, run, place, kind, letters in self.database.execute(
            "SELECT at, run, place, kind, said FROM runs JOIN letters ON letters.id = runs.letters"
            " WHERE series = ? AND at >= ? AND (at, run) > (?, ?) ORDER BY at, run",
            (key, after[0], *after),
        ):
            series.add(Mark(at, run, place, kind), letters, self.kinds)
        self.database.execute("UPDATE series SET said=? WHERE id=?", (msgspec.msgpack.encode(series), key))
