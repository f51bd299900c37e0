"""The file of a history: what a line says, how lines are appended, and what becomes of those that are none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.commands.cli import main
from conformance.contract.given import ConfigError
from conformance.contract.levels import LEVELS, Level
from conformance.verdicts.claim import claim
from conformance.verdicts.history.file import Found, append, check, lines
from conformance.verdicts.history.line import (
    LETTERS,
    WAIVED,
    LineError,
    claim_of,
    contradiction,
    counted_letters,
    read_line,
)
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, RequirementResult, WaiverNote
from tests.command import environment
from tests.history.nights import NAMES, kept, night, nights, terms


def read(file: Path) -> list[Found]:
    with file.open("rb") as source:
        return list(lines(source))


@given(
    st.lists(st.tuples(st.sampled_from("pfinew-"), st.sampled_from(LEVELS)), min_size=1),
    st.sampled_from(LEVELS),
)
def test_letters_come_to_what_the_suite_decides(judged: list[tuple[str, Level]], level: Level) -> None:
    verdicts = {letter: verdict for verdict, letter in LETTERS.items()} | {WAIVED: Verdict.FAIL}
    requirements = [
        RequirementResult(
            id=f"ONE-{number}",
            level=of,
            title="",
            source="",
            verdict=verdicts.get(letter, Verdict.NOT_APPLICABLE),
            selected=letter != "-",
            waiver=WaiverNote(reason="", expires="") if letter == WAIVED else None,
        )
        for number, (letter, of) in enumerate(judged)
    ]
    letters, levels = "".join(a for a, _ in judged), "".join(b[0] for _, b in judged)
    names = " ".join(one.id for one in requirements)
    said = claim_of(counted_letters(letters, levels, names, level), stopped="e" in letters)
    assert said is claim(requirements, level)
    assert not contradiction(letters, levels, names, level, said)
    others = set(Claim) - {said, Claim.INCONCLUSIVE if said is Claim.CONFORMING else said}
    assert all(contradiction(letters, levels, names, level, other) for other in others)


def test_terms_stand_in_the_first_line_that_has_them(tmp_path: Path) -> None:
    other = terms(binding="form-xml")
    file = kept(tmp_path / "h", [night(1), night(2), night(3, of=other), night(4, of=other), night(5)])
    said = [json.loads(line)["terms"] for line in file.read_bytes().splitlines()]
    assert [isinstance(one, dict) for one in said] == [True, False, True, False, False]
    assert [one.line.terms_id for one in read(file)] == [terms().id] * 2 + [other.id] * 2 + [terms().id]


def test_terms_that_no_readable_line_has_are_said_again(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", [night(1)])
    file.write_bytes(file.read_bytes()[:-20] + b"\n")
    append(file, [night(2)])
    assert [bool(one.line) for one in read(file)] == [False, True]
    assert read(file)[1].line.terms == terms()


def test_a_run_is_appended_once(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", nights(["pppppp", "pfpppp"]))
    before = file.read_bytes()
    assert append(file, [night(1, "pfpppp"), night(2)], once=True) == [night(2)]
    assert file.read_bytes().startswith(before)
    assert len(read(file)) == 3


@pytest.mark.parametrize("torn", [b'{"history":1,"when":"2026', b"\xff\xfe", b"<<<<<<< ours"])
def test_what_comes_behind_a_torn_line_begins_a_new_one(torn: bytes, tmp_path: Path) -> None:
    file = kept(tmp_path / "h", [night(1)])
    with file.open("ab") as end:
        end.write(torn)
    assert read(file)[1].trouble == "it has no end: it is torn"
    append(file, [night(2)])
    found = read(file)
    assert [(one.number, bool(one.line)) for one in found] == [(1, True), (2, False), (3, True)]


def test_two_processes_append_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "h"
    script = (
        "import sys; from pathlib import Path; from tests.history.nights import append, night\n"
        "for number in range(40): append(Path(sys.argv[1]), [night(number, target=sys.argv[2])])"
    )
    command = [sys.executable, "-c", script, str(file)]
    running = [subprocess.Popen([*command, name], env=environment()) for name in "ab"]
    assert [one.wait(60) for one in running] == [0, 0]
    found = read(file)
    assert len(found) == 80
    assert all(one.line for one in found)
    assert sum(isinstance(one.line.terms, msgspec.Struct) for one in found) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="fcntl")
def test_who_appends_waits_for_whoever_does(tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415  not everywhere

    file = kept(tmp_path / "h", [night(1)])
    script = (
        "import sys; from pathlib import Path; from tests.history.nights import append, night\n"
        "print('ready', flush=True); append(Path(sys.argv[1]), [night(2)])"
    )
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        command = [sys.executable, "-c", script, str(file)]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as running:
            assert running.stdout.readline() == b"ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(0.5)
            assert len(read(file)) == 1
            fcntl.flock(held, fcntl.LOCK_UN)
            assert running.wait(60) == 0
    assert len(read(file)) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="ulimit")
def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", nights(["pppppp"] * 15))
    before = file.read_bytes()
    script = (
        "import signal, sys; from pathlib import Path; from tests.history.nights import append, night\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); append(Path(sys.argv[1]), [night(50 + n) for n in range(60)])"
    )
    limit = f'ulimit -f {len(before) // 512 + 8}; exec "$@"'
    command = ["sh", "-c", limit, "sh", sys.executable, "-c", script, str(file)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert "No space left on device" in done.stderr
    assert file.read_bytes() == before


def test_what_is_no_history_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("Remember the milk.\n", encoding="utf-8")
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("notes", "dir", "pipe", "missing/h"):
        with pytest.raises(ConfigError, match=f"{name}.*allowed: a history"):
            append(tmp_path / name, [night(1)])
        with pytest.raises(ConfigError, match=f"{name}.*allowed: a history"):
            check(tmp_path / name)
    assert (tmp_path / "notes").read_text(encoding="utf-8") == "Remember the milk.\n"
    (tmp_path / "empty").touch()
    check(tmp_path / "empty")
    check(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def changed(**values: object) -> bytes:
    """A line with other values than a run would leave."""
    return json.dumps(json.loads(night(1).written(whole=True)) | values).encode()


OTHER_TERMS = json.loads(night(1).written(whole=True))["terms"] | {"names": NAMES.replace("ENV", "EMV")}
WRONG = {
    "nul": (b"\0" * 50, "JSON is malformed"),
    "ours": (b"<<<<<<< HEAD", "a conflict marker of a merge"),
    "between": (b"=======", "a conflict marker of a merge"),
    "theirs": (b">>>>>>> branch", "a conflict marker of a merge"),
    "torn": (night(1).written(whole=True)[:100], "it is torn"),
    "deep": (b"[" * 100_000, ""),
    "list": (b"[1]", "Expected `object`"),
    "bytes": (b'{"history":\xff}', ""),
    "later": (changed(history=2), "it has format 2, and this version reads format 1"),
    "when": (changed(when="2026-13-01T00:00:00Z"), "`when` is no time"),
    "letters": (changed(judged="ppxppp"), "`judged` has other letters"),
    "target": (changed(target=""), "a name or a label"),
    "label": (changed(labels={"a": "x" * 2_000}), "a name or a label"),
    "labels": (changed(labels={f"a{n}": "" for n in range(200)}), "a name or a label"),
    "evidence": (changed(evidence="12"), "`evidence` is no SHA-256"),
    "ms": (changed(ms=[-1, 2]), "`ms` are no times"),
    "endless": (changed(ms=[1]).replace(b"[1]", b"[1e999, 1]"), ""),
    "exit": (changed(exit=7), "`exit`, `sent` or `lost` cannot be"),
    "lost": (changed(lost=300), "`exit`, `sent` or `lost` cannot be"),
    "terms": (changed(terms=OTHER_TERMS), "`terms` are not what their digest says"),
    "verdict": (changed(verdict="great"), "Invalid enum value"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_line_that_is_none_says_why(name: str) -> None:
    data, why = WRONG[name]
    with pytest.raises(LineError) as refused:
        read_line(data)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_line_without_end_of_a_hundred_megabytes_is_not_read_into_memory(tmp_path: Path) -> None:
    file = kept(tmp_path / "h", [night(1)])
    with file.open("ab") as end:
        end.truncate(file.stat().st_size + (100 << 20))
        end.seek(0, os.SEEK_END)
        end.write(b"\n" + night(2).written(whole=False))
    first, long, last = read(file)
    assert (long.number, long.line, long.trouble) == (2, None, "it is longer than 1 MiB")
    assert (first.line, last.line) == (night(1), night(2).referring(terms().id))


def test_a_history_that_cannot_be_written_is_refused_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--endpoint=reference", f"--history={tmp_path}/none/h", f"--reports={tmp_path}/out"]
    assert main(words) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--history: cannot write" in said
    assert not (tmp_path / "out").exists()


def test_a_run_says_in_one_line_what_cannot_be_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for words in (["empty"], ["none"], []):
        assert main(["history", "add", *(str(tmp_path / word) for word in words)]) == 4
        assert capsys.readouterr().err.count("\n") == 1
