"""Where a run writes: the folder asked for, or a new one per run."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import datetime
from pathlib import Path

from conformance.target.configuration import ConfigError


def reports_folder(asked: Path | None) -> Path:
    """The reports folder, made and tried before anything is sent."""
    folder = asked or Path("reports") / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"--reports: cannot write into {folder}: {error.strerror}; allowed: a folder that can be written"
        ) from None
    if asked is None:
        _link(folder)
    return folder


def _link(folder: Path) -> None:
    latest = folder.parent / "latest"
    with contextlib.suppress(OSError):  # a file system without links loses the comfort, not the reports
        latest.unlink(missing_ok=True)
        latest.symlink_to(folder.name, target_is_directory=True)
