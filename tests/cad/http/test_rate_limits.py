"""Rate limits in simulated time."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.http.rate_limits import RECOVERY_SECONDS, BurstLimit, RateLimit, RateLimiter
from tests.manual_clock import ManualClock


@pytest.fixture
def time() -> ManualClock:
    return ManualClock(seconds=0.0)


@pytest.fixture
def budget(time: ManualClock) -> RateLimiter:
    return RateLimiter(RateLimit(requests=4, seconds=10.0), time)


def spend(budget: RateLimiter, count: int) -> None:
    for _ in range(count):
        budget.record()


@pytest.mark.parametrize(
    ("requests", "share", "left"), [(10, 0.8, 8), (3, 0.8, 2), (5, 1.0, 5), (1, 0.1, 1)]
)
def test_a_share_leaves_the_rest_to_others(requests, share, left):
    assert RateLimit(requests, 60.0).scaled(share) == RateLimit(left, 60.0)


def test_a_burst_is_free_and_the_next_one_waits_for_the_window(budget, time):
    for _ in range(4):
        assert budget.wait() == 0.0
        budget.record()
    assert budget.wait() == 10.0
    time.seconds = 9.0
    assert (budget.wait(), budget.used) == (1.0, 4)
    time.seconds = 10.0
    assert (budget.wait(), budget.used) == (0.0, 0)


def test_the_window_slides(budget, time):
    for moment in (0.0, 3.0, 6.0, 9.0):
        time.seconds = moment
        budget.record()
    assert budget.wait() == 1.0
    time.seconds = 10.0
    budget.record()
    assert budget.wait() == 3.0


def test_a_reserve_waits_sooner(budget, time):
    spend(budget, 2)
    time.seconds = 1.0
    budget.record()
    assert (budget.wait(), budget.wait(reserve=1), budget.wait(reserve=3)) == (0.0, 9.0, 10.0)


def test_a_reserve_larger_than_the_budget_still_lets_one_through(budget):
    assert budget.wait(reserve=9) == 0.0
    budget.record()
    assert budget.wait(reserve=9) == 10.0


def test_retry_after_is_obeyed_in_full(budget, time):
    budget.on_rate_limited(30.0)
    budget.on_rate_limited(5.0)
    assert budget.wait() == 30.0
    time.seconds = 30.0
    assert budget.wait() == 0.0


def test_a_refusal_without_a_time_blocks_nothing(budget):
    budget.on_rate_limited(None)
    assert budget.wait() == 0.0


def test_each_refusal_halves_the_pace_until_a_calm_minute_has_passed(budget, time):
    paces = [budget.allowed]
    for _ in range(4):
        budget.on_rate_limited(None)
        paces.append(budget.allowed)
    assert paces == [4, 2, 1, 1, 1]
    time.seconds = RECOVERY_SECONDS - 0.1
    assert budget.allowed == 1
    time.seconds = RECOVERY_SECONDS
    assert budget.allowed == 4


def test_a_refusal_after_a_calm_minute_halves_the_full_pace(budget, time):
    budget.on_rate_limited(None)
    budget.on_rate_limited(None)
    time.seconds = RECOVERY_SECONDS
    assert budget.allowed == 4
    budget.on_rate_limited(None)
    assert budget.allowed == 2


def test_a_halved_pace_counts_what_is_already_sent(budget):
    spend(budget, 3)
    budget.on_rate_limited(None)
    assert budget.wait() == 10.0


def test_what_is_sent_over_the_budget_is_counted_too(budget, time):
    spend(budget, 3)
    time.seconds = 1.0
    spend(budget, 3)
    assert budget.used == 6
    assert budget.wait() == 9.0  # until fewer than four requests lie within one window


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.booleans()), max_size=40),
)
def test_waiting_never_exceeds_the_limit(requests, steps):
    time = ManualClock(seconds=0.0)
    budget = RateLimiter(RateLimit(requests, 16.0), time)
    sent: list[float] = []
    for pause, reserve, refused in steps:
        time.seconds += pause / 4  # exact in binary
        while wait := budget.wait(reserve):
            time.seconds += wait
        budget.record()
        sent.append(time.seconds)
        if refused:
            budget.on_rate_limited(None)
    assert all(
        later - earlier >= 16.0 for earlier, later in zip(sent, sent[requests:], strict=False)
    )
    assert all(earlier <= later for earlier, later in pairwise(sent))


@pytest.fixture
def paced(time: ManualClock) -> RateLimiter:
    return BurstLimit(requests=5, seconds=1.0, reserved_for_orders=1).new_limiter(time)


def test_a_pace_begins_with_a_burst(paced, time):
    waits = []
    for _ in range(8):
        wait = paced.wait()
        waits.append(wait)
        time.seconds += wait
        paced.record()
    assert waits == [0.0] * 5 + [1.0] * 3


@pytest.mark.parametrize("limit", [BurstLimit(5, 1.0), RateLimit(5, 60.0)])
def test_a_query_that_precedes_gets_the_next_request(limit: RateLimit, time: ManualClock) -> None:
    limiter = limit.new_limiter(time)
    spend(limiter, 4)
    with limiter.precedence():
        assert (limiter.wait(is_first=True), limiter.wait() > 0.0) == (0.0, True)
    assert limiter.wait() == 0.0


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
    paced.record()
    assert paced.wait(reserve=9) == 1.0


def test_what_is_sent_over_the_pace_has_to_be_waited_for(paced, time):
    spend(paced, 7)
    assert (paced.used, paced.wait()) == (7, 3.0)


def test_a_pace_speaks_of_minutes(paced, time):
    assert (paced.per_minute, paced.window, paced.allowed) == (60, 5.0, 5)
    assert RateLimit(8, 60.0).new_limiter(time).per_minute == 8
    assert RateLimit(2, 60.0).new_limiter(time).window == 60.0


def test_a_429_halves_a_pace_until_a_minute_passed_without(paced, time):
    paces = [paced.per_minute]
    for _ in range(3):
        paced.on_rate_limited(None)
        paces.append(paced.per_minute)
    assert paces == [60, 24, 12, 12]
    time.seconds = RECOVERY_SECONDS - 0.1
    assert paced.per_minute == 12
    time.seconds = RECOVERY_SECONDS
    assert paced.per_minute == 60


def test_at_half_the_pace_the_waits_are_longer(paced, time):
    paced.on_rate_limited(None)
    spend(paced, 2)
    assert paced.wait() == 2.5
    time.seconds += 2.5
    paced.record()
    assert paced.wait() == 2.5


def test_a_pace_obeys_retry_after_in_full(paced, time):
    paced.on_rate_limited(30.0)
    paced.on_rate_limited(5.0)
    assert paced.wait() == 30.0
    time.seconds = 30.0
    assert paced.wait() == 0.0


@pytest.mark.parametrize("limit", [RateLimit(4, 10.0), BurstLimit(4, 1.0)])
def test_what_has_not_arrived_is_taken_back(limit, time):
    budget = limit.new_limiter(time)
    spend(budget, 4)
    assert budget.wait() > 0.0
    budget.refund()
    assert (budget.wait(), budget.used) == (0.0, 3)


def test_what_has_left_the_window_is_not_taken_back(budget, time):
    budget.record()
    time.seconds = 10.0
    assert budget.used == 0
    budget.refund()
    assert budget.used == 0


@pytest.mark.parametrize("limit", [RateLimit(4, 10.0), BurstLimit(4, 1.0)])
def test_when_the_last_request_was(limit, time):
    budget = limit.new_limiter(time)
    assert budget.since_last == math.inf
    budget.record()
    assert budget.since_last == 0.0
    time.seconds = 7.0
    assert budget.since_last == 7.0
    time.seconds = 700.0
    assert (budget.used, budget.since_last) == (0, 700.0)


def test_what_questions_leave_to_orders(paced, time):
    assert paced.reserved_for_orders == 1
    assert RateLimit(4, 10.0).new_limiter(time).reserved_for_orders == 0
    spend(paced, 4)
    assert (paced.wait(), paced.wait(reserve=paced.reserved_for_orders)) == (0.0, 1.0)


def test_a_share_of_a_pace_is_a_pace_that_leaves_as_much_to_orders():
    assert BurstLimit(5, 1.0, reserved_for_orders=2).scaled(0.5) == BurstLimit(
        2, 1.0, reserved_for_orders=2
    )
    assert RateLimit(10, 60.0, reserved_for_orders=2).scaled(0.5) == RateLimit(
        5, 60.0, reserved_for_orders=2
    )


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 7), st.booleans()), max_size=60),
)
def test_waiting_never_exceeds_the_pace(burst, steps):
    time = ManualClock(seconds=0.0)
    budget = BurstLimit(burst, 1.0).new_limiter(time)
    sent: list[float] = []
    for pause, reserve, refused in steps:
        time.seconds += pause / 4
        while wait := budget.wait(reserve):
            time.seconds += wait
        budget.record()
        sent.append(time.seconds)
        if refused:
            budget.on_rate_limited(None)
    for first, one in enumerate(sent):
        for last, other in enumerate(sent[first:], first):
            assert last - first + 1 <= burst + (other - one) + 1e-6


@given(st.integers(1, 6), st.integers(0, 12), st.floats(0, 20))
def test_a_pace_never_counts_below_nothing(burst, count, pause):
    time = ManualClock(seconds=0.0)
    budget = BurstLimit(burst, 1.0).new_limiter(time)
    spend(budget, count)
    time.seconds += pause
    assert 0 <= budget.used <= count
    assert budget.wait() >= 0.0
    assert budget.since_last >= 0.0
