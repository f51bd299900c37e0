"""Where pytest meets the suite: collects checks, has their probes sent, reports their verdicts. Wires, never judges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator

import msgspec
import pytest

from conformance.checks.catalogue import Case, Check, Judgement, check_id, check_of, wishes_of
from conformance.checks.judging import Judging
from conformance.checks.outcome import CheckResult, Verdict
from conformance.contract.levels import LEVELS
from conformance.contract.model import Contract
from conformance.evidence.exchange import Evidence
from conformance.evidence.redaction import Redaction
from conformance.probes.purpose import Wishes
from conformance.reporting import inert
from conformance.reporting.junit import case_properties
from conformance.sending import signals
from conformance.verdicts.assemble import assemble
from conformance.verdicts.completeness import Extent
from conformance.verdicts.judge import judge
from conformance.verdicts.terms import Terms, selected
from conformance.verdicts.verdict import ExitCode, Report

_CHECK = pytest.StashKey[tuple[Check, Case]]()
_PHASES = {"setup", "call", "teardown"}  # xdist reports a worker that died in none of them
_WORDS = {
    "inconclusive": ("inconclusive", "?", "INCONCLUSIVE"),
    "not_applicable": ("not applicable", "-", "NOT APPLICABLE"),
}


@pytest.fixture
def binding() -> str:
    """The binding under judgement, in the id of every check; parametrized by the session."""
    return ""


@pytest.fixture
def judging(binding: str) -> None:
    """Stands for what `pytest_pyfunc_call` gives a check of this name."""


exchange = exchanges = evidence = judging


class Suite:
    """One session: the checks of the contract against one target's evidence.

    calls: those that are judged. obtain: sends what the selected checks look at, or loads a recording.
    """

    def __init__(
        self,
        contract: Contract,
        terms: Terms,
        binding: str,
        calls: tuple[str, ...],
        obtain: Callable[[Wishes], Evidence],
    ) -> None:
        self.contract, self.terms, self.binding, self.calls, self.obtain = (
            contract,
            terms,
            binding,
            calls,
            obtain,
        )
        self.cases: dict[str, Case] = {}  # by the id of a check
        self.subject: Judging | None = None
        self.results: dict[Judgement, list[CheckResult]] = defaultdict(list)
        self.report: Report | None = None
        self.wanted: set[str] | None = None  # ids of the checks that were collected and not deselected
        self.trouble: list[str] = []  # how the suite or pytest broke down, a line each
        self.others_failed = False  # tests that are no checks, in the same session

    @property
    def redaction(self) -> Redaction:
        """The evidence as it was said, and as it is shown."""
        assert self.subject
        return self.subject.redaction

    @pytest.hookimpl
    def pytest_configure(self, config: pytest.Config) -> None:
        for level in LEVELS:
            config.addinivalue_line("markers", f"{level}: checks of requirements at this level")

    @pytest.hookimpl
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        check = check_of(metafunc.function)
        if check is None:
            return
        rows = []
        for case in check.cases_of(self.contract, self.calls):
            name = check_id(check, self.binding, case, self.contract)
            self.cases[name] = case
            values = (self.binding, *([case.value] if check.parameter else []))
            rows.append(pytest.param(*values, id=name.partition("[")[2].removesuffix("]")))
        metafunc.parametrize(("binding", *([check.parameter] if check.parameter else [])), rows)

    @pytest.hookimpl
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if not isinstance(item, pytest.Function):
            return
        check = check_of(item.function)
        if check is not None:
            place = f"{check.module.replace('.', '/')}.py::{check.name}"
            case = self.cases[f"{place}[{item.callspec.id}]"]
            item.stash[_CHECK] = (check, case)
            item.add_marker(getattr(pytest.mark, self.contract.requirements[case.requirement].level))

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        chosen = selected(self.contract, self.terms, self.calls)
        cases = [(item, item.stash[_CHECK][1]) for item in items if _CHECK in item.stash]
        out = [item for item, case in cases if (case.requirement, case.call) not in chosen]
        if out:
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if item not in out]

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        checks = [item.stash[_CHECK] for item in session.items if _CHECK in item.stash]
        self.wanted = {check_id(check, self.binding, case, self.contract) for check, case in checks}
        if checks and not session.config.option.collectonly:
            self.subject = Judging(self.obtain(wishes_of(checks)), self.contract)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        with signals.meaning(signals.interrupt):  # what is judged by then is reported
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        if _CHECK not in pyfuncitem.stash:
            return None
        assert self.subject
        check, case = pyfuncitem.stash[_CHECK]
        result = judge(check, case, self.subject)
        level = self.contract.requirements[case.requirement].level
        pyfuncitem.user_properties += case_properties(case.requirement, case.call, level, result.verdict)
        pyfuncitem.__dict__["conformance"] = (case.requirement, case.call, result)
        if result.verdict is Verdict.FAIL:
            pytest.fail(inert.xml(_failure(result)), pytrace=False)
        if result.verdict is Verdict.ERROR:
            raise _InternalError(result.reason)
        if result.verdict is not Verdict.PASS:
            pytest.skip(f"{_WORDS[result.verdict.value][0]}: {inert.xml(result.reason)}")
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        report.__dict__["is_of_a_check"] = _CHECK in item.stash
        if call.when == "call" and "conformance" in item.__dict__:
            requirement, of, result = item.__dict__["conformance"]
            # Plain values: the report travels as JSON where the checks run in several processes.
            report.__dict__["conformance"] = [requirement, of, msgspec.to_builtins(result)]
            waiver = self.terms.waivers.get(requirement)
            if result.verdict is Verdict.FAIL and waiver and waiver.holds(self.terms.today):
                report.outcome, report.__dict__["wasxfail"] = "skipped", f"waived: {waiver.reason}"
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        told = report.__dict__.get("conformance")
        if told and report.when == "call" and told[-1]["verdict"] in _WORDS:
            return _WORDS[told[-1]["verdict"]]
        return None

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and "conformance" in report.__dict__:
            requirement, of, result = report.__dict__["conformance"]
            self.results[requirement, of].append(msgspec.convert(result, CheckResult))
        elif report.failed and (report.__dict__.get("is_of_a_check") or report.when not in _PHASES):
            self._broke_down(_broke(report))
        elif report.failed:
            self.others_failed = True

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._broke_down(_broke(report))

    @pytest.hookimpl
    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        said = excinfo.exconly().splitlines()
        self._broke_down(f"internal error: {said[-1 if 'Traceback' in said[0] else 0]}")

    def _broke_down(self, line: str) -> None:
        self.trouble.append(self.redaction.secrets.redact(line) if self.subject else line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.subject is None:
            if self.trouble:
                session.exitstatus = ExitCode.INTERNAL_ERROR
            return
        interrupted = signals.came() or (exitstatus == pytest.ExitCode.INTERRUPTED and not self.trouble)
        extent = Extent(self.wanted, interrupted, self.trouble[0] if self.trouble else "")
        self.report = assemble(self.results, self.redaction.shown, self.contract, self.terms, extent=extent)
        session.exitstatus = self.report.exit_code
        if self.others_failed and self.report.exit_code in {ExitCode.CONFORMING, ExitCode.INCONCLUSIVE}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


class _InternalError(Exception):
    """The suite itself is at fault."""


def _broke(report: pytest.TestReport | pytest.CollectReport) -> str:
    """In one line, what broke where no check was judged."""
    crash = getattr(report.longrepr, "reprcrash", None)
    told = crash.message if crash else report.longreprtext.strip().rpartition("\n")[2]
    return f"internal error: {report.nodeid.rpartition('/')[2]}: {told.partition(chr(10))[0]}"


def _failure(result: CheckResult) -> str:
    lines = {
        "expected": result.expected,
        "observed": result.observed,
        "where": result.where,
        "reproduce": result.reproduce,
    }
    told = [f"  {name}: {text}" for name, text in lines.items() if text]
    return "\n".join([result.reason, *told])
