"""A 911 call becomes one dispatch call with units on it, whatever fails on the way."""

from __future__ import annotations

import asyncio

import pytest

from bot.cad.errors import (
    CadBrokenOff,
    CadError,
    CadRateLimited,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
)
from bot.cad.models import EmergencyCall
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import DETAIL_JSON, OrderDetail
from bot.services.queue.kinds import respond_steps
from bot.services.queue.steps import CadAccess
from bot.services.targets.resolution import Assignee
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.queue.samples import queued_order
from tests.services.queue_fixture import DANA, LIFETIME, QueueFixture

DOWN = CadUnreachable("Connection refused")
CREATED, REMOVED = ("create", 1), ("remove", 7)
DETAIL = DETAIL_JSON.dump_json(OrderDetail(emergency=7)).decode()


@pytest.fixture(autouse=True)
def emergency(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.emergencies[7] = EmergencyCall(7, True, "Jane", "Grove Street", "Shots")


async def accept(queue_fixture: QueueFixture, units: str = "1") -> Order:
    """Store a response to 911 call 7."""
    return await queue_fixture.accept(units, None, OrderAction.RESPOND, detail=DETAIL)


def run(queue_fixture: QueueFixture, order: Order) -> None:
    queue_fixture.running[order.id] = asyncio.create_task(
        queue_fixture.queue.run(AcceptedOrder(order))
    )


async def respond(queue_fixture: QueueFixture, units: str = "1") -> int:
    """Give a response; return its id."""
    order = await accept(queue_fixture, units)
    run(queue_fixture, order)
    await queue_fixture.settle()
    return order.id


async def test_the_call_is_created_then_units_go_then_the_911_call_leaves(
    queue_fixture: QueueFixture,
) -> None:
    order_id = await respond(queue_fixture, "1 2")
    await queue_fixture.advance(5)
    assert queue_fixture.text(order_id).startswith("✅ **#105** ")
    assert queue_fixture.cad.acts == [CREATED, REMOVED]
    assert queue_fixture.cad.idents_by_call[105] == [1, 2]
    assert queue_fixture.cad.metas[105]["createdFromId"] == "7"
    assert queue_fixture.cad.emergencies == {}
    stored = await queue_fixture.stored(order_id)
    assert (stored.call_id, stored.step, stored.state) == (105, 2, OrderState.DONE)


@pytest.mark.parametrize("steps", range(40))
async def test_killed_at_any_moment_it_is_finished_once(
    queue_fixture: QueueFixture, steps: int
) -> None:
    order = await accept(queue_fixture)
    queue_fixture.lifetime.steps_left = steps
    run(queue_fixture, order)
    await queue_fixture.settle()
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [CREATED, REMOVED]
    assert queue_fixture.cad.idents_by_call[105] == [1]
    assert queue_fixture.text(order.id).startswith("✅ **#105**")
    assert (await queue_fixture.stored(order.id)).answered


@pytest.mark.parametrize("step", range(3))
@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize(
    "fault", [CadBrokenOff("reset"), CadTimeout(), CadUnavailable(status=502), DOWN]
)
async def test_each_step_goes_on_after_a_fault(
    queue_fixture: QueueFixture, step: int, arrives: bool, fault: CadError
) -> None:
    queue_fixture.cad.faults += [*[None] * step, fault]
    queue_fixture.cad.arrives = arrives
    order_id = await respond(queue_fixture)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [CREATED, REMOVED]
    assert queue_fixture.cad.idents_by_call[105] == [1]
    assert queue_fixture.text(order_id).startswith("✅ **#105**")


async def test_two_who_respond_at_once_share_one_call(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    orders = [await respond(queue_fixture, units) for units in ("1", "2", "1")]
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(20)
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 3
    assert queue_fixture.cad.acts == [CREATED, REMOVED]
    assert sorted(queue_fixture.cad.idents_by_call[105]) == [1, 2]


async def test_a_call_of_another_dispatcher_is_used(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.metas[100] = {"origin911": "7"}
    order_id = await respond(queue_fixture)
    assert queue_fixture.text(order_id).startswith("✅ **#100**")
    assert queue_fixture.cad.acts == [REMOVED]


async def test_a_911_call_that_is_gone_is_told(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.emergencies.clear()
    order_id = await respond(queue_fixture)
    assert queue_fixture.text(order_id).splitlines() == [
        "❌ Not attached to a call for **911 #7**.",
        "This 911 call is no longer open: it was answered or dismissed.",
    ]
    assert queue_fixture.cad.acts == []


@pytest.mark.parametrize("on_duty", [False, None])
async def test_nothing_is_created_for_units_that_are_off_duty(
    queue_fixture: QueueFixture, on_duty: bool | None
) -> None:
    absent = Assignee("steam:1", 1001, None, on_duty)
    queue_fixture.assignee = lambda ident: absent  # type: ignore[method-assign]
    order_id = await respond(queue_fixture)
    await queue_fixture.advance(5)
    if on_duty is None:  # the CAD does not tell who is on duty
        assert queue_fixture.cad.acts == [CREATED, REMOVED]
        return
    assert queue_fixture.cad.acts == []
    assert queue_fixture.cad.emergencies
    assert "off duty in the CAD" in queue_fixture.text(order_id)


async def test_nothing_is_created_before_it_is_known_who_goes(queue_fixture: QueueFixture) -> None:
    queue_fixture.lookup_error = DOWN
    unknown = Assignee("steam:1", 1001, None, None)
    known = queue_fixture.assignee
    queue_fixture.assignee = lambda ident: unknown  # type: ignore[method-assign]
    order_id = await respond(queue_fixture, "1 5?")
    await queue_fixture.advance(10)
    assert queue_fixture.cad.acts == []
    assert queue_fixture.text(order_id).startswith("⏳")
    queue_fixture.assignee = known  # type: ignore[method-assign]
    queue_fixture.lookup_error = None
    await queue_fixture.advance(10)
    assert queue_fixture.cad.idents_by_call[105] == [1, 5]


async def test_a_call_that_was_created_without_a_number_is_found(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.is_unnumbered = True
    order_id = await respond(queue_fixture)
    assert queue_fixture.text(order_id).startswith("✅ **#105**")
    assert queue_fixture.cad.acts == [CREATED, REMOVED]


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_a_call_that_cannot_be_found_is_reported(
    queue_fixture: QueueFixture, is_hidden: bool
) -> None:
    queue_fixture.cad.is_unnumbered = True
    queue_fixture.cad.seconds = 1.0
    order_id = await respond(queue_fixture)
    if is_hidden:
        queue_fixture.cad.metas.clear()
    else:
        queue_fixture.cad.query_fault = CadTimeout()
    await queue_fixture.advance(60)
    assert "did not say the number of the new call" in queue_fixture.text(order_id)
    assert queue_fixture.cad.acts == [CREATED]
    assert queue_fixture.cad.emergencies


async def test_a_911_call_that_cannot_be_removed_stays_and_is_told(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.faults += [None, None, CadRefused("NO", status=400)]
    order_id = await respond(queue_fixture)
    assert queue_fixture.text(order_id).startswith("⚠️ **#105**")
    assert "**911 #7** is still listed. Dismiss it" in queue_fixture.text(order_id)
    assert queue_fixture.cad.idents_by_call[105] == [1]
    assert (await queue_fixture.stored(order_id)).state is OrderState.DONE


async def test_a_911_call_stays_while_the_cad_shows_no_unit_on_the_call(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.silent = True  # accepts an attach, and attaches no unit
    order_id = await respond(queue_fixture)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [CREATED]
    assert queue_fixture.cad.emergencies
    assert queue_fixture.text(order_id).startswith("❌ Not on **#105**")
    assert "**911 #7** is still listed" in queue_fixture.text(order_id)


async def test_a_refused_attach_leaves_the_911_call(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.bad = {1}
    order_id = await respond(queue_fixture)
    assert "**911 #7** is still listed, and **#105** is open for it." in (
        queue_fixture.text(order_id)
    )
    assert queue_fixture.cad.emergencies


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_given_up_after_the_first_step(
    queue_fixture: QueueFixture, is_cancelled: bool
) -> None:
    queue_fixture.cad.faults.append(None)
    queue_fixture.cad.fault = DOWN
    order_id = await respond(queue_fixture)
    await queue_fixture.advance(30)
    assert "To be attached to **#105**" in queue_fixture.text(order_id)
    if is_cancelled:
        assert await queue_fixture.queue.cancel(order_id, DANA)
    await queue_fixture.advance(LIFETIME.total_seconds())
    assert queue_fixture.text(order_id).startswith("❌ ")
    assert "**#105** is open for it" in queue_fixture.text(order_id)
    assert queue_fixture.cad.acts == [CREATED]


async def test_given_up_after_the_second_step_it_is_done(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults += [None, None]
    queue_fixture.cad.fault = DOWN
    order_id = await respond(queue_fixture)
    await queue_fixture.advance(30)
    assert "To be taken off the list: **911 #7**" in queue_fixture.text(order_id)
    assert await queue_fixture.queue.cancel(order_id, DANA)
    await queue_fixture.advance(10)
    assert queue_fixture.text(order_id).startswith("⚠️ **#105**")


async def test_the_known_calls_are_enough_where_the_limit_is_used_up(
    queue_fixture: QueueFixture,
) -> None:
    await queue_fixture.board.fetch_calls(1)
    queue_fixture.cad.limiters.calls.on_rate_limited(600.0)
    order_id = await respond(queue_fixture)
    assert queue_fixture.text(order_id).startswith("✅ **#105**")
    assert queue_fixture.cad.acts == [CREATED, REMOVED]


async def test_the_known_calls_are_enough_where_the_cad_says_too_many(
    queue_fixture: QueueFixture,
) -> None:
    await queue_fixture.board.fetch_calls(1)
    queue_fixture.cad.query_fault = CadRateLimited(retry_after=600.0)
    order_id = await respond(queue_fixture)
    assert queue_fixture.cad.acts == [CREATED, REMOVED]
    assert queue_fixture.text(order_id).startswith("✅ **#105**")


@pytest.mark.parametrize("is_repeated", [True, False])
async def test_what_an_attempt_has_left_is_not_guessed(
    queue_fixture: QueueFixture, is_repeated: bool
) -> None:
    if is_repeated:  # otherwise no calls are known
        await queue_fixture.board.fetch_calls(1)
        queue_fixture.cad.faults.append(CadTimeout())
        queue_fixture.cad.arrives = True
    queue_fixture.cad.query_fault = CadRateLimited(retry_after=30.0)
    order_id = await respond(queue_fixture)
    await queue_fixture.advance(20)
    assert queue_fixture.text(order_id).startswith("⏳") or not queue_fixture.text(order_id)
    queue_fixture.cad.query_fault = None
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [CREATED, REMOVED]


async def test_a_911_call_that_went_between_look_and_request(queue_fixture: QueueFixture) -> None:
    queued = queued_order(action=OrderAction.RESPOND, call_id=None)
    queued.detail = OrderDetail(emergency=8)
    access = CadAccess(queue_fixture.cad, queue_fixture.board, queue_fixture.time.now())
    with pytest.raises(CadRefused):
        await respond_steps.CREATE.send(access, [queued])


async def test_a_later_attach_of_the_unit_waits_for_the_response(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.fault = DOWN
    first = await respond(queue_fixture)
    later = await queue_fixture.order("1", 101)
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert await queue_fixture.states(first, later) == [OrderState.DONE] * 2
    assert queue_fixture.cad.call_of(1) == 101


async def test_a_response_is_no_news_to_itself(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    order_id = await respond(queue_fixture)
    for unit in ("2", "3"):  # orders that wait while the units are attached
        await queue_fixture.order(unit, 100)
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    assert queue_fixture.text(order_id).startswith("✅ **#105**")
