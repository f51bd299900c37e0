"""What a check is, which checks there are, and how one is judged over recorded exchanges.

A check is an ordinary pytest test that names its requirement and the group of probes it looks at. It never sends.
It says `Breach`, `Open` or `NotApplicable`, or returns: then what it looked at keeps the requirement.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TypeVar

from conformance.checks.judging import Judging
from conformance.contract.model import Contract
from conformance.evidence.exchange import Exchange

Function = TypeVar("Function", bound=Callable[..., None])


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
