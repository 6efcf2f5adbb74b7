"""A detach names no call to the CAD: no unit is taken off a call that the order did not name."""

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
from tests.services.queue_fixture import LIFETIME, QueueFixture

DOWN = CadUnreachable("Connection refused")
NOT_ON_CALL = "no longer on that call"


async def on_calls(queue_fixture: QueueFixture, **where: int) -> None:
    """Put units on calls, and let the board know: `_1=100`."""
    for name, call_id in where.items():
        queue_fixture.cad.put(int(name[1:]), call_id)
    await queue_fixture.board.fetch_calls(1)


async def test_a_detach_from_any_call_asks_nothing(queue_fixture: QueueFixture) -> None:
    await on_calls(queue_fixture, _1=100)
    queue_fixture.cad.asked.clear()
    queue_fixture.cad.gate.clear()
    await queue_fixture.detach("1")
    assert queue_fixture.sent == [[1]]
    assert queue_fixture.cad.asked["idents_on"] == 0


async def test_a_detach_from_one_call_leaves_alone_who_has_moved_on(
    queue_fixture: QueueFixture,
) -> None:
    await on_calls(queue_fixture, _1=100, _2=101)
    first = await queue_fixture.detach("1 2 3", 100)
    assert queue_fixture.sent == [[1]]
    assert queue_fixture.cad.call_of(2) == 101
    assert await queue_fixture.state(first) is OrderState.DONE
    assert queue_fixture.text(first).startswith("⚠️ Off **#100** Call 100: <@1001> (A\\-1)")
    assert "Left out: <@1002>, <@1003>: not on that call." in queue_fixture.text(first)


async def test_a_detach_without_any_unit_left(queue_fixture: QueueFixture) -> None:
    await on_calls(queue_fixture, _2=101)
    first = await queue_fixture.detach("2", 100)
    assert queue_fixture.sent == []
    assert await queue_fixture.state(first) is OrderState.REFUSED
    assert queue_fixture.text(first) == (
        "⚠️ Nothing was changed.\nLeft out: <@1002>: not on that call."
    )


async def test_a_refusal_is_not_blamed_on_units_that_were_not_sent(
    queue_fixture: QueueFixture,
) -> None:
    await on_calls(queue_fixture, _1=100, _2=101)
    queue_fixture.cad.fault = DOWN
    orders = [await queue_fixture.detach("1", 100), await queue_fixture.detach("2", 100)]
    queue_fixture.cad.fault = ApiNotEnabled("API IS NOT ENABLED", status=400)
    await queue_fixture.advance(60)
    assert await queue_fixture.states(*orders) == [OrderState.REFUSED] * 2
    assert "API IS NOT ENABLED" in queue_fixture.text(orders[0])
    assert "API IS NOT ENABLED" not in queue_fixture.text(orders[1])
    assert "not on that call" in queue_fixture.text(orders[1])


@pytest.mark.parametrize("fault", [CadTimeout(), CadBrokenOff("reset"), CadUnavailable(status=500)])
@pytest.mark.parametrize("arrives", [True, False], ids=["done", "not done"])
async def test_a_detach_that_broke_off_is_repeated_only_where_it_is_still_true(
    queue_fixture: QueueFixture, fault: CadError, arrives: bool
) -> None:
    await on_calls(queue_fixture, _1=100, _2=101)
    queue_fixture.cad.faults.append(fault)
    queue_fixture.cad.arrives = arrives
    first = await queue_fixture.detach("1 2")
    queue_fixture.cad.put(2, 102)  # another dispatcher moves the unit meanwhile
    await queue_fixture.advance(120)
    assert queue_fixture.cad.call_of(2) == 102
    assert queue_fixture.cad.call_of(1) is None
    if arrives:
        assert queue_fixture.sent == [[1, 2]]
        assert await queue_fixture.state(first) is OrderState.REFUSED
        assert queue_fixture.text(first).startswith(
            "❌ It is not certain whether the units were detached"
        )
        assert f"Left out: <@1001>, <@1002>: {NOT_ON_CALL}." in queue_fixture.text(first)
    else:
        assert queue_fixture.sent == [[1, 2], [1]]
        assert await queue_fixture.state(first) is OrderState.DONE
        assert f"Left out: <@1002>: {NOT_ON_CALL}." in queue_fixture.text(first)


async def test_a_broken_detach_of_a_unit_on_no_known_call_is_not_repeated(
    queue_fixture: QueueFixture,
) -> None:
    """Where the limit allows no look before, it is sent to whatever call the unit is on."""
    queue_fixture.cad.limiters.calls.on_rate_limited(20.0)
    queue_fixture.cad.faults.append(CadTimeout())
    first = await queue_fixture.detach("1")
    assert queue_fixture.sent == [[1]]
    queue_fixture.cad.put(1, 102)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.call_of(1) == 102
    assert await queue_fixture.state(first) is OrderState.REFUSED
    assert queue_fixture.text(first) == (
        "❌ It is not certain whether the units were detached from their calls.\nLeft out: <@1001>"
        " (on **#102**): may have come to this call after the order. Detach it again if it is to"
        " leave."
    )


async def test_a_detach_that_waited_does_not_take_units_off_a_later_call(
    queue_fixture: QueueFixture,
) -> None:
    await on_calls(queue_fixture, _1=100, _2=100)
    queue_fixture.cad.faults += [DOWN, DOWN, DOWN]
    first = await queue_fixture.detach("1 2")
    queue_fixture.cad.put(1, 101)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.call_of(1) == 101
    assert queue_fixture.cad.call_of(2) is None
    assert await queue_fixture.state(first) is OrderState.DONE
    assert f"Left out: <@1001>: {NOT_ON_CALL}." in queue_fixture.text(first)


@pytest.mark.parametrize("restarts", [1, 2])
@pytest.mark.parametrize("call_id", [100, None])
async def test_a_broken_detach_is_remembered_as_such_by_the_next_start(
    queue_fixture: QueueFixture, call_id: int | None, restarts: int
) -> None:
    await on_calls(queue_fixture, _1=100)
    queue_fixture.cad.faults.append(CadTimeout())
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.detach("1", call_id)
    for _ in range(restarts):
        await queue_fixture.advance(20)
        await queue_fixture.restart()
    queue_fixture.cad.put(1, 101)
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert queue_fixture.cad.call_of(1) == 101
    assert queue_fixture.text(first).startswith(
        "❌ It is not certain whether the units were detached"
    )


@pytest.mark.parametrize("call_id", [100, None])
async def test_a_detach_that_was_being_sent_when_the_bot_was_killed(
    queue_fixture: QueueFixture, call_id: int | None
) -> None:
    await on_calls(queue_fixture, _1=100, _2=100)
    queue_fixture.cad.gate.clear()
    queue_fixture.cad.faults.append(CadTimeout())
    first = await queue_fixture.detach("1 2", call_id)
    assert await queue_fixture.state(first) is OrderState.SENDING
    queue_fixture.cad.put(2, 101)
    queue_fixture.cad.gate.set()
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert queue_fixture.cad.call_of(2) == 101
    assert queue_fixture.cad.call_of(1) is None
    assert await queue_fixture.state(first) is OrderState.DONE


async def test_a_look_that_fails_is_no_attempt(queue_fixture: QueueFixture) -> None:
    await on_calls(queue_fixture, _1=100)
    queue_fixture.cad.query_fault = CadTimeout()
    first = await queue_fixture.detach("1", 100)
    assert await queue_fixture.state(first) is OrderState.QUEUED
    await queue_fixture.advance(30)
    assert "not answering" in queue_fixture.text(first)
    await queue_fixture.advance(LIFETIME.total_seconds())
    assert queue_fixture.sent == []
    assert await queue_fixture.state(first) is OrderState.EXPIRED
    assert queue_fixture.text(first).startswith("❌ Not detached")


async def test_a_look_that_is_refused_refuses_the_order(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.query_fault = CadUnreadable("Just a moment...", status=200)
    first = await queue_fixture.detach("1", 100)
    assert queue_fixture.sent == []
    assert queue_fixture.text(first).startswith("❌ Not detached from **#100**. The CAD's answer")


@pytest.mark.parametrize("retry_after", [40.0, None])
async def test_a_limit_on_lookups_holds_up_no_other_order(
    queue_fixture: QueueFixture, retry_after: float | None
) -> None:
    await on_calls(queue_fixture, _1=100, _2=100, _3=101)
    queue_fixture.cad.query_fault = CadRateLimited(retry_after=retry_after)
    guarded = await queue_fixture.detach("1", 100)
    free = await queue_fixture.detach("2")
    attach = await queue_fixture.order("3", 102)
    await queue_fixture.advance(10)
    assert await queue_fixture.states(guarded, free, attach) == [
        OrderState.QUEUED,
        OrderState.DONE,
        OrderState.DONE,
    ]
    assert queue_fixture.text(guarded).startswith("⏳ Busy: it goes out")
    queue_fixture.cad.query_fault = None
    await queue_fixture.advance(31)
    assert await queue_fixture.state(guarded) is OrderState.DONE


async def test_who_needs_no_look_goes_on_in_the_same_request(queue_fixture: QueueFixture) -> None:
    await on_calls(queue_fixture, _1=100, _2=100)
    queue_fixture.cad.fault = DOWN
    guarded, free = await queue_fixture.detach("1", 100), await queue_fixture.detach("2")
    queue_fixture.cad.fault = None
    queue_fixture.cad.sent.clear()
    queue_fixture.cad.query_fault = CadRateLimited(retry_after=30.0)
    await queue_fixture.advance(1.5)
    assert queue_fixture.sent == [[2]]
    assert await queue_fixture.states(guarded, free) == [OrderState.QUEUED, OrderState.DONE]
