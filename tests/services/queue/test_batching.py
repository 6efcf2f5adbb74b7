from __future__ import annotations

import math
from itertools import combinations
from typing import TypeAlias, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cad.http.rate_limits import RateLimit, RateLimiter
from bot.services.queue.batching import (
    BatchItem,
    Usage,
    conflict,
    fill,
    hold_delay,
    ready,
    split,
)
from bot.storage.stores.order_store import OrderAction
from tests.manual_clock import ManualClock
from tests.services.queue.samples import queued_order

# The head, all waiting orders, and how many calls a request takes.
Chance: TypeAlias = tuple[BatchItem, list[BatchItem], int]

ATTACH, DETACH = OrderAction.ATTACH, OrderAction.DETACH


def item(
    number: int,
    action: OrderAction,
    server_id: int,
    call_id: int | None,
    subjects: frozenset[str] | None,
    *,
    partition: int = 0,
) -> BatchItem:
    queued = queued_order(action=action, server_id=server_id, call_id=call_id)
    scope, key = queued.step.scope(queued), queued.step.key(queued)
    needs = queued.step.needs(queued)
    if subjects is not None:
        subjects |= queued.step.changes(queued)
    return BatchItem(number, scope, key, subjects, partition, needs)


def attach(
    number: int, call_id: int, *units: str, server_id: int = 1, partition: int = 0
) -> BatchItem:
    return item(number, ATTACH, server_id, call_id, frozenset(units), partition=partition)


def detach(number: int, *units: str, call_id: int | None = None, server_id: int = 1) -> BatchItem:
    return item(number, DETACH, server_id, call_id, frozenset(units))


def unresolved(number: int, call_id: int = 100) -> BatchItem:
    return item(number, ATTACH, 1, call_id, None)


def batch(head: BatchItem, line: list[BatchItem], calls_per_attach: int) -> list[BatchItem]:
    return fill(head, line, calls_per_attach if action(head) is ATTACH else math.inf)


def action(item: BatchItem) -> OrderAction:
    return cast(tuple[OrderAction, int, int | None], item.key)[0]


def server_id(item: BatchItem) -> int:
    return cast(tuple[OrderAction, int, int | None], item.key)[1]


def numbers(items: list[BatchItem]) -> list[int]:
    return [one.order_id for one in items]


@st.composite
def lines(draw: st.DrawFn) -> list[BatchItem]:
    """Draw waiting orders, the oldest first."""
    units = st.none() | st.frozensets(st.sampled_from("abcd"), min_size=1, max_size=3)
    line = []
    for number in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from([*[ATTACH, DETACH] * 3, OrderAction.CLOSE, OrderAction.NOTE]))
        calls = st.sampled_from([100, 101, 102] + [None] * (kind is DETACH))
        server, partition = draw(st.sampled_from([1, 1, 2])), draw(st.sampled_from([0, 0, 1]))
        line.append(item(number, kind, server, draw(calls), draw(units), partition=partition))
    return line


@st.composite
def chances(draw: st.DrawFn) -> Chance:
    """Draw a line, one of it whose turn it is, and how many calls a request takes."""
    line = draw(lines())
    line[0] = attach(0, 100, "a") if line[0].subjects is None else line[0]
    heads = [
        one
        for place, one in enumerate(line)
        if one.subjects is not None and not any(conflict(one, before) for before in line[:place])
    ]
    return draw(st.sampled_from(heads)), line, draw(st.sampled_from([1, 2, 1000]))


def test_who_disagrees() -> None:
    assert conflict(attach(1, 100, "a", "b"), attach(2, 101, "b"))
    assert conflict(attach(1, 100, "a"), detach(2, "a", call_id=100))
    assert conflict(attach(1, 100, "a"), attach(2, 100, "a", server_id=2))
    assert conflict(detach(1, "a"), detach(2, "a", call_id=100))
    assert not conflict(attach(1, 100, "a"), attach(2, 100, "a", "b"))
    assert not conflict(attach(1, 100, "a"), attach(2, 101, "b"))
    assert conflict(unresolved(1), attach(2, 101, "b"))
    assert not conflict(unresolved(1), attach(2, 100, "b"))


@given(lines())
def test_disagreeing_is_mutual(line: list[BatchItem]) -> None:
    for one, other in combinations(line, 2):
        assert conflict(one, other) == conflict(other, one)


@given(lines())
def test_an_order_without_a_conflict_before_it_may_go(line: list[BatchItem]) -> None:
    assert list(ready(line)) == [
        one
        for place, one in enumerate(line)
        if not any(conflict(one, before) for before in line[:place])
    ]


def test_v1_takes_all_calls_together() -> None:
    line = [attach(1, 100, "a"), attach(2, 101, "b"), attach(3, 100, "c", server_id=2)]
    assert batch(line[0], line, 1000) == line


def test_v2_takes_one_call() -> None:
    line = [attach(1, 100, "a"), attach(2, 101, "b"), attach(3, 100, "c")]
    assert numbers(batch(line[0], line, 1)) == [1, 3]


def test_attaching_and_detaching_are_two_requests() -> None:
    line = [attach(1, 100, "a"), detach(2, "b"), attach(3, 100, "c"), detach(4, "d", call_id=100)]
    assert numbers(batch(line[0], line, 1000)) == [1, 3]
    assert numbers(batch(line[1], line, 1)) == [2, 4]


def test_no_order_overtakes_one_that_it_conflicts_with() -> None:
    line = [attach(1, 100, "a"), attach(2, 101, "a", "b"), attach(3, 102, "b"), attach(4, 100, "c")]
    assert numbers(batch(line[0], line, 1000)) == [1, 4]


def test_an_order_that_was_passed_over_is_not_overtaken_either() -> None:
    line = [attach(1, 100, "a"), detach(2, "b"), attach(3, 100, "b")]
    assert numbers(batch(line[0], line, 1000)) == [1]


def test_an_unresolved_order_is_not_overtaken_except_for_the_same() -> None:
    line = [attach(1, 101, "a"), unresolved(2, 100), attach(3, 101, "b"), attach(4, 100, "c")]
    assert numbers(batch(line[0], line, 1000)) == [1, 4]


def test_partitions_do_not_mix() -> None:
    line = [attach(1, 100, "a"), attach(2, 100, "b", partition=1), attach(3, 100, "c")]
    assert numbers(batch(line[0], line, 1000)) == [1, 3]
    assert numbers(batch(line[1], line, 1000)) == [2]


def test_a_detach_stays_on_its_server() -> None:
    line = [detach(1, "a"), detach(2, "b", server_id=2), detach(3, "c", call_id=100)]
    assert numbers(batch(line[0], line, 1)) == [1, 3]


@given(chances())
def test_a_request_holds_what_belongs_together(
    chance: tuple[BatchItem, list[BatchItem], int],
) -> None:
    head, line, calls = chance
    sent = batch(head, line, calls)
    assert sent[0] == head
    assert len(set(numbers(sent))) == len(sent)
    assert {(action(one), one.partition) for one in sent} == {(action(head), head.partition)}
    assert None not in {one.subjects for one in sent}
    if action(head) is ATTACH:
        assert len({one.key for one in sent}) <= calls
    else:
        assert {server_id(one) for one in sent} == {server_id(head)}
    for one, other in combinations(sent, 2):
        assert not conflict(one, other)


@given(chances())
def test_no_order_of_a_request_overtakes(chance: Chance) -> None:
    head, line, calls = chance
    sent = batch(head, line, calls)
    for item in sent:
        for before in line[: line.index(item)]:
            assert before in sent or not conflict(before, item)


@given(chances())
def test_no_order_is_left_behind_without_a_reason(
    chance: tuple[BatchItem, list[BatchItem], int],
) -> None:
    head, line, calls = chance
    sent = batch(head, line, calls)
    places = {one.key for one in sent}
    for item in line:
        if item in sent or item.subjects is None:
            continue
        ahead = any(conflict(one, item) for one in [head, *line[: line.index(item)]])
        other_kind = (action(item), item.partition) != (action(head), head.partition)
        too_many = action(item) is ATTACH and len(places | {item.key}) > calls
        elsewhere = action(item) is DETACH and server_id(item) != server_id(head)
        assert ahead or other_kind or too_many or elsewhere


@given(lines().filter(lambda line: len(line) > 1))
def test_splitting_ends_with_each_order_alone(batch: list[BatchItem]) -> None:
    heaps, alone = [batch], list[list[BatchItem]]()
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
    assert hold_delay(Usage.of(budget), age=0.0, is_alone=False) == 0.0


def test_the_rest_of_the_budget_is_for_those_who_gather(budget: RateLimiter) -> None:
    spend(budget, 3)
    assert hold_delay(Usage.of(budget), age=0.0, is_alone=True) == 10.0
    assert hold_delay(Usage.of(budget), age=4.0, is_alone=False) == 6.0
    assert hold_delay(Usage.of(budget), age=10.0, is_alone=False) == 0.0
    assert hold_delay(Usage.of(budget), age=99.0, is_alone=False) == 0.0


def test_no_delay_for_a_lone_order_at_a_pace_that_can_last(
    budget: RateLimiter, clock: ManualClock
) -> None:
    spend(budget, 7)
    clock.seconds += 7.4
    assert hold_delay(Usage.of(budget), age=0.0, is_alone=True) == 10.0
    clock.seconds += 0.1
    assert hold_delay(Usage.of(budget), age=0.0, is_alone=True) == 0.0
    assert hold_delay(Usage.of(budget), age=0.0, is_alone=False) == 10.0


def test_half_the_pace_gathers_sooner(budget: RateLimiter) -> None:
    budget.on_rate_limited(None)
    assert hold_delay(Usage.of(budget), age=0.0, is_alone=False) == 0.0
    spend(budget, 1)
    assert hold_delay(Usage.of(budget), age=0.0, is_alone=False) == 10.0


@given(st.integers(1, 20), st.integers(0, 25), st.floats(0, 100), st.booleans(), st.floats(0, 100))
def test_no_order_is_held_for_longer_than_ten_seconds(
    requests: int, used: int, age: float, alone: bool, since: float
) -> None:
    clock = ManualClock()
    budget = RateLimit(requests, 60.0).new_limiter(clock)
    spend(budget, used)
    clock.seconds += since
    assert 0.0 <= hold_delay(Usage.of(budget), age=age, is_alone=alone) <= max(0.0, 10.0 - age)
