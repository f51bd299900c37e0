"""How a check becomes a verdict: silence is no pass, a raise is an error, one bad answer of five is told as such."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from conformance.checks.catalogue import (
    Case,
    Check,
    check_id,
    check_of,
    checks,
    each,
    requirement,
    uses,
)
from conformance.checks.judging import Judging
from conformance.checks.outcome import Breach, Inconclusive, NotApplicable
from conformance.contract.purpose import OF_PARAMETERS, Kind
from conformance.evidence.exchange import Evidence, Exchange, Loss
from conformance.verdicts.assemble import assemble
from conformance.verdicts.judge import judge
from conformance.verdicts.result import CheckResult, Verdict
from conformance.verdicts.terms import Terms
from conformance.verdicts.verdict import Claim
from tests.evidence_factory import CONTRACT, body, conforming, verdicts

FIVE = tuple(conforming().of(Kind.DOCUMENTED)[:5])
WHOLE = Case("", "ENV-01", None)


def over(check: Check, exchanges: tuple[Exchange, ...] = FIVE, case: Case = WHOLE, **facts: object) -> CheckResult:
    evidence = replace(conforming(), exchanges=exchanges, **facts)  # type: ignore[arg-type]
    return judge(check, case, Judging(evidence, CONTRACT))


def saying(*outcomes: Exception | None) -> Check:
    """A check that says one thing per answer, in turn."""
    told = iter(outcomes)

    @requirement("ENV-01")
    @uses(Kind.DOCUMENTED)
    def test_it(exchange: Exchange) -> None:
        """It is so."""
        said = next(told)
        if said is not None:
            raise said

    check = check_of(test_it)
    assert check
    return check


def saying_of_all(said: Exception | None) -> Check:
    """A check that judges all answers at once."""

    @requirement("ENV-01")
    @uses(Kind.DOCUMENTED)
    def test_it(exchanges: tuple[Exchange, ...]) -> None:
        """It is so.

        More than anyone wants to know.
        """
        if said is not None:
            raise said

    check = check_of(test_it)
    assert check
    return check


BAD = Breach("it is not", expected="so", observed="otherwise", where="/a")


def test_all_good_is_a_pass() -> None:
    result = over(saying(*[None] * 5))
    assert result.verdict is Verdict.PASS
    assert result.reason == ""
    assert result.exchanges == tuple(e.number for e in FIVE)
    assert result.title == "It is so."


def test_one_of_five_is_a_failure_that_says_how_often() -> None:
    result = over(saying(None, None, BAD, None, None))
    assert result.verdict is Verdict.FAIL
    assert result.reason == "1 of 5 answers: it is not"
    assert (result.expected, result.observed, result.where) == ("so", "otherwise", "/a")
    assert result.exchanges == (FIVE[2].number,)
    assert result.reproduce == FIVE[2].reproduce


def test_what_could_not_be_seen_is_not_counted() -> None:
    result = over(saying(None, Inconclusive("hidden"), BAD, NotApplicable("none"), None))
    assert result.reason == "1 of 3 answers: it is not"


def test_all_bad_is_told_once() -> None:
    result = over(saying(*[BAD] * 5))
    assert result.reason == "it is not"
    assert result.exchanges == tuple(e.number for e in FIVE)


def test_one_answer_is_not_counted() -> None:
    assert over(saying(BAD), FIVE[:1]).reason == "it is not"


def test_all_open_is_open_with_the_first_reason() -> None:
    result = over(saying(*[Inconclusive(f"hidden {n}") for n in range(5)]))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason == "hidden 0"


def test_some_open_and_some_good_is_a_pass() -> None:
    assert over(saying(Inconclusive("hidden"), None, *[Inconclusive("hidden")] * 3)).verdict is Verdict.PASS


def test_what_is_open_weighs_more_than_what_has_no_subject() -> None:
    result = over(saying(NotApplicable("none here"), *[Inconclusive(f"hidden {n}") for n in range(4)]))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason == "hidden 0"


def test_no_subject_anywhere_is_not_applicable() -> None:
    result = over(saying(*[NotApplicable(f"none here {n}") for n in range(5)]))
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert result.reason == "none here 0"
    assert over(saying(NotApplicable("none here")), FIVE[:1]).reason == "none here"


@pytest.mark.parametrize(
    "defect", [ZeroDivisionError("secret text"), KeyError("x"), AssertionError("x"), RecursionError()]
)
def test_a_check_that_breaks_is_an_error_whatever_else_was_seen(defect: Exception) -> None:
    result = over(saying(None, BAD, defect, Inconclusive("hidden"), None))
    assert result.verdict is Verdict.ERROR
    assert result.reason == f"{type(defect).__name__} in the suite's own check"
    assert result.exchanges == (FIVE[2].number,)
    assert over(saying_of_all(defect)).verdict is Verdict.ERROR


def test_the_first_of_several_defects_is_told() -> None:
    result = over(saying(None, ZeroDivisionError(), None, KeyError("x"), BAD))
    assert result.reason == "ZeroDivisionError in the suite's own check"
    assert result.exchanges == (FIVE[1].number,)


def test_the_smallest_of_the_requests_that_were_made_smaller_is_told_first() -> None:
    long, short, shortest = (
        replace(
            e,
            probe=f"reduced-{n}",
            request=replace(e.request, url=e.request.url + "x" * size, body=b"y" * rest),
        )
        for n, (e, size, rest) in enumerate(zip(FIVE[2:], (0, 3, 5), (9, 3, 0), strict=True))
    )
    seen = FIVE[1], FIVE[0], long, short, shortest
    result = over(saying(*[BAD] * 5), seen)
    assert result.exchanges == tuple(e.number for e in (shortest, short, long, FIVE[1], FIVE[0]))


def test_ctrl_c_is_not_swallowed() -> None:
    @requirement("ENV-01")
    @uses(Kind.DOCUMENTED)
    def test_it(exchange: Exchange) -> None:
        raise KeyboardInterrupt

    check = check_of(test_it)
    assert check
    with pytest.raises(KeyboardInterrupt):
        over(check)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (None, Verdict.PASS),
        (BAD, Verdict.FAIL),
        (Inconclusive("hidden"), Verdict.INCONCLUSIVE),
        (NotApplicable("none"), Verdict.NOT_APPLICABLE),
    ],
)
def test_a_check_of_all_answers_has_one_say(said: Exception | None, verdict: Verdict) -> None:
    result = over(saying_of_all(said))
    assert result.verdict is verdict
    assert result.reason == (str(said) if said else "")
    assert result.title == "It is so."


def test_a_breach_names_its_own_exchanges() -> None:
    result = over(saying_of_all(Breach("it is not", exchanges=(FIVE[3], FIVE[1]))))
    assert result.exchanges == (FIVE[3].number, FIVE[1].number)
    assert result.reproduce == FIVE[3].reproduce


# Silence


@pytest.mark.parametrize("check", [saying(), saying_of_all(None)])
def test_a_check_that_saw_no_exchange_has_not_passed(check: Check) -> None:
    result = over(check, ())
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason == "no exchange of this kind was recorded"


def test_why_nothing_was_sent_is_the_reason() -> None:
    result = over(saying(), (), gaps={"documented": "the state is not provisioned"})
    assert result.reason == "the state is not provisioned"


def test_of_several_reasons_why_nothing_was_sent_the_first_is_given() -> None:
    @requirement("ENV-01")
    @uses(Kind.DOCUMENTED, Kind.BINDINGS, Kind.SPELLING)
    def test_it(exchange: Exchange) -> None:
        """It is so."""

    check = check_of(test_it)
    assert check
    gaps = {"spelling": "not asked for", "bindings": "not served"}
    assert over(check, (), gaps=gaps).reason == "not served"


def test_exchanges_of_another_group_are_not_looked_at() -> None:
    assert over(saying(), conforming().of(Kind.MALFORMED)).verdict is Verdict.INCONCLUSIVE


def test_a_check_without_groups_looks_at_everything() -> None:
    seen = []

    @requirement("ENV-01")
    @uses()
    def test_it(exchanges: tuple[Exchange, ...]) -> None:
        seen.append(len(exchanges))

    check = check_of(test_it)
    assert check
    assert over(check, conforming().exchanges).verdict is Verdict.PASS
    assert seen == [len(conforming().exchanges)]


def test_a_run_that_recorded_nothing_passes_nothing() -> None:
    nothing = replace(conforming(), exchanges=(), handshakes=(), canary=None)
    assert set(verdicts(nothing).values()) == {Verdict.INCONCLUSIVE}


def test_a_run_without_answers_passes_nothing() -> None:
    """But for plain HTTP, where a port that refuses keeps the requirement; here every call times out."""
    lost = tuple(
        replace(e, answer=None, tls=None, loss=Loss("timeout", "no answer within 10 s")) for e in conforming().exchanges
    )
    found = verdicts(replace(conforming(), exchanges=lost, handshakes=(), canary=None))
    assert set(found.values()) == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("group", sorted({e.purpose.label for e in conforming().exchanges}))
def test_a_group_that_was_not_sent_leaves_no_failure_behind(group: str) -> None:
    evidence = conforming()
    kept = tuple(e for e in evidence.exchanges if e.purpose.label != group)
    found = verdicts(replace(evidence, exchanges=kept))
    assert set(found.values()) <= {Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE}
    # Of these, others of their kind tell as much.
    if group not in {"bindings", "control", "stand-in"} and not group.startswith("after-"):
        assert Verdict.INCONCLUSIVE in found.values()


def test_a_requirement_without_results_has_not_passed() -> None:
    report = assemble({}, conforming(), CONTRACT, Terms())
    assert {r.verdict for r in report.requirements} == {Verdict.INCONCLUSIVE}
    assert all(r.reason.startswith("the run ended before test_") for r in report.requirements)
    assert report.verdict is Claim.INCONCLUSIVE
    assert report.exit_code == 10


# Declarations


def test_a_plain_function_is_no_check() -> None:
    def test_it() -> None:
        """It is so."""

    assert check_of(test_it) is None


def test_a_check_has_one_case_per_value() -> None:
    @each("code", lambda _, call: [Case(code, f"ERR-{code}-code", code, state=code) for code in call.errors])
    @uses(Kind.STATE)
    def test_it(exchange: Exchange, code: str) -> None:
        """It is so."""
        assert exchange.purpose.label == f"state-{code}"

    check = check_of(test_it)
    assert check
    cases = check.cases_of(CONTRACT)
    assert [case.requirement for case in cases] == [f"ERR-{code}-code" for code in CONTRACT.errors]
    for case in cases:
        result = over(check, conforming().exchanges, case)
        assert result.verdict is Verdict.PASS
        assert result.id.endswith(f"::test_it[query-xml-{case.id}]")


def test_ids_are_public_and_stand_still() -> None:
    named = {check.name: check for check in checks()}
    items = named["test_the_documented_item_is_offered"]
    assert [check_id(items, "form-xml", case, CONTRACT) for case in items.cases_of(CONTRACT)] == [
        "conformance/checks/test_items.py::test_the_documented_item_is_offered[form-xml-CBK-03]",
        "conformance/checks/test_items.py::test_the_documented_item_is_offered[form-xml-CBK-04]",
    ]
    plain = named["test_nothing_refers_elsewhere"]
    (case,) = plain.cases_of(CONTRACT)
    place = "conformance/checks/test_response_example_and_schema.py::test_nothing_refers_elsewhere"
    assert check_id(plain, "query-xml", case, CONTRACT) == f"{place}[query-xml]"
    further = replace(case, call="get_list_country")
    assert check_id(plain, "query-xml", further, CONTRACT) == f"{place}[query-xml-get_list_country]"


def test_checks_are_found_once_each_in_the_order_of_their_files() -> None:
    found = [(check.module, check.name) for check in checks()]
    assert len(set(found)) == len(found)
    assert [module for module, _ in found] == sorted(module for module, _ in found)
    assert all(name.startswith("test_") for _, name in found)


def test_every_group_that_a_check_looks_at_is_sent() -> None:
    sent = {e.purpose for e in conforming("query-params").exchanges}
    wishes = {wish for c in checks() for case in c.cases_of(CONTRACT) for wish in c.wishes(case)}
    unmet = {wish.label for wish in wishes if not any(purpose.meets(wish) for purpose in sent)}
    of_other_calls = {
        *OF_PARAMETERS,
        Kind.REFUSAL,
        Kind.WRONG_TOKEN,
    }  # the page's has no parameter, and takes any token
    assert unmet == {"after-009", *map(str, of_other_calls)}, "nobody sets or resets plain HTTP"


def test_judging_leaves_the_trees_as_they_were() -> None:
    evidence: Evidence = body(lambda data: data.replace(b"<Values>", b'<Values xmlns="urn:x" a="b">'))(conforming())

    def trees() -> list[bytes]:
        roots = [e.answer.document.root for e in evidence.exchanges if e.answer]
        return [etree.tostring(root) for root in roots if root is not None]

    before = trees()
    verdicts(evidence)
    assert trees() == before
    assert len(before) > 100


@pytest.mark.parametrize("length", [999, 1000, 1001, 1002, 1_000_000])
def test_an_endpoints_word_does_not_fill_a_page(length: int) -> None:
    """A sentence has a thousand characters at most; the last of a longer one says that it goes on."""
    said = "x" * length
    reason = over(saying_of_all(Breach(said))).reason
    assert reason == (said if length <= 1000 else "x" * 999 + "…")


def test_a_check_looks_at_every_answer_only_where_it_says_so() -> None:
    unbounded = {check.requirement for check in checks() if not check.kinds and not check.also}
    assert unbounded == {"HYG-02", "HYG-05", "HYG-10"}
