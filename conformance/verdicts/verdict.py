"""What the judging amounts to: a report and what it is made of. Plain data, no I/O.

A requirement takes the worst of its checks: error > fail > inconclusive > pass > not_applicable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import IntEnum, StrEnum

import msgspec

from conformance.contract.levels import LEVELS, Level
from conformance.contract.spelling import counted
from conformance.verdicts.result import CheckResult, Verdict


class Claim(StrEnum):
    """What the whole run comes to."""

    CONFORMING = "conforming"
    NONCONFORMING = "nonconforming"
    INCONCLUSIVE = "inconclusive"


class ExitCode(IntEnum):
    """0 to 6 have pytest's own meanings; the suite's own begin at 10."""

    CONFORMING = 0
    NONCONFORMING = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    USAGE = 4
    NOTHING_SELECTED = 5
    INCONCLUSIVE = 10


_SOON = 14  # days before its end from which on a waiver is warned of


class WaiverNote(msgspec.Struct, frozen=True, kw_only=True):
    """Why a failure is excused, and until when (ISO 8601 date). days: how many the run was before that."""

    reason: str
    expires: str
    days: int | None = None

    @property
    def until(self) -> str:
        """The last day, and how near it is, where it has to be thought of."""
        if self.days is None or self.days > _SOON:
            return self.expires
        near = f"in {counted(self.days, 'day')}" if self.days > 0 else "today"
        return f"{self.expires}, which is {near}" if self.days >= 0 else f"{self.expires}, before the run"


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What of a run a pass rests on: so many answers, over so many bindings and connections, in so many states."""

    answers: int
    bindings: int
    connections: int
    states: int

    def __str__(self) -> str:
        """In words, without what there is none of."""
        counts = {name.removesuffix("s"): getattr(self, name) for name in self.__struct_fields__}
        return ", ".join(counted(count, name) for name, count in counts.items() if count)


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the known faults that break a requirement, the mutants of `prove`, the suite finds."""

    killed: int
    known: int


class RequirementResult(msgspec.Struct, frozen=True, kw_only=True):
    """One requirement of the catalogue, about one call, with the worst verdict of its checks.

    call: "" where it is judged once for all calls. name: how people call it among several calls. mend: how a failure
    is mended. carried: what its pass rests on. sensitivity: what the suite finds of the known faults of its kind.
    """

    id: str
    call: str = ""
    name: str = ""
    level: Level
    title: str
    source: str
    quote: str = ""
    mend: str = ""
    verdict: Verdict
    reason: str = ""
    selected: bool = True
    interpretations: tuple[str, ...] = ()
    waiver: WaiverNote | None = None
    carried: Carried | None = None
    sensitivity: Sensitivity | None = None
    checks: tuple[CheckResult, ...] = ()

    @property
    def address(self) -> str:
        """What tells it apart in a report: its id, with the call where that is not the page's own."""
        return self.name or self.id


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """Which suite judged, against which contract."""

    name: str
    version: str
    contract: str


class TargetNote(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged, without its secrets."""

    name: str
    labels: dict[str, str] = {}
    endpoint: str
    binding: str
    calls: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()


class SettingsNote(msgspec.Struct, frozen=True, kw_only=True):
    """What else a verdict depends on, without secrets.

    catalogue: SHA-256 of the requirements. editions: documents that state the calls. http_endpoint, proxy and states
    (by error code) in words; "" where the recording does not say. clock_tolerance, answer_budget in seconds.
    requests: of the plan, that were sent, each counted once. waivers: SHA-256 of those that were in force; "" without.
    replayed: whether a recording was judged, and not an endpoint.
    """

    catalogue: str = ""
    editions: tuple[str, ...] = ()
    http_endpoint: str = ""
    proxy: str = ""
    states: dict[str, str] = {}
    clock_tolerance: float = 300.0
    answer_budget: float = 2.0
    error_elements: tuple[str, ...] = ()
    hostile: bool = False
    requests: int = 0
    waivers: str = ""
    replayed: bool = False


class Counts(msgspec.Struct, frozen=True, kw_only=True, rename={"pass_": "pass"}):
    """Requirements by verdict."""

    pass_: int = 0
    fail: int = 0
    inconclusive: int = 0
    not_applicable: int = 0
    error: int = 0


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of a run: sent, those that got no answer (reset, timeout), and those that were asked again."""

    sent: int = 0
    lost: int = 0
    asked_again: int = 0


class Smoke(msgspec.Struct, frozen=True, kw_only=True):
    """What a smoke run is worth: how many requests were answered, and how many of 100 known faults these find."""

    requests: int
    finds: int


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the catalogue a run was asked to judge (narrowed: not all of it), and how much it judged.

    in_part: requirements of which some checks were left out. smoke: of a smoke run, which judges nothing but what it
    found.
    """

    narrowed: bool = False
    judged: int = 0
    requirements: int = 0
    in_part: tuple[str, ...] = ()
    smoke: Smoke | None = None


class PolicyNote(msgspec.Struct, frozen=True, kw_only=True):
    """The policy that a run was held to, by its digest, and what of it the run does not keep."""

    sha256: str
    shortfalls: tuple[str, ...] = ()


class ExtensionResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a user's own requirements come to: a claim of its own beside the published one."""

    name: str
    verdict: Claim
    counts: Counts
    requirements: tuple[RequirementResult, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The one object that terminal, JSON, JUnit, HTML, Markdown and the exit code are computed from."""

    format: int = 1
    suite: Suite
    target: TargetNote
    settings: SettingsNote = SettingsNote()
    started: str
    duration_s: float
    seed: int
    nonce: str = ""
    level: Level
    exchanges: int
    verdict: Claim
    exit_code: int
    counts: Counts
    calls: Calls = Calls()
    obstacle: str = ""
    scope: Scope = Scope()
    policy: PolicyNote | None = None
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    requirements: tuple[RequirementResult, ...]
    extensions: tuple[ExtensionResult, ...] = ()

    @property
    def everything(self) -> tuple[RequirementResult, ...]:
        """The requirements of the contract, and those of extensions after them."""
        return (*self.requirements, *(one for own in self.extensions for one in own.requirements))


def required(level: Level) -> frozenset[Level]:
    """The levels that may fail a run at `level`: itself and the stronger ones."""
    return frozenset(LEVELS[: LEVELS.index(level) + 1])


def count(verdicts: Iterable[Verdict]) -> Counts:
    """How often each verdict is among them."""
    tally = Counter(verdicts)
    return Counts(**{"pass_" if word is Verdict.PASS else word.value: tally[word] for word in Verdict})
