"""What a check is, and which checks there are.

A check is an ordinary pytest test that names its requirement and the kinds of requests it looks at. It never sends.
It says `Breach`, `Inconclusive` or `NotApplicable`, or returns: then what it looked at keeps the requirement.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TypeVar

from conformance.checks.envelopes import is_any_error
from conformance.checks.judging import Judging
from conformance.contract.model import Contract, ServiceCall
from conformance.contract.purpose import EVERYTHING, OF_PARAMETERS, Kind, Purpose, Wishes
from conformance.evidence.exchange import Exchange

# What is sent of a call that changes something, in whatever part.
_OF_EFFECTS = {Kind.DOCUMENTED, *OF_PARAMETERS, Kind.VALUE, Kind.ALLOWED, Kind.DEFAULT, Kind.REFUSAL}
Function = TypeVar("Function", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Case:
    """One value of a check's parameter: its name in the check's id and the value itself.

    state: the error code whose state it is about. call: the service call; "" where it is judged once for all.
    """

    id: str
    requirement: str
    value: object
    state: str = ""
    call: str = ""


Cases = Callable[[Contract, ServiceCall], Iterable[Case]]
Judgement = tuple[str, str]  # of which requirement, about which call; "" where it is judged once for all


@dataclass(frozen=True, slots=True)
class Check:
    """A check function with what it declared. state: of the requests it looks at, where it is about one state.

    cases: what its parameter stands for. file: what its ids begin with, where that is no file of the suite. first:
    whether it is about the first call of a run alone, as what it looks at is read alike for every call. everywhere:
    whether it looks at requests about every call.
    """

    function: Callable[..., None]
    requirement: str
    kinds: tuple[Kind, ...]
    state: str = ""
    also: Callable[[Judging, Exchange], bool] | None = None
    parameter: str = ""
    cases: Cases | None = None
    file: str = ""
    first: bool = False
    everywhere: bool = False

    @property
    def place(self) -> str:
        """Its file and its name, as its ids have them."""
        return f"{self.file or self.module.replace('.', '/') + '.py'}::{self.name}"

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def module(self) -> str:
        return self.function.__module__

    def is_of_effects(self, call: ServiceCall) -> bool:
        """Whether what is sent of a call that changes something is all that it looks at."""
        if not self.kinds:
            return self.also is is_any_error and not self.cases
        by_answer = "exchange" in inspect.getargs(self.function.__code__).args
        return by_answer and set(self.kinds) <= _OF_EFFECTS and bool(set(self.kinds) & call.shown)

    @property
    def title(self) -> str:
        """The check's one fact, in the present tense."""
        return (inspect.getdoc(self.function) or self.name).split("\n")[0]

    def cases_of(self, contract: Contract, calls: tuple[str, ...] = (), *, every: bool = False) -> tuple[Case, ...]:
        """Its cases for these calls (default: the one that the page documents); one for each without a parameter.

        A call that changes something is asked little, and has those alone that this shows. every: also the others.
        """
        made: dict[tuple[str, str], Case] = {}
        calls = calls or (contract.call.name,)
        reading = (name for name in calls if contract.calls[name].row.effect == "read")
        first = contract.call.name if contract.call.name in calls else next(reading, "")
        for name in calls:
            call = contract.calls[name]
            if call.changes and not every and not self.is_of_effects(call):
                continue
            if self.first and name != first:
                continue
            for case in self.cases(contract, call) if self.cases else (Case("", self.requirement, None),):
                for of in contract.requirements[case.requirement].of((name,)):
                    made[case.id, of] = replace(case, call=of)
        return tuple(made.values())

    def wishes(self, case: Case) -> tuple[Purpose, ...]:
        """What it looks at, of a case."""
        state = self.state or case.state
        with_state = {Kind.STATE, Kind.AFTER}
        call = "" if self.everywhere else case.call
        return tuple(Purpose(kind, call, state if kind in with_state else "") for kind in self.kinds)


def requirement(id: str) -> Callable[[Function], Function]:  # noqa: A002
    """The requirement that a check stands for; with `each`, the cases name it."""

    def mark(function: Function) -> Function:
        function.__dict__["requirement"] = id
        return function

    return mark


def uses(
    *kinds: Kind,
    state: str = "",
    also: Callable[[Judging, Exchange], bool] | None = None,
    first: bool = False,
    everywhere: bool = False,
) -> Callable[[Function], Function]:
    """The kinds of requests whose exchanges a check looks at; without any, it looks at all of them.

    state: of which state. also: which of the others it looks at as well, whatever those were sent for. first: only
    those about the first call of a run; of the others none are sent. everywhere: whichever call they are about.
    """

    def mark(function: Function) -> Function:
        function.__dict__["uses"] = kinds, state, also, first, everywhere
        return function

    return mark


def each(parameter: str, cases: Cases) -> Callable[[Function], Function]:
    """One check per case that the contract yields for a call: what the page lists, the suite loops over."""

    def mark(function: Function) -> Function:
        function.__dict__["each"] = (parameter, cases)
        return function

    return mark


def check_of(function: Callable[..., None]) -> Check | None:
    """The check that a function is, if it has declared itself one."""
    marks = getattr(function, "__dict__", {})
    if "requirement" not in marks and "each" not in marks:
        return None
    kinds, state, also, first, everywhere = marks.get("uses", ((), "", None, False, False))
    parameter, cases = marks.get("each", ("", None))
    named = marks.get("requirement", "")
    return Check(function, named, kinds, state, also, parameter, cases, first=first, everywhere=everywhere)


def judgements(contract: Contract, calls: tuple[str, ...], of: Iterable[Check] | None = None) -> tuple[Judgement, ...]:
    """Every judgement about these calls; of one that changes something, those that it shows. of: these checks."""
    known = checks() if of is None else tuple(of)
    changing = tuple(name for name in calls if contract.calls[name].changes)
    shown = {
        (case.requirement, case.call)
        for check in (known if changing else ())
        for case in check.cases_of(contract, changing)
    }
    return tuple(
        (row.id, call)
        for row in contract.requirements.values()
        for call in row.of(calls)
        if call not in changing or (row.id, call) in shown
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


def chosen_checks(
    contract: Contract, wanted: Container[Judgement], calls: tuple[str, ...], of: Iterable[Check] | None = None
) -> list[tuple[Check, Case]]:
    """The checks of the judgements that are wanted; `of` these, in place of the suite's."""
    known = checks() if of is None else of
    cases = ((check, case) for check in known for case in check.cases_of(contract, calls))
    return [(check, case) for check, case in cases if (case.requirement, case.call) in wanted]


def wishes_of(chosen: list[tuple[Check, Case]]) -> Wishes:
    """What is to be sent for checks: what they look at.

    For a user's own check that looks at every exchange, or itself finds some of them, that is everything.
    """
    if any(check.file and (check.also or not check.kinds) for check, _ in chosen):
        return EVERYTHING
    return frozenset(wish for check, case in chosen for wish in check.wishes(case))


def check_id(check: Check, binding: str, case: Case, contract: Contract) -> str:
    """The public id of a check: its place in the package, binding, case, and the call where it is a further one."""
    further = case.call if case.call != contract.call.name else ""
    parameter = "-".join(filter(None, (binding, case.id, further)))
    return f"{check.place}[{parameter}]"
