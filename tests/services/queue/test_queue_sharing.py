"""Who shares a request with whom, and what a refusal of it means for each."""

from __future__ import annotations

import pytest

from bot.cad.errors import CadRefused, CadTimeout, CadUnreachable, InvalidApiKey
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.conftest import v1, v2
from tests.services.office import Office

DOWN = CadUnreachable("Connection refused")


async def busy(office: Office) -> None:
    """Have a request under way."""
    office.cad.door.clear()
    await office.order("99", 104)
    assert office.sent == [[99]]


async def let_go(office: Office, seconds: float = 60) -> None:
    office.cad.door.set()
    await office.passes(seconds)


@v1
async def test_whoever_comes_while_a_request_is_under_way_shares_the_next(office: Office) -> None:
    await busy(office)
    orders = [await office.order(f"{one} {one + 1}", 100 + one % 3) for one in range(10, 30, 2)]
    assert len(office.sent) == 1
    await let_go(office, 1)
    assert len(office.sent) == 2
    assert sorted(office.cad.sent[1].calls) == [100, 101, 102]
    assert office.sent[1] == list(range(10, 30))
    assert await office.states(*orders) == [OrderState.DONE] * 10


@v2
async def test_v2_takes_one_request_per_call_the_longest_waiting_first(office: Office) -> None:
    await busy(office)
    for one, call_id in enumerate([102, 100, 102, 101, 100]):
        await office.order(str(one + 1), call_id)
    await let_go(office)
    assert [one.calls for one in office.cad.sent] == [[104], [102], [100], [101]]
    assert office.sent == [[99], [1, 3], [2, 5], [4]]


@v2
async def test_v2_gathers_before_the_budget_is_gone(office: Office) -> None:
    for one in range(50):
        await office.give(str(one + 1), 100 + one % 5)
        await office.passes(0.2)
    await office.passes(15)
    assert len(office.sent) <= 10
    assert sorted(one for request in office.sent for one in request) == list(range(1, 51))
    answers = [told[0] for told in office.people.told.values() if told[-1].text[0] == "✅"]
    assert len(answers) == 50


@v1
async def test_two_hundred_at_once_are_few_requests(office: Office) -> None:
    office.cad.idents_by_call.update({one: [] for one in range(100, 120)})
    for one in range(200):
        await office.give(str(one + 1), 100 + one % 20)
    await office.passes(10)
    assert len(office.sent) <= 6
    assert sum(len(on) for on in office.cad.idents_by_call.values()) == 200


async def test_detaches_of_all_calls_share_one_request(office: Office) -> None:
    for ident, call_id in ((1, 100), (2, 101), (3, 102)):
        office.cad.put(ident, call_id)
    await busy(office)
    await office.detach("1", 100)
    await office.detach("2", 101)
    await office.detach("3")
    await let_go(office)
    assert office.sent == [[99], [1, 2, 3]]
    assert [office.cad.call_of(one) for one in (1, 2, 3)] == [None] * 3


async def test_attach_and_detach_of_one_unit_keep_their_order(office: Office) -> None:
    await busy(office)
    for call_id in (100, None, 101, None, 102):
        action = OrderAction.DETACH if call_id is None else OrderAction.ATTACH
        await office.order("1", call_id, action)
        await office.order("2", 103)
    await let_go(office)
    assert office.cad.call_of(1) == 102
    assert [one.calls[0] if one.calls else None for one in office.cad.sent if 1 in one.idents] == [
        100,
        None,
        101,
        None,
        102,
    ]


async def test_a_slow_look_at_whom_an_order_is_about_lets_nobody_overtake(office: Office) -> None:
    office.lookup_seconds = lambda order: 5.0 if order.call_id == 100 else 0.0
    first = await office.order("1", 100)
    second = await office.order("1", 101)
    await office.passes(1)
    assert office.sent == []
    await office.passes(60)
    assert office.cad.call_of(1) == 101
    assert await office.states(first, second) == [OrderState.DONE] * 2


async def test_a_slow_look_does_not_hold_up_who_wants_the_same(office: Office) -> None:
    office.lookup_seconds = lambda order: 5.0 if order.units == "1" else 0.0
    await office.order("1")
    second = await office.order("2")
    assert await office.state(second) is OrderState.DONE


async def test_a_second_press_joins_the_first(office: Office) -> None:
    office.cad.fault = DOWN
    orders = [await office.order("1 2") for _ in range(3)]
    office.cad.fault = None
    office.cad.sent.clear()
    await office.passes(60)
    assert len(office.sent) == 1
    assert {office.text(one) for one in orders} == {office.text(orders[0])}
    assert await office.states(*orders) == [OrderState.DONE] * 3


@pytest.mark.parametrize("call_id", [100, 666])
async def test_a_second_press_joins_what_is_being_sent(office: Office, call_id: int) -> None:
    office.cad.door.clear()
    orders = [await office.order("1 2", call_id) for _ in range(3)]
    await let_go(office)
    assert len(office.sent) == 1
    state = OrderState.DONE if call_id == 100 else OrderState.REFUSED
    assert await office.states(*orders) == [state] * 3
    assert {office.text(one) for one in orders} == {office.text(orders[0])}


async def test_a_second_press_does_not_join_past_another_order(office: Office) -> None:
    office.cad.door.clear()
    for call_id in (100, 101, 100):
        await office.order("1", call_id)
    await let_go(office)
    assert [one.calls for one in office.cad.sent] == [[100], [101], [100]]
    assert office.cad.call_of(1) == 100


async def test_a_similar_press_does_not_join(office: Office) -> None:
    office.cad.door.clear()
    await office.order("1 2")
    await office.order("1")
    await office.order("1 2", 101)
    await let_go(office)
    assert office.sent == [[1, 2], [1], [1, 2]]


@v1
async def test_a_refused_request_is_split_until_the_bad_order_is_alone(office: Office) -> None:
    await busy(office)
    good = [await office.order(str(one), 100 + one % 4) for one in range(1, 8)]
    bad = await office.order("8", 666)
    await let_go(office)
    assert await office.states(*good) == [OrderState.DONE] * 7
    assert await office.state(bad) is OrderState.REFUSED
    assert "CALL NOT FOUND" in office.text(bad)
    assert [one for one in good if "CALL NOT FOUND" in "".join(office.texts(one))] == []
    assert len(office.sent) <= 2 + 2 * 3


async def test_a_bad_unit_is_found_among_orders_for_one_call(office: Office) -> None:
    await busy(office)
    office.cad.bad = {5}
    good = [await office.order(str(one)) for one in (1, 2, 3, 4)]
    bad = await office.order("5 6")
    await let_go(office, 180)
    assert await office.states(*good, bad) == [OrderState.DONE] * 4 + [OrderState.REFUSED]
    assert "BAD UNIT" in office.text(bad)
    assert not any("BAD UNIT" in office.text(one) for one in good)


async def test_several_bad_orders_are_told_apart(office: Office) -> None:
    await busy(office)
    office.cad.bad = {2, 5}
    orders = [await office.order(str(one)) for one in range(1, 7)]
    await let_go(office, 240)
    refused = [await office.state(one) is OrderState.REFUSED for one in orders]
    assert refused == [False, True, False, False, True, False]


async def test_a_refused_detach_is_split_too(office: Office) -> None:
    await busy(office)
    office.cad.bad = {2}
    orders = [await office.detach(str(one)) for one in (1, 2, 3)]
    await let_go(office)
    assert await office.states(*orders) == [OrderState.DONE, OrderState.REFUSED, OrderState.DONE]


async def test_a_call_that_is_gone_needs_no_splitting(office: Office) -> None:
    await busy(office)
    orders = [await office.order(str(one), 666) for one in range(1, 9)]
    await let_go(office)
    assert await office.states(*orders) == [OrderState.REFUSED] * 8
    assert office.sent == [[99], list(range(1, 9))]


async def test_a_call_that_cannot_be_looked_for_is_split(office: Office) -> None:
    await busy(office)
    office.cad.question_fault = DOWN
    orders = [await office.order(str(one), 666) for one in (1, 2)]
    await let_go(office)
    assert await office.states(*orders) == [OrderState.REFUSED] * 2
    assert office.sent == [[99], [1, 2], [1], [2]]


async def test_an_error_that_concerns_all_is_everybodys(office: Office) -> None:
    await busy(office)
    orders = [await office.order(str(one)) for one in (1, 2, 3)]
    office.cad.fault = InvalidApiKey("INVALID API KEY", status=400)
    await let_go(office)
    assert await office.states(*orders) == [OrderState.REFUSED] * 3
    assert office.sent == [[99], [1, 2, 3]]
    assert all("INVALID API KEY" in office.text(one) for one in orders)


async def test_an_order_that_was_split_off_is_tried_again_after_a_fault(office: Office) -> None:
    await busy(office)
    office.cad.bad = {2}
    orders = [await office.order(str(one)) for one in (1, 2)]
    office.cad.faults.extend([CadRefused("BAD UNIT", status=400), CadTimeout()])
    await let_go(office)
    assert await office.states(*orders) == [OrderState.DONE, OrderState.REFUSED]


async def test_the_parts_of_a_refused_request_are_sent_without_delay(office: Office) -> None:
    await busy(office)
    office.cad.bad = {2}
    orders = [await office.order(str(one)) for one in (1, 2, 3)]
    await let_go(office, 3)
    assert await office.states(*orders) == [OrderState.DONE, OrderState.REFUSED, OrderState.DONE]


@v1
async def test_a_call_that_is_gone_says_nothing_about_the_others(office: Office) -> None:
    await busy(office)
    good = await office.order("1", 100)
    bad = [await office.order(str(one), 600 + one) for one in range(2, 12)]
    await let_go(office)
    assert await office.state(good) is OrderState.DONE
    assert await office.states(*bad) == [OrderState.REFUSED] * 10
