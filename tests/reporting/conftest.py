"""A fixed run to make reports of, one with hostile text everywhere, and files that hold what is expected."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import pytest

from conformance.contract.model import Requirement
from conformance.contract.purpose import Kind, Purpose
from conformance.evidence.exchange import Answer, Evidence, Exchange, Handshake, Loss, Request, Tls
from conformance.evidence.to_har import to_har
from conformance.reporting.checks_page import SHEET
from conformance.reporting.json import to_json
from conformance.verdicts.claim import claim, exit_code
from conformance.verdicts.result import CheckResult, Verdict, worst
from conformance.verdicts.verdict import (
    Report,
    RequirementResult,
    SettingsNote,
    Suite,
    TargetNote,
    WaiverNote,
    count,
)

if TYPE_CHECKING:
    from conformance.contract.levels import Level

ROOT = Path(__file__).parents[2]
SETTINGS = SettingsNote(
    catalogue=64 * "0",
    editions=("page",),
    http_endpoint="http://staging.example.com/",
    states={code: f"the header X-Test-State: {code}" for code in ("004", "007")},
    error_elements=("Error", "Description"),
    requests=4,
)
ENDPOINT = "https://staging.example.com/[token]"
CURL = 'curl --get "https://staging.example.com/$CONNECT_TOKEN" --data-urlencode "XML=<clickatellsdk>..."'
REQUEST = Request(
    "GET",
    f"{ENDPOINT}?XML=%3Cclickatellsdk%3E%3Caction%3Eget_list_callback%3C%2Faction%3E%3C%2Fclickatellsdk%3E",
    (("Host", "staging.example.com"), ("User-Agent", "connect-conformance/0.1.0"), ("X-Env", "[redacted]")),
)
CALL = "get_list_callback"
BODY = b"""<?xml version="1.0"?>
<CLICKATELLSDK>
  <Action>get_list_callback</Action>
  <Result>Success</Result>
  <Values>
    <Value>
      <callback_type_id>0</callback_type_id>
      <callback_type>HTTP GET</callback_type>
    </Value>
  </Values>
  <Timestamp>1316512313</Timestamp>
</CLICKATELLSDK>
"""
PLAIN = b"<html><body>moved</body></html>"


def check(name: str, title: str, verdict: Verdict, **facts: Any) -> CheckResult:
    return CheckResult(id=f"conformance/checks/{name}", title=title, verdict=verdict, **facts)


NOT_PROVISIONED = (
    "the state of {0} is not provisioned; say in [targets.staging.states.{0}] how it is reached:"
    " endpoint, headers, source_address, proxy, or setup and teardown commands"
)
CATALOGUE = (
    Requirement(
        "REQ-01",
        "must",
        "A GET that carries the documented request is answered with a Connect API envelope.",
        "Endpoint and methods",
        "**Method**: GET",
        "",
        ("I-02", "I-06", "I-07", "I-08"),
    ),
    Requirement(
        "REQ-04",
        "must",
        "A request document that is not well-formed XML is not answered with Success.",
        "Connect API",
        "the request and response are still in XML format",
        "XML 1.0 section 2.1",
        (),
    ),
    Requirement(
        "ENV-03",
        "must",
        "The root element is ClICKATELLSDK, with the small l that the page prints, in no namespace.",
        "Response example and schema",
        "<ClICKATELLSDK>",
        "Namespaces in XML 1.0 section 6.2",
        ("I-01",),
    ),
    Requirement(
        "CBK-08",
        "should",
        "A type HTTP POST is offered, under whatever id.",
        "Retrieve a list of Mobile Terminated(MT) callback types",
        "such as HTTP GET and HTTP POST",
        "",
        ("I-09",),
    ),
    Requirement(
        "TIM-02",
        "must",
        "Timestamp is the time of the answer, within a tolerance of the request's window.",
        "Response example and schema",
        "<Timestamp>1316512313</Timestamp>",
        "RFC 9110 section 6.6.1",
        (),
    ),
    Requirement(
        "TLS-02",
        "must",
        "A call over plain HTTP is answered with error 009.",
        "Possible errors",
        "If the API call is performed via HTTP (and not HTTPS-SSL).",
        "",
        ("I-03", "I-11"),
    ),
    Requirement(
        "ERR-004-code",
        "must",
        "A call from a blocked source address is answered with the code 004, three digits as documented.",
        "Possible errors",
        "004        | Source IP address blocked",
        "",
        ("I-03", "I-05"),
    ),
    Requirement(
        "ERR-007-code",
        "must",
        "A call of a disabled command is answered with the code 007, three digits as documented.",
        "Possible errors",
        "007        | Command not allowed",
        "",
        ("I-03",),
    ),
    Requirement(
        "HYG-01",
        "advisory",
        "The status of an answer with Success is 2xx.",
        "",
        "",
        "RFC 9110 section 15.3",
        ("I-10",),
    ),
    Requirement("HYG-02", "advisory", "No answer has a 5xx status.", "", "", "RFC 9110 section 15.6", ("I-10",)),
)
CHECKS: dict[str, tuple[CheckResult, ...]] = {
    "REQ-01": (
        check(
            "test_endpoint.py::test_envelope[query-xml]",
            "A GET that carries the documented request is answered with an envelope.",
            Verdict.PASS,
            exchanges=(1, 2),
        ),
    ),
    "ENV-03": (
        check(
            "test_response.py::test_root_element[query-xml]",
            "The root element is ClICKATELLSDK.",
            Verdict.FAIL,
            reason="root element is CLICKATELLSDK, documented: ClICKATELLSDK (2 of 2 answers)",
            expected="ClICKATELLSDK",
            observed="CLICKATELLSDK",
            where="/CLICKATELLSDK, line 2",
            exchanges=(1, 2),
            reproduce=CURL,
        ),
        check(
            "test_response.py::test_namespace[query-xml]",
            "The root element is in no namespace.",
            Verdict.PASS,
            exchanges=(1, 2),
        ),
    ),
    "CBK-08": (
        check(
            "test_response.py::test_http_post",
            "A type HTTP POST is offered.",
            Verdict.FAIL,
            reason="HTTP POST is not among the 1 types offered",
            expected="HTTP POST",
            observed="HTTP GET",
            where="/CLICKATELLSDK/Values, line 5",
            exchanges=(1, 2),
            reproduce=CURL,
        ),
    ),
    "TIM-02": (
        check(
            "test_response.py::test_time_of_the_answer",
            "Timestamp is the time of the answer.",
            Verdict.FAIL,
            reason="1316512313 is 4500 days before the answer",
            expected="1705312799 to 1705312801, give or take 300 s",
            observed="1316512313",
            where="/CLICKATELLSDK/Timestamp, line 11",
            exchanges=(1,),
            reproduce=CURL,
        ),
    ),
    "TLS-02": (
        check(
            "test_errors.py::test_plain_http[GET]",
            "A call over plain HTTP is answered with error 009.",
            Verdict.FAIL,
            reason="a redirect (301 to https://staging.example.com/), not an error envelope with 009",
            expected="<Error>009</Error>",
            observed="301 Moved Permanently",
            exchanges=(3,),
            reproduce='curl "http://staging.example.com/$RANDOM_TOKEN"',
        ),
    ),
    "ERR-004-code": (
        check(
            "test_errors.py::test_code[004]",
            "The answer says 004.",
            Verdict.INCONCLUSIVE,
            reason=NOT_PROVISIONED.format("004"),
        ),
    ),
    "ERR-007-code": (
        check(
            "test_errors.py::test_code[007]",
            "The answer says 007.",
            Verdict.INCONCLUSIVE,
            reason=NOT_PROVISIONED.format("007"),
        ),
    ),
    "REQ-04": (
        check(
            "test_endpoint.py::test_malformed[query-xml]",
            "A request document that is not well-formed XML is not answered with Success.",
            Verdict.INCONCLUSIVE,
            reason="no answer: timeout, no answer within 10 s",
            exchanges=(4,),
        ),
    ),
    "HYG-01": (
        check(
            "test_hygiene.py::test_status[query-xml]",
            "Success comes with a 2xx status.",
            Verdict.FAIL,
            reason="status 500",
            exchanges=(2,),
        ),
    ),
}
UNSELECTED = ("HYG-02",)
WAIVED = {"TIM-02": WaiverNote(reason="clock of the staging host, ticket OPS-17", expires="2024-03-01")}


def result(requirement: Requirement) -> RequirementResult:
    selected = requirement.id not in UNSELECTED
    checks = CHECKS.get(requirement.id, ()) if selected else ()
    verdict = worst(check.verdict for check in checks) if selected else Verdict.NOT_APPLICABLE
    return RequirementResult(
        id=requirement.id,
        level=requirement.level,
        title=requirement.statement,
        source=requirement.source,
        quote=requirement.quote,
        verdict=verdict,
        reason=next((check.reason for check in checks if check.verdict is verdict), "") if selected else "not selected",
        selected=selected,
        interpretations=tuple(name for check in checks for name in check.interpretations),
        waiver=WAIVED.get(requirement.id),
        checks=checks,
    )


def concluded(requirements: list[RequirementResult], level: Level = "must", **fields: Any) -> Report:
    """A report whose claim, counts and exit code follow from its requirements."""
    stopped = fields.get("interrupted", False)
    return msgspec.structs.replace(
        Report(
            suite=Suite(name="connect-conformance", version="0.1.0", contract="connect-api@" + 64 * "0"),
            target=TargetNote(name="staging", endpoint=ENDPOINT, binding="query-xml"),
            settings=SETTINGS,
            started="2024-01-15T10:00:00Z",
            duration_s=1.9,
            seed=1,
            level=level,
            exchanges=4,
            verdict=claim(requirements, level, interrupted=stopped),
            exit_code=exit_code(requirements, level, interrupted=stopped),
            counts=count(r.verdict for r in requirements),
            requirements=tuple(requirements),
        ),
        **fields,
    )


@pytest.fixture
def report() -> Report:
    return concluded([result(requirement) for requirement in CATALOGUE])


def exchange(number: int, answer: Answer | None = None, **fields: Any) -> Exchange:
    made = Exchange(
        number=number,
        probe="documented",
        purpose=Purpose(Kind.DOCUMENTED, CALL),
        title="The documented request",
        binding="query-xml",
        request=REQUEST,
        started=1705312800.0 + number,
        finished=1705312800.12 + number,
        answer=answer,
        tls=Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384", "CN=staging.example.com", 1_767_225_600.0),
        connection=number,
        reproduce=CURL,
    )
    return replace(made, **fields)


@pytest.fixture
def evidence() -> Evidence:
    headers = (("Content-Type", "text/xml; charset=utf-8"), ("Date", "Mon, 15 Jan 2024 10:00:01 GMT"))
    good = Answer(200, "OK", "HTTP/1.1", headers, BODY, len(BODY))
    moved = Answer(
        301,
        "Moved Permanently",
        "HTTP/1.1",
        (("Location", "https://staging.example.com/"),),
        PLAIN,
        len(PLAIN),
    )
    return Evidence(
        exchanges=(
            exchange(1, good),
            exchange(2, replace(good, status=500, reason="Internal Server Error"), reused=True),
            exchange(
                3,
                moved,
                probe="plain-http-get",
                purpose=Purpose(Kind.FORM, CALL),
                title="The documented request over plain HTTP",
                request=replace(REQUEST, url=REQUEST.url.replace("https", "http", 1)),
                tls=None,
            ),
            exchange(
                4,
                probe="malformed",
                purpose=Purpose(Kind.MALFORMED, CALL),
                title="A request that is not well-formed",
                loss=Loss("timeout", "no answer within 10 s"),
                finished=1705312814.0,
            ),
        ),
        target="staging",
        endpoint=ENDPOINT,
        binding="query-xml",
        started=1705312800.0,
        finished=1705312814.0,
        handshakes=(Handshake("TLSv1.2", True), Handshake("TLSv1", False, "alert protocol version")),
        gaps={"state-004": "state 004 is not provisioned"},
        notes=("the server's clock is 2 s ahead of this machine's",),
    )


class RunFiles(Protocol):
    def __call__(self, report: Report, evidence: Evidence, hostile: str = "") -> Path: ...


class Matches(Protocol):
    def __call__(self, path: Path, text: str) -> None: ...


@pytest.fixture
def matches() -> Matches:
    """That a text equals the file of what is expected; UPDATE_SNAPSHOTS=1 writes the file instead."""

    def compare(path: Path, text: str) -> None:
        if os.environ.get("UPDATE_SNAPSHOTS"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{path.name}: UPDATE_SNAPSHOTS=1 accepts what is new"

    return compare


MARK = "document.documentElement.dataset.owned=1"
HOSTILE = (
    f"<script>{MARK}</script><img src=x onerror={MARK}>\"'><svg/onload={MARK}>{{{{7*7}}}}${{1}}"
    f"</title></style></script></textarea></code></pre></details><img src=x onerror={MARK}>"
    f" javascript:{MARK} [x](javascript:alert(5)) ![x](http://evil.example/p.png) http://evil.example"
    " www.evil.example @everyone #1 `code` | cell | \\| <!-- --> ]]> &lt;b&gt;"
    " \x1b[2J\x1b]0;owned\x07 \u202edesrever\u202c \u2066\u200f\u061c\u200b\ufeff\x00\x08\x7f\x9b31m"
    '\r\nCONFORMING  forged line\u2028next\u0085 =HYPERLINK("http://evil.example") z\u0301\u0302\u0303\u0304'
)


def poisoned(value: Any) -> Any:
    """The value with hostile text in every free text that it holds."""
    if isinstance(value, msgspec.Struct):
        free = {"title", "source", "quote", "reason", "expected", "observed", "where", "reproduce", "notes"}
        free |= {"name", "endpoint", "binding", "accept", "expires", "id", "contract", "interpretations"}
        nested = {"checks", "requirements", "target", "suite", "waiver"}
        return msgspec.structs.replace(
            value,
            **{key: _poison(getattr(value, key)) for key in value.__struct_fields__ if key in free},
            **{key: poisoned(getattr(value, key)) for key in value.__struct_fields__ if key in nested},
        )
    return tuple(poisoned(item) for item in value) if isinstance(value, tuple) else value


def _poison(value: Any) -> Any:
    if isinstance(value, tuple):
        return (HOSTILE, *(_poison(item) for item in value))
    return f"{value}{HOSTILE}"


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def hostile_report(report: Report) -> Report:
    changed = poisoned(report)
    assert isinstance(changed, Report)
    return msgspec.structs.replace(changed, notes=(HOSTILE,))


@pytest.fixture
def hostile_evidence(evidence: Evidence) -> Evidence:
    body = f"<a>{HOSTILE}</a>\n{HOSTILE}\n".encode() + b"\xff\xfe" + 5000 * b"A" + 50_000 * b"\n"
    answer = Answer(200, HOSTILE, HOSTILE, ((HOSTILE, HOSTILE), ("Content-Type", HOSTILE)), body, len(body), HOSTILE)
    request = Request(HOSTILE, f"javascript:alert(1)//{HOSTILE}", ((HOSTILE, HOSTILE),), HOSTILE.encode())
    exchanges = tuple(
        replace(
            one,
            probe=HOSTILE,
            purpose=Purpose(Kind.OTHER, HOSTILE),
            title=HOSTILE,
            binding=HOSTILE,
            request=request,
            answer=answer if one.answer else None,
            loss=Loss(HOSTILE, HOSTILE),
            tls=Tls(HOSTILE, HOSTILE, HOSTILE, 1e18),
            control=HOSTILE,
            state=HOSTILE,
            reproduce=HOSTILE,
        )
        for one in evidence.exchanges
    )
    return replace(
        evidence,
        exchanges=exchanges,
        target=HOSTILE,
        endpoint=HOSTILE,
        binding=HOSTILE,
        accept=(HOSTILE,),
        handshakes=(Handshake(HOSTILE, None, HOSTILE),),
        gaps={HOSTILE: HOSTILE},
        notes=(HOSTILE,),
    )


PLUGIN = """
import pathlib
import msgspec, pytest
from conformance.evidence.from_har import from_har
from conformance.reporting.checks_page import ChecksPage, finish
from conformance.verdicts.verdict import Report

HERE = pathlib.Path(__file__).parent
REPORT = msgspec.json.decode((HERE / "report.json").read_bytes(), type=Report)
EVIDENCE = from_har((HERE / "evidence.har").read_bytes())

def pytest_configure(config):
    config.pluginmanager.register(ChecksPage())

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        report.conformance = ["ENV-03", "", {}]
        report.longrepr = HOSTILE if report.failed else report.longrepr

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    page = HERE / "checks.html"
    page.write_bytes(finish(page))
"""
TESTS = """
import pytest
from plugin import HOSTILE

@pytest.mark.parametrize("body", [HOSTILE, "good"])
def test_body(body):
    print(HOSTILE)
    assert body == "good", HOSTILE

def test_left_open():
    pytest.skip("inconclusive: " + HOSTILE)
"""
ARGUMENTS = f"-c run.ini --rootdir . test_run.py --html=checks.html --self-contained-html --css={SHEET}"


@pytest.fixture
def run_files(tmp_path: Path) -> RunFiles:
    """The folder that a run leaves behind: pytest, pytest-html, the hooks of the suite, and `finish`."""

    def run(report: Report, evidence: Evidence, hostile: str = "") -> Path:
        (tmp_path / "report.json").write_bytes(to_json(report))
        (tmp_path / "evidence.har").write_bytes(to_har(evidence, creator_version="0.1.0"))
        (tmp_path / "plugin.py").write_text(f"HOSTILE = {hostile!r}\n{PLUGIN}", encoding="utf-8")
        (tmp_path / "test_run.py").write_text(TESTS, encoding="utf-8")
        (tmp_path / "run.ini").write_text("[pytest]\n", encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
        plugins = [f"-p{name}" for name in ("pytest_metadata.plugin", "pytest_html.plugin", "plugin")]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *plugins, *ARGUMENTS.split()],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        assert ran.returncode == 1, ran.stdout + ran.stderr
        return tmp_path

    return run
