"""The reply of an order that is closed, shown once more."""

from __future__ import annotations

from dataclasses import replace

from bot.services.orders.intake import UNDO_WITHIN
from bot.services.orders.outcomes import OrderDetail, OrderView, encode_detail
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


def views(queue_fixture: QueueFixture, order: Order) -> list[OrderView]:
    return [one.view for one in queue_fixture.announcer.shown[order.id]]


async def test_a_closed_order_is_shown_through_the_press(queue_fixture: QueueFixture) -> None:
    order = await done(queue_fixture)
    assert await queue_fixture.queue.replies.show_again(REPLY)
    shown = views(queue_fixture, order)[-1]
    assert (shown.order.token, shown.order.application_id) == ("of the press", 8)
    assert shown.order.reply_id == MESSAGE
    assert shown.resolution.assignees
    assert shown.can_undo
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


async def test_an_undo_that_failed_can_be_given_again_while_there_is_time(
    queue_fixture: QueueFixture,
) -> None:
    first = await done(queue_fixture)
    undo = replace(
        first,
        action=OrderAction.UNDO,
        state=OrderState.CANCELLED,
        finished_at=queue_fixture.time.now(),
        detail=encode_detail(OrderDetail(undoes=first.action, undone_id=first.id)),
    )
    undo_id = await queue_fixture.store.add_undo(first.id, undo)
    assert undo_id is not None
    undo = replace(undo, id=undo_id)
    assert await queue_fixture.queue.replies.show_again(REPLY)
    assert views(queue_fixture, undo)[-1].can_undo
    await queue_fixture.advance(UNDO_WITHIN.total_seconds() + 1)
    assert await queue_fixture.queue.replies.show_again(REPLY)
    assert not views(queue_fixture, undo)[-1].can_undo
    await queue_fixture.store.prune(queue_fixture.time.now())
    assert not await queue_fixture.queue.replies.show_again(REPLY)
