"""The reply of an order that is closed, shown once more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.services.orders.intake import UNDO_WITHIN
from bot.services.orders.outcomes import OrderView
from bot.services.reply import ReplyAddress
from bot.storage.stores.order_store import Order, OrderAction, OrderState
from tests.services.queue_fixture import QueueFixture

MESSAGE = 4711
REPLY = ReplyAddress(8, "of the press", MESSAGE)
ELEVEN = " ".join(map(str, range(1, 12)))


async def done(queue_fixture: QueueFixture, units: str = "1 2") -> Order:
    """Carry out an order whose reply is in the message."""
    order = await queue_fixture.store.get(await queue_fixture.order(units, reply_id=MESSAGE))
    assert order is not None
    return order


async def undo_of(queue_fixture: QueueFixture, order: Order, **changes: object) -> Order:
    """Store an order that undoes another one."""
    undo = replace(
        order, action=OrderAction.UNDO, token="of the press", state=OrderState.QUEUED, reply_id=None
    )
    undo_id = await queue_fixture.store.add_undo(order.id, undo)
    assert undo_id is not None
    return replace(undo, id=undo_id, created_at=queue_fixture.time.now(), **changes)  # type: ignore[arg-type]


def views(queue_fixture: QueueFixture, order: Order) -> list[OrderView]:
    return [one.view for one in queue_fixture.announcer.shown[order.id]]


async def test_a_closed_order_is_shown_through_the_press(queue_fixture: QueueFixture) -> None:
    order = await done(queue_fixture)
    assert await queue_fixture.queue.replies.show_again(REPLY)
    shown = views(queue_fixture, order)[-1]
    assert (shown.order.token, shown.order.application_id) == ("of the press", 8)
    assert shown.order.reply_id == MESSAGE
    assert shown.resolution.assignees
    assert (shown.undo, shown.can_undo) == (None, True)
    await queue_fixture.advance(UNDO_WITHIN.total_seconds() + 1)
    assert await queue_fixture.queue.replies.show_again(REPLY)
    assert not views(queue_fixture, order)[-1].can_undo


async def test_a_message_of_no_order(queue_fixture: QueueFixture) -> None:
    order = await done(queue_fixture)
    count = len(views(queue_fixture, order))
    for message in (MESSAGE + 1, None):
        assert not await queue_fixture.queue.replies.show_again(replace(REPLY, reply_id=message))
    assert len(views(queue_fixture, order)) == count


async def test_a_question_is_not_asked_again(queue_fixture: QueueFixture) -> None:
    order = await done(queue_fixture, ELEVEN)
    assert order.state is OrderState.AWAITING_CONFIRMATION
    assert not await queue_fixture.queue.replies.show_again(REPLY)


async def test_an_order_that_waits_is_left_to_the_queue(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    order = await done(queue_fixture)
    assert order.state.is_open
    assert await queue_fixture.queue.replies.show_again(REPLY)
    assert order.id not in queue_fixture.announcer.shown
    queue_fixture.cad.gate.set()


async def test_the_latest_undo_is_shown_and_an_old_one_forgotten(
    queue_fixture: QueueFixture,
) -> None:
    replies = queue_fixture.queue.replies
    first = await done(queue_fixture)
    undo = await undo_of(queue_fixture, first)
    await replies.show_undone(undo)
    assert views(queue_fixture, first)[-1].undo == undo
    assert await replies.show_again(REPLY)
    shown = views(queue_fixture, first)[-1].undo
    assert shown is not None
    assert shown.id == undo.id
    await queue_fixture.advance(20 * 60)
    second = await done(queue_fixture, "3")
    later = await undo_of(queue_fixture, second)
    await replies.show_undone(later)
    assert replies.undos == {second.id: later}


async def test_what_cannot_be_shown_is_left(
    queue_fixture: QueueFixture, caplog: pytest.LogCaptureFixture
) -> None:
    replies = queue_fixture.queue.replies
    order = await done(queue_fixture)
    count = len(views(queue_fixture, order))
    await replies.show_undone(order)  # it undoes nothing
    undo = await undo_of(queue_fixture, order, token=None)
    await replies.show_undone(undo)
    queue_fixture.database.broken = True
    await replies.show_undone(undo)
    queue_fixture.database.broken = False
    assert f"the reply of the order that {undo.id} undoes is not changed" in caplog.text
    assert len(views(queue_fixture, order)) == count
