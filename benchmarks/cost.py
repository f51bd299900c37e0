"""What a whole run costs, beside the least that the same requests can cost."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.endpoint import configuration
from benchmarks.process import FailedError, Used, measured, pause, python, serving
from benchmarks.table import Part, Table, megabytes, middle, taken
from conformance.checks.catalogue import chosen_checks, wishes_of
from conformance.contract.load import documented
from conformance.probes import plan as plans
from conformance.probes.probe import Probe
from conformance.target.configuration import read_config
from conformance.target.target import target
from conformance.verdicts.terms import Terms, selected

LATENCIES_S = (0.0, 0.05, 0.2)
CONCURRENCIES = (8, 1)
AT_A_DISTANCE = 3  # rounds: what waits most of its time hardly varies
PHASES = ("start-up", "sending", "judging", "reporting", "exit")
TCP, TLS = 1, 2  # round trips before the first call: TCP's handshake, and with TLS 1.3 one more
ABOUT = """\
`run` against the reference endpoint, as a process of its own, with all reports. Beside it, in turn: a bare client
(httpx, one client per worker, the same concurrency) that sends the same requests, byte for byte, in the same order and
over new connections where the run needs them, and does nothing with the answers; and an interpreter that imports what a
run imports, and ends. These two are the *floor*. The *bound* is what arithmetic leaves: the imports, a round trip for
every 8 requests (or for every one), two more for the calls that need a new connection, and what has to wait for
something else: the first call over a new connection, and the last, which is not sent before 1.53 s after it. A run
imports while it waits, so it can take less than the floor.

Latency is made by a relay on loopback: half of it in each direction, and one more for a new connection, as TCP's
handshake would take. Without latency there is no relay."""


@dataclass
class Case:
    """One endpoint at one distance, judged with one concurrency."""

    latency: float
    concurrency: int
    requests: int
    alone: int  # of them, before and after those that go side by side
    fresh: int  # calls over connections of their own, among those side by side
    runs: list[Used] = field(default_factory=list)
    phases: list[dict[str, float]] = field(default_factory=list)
    bare: list[Used] = field(default_factory=list)
    sending: list[float] = field(default_factory=list)  # of the bare client
    imports: list[Used] = field(default_factory=list)
    nothing: list[Used] = field(default_factory=list)

    @property
    def floors(self) -> list[float]:
        """Imports and bare sending, of the same round."""
        return [used.wall + sending for used, sending in zip(self.imports, self.sending, strict=True)]

    @property
    def bound(self) -> float:
        """The least that the requests can take, by arithmetic."""
        calls = self.requests - self.alone + TLS * self.fresh
        # Each of those side by side opens a connection over HTTPS and one over HTTP.
        together = ceil(calls / self.concurrency) + TLS + TCP
        before = max(plans.LATER_S, self.latency * (together + 1))
        alone = self.latency * (TLS + self.alone)  # the first over a new connection
        return median(used.wall for used in self.imports) + before + alone

    @property
    def ratios(self) -> list[float]:
        """Run over floor, round by round."""
        return [run.wall / floor for run, floor in zip(self.runs, self.floors, strict=True)]


def cost(*, rounds: int = 5, quick: bool = False) -> Part:
    """Measure every combination of distance and concurrency."""
    cases = list(_cases(rounds, quick=quick))
    part = Part("cost", "What a run costs", ABOUT)
    part.tables = [_whole(cases), _split(cases), _ratio(cases)]
    for case in cases:
        label = f"{case.concurrency} at a time" if case.concurrency > 1 else "one at a time"
        point = f"{case.latency * 1000:g}"
        for name, value in (
            (f"run, {label}", median(used.wall for used in case.runs)),
            (f"floor, {label}", median(case.floors)),
        ):
            part.series.setdefault(name, []).append((point, value))
    part.notes = [taken(rounds)]
    if not quick:
        part.notes.append(
            f"At a distance there are at most {AT_A_DISTANCE} rounds. One at a time, at a distance, run and bare client"
            " go side by side: both do nothing but wait."
        )
    return part


def _cases(rounds: int, *, quick: bool) -> Iterator[Case]:
    for latency in LATENCIES_S[:1] if quick else LATENCIES_S:
        with serving("--latency", str(latency)) as served, tempfile.TemporaryDirectory() as name:
            place = Place(Path(name), served)
            for concurrency in CONCURRENCIES[:1] if quick else CONCURRENCIES:
                case = Case(latency, concurrency, place.requests, place.alone, place.fresh)
                for _ in range(min(rounds, AT_A_DISTANCE) if latency else rounds):
                    _round(case, place)
                yield case


class Place:
    """A folder with what one endpoint is judged by: its configuration, what a run sends it, what a run imports.

    The run that shows these two is the first here, and no typical one.
    """

    def __init__(self, folder: Path, served: dict[str, str]) -> None:
        self.folder, self.served = folder, served
        self.marks, self.modules, self.calls = (folder / f"{n}.json" for n in ("marks", "modules", "calls"))
        self.file = configuration(folder, served)
        measured(self.run(CONCURRENCIES[0]))
        written = json.loads(self.marks.read_text(encoding="utf-8"))
        self.modules.write_text(json.dumps(written["modules"]), encoding="utf-8")
        sent = _sent(self)
        self.requests = sum(len(calls) for calls in sent.values())
        self.alone = self.requests - len(sent["together"])
        self.fresh = sum(bool(call["fresh"]) for call in sent["together"])
        self.calls.write_text(json.dumps(sent | {"ca": served["ca"], "pause": plans.LATER_S}), encoding="utf-8")

    def run(self, concurrency: int) -> list[str]:
        """The command that judges the endpoint, clocked."""
        options = [
            "--target=target-001",
            f"--config={self.file}",
            f"--reports={self.folder / 'reports'}",
            "--quiet",
        ]
        return python("-m", "benchmarks.clocked", self.marks, "run", f"--concurrency={concurrency}", *options)

    def bare(self, concurrency: int) -> list[str]:
        """The command that sends the same requests."""
        return python("-m", "benchmarks.bare", self.calls, concurrency)


def _round(case: Case, place: Place) -> None:
    """Everything once, so that whatever else this machine does hits all alike."""
    commands = (place.run(case.concurrency), place.bare(case.concurrency))
    pause()
    # One at a time, at a distance, both wait nearly all of the time: side by side, with a processor for each.
    with ThreadPoolExecutor(2 if case.latency and case.concurrency == 1 else 1) as pool:
        run, bare = pool.map(measured, commands)
    case.runs.append(run)
    case.bare.append(bare)
    case.phases.append(_phases(run, json.loads(place.marks.read_text(encoding="utf-8"))["marks"]))
    said = json.loads(bare.said.splitlines()[-1])
    if said["sent"] != case.requests:
        raise FailedError("the bare client sent something else than the run")
    case.sending.append(said["ended"] - said["started"])
    case.imports.append(measured(python("-c", _IMPORTING, place.modules)))
    case.nothing.append(measured(python("-c", "pass")))


# In the order in which the run loaded them; a few can be loaded by their packages alone.
_IMPORTING = """
import contextlib, importlib, json, sys
for name in json.load(open(sys.argv[1])):
    with contextlib.suppress(Exception):
        importlib.import_module(name)
"""


def _phases(run: Used, marks: dict[str, float]) -> dict[str, float]:
    moments = [run.started, marks["sending"], marks["sent"], marks["judged"], marks["reported"], run.ended]
    return {name: moments[n + 1] - moments[n] for n, name in enumerate(PHASES)}


def _sent(place: Place) -> dict[str, list[dict[str, Any]]]:
    """What a run sent, by its evidence, in the order of its plan."""
    contract = documented()
    calls = (contract.call.name,)
    groups = wishes_of(chosen_checks(contract, selected(contract, Terms()), calls))
    config = read_config(place.file, "target-001")["target-001"]
    planned = plans.plan(contract, target("target-001", config, contract), groups)
    entries = json.loads((place.folder / "reports" / "evidence.har").read_text(encoding="utf-8"))["log"]["entries"]
    by_probe = {entry["_probe"]["id"]: entry["request"] for entry in reversed(entries)}
    if by_probe.keys() != {probe.id for probe in planned.probes}:
        raise FailedError("the run sent something else than its plan")

    def call(probe: Probe) -> dict[str, Any]:
        sent = by_probe[probe.id]
        posted = sent.get("postData", {})
        body = posted.get("text", "")
        encoded = posted.get("encoding") == "base64"
        return {
            "method": sent["method"],
            "url": sent["url"].replace("[token]", place.served["token"]),
            "headers": [[header["name"], header["value"]] for header in sent["headers"]],
            "body": body if encoded else base64.b64encode(body.encode()).decode(),
            "fresh": probe.fresh,
        }

    return {
        "first": [call(planned.first)],
        "together": [call(probe) for probe in (*planned.together, *planned.in_a_row, *planned.late)],
        "middle": [call(probe) for probe in planned.middle],
        "last": [call(probe) for probe in planned.last],
    }


def _named(case: Case) -> tuple[str, str]:
    return f"{case.latency * 1000:g} ms", str(case.concurrency)


def _whole(cases: list[Case]) -> Table:
    table = Table(
        "Whole processes: the run, the bare client, the imports, an empty interpreter.",
        ("latency", "at a time", "process", "wall s", "CPU s", "peak MB"),
    )
    for case in cases:
        for name, used in (
            ("run", case.runs),
            ("bare client", case.bare),
            ("imports", case.imports),
            ("interpreter", case.nothing),
        ):
            table.add(
                *_named(case),
                name,
                middle(one.wall for one in used),
                middle(one.cpu for one in used),
                megabytes(one.peak for one in used),
            )
    return table


def _split(cases: list[Case]) -> Table:
    table = Table(
        "The run, split, in seconds. Reporting is everything from the last verdict to the last file.",
        ("latency", "at a time", *PHASES),
    )
    for case in cases:
        table.add(*_named(case), *(middle(phases[name] for phases in case.phases) for name in PHASES))
    return table


def _ratio(cases: list[Case]) -> Table:
    table = Table(
        "The run against its floor (the imports, then the bare client's sending) and against the bound, in seconds.",
        ("latency", "at a time", "requests", "run", "floor", "run / floor", "bound", "run / bound"),
    )
    for case in cases:
        table.add(
            *_named(case),
            case.requests,
            middle(used.wall for used in case.runs),
            middle(case.floors),
            middle(case.ratios),
            f"{case.bound:.2f}",
            middle(used.wall / case.bound for used in case.runs),
        )
    return table
