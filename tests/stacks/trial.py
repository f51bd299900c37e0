"""Judges one running stack with the console command, and holds what is said of it against what is declared."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .running import filled, started
from .stack import Declared, Stack

CHECKOUT = Path(__file__).parents[2]
RUN = [sys.executable, "-m", "conformance", "run", "--no-color"]
RUNS_S = 300.0  # the suite, at most


@dataclass(frozen=True)
class Finding:
    """A must or should requirement that failed, or a must requirement that was left open."""

    id: str
    level: str
    reason: str
    open: bool
    answers: list[str]  # to which requests, by the names that the evidence gives them
    because: str  # as the stack declares it; empty where nobody expects this


@dataclass(frozen=True)
class Trial:
    """What the suite said of one stack."""

    verdict: str
    exchanges: int
    seconds: float
    findings: list[Finding]
    unseen: list[str]  # declared, but not found

    @property
    def wrong(self) -> bool:
        """Whether the endpoint is accused of something that nobody declared, or left unjudged."""
        return any(not finding.because for finding in self.findings)


def tried(stack: Stack, folder: Path) -> Trial:
    """Starts the stack, runs the suite against it, stops it again."""
    folder.mkdir(parents=True)
    with started(stack, folder) as settings:
        config = folder / "connect-conformance.toml"
        config.write_text(_configuration(stack, settings), encoding="utf-8")
        began = time.monotonic()
        ended = subprocess.run(
            [*RUN, "--config", str(config), "--target", stack.name, "--reports", str(folder / "reports")],
            cwd=folder,
            env=_environment()
            | {"STACK_TOKEN": quote(settings["TOKEN"], safe=""), "SPARE_TOKEN": settings["SPARE_TOKEN"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUNS_S,
            check=False,
        )
        seconds = time.monotonic() - began
    (folder / "terminal.txt").write_text(ended.stdout + ended.stderr, encoding="utf-8")
    if not all((folder / "reports" / name).exists() for name in ("report.json", "evidence.har")):
        said = [line for line in ended.stderr.splitlines() if line.strip()] or ["nothing"]
        reason = f"no reports, exit code {ended.returncode}: {said[0]}"
        return Trial("none", 0, seconds, [Finding("RUN", "must", reason, open=False, answers=[], because="")], [])
    return compared(stack, folder / "reports", seconds)


def _environment() -> dict[str, str]:
    """Without what tunes the suite or pytest, and with this checkout first on the path."""
    kept = {k: v for k, v in os.environ.items() if not re.match("PYTEST|CONNECT_|NO_COLOR|COLUMNS", k)}
    return kept | {"PYTHONPATH": str(CHECKOUT), "COLUMNS": "100"}


def _configuration(stack: Stack, settings: dict[str, str]) -> str:
    """The file that a user of this endpoint would write; the token comes from the environment."""
    target = {
        "endpoint": f"https://{stack.host}:@HTTPS_PORT@/${{STACK_TOKEN}}",
        "http_endpoint": f"http://{stack.host}:@HTTP_PORT@/",
        "ca_file": "@CA@",
        "allow_hostile_requests": True,
        **stack.target,
    }
    return filled(f"[targets.{stack.name}]\n{_table(target, stack.name)}", settings)


def _table(values: dict[str, Any], *path: str) -> str:
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    # Strings, numbers, truth values and lists are written alike in TOML and in JSON.
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in plain.items()]
    for key, value in tables.items():
        lines.append(f"\n[targets.{'.'.join([*path, json.dumps(key)])}]\n{_table(value, *path, json.dumps(key))}")
    return "".join(lines)


def compared(stack: Stack, reports: Path, seconds: float) -> Trial:
    """What the reports say, held against what the stack declares."""
    report = json.loads((reports / "report.json").read_text(encoding="utf-8"))
    asked = _asked(json.loads((reports / "evidence.har").read_text(encoding="utf-8")))
    findings = []
    for requirement in report["requirements"]:
        name, verdict, level = requirement["id"], requirement["verdict"], requirement["level"]
        if verdict in {"pass", "not_applicable"} or level == "advisory" or (verdict != "fail" and level != "must"):
            continue
        checks = [check for check in requirement["checks"] if check["verdict"] == verdict]
        answers = sorted({asked[number] for check in checks for number in check["exchanges"] if number in asked})
        declared = (stack.true if verdict == "fail" else stack.open).get(name)
        findings.append(
            Finding(
                name,
                level,
                "; ".join(check["reason"] for check in checks),
                open=verdict != "fail",
                answers=answers,
                because=declared["because"] if declared and _covers(declared, answers) else "",
            )
        )
    seen = {(finding.id, finding.open) for finding in findings}
    unseen = [name for name in stack.true if (name, False) not in seen]
    unseen += [f"{name} (open)" for name in stack.open if (name, True) not in seen]
    return Trial(report["verdict"], report["exchanges"], seconds, findings, unseen)


def _asked(evidence: dict[str, Any]) -> dict[int, str]:
    """The names of the requests, by their numbers."""
    entries = evidence["log"]["entries"]
    return {entry["_number"]: entry["_probe"]["id"] for entry in entries if "_probe" in entry}


def _covers(declared: Declared, answers: list[str]) -> bool:
    """Whether the declaration names every answer that the finding rests on; without names it covers all."""
    globs = declared.get("answers", ["*"])
    return all(any(fnmatch.fnmatch(answer, glob) for glob in globs) for answer in answers)
