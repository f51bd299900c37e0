"""The smallest change with which a failing answer would pass: found by trying, judged again by the suite itself.

What is said is what was tried: the edits are made on a copy of the answer as reports show it, and every check judges
that copy. Nothing hangs on the clock or on chance, so that a replay comes to the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from conformance.checks.catalogue import Case, Check, check_id, checks
from conformance.checks.judging import Judging
from conformance.contract.document import Document, recovered
from conformance.contract.draft import Draft, Edit, GoneError, Root, in_writing, written
from conformance.contract.quoting import clip
from conformance.evidence.exchange import Answer, Evidence, Exchange
from conformance.verdicts.causes import causes
from conformance.verdicts.judge import breaks, judge_evidence, looks_at, takes_one
from conformance.verdicts.mending import proposed
from conformance.verdicts.result import CheckResult, Suggestion, Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Report, RequirementResult

if TYPE_CHECKING:
    from conformance.contract.model import Contract

_CAUSES = 3  # causes of a run that are looked at, the first ones; one that another's change mends does not count
# Octets and elements of a document; nothing small mends a larger one in time.
_LARGEST, _ELEMENTS = 32_768, 2_000
_JUDGED = 120  # answers of usual size that are judged again in a run; a whole run counts as so many:
_WHOLE, _MANY = 20, 500  # of so many exchanges at most; a longer one as several
_USUAL = 2_048  # octets
_LINES, _COLUMNS = 40, 160  # of a difference that are shown
_DECLARATION = re.compile(r"""^<\?xml version="1\.0"(?: encoding="[^"]*")?\s*\?>\s*""")
_STAMP = re.compile(rb"[0-9]{10}")


def with_suggestions(report: Report, evidence: Evidence, contract: Contract) -> Report:
    """The report with the smallest change that mends each of its first causes, where there is one.

    evidence: as it is shown, so that nothing secret is in what is said of it.
    """
    search, found, mended = _Search(report, evidence, contract), dict[str, Suggestion](), set[str]()
    tried = 0
    for cause in causes(report):
        other = cause.verdict is not Verdict.FAIL or cause.waived or cause.level == "advisory"
        if other or cause.check is None or cause.lead.address in mended or tried == _CAUSES:
            continue
        tried += 1
        with suppress(Exception):  # what an endpoint says costs no run its verdict; tests look behind this
            if made := search.of(cause.check):
                found[cause.check.id] = made
                mended |= set(made.passes)
    return _with(report, found) if found else report


def _with(report: Report, found: dict[str, Suggestion]) -> Report:
    def check(one: CheckResult) -> CheckResult:
        return msgspec.structs.replace(one, suggestion=found[one.id]) if one.id in found else one

    def requirement(one: RequirementResult) -> RequirementResult:
        return msgspec.structs.replace(one, checks=tuple(map(check, one.checks)))

    return msgspec.structs.replace(report, requirements=tuple(map(requirement, report.requirements)))


@dataclass(frozen=True, slots=True)
class _Judge:
    """A check of one answer, for one case."""

    id: str
    breaks: Callable[[Exchange], bool]


class _Search:
    """One run, and what is tried on its answers."""

    def __init__(self, report: Report, evidence: Evidence, contract: Contract) -> None:
        self.report, self.contract = report, contract
        self.evidence, self.room = evidence, _JUDGED * _USUAL
        self.failed = {c.id: (r, c) for r in report.requirements for c in _failed(r)}
        self.selected = {r.address for r in report.requirements if r.selected}

    @cached_property
    def judging(self) -> Judging:
        return Judging(self.evidence, self.contract)

    def of(self, check: CheckResult) -> Suggestion | None:
        """The smallest change to the first answer that a check finds wrong."""
        exchange = next((e for e in self.evidence.exchanges if e.number in check.exchanges[:1]), None)
        if exchange is None or exchange.answer is None or len(exchange.answer.body) > _LARGEST:
            return None
        failing = _Failing(self, exchange, exchange.answer)
        if not _is_small(_root(exchange)) or check.id not in failing.goal:
            return None
        kept = failing.reduced(proposed(exchange, exchange.answer, failing.draft(), failing.judging))
        return failing.said(kept) if kept and failing.passes_in_the_run(kept) else None

    def judges(self, judging: Judging, call: str) -> tuple[_Judge, ...]:
        """The checks that judge an answer about a call by itself."""
        contract, found = self.contract, []
        for check in checks():
            if not takes_one(check):
                continue
            for case in check.cases_of(contract, judging.evidence.calls):
                if case.call in {"", call}:
                    name = check_id(check, self.evidence.binding, case, contract)
                    found.append(_Judge(name, _breaking(check, case, judging)))
        return tuple(found)

    def spend(self, octets: int) -> bool:
        """Whether there is room to judge so many octets more."""
        self.room -= max(octets, _USUAL)
        return self.room >= 0


def _failed(requirement: RequirementResult) -> list[CheckResult]:
    return [check for check in requirement.checks if check.verdict is Verdict.FAIL]


def _breaking(check: Check, case: Case, judging: Judging) -> Callable[[Exchange], bool]:
    own = judging.about(case.call)
    return lambda exchange: looks_at(check, case, exchange, own) and breaks(check, case, own, exchange)


def _is_small(root: Root | None) -> bool:
    """Whether a document is there that a few edits may mend."""
    return root is not None and sum(1 for _ in root.iter()) <= _ELEMENTS


def _root(exchange: Exchange) -> Root | None:
    """The root of an answer; of one that is not well-formed, of what a parser makes of it."""
    document = exchange.answer.document if exchange.answer else Document()
    return recovered(document) if document.root is None and document.fault else document.root


def _writing(document: Document) -> list[Edit]:
    """What is mended by writing a document anew."""
    fault = [in_writing(f"write well-formed XML ({document.fault})")] if document.fault else []
    return fault + [in_writing(f"take out the {clip(one, 60)}", "surplus") for one in document.references]


class _Failing:
    """One answer that fails."""

    def __init__(self, search: _Search, exchange: Exchange, answer: Answer) -> None:
        self.search, self.exchange, self.answer = search, exchange, answer
        self.judging = search.judging.of(exchange)
        self.judges = search.judges(search.judging, exchange.purpose.call)

    @cached_property
    def broken(self) -> frozenset[str]:
        """The checks that find the answer wrong by itself, as it is."""
        return self._broken(self.exchange)

    def _broken(self, exchange: Exchange) -> frozenset[str]:
        return frozenset(judge.id for judge in self.judges if judge.breaks(exchange))

    @cached_property
    def of_the_run(self) -> frozenset[str]:
        """The checks of several answers that find this one wrong beside others."""
        single = {judge.id for judge in self.judges}
        named = (c for _, c in self.search.failed.values() if self.exchange.number in c.exchanges)
        return frozenset(c.id for c in named if c.id not in single and self._is_of_the_document(c.id))

    @cached_property
    def goal(self) -> frozenset[str]:
        """The checks that have to pass: all that fail and that a change of the document could mend."""
        return frozenset(filter(self._is_of_the_document, self.broken)) | self.of_the_run

    def _is_of_the_document(self, check: str) -> bool:
        """Whether a check was to be judged, and is of the document, rather than of how it is sent."""
        name = self.search.failed[check][0].id if check in self.search.failed else "HYG-"
        return not name.startswith(("HYG-", "TLS-")) or name == "TLS-02"

    # The trials

    def draft(self, edits: Iterable[Edit] = (), exchange: Exchange | None = None) -> Draft:
        """A copy of the answer, or of one that is built alike, with edits made."""
        of = exchange or self.exchange
        root = _root(of)
        assert root is not None
        return Draft(root, str(int(of.finished + self.search.evidence.offset_at(of))), edits)

    def edited(self, edits: Iterable[Edit], exchange: Exchange | None = None) -> Exchange | None:
        """The exchange with the edits made in its answer; None where they cannot be made."""
        of = exchange or self.exchange
        assert of.answer
        document = of.answer.document
        try:
            body = written(self.draft(edits, of), document.encoding, declared=bool(document.declared))
        except (GoneError, LookupError, ValueError):
            return None
        return replace(of, answer=replace(of.answer, body=body))

    def passes(self, edits: list[Edit]) -> bool:
        """Whether the answer passes with these edits: what failed does no more, and nothing new fails."""
        if self.of_the_run:
            return self.passes_in_the_run(edits)
        made = self.edited(edits)
        if made is None or made.answer is None or not self.search.spend(len(made.answer.body)):
            return False
        broken = self._broken(made)
        return not (broken & self.goal) and broken <= self.broken

    def passes_in_the_run(self, edits: list[Edit]) -> bool:
        """The same for all that the run has recorded, every answer that is built alike changed alike."""
        if not self.search.spend(_WHOLE * _USUAL * (1 + len(self.search.evidence.exchanges) // _MANY)):
            return False
        made = {e.number: self.edited(edits, e) for e in self.alike}
        if None in made.values():
            return False
        exchanges = tuple(made.get(e.number) or e for e in self.search.evidence.exchanges)
        changed = replace(self.search.evidence, exchanges=exchanges)
        rows = judge_evidence(changed, self.search.contract, Terms()).requirements
        failed = {c.id: c for r in rows if r.address in self.search.selected for c in _failed(r)}
        left = (c for name, c in failed.items() if name in self.goal)
        return failed.keys() <= self.search.failed.keys() and not any(set(made) & set(c.exchanges) for c in left)

    @cached_property
    def alike(self) -> list[Exchange]:
        """The exchanges whose answers differ in their times at most, as their texts do."""
        key, call = _STAMP.sub(b"", self.answer.body), self.exchange.purpose.call
        return [
            e
            for e in self.search.evidence.exchanges
            if e.answer and e.purpose.call == call and _STAMP.sub(b"", e.answer.body) == key
        ]

    def reduced(self, edits: list[Edit]) -> list[Edit]:
        """The edits without all that can be left out; none where the answer does not pass with them."""
        always = _writing(self.answer.document)
        if not (edits or always) or not self.passes(edits):
            return []
        kept, before = edits, -1
        while len(kept) != before:
            before = len(kept)
            for edit in reversed(kept):
                fewer = [one for one in kept if one is not edit]
                if (fewer or always) and self.passes(fewer):
                    kept = fewer
        return [*always, *kept] if self.search.room >= 0 else []

    # What is said

    def said(self, edits: list[Edit]) -> Suggestion:
        passing = {self.search.failed[name][0].address for name in self.goal if name in self.search.failed}
        return Suggestion(
            exchange=self.exchange.number,
            edits=tuple(edit.told for edit in edits),
            diff=_difference(self._before(), self.draft(edits).text(anew=bool(self.answer.document.fault))),
            passes=tuple(r.address for r in self.search.report.requirements if r.address in passing),
            accept=self.accepting(),
        )

    def _before(self) -> str:
        """The answer as it is."""
        document = self.answer.document
        if document.fault:
            return _DECLARATION.sub("", document.text)
        around = (one.removeprefix("document type declaration ") for one in document.references)
        return "\n".join((*around, self.draft().text()))

    def accepting(self) -> tuple[str, ...]:
        """The fewest interpretations under which the answer passes as it is; none where it would not."""
        register = self.search.contract.interpretations.values()
        call, already = self.judging.call.name, self.search.evidence.accept
        mine = (one for one in register if one.acceptable and call in (one.accepts.calls or (call,)))
        kept = [one.id for one in mine if one.id not in already]
        if self.of_the_run or not self._passes_accepting(kept):
            return ()
        for name in tuple(kept):
            fewer = [one for one in kept if one != name]
            kept = fewer if self._passes_accepting(fewer) else kept
        return tuple(kept)

    def _passes_accepting(self, names: list[str]) -> bool:
        evidence = replace(self.search.evidence, accept=(*self.search.evidence.accept, *names))
        judges = self.search.judges(Judging(evidence, self.search.contract), self.exchange.purpose.call)
        return not any(judge.id in self.goal and judge.breaks(self.exchange) for judge in judges)


def _difference(before: str, after: str) -> str:
    """The lines that differ, with one around them."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm=""))
    shown = ["…" if line.startswith("@@") else line[:_COLUMNS] for line in lines[3:]]
    more = [f"… and {len(shown) - _LINES} lines more"] if len(shown) > _LINES else []
    return "\n".join([*shown[:_LINES], *more])
