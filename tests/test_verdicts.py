"""The laws of the lattice, the claim and the exit code: for every combination there is."""

from __future__ import annotations

from itertools import pairwise, product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.levels import LEVELS, Level
from conformance.verdicts import verdict as verdicts
from conformance.verdicts.claim import claim, comes_to, exit_code, with_extensions
from conformance.verdicts.result import Verdict, worst
from conformance.verdicts.verdict import (
    Calls,
    Claim,
    ExitCode,
    ExtensionResult,
    Report,
    RequirementResult,
    Scope,
    SettingsNote,
    Smoke,
    Suite,
    TargetNote,
    WaiverNote,
    count,
    required,
)

ORDER = [Verdict.NOT_APPLICABLE, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.ERROR]
VERDICTS = st.sampled_from(ORDER)
MANY = st.lists(VERDICTS, min_size=1)
AT = st.sampled_from(LEVELS)
EXCUSE = WaiverNote(reason="ticket 311", expires="2026-06-30")


@st.composite
def requirements(draw: st.DrawFn, selected: bool | None = None) -> RequirementResult:
    verdict = draw(VERDICTS)
    return RequirementResult(
        id=draw(st.sampled_from(["ENV-01", "CBK-02", "TIM-03"])),
        level=draw(AT),
        title="It is so.",
        source="",
        verdict=verdict,
        selected=draw(st.booleans()) if selected is None else selected,
        waiver=EXCUSE if verdict is Verdict.FAIL and draw(st.booleans()) else None,
    )


RUNS = st.lists(requirements(), max_size=8).map(tuple)
Results = tuple[RequirementResult, ...]


def counted(run: Results, level: Level) -> list[RequirementResult]:
    """The selected requirements that may fail a run at this level."""
    return [r for r in run if r.selected and r.level in LEVELS[: LEVELS.index(level) + 1]]


# The worst of several


def test_of_nothing_is_inconclusive() -> None:
    assert worst([]) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("a", "b"), list(product(ORDER, ORDER)))
def test_the_worse_of_two(a: Verdict, b: Verdict) -> None:
    assert worst([a, b]) is max(a, b, key=ORDER.index)


@given(st.data(), MANY)
def test_order_does_not_matter(data: st.DataObject, verdicts: list[Verdict]) -> None:
    assert worst(data.draw(st.permutations(verdicts))) is worst(verdicts)


@given(MANY, MANY)
def test_grouping_does_not_matter(some: list[Verdict], others: list[Verdict]) -> None:
    assert worst([worst(some), worst(others)]) is worst([*some, *others])


@given(MANY)
def test_repeating_does_not_matter(verdicts: list[Verdict]) -> None:
    assert worst([*verdicts, *verdicts]) is worst(verdicts)
    assert worst([worst(verdicts)]) is worst(verdicts)


@given(MANY, VERDICTS)
def test_another_verdict_never_makes_it_better(verdicts: list[Verdict], another: Verdict) -> None:
    assert ORDER.index(worst([*verdicts, another])) >= ORDER.index(worst(verdicts))


@given(MANY)
def test_it_is_one_of_them(verdicts: list[Verdict]) -> None:
    assert worst(iter(verdicts)) in verdicts


# Levels


def test_levels_contain_the_stronger_ones() -> None:
    assert [required(level) for level in LEVELS] == [
        {"must"},
        {"must", "should"},
        {"must", "should", "advisory"},
    ]


GOOD = [Claim.NONCONFORMING, Claim.INCONCLUSIVE, Claim.CONFORMING]


@given(RUNS)
def test_a_stricter_level_is_never_kinder(run: Results) -> None:
    for laxer, stricter in pairwise(LEVELS):
        if any(r.verdict is not Verdict.NOT_APPLICABLE for r in counted(run, laxer)):
            assert GOOD.index(claim(run, stricter)) <= GOOD.index(claim(run, laxer))


# The claim


@given(RUNS, AT)
def test_a_failure_that_counts_is_never_conforming(run: Results, level: Level) -> None:
    failing = [r for r in counted(run, level) if r.verdict is Verdict.FAIL and not r.waiver]
    assert (claim(run, level) is Claim.NONCONFORMING) is bool(failing)


@given(RUNS, AT)
def test_what_stayed_open_is_never_conforming(run: Results, level: Level) -> None:
    if any(r.verdict in {Verdict.INCONCLUSIVE, Verdict.ERROR} for r in counted(run, level)):
        assert claim(run, level) is not Claim.CONFORMING


@given(RUNS, AT)
def test_conforming_means_that_something_was_judged_and_all_of_it_held(run: Results, level: Level) -> None:
    if claim(run, level) is Claim.CONFORMING:
        found = counted(run, level)
        assert {r.verdict for r in found} <= {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.FAIL}
        assert all(r.waiver for r in found if r.verdict is Verdict.FAIL)
        assert {r.verdict for r in found} - {Verdict.NOT_APPLICABLE}


@given(RUNS, AT)
def test_what_does_not_count_changes_nothing(run: Results, level: Level) -> None:
    """But for a check of the suite that failed: that leaves the claim open at whatever level it stands."""
    sound = tuple(r for r in run if r.verdict is not Verdict.ERROR)
    assert claim(tuple(counted(sound, level)), level) is claim(sound, level)


@given(RUNS, AT)
def test_an_interrupted_run_never_conforms(run: Results, level: Level) -> None:
    said = claim(run, level, interrupted=True)
    assert said is not Claim.CONFORMING
    assert (said is Claim.NONCONFORMING) is (claim(run, level) is Claim.NONCONFORMING)
    assert exit_code(run, level, interrupted=True) is ExitCode.INTERRUPTED


@given(RUNS, AT)
def test_a_waiver_never_makes_it_worse_and_never_invents_a_verdict(run: Results, level: Level) -> None:
    bare = tuple(msgspec.structs.replace(r, waiver=None) for r in run)
    before, after = claim(bare, level), claim(run, level)
    assert GOOD.index(after) >= GOOD.index(before)
    assert count(r.verdict for r in bare) == count(r.verdict for r in run), (
        "what was waived is still counted as a failure"
    )


# The exit code


@given(RUNS, AT)
def test_the_exit_code_agrees_with_the_claim(run: Results, level: Level) -> None:
    code = exit_code(run, level)
    if not any(r.selected for r in run):
        assert code is ExitCode.NOTHING_SELECTED
    elif any(r.verdict is Verdict.ERROR for r in run if r.selected):
        assert code is ExitCode.INTERNAL_ERROR
    else:
        assert code.name == claim(run, level).name


@given(RUNS, AT)
def test_zero_means_conforming_and_nothing_else(run: Results, level: Level) -> None:
    if exit_code(run, level) == 0:
        assert claim(run, level) is Claim.CONFORMING


@given(st.lists(requirements(selected=False)).map(tuple), AT)
def test_nothing_selected_is_never_zero(run: Results, level: Level) -> None:
    assert exit_code(run, level) == 5
    assert claim(run, level) is Claim.INCONCLUSIVE


def test_codes_are_public() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "CONFORMING": 0,
        "NONCONFORMING": 1,
        "INTERRUPTED": 2,
        "INTERNAL_ERROR": 3,
        "USAGE": 4,
        "NOTHING_SELECTED": 5,
        "INCONCLUSIVE": 10,
    }


def test_words_are_public() -> None:
    assert {str(verdict) for verdict in Verdict} == {
        "error",
        "fail",
        "inconclusive",
        "pass",
        "not_applicable",
    }
    assert {str(word) for word in Claim} == {"conforming", "nonconforming", "inconclusive"}


# Counts


@given(RUNS)
def test_every_requirement_is_counted_once(run: Results) -> None:
    found = msgspec.to_builtins(count(r.verdict for r in run))
    assert sum(found.values()) == len(run)
    assert all(found[verdict.value] == sum(r.verdict is verdict for r in run) for verdict in Verdict)


RECORDS = [
    record for record in vars(verdicts).values() if isinstance(record, type) and issubclass(record, msgspec.Struct)
]


@pytest.mark.parametrize("record", RECORDS)
def test_what_is_reported_is_named_and_not_changed_afterwards(record: type[msgspec.Struct]) -> None:
    """What nobody says is nothing; a requirement is selected, the format is the first, tolerances are usual."""
    assert record.__struct_config__.frozen
    with pytest.raises(TypeError, match="positional"):
        record(0)
    defaults = {field.name: field.default for field in msgspec.structs.fields(record) if not field.required}
    said = {name: value for name, value in defaults.items() if value and value is not msgspec.NODEFAULT}
    assert said == {
        "RequirementResult": {"selected": True},
        "Report": {"format": 1, "calls": Calls(), "scope": Scope(), "settings": SettingsNote()},
        "SettingsNote": {"clock_tolerance": 300.0, "answer_budget": 2.0},
    }.get(record.__name__, {})


def test_an_excuse_is_of_a_failure_alone() -> None:
    """A waiver of what has no subject does not make a run of it that judged something."""
    bare = RequirementResult(id="X", level="must", title="", source="", verdict=Verdict.NOT_APPLICABLE)
    excused = msgspec.structs.replace(bare, waiver=EXCUSE)
    failed = msgspec.structs.replace(excused, verdict=Verdict.FAIL)
    assert claim([excused], "must") is Claim.INCONCLUSIVE
    assert claim([bare, failed], "must") is Claim.CONFORMING


@pytest.mark.parametrize(
    ("verdict", "code", "requests", "told"),
    [
        (Claim.CONFORMING, 0, 20, (Claim.INCONCLUSIVE, ExitCode.CONFORMING)),
        (Claim.INCONCLUSIVE, 10, 20, (Claim.INCONCLUSIVE, ExitCode.CONFORMING)),
        (Claim.INCONCLUSIVE, 10, 0, (Claim.INCONCLUSIVE, ExitCode.INCONCLUSIVE)),
        (Claim.NONCONFORMING, 1, 20, (Claim.NONCONFORMING, ExitCode.NONCONFORMING)),
        (Claim.NONCONFORMING, 2, 0, (Claim.NONCONFORMING, ExitCode.INTERRUPTED)),
        (Claim.INCONCLUSIVE, 2, 20, (Claim.INCONCLUSIVE, ExitCode.INTERRUPTED)),
        (Claim.CONFORMING, 3, 20, (Claim.INCONCLUSIVE, ExitCode.INTERNAL_ERROR)),
    ],
)
def test_what_a_smoke_run_comes_to(verdict: Claim, code: int, requests: int, told: tuple[Claim, ExitCode]) -> None:
    assert comes_to(verdict, code, Smoke(requests=requests, finds=80)) == told


@pytest.mark.parametrize(
    ("code", "theirs", "counted", "ends"),
    [
        (ExitCode.CONFORMING, Verdict.FAIL, False, ExitCode.CONFORMING),
        (ExitCode.CONFORMING, Verdict.FAIL, True, ExitCode.NONCONFORMING),
        (ExitCode.CONFORMING, Verdict.INCONCLUSIVE, True, ExitCode.INCONCLUSIVE),
        (ExitCode.CONFORMING, Verdict.PASS, True, ExitCode.CONFORMING),
        (ExitCode.INCONCLUSIVE, Verdict.FAIL, True, ExitCode.NONCONFORMING),
        (ExitCode.NONCONFORMING, Verdict.INCONCLUSIVE, True, ExitCode.NONCONFORMING),
        (ExitCode.NONCONFORMING, Verdict.PASS, True, ExitCode.NONCONFORMING),
        (ExitCode.CONFORMING, Verdict.ERROR, False, ExitCode.INTERNAL_ERROR),
        (ExitCode.NONCONFORMING, Verdict.ERROR, True, ExitCode.INTERNAL_ERROR),
        (ExitCode.INTERRUPTED, Verdict.ERROR, True, ExitCode.INTERRUPTED),
        (ExitCode.INTERNAL_ERROR, Verdict.FAIL, True, ExitCode.INTERNAL_ERROR),
        (ExitCode.NOTHING_SELECTED, Verdict.FAIL, False, ExitCode.NONCONFORMING),
        (ExitCode.NOTHING_SELECTED, Verdict.INCONCLUSIVE, False, ExitCode.INCONCLUSIVE),
        (ExitCode.NOTHING_SELECTED, Verdict.PASS, False, ExitCode.CONFORMING),
    ],
)
def test_what_a_run_with_an_extension_ends_with(code: ExitCode, theirs: Verdict, counted: bool, ends: ExitCode) -> None:
    """The published claim stays as it is."""
    row = RequirementResult(id="X-A", level="must", title="", source="", verdict=theirs)
    report = Report(
        suite=Suite(name="", version="", contract=""),
        target=TargetNote(name="", endpoint="", binding=""),
        started="2026-01-01T00:00:00Z",
        duration_s=0.0,
        seed=1,
        level="must",
        exchanges=0,
        verdict=Claim.CONFORMING,
        exit_code=code,
        counts=count([]),
        requirements=(),
    )
    own = ExtensionResult(name="own", verdict=claim([row], "must"), counts=count([row.verdict]), requirements=(row,))
    made = with_extensions(report, (own,), counted=counted)
    assert (made.exit_code, made.verdict, made.extensions) == (ends, Claim.CONFORMING, (own,))
    if not counted:
        assert with_extensions(report, (own,)) == made
