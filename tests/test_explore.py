"""Generated requests: the same for the same seed, each what its group says, and reduced to what matters."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote
from xml.parsers import expat

import anyio
import pytest
from lxml import etree

from conformance.contract.components import Component
from conformance.contract.document import read
from conformance.contract.load import documented
from conformance.contract.purpose import Kind, Purpose, Wishes
from conformance.contract.violations import deviations
from conformance.contract.xsd import schema
from conformance.evidence.exchange import Evidence
from conformance.probes import generated as explore
from conformance.probes import plan as plans
from conformance.probes.generated import COUNTS, Case, corpus
from conformance.probes.template import Template
from conformance.reference.app import Application, Call, Stages
from conformance.reference.request import Asked, Document, Request, UnusableError, locate
from conformance.reference.request import read as honestly
from conformance.selftest.answers import InProcess
from conformance.sending.pace import Limits
from conformance.sending.recorded import evidence_of
from conformance.sending.reduction import is_pending
from conformance.sending.wire import Wire
from conformance.target.target import target
from conformance.verdicts.judge import judge_evidence as judged
from conformance.verdicts.result import Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import RequirementResult

CALL = documented().call
TEMPLATE = Template(CALL)
REQUEST = schema(CALL.request_schema)
SEEDS = range(1, 13)
CASES = [case for seed in SEEDS for case in corpus(TEMPLATE, seed)]
PINNED = ["0get_list_callback", "gte_list_callback"]  # of seed 1


def _broken(component: Component) -> str:
    """A component as the changes of generated requests name it."""
    return f"{component.element}-{component.aspect}"


def of(group: str) -> list[Case]:
    return [case for case in CASES if case.kind == group]


def infoset(document: bytes) -> list[tuple[str, dict[str, str], str]]:
    """Elements, attributes and texts, white space between elements apart, as expat reads them."""
    found: list[tuple[str, dict[str, str], str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append((name, attributes, ""))

    def characters(text: str) -> None:
        name, attributes, before = found[-1]
        found[-1] = (name, attributes, before + text)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.CharacterDataHandler = start, characters
    parser.EndElementHandler = lambda _: found.append(("", {}, ""))
    parser.Parse(document, True)
    return [(name, attributes, text.strip(" \t\r\n")) for name, attributes, text in found]


# The corpus


def test_the_same_seed_makes_the_same_cases() -> None:
    assert [c.document for c in corpus(TEMPLATE, 7)] == [c.document for c in corpus(TEMPLATE, 7)]
    assert [c.document for c in corpus(TEMPLATE, 7)] != [c.document for c in corpus(TEMPLATE, 8)]


def test_the_cases_of_a_seed_are_pinned() -> None:
    # Other versions of Python, other processes, other days: reports name the seed, so it has to say enough.
    found = [c for c in corpus(TEMPLATE, 1) if c.kind == "action"]
    assert [c.value for c in found] == PINNED


def test_a_group_makes_the_same_cases_whatever_else_is_asked_for() -> None:
    alone = list(corpus(TEMPLATE, 1, {Kind.SCHEMA: COUNTS[Kind.SCHEMA]}))
    assert [c.document for c in alone] == [c.document for c in corpus(TEMPLATE, 1) if c.kind == "schema"]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_group_has_its_number_of_different_cases(seed: int) -> None:
    documents = [(c.kind, c.document) for c in corpus(TEMPLATE, seed)]
    assert len(set(documents)) == len(documents)
    assert {g: sum(group == g for group, _ in documents) for g in COUNTS} == COUNTS


@pytest.mark.parametrize("case", of("spelling"), ids=lambda case: case.what)
def test_spellings_are_the_documented_request(case: Case) -> None:
    root = read(case.document).root
    assert root is not None
    assert deviations(REQUEST, root) == ()
    assert REQUEST.engine.is_valid(root)  # type: ignore[arg-type]
    assert etree.fromstring(case.document) is not None
    assert infoset(case.document) == infoset(CALL.request_sample.read_bytes())


@pytest.mark.parametrize("case", of("malformed"), ids=lambda case: case.what)
def test_no_parser_takes_a_malformed_document(case: Case) -> None:
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(case.document)
    with pytest.raises(expat.ExpatError):
        infoset(case.document)


@pytest.mark.parametrize("case", [*of("action"), *of("schema")], ids=lambda case: case.what)
def test_a_broken_request_breaks_the_component_that_it_names(case: Case) -> None:
    root = read(case.document).root
    assert root is not None
    assert {_broken(d.component) for d in deviations(REQUEST, root)} == {case.component}
    assert not REQUEST.engine.is_valid(root)  # type: ignore[arg-type]
    assert not REQUEST.accepts(root)


def test_every_component_of_the_request_schema_is_broken() -> None:
    assert {case.component for case in CASES} - {"", "well-formedness"} == {_broken(c) for c in REQUEST.components}


def test_no_case_rests_on_the_letter_case_of_a_name_or_on_padding() -> None:
    for case in of("schema"):
        root = read(case.document).root
        assert root is not None
        names = [e.tag for e in root.iter() if isinstance(e.tag, str)]
        for name in names:
            assert name in {CALL.request_root, "action"} or name.lower() not in {CALL.request_root, "action"}
    assert all(" ".join(case.value.split()) != CALL.name for case in of("action"))


@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: f"{case.kind} {case.what}")
def test_whatever_a_reduction_tries_is_of_the_same_kind(case: Case) -> None:
    for n in range(len(case.changes)):
        for step in case.changes[n].choices:
            document = case.filled([*(c.choices[-1] for c in case.changes[:n]), step])
            root = read(document).root
            if case.kind == "malformed":
                assert root is None
                continue
            assert root is not None
            broken = {_broken(d.component) for d in deviations(REQUEST, root)}
            assert broken <= ({case.component} if case.component else set())


def test_making_them_is_cheap() -> None:
    list(corpus(TEMPLATE, 1))
    began = time.process_time()
    for seed in range(5):
        list(corpus(TEMPLATE, seed))
    assert (time.process_time() - began) / 5 < 0.1


def test_hypothesis_stays_out_until_something_is_reduced() -> None:
    code = (
        "import sys\nfrom conformance.probes import generated as explore\n"
        "from conformance.contract.load import documented\nfrom conformance.probes.template import Template\n"
        "from conformance.sending import wire\n"
        "list(explore.corpus(Template(documented().call), 1))\nassert 'hypothesis' not in sys.modules\n"
    )
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_a_reduction_writes_nothing_where_the_run_was_started(tmp_path: Path) -> None:
    code = (
        "from conformance.probes import generated as explore\nfrom conformance.contract.load import documented\n"
        "from conformance.probes.template import Template\n"
        "case = next(explore.corpus(Template(documented().call), 1))\nexplore.reduce(case, lambda _: True, 20)\n"
    )
    root = str(Path(__file__).parents[1])
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"PYTHONPATH": root}, check=True)
    assert list(tmp_path.iterdir()) == []


# The plan


def planned(seed: int = 1, wishes: Wishes | None = None) -> plans.Plan:
    contract = documented()
    subject = target("staging", {"endpoint": "https://staging.example.com/x1"}, contract, environment={})
    return plans.plan(contract, subject, plans.EVERYTHING if wishes is None else wishes, seed)


def test_generated_requests_are_in_the_plan_and_name_the_seed() -> None:
    generated = [p for p in planned(5).together if p.id.startswith("explored-")]
    assert len(generated) == sum(COUNTS.values())
    assert all("generated from seed 5" in p.title and p.control for p in generated)
    assert {p.purpose.label for p in generated} == set(COUNTS)
    assert set(planned(5).cases) == {p.id for p in generated}


def test_only_groups_that_are_looked_at_are_generated() -> None:
    assert {
        c.kind for c in planned(wishes=frozenset({Purpose(Kind.DOCUMENTED), Purpose(Kind.ACTION)})).cases.values()
    } == {"action"}
    assert not planned(wishes=frozenset({Purpose(Kind.DOCUMENTED)})).cases


# Reduction


Fault = Callable[[bytes, Asked], Asked]


def faulty(fault: Fault) -> Application:
    """The reference endpoint with a fault in how it reads documents."""

    def reading(call: Call) -> Asked:
        return fault(_document(call.request), honestly(call.request, call.takes))

    return Application(Stages(read=reading))


def _document(request: Request) -> bytes:
    try:
        _, found = locate(request)
    except UnusableError:
        return b""
    return found.content if isinstance(found, Document) else str(found.action).encode()


def session(fault: Fault, seed: int = 1, limits: Limits | None = None) -> tuple[Evidence, Application]:
    contract, app = documented(), faulty(fault)
    subject = target("faulty", {"endpoint": "https://localhost/0123456789abcdef"}, contract, environment={})
    plan = plans.plan(contract, subject, plans.EVERYTHING, seed)
    wire = Wire(subject, limits or Limits(), seed=seed, dialer=InProcess(app, subject))
    recording = anyio.run(wire.session, plan)
    return evidence_of(subject, recording, seed=seed, started=time.time()), app


def requirement(evidence: Evidence, name: str) -> RequirementResult:
    report = judged(evidence, documented(), Terms())
    return next(r for r in report.requirements if r.id == name)


def reduced(evidence: Evidence) -> Sequence[str]:
    return [e.probe for e in evidence.exchanges if e.probe.startswith("reduced-")]


def seed_with(wanted: Callable[[Case], bool]) -> int:
    return next(seed for seed in range(1, 200) if any(wanted(case) for case in corpus(TEMPLATE, seed)))


def test_a_spelling_that_only_the_explorer_knows_is_reduced() -> None:
    def fault(document: bytes, asked: Asked) -> Asked:
        return Asked(asked.binding) if b"<!--" in document and b"<![CDATA[" in document else asked

    wanted = seed_with(
        lambda c: c.kind == "spelling" and b"<!--" in c.document and b"<![CDATA[" in c.document and len(c.changes) > 3
    )
    evidence, _ = session(fault, wanted)
    found = requirement(evidence, "REQ-05")
    assert found.verdict is Verdict.FAIL
    check = next(c for c in found.checks if c.verdict is Verdict.FAIL)
    assert "reduced from explored-spelling-" in check.reason
    assert f"seed {wanted}" in check.reason
    smallest = next(e for e in evidence.exchanges if e.number == check.exchanges[0])
    assert smallest.probe in reduced(evidence)
    assert smallest.reproduce == check.reproduce
    others = [e for e in evidence.exchanges if e.number in check.exchanges]
    assert len(smallest.request.url) == min(len(e.request.url) for e in others)
    assert "%3C%21--" in smallest.request.url
    assert "%5BCDATA" in smallest.request.url
    assert "%3F" not in smallest.request.url  # no declaration
    assert 0 < len(reduced(evidence)) <= 20


def test_nothing_comes_last_while_something_may_be_reduced() -> None:
    """A generated request that is on its way yet may still show something."""
    plan = planned()
    evidence, _ = session(lambda _, asked: asked)
    assert not is_pending(plan, evidence.exchanges)
    for name in plan.cases:
        assert is_pending(plan, [e for e in evidence.exchanges if e.probe != name])


def test_an_action_that_only_the_explorer_knows_is_reduced() -> None:
    seed = seed_with(lambda c: c.kind == "action" and c.value.startswith(f"{CALL.name}_v2") and len(c.changes) > 1)
    value = next(
        c.value for c in corpus(TEMPLATE, seed) if c.kind == "action" and c.value.startswith(f"{CALL.name}_v2")
    )

    def fault(document: bytes, asked: Asked) -> Asked:
        return Asked(asked.binding, CALL.name) if asked.action == value else asked

    evidence, _ = session(fault, seed)
    check = next(c for c in requirement(evidence, "REQ-03").checks if c.verdict is Verdict.FAIL)
    smallest = next(e for e in evidence.exchanges if e.number == check.exchanges[0])
    assert "reduced from explored-action" in check.reason
    plain = f"<{CALL.request_root}><action>{value}</action></{CALL.request_root}>"
    assert smallest.request.url.endswith(f"XML={quote(plain, safe='')}")


def test_a_fault_that_a_fixed_request_shows_is_not_reduced() -> None:
    def fault(document: bytes, asked: Asked) -> Asked:
        return Asked(asked.binding) if b"<!--" in document else asked

    evidence, _ = session(fault)
    assert requirement(evidence, "REQ-05").verdict is Verdict.FAIL
    assert not reduced(evidence)


def test_nothing_is_reduced_where_nothing_is_wrong() -> None:
    evidence, _ = session(lambda _, asked: asked)
    for name in ("REQ-03", "REQ-04", "REQ-05", "REQ-06"):
        assert requirement(evidence, name).verdict is Verdict.PASS
    assert not reduced(evidence)


@pytest.mark.parametrize("spent", [0, 3])
def test_a_reduction_keeps_its_budget(spent: int) -> None:
    def fault(document: bytes, asked: Asked) -> Asked:
        return Asked(asked.binding) if b"<!--" in document and b"<![CDATA[" in document else asked

    evidence, _ = session(fault, 1, Limits(reductions=spent))
    assert len(reduced(evidence)) <= spent
    assert requirement(evidence, "REQ-05").verdict is Verdict.FAIL


def test_the_smallest_that_shows_it_is_found() -> None:
    case = max(of("spelling"), key=lambda c: len(c.changes))
    last = case.changes[-1]
    needed = next(iter(last.steps[-1].values())).encode()
    sent: list[bytes] = []

    def shows(document: bytes) -> bool:
        sent.append(document)
        return needed in document

    smallest = explore.reduce(case, shows, 40)
    assert smallest == case.filled([last.steps[-1]])
    assert len(sent) == len(set(sent)) <= 40
