"""Ctrl-C, SIGTERM, SIGHUP, a clock that jumps, a reader that leaves: what was judged is written, states are reset."""

import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree, html

from .leaks import leaks
from .provisioned import PYTHON, STATES, TOKEN, Ground, ground, noting
from .registry import HOLD, Step
from .stage import Ask, Authority
from .test_bounds import HARDENED
from .trial import CHECKOUT, REPORTS, Outcome, conformance, environment

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Ten moments as shares of a run's exchanges, the same ones in every session.
CHANCE = random.Random(20260104)
MOMENTS = sorted(round(CHANCE.random(), 3) for _ in range(10))
SIDE_BY_SIDE = 8  # calls that a run has under way unless it is told otherwise


class Bomb:
    """Does something when the server sees a certain exchange, in the thread that serves it."""

    def __init__(self, due: Callable[[Ask], bool]) -> None:
        self.due, self.armed = due, threading.Event()
        self.act: Callable[[], None] = lambda: None
        self.went_off = threading.Event()

    def __call__(self, ask: Ask) -> None:
        if self.due(ask):
            self.armed.wait(30)
            self.act()
            self.went_off.set()

    def arm(self, act: Callable[[], None]) -> None:
        self.act = act
        self.armed.set()


def assert_reports_are_whole(place: Ground, outcome: Outcome) -> None:
    assert sorted(path.name for path in place.reports.iterdir()) == sorted(REPORTS)
    report = json.loads((place.reports / "report.json").read_bytes())
    assert report["exit_code"] == outcome.exit_code
    assert isinstance(json.loads((place.reports / "evidence.har").read_bytes())["log"]["entries"], list)
    etree.parse(place.reports / "junit.xml", etree.XMLParser(**HARDENED))
    assert html.fromstring((place.reports / "report.html").read_bytes()).find(".//body") is not None
    assert (place.reports / "summary.md").read_text().strip()
    for name in REPORTS:
        assert leaks(TOKEN, (place.reports / name).read_bytes()) == []


def assert_a_clean_end(place: Ground, outcome: Outcome, code: int) -> None:
    said = outcome.output.decode()
    assert (outcome.exit_code, "Traceback" in said) == (code, False), said[-3000:]
    assert leaks(TOKEN, outcome.output) == []
    assert [place.ran("teardown", state) >= place.ran("setup", state) for state in STATES] == [True, True]


@pytest.fixture(scope="module")
def length(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many exchanges a whole run has."""
    with ground(authority, tmp_path_factory.mktemp("whole")) as place:
        outcome = place.run()
        assert outcome.exit_code in {0, 1, 10}, outcome.output.decode()
        assert [(place.ran("setup", state), place.ran("teardown", state)) for state in STATES] == [(1, 1)] * 2
        return len(place.server.records)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("share", MOMENTS)
def test_a_signal_at_any_moment(
    share: float, number: signal.Signals, length: int, authority: Authority, tmp_path: Path
) -> None:
    """What was judged is written, the exit code says "interrupted", every state is taken back."""
    moment = 1 + int(share * (length - 5))
    bomb = Bomb(lambda ask: ask.number == moment)
    with ground(authority, tmp_path, on_ask=bomb) as place:
        process = place.start()
        bomb.arm(lambda: process.send(number))
        outcome = process.wait()
        assert bomb.went_off.is_set()
        assert len(place.server.records) < length
        assert_a_clean_end(place, outcome, 2)
        assert_reports_are_whole(place, outcome)
        kept = json.loads((place.reports / "evidence.har").read_bytes())["log"]["entries"]
        assert len(kept) > moment - SIDE_BY_SIDE - 2  # what was under way has no answer


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("state", STATES)
def test_a_signal_while_a_state_is_set(
    state: str, number: signal.Signals, authority: Authority, tmp_path: Path
) -> None:
    bomb = Bomb(lambda ask: ask.header("X-Test-State") == state)
    with ground(authority, tmp_path, on_ask=bomb) as place:
        process = place.start()
        bomb.arm(lambda: process.send(number))
        outcome = process.wait()
        assert bomb.went_off.is_set()
        assert (place.ran("setup", state), place.ran("teardown", state)) == (1, 1)
        assert_a_clean_end(place, outcome, 2)
        assert_reports_are_whole(place, outcome)


def test_a_signal_while_nothing_answers(authority: Authority, tmp_path: Path) -> None:
    """Ctrl-C does not wait out a deadline."""

    def silence(ask: Ask) -> Iterator[Step]:
        yield HOLD

    bomb = Bomb(lambda ask: ask.number == 1)
    with ground(authority, tmp_path, on_ask=bomb, script=silence) as place:
        place.config.write_text(place.config.read_text().replace("timeout = 3\n", "timeout = 55\n", 1))
        process = place.start()
        bomb.arm(lambda: process.send(signal.SIGINT))
        outcome = process.wait()
        assert_a_clean_end(place, outcome, 2)
        assert outcome.seconds < 50
        assert_reports_are_whole(place, outcome)


# Signals while commands run: the command says so by opening a named pipe, on whose other end the test waits.

SAYS_SO = "import sys, signal; open(sys.argv[1], 'w').close(); signal.pause()"


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_while_a_setup_command_hangs(number: signal.Signals, authority: Authority, tmp_path: Path) -> None:
    """The teardown command runs although the setup never ended, and nothing of the setup stays behind."""
    os.mkfifo(tmp_path / "fifo")

    def commands(folder: Path, state: str) -> dict[str, list[str]]:
        return {
            "setup": [*PYTHON, SAYS_SO, str(folder / "fifo")],
            "teardown": noting(folder / f"{state}.teardown"),
        }

    with ground(authority, tmp_path, commands=commands) as place:
        process = place.start()
        (tmp_path / "fifo").read_bytes()
        process.send(number)
        outcome = process.wait()
        assert place.ran("teardown", STATES[0]) == 1
        assert_a_clean_end(place, outcome, 2)
        assert_reports_are_whole(place, outcome)
    assert processes_with(str(tmp_path / "fifo")) == []


def processes_with(argument: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if argument in line.split("\0"):
            found.append(line)
    return found


def test_a_second_ctrl_c_does_not_stop_the_teardown(authority: Authority, tmp_path: Path) -> None:
    """The teardown command that is running when an impatient user presses again is left to end."""
    os.mkfifo(tmp_path / "begun")
    os.mkfifo(tmp_path / "may-end")
    waits = (
        "import sys, signal; signal.signal(signal.SIGINT, signal.SIG_IGN); open(sys.argv[1], 'w').close(); "
        "open(sys.argv[2]).read(); open(sys.argv[3], 'a').write('x')"
    )

    def commands(folder: Path, state: str) -> dict[str, list[str]]:
        words = [str(folder / name) for name in ("begun", "may-end", f"{state}.teardown")]
        return {"teardown": [*PYTHON, waits, *words]} if state == STATES[0] else {}

    bomb = Bomb(lambda ask: ask.header("X-Test-State") == STATES[0])
    with ground(authority, tmp_path, commands=commands, on_ask=bomb) as place:
        process = place.start()
        bomb.arm(lambda: process.send(signal.SIGINT))
        (tmp_path / "begun").read_bytes()
        process.send(signal.SIGINT)
        (tmp_path / "may-end").write_bytes(b"")
        outcome = process.wait()
        assert place.ran("teardown", STATES[0]) == 1
        assert_a_clean_end(place, outcome, 2)


# The other end of standard output


def test_a_reader_that_goes_away(authority: Authority, tmp_path: Path) -> None:
    """`connect-conformance run ... | head -1` ends quietly, with the verdict's exit code and its reports."""
    with ground(authority, tmp_path) as place:
        read, write = os.pipe()
        os.close(read)
        ended = subprocess.run(
            _command(place),
            cwd=place.folder / "cwd",
            env=environment(place.folder, place.canary),
            stdout=write,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        os.close(write)
        assert (ended.returncode in {1, 10}, ended.stderr) == (True, b"")
        report = json.loads((place.reports / "report.json").read_bytes())
        assert report["exit_code"] == ended.returncode


def _command(place: Ground) -> list[str]:
    target = ("--config", place.config, "--target", "partner", "--no-color")
    return conformance("run", *target, "--reports", place.reports)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this machine has no /dev/full")
def test_an_output_that_is_full(authority: Authority, tmp_path: Path) -> None:
    """A log file on a full disk costs the summary, not the reports, and is no success."""
    with ground(authority, tmp_path) as place:
        outcome = place.start(output=Path("/dev/full")).wait()
        assert outcome.exit_code == 3
        assert sorted(path.name for path in place.reports.iterdir()) == sorted(REPORTS)


# A clock that jumps

JUMPS = """
import time
_time, _calls = time.time, [0]
def jumping():
    _calls[0] += 1
    return _time() + (_calls[0] // 7 % 3 - 1) * {by}
time.time = jumping
time.time_ns = lambda: int(jumping() * 1e9)
"""


@pytest.mark.parametrize("by", [3600, 10**9, -(10**9)])
def test_a_clock_that_jumps(by: int, authority: Authority, tmp_path: Path) -> None:
    """Durations stay durations, and nothing breaks; a report says when, as well as it can."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(JUMPS.format(by=by))
    with ground(authority, tmp_path) as place:
        env = environment(place.folder, place.canary, PYTHONPATH=f"{tmp_path / 'site'}:{CHECKOUT}")
        ended = subprocess.run(
            _command(place), cwd=place.folder / "cwd", env=env, capture_output=True, timeout=90, check=False
        )
        assert ended.returncode in {1, 10}, ended.stdout + ended.stderr
        assert b"Traceback" not in ended.stdout + ended.stderr
        report = json.loads((place.reports / "report.json").read_bytes())
        assert 0 <= report["duration_s"] < 90
        har = json.loads((place.reports / "evidence.har").read_bytes())
        assert all(0 <= entry["time"] < 90_000 for entry in har["log"]["entries"])
