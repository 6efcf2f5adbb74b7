"""A detach names no call to the CAD: nobody is taken off a call that was not meant."""

from __future__ import annotations

import pytest

from bot.cad.errors import (
    ApiNotEnabled,
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
    CadUnreadable,
)
from bot.storage.stores.order_store import OrderState
from tests.services.office import LIFETIME, Office

DOWN = CadUnreachable("Connection refused")
NOT_ON_CALL = "no longer on that call"


async def on_calls(office: Office, **where: int) -> None:
    """Put units on calls, and let the board know: `_1=100`."""
    for name, call_id in where.items():
        office.cad.put(int(name[1:]), call_id)
    await office.board.fetch_calls(1)


async def test_a_detach_from_any_call_asks_nothing(office: Office) -> None:
    await on_calls(office, _1=100)
    office.cad.asked.clear()
    office.cad.door.clear()
    await office.detach("1")
    assert office.sent == [[1]]
    assert office.cad.asked["idents_on"] == 0


async def test_a_detach_from_one_call_leaves_alone_who_has_moved_on(office: Office) -> None:
    await on_calls(office, _1=100, _2=101)
    first = await office.detach("1 2 3", 100)
    assert office.sent == [[1]]
    assert office.cad.call_of(2) == 101
    assert await office.state(first) is OrderState.DONE
    assert office.text(first).startswith("⚠️ Off **#100** Call 100: <@1001> (A\\-1)")
    assert f"Left out: <@1002>, <@1003>: {NOT_ON_CALL}." in office.text(first)


async def test_a_detach_that_nobody_is_left_of(office: Office) -> None:
    await on_calls(office, _2=101)
    first = await office.detach("2", 100)
    assert office.sent == []
    assert await office.state(first) is OrderState.REFUSED
    assert office.text(first) == (
        f"❌ Not detached from **#100** Call 100.\nLeft out: <@1002>: {NOT_ON_CALL}."
    )


async def test_a_refusal_is_not_blamed_on_whom_nobody_asked_about(office: Office) -> None:
    await on_calls(office, _1=100, _2=101)
    office.cad.fault = DOWN
    orders = [await office.detach("1", 100), await office.detach("2", 100)]
    office.cad.fault = ApiNotEnabled("API IS NOT ENABLED", status=400)
    await office.passes(60)
    assert await office.states(*orders) == [OrderState.REFUSED] * 2
    assert "API IS NOT ENABLED" in office.text(orders[0])
    assert "API IS NOT ENABLED" not in office.text(orders[1])
    assert NOT_ON_CALL in office.text(orders[1])


@pytest.mark.parametrize("fault", [CadTimeout(), CadBrokenOff("reset"), CadUnavailable(status=500)])
@pytest.mark.parametrize("arrives", [True, False], ids=["done", "not done"])
async def test_a_detach_that_broke_off_is_repeated_only_where_it_is_still_true(
    office: Office, fault: CadError, arrives: bool
) -> None:
    await on_calls(office, _1=100, _2=101)
    office.cad.faults.append(fault)
    office.cad.arrives = arrives
    first = await office.detach("1 2")
    office.cad.put(2, 102)  # somebody else moves the unit meanwhile
    await office.passes(120)
    assert office.cad.call_of(2) == 102
    assert office.cad.call_of(1) is None
    if arrives:
        assert office.sent == [[1, 2]]
        assert await office.state(first) is OrderState.REFUSED
        assert office.text(first).startswith("❌ It is not certain whether the units were detached")
        assert f"Left out: <@1001>, <@1002>: {NOT_ON_CALL}." in office.text(first)
    else:
        assert office.sent == [[1, 2], [1]]
        assert await office.state(first) is OrderState.DONE
        assert f"Left out: <@1002>: {NOT_ON_CALL}." in office.text(first)


async def test_a_broken_detach_of_somebody_on_no_known_call_is_not_repeated(
    office: Office,
) -> None:
    office.cad.faults.append(CadTimeout())
    first = await office.detach("1")
    office.cad.put(1, 102)
    await office.passes(60)
    assert office.cad.call_of(1) == 102
    assert await office.state(first) is OrderState.REFUSED
    assert "Left out: <@1001>: the connection to the CAD broke." in office.text(first)


async def test_a_detach_that_never_arrived_is_simply_repeated(office: Office) -> None:
    await on_calls(office, _1=100)
    office.cad.faults.append(DOWN)
    first = await office.detach("1")
    office.cad.put(1, 101)
    await office.passes(60)
    assert office.cad.call_of(1) is None
    assert await office.state(first) is OrderState.DONE


@pytest.mark.parametrize("restarts", [1, 2])
@pytest.mark.parametrize("call_id", [100, None])
async def test_a_broken_detach_is_remembered_as_such_by_the_next_start(
    office: Office, call_id: int | None, restarts: int
) -> None:
    await on_calls(office, _1=100)
    office.cad.faults.append(CadTimeout())
    office.cad.fault = DOWN
    first = await office.detach("1", call_id)
    for _ in range(restarts):
        await office.passes(20)
        await office.restart()
    office.cad.put(1, 101)
    office.cad.fault = None
    await office.passes(60)
    assert office.cad.call_of(1) == 101
    assert office.text(first).startswith("❌ It is not certain whether the units were detached")


@pytest.mark.parametrize("call_id", [100, None])
async def test_a_detach_that_was_being_sent_when_the_bot_was_killed(
    office: Office, call_id: int | None
) -> None:
    await on_calls(office, _1=100, _2=100)
    office.cad.door.clear()
    office.cad.faults.append(CadTimeout())
    first = await office.detach("1 2", call_id)
    assert await office.state(first) is OrderState.SENDING
    office.cad.put(2, 101)
    office.cad.door.set()
    await office.restart()
    await office.passes(60)
    assert office.cad.call_of(2) == 101
    assert office.cad.call_of(1) is None
    assert await office.state(first) is OrderState.DONE


async def test_a_look_that_fails_is_no_attempt(office: Office) -> None:
    await on_calls(office, _1=100)
    office.cad.question_fault = CadTimeout()
    first = await office.detach("1", 100)
    assert await office.state(first) is OrderState.QUEUED
    await office.passes(30)
    assert "not answering" in office.text(first)
    await office.passes(LIFETIME.total_seconds())
    assert office.sent == []
    assert await office.state(first) is OrderState.EXPIRED
    assert office.text(first).startswith("❌ Not detached")


async def test_a_look_that_is_refused_refuses_the_order(office: Office) -> None:
    office.cad.question_fault = CadUnreadable("Just a moment...", status=200)
    first = await office.detach("1", 100)
    assert office.sent == []
    assert office.text(first).startswith("❌ Not detached from **#100**. The CAD's answer")


@pytest.mark.parametrize("retry_after", [40.0, None])
async def test_a_limit_on_looking_holds_up_nobody_else(
    office: Office, retry_after: float | None
) -> None:
    await on_calls(office, _1=100, _2=100, _3=101)
    office.cad.question_fault = CadRateLimited(retry_after=retry_after)
    guarded = await office.detach("1", 100)
    free = await office.detach("2")
    attach = await office.order("3", 102)
    await office.passes(10)
    assert await office.states(guarded, free, attach) == [
        OrderState.QUEUED,
        OrderState.DONE,
        OrderState.DONE,
    ]
    assert office.text(guarded).startswith("⏳ Busy: it goes out")
    office.cad.question_fault = None
    await office.passes(31)
    assert await office.state(guarded) is OrderState.DONE


async def test_who_needs_no_look_goes_on_in_the_same_request(office: Office) -> None:
    await on_calls(office, _1=100, _2=100)
    office.cad.fault = DOWN
    guarded, free = await office.detach("1", 100), await office.detach("2")
    office.cad.fault = None
    office.cad.sent.clear()
    office.cad.question_fault = CadRateLimited(retry_after=30.0)
    await office.passes(1.5)
    assert office.sent == [[2]]
    assert await office.states(guarded, free) == [OrderState.QUEUED, OrderState.DONE]
