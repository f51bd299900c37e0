"""What it costs to keep and to ask a long history."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from benchmarks.endpoint import configuration
from benchmarks.process import Used, measured, python, serving
from benchmarks.table import Part, Table, megabytes, middle, taken
from conformance.verdicts.history.from_report import read_run
from conformance.verdicts.history.line import Line
from conformance.verdicts.verdict import Claim

NIGHTS, TARGETS = 10_000, 200
QUICK = (50, 10)
BEGAN = datetime(1999, 1, 1, tzinfo=UTC)  # so that the last night is in the past
ABOUT = """\
A history of 10,000 nights of 200 targets: the line of a run against the reference endpoint, two million times, each
with another time, evidence and labels. One target in five has a flaky requirement, one in seven is broken for two
hundred nights in a thousand, one run in two hundred is an outage. The first question makes the index, the others find
it; `add` appends the next night from the folders of 200 runs, and the question after that takes it in."""


def history(*, rounds: int = 3, quick: bool = False) -> Part:
    """Ask a history of every kind."""
    nights, targets = QUICK if quick else (NIGHTS, TARGETS)
    done: dict[str, list[Used]] = {}
    with serving() as served, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = [
            f"--config={configuration(folder, served)}",
            "--target=target-001",
            f"--reports={folder / 'run'}",
        ]
        measured(python("-m", "conformance", "run", *words, "--quiet"))
        line, _ = read_run(folder / "run")
        file = folder / "history.jsonl"
        with file.open("wb") as out:
            out.writelines(_lines(line, nights, targets))

        def timed(what: str, *words: str, times: int = rounds) -> None:
            command = python("-m", "conformance", "history", *words, f"--history={file}")
            done.setdefault(what, []).extend(measured(command, cwd=folder) for _ in range(times))

        timed("the first question", "show", times=1)
        timed("`show`", "show")
        timed("`show` of one target and requirement", "show", "--target=target-007", "--requirement=ENV-03")
        timed("`html`", "html", f"--output={folder / 'history.html'}")
        places = list(_copied(folder, targets))
        timed(f"`add` of {targets} runs", "add", *places, times=1)
        timed("`show` after that", "show", times=1)
        size = file.stat().st_size
        index = file.with_name(f"{file.name}.index")
        beside = f", its index {index.stat().st_size / 1e6:,.0f} MB" if index.exists() else ", its index in memory"
    table = Table("A long history, and what is asked.", ("what", "wall s", "CPU s", "peak MB"))
    for what, runs in done.items():
        cells = (middle(one.wall for one in runs), middle(one.cpu for one in runs))
        table.add(what, *cells, megabytes(one.peak for one in runs))
    part = Part("history", "What a history costs", ABOUT, [table])
    lines = nights * targets
    part.notes = [
        taken(rounds),
        f"The file has {lines:,} lines and {size / 1e6:,.0f} MB, {size / lines:.0f} bytes a line{beside}.",
    ]
    return part


def _lines(line: Line, nights: int, targets: int) -> Iterator[bytes]:
    """The lines, in the order in which nights would append them."""
    chance = random.Random(1)
    yield line.written(whole=True)
    for night in range(nights):
        when = (BEGAN + timedelta(days=night)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for target in range(targets):
            letters = list(line.judged)
            if target % 5 == 0 and chance.random() < 0.1:
                letters[target % 30] = "f"
            if target % 7 == 0 and night % 1_000 >= 800:
                letters[3] = "f"
            if chance.random() < 0.005:
                letters = ["i"] * len(letters)
            judged = "".join(letters)
            failed = any(letter == "f" for letter, level in zip(letters, _levels(line), strict=True) if level == "m")
            verdict = Claim.NONCONFORMING if failed else line.verdict if "i" not in letters else Claim.INCONCLUSIVE
            made = msgspec.structs.replace(
                line,
                when=when,
                target=f"target-{target:03}",
                labels={"release": f"4.{night // 10}.0", "commit": f"{chance.getrandbits(160):040x}"},
                judged=judged,
                verdict=verdict,
                exit={Claim.CONFORMING: 0, Claim.NONCONFORMING: 1, Claim.INCONCLUSIVE: 10}[verdict],
                evidence=f"{chance.getrandbits(256):064x}",
                ms=(round(60 + 10 * chance.random(), 1), round(160 + 30 * chance.random(), 1)),
            )
            yield made.written(whole=False)


def _levels(line: Line) -> str:
    assert not isinstance(line.terms, str)
    return line.terms.levels


def _copied(folder: Path, targets: int) -> Iterator[str]:
    """The folder of the run, once for each target, under its name."""
    whole = {name: (folder / "run" / name).read_text(encoding="utf-8") for name in ("report.json", "evidence.har")}
    for target in range(targets):
        place = folder / f"night-{target:03}"
        place.mkdir()
        for name, text in whole.items():
            (place / name).write_text(text.replace('"target-001"', f'"target-{target:03}"'), encoding="utf-8")
        yield str(place)
