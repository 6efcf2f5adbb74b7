"""A bot that was killed takes its orders up again; one that is stopped lets go of them."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from bot.cad.errors import CadTimeout, CadUnreachable
from bot.services.queue.order_queue import TELL_WITHIN
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.deadlines import HANG_TIMEOUT
from tests.services.conftest import v1
from tests.services.queue_fixture import DANA, LIFETIME, QueueFixture
from tests.services.samples import GUILD

DOWN = CadUnreachable("Connection refused")
LAST = LIFETIME.total_seconds()


async def test_an_order_that_was_only_stored_is_carried_out(queue_fixture: QueueFixture) -> None:
    order = await queue_fixture.accept("1")
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert await queue_fixture.state(order.id) is OrderState.DONE
    assert queue_fixture.text(order.id).startswith("✅")
    assert (await queue_fixture.stored(order.id)).answered


async def test_orders_that_waited_go_on_waiting_in_their_order(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    orders = [await queue_fixture.order("1", call_id) for call_id in (100, 101, 102)]
    other = await queue_fixture.order("2", 100)
    await queue_fixture.advance(60)
    await queue_fixture.restart()
    queue_fixture.cad.fault = None
    await queue_fixture.advance(60)
    assert await queue_fixture.states(*orders, other) == [OrderState.DONE] * 4
    assert queue_fixture.cad.call_of(1) == 102
    assert queue_fixture.cad.call_of(2) == 100


async def test_many_are_taken_up_at_once(queue_fixture: QueueFixture) -> None:
    """However long the CAD takes to say who they are."""
    orders = [(await queue_fixture.accept(str(one))).id for one in range(1, 41)]
    queue_fixture.lookup_seconds = lambda order: 10.0
    await queue_fixture.restart()
    assert queue_fixture.sent == []
    await queue_fixture.advance(90)
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 40


@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "lost"])
async def test_what_was_being_sent_is_sent_again(
    queue_fixture: QueueFixture, arrived: bool
) -> None:
    queue_fixture.cad.gate.clear()
    queue_fixture.cad.arrives = arrived
    queue_fixture.cad.faults.append(CadTimeout())
    first = await queue_fixture.order("1 2")
    assert await queue_fixture.state(first) is OrderState.SENDING
    queue_fixture.cad.gate.set()
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert await queue_fixture.state(first) is OrderState.DONE
    assert queue_fixture.cad.idents_by_call[100] == [1, 2]


async def test_what_was_being_sent_and_expires_may_have_been_done(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.gate.clear()
    first = await queue_fixture.order("1")
    queue_fixture.cad.fault = DOWN
    queue_fixture.cad.gate.set()
    queue_fixture.cad.put(1, None)  # another dispatcher; the calls do not show what arrived
    await queue_fixture.restart()
    await queue_fixture.restart()
    await queue_fixture.advance(LAST)
    assert await queue_fixture.state(first) is OrderState.EXPIRED
    assert queue_fixture.text(first).startswith(
        "❌ It is not certain whether the units were attached"
    )


async def test_what_was_done_and_not_told_is_told_and_not_sent_again(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.announcer.is_reachable = False
    first = await queue_fixture.order("1")
    assert await queue_fixture.state(first) is OrderState.DONE
    assert not (await queue_fixture.stored(first)).answered
    queue_fixture.announcer.is_reachable = True
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert len(queue_fixture.sent) == 1
    assert queue_fixture.text(first).startswith("✅")
    assert (await queue_fixture.stored(first)).answered


@v1
async def test_what_was_done_long_ago_cannot_be_confirmed_any_more(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.announcer.is_reachable = False
    queue_fixture.cad.query_fault = DOWN
    first = await queue_fixture.order("1")
    await queue_fixture.close()
    await queue_fixture.advance_while_down(1000)
    queue_fixture.announcer.is_reachable, queue_fixture.cad.query_fault = True, None
    queue_fixture.cad.put(1, 101)
    await queue_fixture.open()
    await queue_fixture.queue.resume(GUILD)
    await queue_fixture.advance(4)
    assert queue_fixture.text(first).splitlines()[1] == (
        "The CAD accepted the order, but did not say whether it shows on the call. Check the call."
    )
    assert (await queue_fixture.stored(first)).answered


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (OrderState.QUEUED, "Not"),
        (OrderState.SENDING, "It is not certain whether the units were"),
    ],
)
async def test_an_order_that_is_too_old_is_closed(
    queue_fixture: QueueFixture, state: OrderState, words: str
) -> None:
    old = await queue_fixture.accept(
        "1 2", created_at=queue_fixture.time.now() - LIFETIME, state=state
    )
    await queue_fixture.restart()
    assert await queue_fixture.state(old.id) is OrderState.EXPIRED
    assert queue_fixture.sent == []
    assert queue_fixture.text(old.id) == (
        f"❌ {words} attached to **#100**: the CAD did not take the order in time.\nUnits: `1 2`"
    )
    assert [one.order.id for one in queue_fixture.announcer.reported] == [old.id]


async def test_a_second_start_does_nothing_twice(queue_fixture: QueueFixture) -> None:
    first = await queue_fixture.order("1")
    await queue_fixture.advance(60)
    queue_fixture.cad.fault = DOWN
    second = await queue_fixture.order("2")
    await queue_fixture.restart()
    await queue_fixture.queue.resume(GUILD)
    await queue_fixture.restart()
    queue_fixture.cad.fault = None
    queue_fixture.cad.sent.clear()
    await queue_fixture.advance(60)
    assert await queue_fixture.states(first, second) == [OrderState.DONE] * 2
    assert queue_fixture.sent == [[2]]
    assert [one.order.id for one in queue_fixture.announcer.reported] == [first, second]
    assert len([one for one in queue_fixture.texts(first) if one.startswith("✅")]) <= 2


async def test_resuming_twice_does_nothing_twice(queue_fixture: QueueFixture) -> None:
    done = await queue_fixture.accept(
        "1", state=OrderState.DONE, outcome='{"failure":null,"seconds":1}'
    )
    order = await queue_fixture.accept("2")
    queue_fixture.cad.gate.clear()
    await asyncio.gather(queue_fixture.queue.resume(GUILD), queue_fixture.queue.resume(GUILD))
    await queue_fixture.settle()
    await queue_fixture.queue.resume(GUILD)
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    assert queue_fixture.sent == [[2]]
    assert sorted(one.order.id for one in queue_fixture.announcer.reported) == [done.id, order.id]


async def test_a_database_that_fails_while_resuming_leaves_it_to_the_next_start(
    queue_fixture: QueueFixture, caplog: pytest.LogCaptureFixture
) -> None:
    order = await queue_fixture.accept("1")
    queue_fixture.lookup_fault = DatabaseUnavailable("dispatch.db", "disk I/O error")
    await queue_fixture.restart()
    assert await queue_fixture.state(order.id) is OrderState.QUEUED
    assert "disk I/O error" in caplog.text
    assert "secret" not in caplog.text
    queue_fixture.lookup_fault = None
    await queue_fixture.restart()
    assert await queue_fixture.state(order.id) is OrderState.DONE


async def test_a_resumed_order_can_be_cancelled(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    first = await queue_fixture.order("1")
    await queue_fixture.restart()
    assert await queue_fixture.queue.cancel(first, DANA)
    await queue_fixture.advance(30)
    assert queue_fixture.text(first).startswith("❌ Cancelled.")


@pytest.mark.parametrize("seconds", [4, 6])
async def test_an_attach_that_was_not_looked_up_is_resumed_also_later(
    queue_fixture: QueueFixture, seconds: float
) -> None:
    queue_fixture.cad.put(1, 100)
    queue_fixture.lookup_seconds = lambda order: 10.0
    await queue_fixture.order("1", call_id=101)
    await queue_fixture.advance(seconds)
    queue_fixture.lookup_seconds = lambda order: 0.0
    await queue_fixture.restart()
    await queue_fixture.advance(10)
    # Nothing shows that the unit was not on #100 when the order was given.
    assert queue_fixture.cad.call_of(1) == 101


@pytest.mark.parametrize(("seconds", "call_id"), [(4, None), (6, 100)])
async def test_a_detach_that_was_not_looked_up_is_resumed_only_within_seconds(
    queue_fixture: QueueFixture, seconds: float, call_id: int | None
) -> None:
    queue_fixture.cad.put(1, 100)
    queue_fixture.lookup_seconds = lambda order: 10.0
    await queue_fixture.detach("1")
    await queue_fixture.advance(seconds)
    queue_fixture.lookup_seconds = lambda order: 0.0
    await queue_fixture.restart()
    await queue_fixture.advance(10)
    # Later, the unit may have been given this call after the order.
    assert queue_fixture.cad.call_of(1) == call_id


async def test_what_another_process_carries_out_is_let_go_of_without_a_word(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.gate.clear()
    sent = await queue_fixture.order("1")
    waiting = await queue_fixture.order("2", 101)
    before = [queue_fixture.texts(one) for one in (sent, waiting)]
    states = await queue_fixture.states(sent, waiting)
    queue_fixture.queue.abandon()
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(60)
    assert [queue_fixture.texts(one) for one in (sent, waiting)] == before
    assert await queue_fixture.states(sent, waiting) == states
    await queue_fixture.restart()  # as the other process starts
    await queue_fixture.advance(60)
    assert await queue_fixture.states(sent, waiting) == [OrderState.DONE] * 2


async def test_stopping_lets_go_of_what_waits(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.put(2, 101)
    queue_fixture.cad.fault = DOWN
    orders = [
        await queue_fixture.order("1"),
        await queue_fixture.order("2", None, OrderAction.DETACH),
    ]
    await queue_fixture.advance(30)
    await queue_fixture.queue.drain(5)
    await queue_fixture.settle()
    assert [queue_fixture.running[one].cancelled() for one in orders] == [True] * 2
    assert await queue_fixture.states(*orders) == [OrderState.QUEUED] * 2
    for one in orders:
        first, rest = queue_fixture.text(one).split("\n")
        assert first == "⏳ The bot is restarting; your order goes on when it is back."
        assert rest.startswith("To be ")
    queue_fixture.cad.fault = None
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 2


async def test_stopping_finishes_what_can_be_finished(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.fault = DOWN
    sent = await queue_fixture.order("1")
    queue_fixture.cad.fault = None
    queue_fixture.cad.gate.clear()
    await queue_fixture.advance(1)
    waits = await queue_fixture.order("1", 101)
    await queue_fixture.advance(5)
    queue_fixture.announcer.seconds = 1.0
    stopping = asyncio.create_task(queue_fixture.queue.drain(5))
    await queue_fixture.settle()
    assert not stopping.done()
    queue_fixture.cad.gate.set()
    await queue_fixture.advance(10)
    assert stopping.done()
    assert await queue_fixture.states(sent, waits) == [OrderState.DONE] * 2
    assert queue_fixture.text(sent).startswith("✅")
    assert queue_fixture.text(waits).startswith("✅")
    assert len(queue_fixture.sent) == 3


async def test_stopping_breaks_a_confirmation_off_and_the_next_start_ends_it(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.cad.receipts = False
    queue_fixture.cad.query_fault = DOWN
    first = await queue_fixture.order("1")
    await queue_fixture.queue.drain(5)
    stored = await queue_fixture.stored(first)
    assert (stored.state, stored.answered) == (OrderState.DONE, False)
    assert queue_fixture.text(first).startswith("✅")
    queue_fixture.cad.query_fault = None
    await queue_fixture.restart()
    await queue_fixture.advance(5)
    assert "Confirmed by the CAD." in queue_fixture.text(first)
    assert (await queue_fixture.stored(first)).answered


@pytest.mark.parametrize("minutes", [1, 20])
async def test_an_outcome_that_was_shown_before_a_stop_is_not_told_again(
    queue_fixture: QueueFixture, minutes: int
) -> None:
    queue_fixture.cad.receipts = False
    queue_fixture.cad.query_fault = DOWN
    first = await queue_fixture.order("1")
    await queue_fixture.queue.drain(5)
    assert queue_fixture.texts(first)[-1].startswith("✅")
    count = len(queue_fixture.texts(first))
    await queue_fixture.advance(minutes * 60)
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert (await queue_fixture.stored(first)).answered
    # One edit at most: that the CAD did not show it.
    assert len(queue_fixture.texts(first)) - count == (1 if minutes == 1 else 0)


@pytest.mark.parametrize("steps", range(30))
async def test_killed_at_any_step_an_order_knows_where_the_one_before_has_put_its_unit(
    queue_fixture: QueueFixture, steps: int
) -> None:
    queue_fixture.cad.put(1, 100)
    await queue_fixture.board.fetch_calls(1)
    queue_fixture.cad.fault = DOWN
    orders = [await queue_fixture.order("1", call_id) for call_id in (101, 102)]
    await queue_fixture.advance(10)
    queue_fixture.cad.fault = None
    queue_fixture.lifetime.steps_left = steps
    await queue_fixture.advance(60)
    await queue_fixture.restart()
    await queue_fixture.advance(120)
    assert await queue_fixture.states(*orders) == [OrderState.DONE] * 2
    assert queue_fixture.cad.call_of(1) == 102


async def test_stopping_does_not_wait_for_ever(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.gate.clear()
    first = await queue_fixture.order("1")
    await queue_fixture.queue.drain(TELL_WITHIN + 0.01)
    assert await queue_fixture.state(first) is OrderState.SENDING
    assert queue_fixture.text(first).startswith("⏳ The bot is restarting")
    assert queue_fixture.running[first].cancelled()


async def test_stopping_with_nothing_to_do(queue_fixture: QueueFixture) -> None:
    await queue_fixture.queue.drain(5)
    late = await queue_fixture.order("1")
    assert queue_fixture.sent == []
    assert queue_fixture.text(late).startswith("⏳ The bot is restarting")


async def test_what_is_only_being_looked_up_is_not_sent_any_more(
    queue_fixture: QueueFixture,
) -> None:
    queue_fixture.lookup_seconds = lambda order: 5.0
    first = await queue_fixture.order("1")
    await queue_fixture.queue.drain(TELL_WITHIN + 0.01)
    await queue_fixture.advance(60)
    assert queue_fixture.sent == []
    assert await queue_fixture.state(first) is OrderState.QUEUED
    assert queue_fixture.text(first).startswith("⏳ The bot is restarting")


async def test_stopping_does_not_wait_for_a_limit(queue_fixture: QueueFixture) -> None:
    queue_fixture.cad.limiters.attach.on_rate_limited(3 * HANG_TIMEOUT)
    first = await queue_fixture.order("1")
    async with asyncio.timeout(HANG_TIMEOUT):
        await queue_fixture.queue.drain(2 * HANG_TIMEOUT)
    assert queue_fixture.text(first).startswith("⏳ The bot is restarting")


@pytest.mark.parametrize(
    "column",
    [
        *("action = 'panic'", "resolution = '[24]'", "detail = '[]'", "state = 'paused'"),
        "step = 9",
    ],
)
async def test_an_order_of_another_version_does_not_keep_the_others_waiting(
    queue_fixture: QueueFixture, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    foreign, order = await queue_fixture.accept("1"), await queue_fixture.accept("2")
    async with queue_fixture.database.begin() as connection:
        await connection.execute(text(f"UPDATE orders SET {column} WHERE id = {foreign.id}"))
    await queue_fixture.restart()
    await queue_fixture.advance(60)
    assert queue_fixture.text(order.id).startswith("✅")
    assert queue_fixture.text(foreign.id).startswith("❌ This order cannot be read")
    stored = await queue_fixture.stored(foreign.id)
    assert (stored.state, stored.answered) == (OrderState.UNREADABLE, True)
    assert f"order {foreign.id} cannot be read" in caplog.text
    assert queue_fixture.cad.call_of(1) is None
    caplog.clear()
    await queue_fixture.restart()
    assert "cannot be read" not in caplog.text
