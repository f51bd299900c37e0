"""What report.html shows of a run: static HTML that needs no script."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from conformance.checks.outcome import Verdict
from conformance.contract.load import documented
from conformance.reporting import inert
from conformance.reporting.pages import fragment
from conformance.verdicts import findings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.contract.model import Interpretation
    from conformance.evidence.exchange import Evidence, Exchange
    from conformance.verdicts.findings import Group
    from conformance.verdicts.verdict import Report, RequirementResult

_LINES, _COLUMNS = 120, 400  # what is shown of a body, of one of its lines
_PROOFS = 3  # exchanges in full per check that did not pass
_OPEN = 4  # of those, how many stand unfolded
_TELLING = {Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE}


def render_sections(report: Report, evidence: Evidence) -> str:
    """The report as a fragment of HTML: the requirements first, then the exchanges that prove it."""
    groups = findings.stayed_open(report)
    proofs = _proofs(report) | {e.number for e in evidence.exchanges[:1]}
    full = [e for e in evidence.exchanges if e.number in proofs]
    return fragment(
        "report.html.jinja",
        report=report,
        standing=findings.standing(report),
        headline=findings.headline(report),
        run=_run(report),
        accepted=findings.accepted(report),
        decisions=_decisions,
        levels=findings.by_level(report),
        outcomes=_outcomes(report),
        why=findings.why,
        extended=findings.extended,
        groups=groups,
        provision=_provision(report, groups),
        remarks=_remarks(report, evidence),
        known={e.number for e in evidence.exchanges},
        full=[_view(e, unfolded=place < _OPEN) for place, e in enumerate(full)],
        compact=[_line(e) for e in evidence.exchanges if e.number not in proofs],
    )


def _run(report: Report) -> str:
    return (
        f"{report.started}, {report.duration_s:.1f} s, {findings.exchanges(report)},"
        f" seed {report.seed}, exit code {report.exit_code}"
    )


def _decisions(requirement: RequirementResult) -> list[Interpretation]:
    """The entries of the register that decide how the page is read here."""
    contract = documented()
    known = contract.requirements.get(requirement.id)
    return [contract.interpretations[name] for name in (known.interpretation if known else ())]


def _outcomes(report: Report) -> list[tuple[str, list[RequirementResult], bool]]:
    """The requirements in sections, and whether the first of a section stand unfolded."""
    by_verdict = {verdict: [r for r in report.requirements if r.verdict is verdict] for verdict in Verdict}
    return [
        ("Not judged: an error of the suite or the transport", findings.broken(report), True),
        ("Failed", findings.failures(report), True),
        (f"Failed below level {report.level}: does not fail this run", findings.tolerated(report), False),
        ("Failed, and waived", findings.waived(report), False),
        ("Advisory findings: do not fail this run", findings.advice(report), False),
        ("Could not be observed", by_verdict[Verdict.INCONCLUSIVE], False),
        ("Passed", by_verdict[Verdict.PASS], False),
        ("Not applicable, or not selected", by_verdict[Verdict.NOT_APPLICABLE], False),
    ]


def _provision(report: Report, groups: Iterable[Group]) -> list[str]:
    states = sorted({state for group in groups for state in group.states})
    return [line for state in states for line in findings.provisioning(report, state)]


def _remarks(report: Report, evidence: Evidence) -> list[str]:
    """What a reader should know beside the verdicts."""
    asked = {True: "accepted", False: "refused", None: "could not be asked for"}
    handshakes = [
        f"{shake.version} was {asked[shake.accepted]}" + (f" ({shake.detail})" if shake.detail else "")
        for shake in evidence.handshakes
    ]
    gaps = [f"not sent: {group} ({reason})" for group, reason in evidence.gaps.items()]
    return [*report.notes, *handshakes, *gaps]


def _proofs(report: Report) -> set[int]:
    """The exchanges to show in full: the first few of every check that did not pass."""
    checks = [check for requirement in report.everything for check in requirement.checks]
    return {number for check in checks if check.verdict in _TELLING for number in check.exchanges[:_PROOFS]}


def _line(exchange: Exchange) -> dict[str, Any]:
    """An exchange in one line of a table."""
    answer, loss = exchange.answer, exchange.loss
    outcome = f"{answer.status} {answer.reason}".strip() if answer else "no answer"
    if loss:
        outcome = f"{outcome} ({loss.kind})"
    return {
        "number": exchange.number,
        "title": exchange.title or exchange.probe,
        "outcome": outcome,
        "elapsed": f"{max(exchange.elapsed, 0) * 1000:.0f} ms",
    }


def _view(exchange: Exchange, *, unfolded: bool) -> dict[str, Any]:
    """An exchange in full."""
    request, answer, loss = exchange.request, exchange.answer, exchange.loss
    answer_head = [f"{answer.http_version} {answer.status} {answer.reason}"] if answer else []
    return _line(exchange) | {
        "open": unfolded,
        "purpose": " / ".join(dict.fromkeys(filter(None, (exchange.purpose.label, exchange.probe)))),
        "binding": exchange.binding,
        "state": exchange.state,
        "control": f"{exchange.control} succeeds" if exchange.control else "",
        "connection": f"{exchange.connection}, {'reused' if exchange.reused else 'fresh'}"
        + (", sent a second time" if exchange.retried else ""),
        "tls": _tls(exchange),
        "started": _moment(exchange.started),
        "request_head": [f"{request.method} {request.url}", *_fields(request.headers)],
        "carried": [(name, _body(text.encode(errors="replace"))) for name, text in _carried(exchange)],
        "request_body": _body(request.body),
        "loss": f"{loss.kind}: {loss.reason}" if loss else "" if answer else "none was recorded",
        "answer_head": answer_head + _fields(answer.headers) if answer else [],
        "answer_body": _body(answer.body, answer.unread or answer.broken) if answer else {},
        "reproduce": exchange.reproduce,
    }


def _fields(headers: Iterable[tuple[str, str]]) -> list[str]:
    return [inert.shorten(f"{name}: {value}", _COLUMNS * 2) for name, value in headers]


def _carried(exchange: Exchange) -> list[tuple[str, str]]:
    """The parameters that a request carries percent-encoded, readable."""
    try:
        query = parse_qsl(urlsplit(exchange.request.url).query, keep_blank_values=True)
        body = exchange.request.body.decode("ascii")
        form = parse_qsl(body, keep_blank_values=True) if body and not body.lstrip().startswith("<") else []
    except ValueError:
        return []
    return [*query, *form]


def _tls(exchange: Exchange) -> str:
    tls = exchange.tls
    if not tls:
        return ""
    until = f", valid until {_moment(tls.expires)}" if tls.expires is not None else ""
    return ", ".join(filter(None, (tls.version, tls.cipher, tls.subject))) + until


def _moment(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"


def _body(body: bytes, unread: str = "") -> dict[str, Any]:
    """The first lines of a body, numbered as the checks count them, and what is not shown of it."""
    if not body:
        return {"lines": [], "note": unread or ""}
    lines = body[: _LINES * _COLUMNS].decode("utf-8", "backslashreplace").removesuffix("\n").split("\n")
    number = body.count(b"\n") + 1
    cut = len(lines) > _LINES or len(body) > _LINES * _COLUMNS or any(len(line) > _COLUMNS for line in lines)
    notes = [unread] if unread else []
    if cut:
        notes.append(f"Cut: {number} lines and {len(body)} bytes in all, whole in evidence.har.")
    return {"lines": [inert.shorten(line, _COLUMNS) for line in lines[:_LINES]], "note": " ".join(notes)}
