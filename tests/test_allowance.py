"""How much is read: of one body, and of all bodies of a run."""

from conformance.sending.allowance import RUN, SMALL, Allowance, most

BODY = 2 << 20


def test_one_body_has_its_own_bound() -> None:
    allowance = Allowance(BODY)
    assert allowance.refused(BODY, allowance.cap) == ""
    assert "max_body" in allowance.refused(BODY + 1, allowance.cap)


def test_a_run_reads_no_more_large_bodies_than_its_bound() -> None:
    allowance, read = Allowance(BODY), 0
    for _ in range(1_000):
        cap = allowance.cap
        allowance.spend(cap)
        read += cap if cap > SMALL else 0
    assert read == RUN


def test_what_is_left_of_the_runs_bound_is_the_next_bodys() -> None:
    allowance = Allowance(BODY)
    allowance.spend(RUN - BODY // 2)
    assert allowance.cap == BODY // 2
    assert "26 MiB in all, the most that the suite reads" in allowance.refused(BODY // 2 + 1, allowance.cap)


def test_a_usual_answer_is_read_whatever_came_before() -> None:
    allowance = Allowance(BODY)
    allowance.spend(10 * RUN)
    assert allowance.cap == SMALL
    assert allowance.refused(SMALL, allowance.cap) == ""


def test_a_bound_for_one_body_that_is_small_holds_for_every_body() -> None:
    allowance = Allowance(1_024)
    allowance.spend(10 * RUN)
    assert allowance.cap == 1_024
    assert "max_body" in allowance.refused(1_025, allowance.cap)


def test_what_a_run_receives_at_most_is_told_beforehand() -> None:
    assert most(1_024, 100, 8) == 100 * 1_024
    assert most(BODY, 100, 8) == RUN + 8 * BODY + 100 * SMALL


def test_long_lists_are_read_whatever_their_number() -> None:
    allowance = Allowance(BODY)
    for _ in range(250):
        assert allowance.refused(100_000, allowance.cap) == ""
        allowance.spend(100_000)
