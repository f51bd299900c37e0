"""What it costs to judge many targets with one command."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.endpoint import configuration
from benchmarks.process import Used, measured, python, serving
from benchmarks.table import Part, Table, megabytes, middle, taken

SIZES = (1, 10, 100)
FULL = 200
ABOUT = """\
`run --all-targets` over a configuration file, every target the same reference endpoint on loopback, with its default of
4 targets at a time. CPU is that of all processes together, without the endpoint's. Memory is what all processes hold at
one time, looked at ten times a second; pages that they share are counted for each."""


def fleets(*, rounds: int = 3, quick: bool = False, full: bool = False) -> Part:
    """Judge fleets of several sizes."""
    sizes = SIZES[:1] if quick else (*SIZES, FULL) if full else SIZES
    measurements: dict[int, list[Used]] = {size: [] for size in sizes}
    with serving() as served, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for turn in range(rounds):
            for size in sizes:
                if turn and size > SIZES[1]:
                    continue  # many runs already
                file = configuration(folder, served, targets=size)
                command = [f"--config={file}", f"--reports={folder / str(size)}", "--all-targets", "--quiet"]
                measurements[size].append(measured(python("-m", "conformance", "run", *command), family=True))
    table = Table(
        "Fleets, and what each target costs.",
        ("targets", "wall s", "wall s a target", "CPU s", "CPU s a target", "memory MB"),
    )
    for size, runs in measurements.items():
        table.add(
            size,
            middle(one.wall for one in runs),
            middle(one.wall / size for one in runs),
            middle((one.cpu for one in runs), ".1f"),
            middle(one.cpu / size for one in runs),
            megabytes(one.family for one in runs) if any(one.family for one in runs) else "-",
        )
    part = Part("fleets", "What a fleet costs", ABOUT, [table])
    part.notes = [taken(rounds)]
    if not quick:
        part.notes.append(f"Fleets of more than {SIZES[1]} targets are measured once.")
    return part
