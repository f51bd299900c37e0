"""Many targets at a glance: what each came to, worst first. Plain data, made from reports or from other overviews."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from conformance.contract.given import ConfigError
from conformance.contract.levels import LEVELS, Level
from conformance.verdicts.causes import causes, in_short
from conformance.verdicts.findings import settings, standing, why
from conformance.verdicts.reading import read_as, read_report
from conformance.verdicts.recount import recounted, unfounded
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, Counts, ExitCode, Report, count, required

# The worst exit code of a target is the fleet's. A target that could not be judged at all is worse than any verdict.
_WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL_ERROR,
    ExitCode.USAGE,
    ExitCode.NOTHING_SELECTED,
    ExitCode.NONCONFORMING,
    ExitCode.INCONCLUSIVE,
    ExitCode.CONFORMING,
)
_QUIET = (Verdict.PASS, Verdict.NOT_APPLICABLE)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One target: its verdict, or why there is none.

    folder: where its reports are, seen from the overview. verdicts: of the selected requirements. reasons: of those
    that neither passed nor lacked a subject. waived: failures that are excused. cause: what to look at first. labels,
    settings, suite: who was judged, on which terms and by which version, in words.
    """

    name: str
    folder: str
    exit_code: int
    verdict: str
    error: str = ""
    endpoint: str = ""
    binding: str = ""
    level: Level = "must"
    started: str = ""
    duration_s: float = 0.0
    contract: str = ""
    counts: Counts = Counts()
    verdicts: dict[str, Verdict] = {}
    reasons: dict[str, str] = {}
    waived: tuple[str, ...] = ()
    cause: str = ""
    labels: dict[str, str] = {}
    settings: dict[str, str] = {}
    suite: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement, and how many targets came to each verdict."""

    id: str
    level: Level
    title: str
    counts: Counts = Counts()


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Targets and requirements, both worst first, and the one exit code."""

    format: int = 1
    exit_code: int
    targets: tuple[Member, ...]
    requirements: tuple[Row, ...]


def of_report(report: Report, folder: str, *, exit_code: int | None = None, error: str = "") -> Member:
    """The member that a report makes. exit_code: of the process that wrote it, where that says more."""
    selected = [r for r in report.requirements if r.selected]
    return Member(
        name=report.target.name,
        folder=folder,
        exit_code=report.exit_code if exit_code is None else exit_code,
        verdict="unreachable" if _is_unreachable(report) else standing(report),
        error=error,
        endpoint=report.target.endpoint,
        binding=report.target.binding,
        level=report.level,
        started=report.started,
        duration_s=report.duration_s,
        contract=report.suite.contract,
        counts=report.counts,
        verdicts={r.address: r.verdict for r in selected},
        reasons={r.address: why(r) for r in selected if r.verdict not in _QUIET},
        waived=tuple(r.address for r in selected if r.waiver),
        cause=in_short(causes(report)),
        labels=report.target.labels,
        settings=settings(report),
        suite=report.suite.version,
    )


def _is_unreachable(report: Report) -> bool:
    """Whether something stood in the way, so that nothing at all was seen of the endpoint."""
    seen = report.counts.pass_ or report.counts.fail or report.counts.error
    return bool(report.obstacle) and not seen and report.verdict is Claim.INCONCLUSIVE


def unjudged(name: str, folder: str, exit_code: int, error: str) -> Member:
    """The member for a target without a report."""
    return Member(name=name, folder=folder, exit_code=exit_code, verdict="not judged", error=error)


def rows_of(report: Report) -> Iterator[Row]:
    """The requirements of a report, nothing counted yet."""
    return (Row(id=r.address, level=r.level, title=r.title) for r in report.requirements)


def overview(members: Iterable[Member], rows: Iterable[Row], *, interrupted: bool = False) -> Overview:
    """Members and requirements, sorted and counted."""
    targets = tuple(sorted(members, key=_badness))
    known = {row.id: row for row in rows}
    counted = [
        msgspec.structs.replace(row, counts=count(m.verdicts[row.id] for m in targets if row.id in m.verdicts))
        for row in known.values()
    ]
    return Overview(
        exit_code=int(ExitCode.INTERRUPTED if interrupted else _exit_code(targets)),
        targets=targets,
        requirements=tuple(sorted(counted, key=_weight)),
    )


def _exit_code(targets: tuple[Member, ...]) -> ExitCode:
    if not targets:
        return ExitCode.NOTHING_SELECTED
    return ExitCode(targets[0].exit_code)


def _badness(member: Member) -> tuple[int, int, int, str]:
    counts = member.counts
    place = _WORST_FIRST.index(ExitCode(member.exit_code))
    return place, -counts.fail - counts.error, -counts.inconclusive, member.name


def _weight(row: Row) -> tuple[int, int, int, int]:
    counts = row.counts
    return -counts.error, -counts.fail, -counts.inconclusive, LEVELS.index(row.level)


def counts_against(member: Member, row: Row) -> bool:
    """Whether this requirement is one that kept the target from conforming."""
    verdict = member.verdicts.get(row.id, Verdict.PASS)
    excused = row.id in member.waived or row.level not in required(member.level)
    return verdict not in _QUIET and (verdict is Verdict.ERROR or not excused)


def merged(places: Iterable[Path], out: Path) -> Overview:
    """One overview of many: of overview.json files, report.json files, or folders of either. Raises ConfigError.

    out: the folder that the links are seen from.
    """
    members: dict[str, tuple[Member, Path]] = {}
    rows: dict[str, Row] = {}
    for file in (file for place in places for file in _files(place)):
        for member, found in _members(file, out):
            if member.name in members:
                raise ConfigError(
                    f"the target {member.name!r} is in {members[member.name][1]} and in {file}; "
                    "allowed: each target once"
                )
            members[member.name] = member, file
            rows |= {row.id: row for row in found}
    return overview((member for member, _ in members.values()), rows.values())


def _files(place: Path) -> Iterator[Path]:
    """The results in a place: the file itself, or what a folder or its folders hold."""
    if not place.is_dir():
        yield place
        return
    folders = [place, *sorted(f for f in place.iterdir() if f.is_dir() and not f.is_symlink())]
    found = False
    for folder in folders:
        for name in ("overview.json", "report.json"):
            if (folder / name).is_file():
                found = True
                yield folder / name
                break
        if found and folder is place:
            return
    if not found:
        raise ConfigError(
            f"{place} holds no results; allowed: a folder with overview.json or report.json, or with such folders"
        )


def _members(file: Path, out: Path) -> Iterator[tuple[Member, tuple[Row, ...]]]:
    """The targets of one file, their folders as seen from `out`."""
    if file.name == "overview.json":
        made = read_as(file, Overview, "overview")
        for member in made.targets:
            if member.exit_code not in set(ExitCode):
                raise ConfigError(f"{file} is no usable overview: there is no exit code {member.exit_code}")
            yield (
                msgspec.structs.replace(member, folder=_seen_from(out, file.parent / member.folder)),
                made.requirements,
            )
        return
    report = read_report(file)
    if report.exit_code not in set(ExitCode):
        raise ConfigError(f"{file} is no usable report: there is no exit code {report.exit_code}")
    counted = recounted(report)
    edited = next(unfounded(report, counted), "")
    yield of_report(counted, _seen_from(out, file.parent), error=edited), tuple(rows_of(counted))


def _seen_from(out: Path, folder: Path) -> str:
    return Path(os.path.relpath(folder, out)).as_posix()
