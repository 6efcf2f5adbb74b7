from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.http.limiter_state import TURN_LIFETIME, LimiterState
from bot.cad.http.rate_limits import BurstLimit, RateLimit, RateLimiter
from tests.manual_clock import ManualClock

LIMIT = RateLimit(4, 60.0, reserved_for_orders=1, reserved_for_members=2)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def users(clock: ManualClock, limit: RateLimit = LIMIT) -> tuple[RateLimiter, RateLimiter]:
    limiter = limit.new_limiter(clock)
    return limiter.new_user(), limiter.new_user()


def test_those_who_share_a_limit_count_together(clock: ManualClock):
    one, other = users(clock)
    for user in (one, one, other):
        assert user.wait() == 0
        user.record()
    assert (one.used, other.used, one.allowed, one.per_minute, other.since_last) == (3, 3, 4, 4, 0)
    assert (one.window, one.reserved_for_orders, one.reserved_for_members) == (60, 1, 2)
    other.refund()
    assert one.used == 2
    other.on_rate_limited(30)
    assert (one.allowed, one.wait()) == (2, 60)


def test_who_has_waited_longer_sends_first(clock: ManualClock):
    one, other = users(clock)
    for _ in range(4):
        one.record()
    assert (other.wait(), one.wait()) == (60, 60)
    clock.seconds += 59
    one.on_rate_limited(None)  # one request at a time from now on
    one.on_rate_limited(None)
    clock.seconds += 1
    assert other.wait() == 0
    other.record()
    assert (one.wait(), other.wait()) == (60, 60)
    clock.seconds += 60
    assert one.wait() == 0


def test_a_query_with_precedence_does_not_wait_for_orders(clock: ManualClock):
    one, other = users(clock)
    for _ in range(4):
        one.record()
    assert other.wait() == 60
    clock.seconds += 60
    with one.precedence():
        assert one.wait(is_first=True) == 0
        for _ in range(3):
            one.record()
        assert other.wait() == 60  # the last one is left to the query


def test_who_no_longer_asks_loses_the_turn():
    state = LimiterState(waiting={"one": 0.0, "other": 1.0})

    def left_at(now: float) -> list[int]:
        users = ("one", "other", "new")
        return [state.requests_left_to_others(user, now) for user in users]

    assert left_at(2.0) == [0, 1, 2]
    assert left_at(TURN_LIFETIME) == [1, 0, 1]
    state.preceding = 2
    assert left_at(TURN_LIFETIME + 1) == [1, 1, 1]


@given(st.integers(2, 5), st.sampled_from([RateLimit(8, 60.0), BurstLimit(5, 1.0)]))
def test_all_who_always_want_to_send_send_equally_often(count: int, limit: RateLimit):
    clock = ManualClock()
    limiter = limit.new_limiter(clock)
    shared = [limiter.new_user() for _ in range(count)]
    sent: Counter[RateLimiter] = Counter()
    for _ in range(600):
        for user in shared:  # the first one always asks first
            if not user.wait():
                user.record()
                sent[user] += 1
        clock.seconds += 0.5
    assert max(sent.values()) - min(sent[one] for one in shared) <= limit.requests
    alone, alone_sent = limit.new_limiter(clock), 0
    for _ in range(600):
        if not alone.wait():
            alone.record()
            alone_sent += 1
        clock.seconds += 0.5
    assert sum(sent.values()) >= alone_sent - limit.requests  # turns waste no request
