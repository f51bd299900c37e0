"""From a report, and the recording beside it, to its line: what its judgements come to, whatever the file says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from conformance.contract.given import ConfigError, read_file
from conformance.contract.quoting import cut
from conformance.evidence.exchange import Evidence
from conformance.evidence.from_har import EvidenceError, from_har
from conformance.verdicts.history.line import CONCLUSIVE, FORMAT, LEFT_OUT, LETTERS, WAIVED, Line, Terms
from conformance.verdicts.history.measures import answer_times
from conformance.verdicts.reading import read_report
from conformance.verdicts.recount import recounted
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, Report, RequirementResult

_ALLOWED = "the folder of a run, or one with such folders"


def folders(place: Path) -> list[Path]:
    """The folders of runs in a place: itself, or those directly in it, as a fleet leaves them. Raises ConfigError."""
    if (place / "report.json").is_file():
        return [place]
    try:
        found = [one for one in sorted(place.iterdir()) if (one / "report.json").is_file() and not one.is_symlink()]
    except OSError as error:
        raise ConfigError(f"cannot read {place}: {error.strerror}; allowed: {_ALLOWED}") from None
    if not found:
        raise ConfigError(f"{place} holds no report.json; allowed: {_ALLOWED}")
    return found


def read_run(folder: Path) -> tuple[Line, list[str]]:
    """The line of a run, and what is to be said of its folder. Raises ConfigError."""
    report, notes = read_report(folder), []
    recording = _recording(folder / "evidence.har")
    if recording is None:
        notes.append(f"{folder} has no evidence.har: how long answers took is unknown")
        line = line_of(report)
    else:
        evidence = _evidence(folder, recording)
        if not _belong_together(report, evidence):
            raise ConfigError(f"{folder}: evidence.har is of another run than report.json; allowed: {_ALLOWED}")
        line = line_of(report, evidence, recording)
    if (line.verdict, line.exit) != (report.verdict, report.exit_code):
        said, made = (f"{one.value}, exit code {code}" for one, code in _both(report, line))
        notes.append(f"{folder}: report.json says {said}; its judgements come to {made}, which is what is kept")
    return line, notes


def _both(report: Report, line: Line) -> Iterator[tuple[Claim, int]]:
    yield report.verdict, report.exit_code
    yield line.verdict, line.exit


def _recording(file: Path) -> bytes | None:
    if not file.is_file():
        return None
    try:
        return read_file(file)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}; allowed: a recording") from None


def _evidence(folder: Path, recording: bytes) -> Evidence:
    try:
        return from_har(recording)
    except EvidenceError as error:
        raise ConfigError(f"{folder / 'evidence.har'}: {error}") from None


def _belong_together(report: Report, evidence: Evidence) -> bool:
    began = datetime.fromtimestamp(evidence.started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = (report.target.name, report.started, report.seed, report.exchanges)
    return said == (evidence.target, began, evidence.seed, len(evidence.exchanges))


def line_of(report: Report, evidence: Evidence | None = None, recording: bytes = b"") -> Line:
    """The line of a report. evidence, recording: what it was made from, and the file that holds it."""
    report, settings = recounted(report), report.settings
    marks = dict(_marks(report))
    letters = "".join(letter for letter, _ in marks.values())
    terms = Terms(
        binding=report.target.binding,
        calls=report.target.calls,
        accept=tuple(sorted(report.target.accept)),
        clock_tolerance=settings.clock_tolerance,
        elements=settings.error_elements,
        states=tuple(sorted(settings.states)),
        hostile=settings.hostile,
        whole=not report.scope.narrowed,
        names=" ".join(marks),
        levels="".join(level for _, level in marks.values()),
    )
    times = answer_times(evidence) if evidence else None
    return Line(
        history=FORMAT,
        when=report.started,
        target=report.target.name,
        labels=report.target.labels,
        contract=report.suite.contract,
        editions=settings.editions,
        suite=report.suite.version,
        seed=report.seed,
        level=report.level,
        settings=terms.settings(letters),
        verdict=report.verdict,
        exit=report.exit_code,
        judged=letters,
        sent=report.calls.sent,
        lost=report.calls.lost,
        ms=(round(times[0] * 1000, 1), round(times[1] * 1000, 1)) if times else None,
        evidence=sha256(recording).hexdigest() if recording else "",
        live=not settings.replayed,
        obstacle="" if CONCLUSIVE & set(letters) else cut(report.obstacle, 200),
        terms=msgspec.structs.replace(terms, id=terms.digest),
    )


def _marks(report: Report) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each judgement by its name, with its letter and the first letter of its level."""
    for result in report.requirements:
        in_part = result.address in report.scope.in_part and result.verdict is not Verdict.FAIL
        yield result.address, (LEFT_OUT if in_part else _letter(result), result.level[0])
    for own in report.extensions:
        for result in own.requirements:
            yield re.sub(r"\s", "_", f"{own.name}/{result.address}"), (_letter(result), result.level[0])


def _letter(result: RequirementResult) -> str:
    if not result.selected:
        return LEFT_OUT
    return WAIVED if result.verdict is Verdict.FAIL and result.waiver else LETTERS[result.verdict]
