"""What junit.xml says beyond pytest's own: properties of the run and of each check. pytest writes the XML."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from conformance.checks.outcome import Verdict
from conformance.reporting import inert
from conformance.verdicts import findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.contract.levels import Level
    from conformance.evidence.exchange import Evidence
    from conformance.verdicts.verdict import Report


_TAGS = {
    Verdict.FAIL: "failure",
    Verdict.ERROR: "error",
    Verdict.INCONCLUSIVE: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
}


def case_properties(requirement: str, call: str, level: Level, verdict: Verdict) -> list[tuple[str, str]]:
    """Properties of one check, to be added to its item's `user_properties` before its teardown ends."""
    of = [("call", call)] if call else []
    return [("requirement", requirement), *of, ("level", level), ("verdict", verdict.value)]


def suite_properties(report: Report) -> list[tuple[str, str]]:
    """Properties of the run."""
    found = [
        ("verdict", report.verdict.value),
        ("headline", f"{findings.standing(report)}: {findings.headline(report)}"),
        ("exit_code", str(report.exit_code)),
        ("level", report.level),
        ("target", report.target.name),
        ("endpoint", report.target.endpoint),
        ("binding", report.target.binding),
        ("accept", " ".join(report.target.accept)),
        ("contract", report.suite.contract),
        ("suite", f"{report.suite.name} {report.suite.version}"),
    ]
    return [(name, inert.xml(value)) for name, value in found]


def extended(data: bytes, report: Report) -> bytes:
    """The file with a test suite of its own for each extension: the numbers of the published one stay as they are."""
    if not report.extensions:
        return data
    root = ElementTree.fromstring(data)  # noqa: S314  pytest has just written it
    for own in report.extensions:
        checks = [(one, check) for one in own.requirements for check in one.checks]
        tags = Counter(_TAGS.get(check.verdict) for _, check in checks)
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=inert.xml(own.name),
            tests=str(len(checks)),
            failures=str(tags["failure"]),
            errors=str(tags["error"]),
            skipped=str(tags["skipped"]),
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in (("verdict", own.verdict.value), ("headline", findings.extended(own))):
            ElementTree.SubElement(properties, "property", name=name, value=inert.xml(value))
        for one, check in checks:
            place, _, name = check.id.partition("::")
            case = ElementTree.SubElement(suite, "testcase", classname=inert.xml(place), name=inert.xml(name))
            if tag := _TAGS.get(check.verdict):
                said = inert.xml(f"{one.id}: {check.reason}")
                ElementTree.SubElement(case, tag, message=said).text = said
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


class JunitReport:
    """Hooks, to be registered as a plugin.

    get: asked once, at the end of the session; None where nothing was judged.
    """

    def __init__(self, get: Callable[[], tuple[Report, Evidence] | None]) -> None:
        self._get = get

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """XML 1.0 allows C1 and bidirectional controls, and pytest lets them through; here they are shown."""
        if isinstance(report.longrepr, str):
            report.longrepr = inert.xml(report.longrepr)
        elif isinstance(report.longrepr, tuple):
            file, line, reason = report.longrepr
            report.longrepr = (file, line, inert.xml(reason))
        report.sections = [(name, inert.xml(text)) for name, text in report.sections]

    @pytest.hookimpl
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Registered only now, these properties come after the report and before pytest's own writing."""
        session.config.pluginmanager.register(_Properties(self._get))


class _Properties:
    """The properties of the run; pluggy calls first what was registered last, so before pytest's LogXML."""

    def __init__(self, get: Callable[[], tuple[Report, Evidence] | None]) -> None:
        self._get = get

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        told = self._get()
        properties = suite_properties(told[0]) if told else []
        for plugin in session.config.pluginmanager.get_plugins():
            add = getattr(plugin, "add_global_property", None)  # pytest's LogXML, with --junitxml
            if add:
                for name, value in properties:
                    add(name, value)
