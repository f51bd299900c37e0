"""Where pytest meets the suite: collects checks, has their probes sent, reports their verdicts. Wires, never judges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator
from pathlib import Path

import msgspec
import pytest

from conformance.checks.catalogue import Case, Check, Judgement, check_id, check_of, wishes_of
from conformance.checks.extension import REQUIREMENTS, Extension, read_extension, told_apart
from conformance.checks.judging import Judging
from conformance.contract.given import ConfigError
from conformance.contract.levels import LEVELS
from conformance.contract.model import Contract
from conformance.contract.purpose import EVERYTHING, Wishes
from conformance.evidence.exchange import Evidence
from conformance.evidence.redaction import Redaction
from conformance.reporting import escape
from conformance.reporting.junit import case_properties
from conformance.sending import signals
from conformance.verdicts.assemble import assemble
from conformance.verdicts.claim import with_extensions
from conformance.verdicts.completeness import Extent
from conformance.verdicts.findings import extended, in_full
from conformance.verdicts.judge import judge, judge_extension
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.terms import Terms, selected
from conformance.verdicts.verdict import ExitCode, ExtensionResult, Report
from conformance.verdicts.waivers import Waiver, waiver_of

# A check, its case, and the contract that it is of: the published one, or an extension's.
CHECK = pytest.StashKey[tuple[Check, Case, Contract]]()
RECORDED = "_connect_recorded"  # the fixture through which a test asks for what was recorded
_PHASES = {"setup", "call", "teardown"}  # xdist reports a worker that died in none of them
_WORDS = {
    "inconclusive": ("inconclusive", "?", "INCONCLUSIVE"),
    "not_applicable": ("not applicable", "-", "NOT APPLICABLE"),
}


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
        *,
        extensions: tuple[Extension, ...] = (),
    ) -> None:
        self.contract, self.terms, self.binding, self.calls, self.obtain = (contract, terms, binding, calls, obtain)
        self.extensions = extensions
        self.cases: dict[str, tuple[Check, Case, Contract]] = {}  # by the id of a check
        self.idle: list[pytest.Item] = []  # checks of what none of these calls has, which pytest would skip
        self.refused = ""  # what is wrong with an extension that was collected
        self.judging: Judging | None = None
        self.results: dict[Judgement, list[CheckResult]] = defaultdict(list)
        self.report: Report | None = None
        self.wanted: set[str] | None = None  # ids of the checks that were collected and not deselected
        self.trouble: list[str] = []  # how the suite or pytest broke down, a line each
        self.others = self.others_failed = False  # tests that are no checks, in the same session

    @property
    def redaction(self) -> Redaction:
        """The evidence as it was said, and as it is shown."""
        assert self.judging
        return self.judging.redaction

    @pytest.hookimpl
    def pytest_configure(self, config: pytest.Config) -> None:
        for level in LEVELS:
            config.addinivalue_line("markers", f"{level}: checks of requirements at this level")

    @pytest.hookimpl
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        check = check_of(metafunc.function)
        if check is None:
            return
        try:
            check, contract = self._of(check, metafunc.definition.path)
        except ConfigError as error:
            self.refused = self.refused or str(error)
            return
        rows = []
        for case in check.cases_of(contract, self.calls):
            name = check_id(check, self.binding, case, contract)
            self.cases[name] = check, case, contract
            values = (self.binding, *([case.value] if check.parameter else []))
            rows.append(pytest.param(*values, id=name.removeprefix(check.place)[1:-1]))
        metafunc.parametrize(("binding", *([check.parameter] if check.parameter else [])), rows)

    def _of(self, check: Check, file: Path) -> tuple[Check, Contract]:
        """A check that pytest found, and the contract it is of. Raises ConfigError for a wrong extension."""
        if check.module.startswith("conformance.checks."):
            return check, self.contract
        known = {one.folder: one for one in self.extensions}
        if file.parent not in known:
            known[file.parent] = read_extension(file.parent, self.contract)
            self.extensions = told_apart(known.values())
        own = known[file.parent]
        return own.check(file, check.name), own.contract

    @pytest.hookimpl
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if not isinstance(item, pytest.Function):
            return
        check = check_of(item.function)
        if check is None or self.refused:
            return
        check, _ = self._of(check, item.path)
        if (found := self.cases.get(f"{check.place}[{item.callspec.id}]")) is None:
            self.idle.append(item)
            return
        item.stash[CHECK] = check, case, contract = found
        item.add_marker(getattr(pytest.mark, contract.requirements[case.requirement].level))

    @pytest.hookimpl
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        if self.refused:
            raise pytest.UsageError(self.refused)
        chosen = selected(self.contract, self.terms, self.calls)
        cases = [(item, item.stash[CHECK]) for item in items if CHECK in item.stash]
        out = [
            item
            for item, (_, case, contract) in cases
            if contract is self.contract and (case.requirement, case.call) not in chosen
        ]
        items[:] = [item for item in items if item not in self.idle]
        if out:
            config.hook.pytest_deselected(items=out)
            items[:] = [item for item in items if item not in out]

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        checks = [item.stash[CHECK][:2] for item in session.items if CHECK in item.stash]
        self.wanted = {check_id(check, self.binding, case, self.contract) for check, case in checks}
        others = [item for item in session.items if CHECK not in item.stash]
        asked = any(RECORDED in getattr(item, "fixturenames", ()) for item in others)
        if (checks or asked) and not session.config.option.collectonly:
            self.recorded(EVERYTHING if asked else wishes_of(checks))

    def recorded(self, wishes: Wishes) -> Judging:
        """What the session recorded: what is wished for, where nothing has been recorded yet."""
        self.judging = self.judging or Judging(self.obtain(wishes), self.contract)
        return self.judging

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        def stop() -> None:  # what is judged by then is reported; pytest may be in another thread than signals
            session.shouldstop = "interrupted"

        with signals.meaning(stop):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        if CHECK not in pyfuncitem.stash:
            return None
        assert self.judging
        check, case, contract = pyfuncitem.stash[CHECK]
        result = judge(check, case, self.judging)
        level = contract.requirements[case.requirement].level
        pyfuncitem.user_properties += case_properties(case.requirement, case.call, level, result.verdict)
        pyfuncitem.__dict__["conformance"] = (case.requirement, case.call, result)
        if result.verdict is Verdict.FAIL or (result.verdict is Verdict.ERROR and check.file):
            pytest.fail(escape.log(in_full(result)), pytrace=False)
        if result.verdict is Verdict.ERROR:
            raise _InternalError(result.reason)
        if result.verdict is not Verdict.PASS:
            pytest.skip(f"{_WORDS[result.verdict.value][0]}: {escape.log(result.reason)}")
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        _, _, contract = item.stash.get(CHECK, (None, None, None))
        report.__dict__["is_of_a_check"] = contract is self.contract
        if call.when == "call" and "conformance" in item.__dict__:
            requirement, of, result = item.__dict__["conformance"]
            # Plain values: the report travels as JSON where the checks run in several processes.
            report.__dict__["conformance"] = [requirement, of, msgspec.to_builtins(result)]
            waiver = self._waiver(requirement, of, result.reason)
            if result.verdict is Verdict.FAIL and waiver:
                report.outcome, report.__dict__["wasxfail"] = "skipped", f"waived: {waiver.reason}"
        return report

    def _waiver(self, requirement: str, call: str, reason: str) -> Waiver | None:
        target = self.judging.evidence.target if self.judging else ""
        return waiver_of(self.terms.waivers, requirement, call, [reason], target=target, today=self.terms.today)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        told = report.__dict__.get("conformance")
        if told and report.when == "call" and told[-1]["verdict"] in _WORDS:
            return _WORDS[told[-1]["verdict"]]
        return None

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.others |= not report.__dict__.get("is_of_a_check")
        if report.when == "call" and "conformance" in report.__dict__:
            requirement, of, result = report.__dict__["conformance"]
            self.results[requirement, of].append(msgspec.convert(result, CheckResult))
            self.others_failed |= report.failed and requirement not in self.contract.requirements
        elif report.failed and (report.__dict__.get("is_of_a_check") or report.when not in _PHASES):
            self._broke_down(_broke(report))
        elif report.failed:
            self.others_failed = True

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.failed and (collector.path.parent / REQUIREMENTS).is_file():
            try:
                read_extension(collector.path.parent, self.contract)
            except ConfigError as error:
                self.refused = self.refused or str(error)
        return report

    @pytest.hookimpl
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.refused:
            self._broke_down(_broke(report))

    @pytest.hookimpl
    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        said = excinfo.exconly().splitlines()
        self._broke_down(f"internal error: {said[-1 if 'Traceback' in said[0] else 0]}")

    def _broke_down(self, line: str) -> None:
        self.trouble.append(self.redaction.secrets.redact(line) if self.judging else line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.judging is None:
            if self.trouble:
                session.exitstatus = ExitCode.INTERNAL_ERROR
            return
        interrupted = signals.came() or (exitstatus == pytest.ExitCode.INTERRUPTED and not self.trouble)
        extent = Extent(self.wanted, interrupted, self.trouble[0] if self.trouble else "")
        report = assemble(self.results, self.redaction.shown, self.contract, self.terms, extent=extent)
        if self.terms.suggestions and report.counts.fail:
            from conformance.verdicts.suggestions import with_suggestions  # noqa: PLC0415  only where something failed

            report = with_suggestions(report, self.redaction.shown, self.contract)
        told = with_extensions(report, self.extended(extent), counted=self.terms.fail_on_extension)
        code = told.exit_code
        if code == ExitCode.NOTHING_SELECTED:  # tests alone that are no checks
            code = int(exitstatus)
        elif self.others_failed and code in {ExitCode.CONFORMING, ExitCode.INCONCLUSIVE}:
            code = int(pytest.ExitCode.TESTS_FAILED)
        self.report = msgspec.structs.replace(told, exit_code=code)
        session.exitstatus = code

    def extended(self, extent: Extent) -> tuple[ExtensionResult, ...]:  # noqa: ARG002
        """What the extensions come to. Their checks are no tests of this session."""
        assert self.judging
        return tuple(judge_extension(one, self.judging, self.terms) for one in self.extensions)

    def beside(self) -> list[str]:
        """What is worth saying above a list of these tests."""
        own = self.report.extensions if self.report else ()
        return [f"Extension {extended(one)}; its requirements are in report.html." for one in own]


class _InternalError(Exception):
    """The suite itself is at fault."""


def _broke(report: pytest.TestReport | pytest.CollectReport) -> str:
    """In one line, what broke where no check was judged."""
    crash = getattr(report.longrepr, "reprcrash", None)
    told = crash.message if crash else report.longreprtext.strip().rpartition("\n")[2]
    return f"internal error: {report.nodeid.rpartition('/')[2]}: {told.partition(chr(10))[0]}"
