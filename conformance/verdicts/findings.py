"""What a report comes to, sorted for readers: the sentence on top, what failed, what stayed open and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.contract.levels import LEVELS
from conformance.contract.load import documented
from conformance.contract.spelling import counted
from conformance.verdicts.result import Verdict
from conformance.verdicts.verdict import Claim, ExitCode, RequirementResult, SettingsNote, count, required

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.contract.levels import Level
    from conformance.verdicts.result import CheckResult
    from conformance.verdicts.verdict import Counts, ExtensionResult, Report

_DIGEST = 12  # digits of a digest that people read
_STATE = re.compile(r"ERR-([0-9]{3})-")
_WORST_LAST = (Claim.CONFORMING, Claim.INCONCLUSIVE, Claim.NONCONFORMING)


def standing(report: Report) -> str:
    """The verdict in words. Who judged a part of the catalogue cannot say that the contract is kept."""
    if found_nothing(report):
        return "nothing found"
    in_part = report.verdict is Claim.CONFORMING and report.scope.narrowed
    return claimed(report).value + (" in part" if in_part else "")


def claimed(report: Report) -> Claim:
    """The verdict; where extensions alone were asked for, the worst of theirs."""
    theirs = [] if asks_for_the_contract(report) else [own.verdict for own in report.extensions]
    return max(theirs, key=_WORST_LAST.index, default=report.verdict)


def found_nothing(report: Report) -> bool:
    """Whether it is of a smoke run in which nothing has failed that counts."""
    return report.scope.smoke is not None and report.exit_code == ExitCode.CONFORMING


def asks_for_the_contract(report: Report) -> bool:
    """Whether anything of the published contract was to be judged, or only what is a user's own."""
    return report.scope.smoke is not None or any(requirement.selected for requirement in report.requirements)


def headline(report: Report, *, whole: bool = True) -> str:
    """The verdict in one sentence, with what failed below the level of a run that conforms, and lost calls.

    whole: with what stood in the way, which may quote the endpoint.
    """
    if report.extensions and not asks_for_the_contract(report):
        return "; ".join(f"extension {extended(own)}" for own in report.extensions)
    below = tolerated(report) if report.verdict is Claim.CONFORMING or found_nothing(report) else []
    lost = f"; {losses(report)}" if report.calls.lost else ""
    return (
        (_of_smoke(report, whole=whole) or _verdict(report, whole=whole))
        + (f"; {some(below)} failed, which does not fail this run" if below else "")
        + lost
    )


def _of_smoke(report: Report, *, whole: bool) -> str:
    """What a smoke run comes to that has found nothing, or seen nothing; "" of any other."""
    smoke = report.scope.smoke
    if smoke is not None and found_nothing(report):
        return f"by {smoke.requests} requests, which find {smoke.finds} % of the known faults"
    blind = smoke is not None and not smoke.requests
    return f"nothing could be seen{f': {report.obstacle}' if report.obstacle and whole else ''}" if blind else ""


def losses(report: Report) -> str:
    """How many calls were lost and asked again, in words; "" where none was."""
    calls = report.calls
    if not calls.lost and not calls.asked_again:
        return ""
    share = f" ({max(1, round(100 * calls.lost / calls.sent))} %)" if calls.lost else ""
    lost = f"{calls.lost} of {calls.sent} calls{share} got no answer"
    return f"{lost}, {calls.asked_again} were sent again" if calls.lost else f"{calls.asked_again} sent again"


def _verdict(report: Report, *, whole: bool) -> str:
    counted = [r for r in report.requirements if r.selected and r.level in required(report.level)]
    failed = [r for r in counted if r.verdict is Verdict.FAIL and r.waiver is None]
    excused = [r for r in counted if r.verdict is Verdict.FAIL and r.waiver is not None]
    left = [r for r in counted if r.verdict in {Verdict.INCONCLUSIVE, Verdict.ERROR}]
    why = f": {report.obstacle}" if report.obstacle and whole else ""
    if report.verdict is Claim.NONCONFORMING:
        put_up_with = f", {len(excused)} more waived" if excused else ""
        return f"{some(failed)} failed{put_up_with}" + (
            f"; {len(left)} {'' if put_up_with else 'more '}could not be judged{why}" if left else ""
        )
    if report.verdict is Claim.CONFORMING:
        proviso = f", with {some(excused)} waived" if excused else ""
        under = f", accepting {' and '.join(report.target.accept)}" if report.target.accept else ""
        scope = report.scope
        in_part = f"{scope.judged} of {scope.requirements} requirements judged"
        at = f" at level {report.level}" if tolerated(report) else ""
        return f"{in_part if scope.narrowed else f'the documented contract is kept{at}'}{under}{proviso}"
    if report.interrupted:
        return "the run was interrupted before its end"
    if report.policy and report.policy.shortfalls and not left:
        short = report.policy.shortfalls
        others = f", and {len(short) - 1} more" if len(short) > 1 else ""
        return f"nothing failed, but the policy is not kept: {short[0]}{others}"
    if not left:
        return "nothing was judged"
    return f"nothing failed, but {some(left)} could not be judged{why}"


def some(requirements: Sequence[RequirementResult]) -> str:
    """How many there are, by their levels."""
    counts = {level: sum(r.level == level for r in requirements) for level in LEVELS}
    said = " and ".join(f"{number} {level}" for level, number in counts.items() if number)
    return f"{said} requirement{'' if len(requirements) == 1 else 's'}"


def extended(result: ExtensionResult) -> str:
    """What an extension's own claim is, in one sentence."""
    counts, number = result.counts, len(result.requirements)
    told = {"failed": counts.fail, "could not be judged": counts.inconclusive + counts.error}
    others = "".join(f", {count} {what}" for what, count in told.items() if count)
    return f"{result.name}: {counts.pass_} of {counted(number, 'requirement')} passed{others}"


def by_level(report: Report) -> dict[Level, Counts]:
    """How many requirements of each level came to each verdict."""
    return {level: count(r.verdict for r in report.requirements if r.level == level) for level in LEVELS}


def _of(report: Report, verdict: Verdict) -> list[RequirementResult]:
    """The selected requirements with this verdict, the strongest level first."""
    found = [r for r in report.requirements if r.selected and r.verdict is verdict]
    return sorted(found, key=lambda r: LEVELS.index(r.level))


def failures(report: Report) -> list[RequirementResult]:
    """What failed and fails the run."""
    return [r for r in _of(report, Verdict.FAIL) if not r.waiver and r.level in required(report.level)]


def tolerated(report: Report) -> list[RequirementResult]:
    """What failed below the chosen level, advisory findings apart."""
    lower = [r for r in _of(report, Verdict.FAIL) if not r.waiver and r.level not in required(report.level)]
    return [r for r in lower if r.level != "advisory"]


def waived(report: Report) -> list[RequirementResult]:
    """What failed and is excused."""
    return [r for r in _of(report, Verdict.FAIL) if r.waiver]


def broken(report: Report) -> list[RequirementResult]:
    """What could not be judged because the suite or the transport failed."""
    return _of(report, Verdict.ERROR)


def folded(ids: Iterable[str], catalogue: Iterable[str]) -> tuple[str, ...]:
    """The ids, with `ERR-004-*` for all five of a code when all are among them."""
    wanted, everything = list(ids), list(catalogue)
    folded: list[str] = []
    for name in wanted:
        state = _STATE.match(name)
        family = [other for other in everything if state and other.startswith(state[0])]
        whole = len(family) > 1 and set(family) <= set(wanted)
        folded.append(f"{state[0]}*" if state and whole else name)
    return tuple(dict.fromkeys(folded))


def state_lines(name: str, code: str) -> tuple[str, ...]:
    """The configuration lines that would say how the state of an error code is reached, for a target by its name."""
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", name)
    key = name if bare else '"' + re.sub(r'["\\]', r"\\\g<0>", name) + '"'
    return (f"[targets.{key}.states.{code}]", 'endpoint = "https://..."')


def culprit(requirement: RequirementResult) -> CheckResult | None:
    """The first check to which the requirement owes its verdict."""
    return next((check for check in requirement.checks if check.verdict is requirement.verdict), None)


def why(requirement: RequirementResult) -> str:
    """The reason of the verdict, the requirement's own or that of its culprit."""
    check = culprit(requirement)
    return requirement.reason or (check.reason if check else "")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An interpretation that the target accepts by name: what that allows, and which verdicts lean on it."""

    name: str
    allows: str
    users: tuple[str, ...]

    @property
    def use(self) -> str:
        """Where it was used, in words."""
        return f"used by {', '.join(self.users)}" if self.users else "not used"


def accepted(report: Report) -> list[Accepted]:
    """The interpretations that the target accepts."""
    register = documented().interpretations
    return [
        Accepted(
            name,
            register[name].alternative if name in register else "not in the register",
            tuple(r.address for r in report.requirements if name in r.interpretations),
        )
        for name in report.target.accept
    ]


def in_full(result: CheckResult) -> str:
    """What a check says, line by line."""
    lines = {
        "expected": result.expected,
        "observed": result.observed,
        "where": result.where,
        "reproduce": result.reproduce,
    }
    return "\n".join([result.reason, *(f"  {name}: {text}" for name, text in lines.items() if text)])


def settings(report: Report) -> dict[str, str]:
    """What else the verdict depends on, in words, by name."""
    said = report.settings
    found = {
        **unusual(report),
        "editions": ", ".join(said.editions),
        "requirements": said.catalogue[:_DIGEST],
        "plain HTTP": said.http_endpoint,
        "states": "; ".join(f"{code} by {way}" for code, way in said.states.items()),
        "clock tolerance": f"{said.clock_tolerance:g} s",
        "answer budget": f"{said.answer_budget:g} s",
        "error elements": " and ".join(said.error_elements),
        "hostile requests": "sent" if said.hostile else "",
        "requests of the plan": str(said.requests),
    }
    return {name: text for name, text in found.items() if text}


def unusual(report: Report) -> dict[str, str]:
    """Of these, what is not as it is by default, in few words."""
    said, bare = report.settings, SettingsNote()
    found = {
        "judged": "a recording" if said.replayed else "",
        "states": ", ".join(said.states),
        "proxy": said.proxy,
        "clock tolerance": f"{said.clock_tolerance:g} s" if said.clock_tolerance != bare.clock_tolerance else "",
        "answer budget": f"{said.answer_budget:g} s" if said.answer_budget != bare.answer_budget else "",
        "waivers": said.waivers[:_DIGEST],
    }
    return {name: text for name, text in found.items() if text}


def labels(report: Report) -> str:
    """Who or what was judged, in the user's words."""
    return ", ".join(f"{name} {text}" for name, text in report.target.labels.items())


def exchanges(report: Report) -> str:
    """How many there were, in words."""
    again = f" ({losses(report)})" if losses(report) else ""
    return counted(report.exchanges, "exchange") + again
