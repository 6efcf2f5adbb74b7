"""Queries about ids are kept apart, and there are only so many of them."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.verification.pacing import MAX_QUERIES, Pacer, QueryBudget
from tests.manual_clock import ManualClock

START = 1000.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def pacer(clock: ManualClock) -> Pacer:
    return Pacer(clock, id_gap=3, account_gap=10)


async def test_queries_about_ids_are_a_gap_apart(pacer: Pacer, clock: ManualClock):
    for _ in range(3):
        assert await pacer.acquire(math.inf, is_account=False)
    assert clock.seconds == START + 6
    clock.seconds += 3
    assert await pacer.acquire(math.inf, is_account=False)
    assert clock.slept == [3, 3]


async def test_queries_about_accounts_are_further_apart(pacer: Pacer, clock: ManualClock):
    moments = []
    for is_account in (True, False, True, False):
        assert await pacer.acquire(math.inf, is_account=is_account)
        moments.append(clock.seconds - START)
    assert moments == [0, 3, 10, 13]


async def test_a_query_that_would_come_too_late_is_dropped_at_once(
    pacer: Pacer, clock: ManualClock
):
    assert await pacer.acquire(START, is_account=False)
    assert not await pacer.acquire(START + 2.5, is_account=False)
    assert clock.slept == []
    # It took no turn: the next one is not later for it.
    assert await pacer.acquire(START + 3, is_account=False)
    assert clock.seconds == START + 3


async def test_an_id_gets_a_limited_number_of_queries(pacer: Pacer):
    budget = QueryBudget(pacer)
    found = [await budget.acquire() for _ in range(MAX_QUERIES + 1)]
    assert found == [True] * MAX_QUERIES + [False]
    assert not budget.timed_out  # it has run out, and may go on another time


async def test_queries_while_a_user_waits_end_in_time(pacer: Pacer):
    budget = QueryBudget(pacer, until=START + 11)
    sent = [(await budget.acquire(is_account=True), budget.timed_out) for _ in range(3)]
    assert sent == [(True, False), (True, False), (False, True)]
    assert not budget.is_background
    assert QueryBudget(pacer).is_background


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 15)), max_size=20))
async def test_no_two_queries_are_too_close(queries: list[tuple[bool, float]]):
    clock = ManualClock(START)
    pacer = Pacer(clock, id_gap=3, account_gap=10)
    sent: list[tuple[float, bool]] = []
    for is_account, pause in queries:
        clock.seconds += pause
        assert await pacer.acquire(math.inf, is_account=is_account)
        sent.append((clock.seconds, is_account))
    gaps = [after - before for (before, _), (after, _) in pairwise(sent)]
    accounts = [at for at, is_account in sent if is_account]
    assert all(gap >= 3 - 1e-6 for gap in gaps)
    assert all(b - a >= 10 - 1e-6 for a, b in pairwise(accounts))
