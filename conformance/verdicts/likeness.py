"""Which failures are one fault, seen by several requirements, in several states, bindings and calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from conformance.contract.levels import LEVELS
from conformance.verdicts.findings import culprit, why
from conformance.verdicts.result import CheckResult
from conformance.verdicts.verdict import RequirementResult

ROLL_UP = "ENV-02"  # repeats what narrower requirements say
ID = re.compile(r"\b[A-Z]{3}-(?:[0-9]{3}|NNN)-[a-z]+\b|\b[A-Z]{3}-[0-9]{2}\b")
STATE = re.compile(r"ERR-([0-9]{3})-")
OFTEN = re.compile(r"^[0-9]+ of [0-9]+ (?:answers|requests): ")
_MORE = re.compile(r" \(and [0-9]+ more\)|; likewise: .*$", re.DOTALL)
# Which of several requests was the one that is told.
_EXAMPLE = re.compile(r"(?<=\w): (?:[a-z0-9]+-)*[a-z0-9]+(?= (?:is|are|keeps|got|gets|has|was|ends) )")
# Digests and what was drawn, times and sizes, places in a document; not codes, which have three digits.
_VARYING = re.compile(
    r"\b[0-9a-fA-F]{8,}\b|[0-9]+\.[0-9]+|[0-9]{4,}|(?<=line )[0-9]+|(?<=\[)[0-9]+(?=\])"
    r"|\b[0-9]+(?= (?:s|ms|seconds?|minutes?|hours?|days?|years?|bytes|octets)\b)"
)
_NESTED = 2  # steps of a path from which on two faults in one place are one: many stand at the root
_TIME = 10  # digits from which on a text may be a time
_TELLING = 3  # characters of what was seen that say enough to find them again
_COMPARED = frozenset({"REQ-05", "CBK-09"})  # hold an answer against another one
# Requirement that notices a fault -> ids of those that name the fault, where one answer breaks both.
_BEHIND = {
    **dict.fromkeys(_COMPARED, ("ENV-", "CBK-", "TIM-")),
    **dict.fromkeys(("ENV-01", "ENV-09", "HYG-02", "HYG-11"), ("REQ-01",)),
    "TLS-02": ("ERR-009-",),
    "CBK-10": ("CBK-",),
    "HYG-05": ("REQ-07",),
}


def signature(reason: str) -> str:
    """What stays of a reason from run to run: not how often it was seen, nor by which example, nor numbers drawn."""
    return " ".join(_VARYING.sub("N", _EXAMPLE.sub("", printable(bare(reason)))).split())


def printable(text: str) -> str:
    """A text with a question mark for whatever no file should hold."""
    return "".join(c if c.isprintable() else "?" for c in text)


def bare(reason: str) -> str:
    """A reason without how often it was seen."""
    return _MORE.sub("", OFTEN.sub("", reason))


def reasons(requirement: RequirementResult) -> tuple[str, ...]:
    """The reasons of the checks to which a requirement owes its verdict, each once."""
    told = [check.reason for check in requirement.checks if check.verdict is requirement.verdict]
    return tuple(dict.fromkeys(told or [requirement.reason]))


def is_alike(one: RequirementResult, other: RequirementResult) -> bool:
    """Whether two runs found the same in a requirement."""
    return {signature(told) for told in reasons(one)} == {signature(told) for told in reasons(other)}


def merged(failed: Sequence[RequirementResult]) -> list[list[RequirementResult]]:
    """Failures, those of one cause together, each group led by the one that tells it best."""
    group = {r.address: [r] for r in failed}

    def join(one: RequirementResult, other: RequirementResult) -> None:
        kept, lost = group[one.address], group[other.address]
        if kept is not lost:
            kept += lost
            group.update((r.address, kept) for r in lost)

    for number, one in enumerate(failed):
        for other in failed[:number]:
            if _is_one(one, other):
                join(other, one)
    for one in failed:
        if one.id == ROLL_UP:
            named = [r for r in failed if r.id in ID.findall(why(one)) and r.call == one.call]
            named = named or [r for r in failed if r is not one and _place(r) and _place(r) == _place(one)]
            for other in named[:1]:
                join(other, one)
    unique = {id(members): members for members in group.values()}.values()
    return [_led(members, failed) for members in unique]


def _led(members: list[RequirementResult], failed: Sequence[RequirementResult]) -> list[RequirementResult]:
    kinds = Counter(map(_kind, members))
    return sorted(members, key=lambda r: (_rank(r, kinds), failed.index(r)))


def _rank(requirement: RequirementResult, kinds: Counter[str]) -> tuple[bool, bool, int, bool, int]:
    """Who tells a cause: no roll-up, nothing excused, the strongest level, the whole body, what most look at."""
    return (
        requirement.id == ROLL_UP,
        requirement.waiver is not None,
        LEVELS.index(requirement.level),
        requirement.id not in {"REQ-01", "REQ-02", "ENV-01"},
        -kinds[_kind(requirement)],
    )


def _kind(requirement: RequirementResult) -> str:
    return STATE.sub("ERR-NNN-", requirement.id)


def _is_one(one: RequirementResult, other: RequirementResult) -> bool:
    """Whether two failures show the same fault."""
    here, there = culprit(one), culprit(other)
    if here is None or there is None or _bare(one) == _bare(other):
        return _bare(one) == _bare(other)
    if _repeats(one, other) or _repeats(other, one):
        return True
    if ROLL_UP in {one.id, other.id}:
        return False
    if _component(here) == _component(there) and _seen(one, here) == _seen(other, there):
        return bool(_component(here)) or one.id == other.id
    if here.exchanges[:1] == there.exchanges[:1] and _place(one) == _place(other) != "":
        return _place(one).count("/") >= _NESTED or here.observed == there.observed != ""
    return _is_seen_alike(one, other) or _follows(one, other) or _follows(other, one)


def _is_seen_alike(one: RequirementResult, other: RequirementResult) -> bool:
    """Whether the same answer shows the same thing in both."""
    here, there = culprit(one), culprit(other)
    assert here
    assert there
    kin = _family(one) == _family(other) and not set(here.exchanges).isdisjoint(there.exchanges)
    if not kin and here.exchanges[:1] != there.exchanges[:1]:
        return False
    short, long = sorted((_core(here.observed), _core(there.observed)), key=len)
    return short == long != "" or (
        len(short) >= _TELLING and re.search(rf"(?<!\w){re.escape(short)}(?!\w)", long) is not None
    )


def _follows(one: RequirementResult, other: RequirementResult) -> bool:
    """Whether a failure is no more than another one seen from further away."""
    here, there = culprit(one), culprit(other)
    assert here
    assert there
    alike = _core(here.observed) == _core(there.observed)
    if one.id == "ERR-ANY":
        return alike and other.id.endswith("-code")
    if one.id in _COMPARED and other.id == "REQ-02":
        return alike or "the documented request without is not" in why(one)
    if here.exchanges[:1] != there.exchanges[:1]:
        return False
    if one.id.endswith("-stable"):
        return one.id.rpartition("-")[0] == other.id.rpartition("-")[0]
    missing = there.observed.startswith("no ") and " has no " in why(one)
    return missing or other.id.startswith(_BEHIND.get(one.id, ("none",)))


def _family(requirement: RequirementResult) -> str:
    return requirement.id.partition("-")[0]


def _core(observed: str) -> str:
    """What was seen, without the words around it."""
    return re.sub(r"^(?:HTTP|error) ", "", observed).strip("'").lower()


def _repeats(one: RequirementResult, other: RequirementResult) -> bool:
    """Whether another failure quotes what is wrong with a body as a whole."""
    check = culprit(one)
    return one.id == "ENV-01" and check is not None and check.observed in f"{why(other)} {observed(other)}"


def observed(requirement: RequirementResult) -> str:
    """What was seen where it failed."""
    check = culprit(requirement)
    return check.observed if check else ""


def _component(check: CheckResult) -> str:
    """The element that is wrong, whichever of its kind, in whichever answer."""
    path = check.where.partition(",")[0]
    return re.sub(r"\[[0-9]+\]", "", path).rpartition("/")[2] if path.startswith("/") else ""


def _place(requirement: RequirementResult) -> str:
    check = culprit(requirement)
    return check.where if check and check.where.startswith("/") else ""


def _seen(requirement: RequirementResult, check: CheckResult) -> tuple[str, str]:
    return stateless(requirement, check.expected), _timeless(stateless(requirement, check.observed))


def _timeless(observed: str) -> str:
    """What was seen, whichever second it tells, in whichever form: two answers seldom tell the same one."""
    return re.sub(r"[0-9]", "9", observed) if len(re.findall(r"[0-9]", observed)) >= _TIME else observed


def _bare(requirement: RequirementResult) -> str:
    """The reason without what differs from state to state, and without how often it was seen."""
    return stateless(requirement, bare(why(requirement)))


def stateless(requirement: RequirementResult, text: str) -> str:
    """A text about one state as it would be about any."""
    state = STATE.match(requirement.id)
    return re.sub(rf"\b{state[1]}\b", "NNN", text) if state else text
