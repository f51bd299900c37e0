"""Report folders that a history makes superfluous: which they are, and how they are deleted. Its lines stay."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from conformance.contract.given import ConfigError
from conformance.reporting.folder import REPORTS, is_ours
from conformance.reporting.write import refused
from conformance.verdicts.history.index import Index, all_series
from conformance.verdicts.reading import read_report


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a folder. spared: why it is kept; "" for one that goes."""

    folder: Path
    run: str
    spared: str = ""


def fates(index: Index, root: Path, keep: int) -> Iterator[Fate]:
    """What becomes of every report folder below the root. keep: so many of the latest runs of each target.

    Raises ConfigError where there is no such folder.
    """
    if not root.is_dir():
        raise ConfigError(f"--reports: {root} is no folder; allowed: one with the folders of runs")
    spared = _spared(index, keep)
    for folder in _folders(root):
        try:
            yield _fate(index, folder, spared)
        except (ConfigError, OSError, ValueError):
            yield Fate(folder, "", "it is no whole report of this suite")


def _folders(root: Path) -> Iterator[Path]:
    """Folders with a recording, in the order of their names. Links are not followed."""
    for place, below, names in os.walk(root):
        below.sort()
        if "evidence.har" in names:
            yield Path(place)


def _spared(index: Index, keep: int) -> dict[tuple[int, int, int], str]:
    """The runs of which the evidence stays, by series, time and number, and why."""
    found: dict[tuple[int, int, int], str] = {}
    rows = index.database.execute
    for key, _, series in all_series(index):
        for course in series.courses.values():
            for turn in course.breaks:
                found[key, turn.good.at, turn.good.run] = "last good run before a failure"
                found[key, turn.bad.at, turn.bad.run] = "first bad run of a failure"
        latest = rows("SELECT at, run FROM runs WHERE series=? ORDER BY at DESC, run DESC LIMIT ?", (key, keep))
        found |= {(key, at, run): f"one of the latest {keep}" for at, run in latest}
    return found


def _fate(index: Index, folder: Path, spared: dict[tuple[int, int, int], str]) -> Fate:
    if not all(is_ours(folder / name) for name in ("report.json", "evidence.har")):
        raise ValueError("of somebody else")
    report = read_report(folder)
    told = f"{report.target.name} {report.started}"
    with (folder / "evidence.har").open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    at, run = int(datetime.fromisoformat(report.started).timestamp()), int(digest[:15], 16)
    rows = index.database.execute
    runs = [
        (key, at, run)
        for (key,) in rows("SELECT id FROM series WHERE target=?", (report.target.name,)).fetchall()
        for (place,) in rows("SELECT place FROM runs WHERE series=? AND at=? AND run=?", (key, at, run))
        if index.line_at(place).evidence == digest
    ]
    if not runs:
        return Fate(folder, told, "no line of the history tells of it")
    return Fate(folder, told, next((spared[one] for one in runs if one in spared), ""))


def delete(folder: Path) -> list[str]:
    """Delete the reports in a folder, and the folder if nothing else is in it; returns what is.

    Raises ConfigError, and ReportsError for a broken disk.
    """
    try:
        ours = [name for name in REPORTS if (folder / name).is_file() and is_ours(folder / name)]
        for name in ours:
            (folder / name).unlink()
        left = sorted(one.name for one in folder.iterdir())
        if not left:
            with contextlib.suppress(OSError):
                folder.rmdir()
    except OSError as error:
        raise refused(f"cannot delete {folder}", error, "folders that can be written") from None
    return left
