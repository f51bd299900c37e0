"""What a check is, which checks there are, and how one is judged over recorded exchanges.

A check is an ordinary pytest test that names its requirement and the group of probes it looks at. It never sends.
It says `Breach`, `Open` or `NotApplicable`, or returns: then what it looked at keeps the requirement.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from conformance.checks.judging import Judging
from conformance.contract.model import Contract
from conformance.evidence.exchange import Evidence, Exchange
from conformance.verdicts.verdict import Breach, CheckResult, NotApplicable, Open, Verdict

Function = TypeVar("Function", bound=Callable[..., None])
_MOST_NAMED = 20  # exchanges named in one result
_LONGEST = 1_000  # characters of a sentence; an endpoint's word in it may have a million, and the evidence has them all


@dataclass(frozen=True, slots=True)
class Case:
    """One value of a check's parameter: its name in the check's id and the value itself."""

    id: str
    requirement: str
    value: object


@dataclass(frozen=True, slots=True)
class Check:
    """A check function with what it declared."""

    function: Callable[..., None]
    requirement: str
    groups: tuple[str, ...]
    also: Callable[[Judging, Exchange], bool] | None = None
    parameter: str = ""
    cases: Callable[[Contract], Iterable[Case]] | None = None

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def module(self) -> str:
        return self.function.__module__

    @property
    def title(self) -> str:
        """The check's one fact, in the present tense."""
        return (inspect.getdoc(self.function) or self.name).split("\n")[0]

    def cases_of(self, contract: Contract) -> tuple[Case, ...]:
        """The cases of a parametrized check; one case without a value otherwise."""
        return tuple(self.cases(contract)) if self.cases else (Case("", self.requirement, None),)


def requirement(id: str) -> Callable[[Function], Function]:  # noqa: A002
    """The requirement that a check stands for; with `each`, the cases name it."""

    def mark(function: Function) -> Function:
        function.__dict__["requirement"] = id
        return function

    return mark


def sends(
    *groups: str, also: Callable[[Judging, Exchange], bool] | None = None
) -> Callable[[Function], Function]:
    """The groups of probes whose exchanges a check looks at.

    also: which of the others it looks at as well, whatever those were sent for.
    """

    def mark(function: Function) -> Function:
        function.__dict__["groups"], function.__dict__["also"] = groups, also
        return function

    return mark


def each(parameter: str, cases: Callable[[Contract], Iterable[Case]]) -> Callable[[Function], Function]:
    """One check per case that the contract yields: what the page lists, the suite loops over."""

    def mark(function: Function) -> Function:
        function.__dict__["each"] = (parameter, cases)
        return function

    return mark


def check_of(function: Callable[..., None]) -> Check | None:
    """The check that a function is, if it has declared itself one."""
    marks = getattr(function, "__dict__", {})
    if "requirement" not in marks and "each" not in marks:
        return None
    parameter, cases = marks.get("each", ("", None))
    return Check(
        function,
        marks.get("requirement", ""),
        marks.get("groups", ()),
        marks.get("also"),
        parameter,
        cases,
    )


@cache
def checks() -> tuple[Check, ...]:
    """Every check of the suite, in the order of files and lines."""
    package = import_module("conformance.checks")
    found = []
    for module in pkgutil.iter_modules(package.__path__):
        for function in vars(import_module(f"conformance.checks.{module.name}")).values():
            check = check_of(function) if inspect.isfunction(function) else None
            if check is not None and check.module.endswith(module.name):
                found.append(check)
    return tuple(found)


def chosen_checks(contract: Contract, names: Container[str]) -> list[tuple[Check, Case]]:
    """The checks of the requirements that are named."""
    return [
        (check, case) for check in checks() for case in check.cases_of(contract) if case.requirement in names
    ]


def groups_of(chosen: list[tuple[Check, Case]]) -> frozenset[str]:
    """The groups of probes that checks look at."""
    return frozenset(group.format(case=case.value) for check, case in chosen for group in check.groups)


def check_id(check: Check, binding: str, case: Case) -> str:
    """The public id of a check: its place in the package, the binding and the case."""
    parameter = "-".join(filter(None, (binding, case.id)))
    return f"{check.module.replace('.', '/')}.py::{check.name}[{parameter}]"


def judge(check: Check, case: Case, judging: Judging) -> CheckResult:
    """Judge one case of one check. A check that saw nothing has not passed."""
    evidence = judging.evidence
    seen = _seen(check, case, judging)
    own = tuple(e for e in seen if e.number not in judging.between)
    arguments: dict[str, Any] = {"judging": judging, "evidence": evidence, "exchanges": own}
    if check.parameter:
        arguments[check.parameter] = case.value
    wanted = inspect.signature(check.function).parameters
    judging.begin()
    findings = [
        _outcome(
            check.function, {k: v for k, v in (arguments | {"exchange": exchange}).items() if k in wanted}
        )
        for exchange in (own if "exchange" in wanted else (None,) if own else ())
    ]
    result = CheckResult(
        id=check_id(check, evidence.binding, case),
        title=check.title,
        verdict=Verdict.INCONCLUSIVE,
        exchanges=tuple(e.number for e in seen[:_MOST_NAMED]),
    )
    if not seen:
        return _with(result, reason=_gap(check, case, evidence) or "no exchange of this kind was recorded")
    told = result
    if own:
        each_one = "exchange" in wanted
        told = _over_exchanges(result, own, findings) if each_one else _single(result, own, *findings)
    unseen = tuple(e for e in seen if e.number in judging.between)
    if unseen and (not own or (check.groups and told.verdict is Verdict.PASS)):
        told = _left_open(result, unseen, len({e.probe for e in seen}), judging)
    elif told.verdict is Verdict.PASS and (
        gap := _gap(check, case, evidence, partly={e.group for e in seen})
    ):
        told = _with(result, reason=gap)
    return _with(told, interpretations=tuple(sorted(judging.used)))


def _left_open(
    result: CheckResult, unseen: tuple[Exchange, ...], asked: int, judging: Judging
) -> CheckResult:
    """What somebody in between has kept from being seen has not passed."""
    missing = len({e.probe for e in unseen})
    often = f"{missing} of {asked} requests: " if missing < asked else ""
    numbers = tuple(e.number for e in unseen[:_MOST_NAMED])
    return _with(result, reason=_cut(often + judging.between[unseen[0].number].reason), exchanges=numbers)


Finding = Breach | Open | NotApplicable | Exception | None


def _seen(check: Check, case: Case, judging: Judging) -> tuple[Exchange, ...]:
    groups = [group.format(case=case.value) for group in check.groups]
    exchanges = judging.judged
    if check.also:
        return tuple(e for e in exchanges if e.group in groups or check.also(judging, e))
    return tuple(e for e in exchanges if e.group in groups) if groups else exchanges


def _gap(check: Check, case: Case, evidence: Evidence, partly: Container[str] | None = None) -> str:
    """Why something that a check looks at was not sent; `partly`: only of the groups that were sent in part."""
    groups = [group.format(case=case.value) for group in check.groups]
    wanted = [group for group in groups if partly is None or group in partly]
    reasons = [evidence.gaps[group] for group in wanted if group in evidence.gaps]
    return reasons[0] if reasons else ""


def _outcome(function: Callable[..., None], arguments: Mapping[str, Any]) -> Finding:
    try:
        function(**arguments)
    except (Breach, Open, NotApplicable) as said:
        return said
    except Exception as error:  # noqa: BLE001  the suite's own defect must not pass for a verdict
        return error
    return None


def _single(result: CheckResult, seen: tuple[Exchange, ...], finding: Finding) -> CheckResult:
    if finding is None:
        return _with(result, verdict=Verdict.PASS)
    return _told(result, finding, getattr(finding, "exchanges", ()) or seen[:1], "")


def _over_exchanges(result: CheckResult, seen: tuple[Exchange, ...], findings: list[Finding]) -> CheckResult:
    """One verdict over all answers: one breach is a failure that says how often, silence is no pass."""
    pairs = list(zip(seen, findings, strict=True))
    errors = [
        (e, f)
        for e, f in pairs
        if isinstance(f, Exception) and not isinstance(f, Breach | Open | NotApplicable)
    ]
    breaches = [(e, f) for e, f in pairs if isinstance(f, Breach)]
    judged = len(breaches) + sum(1 for f in findings if f is None)
    if errors:
        return _told(result, errors[0][1], (errors[0][0],), "")
    if breaches:
        breaches.sort(key=lambda told: _size(told[0]))
        often = f"{len(breaches)} of {judged} answers: " if len(breaches) < judged else ""
        return _told(result, breaches[0][1], tuple(e for e, _ in breaches), often)
    if judged:
        return _with(result, verdict=Verdict.PASS)
    # Of nothing judged: what is open weighs more than what has no subject.
    told = next((f for f in findings if isinstance(f, Open)), findings[0])
    return _told(result, told, tuple(seen), "")


def _size(exchange: Exchange) -> tuple[bool, int] | tuple[bool]:
    """What sorts requests that were made smaller first, the smallest of them before all; the rest keep their order."""
    if not exchange.probe.startswith("reduced-"):
        return (True,)
    return False, len(exchange.request.url) + len(exchange.request.body)


def _told(result: CheckResult, finding: Finding, culprits: tuple[Exchange, ...], often: str) -> CheckResult:
    """The result with what the check said, and the line that reproduces it."""
    numbers = tuple(e.number for e in culprits[:_MOST_NAMED])
    curl = culprits[0].reproduce if culprits else ""
    if isinstance(finding, Breach):
        return _with(
            result,
            verdict=Verdict.FAIL,
            reason=_cut(often + finding.reason),
            expected=_cut(finding.expected),
            observed=_cut(finding.observed),
            where=_cut(finding.where),
            exchanges=numbers,
            reproduce=curl,
        )
    if isinstance(finding, Open | NotApplicable):
        word = Verdict.INCONCLUSIVE if isinstance(finding, Open) else Verdict.NOT_APPLICABLE
        return _with(result, verdict=word, reason=_cut(str(finding)), exchanges=numbers)
    place = f"{type(finding).__name__} in the suite's own check"
    return _with(result, verdict=Verdict.ERROR, reason=place, exchanges=numbers)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _with(result: CheckResult, **changes: Any) -> CheckResult:
    import msgspec  # noqa: PLC0415

    return msgspec.structs.replace(result, **changes)
