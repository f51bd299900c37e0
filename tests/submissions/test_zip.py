"""Zip files that are none of a package are refused in one line, within bounds, and nothing is unpacked to disk."""

from __future__ import annotations

import io
import json
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.commands.cli import main
from conformance.reporting.json import to_json
from conformance.submissions import package
from conformance.submissions.package import MalformedError, packed, read_package
from conformance.verdicts.judge import judge_evidence
from conformance.verdicts.terms import Terms
from tests.evidence_factory import conforming
from tests.submissions.forging import CONTRACT, Partner, ask

FILES = {"evidence.har": b"{}", "report.json": b"{}", "requirements.toml": b"", "statement.json": b"{}"}


def with_entries(*names: str, data: bytes = b"x") -> bytes:
    made = io.BytesIO(packed(FILES))
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two entries of one name
        for name in names:
            archive.writestr(name, data)
    return made.getvalue()


def lying() -> bytes:
    """An entry that says it is smaller than it is, in both of its heads."""
    made = with_entries("report.html", data=b"a" * 5_000)
    return made.replace(struct.pack("<L", 5_000), struct.pack("<L", 50))


def whole_by(method: int, mode: int = 0o644) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in FILES.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type, entry.external_attr = method, mode << 16
            archive.writestr(entry, data)
    return made.getvalue()


WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "no zip file"),
    "text": (lambda: b"PK is not enough", "no zip file"),
    "cut short": (lambda: packed(FILES)[:-30], "no zip file"),
    "without a recording": (lambda: packed({"report.json": b"{}"}), "evidence.har is missing"),
    "without a statement": (
        lambda: packed({n: d for n, d in FILES.items() if n != "statement.json"}),
        "statement.json is missing",
    ),
    "two entries of a name": (lambda: with_entries("evidence.har"), "two entries"),
    "a path that leads out": (lambda: with_entries("../../etc/passwd"), "no file of a package"),
    "an absolute path": (lambda: with_entries("/etc/evidence.har"), "no file of a package"),
    "a folder": (lambda: with_entries("reports/"), "no file of a package"),
    "a name with a NUL": (
        lambda: with_entries("report.html_.exe").replace(b"report.html_.exe", b"report.html\0.exe"),
        "no file of a package",
    ),
    "a name with an escape sequence": (lambda: with_entries("\x1b[2J"), "no file of a package"),
    "many entries": (lambda: with_entries(*(f"f{n}" for n in range(5_000))), "entries"),
    "a bomb": (lambda: with_entries("report.html", data=b"\0" * (40 << 20)), "too tightly"),
    "an entry that lies": (lying, "package"),
    "a broken checksum": (
        lambda: packed(FILES | {"report.html": b"abc"}).replace(struct.pack("<L", zlib.crc32(b"abc")), b"\0\0\0\0"),
        "no zip file",
    ),
    "packed in another way": (lambda: whole_by(zipfile.ZIP_LZMA), "neither stored nor deflated"),
    "packed in another way, and broken": (
        lambda: whole_by(zipfile.ZIP_LZMA).replace(b"{}", b"[]"), "neither stored nor deflated"
    ),
    "a link": (lambda: whole_by(zipfile.ZIP_STORED, mode=0o120_777), "is a link"),
    "a script in front": (lambda: b"#!/bin/sh\n" + packed(FILES), "before its first entry"),
    "encrypted": (
        lambda: packed(FILES).replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"),
        "encrypted",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_malformed_file_is_refused_in_one_line(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make, said = WRONG[what]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answer.zip").write_bytes(make())
    assert main(["verify", "answer.zip"]) == 4
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert said in told.err
    assert "\x1b" not in told.err
    assert os.listdir(tmp_path) == ["answer.zip"]


def test_a_large_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_LARGEST", 100)
    (tmp_path / "answer.zip").write_bytes(b"a" * 101)
    with pytest.raises(MalformedError, match="larger than"):
        read_package(tmp_path / "answer.zip")
    monkeypatch.setattr(package, "_LARGEST", 1 << 20)
    monkeypatch.setattr(package, "_MOST", 3)
    (tmp_path / "answer.zip").write_bytes(packed(FILES))
    with pytest.raises(MalformedError, match="more than"):
        read_package(tmp_path / "answer.zip")


@pytest.mark.parametrize("name", ["missing.zip", "."])
def test_what_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="cannot read"):
        read_package(tmp_path / name)


def whole() -> dict[str, bytes]:
    evidence = conforming()
    report = judge_evidence(evidence, CONTRACT, Terms())
    return Partner(evidence, ask("h.example")).files(report_json=to_json(report)) | {"statement.json": b"{}"}


def har(change: Callable[[dict[str, object]], object]) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def changed(files: dict[str, bytes]) -> dict[str, bytes]:
        said = json.loads(files["evidence.har"])
        change(said)
        return files | {"evidence.har": json.dumps(said).encode()}

    return changed


CONTENT: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "a recording that is no JSON": lambda f: f | {"evidence.har": b"{"},
    "a recording nested without end": lambda f: f | {"evidence.har": b"[" * 100_000},
    "a recording that says something twice": lambda f: f | {
        "evidence.har": f["evidence.har"].replace(b'"version": "1.2"', b'"version": "1.2", "version": "1.2"')
    },
    "a number that JSON has not": lambda f: f | {
        "evidence.har": f["evidence.har"].replace(b'"time": ', b'"time": NaN, "x": ', 1)
    },
    "a recording of another tool": har(lambda said: said["log"].pop("_run")),  # type: ignore[attr-defined]
    "a recording without a log": lambda f: f | {"evidence.har": b'{"x": 1}'},
    "a report that is none": lambda f: f | {"report.json": b"[]"},
    "a report that is no JSON": lambda f: f | {"report.json": b"\xff"},
    "a challenge that is none": lambda f: f | {"challenge.json": b"{}"},
    "a challenge that is no JSON": lambda f: f | {"challenge.json": b"\xff"},
}  # fmt: skip


@pytest.mark.parametrize("what", CONTENT)
def test_a_malformed_content_is_refused_in_one_line(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answer.zip").write_bytes(packed(CONTENT[what](whole())))
    assert main(["verify", "answer.zip"]) == 4
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)


def test_hostile_text_is_shown_inert(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = whole()
    files["evidence.har"] = files["evidence.har"].replace(
        b'"target": "staging"', b'"target": "\\u001b[2J::error::x\\u202e"'
    )
    (tmp_path / "answer.zip").write_bytes(packed(files))
    assert main(["verify", "answer.zip"]) == 10
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\u202e" not in told
