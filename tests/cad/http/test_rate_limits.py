"""Request budgets in simulated time."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.http.rate_limits import CALM, Budget, Limit, Pace
from tests.manual_clock import ManualClock


@pytest.fixture
def time() -> ManualClock:
    return ManualClock(seconds=0.0)


@pytest.fixture
def budget(time: ManualClock) -> Budget:
    return Budget(Limit(requests=4, seconds=10.0), time)


def spend(budget: Budget, count: int) -> None:
    for _ in range(count):
        budget.spend()


@pytest.mark.parametrize(
    ("requests", "share", "left"), [(10, 0.8, 8), (3, 0.8, 2), (5, 1.0, 5), (1, 0.1, 1)]
)
def test_a_share_leaves_the_rest_to_others(requests, share, left):
    assert Limit(requests, 60.0).shared(share) == Limit(left, 60.0)


def test_a_burst_is_free_and_the_next_one_waits_for_the_window(budget, time):
    for _ in range(4):
        assert budget.wait() == 0.0
        budget.spend()
    assert budget.wait() == 10.0
    time.seconds = 9.0
    assert (budget.wait(), budget.used) == (1.0, 4)
    time.seconds = 10.0
    assert (budget.wait(), budget.used) == (0.0, 0)


def test_the_window_slides(budget, time):
    for moment in (0.0, 3.0, 6.0, 9.0):
        time.seconds = moment
        budget.spend()
    assert budget.wait() == 1.0
    time.seconds = 10.0
    budget.spend()
    assert budget.wait() == 3.0


def test_a_reserve_waits_sooner(budget, time):
    spend(budget, 2)
    time.seconds = 1.0
    budget.spend()
    assert (budget.wait(), budget.wait(reserve=1), budget.wait(reserve=3)) == (0.0, 9.0, 10.0)


def test_a_reserve_larger_than_the_budget_still_lets_one_through(budget):
    assert budget.wait(reserve=9) == 0.0
    budget.spend()
    assert budget.wait(reserve=9) == 10.0


def test_retry_after_is_obeyed_in_full(budget, time):
    budget.refuse(30.0)
    budget.refuse(5.0)
    assert budget.wait() == 30.0
    time.seconds = 30.0
    assert budget.wait() == 0.0


def test_a_refusal_without_a_time_blocks_nothing(budget):
    budget.refuse(None)
    assert budget.wait() == 0.0


def test_each_refusal_halves_the_pace_until_a_calm_minute_has_passed(budget, time):
    paces = [budget.allowed]
    for _ in range(4):
        budget.refuse(None)
        paces.append(budget.allowed)
    assert paces == [4, 2, 1, 1, 1]
    time.seconds = CALM - 0.1
    assert budget.allowed == 1
    time.seconds = CALM
    assert budget.allowed == 4


def test_a_refusal_after_a_calm_minute_halves_the_full_pace(budget, time):
    budget.refuse(None)
    budget.refuse(None)
    time.seconds = CALM
    assert budget.allowed == 4
    budget.refuse(None)
    assert budget.allowed == 2


def test_a_halved_pace_counts_what_is_already_sent(budget):
    spend(budget, 3)
    budget.refuse(None)
    assert budget.wait() == 10.0


def test_what_is_sent_over_the_budget_is_counted_too(budget, time):
    spend(budget, 3)
    time.seconds = 1.0
    spend(budget, 3)
    assert budget.used == 6
    assert budget.wait() == 9.0  # until fewer than four lie within one window


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.booleans()), max_size=40),
)
def test_whoever_waits_never_exceeds_the_limit(requests, steps):
    time = ManualClock(seconds=0.0)
    budget = Budget(Limit(requests, 16.0), time)
    sent: list[float] = []
    for pause, reserve, refused in steps:
        time.seconds += pause / 4  # exact in binary
        while wait := budget.wait(reserve):
            time.seconds += wait
        budget.spend()
        sent.append(time.seconds)
        if refused:
            budget.refuse(None)
    assert all(
        later - earlier >= 16.0 for earlier, later in zip(sent, sent[requests:], strict=False)
    )
    assert all(earlier <= later for earlier, later in pairwise(sent))


@pytest.fixture
def paced(time: ManualClock) -> Budget:
    return Pace(requests=5, seconds=1.0, for_orders=1).budget(time)


def test_a_pace_begins_with_a_burst(paced, time):
    waits = []
    for _ in range(8):
        wait = paced.wait()
        waits.append(wait)
        time.seconds += wait
        paced.spend()
    assert waits == [0.0] * 5 + [1.0] * 3


def test_a_bucket_fills_drop_by_drop(paced, time):
    spend(paced, 5)
    assert (paced.used, paced.wait(), paced.wait(reserve=1)) == (5, 1.0, 2.0)
    time.seconds = 0.5
    assert (paced.used, paced.wait()) == (5, 0.5)
    time.seconds = 3.0
    assert (paced.used, paced.wait(), paced.wait(reserve=1), paced.wait(reserve=3)) == (2, 0, 0, 1)
    time.seconds = 60.0
    assert (paced.used, paced.wait(), paced.wait(reserve=4)) == (0, 0.0, 0.0)


def test_a_reserve_larger_than_a_bucket_still_lets_one_through(paced):
    assert paced.wait(reserve=9) == 0.0
    paced.spend()
    assert paced.wait(reserve=9) == 1.0


def test_what_is_sent_over_the_pace_has_to_be_waited_for(paced, time):
    spend(paced, 7)
    assert (paced.used, paced.wait()) == (7, 3.0)


def test_a_pace_speaks_of_minutes(paced, time):
    assert (paced.per_minute, paced.window, paced.allowed) == (60, 5.0, 5)
    assert Limit(8, 60.0).budget(time).per_minute == 8
    assert Limit(2, 60.0).budget(time).window == 60.0


def test_a_429_halves_a_pace_until_a_minute_passed_without(paced, time):
    paces = [paced.per_minute]
    for _ in range(3):
        paced.refuse(None)
        paces.append(paced.per_minute)
    assert paces == [60, 24, 12, 12]
    time.seconds = CALM - 0.1
    assert paced.per_minute == 12
    time.seconds = CALM
    assert paced.per_minute == 60


def test_at_half_the_pace_the_waits_are_longer(paced, time):
    paced.refuse(None)
    spend(paced, 2)
    assert paced.wait() == 2.5
    time.seconds += 2.5
    paced.spend()
    assert paced.wait() == 2.5


def test_a_pace_obeys_retry_after_in_full(paced, time):
    paced.refuse(30.0)
    paced.refuse(5.0)
    assert paced.wait() == 30.0
    time.seconds = 30.0
    assert paced.wait() == 0.0


@pytest.mark.parametrize("limit", [Limit(4, 10.0), Pace(4, 1.0)])
def test_what_has_not_arrived_is_taken_back(limit, time):
    budget = limit.budget(time)
    spend(budget, 4)
    assert budget.wait() > 0.0
    budget.take_back()
    assert (budget.wait(), budget.used) == (0.0, 3)


def test_what_has_left_the_window_is_not_taken_back(budget, time):
    budget.spend()
    time.seconds = 10.0
    assert budget.used == 0
    budget.take_back()
    assert budget.used == 0


@pytest.mark.parametrize("limit", [Limit(4, 10.0), Pace(4, 1.0)])
def test_when_the_last_request_was(limit, time):
    budget = limit.budget(time)
    assert budget.since_last == math.inf
    budget.spend()
    assert budget.since_last == 0.0
    time.seconds = 7.0
    assert budget.since_last == 7.0
    time.seconds = 700.0
    assert (budget.used, budget.since_last) == (0, 700.0)


def test_what_questions_leave_to_orders(paced, time):
    assert paced.for_orders == 1
    assert Limit(4, 10.0).budget(time).for_orders == 0
    spend(paced, 4)
    assert (paced.wait(), paced.wait(reserve=paced.for_orders)) == (0.0, 1.0)


def test_a_share_of_a_pace_is_a_pace_that_leaves_as_much_to_orders():
    assert Pace(5, 1.0, for_orders=2).shared(0.5) == Pace(2, 1.0, for_orders=2)
    assert Limit(10, 60.0, for_orders=2).shared(0.5) == Limit(5, 60.0, for_orders=2)


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 7), st.booleans()), max_size=60),
)
def test_whoever_waits_never_exceeds_the_pace(burst, steps):
    time = ManualClock(seconds=0.0)
    budget = Pace(burst, 1.0).budget(time)
    sent: list[float] = []
    for pause, reserve, refused in steps:
        time.seconds += pause / 4
        while wait := budget.wait(reserve):
            time.seconds += wait
        budget.spend()
        sent.append(time.seconds)
        if refused:
            budget.refuse(None)
    for first, one in enumerate(sent):
        for last, other in enumerate(sent[first:], first):
            assert last - first + 1 <= burst + (other - one) + 1e-6


@given(st.integers(1, 6), st.integers(0, 12), st.floats(0, 20))
def test_a_pace_never_counts_below_nothing(burst, count, pause):
    time = ManualClock(seconds=0.0)
    budget = Pace(burst, 1.0).budget(time)
    spend(budget, count)
    time.seconds += pause
    assert 0 <= budget.used <= count
    assert budget.wait() >= 0.0
    assert budget.since_last >= 0.0
