"""The suite and its peers, on the reference endpoint and on its variants."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.endpoint import configuration
from benchmarks.peers.tools import TOOLS, Endpoint, Tool
from benchmarks.process import LateError, Used, measured, python
from benchmarks.table import Part, Table, megabytes, middle, taken
from conformance.checks.catalogue import checks
from conformance.contract.levels import LEVELS
from conformance.contract.load import documented
from conformance.reference import start
from conformance.reference.registry import VARIANTS
from conformance.selftest.prove import prove
from conformance.selftest.trials import Trial, trials

SUITE = "connect-conformance"
EVERY = {"by hand": 12, "derived": 12, "correct": 6}  # one in so many; all of them with --full
KINDS = tuple(EVERY)
PATIENCE_S = 60.0  # for a tool with one variant
ABOUT = """\
The page, put into other tools: the files stand in `benchmarks/peers/`. They are what somebody who knows the tool writes
in an afternoon, written with the suite's requirements at hand, which is more than most testers have. Each tool is first
timed against the reference endpoint, in turn with the others; each must accept it. Then each is let loose on variants
of it, over real sockets: *by hand* are mutants that were written one by one, *derived* those that follow from the
schemas, *correct* the unusual variants that nobody should accuse. A tool has caught a mutant, or accused a correct
variant, if it ends with anything but success. The suite is counted as `prove` counts, at each `--level`: what fails a
run is a must requirement (the default), a should one as well, or any; an advisory may remark on what is unusual."""


@dataclass
class Score:
    """What one tool made of the variants. accused: the ids of those that did not pass."""

    name: str
    assertions: str
    requirements: int
    took: list[Used] = field(default_factory=list)
    accused: set[str] = field(default_factory=set)


def peers(*, rounds: int = 3, quick: bool = False, full: bool = False) -> Part:
    """Time the tools, and count what each catches."""
    part = Part("peers", "What the peers catch", ABOUT)
    usable = [tool for tool in TOOLS if not tool.missing()]
    part.notes = [f"Skipped: {tool.name}: {tool.missing()}." for tool in TOOLS if tool.missing()]
    scores = {tool.name: Score(tool.name, str(tool.assertions(tool.text)), tool.requirements) for tool in usable}
    levels = _levels()
    with tempfile.TemporaryDirectory() as name:
        took = _timed(usable, scores, Path(name), rounds)
    chosen = [] if quick else _chosen(dict.fromkeys(EVERY, 1) if full else EVERY)
    for tool, one in _loose(usable, chosen):
        scores[tool.name].accused.add(one.id)
    for level, accused in levels_of(chosen).items():
        levels[level].accused, levels[level].took = accused, took
    ranked = [*levels.values(), *scores.values()]
    part.tables = [_table(ranked, chosen)]
    part.series = _series(ranked, chosen)
    part.notes = [taken(rounds), _sampled(chosen, full=full), *part.notes]
    return part


def _levels() -> dict[str, Score]:
    """The suite at each level: what counts there, as checks and as requirements."""
    contract = documented()
    scores: dict[str, Score] = {}
    for place, level in enumerate(LEVELS, 1):
        counted = {r.id for r in contract.requirements.values() if r.level in LEVELS[:place]}
        cases = [case for check in checks() for case in check.cases_of(contract) if case.requirement in counted]
        scores[level] = Score(f"{SUITE} --level {level}", str(len(cases)), len(counted))
    return scores


def _timed(usable: Iterable[Tool], scores: dict[str, Score], folder: Path, rounds: int) -> list[Used]:
    """Each against the reference endpoint, in turn; returns what the suite took."""
    suite = []
    for _ in range(rounds):
        with start() as running:
            endpoint = Endpoint(running.https_url, running.http_url, str(running.ca_file))
            served = {"https": endpoint.https, "http": endpoint.http, "ca": endpoint.ca}
            file = configuration(folder, served)
            command = [
                f"--config={file}",
                "--target=target-001",
                f"--reports={folder / 'reports'}",
                "--quiet",
            ]
            suite.append(measured(python("-m", "conformance", "run", *command)))
        for tool in usable:
            # A tool that does not accept the reference endpoint is a mistake of ours: this raises.
            with start() as running:
                endpoint = Endpoint(running.https_url, running.http_url, str(running.ca_file))
                scores[tool.name].took.append(used_by(tool, endpoint, allowed=(0,)))
    return suite


def used_by(tool: Tool, endpoint: Endpoint, *, allowed: Iterable[int] = range(-64, 256)) -> Used:
    with tempfile.TemporaryDirectory(prefix="connect-peer-") as folder:
        place = Path(folder)
        return measured(
            tool.command(endpoint, place),
            allowed=tuple(allowed),
            seconds=PATIENCE_S,
            cwd=place,
            values=tool.environment(endpoint),
        )


def kind_of(trial: Trial) -> str:
    return "correct" if trial.kind == "correct" else "by hand" if trial.id in VARIANTS else "derived"


def _chosen(every: dict[str, int]) -> list[Trial]:
    """One in so many of each kind, in the order of the registry, which goes by themes."""
    return [trial for kind in KINDS for trial in [t for t in trials() if kind_of(t) == kind][:: every[kind]]]


def _loose(usable: list[Tool], chosen: list[Trial]) -> list[tuple[Tool, Trial]]:
    """Which tool did not pass which variant."""
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:  # they wait for half of their time
        tasks = [(tool, trial, pool.submit(accuses, tool, trial)) for trial in chosen for tool in usable]
        return [(tool, trial) for tool, trial, task in tasks if task.result()]


def accuses(tool: Tool, trial: Trial) -> bool:
    named = trial.id if trial.id in VARIANTS else None
    with start(variant=named, rewrite=trial.rewrite, rewrite_errors=trial.rewrite_errors) as running:
        endpoint = Endpoint(running.https_url, running.http_url, str(running.ca_file))
        try:
            return used_by(tool, endpoint).code != 0
        except LateError:
            return True


def levels_of(chosen: list[Trial]) -> dict[str, set[str]]:
    """The variants that the suite accuses, at each level, as `prove` counts."""
    requirements = documented().requirements
    accused: dict[str, set[str]] = {level: set() for level in LEVELS}
    for outcome in prove([trial.id for trial in chosen]) if chosen else ():
        accusing = {requirements[name].level for name in outcome.accused}
        for place, level in enumerate(LEVELS, 1):
            if accusing & set(LEVELS[:place]):
                accused[level].add(outcome.id)
    return accused


def _sampled(chosen: list[Trial], *, full: bool) -> str:
    if not chosen:
        return "No variants in a quick run."
    counted = ", ".join(f"{sum(kind_of(t) == kind for t in chosen)} {kind}" for kind in KINDS)
    each = ", ".join(f"one in {every} {kind}" for kind, every in EVERY.items())
    of = "all there are" if full else f"{each}, in the order of the registry"
    return f"Variants: {counted}; {of}."


def _table(ranked: list[Score], chosen: list[Trial]) -> Table:
    table = Table(
        "The suite and its peers. Requirements: those of the suite that the tool's file looks at, however briefly.",
        (
            *("tool", "assertions", "requirements", "wall s", "CPU s", "peak MB"),
            *("mutants caught", "by hand", "derived", "correct accused"),
        ),
    )
    for score in ranked:
        table.add(
            score.name,
            score.assertions,
            score.requirements,
            middle(used.wall for used in score.took),
            middle(used.cpu for used in score.took),
            megabytes(used.peak for used in score.took),
            _share(score, chosen, "by hand", "derived"),
            *(_share(score, chosen, kind) for kind in KINDS),
        )
    return table


def _of(chosen: list[Trial], *kinds: str) -> set[str]:
    return {trial.id for trial in chosen if kind_of(trial) in kinds}


def _share(score: Score, chosen: list[Trial], *kinds: str) -> str:
    among = _of(chosen, *kinds)
    return f"{100 * len(score.accused & among) / len(among):.0f} %" if among else "-"


def _series(ranked: list[Score], chosen: list[Trial]) -> dict[str, list[tuple[str, float]]]:
    series: dict[str, list[tuple[str, float]]] = {}
    for label, kinds in (
        ("mutants caught", ("by hand", "derived")),
        ("correct variants accused", ("correct",)),
    ):
        among = _of(chosen, *kinds)
        series[label] = [(s.name, 100 * len(s.accused & among) / len(among)) for s in ranked] if among else []
    return series
