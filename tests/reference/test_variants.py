"""Every variant differs from the reference endpoint, where its name says and nowhere else."""

from __future__ import annotations

import gzip
import importlib.util
import re
import sys
import tomllib
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from conformance.reference import application
from conformance.reference.registry import VARIANTS, variant_named
from conformance.reference.transport import Transport
from conformance.reference.variants.variant import Variant
from conformance.selftest.mutants import derived

_SPEC = importlib.util.spec_from_file_location("reference_tour", Path(__file__).with_name("tour.py"))
assert _SPEC
assert _SPEC.loader
tour = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = tour
_SPEC.loader.exec_module(tour)

SCHEMAS = Path(__file__).parents[2] / "schemas"
STAGED = [v for v in VARIANTS.values() if v.speak is None and v.transport == Transport()]
MUTANTS = [v for v in STAGED if v.kind == "mutant" and v.call == tour.ACTION]  # the tour asks for this call
CORRECT = [v for v in STAGED if v.kind == "correct" and v.call == tour.ACTION]
STATES = ("state-004", "state-007", "state-008", "state-999")

# The groups of the tour in which a mutant of a requirement may differ from the reference.
SUCCESSES = {"documented", "equivalent", "capital"}
REFUSALS = {"actions", "malformed", "different", "hostile"}
WHERE = {
    "REQ-01": SUCCESSES,
    "REQ-02": SUCCESSES,
    "REQ-03": {"actions"},
    "REQ-04": {"malformed"},
    "REQ-05": {"equivalent", "documented"},
    "REQ-06": {"different"},
    "REQ-07": {"hostile"},
    "ENV": SUCCESSES,
    "CBK": SUCCESSES,
    "TIM-01": SUCCESSES,
    "TIM-02": SUCCESSES,
    "TIM-03": SUCCESSES,
    "TIM-04": SUCCESSES,
    "TIM-05": {*REFUSALS, *STATES, "plain"},
    "TLS": {"plain"},
    "ERR-004": {"state-004"},
    "ERR-007": {"state-007"},
    "ERR-008": {"state-008"},
    "ERR-009": {"plain"},
    "ERR-999": {"state-999"},
    "ERR-ANY": REFUSALS,
}
# Those whose fault is wider than their requirement's subject.
WIDER = {
    "https_taken_for_http": {*SUCCESSES, *REFUSALS, "state-999"},
    "errors_have_failure_for_result": {*REFUSALS, *STATES, "plain"},
    "action_in_small_letters_refused": {"documented", "equivalent"},
    "missing_action_taken": {"actions"},
    "entities_expanded": {"hostile"},
    "shorter_action_taken": {"actions"},
    "plain_http_served_to_a_known_token": {"documented", "plain"},  # an unknown one is refused everywhere
    "one_line_not_understood_in_bodies": {"equivalent", "capital"},
    "disabled_for_a_while": {*SUCCESSES, *REFUSALS},
    **{f"states_open_to_{way}": set(STATES) for way in ("forms", "bodies", "parameters", "segments")},
}


def named(variants: Iterable[Variant]) -> Any:
    return [pytest.param(variant, id=variant.id) for variant in variants]


@pytest.fixture(scope="module")
def reference() -> Any:
    return tour.answers()


@pytest.fixture(scope="module")
def hasty_reference() -> Any:
    """As the reference, when a hundredth of a second passes between calls."""
    return tour.answers(seconds=0.01)


def differing(answers: Any, reference: Any) -> Any:
    """How many answers differ, by group."""
    pairs = zip(tour.TOUR, answers, reference, strict=True)
    return Counter(stop.group for stop, answer, other in pairs if answer != other)


def allowed(variant: Variant) -> Any:
    if variant.id in WIDER:
        return WIDER[variant.id]
    requirement = variant.breaks[0]
    return next((WHERE[key] for key in (requirement, requirement[:7], requirement[:3]) if key in WHERE), None)


@pytest.mark.parametrize("variant", named(MUTANTS))
def test_a_mutant_differs_where_it_should_and_nowhere_else(variant: Variant, reference: Any) -> None:
    if variant.id in {"external_entity_fetched", "external_subset_fetched"}:
        return  # their answers are right: see test_external_references_are_fetched
    found = differing(tour.answers(variant.change), reference)
    assert found, "it does not differ"
    where = allowed(variant)
    assert where is None or found.keys() <= where


@pytest.mark.parametrize("variant", named(CORRECT))
def test_a_correct_variant_differs(variant: Variant, reference: Any) -> None:
    assert differing(tour.answers(variant.change), reference)


WELL_FORMED = {"gzip_asked_for_announced_alone"}  # the header alone is at fault


@pytest.mark.parametrize("variant", named(v for v in MUTANTS if v.breaks == ("ENV-01",) and v.id not in WELL_FORMED))
def test_documents_of_env_01_are_not_well_formed(variant: Variant) -> None:
    broken = [
        not tour.well_formed(answer.body)
        for stop, answer in zip(tour.TOUR, tour.answers(variant.change), strict=True)
        if stop.group == "documented"
    ]
    assert any(broken) if variant.id.startswith("gzip_asked_for") else all(broken)


PARSED = [v for v in MUTANTS if v.breaks[0][:3] in {"CBK", "ENV", "TIM"} and v.breaks != ("ENV-01",)]


@pytest.mark.parametrize("variant", named(PARSED))
def test_documents_of_other_requirements_are_well_formed(variant: Variant) -> None:
    assert all(tour.well_formed(answer.body) for answer in tour.answers(variant.change))


@pytest.mark.parametrize("variant", named(v for v in MUTANTS if v.breaks[0].startswith("CBK")))
def test_mutants_of_pairs_change_nothing_but_pairs(variant: Variant, reference: Any) -> None:
    for answer, other in zip(tour.answers(variant.change), reference, strict=True):
        facts, expected = tour.Facts(answer.body), tour.Facts(other.body)
        facts.pop("pairs")
        expected.pop("pairs")
        assert facts == expected


@pytest.mark.parametrize("variant", named(v for v in MUTANTS if v.breaks[0].startswith("TIM")))
def test_mutants_of_time_change_nothing_but_time(variant: Variant, reference: Any) -> None:
    for answer, other in zip(tour.answers(variant.change), reference, strict=True):
        assert tour.Facts(answer.body) == tour.Facts(other.body)


OTHER_PAIRS = {
    "three_pairs",
    "methods_joined_to_other_words",
    "pairs_in_any_order",
    "two_thousand_pairs",
    "id_4_offered",
    "http_post_under_9",
    "id_of_31_bits",
    "id_of_64_bits",
    "id_of_forty_digits",
    "type_of_four_thousand_characters",
    "type_in_other_script",
    "type_with_markup_characters",
}
OTHER_REFUSALS = (
    "errors_repeat",
    "refusals_as_pages",
    "hostile_as_pages",
    "oversized_with_413",
    "refusals_name_no_other_action",
    "other_actions_are_007",
    "only_query_served",
    "only_documents_served",
    "forms_not_served",
    "get_only",
    "capital_action_not_taken",
    "action_named_in_any_case",
)
# Who is let in at all, and by which path, is another matter: see test_plain_http.
OTHER_DOORS = (
    "plain_http_token_first",
    "token_before_scheme_with_a_known_token",
    "plain_http_token_first_as_pages",
    "plain_http_token_after_scheme",
    "plain_http_open_to_the_known_token",
    "claims_refused_with_400",
    "only_the_bare_path_served",
    "segment_not_found",
)
BUSY = "now_and_then_busy"
# Somebody in between answers some calls, which has nothing to do with what they ask.
FRONTED = {
    "one_502_in_twenty": 502,
    "gateway_error_page_sometimes": 504,
    "rate_limited_503": 503,
    "rate_limited_429": 429,
    "retry_after_http_date": 429,
}
# What no standard forbids, or a common processor does: entities, large requests, a NUL behind; long URLs are refused.
LENIENT = {
    "entities_expanded",
    "oversized_served",
    "document_ends_at_nul",
    *(f"long_urls_with_{n}" for n in (400, 404, 414, 431)),
}
# Some servers and firewalls take no line break in a URL.
ON_ONE_LINE = {v.id for v in CORRECT if v.id.startswith(("line_breaks_", "control_characters_"))}
SAME = [v for v in CORRECT if v.id not in {*OTHER_REFUSALS, *OTHER_DOORS, BUSY, *FRONTED, *LENIENT, *ON_ONE_LINE}]


@pytest.mark.parametrize("variant", named(SAME))
def test_correct_variants_say_the_same(variant: Variant, reference: Any) -> None:
    for answer, other in zip(tour.answers(variant.change), reference, strict=True):
        coding = dict(answer.headers).get("content-encoding", "identity")
        decoders: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}
        body = decoders.get(coding, bytes)(answer.body)
        facts, expected = tour.Facts(body, tour.charset_of(answer)), tour.Facts(other.body)
        if variant.id in OTHER_PAIRS and expected["pairs"]:
            assert {("0", "HTTP GET"), ("6", "SOAP POST")} <= facts["pairs"]
            assert "HTTP POST" in {name for _, name in facts["pairs"]}
            facts.pop("pairs")
            expected.pop("pairs")
        assert facts == expected


def test_who_is_busy_asks_to_wait_and_says_the_same_otherwise(reference: Any) -> None:
    answers = tour.answers(VARIANTS[BUSY].change)
    put_off = [answer for answer in answers if answer.status == 429]
    assert put_off
    assert {dict(answer.headers)["retry-after"] for answer in put_off} == {"1"}
    assert all(a == b for a, b in zip(answers, reference, strict=True) if a.status != 429)


@pytest.mark.parametrize(("name", "status"), FRONTED.items())
def test_who_is_fronted_says_the_same_otherwise(name: str, status: int, reference: Any) -> None:
    answers = tour.answers(VARIANTS[name].change)
    assert all(a == b for a, b in zip(answers, reference, strict=True) if a.status != status)
    assert any(a.status != status for a in answers)


@pytest.mark.parametrize("name", OTHER_REFUSALS)
def test_correct_refusals_refuse_and_serve_the_documented_get(name: str, reference: Any) -> None:
    answers = tour.answers(VARIANTS[name].change)
    for stop, answer, other in zip(tour.TOUR, answers, reference, strict=True):
        if stop.group in {"documented", "equivalent"} and stop.query.startswith("XML="):
            assert answer == other
        elif stop.group not in {"documented", "equivalent", "capital"} and "ACTION" not in stop.query:
            assert b"Success" not in answer.body
        if stop.group.startswith("state"):
            assert f"<Error>{stop.group[-3:]}</Error>".encode() in answer.body


@pytest.mark.parametrize("variant", named(v for v in MUTANTS if v.breaks == ("TIM-04",)))
def test_stuck_timestamps_are_in_time_otherwise(variant: Variant, hasty_reference: Any) -> None:
    """Where no time passes, nothing is wrong: they break nothing but TIM-04."""
    answers = tour.answers(variant.change, seconds=0.01)
    stamps = [[int(tour.STAMP.search(one.body)[1]) for one in those] for those in (answers, hasty_reference)]
    assert all(abs(stamp - other) <= 3 for stamp, other in zip(*stamps, strict=True))


def test_state_is_kept_per_endpoint() -> None:
    change = VARIANTS["pair_lost_after_three_calls"].change
    assert tour.taken(change) == tour.taken(change)


# The registry.


def test_there_are_enough() -> None:
    kinds = Counter(variant.kind for variant in VARIANTS.values())
    assert kinds["mutant"] >= 150
    assert kinds["correct"] >= 50


def test_variants_are_well_described() -> None:
    levels = requirements()
    for variant in VARIANTS.values():
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", variant.id)
        assert re.fullmatch(r"[A-Z0-9].*[^.]\.", variant.title, re.DOTALL)
        assert {*variant.breaks, *variant.also} <= levels.keys()
        assert not {*variant.breaks} & {*variant.also}
        assert len(variant.breaks) == (1 if variant.kind == "mutant" else 0)
        if variant.kind == "correct" and not variant.id.startswith("plain_http"):
            assert {levels[name] for name in variant.also} <= {"advisory"}


def requirements() -> Any:
    """The level of every requirement, by id."""
    entries = tomllib.loads((SCHEMAS / "requirements.toml").read_text(encoding="utf-8"))["requirement"]
    return {entry["id"]: entry["level"] for entry in entries}


def test_titles_are_told_apart() -> None:
    assert [title for title, times in Counter(v.title for v in VARIANTS.values()).items() if times > 1] == []


def test_every_requirement_has_a_mutant() -> None:
    """ENV-02 is the roll-up of the others: theirs are its mutants."""
    every: list[Any] = [*VARIANTS.values(), *derived()]
    broken = {name for variant in every for name in variant.breaks}
    assert requirements().keys() - broken == {"ENV-02"}


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match="no such variant: 'none'"):
        variant_named("none")


def test_a_variant_of_the_wire_is_not_for_in_process_use() -> None:
    with pytest.raises(ValueError, match="needs real sockets"):
        application(variant="chunked")
    assert application(variant="root_all_capitals").behaviour.state is None
