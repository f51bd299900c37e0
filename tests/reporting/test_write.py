"""Each report file is whole or absent, whatever the disk says."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from conformance.reporting.write import ReportsError, write

FILES = {"report.json": b"{}", "summary.md": b"# x"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_are_written_and_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    write(folder, FILES)
    write(folder, {**FILES, "report.json": b"[]"})
    assert contents(folder) == {**FILES, "report.json": b"[]"}


def test_permissions_are_those_of_any_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path, FILES)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReportsError) as refusal:
        write(tmp_path / "file" / "\x1b[31m", FILES)
    line = str(refusal.value)
    assert line.startswith("could not write the folder in")
    assert r"file/\x1b[31m: Not a directory" in line
    assert line.isprintable()


def test_a_full_disk_leaves_whole_files_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"evidence.har": b"old", "report.json": b"old"})
    real = Path.open

    def full(path: Path, *args: Any, **kwargs: Any) -> Any:
        file = real(path, *args, **kwargs)
        if "evidence" in path.name:
            file.write(b"half")
            file.close()
            raise OSError(28, "No space left on device")
        return file

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ReportsError, match=r"could not write evidence\.har in .*: No space left on device"):
        write(tmp_path, {"evidence.har": b"new", **FILES})
    assert contents(tmp_path) == FILES


def test_a_name_that_is_a_folder_is_left(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(ReportsError, match=r"report\.json"):
        write(tmp_path, FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "summary.md"]


def test_an_interruption_leaves_nothing_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, FILES)
    assert contents(tmp_path) == {}
