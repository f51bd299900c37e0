"""Where a run writes: the folder asked for, or a new one per run. What earlier runs left is never overwritten."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from conformance.contract.given import ConfigError
from conformance.reporting.output import note
from conformance.reporting.write import refused

REPORTS = ("report.json", "report.html", "checks.html", "junit.xml", "summary.md", "evidence.har")
OVERVIEW = ("overview.json", "overview.md", "overview.html", "overview.junit.xml")
EARLIER = "earlier"
_HEAD = 1 << 16  # bytes in which a report says whose it is, and when its run started
_OURS = re.compile(
    rb"connect-conformance|conformance[./]checks"
    rb"|[0-9]+ targets?: [^\n]*; exit code [0-9]|\"exit_code\": [0-9]+,\s+\"targets\":"  # an overview
)
_STARTED = re.compile(rb'"started": ?"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)"')


def reports_folder(asked: Path | None, names: Iterable[str] = REPORTS) -> Path:
    """The reports folder, made, tried and cleared before anything is sent.

    names: what will be written there, as paths seen from it. Raises ConfigError, and ReportsError for a full disk.
    """
    folder = asked or Path("reports")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if asked is None:
            now = datetime.now().astimezone()
            folder = _new(folder, f"{now:%Y%m%d-%H%M%S}-{os.getpid()}")
        with tempfile.TemporaryFile(dir=folder):
            pass
        put_away(folder, names)
    except OSError as error:
        what = f"--reports: cannot write into {folder}"
        raise refused(what, error, "a folder that can be written") from None
    if asked is None:
        _link(folder)
    return folder


def put_away(folder: Path, names: Iterable[str]) -> None:
    """Move what an earlier run left under these names to `earlier/<its start>/`, and say so.

    Raises OSError, and ConfigError where one of them is no report of this suite: that is somebody else's file.
    """
    found = {name: _head(folder / name) for name in names if os.path.lexists(folder / name)}
    for name, head in found.items():
        if not _OURS.search(head) and os.path.lexists(folder / name):  # another run may have moved it
            raise ConfigError(
                f"--reports: {folder / name} is no report of this suite and is left alone; allowed: a folder without it"
            )
    if not found:
        return
    try:
        (folder / EARLIER).mkdir(exist_ok=True)
    except FileExistsError:
        raise ConfigError(
            f"--reports: {folder / EARLIER} is no folder, and what an earlier run left would go there;"
            " allowed: a folder without it"
        ) from None
    place = _new(folder / EARLIER, _start(folder, found))
    for name in found:
        (place / name).parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # another run, at work in this folder too, was faster
            (folder / name).rename(place / name)
    note(f"what an earlier run left in {folder} is in {place} now")


def is_ours(path: Path) -> bool:
    """Whether a file is a report of this suite, and no link to one."""
    return not path.is_symlink() and _OURS.search(_head(path)) is not None


def _head(path: Path) -> bytes:
    """How a file begins; nothing where it is none."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_HEAD)


def _start(folder: Path, found: dict[str, bytes]) -> str:
    """When the run began that left these files, as a name; when it wrote the last of them, where they do not say."""
    for head in found.values():
        if said := _STARTED.search(head):
            return re.sub("[-:]", "", said[1].decode())
    last = max((folder / name).stat().st_mtime for name in found)
    return datetime.fromtimestamp(last, UTC).strftime("%Y%m%dT%H%M%SZ")


def _new(parent: Path, name: str) -> Path:
    """A folder that nobody else has: containers share process ids, and runs share seconds."""
    folder, number = parent / name, 1
    while True:
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            folder = parent / f"{name}-{number}"
        else:
            return folder


def _link(folder: Path) -> None:
    """Point `latest` there, in one step: nobody finds none meanwhile."""
    aside = folder.parent / f".latest.{secrets.token_hex(4)}"
    with contextlib.suppress(OSError):  # a file system without links loses the comfort, not the reports
        aside.symlink_to(folder.name, target_is_directory=True)
        try:
            aside.replace(folder.parent / "latest")
        finally:
            aside.unlink(missing_ok=True)
