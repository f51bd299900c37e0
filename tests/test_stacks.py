"""The harness of tests/stacks; the stacks themselves are judged by `python -m tests.stacks` alone."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command import COMMAND, environment
from tests.stacks.__main__ import merged
from tests.stacks.running import StartError, started
from tests.stacks.stack import Stack, stacks
from tests.stacks.trial import Finding, compared

SERVERS = {
    "nginx",
    "apache2",
    "lighttpd",
    "haproxy",
    "caddy",
    "stunnel",
    "php-fpm*",
    "node",
    "java",
    "puma",
    "ruby",
}
LISTENS = ["@PYTHON@", "-m", "http.server", "--bind", "127.0.0.1"]


def made_of(*processes: list[str], **others: object) -> Stack:
    """A stack from a folder that is there; what it serves does not matter."""
    return Stack(name="go", title="", processes=list(processes), **others)  # type: ignore[arg-type]


def test_ten_stacks_and_more_stand_on_the_servers_that_people_use() -> None:
    assert len(stacks()) >= 10
    assert {command[0] for stack in stacks() for command in stack.processes} >= SERVERS


def test_every_declaration_names_a_requirement() -> None:
    said = subprocess.run(
        [*COMMAND, "requirements", "--format", "json"], env=environment(), capture_output=True, check=True
    )
    levels = {row["id"]: row["level"] for row in json.loads(said.stdout)["requirements"]}
    for stack in stacks():
        assert {levels[name] for name in stack.true} <= {"must", "should"}
        assert {levels[name] for name in stack.open} <= {"must"}


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        (made_of(["no-such-server", "-f"]), "no no-such-server is installed"),
        (made_of(needs=["no-such-*"]), "no no-such-* is installed"),
        (made_of(files=["/no/such/*.so"]), "there is no /no/such/*.so"),
        (
            made_of(python=["json", "no_such_module"]),
            "Python has no module no_such_module (pip install '.[stacks]')",
        ),
        (made_of(npm=["no-such"]), "Node has no package no-such (npm install --prefix tests/stacks)"),
        (made_of(), ""),
    ],
)
def test_what_a_machine_lacks_is_named(lacking: Stack, said: str) -> None:
    assert lacking.missing() == said


def test_a_stack_serves_until_its_block_ends(tmp_path: Path) -> None:
    """Whatever its processes started ends with it."""
    shell = ["sh", "-c", "trap '' TERM; $PYTHON -m http.server --bind 127.0.0.1 $HTTP_PORT & wait; wait"]
    with started(made_of([*LISTENS, "@HTTPS_PORT@"], shell), tmp_path) as settings:
        ports = [int(settings["HTTP_PORT"]), int(settings["HTTPS_PORT"])]
        for port in ports:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_process_that_ends_is_told_with_what_it_said(tmp_path: Path) -> None:
    ends = made_of(["sh", "-c", "echo out of order; exit 7"])
    with pytest.raises(StartError, match="sh ended with 7\n    out of order"), started(ends, tmp_path):
        pass


ROWS = [
    ("REQ-01", "must", "pass", []),
    ("REQ-04", "must", "fail", [1, 2]),
    ("REQ-05", "should", "fail", [3]),
    ("TLS-01", "must", "inconclusive", []),
    ("TIM-03", "should", "inconclusive", []),
    ("HYG-01", "advisory", "fail", [1]),
]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """The reports of a run with two failures and an open must requirement."""
    requirements = [
        {
            "id": name,
            "level": level,
            "verdict": verdict,
            "checks": [
                {"verdict": verdict, "reason": f"why {name}", "exchanges": exchanges},
                {"verdict": "pass", "reason": "", "exchanges": [4]},
            ],
        }
        for name, level, verdict, exchanges in ROWS
    ]
    names = ["malformed-twice", "malformed-text-before", "spelling-cdata", "documented-1"]
    entries = [{"_number": number, "_probe": {"id": name}} for number, name in enumerate(names, 1)]
    report = {"verdict": "nonconforming", "exchanges": 4, "requirements": requirements}
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    (tmp_path / "evidence.har").write_text(json.dumps({"log": {"entries": entries}}), encoding="utf-8")
    return tmp_path


ALL: dict[str, dict[str, object]] = {
    "true": {
        "REQ-04": {"because": "lenient", "answers": ["malformed-t*"]},
        "REQ-05": {"because": "lenient"},
    },
    "open": {"TLS-01": {"because": "a stand-in shows nothing"}},
}


def test_nothing_is_wrong_where_all_is_declared(reports: Path) -> None:
    trial = compared(made_of(**ALL), reports, 1.0)
    assert [(finding.id, finding.open) for finding in trial.findings] == [
        ("REQ-04", False),
        ("REQ-05", False),
        ("TLS-01", True),
    ]
    assert trial.findings[0].answers == ["malformed-text-before", "malformed-twice"]
    assert not trial.wrong
    assert trial.unseen == []


@pytest.mark.parametrize(
    "declared",
    [
        {},
        ALL | {"open": {}},
        ALL | {"true": {"REQ-04": {"because": "lenient"}}},
        ALL | {"true": ALL["true"] | {"REQ-04": {"because": "lenient", "answers": ["malformed-twice"]}}},
        {"true": ALL["true"] | ALL["open"], "open": {}},
        {
            "true": {"REQ-05": {"because": "lenient"}},
            "open": ALL["open"] | {"REQ-04": {"because": "left open"}},
        },
    ],
)
def test_what_is_not_declared_is_wrong(declared: dict[str, Any], reports: Path) -> None:
    assert compared(made_of(**declared), reports, 1.0).wrong


def test_what_is_declared_and_gone_is_told(reports: Path) -> None:
    true = ALL["true"] | {"ENV-01": {"because": "gone"}}
    opened = ALL["open"] | {"REQ-01": {"because": "gone"}}
    trial = compared(made_of(true=true, open=opened), reports, 1.0)
    assert not trial.wrong
    assert trial.unseen == ["ENV-01", "REQ-01 (open)"]


def test_one_row_tells_findings_that_are_alike() -> None:
    alike = [
        Finding(name, "must", "the call is put off", open=True, answers=["documented-1"], because="")
        for name in ("ENV-01", "ENV-02")
    ]
    other = Finding("ENV-03", "must", "the root is another", open=False, answers=["documented-1"], because="")
    assert [ids for _, ids in merged([alike[0], other, alike[1]])] == [["ENV-01", "ENV-02"], ["ENV-03"]]
