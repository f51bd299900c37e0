"""What judging costs as the list gets longer, with no network."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.endpoint import configuration, enlarged
from benchmarks.process import Used, measured, python, serving
from benchmarks.table import Part, Table, megabytes, middle, taken

SIZES = (7, 1_000, 100_000)
MANY = 1_000  # pairs in each answer of a whole run; larger lists are judged one answer at a time
ABOUT = """\
Recorded answers, judged again. *One answer* is the documented call's, with a list of that many pairs: the documented
ones, and as many more as it takes. *A whole run* is all that a run against the reference endpoint records, every list
in it made that long. Judging is timed inside a process that has judged another recording before, so that building the
schemas, which happens once, does not count; microseconds are of its CPU time, by the median. `replay` is a whole
process from its start to its last report."""


@dataclass
class Case:
    """One recording."""

    name: str
    pairs: int
    file: Path
    inside: list[dict[str, Any]] = field(default_factory=list)
    replays: list[Used] = field(default_factory=list)


def judging(*, rounds: int = 5, quick: bool = False) -> Part:
    """Judge recordings of all sizes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warm, cases = _recordings(folder, *((SIZES[:2], MANY // 20) if quick else (SIZES, MANY)))
        for _ in range(rounds):
            for case in cases:
                said = measured(python("-m", "benchmarks.judged", warm, case.file)).said
                case.inside.append(json.loads(said.splitlines()[-1]))
                command = [
                    "-m",
                    "conformance",
                    "replay",
                    case.file,
                    f"--reports={folder / 'reports'}",
                    "--quiet",
                ]
                case.replays.append(measured(python(*command), allowed=(0, 1, 10)))
    part = Part("judging", "What judging costs", ABOUT, [_table(cases)])
    counted = "A requirement is counted if it came to pass or fail, with all that the recording holds for it."
    part.notes = [taken(rounds), counted]
    return part


def _recordings(folder: Path, sizes: tuple[int, ...], many: int) -> tuple[Path, list[Case]]:
    with serving() as served:
        file = configuration(folder, served)
        command = [f"--config={file}", "--target=target-001", f"--reports={folder / 'run'}", "--quiet"]
        measured(python("-m", "conformance", "run", *command))
    recorded = json.loads((folder / "run" / "evidence.har").read_text(encoding="utf-8"))
    cases: list[Case] = []

    def write(name: str, pairs: int, entries: list[dict[str, Any]]) -> Case:
        case = Case(name, pairs, folder / f"{len(cases)}.har")
        case.file.write_text(json.dumps({"log": recorded["log"] | {"entries": entries}}), encoding="utf-8")
        return case

    entries = recorded["log"]["entries"]
    warm = folder / "warm.har"
    warm.write_text(json.dumps(recorded), encoding="utf-8")
    # Whatever is kept of the answers that were judged first must not make these any cheaper.
    later = [
        _edited(entry, lambda body: re.sub(r"\s*</Timestamp>", "</Timestamp>\n", body, count=1)) for entry in entries
    ]
    cases.append(write("a whole run", len(re.findall("<Value>", _body(entries[0]))), later))
    cases.append(write("a whole run", many, [_longer(entry, many) for entry in entries]))
    cases.extend(write("one answer", size, [_longer(entries[0], size)]) for size in sizes)
    wrong = _edited(_longer(entries[0], sizes[-1]), _with_a_fault_at_the_end)
    cases.append(write("one answer, its last id wrong", sizes[-1], [wrong]))
    return warm, cases


def _body(entry: dict[str, Any]) -> str:
    text: str = entry["response"]["content"].get("text", "")
    return text


def _edited(entry: dict[str, Any], edit: Callable[[str], str]) -> dict[str, Any]:
    body = edit(_body(entry))
    content = entry["response"]["content"] | {"text": body, "size": len(body)}
    return entry | {"response": entry["response"] | {"content": content, "bodySize": len(body)}}


def _longer(entry: dict[str, Any], pairs: int) -> dict[str, Any]:
    if "<Value>" not in _body(entry):
        return entry
    return _edited(entry, lambda body: enlarged(body.encode(), pairs).decode())


def _with_a_fault_at_the_end(body: str) -> str:
    start, end = body.rsplit("<callback_type_id>", 1)
    return f"{start}<callback_type_id>0{end}"


def _table(cases: list[Case]) -> Table:
    table = Table(
        "Judging, by the length of the list.",
        (
            *(
                "recording",
                "pairs",
                "reading s",
                "judging s",
                "CPU s",
                "µs an exchange",
                "µs a requirement",
                "µs a pair",
            ),
            *("`replay` wall s", "its CPU s", "peak MB"),
        ),
    )
    for case in cases:
        seconds = [inside["judging"] for inside in case.inside]
        first = case.inside[0]
        typical = median(inside["cpu"] for inside in case.inside)  # what it costs is not what others leave
        table.add(
            case.name,
            f"{case.pairs:,}",
            middle((inside["reading"] for inside in case.inside), ".3f"),
            middle(seconds, ".3f"),
            middle((inside["cpu"] for inside in case.inside), ".3f"),
            f"{1e6 * typical / first['exchanges']:,.0f}",
            f"{1e6 * typical / max(1, first['requirements']):,.0f}",
            f"{1e6 * typical / case.pairs:,.1f}" if first["exchanges"] == 1 else "",
            middle(used.wall for used in case.replays),
            middle(used.cpu for used in case.replays),
            megabytes(used.peak for used in case.replays),
        )
    return table
