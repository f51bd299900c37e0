"""The reports folder: full, read-only, in use, not a folder at all."""

import contextlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree, html

from .provisioned import STATES, Ground, ground
from .stage import Ask, Authority
from .test_bounds import HARDENED
from .test_interruptions import assert_a_clean_end, assert_reports_are_whole
from .trial import CHECKOUT, REPORTS

READERS: dict[str, Callable[[bytes], object]] = {
    "report.json": json.loads,
    "evidence.har": json.loads,
    "junit.xml": lambda data: etree.fromstring(data, etree.XMLParser(**HARDENED)),
    "report.html": lambda data: html.fromstring(data).xpath("//body/*")[0],
    "checks.html": lambda data: html.fromstring(data).xpath("//body/*")[0],
    "summary.md": lambda data: data.decode().rstrip()[-1],
}


@contextlib.contextmanager
def tiny_disk(folder: Path, kilobytes: int, *, mode: str = "rw") -> Iterator[bool]:
    """A file system of its own under `folder`; False where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount, umount = shutil.which("mount"), shutil.which("umount")
    options = f"size={kilobytes}k,{mode}"
    mounted = bool(
        mount
        and umount
        and subprocess.run(
            [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
        == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run([str(umount), str(folder)], check=True)


def assert_files_are_whole_or_absent(place: Ground) -> None:
    for path in place.reports.iterdir():
        READERS[path.name](path.read_bytes())  # KeyError: something lies there that is no report


@pytest.mark.parametrize("kilobytes", [4, 16, 64, 128])
def test_a_full_disk(kilobytes: int, authority: Authority, tmp_path: Path) -> None:
    """What does not fit is absent and named, what does is whole, and the exit code is not a verdict's."""
    with ground(authority, tmp_path) as place, tiny_disk(place.reports, kilobytes) as mounted:
        process = place.start() if mounted else place.start(limit=kilobytes << 10)
        outcome = process.wait()
        assert_files_are_whole_or_absent(place)
        missing = set(REPORTS) - {path.name for path in place.reports.iterdir()}
        assert missing
        assert_a_clean_end(place, outcome, 3)
        said = outcome.output.decode()
        assert all(name in said for name in missing), said
        assert [place.ran("teardown", state) for state in STATES] == [1, 1]


def test_a_full_temporary_folder(authority: Authority, tmp_path: Path) -> None:
    """What pytest writes there is named as missing, in one line; what the suite writes itself is whole."""
    with ground(authority, tmp_path) as place, tiny_disk(place.folder / "tmp", 4) as mounted:
        if not mounted:
            pytest.skip("mounting a small file system is not permitted here")
        outcome = place.run()
        assert_a_clean_end(place, outcome, 3)
        assert_files_are_whole_or_absent(place)
        assert {path.name for path in place.reports.iterdir()} == set(REPORTS) - {"checks.html"}
        said = [line for line in outcome.output.decode().splitlines() if "No space left" in line]
        assert len(said) == 1
        assert all(word in said[0] for word in ("checks.html", str(place.folder / "tmp")))
        assert [place.ran("teardown", state) for state in STATES] == [1, 1]


def test_no_temporary_folder(authority: Authority, tmp_path: Path) -> None:
    """It is refused in one line that says what to do, before anything is sent."""
    with ground(authority, tmp_path) as place:
        nowhere = str(tmp_path / "nowhere")
        guard = tmp_path / "site"
        guard.mkdir()
        # The folders of the system, which every user may write into, are out of reach, too.
        code = f"import tempfile; tempfile._candidate_tempdir_list = lambda: [{nowhere!r}]"
        (guard / "sitecustomize.py").write_text(code)
        outcome = place.run(env={"PYTHONPATH": f"{guard}:{CHECKOUT}"})
        said = outcome.output.decode()
        assert (outcome.exit_code, place.server.records, len(said.splitlines())) == (4, [], 1), said
        assert "TMPDIR" in said
        assert [place.ran("setup", state) for state in STATES] == [0, 0]


UNUSABLE = ("a file", "below a file", "no device", "a broken link", "a read-only disk", "a name too long")


@pytest.fixture(params=UNUSABLE)
def unusable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "file" / "nowhere")
    folders = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "reports",
        "no device": Path("/proc/no-such-folder"),
        "a broken link": tmp_path / "link",
        "a name too long": tmp_path / ("n" * 300),
    }
    if request.param != "a read-only disk":
        yield folders[request.param]
        return
    with tiny_disk(tmp_path / "disk", 64, mode="ro") as mounted:
        if not mounted:
            pytest.skip("mounting a file system is not permitted here")
        yield tmp_path / "disk"


def test_a_folder_that_cannot_be_used(unusable: Path, authority: Authority, tmp_path: Path) -> None:
    """It is refused in one line that names it, before anything is sent."""
    with ground(authority, tmp_path / "ground") as place:
        outcome = place.run("--reports", unusable)
        said = outcome.output.decode()
        assert (outcome.exit_code, place.server.records, len(said.splitlines())) == (4, [], 1), said
        assert "--reports" in said
        assert [place.ran("setup", state) for state in STATES] == [0, 0]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into any folder")
def test_a_folder_without_permission(authority: Authority, tmp_path: Path) -> None:
    with ground(authority, tmp_path) as place:
        place.reports.mkdir(mode=0o555)
        outcome = place.run()
        assert (outcome.exit_code, place.server.records) == (4, [])


def test_a_folder_with_files_in_it(authority: Authority, tmp_path: Path) -> None:
    """The partner's files stay, and the reports of an earlier run are moved, whatever they were linked to."""
    with ground(authority, tmp_path) as place:
        place.run()
        (place.reports / "notes.txt").write_text("mine")
        (tmp_path / "precious").write_bytes((place.reports / "summary.md").read_bytes())
        (place.reports / "summary.md").unlink()
        (place.reports / "summary.md").symlink_to(tmp_path / "precious")
        before = (tmp_path / "precious").read_bytes()
        outcome = place.run()
        (kept,) = (place.reports / "earlier").iterdir()
        assert (kept / "summary.md").is_symlink()
        assert (tmp_path / "precious").read_bytes() == before
        assert (place.reports / "notes.txt").read_text() == "mine"
        (place.reports / "notes.txt").unlink()
        shutil.rmtree(place.reports / "earlier")
        assert_reports_are_whole(place, outcome)


@pytest.mark.parametrize("name", REPORTS)
def test_somebody_elses_file_in_the_place_of_a_report(name: str, authority: Authority, tmp_path: Path) -> None:
    """It is refused in one line that names it, before anything is sent; what the link leads to stays."""
    with ground(authority, tmp_path) as place:
        (tmp_path / "precious").write_text("mine")
        place.reports.mkdir()
        (place.reports / name).symlink_to(tmp_path / "precious")
        outcome = place.run()
        said = outcome.output.decode()
        assert (outcome.exit_code, place.server.records, len(said.splitlines())) == (4, [], 1), said
        assert name in said
        assert (tmp_path / "precious").read_text() == "mine"


def test_a_folder_that_disappears_during_the_run(authority: Authority, tmp_path: Path) -> None:
    """Somebody cleans up while the run lasts: the folder is made again."""
    reports: list[Path] = []

    def clean_up(ask: Ask) -> None:
        if ask.number == 5:
            shutil.rmtree(reports[0])

    with ground(authority, tmp_path, on_ask=clean_up) as place:
        reports.append(place.reports)
        outcome = place.run()
        assert_a_clean_end(place, outcome, outcome.exit_code)
        assert_reports_are_whole(place, outcome)


def test_two_runs_at_once_in_one_folder(authority: Authority, tmp_path: Path) -> None:
    """Each file is whole, and belongs to one of them; what the first of them wrote is moved."""
    both = threading.Barrier(2, timeout=30)

    def together(ask: Ask) -> None:
        if ask.number == 1:
            both.wait()

    with (
        ground(authority, tmp_path / "a", on_ask=together) as one,
        ground(authority, tmp_path / "b", on_ask=together, token="0" * 31 + "b") as other,
    ):
        other.options = ["--reports", str(one.reports)]
        processes = [one.start(), other.start()]
        outcomes = [process.wait() for process in processes]
        for place, outcome in zip((one, other), outcomes, strict=True):
            assert_a_clean_end(place, outcome, outcome.exit_code)
        assert {outcome.exit_code for outcome in outcomes} <= {1, 10}
        shutil.rmtree(one.reports / "earlier", ignore_errors=True)
        assert_reports_are_whole(one, outcomes[0])
