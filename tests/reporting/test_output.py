"""What is printed: whole where somebody reads, in characters that the stream has, and no trouble elsewhere."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from conformance.reporting import output


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "Grüße …\n"),
        ("cp1252", "Grüße …\n"),
        ("latin-1", "Grüße ...\n"),
        ("ascii", "Gr\\xfc\\xdfe ...\n"),
    ],
)
def test_what_a_stream_has_no_characters_for_is_escaped(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    output.say("Grüße …\n")
    assert stream.buffer.getvalue().decode(encoding) == shown


def test_a_half_of_a_character_is_escaped_too(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("\udcfc\n")
    assert capsys.readouterr().out == "\\udcfc\n"


def test_where_nobody_reads_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (None, io.StringIO()):
        if stream:
            stream.close()
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, stream)
        output.say("x")
        output.complain("x")
        output.progress("x", over=True)
        assert not output.is_terminal(stream)


def test_a_reader_who_has_gone_is_no_mishap(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        output.say("x")
        output.say("y")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this machine has no /dev/full")
def test_a_full_disk_is_said_and_spares_what_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        monkeypatch.setattr(sys, "stderr", stream)
        with pytest.raises(output.OutputError, match="No space left"):
            output.say("x")
        output.complain("x")


def test_what_went_wrong_takes_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.complain("one\ntwo \x1b[31m")
    assert capsys.readouterr().err == "connect-conformance: one\\ntwo \\x1b[31m\n"


def test_a_dumb_terminal_is_shown_no_line_that_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    output.progress("1 of 2", over=False)
    monkeypatch.setenv("TERM", "xterm")
    output.progress("2 of 2", over=True)
    assert capsys.readouterr().err == "\r2 of 2\r\x1b[K"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "on_a_terminal", "in_a_file"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_who_gets_colors(
    variables: dict[str, str], on_a_terminal: bool, in_a_file: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert output.has_colors(_Terminal()) is on_a_terminal
    assert output.has_colors(io.StringIO()) is in_a_file
    assert output.has_colors(None) is in_a_file


@pytest.mark.parametrize(
    ("variables", "links"),
    [
        ({}, False),
        ({"VTE_VERSION": "7600"}, True),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "dumb", "WT_SESSION": "1"}, False),
    ],
)
def test_who_gets_links(variables: dict[str, str], links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TERM", "VTE_VERSION", "WT_SESSION", "KONSOLE_VERSION", "TERM_PROGRAM", "DOMTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert output.has_links(_Terminal()) is links
    assert not output.has_links(io.StringIO())
