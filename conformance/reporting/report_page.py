"""report.html: one page that says what became of a run, whole without a script, and fit to be mailed on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from conformance.contract.load import documented
from conformance.reporting.cards import MOST, cards
from conformance.reporting.contract_text import contract_text
from conformance.reporting.exchanges import listed
from conformance.reporting.glance import glance
from conformance.reporting.pages import SIGNS, page
from conformance.reporting.timeline import timeline
from conformance.verdicts import findings
from conformance.verdicts.causes import causes, own_causes
from conformance.verdicts.likeness import is_alike
from conformance.verdicts.result import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.contract.model import Interpretation
    from conformance.evidence.exchange import Evidence
    from conformance.verdicts.verdict import Report, RequirementResult


_WORST_FIRST = ("error", "fail", "waived", "inconclusive", "pass", "not_applicable")


def report_page(report: Report, evidence: Evidence, har: str = "") -> str:
    """The page. har: the SHA-256 of the recording that lies beside it."""
    found = causes(report)
    failed = [cause for cause in found if cause.verdict is not Verdict.INCONCLUSIVE and not cause.waived]
    blamed = [c.exchanges for r in report.everything for c in r.checks if c.verdict in {Verdict.FAIL, Verdict.ERROR}]
    telling = {number for numbers in blamed for number in numbers}  # the exchanges that bear on a failure
    by_number = {e.number: e for e in evidence.exchanges}
    exchanges, answers, more_answers = listed(
        evidence.exchanges, telling, {n for numbers in blamed for n in numbers[:1]}
    )
    shown = cards(failed, by_number)
    own = [cards(own_causes(one, report), by_number, f"{number}-") for number, one in enumerate(report.extensions, 1)]
    lines, rest = contract_text(report.requirements)
    words = Counter(word_of(r) for r in report.requirements)
    return page(
        "report.html.jinja",
        title=f"{findings.standing(report).capitalize()}: {report.target.name} - connect-conformance",
        report=report,
        labels=findings.labels(report),
        claim=findings.claimed(report).value,
        standing=findings.standing(report),
        headline=findings.headline(report, whole=False),
        when=report.started.replace("T", " ").replace("Z", " UTC"),
        glance=list(glance(report, found)),
        whole=findings.asks_for_the_contract(report),
        bars=[_bar(report, level) for level in findings.by_level(report)],
        calls=_calls(report),
        groups=_groups(report),
        signs=SIGNS,
        word_of=word_of,
        has_waived=bool(words["waived"]),
        shortfalls=report.policy.shortfalls if report.policy else (),
        accepted=findings.accepted(report),
        cards=shown,
        own_cards=own,
        card_of={r.address: card for card in sum(own, shown) for r in card["cause"].requirements},
        carded={card["seen"]["number"] for card in sum(own, shown) if card["seen"]},
        more_cards=failed[MOST:],
        waived=findings.waived(report),
        left=[cause for cause in found if cause.verdict is Verdict.INCONCLUSIVE],
        page={"lines": lines, "rest": [{"result": r, "word": word_of(r)} for r in rest]},
        time=timeline(evidence, telling),
        words=[(word, words[word]) for word in SIGNS if words[word]],
        known=by_number,
        decisions=_decisions,
        rests_on=_rests_on,
        some=findings.some,
        is_plain=_is_plain,
        register={entry.id: entry for r in report.requirements for entry in _decisions(r)}.values(),
        why=findings.why,
        extended=findings.extended,
        remarks=_remarks(report, evidence),
        exchanges=exchanges,
        answers=answers,
        more_answers=more_answers,
        run=_run(report),
        settings=findings.settings(report),
        har=har,
        replay=_replay(report),
    )


def word_of(requirement: RequirementResult) -> str:
    """The word for what became of a requirement: its verdict, or that its failure is waived."""
    return "waived" if requirement.waiver else requirement.verdict.value


def _bar(report: Report, level: str) -> dict[str, Any]:
    """How much of a level is kept, as parts of a bar: what failed first."""
    judged = [r for r in report.requirements if r.level == level and r.verdict is not Verdict.NOT_APPLICABLE]
    counts = Counter(word_of(r) for r in judged)
    parts, start = [], 0
    for word in ("error", "fail", "waived", "inconclusive", "pass"):
        if counts[word]:
            parts.append({"word": word, "start": start, "width": counts[word]})
            start += counts[word]
    told = f"{counts['pass']} of {len(judged)} kept" if judged else "none judged"
    return {"name": level, "told": told, "of": max(len(judged), 1), "parts": parts}


def _calls(report: Report) -> list[dict[str, Any]]:
    """The requirements call by call; those that are judged once for all of them by themselves."""
    names = dict.fromkeys(r.call for r in report.requirements)
    if len([name for name in names if name]) < 2:
        return [{"name": "", "told": "", "kept": True, "requirements": report.requirements}]
    return [
        _call(name or "for all calls", [r for r in report.requirements if r.call == name])
        for name in sorted(names, key=bool)
    ]


def _call(name: str, requirements: Sequence[RequirementResult]) -> dict[str, Any]:
    judged = [r for r in requirements if r.verdict is not Verdict.NOT_APPLICABLE]
    kept = sum(r.verdict is Verdict.PASS for r in judged)
    return {
        "name": name,
        "told": f"{kept} of {len(judged)} kept",
        "kept": kept == len(judged),
        "requirements": requirements,
    }


def _groups(report: Report) -> list[dict[str, Any]]:
    """The requirements in the order of the catalogue, each with what became of it call by call."""
    found: dict[str, list[RequirementResult]] = {}
    for requirement in report.requirements:
        found.setdefault(requirement.id, []).append(requirement)
    return [_grouped(members) for members in found.values()]


def _grouped(members: Sequence[RequirementResult]) -> dict[str, Any]:
    """One requirement. lead: the worst of its judgements."""
    lead = min(members, key=lambda one: _WORST_FIRST.index(word_of(one)))
    judged = [one for one in members if one.verdict is not Verdict.NOT_APPLICABLE]
    kept = sum(one.verdict is Verdict.PASS for one in judged)
    alike: dict[str, RequirementResult] = {}  # by the address of what is no pass, the first that has the same reasons
    for number, one in enumerate(members):
        same = (o for o in members[:number] if word_of(o) == word_of(one) and is_alike(o, one))
        if one.verdict is not Verdict.PASS and (first := next(same, None)):
            alike[one.address] = first
    return {
        "lead": lead,
        "members": members,
        "alike": alike,
        "told": f"{kept} of {len(judged)} calls kept" if len(members) > 1 else "",
    }


def _is_plain(requirement: RequirementResult) -> bool:
    """Whether one check says no more than the requirement itself: it passed."""
    return requirement.verdict is Verdict.PASS and len(requirement.checks) == 1 and bool(requirement.carried)


def _rests_on(requirement: RequirementResult) -> str:
    """Section and standard; the interpretations are linked behind them."""
    names = ", ".join(entry.id for entry in _decisions(requirement))
    return requirement.source.removesuffix(names).removesuffix("; ") if names else requirement.source


def _decisions(requirement: RequirementResult) -> list[Interpretation]:
    """The entries of the register that decide how the page is read here."""
    contract = documented()
    known = contract.requirements.get(requirement.id)
    return [contract.interpretations[name] for name in (known.interpretation if known else ())]


def _remarks(report: Report, evidence: Evidence) -> list[str]:
    """What a reader should know beside the verdicts."""
    asked = {True: "was accepted", False: "was refused", None: "could not be asked for"}
    handshakes = [_handshake(s.version, asked[s.accepted], s.detail) for s in evidence.handshakes]
    gaps = [f"not sent: {group} ({reason})" for group, reason in evidence.gaps.items()]
    return [*report.notes, *handshakes, *gaps]


def _handshake(version: str, outcome: str, detail: str) -> str:
    detail = detail.removeprefix("refused: ")
    return f"{version} {outcome}" + (f" ({detail})" if detail else "")


def _run(report: Report) -> str:
    return (
        f"Started {report.started}, {report.duration_s:.1f} s, {findings.exchanges(report)}, binding"
        f" {report.target.binding}, level {report.level}, seed {report.seed}, exit code {report.exit_code}"
    )


def _replay(report: Report) -> str:
    return f"connect-conformance replay evidence.har --level {report.level}"
