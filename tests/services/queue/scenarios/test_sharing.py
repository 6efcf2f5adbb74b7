"""Which orders share a request, and what a refusal of it means for each."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadRefused, CadTimeout, CadUnreachable, InvalidApiKey
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.conftest import v1, v2
from tests.services.queue_fixture import QueueFixture

DOWN = CadUnreachable("Connection refused")


async def busy(queue_fixture: QueueFixture) -> None:
    """Have a request under way."""
    queue_fixture.cad.gate.clear()
    await queue_fixture.order("99", 104)
    assert queue_fixture.sent == [[99]]


async def let_go(queue_fixture: QueueFixture, seconds: float = 60) -> None:
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(seconds)


@v1
async def test_orders_during_a_request_share_the_next_one(
    queue_fixture: QueueFixture,
) -> None:
    await busy(queue_fixture)
    orders = [
        await queue_fixture.order(f"{one} {one + 1}", 100 + one % 3) for one in range(10, 30, 2)
    ]
    assert len(queue_fixture.sent) == 1
    await let_go(queue_fixture, 1)
    assert len(queue_fixture.sent) == 2
    assert sorted(queue_fixture.cad.sent[1].calls) == [100, 101, 102]
    assert queue_fixture.sent[1] == list(range(10, 30))
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 10


@v2
async def test_v2_takes_one_request_per_call_the_longest_waiting_first(
    queue_fixture: QueueFixture,
) -> None:
    await busy(queue_fixture)
    for one, call_id in enumerate([102, 100, 102, 101, 100]):
        await queue_fixture.order(str(one + 1), call_id)
    await let_go(queue_fixture)
    assert [one.calls for one in queue_fixture.cad.sent] == [[104], [102], [100], [101]]
    assert queue_fixture.sent == [[99], [1, 3], [2, 5], [4]]


@v2
async def test_v2_gathers_before_the_budget_is_gone(queue_fixture: QueueFixture) -> None:
    for one in range(50):
        await queue_fixture.submit(str(one + 1), 100 + one % 5)
        await queue_fixture.advance(0.2)
    await queue_fixture.advance(15)
    assert len(queue_fixture.sent) <= 10
    assert sorted(one for request in queue_fixture.sent for one in request) == list(range(1, 51))
    answers = [
        told[0] for told in queue_fixture.announcer.shown.values() if told[-1].text[0] == "✅"
    ]
    assert len(answers) == 50


@v1
async def test_two_hundred_at_once_are_few_requests(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.idents_by_call.update({one: [] for one in range(100, 120)})
    for one in range(200):
        await queue_fixture.submit(str(one + 1), 100 + one % 20)
    await queue_fixture.advance(10)
    assert len(queue_fixture.sent) <= 6
    assert sum(len(on) for on in queue_fixture.cad.idents_by_call.values()) == 200


async def test_detaches_of_all_calls_share_one_request(queue_fixture: QueueFixture) -> None:
    for ident, call_id in ((1, 100), (2, 101), (3, 102)):
        queue_fixture.cad.put(ident, call_id)
    await busy(queue_fixture)
    await queue_fixture.detach("1", 100)
    await queue_fixture.detach("2", 101)
    await queue_fixture.detach("3")
    await let_go(queue_fixture)
    assert queue_fixture.sent == [[99], [1, 2, 3]]
    assert [queue_fixture.cad.call_of(one) for one in (1, 2, 3)] == [None] * 3


async def test_attach_and_detach_of_one_unit_keep_their_order(queue_fixture: QueueFixture) -> None:
    await busy(queue_fixture)
    for call_id in (100, None, 101, None, 102):
        action = OrderAction.DETACH if call_id is None else OrderAction.ATTACH
        await queue_fixture.order("1", call_id, action)
        await queue_fixture.order("2", 103)
    await let_go(queue_fixture)
    assert queue_fixture.cad.call_of(1) == 102
    assert [
        one.calls[0] if one.calls else None for one in queue_fixture.cad.sent if 1 in one.idents
    ] == [
        100,
        None,
        101,
        None,
        102,
    ]


async def test_a_slow_lookup_lets_no_order_overtake(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_seconds = lambda order: 5.0 if order.call_id == 100 else 0.0
    first = await queue_fixture.order("1", 100)
    second = await queue_fixture.order("1", 101)
    await queue_fixture.advance(1)
    assert queue_fixture.sent == []
    await queue_fixture.advance(60)
    assert queue_fixture.cad.call_of(1) == 101
    assert await queue_fixture.states(first, second) == [OrderState.DONE] * 2


async def test_a_slow_look_does_not_hold_up_who_wants_the_same(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_seconds = lambda order: 5.0 if order.units == "1" else 0.0
    await queue_fixture.order("1")
    second = await queue_fixture.order("2")
    assert await queue_fixture.state(second) is OrderState.DONE


async def test_a_second_press_joins_the_first(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    orders = [await queue_fixture.order("1 2") for _ in range(3)]
    queue_fixture.cad.fault = None
    queue_fixture.cad.sent.clear()
    await queue_fixture.advance(60)
    assert len(queue_fixture.sent) == 1
    assert {queue_fixture.text(one) for one in orders} == {queue_fixture.text(orders[0])}
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 3


@pytest.mark.parametrize("call_id", [100, 666])
async def test_a_second_press_joins_what_is_being_sent(
    queue_fixture: QueueFixture, call_id: int
) -> None:
    queue_fixture.cad.gate.clear()
    orders = [await queue_fixture.order("1 2", call_id) for _ in range(3)]
    await let_go(queue_fixture)
    assert len(queue_fixture.sent) == 1
    state = OrderState.DONE if call_id == 100 else OrderState.REFUSED
    assert await queue_fixture.states(*orders) == [state] * 3
    first, *others = map(queue_fixture.text, orders)
    # The others came when the CAD had the units on the call.
    there = first.replace("✅ ", "⚠️ Already on ").replace(
        "(A\\-2)", "(A\\-2). Nothing was changed."
    )
    assert others == [first if call_id == 666 else there] * 2


async def test_a_second_press_does_not_join_past_another_order(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    for call_id in (100, 101, 100):
        await queue_fixture.order("1", call_id)
    await let_go(queue_fixture)
    assert [one.calls for one in queue_fixture.cad.sent] == [[100], [101], [100]]
    assert queue_fixture.cad.call_of(1) == 100


async def test_a_similar_press_does_not_join(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    await queue_fixture.order("1 2")
    await queue_fixture.order("1")
    await queue_fixture.order("1 2", 101)
    await let_go(queue_fixture)
    assert queue_fixture.sent == [[1, 2], [1], [1, 2]]


@v1
async def test_a_refused_request_is_split_until_the_bad_order_is_alone(
    queue_fixture: QueueFixture,
) -> None:
    await busy(queue_fixture)
    good = [await queue_fixture.order(str(one), 100 + one % 4) for one in range(1, 8)]
    bad = await queue_fixture.order("8", 666)
    await let_go(queue_fixture)
    assert await queue_fixture.states(*good) == [OrderState.DONE] * 7
    assert await queue_fixture.state(bad) is OrderState.REFUSED
    assert "CALL NOT FOUND" in queue_fixture.text(bad)
    assert [one for one in good if "CALL NOT FOUND" in "".join(queue_fixture.texts(one))] == []
    assert len(queue_fixture.sent) <= 2 + 2 * 3


async def test_a_bad_unit_is_found_among_orders_for_one_call(queue_fixture: QueueFixture) -> None:
    await busy(queue_fixture)
    queue_fixture.cad.bad = {5}
    good = [await queue_fixture.order(str(one)) for one in (1, 2, 3, 4)]
    bad = await queue_fixture.order("5 6")
    await let_go(queue_fixture, 180)
    assert await queue_fixture.states(*good, bad) == [OrderState.DONE] * 4 + [OrderState.REFUSED]
    assert "BAD UNIT" in queue_fixture.text(bad)
    assert not any("BAD UNIT" in queue_fixture.text(one) for one in good)


async def test_several_bad_orders_are_told_apart(queue_fixture: QueueFixture) -> None:
    await busy(queue_fixture)
    queue_fixture.cad.bad = {2, 5}
    orders = [await queue_fixture.order(str(one)) for one in range(1, 7)]
    await let_go(queue_fixture, 240)
    refused = [await queue_fixture.state(one) is OrderState.REFUSED for one in orders]
    assert refused == [False, True, False, False, True, False]


async def test_a_refused_detach_is_split_too(queue_fixture: QueueFixture) -> None:
    await busy(queue_fixture)
    queue_fixture.cad.bad = {2}
    for number in (1, 2, 3):
        queue_fixture.cad.put(number, 101)
    orders = [await queue_fixture.detach(str(one)) for one in (1, 2, 3)]
    await let_go(queue_fixture)
    assert await queue_fixture.states(*orders) == [
        OrderState.DONE,
        OrderState.REFUSED,
        OrderState.DONE,
    ]


async def test_a_call_that_is_gone_needs_no_splitting(queue_fixture: QueueFixture) -> None:
    await busy(queue_fixture)
    orders = [await queue_fixture.order(str(one), 666) for one in range(1, 9)]
    await let_go(queue_fixture)
    assert await queue_fixture.states(*orders) == [OrderState.REFUSED] * 8
    assert queue_fixture.sent == [[99], list(range(1, 9))]


async def test_a_call_that_cannot_be_looked_for_is_split(queue_fixture: QueueFixture) -> None:
    await busy(queue_fixture)
    queue_fixture.cad.query_fault = DOWN
    orders = [await queue_fixture.order(str(one), 666) for one in (1, 2)]
    await let_go(queue_fixture)
    assert await queue_fixture.states(*orders) == [OrderState.REFUSED] * 2
    assert queue_fixture.sent == [[99], [1, 2], [1], [2]]


async def test_an_error_that_affects_all_requests_is_that_of_all_orders(
    queue_fixture: QueueFixture,
) -> None:
    await busy(queue_fixture)
    orders = [await queue_fixture.order(str(one)) for one in (1, 2, 3)]
    queue_fixture.cad.fault = InvalidApiKey("INVALID API KEY", status=400)
    await let_go(queue_fixture)
    assert await queue_fixture.states(*orders) == [OrderState.REFUSED] * 3
    assert queue_fixture.sent == [[99], [1, 2, 3]]
    assert all("INVALID API KEY" in queue_fixture.text(one) for one in orders)


async def test_an_order_that_was_split_off_is_tried_again_after_a_fault(
    queue_fixture: QueueFixture,
) -> None:
    await busy(queue_fixture)
    queue_fixture.cad.bad = {2}
    orders = [await queue_fixture.order(str(one)) for one in (1, 2)]
    queue_fixture.cad.faults.extend([CadRefused("BAD UNIT", status=400), CadTimeout()])
    await let_go(queue_fixture)
    assert await queue_fixture.states(*orders) == [OrderState.DONE, OrderState.REFUSED]


async def test_the_parts_of_a_refused_request_are_sent_without_delay(
    queue_fixture: QueueFixture,
) -> None:
    await busy(queue_fixture)
    queue_fixture.cad.bad = {2}
    orders = [await queue_fixture.order(str(one)) for one in (1, 2, 3)]
    await let_go(queue_fixture, 3)
    assert await queue_fixture.states(*orders) == [
        OrderState.DONE,
        OrderState.REFUSED,
        OrderState.DONE,
    ]


@v1
async def test_a_call_that_is_gone_says_nothing_about_the_others(
    queue_fixture: QueueFixture,
) -> None:
    await busy(queue_fixture)
    good = await queue_fixture.order("1", 100)
    bad = [await queue_fixture.order(str(one), 600 + one) for one in range(2, 12)]
    await let_go(queue_fixture)
    assert await queue_fixture.state(good) is OrderState.DONE
    assert await queue_fixture.states(*bad) == [OrderState.REFUSED] * 10
