from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.http.rate_limits import RateLimit, RateLimiter
from bot.services.queue import batching
from bot.services.queue.batching import GATHER, Item, choose, conflict, hold, leaders, split
from bot.storage.stores.order_store import OrderAction
from tests.manual_clock import ManualClock

ATTACH, DETACH = OrderAction.ATTACH, OrderAction.DETACH


def attach(number: int, call_id: int, *people: str, server_id: int = 1, cell: int = 0) -> Item:
    return Item(number, ATTACH, server_id, call_id, frozenset(people), cell)


def detach(number: int, *people: str, call_id: int | None = None, cell: int = 0) -> Item:
    return Item(number, DETACH, 1, call_id, frozenset(people), cell)


def somebody(number: int, call_id: int = 100) -> Item:
    return Item(number, ATTACH, 1, call_id, None)


def numbers(items: list[Item]) -> list[int]:
    return [one.order_id for one in items]


@st.composite
def lines(draw: st.DrawFn) -> list[Item]:
    """Draw waiting orders, the oldest first."""
    people = st.none() | st.frozensets(st.sampled_from("abcd"), min_size=1, max_size=3)
    line = []
    for number in range(draw(st.integers(1, 9))):
        action = draw(st.sampled_from(list(OrderAction)))
        calls = st.sampled_from([100, 101, 102] + [None] * (action is DETACH))
        server_id, cell = draw(st.sampled_from([1, 1, 2])), draw(st.sampled_from([0, 0, 1]))
        line.append(Item(number, action, server_id, draw(calls), draw(people), cell))
    return line


@st.composite
def chances(draw: st.DrawFn) -> tuple[Item, list[Item], int]:
    """Draw a line, one of it whose turn it is, and how many calls a request takes."""
    line = draw(lines())
    line[0] = attach(0, 100, "a") if line[0].people is None else line[0]
    heads = [
        one
        for place, one in enumerate(line)
        if one.people is not None and not any(conflict(one, before) for before in line[:place])
    ]
    return draw(st.sampled_from(heads)), line, draw(st.sampled_from([1, 2, 1000]))


def test_who_disagrees() -> None:
    assert conflict(attach(1, 100, "a", "b"), attach(2, 101, "b"))
    assert conflict(attach(1, 100, "a"), detach(2, "a", call_id=100))
    assert conflict(attach(1, 100, "a"), attach(2, 100, "a", server_id=2))
    assert conflict(detach(1, "a"), detach(2, "a", call_id=100))
    assert not conflict(attach(1, 100, "a"), attach(2, 100, "a", "b"))
    assert not conflict(attach(1, 100, "a"), attach(2, 101, "b"))
    assert conflict(somebody(1), attach(2, 101, "b"))
    assert not conflict(somebody(1), attach(2, 100, "b"))


@given(lines())
def test_disagreeing_is_mutual(line: list[Item]) -> None:
    for one, other in combinations(line, 2):
        assert conflict(one, other) == conflict(other, one)


@given(lines())
def test_who_disagrees_with_nobody_before_them_may_go(line: list[Item]) -> None:
    assert list(leaders(line)) == [
        one
        for place, one in enumerate(line)
        if not any(conflict(one, before) for before in line[:place])
    ]


def test_v1_takes_all_calls_together() -> None:
    line = [attach(1, 100, "a"), attach(2, 101, "b"), attach(3, 100, "c", server_id=2)]
    assert choose(line[0], line, 1000) == line


def test_v2_takes_one_call() -> None:
    line = [attach(1, 100, "a"), attach(2, 101, "b"), attach(3, 100, "c")]
    assert numbers(choose(line[0], line, 1)) == [1, 3]


def test_attaching_and_detaching_are_two_requests() -> None:
    line = [attach(1, 100, "a"), detach(2, "b"), attach(3, 100, "c"), detach(4, "d", call_id=100)]
    assert numbers(choose(line[0], line, 1000)) == [1, 3]
    assert numbers(choose(line[1], line, 1)) == [2, 4]


def test_nobody_overtakes_whom_they_disagree_with() -> None:
    line = [attach(1, 100, "a"), attach(2, 101, "a", "b"), attach(3, 102, "b"), attach(4, 100, "c")]
    assert numbers(choose(line[0], line, 1000)) == [1, 4]


def test_whoever_was_passed_over_is_not_overtaken_either() -> None:
    line = [attach(1, 100, "a"), detach(2, "b"), attach(3, 100, "b")]
    assert numbers(choose(line[0], line, 1000)) == [1]


def test_somebody_unknown_is_not_overtaken_except_for_the_same() -> None:
    line = [attach(1, 101, "a"), somebody(2, 100), attach(3, 101, "b"), attach(4, 100, "c")]
    assert numbers(choose(line[0], line, 1000)) == [1, 4]


def test_cells_do_not_mix() -> None:
    line = [attach(1, 100, "a"), attach(2, 100, "b", cell=1), attach(3, 100, "c")]
    assert numbers(choose(line[0], line, 1000)) == [1, 3]
    assert numbers(choose(line[1], line, 1000)) == [2]


def test_a_detach_stays_on_its_server() -> None:
    line = [detach(1, "a"), Item(2, DETACH, 2, None, frozenset("b")), detach(3, "c", call_id=100)]
    assert numbers(choose(line[0], line, 1)) == [1, 3]


@given(chances())
def test_a_request_holds_what_belongs_together(chance: tuple[Item, list[Item], int]) -> None:
    head, line, calls = chance
    batch = choose(head, line, calls)
    assert batch[0] == head
    assert len(set(numbers(batch))) == len(batch)
    assert {(one.action, one.cell) for one in batch} == {(head.action, head.cell)}
    assert None not in {one.people for one in batch}
    if head.action is ATTACH:
        assert len({one.place for one in batch}) <= calls
    else:
        assert {one.server_id for one in batch} == {head.server_id}
    for one, other in combinations(batch, 2):
        assert not conflict(one, other)


@given(chances())
def test_nobody_in_a_request_overtakes(chance: tuple[Item, list[Item], int]) -> None:
    head, line, calls = chance
    batch = choose(head, line, calls)
    for item in batch:
        for before in line[: line.index(item)]:
            assert before in batch or not conflict(before, item)


@given(chances())
def test_nobody_is_left_behind_without_a_reason(chance: tuple[Item, list[Item], int]) -> None:
    head, line, calls = chance
    batch = choose(head, line, calls)
    places = {one.place for one in batch}
    for item in line:
        if item in batch or item.people is None:
            continue
        ahead = any(conflict(one, item) for one in [head, *line[: line.index(item)]])
        other_kind = (item.action, item.cell) != (head.action, head.cell)
        too_many = item.action is ATTACH and len(places | {item.place}) > calls
        elsewhere = item.action is DETACH and item.server_id != head.server_id
        assert ahead or other_kind or too_many or elsewhere


@given(lines().filter(lambda line: len(line) > 1))
def test_splitting_ends_with_everyone_alone(batch: list[Item]) -> None:
    heaps, alone = [batch], list[list[Item]]()
    while heaps:
        heap = heaps.pop()
        halves = split(heap)
        assert sorted(numbers(halves[0] + halves[1])) == sorted(numbers(heap))
        for half in halves:
            assert half
            (heaps if len(half) > 1 else alone).append(half)
    assert sorted(half[0].order_id for half in alone) == sorted(numbers(batch))


def test_a_split_keeps_the_orders_of_a_call_together() -> None:
    batch = [attach(1, 100, "a"), attach(2, 101, "b"), attach(3, 100, "c"), attach(4, 102, "d")]
    assert [numbers(half) for half in split(batch)] == [[1, 3], [2, 4]]
    assert [numbers(half) for half in split([batch[0], batch[2]])] == [[1], [3]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def budget(clock: ManualClock) -> RateLimiter:
    return RateLimit(8, 60.0).new_limiter(clock)


def spend(budget: RateLimiter, count: int) -> None:
    for _ in range(count):
        budget.record()


@pytest.mark.parametrize("used", [0, 1, 2])
def test_no_delay_while_little_of_the_budget_is_used(budget: RateLimiter, used: int) -> None:
    spend(budget, used)
    assert hold(budget, age=0.0, alone=False) == 0.0


def test_the_rest_of_the_budget_is_for_those_who_gather(budget: RateLimiter) -> None:
    spend(budget, 3)
    assert hold(budget, age=0.0, alone=True) == GATHER
    assert hold(budget, age=4.0, alone=False) == GATHER - 4
    assert hold(budget, age=10.0, alone=False) == 0.0
    assert hold(budget, age=99.0, alone=False) == 0.0


def test_no_delay_for_a_lone_order_at_a_pace_that_can_last(
    budget: RateLimiter, clock: ManualClock
) -> None:
    spend(budget, 7)
    clock.seconds += 7.4
    assert hold(budget, age=0.0, alone=True) == GATHER
    clock.seconds += 0.1
    assert hold(budget, age=0.0, alone=True) == 0.0
    assert hold(budget, age=0.0, alone=False) == GATHER


def test_half_the_pace_gathers_sooner(budget: RateLimiter) -> None:
    budget.on_rate_limited(None)
    assert hold(budget, age=0.0, alone=False) == 0.0
    spend(budget, 1)
    assert hold(budget, age=0.0, alone=False) == GATHER


@given(st.integers(1, 20), st.integers(0, 25), st.floats(0, 100), st.booleans(), st.floats(0, 100))
def test_nobody_is_held_for_longer_than_ten_seconds(
    requests: int, used: int, age: float, alone: bool, since: float
) -> None:
    clock = ManualClock()
    budget = RateLimit(requests, 60.0).new_limiter(clock)
    spend(budget, used)
    clock.seconds += since
    assert 0.0 <= hold(budget, age=age, alone=alone) <= max(0.0, GATHER - age)


def test_ten_seconds_are_what_people_are_promised() -> None:
    assert batching.GATHER == 10.0
