"""A line of a history as a report that a later run is held against: what it says, and no more."""

from __future__ import annotations

from pathlib import Path

import msgspec

from conformance.contract.given import ConfigError
from conformance.contract.levels import Level
from conformance.verdicts.history.file import lines
from conformance.verdicts.history.line import LEFT_OUT, LETTERS, LEVEL_OF, WAIVED, Line, Terms, contradiction
from conformance.verdicts.recount import recounted
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.verdict import Report, RequirementResult, Scope, WaiverNote

_VERDICTS = {letter: verdict for verdict, letter in LETTERS.items()} | {WAIVED: Verdict.FAIL}


def night_before(file: Path, later: Report) -> tuple[str, Report]:
    """The last run of the same target before a later one, and how it is called.

    What a line does not say (addresses, proxy, waivers, policy, reasons) is taken to be as in the later run.
    Raises ConfigError.
    """
    terms: dict[str, Terms] = {}
    found: list[Line] = []
    try:
        with file.open("rb") as source:
            for line in (one.line for one in lines(source) if one.line):
                if isinstance(line.terms, Terms):
                    terms[line.terms.id] = line.terms
                if line.target == later.target.name and line.when < later.started:
                    found.append(line)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}; allowed: a history") from None
    live = [line for line in found if line.live or later.settings.replayed]
    for line in sorted(live, key=lambda one: one.when, reverse=True):
        known = terms.get(line.terms_id)
        if known and not contradiction(line.judged, known.levels, known.names, line.level, line.verdict):
            said = "a line of a history, which says no addresses, no proxy and no waivers"
            return f"{file}: the run of {line.when} ({said})", _report(line, known, later)
    raise ConfigError(
        f"{file} has no run of the target {later.target.name!r} before {later.started};"
        " allowed: a history with an earlier run of the same target"
    )


def _report(line: Line, terms: Terms, later: Report) -> Report:
    like = {result.address: result for result in later.requirements}
    names = zip(terms.names.split(" "), line.judged, terms.levels, strict=True)
    of_the_contract = [row for row in names if "/" not in row[0]]
    settings = msgspec.structs.replace(
        later.settings,
        editions=line.editions,
        clock_tolerance=terms.clock_tolerance,
        error_elements=terms.elements,
        states={code: later.settings.states.get(code, "") for code in terms.states},
        hostile=terms.hostile,
        requests=0,
        replayed=not line.live,
    )
    made = msgspec.structs.replace(
        later,
        suite=msgspec.structs.replace(later.suite, version=line.suite, contract=line.contract),
        target=msgspec.structs.replace(
            later.target, labels=line.labels, binding=terms.binding, calls=terms.calls, accept=terms.accept
        ),
        settings=settings,
        started=line.when,
        seed=line.seed,
        level=line.level,
        scope=Scope(narrowed=not terms.whole),
        policy=None,
        notes=(),
        interrupted=False,
        exit_code=line.exit,
        requirements=tuple(
            _result(name, letter, LEVEL_OF[level], line, like.get(name)) for name, letter, level in of_the_contract
        ),
        extensions=(),
    )
    counted = recounted(made)
    return msgspec.structs.replace(made, verdict=counted.verdict, exit_code=counted.exit_code, counts=counted.counts)


def _result(name: str, letter: str, level: Level, line: Line, like: RequirementResult | None) -> RequirementResult:
    """A judgement; where the later run came to the same, its words are those of that run."""
    selected, verdict = letter != LEFT_OUT, _VERDICTS.get(letter, Verdict.NOT_APPLICABLE)
    waived = letter == WAIVED
    if like and (like.selected, like.verdict, bool(like.waiver)) == (selected, verdict, waived):
        return msgspec.structs.replace(like, level=level)
    requirement, _, call = name.partition("@")
    return RequirementResult(
        id=requirement,
        call=call,
        name=name,
        level=level,
        title=like.title if like else "",
        source="",
        verdict=verdict,
        selected=selected,
        waiver=WaiverNote(reason="", expires=line.when[:10]) if waived else None,
        checks=(CheckResult(id=name, title="", verdict=verdict),) if selected else (),
    )
