"""A bot that was killed takes its orders up again; one that is stopped lets go of them."""

from __future__ import annotations

import asyncio

import pytest

from bot.cad.errors import CadTimeout, CadUnreachable
from bot.storage.errors import DatabaseUnavailable
from bot.storage.stores.order_store import OrderAction, OrderState
from tests.services.conftest import v1
from tests.services.office import DANA, LIFETIME, Office

DOWN = CadUnreachable("Connection refused")
LAST = LIFETIME.total_seconds()


async def test_an_order_that_was_only_stored_is_carried_out(office: Office) -> None:
    order = await office.accept("1")
    await office.restart()
    await office.passes(60)
    assert await office.state(order.id) is OrderState.DONE
    assert office.text(order.id).startswith("✅")
    assert (await office.stored(order.id)).answered


async def test_orders_that_waited_go_on_waiting_in_their_order(office: Office) -> None:
    office.cad.fault = DOWN
    orders = [await office.order("1", call_id) for call_id in (100, 101, 102)]
    other = await office.order("2", 100)
    await office.passes(60)
    await office.restart()
    office.cad.fault = None
    await office.passes(60)
    assert await office.states(*orders, other) == [OrderState.DONE] * 4
    assert office.cad.call_of(1) == 102
    assert office.cad.call_of(2) == 100


async def test_many_are_taken_up_at_once(office: Office) -> None:
    """However long the CAD takes to say who they are."""
    orders = [(await office.accept(str(one))).id for one in range(1, 41)]
    office.lookup_seconds = lambda order: 10.0
    await office.restart()
    assert office.sent == []
    await office.passes(90)
    assert await office.states(*orders) == [OrderState.DONE] * 40


@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "lost"])
async def test_what_was_being_sent_is_sent_again(office: Office, arrived: bool) -> None:
    office.cad.door.clear()
    office.cad.arrives = arrived
    office.cad.faults.append(CadTimeout())
    first = await office.order("1 2")
    assert await office.state(first) is OrderState.SENDING
    office.cad.door.set()
    await office.restart()
    await office.passes(60)
    assert await office.state(first) is OrderState.DONE
    assert office.cad.idents_by_call[100] == [1, 2]


async def test_what_was_being_sent_and_expires_may_have_been_done(office: Office) -> None:
    office.cad.door.clear()
    first = await office.order("1")
    office.cad.fault = DOWN
    office.cad.door.set()
    await office.restart()
    await office.restart()
    await office.passes(LAST)
    assert await office.state(first) is OrderState.EXPIRED
    assert office.text(first).startswith("❌ It is not certain whether the units were attached")


async def test_what_was_done_and_not_told_is_told_and_not_sent_again(office: Office) -> None:
    office.people.hears = False
    first = await office.order("1")
    assert await office.state(first) is OrderState.DONE
    assert not (await office.stored(first)).answered
    office.people.hears = True
    await office.restart()
    await office.passes(60)
    assert len(office.sent) == 1
    assert office.text(first).startswith("✅")
    assert (await office.stored(first)).answered


@v1
async def test_what_was_done_long_ago_cannot_be_confirmed_any_more(office: Office) -> None:
    office.people.hears = False
    office.cad.question_fault = DOWN
    first = await office.order("1")
    await office.close()
    await office.passes_while_down(1000)
    office.people.hears, office.cad.question_fault = True, None
    office.cad.put(1, 101)
    await office.open()
    await office.queue.resume()
    await office.passes(4)
    assert office.text(first).splitlines()[1] == (
        "The CAD accepted the order, but did not say whether it shows on the call. Check the call."
    )
    assert (await office.stored(first)).answered


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (OrderState.QUEUED, "Not"),
        (OrderState.SENDING, "It is not certain whether the units were"),
    ],
)
async def test_an_order_that_is_too_old_is_closed(
    office: Office, state: OrderState, words: str
) -> None:
    old = await office.accept("1 2", created_at=office.time.now() - LIFETIME, state=state)
    await office.restart()
    assert await office.state(old.id) is OrderState.EXPIRED
    assert office.sent == []
    assert office.text(old.id) == (
        f"❌ {words} attached to **#100**: the CAD did not take the order in time.\nUnits: `1 2`"
    )
    assert [one.order.id for one in office.people.reported] == [old.id]


async def test_a_second_start_does_nothing_twice(office: Office) -> None:
    first = await office.order("1")
    await office.passes(60)
    office.cad.fault = DOWN
    second = await office.order("2")
    await office.restart()
    await office.queue.resume()
    await office.restart()
    office.cad.fault = None
    office.cad.sent.clear()
    await office.passes(60)
    assert await office.states(first, second) == [OrderState.DONE] * 2
    assert office.sent == [[2]]
    assert [one.order.id for one in office.people.reported] == [first, second]
    assert len([one for one in office.texts(first) if one.startswith("✅")]) <= 2


async def test_resuming_twice_does_nothing_twice(office: Office) -> None:
    done = await office.accept("1", state=OrderState.DONE, outcome='{"failure":null,"seconds":1}')
    order = await office.accept("2")
    office.cad.door.clear()
    await asyncio.gather(office.queue.resume(), office.queue.resume())
    await office.settle()
    await office.queue.resume()
    office.cad.door.set()
    await office.passes(60)
    assert office.sent == [[2]]
    assert sorted(one.order.id for one in office.people.reported) == [done.id, order.id]


async def test_a_database_that_fails_while_resuming_leaves_it_to_the_next_start(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    order = await office.accept("1")
    office.lookup_fault = DatabaseUnavailable("dispatch.db", "disk I/O error")
    await office.restart()
    assert await office.state(order.id) is OrderState.QUEUED
    assert "disk I/O error" in caplog.text
    assert "secret" not in caplog.text
    office.lookup_fault = None
    await office.restart()
    assert await office.state(order.id) is OrderState.DONE


async def test_a_resumed_order_can_be_cancelled(office: Office) -> None:
    office.cad.fault = DOWN
    first = await office.order("1")
    await office.restart()
    assert await office.queue.cancel(first, DANA)
    await office.passes(30)
    assert office.text(first).startswith("❌ Cancelled.")


async def test_stopping_lets_go_of_what_waits(office: Office) -> None:
    office.cad.fault = DOWN
    orders = [await office.order("1"), await office.order("2", None, OrderAction.DETACH)]
    await office.passes(30)
    await office.queue.drain(5)
    await office.settle()
    assert [office.running[one].cancelled() for one in orders] == [True] * 2
    assert await office.states(*orders) == [OrderState.QUEUED] * 2
    office.cad.fault = None
    await office.restart()
    await office.passes(60)
    assert await office.states(*orders) == [OrderState.DONE] * 2


async def test_stopping_waits_for_what_is_being_sent_and_told(office: Office) -> None:
    office.cad.fault = DOWN
    sent = await office.order("1")
    office.cad.fault = None
    office.cad.door.clear()
    await office.passes(1)
    waits = await office.order("1", 101)
    await office.passes(5)
    office.people.seconds = 1.0
    stopping = asyncio.create_task(office.queue.drain(5))
    await office.settle()
    assert not stopping.done()
    office.cad.door.set()
    await office.passes(10)
    assert stopping.done()
    assert await office.states(sent, waits) == [OrderState.DONE, OrderState.QUEUED]
    assert office.text(sent).startswith("✅")
    assert len(office.sent) == 2
    await office.passes(30)
    assert len(office.sent) == 2


async def test_stopping_breaks_a_confirmation_off_and_the_next_start_ends_it(
    office: Office,
) -> None:
    office.cad.receipts = False
    office.cad.question_fault = DOWN
    first = await office.order("1")
    await office.queue.drain(5)
    stored = await office.stored(first)
    assert (stored.state, stored.answered) == (OrderState.DONE, False)
    assert office.text(first).startswith("✅")
    office.cad.question_fault = None
    await office.restart()
    await office.passes(5)
    assert "Confirmed by the CAD." in office.text(first)
    assert (await office.stored(first)).answered


async def test_stopping_does_not_wait_for_ever(office: Office) -> None:
    office.cad.door.clear()
    first = await office.order("1")
    await office.queue.drain(0.01)
    assert await office.state(first) is OrderState.SENDING


async def test_stopping_with_nothing_to_do(office: Office) -> None:
    await office.queue.drain(5)
    await office.order("1")
    assert office.sent == []


async def test_what_is_only_being_looked_up_is_not_sent_any_more(office: Office) -> None:
    office.lookup_seconds = lambda order: 5.0
    first = await office.order("1")
    await office.queue.drain(5)
    await office.passes(60)
    assert office.sent == []
    assert await office.state(first) is OrderState.QUEUED
