"""How commands end, whatever becomes of their streams and of themselves: the documented exit code, one line at most."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.commands.guard import guarded
from conformance.contract.load import documented
from conformance.reporting.output import OutputError
from conformance.target.configuration import ConfigError
from tests.command import ROOT, environment, run, started

RECORDING = str(ROOT / "docs/recording-2013.har")
SAMPLE = str(ROOT / "reports/sample")
FILES = {"report.html", "report.json", "junit.xml", "summary.md", "evidence.har"}
COMMANDS = {
    "run": (["run", "--endpoint", "reference", "--select", "ENV-01", "--reports", "out"], 0),
    "replay": (["replay", RECORDING, "--reports", "out"], 1),
    "compare": (["compare", SAMPLE, SAMPLE, "--format", "json"], 0),
    "requirements": (["requirements"], 0),
    "init": (["init"], 0),
    "a wrong command": (["run", "--end-point", "x"], 4),
}
STREAMS = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "stderr full": "2>/dev/full",
    "stdout full": ">/dev/full",
}
CHARACTERS = {"ascii": "ascii", "cp1252": "cp1252"}


def ended(words: list[str], streams: str, cwd: Path, **values: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-m", "conformance", *words]
    done = subprocess.run(
        command, cwd=cwd, env=environment(**values), capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def assert_reports_are_whole(words: list[str], folder: Path, code: int) -> None:
    if "--reports" in words:
        assert {path.name for path in folder.iterdir()} >= FILES
        assert json.loads((folder / "report.json").read_bytes())["exit_code"] == code


NOHUP = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]


@pytest.mark.parametrize("streams", STREAMS)
@pytest.mark.parametrize("name", COMMANDS)
def test_streams(name: str, streams: str, tmp_path: Path) -> None:
    """Nobody reads it: the exit code is the command's own. It cannot be written: 3, in one line."""
    words, code = COMMANDS[name]
    if "full" in STREAMS[streams] and not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    done = ended(words, STREAMS[streams], tmp_path)
    if streams == "stdout full" and code != 4:
        assert done.returncode == 3
        assert done.stderr == "connect-conformance: the output cannot be written: No space left on device\n"
    else:
        assert done.returncode == code
        assert done.stderr.count("\n") == (code == 4 and "2" not in STREAMS[streams])
    assert_reports_are_whole(words, tmp_path / "out", code)


@pytest.mark.parametrize("encoding", CHARACTERS)
@pytest.mark.parametrize("name", COMMANDS)
def test_characters(name: str, encoding: str, tmp_path: Path) -> None:
    words, code = COMMANDS[name]
    values = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding, "TERM": "dumb"}
    done = ended(words, "", tmp_path, **values)
    assert done.returncode == code
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert_reports_are_whole(words, tmp_path / "out", code)


def test_json_stays_json_where_the_stream_has_few_characters(tmp_path: Path) -> None:
    for name in ("one", "two"):
        text = (Path(SAMPLE) / "report.json").read_text(encoding="utf-8")
        (tmp_path / f"{name}.json").write_text(
            text.replace('"name": "', '"name": "Grüße ', 1), encoding="utf-8"
        )
    words = ["compare", "one.json", "two.json", "--format", "json"]
    done = ended(words, "", tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
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
