"""A smoke run beside the peers: how much each catches, and how long it takes at a distance."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.endpoint import configuration
from benchmarks.peers.compare import EVERY, KINDS, SUITE, accuses, kind_of, levels_of, used_by
from benchmarks.peers.tools import HURL, TOOLS, Endpoint, Tool
from benchmarks.process import Used, measured, python, serving
from benchmarks.table import Part, Table, middle, taken
from conformance.contract.levels import LEVELS
from conformance.contract.load import documented
from conformance.contract.worth import measured as known
from conformance.reference import start
from conformance.reference.registry import VARIANTS
from conformance.selftest.trials import Trial, trials

LATENCIES_S = (0.0, 0.05, 0.2)
WHOLE, SMOKE = SUITE, f"{SUITE} --smoke"
ABOUT = """\
`run --smoke` sends the twenty requests that find most: chosen one by one on one half of the mutants of `prove`, drawn
by their ids, each request by what it adds to those before it, a mutant of a must requirement counting most
(`python -m tests.worth`). Here it is let loose, as the peers are, on variants of the *other* half, which
took no part in the choice, each time a whole process over real sockets. A failure counts at its level and those behind
it; the peers know no levels, so they are to be held against the last one. Times are whole processes against the
reference endpoint at three distances, each tool in turn."""


@dataclass
class Contender:
    """What one tool caught, of how many, and how long it took at each distance."""

    name: str
    caught: float | None = None  # %
    accused: float | None = None
    took: dict[float, list[Used]] = field(default_factory=lambda: {one: [] for one in LATENCIES_S})

    def wall(self, latency: float) -> float:
        return median(used.wall for used in self.took[latency])


def smoke(*, rounds: int = 3, quick: bool = False, full: bool = False) -> Part:
    """Time a smoke run, a whole one and the peers at each distance, and count what each catches."""
    part = Part("smoke", "What a smoke run catches, and how soon", ABOUT)
    usable = [tool for tool in TOOLS if not tool.missing()]
    part.notes = [f"Skipped: {tool.name}: {tool.missing()}." for tool in TOOLS if tool.missing()]
    timed = [Contender(name) for name in (SMOKE, WHOLE, *(tool.name for tool in usable))]
    for latency in LATENCIES_S[:1] if quick else LATENCIES_S:
        _time(timed, usable, latency, rounds)
    chosen = [] if quick else _unseen(dict.fromkeys(EVERY, 1) if full else EVERY)
    ranked = _ranked(timed, usable, chosen)
    part.tables = [_table(ranked, timed)]
    part.series = _series(ranked)
    part.notes = [taken(rounds), _counted(chosen), *_held_against(ranked), *part.notes]
    return part


def _time(timed: list[Contender], usable: Sequence[Tool], latency: float, rounds: int) -> None:
    by_name = {tool.name: tool for tool in usable}
    with serving("--latency", str(latency)) as served:
        endpoint = Endpoint(served["https"], served["http"], served["ca"])
        for _ in range(rounds):
            for one in timed:
                tool = by_name.get(one.name)
                used = used_by(tool, endpoint, allowed=(0,)) if tool else _suite(endpoint, one.name == SMOKE)[0]
                one.took[latency].append(used)


def _suite(endpoint: Endpoint, is_smoke: bool, *, allowed: Sequence[int] = (0,)) -> tuple[Used, set[str]]:
    """A run of the suite, and the levels of what failed."""
    with tempfile.TemporaryDirectory(prefix="connect-smoke-") as name:
        folder = Path(name)
        file = configuration(folder, {"https": endpoint.https, "http": endpoint.http, "ca": endpoint.ca})
        options = [f"--config={file}", "--target=target-001", f"--reports={folder / 'reports'}", "--quiet"]
        words = ["run", *options, *(["--smoke"] if is_smoke else [])]
        used = measured(python("-m", "conformance", *words), allowed=allowed)
        report = json.loads((folder / "reports" / "report.json").read_text(encoding="utf-8"))
    return used, {row["level"] for row in report["requirements"] if row["verdict"] == "fail"}


def _unseen(every: dict[str, int]) -> list[Trial]:
    """One in so many of each kind, of those mutants that no request was chosen by."""
    chosen = {name for fault in known().faults for name in fault.chosen}
    left = [t for t in trials(calls=(documented().call.name,)) if t.kind == "correct" or t.id not in chosen]
    left = [t for t in left if t.binding == "query-xml"]
    return [t for one in KINDS for t in [t for t in left if kind_of(t) == one][:: every[one]]]


def _ranked(timed: list[Contender], usable: Sequence[Tool], chosen: list[Trial]) -> list[Contender]:
    """Smoke at each level, the suite at each, and the tools."""
    smoke_, whole, *tools = timed
    with ThreadPoolExecutor(4) as pool:
        failed = list(pool.map(_failing, chosen))
        for one, tool in zip(tools, usable, strict=True):
            _count(one, chosen, list(pool.map(lambda trial, tool=tool: accuses(tool, trial), chosen)))
    ranked = []
    for place, level in enumerate(LEVELS, 1):
        counted = set(LEVELS[:place])
        made = Contender(f"{SMOKE} --level {level}", took=smoke_.took)
        _count(made, chosen, [bool(levels & counted) for levels in failed])
        ranked.append(made)
    accused = levels_of(chosen)
    for level in LEVELS:
        made = Contender(f"{WHOLE} --level {level}", took=whole.took)
        _count(made, chosen, [trial.id in accused[level] for trial in chosen])
        ranked.append(made)
    return [*ranked, *tools]


def _failing(trial: Trial) -> set[str]:
    named = trial.id if trial.id in VARIANTS else None
    with start(variant=named, rewrite=trial.rewrite, rewrite_errors=trial.rewrite_errors) as running:
        endpoint = Endpoint(running.https_url, running.http_url, str(running.ca_file))
        return _suite(endpoint, is_smoke=True, allowed=range(11))[1]


def _count(one: Contender, chosen: list[Trial], accused: list[bool]) -> None:
    for name, correct in (("caught", False), ("accused", True)):
        among = [told for trial, told in zip(chosen, accused, strict=True) if (trial.kind == "correct") is correct]
        setattr(one, name, 100 * sum(among) / len(among) if among else None)


def _table(ranked: list[Contender], timed: list[Contender]) -> Table:
    known = [latency for latency in LATENCIES_S if timed[0].took[latency]]
    table = Table(
        "A smoke run, a whole run and the peers. Wall times in seconds.",
        ("tool", "mutants caught", "correct accused", *(f"at {latency * 1000:g} ms" for latency in known)),
    )
    for one in ranked:
        shares = ("-" if share is None else f"{share:.0f} %" for share in (one.caught, one.accused))
        table.add(one.name, *shares, *(middle(u.wall for u in one.took[latency]) for latency in known))
    return table


def _series(ranked: list[Contender]) -> dict[str, list[tuple[str, float]]]:
    """For each tool its wall time at each distance, and the share that it catches behind it."""
    return {
        one.name: [(f"{one.wall(latency)}", one.caught) for latency in LATENCIES_S]
        for one in ranked
        if one.caught is not None and all(one.took.values())
    }


def _counted(chosen: list[Trial]) -> str:
    if not chosen:
        return "No variants in a quick run."
    counted = ", ".join(f"{sum(kind_of(t) == one for t in chosen)} {one}" for one in KINDS)
    return f"Variants: {counted}; mutants of the half that took no part in the choice."


def _held_against(ranked: list[Contender]) -> list[str]:
    """The two promises, as they come out."""
    hurl = next((one for one in ranked if one.name == HURL.name), None)
    mine = next(one for one in ranked if one.name.startswith(SMOKE) and one.name.endswith(LEVELS[-1]))
    peers = [one for one in ranked if not one.name.startswith(SUITE)]
    told = []
    if hurl and all(hurl.took.values()):
        far = LATENCIES_S[-1]
        told.append(
            f"At {far * 1000:g} ms a smoke run takes {mine.wall(far) / hurl.wall(far):.2f} times what Hurl takes."
        )
    if peers and mine.caught is not None:
        best = max(peers, key=lambda one: one.caught or 0)
        more = "more" if mine.caught > (best.caught or 0) else "not more"
        told.append(
            f"It finds {more} than the best of the peers: {mine.caught:.0f} % and {best.caught:.0f} % ({best.name})."
        )
    return told
