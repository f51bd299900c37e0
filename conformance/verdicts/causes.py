"""Why a report comes to what it comes to: its failures and what it left open, grouped by what would mend them.

Worked out once, for everything that people read: the terminal, pages, summaries, comparisons, overviews.
A failure of the same component, with the same expectation and the same observation, is one cause, in however many
states, bindings and calls it shows. What is open only because something else failed is folded under that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from conformance.contract.levels import LEVELS, Level
from conformance.contract.load import documented
from conformance.evidence.between import REMEDIES, TO_MEND
from conformance.verdicts.findings import culprit, folded, state_lines, why
from conformance.verdicts.likeness import ID, OFTEN, STATE, merged, observed, stateless
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.verdict import ExtensionResult, Report, RequirementResult, required

_SHORT = 60  # characters of what was seen that a sentence has room for

# What is open as something else failed, by the words of its reason, and the requirements that may have been it.
_FOLLOWS: tuple[tuple[str, str], ...] = (
    (r"Timestamp", r"TIM-0[15]"),
    (r"Timestamp", r"ENV-0[1478]|ERR-...-envelope|REQ-0[12]|TLS-02"),
    (r"damaged|no pair|readable callback_type", r"CBK-|ENV-0[1478]|REQ-0[12]"),
    (r"fewer than two answers list", r"ENV-0[1478]|REQ-0[12]"),
    (r"there is no readable", r"ENV-0[1478]|CBK-|ERR-...-(?:code|envelope)|REQ-0[12]"),
    (r"the code was not said|nothing shows that", r"ERR-...-code|TLS-02|REQ-0[12]"),
    (
        r"documented request(?: did not succeed|, served before)|not the success envelope|not readable XML",
        r"REQ-0[12]|ENV-01|ERR-...-code|TLS-02",
    ),
    (
        r"nothing to compare|well-formed|no envelope|no error (?:answer|envelope) was seen|no exchange of this",
        r"REQ-0[12]|ENV-01|ERR-...-code|TLS-02",
    ),
)
# What only whoever configures the run can change stays a cause of its own, whatever else failed.
_TO_CONFIGURE = re.compile(r"is not provisioned|`[a-z_]+|--[a-z]|was left out of this run|the run (?:was|ended)")
# Of that, what stays so where nothing of the endpoint was seen.
_APART = re.compile(r"is not provisioned|hostile requests are off|was left out of this run")


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing to mend, or to provide.

    requirements: what failed or stayed open for it, led by the one that tells it best. open: what is open only because
    of it. check: what shows it. counts: whether it keeps the run from conforming. lines: of a configuration.
    """

    verdict: Verdict
    sentence: str
    remedy: str
    requirements: tuple[RequirementResult, ...]
    open: tuple[RequirementResult, ...] = ()
    check: CheckResult | None = None
    counts: bool = False
    waived: bool = False
    lines: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        """The strongest level among its requirements."""
        return min((r.level for r in self.requirements), key=LEVELS.index)

    @property
    def lead(self) -> RequirementResult:
        return self.requirements[0]

    @property
    def explains(self) -> int:
        return len(self.requirements) + len(self.open)


def causes(report: Report) -> tuple[Cause, ...]:
    """All of them: what keeps the run from conforming first; must first; then by how much each explains."""
    selected = [r for r in report.requirements if r.selected]
    failed = merged([r for r in selected if r.verdict is Verdict.FAIL])
    found = [_failure(group, report) for group in failed]
    found += _grouped([r for r in selected if r.verdict is Verdict.ERROR], report)
    left = [r for r in selected if r.verdict is Verdict.INCONCLUSIVE]
    if way := _way(report, [*found], left):
        found = [cause for cause in found if not set(cause.requirements) <= set(way.requirements)]
        left = [r for r in left if r not in way.open and r not in way.requirements]
        found.insert(0, way)
    follows, left = _folded(found, left)
    found = [replace(cause, open=(*cause.open, *follows.get(place, ()))) for place, cause in enumerate(found)]
    found += _grouped(left, report)
    place = {r.address: number for number, r in enumerate(report.requirements)}
    return tuple(sorted(found, key=lambda cause: (*_weight(cause), place[cause.lead.address])))


def own_causes(own: ExtensionResult, report: Report) -> tuple[Cause, ...]:
    """Those of an extension, which has no roll-ups: failures first."""
    failed = [r for r in own.requirements if r.verdict is Verdict.FAIL]
    broken, left = (
        [r for r in own.requirements if r.verdict is word] for word in (Verdict.ERROR, Verdict.INCONCLUSIVE)
    )
    found = [_failure(group, report) for group in merged(failed)]
    return (*found, *_grouped(broken, report), *_grouped(left, report))


def in_short(found: Sequence[Cause]) -> str:
    """The first cause of several, in one sentence; "" where there is none that counts."""
    counted = [cause for cause in found if cause.counts]
    return told_first(found) + counted[0].sentence if counted else ""


def told_first(found: Sequence[Cause]) -> str:
    """What stands before the first cause: how many there are. What failed and what is open are counted apart."""
    counted = [cause for cause in found if cause.counts]
    if not counted:
        return ""
    is_open = counted[0].verdict is Verdict.INCONCLUSIVE
    number = sum((cause.verdict is Verdict.INCONCLUSIVE) is is_open for cause in counted)
    what = "reasons" if is_open else "causes"
    return f"{number} {what}, first: " if number > 1 else ""


def named(requirements: Sequence[RequirementResult], report: Report, most: int = 1_000) -> str:
    """Requirements by their ids, level by level: `ENV-03, ENV-02 (must), CBK-07 (should)`."""
    every = [r.address for r in report.requirements]
    said = []
    for level in LEVELS:
        names = folded((r.address for r in requirements if r.level == level), every)
        more = f" and {len(names) - most} more" if len(names) > most else ""
        said += [f"{', '.join(names[:most])}{more} ({level})"] if names else []
    return ", ".join(said)


def _weight(cause: Cause) -> tuple[bool, bool, bool, int, bool, int]:
    failed = cause.verdict is not Verdict.INCONCLUSIVE
    stands_in_the_way = not failed and bool(cause.check is None and cause.open)
    return (
        not cause.counts,
        cause.waived,
        not (failed or stands_in_the_way),
        LEVELS.index(cause.level),
        not stands_in_the_way,
        -cause.explains,
    )


# Failures


def _failure(members: Sequence[RequirementResult], report: Report) -> Cause:
    lead = members[0]
    return Cause(
        verdict=Verdict.FAIL,
        sentence=_in_all_states(_sentence(lead), lead, members),
        remedy=_mend(lead),
        requirements=tuple(members),
        check=culprit(lead),
        counts=any(r.level in required(report.level) and not r.waiver for r in members),
        waived=all(r.waiver for r in members),
    )


def _sentence(requirement: RequirementResult) -> str:
    """The reason, and what was seen where that is short and not yet said."""
    said, seen = OFTEN.sub("", why(requirement)), observed(requirement)
    words = re.findall(r"\w+", seen)
    known = not words or all(word in said for word in words)
    return said if known or len(seen) > _SHORT or "likewise" in said else f"{said}: {seen}"


def _mend(requirement: RequirementResult) -> str:
    known = documented().requirements.get(requirement.id)
    return known.mend if known else requirement.mend


def _in_all_states(sentence: str, lead: RequirementResult, members: Iterable[RequirementResult]) -> str:
    """The sentence about one state as one about all states that its cause shows in."""
    own = STATE.match(lead.id)
    codes = list(dict.fromkeys(found[1] for r in members if (found := STATE.match(r.id))))
    if not own or len(codes) < 2:
        return sentence
    said = f"{', '.join(codes[:-1])} and {codes[-1]}"
    return re.sub(rf"(?<![-.])\b{own[1]}\b(?!-)", said, sentence, count=1)


# What is open


def _folded(
    found: Sequence[Cause], left: Sequence[RequirementResult]
) -> tuple[dict[int, list[RequirementResult]], list[RequirementResult]]:
    """What is open only because something failed, by the place of that cause; and the rest."""
    found_for: dict[int, list[RequirementResult]] = {}
    rest = []
    for requirement in left:
        place = next(iter(_reasons(requirement, found)), None)
        if place is None:
            rest.append(requirement)
        else:
            found_for.setdefault(place, []).append(requirement)
    return found_for, rest


def _reasons(requirement: RequirementResult, found: Sequence[Cause]) -> Iterable[int]:
    """The causes that may have kept a requirement from being judged, the likeliest first."""
    reason = why(requirement)
    if _TO_CONFIGURE.search(reason):
        return
    state = STATE.match(requirement.id)
    code = state[1] if state else "..."
    named = [name.replace("NNN", code) for name in ID.findall(reason)]
    wanted = [re.escape(name) for name in named]
    wanted += [ids.replace("...", code) for words, ids in _FOLLOWS if re.search(words, reason)]
    failed = [c for c in found if c.verdict is not Verdict.INCONCLUSIVE]
    for pattern in wanted:
        for place, cause in enumerate(found):
            same = [r for r in cause.requirements if r.call in {requirement.call, ""} or not requirement.call]
            if cause in failed and any(re.match(pattern, r.id) for r in same):
                yield place


def _way(report: Report, found: Sequence[Cause], left: Sequence[RequirementResult]) -> Cause | None:
    """What stands between the suite and the endpoint, where that keeps nearly everything from being judged."""
    if TO_MEND not in report.obstacle:
        return None
    sentence, _, remedy = report.obstacle.partition(TO_MEND)
    follows = [r for r in left if not _APART.search(why(r))]
    blamed = [r for cause in found if any(map(_is_of_the_way, cause.requirements)) for r in cause.requirements]
    if not (blamed or follows):
        return None
    led = blamed or follows[:1]
    return Cause(
        verdict=Verdict.FAIL if blamed else Verdict.INCONCLUSIVE,
        sentence=sentence,
        remedy=remedy,
        requirements=tuple(led),
        open=tuple(r for r in follows if r not in led),
        check=culprit(led[0]) if blamed else None,
        counts=any(r.level in required(report.level) and not r.waiver for r in (*led, *follows)),
    )


def _is_of_the_way(requirement: RequirementResult) -> bool:
    """Whether a failure says no more than that the API was not reached."""
    return requirement.id in {"REQ-01", "REQ-02", "ENV-01", "TLS-03"}


def _grouped(members: Sequence[RequirementResult], report: Report) -> list[Cause]:
    """What is open, or broke down, by its reason."""
    groups: dict[tuple[Verdict, str, str], list[RequirementResult]] = {}
    for requirement in members:
        sentence, remedy = _remedy(stateless(requirement, why(requirement)))
        groups.setdefault((requirement.verdict, sentence, remedy), []).append(requirement)
    return [_open(verdict, *_remedy(why(group[0])), group, report) for (verdict, *_), group in groups.items()]


def _open(verdict: Verdict, sentence: str, remedy: str, members: Sequence[RequirementResult], report: Report) -> Cause:
    ordered = sorted(members, key=lambda r: LEVELS.index(r.level))
    codes = list(dict.fromkeys(found[1] for r in members if (found := STATE.match(r.id))))
    errors = documented().errors
    states = [c for c in codes if "provisioned" in sentence and c in errors]
    lines = [line for c in states for line in state_lines(report.target.name, c)]
    return Cause(
        verdict=verdict,
        sentence=_in_all_states(sentence, members[0], members) or "no reason was given",
        remedy=remedy if len(codes) < 2 else stateless(members[0], remedy),
        requirements=tuple(ordered),
        counts=any(r.level in required(report.level) for r in ordered) or verdict is Verdict.ERROR,
        lines=tuple(lines),
    )


def _remedy(reason: str) -> tuple[str, str]:
    """A reason and what would change it, where it says so."""
    for known in REMEDIES:
        if reason.endswith(f"; {known}"):
            return reason.removesuffix(f"; {known}"), known
    sentence, _, rest = reason.rpartition("; ")
    if (sentence and _TO_CONFIGURE.search(rest)) or rest.startswith("say in "):
        return sentence, rest
    return reason, ""
