"""How every command ends, whatever becomes of its streams and of itself: one table, commands by conditions.

The documented exit code, at most one line on standard error, no traceback, reports whole, states taken back.
"""

from __future__ import annotations

import json
import marshal
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.cli import main, parser
from conformance.commands.guard import guarded
from conformance.contract.given import ConfigError
from conformance.contract.load import documented
from conformance.reporting import output
from conformance.reporting.output import OutputError
from tests.command import COMMAND, ROOT, run, started
from tests.hostile.provisioned import STATES, ground
from tests.hostile.stage import Authority
from tests.hostile.test_interruptions import Bomb

RECORDING = str(ROOT / "docs/recording-2013.har")
SAMPLE = str(ROOT / "reports/sample")
FILES = {"report.html", "checks.html", "report.json", "junit.xml", "summary.md", "evidence.har"}
FLEET = "".join(
    f'[targets.{name}]\nendpoint = "https://127.0.0.1:1/"\nhttp_endpoint = "http://127.0.0.1:1/"\n' for name in "ab"
)


@dataclass(frozen=True)
class Case:
    """One command. stopped: its exit code when it is asked to stop while it prints what it came to.

    reports: files that it writes into `out`. lasts: it ends only when it is asked to.
    """

    words: tuple[str, ...]
    code: int
    stopped: int = 2
    reports: tuple[str, ...] = ()
    lasts: bool = False


_FLEET = ("run", "--all-targets", "--config=fleet.toml", "--select=REQ-01", "--reports=out", "--quiet")
_MEMBERS = tuple(f"{name}/{file}" for name in "ab" for file in FILES)
_OVERVIEW = ("overview.html", "overview.json", "overview.junit.xml", "overview.md")
COMMANDS = {
    "run": Case(
        ("run", "--endpoint=reference", "--select=ENV-01", "--reports=out"),
        0,
        stopped=0,
        reports=tuple(FILES),
    ),
    "run, listed": Case(("run", "--endpoint=reference", "--select=ENV-01", "--list"), 0),
    "run, several targets": Case(_FLEET, 10, stopped=10, reports=(*_OVERVIEW, *_MEMBERS)),
    "serve": Case(("serve",), 0, stopped=0, lasts=True),
    "prove": Case(("prove", "--only=answered_empty"), 0),
    "replay": Case(("replay", RECORDING, "--reports=out"), 1, stopped=1, reports=tuple(FILES)),
    "compare": Case(("compare", SAMPLE, SAMPLE, "--format=json"), 0),
    "compare, an overview": Case(("compare", "--overview", SAMPLE, "--reports=out"), 1, reports=_OVERVIEW),
    "requirements": Case(("requirements",), 0),
    "explain": Case(("explain", "ENV-03"), 0),
    "init": Case(("init",), 0),
    "waivers": Case(("waivers", "init", SAMPLE), 0),
    "completion": Case(("completion", "bash"), 0),
    "package": Case(("package", "--no-such-option"), 4),  # what they do has tests of its own
    "verify": Case(("verify", "--no-such-option"), 4),
    "challenge": Case(("challenge", "--for=me", "--endpoint-host=api.example"), 0),
    "history": Case(("history", "add", SAMPLE), 0),
    "doctor": Case(("doctor", "--endpoint=reference", "--select=ENV-01"), 0),
    "a wrong command": Case(("run", "--end-point=x"), 4),
}
CONDITIONS: dict[str, tuple[str, dict[str, str]]] = {
    "stdout closed": (">&-", {}),
    "stderr closed": ("2>&-", {}),
    "all closed": ("<&- >&- 2>&-", {}),
    "stdout full": (">/dev/full", {}),
    "stderr full": ("2>/dev/full", {}),
    "ascii, dumb": ("", {"PYTHONIOENCODING": "ascii", "TERM": "dumb"}),
    "cp1252": ("", {"PYTHONIOENCODING": "cp1252"}),
}
# Every command in these. The others differ from them in what reporting/output.py alone sees, whoever prints:
# a command that judges, one that prints for programs and one that only complains stand for all.
EVERY = ("all closed", "stdout full", "ascii, dumb")
SOME = ("run", "compare", "a wrong command")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
each_signal = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)


def each_with_a_signal(names: Iterable[str]) -> pytest.MarkDecorator:
    """Commands, each with one of the signals, which mean the same; the first of them with every one."""
    first, *others = names
    pairs = [*((first, number) for number in SIGNALS), *zip(others, cycle(SIGNALS), strict=False)]
    return pytest.mark.parametrize(("name", "number"), pairs, ids=lambda value: getattr(value, "name", value))


def test_every_command_stands_in_the_table() -> None:
    (commands,) = (action.choices for action in parser()._actions if isinstance(action.choices, dict))
    assert {case.words[0] for case in COMMANDS.values()} == set(commands)


# Where files may not grow, Python keeps half a module, which nobody can import from then on.
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}


def command(streams: str) -> list[str]:
    return ["sh", "-c", f'exec "$@" {streams}', "sh", *COMMAND]


def ended(words: tuple[str, ...], streams: str, cwd: Path, **values: str) -> subprocess.CompletedProcess[str]:
    (cwd / "fleet.toml").write_text(FLEET, encoding="utf-8")
    values = {"LC_ALL": "C", "PYTHONUTF8": "0", **values} if values else values
    return run(*words, cwd=cwd, command=command(streams), **values)


def assert_reports_are_whole(case: Case, folder: Path, code: int) -> None:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == set(case.reports)
    if case.reports:
        (made,) = (name for name in ("report.json", "overview.json") if name in case.reports)
        assert json.loads((folder / made).read_bytes())["exit_code"] == code


@pytest.mark.parametrize(
    ("name", "condition"),
    [(n, c) for n, case in COMMANDS.items() for c in CONDITIONS if not case.lasts and (c in EVERY or n in SOME)],
)
def test_streams(name: str, condition: str, tmp_path: Path) -> None:
    """Nobody reads it: the exit code is the command's own. It cannot be written: 3, in one line."""
    case, (streams, values) = COMMANDS[name], CONDITIONS[condition]
    if "full" in condition and not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    done = ended(case.words, streams, tmp_path, **values)
    if condition == "stdout full" and case.code != 4:
        assert done.returncode == 3
        assert done.stderr == "connect-conformance: the output cannot be written: No space left on device\n"
    else:
        assert done.returncode == case.code
        assert done.stderr.count("\n") == (case.code == 4 and "2" not in streams)
    assert "\x1b" not in done.stdout
    assert done.stdout.isascii() or "ascii" not in condition
    assert_reports_are_whole(case, tmp_path / "out", case.code)


@pytest.mark.parametrize("name", [name for name, case in COMMANDS.items() if case.reports])
def test_no_room_for_reports(name: str, tmp_path: Path) -> None:
    """What could be written is whole, one line names the rest, and nothing that is absent is referred to."""
    case = COMMANDS[name]
    (tmp_path / "fleet.toml").write_text(FLEET, encoding="utf-8")
    blocks = 40 if "a/report.json" in case.reports else 8  # room for the overview alone, or for next to nothing
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *COMMAND]
    done = run(*case.words, cwd=tmp_path, command=limited, **NO_BYTECODE)
    assert done.returncode == 3
    there = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert there < set(case.reports)
    if "a/report.json" in case.reports:  # whose overview could be written
        assert "2 not judged; exit code 3" in done.stdout
        return
    assert done.stderr.count("\n") == 1
    assert "File too large" in done.stderr
    assert [file for file in case.reports if file not in there and file not in done.stderr] == []
    assert "report.html" not in "".join(line for line in done.stdout.splitlines() if "REPORTS" in line)


def test_no_room_for_a_configuration(tmp_path: Path) -> None:
    """Nothing is left of the new one, and all of the old one."""
    limited = ["sh", "-c", 'ulimit -f 2; exec "$@"', "sh", *COMMAND]
    file = tmp_path / "connect-conformance.toml"
    for words, there in ((["init"], {}), (["init", "--force"], {file.name: "mine"})):
        done = run(*words, cwd=tmp_path, command=limited, **NO_BYTECODE)
        assert done.returncode == 3
        assert done.stderr.count("\n") == 1
        assert "File too large" in done.stderr
        assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == there
        file.write_text("mine", encoding="utf-8")


@pytest.mark.parametrize(
    "option",
    ["timeout=-1", "timeout=nan", "seed=x", "rate=0", "concurrency=99", "max-requests=0", "level=all"],
)
def test_pytest_refuses_what_the_command_refuses(option: str, tmp_path: Path) -> None:
    """In one line, which names what is allowed."""
    words = ["-p", "conformance.pytest_plugin", "--endpoint=reference", f"--{option}", "--pyargs"]
    done = run(*words, "conformance.checks", cwd=tmp_path, command=[sys.executable, "-m", "pytest"])
    assert done.returncode == 4
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"--{option.split('=', maxsplit=1)[0]}: '{option.split('=')[1]}' is no" in done.stderr


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("condition", CONDITIONS)
def test_streams_of_one_that_lasts(condition: str, tmp_path: Path) -> None:
    """It serves, whoever reads where, and ends when it is asked to."""
    streams, values = CONDITIONS[condition]
    port = free_port()
    with started("serve", f"--https-port={port}", cwd=tmp_path, command=command(streams), **values) as process:
        if condition == "stdout full":
            assert process.wait(60) == 3
            return
        while not listens(port):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr
        assert process.stderr.read() == ""


@each_with_a_signal(COMMANDS)
def test_asked_to_stop_while_it_prints(
    name: str,
    number: signal.Signals,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What is judged and written stays so; the exit code says the same as the reports."""
    case = COMMANDS[name]
    (tmp_path / "fleet.toml").write_text(FLEET, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    write = output._write

    def signalling(*arguments: Any) -> None:
        signal.raise_signal(number)
        write(*arguments)

    monkeypatch.setattr(output, "_write", signalling)
    assert main(case.words) == case.stopped
    told = capfd.readouterr().err
    assert told.count("\n") == (case.stopped in {2, 4})
    assert "interrupted" in told or case.stopped != 2
    assert_reports_are_whole(case, tmp_path / "out", case.code)


# While something is under way: a signal once a call was seen that is made in a state.


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


UNDER_WAY = {
    "run": (("run", "--target=partner"), tuple(FILES)),
    "run, several targets": (
        ("run", "--all-targets"),
        (*_OVERVIEW, *(f"partner/{file}" for file in FILES)),
    ),
    "doctor": (("doctor", "--target=partner"), ()),
}


@each_with_a_signal(UNDER_WAY)
def test_asked_to_stop_while_a_state_is_set(
    name: str, number: signal.Signals, authority: Authority, tmp_path: Path
) -> None:
    """The state is taken back, what was judged is written, the exit code is 2."""
    words, reports = UNDER_WAY[name]
    bomb = Bomb(lambda ask: ask.header("X-Test-State") == STATES[0])
    with ground(authority, tmp_path, on_ask=bomb) as place:
        given = [*words, f"--config={place.config}", *([f"--reports={tmp_path / 'out'}"] if reports else [])]
        with started(*given, cwd=tmp_path) as process:
            bomb.arm(lambda: process.send_signal(number))
            _, said = process.communicate(timeout=60)
        assert bomb.went_off.is_set()
        assert process.returncode == 2, said
        assert (place.ran("setup", STATES[0]), place.ran("teardown", STATES[0])) == (1, 1)
        assert place.ran("setup", STATES[1]) <= place.ran("teardown", STATES[1])
    assert "Traceback" not in said
    assert said.count("\n") <= 1
    assert_reports_are_whole(Case(words, 2, reports=reports), tmp_path / "out", 2)


@each_signal
def test_one_that_lasts_is_asked_to_stop(number: signal.Signals, tmp_path: Path) -> None:
    with started("serve", cwd=tmp_path) as process:
        assert process.stdout
        while "Ctrl-C" not in process.stdout.readline():
            pass
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("option", ["endpoint=https://h/\udcff", "proxy=http://\udcff", "seed=\u0663", "timeout=1_0"])
def test_what_python_would_take_or_choke_on_is_refused(option: str, tmp_path: Path) -> None:
    done = run("run", "--endpoint=reference", f"--{option}", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)


def test_an_endless_recording_is_refused(tmp_path: Path) -> None:
    done = run("replay", "/dev/zero", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert "/dev/zero: it is larger than 256 MiB" in done.stderr


def test_python_m_beside_another_package_of_our_name(tmp_path: Path) -> None:
    """Python looks in the current folder first, unless told not to."""
    (tmp_path / "conformance").mkdir()
    (tmp_path / "conformance" / "__init__.py").write_text("raise RuntimeError", encoding="utf-8")
    done = run("requirements", cwd=tmp_path, command=[sys.executable, "-P", "-m", "conformance"])
    assert done.returncode == 0


NOHUP = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]


def test_json_stays_json_where_the_stream_has_few_characters(tmp_path: Path) -> None:
    for name in ("one", "two"):
        text = (Path(SAMPLE) / "report.json").read_text(encoding="utf-8")
        (tmp_path / f"{name}.json").write_text(text.replace('"name": "', '"name": "Grüße ', 1), encoding="utf-8")
    words = ("compare", "one.json", "two.json", "--format", "json")
    done = ended(words, "", tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    json.loads(done.stdout)


def test_a_comparison_whose_reader_goes_still_says_regression(tmp_path: Path) -> None:
    """`compare ... | head -1` is no success where there is a regression."""
    report = json.loads((Path(SAMPLE) / "report.json").read_bytes())
    good, bad = json.dumps(report), None
    for requirement in report["requirements"]:
        if requirement["level"] == "must" and requirement["verdict"] == "pass":
            requirement["verdict"] = "fail"
            bad = json.dumps(report)
            break
    assert bad
    (tmp_path / "good.json").write_text(good)
    (tmp_path / "bad.json").write_text(bad)
    with started("compare", "good.json", "bad.json", "--fail-on-regression", cwd=tmp_path) as process:
        assert process.stdout
        process.stdout.close()
        assert process.wait(60) == 1


def failing(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ConfigError("this is wrong"), 4, "this is wrong"),
        (OutputError("no room"), 3, "no room"),
        (KeyboardInterrupt(), 2, "interrupted"),
        (KeyError("5ecret0fee1dead"), 3, "internal error: KeyError, at test_endings.py line"),
        (OSError(28, "No space left on device", "/x/y"), 3, "OSError, No space left on device (/x/y)"),
        (ModuleNotFoundError("no", name="lxml"), 3, "the module lxml cannot be imported"),
        (BrokenPipeError(32, "Broken pipe"), 3, "BrokenPipeError, Broken pipe"),
        (RecursionError("maximum"), 3, "RecursionError"),
        (MemoryError(), 3, "MemoryError"),
        (GeneratorExit(), 3, "GeneratorExit"),
        (UnicodeEncodeError("ascii", "5ecret0fee1dead", 0, 1, "no"), 3, "UnicodeEncodeError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_nothing_unexpected_is_a_verdict(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(failing(error)) == code
    told = capsys.readouterr().err
    assert told.startswith("connect-conformance: ")
    assert says in told
    assert told.count("\n") == 1
    assert "5ecret" not in told


@pytest.mark.parametrize(("code", "ends"), [(None, 0), (0, 0), (4, 4), ("said", 3)])
def test_the_parser_ends_with_its_own_code(code: object, ends: int) -> None:
    assert guarded(failing(SystemExit(code))) == ends


def test_a_module_that_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "lxml.py").write_text("raise ImportError('no', name='lxml')", encoding="utf-8")
    path = f"{tmp_path}:{ROOT}"
    done = run("requirements", cwd=tmp_path, PYTHONPATH=path)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert documented().requirements, "which this process has"


def test_one_that_ignores_hangups_outlives_its_terminal(tmp_path: Path) -> None:
    """As under nohup: SIGHUP is ignored from the start, and stays ignored."""
    with started("serve", cwd=tmp_path, command=[*NOHUP, sys.executable, "-m", "conformance"]) as process:
        assert process.stdout
        while "Ctrl-C" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--endpoint", "https://127.0.0.1:1/"),
        ("doctor", "--endpoint", "https://127.0.0.1:1/"),
        ("run", "--all-targets"),
        ("init",),
        ("replay", RECORDING),
    ],
)
def test_a_folder_that_is_gone_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    away = "import os, runpy; os.rmdir(os.getcwd()); runpy.run_module('conformance', run_name='__main__')"
    ended = run(*words, cwd=tmp_path / "gone", command=[sys.executable, "-c", away])
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert re.search("the current folder is not there|cannot write", ended.stderr), ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_damaged_compiled_file_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A disk that is full leaves one, and Python does not make it anew."""
    assert guarded(lambda: marshal.loads(b"\xe3")) == 3
    assert "a compiled file is damaged" in capsys.readouterr().err
