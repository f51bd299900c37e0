"""Extensions: requirements and checks of a user's own, in a folder outside of the suite.

An extension is judged as the contract is, by the same functions, and has a claim of its own: nothing in it touches what
is said of the published contract.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from conformance.checks.catalogue import Case, Check, check_of
from conformance.contract.given import ConfigError
from conformance.contract.load import ContractError, requirements_of
from conformance.contract.model import Contract
from conformance.contract.purpose import Kind
from conformance.contract.quoting import cut

REQUIREMENTS = "requirements.toml"
GIVEN = ("exchange", "exchanges", "evidence", "judging")  # what a check may ask for
_NOT_PLAIN = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
_ID = re.compile(r"X-[A-Za-z0-9-]+")


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """What a folder holds. contract: the documented one, with the folder's requirements in place of its own."""

    folder: Path
    contract: Contract
    checks: tuple[Check, ...]

    @property
    def name(self) -> str:
        return self.folder.name

    def chosen(self, calls: tuple[str, ...]) -> list[tuple[Check, Case]]:
        """Its checks about these calls."""
        return [(check, case) for check in self.checks for case in check.cases_of(self.contract, calls)]

    def check(self, file: Path, name: str) -> Check:
        """The check of this name in one of its files. Raises ConfigError."""
        for check in self.checks:
            if (check.file, check.name) == (f"{self.name}/{file.name}", name):
                return check
        raise ConfigError(f"extension {self.folder}: {name} in {file.name} is none of its checks; allowed: test_*.py")


def read_extension(folder: Path, documented: Contract, requirements: Path | None = None) -> Extension:
    """The extension in a folder: its requirements.toml (or another file of that form), and its files test_*.py.

    Raises ConfigError, in one line, for whatever is wrong with it.
    """
    folder = folder.absolute()
    try:
        if not folder.is_dir():
            raise ContractError("there is no such folder; allowed: one with checks and their requirements.toml")
        contract = _contract(requirements or folder / REQUIREMENTS, documented)
        found = tuple(check for file in sorted(folder.glob("test_*.py")) for check in _checks(file, contract))
        if not found:
            raise ContractError("it has no check; allowed: functions test_* with @requirement in files test_*.py")
        unjudged = set(contract.requirements) - {
            case.requirement for check in found for case in check.cases_of(contract, tuple(contract.calls), every=True)
        }
        for name in sorted(unjudged):
            raise ContractError(f"no check is of requirement {name}; allowed: at least one for each")
    except ContractError as error:
        raise ConfigError(f"extension {folder}: {error}") from None
    return Extension(folder, contract, found)


def read_extensions(folders: Iterable[Path | str], documented: Contract) -> tuple[Extension, ...]:
    """The extensions in several folders. Raises ConfigError."""
    return told_apart(read_extension(Path(folder), documented) for folder in folders)


def told_apart(extensions: Iterable[Extension]) -> tuple[Extension, ...]:
    """The extensions, if their names and ids differ. Raises ConfigError."""
    seen: dict[str, Extension] = {}
    for one in extensions:
        for name in (one.name, *one.contract.requirements):
            if name in seen:
                raise ConfigError(f"extension {one.folder}: {name} is in {seen[name].folder} as well; allowed: once")
            seen[name] = one
    return tuple(dict.fromkeys(seen.values()))


def _contract(file: Path, documented: Contract) -> Contract:
    contract = replace(documented, requirements=requirements_of(file))
    for name, row in contract.requirements.items():
        if not _ID.fullmatch(name):
            raise ContractError(f"{file.name}: {name!r} is no id of an extension; allowed: X- and letters, digits, -")
        for call in set(row.calls) - set(documented.calls):
            raise ContractError(f"{file.name}: {name} names the call {call!r}; allowed: {', '.join(documented.calls)}")
        for one in set(row.interpretation) - set(documented.interpretations):
            raise ContractError(f"{file.name}: {name} names {one!r}, which is no interpretation; allowed: I-NN")
    return contract


def _checks(file: Path, contract: Contract) -> Iterator[Check]:
    """The checks of a file. A test that is none would look green beside them, and is refused."""
    for name, member in vars(_module(file)).items():
        if not name.lower().startswith("test"):
            continue
        if getattr(member, "__module__", "") == check_of.__module__:
            raise ContractError(
                f"{file.name}: {name} is marked without brackets; allowed: @uses(...), @requirement(...)"
            )
        if getattr(member, "__module__", "") != _name(file):
            continue
        check = check_of(member) if inspect.isfunction(member) else None
        if check is None:
            raise ContractError(f"{file.name}: {name} is no check; allowed: functions with @requirement")
        for fault in _faults(check, contract):
            raise ContractError(f"{file.name}: {name} {fault}")
        yield replace(check, file=f"{file.parent.name}/{file.name}")


def _faults(check: Check, contract: Contract) -> Iterator[str]:
    """What is wrong with a check, and what is allowed: whatever would keep it from seeing what it is to look at."""
    function = check.function
    if any(is_one(function) for is_one in _NOT_PLAIN):
        yield "is async or yields; allowed: a plain function, which returns"
    for one in set(inspect.signature(function).parameters) - {*GIVEN, check.parameter}:
        yield f"takes {one!r}; allowed: {', '.join(GIVEN)}"
    for kind in check.kinds:
        if not isinstance(kind, Kind):
            yield f"uses {kind!r}, which is no kind of request; allowed: Kind.DOCUMENTED and others of Kind"
    codes = sorted({code for table in contract.tables.values() for code in table})
    if check.state and check.state not in codes:
        yield f"uses the state {check.state!r}; allowed: {', '.join(codes)}"
    if check.state and not {Kind.STATE, Kind.AFTER} & set(check.kinds):
        yield "uses a state, and no kind that has one; allowed: Kind.STATE, Kind.AFTER"
    calls = contract.calls.values()
    cases = check.cases
    named = {case.requirement for call in calls for case in cases(contract, call)} if cases else {check.requirement}
    for one in sorted(named - set(contract.requirements)):
        yield f"is of requirement {one!r}; allowed: {', '.join(contract.requirements)}"


def _name(file: Path) -> str:
    return f"{file.parent.name}.{file.stem}"


def _module(file: Path) -> ModuleType:
    """A file, imported as pytest does: what lies beside it can be imported from it."""
    spec = importlib.util.spec_from_file_location(_name(file), file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a user's own file does
        said = cut(" ".join(str(error).split()), 200)
        raise ContractError(f"{file.name} cannot be imported: {type(error).__name__}: {said}") from None
    finally:
        sys.path.remove(str(file.parent))
    return module
