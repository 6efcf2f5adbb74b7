"""New calls, notes, status, closing, dismissing as orders: each done once, whatever breaks off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.cad.errors import (
    CadBrokenOff,
    CadError,
    CadRefused,
    CadTimeout,
    CadUnavailable,
    CadUnreachable,
)
from bot.cad.models import EmergencyCall, NewCall, Note
from bot.services.orders.accepted import AcceptedOrder
from bot.services.orders.outcomes import DETAIL_JSON, OrderDetail
from bot.services.targets.resolution import Assignee
from bot.services.targets.skipped_target import SkipReason
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.queue_fixture import QueueFixture

NOTE = OrderDetail(text="Code 4", label="dana")
NEW = OrderDetail(new=NewCall(0, "Fire", address="Grove Street"))
ACTS = {
    OrderAction.CREATE: ("create", 1),
    OrderAction.NOTE: ("note", 100, "Code 4"),
    OrderAction.STATUS: ("status", 1, 3),
    OrderAction.PRIMARY: ("primary", 100, 1),
    OrderAction.CLOSE: ("close", 100),
    OrderAction.DISMISS: ("remove", 7),
}
LOST_ANSWERS = [CadBrokenOff("reset"), CadTimeout(), CadUnavailable(status=502)]

every_act = pytest.mark.parametrize("action", list(ACTS))


@pytest.fixture(autouse=True)
def board(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.put(1, 100)
    queue_fixture.cad.emergencies[7] = EmergencyCall(7, True, "Jane", "Grove Street", "Shots")


async def accept(
    queue_fixture: QueueFixture, action: OrderAction, detail: OrderDetail | None = None
) -> Order:
    """Store the order that one of ACTS carries out."""
    details = {
        OrderAction.CREATE: NEW,
        OrderAction.NOTE: NOTE,
        OrderAction.STATUS: OrderDetail(status=3),
        OrderAction.PRIMARY: OrderDetail(),
        OrderAction.CLOSE: OrderDetail(),
        OrderAction.DISMISS: OrderDetail(emergency=7),
    }
    detail = detail or details[action]
    return await queue_fixture.accept(
        "1" if action in {OrderAction.STATUS, OrderAction.PRIMARY} else "",
        100 if action in {OrderAction.NOTE, OrderAction.PRIMARY, OrderAction.CLOSE} else None,
        action,
        detail=DETAIL_JSON.dump_json(detail).decode(),
    )


def run(queue_fixture: QueueFixture, order: Order) -> None:
    queue_fixture.running[order.id] = asyncio.create_task(
        queue_fixture.queue.run(AcceptedOrder(order))
    )


async def give(
    queue_fixture: QueueFixture, action: OrderAction, detail: OrderDetail | None = None
) -> int:
    """Give the order that one of ACTS carries out; return its id."""
    order = await accept(queue_fixture, action, detail)
    run(queue_fixture, order)
    await queue_fixture.settle()
    return order.id


@every_act
async def test_an_order_is_done_and_answered(
    queue_fixture: QueueFixture, action: OrderAction
) -> None:
    order_id = await give(queue_fixture, action)
    assert queue_fixture.cad.acts == [ACTS[action]]
    assert queue_fixture.text(order_id).startswith("✅ ")
    stored = await queue_fixture.stored(order_id)
    assert (stored.state, stored.answered) == (OrderState.DONE, True)
    assert [view.order.id for view in queue_fixture.announcer.reported] == [order_id]


@every_act
async def test_an_order_waits_while_the_cad_is_down(
    queue_fixture: QueueFixture, action: OrderAction
) -> None:
    queue_fixture.cad.fault = CadUnreachable("Connection refused")
    order_id = await give(queue_fixture, action)
    await queue_fixture.advance(30)
    assert queue_fixture.text(order_id).startswith("⏳ Sonoran CAD cannot be reached")
    queue_fixture.cad.fault = None
    await queue_fixture.advance(30)
    assert queue_fixture.text(order_id).startswith("✅ ")
    assert queue_fixture.cad.acts == [ACTS[action]]


@every_act
async def test_an_order_can_be_cancelled_while_it_waits(
    queue_fixture: QueueFixture, action: OrderAction
) -> None:
    queue_fixture.cad.fault = CadUnreachable("Connection refused")
    order_id = await give(queue_fixture, action)
    await queue_fixture.advance(30)
    assert await queue_fixture.queue.cancel(order_id, 42)
    await queue_fixture.advance(30)
    assert queue_fixture.text(order_id).startswith("❌ Cancelled. Not ")
    assert queue_fixture.cad.acts == []


@every_act
@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_what_arrived_is_not_done_twice(
    queue_fixture: QueueFixture, action: OrderAction, fault: CadError
) -> None:
    queue_fixture.cad.faults.append(fault)
    queue_fixture.cad.arrives = True
    order_id = await give(queue_fixture, action)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [ACTS[action]]
    assert queue_fixture.text(order_id).startswith("✅ ")


@every_act
@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_what_did_not_arrive_is_done_later(
    queue_fixture: QueueFixture, action: OrderAction, fault: CadError
) -> None:
    queue_fixture.cad.faults.append(fault)
    order_id = await give(queue_fixture, action)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [ACTS[action]]
    assert queue_fixture.text(order_id).startswith("✅ ")


@every_act
@pytest.mark.parametrize("steps", range(14))
async def test_killed_at_any_moment_it_is_done_once_and_told(
    queue_fixture: QueueFixture, action: OrderAction, steps: int
) -> None:
    order = await accept(queue_fixture, action)
    queue_fixture.lifetime.steps_left = steps
    run(queue_fixture, order)
    await queue_fixture.settle()
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [ACTS[action]]
    assert queue_fixture.text(order.id).startswith("✅ ")
    assert (await queue_fixture.stored(order.id)).answered


@every_act
async def test_a_refusal_is_the_answer(queue_fixture: QueueFixture, action: OrderAction) -> None:
    queue_fixture.cad.faults.append(CadRefused("NO", status=400))
    order_id = await give(queue_fixture, action)
    assert "The CAD refused: `NO`." in queue_fixture.text(order_id)
    assert (await queue_fixture.stored(order_id)).state is OrderState.REFUSED


async def test_an_equal_note_of_before_is_no_sign_that_it_arrived(
    queue_fixture: QueueFixture,
) -> None:
    await queue_fixture.cad.add_note(1, 100, "Code 4", label="dana")
    queue_fixture.cad.faults.append(CadTimeout())
    await give(queue_fixture, OrderAction.NOTE, replace(NOTE, equal_notes=1))
    await queue_fixture.advance(60)
    assert len(queue_fixture.cad.notes[100]) == 2


async def test_notes_stand_in_the_order_in_which_they_were_written(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.fault = CadUnreachable("Connection refused")
    for text in "abc":
        await give(queue_fixture, OrderAction.NOTE, OrderDetail(text=text))
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert [note.text for note in queue_fixture.cad.notes[100]] == ["a", "b", "c"]


async def test_a_call_is_closed_after_the_attach_before(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = CadUnreachable("Connection refused")
    attach = await queue_fixture.order("1", 100)
    close = await give(queue_fixture, OrderAction.CLOSE)
    late = await queue_fixture.order("2", 100)
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert await queue_fixture.states(attach, close, late) == [
        OrderState.DONE,
        OrderState.DONE,
        OrderState.REFUSED,
    ]


async def test_two_who_close_a_call_share_the_answer(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    first = await give(queue_fixture, OrderAction.CLOSE)
    second = await give(queue_fixture, OrderAction.CLOSE)
    queue_fixture.cad.gate.set()
    await queue_fixture.settle()
    assert await queue_fixture.states(first, second) == [OrderState.DONE] * 2
    assert queue_fixture.cad.acts == [("close", 100)]


async def test_a_status_that_was_changed_meanwhile_stays(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults += [CadTimeout(), CadUnreachable("Connection refused")]
    order_id = await give(queue_fixture, OrderAction.STATUS)
    queue_fixture.cad.statuses[1] = 4
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == []
    assert "another status was set meanwhile" in queue_fixture.text(order_id)


async def test_a_status_that_only_waited_leaves_a_later_one(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults += [CadUnreachable("Connection refused")] * 4
    order_id = await give(queue_fixture, OrderAction.STATUS)
    queue_fixture.cad.statuses[1] = 4
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == []
    assert "another status was set meanwhile" in queue_fixture.text(order_id)


async def test_the_status_of_who_is_off_duty_is_set_again(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.faults.append(CadTimeout())
    queue_fixture.assignee = lambda ident: Assignee("steam:1", 1001, None, None)  # type: ignore[method-assign]
    await give(queue_fixture, OrderAction.STATUS)
    await queue_fixture.advance(60)
    assert queue_fixture.cad.acts == [("status", 0, 3)]


async def test_the_board_shows_it_at_once(queue_fixture: QueueFixture) -> None:
    await queue_fixture.board.fetch_calls(1)
    await queue_fixture.board.fetch_units(1)
    await give(queue_fixture, OrderAction.NOTE)
    await give(queue_fixture, OrderAction.STATUS)
    snapshot = queue_fixture.board.snapshot(1)
    assert snapshot.calls[100].notes == (Note("21:00:00", "dana", "Code 4"),)
    assert snapshot.units[1].status == 3
    await give(queue_fixture, OrderAction.CLOSE)
    await give(queue_fixture, OrderAction.DISMISS)
    snapshot = queue_fixture.board.snapshot(1)
    assert 100 not in snapshot.calls
    assert snapshot.emergencies == {}


async def test_who_may_not_is_told_so(queue_fixture: QueueFixture) -> None:
    queue_fixture.denial = SkipReason.CAD_PERMISSION_MISSING
    order_id = await give(queue_fixture, OrderAction.CLOSE)
    assert queue_fixture.cad.acts == []
    assert "Your account in the CAD may not do this" in queue_fixture.text(order_id)
